#include "theory_case.h"
#include "helpers.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "model/stats/stats.h"
#include "sim/experiment/experiment.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define UNIT_MS (1000.0 * THEORY_UNIT_S)
#define REPLICATIONS 400
#define FEWEST 16 /* more, as the width of an interval from few replications is itself random */
#define GROUPS 40 /* experiments, for what has no interval within one */
#define WIDE_LOAD 0.95

#ifdef HELPER_SANITIZED
#define PRECISION 0.05
#else
#define PRECISION 0.01
#endif

/* Check forks each test: what the summary adds up is shared memory. */
static struct totals {
    int cases, checks, failed;
    double worst_z, worst_width;
    double squares; /* of the z of each case's first check: those are independent */
    double cpu_s, wall_s;
    char worst[80], widest[80];
} * totals;

static struct {
    int failed;
    char first[256];
} unsettled;

static const char *const names[THEORY_MEASURES] = {
    [THEORY_WAIT] = "mean wait",
    [THEORY_WAITS] = "P(wait)",
    [THEORY_WAIT_P50] = "wait p50",
    [THEORY_WAIT_P95] = "wait p95",
    [THEORY_WAIT_P99] = "wait p99",
    [THEORY_QUEUE] = "queue",
    [THEORY_NUMBER] = "number",
    [THEORY_UTILIZATION] = "utilization",
    [THEORY_HOST_UTILIZATION] = "host utilization",
    [THEORY_LOST] = "lost",
    [THEORY_SUCCESS] = "success",
    [THEORY_UNAVAILABLE] = "unavailable",
    [THEORY_HOST_UNAVAILABLE] = "host unavailable",
};

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void theory_init(void)
{
    totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    UND_ASSERT(totals != MAP_FAILED);
}

static double wanted_precision(void)
{
    const char *text = getenv("THEORY_PRECISION");
    double precision = PRECISION;
    if (text && *text)
        precision = atof(text) * (strchr(text, '%') ? 0.01 : 1);
    ck_assert_msg(precision > 0 && precision < 1, "THEORY_PRECISION: got %s, want e.g. 0.3%%",
                  text);
    return precision;
}

const char *theory_text(const char *format, ...)
{
    static char text[16][1024];
    static unsigned turn;
    char *buffer = text[turn++ % 16];
    va_list arguments;
    va_start(arguments, format);
    ck_assert_int_lt(vsnprintf(buffer, sizeof text[0], format, arguments), sizeof text[0]);
    va_end(arguments);
    return buffer;
}

static bool has_cv2(enum dist_kind kind)
{
    return kind != DIST_FIXED && kind != DIST_EXPONENTIAL;
}

const char *theory_yaml(struct theory_dist dist)
{
    const char *cv2 = has_cv2(dist.kind) ? theory_text(", cv2: %.15g", dist.cv2) : "";
    return theory_text("{kind: %s, mean: %.12gs%s}", dist_kind_name(dist.kind),
                       dist.mean * THEORY_UNIT_S, cv2);
}

struct dist theory_resolve(struct theory_dist dist)
{
    struct und_err err = {0};
    struct dist resolved;
    dist_init(&resolved);
    resolved.kind = dist.kind;
    resolved.mean_ms = dist.mean;
    if (has_cv2(dist.kind))
        resolved.cv2 = dist.cv2;
    ck_assert_msg(dist_resolve(&resolved, "here", &err) == UND_OK, "%s", err.text);
    return resolved;
}

/* ---- running ---- */

static const char * or (const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* The caller frees. */
static char *write_scenario(const struct theory_system *s, double warmup, double length)
{
    char *text;
    size_t size;
    HELPER_CAPTURE(
        text, size,
        fprintf(out,
                "{name: theory, duration: %.0fs, warmup: %.0fs%s%s,\n fleet: {hosts: [%s],\n"
                "  workload: {arrivals: %s,\n   classes: [%s]%s%s}%s%s}}\n",
                length * THEORY_UNIT_S, warmup * THEORY_UNIT_S, s->scenario ? ", " : "",
                or (s->scenario, ""), or (s->hosts, theory_text("{name: A, slots: %d}", s->slots)),
                or (s->arrivals, theory_text("{rate: %.9f/d}", s->arrival * 86400 / THEORY_UNIT_S)),
                or (s->classes, theory_text("{duration: %s}",
                                            or (s->service, "{kind: exponential, mean: 100s}"))),
                s->workload ? ",\n   " : "", or (s->workload, ""), ",\n  ",
                or (s->fleet, "github: ideal")));
    return text;
}

/* The same system draws the same numbers wherever it stands in the suite (FNV-1a). */
static uint64_t seed_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3ULL;
    return hash;
}

/* The caller finishes it. */
static struct scenario *prepare(const struct theory_system *system, int64_t *replications)
{
    static struct scenario scenario;
    struct und_err err = {0};
    double usual = system->replications ? system->replications : REPLICATIONS;
    double effort = 0.01 / wanted_precision();
    double warmup =
        system->length > 0 || system->warmup > 0 ? system->warmup : system->span / usual / 10;
    double length = system->length > 0 ? system->length : warmup + system->span / usual;
    char *text = write_scenario(system, warmup, length);
    *replications = llround(usual * effort * effort) + FEWEST;
    if (getenv("THEORY"))
        printf("%s(seed %llu)\n", text, (unsigned long long)seed_of(system->name));
    ck_assert_msg(scenario_parse(&scenario, "tests/theory.yaml", text, strlen(text), &err) ==
                      UND_OK,
                  "%s: %s\n%s", system->name, err.text, text);
    free(text);
    return &scenario;
}

static struct result run(const struct scenario *scenario, uint64_t seed, int64_t replications)
{
    struct experiment experiment = {.seed = seed, .replications = replications};
    struct und_err err = {0};
    struct result result;
    ck_assert_msg(experiment_run(scenario, &experiment, &result, &err) == UND_OK, "%s", err.text);
    ck_assert(!result.unstable);
    return result;
}

/* ---- measuring ---- */

static struct estimate of(const struct quantity *quantity, int64_t replications, double sign,
                          double plus)
{
    return (struct estimate){.n = replications,
                             .mean = sign * quantity->mean + plus,
                             .half_width = quantity->half_width};
}

static struct estimate number_in_system(const struct result *result, double slots)
{
    double *number = calloc((size_t)result->replications, sizeof *number);
    struct estimate estimate;
    int64_t r;
    for (r = 0; r < result->replications; r++)
        number[r] = result->by_replication[METRIC_QUEUE_LENGTH][r] +
                    slots * result->by_replication[METRIC_UTILIZATION][r];
    estimate = stats_mean(number, (size_t)result->replications, STATS_CONFIDENCE);
    free(number);
    return estimate;
}

static double wait_quantile(const struct result *result, enum theory_measure measure)
{
    const struct quantity *wait = &result->metric[METRIC_QUEUE_WAIT];
    return (measure == THEORY_WAIT_P50   ? wait->p50
            : measure == THEORY_WAIT_P95 ? wait->p95
                                         : wait->p99) /
           UNIT_MS;
}

/* What the program says, with the interval that the program gives. */
static struct estimate measure(const struct result *result, const struct scenario *scenario,
                               enum theory_measure measure)
{
    const struct quantity *metric = result->metric;
    int64_t n = result->replications;
    struct estimate wait;
    switch (measure) {
    case THEORY_WAIT:
        wait = of(&metric[METRIC_QUEUE_WAIT], n, 1, 0);
        wait.mean /= UNIT_MS;
        wait.half_width /= UNIT_MS;
        return wait;
    case THEORY_WAITS:
        return of(&metric[METRIC_WAIT_PROBABILITY], n, 1, 0);
    case THEORY_QUEUE:
        return of(&metric[METRIC_QUEUE_LENGTH], n, 1, 0);
    case THEORY_NUMBER:
        return number_in_system(result, fleet_slots(&scenario->fleet));
    case THEORY_UTILIZATION:
        return of(&metric[METRIC_UTILIZATION], n, 1, 0);
    case THEORY_HOST_UTILIZATION:
        return of(&result->hosts[0].utilization, n, 1, 0);
    case THEORY_LOST:
        return of(&metric[METRIC_JOB_SUCCESS], n, -1, 1);
    case THEORY_SUCCESS:
        return of(&metric[METRIC_JOB_SUCCESS], n, 1, 0);
    case THEORY_UNAVAILABLE:
        return of(&metric[METRIC_AVAILABILITY], n, -1, 1);
    case THEORY_HOST_UNAVAILABLE:
        return of(&result->hosts[0].availability, n, -1, 1);
    case THEORY_END:
    case THEORY_WAIT_P50:
    case THEORY_WAIT_P95:
    case THEORY_WAIT_P99:
    case THEORY_MEASURES:
        break;
    }
    ck_abort_msg("no such measure");
    return (struct estimate){0};
}

/* Of the standard normal distribution; the program's half width is Student's. */
static double deviation(const struct estimate *got, double exact)
{
    double freedom = (double)got->n - 1;
    double error = got->half_width / gsl_cdf_tdist_Pinv((1 + STATS_CONFIDENCE) / 2, freedom);
    double t = (got->mean - exact) / error;
    return copysign(gsl_cdf_ugaussian_Qinv(gsl_cdf_tdist_Q(fabs(t), freedom)), t);
}

static void remember_worst(const char *name, const char *what, double z, double width)
{
    if (fabs(z) > fabs(totals->worst_z)) {
        totals->worst_z = z;
        snprintf(totals->worst, sizeof totals->worst, "%s, %s", name, what);
    }
    if (width > totals->worst_width) {
        totals->worst_width = width;
        snprintf(totals->widest, sizeof totals->widest, "%s, %s", name, what);
    }
}

static void judge(const struct theory_system *system, const struct theory_check *check,
                  const struct estimate *got, bool first)
{
    const char *what = names[check->measure];
    double z = deviation(got, check->exact), width = got->half_width / check->exact;
    double most = wanted_precision() * (system->load > WIDE_LOAD ? 3 : 1);
    bool good = fabs(z) <= THEORY_Z && width <= most;
    printf("%-50.50s %-16s %10.6f %10.6f %6.2f%% %6.2f%s\n", first ? system->name : "", what,
           check->exact, got->mean, 100 * width, z, good ? "" : "  FAILS");
    fflush(stdout);
    totals->checks++;
    totals->squares += first ? z * z : 0;
    remember_worst(system->name, what, z, width * (system->load > WIDE_LOAD ? 1.0 / 3 : 1));
    if (good)
        return;
    totals->failed++;
    if (unsettled.failed++ == 0)
        snprintf(unsettled.first, sizeof unsettled.first,
                 "%s: %s: got %g +- %.2f%% (z %.2f), want %g +- %.2f%%; reproduce: "
                 "THEORY='%s' build/tests/sim/test_theory",
                 system->name, what, got->mean, 100 * width, z, check->exact, 100 * most,
                 system->name);
}

static bool is_quantile(enum theory_measure measure)
{
    return measure >= THEORY_WAIT_P50 && measure <= THEORY_WAIT_P99;
}

/* Quantiles over all jobs of an experiment come without an interval: several experiments. The
 * sketch rounds each by at most 0.1%, a tenth of the half width. */
static void compare_quantiles(const struct theory_system *system, const struct theory_check *checks)
{
    double value[8][GROUPS];
    int64_t n;
    struct scenario *scenario = prepare(system, &n);
    int group, i;
    for (group = 0; group < GROUPS; group++) {
        struct result result =
            run(scenario, seed_of(system->name) + (uint64_t)group, (n + GROUPS - 1) / GROUPS);
        for (i = 0; checks[i].measure != THEORY_END; i++)
            value[i][group] = wait_quantile(&result, checks[i].measure);
        result_fini(&result);
    }
    for (i = 0; checks[i].measure != THEORY_END; i++) {
        struct estimate got = stats_mean(value[i], GROUPS, STATS_CONFIDENCE);
        judge(system, &checks[i], &got, i == 0);
    }
    scenario_fini(scenario);
}

static void compare(const struct theory_system *system, const struct theory_check *checks)
{
    int64_t n;
    struct scenario *scenario = prepare(system, &n);
    struct result result = run(scenario, seed_of(system->name), n);
    int i;
    for (i = 0; checks[i].measure != THEORY_END; i++) {
        struct estimate got = measure(&result, scenario, checks[i].measure);
        judge(system, &checks[i], &got, i == 0);
    }
    result_fini(&result);
    scenario_fini(scenario);
}

void theory_compare(const struct theory_system *system, const struct theory_check *checks)
{
    const char *only = getenv("THEORY");
    double cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID), wall_s = clock_s(CLOCK_MONOTONIC);
    if (only && !strstr(system->name, only))
        return;
    if (totals->cases++ == 0)
        printf("%-50s %-16s %10s %10s %7s %6s\n", "system", "measure", "exact", "simulated",
               "+-95%", "z");
    if (is_quantile(checks[0].measure))
        compare_quantiles(system, checks);
    else
        compare(system, checks);
    cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    totals->cpu_s += cpu_s;
    totals->wall_s += clock_s(CLOCK_MONOTONIC) - wall_s;
    if (only)
        printf("(%.2f s of CPU)\n", cpu_s);
}

void theory_settle(void)
{
    int failed = unsettled.failed;
    unsettled.failed = 0;
    ck_assert_msg(failed == 0, "%d failed; the first: %s", failed, unsettled.first);
}

void theory_summary(void)
{
    double one = 2 * gsl_cdf_ugaussian_Q(THEORY_Z);
    double p = gsl_cdf_chisq_P(totals->squares, totals->cases);
    printf("%d systems, %d comparisons: %d failed. Worst z %.2f (%s); widest +-%.2f%% (%s).\n",
           totals->cases, totals->checks, totals->failed, totals->worst_z, totals->worst,
           100 * totals->worst_width, totals->widest);
    printf(
        "False alarms, were the seeds not fixed: %.2f%% a comparison, at most %.0f%% that any of "
        "them.\n",
        100 * one, 100 * (1 - pow(1 - one, totals->checks)));
    printf("Chi-squared of the first comparisons: %.1f of %d (P %.3f). %.0f s of CPU, %.0f s.\n",
           totals->squares, totals->cases, p, totals->cpu_s, totals->wall_s);
    ck_assert_msg(p > 0.0005 && p < 0.9995, "z values scatter as chance would not: P %g", p);
}
