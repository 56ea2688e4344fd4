/*
 * Fleet time: milliseconds since the program began to watch, running `factor` times as fast as the
 * clock on the wall. In production the factor is 1; in the lab every duration of the fleet file is
 * carried out that much faster; its clock goes on in steps of a millisecond all the same.
 * Everything that the policy sees is in fleet time.
 */
#ifndef LIVE_HTTP_FLEET_CLOCK_H
#define LIVE_HTTP_FLEET_CLOCK_H

#include <stdint.h>

struct fleet_clock {
    double factor;
    int64_t origin_us; /* monotonic, suspended time included */
    int64_t begun_ms;  /* fleet time at the origin: 0, or where an earlier program's had come to */
};

/* Fleet time 0 is now; `factor` is at least 1. */
void fleet_clock_start(struct fleet_clock *pace, double factor);
/* The same, but fleet time is begun_ms now: the clock of an earlier program goes on. */
void fleet_clock_resume(struct fleet_clock *pace, double factor, int64_t begun_ms);
/* Since fleet_clock_start; never goes back. */
int64_t fleet_clock_now_ms(const struct fleet_clock *pace);
int64_t fleet_clock_real_ms(const struct fleet_clock *pace,
                            int64_t fleet_ms); /* of a duration, at least 1 */
int64_t fleet_clock_fleet_ms(const struct fleet_clock *pace, int64_t real_ms); /* of a duration */
int64_t fleet_clock_of_monotonic_ms(const struct fleet_clock *pace, int64_t monotonic_ms);
/* When, in fleet time, the wall clock showed wall_ms. */
int64_t fleet_clock_of_wall_ms(const struct fleet_clock *pace, int64_t wall_ms);

#endif
