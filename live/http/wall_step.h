/*
 * Was the wall's clock set while we ran? What it shows beyond CLOCK_BOOTTIME is constant but for
 * that: both are slewed together, and a suspended machine's time is in both. Who measures with it
 * over a set clock measures the step as well.
 *
 * A step below WALL_STEP_MS (a leap second, what a busy machine makes of two looks) is followed in
 * silence. Linux, clock_gettime(2).
 */
#ifndef LIVE_HTTP_WALL_STEP_H
#define LIVE_HTTP_WALL_STEP_H

#include <stdbool.h>
#include <stdint.h>

#define WALL_STEP_MS 2000

struct wall_step {
    bool known;
    int64_t lead_ms; /* wall minus boot */
};

/* ms by which the clock was set since the last look; 0: it was not, or this is the first one. */
int64_t wall_step_look(struct wall_step *step);
/* The same where the wall showed wall_ms between two readings of the other. Pure. */
int64_t wall_step_judge(struct wall_step *step, int64_t before_ms, int64_t wall_ms,
                        int64_t after_ms);

#endif
