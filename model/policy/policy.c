#include "policy.h"
#include "model/base/assert.h"
#include "policy_evidence.h"

#define HOUR_MS 3600000LL
#define BIT(x) (1u << (unsigned)(x))

_Static_assert((int)NOTICE_FAILURES - (int)NOTICE_PARTIAL == (int)SIGN_FAILURES - (int)SIGN_PARTIAL,
               "the signs' notices are in the signs' order");
_Static_assert((int)NOTICE_COUNT <= 32, "notices are bits of an unsigned");

/* Has a sign that drains lasted, at the last step? */
static bool accused_by_sign(const struct policy_config *config, const struct policy_host *host)
{
    return evidence_draining(config, host->told) != 0;
}

/* It serves, or ramps. What a sign alone accuses serves on until it is drained. */
static bool serves(const struct policy_config *config, const struct policy_host *host)
{
    return host->admitted > 0 && (host->phase == PHASE_SERVING || host->phase == PHASE_RAMPING ||
                                  (host->phase == PHASE_SUSPECT && accused_by_sign(config, host)));
}

/* Does some other host serve in good health? `clean`: and without a sign that drains. */
static bool another_serves(const struct policy_config *config, const struct policy_state *state,
                           const struct view *view, int i, bool clean)
{
    int j;
    for (j = 0; j < state->n; j++)
        if (j != i && serves(config, &state->host[j]) && evidence_healthy(config, view, j) &&
            !(clean && evidence_draining(config, evidence_signs(config, view, j)) != 0))
            return true;
    return false;
}

/* The document's evidence is gone: only a sign can be what accuses it. */
static bool by_sign(const struct policy_config *config, const struct view *view, int i)
{
    return !view->host[i].maintenance && evidence_of(config, view, i) == EVIDENCE_GONE;
}

/* Nothing else would serve in its place. What only a sign accuses needs a host that shows none. */
static bool is_last(const struct policy_config *config, const struct policy_state *state,
                    const struct view *view, int i)
{
    return !another_serves(config, state, view, i, by_sign(config, view, i));
}

/* Why a due drain must not happen now; 0 if nothing forbids it. Grace comes last: a relapse does
 * not wait for it, and must know that nothing else forbids it. */
static enum notice held_by(const struct policy_config *config, const struct policy_state *state,
                           int64_t now_ms, const struct view *view, int i)
{
    if (view->paused)
        return NOTICE_HELD_PAUSED;
    if (evidence_blind(config, view) && !view->host[i].maintenance)
        return NOTICE_HELD_BLIND;
    if (is_last(config, state, view, i))
        return NOTICE_HELD_LAST;
    if (now_ms - state->started_ms < config->grace_ms && !view->host[i].maintenance)
        return NOTICE_HELD_GRACE;
    return 0;
}

/* Says so once for each reason, not at every step. */
static void hold(struct policy_host *host, struct plan_host *plan, enum notice reason)
{
    UND_ASSERT((reason >= NOTICE_HELD_LAST && reason <= NOTICE_HELD_GRACE) ||
               reason == NOTICE_EMPTY); /* 0 is for: not held */
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
    UND_ASSERT(kept >= 0 && n <= kept);
    return n;
}

static void drain(const struct policy_config *config, struct policy_host *host,
                  struct plan_host *plan, int64_t now_ms, enum notice why)
{
    UND_ASSERT(host->phase == PHASE_SUSPECT || host->phase == PHASE_RAMPING);
    UND_ASSERT(why == (host->phase == PHASE_SUSPECT ? NOTICE_FAILOVER : NOTICE_RELAPSE));
    UND_ASSERT(host->detected_ms <= now_ms);
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

/* What a drain takes out of sight cannot bring the host back by being gone. */
static void hide(const struct policy_config *config, struct policy_host *host, int64_t now_ms,
                 bool returns)
{
    const unsigned hidden = BIT(SIGN_DEAF) | BIT(SIGN_FAILURES);
    unsigned draining = evidence_draining(config, evidence_lasting(config, host, now_ms));
    UND_ASSERT(host->phase != PHASE_DRAINED); /* then it would be hidden already */
    if (returns || (draining & hidden) != 0)
        host->hidden_until_ms = now_ms + config->hold_ms;
}

/* A detection counts among those that return if GitHub or the probe says so too: an alert alone
 * comes back as often as its target flaps. */
static void step_serving(struct policy_host *host, struct plan_host *plan, int64_t now_ms,
                         const struct view_host *seen_host, enum evidence seen)
{
    UND_ASSERT(host->phase == PHASE_SERVING);
    if (seen != EVIDENCE_BAD)
        return;
    host->phase = PHASE_SUSPECT;
    host->detected_ms = now_ms;
    if (seen_host->online == 0 || seen_host->probe != PROBE_UP)
        host->detections[host->detection_count++ % POLICY_FAILOVER_LOG] = now_ms;
    host->held = 0;
    plan->notices |= BIT(NOTICE_DETECTED);
}

static void step_suspect(const struct policy_config *config, struct policy_state *state,
                         int64_t now_ms, const struct view *view, struct plan_host *plan, int i,
                         enum evidence seen)
{
    struct policy_host *host = &state->host[i];
    bool returns = evidence_returns(config, host, now_ms);
    enum notice reason;
    UND_ASSERT(host->phase == PHASE_SUSPECT && host->detected_ms <= now_ms);
    if (seen == EVIDENCE_GONE) {
        host->phase = PHASE_SERVING;
        host->held = 0;
        plan->notices |= BIT(NOTICE_DISMISSED);
        return;
    }
    /* Where it shows everywhere it is not the host: when the first of them is well again, the
     * others have their time to follow. */
    if (!view->paused && by_sign(config, view, i) && is_last(config, state, view, i)) {
        host->detected_ms = now_ms;
        hold(host, plan, NOTICE_HELD_LAST);
        return;
    }
    if (now_ms - host->detected_ms < config->persist_ms && !returns) {
        if (!view->host[i].maintenance) /* not due yet, it waits for nothing: not settled */
            host->held = 0;
        return;
    }
    reason = held_by(config, state, now_ms, view, i);
    if (reason == 0 && seen == EVIDENCE_UNKNOWN)
        reason = NOTICE_HELD_BLIND;
    if (reason != 0) {
        hold(host, plan, reason);
        return;
    }
    plan->notices |= returns ? BIT(NOTICE_RETURNS) : 0;
    hide(config, host, now_ms, returns);
    drain(config, host, plan, now_ms, NOTICE_FAILOVER);
}

static void restore(struct policy_host *host, struct plan_host *plan, int slots)
{
    UND_ASSERT(slots > 0 && host->phase == PHASE_RAMPING);
    host->phase = PHASE_SERVING;
    host->admitted = slots;
    host->held = 0;
    plan->notices |= BIT(NOTICE_RESTORED);
}

/* Slots come back only to a host that is in good health by every sign, as seen just now. */
static bool recovered(const struct policy_config *config, const struct view *view, int i)
{
    return !evidence_blind(config, view) && evidence_healthy(config, view, i) &&
           view->host[i].health_passes >= config->health_checks;
}

static bool shows_sign(const struct policy_config *config, const struct view *view, int i)
{
    return evidence_draining(config, evidence_signs(config, view, i)) != 0;
}

/* Failback begins with one slot; with nothing else serving there is no time for a ramp. */
static void step_drained(const struct policy_config *config, struct policy_state *state,
                         int64_t now_ms, const struct view *view, struct plan_host *plan, int i)
{
    struct policy_host *host = &state->host[i];
    bool alone = !another_serves(config, state, view, i, false);
    UND_ASSERT(host->phase == PHASE_DRAINED && host->admitted == 0);
    UND_ASSERT(host->clear_ms <= now_ms);
    if (evidence_blind(config, view) || !evidence_healthy(config, view, i) ||
        (!alone && shows_sign(config, view, i))) {
        host->clear_ms = -1;
        return;
    }
    if (host->clear_ms < 0)
        host->clear_ms = now_ms;
    if (view->paused || view->host[i].health_passes < config->health_checks ||
        now_ms - host->clear_ms < config->clear_for_ms ||
        ((now_ms < host->blocked_until_ms || now_ms < host->hidden_until_ms) && !alone))
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
    bool alone = !another_serves(config, state, view, i, false);
    int slots = view->host[i].slots;
    UND_ASSERT(host->phase == PHASE_RAMPING && host->ramp_start_ms <= now_ms);
    UND_ASSERT(host->admitted > 0 && host->admitted < slots); /* else it were drained, or serving */
    if (seen == EVIDENCE_BAD) {
        enum notice reason = held_by(config, state, now_ms, view, i);
        if (reason == 0 || reason == NOTICE_HELD_GRACE) {
            host->detected_ms = now_ms;
            hide(config, host, now_ms, false);
            drain(config, host, plan, now_ms, NOTICE_RELAPSE);
            return;
        }
        hold(host, plan, reason);
    } else {
        host->held = 0;
    }
    if (view->paused || !recovered(config, view, i) || (!alone && shows_sign(config, view, i))) {
        /* Hold the ramp where it is: as if the slots it has were just now due. */
        host->ramp_start_ms = now_ms - config->ramp_ms * (host->admitted - 1) / (slots - 1);
        return;
    }
    if (alone)
        host->admitted = slots;
    while (host->admitted < slots &&
           (now_ms - host->ramp_start_ms) * (slots - 1) >= config->ramp_ms * host->admitted)
        host->admitted++;
    if (host->admitted == slots)
        restore(host, plan, slots);
}

/* Seen out of the rotation and without a job, by a reading younger than the drain: an older one
 * does not know of the job that came in between. The list of runners has said idle over running
 * jobs, so that of the jobs has to agree where it is read. */
static bool empty(const struct policy_config *config, const struct view *view,
                  const struct policy_host *host, int64_t now_ms, int i)
{
    UND_ASSERT(host->phase == PHASE_MAINTENANCE && host->detected_ms <= now_ms);
    return evidence_fresh(config, view, FEED_GITHUB) &&
           now_ms - view->age_ms[FEED_GITHUB] > host->detected_ms && view->host[i].busy == 0 &&
           view->host[i].running == 0 && view->host[i].routed == 0;
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

/* The clocks of the signs; what has lasted is told once, and may page. A stale reading starts no
 * clock and stops none; in maintenance nobody wonders. */
static void step_signs(const struct policy_config *config, struct policy_host *host, int64_t now_ms,
                       const struct view *view, struct plan *plan, int i)
{
    unsigned seen = evidence_signs(config, view, i), lasting;
    int sign;
    if (view->host[i].maintenance)
        seen = 0;
    else if (!evidence_fresh(config, view, FEED_GITHUB))
        return;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (!(seen >> sign & 1))
            host->sign_ms[sign] = -1;
        else if (host->sign_ms[sign] < 0)
            host->sign_ms[sign] = now_ms;
    lasting = evidence_lasting(config, host, now_ms);
    UND_ASSERT((lasting & ~seen) == 0); /* what has gone has no clock */
    for (sign = 0; sign < SIGN_COUNT; sign++) {
        if (!((lasting & ~host->told) >> sign & 1))
            continue;
        plan->host[i].notices |= BIT(NOTICE_PARTIAL + sign);
        if (config->signs[sign].then & BIT(REMEDY_PAGE))
            plan->notices |= BIT(NOTICE_PAGE);
    }
    host->told = lasting;
}

static void step_host(const struct policy_config *config, struct policy_state *state,
                      int64_t now_ms, const struct view *view, struct plan_host *plan, int i)
{
    enum evidence seen = evidence_of(config, view, i);
    if (step_maintenance(config, state, now_ms, view, plan, i))
        return;
    if (evidence_fresh(config, view, FEED_GITHUB) &&
        evidence_draining(config, evidence_lasting(config, &state->host[i], now_ms)) != 0)
        seen = EVIDENCE_BAD;
    switch (state->host[i].phase) {
    case PHASE_SERVING:
        step_serving(&state->host[i], plan, now_ms, &view->host[i], seen);
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
    bool dark = true, now_blind = evidence_blind(config, view);
    int i;
    UND_ASSERT(state->dark_ms <= now_ms);
    if (now_blind != state->blind)
        plan->notices |= BIT(now_blind ? NOTICE_BLIND : NOTICE_SIGHTED);
    state->blind = now_blind;
    for (i = 0; i < state->n; i++)
        dark = dark &&
               (!evidence_healthy(config, view, i) || state->host[i].phase == PHASE_MAINTENANCE);
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
        UND_ASSERT(view->host[i].slots > 0);
        host->phase = PHASE_SERVING;
        host->admitted = view->host[i].slots;
        host->detected_ms = 0;
        host->clear_ms = -1;
        host->ramp_start_ms = 0;
        host->blocked_until_ms = now_ms;
        host->failover_count = 0;
        host->held = 0;
        host->told = 0;
        host->detection_count = 0;
        host->hidden_until_ms = now_ms;
        for (j = 0; j < POLICY_FAILOVER_LOG; j++)
            host->failovers[j] = host->detections[j] = 0;
        for (j = 0; j < SIGN_COUNT; j++)
            host->sign_ms[j] = -1;
    }
}

void policy_restart(struct policy_state *state, int64_t now_ms)
{
    state->started_ms = now_ms;
}

void policy_acknowledge(struct policy_state *state, int host, int64_t now_ms)
{
    UND_ASSERT(host >= 0 && host < state->n);
    if (state->host[host].blocked_until_ms > now_ms)
        state->host[host].blocked_until_ms = now_ms;
}

void policy_step(const struct policy_config *config, struct policy_state *state, int64_t now_ms,
                 const struct view *view, struct plan *plan)
{
    bool stand_by;
    int i;
    UND_ASSERT(state->n > 0 && state->n <= POLICY_HOSTS);
    UND_ASSERT(view->n == state->n);
    UND_ASSERT(now_ms >= state->started_ms);
    plan->n = state->n;
    plan->notices = 0;
    for (i = 0; i < state->n; i++)
        plan->host[i].notices = 0;
    step_fleet(config, state, now_ms, view, plan);
    for (i = 0; i < state->n; i++) {
        step_signs(config, &state->host[i], now_ms, view, plan, i);
        step_host(config, state, now_ms, view, &plan->host[i], i);
    }
    stand_by = backups_stand_by(config, state, view);
    for (i = 0; i < state->n; i++)
        plan->host[i].admitted =
            stand_by && view->host[i].tier == TIER_BACKUP ? 0 : state->host[i].admitted;
}

/* Is there a sign whose time has not come yet? */
static bool sign_pending(const struct policy_host *host)
{
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (host->sign_ms[sign] >= 0 && !(host->told >> sign & 1))
            return true;
    return false;
}

bool policy_settled(const struct policy_config *config, const struct policy_state *state,
                    const struct view *view)
{
    int i;
    UND_ASSERT(view->n == state->n);
    if (evidence_blind(config, view) || (state->dark_ms >= 0 && !state->paged))
        return false;
    for (i = 0; i < state->n; i++) {
        const struct policy_host *host = &state->host[i];
        /* Of two hosts the one stepped last may have come back only after the first was held. */
        bool waits = host->held == 0 || host->held == NOTICE_HELD_GRACE ||
                     (host->held == NOTICE_HELD_LAST &&
                      (by_sign(config, view, i) || !is_last(config, state, view, i)));
        if (sign_pending(host) || (host->phase == PHASE_SERVING && accused_by_sign(config, host)) ||
            host->phase == PHASE_RAMPING || (host->phase == PHASE_DRAINED && host->clear_ms >= 0))
            return false;
        if ((host->phase == PHASE_SUSPECT || host->phase == PHASE_MAINTENANCE ||
             view->host[i].maintenance) &&
            waits)
            return false;
    }
    return true;
}
