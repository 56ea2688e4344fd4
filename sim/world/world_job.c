#include "world.h"

#include "model/base/assert.h"

#include <stdlib.h>

static bool goes_before(const struct job_queue *a, const struct job_queue *b)
{
    return a->priority > b->priority;
}

/* One queue for each distinct priority, the highest first; where classes are bound to labels, one
 * for each priority and set of hosts. */
static void open_queues(struct world *world)
{
    const struct workload *workload = &world->fleet->workload;
    struct world_jobs *jobs = &world->jobs;
    int i, j;
    jobs->queue = world_allocate(FLEET_CLASSES + 1, sizeof *jobs->queue);
    for (i = 0; i < workload->n_classes; i++) {
        struct job_queue queue = {NONE, NONE, false, workload->classes[i].priority,
                                  fleet_class_hosts(&workload->classes[i], world->n_hosts)};
        for (j = 0; j < jobs->n_queues; j++)
            if (jobs->queue[j].priority == queue.priority && jobs->queue[j].hosts == queue.hosts)
                break;
        if (j < jobs->n_queues)
            continue;
        for (j = jobs->n_queues++; j > 0 && goes_before(&queue, &jobs->queue[j - 1]); j--)
            jobs->queue[j] = jobs->queue[j - 1];
        jobs->queue[j] = queue;
    }
    for (i = 0; i < workload->n_classes; i++)
        for (j = 0; j < jobs->n_queues; j++)
            if (jobs->queue[j].priority == workload->classes[i].priority &&
                jobs->queue[j].hosts == fleet_class_hosts(&workload->classes[i], world->n_hosts))
                jobs->queue_of_class[i] = j;
    if (jobs->n_queues == 0)
        jobs->queue[jobs->n_queues++].hosts = UINT64_MAX >> (64 - world->n_hosts);
}

void world_job_open(struct world *world)
{
    /* Untouched pages of the ceiling cost nothing. */
    world->jobs.job = world_allocate(WORLD_JOBS, sizeof *world->jobs.job);
    open_queues(world);
}

void world_job_close(struct world *world)
{
    free(world->jobs.job);
    free(world->jobs.queue);
}

void world_job_start(struct world *world)
{
    struct world_jobs *jobs = &world->jobs;
    int i;
    jobs->free = NONE;
    jobs->used = jobs->created = 0;
    jobs->queued = jobs->held = jobs->in_system = 0;
    for (i = 0; i < jobs->n_queues; i++)
        jobs->queue[i] =
            (struct job_queue){NONE, NONE, false, jobs->queue[i].priority, jobs->queue[i].hosts};
}

/* ---- the pool ---- */

static uint32_t take(struct world_jobs *jobs)
{
    uint32_t job = jobs->free;
    if (job != NONE) {
        jobs->free = jobs->job[job].next;
        return job;
    }
    if (jobs->used == WORLD_JOBS)
        return NONE;
    jobs->job[jobs->used].epoch = 0;
    return jobs->used++;
}

/* Those in the rotation that have its labels. */
static uint64_t hosts_of(const struct world *world, int job_class)
{
    return world->github.route & world->jobs.queue[world->jobs.queue_of_class[job_class]].hosts;
}

uint32_t world_job_new(struct world *world, int job_class, int64_t work_ms)
{
    struct world_jobs *jobs = &world->jobs;
    uint32_t job = take(jobs), epoch;
    if (job == NONE) {
        world_give_up(world);
        return NONE;
    }
    epoch = jobs->job[job].epoch;
    jobs->job[job] = (struct job){.created_ms = world->now_ms,
                                  .work_ms = work_ms,
                                  .started_ms = -1,
                                  .reg = NONE,
                                  .hosts = hosts_of(world, job_class),
                                  .run = NONE,
                                  .incident = -1,
                                  .epoch = epoch,
                                  .number = jobs->created++,
                                  .state = JOB_QUEUED,
                                  .job_class = (uint8_t)job_class};
    jobs->in_system++;
    return job;
}

uint32_t world_job_again(struct world *world, uint32_t old, int64_t work_ms)
{
    const struct job *before = &world->jobs.job[old];
    uint32_t job = world_job_new(world, before->job_class, work_ms);
    if (job == NONE)
        return NONE;
    world->jobs.job[job].attempt = (uint8_t)(before->attempt < 255 ? before->attempt + 1 : 255);
    world->jobs.job[job].incident = before->incident;
    world->jobs.job[job].run = before->run;
    return job;
}

void world_job_of_run(struct world *world, uint32_t job, uint32_t run)
{
    UND_ASSERT(world->jobs.job[job].run == NONE);
    world->jobs.job[job].run = run;
}

void world_job_release(struct world *world, uint32_t job)
{
    struct world_jobs *jobs = &world->jobs;
    UND_ASSERT(jobs->job[job].state != JOB_FREE && jobs->in_system > 0);
    jobs->job[job].state = JOB_FREE;
    jobs->job[job].epoch++;
    jobs->job[job].next = jobs->free;
    jobs->free = job;
    jobs->in_system--;
}

/* ---- the queues ---- */

static struct job_queue *queue_of(struct world_jobs *jobs, uint32_t job)
{
    return &jobs->queue[jobs->queue_of_class[jobs->job[job].job_class]];
}

/* One event for the oldest job of a queue, not one a job: they would outlive their jobs by a day.
 */
static void watch_limit(struct world *world, struct job_queue *queue)
{
    const struct github *github = &world->fleet->github;
    int64_t due_ms;
    if (!github->present || queue->limit_pending || queue->head == NONE)
        return;
    queue->limit_pending = true;
    due_ms = world->jobs.job[queue->head].created_ms + github->queue_limit_ms;
    world_push(world, due_ms > world->now_ms ? due_ms : world->now_ms, THEN_JOBS, EV_QUEUE_LIMIT,
               (uint32_t)(queue - world->jobs.queue), 0);
}

/* Behind every job created no later: new jobs at the tail, requeued ones where they were. */
void world_job_enqueue(struct world *world, uint32_t job)
{
    struct world_jobs *jobs = &world->jobs;
    struct job_queue *queue = queue_of(jobs, job);
    struct job *j = &jobs->job[job];
    uint32_t after = queue->tail;
    while (after != NONE && jobs->job[after].created_ms > j->created_ms)
        after = jobs->job[after].prev;
    j->state = JOB_QUEUED;
    j->waited = true;
    j->reg = NONE;
    j->prev = after;
    j->next = after == NONE ? queue->head : jobs->job[after].next;
    *(j->prev == NONE ? &queue->head : &jobs->job[j->prev].next) = job;
    *(j->next == NONE ? &queue->tail : &jobs->job[j->next].prev) = job;
    world_account(world);
    jobs->queued++;
    world_tell(world, (struct news){.kind = NEWS_QUEUE});
    watch_limit(world, queue);
    world_tell(world, (struct news){.kind = NEWS_LEVELS});
}

void world_job_dequeue(struct world *world, uint32_t job)
{
    struct world_jobs *jobs = &world->jobs;
    struct job_queue *queue = queue_of(jobs, job);
    const struct job *j = &jobs->job[job];
    UND_ASSERT(j->state == JOB_QUEUED && jobs->queued > 0);
    *(j->prev == NONE ? &queue->head : &jobs->job[j->prev].next) = j->next;
    *(j->next == NONE ? &queue->tail : &jobs->job[j->next].prev) = j->prev;
    world_account(world);
    jobs->queued--;
    world_tell(world, (struct news){.kind = NEWS_QUEUE});
}

void world_job_requeue(struct world *world, uint32_t job, int64_t work_ms)
{
    struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_STRANDED || j->state == JOB_RUNNING || j->state == JOB_HELD);
    world->jobs.held -= j->state == JOB_HELD;
    j->work_ms = work_ms;
    j->epoch++;
    world_job_enqueue(world, job);
}

void world_job_queue_limit(struct world *world, uint32_t index)
{
    struct job_queue *queue = &world->jobs.queue[index];
    int64_t born_ms = world->now_ms - world->fleet->github.queue_limit_ms;
    queue->limit_pending = false;
    while (queue->head != NONE && world->jobs.job[queue->head].created_ms <= born_ms)
        world_github_abandon(world, queue->head);
    watch_limit(world, queue);
}

/* ---- what becomes of a job ---- */

void world_job_hold(struct world *world, uint32_t job, int64_t after_ms)
{
    struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_QUEUED && after_ms > 0);
    j->state = JOB_HELD;
    j->held_up = true;
    world->jobs.held++;
    world_push(world, world->now_ms + after_ms, THEN_JOBS, EV_HANDOUT, job, j->epoch);
}

void world_job_assign(struct world *world, uint32_t job, uint32_t reg)
{
    struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_QUEUED && reg != NONE);
    j->state = JOB_ASSIGNED;
    j->reg = reg;
    j->epoch++;
}

void world_job_strand(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_ASSIGNED);
    j->state = JOB_STRANDED;
    j->epoch++;
    j->held_up = true;
    world_push(world, world->now_ms + world->fleet->github.requeue_after_ms, THEN_JOBS, EV_REQUEUE,
               job, j->epoch);
}

/* Its end is when its work is done, or at its class's time-out. */
static void schedule_end(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs.job[job];
    bool hangs = j->fate == FATE_HANGS;
    int64_t timeout_ms = hangs ? world_field_limit_ms(world, job)
                               : world->fleet->workload.classes[j->job_class].timeout_ms;
    int64_t latest_ms = j->started_ms + timeout_ms;
    UND_ASSERT(j->state == JOB_RUNNING);
    j->epoch++;
    if (timeout_ms > 0 && (hangs || j->ends_ms > latest_ms))
        world_push(world, latest_ms > world->now_ms ? latest_ms : world->now_ms, THEN_JOBS,
                   EV_TIMEOUT, job, j->epoch);
    else
        world_push(world, j->ends_ms, THEN_JOBS, EV_JOB_END, job, j->epoch);
}

void world_job_run(struct world *world, uint32_t job, enum fate fate, int64_t run_ms)
{
    struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_ASSIGNED);
    j->state = JOB_RUNNING;
    j->started_ms = world->now_ms;
    j->fate = (uint8_t)fate;
    j->ends_ms = world->now_ms + run_ms;
    schedule_end(world, job);
}

void world_job_end_at(struct world *world, uint32_t job, int64_t ends_ms)
{
    world->jobs.job[job].ends_ms = ends_ms;
    schedule_end(world, job);
}

void world_job_doom(struct world *world, uint32_t job, int64_t ends_ms)
{
    world->jobs.job[job].fate = FATE_FAILS;
    world_job_end_at(world, job, ends_ms);
}

void world_job_lose(struct world *world, uint32_t job, bool process_lives, int64_t after_ms)
{
    struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_RUNNING || j->state == JOB_ASSIGNED);
    j->held_up = j->held_up || j->state == JOB_ASSIGNED; /* it has not started */
    j->state = JOB_LOST;
    j->process_lives = process_lives;
    j->epoch++;
    world_push(world, world->now_ms + after_ms, THEN_JOBS, EV_LOCK_EXPIRY, job, j->epoch);
}

void world_job_kill(struct world *world, uint32_t job)
{
    world->jobs.job[job].process_lives = false;
}

void world_job_resume(struct world *world, uint32_t job)
{
    struct job *j = &world->jobs.job[job];
    UND_ASSERT(j->state == JOB_LOST && j->process_lives);
    j->state = JOB_RUNNING;
    world_job_end_at(world, job, j->ends_ms > world->now_ms ? j->ends_ms : world->now_ms);
}

bool world_job_waits(const struct job *job)
{
    return job->state == JOB_QUEUED || job->state == JOB_ASSIGNED || job->state == JOB_STRANDED ||
           job->state == JOB_HELD;
}

/* ---- marks ---- */

void world_job_hold_up(struct world *world, uint32_t job)
{
    world->jobs.job[job].held_up = true;
}

void world_job_during_fault(struct world *world, uint32_t job)
{
    world->jobs.job[job].during_fault = true;
}

void world_job_joins(struct world *world, uint32_t job, int incident)
{
    UND_ASSERT(world->jobs.job[job].incident < 0 && incident >= 0);
    world->jobs.job[job].incident = (int16_t)incident;
}

void world_job_route(struct world *world, uint32_t job)
{
    UND_ASSERT(world->jobs.job[job].state == JOB_QUEUED);
    world->jobs.job[job].hosts = hosts_of(world, world->jobs.job[job].job_class);
}
