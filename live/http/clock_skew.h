/*
 * How far a service's clock is from ours, from its Date headers. Pure.
 *
 * A Date of D (whole seconds) on a response that we sent for at S and had at R says that the
 * service's clock showed something in [D, D + 1 s) while ours showed something in [S, R]: the
 * offset (theirs minus ours) lies in [D - R, D + 1000 - S]. Every response narrows the interval;
 * one that contradicts it means that a clock was set, and begins a new one.
 */
#ifndef LIVE_HTTP_CLOCK_SKEW_H
#define LIVE_HTTP_CLOCK_SKEW_H

#include <stdbool.h>
#include <stdint.h>

struct clock_skew {
    int64_t low_ms, high_ms; /* offset, theirs minus ours */
    int64_t seen;            /* responses since the interval began; 0: nothing known */
    int64_t steps;           /* how often a clock was set */
};

/* Nothing is known; and one response that had a Date, with our wall clock before and after it. */
void clock_skew_init(struct clock_skew *skew);
void clock_skew_note(struct clock_skew *skew, int64_t sent_ms, int64_t received_ms,
                     int64_t date_ms);
/* Our own clock was set by so much: what is known of theirs stays. */
void clock_skew_set(struct clock_skew *skew, int64_t ours_by_ms);
int64_t clock_skew_offset_ms(const struct clock_skew *skew); /* the middle; 0 if nothing is known */
int64_t
clock_skew_error_ms(const struct clock_skew *skew); /* plus or minus this; -1 if nothing is known */

#endif
