#include "property.h"
#include "model/base/assert.h"
#include "step.h"

#include <stddef.h>
#include <string.h>

#define DAY_MS (24 * 3600000LL)
#define BIT(x) (1u << (unsigned)(x))

static bool in_grace(const struct step *step)
{
    return step->now_ms - step->before->started_ms < step->config->grace_ms;
}

/* ---- what is said ---- */

#define SAID_WHEN_HELD                                                                             \
    (BIT(NOTICE_HELD_LAST) | BIT(NOTICE_HELD_BLIND) | BIT(NOTICE_HELD_PAUSED) |                    \
     BIT(NOTICE_HELD_GRACE) | BIT(NOTICE_EMPTY))

/* Checked by themselves. */
#define SAID_BESIDES                                                                               \
    (BIT(NOTICE_FLAPPING) | BIT(NOTICE_RETURNS) | (BIT(SIGN_COUNT) - 1) << NOTICE_PARTIAL)

/* The notices that each change of phase has, beyond those and reasons to wait; all ones: there is
 * no such change. */
static unsigned said_of(enum phase from, enum phase to)
{
    static const unsigned said[PHASE_COUNT][PHASE_COUNT] = {
        [PHASE_SERVING] = {0, BIT(NOTICE_DETECTED), ~0u, ~0u, BIT(NOTICE_MAINTENANCE)},
        [PHASE_SUSPECT] = {BIT(NOTICE_DISMISSED), 0, BIT(NOTICE_FAILOVER), ~0u,
                           BIT(NOTICE_MAINTENANCE)},
        [PHASE_DRAINED] = {BIT(NOTICE_FAILBACK) | BIT(NOTICE_RESTORED), ~0u, 0,
                           BIT(NOTICE_FAILBACK), BIT(NOTICE_MAINTENANCE)},
        [PHASE_RAMPING] = {BIT(NOTICE_RESTORED), ~0u, BIT(NOTICE_RELAPSE), 0,
                           BIT(NOTICE_MAINTENANCE)},
        [PHASE_MAINTENANCE] = {BIT(NOTICE_FAILBACK) | BIT(NOTICE_RESTORED), ~0u, 0,
                               BIT(NOTICE_FAILBACK), 0},
    };
    return said[from][to];
}

bool property_change(enum phase from, enum phase to)
{
    return said_of(from, to) != ~0u;
}

static bool was_drained(const struct step *step, int i)
{
    return step->after->host[i].phase == PHASE_DRAINED &&
           (step->before->host[i].phase == PHASE_SUSPECT ||
            step->before->host[i].phase == PHASE_RAMPING);
}

static enum property check_notices(const struct step *step, int i)
{
    unsigned said = step->plan->host[i].notices & ~SAID_WHEN_HELD & ~SAID_BESIDES;
    return said == said_of(step->before->host[i].phase, step->after->host[i].phase)
               ? PROPERTY_HOLDS
               : PROPERTY_NOTICES;
}

/* A reason is said when it changes; no other is. */
static enum property check_reason(const struct step *step, int i, int reason)
{
    unsigned said = step->plan->host[i].notices & SAID_WHEN_HELD;
    bool news = reason != 0 && reason != step->before->host[i].held;
    if (step->after->host[i].held != reason || said != (news ? BIT(reason) : 0))
        return PROPERTY_HELD;
    return PROPERTY_HOLDS;
}

/* ---- the flap guard ---- */

static int recent(const struct step *step, const struct policy_host *host)
{
    int i, n = 0, first = host->failover_count - POLICY_FAILOVER_LOG;
    for (i = first > 0 ? first : 0; i < host->failover_count; i++)
        n += step->now_ms - host->failovers[i % POLICY_FAILOVER_LOG] < 3600000;
    return n;
}

static enum property check_guard(const struct step *step, int i)
{
    const struct policy_host *was = &step->before->host[i], *is = &step->after->host[i];
    bool flapping = was_drained(step, i) && recent(step, was) >= step->config->max_failovers;
    bool said = (step->plan->host[i].notices & BIT(NOTICE_FLAPPING)) != 0;
    int64_t blocked = flapping ? step->now_ms + step->config->block_ms : was->blocked_until_ms;
    if (said != flapping || is->blocked_until_ms != blocked ||
        is->failover_count != was->failover_count + was_drained(step, i))
        return PROPERTY_FLAP_GUARD;
    if (was_drained(step, i) &&
        is->failovers[was->failover_count % POLICY_FAILOVER_LOG] != step->now_ms)
        return PROPERTY_FLAP_GUARD;
    return PROPERTY_HOLDS;
}

/* ---- phase by phase ---- */

static enum property check_shape(const struct step *step, int i)
{
    const struct policy_host *is = &step->after->host[i];
    int slots = step->view->host[i].slots;
    bool good = false;
    switch (is->phase) {
    case PHASE_SERVING:
    case PHASE_SUSPECT:
        good = is->admitted == slots;
        break;
    case PHASE_DRAINED:
    case PHASE_MAINTENANCE:
        good = is->admitted == 0;
        break;
    case PHASE_RAMPING:
        good = is->admitted >= 1 && is->admitted < slots;
        break;
    case PHASE_COUNT:
        break;
    }
    return good ? PROPERTY_HOLDS : PROPERTY_SHAPE;
}

static enum property check_serving(const struct step *step, int i)
{
    const struct policy_host *is = &step->after->host[i];
    bool bad = step_bad(step, i);
    if (is->phase != (bad ? PHASE_SUSPECT : PHASE_SERVING) ||
        (bad && is->detected_ms != step->now_ms))
        return PROPERTY_DETECTION;
    if (step->meaning.host[i].maintenance)
        return PROPERTY_HOLDS;
    return check_reason(step, i, 0);
}

/* Why a due drain must wait, in the order in which it is said; 0: it must not; -1: it depends on
 * the order of the hosts. */
static int must_wait(const struct step *step, int i)
{
    bool clean = step_by_sign(step, i);
    if (step->meaning.paused)
        return NOTICE_HELD_PAUSED;
    if (step->meaning.blind)
        return NOTICE_HELD_BLIND;
    if (step_nobody_else(step, i, clean))
        return NOTICE_HELD_LAST;
    if (!step_another_stays(step, i, clean))
        return -1;
    return in_grace(step) ? NOTICE_HELD_GRACE : 0;
}

/* What only a sign accuses waits, its clock at its beginning, until another serves without one:
 * where it shows everywhere it is not the host. `ambiguous`: it depends on the order of the hosts.
 */
static bool shows_everywhere(const struct step *step, int i, bool *ambiguous)
{
    bool asked = step->accused[i] && step_by_sign(step, i) && !step->meaning.paused;
    *ambiguous = asked && !step_nobody_else(step, i, true) && !step_another_stays(step, i, true);
    return asked && step_nobody_else(step, i, true);
}

static enum property check_due(const struct step *step, int i)
{
    const struct policy_host *was = &step->before->host[i], *is = &step->after->host[i];
    bool by_hand = step->meaning.host[i].maintenance;
    int reason;
    if (step->now_ms - was->detected_ms < step->config->persist_ms && !step_returns(step, i)) {
        if (is->phase != PHASE_SUSPECT || is->detected_ms != was->detected_ms)
            return PROPERTY_DRAIN_BOUND;
        return by_hand ? PROPERTY_HOLDS : check_reason(step, i, 0);
    }
    if (by_hand) /* held for its maintenance as well, which has fewer reasons to wait */
        return PROPERTY_HOLDS;
    reason = must_wait(step, i);
    if (reason > 0)
        return is->phase == PHASE_SUSPECT ? check_reason(step, i, reason) : PROPERTY_DRAIN_BOUND;
    return reason == 0 && is->phase != PHASE_DRAINED ? PROPERTY_DRAIN_BOUND : PROPERTY_HOLDS;
}

static enum property check_suspect(const struct step *step, int i)
{
    const struct policy_host *is = &step->after->host[i];
    enum evidence_letter evidence = step->meaning.host[i].evidence;
    bool acquitted = !step_bad(step, i) && (evidence == LETTER_FIT || evidence == LETTER_UNFIT);
    bool ambiguous, everywhere = shows_everywhere(step, i, &ambiguous);
    if ((is->phase == PHASE_SERVING) != acquitted)
        return PROPERTY_DISMISSAL;
    if (acquitted)
        return is->held == 0 ? PROPERTY_HOLDS : PROPERTY_HELD;
    if (everywhere && (is->phase != PHASE_SUSPECT || is->detected_ms != step->now_ms))
        return PROPERTY_EVERYWHERE;
    if (everywhere)
        return check_reason(step, i, NOTICE_HELD_LAST);
    if (ambiguous && is->phase == PHASE_SUSPECT && is->detected_ms == step->now_ms &&
        check_reason(step, i, NOTICE_HELD_LAST) == PROPERTY_HOLDS)
        return PROPERTY_HOLDS;
    return check_due(step, i);
}

/* From outside the rotation, with the trouble gone since `clear_ms` (-1: it was there). */
static enum property check_return(const struct step *step, int i, int64_t clear_ms)
{
    const struct policy_host *was = &step->before->host[i], *is = &step->after->host[i];
    const struct host_letter *seen = &step->meaning.host[i];
    bool fit = seen->evidence == LETTER_FIT && !step->meaning.blind, ready, full;
    bool out = is->phase == PHASE_DRAINED, nobody = step_nobody_else(step, i, false);
    /* A sign keeps it out as long as another serves. */
    if (step->shows[i] != 0 && !nobody &&
        (step_another_stays(step, i, false) || (out && is->clear_ms < 0)))
        fit = false;
    if (clear_ms < 0)
        clear_ms = step->now_ms;
    ready = fit && seen->checked && !step->meaning.paused &&
            step->now_ms - clear_ms >= step->config->clear_for_ms;
    if (out && is->clear_ms != (fit ? clear_ms : -1))
        return PROPERTY_CLEAR_CLOCK;
    if (!ready)
        return out ? PROPERTY_HOLDS : PROPERTY_RETURN_BOUND;
    if ((step->now_ms < was->blocked_until_ms || step->now_ms < was->hidden_until_ms) && !nobody)
        return out || !step_another_stays(step, i, false) ? PROPERTY_HOLDS : PROPERTY_RETURN_BOUND;
    if (out)
        return PROPERTY_RETURN_BOUND;
    full = nobody || step->view->host[i].slots == 1 || step->config->ramp_ms == 0;
    if (is->phase == PHASE_RAMPING)
        return !full && is->admitted == 1 && is->ramp_start_ms == step->now_ms && is->held == 0
                   ? PROPERTY_HOLDS
                   : PROPERTY_RAMP_CLOCK;
    return (full || !step_another_stays(step, i, false)) && is->held == 0 ? PROPERTY_HOLDS
                                                                          : PROPERTY_RAMP_CLOCK;
}

/* Slots that are due by now, of those that a ramp brings back one by one. */
static int due(const struct step *step, int i)
{
    const struct policy_host *was = &step->before->host[i];
    int slots = step->view->host[i].slots, due = was->admitted;
    int64_t age_ms = step->now_ms - was->ramp_start_ms;
    while (due < slots && age_ms * (slots - 1) >= step->config->ramp_ms * due)
        due++;
    return due;
}

/* In trouble while ramping: *done says that the ramp is not to be looked at. */
static enum property check_relapse(const struct step *step, int i, bool *done)
{
    const struct policy_host *is = &step->after->host[i];
    int reason = must_wait(step, i);
    *done = is->phase == PHASE_DRAINED;
    if (*done && is->detected_ms != step->now_ms) /* a relapse is trouble that begins now */
        return PROPERTY_RELAPSE;
    if (reason == 0 || reason == NOTICE_HELD_GRACE) /* grace is for hosts that serve */
        return is->phase == PHASE_DRAINED ? PROPERTY_HOLDS : PROPERTY_RELAPSE;
    if (is->phase == PHASE_DRAINED)
        return reason > 0 ? PROPERTY_RELAPSE : PROPERTY_HOLDS;
    /* What only a sign accuses comes back all the same where nobody else serves. */
    if (reason > 0 && !step_by_sign(step, i) && is->phase != PHASE_RAMPING)
        return PROPERTY_RELAPSE;
    if (reason > 0 && is->phase == PHASE_RAMPING && !step->meaning.host[i].maintenance &&
        check_reason(step, i, reason) != PROPERTY_HOLDS)
        return PROPERTY_HELD;
    return PROPERTY_HOLDS;
}

/* Must the ramp stand still? A sign holds it as long as another serves. */
static bool ramp_waits(const struct step *step, int i)
{
    const struct host_letter *seen = &step->meaning.host[i];
    return step->meaning.paused || step->meaning.blind || seen->evidence != LETTER_FIT ||
           !seen->checked || (step->shows[i] != 0 && step_another_stays(step, i, false));
}

static enum property check_ramping(const struct step *step, int i)
{
    const struct policy_host *was = &step->before->host[i], *is = &step->after->host[i];
    int slots = step->view->host[i].slots, want;
    int64_t start = step->now_ms - step->config->ramp_ms * (was->admitted - 1) / (slots - 1);
    bool nobody = step_nobody_else(step, i, false), done = false, stood_still;
    if (step_bad(step, i)) {
        enum property broken = check_relapse(step, i, &done);
        if (broken != PROPERTY_HOLDS || done)
            return broken;
    } else if (is->phase == PHASE_DRAINED) {
        return PROPERTY_RELAPSE;
    } else if (is->held != 0) {
        return PROPERTY_HELD;
    }
    stood_still =
        is->phase == PHASE_RAMPING && is->admitted == was->admitted && is->ramp_start_ms == start;
    if (ramp_waits(step, i))
        return stood_still ? PROPERTY_HOLDS : PROPERTY_RAMP_CLOCK;
    if (step->shows[i] != 0 && !nobody && stood_still)
        return PROPERTY_HOLDS;
    want = nobody ? slots : due(step, i);
    if (is->admitted == slots && !step_another_stays(step, i, false))
        return PROPERTY_HOLDS;
    return is->admitted == want && (want == slots || is->ramp_start_ms == was->ramp_start_ms)
               ? PROPERTY_HOLDS
               : PROPERTY_RAMP_CLOCK;
}

/* Out of the rotation and without a job, by a reading younger than the beginning. */
static bool seen_empty(const struct step *step, int i)
{
    const struct view *view = step->view;
    return view->age_ms[FEED_GITHUB] <= step->config->stale_after_ms &&
           step->now_ms - view->age_ms[FEED_GITHUB] > step->before->host[i].detected_ms &&
           view->host[i].busy == 0 && view->host[i].running == 0 && view->host[i].routed == 0;
}

/* Asked for by hand, or being in it: *done says that nothing else may have happened. */
static enum property check_maintenance(const struct step *step, int i, bool *done)
{
    const struct policy_host *was = &step->before->host[i], *is = &step->after->host[i];
    const struct host_letter *seen = &step->meaning.host[i];
    bool in = is->phase == PHASE_MAINTENANCE, out = was->phase == PHASE_DRAINED;
    *done = in;
    if (was->phase == PHASE_MAINTENANCE) {
        if (in != (seen->maintenance || step->meaning.paused))
            return PROPERTY_MAINTENANCE;
        if (!in)
            return PROPERTY_HOLDS;
        if (is->detected_ms != was->detected_ms)
            return PROPERTY_MAINTENANCE;
        return check_reason(step, i, seen_empty(step, i) ? NOTICE_EMPTY : was->held);
    }
    if (!seen->maintenance || step->meaning.paused)
        return in ? PROPERTY_MAINTENANCE : PROPERTY_HOLDS;
    if (!out && step_nobody_else(step, i, false) && in)
        return PROPERTY_MAINTENANCE;
    if ((out || step_another_stays(step, i, false)) && !in)
        return PROPERTY_MAINTENANCE;
    return in && (is->detected_ms != step->now_ms || is->held != 0) ? PROPERTY_MAINTENANCE
                                                                    : PROPERTY_HOLDS;
}

/* Maintenance that must not begin says why, unless the host is out anyway. */
static enum property check_wish(const struct step *step, int i)
{
    const struct policy_host *was = &step->before->host[i];
    int reason = step->meaning.paused ? NOTICE_HELD_PAUSED : NOTICE_HELD_LAST;
    unsigned said = step->plan->host[i].notices;
    if (!step->meaning.host[i].maintenance || was->phase == PHASE_DRAINED ||
        was->phase == PHASE_MAINTENANCE)
        return PROPERTY_HOLDS;
    return was->held == reason || (said & BIT(reason)) != 0 ? PROPERTY_HOLDS : PROPERTY_HELD;
}

static enum property check_phase(const struct step *step, int i)
{
    bool done = false;
    enum property broken = check_maintenance(step, i, &done);
    if (broken == PROPERTY_HOLDS && !done)
        broken = check_wish(step, i);
    if (broken != PROPERTY_HOLDS || done)
        return broken;
    switch (step->before->host[i].phase) {
    case PHASE_SERVING:
        return check_serving(step, i);
    case PHASE_SUSPECT:
        return check_suspect(step, i);
    case PHASE_DRAINED:
        return check_return(step, i, step->before->host[i].clear_ms);
    case PHASE_RAMPING:
        return check_ramping(step, i);
    case PHASE_MAINTENANCE:
        return check_return(step, i, -1);
    case PHASE_COUNT:
        break;
    }
    UND_UNREACHABLE();
}

/* ---- the fleet ---- */

static enum property check_fleet(const struct step *step)
{
    const struct policy_state *was = step->before, *is = step->after;
    bool dark = true, page;
    int64_t since;
    unsigned want = 0;
    int i;
    for (i = 0; i < was->n; i++)
        dark = dark && (step->meaning.host[i].evidence != LETTER_FIT ||
                        was->host[i].phase == PHASE_MAINTENANCE);
    if (was->blind != step->meaning.blind)
        want |= BIT(step->meaning.blind ? NOTICE_BLIND : NOTICE_SIGHTED);
    since = was->dark_ms < 0 ? step->now_ms : was->dark_ms;
    page = !step->meaning.blind && dark && !was->paged &&
           step->now_ms - since >= step->config->page_after_ms;
    if (page || step_signs_page(step))
        want |= BIT(NOTICE_PAGE);
    if (step->plan->notices != want || is->blind != step->meaning.blind)
        return PROPERTY_DARKNESS;
    if (step->meaning.blind)
        return is->dark_ms == was->dark_ms && is->paged == was->paged ? PROPERTY_HOLDS
                                                                      : PROPERTY_DARKNESS;
    if (is->dark_ms != (dark ? since : -1) || is->paged != (dark && (was->paged || page)))
        return PROPERTY_DARKNESS;
    return is->started_ms == was->started_ms && is->n == was->n ? PROPERTY_HOLDS : PROPERTY_PURE;
}

static bool nobody_admitted(const struct plan *plan)
{
    int i;
    for (i = 0; i < plan->n; i++)
        if (plan->host[i].admitted > 0)
            return false;
    return true;
}

enum property property_check(const struct policy_config *config, const struct policy_state *before,
                             const struct policy_state *after, int64_t now_ms,
                             const struct view *view, const struct meaning *meaning,
                             const struct plan *plan, int *host)
{
    struct step step = {.config = config,
                        .before = before,
                        .after = after,
                        .now_ms = now_ms,
                        .view = view,
                        .plan = plan};
    enum invariant invariant = invariant_check(config, before, after, now_ms, view, plan, host);
    enum property broken = PROPERTY_HOLDS;
    int i;
    if (invariant != INVARIANT_HOLDS)
        return PROPERTY_INVARIANT + (enum property)invariant;
    *host = -1;
    if (nobody_admitted(plan))
        return PROPERTY_NEVER_NOBODY;
    if (meaning)
        step.meaning = *meaning;
    else
        letters_read(config, view, &step.meaning);
    step_read_signs(&step);
    broken = check_fleet(&step);
    for (i = 0; i < after->n && broken == PROPERTY_HOLDS; i++) {
        *host = i;
        broken = check_shape(&step, i);
        if (broken == PROPERTY_HOLDS)
            broken = check_phase(&step, i);
        if (broken == PROPERTY_HOLDS)
            broken = check_notices(&step, i);
        if (broken == PROPERTY_HOLDS)
            broken = check_guard(&step, i);
        if (broken == PROPERTY_HOLDS)
            broken = step_check_returns(&step, i, was_drained(&step, i));
        if (broken == PROPERTY_HOLDS)
            broken = step_check_signs(&step, i);
    }
    return broken;
}

enum property property_check_settled(const struct policy_config *config,
                                     const struct policy_state *after, int64_t now_ms,
                                     const struct view *view, const struct plan *plan, int *host)
{
    struct policy_state later;
    struct plan then;
    int i;
    *host = -1;
    if (!policy_settled(config, after, view))
        return PROPERTY_HOLDS;
    memcpy(&later, after,
           offsetof(struct policy_state, host) + (size_t)after->n * sizeof after->host[0]);
    policy_step(config, &later, now_ms + DAY_MS, view, &then);
    for (i = 0; i < after->n; i++) {
        *host = i;
        if (then.host[i].admitted != plan->host[i].admitted || then.host[i].notices != 0 ||
            later.host[i].phase != after->host[i].phase)
            return PROPERTY_SETTLED;
    }
    *host = -1;
    return then.notices == 0 ? PROPERTY_HOLDS : PROPERTY_SETTLED;
}
