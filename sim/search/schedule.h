/*
 * A schedule: which faults strike a fleet when, under how much load, all of it over at `heal_ms`;
 * then the fleet has until `end_ms` to be as it was.
 *
 * Drawn as a swarm (Groce and others, "Swarm testing", ISSTA 2012): each schedule first draws which
 * kinds of fault exist for it, and how often, then the faults from these; what a mixture of
 * everything hides, a few kinds show. So it draws within which time they begin: an hour, where all
 * meet, to two days, where the fleet is well again before the next. Loads are light mostly: what
 * the policy decides by needs few jobs, and of a fleet that is overloaded nobody asks that it be
 * well. `focus` names two kinds that it must have, for whoever steers the draw. A schedule is a
 * function of (fleet, seed, number, focus) alone.
 */
#ifndef SIM_SEARCH_SCHEDULE_H
#define SIM_SEARCH_SCHEDULE_H

#include "model/fleet/scenario.h"

#include <stdio.h>

#define SCHEDULE_FAULTS 8
#define SCHEDULE_ANY FAULT_KINDS /* no kind in particular */

struct schedule {
    uint64_t seed;
    int64_t number;
    enum fault_kind focus[2];
    double load; /* times the file's rate of arrivals */
    struct fault fault[SCHEDULE_FAULTS];
    int n;
    int64_t heal_ms, end_ms;
};

/* Of faults of this kind something may be asked of this fleet. */
bool schedule_can(const struct fleet *fleet, enum fault_kind kind);

/* How long a fleet may take until it is as it was, after the last fault has ended: every timer of
 * its policy once, its pollers and its human. */
int64_t schedule_bound_ms(const struct fleet *fleet);

/* At least one fault, closed by schedule_close; SCHEDULE_ANY in `focus`: no kind is asked for. A
 * kind that the fleet cannot have is not drawn, focus or not. */
void schedule_draw(const struct fleet *fleet, uint64_t seed, int64_t number,
                   const enum fault_kind focus[2], int64_t bound_ms, struct schedule *schedule);

/* Of the random streams of its replications. */
uint64_t schedule_stream_seed(const struct schedule *schedule);

/* When its last fault ends, and with it the run; call after any change of the faults. */
void schedule_close(struct schedule *schedule, int64_t bound_ms);

/* How long any of its faults goes on, to a minute. */
int64_t schedule_trouble_ms(const struct schedule *schedule);

/* Has a scenario's every fault ended so long before it is over? Faults at random times never
 * have. */
bool schedule_heals(const struct scenario *scenario, int64_t bound_ms);

/* Puts the schedule's faults, load and duration in the place of the scenario's, which stays the
 * owner of nothing new. `rate_per_ms` is the rate of its file. */
void schedule_apply(const struct schedule *schedule, double rate_per_ms, struct scenario *scenario);

/* As a line of a scenario file: {at: 5min, kind: ...}. */
void schedule_print_fault(FILE *out, const struct fleet *fleet, const struct fault *fault);

#endif
