#include "bench_fleet.h"

#include "model/load/loader.h"
#include "sim/experiment/experiment.h"
#include "sim/world/world.h"

#include <gsl/gsl_sort.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define YEAR "scenarios/year.yaml"
#define FAILURE "scenarios/primary-hardware-failure.yaml"
#define FAILURES 1000                                                 /* replications */
#define RULES_SET "fleet.monitoring.rules=tests/bench/host-rules.yml" /* 35 rules on series */
#define RULED_ROUNDS 3

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* `set` may be NULL. */
static struct scenario *load_set(const char *path, const char *set)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_err err = {0};
    if (!scenario || scenario_load(scenario, path, &set, set != NULL, &err) != UND_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(UND_USAGE);
    }
    return scenario;
}

static struct scenario *load(const char *path)
{
    return load_set(path, NULL);
}

/* Seconds by that clock: the wall's, or the processor's, which other work does not slow down. */
static double run(const struct scenario *scenario, int64_t replications, int threads,
                  clockid_t clock)
{
    struct experiment experiment = {.seed = 1, .replications = replications, .threads = threads};
    struct result result;
    struct und_err err = {0};
    double start = now_s(clock), s;
    if (experiment_run(scenario, &experiment, &result, &err) != UND_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(UND_FAILED);
    }
    s = now_s(clock) - start;
    result_fini(&result);
    return s;
}

static void discard(struct scenario *scenario)
{
    scenario_fini(scenario);
    free(scenario);
}

double bench_fleet_event(void)
{
    static struct incident incidents[WORLD_INCIDENTS];
    struct rep_host host[FLEET_HOSTS];
    struct rep rep = {.host = host};
    struct replication found = {
        .rep = &rep, .incidents = incidents, .max_incidents = WORLD_INCIDENTS};
    struct scenario *scenario = load(YEAR);
    struct world *world = world_open(scenario, false);
    struct stream base;
    double start;
    stream_seed(&base, 1);
    start = now_s(CLOCK_THREAD_CPUTIME_ID);
    world_run(world, &base, &found);
    start = now_s(CLOCK_THREAD_CPUTIME_ID) - start;
    world_close(world);
    discard(scenario);
    return start / (double)rep.events * 1e9;
}

/* By the median; `at_least`: the limit is a floor. */
static bool report(json_t *list, const char *name, const char *unit, double *value, int n,
                   double limit, bool at_least)
{
    double median;
    bool pass;
    gsl_sort(value, 1, (size_t)n);
    median = value[n / 2];
    pass = at_least ? median >= limit : median <= limit;
    printf("%-31s %-8s %7.3f %7.3f %7.3f  %s %6.2f  %s\n", name, unit, median, value[0],
           value[n - 1], at_least ? ">=" : "<=", limit, pass ? "ok" : "MISSED");
    json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:b, s:b}", "name", name,
                                          "unit", unit, "median", median, "min", value[0], "max",
                                          value[n - 1], "limit", limit, "at_least", at_least,
                                          "pass", pass));
    return pass;
}

/* The most that was ever resident. Not getrusage's ru_maxrss, which begins with what the process
 * that called exec had resident: below `make bench`, the size of make. */
static double resident_mib(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double kib = NAN;
    while (status && fgets(line, sizeof line, status) && sscanf(line, "VmHWM: %lf", &kib) != 1)
        continue;
    if (status)
        fclose(status);
    return kib / 1024;
}

bool bench_fleet_memory(json_t *list)
{
    struct scenario *scenario;
    double mib;
    mallopt(M_MMAP_THRESHOLD, 64 * 1024); /* as main does */
    scenario = load(FAILURE);
    run(scenario, FAILURES, 2, CLOCK_MONOTONIC);
    mib = resident_mib();
    discard(scenario);
    return report(list, "resident memory, 1000 failures", "MiB", &mib, 1, 8, false);
}

bool bench_fleet_times(json_t *list)
{
    struct scenario *year = load(YEAR), *failure = load(FAILURE);
    double a_year[ROUNDS], failures[ROUNDS];
    bool pass;
    int i;
    for (i = 0; i < ROUNDS; i++) {
        a_year[i] = run(year, 1, 1, CLOCK_PROCESS_CPUTIME_ID);
        failures[i] = run(failure, FAILURES, 2, CLOCK_MONOTONIC);
    }
    pass = report(list, "a simulated year", "s", a_year, ROUNDS, 0.1, false);
    pass = report(list, "1000 hardware failures", "s", failures, ROUNDS, 10, false) && pass;
    discard(year);
    discard(failure);
    return pass;
}

/* In turns, so that both see the same machine. */
bool bench_fleet_rules(json_t *list)
{
    struct scenario *year = load(YEAR), *ruled = load_set(YEAR, RULES_SET);
    double times[RULED_ROUNDS];
    bool pass;
    int i;
    for (i = 0; i < RULED_ROUNDS; i++)
        times[i] = run(ruled, 1, 1, CLOCK_PROCESS_CPUTIME_ID) /
                   (run(year, 4, 1, CLOCK_PROCESS_CPUTIME_ID) / 4);
    pass = report(list, "a year under 35 host rules", "times", times, RULED_ROUNDS, 20, false);
    discard(year);
    discard(ruled);
    return pass;
}

bool bench_fleet_threads(json_t *list)
{
    struct scenario *scenario = load(FAILURE);
    double ratio[ROUNDS];
    bool pass = true;
    int i;
    for (i = 0; i < ROUNDS; i++) {
        double one = run(scenario, 2 * FAILURES, 1, CLOCK_MONOTONIC);
        ratio[i] = one / run(scenario, 2 * FAILURES, 2, CLOCK_MONOTONIC);
    }
    if (sysconf(_SC_NPROCESSORS_ONLN) >= 2)
        pass = report(list, "two threads against one", "times", ratio, ROUNDS, 1.85, true);
    discard(scenario);
    return pass;
}
