/* The command whatif: its arguments, and its paired differences against closed forms. */
#include "model/base/err.h"
#include "sim/command/sim_command.h"
#include "tests/support/helpers.h"
#include "tests/support/printed.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/understudy-whatif-XXXXXX";
static struct und_err err;

/* One server, services of 6 min. */
static void write_scenario(void)
{
    static const char text[] =
        "name: mm1\nduration: 30d\nwarmup: 2d\nreplications: 200\nfleet:\n"
        "  github: ideal\n"
        "  hosts: [{name: P, tier: primary, slots: 1}]\n"
        "  workload:\n"
        "    arrivals: {kind: poisson, rate: 5/h}\n"
        "    classes: [{name: x, weight: 1, duration: {kind: exponential, mean: 6min}}]\n";
    FILE *file;
    strcpy(path, "/tmp/understudy-whatif-XXXXXX");
    file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void remove_scenario(void)
{
    unlink(path);
}

/* `understudy whatif FILE --replications 2 ...` (ended by NULL); its standard output, to be freed.
 */
static char *whatif(enum und_code want, const char *const *arguments)
{
    const char *const first[] = {"whatif", path, NULL};
    return printed_by(whatif_command, first, arguments, want, &err);
}

#define WHATIF(code, ...) whatif(code, (const char *const[]){__VA_ARGS__, NULL})

static json_t *whatif_json(const char *const *arguments)
{
    char *text = whatif(UND_OK, arguments);
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);
    ck_assert_msg(root != NULL, "%s in %s", error.text, text);
    free(text);
    return root;
}

#define WHATIF_JSON(...) whatif_json((const char *const[]){__VA_ARGS__, "--format", "json", NULL})

static const json_t *point(const json_t *root, size_t i)
{
    return json_array_get(json_object_get(root, "points"), i);
}

static double number(const json_t *point, const char *part, const char *metric, const char *key)
{
    const json_t *object = json_object_get(json_object_get(point, part), metric);
    return json_number_value(json_object_get(object, key));
}

static const char *value(const json_t *point, const char *axis)
{
    return json_string_value(json_object_get(json_object_get(point, "values"), axis));
}

/* --- paired differences ----------------------------------------------------------------------- */

static double mm1_wait_ms(double load)
{
    return load / (1 - load) * 360000;
}

/* |z| <= 3.3 (1.97: Student's t for 200 pairs at 95%): one seed in 500 would fail. Arrivals at
 * another rate are the same arrivals on another scale, so that pairs rise and fall together. */
START_TEST(differences_are_those_of_two_mm1_queues)
{
    json_t *root = WHATIF_JSON("--vary", "fleet.workload.arrivals.rate=5/h,7/h");
    const json_t *first = point(root, 0), *second = point(root, 1);
    double mean = number(second, "difference_to_first", "queue_wait_ms", "mean");
    double half_width = number(second, "difference_to_first", "queue_wait_ms", "half_width");
    double want = mm1_wait_ms(0.7) - mm1_wait_ms(0.5);
    ck_assert_uint_eq(json_array_size(json_object_get(root, "points")), 2);
    ck_assert_msg(fabs(mean - want) <= 3.3 / 1.97 * half_width, "got %g +- %g, want %g", mean,
                  half_width, want);
    ck_assert_double_lt(half_width, 0.05 * want);
    ck_assert_double_lt(half_width,
                        0.9 * hypot(number(first, "metrics", "queue_wait_ms", "half_width"),
                                    number(second, "metrics", "queue_wait_ms", "half_width")));
    ck_assert_double_eq(number(first, "difference_to_first", "queue_wait_ms", "mean"), 0);
    mean = number(second, "difference_to_first", "utilization", "mean");
    half_width = number(second, "difference_to_first", "utilization", "half_width");
    ck_assert_double_le(fabs(mean - 0.2), 3.3 / 1.97 * half_width);
    json_decref(root);
}
END_TEST

/* Half the speed is twice the load; the same arrivals and durations either way. */
START_TEST(what_cannot_run_is_a_row_of_its_own)
{
    json_t *root = WHATIF_JSON("--vary", "fleet.hosts.0.speed=1,0.4", "--replications", "5");
    const json_t *error = json_object_get(point(root, 1), "error");
    ck_assert_ptr_nonnull(strstr(json_string_value(error), "unstable"));
    ck_assert_ptr_null(json_object_get(point(root, 0), "error"));
    json_decref(root);
    free(WHATIF(UND_USAGE, "--vary", "fleet.hosts.0.speed=0.4,0.3"));
    ck_assert_ptr_nonnull(strstr(err.text, "unstable"));
}
END_TEST

/* --- arguments -------------------------------------------------------------------------------- */

START_TEST(ranges_lists_and_combinations)
{
    json_t *root = WHATIF_JSON("--vary", "fleet.workload.arrivals.rate=1/h..2/h:0.5/h", "--vary",
                               "fleet.hosts.0.slots=1,3", "--replications", "2");
    static const char *const rates[] = {"1/h", "1/h", "1.5/h", "1.5/h", "2/h", "2/h"};
    size_t i;
    ck_assert_uint_eq(json_array_size(json_object_get(root, "points")), 6);
    for (i = 0; i < 6; i++) {
        ck_assert_str_eq(value(point(root, i), "fleet.workload.arrivals.rate"), rates[i]);
        ck_assert_str_eq(value(point(root, i), "fleet.hosts.0.slots"), i % 2 ? "3" : "1");
    }
    json_decref(root);
}
END_TEST

START_TEST(until_says_up_to_where)
{
    char *text = WHATIF(UND_OK, "--vary", "fleet.workload.arrivals.rate=1/h..9/h:2/h", "--until",
                        "queue_wait<=5min", "--replications", "20");
    /* Waits of 0:40, 2:34, 6:00 and more. */
    ck_assert_ptr_nonnull(strstr(text, "holds up to 3/h, not at 5/h"));
    free(text);
    text = WHATIF(UND_OK, "--vary", "fleet.workload.arrivals.rate=1/h,3/h", "--until",
                  "utilization>=99%", "--replications", "20");
    ck_assert_ptr_nonnull(strstr(text, "not at 1/h"));
    free(text);
}
END_TEST

/* Two replications have no interval of a 95% point; a 99% point never has one. */
START_TEST(until_says_what_it_does_not_know)
{
    char *text = WHATIF(UND_OK, "--vary", "fleet.workload.arrivals.rate=3/h,5/h", "--set",
                        "duration=3d", "--replications", "2", "--until", "queue_wait:p95<=50h");
    ck_assert_ptr_nonnull(
        strstr(text, "(with its interval): not known without an interval at 3/h"));
    ck_assert_ptr_nonnull(strstr(text, "(of quantiles: the two intervals together"));
    free(text);
    text = WHATIF(UND_OK, "--vary", "fleet.workload.arrivals.rate=3/h,5/h", "--set", "duration=3d",
                  "--replications", "2", "--until", "queue_wait:p99<=50h");
    ck_assert_ptr_nonnull(strstr(text, "(the estimate): holds up to 5/h"));
    free(text);
}
END_TEST

START_TEST(columns_are_the_metrics_asked_for)
{
    char *text = WHATIF(UND_OK, "--vary", "fleet.hosts.0.slots=1,2", "--metric", "queue_wait:p95",
                        "--metric", "availability", "--replications", "20");
    ck_assert_ptr_nonnull(strstr(text, "queue wait p95"));
    ck_assert_ptr_nonnull(strstr(text, "availability"));
    ck_assert_ptr_null(strstr(text, "utilization"));
    free(text);
}
END_TEST

/* 4% more each month, as far as it goes. */
START_TEST(a_range_may_grow)
{
    char *text = WHATIF(UND_OK, "--vary", "fleet.workload.arrivals.rate=1/h..1.13/h:4%",
                        "--replications", "5");
    ck_assert_ptr_nonnull(strstr(text, " 1/h "));
    ck_assert_ptr_nonnull(strstr(text, " 1.04/h "));
    ck_assert_ptr_nonnull(strstr(text, " 1.0816/h "));
    ck_assert_ptr_nonnull(strstr(text, " 1.12486/h "));
    ck_assert_ptr_null(strstr(text, " 1.169"));
    free(text);
}
END_TEST

/* One slot, and a load that it cannot carry: without the column its waits would look fine. */
START_TEST(what_gives_up_has_a_column_by_default)
{
    char *text = WHATIF(UND_OK, "--vary", "fleet.workload.arrivals.rate=1/h,20/h", "--set",
                        "fleet.workload.queue={patience: 10min}", "--replications", "20");
    ck_assert_ptr_nonnull(strstr(text, "given up"));
    free(text);
    text = WHATIF(UND_OK, "--vary", "fleet.workload.arrivals.rate=1/h,2/h", "--replications", "20");
    ck_assert_ptr_null(strstr(text, "given up"));
    free(text);
}
END_TEST

#define FIND                                                                                       \
    "--find", "fleet.workload.arrivals.rate=2/h..9/h", "--until", "queue_wait<=5min", "--until",   \
        "utilization<=80%", "--replications", "100", "--growth", "3%..5%", "--from", "2026-11-28", \
        "--set", "duration=10d"

/* M/M/1 waits 5 min at 100 / 22 = 4.54 an hour; 80% are busy at 8. */
START_TEST(find_says_where_and_when_whatever_the_threads)
{
    char *one = WHATIF(UND_OK, FIND, "--threads", "1");
    char *three = WHATIF(UND_OK, FIND, "--threads", "3");
    json_t *json = WHATIF_JSON(FIND), *answer = json_array_get(json_object_get(json, "answers"), 0);
    double holds = atof(json_string_value(json_object_get(answer, "holds_at")));
    double fails = atof(json_string_value(json_object_get(answer, "fails_at")));
    const char *earliest =
        json_string_value(json_object_get(json_object_get(answer, "passed"), "earliest"));
    ck_assert_str_eq(one, three);
    ck_assert_ptr_nonnull(strstr(one, "queue wait <= 5:00: holds up to "));
    ck_assert_ptr_nonnull(strstr(one, "utilization <= 80%: holds up to "));
    ck_assert_ptr_nonnull(strstr(one, "growing 3 to 5% a month: passed 20"));
    ck_assert_ptr_nonnull(strstr(one, earliest));
    ck_assert_double_lt(holds, 100.0 / 22);
    ck_assert_double_gt(fails, 100.0 / 22);
    ck_assert_double_lt(fails - holds, 1);
    free(one);
    free(three);
    json_decref(json);
}
END_TEST

/* Two hosts of a slot each, lightly used; with one of them gone the other one is busy. */
START_TEST(each_answer_also_with_the_primary_lost)
{
    json_t *root = WHATIF_JSON("--set", "fleet.hosts.1={name: B, tier: backup, slots: 1}", "--vary",
                               "fleet.workload.arrivals.rate=5/h,6/h", "--n-1");
    const json_t *lost = json_object_get(root, "n_1");
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(lost, "where")), "with P lost"));
    ck_assert_double_gt(number(point(lost, 0), "metrics", "queue_wait_ms", "mean"),
                        3 * number(point(root, 0), "metrics", "queue_wait_ms", "mean"));
    json_decref(root);
}
END_TEST

/* Each tenth of the range once, each of the two speeds five times; by the seed alone. */
START_TEST(a_latin_hypercube_has_every_part_once)
{
    json_t *root = WHATIF_JSON("--vary", "fleet.workload.arrivals.rate=2/h..7/h", "--vary",
                               "fleet.hosts.0.speed=1,2", "--design", "lhs:10", "--replications",
                               "2", "--set", "duration=3d");
    int part[10] = {0}, fast = 0;
    size_t i;
    ck_assert_uint_eq(json_array_size(json_object_get(root, "points")), 10);
    for (i = 0; i < 10; i++) {
        part[(int)((atof(value(point(root, i), "fleet.workload.arrivals.rate")) - 2) * 2)]++;
        fast += strcmp(value(point(root, i), "fleet.hosts.0.speed"), "2") == 0;
    }
    for (i = 0; i < 10; i++)
        ck_assert_int_eq(part[i], 1);
    ck_assert_int_eq(fast, 5);
    json_decref(root);
}
END_TEST

/* Of M/M/1 with services of 6 min, the fastest one waits least. */
START_TEST(the_best_point_is_told_with_its_probability)
{
    char *text = WHATIF(UND_OK, "--vary", "fleet.hosts.0.speed=1,1.4,1.2,0.4", "--best",
                        "queue_wait", "--within", "20s", "--set", "duration=6d");
    ck_assert_ptr_nonnull(
        strstr(text, "speed=1.4: with 95% no other one is better by more than 20s"));
    ck_assert_ptr_nonnull(strstr(text, "unstable"));
    free(text);
    text = WHATIF(UND_OK, "--vary", "fleet.hosts.0.slots=1,2,3", "--best", "cost", "--within", "50",
                  "--price-slot", "2000", "--price-hour", "60", "--set", "duration=6d", "--format",
                  "json");
    ck_assert_ptr_nonnull(strstr(text, "\"best\": \"slots=2\""));
    free(text);
}
END_TEST

static double money(const json_t *point, const char *key)
{
    return json_number_value(json_object_get(json_object_get(point, "money"), key));
}

/* 3,600 runs a month; a wait of w ms costs 60 an hour, a slot 40 a month, a run 0.1. */
START_TEST(money_is_slots_and_runs_and_waiting)
{
    json_t *root =
        WHATIF_JSON("--vary", "fleet.hosts.0.slots=1,2", "--price-slot", "40", "--price-run", "0.1",
                    "--price-hour", "60", "--currency", "EUR", "--replications", "50");
    double one = 40 + 360 + 3600 * 60 * mm1_wait_ms(0.5) / 3600000;
    double first = money(point(root, 0), "cost"), second = money(point(root, 1), "cost");
    double more = money(point(root, 1), "more");
    ck_assert_double_eq_tol(money(point(root, 0), "runs_a_month"), 3600, 1e-6);
    /* 3.3 standard errors: one seed in 1,000 */
    ck_assert_double_eq_tol(first, one, 3.3 / 2 * money(point(root, 0), "cost_half_width"));
    ck_assert_double_eq_tol(more, second - first, 1e-6);
    ck_assert_double_eq_tol(money(point(root, 1), "a_slot_saves"), 40 - more, 1e-6);
    ck_assert_double_lt(money(point(root, 1), "more_half_width"),
                        money(point(root, 0), "cost_half_width") * 1.2);
    json_decref(root);
}
END_TEST

static const struct {
    const char *arguments[10];
    const char *message;
} refusals[] = {
    {{"--replications", "2"}, "want one FILE and at least one --vary"},
    {{"--vary", "slots"}, "--vary: got 'slots', want PATH=a,b,c or PATH=A..B:STEP"},
    {{"--vary", "=1,2"}, "want PATH=a,b,c"},
    {{"--vary", "a=1,,2"}, "got a value of 0 characters"},
    {{"--vary", "a=1..2"}, "want A..B:STEP"},
    {{"--vary", "a=1/h..2/d:1/h"}, "three numbers of one unit"},
    {{"--vary", "a=2..1:1"}, "want A <= B"},
    {{"--vary", "a=2..1:4%"}, "want 0 < A <= B"},
    {{"--vary", "a=1..2:0%"}, "want 0 < A <= B"},
    {{"--vary", "a=1..2:0.01%"}, "at most 999 steps"},
    {{"--vary", "a=1..2:0"}, "want A <= B"},
    {{"--vary", "a=1..2000:1"}, "at most 999 steps"},
    {{"--vary", "fleet.hosts.0.slots=1", "--metric", "speed"}, "got metric 'speed'"},
    {{"--vary", "fleet.hosts.0.slots=1", "--metric", "rto:p42"}, "got metric 'rto:p42'"},
    {{"--vary", "fleet.hosts.0.slots=1", "--until", "queue_wait=5min"}, "--until: got"},
    {{"--vary", "fleet.hosts.0.slots=1", "--until", "queue_wait<=5"}, "--until: got the value '5'"},
    {{"--vary", "fleet.hosts.0.slots=1", "--nonsense"}, "--nonsense"},
    {{"--vary", "fleet.hosts.0.slotz=1,2"}, "slotz"},
    {{"--vary", "a=1..999:1", "--vary", "b=1..999:1", "--vary", "c=1..999:1"},
     "got 997002999 combinations, want at most 100000"},
    {{"--vary", "a=1..2:0.000000001"}, "at most 999 steps"},
    {{"--vary", "a=1,2", "--design", "sobol:9"}, "--design: got 'sobol:9', want lhs:N"},
    {{"--vary", "a=1,2", "--design", "lhs:1000000000"}, "want lhs:N, N of 2..100000"},
    {{"--vary", "a=1,2", "--price-slot", "free"}, "--price-slot: got 'free'"},
    {{"--vary", "a=1,2", "--price-hour", "60"}, "--price-hour: want --price-slot"},
    {{"--vary", "a=1,2", "--best", "queue_wait"}, "--best: want --within"},
    {{"--vary", "fleet.hosts.0.slots=1,2", "--best", "queue_wait", "--within", "5"},
     "--until: got"},
    {{"--vary", "fleet.hosts.0.slots=1,2", "--best", "cost", "--within", "5"}, "--price-slot"},
    {{"--find", "a=1..2"}, "--find: want --until"},
    {{"--vary", "a=1,2", "--growth", "4%"}, "--growth"},
    {{"--find", "a=1..2", "--until", "queue_wait<=1s", "--growth", "4"}, "--growth: got '4'"},
    {{"--find", "a=1..2", "--until", "queue_wait<=1s", "--growth", "7%..1%"}, "--growth: got"},
    {{"--find", "a=1..2", "--until", "queue_wait<=1s", "--growth", "-1%"}, "--growth: got"},
    {{"--find", "a=1..2", "--until", "queue_wait<=1s", "--growth", "4%", "--from", "soon"},
     "--from: got 'soon'"},
    {{"--vary", "fleet.hosts.0.slots=1,2", "--replications", "2", "--n-1"}, "got one host"},
};

START_TEST(bad_arguments_are_refused)
{
    char *text = whatif(UND_USAGE, refusals[_i].arguments);
    ck_assert_msg(strstr(err.text, refusals[_i].message) != NULL, "%s", err.text);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("whatif");
    TCase *tests = tcase_create("whatif");
    tcase_add_checked_fixture(tests, write_scenario, remove_scenario);
    tcase_add_test(tests, differences_are_those_of_two_mm1_queues);
    tcase_add_test(tests, what_cannot_run_is_a_row_of_its_own);
    tcase_add_test(tests, ranges_lists_and_combinations);
    tcase_add_test(tests, until_says_up_to_where);
    tcase_add_test(tests, until_says_what_it_does_not_know);
    tcase_add_test(tests, columns_are_the_metrics_asked_for);
    tcase_add_test(tests, a_range_may_grow);
    tcase_add_test(tests, what_gives_up_has_a_column_by_default);
    tcase_add_test(tests, find_says_where_and_when_whatever_the_threads);
    tcase_add_test(tests, each_answer_also_with_the_primary_lost);
    tcase_add_test(tests, a_latin_hypercube_has_every_part_once);
    tcase_add_test(tests, the_best_point_is_told_with_its_probability);
    tcase_add_test(tests, money_is_slots_and_runs_and_waiting);
    tcase_add_loop_test(tests, bad_arguments_are_refused, 0, sizeof refusals / sizeof *refusals);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}
