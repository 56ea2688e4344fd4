#include "policy.h"
#include "model/base/assert.h"

#define HOUR_MS 3600000LL
#define BIT(x) (1u << (unsigned)(x))

/* What the feeds say of one host's trouble. */
enum evidence { EVIDENCE_GONE, EVIDENCE_UNKNOWN, EVIDENCE_BAD };

static bool fresh(const struct policy_config *config, const struct view *view, enum feed feed)
{
    return view->age_ms[feed] <= config->stale_after_ms;
}

static bool blind(const struct policy_config *config, const struct view *view)
{
    return !fresh(config, view, FEED_GITHUB) || !fresh(config, view, FEED_ALERTS) ||
           !fresh(config, view, FEED_PROBE);
}

static bool offline(const struct policy_config *config, const struct view_host *host)
{
    return host->offline_readings >= config->confirm;
}

/* An alert is evidence by itself; "offline" and "down" only together, because each of the two
 * sources is known to lie at times. A stale feed neither accuses nor acquits. */
static enum evidence evidence(const struct policy_config *config, const struct view *view, int i)
{
    const struct view_host *host = &view->host[i];
    bool alerts = fresh(config, view, FEED_ALERTS), github = fresh(config, view, FEED_GITHUB);
    bool probe = fresh(config, view, FEED_PROBE);
    if (alerts && (host->alerts & config->severities) != 0)
        return EVIDENCE_BAD;
    if (github && probe && offline(config, host) && host->probe == PROBE_DOWN)
        return EVIDENCE_BAD;
    if (alerts && ((github && !offline(config, host)) || (probe && host->probe != PROBE_DOWN)))
        return EVIDENCE_GONE;
    return EVIDENCE_UNKNOWN;
}

static bool healthy(const struct policy_config *config, const struct view *view, int i)
{
    return evidence(config, view, i) == EVIDENCE_GONE && view->host[i].online > 0 &&
           !offline(config, &view->host[i]);
}

/* Does some other host serve, or ramp, in good health? */
static bool another_serves(const struct policy_config *config, const struct policy_state *state,
                           const struct view *view, int i)
{
    int j;
    for (j = 0; j < state->n; j++) {
        enum phase phase = state->host[j].phase;
        if (j != i && (phase == PHASE_SERVING || phase == PHASE_RAMPING) &&
            state->host[j].admitted > 0 && healthy(config, view, j))
            return true;
    }
    return false;
}

/* Why a due drain must not happen now; 0 if nothing forbids it. */
static enum notice held_by(const struct policy_config *config, const struct policy_state *state,
                           int64_t now_ms, const struct view *view, int i)
{
    if (view->paused)
        return NOTICE_HELD_PAUSED;
    if (blind(config, view) && !view->host[i].maintenance)
        return NOTICE_HELD_BLIND;
    if (now_ms - state->started_ms < config->grace_ms && !view->host[i].maintenance)
        return NOTICE_HELD_GRACE;
    if (!another_serves(config, state, view, i))
        return NOTICE_HELD_LAST;
    return 0;
}

/* Says so once for each reason, not at every step. */
static void hold(struct policy_host *host, struct plan_host *plan, enum notice reason)
{
    if (host->held != (int)reason)
        plan->notices |= BIT(reason);
    host->held = (int)reason;
}

static int failovers_since(const struct policy_host *host, int64_t since_ms)
{
    int i, n = 0;
    int kept =
        host->failover_count < POLICY_FAILOVER_LOG ? host->failover_count : POLICY_FAILOVER_LOG;
    for (i = 0; i < kept; i++)
        n += host->failovers[i] > since_ms;
    return n;
}

static void drain(const struct policy_config *config, struct policy_host *host,
                  struct plan_host *plan, int64_t now_ms, enum notice why)
{
    host->phase = PHASE_DRAINED;
    host->admitted = 0;
    host->clear_ms = -1;
    host->held = 0;
    plan->notices |= BIT(why);
    if (failovers_since(host, now_ms - HOUR_MS) >= config->max_failovers) {
        host->blocked_until_ms = now_ms + config->block_ms;
        plan->notices |= BIT(NOTICE_FLAPPING);
    }
    host->failovers[host->failover_count++ % POLICY_FAILOVER_LOG] = now_ms;
}

static void step_serving(struct policy_host *host, struct plan_host *plan, int64_t now_ms,
                         enum evidence seen)
{
    if (seen != EVIDENCE_BAD)
        return;
    host->phase = PHASE_SUSPECT;
    host->detected_ms = now_ms;
    host->held = 0;
    plan->notices |= BIT(NOTICE_DETECTED);
}

static void step_suspect(const struct policy_config *config, struct policy_state *state,
                         int64_t now_ms, const struct view *view, struct plan_host *plan, int i,
                         enum evidence seen)
{
    struct policy_host *host = &state->host[i];
    enum notice reason;
    if (seen == EVIDENCE_GONE) {
        host->phase = PHASE_SERVING;
        host->held = 0;
        plan->notices |= BIT(NOTICE_DISMISSED);
        return;
    }
    if (now_ms - host->detected_ms < config->persist_ms)
        return;
    reason = held_by(config, state, now_ms, view, i);
    if (reason == 0 && seen == EVIDENCE_UNKNOWN)
        reason = NOTICE_HELD_BLIND;
    if (reason != 0)
        hold(host, plan, reason);
    else
        drain(config, host, plan, now_ms, NOTICE_FAILOVER);
}

static void restore(struct policy_host *host, struct plan_host *plan, int slots)
{
    host->phase = PHASE_SERVING;
    host->admitted = slots;
    host->held = 0;
    plan->notices |= BIT(NOTICE_RESTORED);
}

/* Slots come back only to a host that is in good health by every sign, as seen just now. */
static bool recovered(const struct policy_config *config, const struct view *view, int i)
{
    return !blind(config, view) && healthy(config, view, i) &&
           view->host[i].health_passes >= config->health_checks;
}

/* Failback begins with one slot; with nothing else serving there is no time for a ramp. */
static void step_drained(const struct policy_config *config, struct policy_state *state,
                         int64_t now_ms, const struct view *view, struct plan_host *plan, int i)
{
    struct policy_host *host = &state->host[i];
    bool alone = !another_serves(config, state, view, i);
    if (blind(config, view) || !healthy(config, view, i)) {
        host->clear_ms = -1;
        return;
    }
    if (host->clear_ms < 0)
        host->clear_ms = now_ms;
    if (view->paused || view->host[i].health_passes < config->health_checks ||
        now_ms - host->clear_ms < config->clear_for_ms ||
        (now_ms < host->blocked_until_ms && !alone))
        return;
    plan->notices |= BIT(NOTICE_FAILBACK);
    host->phase = PHASE_RAMPING;
    host->admitted = 1;
    host->ramp_start_ms = now_ms;
    if (alone || view->host[i].slots == 1 || config->ramp_ms == 0)
        restore(host, plan, view->host[i].slots);
}

static void step_ramping(const struct policy_config *config, struct policy_state *state,
                         int64_t now_ms, const struct view *view, struct plan_host *plan, int i,
                         enum evidence seen)
{
    struct policy_host *host = &state->host[i];
    int slots = view->host[i].slots;
    if (seen == EVIDENCE_BAD) {
        enum notice reason = held_by(config, state, now_ms, view, i);
        if (reason == 0 || reason == NOTICE_HELD_GRACE) {
            host->detected_ms = now_ms;
            drain(config, host, plan, now_ms, NOTICE_RELAPSE);
            return;
        }
        hold(host, plan, reason);
    } else {
        host->held = 0;
    }
    if (view->paused || !recovered(config, view, i)) {
        /* Hold the ramp where it is: as if the slots it has were just now due. */
        host->ramp_start_ms = now_ms - config->ramp_ms * (host->admitted - 1) / (slots - 1);
        return;
    }
    if (!another_serves(config, state, view, i))
        host->admitted = slots;
    while (host->admitted < slots &&
           (now_ms - host->ramp_start_ms) * (slots - 1) >= config->ramp_ms * host->admitted)
        host->admitted++;
    if (host->admitted == slots)
        restore(host, plan, slots);
}

/* Seen out of the rotation and without a job, by a reading younger than the drain: an older one
 * does not know of the job that came in between. */
static bool empty(const struct policy_config *config, const struct view *view,
                  const struct policy_host *host, int64_t now_ms, int i)
{
    return fresh(config, view, FEED_GITHUB) &&
           now_ms - view->age_ms[FEED_GITHUB] > host->detected_ms && view->host[i].busy == 0 &&
           view->host[i].routed == 0;
}

/* Maintenance by hand: in at once, unless it would take the last healthy host; out through the
 * same recovery as after a failure. */
static bool step_maintenance(const struct policy_config *config, struct policy_state *state,
                             int64_t now_ms, const struct view *view, struct plan_host *plan, int i)
{
    struct policy_host *host = &state->host[i];
    if (host->phase == PHASE_MAINTENANCE) {
        if (!view->host[i].maintenance && !view->paused) {
            host->phase = PHASE_DRAINED;
            host->clear_ms = -1;
            host->held = 0;
            return false;
        }
        if (empty(config, view, host, now_ms, i))
            hold(host, plan, NOTICE_EMPTY);
        return true;
    }
    if (!view->host[i].maintenance) {
        if (host->phase == PHASE_SERVING)
            host->held = 0;
        return false;
    }
    if (host->phase != PHASE_DRAINED) {
        enum notice reason = held_by(config, state, now_ms, view, i);
        if (reason != 0) {
            hold(host, plan, reason);
            return false;
        }
    } else if (view->paused) {
        return false;
    }
    host->phase = PHASE_MAINTENANCE;
    host->detected_ms = now_ms;
    host->admitted = 0;
    host->held = 0;
    plan->notices |= BIT(NOTICE_MAINTENANCE);
    return true;
}

static void step_host(const struct policy_config *config, struct policy_state *state,
                      int64_t now_ms, const struct view *view, struct plan_host *plan, int i)
{
    enum evidence seen = evidence(config, view, i);
    if (step_maintenance(config, state, now_ms, view, plan, i))
        return;
    switch (state->host[i].phase) {
    case PHASE_SERVING:
        step_serving(&state->host[i], plan, now_ms, seen);
        break;
    case PHASE_SUSPECT:
        step_suspect(config, state, now_ms, view, plan, i, seen);
        break;
    case PHASE_DRAINED:
        step_drained(config, state, now_ms, view, plan, i);
        break;
    case PHASE_RAMPING:
        step_ramping(config, state, now_ms, view, plan, i, seen);
        break;
    case PHASE_MAINTENANCE:
    case PHASE_COUNT:
        UND_UNREACHABLE();
    }
}

/* Blindness and darkness belong to the fleet, not to a host. */
static void step_fleet(const struct policy_config *config, struct policy_state *state,
                       int64_t now_ms, const struct view *view, struct plan *plan)
{
    bool dark = true, now_blind = blind(config, view);
    int i;
    if (now_blind != state->blind)
        plan->notices |= BIT(now_blind ? NOTICE_BLIND : NOTICE_SIGHTED);
    state->blind = now_blind;
    for (i = 0; i < state->n; i++)
        dark = dark && (!healthy(config, view, i) || state->host[i].phase == PHASE_MAINTENANCE);
    if (now_blind)
        return;
    if (!dark) {
        state->dark_ms = -1;
        state->paged = false;
        return;
    }
    if (state->dark_ms < 0)
        state->dark_ms = now_ms;
    if (!state->paged && now_ms - state->dark_ms >= config->page_after_ms) {
        state->paged = true;
        plan->notices |= BIT(NOTICE_PAGE);
    }
}

/* Without overflow the backups stand by until some primary is not fully admitted. */
static bool backups_stand_by(const struct policy_config *config, const struct policy_state *state,
                             const struct view *view)
{
    int i;
    if (config->overflow)
        return false;
    for (i = 0; i < state->n; i++)
        if (view->host[i].tier == TIER_PRIMARY && state->host[i].admitted < view->host[i].slots)
            return false;
    return true;
}

void policy_init(const struct policy_config *config, struct policy_state *state, int64_t now_ms,
                 const struct view *view)
{
    int i, j;
    UND_ASSERT(view->n > 0 && view->n <= POLICY_HOSTS);
    UND_ASSERT(config->confirm > 0);
    state->n = view->n;
    state->started_ms = now_ms;
    state->dark_ms = -1;
    state->paged = false;
    state->blind = false;
    for (i = 0; i < state->n; i++) {
        struct policy_host *host = &state->host[i];
        host->phase = PHASE_SERVING;
        host->admitted = view->host[i].slots;
        host->detected_ms = 0;
        host->clear_ms = -1;
        host->ramp_start_ms = 0;
        host->blocked_until_ms = now_ms;
        host->failover_count = 0;
        host->held = 0;
        for (j = 0; j < POLICY_FAILOVER_LOG; j++)
            host->failovers[j] = 0;
    }
}

void policy_step(const struct policy_config *config, struct policy_state *state, int64_t now_ms,
                 const struct view *view, struct plan *plan)
{
    bool stand_by;
    int i;
    UND_ASSERT(view->n == state->n);
    UND_ASSERT(now_ms >= state->started_ms);
    plan->n = state->n;
    plan->notices = 0;
    for (i = 0; i < state->n; i++)
        plan->host[i].notices = 0;
    step_fleet(config, state, now_ms, view, plan);
    for (i = 0; i < state->n; i++)
        step_host(config, state, now_ms, view, &plan->host[i], i);
    stand_by = backups_stand_by(config, state, view);
    for (i = 0; i < state->n; i++)
        plan->host[i].admitted =
            stand_by && view->host[i].tier == TIER_BACKUP ? 0 : state->host[i].admitted;
}

bool policy_settled(const struct policy_config *config, const struct policy_state *state,
                    const struct view *view)
{
    int i;
    if (blind(config, view) || (state->dark_ms >= 0 && !state->paged))
        return false;
    for (i = 0; i < state->n; i++) {
        const struct policy_host *host = &state->host[i];
        /* Of two hosts the one stepped last may have come back only after the first was held. */
        bool waits = host->held == 0 || host->held == NOTICE_HELD_GRACE ||
                     (host->held == NOTICE_HELD_LAST && another_serves(config, state, view, i));
        if (host->phase == PHASE_RAMPING || (host->phase == PHASE_DRAINED && host->clear_ms >= 0))
            return false;
        if ((host->phase == PHASE_SUSPECT || host->phase == PHASE_MAINTENANCE ||
             view->host[i].maintenance) &&
            waits)
            return false;
    }
    return true;
}
