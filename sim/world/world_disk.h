/*
 * Disks that faults fill up, by and by or at once, and that are cleaned up: from when on a full one
 * costs the host its health and its jobs.
 *
 * The struct is its own.
 */
#ifndef SIM_WORLD_WORLD_DISK_H
#define SIM_WORLD_WORLD_DISK_H

#include "model/fleet/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct world;

struct world_disk {
    int64_t since_ms[SCENARIO_FAULTS]; /* since when it has been filling up; -1: emptied for good */
    bool full[SCENARIO_FAULTS];
    int n_on; /* of these faults */
};

void world_disk_start(struct world *world); /* a replication */
/* A fault that takes room begins, or ends. */
void world_disk_touch(struct world *world, uint32_t fault, bool begins);
/* EV_CYCLE of such a fault, while it goes on: it is full now, or cleaned up. */
void world_disk_turn(struct world *world, uint32_t fault);
/* Bytes that faults have written to one of exporter_mounts, at most what is free. */
int64_t world_disk_filled(const struct world *world, int host, int mount);

#endif
