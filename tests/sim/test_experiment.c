/* Experiments: warm-up, long runs, precision, intervals, common random numbers. */
#include "model/load/loader.h"
#include "sim/world/world.h"
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct scenario_text s;

#define SERVICE_MS (6.0 * MINUTE)

static double mm1_wait(double load)
{
    return load / (1 - load) * SERVICE_MS;
}

/* --- warm-up ---------------------------------------------------------------------------------- */

/* 50 servers, empty at first, jobs of 10 h: it takes a few of those to fill them to 90%. */
#define SLOW_START                                                                                 \
    "name: slow\n"                                                                                 \
    "duration: 30d\n"                                                                              \
    "warmup: %s\n"                                                                                 \
    "fleet:\n"                                                                                     \
    "  hosts: [{name: P, tier: primary, slots: 50}]\n"                                             \
    "  github: ideal\n"                                                                            \
    "  workload:\n"                                                                                \
    "    arrivals: {kind: poisson, rate: 4/h}\n"                                                   \
    "    classes: [{name: x, weight: 1, duration: {kind: exponential, mean: 10h}}]\n"

/* |z| <= 3.3: one seed in 1,000 would fail. */
START_TEST(warmup_auto_takes_out_the_slow_start)
{
    const struct experiment experiment = {.seed = 2, .replications = 100};
    const struct quantity *q = &s.result.metric[METRIC_UTILIZATION];
    scenario_text_load(&s, SLOW_START, "0s");
    scenario_text_run(&s, experiment);
    ck_assert_double_lt((q->mean - 0.8) / (q->half_width / 1.98), -3.3);
    ck_assert_int_eq(s.result.warmup_ms, 0);
    scenario_text_fini(&s);
    scenario_text_load(&s, SLOW_START, "auto");
    scenario_text_run(&s, experiment);
    ck_assert_double_le(fabs(q->mean - 0.8) / (q->half_width / 1.98), 3.3);
    ck_assert(s.result.warmup_auto && !s.result.warmup_unsettled);
    ck_assert_int_ge(s.result.warmup_ms, 10 * HOUR);
    ck_assert_int_le(s.result.warmup_ms, 5 * DAY);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(warmup_auto_depends_on_seed_alone)
{
    int64_t warmup_ms;
    uint64_t digest;
    scenario_text_load(&s, SLOW_START, "auto");
    scenario_text_run(&s, (struct experiment){.seed = 3, .replications = 10, .threads = 1});
    warmup_ms = s.result.warmup_ms;
    digest = s.result.digest;
    scenario_text_run(&s, (struct experiment){.seed = 3, .replications = 10, .threads = 2});
    ck_assert_int_eq(s.result.warmup_ms, warmup_ms);
    ck_assert_uint_eq(s.result.digest, digest);
    scenario_text_run(&s, (struct experiment){.seed = 4, .replications = 10, .threads = 2});
    ck_assert_int_ne(s.result.warmup_ms, warmup_ms);
    scenario_text_fini(&s);
}
END_TEST

/* The day itself, quiet at night and busy at noon, must not be taken for a start, whenever the
 * scenario begins and ends. */
START_TEST(warmup_auto_does_not_drop_the_night)
{
    static const char *const when[] = {"duration: 3d\nstart: 0s", "duration: 10d\nstart: 6h",
                                       "duration: 14d12h\nstart: 12h", "duration: 7d\nstart: 18h"};
    char rest[100];
    size_t i;
    for (i = 0; i < sizeof when / sizeof *when; i++) {
        snprintf(rest, sizeof rest, "%s\nwarmup: auto\n", when[i]);
        scenario_text_load(&s, SCENARIO_TEXT_MM1, "5/h, amplitude: 80%", rest);
        scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 2});
        ck_assert_msg(!s.result.warmup_unsettled && s.result.warmup_ms <= DAY / 2, "%s: %lld ms%s",
                      when[i], (long long)s.result.warmup_ms,
                      s.result.warmup_unsettled ? ", not settled" : "");
        scenario_text_fini(&s);
    }
}
END_TEST

/* And a start must not hide behind the day. */
START_TEST(warmup_auto_sees_a_slow_start_through_the_day)
{
    scenario_text_load(&s, SLOW_START, "auto");
    s.scenario.fleet.workload.arrivals.amplitude = 0.5;
    scenario_text_run(&s, (struct experiment){.seed = 2, .replications = 10});
    ck_assert(!s.result.warmup_unsettled);
    ck_assert_int_ge(s.result.warmup_ms, 5 * HOUR);
    ck_assert_int_le(s.result.warmup_ms, 5 * DAY);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(warmup_auto_drops_half_at_most_and_says_that_it_is_too_short)
{
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "9.9/h", "duration: 5d\nwarmup: auto\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 10});
    ck_assert(s.result.warmup_unsettled);
    ck_assert_int_eq(s.result.warmup_ms, 5 * DAY / 2);
    scenario_text_fini(&s);
}
END_TEST

/* --- one long run ----------------------------------------------------------------------------- */

/* 200 experiments of a single replication, 17,000 jobs each; of 95% intervals 180 to 198 hold the
 * truth in all but one seed in 1,000. */
START_TEST(batch_means_of_one_run_cover_as_often_as_they_say)
{
    const struct quantity *wait = &s.result.metric[METRIC_QUEUE_WAIT];
    const struct quantity *busy = &s.result.metric[METRIC_UTILIZATION];
    int seed, waits = 0, utilizations = 0;
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "7/h", "duration: 105d\nwarmup: 5d\n");
    for (seed = 1; seed <= 200; seed++) {
        scenario_text_run(
            &s, (struct experiment){.seed = (uint64_t)seed, .replications = 1, .threads = 1});
        ck_assert_int_eq(wait->method, METHOD_BATCH_MEANS);
        waits += fabs(wait->mean - mm1_wait(0.7)) <= wait->half_width;
        utilizations += fabs(busy->mean - 0.7) <= busy->half_width;
    }
    ck_assert_int_ge(waits, 180);
    ck_assert_int_le(waits, 198);
    ck_assert_int_ge(utilizations, 180);
    ck_assert_int_le(utilizations, 198);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(many_replications_need_no_batches)
{
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "7/h", "duration: 5d\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 20});
    ck_assert_int_eq(s.result.metric[METRIC_QUEUE_WAIT].method, METHOD_REPLICATIONS);
    ck_assert_double_gt(s.result.metric[METRIC_QUEUE_WAIT].half_width, 0);
    scenario_text_fini(&s);
}
END_TEST

/* What a run of a few jobs is worth cannot be said. */
START_TEST(a_run_too_short_for_batches_has_no_width)
{
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "9/h", "duration: 2h\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1});
    ck_assert(isnan(s.result.metric[METRIC_QUEUE_WAIT].half_width) ||
              s.result.metric[METRIC_QUEUE_WAIT].half_width >
                  0.2 * s.result.metric[METRIC_QUEUE_WAIT].mean);
    scenario_text_fini(&s);
}
END_TEST

/* --- precision -------------------------------------------------------------------------------- */

START_TEST(precision_is_that_of_the_reported_interval)
{
    const struct quantity *q = &s.result.metric[METRIC_QUEUE_WAIT];
    struct experiment experiment = {
        .seed = 1, .replications = 5, .precision = 0.03, .precision_of = METRIC_QUEUE_WAIT};
    int64_t replications;
    uint64_t digest;
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "7/h", "duration: 10d\nwarmup: 1d\n");
    experiment.threads = 1;
    scenario_text_run(&s, experiment);
    replications = s.result.replications;
    digest = s.result.digest;
    ck_assert_int_ge(replications, 34); /* 1 / precision */
    ck_assert_double_le(q->half_width, 0.03 * q->mean);
    ck_assert_double_eq_tol(q->half_width / q->mean, s.result.precision.reached, 1e-9);
    experiment.threads = 2;
    scenario_text_run(&s, experiment);
    ck_assert_int_eq(s.result.replications, replications);
    ck_assert_uint_eq(s.result.digest, digest);
    scenario_text_fini(&s);
}
END_TEST

/* However little the first replications differ. */
START_TEST(precision_has_a_fixed_minimum)
{
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "7/h", "duration: 100d\n");
    scenario_text_run(&s, (struct experiment){.seed = 1,
                                              .replications = 2,
                                              .precision = 0.05,
                                              .precision_of = METRIC_UTILIZATION});
    ck_assert_int_ge(s.result.replications, EXPERIMENT_PRECISION_REPLICATIONS);
    ck_assert_double_le(s.result.precision.reached, 0.05);
    scenario_text_run(&s, (struct experiment){.seed = 1,
                                              .replications = 2,
                                              .precision = 0.01,
                                              .precision_of = METRIC_UTILIZATION});
    ck_assert_int_ge(s.result.replications, 100);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(precision_out_of_reach_ends_at_the_ceiling)
{
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "1/d", "duration: 12h\n");
    scenario_text_run(&s, (struct experiment){.seed = 1,
                                              .replications = 100,
                                              .precision = 0.0001,
                                              .precision_of = METRIC_JOBS_DONE});
    ck_assert_int_eq(s.result.replications, EXPERIMENT_PRECISION_CEILING);
    ck_assert_double_gt(s.result.precision.reached, 0.0001);
    scenario_text_run(
        &s, (struct experiment){.seed = 1, .precision = 0.01, .precision_of = METRIC_FAILOVER});
    ck_assert_int_le(s.result.replications, 200); /* nothing to see, however long */
    ck_assert(isnan(s.result.precision.reached));
    scenario_text_fini(&s);
}
END_TEST

/* --- intervals of quantiles ------------------------------------------------------------------- */

/* Waits of one replication are correlated: taken for independent, they would cover 60%. 300
 * experiments of 30 replications; 273 to 297 hold the truth in all but one seed in 1,000. */
START_TEST(quantile_intervals_of_waits_cover_as_often_as_they_say)
{
    const double load = 0.7, rate = (1 - load) / SERVICE_MS;
    const double p50 = log(load / 0.5) / rate, p95 = log(load / 0.05) / rate;
    const struct quantity *q = &s.result.metric[METRIC_QUEUE_WAIT];
    int seed, medians = 0, tails = 0;
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "7/h", "duration: 5d\nwarmup: 1d\n");
    for (seed = 1; seed <= 300; seed++) {
        scenario_text_run(
            &s, (struct experiment){.seed = (uint64_t)seed, .replications = 30, .threads = 1});
        ck_assert(q->p50_low <= q->p50 && q->p50 <= q->p50_high);
        ck_assert(q->p95_low <= q->p95 && q->p95 <= q->p95_high);
        medians += q->p50_low <= p50 && p50 <= q->p50_high;
        tails += q->p95_low <= p95 && p95 <= q->p95_high;
    }
    ck_assert_int_ge(medians, 273);
    ck_assert_int_le(medians, 297);
    ck_assert_int_ge(tails, 273);
    ck_assert_int_le(tails, 297);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(quantile_verdicts_have_a_half_width)
{
    const struct quantity *q = &s.result.metric[METRIC_QUEUE_WAIT];
    scenario_text_load(&s, SCENARIO_TEXT_MM1, "7/h",
                       "duration: 5d\n"
                       "expect:\n"
                       "  - {metric: queue_wait, quantile: p95, op: '<', value: 2h}\n"
                       "  - {metric: jobs_done, quantile: p50, op: '>', value: 0}\n"
                       "  - {metric: queue_wait, quantile: 100%, op: '<', value: 10d}\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 30});
    ck_assert_double_eq(s.result.verdicts[0].value, q->p95);
    ck_assert_double_eq(s.result.verdicts[0].half_width, (q->p95_high - q->p95_low) / 2);
    ck_assert_double_gt(s.result.verdicts[0].half_width, 0);
    ck_assert_double_gt(s.result.verdicts[1].half_width, 0);
    ck_assert_double_eq(s.result.verdicts[2].value, q->max);
    /* The greatest is exactly that of what was simulated. */
    ck_assert_double_eq(s.result.verdicts[2].half_width, 0);
    scenario_text_fini(&s);
}
END_TEST

/* --- common random numbers -------------------------------------------------------------------- */

static struct world *world_after(const char *hosts, const char *rest)
{
    static struct rep_host host[FLEET_HOSTS];
    static struct incident incidents[WORLD_INCIDENTS];
    struct rep rep = {.host = host};
    struct replication found = {
        .rep = &rep, .incidents = incidents, .max_incidents = WORLD_INCIDENTS};
    struct stream base;
    struct world *world;
    scenario_text_load(
        &s,
        "name: twins\nduration: 10d\nfleet:\n  hosts:\n%s"
        "  workload:\n"
        "    arrivals: {kind: poisson, rate: 20/h, amplitude: 50%%}\n"
        "    fan_out: {kind: geometric, mean: 2}\n"
        "    queue: {patience: {kind: exponential, mean: 8h}}\n"
        "    classes:\n"
        "      - {name: x, weight: 1, duration: {kind: lognormal, p50: 5min, p95: 8min}}\n"
        "      - {name: y, weight: 2, duration: {kind: erlang, mean: 9min, k: 3}}\n"
        "%s",
        hosts, rest);
    stream_seed(&base, 7);
    world = world_open(&s.scenario, false);
    world_run(world, &base, &found);
    ck_assert_int_eq(rep.broken, INVARIANT_HOLDS);
    return world;
}

/* A stream that ends where its twin ends has given the same draws: every stream is of one purpose,
 * and the number of its draws is how far it has come. */
START_TEST(other_failures_slots_and_policies_draw_the_same_jobs)
{
    static const struct {
        const char *hosts, *rest;
    } variants[] = {
        {"    - {name: P, tier: primary, slots: 8, mtbf: 20h, mttr: 2h}\n", ""},
        {"    - {name: P, tier: primary, slots: 8, mtbf: 2h, mttr: 30min}\n", ""},
        {"    - {name: P, tier: primary, slots: 12}\n"
         "    - {name: B, tier: backup, slots: 4, speed: 0.5}\n",
         "  github: {}\n  monitoring: {rules: [{alert: Offline, signal: up, for: 2min}]}\n"
         "  policy: {persist: 1min}\n"
         "faults:\n  - {kind: os-crash, target: P, at: 3h, every: 9h, lasts: 10min}\n"},
        {"    - {name: P, tier: primary, slots: 12}\n"
         "    - {name: B, tier: backup, slots: 4, speed: 0.5}\n",
         "  github: {mechanism: variable, selection: priority}\n"
         "  monitoring: {rules: [{alert: Offline, signal: up, for: 2min}]}\n"
         "  policy: {persist: 9min, overflow: true}\n"},
    };
    static const enum purpose purposes[] = {STREAM_ARRIVAL, STREAM_FAN_OUT, STREAM_CLASS,
                                            STREAM_PATIENCE};
    struct scenario_text first;
    struct world *world = world_after("    - {name: P, tier: primary, slots: 8}\n", "");
    size_t i, k;
    first = s;
    for (i = 0; i < sizeof variants / sizeof *variants; i++) {
        struct world *other = world_after(variants[i].hosts, variants[i].rest);
        ck_assert_uint_ne(other->digest, world->digest);
        for (k = 0; k < sizeof purposes / sizeof *purposes; k++)
            ck_assert_mem_eq(&other->streams[purposes[k]], &world->streams[purposes[k]],
                             sizeof(struct stream));
        for (k = 0; k < 2; k++) {
            ck_assert_mem_eq(&other->workload.duration[k].stream,
                             &world->workload.duration[k].stream, sizeof(struct stream));
            ck_assert_mem_eq(other->workload.duration[k].ahead_ms,
                             world->workload.duration[k].ahead_ms,
                             sizeof world->workload.duration[k].ahead_ms);
        }
        world_close(other);
        scenario_text_fini(&s);
    }
    world_close(world);
    scenario_text_fini(&first);
}
END_TEST

/* More than could be kept in memory is refused, not tried. */
START_TEST(replications_beyond_all_memory_are_refused)
{
    struct und_err err = {0};
    struct result result;
    scenario_text_load(&s, "name: many\n"
                           "fleet:\n"
                           "  hosts: [{name: P, tier: primary, slots: 4, mtbf: 1d, mttr: 1h}]\n"
                           "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 1min}]}\n"
                           "duration: 1d\n"
                           "replications: 1000000\n");
    ck_assert_int_eq(experiment_run(&s.scenario, &(struct experiment){.seed = 1}, &result, &err),
                     UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "replications: got 1000000, want at most "));
    scenario_text_fini(&s);
}
END_TEST

START_TEST(more_replications_than_the_schema_has_are_refused)
{
    const char text[] = "name: many\nfleet: {hosts: [{name: P, tier: primary, slots: 4}],\n"
                        "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 1min}]}}\n"
                        "duration: 1d\nreplications: 10000000\n";
    struct und_err err = {0};
    ck_assert_int_eq(scenario_parse(&s.scenario, "many.yaml", text, strlen(text), &err), UND_USAGE);
    ck_assert_ptr_nonnull(
        strstr(err.text, "replications: got 10000000, want a whole number, 0..1000000"));
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("experiment");
    TCase *warmup = tcase_create("warmup");
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(warmup, 120);
    tcase_add_test(warmup, warmup_auto_takes_out_the_slow_start);
    tcase_add_test(warmup, warmup_auto_depends_on_seed_alone);
    tcase_add_test(warmup, warmup_auto_does_not_drop_the_night);
    tcase_add_test(warmup, warmup_auto_sees_a_slow_start_through_the_day);
    tcase_add_test(warmup, warmup_auto_drops_half_at_most_and_says_that_it_is_too_short);
    suite_add_tcase(suite, warmup);
    tcase_set_timeout(runs, 240);
    tcase_add_test(runs, batch_means_of_one_run_cover_as_often_as_they_say);
    tcase_add_test(runs, many_replications_need_no_batches);
    tcase_add_test(runs, a_run_too_short_for_batches_has_no_width);
    tcase_add_test(runs, precision_is_that_of_the_reported_interval);
    tcase_add_test(runs, precision_has_a_fixed_minimum);
    tcase_add_test(runs, precision_out_of_reach_ends_at_the_ceiling);
    tcase_add_test(runs, quantile_intervals_of_waits_cover_as_often_as_they_say);
    tcase_add_test(runs, quantile_verdicts_have_a_half_width);
    tcase_add_test(runs, replications_beyond_all_memory_are_refused);
    tcase_add_test(runs, more_replications_than_the_schema_has_are_refused);
    tcase_add_test(runs, other_failures_slots_and_policies_draw_the_same_jobs);
    suite_add_tcase(suite, runs);
    return suite;
}
