#include "world_write.h"

#include "world.h"

uint64_t world_write_route(const struct world *world)
{
    uint64_t route = 0;
    int host;
    for (host = 0; host < world->n_hosts; host++)
        if (world->controller.driver.plan.host[host].admitted > 0)
            route |= 1ULL << host;
    return route;
}

/* A lost job of a drained host, for the fast recovery; NONE if there is none. */
uint32_t world_write_lost(const struct world *world)
{
    int host;
    if (!world->fleet->github.fast_recovery || world->fleet->workload.on_failure == ON_FAILURE_FAIL)
        return NONE;
    for (host = 0; host < world->n_hosts; host++) {
        const struct github_host *h = &world->github.host[host];
        uint32_t reg;
        if (world->controller.driver.state.host[host].phase != PHASE_DRAINED)
            continue;
        for (reg = h->first; reg < h->first + h->slots; reg++) {
            uint32_t job = world->github.reg[reg].job;
            if (job != NONE && world->jobs.job[job].state == JOB_LOST)
                return job;
        }
    }
    return NONE;
}

/* A queued job whose labels still lead to a host that the variable has left. */
uint32_t world_write_misrouted(const struct world *world)
{
    uint32_t job;
    int i;
    for (i = 0; i < world->jobs.n_queues; i++)
        for (job = world->jobs.queue[i].head; job != NONE; job = world->jobs.job[job].next)
            if ((world->jobs.job[job].hosts & ~world->github.route) != 0)
                return job;
    return NONE;
}

/* The next registration whose label is not as planned: removals first, and among additions those
 * that are online. */
uint32_t world_write_label(const struct world *world)
{
    uint32_t reg, add = NONE;
    int host;
    for (host = 0; host < world->n_hosts; host++) {
        const struct github_host *h = &world->github.host[host];
        uint32_t wanted = (uint32_t)world->controller.driver.plan.host[host].admitted;
        for (reg = h->first; h->labelled != wanted && reg < h->first + h->slots; reg++) {
            const struct reg *r = &world->github.reg[reg];
            if (r->labelled && h->labelled > wanted)
                return reg;
            if (!r->labelled && h->labelled < wanted &&
                (add == NONE || (!world->github.reg[add].online && r->online)))
                add = reg;
        }
    }
    return add;
}

bool world_write_left(const struct world *world)
{
    if (world->github.by_variable)
        return world->github.route != world_write_route(world) ||
               world_write_misrouted(world) != NONE || world_write_lost(world) != NONE;
    return world_write_label(world) != NONE || world_write_lost(world) != NONE;
}
