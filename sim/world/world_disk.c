#include "world.h"

#include "model/series/exporter.h"

#include <math.h>

static int64_t written(const struct world *world, int index)
{
    const struct fault *fault = &world->scenario->faults[index];
    int64_t free_bytes = exporter_mounts[fault->mount].free_bytes;
    int64_t ms = world->now_ms - world->disk.since_ms[index];
    double bytes = (double)fault->size_bytes;
    if (world->disk.since_ms[index] < 0)
        return 0;
    if (fault->per_ms > 0)
        bytes = bytes / (double)fault->per_ms * (double)ms;
    return bytes < (double)free_bytes ? (int64_t)bytes : free_bytes;
}

int64_t world_disk_filled(const struct world *world, int host, int mount)
{
    int64_t sum = 0, free_bytes = exporter_mounts[mount].free_bytes;
    int i;
    for (i = 0; world->disk.n_on > 0 && i < world->scenario->n_faults; i++) {
        const struct fault *fault = world_fault_on(world, i, TAKES_ROOM, host);
        if (fault && (int)fault->mount == mount)
            sum += written(world, i);
    }
    return sum < free_bytes ? sum : free_bytes;
}

/* When the fault by itself has filled the disk up; -1: never. */
static int64_t full_ms(const struct world *world, int index)
{
    const struct fault *fault = &world->scenario->faults[index];
    double free_bytes = (double)exporter_mounts[fault->mount].free_bytes;
    if (world->disk.since_ms[index] < 0)
        return -1;
    if (fault->per_ms == 0)
        return (double)fault->size_bytes >= free_bytes ? world->disk.since_ms[index] : -1;
    return world->disk.since_ms[index] +
           (int64_t)ceil(free_bytes / (double)fault->size_bytes * (double)fault->per_ms);
}

/* From now on it is full, or it is not any more. */
static void turn_full(struct world *world, uint32_t index, bool full)
{
    const struct fault *fault = &world->scenario->faults[index];
    int host, sign = full - world->disk.full[index];
    world->disk.full[index] = full;
    if (fault->mount != FILLS_ROOT || sign == 0)
        return;
    for (host = 0; host < world->n_hosts; host++) {
        bool reachable = world_host_reachable(world, host);
        if (!(world->faults.struck[index] >> host & 1))
            continue;
        world_host_lack(world, host, LACKS_HEALTH, sign);
        if (full)
            world_field_doom(world, host, 1);
        world_host_changed(world, host, reachable);
    }
}

/* At its beginning, when it is full, and when it is cleaned up: what has been written at once is
 * then gone for good. */
static void fill_on(struct world *world, uint32_t index, bool begins)
{
    const struct fault *fault = &world->scenario->faults[index];
    int64_t clean_ms = fault->cleanup_ms, next_ms = -1, at_ms;
    if (begins)
        world->disk.since_ms[index] = world->now_ms;
    else if (clean_ms > 0 && world->now_ms % clean_ms == 0)
        world->disk.since_ms[index] = fault->per_ms > 0 ? world->now_ms : -1;
    at_ms = full_ms(world, (int)index);
    turn_full(world, index, at_ms >= 0 && at_ms <= world->now_ms);
    if (clean_ms > 0 && world->disk.since_ms[index] >= 0)
        next_ms = world->now_ms + clean_ms - world->now_ms % clean_ms;
    if (at_ms > world->now_ms && (next_ms < 0 || at_ms < next_ms))
        next_ms = at_ms;
    if (next_ms >= 0)
        world_push(world, next_ms, FIRST_WORLD, EV_CYCLE, index, world->field.turn[index]);
}

void world_disk_turn(struct world *world, uint32_t index)
{
    fill_on(world, index, false);
}

void world_disk_touch(struct world *world, uint32_t index, bool begins)
{
    world->disk.n_on += begins ? 1 : -1;
    if (begins)
        fill_on(world, index, true);
    else
        turn_full(world, index, false);
}

void world_disk_start(struct world *world)
{
    world->disk = (struct world_disk){0};
}
