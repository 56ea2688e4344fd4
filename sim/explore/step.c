#include "step.h"
#include "signs.h"

#define BIT(x) (1u << (unsigned)(x))

/* Clocks as they should be after the step, and what of it has lasted. A stale list of runners
 * starts and stops none; maintenance ends them all. */
static unsigned expected(const struct step *step, int i, int64_t clock[SIGN_COUNT])
{
    const struct policy_host *was = &step->before->host[i];
    bool by_hand = step->meaning.host[i].maintenance;
    unsigned seen = by_hand ? 0 : signs_seen(step->config, &step->view->host[i]), lasting = 0;
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        clock[sign] = was->sign_ms[sign];
    if (!by_hand && step->view->age_ms[FEED_GITHUB] > step->config->stale_after_ms)
        return was->told;
    for (sign = 0; sign < SIGN_COUNT; sign++) {
        if (!(seen >> sign & 1)) {
            clock[sign] = -1;
            continue;
        }
        clock[sign] = clock[sign] < 0 ? step->now_ms : clock[sign];
        if (step->now_ms - clock[sign] >= step->config->signs[sign].lasts_ms)
            lasting |= BIT(sign);
    }
    return lasting;
}

void step_read_signs(struct step *step)
{
    unsigned draining = signs_draining(step->config);
    bool fresh = step->view->age_ms[FEED_GITHUB] <= step->config->stale_after_ms;
    bool used = signs_used(step->config);
    int64_t clock[SIGN_COUNT];
    int i;
    for (i = 0; i < step->view->n && used; i++) {
        step->shows[i] = signs_seen(step->config, &step->view->host[i]) & draining;
        step->told[i] = expected(step, i, clock);
        step->accused[i] = fresh && (step->told[i] & draining) != 0;
    }
}

bool step_bad(const struct step *step, int i)
{
    return step->meaning.host[i].evidence == LETTER_BAD || step->accused[i];
}

bool step_by_sign(const struct step *step, int i)
{
    enum evidence_letter evidence = step->meaning.host[i].evidence;
    return !step->meaning.host[i].maintenance &&
           (evidence == LETTER_FIT || evidence == LETTER_UNFIT);
}

bool step_returns(const struct step *step, int i)
{
    const struct policy_host *was = &step->before->host[i];
    int64_t within_ms = step->config->returns_within_ms;
    int j, first = was->detection_count - POLICY_FAILOVER_LOG, n = 0;
    if (within_ms == 0)
        return false;
    for (j = first > 0 ? first : 0; j < was->detection_count; j++)
        n += step->now_ms - was->detections[j % POLICY_FAILOVER_LOG] < within_ms;
    return n >= step->config->returns;
}

/* What a sign alone accuses serves on until it is drained. */
static bool serves(const struct step *step, const struct policy_host *host)
{
    bool by_sign = (host->told & signs_draining(step->config)) != 0;
    return host->admitted > 0 && (host->phase == PHASE_SERVING || host->phase == PHASE_RAMPING ||
                                  (host->phase == PHASE_SUSPECT && by_sign));
}

static bool healthy(const struct step *step, int i, bool clean)
{
    return step->meaning.host[i].evidence == LETTER_FIT && !(clean && step->shows[i] != 0);
}

bool step_another_stays(const struct step *step, int i, bool clean)
{
    int j;
    for (j = 0; j < step->after->n; j++)
        if (j != i && healthy(step, j, clean) && serves(step, &step->before->host[j]) &&
            serves(step, &step->after->host[j]))
            return true;
    return false;
}

bool step_nobody_else(const struct step *step, int i, bool clean)
{
    int j;
    for (j = 0; j < step->after->n; j++)
        if (j != i && healthy(step, j, clean) &&
            (serves(step, &step->before->host[j]) || serves(step, &step->after->host[j])))
            return false;
    return true;
}

enum property step_check_signs(const struct step *step, int i)
{
    const unsigned all = (BIT(SIGN_COUNT) - 1) << NOTICE_PARTIAL;
    const struct policy_host *was = &step->before->host[i], *is = &step->after->host[i];
    int64_t clock[SIGN_COUNT];
    unsigned told = expected(step, i, clock), news = told & ~was->told;
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (is->sign_ms[sign] != clock[sign])
            return PROPERTY_SIGNS;
    if (is->told != told || (step->plan->host[i].notices & all) != news << NOTICE_PARTIAL)
        return PROPERTY_SIGNS;
    return PROPERTY_HOLDS;
}

bool step_signs_page(const struct step *step)
{
    int i, sign;
    for (i = 0; i < step->after->n; i++)
        for (sign = 0; sign < SIGN_COUNT; sign++)
            if ((step->told[i] & ~step->before->host[i].told) >> sign & 1 &&
                step->config->signs[sign].then & BIT(REMEDY_PAGE))
                return true;
    return false;
}

/* An alert alone is no detection of the kind that is counted. */
enum property step_check_returns(const struct step *step, int i, bool drained)
{
    const struct policy_host *was = &step->before->host[i], *is = &step->after->host[i];
    const struct view_host *seen = &step->view->host[i];
    const unsigned hiding = BIT(SIGN_DEAF) | BIT(SIGN_FAILURES);
    bool detected = was->phase == PHASE_SERVING && is->phase == PHASE_SUSPECT;
    bool counted = detected && (seen->online == 0 || seen->probe != PROBE_UP);
    bool returned = drained && was->phase == PHASE_SUSPECT && step_returns(step, i);
    bool hides = drained && (returned || (step->told[i] & signs_draining(step->config) & hiding));
    bool said = (step->plan->host[i].notices & BIT(NOTICE_RETURNS)) != 0;
    if (is->detection_count != was->detection_count + counted || said != returned ||
        (counted && is->detections[was->detection_count % POLICY_FAILOVER_LOG] != step->now_ms))
        return PROPERTY_RETURNS;
    return is->hidden_until_ms ==
                   (hides ? step->now_ms + step->config->hold_ms : was->hidden_until_ms)
               ? PROPERTY_HOLDS
               : PROPERTY_RETURNS;
}
