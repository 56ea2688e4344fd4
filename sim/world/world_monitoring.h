/*
 * The simulated Prometheus and Alertmanager in this world: which of them are there and run, what
 * they are told of the hosts, and what they say, as news.
 *
 * Anyone may read, and ask the servers what a controller could ask them. Hosts tell Prometheus what
 * they are.
 */
#ifndef SIM_WORLD_WORLD_MONITORING_H
#define SIM_WORLD_WORLD_MONITORING_H

#include "sim/monitoring/alertmanager.h"
#include "sim/monitoring/prometheus.h"

#include <stdbool.h>
#include <stdint.h>

struct news;
struct world;

struct world_monitoring {
    struct prometheus *prometheus;     /* owned; NULL: none */
    struct alertmanager *alertmanager; /* owned; NULL: none */
    int down, alertmanager_down;       /* counts of causes */
    bool wants_load, wants_duration;   /* rules need them */
};

/* For the world's whole life; `always_tick`: Prometheus never sleeps. Close frees. */
void world_monitoring_open(struct world *world, bool always_tick);
void world_monitoring_close(struct world *world);
void world_monitoring_start(struct world *world); /* a replication: both run, and all is well */
/* A fault takes from them (sign 1) what `takes` says, or gives it back (-1). */
void world_monitoring_touch(struct world *world, unsigned takes, int sign);

/* Does the policy act on the rule's alerts? Does the notification bear such a one, of its host? */
bool world_monitoring_acts(const struct world *world, int rule);
bool world_monitoring_concerns(const struct world *world, const struct news *news);

#endif
