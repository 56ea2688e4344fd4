/*
 * The independent probe: does each host answer, whatever GitHub and Prometheus say? A thread of its
 * own asks every host again and again, each at its own pace, so that a dead host (which takes the
 * whole time-out to be silent) delays neither the others nor whoever wants to know.
 *
 * A host's `probe` is a URL, or address:port, which is asked as http://address:port/. Any bytes in
 * reply are an answer (a hung process whose kernel still accepts connections gives none). Nothing
 * secret is ever sent. Times are monotonic ms (http_monotonic_ms).
 */
#ifndef LIVE_MONITORING_PROBE_H
#define LIVE_MONITORING_PROBE_H

#include "model/fleet/fleet.h"

struct probe_set;

/* One question and its answer; the host was as it says at some moment in between. */
struct probe_result {
    int64_t asked_ms, answered_ms;
    bool answered;
};

/* Every host is asked `every_ms` after it was last asked, or as soon as that is decided. */
void probe_open(struct probe_set **out, const struct fleet *fleet, int64_t every_ms,
                int64_t timeout_ms);
void probe_close(struct probe_set *set); /* ends the thread; NULL is fine */

/* The last result of each host; waits for the first ones, no longer than the time-out. A host
 * without a probe always answers: it cannot bear witness. */
void probe_look(struct probe_set *set, struct probe_result out[FLEET_HOSTS]);

#endif
