/* Verdicts at their boundaries. The numbers behind them follow from the definition of the
 * Clopper-Pearson interval: with no success in n its upper end is 1 - 0.025^(1/n). */
#include "tests/support/helpers.h"

#include "reports/text/claim.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 120000

static struct result result;
static struct scenario scenario;

/* `held` samples exactly at the limit, the others one millisecond above it. */
static void samples(enum metric metric, int held, int missed)
{
    int n = held + missed, i;
    double *value = calloc((size_t)n + 1, sizeof *value);
    for (i = 0; i < n; i++)
        value[i] = i < held ? LIMIT : LIMIT + 1;
    result.samples[metric] = (struct samples){.value = value, .n = (size_t)n};
    result.metric[metric] = (struct quantity){.n = n, .min = n ? value[0] : NAN};
    result.replications = n;
}

static void setup(void)
{
    result = (struct result){0};
    scenario = (struct scenario){.documented = {-1, -1, -1, "", "", -1, -1, -1, -1}};
    scenario.fleet.objectives = (struct objectives){NAN, NAN, NAN, -1, -1};
}

static void teardown(void)
{
    result_fini(&result);
}

static enum claim_status verdict(int held, int missed)
{
    struct claim claim;
    result_fini(&result);
    samples(METRIC_RTO, held, missed);
    claim = claim_judge(METRIC_RTO, LIMIT, &result);
    return claim.status;
}

START_TEST(the_limit_itself_is_within_the_claim)
{
    samples(METRIC_RTO, 1, 1);
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT, &result).held, 1);
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT - 1, &result).held, 0);
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT + 1, &result).held, 2);
}
END_TEST

/* 0.025^(1/n) >= 0.95 from n = 72 on. */
START_TEST(met_needs_72_of_72)
{
    ck_assert_int_eq(verdict(71, 0), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(verdict(72, 0), CLAIM_MET);
    ck_assert_int_eq(verdict(72, 1), CLAIM_NOT_SHOWN);
}
END_TEST

/* 95.0% of 1000 proves nothing: its interval is 93.5% to 96.3%. */
START_TEST(a_share_at_the_threshold_is_not_shown)
{
    ck_assert_int_eq(verdict(950, 50), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(verdict(970, 30), CLAIM_MET);
    ck_assert_int_eq(verdict(930, 70), CLAIM_NOT_MET);
}
END_TEST

/* 1 - 0.025^(1/n): 0.975 at 1, 0.842 at 2; below 0.01 from n = 368 on. */
START_TEST(impossible_needs_368_misses_and_no_hit)
{
    ck_assert_int_eq(verdict(0, 1), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(verdict(0, 2), CLAIM_NOT_MET);
    ck_assert_int_eq(verdict(0, 367), CLAIM_NOT_MET);
    ck_assert_int_eq(verdict(0, 368), CLAIM_IMPOSSIBLE);
    ck_assert_int_eq(verdict(1, 100000), CLAIM_NOT_MET);
}
END_TEST

/* Clopper and Pearson for 10 of 100: 4.90% to 17.62%. */
START_TEST(the_interval_is_the_published_one)
{
    struct claim claim;
    samples(METRIC_RTO, 10, 90);
    claim = claim_judge(METRIC_RTO, LIMIT, &result);
    ck_assert_double_eq_tol(claim.share, 0.1, 1e-12);
    ck_assert_double_eq_tol(claim.low, 0.0490047, 1e-7);
    ck_assert_double_eq_tol(claim.high, 0.1762226, 1e-7);
}
END_TEST

START_TEST(a_fault_never_detected_was_not_detected_in_time)
{
    struct claim claim;
    samples(METRIC_DETECTION, 100, 0);
    result.samples[METRIC_DETECTION].never = 900;
    claim = claim_judge(METRIC_DETECTION, LIMIT, &result);
    ck_assert_int_eq(claim.n, 1000);
    ck_assert_int_eq(claim.unobserved, 900);
    ck_assert_double_eq_tol(claim.share, 0.1, 1e-12);
    ck_assert_int_eq(claim.status, CLAIM_NOT_MET);
    samples(METRIC_RTO, 100, 0);
    result.samples[METRIC_RTO].never = 900;
    claim = claim_judge(METRIC_RTO, LIMIT, &result);
    ck_assert_int_eq(claim.n, 100);
    ck_assert_int_eq(claim.unobserved, 900);
    ck_assert_int_eq(claim.status, CLAIM_MET);
}
END_TEST

START_TEST(a_detection_that_never_came_about_is_impossible_and_says_so)
{
    char detail[CLAIM_DETAIL];
    struct claim claim;
    result.samples[METRIC_DETECTION].never = 1000;
    claim = claim_judge(METRIC_DETECTION, LIMIT, &result);
    ck_assert_int_eq(claim.status, CLAIM_IMPOSSIBLE);
    claim_detail(&claim, &result, detail);
    ck_assert_str_eq(detail, "never came about");
}
END_TEST

/* More replications would not tell, so it must not read as if they would. */
START_TEST(what_never_comes_about_has_no_case)
{
    char text[256];
    struct claim claim = claim_judge(METRIC_RTO, LIMIT, &result);
    ck_assert_int_eq(claim.status, CLAIM_NO_CASE);
    ck_assert(isnan(claim.share) && isnan(claim.low) && isnan(claim.high));
    claim_unobserved(&claim, &result, text, sizeof text);
    ck_assert_str_eq(text, "RTO (new jobs): no number of replications decides it, since no fault "
                           "strikes before the end of the run.");
    result.samples[METRIC_RTO].never = 1000;
    claim = claim_judge(METRIC_RTO, LIMIT, &result);
    ck_assert_int_eq(claim.status, CLAIM_NO_CASE);
    claim_unobserved(&claim, &result, text, sizeof text);
    ck_assert_str_eq(text, "RTO (new jobs): no number of replications decides it, since no job is "
                           "held up in any of 1000 faults.");
}
END_TEST

/* `n` that were not over when the run ended. */
static void censor(enum metric metric, int n, double age_ms)
{
    struct samples *samples = &result.samples[metric];
    free(samples->censored);
    samples->censored = calloc((size_t)n + 1, sizeof *samples->censored);
    samples->n_censored = (size_t)n;
    while (n-- > 0)
        samples->censored[n] = age_ms;
}

/* The host: lost for 10 h in a run of 1 h, claimed to be back within an hour. */
START_TEST(the_end_of_the_run_is_no_recovery)
{
    char text[256];
    struct claim claim;
    censor(METRIC_RTO, 1000, LIMIT - 1);
    claim = claim_judge(METRIC_RTO, LIMIT, &result);
    ck_assert_int_eq(claim.status, CLAIM_NOT_DECIDED);
    ck_assert_int_eq(claim.open, 1000);
    claim_unobserved(&claim, &result, text, sizeof text);
    ck_assert_str_eq(text,
                     "RTO (new jobs): 1000 of 1000 were not over when the run ended: lengthen "
                     "it.");
    censor(METRIC_RTO, 1000, LIMIT); /* that long at least: it may just have been met */
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT, &result).status, CLAIM_NOT_DECIDED);
    censor(METRIC_RTO, 1000, LIMIT + 1);
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT, &result).status, CLAIM_IMPOSSIBLE);
}
END_TEST

/* Of 1,000, whatever becomes of 20: 980 held are enough, 900 are not; 940 depend on them. */
START_TEST(a_few_that_are_not_over_decide_only_what_is_close)
{
    struct claim claim;
    samples(METRIC_RTO, 980, 0);
    censor(METRIC_RTO, 20, 1);
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT, &result).status, CLAIM_MET);
    result_fini(&result);
    samples(METRIC_RTO, 900, 80);
    censor(METRIC_RTO, 20, 1);
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT, &result).status, CLAIM_NOT_MET);
    result_fini(&result);
    samples(METRIC_RTO, 950, 30);
    censor(METRIC_RTO, 20, 1);
    claim = claim_judge(METRIC_RTO, LIMIT, &result);
    ck_assert_int_eq(claim.status, CLAIM_NOT_DECIDED);
    ck_assert_double_eq_tol(claim.share, 950.0 / 980, 1e-9); /* lost at once: as if never seen */
}
END_TEST

/* 294 or 295 of 315: whatever becomes of the last, the interval straddles 95%, so no longer run
 * would tell. */
START_TEST(what_is_open_and_makes_no_difference_leaves_it_not_shown)
{
    samples(METRIC_RTO, 294, 20);
    censor(METRIC_RTO, 1, 1);
    ck_assert_int_eq(claim_judge(METRIC_RTO, LIMIT, &result).status, CLAIM_NOT_SHOWN);
}
END_TEST

START_TEST(a_mean_that_is_a_bound_can_only_be_too_much)
{
    result.metric[METRIC_MTTR] = (struct quantity){
        .n = 40, .mean = 800, .half_width = 50, .censored = 3, .mean_is_bound = true};
    ck_assert_int_eq(claim_judge_objective(METRIC_MTTR, 900, &result).status, CLAIM_NOT_DECIDED);
    ck_assert_int_eq(claim_judge_objective(METRIC_MTTR, 700, &result).status, CLAIM_NOT_MET);
}
END_TEST

START_TEST(no_claim_and_not_applicable_are_no_verdicts)
{
    char text[TEXT_VALUE];
    struct claim claim;
    samples(METRIC_RTO, 0, 1000);
    claim = claim_judge(METRIC_RTO, -1, &result);
    ck_assert_int_eq(claim.status, CLAIM_NONE);
    claim_limit_text(&claim, text, sizeof text);
    ck_assert_str_eq(text, "-");
    claim = claim_judge(METRIC_RTO, -2, &result);
    ck_assert_int_eq(claim.status, CLAIM_NOT_APPLICABLE);
    claim_limit_text(&claim, text, sizeof text);
    ck_assert_str_eq(text, "N/A");
    ck_assert_int_eq(claim_judge_waits(METRIC_QUEUE_WAIT, -1, &result).status, CLAIM_NONE);
    ck_assert_int_eq(claim_judge_waits(METRIC_QUEUE_WAIT, -2, &result).status,
                     CLAIM_NOT_APPLICABLE);
}
END_TEST

/* The fastest took 2:00.001, which rounds to the documented 2:00: that must not read as equal. */
START_TEST(a_miss_by_a_millisecond_is_told_apart_from_the_limit)
{
    char detail[CLAIM_DETAIL];
    struct claim claim;
    samples(METRIC_RTO, 0, 400);
    claim = claim_judge(METRIC_RTO, LIMIT, &result);
    claim_detail(&claim, &result, detail);
    ck_assert_str_eq(detail, "never below 2:00.001");
}
END_TEST

static enum claim_status objective(enum metric metric, double mean, double half_width, int64_t n,
                                   double limit)
{
    result.metric[metric] = (struct quantity){.n = n, .mean = mean, .half_width = half_width};
    return claim_judge_objective(metric, limit, &result).status;
}

START_TEST(an_objective_is_judged_by_the_whole_interval_of_the_mean)
{
    ck_assert_int_eq(objective(METRIC_MTTR, 800, 100, 40, 900), CLAIM_MET);
    ck_assert_int_eq(objective(METRIC_MTTR, 801, 100, 40, 900), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(objective(METRIC_MTTR, 1000, 100, 40, 900), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(objective(METRIC_MTTR, 1001, 100, 40, 900), CLAIM_NOT_MET);
    ck_assert_int_eq(objective(METRIC_JOB_SUCCESS, 0.75, 0.25, 40, 0.5), CLAIM_MET);
    ck_assert_int_eq(objective(METRIC_JOB_SUCCESS, 0.75, 0.25, 40, 0.51), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(objective(METRIC_JOB_SUCCESS, 0.25, 0.125, 40, 0.5), CLAIM_NOT_MET);
}
END_TEST

/* Every failover of few succeeded: a half width of 0 is not certainty. 0.025^(1/n) >= 0.99 needs
 * n = 368. */
START_TEST(a_perfect_share_of_few_is_not_shown)
{
    ck_assert_int_eq(objective(METRIC_FAILOVER_SUCCESS, 1, 0, 367, 0.99), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(objective(METRIC_FAILOVER_SUCCESS, 1, 0, 368, 0.99), CLAIM_MET);
    ck_assert_int_eq(objective(METRIC_FAILOVER_SUCCESS, 0, 0, 3, 0.99), CLAIM_NOT_MET);
}
END_TEST

START_TEST(an_objective_without_interval_or_value_is_not_shown)
{
    ck_assert_int_eq(objective(METRIC_MTTR, 100, NAN, 1, 900), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(objective(METRIC_MTTR, 0, 0, 0, 900), CLAIM_NOT_SHOWN);
    ck_assert_int_eq(objective(METRIC_MTTR, 100, 1, 40, -1), CLAIM_NONE);
    ck_assert_int_eq(objective(METRIC_AVAILABILITY, 1, 0, 40, NAN), CLAIM_NONE);
}
END_TEST

START_TEST(objectives_are_for_28_days_and_more)
{
    struct report report = {.scenario = &scenario, .result = &result};
    struct claim rows[CLAIM_ROWS];
    scenario.fleet.objectives = (struct objectives){0.99, 0.95, 0.99, 300000, 900000};
    scenario.duration_ms = CLAIM_OBJECTIVE_MS - 1;
    ck_assert_int_eq(claim_rows(&report, rows), 0);
    scenario.duration_ms = CLAIM_OBJECTIVE_MS;
    ck_assert_int_eq(claim_rows(&report, rows), 5);
    ck_assert_int_eq(rows[0].metric, METRIC_AVAILABILITY);
    scenario.n_faults = 1;
    ck_assert_int_eq(claim_rows(&report, rows), CLAIM_FIXED);
    ck_assert_int_eq(rows[0].metric, METRIC_DETECTION);
    ck_assert(!rows[0].objective && rows[11].objective);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("claim");
    TCase *c = tcase_create("verdicts");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_limit_itself_is_within_the_claim);
    tcase_add_test(c, met_needs_72_of_72);
    tcase_add_test(c, a_share_at_the_threshold_is_not_shown);
    tcase_add_test(c, impossible_needs_368_misses_and_no_hit);
    tcase_add_test(c, the_interval_is_the_published_one);
    tcase_add_test(c, a_fault_never_detected_was_not_detected_in_time);
    tcase_add_test(c, a_detection_that_never_came_about_is_impossible_and_says_so);
    tcase_add_test(c, what_never_comes_about_has_no_case);
    tcase_add_test(c, the_end_of_the_run_is_no_recovery);
    tcase_add_test(c, a_few_that_are_not_over_decide_only_what_is_close);
    tcase_add_test(c, a_mean_that_is_a_bound_can_only_be_too_much);
    tcase_add_test(c, what_is_open_and_makes_no_difference_leaves_it_not_shown);
    tcase_add_test(c, no_claim_and_not_applicable_are_no_verdicts);
    tcase_add_test(c, a_miss_by_a_millisecond_is_told_apart_from_the_limit);
    tcase_add_test(c, an_objective_is_judged_by_the_whole_interval_of_the_mean);
    tcase_add_test(c, a_perfect_share_of_few_is_not_shown);
    tcase_add_test(c, an_objective_without_interval_or_value_is_not_shown);
    tcase_add_test(c, objectives_are_for_28_days_and_more);
    suite_add_tcase(s, c);
    return s;
}
