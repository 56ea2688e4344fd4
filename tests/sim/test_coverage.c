/*
 * Do 95% intervals hold the truth 95% of the time? A thousand experiments of their own seed, each
 * with the intervals that experiment_run reports. The replications are long enough for their means
 * to be near normal; short ones of a skewed measure hold it less often, as they should.
 *
 * Of 1,000 true 95% intervals, 936 to 963 hold the truth but for 4.2% of the time: five measures
 * would give a false alarm at most 19% of the time, were the seeds not fixed.
 */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"
#include "tests/support/theory_exact.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#ifdef HELPER_SANITIZED /* looks for other errors, and takes its time */
#define EXPERIMENTS 100
#define FEWEST 88
#define MOST 99
#else
#define EXPERIMENTS 1000
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
    tcase_add_test(c, the_limits_are_those_of_true_intervals);
    suite_add_tcase(s, c);
    return s;
}
