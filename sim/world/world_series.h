/*
 * What this world's exporters would show at a moment: the rules that are evaluated on series ask
 * for it at each scrape (sim/monitoring/rule_engine.h).
 *
 * Its own struct remembers of the jobs that ended what nobody else does. Anyone may read.
 */
#ifndef SIM_WORLD_WORLD_SERIES_H
#define SIM_WORLD_WORLD_SERIES_H

#include "model/series/exporter.h"
#include "world_news.h"

struct world;

struct world_series {
    bool wanted;                      /* somebody asks */
    int64_t last_ms[FLEET_HOSTS + 1]; /* duration of the last job that ended; the fleet's last */
    int64_t done[FLEET_HOSTS + 1];    /* jobs since the replication began */
    int64_t failed[FLEET_HOSTS + 1];
};

/* For the life of the world: has Prometheus ask for the series that the fleet declares, if any. */
void world_series_open(struct world *world);
void world_series_start(struct world *world); /* a replication: no job has ended */

world_listener world_series_job_succeeded;
world_listener world_series_job_failed;

#endif
