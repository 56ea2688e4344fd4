/* What rehearsals foretell of a drill, and how one is judged by it: late, early, unseen, or not
 * decided by what was not over; and the file that keeps it. */
#include "model/drill/prediction.h"
#include "model/load/loader.h"
#include "sim/engine/stream.h"
#include "tests/support/drill_fixture.h"
#include "tests/support/helpers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* N values 1000, 2000, ... N * 1000 of every measure, of `n` replications. */
static void foretell(struct prediction *prediction, int64_t seen, int64_t n)
{
    struct drill_report *reports = calloc((size_t)n, sizeof *reports);
    int64_t r;
    int kind;
    ck_assert_ptr_nonnull(reports);
    for (r = 0; r < n; r++)
        for (kind = 0; kind < MEASURE_COUNT; kind++)
            reports[r].measure[kind].value_ms = r < seen ? (double)(r + 1) * 1000 : NAN;
    snprintf(reports[0].scenario, sizeof reports[0].scenario, "small");
    prediction_init(prediction, reports, n);
    free(reports);
}

static enum foretold judged(const struct prediction *prediction, double value, double error)
{
    return prediction_judge(prediction, MEASURE_RTO, (struct drill_measure){value, error, 0})
        .foretold;
}

START_TEST(only_beyond_every_rehearsal_is_outside_with_199_of_them)
{
    struct prediction p;
    foretell(&p, 199, 199);
    ck_assert_int_eq(judged(&p, 1000, 0), FORETOLD_INSIDE);
    ck_assert_int_eq(judged(&p, 199000, 0), FORETOLD_INSIDE);
    ck_assert_int_eq(judged(&p, 999, 0), FORETOLD_EARLY);
    ck_assert_int_eq(judged(&p, 199001, 0), FORETOLD_LATE);
    ck_assert_int_eq(judged(&p, 199500, 500), FORETOLD_INSIDE); /* the benefit of the error */
    ck_assert_int_eq(judged(&p, 199501, 500), FORETOLD_LATE);
    ck_assert_double_eq_tol(
        prediction_judge(&p, MEASURE_RTO, (struct drill_measure){100000, 0, 0}).percentile, 50,
        0.3);
    prediction_fini(&p);
    foretell(&p, 198, 198);
    ck_assert_int_eq(judged(&p, 1e9, 0), FORETOLD_UNKNOWN);
    prediction_fini(&p);
}
END_TEST

/* `over` of 1000, 2000, ... ms, `open` that were not over after age_ms, the rest never. */
static void foretell_open(struct prediction *prediction, int over, int open, double age_ms, int n)
{
    struct drill_report *reports = calloc((size_t)n, sizeof *reports);
    int r, kind;
    ck_assert_ptr_nonnull(reports);
    for (r = 0; r < n; r++)
        for (kind = 0; kind < MEASURE_COUNT; kind++)
            reports[r].measure[kind] =
                (struct drill_measure){r < over ? (double)(r + 1) * 1000 : NAN, 0,
                                       r >= over && r < over + open ? age_ms : 0};
    for (r = over; r < over + open; r++)
        reports[r].end = DRILL_UNSTEADY;
    snprintf(reports[0].scenario, sizeof reports[0].scenario, "small");
    prediction_init(prediction, reports, n);
    free(reports);
}

static enum foretold judged_open(const struct prediction *prediction, double age_ms)
{
    return prediction_judge(prediction, MEASURE_RTO, (struct drill_measure){NAN, NAN, age_ms})
        .foretold;
}

START_TEST(what_was_not_over_is_neither_left_out_nor_taken_for_over)
{
    struct prediction p;
    foretell_open(&p, 600, 400, 2e6, 1000);
    ck_assert_int_eq(p.replications, 1000);
    ck_assert_int_eq(p.unsteady, 400);
    ck_assert_int_eq(p.otherwise, 0);
    /* Of all 1000, not of the 600 that were over: whose median would be 300500. */
    ck_assert_double_eq_tol(prediction_quantile(&p, MEASURE_RTO, 0.5), 500000, 1000);
    ck_assert(isnan(prediction_quantile(&p, MEASURE_RTO, 0.61)));
    ck_assert_double_eq(prediction_known_to(&p, MEASURE_RTO), 2e6);
    prediction_fini(&p);
    /* Those that were not over left the risk before: Kaplan and Meier's S is 400/600 there. */
    foretell_open(&p, 600, 400, 1, 1000);
    ck_assert_double_eq_tol(prediction_quantile(&p, MEASURE_RTO, 0.5), 300000, 1000);
    prediction_fini(&p);
}
END_TEST

START_TEST(a_value_is_judged_by_whatever_may_have_become_of_the_rest)
{
    struct judgement judgement;
    struct prediction p;
    foretell_open(&p, 600, 400, 2e6, 1000);
    ck_assert_int_eq(judged(&p, 600000, 0), FORETOLD_INSIDE);
    ck_assert_int_eq(judged(&p, 1000000, 0), FORETOLD_INSIDE); /* 400 took longer for sure */
    ck_assert_int_eq(judged(&p, 500, 0), FORETOLD_EARLY);
    ck_assert_int_eq(judged(&p, 3e6, 0), FORETOLD_UNDECIDED);
    judgement = prediction_judge(&p, MEASURE_RTO, (struct drill_measure){3e6, 0, 0});
    ck_assert(isnan(judgement.percentile));
    ck_assert_double_eq_tol(judgement.low, 60, 0.1);
    ck_assert_double_eq_tol(judgement.high, 100, 0.1);
    prediction_fini(&p);
    foretell_open(&p, 600, 400, 100, 1000);
    ck_assert_int_eq(judged(&p, 500, 0),
                     FORETOLD_UNDECIDED); /* any of 400 may have been as early */
    ck_assert_int_eq(judged(&p, 50, 0), FORETOLD_EARLY);
    prediction_fini(&p);
    foretell_open(&p, 996, 4, 2e6, 1000);
    ck_assert_int_eq(judged(&p, 3e6, 0), FORETOLD_LATE); /* whatever becomes of the four */
    prediction_fini(&p);
    foretell_open(&p, 100, 899, 2000, 1000);
    ck_assert_int_eq(judged(&p, NAN, NAN), FORETOLD_UNDECIDED); /* one or 900 never */
    prediction_fini(&p);
    foretell_open(&p, 2, 20, 2000, 1000);
    ck_assert_int_eq(judged(&p, 1000, 0), FORETOLD_UNDECIDED); /* 2 or 22 had it */
    prediction_fini(&p);
}
END_TEST

START_TEST(a_drill_that_is_not_over_itself_is_late_or_not_decided)
{
    struct prediction p;
    foretell(&p, 1000, 1000);
    ck_assert_int_eq(judged_open(&p, 500000), FORETOLD_UNDECIDED);
    ck_assert_int_eq(judged_open(&p, 1000000), FORETOLD_LATE);
    prediction_fini(&p);
    foretell(&p, 500, 1000); /* it may as well never come, as in half of them */
    ck_assert_int_eq(judged_open(&p, 1000000), FORETOLD_UNDECIDED);
    prediction_fini(&p);
    foretell_open(&p, 600, 400, 2e6, 1000);
    ck_assert_int_eq(judged_open(&p, 3e6), FORETOLD_UNDECIDED);
    prediction_fini(&p);
}
END_TEST

START_TEST(whether_it_is_seen_is_judged_as_well)
{
    struct prediction p;
    foretell(&p, 991, 1000);
    ck_assert_int_eq(judged(&p, NAN, NAN), FORETOLD_UNSEEN);
    prediction_fini(&p);
    foretell(&p, 990, 1000);
    ck_assert_int_eq(judged(&p, NAN, NAN), FORETOLD_NEITHER);
    ck_assert_int_eq(judged(&p, 1e9, 0), FORETOLD_LATE); /* among those that were seen */
    prediction_fini(&p);
    foretell(&p, 9, 1000);
    ck_assert_int_eq(judged(&p, 5000, 0), FORETOLD_UNEXPECTED);
    prediction_fini(&p);
    foretell(&p, 198, 1000);
    ck_assert_int_eq(judged(&p, 1e9, 0), FORETOLD_UNKNOWN);
    prediction_fini(&p);
}
END_TEST

/* Reality drawn as rehearsals are: outside in at most 1%. Of 20,000 trials at N = 199 the expected
 * number is 200, with a standard deviation of 14; 270 is beyond five of them (false alarms: one in
 * 3 million, and the seed is fixed). */
START_TEST(a_right_model_is_called_wrong_once_in_a_hundred)
{
    struct prediction p;
    struct stream stream;
    int trial, outside = 0;
    stream_seed(&stream, 11);
    foretell(&p, 199, 199);
    for (trial = 0; trial < 20000; trial++) {
        /* The rank of one more among 199 is uniform. */
        double value = 1000 * (double)stream_below(&stream, 200) + 500;
        enum foretold foretold = judged(&p, value, 0);
        outside += foretold == FORETOLD_EARLY || foretold == FORETOLD_LATE;
    }
    ck_assert_int_gt(outside, 130);
    ck_assert_int_lt(outside, 270);
    prediction_fini(&p);
}
END_TEST

START_TEST(the_first_stage_that_is_off_is_named)
{
    struct drill_measure measure[MEASURE_COUNT];
    struct prediction p;
    int kind;
    foretell(&p, 500, 500);
    for (kind = 0; kind < MEASURE_COUNT; kind++)
        measure[kind] = (struct drill_measure){250000, 0, 0};
    ck_assert_ptr_null(prediction_wrong_stage(&p, measure));
    measure[MEASURE_MTTR].value_ms = 1e9;
    ck_assert_str_eq(prediction_wrong_stage(&p, measure), "recovery of capacity");
    measure[MEASURE_FAILOVER].value_ms = 1e9;
    measure[MEASURE_ROUTING].value_ms = 1e9;
    ck_assert_str_eq(prediction_wrong_stage(&p, measure), "routing");
    measure[MEASURE_DETECTION].value_ms = NAN;
    ck_assert_str_eq(prediction_wrong_stage(&p, measure), "detection");
    ck_assert_ptr_null(prediction_wrong_stage(NULL, measure));
    prediction_fini(&p);
}
END_TEST

START_TEST(a_prediction_survives_its_file)
{
    char path[] = "/tmp/understudy-prediction-XXXXXX";
    struct scenario scenario;
    struct prediction p, q;
    struct und_err err = {0};
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    drill_fixture_scenario(&scenario, NULL);
    foretell_open(&p, 3, 1, 9000, 5);
    p.seed = 42;
    p.observe = true;
    ck_assert_int_eq(prediction_save(&p, path, &err), UND_OK);
    ck_assert_int_eq(prediction_load(&q, path, &err), UND_OK);
    ck_assert_int_eq(q.replications, 5);
    ck_assert_uint_eq(q.seed, 42);
    ck_assert_int_eq(q.measure[MEASURE_RTO].n, 3);
    ck_assert_double_eq(q.measure[MEASURE_RTO].value[2], 3000);
    ck_assert_int_eq(q.unsteady, 1);
    ck_assert_int_eq(q.measure[MEASURE_RTO].n_censored, 1);
    ck_assert_double_eq(q.measure[MEASURE_RTO].censored[0], 9000);
    ck_assert_int_eq(prediction_fits(&q, path, &scenario, true, &err), UND_OK);
    ck_assert_int_eq(prediction_fits(&q, path, &scenario, false, &err), UND_USAGE);
    prediction_fini(&p);
    prediction_fini(&q);
    scenario_fini(&scenario);
    unlink(path);
}
END_TEST

static const char *const broken[] = {
    "",
    "[]",
    "{\"version\": 1}",
    "{\"version\":2,\"kind\":\"understudy prediction\",\"scenario\":\"x\",\"seed\":1,"
    "\"replications\":1,\"refused\":0,\"otherwise\":0,\"reason\":\"\",\"observe\":false,"
    "\"measures\":{}}",
    "{\"version\":1,\"kind\":\"understudy prediction\",\"scenario\":\"x\",\"seed\":1,"
    "\"replications\":1,\"refused\":0,\"otherwise\":0,\"reason\":\"\",\"observe\":false,"
    "\"measures\":{}}",
    "{\"version\":1,\"kind\":\"understudy prediction\",\"scenario\":\"x\",\"seed\":1,"
    "\"replications\":2,\"refused\":0,\"otherwise\":0,\"reason\":\"\",\"observe\":false,"
    "\"measures\":{\"pending_ms\":[2,1]}}",
    "{\"version\":1,\"kind\":\"understudy prediction\",\"scenario\":\"x\",\"seed\":1,"
    "\"replications\":2,\"refused\":0,\"otherwise\":0,\"reason\":\"\",\"observe\":false,"
    "\"measures\":{\"pending_ms\":[1,2]},\"censored\":{\"pending_ms\":[3]}}",
};

START_TEST(a_broken_prediction_is_refused)
{
    char path[] = "/tmp/understudy-prediction-XXXXXX";
    struct prediction p;
    struct und_err err = {0};
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, broken[_i], strlen(broken[_i])), (ssize_t)strlen(broken[_i]));
    close(file);
    ck_assert_int_eq(prediction_load(&p, path, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    unlink(path);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("prediction");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, only_beyond_every_rehearsal_is_outside_with_199_of_them);
    tcase_add_test(tcase, what_was_not_over_is_neither_left_out_nor_taken_for_over);
    tcase_add_test(tcase, a_value_is_judged_by_whatever_may_have_become_of_the_rest);
    tcase_add_test(tcase, a_drill_that_is_not_over_itself_is_late_or_not_decided);
    tcase_add_test(tcase, whether_it_is_seen_is_judged_as_well);
    tcase_add_test(tcase, a_right_model_is_called_wrong_once_in_a_hundred);
    tcase_add_test(tcase, the_first_stage_that_is_off_is_named);
    tcase_add_test(tcase, a_prediction_survives_its_file);
    tcase_add_loop_test(tcase, a_broken_prediction_is_refused, 0,
                        (int)(sizeof broken / sizeof *broken));
    suite_add_tcase(all, tcase);
    return all;
}
