#include "invariant.h"
#include "model/base/assert.h"

static bool blind(const struct policy_config *config, const struct view *view)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > config->stale_after_ms)
            return true;
    return false;
}

/* Online, no alert that counts: in good health by every sign that brings a host back. */
static bool sound(const struct policy_config *config, const struct view *view, int i)
{
    const struct view_host *host = &view->host[i];
    return host->online > 0 && host->offline_readings < config->confirm &&
           (host->alerts & config->severities) == 0;
}

static unsigned draining(const struct policy_config *config)
{
    unsigned drain = 0;
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        drain |= (config->signs[sign].then >> REMEDY_DRAIN & 1) << sign;
    return drain;
}

/* Signs that drain, of those that the view shows. */
static unsigned drains(const struct policy_config *config, const struct view *view, int i)
{
    const struct view_host *host = &view->host[i];
    unsigned shown = host->signs;
    if (config->partial_pm * host->slots > (int64_t)host->online * 1000)
        shown |= 1u << SIGN_PARTIAL;
    return shown & draining(config);
}

/* Of them, is there one that has lasted? */
static bool sign_lasted(const struct policy_config *config, const struct policy_host *host,
                        int64_t now_ms, unsigned signs)
{
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if ((signs >> sign & 1) && host->sign_ms[sign] >= 0 &&
            host->sign_ms[sign] + config->signs[sign].lasts_ms <= now_ms)
            return true;
    return false;
}

/* Has the trouble come back so often that it need not persist? */
static bool returned(const struct policy_config *config, const struct policy_host *host,
                     int64_t now_ms)
{
    int first = host->detection_count - config->returns;
    return config->returns_within_ms > 0 && first >= 0 &&
           host->detections[first % POLICY_FAILOVER_LOG] > now_ms - config->returns_within_ms;
}

/* A host that only a sign accuses serves on until it is drained. */
static bool serves(const struct policy_config *config, const struct policy_host *host)
{
    return host->admitted > 0 &&
           (host->phase == PHASE_SERVING || host->phase == PHASE_RAMPING ||
            (host->phase == PHASE_SUSPECT && (host->told & draining(config)) != 0));
}

/* Did another sound host serve when the step began, and does it still? */
static bool another_stays(const struct policy_config *config, const struct policy_state *before,
                          const struct policy_state *after, const struct view *view, int i)
{
    int j;
    for (j = 0; j < before->n; j++)
        if (j != i && sound(config, view, j) && serves(config, &before->host[j]) &&
            serves(config, &after->host[j]))
            return true;
    return false;
}

/* `clean`: what is accused by a sign alone goes only where another shows none. */
static bool another_serves(const struct policy_config *config, const struct policy_state *state,
                           const struct view *view, int i, bool clean)
{
    int j;
    for (j = 0; j < state->n; j++)
        if (j != i && sound(config, view, j) && serves(config, &state->host[j]) &&
            !(clean && drains(config, view, j) != 0))
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
    bool sign = sign_lasted(config, &after->host[i], now_ms, drains(config, view, i));
    UND_ASSERT(after->host[i].admitted < was->admitted);
    /* One that showed no sign may be gone by hand since, or have been acquitted just now. */
    if (!another_serves(config, after, view, i, false) ||
        (!accused && !host->maintenance && !another_serves(config, before, view, i, true) &&
         !another_serves(config, after, view, i, true)))
        return INVARIANT_LAST_HEALTHY;
    if (host->maintenance)
        return INVARIANT_HOLDS;
    if (!accused && !sign)
        return INVARIANT_STEADY;
    if (was->phase != PHASE_RAMPING &&
        (was->phase != PHASE_SUSPECT || (now_ms - was->detected_ms < config->persist_ms &&
                                         !returned(config, &after->host[i], now_ms))))
        return INVARIANT_PERSISTENCE;
    return INVARIANT_HOLDS;
}

static enum invariant check_more(const struct policy_config *config,
                                 const struct policy_state *before,
                                 const struct policy_state *after, int64_t now_ms,
                                 const struct view *view, int i)
{
    const struct policy_host *was = &before->host[i], *is = &after->host[i];
    int slots = view->host[i].slots;
    UND_ASSERT(is->admitted > was->admitted);
    if (!sound(config, view, i) || view->host[i].health_passes < config->health_checks)
        return INVARIANT_RECOVERY;
    if (!another_stays(config, before, after, view, i))
        return INVARIANT_HOLDS; /* nothing else serves: all of it at once */
    if (drains(config, view, i) != 0)
        return INVARIANT_RECOVERY;
    if (was->admitted == 0 && (now_ms < was->blocked_until_ms || now_ms < was->hidden_until_ms))
        return INVARIANT_FLAP;
    if (was->admitted == 0 && is->admitted > 1 && config->ramp_ms > 0)
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

/* Backups may stand by, if configured to, while every primary is admitted in full. */
static enum invariant check_plan(const struct policy_config *config,
                                 const struct policy_state *after, const struct view *view,
                                 const struct plan *plan, int *host)
{
    bool full = true, nobody = true;
    int i;
    for (i = 0; i < plan->n; i++)
        full = full && (view->host[i].tier == TIER_BACKUP ||
                        after->host[i].admitted == view->host[i].slots);
    for (i = 0; i < plan->n; i++) {
        bool stands_by = !config->overflow && full && view->host[i].tier == TIER_BACKUP;
        *host = i;
        if (plan->host[i].admitted != (stands_by ? 0 : after->host[i].admitted))
            return INVARIANT_STAND_BY;
        nobody = nobody && plan->host[i].admitted == 0;
    }
    return nobody ? INVARIANT_LAST_HEALTHY : INVARIANT_HOLDS;
}

enum invariant invariant_check(const struct policy_config *config,
                               const struct policy_state *before, const struct policy_state *after,
                               int64_t now_ms, const struct view *view, const struct plan *plan,
                               int *host)
{
    int i;
    UND_ASSERT(before->n == after->n && after->n == plan->n);
    UND_ASSERT(view->n == after->n && after->n > 0);
    for (i = 0; i < after->n; i++) {
        enum invariant broken = check_host(config, before, after, now_ms, view, plan, i);
        *host = i;
        if (broken != INVARIANT_HOLDS)
            return broken;
    }
    return check_plan(config, after, view, plan, host);
}
