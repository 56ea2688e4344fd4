#include "status_fixture.h"
#include "live/http/http.h"

#include <stdlib.h>
#include <string.h>

static void make_host(struct status_fixture *world, int i, const char *name, enum tier tier,
                      int slots)
{
    struct status *status = world->status;
    strcpy(world->fleet.hosts[i].name, name);
    strcpy(world->fleet.hosts[i].registrations, i == 0 ? "big-*" : "small-*");
    world->fleet.hosts[i].tier = tier;
    world->fleet.hosts[i].slots = slots;
    status->view.host[i] = (struct view_host){.slots = slots,
                                              .online = slots,
                                              .routed = slots,
                                              .health_passes = 1,
                                              .probe = PROBE_UP,
                                              .tier = tier};
    status->plan.host[i].admitted = slots;
    status->policy.host[i] =
        (struct policy_host){.phase = PHASE_SERVING, .admitted = slots, .clear_ms = -1};
    status->alert_ms[i] = -1;
}

struct status_fixture *status_fixture_open(void)
{
    struct status_fixture *world = calloc(1, sizeof *world);
    struct fleet *fleet = &world->fleet;
    struct status *status = world->status = calloc(1, sizeof *status);
    int i;
    fleet->n_hosts = 2;
    fleet->policy = (struct policy_config){.persist_ms = 300000,
                                           .ramp_ms = 600000,
                                           .stale_after_ms = 120000,
                                           .block_ms = 3600000,
                                           .max_failovers = 3,
                                           .health_checks = 1,
                                           .confirm = 3,
                                           .severities = 1u << SEVERITY_CRITICAL};
    fleet->objectives = (struct objectives){.availability = 0.99,
                                            .job_success = 0.95,
                                            .failover_success = 0.99,
                                            .mttd_ms = 300000,
                                            .mttr_ms = 900000};
    fleet->live.time_factor = 1;
    status->fleet = fleet;
    status->begun = true;
    status->now_ms = status->last_ms = status->started_ms = http_wall_ms();
    status->fleet_ms = 1000000;
    status->view.n = status->plan.n = status->policy.n = 2;
    status->policy.dark_ms = -1;
    status->requests_left = 4000;
    status->queue.oldest_ms = -1;
    incidents_init(&status->incidents);
    for (i = 0; i < FEED_COUNT; i++)
        status->feed[i].good = 1;
    make_host(world, 0, "big", TIER_PRIMARY, 2);
    make_host(world, 1, "small", TIER_BACKUP, 1);
    return world;
}

void status_fixture_close(struct status_fixture *world)
{
    free(world->status);
    free(world);
}
