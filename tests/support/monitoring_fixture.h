/*
 * A little world of hosts, Prometheus and Alertmanager, for the tests of both: what was observed is
 * written into one log of (time, what, rule, host).
 */
#ifndef TESTS_SUPPORT_MONITORING_FIXTURE_H
#define TESTS_SUPPORT_MONITORING_FIXTURE_H

#include "sim/monitoring/alertmanager.h"
#include "sim/monitoring/prometheus.h"

#define MONITORING_FIXTURE_LOG 2000
#define SECOND 1000LL
#define MINUTE 60000LL

/* By host, bit sets of rules. */
struct observed_bits {
    uint64_t word[1];
};
struct observed_notification {
    struct observed_bits firing[FLEET_HOSTS], member[FLEET_HOSTS], told[FLEET_HOSTS];
};

struct observed {
    int64_t at_ms;
    enum { OBSERVED_CHANGE, OBSERVED_NOTIFICATION } what;
    int rule, host; /* of a change */
    enum alert_change change;
    struct observed_notification notification;
};

struct monitoring_fixture {
    struct fleet fleet;
    struct queue queue;
    struct prometheus *prometheus;
    struct alertmanager *alertmanager;
    struct observed *log;
    int n;
    long events;
    bool without_alertmanager; /* set before monitoring_fixture_open */
};

/* The documented configuration: scrape 30 s, evaluation 60 s, group_wait 30 s, one group a host and
 * alert; no rules yet. */
void monitoring_fixture_configure(struct fleet *fleet, int n_hosts);
struct rule *monitoring_fixture_add_rule(struct fleet *fleet, enum signal signal, int64_t for_ms);
void monitoring_fixture_open(
    struct monitoring_fixture *world); /* world->fleet has been configured */
void monitoring_fixture_close(struct monitoring_fixture *world);
void monitoring_fixture_reset(struct monitoring_fixture *world, struct stream *phases);
/* Handles every event before until_ms. */
void monitoring_fixture_run(struct monitoring_fixture *world, int64_t until_ms);
/* Time of the first entry of that kind at or after from_ms; -1 if there is none. */
int64_t monitoring_fixture_first_change(const struct monitoring_fixture *world,
                                        enum alert_change change);
int64_t monitoring_fixture_first_notification(const struct monitoring_fixture *world);

#endif
