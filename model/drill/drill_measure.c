/* The measures of a drill, from the moments that were seen. */
#include "drill_track.h"
#include "model/base/assert.h"

#include <math.h>

const char *drill_measure_name(enum drill_measure_kind kind)
{
    static const char *const names[MEASURE_COUNT] = {
        "pending_ms", "firing_ms",   "webhook_ms", "detection_ms",    "decision_ms",
        "routing_ms", "failover_ms", "rto_ms",     "job_recovery_ms", "mttr_ms"};
    UND_ASSERT(kind >= 0 && kind < MEASURE_COUNT);
    return names[kind];
}

static struct drill_measure between(const struct drill_track *track, enum drill_moment from,
                                    enum drill_moment to)
{
    const struct drill_span *a = &track->moment[from], *b = &track->moment[to];
    struct drill_measure measure = {NAN, NAN, 0};
    if (a->from_ms < 0 || b->from_ms < 0)
        return measure;
    measure.value_ms = (double)(b->from_ms + b->to_ms - a->from_ms - a->to_ms) / 2;
    measure.error_ms = (double)(b->to_ms - b->from_ms + a->to_ms - a->from_ms) / 2;
    measure.value_ms = fmax(measure.value_ms, 0);
    measure.error_ms = fmax(measure.error_ms, (double)track->resolution_ms);
    return measure;
}

/* Its two ends. A maintenance is asked for: its failover begins there. */
static const enum drill_moment *ends_of(const struct drill_track *track,
                                        enum drill_measure_kind kind)
{
    static const enum drill_moment by_hand[2] = {MOMENT_FAULT, MOMENT_ROUTED};
    static const enum drill_moment ends[MEASURE_COUNT][2] = {
        [MEASURE_PENDING] = {MOMENT_FAULT, MOMENT_PENDING},
        [MEASURE_FIRING] = {MOMENT_FAULT, MOMENT_FIRING},
        [MEASURE_WEBHOOK] = {MOMENT_FAULT, MOMENT_WEBHOOK},
        [MEASURE_DETECTION] = {MOMENT_FAULT, MOMENT_DETECTED},
        [MEASURE_DECISION] = {MOMENT_DETECTED, MOMENT_DECIDED},
        [MEASURE_ROUTING] = {MOMENT_DECIDED, MOMENT_ROUTED},
        [MEASURE_FAILOVER] = {MOMENT_DETECTED, MOMENT_ROUTED},
        [MEASURE_RTO] = {MOMENT_FAULT, MOMENT_FIRST_JOB},
        [MEASURE_JOB_RECOVERY] = {MOMENT_FAULT, MOMENT_RECOVERED},
        [MEASURE_MTTR] = {MOMENT_FAULT, MOMENT_FULL},
    };
    UND_ASSERT(kind >= 0 && kind < MEASURE_COUNT);
    return kind == MEASURE_FAILOVER && track->maintenance ? by_hand : ends[kind];
}

/* May it still come about, as world_incident.c has it? Alerts, the detection and what follows from
 * it come while capacity is missing; a first job while anybody is, or can yet be, held up. */
static bool awaited(const struct drill_track *track, enum drill_measure_kind kind)
{
    const struct fleet *fleet = &track->scenario->fleet;
    bool missing = !drill_track_seen(track, MOMENT_FULL);
    switch (kind) {
    case MEASURE_PENDING:
    case MEASURE_FIRING:
        return missing && !track->maintenance && fleet->monitoring.present;
    case MEASURE_WEBHOOK:
        return missing && !track->maintenance && fleet->alertmanager.present;
    case MEASURE_DETECTION:
        return missing && !track->maintenance && fleet->has_policy;
    case MEASURE_DECISION:
    case MEASURE_ROUTING:
    case MEASURE_FAILOVER:
        return missing && track->hosts != 0 && fleet->has_policy;
    case MEASURE_RTO:
        if (track->degrading)
            return missing && fleet->has_policy;
        return track->waiting || (track->severing && !drill_track_seen(track, MOMENT_ENDED) &&
                                  (track->all || !drill_track_seen(track, MOMENT_SHUT)));
    case MEASURE_JOB_RECOVERY:
        return track->recovered < track->inflight && fleet->workload.on_failure != ON_FAILURE_FAIL;
    case MEASURE_MTTR:
        return missing;
    case MEASURE_COUNT:
        break;
    }
    UND_UNREACHABLE();
}

struct drill_measure drill_track_measure(const struct drill_track *track,
                                         enum drill_measure_kind kind, int64_t until_ms)
{
    const enum drill_moment *ends = ends_of(track, kind);
    const struct drill_span *from = &track->moment[ends[0]];
    struct drill_measure measure = between(track, ends[0], ends[1]);
    if (isnan(measure.value_ms) && from->from_ms >= 0 && awaited(track, kind))
        measure.open_ms = fmax(0, (double)until_ms - (double)(from->from_ms + from->to_ms) / 2);
    return measure;
}
