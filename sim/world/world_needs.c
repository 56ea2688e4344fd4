#include "world.h"

#include "model/base/assert.h"

#include <stdlib.h>

struct step { /* a job to be */
    int64_t work_ms;
    uint32_t next;
    uint8_t job_class;
};

struct run {
    uint32_t head, tail; /* its steps that wait; head: the next free one where it is free */
    uint32_t left;       /* jobs and steps that are not over */
    uint32_t failed;     /* bit set of classes */
    uint16_t left_of[FLEET_CLASSES];
    bool settling;
};

bool world_needs_any(const struct world *world)
{
    return world->needs.run != NULL;
}

void world_needs_open(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    uint32_t needs = 0;
    int i;
    for (i = 0; i < workload->n_classes; i++)
        needs |= workload->classes[i].needs;
    if (needs == 0)
        return;
    /* Untouched pages of the ceilings cost nothing. */
    world->needs.run = world_allocate(WORLD_JOBS, sizeof *world->needs.run);
    world->needs.step = world_allocate(WORLD_JOBS, sizeof *world->needs.step);
}

void world_needs_close(struct world *world)
{
    free(world->needs.run);
    free(world->needs.step);
}

void world_needs_start(struct world *world)
{
    world->needs.free_run = world->needs.free_step = NONE;
    world->needs.n_runs = world->needs.n_steps = 0;
}

uint32_t world_needs_begin(struct world *world)
{
    struct world_needs *needs = &world->needs;
    uint32_t run = needs->free_run;
    if (run != NONE) {
        needs->free_run = needs->run[run].head;
    } else if (needs->n_runs == WORLD_JOBS) {
        world_give_up(world);
        return NONE;
    } else {
        run = needs->n_runs++;
    }
    needs->run[run] = (struct run){.head = NONE, .tail = NONE};
    return run;
}

bool world_needs_add(struct world *world, uint32_t run, int job_class, int64_t work_ms)
{
    struct world_needs *needs = &world->needs;
    struct run *r = &needs->run[run];
    uint32_t step = needs->free_step;
    if (step != NONE) {
        needs->free_step = needs->step[step].next;
    } else if (needs->n_steps == WORLD_JOBS) {
        world_give_up(world);
        return false;
    } else {
        step = needs->n_steps++;
    }
    needs->step[step] = (struct step){work_ms, NONE, (uint8_t)job_class};
    *(r->tail == NONE ? &r->head : &needs->step[r->tail].next) = step;
    r->tail = step;
    r->left++;
    r->left_of[job_class]++;
    return true;
}

/* Takes the step after `before` (NONE: the first) off the run. */
static struct step take(struct world_needs *needs, struct run *run, uint32_t before)
{
    uint32_t *at = before == NONE ? &run->head : &needs->step[before].next, step = *at;
    struct step taken = needs->step[step];
    *at = taken.next;
    if (run->tail == step)
        run->tail = before;
    needs->step[step].next = needs->free_step;
    needs->free_step = step;
    return taken;
}

static bool is_ready(const struct run *run, uint32_t needs)
{
    int i;
    for (i = 0; needs >> i != 0; i++)
        if ((needs >> i & 1) && run->left_of[i] > 0)
            return false;
    return true;
}

/* It may be over before this returns: then the run is told so meanwhile. */
static void create(struct world *world, uint32_t run, const struct step *step, bool fails)
{
    uint32_t job = world_job_new(world, step->job_class, step->work_ms);
    if (job == NONE)
        return;
    world_job_of_run(world, job, run);
    if (fails)
        world_github_fail(world, job, "a job that it needs failed");
    else
        world_github_submit(world, job);
}

/* Until nothing is ready; one pass may make more so, by what fails at once. */
void world_needs_go(struct world *world, uint32_t run)
{
    struct world_needs *needs = &world->needs;
    struct run *r = &needs->run[run];
    bool again = true;
    if (r->settling)
        return;
    r->settling = true;
    while (again && !world->unstable) {
        uint32_t at = r->head, before = NONE;
        again = false;
        while (at != NONE) {
            uint32_t wants = world->fleet->workload.classes[needs->step[at].job_class].needs;
            uint32_t next = needs->step[at].next;
            if (is_ready(r, wants)) {
                struct step step = take(needs, r, before);
                create(world, run, &step, (r->failed & wants) != 0);
                again = true;
            } else {
                before = at;
            }
            at = next;
        }
    }
    r->settling = false;
    if (r->left == 0) {
        r->head = needs->free_run;
        needs->free_run = run;
    }
}

void world_needs_over(struct world *world, uint32_t run, int job_class, bool success)
{
    struct run *r = &world->needs.run[run];
    UND_ASSERT(r->left > 0 && r->left_of[job_class] > 0);
    r->left--;
    r->left_of[job_class]--;
    if (!success)
        r->failed |= (uint32_t)1 << job_class;
    world_needs_go(world, run);
}
