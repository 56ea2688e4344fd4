#include "delay.h"

#include "model/base/assert.h"
#include "model/policy/alert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_CYCLE 200 /* evaluations */

/* What matters of the fleet for one rule, host and fault. */
struct setting {
    const struct rule *rule;
    double scrape_ms, eval_ms, latency_ms; /* of the scrape that first shows the fault */
    double from, to, threshold;            /* shares */
    double wait_ms;                        /* group_wait; INFINITY: the controller is not told */
    int evaluations;                       /* enough for everything to happen */
};

static double rule_window_ms(const struct rule *rule)
{
    enum target_value value = target_value_of(rule->signal);
    return value < COUNTERS ? (double)rule->window_ms : 0;
}

bool delay_applies(const struct rule *rule, const struct delay_fault *fault)
{
    if (rule->signal == SIGNAL_ABSENT)
        return false; /* a failed scrape leaves a sample */
    if (rule->signal == SIGNAL_UP || fault->state != TARGET_UP)
        return rule->signal == SIGNAL_UP && fault->state != TARGET_UP;
    if (rule->below)
        return fault->from_pm >= rule->threshold_pm && fault->to_pm < rule->threshold_pm;
    return fault->from_pm <= rule->threshold_pm && fault->to_pm > rule->threshold_pm;
}

static const struct scrape_job *job_of(const struct fleet *fleet, int rule, struct scrape_job *only)
{
    const struct monitoring *monitoring = &fleet->monitoring;
    if (monitoring->n_jobs > 0)
        return &monitoring->jobs[monitoring->rules[rule].job];
    *only = (struct scrape_job){.interval_ms = monitoring->scrape_interval_ms,
                                .timeout_ms = monitoring->scrape_timeout_ms};
    return only;
}

struct alert_route delay_route(const struct fleet *fleet, int rule, int host)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    int64_t eval_ms = fleet->monitoring.evaluation_interval_ms;
    if (!config->present || (config->n_routes > 0 && config->route_of[rule][host] < 0))
        return (struct alert_route){.group_wait_ms = -1, .group_interval_ms = eval_ms};
    if (config->n_routes > 0)
        return config->routes[config->route_of[rule][host]];
    return (struct alert_route){.group_wait_ms = config->group_wait_ms,
                                .group_interval_ms = config->group_interval_ms,
                                .silent_resolved = config->silent_resolved};
}

int delay_second_host(const struct fleet *fleet, int rule, int host)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    uint64_t watched = fleet->monitoring.rules[rule].hosts;
    int other;
    for (other = 0; other < fleet->n_hosts; other++) {
        bool same = config->n_routes > 0
                        ? config->route_of[rule][host] == config->route_of[rule][other] &&
                              config->group_of[rule][host] == config->group_of[rule][other]
                        : !config->group_by_instance;
        if (other != host && same && (watched == 0 || (watched >> other & 1)))
            return other;
    }
    return -1;
}

static double group_wait_ms(const struct fleet *fleet, int rule, int host)
{
    int64_t wait_ms = delay_route(fleet, rule, host).group_wait_ms;
    return wait_ms < 0 ? INFINITY : (double)wait_ms;
}

/* Does the fault make this other rule's alert for the host true as well? */
static bool fires_too(const struct fleet *fleet, int rule, int other, int host,
                      const struct delay_fault *fault)
{
    const struct rule *a = &fleet->monitoring.rules[rule], *b = &fleet->monitoring.rules[other];
    if (rule == other || (b->hosts != 0 && (b->hosts >> host & 1) == 0))
        return false;
    return target_value_of(a->signal) == target_value_of(b->signal) && delay_applies(b, fault);
}

static bool same_group(const struct fleet *fleet, int rule, int other, int host)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    if (config->n_routes > 0)
        return config->route_of[rule][host] == config->route_of[other][host] &&
               config->group_of[rule][host] == config->group_of[other][host];
    return !config->group_by_alertname ||
           strcmp(fleet->monitoring.rules[rule].name, fleet->monitoring.rules[other].name) == 0;
}

static bool is_muted_by(const struct fleet *fleet, int rule, int other, int host)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    for (int i = 0; i < config->n_inhibitions; i++) {
        const struct inhibited *target = &config->inhibitions[i].alert[rule][host];
        const struct inhibited *source = &config->inhibitions[i].alert[other][host];
        if (target->target && source->source && target->key == source->key)
            return true;
    }
    return false;
}

bool delay_webhook_alone(const struct fleet *fleet, int rule, int host,
                         const struct delay_fault *fault)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    if (config->n_routes > 0 && config->route_of[rule][host] >= 0 &&
        config->routes[config->route_of[rule][host]].has_mute)
        return false;
    for (int other = 0; config->present && other < fleet->monitoring.n_rules; other++) {
        if (fires_too(fleet, rule, other, host, fault) &&
            (same_group(fleet, rule, other, host) || is_muted_by(fleet, rule, other, host)))
            return false;
    }
    return true;
}

/* How long the step has to last at the last visible scrape, with samples over `span_ms`. */
static double crossing_ms(const struct setting *setting, double span_ms)
{
    return span_ms * (setting->threshold - setting->from) / (setting->to - setting->from);
}

/* After how many evaluations the scrapes stand as before. */
static int cycle(int64_t scrape_ms, int64_t eval_ms)
{
    int64_t a = scrape_ms, b = eval_ms;
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return scrape_ms / a < LONGEST_CYCLE ? (int)(scrape_ms / a) : LONGEST_CYCLE;
}

static struct setting set_up(const struct fleet *fleet, int index, int host,
                             const struct delay_fault *fault)
{
    const struct rule *rule = &fleet->monitoring.rules[index];
    struct setting setting = {.rule = rule};
    struct scrape_job only;
    const struct scrape_job *job = job_of(fleet, index, &only);
    double longest_ms;
    setting.scrape_ms = (double)job->interval_ms;
    setting.eval_ms =
        (double)(rule->interval_ms ? rule->interval_ms : fleet->monitoring.evaluation_interval_ms);
    setting.latency_ms = (double)target_latency_ms(fault->state, job->interval_ms, job->timeout_ms,
                                                   fleet->monitoring.unreachable_ms);
    setting.from = (double)fault->from_pm / 1000;
    setting.to = (double)fault->to_pm / 1000;
    setting.threshold = (double)rule->threshold_pm / 1000;
    setting.wait_ms = group_wait_ms(fleet, index, host);
    longest_ms = setting.latency_ms + setting.scrape_ms + rule_window_ms(rule) + setting.scrape_ms +
                 (double)rule->for_ms;
    setting.evaluations = (int)ceil(longest_ms / setting.eval_ms) + 4;
    /* Where some windows hold too few samples, twice the cycle of the two grids shows all. */
    setting.evaluations += 2 * cycle(job->interval_ms, (int64_t)setting.eval_ms);
    return setting;
}

/* c: evaluation k finds the condition true iff the fault came before it. `age_ms` is that of the
 * last visible scrape. */
static double latest_fault(const struct setting *setting, double now_ms, double age_ms)
{
    double window_ms = rule_window_ms(setting->rule), spans;
    if (window_ms == 0)
        return now_ms - age_ms;
    spans = floor((window_ms - age_ms) / setting->scrape_ms);
    if (spans < 1)
        return -INFINITY; /* fewer than two samples in the window */
    if (setting->rule->signal == SIGNAL_CPU_IRATE)
        spans = 1;
    return now_ms - age_ms - crossing_ms(setting, spans * setting->scrape_ms);
}

/* --- the mixture ----------------------------------------------------------------------------- */

static void add_piece(struct delay_dist *dist, double low, double high, double weight)
{
    dist->min = fmin(dist->min, low);
    dist->max = fmax(dist->max, high);
    if (weight <= 0)
        return;
    if (dist->n == dist->capacity) {
        dist->capacity = dist->capacity ? 2 * dist->capacity : 4096;
        dist->pieces = realloc(dist->pieces, dist->capacity * sizeof *dist->pieces);
        UND_ASSERT(dist->pieces != NULL);
    }
    dist->pieces[dist->n++] = (struct delay_piece){low, high, weight};
}

/* When the alert is first pending and first fires, if the fault comes at t; INFINITY: never. */
static void run_states(const struct setting *setting, const double *latest, double t,
                       double *pending_ms, double *firing_ms)
{
    struct alert_timing timing = {setting->rule->for_ms, setting->rule->keep_firing_ms};
    struct alert alert;
    *pending_ms = *firing_ms = INFINITY;
    alert_init(&alert);
    for (int k = 1; k <= setting->evaluations && isinf(*firing_ms); k++) {
        double now_ms = k * setting->eval_ms;
        enum alert_change change = alert_step(&timing, &alert, (int64_t)now_ms, t < latest[k]);
        if (isinf(*pending_ms) && (change == ALERT_BEGAN || change == ALERT_FIRED))
            *pending_ms = now_ms;
        if (change == ALERT_FIRED)
            *firing_ms = now_ms;
    }
}

/* Faults in (low, high) all have the same fate. */
static void add_interval(const struct setting *setting, const double *latest, double low,
                         double high, double weight, struct delay_dist dists[DELAY_STAGES])
{
    double at_ms[DELAY_STAGES];
    if (high <= low)
        return;
    run_states(setting, latest, (low + high) / 2, &at_ms[DELAY_PENDING], &at_ms[DELAY_FIRING]);
    at_ms[DELAY_WEBHOOK] = at_ms[DELAY_FIRING] + setting->wait_ms;
    for (int i = 0; i < DELAY_STAGES; i++) {
        double share = weight * (high - low) / setting->eval_ms;
        if (isinf(at_ms[i]))
            dists[i].never += share;
        else
            add_piece(&dists[i], at_ms[i] - high, at_ms[i] - low, share);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All faults between evaluations 0 and 1; the last scrape that evaluation 0 sees is phase_ms older
 * than it could be. */
static void add_phase(const struct setting *setting, double phase_ms, double weight,
                      struct delay_dist dists[DELAY_STAGES])
{
    double *latest = calloc((size_t)setting->evaluations + 3, sizeof *latest);
    double *cuts = calloc((size_t)setting->evaluations + 3, sizeof *cuts);
    size_t n = 0;
    UND_ASSERT(latest && cuts);
    cuts[n++] = 0;
    cuts[n++] = setting->eval_ms;
    for (int k = 1; k <= setting->evaluations; k++) {
        double now_ms = k * setting->eval_ms;
        double age_ms = setting->latency_ms + fmod(phase_ms + now_ms, setting->scrape_ms);
        latest[k] = latest_fault(setting, now_ms, age_ms);
        if (latest[k] > 0 && latest[k] < setting->eval_ms)
            cuts[n++] = latest[k];
    }
    qsort(cuts, n, sizeof *cuts, ascending);
    for (size_t i = 1; i < n; i++)
        add_interval(setting, latest, cuts[i - 1], cuts[i], weight, dists);
    free(latest);
    free(cuts);
}

void delay_exact(const struct fleet *fleet, int rule, int host, const struct delay_fault *fault,
                 struct delay_dist dists[DELAY_STAGES])
{
    struct setting setting = set_up(fleet, rule, host, fault);
    for (int i = 0; i < DELAY_STAGES; i++)
        dists[i] = (struct delay_dist){.min = INFINITY, .max = -INFINITY};
    for (int i = 0; i < DELAY_PHASES; i++)
        add_phase(&setting, (i + 0.5) / DELAY_PHASES * setting.scrape_ms, 1.0 / DELAY_PHASES,
                  dists);
    /* The ends of the range of phases, which no stratum's middle reaches. */
    add_phase(&setting, 0, 0, dists);
    add_phase(&setting, setting.scrape_ms * (1 - 1e-9), 0, dists);
}

void delay_fini(struct delay_dist dists[DELAY_STAGES])
{
    for (int i = 0; i < DELAY_STAGES; i++)
        free(dists[i].pieces);
    memset(dists, 0, DELAY_STAGES * sizeof *dists);
}

double delay_cdf(const struct delay_dist *dist, double ms)
{
    double sum = 0;
    for (size_t i = 0; i < dist->n; i++) {
        const struct delay_piece *piece = &dist->pieces[i];
        if (ms >= piece->high)
            sum += piece->weight;
        else if (ms > piece->low)
            sum += piece->weight * (ms - piece->low) / (piece->high - piece->low);
    }
    return sum;
}

double delay_quantile(const struct delay_dist *dist, double p)
{
    double low = dist->min, high = dist->max;
    if (p > 1 - dist->never)
        return INFINITY;
    for (int i = 0; i < 50 && high - low > 1e-3; i++) {
        double middle = (low + high) / 2;
        if (delay_cdf(dist, middle) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double delay_mean(const struct delay_dist *dist)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < dist->n; i++) {
        sum += dist->pieces[i].weight * (dist->pieces[i].low + dist->pieces[i].high) / 2;
        weight += dist->pieces[i].weight;
    }
    return sum / weight;
}

/* Where the density of the mixture changes, by how much. */
struct bend {
    double at, change;
};

static int by_place(const void *a, const void *b)
{
    double x = ((const struct bend *)a)->at, y = ((const struct bend *)b)->at;
    return (x > y) - (x < y);
}

static struct bend *bends_of(const struct delay_dist *dist)
{
    struct bend *bends = calloc(2 * dist->n + 1, sizeof *bends);
    UND_ASSERT(bends != NULL);
    for (size_t i = 0; i < dist->n; i++) {
        const struct delay_piece *piece = &dist->pieces[i];
        double density = piece->weight / (piece->high - piece->low);
        bends[2 * i] = (struct bend){piece->low, density};
        bends[2 * i + 1] = (struct bend){piece->high, -density};
    }
    qsort(bends, 2 * dist->n, sizeof *bends, by_place);
    return bends;
}

/* The distribution function at all samples in one sweep. */
double delay_distance(const struct delay_dist *dist, const double *samples, size_t n)
{
    struct bend *bends = bends_of(dist);
    double distance = 0, cdf = 0, density = 0, at = dist->n ? bends[0].at : 0;
    size_t next = 0, i;
    for (i = 0; i < n && !isinf(samples[i]); i++) {
        for (; next < 2 * dist->n && bends[next].at <= samples[i]; next++) {
            cdf += density * (bends[next].at - at);
            density += bends[next].change;
            at = bends[next].at;
        }
        if (samples[i] > at) {
            cdf += density * (samples[i] - at);
            at = samples[i];
        }
        distance = fmax(distance, fabs(cdf - (double)i / (double)n));
        distance = fmax(distance, fabs(cdf - (double)(i + 1) / (double)n));
    }
    free(bends);
    return fmax(distance, fabs(1 - dist->never - (double)i / (double)n));
}

double delay_bound(const struct fleet *fleet, int rule, int host, const struct delay_fault *fault)
{
    struct setting setting = set_up(fleet, rule, host, fault);
    double window_ms = rule_window_ms(setting.rule), span_ms = 0;
    double hold_ms = ceil((double)setting.rule->for_ms / setting.eval_ms) * setting.eval_ms;
    if (window_ms > 0) {
        span_ms = setting.rule->signal == SIGNAL_CPU_IRATE
                      ? setting.scrape_ms
                      : floor(window_ms / setting.scrape_ms) * setting.scrape_ms;
        if (window_ms < 2 * setting.scrape_ms)
            return INFINITY; /* not always two samples in the window */
        /* A window of a whole number of intervals holds one sample less but for an instant. */
        if (fmod(window_ms, setting.scrape_ms) == 0 && span_ms == window_ms)
            span_ms -= setting.scrape_ms;
    }
    return setting.latency_ms + setting.scrape_ms + setting.eval_ms + hold_ms +
           (window_ms > 0 ? crossing_ms(&setting, span_ms) : 0) +
           (isinf(setting.wait_ms) ? 0 : setting.wait_ms);
}
