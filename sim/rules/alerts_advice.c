/* Settings that would meet a claim: the gentlest of a ladder of intervals. */
#include "alerts_delay.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "sim/monitoring/delay.h"

#include <math.h>
#include <stdlib.h>

static const int64_t ladder_ms[] = {60000, 30000, 20000, 15000, 10000, 5000, 2000, 1000};

#define SLACK_MS 100 /* a scrape's own millisecond does not break a claim */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static double worst_bound(const struct fleet *fleet, int rule, int host,
                          const struct delay_fault *faults, int n)
{
    double worst = 0;
    for (int i = 0; i < n; i++)
        worst = fmax(worst, delay_bound(fleet, rule, host, &faults[i]));
    return worst;
}

static void set_wait(struct alertmanager_config *config, int rule, int host, int64_t wait_ms)
{
    config->group_wait_ms = least(config->group_wait_ms, wait_ms);
    if (config->n_routes > 0 && config->route_of[rule][host] >= 0) {
        struct alert_route *route = &config->routes[config->route_of[rule][host]];
        route->group_wait_ms = least(route->group_wait_ms, wait_ms);
    }
}

/* Half of it in whole seconds, at least one. */
static int64_t half_s(int64_t ms)
{
    return ms < 2000 ? ms : ms / 2000 * 1000;
}

/* One rung: nothing slower than `step_ms`, scrapes given up after half of it. */
static void set_step(struct fleet *fleet, int rule, int host, int64_t step_ms)
{
    struct monitoring *monitoring = &fleet->monitoring;
    struct rule *settings = &monitoring->rules[rule];
    struct scrape_job *job = &monitoring->jobs[monitoring->n_jobs > 0 ? settings->job : 0];
    if (monitoring->n_jobs == 0) {
        *job = (struct scrape_job){.interval_ms = monitoring->scrape_interval_ms,
                                   .timeout_ms = monitoring->scrape_timeout_ms};
        monitoring->n_jobs = 1;
    }
    job->interval_ms = least(job->interval_ms, step_ms);
    job->timeout_ms = least(job->timeout_ms, half_s(step_ms));
    if (settings->interval_ms == 0)
        settings->interval_ms = monitoring->evaluation_interval_ms;
    settings->interval_ms = least(settings->interval_ms, step_ms);
    set_wait(&fleet->alertmanager, rule, host, step_ms);
}

/* The longest `for` that meets the claim, not under two evaluations unless it is now. */
static bool set_for(struct fleet *fleet, int rule, int host, const struct delay_fault *faults,
                    int n, double claim_ms)
{
    struct rule *settings = &fleet->monitoring.rules[rule];
    int64_t now_ms = settings->for_ms, floor_ms = least(now_ms, 2 * settings->interval_ms);
    double spare_ms;
    settings->for_ms = 0;
    spare_ms = claim_ms + SLACK_MS - worst_bound(fleet, rule, host, faults, n);
    if (!(spare_ms >= 0))
        return false;
    spare_ms -= fmod(spare_ms, (double)settings->interval_ms);
    settings->for_ms = least(now_ms, (int64_t)spare_ms);
    return settings->for_ms >= floor_ms;
}

static void say(const struct fleet *fleet, int rule, double bound_ms, double claim_ms, char *text,
                size_t size)
{
    const struct rule *settings = &fleet->monitoring.rules[rule];
    const struct scrape_job *job =
        &fleet->monitoring.jobs[fleet->monitoring.n_jobs > 0 ? settings->job : 0];
    char scrape[UNITS_TEXT], timeout[UNITS_TEXT], eval[UNITS_TEXT], hold[UNITS_TEXT];
    char window[UNITS_TEXT], wait[UNITS_TEXT], claim[UNITS_TEXT];
    char range[64] = "";
    if (target_value_of(settings->signal) < COUNTERS && settings->window_ms > 0)
        snprintf(range, sizeof range, " over [%s]",
                 units_format_duration(settings->window_ms, window));
    snprintf(text, size,
             "to be told within %s always: scrape every %s (timeout %s), evaluate every %s%s, for "
             "%s%s%s: at most %.0f s",
             units_format_duration((int64_t)claim_ms, claim),
             units_format_duration(job->interval_ms, scrape),
             units_format_duration(job->timeout_ms, timeout),
             units_format_duration(settings->interval_ms, eval), range,
             units_format_duration(settings->for_ms, hold),
             fleet->alertmanager.present ? ", group_wait " : "",
             fleet->alertmanager.present
                 ? units_format_duration(fleet->alertmanager.group_wait_ms, wait)
                 : "",
             ceil((bound_ms - SLACK_MS) / 1000));
}

/* Tries one rung, with the window as it is and then with four scrapes. */
static bool try_step(struct fleet *copy, const struct fleet *fleet, int rule, int host,
                     const struct delay_fault *faults, int n, double claim_ms, int64_t step_ms)
{
    for (int narrow = 0; narrow < 2; narrow++) {
        struct rule *settings;
        fleet_disown(copy);
        *copy = *fleet;
        fleet_own(copy);
        settings = &copy->monitoring.rules[rule];
        set_step(copy, rule, host, step_ms);
        if (narrow && settings->window_ms <= 4 * step_ms)
            return false;
        if (narrow)
            settings->window_ms = 4 * step_ms;
        if (set_for(copy, rule, host, faults, n, claim_ms))
            return true;
    }
    return false;
}

void alerts_advice(const struct fleet *fleet, int rule, int host, const struct delay_fault *faults,
                   int n, double claim_ms, char *text, size_t size)
{
    struct fleet *copy = malloc(sizeof *copy);
    char claim[UNITS_TEXT];
    bool found = false;
    UND_ASSERT(copy != NULL);
    *copy = *fleet;
    fleet_own(copy);
    text[0] = '\0';
    if (n > 0 && worst_bound(fleet, rule, host, faults, n) <= claim_ms + SLACK_MS) {
        snprintf(text, size, "meets %s always", units_format_duration((int64_t)claim_ms, claim));
        n = 0;
    }
    for (size_t i = 0; i < sizeof ladder_ms / sizeof *ladder_ms && n > 0 && !found; i++) {
        found = try_step(copy, fleet, rule, host, faults, n, claim_ms, ladder_ms[i]);
        if (found)
            say(copy, rule, worst_bound(copy, rule, host, faults, n), claim_ms, text, size);
    }
    if (n > 0 && !found)
        snprintf(text, size, "no scrape and evaluation every second or slower meets %s always",
                 units_format_duration((int64_t)claim_ms, claim));
    fleet_disown(copy);
    free(copy);
}
