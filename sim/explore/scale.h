/*
 * A fleet made small enough to be explored: its policy's durations become a few units of time, its
 * hosts a few slots.
 *
 * The policy's own hour (the flap guard's) cannot be scaled, so the unit is a part of it: the
 * distinct durations, shortest first, become 1, 2, 3 ... units, the hour among them, and a unit is
 * the hour divided by its number of units. The order is kept: what was shorter is shorter, what was
 * equal is equal, what was 0 is 0. With `units` the hour has so many, and a shorter duration is
 * rounded up to its share of them: none overtakes another, but some may become equal.
 * A ramp is rounded up to whole units a slot. Thresholds that count readings (confirm,
 * health_checks) and the age at which a feed is stale are no clocks of the policy; they stay.
 */
#ifndef SIM_EXPLORE_SCALE_H
#define SIM_EXPLORE_SCALE_H

#include "model/base/err.h"
#include "model/fleet/fleet.h"

#define SCALE_HOSTS 4
#define SCALE_SLOTS 3
#define SCALE_UNITS 12 /* an hour */
#define SCALE_HOUR_MS 3600000LL

struct scale_limits {
    int units;     /* of the hour; 0: as many as there are distinct durations */
    int slots;     /* of a host, at most; 0: 2, or 3 for the largest where hosts differ */
    int failovers; /* an hour, at most; 0: 1 */
};

/* Durations in units. */
struct scale {
    struct policy_config config; /* the scaled policy, in ms as always */
    int64_t unit_ms;
    int grace, clear_for, persist, page_after, ramp, block, hour;
    int n;
    int slots[SCALE_HOSTS];
    enum tier tier[SCALE_HOSTS];
    char name[SCALE_HOSTS][FLEET_NAME];
    bool like_last[SCALE_HOSTS]; /* the same tier and slots as the host before it */
};

/* Copies what it needs of the fleet. Refuses one without a policy, or with more hosts or units than
 * the limits allow. */
enum und_code scale_fleet(const struct fleet *fleet, const struct scale_limits *limits,
                          struct scale *scale, struct und_err *err);

/* The order of the hosts by number, of all n! (0: as they stand); false where it moves hosts that
 * are not alike. */
bool scale_order(const struct scale *scale, int number, int order[SCALE_HOSTS]);

/* The age beyond which an age compared with `units` tells nothing more: one more, see codec.h. */
static inline int scale_cap(int units)
{
    return units == 0 ? 0 : units + 1;
}

/* A host is back from `admitted` slots to one more every so many units. */
static inline int scale_slot_units(const struct scale *scale, int host)
{
    return scale->slots[host] > 1 ? scale->ramp / (scale->slots[host] - 1) : scale->ramp;
}

#endif
