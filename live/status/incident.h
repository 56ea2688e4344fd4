/*
 * Incidents: the trouble of one host from its first sign to full capacity, with the moments of
 * DESIGN.md as the monitor saw them.
 *     began      first reading that showed the trouble, or when its alert says that it began
 *     detected   the policy knows
 *     decided    the policy drained the host
 *     routed     no registration of it is in the rotation any more (as read from GitHub)
 *     restored   the first job that it held up has started elsewhere
 *     full       full capacity: the policy serves it again, all that it has is online
 * Detection time (MTTD) is began to detected, failover detected to routed, RTO began to restored,
 * MTTR began to full. Each moment is the poll that showed it: none is truer than one poll. A
 * detection that is dismissed ends its incident as a false alarm, which counts in none of these.
 *
 * Wall-clock ms, -1: not (yet). Pure: fed by status.c, kept in the journal by it as well.
 */
#ifndef LIVE_STATUS_INCIDENT_H
#define LIVE_STATUS_INCIDENT_H

#include "model/fleet/fleet.h"

#include <jansson.h>

#define INCIDENTS 64 /* remembered, the newest */
#define INCIDENT_LINES 20
#define INCIDENT_LINE 160

struct incident_line {
    int64_t at_ms;
    char what[INCIDENT_LINE];
};

struct incident {
    int64_t id; /* from 1; of this journal */
    int host;
    bool open, dismissed;
    bool expected; /* within a downtime */
    int64_t began_ms, detected_ms, decided_ms, routed_ms, restored_ms, full_ms;
    struct incident_line line[INCIDENT_LINES]; /* the first ones */
    int n_lines;
};

struct incidents {
    struct incident item[INCIDENTS]; /* ring: item[(id - 1) % INCIDENTS] */
    int64_t last;                    /* id */
    int64_t shown_ms[FLEET_HOSTS];   /* since when each host shows trouble; -1: it does not */
};

/* What one look tells. */
struct incident_look {
    const struct fleet *fleet;
    const struct view *view;
    const struct plan *plan; /* its notices count if `stepped` */
    const struct policy_state *state;
    bool stepped;
    int64_t now_ms;
    const int64_t *alert_ms; /* a host: since when its oldest alert is active; -1; may be NULL */
    const bool *expected;    /* a host: within a downtime */
    const int64_t *start_ms; /* a host: when a job that had waited last started on it; -1 */
};

void incidents_init(struct incidents *incidents);
/* Bit set of the hosts whose incident changed. */
uint64_t incidents_look(struct incidents *incidents, const struct incident_look *look);

/* The wall's clock was set: what is open goes on in the new time, so that it lasts as long as it
 * does. Bit set of the hosts whose incident changed. */
uint64_t incidents_set_clock(struct incidents *incidents, int64_t by_ms);

/* The open one of a host, or NULL. */
struct incident *incident_open(struct incidents *incidents, int host);
/* By age, 0 the newest; NULL past the oldest. */
const struct incident *incident_newest(const struct incidents *incidents, int64_t age);

/* As the API has it and the journal keeps it. */
json_t *incident_json(const struct fleet *fleet, const struct incident *incident);
/* Takes one back from the journal, in place of an earlier state of it. False: it is none. */
bool incidents_recall(struct incidents *incidents, const struct fleet *fleet, const json_t *line);

#endif
