/*
 * A little world of hosts, Prometheus and Alertmanager, for the tests of both: what was observed is
 * written into one log of (time, what, rule, host).
 */
#ifndef TESTS_MONITORED_H
#define TESTS_MONITORED_H

#include "sim/alertmanager.h"
#include "sim/prometheus.h"

#define MONITORED_LOG 2000
#define SECOND 1000LL
#define MINUTE 60000LL

struct observed {
    int64_t at_ms;
    enum { OBSERVED_CHANGE, OBSERVED_NOTIFICATION } what;
    int rule, host; /* of a change */
    enum alert_change change;
    struct notification notification;
};

struct monitored {
    struct fleet fleet;
    struct queue queue;
    struct prometheus *prometheus;
    struct alertmanager *alertmanager;
    struct observed *log;
    int n;
    long events;
    bool without_alertmanager; /* set before monitored_open */
};

/* The documented configuration: scrape 30 s, evaluation 60 s, group_wait 30 s, one group a host and
 * alert; no rules yet. */
void monitored_configure(struct fleet *fleet, int n_hosts);
struct rule *monitored_add_rule(struct fleet *fleet, enum signal signal, int64_t for_ms);
void monitored_open(struct monitored *world); /* world->fleet has been configured */
void monitored_close(struct monitored *world);
void monitored_reset(struct monitored *world, struct stream *phases);
/* Handles every event before until_ms. */
void monitored_run(struct monitored *world, int64_t until_ms);
/* Time of the first entry of that kind at or after from_ms; -1 if there is none. */
int64_t monitored_first_change(const struct monitored *world, enum alert_change change);
int64_t monitored_first_notification(const struct monitored *world);

#endif
