#include "alerts_delay.h"

#include "model/base/assert.h"
#include "sim/monitoring/delay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_SIMULATIONS 200

struct named_fault {
    struct delay_fault fault;
    char name[64];
};

/* --- the faults that concern a rule ---------------------------------------------------------- */

static int host_faults(struct named_fault *faults)
{
    static const struct named_fault all[] = {
        {{TARGET_REFUSED, 0, 0, SIGNAL_UP}, "connection refused (process killed)"},
        {{TARGET_ABSENT, 0, 0, SIGNAL_UP}, "host gone from the network (power loss)"},
        {{TARGET_BLACKHOLE, 0, 0, SIGNAL_UP}, "no answer (partition, hang)"},
    };
    memcpy(faults, all, sizeof all);
    return sizeof all / sizeof *all;
}

static void name_step(struct named_fault *fault, const struct rule *rule)
{
    static const char *const words[SIGNAL_COUNT] = {"",       "",     "CPU",         "CPU",
                                                    "memory", "disk", "job duration"};
    snprintf(fault->name, sizeof fault->name, "%s from %g%% to %g%%", words[rule->signal],
             (double)fault->fault.from_pm / 10, (double)fault->fault.to_pm / 10);
}

static int step_faults(const struct rule *rule, int64_t from_pm, struct named_fault *faults)
{
    int64_t full = rule->signal == SIGNAL_JOB_DURATION ? 2 * rule->threshold_pm : 1000;
    int64_t usual[] = {100, 500};
    bool counter = target_value_of(rule->signal) < COUNTERS && rule->window_ms > 0;
    int n = 0, n_from = from_pm >= 0 || !counter ? 1 : 2; /* to a gauge, one step is like another */
    if (rule->signal == SIGNAL_JOB_DURATION)
        usual[0] = 1000;
    for (int i = 0; i < n_from; i++) {
        struct named_fault *fault = &faults[n];
        fault->fault =
            (struct delay_fault){TARGET_UP, from_pm >= 0 ? from_pm : usual[i], full, SIGNAL_UP};
        if (rule->below)
            fault->fault = (struct delay_fault){TARGET_UP, full, 0, SIGNAL_UP};
        name_step(fault, rule);
        n += delay_applies(rule, &fault->fault) && (n == 0 || !rule->below);
    }
    return n;
}

/* Of an expression nobody knows which faults concern it: all are tried. */
static int any_faults(int64_t from_pm, struct named_fault *faults)
{
    static const struct {
        enum signal signal;
        const char *words;
    } steps[] = {{SIGNAL_CPU_RATE, "CPU"}, {SIGNAL_MEMORY, "memory"}, {SIGNAL_DISK, "disk"}};
    int n = host_faults(faults);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct named_fault *fault = &faults[n++];
        fault->fault =
            (struct delay_fault){TARGET_UP, from_pm >= 0 ? from_pm : 100, 1000, steps[i].signal};
        snprintf(fault->name, sizeof fault->name, "%s from %g%% to 100%%", steps[i].words,
                 (double)fault->fault.from_pm / 10);
    }
    return n;
}

static int faults_of(const struct rule *rule, int64_t from_pm, struct named_fault *faults)
{
    if (rule->signal == SIGNAL_ABSENT)
        return 0;
    if (rule->signal == SIGNAL_SERIES)
        return any_faults(from_pm, faults);
    if (rule->signal == SIGNAL_UP)
        return host_faults(faults);
    return step_faults(rule, from_pm, faults);
}

/* --- the figures ----------------------------------------------------------------------------- */

static struct delay_quantities exact_quantities(const struct delay_dist *dist)
{
    return (struct delay_quantities){.min = dist->min,
                                     .p5 = delay_quantile(dist, 0.05),
                                     .p50 = delay_quantile(dist, 0.5),
                                     .mean = delay_mean(dist),
                                     .p95 = delay_quantile(dist, 0.95),
                                     .p99 = delay_quantile(dist, 0.99),
                                     .max = dist->never > 0 ? INFINITY : dist->max};
}

static struct delay_quantities sample_quantities(const double *samples, size_t n)
{
    struct delay_quantities q = {.min = samples[0], .max = samples[n - 1]};
    double sum = 0;
    size_t finite = 0;
    for (; finite < n && isfinite(samples[finite]); finite++)
        sum += samples[finite];
    q.mean = finite ? sum / (double)finite : NAN;
    q.p5 = samples[n * 5 / 100];
    q.p50 = samples[n / 2];
    q.p95 = samples[n * 95 / 100];
    q.p99 = samples[n * 99 / 100];
    return q;
}

static void fill_stage(const struct alerts_delay *options, const struct delay_dist *dist,
                       const double *samples, struct delay_report_stage *stage)
{
    size_t n = (size_t)options->simulations;
    stage->never = dist->n == 0 ? 1 : dist->never;
    stage->met = isnan(options->claim_ms) ? NAN : delay_cdf(dist, options->claim_ms);
    stage->distance = delay_distance(dist, samples, n);
    /* Delays are whole milliseconds: half of one may fall to the other side. */
    stage->limit = ALERTS_DELAY_KS / sqrt((double)n) + 1e-3;
    if (dist->n > 0)
        stage->exact = exact_quantities(dist);
    stage->simulated = sample_quantities(samples, n);
}

/* Where there is no exact distribution: shares of the simulated delays. */
static void fill_simulated(const struct alerts_delay *options, const double *samples,
                           struct delay_report_stage *stage)
{
    size_t n = (size_t)options->simulations, met = 0, came = 0;
    for (; came < n && isfinite(samples[came]); came++)
        met += samples[came] <= options->claim_ms;
    stage->only_simulated = true;
    stage->never = 1 - (double)came / (double)n;
    stage->met = isnan(options->claim_ms) ? NAN : (double)met / (double)n;
    stage->distance = stage->limit = NAN;
    stage->simulated = sample_quantities(samples, n);
}

static void fill_ends(const struct alerts_delay *options, const struct fleet *fleet, int rule,
                      int host, const struct delay_fault *fault, struct delay_report_case *entry)
{
    static const char *const names[DELAY_END_STAGES] = {"resolved", "told_resolved",
                                                        "second_host_webhook"};
    const struct alerts_delay unclaimed = {.claim_ms = NAN, .simulations = options->simulations};
    double *samples[DELAY_END_STAGES];
    for (int i = 0; i < DELAY_END_STAGES; i++) {
        samples[i] = calloc((size_t)options->simulations, sizeof *samples[i]);
        UND_ASSERT(samples[i] != NULL);
    }
    delay_simulate_end(fleet, rule, host, delay_second_host(fleet, rule, host), fault,
                       options->seed, (size_t)options->simulations, samples);
    for (int i = 0; i < DELAY_END_STAGES; i++) {
        fill_simulated(&unclaimed, samples[i], &entry->ends[i]);
        entry->ends[i].name = names[i];
        free(samples[i]);
    }
}

static enum und_code fill_case(const struct alerts_delay *options, const struct fleet *fleet,
                               int rule, int host, const struct named_fault *fault,
                               struct delay_report_case *entry, struct und_err *err)
{
    static const char *const names[DELAY_STAGES] = {"pending", "firing", "webhook"};
    struct delay_dist dists[DELAY_STAGES];
    double *samples[DELAY_STAGES];
    enum und_code code = UND_OK;
    for (int i = 0; i < DELAY_STAGES; i++) {
        samples[i] = calloc((size_t)options->simulations, sizeof *samples[i]);
        UND_ASSERT(samples[i] != NULL);
    }
    memcpy(entry->fault, fault->name, sizeof entry->fault);
    delay_exact(fleet, rule, host, &fault->fault, dists);
    delay_simulate(fleet, rule, host, &fault->fault, options->seed, (size_t)options->simulations,
                   samples);
    for (int i = 0; i < DELAY_STAGES; i++) {
        struct delay_report_stage *stage = &entry->stages[i];
        stage->name = names[i];
        if (i == DELAY_WEBHOOK && dists[i].n > 0 &&
            !delay_webhook_alone(fleet, rule, host, &fault->fault))
            fill_simulated(options, samples[i], stage);
        else
            fill_stage(options, &dists[i], samples[i], stage);
        if (stage->distance > stage->limit && code == UND_OK)
            code = und_fail(err, UND_FAILED,
                            "%s, %s, %s: simulated and exact distributions differ: got a distance "
                            "of %.4f, want at most %.4f (seed %llu)",
                            fleet->monitoring.rules[rule].name, fault->name, stage->name,
                            stage->distance, stage->limit, (unsigned long long)options->seed);
        free(samples[i]);
    }
    delay_fini(dists);
    fill_ends(options, fleet, rule, host, &fault->fault, entry);
    return code;
}

/* A rule that is evaluated on series: simulated only, and less often. False: the fault never brings
 * it about. */
static bool fill_series(const struct alerts_delay *options, const struct fleet *fleet, int rule,
                        int host, const struct named_fault *fault, struct delay_report_case *entry)
{
    static const char *const names[DELAY_STAGES] = {"pending", "firing", "webhook"};
    struct alerts_delay fewer = *options;
    double *samples[DELAY_STAGES];
    fewer.simulations =
        options->simulations < SERIES_SIMULATIONS ? options->simulations : SERIES_SIMULATIONS;
    for (int i = 0; i < DELAY_STAGES; i++) {
        samples[i] = calloc((size_t)fewer.simulations, sizeof *samples[i]);
        UND_ASSERT(samples[i] != NULL);
    }
    *entry = (struct delay_report_case){.fault = ""};
    memcpy(entry->fault, fault->name, sizeof entry->fault);
    delay_simulate(fleet, rule, host, &fault->fault, options->seed, (size_t)fewer.simulations,
                   samples);
    for (int i = 0; i < DELAY_STAGES; i++) {
        fill_simulated(&fewer, samples[i], &entry->stages[i]);
        entry->stages[i].no_form = true;
        entry->stages[i].name = names[i];
        free(samples[i]);
    }
    if (entry->stages[DELAY_PENDING].never < 1)
        fill_ends(&fewer, fleet, rule, host, &fault->fault, entry);
    return entry->stages[DELAY_PENDING].never < 1;
}

static bool any_simulated(const struct delay_report_rule *entry)
{
    for (int i = 0; i < entry->n; i++) {
        if (entry->cases[i].stages[DELAY_WEBHOOK].only_simulated)
            return true;
    }
    return false;
}

/* The first host that the rule watches. */
static int host_of(const struct rule *rule)
{
    return rule->hosts ? __builtin_ctzll(rule->hosts) : 0;
}

enum und_code alerts_delay(const struct alerts_delay *options, const struct fleet *fleet,
                           struct delay_report *report, struct und_err *err)
{
    enum und_code code = UND_OK;
    report->claim_ms = options->claim_ms;
    report->simulations = options->simulations;
    report->n = 0;
    report->rules = calloc((size_t)fleet->monitoring.n_rules + 1, sizeof *report->rules);
    UND_ASSERT(report->rules != NULL);
    for (int i = 0; i < fleet->monitoring.n_rules; i++) {
        const struct rule *rule = &fleet->monitoring.rules[i];
        struct delay_report_rule *entry = &report->rules[report->n];
        struct named_fault faults[DELAY_REPORT_CASES];
        struct delay_fault plain[DELAY_REPORT_CASES];
        int host = host_of(rule);
        if (options->rule && strcmp(options->rule, rule->name) != 0)
            continue;
        *entry = (struct delay_report_rule){.rule = rule, .host = fleet->hosts[host].name};
        if (delay_second_host(fleet, i, host) >= 0)
            entry->second = fleet->hosts[delay_second_host(fleet, i, host)].name;
        entry->n = faults_of(rule, options->from_pm, faults);
        if (rule->signal == SIGNAL_SERIES) {
            int n = entry->n;
            entry->n = 0;
            for (int j = 0; j < n; j++)
                entry->n +=
                    fill_series(options, fleet, i, host, &faults[j], &entry->cases[entry->n]);
            report->n++;
            continue;
        }
        for (int j = 0; j < entry->n; j++) {
            plain[j] = faults[j].fault;
            if (fill_case(options, fleet, i, host, &faults[j], &entry->cases[j], err) != UND_OK)
                code = err->code;
        }
        /* What settings do is known only where nothing else decides. */
        if (!isnan(options->claim_ms) && !any_simulated(entry))
            alerts_advice(fleet, i, host, plain, entry->n, options->claim_ms, entry->advice,
                          sizeof entry->advice);
        report->n++;
    }
    if (options->rule && report->n == 0)
        return und_fail(err, UND_USAGE,
                        "--rule: got '%.60s', want the name of one of the fleet's "
                        "rules",
                        options->rule);
    return code;
}
