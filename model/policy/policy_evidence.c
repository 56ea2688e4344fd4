#include "policy_evidence.h"
#include "model/base/assert.h"

bool evidence_fresh(const struct policy_config *config, const struct view *view, enum feed feed)
{
    return view->age_ms[feed] <= config->stale_after_ms;
}

bool evidence_blind(const struct policy_config *config, const struct view *view)
{
    return !evidence_fresh(config, view, FEED_GITHUB) ||
           !evidence_fresh(config, view, FEED_ALERTS) || !evidence_fresh(config, view, FEED_PROBE);
}

static bool offline(const struct policy_config *config, const struct view_host *host)
{
    return host->offline_readings >= config->confirm;
}

/* An alert is evidence by itself; "offline" and "down" only together, because each of the two
 * sources is known to lie at times. A stale feed neither accuses nor acquits. */
enum evidence evidence_of(const struct policy_config *config, const struct view *view, int i)
{
    const struct view_host *host = &view->host[i];
    bool alerts = evidence_fresh(config, view, FEED_ALERTS);
    bool github = evidence_fresh(config, view, FEED_GITHUB);
    bool probe = evidence_fresh(config, view, FEED_PROBE);
    if (alerts && (host->alerts & config->severities) != 0)
        return EVIDENCE_BAD;
    if (github && probe && offline(config, host) && host->probe == PROBE_DOWN)
        return EVIDENCE_BAD;
    if (alerts && ((github && !offline(config, host)) || (probe && host->probe != PROBE_DOWN)))
        return EVIDENCE_GONE;
    return EVIDENCE_UNKNOWN;
}

bool evidence_healthy(const struct policy_config *config, const struct view *view, int i)
{
    return evidence_of(config, view, i) == EVIDENCE_GONE && view->host[i].online > 0 &&
           !offline(config, &view->host[i]);
}

unsigned evidence_signs(const struct policy_config *config, const struct view *view, int i)
{
    const struct view_host *host = &view->host[i];
    unsigned shown = host->signs, looked_for = 0;
    int sign;
    if ((int64_t)host->online * 1000 < config->partial_pm * host->slots)
        shown |= 1u << SIGN_PARTIAL;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        looked_for |= config->signs[sign].then != 0 ? 1u << sign : 0;
    return shown & looked_for;
}

unsigned evidence_lasting(const struct policy_config *config, const struct policy_host *host,
                          int64_t now_ms)
{
    unsigned lasting = 0;
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (host->sign_ms[sign] >= 0 &&
            now_ms - host->sign_ms[sign] >= config->signs[sign].lasts_ms)
            lasting |= 1u << sign;
    return lasting;
}

unsigned evidence_draining(const struct policy_config *config, unsigned signs)
{
    int sign;
    UND_ASSERT(signs >> SIGN_COUNT == 0);
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (!(config->signs[sign].then & 1u << REMEDY_DRAIN))
            signs &= ~(1u << sign);
    return signs;
}

bool evidence_returns(const struct policy_config *config, const struct policy_host *host,
                      int64_t now_ms)
{
    int i, n = 0;
    int kept =
        host->detection_count < POLICY_FAILOVER_LOG ? host->detection_count : POLICY_FAILOVER_LOG;
    if (config->returns_within_ms == 0)
        return false;
    UND_ASSERT(kept >= 0);
    for (i = 0; i < kept; i++)
        n += host->detections[i] > now_ms - config->returns_within_ms;
    return n >= config->returns;
}
