/*
 * Incidents and drills, told to others where the fleet file asks for it:
 *   - Grafana (live.grafana): an annotation each, from its beginning to its end, with the tags
 *     understudy and incident or drill, and one of its own by which it is found again
 *     (POST, GET and PATCH /api/annotations);
 *   - Loki (live.loki): a log line for each line of an incident's timeline and for each drill
 *     (POST /loki/api/v1/push), labels job="understudy", kind, host.
 *
 * What has ended is read back from Loki (GET /loki/api/v1/query_range), and what is not found is
 * said: evidence that nobody can find is none.
 *
 * Told until it is heard, and once: an annotation is looked for before it is made, and Loki takes a
 * line of the same time and text as the same line; so what was cut off after it was done, or
 * told by a monitor that died, is not told twice. A thread of its own, so that whoever does not
 * listen holds up nobody; the newest TELLING_ITEMS of both are kept for who has been deaf for
 * long.
 */
#ifndef LIVE_STATUS_TELLING_H
#define LIVE_STATUS_TELLING_H

#include "status.h"

#define TELLING_ITEMS 16

struct telling;

struct telling_state {
    bool present;
    int64_t told, failures; /* so far */
    char error[200];        /* of the last try; "": it went well */
    int64_t read, missing;  /* ended incidents and drills: found in Loki in full, and not */
    char evidence[200];     /* the last of them, in words; "": none was read back yet */
};

/* *out is NULL where neither is configured. `fleet` is borrowed. */
enum und_code telling_open(struct telling **out, const struct fleet *fleet, struct und_err *err);
void telling_close(struct telling *telling); /* ends what is under way; NULL is fine */
/* What is new in the status is told soon. NULL is fine, for both. */
void telling_follow(struct telling *telling, const struct status *status);
void telling_look(struct telling *telling, struct telling_state *out);

#endif
