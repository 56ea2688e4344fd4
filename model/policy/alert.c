#include "alert.h"
#include "model/base/assert.h"

#define FOR_GRACE_MS 600000LL         /* --rules.alert.for-grace-period */
#define OUTAGE_TOLERANCE_MS 3600000LL /* --rules.alert.for-outage-tolerance */

void alert_init(struct alert *alert)
{
    alert->state = ALERT_INACTIVE;
    alert->active_ms = 0;
    alert->fired_ms = 0;
    alert->keep_since_ms = -1;
    alert->resolved_ms = -1;
}

static enum alert_change fire_if_due(const struct alert_timing *timing, struct alert *alert,
                                     int64_t now_ms)
{
    UND_ASSERT(alert->state == ALERT_PENDING);
    if (now_ms - alert->active_ms < timing->for_ms)
        return ALERT_SAME;
    alert->state = ALERT_FIRING;
    alert->fired_ms = now_ms;
    return ALERT_FIRED;
}

static enum alert_change step_present(const struct alert_timing *timing, struct alert *alert,
                                      int64_t now_ms)
{
    alert->keep_since_ms = -1;
    switch (alert->state) {
    case ALERT_INACTIVE:
        alert->state = ALERT_PENDING;
        alert->active_ms = now_ms;
        alert->resolved_ms = -1;
        return fire_if_due(timing, alert, now_ms) == ALERT_FIRED ? ALERT_FIRED : ALERT_BEGAN;
    case ALERT_PENDING:
        return fire_if_due(timing, alert, now_ms);
    case ALERT_FIRING:
        return ALERT_SAME;
    }
    UND_UNREACHABLE();
}

static enum alert_change step_absent(const struct alert_timing *timing, struct alert *alert,
                                     int64_t now_ms)
{
    switch (alert->state) {
    case ALERT_INACTIVE:
        return ALERT_SAME;
    case ALERT_PENDING:
        alert->state = ALERT_INACTIVE;
        return ALERT_DROPPED;
    case ALERT_FIRING:
        if (timing->keep_firing_ms > 0) {
            if (alert->keep_since_ms < 0)
                alert->keep_since_ms = now_ms;
            UND_ASSERT(alert->keep_since_ms >= alert->fired_ms);
            if (now_ms - alert->keep_since_ms < timing->keep_firing_ms)
                return ALERT_SAME;
        }
        alert->state = ALERT_INACTIVE;
        alert->keep_since_ms = -1;
        alert->resolved_ms = now_ms;
        return ALERT_RESOLVED;
    }
    UND_UNREACHABLE();
}

enum alert_change alert_step(const struct alert_timing *timing, struct alert *alert, int64_t now_ms,
                             bool present)
{
    UND_ASSERT(alert->state == ALERT_INACTIVE || now_ms >= alert->active_ms);
    UND_ASSERT(alert->state == ALERT_FIRING || alert->keep_since_ms < 0);
    return present ? step_present(timing, alert, now_ms) : step_absent(timing, alert, now_ms);
}

static int64_t whole_s(int64_t ms)
{
    return ms - ms % 1000;
}

/* ALERTS_FOR_STATE holds whole seconds. */
int64_t alert_restored_ms(int64_t for_ms, const struct alert_stored *stored, int64_t now_ms)
{
    int64_t down_ms = whole_s(stored->at_ms), active_ms = whole_s(stored->active_ms);
    int64_t remaining_ms = for_ms - (down_ms - active_ms);
    if (for_ms < FOR_GRACE_MS || stored->at_ms < 0 || stored->at_ms < now_ms - OUTAGE_TOLERANCE_MS)
        return -1;
    if (remaining_ms <= 0)
        return active_ms;
    if (remaining_ms < FOR_GRACE_MS)
        return now_ms + FOR_GRACE_MS - for_ms;
    return active_ms + (now_ms - down_ms);
}
