/* What whatif shows beside its tables: the queue over time, a page, dates along a sweep. */
#include "sim/command/sim_command.h"
#include "tests/support/helpers.h"
#include "tests/support/printed.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/understudy-plan-XXXXXX", page[64];
static struct und_err err;

static void begin(void)
{
    FILE *file;
    strcpy(path, "/tmp/understudy-plan-XXXXXX");
    file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs("name: mm1\nduration: 11d\nwarmup: 1d\nreplications: 40\nfleet:\n"
          "  github: ideal\n"
          "  hosts: [{name: P, tier: primary, slots: 1}]\n"
          "  workload:\n"
          "    arrivals: {kind: poisson, rate: 5/h}\n"
          "    classes: [{name: x, weight: 1, duration: {kind: exponential, mean: 6min}}]\n",
          file);
    fclose(file);
    snprintf(page, sizeof page, "%s.html", path);
}

static void end(void)
{
    unlink(path);
    unlink(page);
}

static char *run(enum und_code want, const char *const *arguments)
{
    const char *const first[] = {"whatif", path, NULL};
    return printed_by(whatif_command, first, arguments, want, &err);
}

#define RUN(code, ...) run(code, (const char *const[]){__VA_ARGS__, NULL})

/* Its mean over time is that of the same replications' queue; 240 stretches of an hour each. */
START_TEST(the_curve_adds_up_to_the_mean_queue)
{
    char *text = RUN(UND_OK, "--curve", "--format", "json");
    char *sweep = RUN(UND_OK, "--vary", "fleet.hosts.0.slots=1", "--format", "json");
    json_t *root = json_loads(text, 0, NULL), *other = json_loads(sweep, 0, NULL);
    const json_t *curve = json_object_get(root, "curve"), *stretch, *first, *metrics;
    double sum = 0, above = 0, queue;
    size_t i;
    ck_assert_uint_eq(json_array_size(curve), 240);
    json_array_foreach (curve, i, stretch) {
        double mean = json_number_value(json_object_get(stretch, "mean"));
        sum += mean / 240;
        above += json_number_value(json_object_get(stretch, "p95")) > mean;
        ck_assert_double_lt(json_number_value(json_object_get(stretch, "p5")), mean);
    }
    first = json_array_get(json_object_get(other, "points"), 0);
    metrics = json_object_get(first, "metrics");
    queue = json_number_value(json_object_get(json_object_get(metrics, "queue_length"), "mean"));
    ck_assert_double_eq_tol(sum, queue, 1e-9);
    ck_assert_double_gt(above, 200);
    json_decref(root);
    json_decref(other);
    free(text);
    free(sweep);
    text = RUN(UND_OK, "--curve", "--format", "csv");
    ck_assert_ptr_eq(strstr(text, "from_s,to_s,mean,low,high,p5,p95\r\n86400,90000,"), text);
    free(text);
    free(RUN(UND_USAGE, "--curve", "--set", "warmup=auto"));
    ck_assert_ptr_nonnull(strstr(err.text, "--curve: want a duration"));
    free(RUN(UND_USAGE, "--curve", "--vary", "fleet.hosts.0.slots=1,2"));
}
END_TEST

/* Waits of 2:34 at 3 an hour, of 6:00 at 5, of 14 min at 7: the limit is passed between 3 and 5,
 * at 4% a month (to the 1.67-fold) within 13 months, and at once at the earliest. */
START_TEST(a_sweep_tells_dates_as_well)
{
    char *text = RUN(UND_OK, "--vary", "fleet.workload.arrivals.rate=3/h,5/h,7/h", "--until",
                     "queue_wait<=5min", "--until", "queue_wait<=1h", "--growth", "4%", "--from",
                     "2026-11-29");
    ck_assert_ptr_nonnull(strstr(text,
                                 "queue wait <= 5:00, growing 4% a month: passed 2026-11-29 at "
                                 "the earliest, 2027-12-"));
    ck_assert_ptr_nonnull(
        strstr(text, "queue wait <= 1:00:00, growing 4% a month: not known to be passed"));
    free(text);
    free(RUN(UND_USAGE, "--vary", "fleet.hosts.0.slots=1,2", "--growth", "4%"));
}
END_TEST

START_TEST(a_falling_measure_holds_from_somewhere_on)
{
    char *text = RUN(UND_OK, "--vary", "fleet.hosts.0.slots=1..3:1", "--until", "queue_wait<=5min");
    ck_assert_ptr_nonnull(strstr(text, "not at 1, holds from 2 on"));
    free(text);
}
END_TEST

/* With prices the sentence; a name that is not HTML stays a name. */
START_TEST(the_page_is_well_formed_and_says_what_to_do)
{
    char *text =
        RUN(UND_OK, "--vary", "fleet.hosts.0.slots=1..4:1", "--until", "queue_wait<=5min",
            "--price-slot", "2000", "--price-hour", "60", "--currency", "<&>", "--html", page);
    char command[200], *html = NULL;
    size_t size = 0;
    FILE *file = fopen(page, "r");
    ck_assert_ptr_nonnull(strstr(text, "Recommended: slots=2, at "));
    ck_assert_ptr_nonnull(
        strstr(text, "with at least 99% the cheapest that keeps queue wait <= 5:00"));
    free(text);
    ck_assert_ptr_nonnull(file);
    ck_assert_int_gt(getdelim(&html, &size, '\0', file), 0);
    fclose(file);
    ck_assert_ptr_nonnull(strstr(html, "Recommended: slots=2, at "));
    ck_assert_ptr_nonnull(strstr(html, "&lt;&amp;&gt; a month"));
    ck_assert_ptr_null(strstr(html, "<script"));
    ck_assert_ptr_null(strstr(html, "http://www.example"));
    free(html);
    snprintf(command, sizeof command, "xmllint --noout %s", page);
    ck_assert_int_eq(system(command), 0);
    free(RUN(UND_USAGE, "--vary", "fleet.hosts.0.slots=1,2", "--html", "/nonexistent/x"));
}
END_TEST

/* Nothing is recommended that does not keep the limit. */
START_TEST(no_setting_may_keep_it)
{
    char *text = RUN(UND_OK, "--vary", "fleet.hosts.0.speed=1,1.1", "--until", "queue_wait<=1s",
                     "--price-slot", "10");
    ck_assert_ptr_nonnull(strstr(text, "No setting here keeps queue wait <= 0:01"));
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan");
    TCase *c = tcase_create("plan");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, the_curve_adds_up_to_the_mean_queue);
    tcase_add_test(c, a_sweep_tells_dates_as_well);
    tcase_add_test(c, a_falling_measure_holds_from_somewhere_on);
    tcase_add_test(c, the_page_is_well_formed_and_says_what_to_do);
    tcase_add_test(c, no_setting_may_keep_it);
    suite_add_tcase(s, c);
    return s;
}
