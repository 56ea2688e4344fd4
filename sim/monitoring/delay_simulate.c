/* The delays of delay.h by simulating both servers. */
#include "alertmanager.h"
#include "delay.h"
#include "model/base/assert.h"
#include "prometheus.h"

#include <math.h>
#include <stdlib.h>

enum { KIND_PROMETHEUS = 1, KIND_ALERTMANAGER = KIND_PROMETHEUS + PROMETHEUS_EVENTS };

struct trial {
    int rule, host;
    double at_ms[DELAY_STAGES]; /* INFINITY: not yet */
    struct queue queue;
    struct prometheus *prometheus;
    struct alertmanager *alertmanager;
};

static void see_change(void *context, int64_t now_ms, int host, int rule, enum alert_change change)
{
    struct trial *trial = context;
    if (rule != trial->rule || host != trial->host)
        return;
    if (isinf(trial->at_ms[DELAY_PENDING]) && (change == ALERT_BEGAN || change == ALERT_FIRED))
        trial->at_ms[DELAY_PENDING] = (double)now_ms;
    if (isinf(trial->at_ms[DELAY_FIRING]) && change == ALERT_FIRED)
        trial->at_ms[DELAY_FIRING] = (double)now_ms;
}

static void see_notification(void *context, int64_t now_ms, const struct notification *told)
{
    struct trial *trial = context;
    if (isinf(trial->at_ms[DELAY_WEBHOOK]) &&
        rule_bits_have(&told->firing[trial->host], trial->rule))
        trial->at_ms[DELAY_WEBHOOK] = (double)now_ms;
}

static void run(struct trial *trial, int64_t until_ms)
{
    struct event event;
    while (queue_next_ms(&trial->queue) < until_ms && queue_pop(&trial->queue, &event)) {
        if (event.kind < KIND_ALERTMANAGER)
            prometheus_event(trial->prometheus, &event);
        else
            alertmanager_event(trial->alertmanager, &event);
        if (!isinf(trial->at_ms[DELAY_WEBHOOK]))
            return;
    }
}

static void inject(struct trial *trial, const struct fleet *fleet, const struct delay_fault *fault,
                   int64_t at_ms)
{
    if (fault->state == TARGET_UP)
        prometheus_load(trial->prometheus, at_ms, trial->host,
                        fleet->monitoring.rules[trial->rule].signal, fault->to_pm);
    else
        prometheus_target(trial->prometheus, at_ms, trial->host, fault->state);
}

/* The fault comes once all windows hold the load before it. */
static void run_trial(struct trial *trial, const struct fleet *fleet,
                      const struct delay_fault *fault, struct stream *phases, int64_t end_ms)
{
    const struct rule *rule = &fleet->monitoring.rules[trial->rule];
    int64_t fault_ms = 2 * rule->window_ms + 4 * fleet->monitoring.lookback_ms;
    for (int i = 0; i < DELAY_STAGES; i++)
        trial->at_ms[i] = INFINITY;
    queue_clear(&trial->queue);
    alertmanager_reset(trial->alertmanager);
    prometheus_reset(trial->prometheus, phases);
    if (fault->state == TARGET_UP)
        prometheus_load(trial->prometheus, 0, trial->host, rule->signal, fault->from_pm);
    run(trial, fault_ms);
    for (int i = 0; i < DELAY_STAGES; i++)
        trial->at_ms[i] = INFINITY; /* what the beginning of the load may have done */
    inject(trial, fleet, fault, fault_ms);
    run(trial, fault_ms + end_ms);
    for (int i = 0; i < DELAY_STAGES; i++)
        trial->at_ms[i] -= (double)fault_ms;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void delay_simulate(const struct fleet *fleet, int rule, int host, const struct delay_fault *fault,
                    uint64_t seed, size_t n, double *samples[DELAY_STAGES])
{
    struct trial trial = {.rule = rule, .host = host};
    struct stream phases;
    double bound_ms = delay_bound(fleet, rule, host, fault);
    int64_t end_ms = (int64_t)(2 * (isinf(bound_ms) ? 3600000 : bound_ms)) + 60000;
    queue_init(&trial.queue, PROMETHEUS_PENDING + alertmanager_pending(fleet));
    trial.alertmanager =
        alertmanager_open(fleet, &trial.queue, KIND_ALERTMANAGER, see_notification, &trial);
    trial.prometheus = prometheus_open(fleet, &trial.queue, KIND_PROMETHEUS,
                                       fleet->alertmanager.present ? trial.alertmanager : NULL,
                                       see_change, &trial);
    stream_seed(&phases, seed);
    for (size_t i = 0; i < n; i++) {
        run_trial(&trial, fleet, fault, &phases, end_ms);
        for (int stage = 0; stage < DELAY_STAGES; stage++)
            samples[stage][i] = trial.at_ms[stage];
    }
    for (int stage = 0; stage < DELAY_STAGES; stage++)
        qsort(samples[stage], n, sizeof *samples[stage], ascending);
    prometheus_close(trial.prometheus);
    alertmanager_close(trial.alertmanager);
    queue_fini(&trial.queue);
}
