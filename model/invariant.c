#include "invariant.h"
#include "assert.h"

static bool blind(const struct policy_config *config, const struct view *view)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > config->stale_after_ms)
            return true;
    return false;
}

/* Online, no alert that counts, probe not down: in good health by every sign. */
static bool sound(const struct policy_config *config, const struct view *view, int i)
{
    const struct view_host *host = &view->host[i];
    return host->online > 0 && host->offline_readings < config->confirm &&
           (host->alerts & config->severities) == 0;
}

/* Was another sound host serving when the step began? */
static bool other_served(const struct policy_config *config, const struct policy_state *before,
                         const struct view *view, int i)
{
    int j;
    for (j = 0; j < before->n; j++)
        if (j != i && before->host[j].admitted > 0 && sound(config, view, j) &&
            (before->host[j].phase == PHASE_SERVING || before->host[j].phase == PHASE_RAMPING))
            return true;
    return false;
}

static bool other_admitted(const struct policy_state *after, int i)
{
    int j;
    for (j = 0; j < after->n; j++)
        if (j != i && after->host[j].admitted > 0)
            return true;
    return false;
}

static enum invariant check_less(const struct policy_config *config,
                                 const struct policy_state *before,
                                 const struct policy_state *after, int64_t now_ms,
                                 const struct view *view, int i)
{
    const struct policy_host *was = &before->host[i];
    const struct view_host *host = &view->host[i];
    bool accused = (host->alerts & config->severities) != 0 ||
                   (host->offline_readings >= config->confirm && host->probe == PROBE_DOWN);
    if (after->host[i].admitted == 0 && !other_admitted(after, i))
        return INVARIANT_LAST_HEALTHY;
    if (host->maintenance)
        return INVARIANT_HOLDS;
    if (!accused)
        return INVARIANT_STEADY;
    if (was->phase != PHASE_RAMPING &&
        (was->phase != PHASE_SUSPECT || now_ms - was->detected_ms < config->persist_ms))
        return INVARIANT_PERSISTENCE;
    return INVARIANT_HOLDS;
}

static enum invariant check_more(const struct policy_config *config,
                                 const struct policy_state *before,
                                 const struct policy_state *after, int64_t now_ms,
                                 const struct view *view, int i)
{
    const struct policy_host *was = &before->host[i], *is = &after->host[i];
    bool other = other_served(config, before, view, i);
    int slots = view->host[i].slots;
    if (!sound(config, view, i) || view->host[i].health_passes < config->health_checks)
        return was->admitted == 0 ? INVARIANT_RECOVERY : INVARIANT_HOLDS;
    if (was->admitted == 0 && other && now_ms < was->blocked_until_ms)
        return INVARIANT_FLAP;
    if (was->admitted == 0 && other && is->admitted > 1 && config->ramp_ms > 0)
        return INVARIANT_RAMP;
    if (was->admitted > 0 &&
        (now_ms - was->ramp_start_ms) * (slots - 1) < config->ramp_ms * (is->admitted - 1))
        return INVARIANT_RAMP;
    return INVARIANT_HOLDS;
}

static enum invariant check_host(const struct policy_config *config,
                                 const struct policy_state *before,
                                 const struct policy_state *after, int64_t now_ms,
                                 const struct view *view, const struct plan *plan, int i)
{
    int was = before->host[i].admitted, is = after->host[i].admitted;
    if (is < 0 || is > view->host[i].slots || plan->host[i].admitted < 0 ||
        plan->host[i].admitted > view->host[i].slots)
        return INVARIANT_ADMITTED_RANGE;
    if (is == was)
        return INVARIANT_HOLDS;
    if (view->paused || (blind(config, view) && !view->host[i].maintenance))
        return INVARIANT_STATIC;
    if (is < was)
        return check_less(config, before, after, now_ms, view, i);
    return check_more(config, before, after, now_ms, view, i);
}

enum invariant invariant_check(const struct policy_config *config,
                               const struct policy_state *before, const struct policy_state *after,
                               int64_t now_ms, const struct view *view, const struct plan *plan,
                               int *host)
{
    int i;
    UND_ASSERT(before->n == after->n && after->n == plan->n);
    for (i = 0; i < after->n; i++) {
        enum invariant broken = check_host(config, before, after, now_ms, view, plan, i);
        *host = i;
        if (broken != INVARIANT_HOLDS)
            return broken;
    }
    return INVARIANT_HOLDS;
}
