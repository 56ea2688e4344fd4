/* The simulated world as a whole, through the loader and experiment_run. */
#include "helpers.h"
#include "sim/stream.h"
#include "staged.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct staged s;

/* --- sleeping against ticking ---------------------------------------------------------------- */

static const char *pick(struct stream *stream, const char *const *choices, uint32_t n)
{
    return choices[stream_below(stream, n)];
}

#define PICK(stream, ...)                                                                          \
    pick(stream, (const char *const[]){__VA_ARGS__},                                               \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* One fault of a random kind, at a random time, overlapping others or not. */
static void write_fault(FILE *out, struct stream *stream)
{
    static const char *const kinds[] = {
        "host-power-loss, target: %s",
        "os-crash, target: %s",
        "service-stop, target: %s",
        "service-stop, graceful: false, target: %s",
        "network-partition, from: github, target: %s",
        "network-partition, from: monitoring, target: %s",
        "network-partition, from: both, target: %s",
        "cpu-stress, slowdown: 1.7, target: %s",
        "memory-stress, load: 70%, target: %s",
        "disk-stress, slowdown: 3, target: %s",
        "slow-host, slowdown: 2.5, target: %s",
        "slots-lost, slots: 2, target: %s",
        "maintenance, target: %s",
        "clock-jump, jump: 10min, target: %s",
        "monitoring-down",
        "alertmanager-down",
        "github-outage",
        "github-api-errors, error_rate: 40%",
        "token-expired",
    };
    const char *kind = kinds[stream_below(stream, sizeof kinds / sizeof *kinds)];
    fprintf(out, "  - {at: {kind: uniform, min: 0s, max: 5h}, kind: ");
    if (strchr(kind, '%') && strstr(kind, "%s"))
        fprintf(out, "%.*s%s", (int)(strstr(kind, "%s") - kind), kind,
                PICK(stream, "P", "B", "C", "all", "primary"));
    else
        fprintf(out, "%s", kind);
    fprintf(out, "%s",
            PICK(stream, "", ", lasts: 90s", ", lasts: {kind: exponential, mean: 20min}",
                 ", lasts: 90min", ", lasts: 10min, every: 40min, chance: 60%"));
    fprintf(out, "}\n");
}

static void write_fleet(FILE *out, struct stream *stream)
{
    fprintf(out, "  hosts:\n    - {name: P, slots: %s, cores: 16}\n", PICK(stream, "2", "3", "8"));
    fprintf(out, "    - {name: B, tier: backup, slots: 4, cores: 8%s}\n",
            PICK(stream, "", ", mtbf: 3h, mttr: 20min"));
    fprintf(out, "    - {name: C, tier: %s, slots: 2, cores: 8, speed: 0.5}\n",
            PICK(stream, "primary", "backup"));
    fprintf(out, "  workload:\n    arrivals: {rate: %s}\n    on_failure: %s\n",
            PICK(stream, "0.05/min", "0.5/min"), PICK(stream, "fail", "rerun", "resume"));
    fprintf(out, "    fan_out: {kind: geometric, mean: 2}\n    classes:\n"
                 "      - {name: a, duration: {kind: lognormal, p50: 5min, p95: 20min},"
                 " timeout: 30min, cores: 1.5}\n"
                 "      - {name: b, duration: {kind: exponential, mean: 1min}, cores: 2}\n");
    fprintf(out, "  github: {mechanism: %s, selection: %s, lost_slots: %s}\n",
            PICK(stream, "label", "variable", "hook"), PICK(stream, "random", "priority"),
            PICK(stream, "0%", "30%"));
    fprintf(out, "  policy:\n    persist: %s\n    overflow: %s\n    severities: [%s]\n",
            PICK(stream, "0s", "1min", "5min"), PICK(stream, "true", "false"),
            PICK(stream, "critical", "critical, warning"));
    fprintf(out, "    failback: {ramp: %s, clear_for: %s, health_checks: %s}\n",
            PICK(stream, "0s", "10min"), PICK(stream, "0s", "2min"), PICK(stream, "0", "1", "2"));
    fprintf(out, "    guard: {grace: 2min, stale_after: %s, max_failovers_per_hour: %s}\n",
            PICK(stream, "30s", "2min", "5min"), PICK(stream, "1", "3"));
    fprintf(out, "  controller: {github_poll: %s, alerts_poll: %s, health_interval: %s, ",
            PICK(stream, "20s", "45s", "3min"), PICK(stream, "10s", "15s"),
            PICK(stream, "30s", "15min"));
    fprintf(out, "probe_interval: %s, webhook: %s}\n", PICK(stream, "10s", "1min"),
            PICK(stream, "true", "false"));
}

/* A scenario of everything, different for each seed; the caller frees it. */
static char *random_scenario(uint64_t seed)
{
    struct stream stream;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    uint32_t n;
    stream_seed(&stream, seed);
    fprintf(out, "name: random\nduration: 6h\nfleet:\n");
    write_fleet(out, &stream);
    fputs(staged_monitoring, out);
    fprintf(out, "faults:\n");
    for (n = 1 + stream_below(&stream, 5); n > 0; n--)
        write_fault(out, &stream);
    fclose(out);
    return text;
}

static void ck_same_quantity(const struct quantity *a, const struct quantity *b, const char *what)
{
    ck_assert_msg(a->n == b->n && memcmp(a, b, sizeof *a) == 0,
                  "%s: sleeping %lld of mean %g, ticking %lld of mean %g", what, (long long)a->n,
                  a->mean, (long long)b->n, b->mean);
}

static void ck_same(const struct result *a, const struct result *b, const char *text)
{
    int metric;
    ck_assert_msg(a->digest == b->digest, "digests differ for\n%s", text);
    for (metric = 0; metric < METRIC_COUNT; metric++)
        ck_same_quantity(&a->metric[metric], &b->metric[metric], metric_name((enum metric)metric));
}

START_TEST(sleeping_gives_what_ticking_gives)
{
    char *text = random_scenario((uint64_t)_i);
    struct staged ticking;
    staged_load(&s, "%s", text);
    staged_load(&ticking, "%s", text);
    staged_run(&s, (struct experiment){.seed = 1, .replications = 10, .threads = 1});
    staged_run(&ticking, (struct experiment){
                             .seed = 1, .replications = 10, .threads = 1, .always_tick = true});
    ck_same(&s.result, &ticking.result, text);
    ck_assert_int_lt(s.result.events, ticking.result.events);
    staged_fini(&ticking);
    staged_fini(&s);
    free(text);
}
END_TEST

START_TEST(threads_and_repetition_change_nothing)
{
    char *text = random_scenario((uint64_t)_i);
    struct staged again;
    staged_load(&s, "%s", text);
    staged_load(&again, "%s", text);
    staged_run(&s, (struct experiment){.seed = 5, .replications = 30, .threads = 1});
    staged_run(&again, (struct experiment){.seed = 5, .replications = 30, .threads = 1});
    ck_same(&s.result, &again.result, text);
    staged_run(&again, (struct experiment){.seed = 5, .replications = 30, .threads = 2});
    ck_same(&s.result, &again.result, text);
    staged_run(&again, (struct experiment){.seed = 6, .replications = 30, .threads = 2});
    ck_assert_uint_ne(s.result.digest, again.result.digest);
    staged_fini(&again);
    staged_fini(&s);
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("world");
    TCase *same = tcase_create("same");
    tcase_add_loop_test(same, sleeping_gives_what_ticking_gives, 0, 150);
    tcase_add_loop_test(same, threads_and_repetition_change_nothing, 0, 5);
    tcase_set_timeout(same, 120);
    suite_add_tcase(suite, same);
    return suite;
}
