/* Histories that the simulator itself wrote, of fleets with known parameters, through the fit and
 * back into the simulator. Seeds are fixed; every bound states what chance it would fail by. */
#include "model/fit/fit.h"
#include "model/load/loader.h"
#include "reports/fit/fit_fleet.h"
#include "reports/fit/fit_report.h"
#include "sim/experiment/predict.h"
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct scenario_text s;
static struct history history;
static struct fit fit;

/* ---- a history out of a simulation ---- */

struct job {
    int64_t arrived_ms, started_ms, finished_ms;
};

/* The timeline as an export: what arrives at one instant is one run. Monday is 2026-03-02. */
static void write_history(const char *path)
{
    const struct timeline *timeline = &s.result.timeline;
    struct job *job = calloc(timeline->n + 1, sizeof *job);
    FILE *file = fopen(path, "w");
    unsigned number, n = 0, i;
    size_t k;
    ck_assert(job != NULL && file != NULL);
    for (k = 0; k < timeline->n; k++) {
        const struct timeline_entry *entry = &timeline->entry[k];
        const char *verb;
        if (sscanf(entry->what, "job %u ", &number) != 1 || number > timeline->n)
            continue;
        verb = strchr(entry->what + 4, ' ') + 1;
        n = number > n ? number : n;
        if (strncmp(verb, "arrives", 7) == 0)
            job[number] = (struct job){entry->at_ms + 1, 0, 0};
        else if (strcmp(verb, "starts") == 0)
            job[number].started_ms = entry->at_ms + 1;
        else if (strcmp(verb, "succeeds") == 0)
            job[number].finished_ms = entry->at_ms + 1;
    }
    fputs("id,run_id,status,created_at,started_at,finished_at\n", file);
    for (i = 0; i <= n; i++) {
        const int64_t monday_ms = 1772409600000LL;
        if (job[i].arrived_ms == 0)
            continue;
        fprintf(file, "%u,%lld,%s,%lld", i, (long long)job[i].arrived_ms,
                job[i].finished_ms  ? "success"
                : job[i].started_ms ? "in_progress"
                                    : "queued",
                (long long)(monday_ms + job[i].arrived_ms - 1));
        for (k = 0; k < 2; k++) {
            int64_t at = k ? job[i].finished_ms : job[i].started_ms;
            if (at)
                fprintf(file, ",%lld", (long long)(monday_ms + at - 1));
            else
                fputc(',', file);
        }
        fputc('\n', file);
    }
    fclose(file);
    free(job);
}

static void fit_file(const char *path, const struct fit_wish *wish)
{
    struct und_err err = {0};
    ck_assert_msg(history_read(&history, path, NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_msg(fit_history(&fit, &history, wish, &err) == UND_OK, "%s", err.text);
}

static void forget(void)
{
    fit_fini(&fit);
    history_fini(&history);
}

/* Simulates the staged scenario once and fits what it wrote. */
static void fit_simulated(uint64_t seed, const struct fit_wish *wish)
{
    char path[] = "/tmp/understudy-fit-XXXXXX";
    close(mkstemp(path));
    scenario_text_run(&s, (struct experiment){.seed = seed, .replications = 1, .trace = true});
    write_history(path);
    fit_file(path, wish);
    unlink(path);
}

/* ---- parameters come back ---- */

enum { RATE, FAN_OUT, P50, P95, CV2, WEIGHTS, COUNTS };

static bool holds(const struct measured *measured, double truth)
{
    return measured->interval.low <= truth && truth <= measured->interval.high;
}

static const char known[] =
    "name: known\nduration: 28d\nfleet:\n  github: ideal\n  hosts: [{name: a, slots: 40}]\n"
    "  workload:\n    arrivals: {rate: 48/d, profile: [%s]%s}\n"
    "    fan_out: {kind: geometric, mean: 2.5}\n"
    "    classes: [{duration: {kind: lognormal, p50: 6min, p95: 25min}}]\n";
static const char day[] = "1, 1, 1, 1, 1, 1, 2, 4, 8, 9, 9, 8, 7, 8, 9, 9, 8, 6, 4, 3, 2, 2, 1, 1";

/* 60 histories of four weeks each; of an interval that holds 95% of the time, fewer than 50 of 60
 * would have a chance of 4e-4 (binomial), and of one that holds 93%, 1%. Weights of the profile
 * are counted all together: 24 times as many, that are alike only within an hour. */
START_TEST(parameters_come_back_inside_their_intervals)
{
    const struct fit_wish wish = {.untested = true};
    int hits[COUNTS] = {0}, i, k, poisson = 0, families = 0, geometric = 0;
    scenario_text_load(&s, known, day, _i ? ", modulation: {cv2: 0.5, every: 2h}" : "");
    for (i = 0; i < 60; i++) {
        static const double weights[24] = {1, 1, 1, 1, 1, 1, 2, 4, 8, 9, 9, 8,
                                           7, 8, 9, 9, 8, 6, 4, 3, 2, 2, 1, 1};
        fit_simulated(1000 + (uint64_t)i, &wish);
        ck_assert_int_eq(fit.n_classes, 1);
        hits[RATE] += holds(&fit.arrivals.rate, 48.0 / (double)DAY);
        hits[FAN_OUT] += holds(&fit.fan_out.mean, 2.5);
        hits[P50] += holds(&fit.classes[0].p50, 6.0 * (double)MINUTE);
        hits[P95] += holds(&fit.classes[0].p95, 25.0 * (double)MINUTE);
        hits[CV2] += fit.arrivals.modulation.present && holds(&fit.arrivals.modulation.cv2, 0.5);
        poisson += !fit.arrivals.modulation.present;
        families += fit.classes[0].candidate[fit.classes[0].chosen].kind == DIST_LOGNORMAL;
        geometric += fit.fan_out.kind == FAN_OUT_GEOMETRIC;
        for (k = 0; k < 24 && fit.arrivals.n_profile == 24; k++)
            hits[WEIGHTS] += holds(&fit.arrivals.profile[k], weights[k] * 24 / 106);
        forget();
    }
    for (k = RATE; k <= P95; k++)
        ck_assert_int_ge(hits[k], 50);
    ck_assert_int_ge(hits[WEIGHTS], (int)(0.9 * 24 * 60));
    ck_assert_int_ge(families, 59);
    ck_assert_int_ge(geometric, 50); /* 5% are rejected */
    if (_i)
        ck_assert_int_ge(hits[CV2], 50);
    else
        ck_assert_int_ge(poisson, 56); /* 1% are not: more than 4 of 60 have a chance of 3e-4 */
    scenario_text_fini(&s);
}
END_TEST

/* A fleet file comes out that says what was fitted, and loads. */
START_TEST(the_fleet_file_is_a_fleet)
{
    const struct fit_wish wish = {.slots = 12};
    struct und_err err = {0};
    static struct scenario scenario;
    char *text = NULL;
    size_t length = 0;
    scenario_text_load(&s, known, day, ", modulation: {cv2: 0.5, every: 2h}");
    fit_simulated(5, &wish);
    HELPER_CAPTURE(text, length, fit_fleet_print(out, &fit, "fitted"));
    ck_assert_msg(scenario_parse(&scenario, "fitted.yaml", text, length, &err) == UND_OK, "%s\n%s",
                  err.text, text);
    ck_assert_int_eq(fleet_slots(&scenario.fleet), 12);
    ck_assert_double_eq_tol(scenario.fleet.workload.arrivals.rate_per_ms / fit.arrivals.rate.value,
                            1, 1e-5);
    ck_assert_int_eq(scenario.fleet.workload.arrivals.modulation.every_ms,
                     fit.arrivals.modulation.every_ms);
    ck_assert_double_eq_tol(dist_quantile(&scenario.fleet.workload.classes[0].duration, 0.95) /
                                fit.classes[0].p95.value,
                            1, 1e-5);
    scenario_fini(&scenario);
    free(text);
    forget();
    scenario_text_fini(&s);
}
END_TEST

/* What the simulator made, the simulator predicts: of 7 measures of each of 12 histories, all
 * parameters fitted to the first half of it. They are not independent; on average 95% are inside,
 * and fewer than 64 of 84 are a history of another fleet. */
START_TEST(the_rest_of_a_simulated_history_is_predicted)
{
    const struct fit_wish wish = {.slots = 3};
    int inside = 0, of = 0, i;
    scenario_text_load(&s, known, day, ", modulation: {cv2: 0.5, every: 2h}");
    for (i = 0; i < 12; i++) {
        struct holdout holdout;
        struct und_err err = {0};
        fit_simulated(50 + (uint64_t)i, &wish);
        ck_assert_msg(predict_rest(&holdout, &history, &wish, 0.5, 1, &err) == UND_OK, "%s",
                      err.text);
        ck_assert_str_eq(holdout.why, "");
        inside += holdout.inside;
        of += holdout.of;
        forget();
    }
    ck_assert_int_eq(of, 84);
    ck_assert_int_ge(inside, 64);
    scenario_text_fini(&s);
}
END_TEST

/* A trend that cannot be told from chance is not known to be none: the jobs a day that are foretold
 * are as far apart as rate and trend together leave them. 95% of 100 draws of a normal variate are
 * within 3.92 deviations, give or take 0.5. */
START_TEST(what_is_not_known_of_the_trend_is_in_the_prediction)
{
    struct fit_wish wish = {.slots = 3, .untested = true};
    struct und_err err = {0};
    struct holdout holdout;
    struct arrivals first;
    double rate, trend, spread;
    scenario_text_load(&s, known, day, ", modulation: {cv2: 0.5, every: 2h}");
    fit_simulated(50, &wish);
    fit_fini(&fit);
    ck_assert_msg(predict_rest(&holdout, &history, &wish, 0.4, 1, &err) == UND_OK, "%s", err.text);
    wish.from_ms = history.from_ms;
    wish.to_ms = holdout.from_ms;
    ck_assert_msg(fit_history(&fit, &history, &wish, &err) == UND_OK, "%s", err.text);
    first = fit.arrivals;
    ck_assert(!first.trended);
    rate = log(first.rate.interval.high / first.rate.interval.low);
    trend = 3.92 * first.growth_error * 0.5 * (double)(history.to_ms - history.from_ms);
    spread = log(holdout.row[HOLDOUT_JOBS].interval.high / holdout.row[HOLDOUT_JOBS].interval.low);
    ck_assert_double_gt(trend, rate); /* so that it is seen */
    ck_assert_double_gt(spread, 0.85 * hypot(rate, trend));
    ck_assert_double_lt(spread, 1.5 * hypot(rate, trend));
    forget();
    scenario_text_fini(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("fit");
    TCase *fits = tcase_create("fits");
    tcase_set_timeout(fits, 300);
    tcase_add_loop_test(fits, parameters_come_back_inside_their_intervals, 0, 2);
    tcase_add_test(fits, the_fleet_file_is_a_fleet);
    tcase_add_test(fits, the_rest_of_a_simulated_history_is_predicted);
    tcase_add_test(fits, what_is_not_known_of_the_trend_is_in_the_prediction);
    suite_add_tcase(all, fits);
    return all;
}
