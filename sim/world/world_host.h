/*
 * Hosts: power and network as counts of what takes them, load, speed. What they are is told to
 * Prometheus and to the sessions.
 *
 * Anyone may read; faults change a host by the functions below.
 */
#ifndef SIM_WORLD_WORLD_HOST_H
#define SIM_WORLD_WORLD_HOST_H

#include "model/fleet/fleet.h"
#include "world_news.h"

#include <stdbool.h>
#include <stdint.h>

#define WORLD_RECENT 10 /* jobs behind the gauge of job durations */

struct world;

enum host_lack { /* counted by cause: several faults may take the same thing */
                 LACKS_POWER,
                 LACKS_SERVICE,
                 LACKS_NET_GITHUB,
                 LACKS_NET_MONITORING,
                 LACKS_HEALTH,  /* slow, loaded, or with runners that hang */
                 LACKS_SCRAPES, /* they fail just now */
                 LACKS_TARGET,  /* nobody scrapes it */
                 HOST_LACKS
};

struct world_host {
    int lacks[HOST_LACKS];
    int64_t stress_pm[SIGNAL_COUNT];
    int64_t load_mcores, load_bytes; /* of its running jobs */
    double pm_a_mcore, pm_a_byte;    /* of the host; 0: not known */
    double speed, slowdown, pace;    /* pace: slowdown / speed, ms a ms of work */
    int64_t recent_pm[WORLD_RECENT]; /* job duration over baseline, ring */
    int64_t recent_sum_pm;
    uint32_t n_recent;
};

void world_host_start(struct world *world); /* a replication: in good health, without load */

bool world_host_reachable(const struct world *world, int host); /* from GitHub */
bool world_host_probed(const struct world *world, int host);    /* from monitoring */
bool world_host_sound(const struct world *world, int host);     /* both, and in health */

/* One cause more (sign 1) or less (-1). Not complete without world_host_changed, which takes what
 * world_host_reachable said before. */
void world_host_lack(struct world *world, int host, enum host_lack what, int sign);
void world_host_changed(struct world *world, int host, bool was_reachable);
/* More of it, or less: what running jobs use; what a fault does. */
void world_host_load(struct world *world, int host, int64_t mcores, int64_t bytes);
void world_host_stress(struct world *world, int host, enum signal signal, int64_t pm);
/* Everything takes `factor` times as long, what runs as well. */
void world_host_slow(struct world *world, int host, double factor);

world_listener world_host_job_succeeded;

#endif
