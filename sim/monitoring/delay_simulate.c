/* The delays of delay.h by simulating both servers. */
#include "alertmanager.h"
#include "delay.h"
#include "model/base/assert.h"
#include "prometheus.h"

#include <math.h>
#include <stdlib.h>

#define SERIES_MS 7200000LL /* of a rule that is evaluated on series, besides its `for` */
#define FLUSHES 10 /* of a group, over which a fault's end is spread: intervals need not divide */

static const double never = INFINITY;

enum { KIND_PROMETHEUS = 1, KIND_ALERTMANAGER = KIND_PROMETHEUS + PROMETHEUS_EVENTS };

struct trial {
    const struct fleet *fleet;
    int rule, host;             /* whose alert is watched */
    double at_ms[DELAY_STAGES]; /* INFINITY: not yet */
    double end_at_ms[DELAY_END_STAGES];
    const double *until; /* the run ends with this moment */
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
    if (isinf(trial->end_at_ms[DELAY_RESOLVED]) && change == ALERT_RESOLVED)
        trial->end_at_ms[DELAY_RESOLVED] = (double)now_ms;
}

static void see_notification(void *context, int64_t now_ms, const struct notification *told)
{
    struct trial *trial = context;
    for (int i = 0; i < told->n; i++) {
        const struct notified *alert = &told->list[i];
        if (alert->rule != trial->rule || alert->host != trial->host)
            continue;
        if (isinf(trial->at_ms[DELAY_WEBHOOK]) && alert->firing)
            trial->at_ms[DELAY_WEBHOOK] = (double)now_ms;
        if (isinf(trial->end_at_ms[DELAY_TOLD_RESOLVED]) && !alert->firing && alert->told)
            trial->end_at_ms[DELAY_TOLD_RESOLVED] = (double)now_ms;
    }
}

static void run(struct trial *trial, int64_t until_ms)
{
    struct event event;
    while (queue_next_ms(&trial->queue) < until_ms && queue_pop(&trial->queue, &event)) {
        if (event.kind < KIND_ALERTMANAGER)
            prometheus_event(trial->prometheus, &event);
        else
            alertmanager_event(trial->alertmanager, &event);
        if (!isinf(*trial->until))
            return;
    }
}

static enum signal stepping(const struct trial *trial, const struct delay_fault *fault)
{
    enum signal signal = trial->fleet->monitoring.rules[trial->rule].signal;
    return signal == SIGNAL_SERIES ? fault->signal : signal;
}

static void inject(struct trial *trial, const struct delay_fault *fault, int host, bool begins,
                   int64_t at_ms)
{
    if (fault->state == TARGET_UP)
        prometheus_load(trial->prometheus, at_ms, host, stepping(trial, fault),
                        begins ? fault->to_pm : fault->from_pm);
    else
        prometheus_target(trial->prometheus, at_ms, host, begins ? fault->state : TARGET_UP);
}

static void forget(struct trial *trial)
{
    int i;
    for (i = 0; i < DELAY_STAGES; i++)
        trial->at_ms[i] = INFINITY;
    for (i = 0; i < DELAY_END_STAGES; i++)
        trial->end_at_ms[i] = INFINITY;
}

/* The fault comes once all windows hold the load before it; returns when. */
static int64_t begin(struct trial *trial, const struct delay_fault *fault, struct stream *phases)
{
    const struct rule *rule = &trial->fleet->monitoring.rules[trial->rule];
    int64_t fault_ms = 2 * rule->window_ms + 4 * trial->fleet->monitoring.lookback_ms;
    int host;
    forget(trial);
    queue_clear(&trial->queue);
    alertmanager_reset(trial->alertmanager);
    prometheus_reset(trial->prometheus, phases);
    for (host = 0; fault->state == TARGET_UP && host < trial->fleet->n_hosts; host++)
        prometheus_load(trial->prometheus, 0, host, stepping(trial, fault), fault->from_pm);
    run(trial, fault_ms);
    forget(trial); /* what the beginning of the load may have done */
    inject(trial, fault, trial->host, true, fault_ms);
    return fault_ms;
}

static void run_trial(struct trial *trial, const struct delay_fault *fault, struct stream *phases,
                      int64_t end_ms)
{
    int64_t fault_ms;
    trial->until = &trial->at_ms[DELAY_WEBHOOK];
    fault_ms = begin(trial, fault, phases);
    run(trial, fault_ms + end_ms);
    for (int i = 0; i < DELAY_STAGES; i++)
        trial->at_ms[i] -= (double)fault_ms;
}

/* Until the alert fires and its group is notified, and then for a while that takes in every moment
 * between two flushes of the group; -1 where it does not come so far. */
static int64_t run_on(struct trial *trial, const struct delay_fault *fault, bool told,
                      struct stream *phases, int64_t end_ms)
{
    int64_t flush_ms = delay_route(trial->fleet, trial->rule, trial->host).group_interval_ms, at_ms;
    trial->until = &trial->at_ms[told ? DELAY_WEBHOOK : DELAY_FIRING];
    at_ms = begin(trial, fault, phases);
    run(trial, at_ms + end_ms);
    if (isinf(*trial->until))
        return -1;
    at_ms = (int64_t)*trial->until;
    at_ms += (int64_t)(stream_uniform(phases) * (double)(FLUSHES * flush_ms));
    trial->until = &never;
    run(trial, at_ms);
    return at_ms;
}

static void run_end(struct trial *trial, const struct delay_fault *fault, bool told,
                    struct stream *phases, int64_t end_ms)
{
    int64_t over_ms = run_on(trial, fault, told, phases, end_ms);
    trial->end_at_ms[DELAY_RESOLVED] = trial->end_at_ms[DELAY_TOLD_RESOLVED] = INFINITY;
    if (over_ms < 0)
        return;
    told = told && !delay_route(trial->fleet, trial->rule, trial->host).silent_resolved;
    trial->until = &trial->end_at_ms[told ? DELAY_TOLD_RESOLVED : DELAY_RESOLVED];
    inject(trial, fault, trial->host, false, over_ms);
    run(trial, over_ms + end_ms);
    trial->end_at_ms[DELAY_RESOLVED] -= (double)over_ms;
    trial->end_at_ms[DELAY_TOLD_RESOLVED] -= (double)over_ms;
}

/* The same fault on another host whose alert is in the group that has been notified. */
static double run_second(struct trial *trial, const struct delay_fault *fault, int second,
                         struct stream *phases, int64_t end_ms)
{
    int first = trial->host;
    int64_t at_ms = run_on(trial, fault, true, phases, end_ms);
    if (at_ms < 0)
        return INFINITY;
    trial->host = second;
    trial->at_ms[DELAY_WEBHOOK] = INFINITY;
    trial->until = &trial->at_ms[DELAY_WEBHOOK];
    inject(trial, fault, second, true, at_ms);
    run(trial, at_ms + end_ms);
    trial->host = first;
    return trial->at_ms[DELAY_WEBHOOK] - (double)at_ms;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void open_trial(struct trial *trial, const struct fleet *fleet, int rule, int host)
{
    *trial = (struct trial){.fleet = fleet, .rule = rule, .host = host};
    queue_init(&trial->queue, prometheus_pending(fleet) + alertmanager_pending(fleet));
    trial->alertmanager =
        alertmanager_open(fleet, &trial->queue, KIND_ALERTMANAGER, see_notification, trial);
    trial->prometheus = prometheus_open(fleet, &trial->queue, KIND_PROMETHEUS,
                                        fleet->alertmanager.present ? trial->alertmanager : NULL,
                                        see_change, trial);
}

static void close_trial(struct trial *trial)
{
    prometheus_close(trial->prometheus);
    alertmanager_close(trial->alertmanager);
    queue_fini(&trial->queue);
}

static int64_t longest_ms(const struct fleet *fleet, int rule, int host,
                          const struct delay_fault *fault)
{
    double bound_ms;
    if (fleet->monitoring.rules[rule].signal == SIGNAL_SERIES)
        return SERIES_MS + fleet->monitoring.rules[rule].for_ms;
    bound_ms = delay_bound(fleet, rule, host, fault);
    return (int64_t)(2 * (isinf(bound_ms) ? 3600000 : bound_ms)) + 60000;
}

void delay_simulate(const struct fleet *fleet, int rule, int host, const struct delay_fault *fault,
                    uint64_t seed, size_t n, double *samples[DELAY_STAGES])
{
    struct trial trial;
    struct stream phases;
    int64_t end_ms = longest_ms(fleet, rule, host, fault);
    open_trial(&trial, fleet, rule, host);
    stream_seed(&phases, seed);
    for (size_t i = 0; i < n; i++) {
        run_trial(&trial, fault, &phases, end_ms);
        for (int stage = 0; stage < DELAY_STAGES; stage++)
            samples[stage][i] = trial.at_ms[stage];
    }
    for (int stage = 0; stage < DELAY_STAGES; stage++)
        qsort(samples[stage], n, sizeof *samples[stage], ascending);
    close_trial(&trial);
}

void delay_simulate_end(const struct fleet *fleet, int rule, int host, int second,
                        const struct delay_fault *fault, uint64_t seed, size_t n,
                        double *samples[DELAY_END_STAGES])
{
    struct trial trial;
    struct stream phases;
    struct alert_route route = delay_route(fleet, rule, host);
    bool told = route.group_wait_ms >= 0;
    int64_t end_ms = longest_ms(fleet, rule, host, fault) +
                     fleet->monitoring.rules[rule].keep_firing_ms + 2 * route.group_interval_ms;
    open_trial(&trial, fleet, rule, host);
    stream_seed(&phases, seed);
    for (size_t i = 0; i < n; i++) {
        run_end(&trial, fault, told, &phases, end_ms);
        samples[DELAY_RESOLVED][i] = trial.end_at_ms[DELAY_RESOLVED];
        samples[DELAY_TOLD_RESOLVED][i] = trial.end_at_ms[DELAY_TOLD_RESOLVED];
        samples[DELAY_SECOND_HOST][i] =
            second >= 0 && told ? run_second(&trial, fault, second, &phases, end_ms) : INFINITY;
    }
    for (int stage = 0; stage < DELAY_END_STAGES; stage++)
        qsort(samples[stage], n, sizeof *samples[stage], ascending);
    close_trial(&trial);
}
