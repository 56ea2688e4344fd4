/*
 * Webhooks: POST /alertmanager (version 4, with a bearer token) and POST /github (workflow_job and
 * workflow_run, signed). What comes in is a hint, to be confirmed by the next poll; nothing is
 * believed that is not authenticated, and the token may be missing on a loopback address only.
 * libmicrohttpd, one thread of its own; bodies of at most LISTEN_BYTES, LISTEN_CONNECTIONS at once.
 */
#ifndef LIVE_DRILL_LISTEN_H
#define LIVE_DRILL_LISTEN_H

#include "model/drill/stage.h"
#include "model/fleet/fleet.h"

#define LISTEN_BYTES (1024 * 1024)
#define LISTEN_CONNECTIONS 32
#define LISTEN_HINTS 64 /* waiting; further ones are dropped: the polls bring them */
#define LISTEN_DELIVERIES                                                                          \
    256 /* of GitHub's remembered: one that comes again is answered, and no hint */

struct listener;

/* *out is NULL where the fleet listens to nothing. `fleet` is borrowed. Port 0 takes a free one. */
enum und_code listen_open(struct listener **out, const struct fleet *fleet, struct und_err *err);
void listen_close(struct listener *listener);
int listen_port(const struct listener *listener);

/* Calls back, on the listener's thread, when a hint has come; before the first one may. */
void listen_tell(struct listener *listener, void (*came)(void *context), void *context);

/* The next hint, within so many real ms; false: none came. Sleeps all the same with a NULL. */
bool listen_take(struct listener *listener, int64_t timeout_ms, struct stage_hint *hint);

#endif
