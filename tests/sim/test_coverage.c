/*
 * Do 95% intervals hold the truth 95% of the time? A thousand experiments of their own seed, each
 * with the intervals that experiment_run reports. The replications are long enough for their means
 * to be near normal; short ones of a skewed measure hold it less often, as they should.
 *
 * Of 1,000 true 95% intervals, 936 to 963 hold the truth but for 4.2% of the time: five measures
 * would give a false alarm at most 19% of the time, were the seeds not fixed. Three harder ones
 * take minutes and are tried 200 times (183 to 196 hold it but for 4.3% of the time), or as often
 * as COVERAGE says; over 1,000 they held 938 (a mean wait at 90% load after `warmup: auto`), 938 (a
 * mean RTO of 20 failures) and 955 (a mean over four long runs).
 */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"
#include "tests/support/theory_exact.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#ifdef HELPER_SANITIZED /* looks for other errors, and takes its time */
#define EXPERIMENTS 100
#define HARD 20
#define FEWEST 88
#define MOST 99
#else
#define EXPERIMENTS 1000
#define HARD 200
#define FEWEST 936
#define MOST 963
#endif

struct claim {
    enum metric metric;
    double truth;
    int held;
};

static bool holds(const struct quantity *quantity, double truth)
{
    return fabs(quantity->mean - truth) <= quantity->half_width;
}

static void count(const char *text, int64_t replications, struct claim *claims, int n)
{
    static struct scenario_text staged;
    uint64_t seed;
    int i;
    scenario_text_load(&staged, "%s", text);
    for (seed = 1; seed <= EXPERIMENTS; seed++) {
        scenario_text_run(&staged, (struct experiment){.seed = seed, .replications = replications});
        for (i = 0; i < n; i++)
            claims[i].held += holds(&staged.result.metric[claims[i].metric], claims[i].truth);
    }
    scenario_text_fini(&staged);
    for (i = 0; i < n; i++)
        printf("%s: %d of %d intervals hold %g\n", metric_name(claims[i].metric), claims[i].held,
               EXPERIMENTS, claims[i].truth);
    fflush(stdout);
    for (i = 0; i < n; i++)
        ck_assert_msg(claims[i].held >= FEWEST && claims[i].held <= MOST, "%s: got %d, want %d..%d",
                      metric_name(claims[i].metric), claims[i].held, FEWEST, MOST);
}

/* Services of 100 s; after the first hour 2,000 jobs a replication. */
START_TEST(waits_and_shares_of_a_queue)
{
    struct exact exact = exact_mmc(1, 0.4, 1);
    struct claim claims[] = {{METRIC_QUEUE_WAIT, 100000 * exact.mean_wait, 0},
                             {METRIC_QUEUE_LENGTH, exact.mean_queue, 0},
                             {METRIC_WAIT_PROBABILITY, exact.wait_probability, 0},
                             {METRIC_UTILIZATION, exact.utilization, 0}};
    count("{name: queue, duration: 503600s, warmup: 1h, fleet: {github: ideal, hosts: [{name: A, "
          "slots: 1}],"
          " workload: {arrivals: {rate: 0.004/s},"
          " classes: [{duration: {kind: exponential, mean: 100s}}]}}}",
          20, claims, 4);
}
END_TEST

/* A hundred failures a replication. */
START_TEST(availability_of_a_host)
{
    struct claim claims[] = {{METRIC_AVAILABILITY, 0.75, 0}};
    count("{name: host, duration: 402h, warmup: 2h, fleet: {github: ideal,"
          "hosts: [{name: A, slots: 1, mtbf: 3h, mttr: 1h}],"
          " workload: {arrivals: {kind: none}}}}",
          20, claims, 1);
}
END_TEST

/* ---- hard ones ---- */

static void count_hard(const char *text, int64_t replications, struct claim claim)
{
    static struct scenario_text staged;
    const char *asked = getenv("COVERAGE");
    int experiments = asked ? atoi(asked) : HARD, fewest, most;
    double n = experiments;
    uint64_t seed;
    scenario_text_load(&staged, "%s", text);
    for (seed = 1; seed <= (uint64_t)experiments; seed++) {
        scenario_text_run(&staged, (struct experiment){.seed = seed, .replications = replications});
        claim.held += holds(&staged.result.metric[claim.metric], claim.truth);
    }
    scenario_text_fini(&staged);
    printf("%s: %d of %d intervals hold %g\n", metric_name(claim.metric), claim.held, experiments,
           claim.truth);
    fflush(stdout);
    for (fewest = 0; gsl_cdf_binomial_P((unsigned)fewest, 0.95, (unsigned)n) < 0.025; fewest++)
        ;
    for (most = experiments; gsl_cdf_binomial_Q((unsigned)most - 1, 0.95, (unsigned)n) < 0.025;)
        most--;
    ck_assert_msg(claim.held >= fewest && claim.held <= most, "got %d, want %d..%d", claim.held,
                  fewest, most);
}

#define QUEUE(duration, warmup)                                                                    \
    "{name: queue, duration: " duration ", warmup: " warmup ", fleet: {github: ideal,"             \
    " hosts: [{name: A, slots: 1}], workload: {arrivals: {rate: 0.009/s},"                         \
    " classes: [{duration: {kind: exponential, mean: 100s}}]}}}"

/* 7,776 jobs a replication, of which the first thousand must go. */
START_TEST(a_wait_at_90_percent_after_an_automatic_warm_up)
{
    double truth = 100000 * exact_mmc(1, 0.9, 1).mean_wait;
    count_hard(QUEUE("864000s", "auto"), 20, (struct claim){METRIC_QUEUE_WAIT, truth, 0});
}
END_TEST

/* Its distribution is skewed: the 5% point is at 52 s, the median at 2:18, the 95% point at 5:27.
 * The truth is the mean of 283,292 failures, +- 0.2%. */
START_TEST(an_rto_of_few_failures)
{
    count_hard("{name: rto, duration: 6h, fleet: {hosts: [{name: P, tier: primary, slots: 8},"
               " {name: B, tier: backup, slots: 4}], github: {}, workload: {arrivals: {rate: 60/h},"
               " classes: [{duration: {kind: lognormal, p50: 6min, p95: 20min}}]}},"
               " faults: [{at: 1h, kind: host-power-loss, target: P, lasts: 1h}]}",
               20, (struct claim){METRIC_RTO, 153866, 0});
}
END_TEST

START_TEST(a_mean_over_four_long_runs)
{
    double truth = 100000 * exact_mmc(1, 0.9, 1).mean_wait;
    count_hard(QUEUE("8640000s", "2d"), 4, (struct claim){METRIC_QUEUE_WAIT, truth, 0});
}
END_TEST

START_TEST(the_limits_are_those_of_true_intervals)
{
    double outside = gsl_cdf_binomial_P(935, 0.95, 1000) + gsl_cdf_binomial_Q(963, 0.95, 1000);
    ck_assert_double_eq_tol(outside, 0.0419, 5e-5);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("coverage");
    TCase *c = tcase_create("intervals");
    tcase_set_timeout(c, 0);
    tcase_add_test(c, waits_and_shares_of_a_queue);
    tcase_add_test(c, availability_of_a_host);
    tcase_add_test(c, a_wait_at_90_percent_after_an_automatic_warm_up);
    tcase_add_test(c, an_rto_of_few_failures);
    tcase_add_test(c, a_mean_over_four_long_runs);
    tcase_add_test(c, the_limits_are_those_of_true_intervals);
    suite_add_tcase(s, c);
    return s;
}
