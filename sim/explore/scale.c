#include "scale.h"
#include "model/base/assert.h"

#include <stdio.h>

#define DURATIONS 7
#define LIMIT_FAILOVERS 1

/* One duration of the policy: as the fleet has it, and where its units go. */
struct duration {
    int64_t ms;
    int *units;
};

/* Few enough slots to explore, in an order that keeps the largest host the largest. */
static int scaled_slots(const struct fleet *fleet, const struct scale_limits *limits, int host)
{
    int i, slots = fleet->hosts[host].slots, least = slots;
    if (limits->slots > 0)
        return slots < limits->slots ? slots : limits->slots;
    for (i = 0; i < fleet->n_hosts; i++)
        least = fleet->hosts[i].slots < least ? fleet->hosts[i].slots : least;
    if (slots > least && slots >= SCALE_SLOTS)
        return SCALE_SLOTS;
    return slots < 2 ? 1 : 2;
}

static enum und_code scale_hosts(const struct fleet *fleet, const struct scale_limits *limits,
                                 struct scale *scale, struct und_err *err)
{
    int i;
    if (fleet->n_hosts > SCALE_HOSTS)
        return und_fail(err, UND_USAGE, "%s: hosts: got %d to explore, want at most %d",
                        fleet->path, fleet->n_hosts, SCALE_HOSTS);
    scale->n = fleet->n_hosts;
    for (i = 0; i < scale->n; i++) {
        scale->slots[i] = scaled_slots(fleet, limits, i);
        scale->tier[i] = fleet->hosts[i].tier;
        snprintf(scale->name[i], sizeof scale->name[i], "%s", fleet->hosts[i].name);
        scale->like_last[i] =
            i > 0 && scale->tier[i] == scale->tier[i - 1] && scale->slots[i] == scale->slots[i - 1];
    }
    return UND_OK;
}

static int round_up(int units, int multiple)
{
    return (units + multiple - 1) / multiple * multiple;
}

/* What the duration after one of `last` units gets. `steps` divides every ramp. */
static int next_units(const struct policy_config *config, int64_t ms,
                      const struct scale_limits *limits, int last, int steps)
{
    int units = last + 1;
    if (limits->units > 0 && ms <= SCALE_HOUR_MS)
        units = (int)((ms * limits->units + SCALE_HOUR_MS - 1) / SCALE_HOUR_MS);
    if (ms == config->ramp_ms)
        units = round_up(units, steps);
    while (ms == SCALE_HOUR_MS && SCALE_HOUR_MS % units != 0)
        units += ms == config->ramp_ms ? steps : 1;
    return units;
}

/* From the shortest to the longest; equal ones get the same. */
static void scale_durations(const struct policy_config *config, const struct scale_limits *limits,
                            struct scale *scale)
{
    const struct duration all[DURATIONS] = {
        {SCALE_HOUR_MS, &scale->hour},         {config->ramp_ms, &scale->ramp},
        {config->grace_ms, &scale->grace},     {config->clear_for_ms, &scale->clear_for},
        {config->persist_ms, &scale->persist}, {config->page_after_ms, &scale->page_after},
        {config->block_ms, &scale->block},
    };
    int64_t done_ms = 0;
    int i, units = 0, steps = 1;
    for (i = 0; i < scale->n; i++)
        while (steps % (scale->slots[i] > 1 ? scale->slots[i] - 1 : 1) != 0)
            steps++;
    for (;;) {
        const struct duration *next = NULL;
        for (i = 0; i < DURATIONS; i++)
            if (all[i].ms > done_ms && (!next || all[i].ms < next->ms))
                next = &all[i];
        if (!next)
            return;
        units = next_units(config, next->ms, limits, units, steps);
        done_ms = next->ms;
        for (i = 0; i < DURATIONS; i++)
            if (all[i].ms == done_ms)
                *all[i].units = units;
    }
}

enum und_code scale_fleet(const struct fleet *fleet, const struct scale_limits *limits,
                          struct scale *scale, struct und_err *err)
{
    int failovers = limits->failovers > 0 ? limits->failovers : LIMIT_FAILOVERS;
    struct policy_config *config = &scale->config;
    *scale = (struct scale){0};
    if (!fleet->has_policy)
        return und_fail(err, UND_USAGE, "%s: policy: got none, want one to explore", fleet->path);
    if (scale_hosts(fleet, limits, scale, err) != UND_OK)
        return err->code;
    scale_durations(&fleet->policy, limits, scale);
    if (scale->hour > SCALE_UNITS)
        return und_fail(err, UND_USAGE, "%s: policy: got %d units an hour, want at most %d",
                        fleet->path, scale->hour, SCALE_UNITS);
    scale->unit_ms = SCALE_HOUR_MS / scale->hour;
    *config = fleet->policy;
    config->grace_ms = scale->grace * scale->unit_ms;
    config->clear_for_ms = scale->clear_for * scale->unit_ms;
    config->persist_ms = scale->persist * scale->unit_ms;
    config->page_after_ms = scale->page_after * scale->unit_ms;
    config->ramp_ms = scale->ramp * scale->unit_ms;
    config->block_ms = scale->block * scale->unit_ms;
    if (config->max_failovers > failovers)
        config->max_failovers = failovers;
    return UND_OK;
}

static bool suits(const struct scale *scale, const int *order)
{
    int i, j;
    for (i = 0; i < scale->n; i++) {
        int low = i < order[i] ? i : order[i], high = i < order[i] ? order[i] : i;
        for (j = low + 1; j <= high; j++)
            if (!scale->like_last[j])
                return false;
    }
    return true;
}

bool scale_order(const struct scale *scale, int number, int order[SCALE_HOSTS])
{
    int i, j, left[SCALE_HOSTS], n = scale->n;
    for (i = 0; i < n; i++)
        left[i] = i;
    for (i = 0; i < n; i++) {
        int pick = number % (n - i);
        number /= n - i;
        order[i] = left[pick];
        for (j = pick; j < n - i - 1; j++)
            left[j] = left[j + 1];
    }
    return suits(scale, order);
}
