/*
 * The independent probe: does each host answer, whatever GitHub and Prometheus say? All hosts are
 * asked at once; a round lasts no longer than its time-out.
 *
 * A host's `probe` is a URL, or address:port, which is asked as http://address:port/. Any bytes in
 * reply are an answer (a hung process whose kernel still accepts connections gives none). Nothing
 * secret is ever sent. Belongs to one thread.
 */
#ifndef LIVE_PROBE_H
#define LIVE_PROBE_H

#include "model/fleet.h"

#include <stdatomic.h>

struct probe_set;

void probe_open(struct probe_set **out, const struct fleet *fleet);
void probe_close(struct probe_set *set);

/* A host without a probe counts as answering: it cannot bear witness. */
void probe_round(struct probe_set *set, int64_t timeout_ms, bool answered[FLEET_HOSTS],
                 const atomic_bool *cancel);

#endif
