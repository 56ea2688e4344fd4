#include "policy_names.h"
#include "model/base/assert.h"

#include <stddef.h>

const char *policy_phase_name(enum phase phase)
{
    static const char *const names[PHASE_COUNT] = {"serving", "suspect", "drained", "ramping",
                                                   "maintenance"};
    UND_ASSERT((unsigned)phase < PHASE_COUNT);
    return names[phase];
}

const char *policy_notice_name(enum notice notice)
{
    static const char *const names[NOTICE_COUNT] = {
        [NOTICE_DETECTED] = "detected",
        [NOTICE_DISMISSED] = "dismissed",
        [NOTICE_FAILOVER] = "failover",
        [NOTICE_RELAPSE] = "relapse",
        [NOTICE_FAILBACK] = "failback",
        [NOTICE_RESTORED] = "restored",
        [NOTICE_FLAPPING] = "flapping",
        [NOTICE_HELD_LAST] = "held: last healthy host",
        [NOTICE_HELD_BLIND] = "held: a feed is stale",
        [NOTICE_HELD_PAUSED] = "held: paused",
        [NOTICE_HELD_GRACE] = "held: controller has just started",
        [NOTICE_BLIND] = "blind",
        [NOTICE_SIGHTED] = "sighted",
        [NOTICE_PAGE] = "page",
        [NOTICE_MAINTENANCE] = "maintenance",
        [NOTICE_EMPTY] = "empty",
        [NOTICE_PARTIAL] = "registrations are missing",
        [NOTICE_DEAF] = "jobs wait although it shows idle slots",
        [NOTICE_CANARY] = "its canary does not start",
        [NOTICE_FAILURES] = "jobs fail on it and not elsewhere",
        [NOTICE_RETURNS] = "trouble keeps coming back",
    };
    UND_ASSERT((unsigned)notice < NOTICE_COUNT);
    UND_ASSERT(names[notice] != NULL); /* a new one has its name above */
    return names[notice];
}

const char *policy_severity_name(enum severity severity)
{
    static const char *const names[SEVERITY_COUNT] = {"info", "warning", "critical", "page"};
    UND_ASSERT((unsigned)severity < SEVERITY_COUNT);
    return names[severity];
}

const char *policy_feed_name(enum feed feed)
{
    static const char *const names[FEED_COUNT] = {"github", "alerts", "probe"};
    UND_ASSERT((unsigned)feed < FEED_COUNT);
    return names[feed];
}

const char *invariant_name(enum invariant invariant)
{
    static const char *const names[INVARIANT_COUNT] = {
        "holds",    "admitted-range", "static", "last-healthy", "persistence",
        "recovery", "ramp",           "flap",   "steady",       "stand-by"};
    UND_ASSERT((unsigned)invariant < INVARIANT_COUNT);
    return names[invariant];
}
