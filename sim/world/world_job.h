/*
 * Jobs: the pool, the state of each, the queues in which they wait, and the end that a running one
 * comes to. Indices into the pool are used again; `number` is not.
 *
 * Anyone may read; what is written is written by the functions below. Each moves a job from the
 * states that it names to another, with a new epoch where events of the old state are void, and
 * asserts that it was in one of them. All memory is allocated by world_job_open; the pool's ceiling
 * is WORLD_JOBS, and more is an unstable queue.
 */
#ifndef SIM_WORLD_WORLD_JOB_H
#define SIM_WORLD_WORLD_JOB_H

#include "model/fleet/fleet.h"

#include <stdbool.h>
#include <stdint.h>

#define WORLD_JOBS (1u << 20) /* ceiling on jobs in the system */

struct world;

enum job_state {
    JOB_FREE,
    JOB_QUEUED,
    JOB_ASSIGNED,
    JOB_STRANDED,
    JOB_RUNNING,
    JOB_LOST,
    JOB_HELD /* GitHub is slow to look at it */
};
enum fate { FATE_NONE, FATE_HANGS, FATE_FAILS }; /* of a job that has started */

struct job {
    int64_t created_ms;  /* of this attempt */
    int64_t work_ms;     /* duration at speed 1; what is left of it when it resumes */
    int64_t started_ms;  /* -1: not yet */
    int64_t ends_ms;     /* while running */
    uint32_t prev, next; /* in its queue */
    uint32_t reg;        /* registration, NONE */
    uint64_t hosts;      /* bit set of hosts it may run on */
    uint32_t run;        /* of those in world_needs.h; NONE */
    uint32_t epoch;
    uint32_t number;  /* in the order of creation, for the story */
    int16_t incident; /* in-flight job of this incident, -1 */
    uint8_t state, job_class, attempt, fate;
    bool held_up;       /* a fault kept it from starting */
    bool during_fault;  /* created while one was on */
    bool waited;        /* for a slot, not only for its pick-up */
    bool process_lives; /* lost, but its runner still works on it behind a partition */
};

struct job_queue { /* by time of creation */
    uint32_t head, tail;
    bool limit_pending; /* an event waits for its oldest job's limit */
    int priority;
    uint64_t hosts; /* bit set: those with the labels of its classes */
};

struct world_jobs {
    struct job *job; /* the pool; owned */
    uint32_t free, used, created;
    struct job_queue *queue; /* one a priority and set of hosts, highest first; owned */
    int n_queues, queue_of_class[FLEET_CLASSES];
    int64_t queued, held, in_system; /* counts; held: by a slow GitHub */
};

/* For the world's whole life, from the scenario alone; close frees. */
void world_job_open(struct world *world);
void world_job_close(struct world *world);
void world_job_start(struct world *world); /* a replication: none */

/* A new job, in no queue yet, for the hosts that are in the rotation. NONE: the pool is full; then
 * the replication is unstable and ends now. */
uint32_t world_job_new(struct world *world, int job_class, int64_t work_ms);
/* The same for the next attempt of `old`, which takes over its incident and its run. */
uint32_t world_job_again(struct world *world, uint32_t old, int64_t work_ms);
/* A new one: it is of that run. */
void world_job_of_run(struct world *world, uint32_t job, uint32_t run);
/* Of any state, and in no queue: back to the pool. */
void world_job_release(struct world *world, uint32_t job);

/* A new one into its queue, behind every job created no later. */
void world_job_enqueue(struct world *world, uint32_t job);
/* Out of its queue. */
void world_job_dequeue(struct world *world, uint32_t job);
/* Stranded, running or held: back into its queue, where it stood, with that much work. */
void world_job_requeue(struct world *world, uint32_t job, int64_t work_ms);

/* A new one: GitHub does not look at it before after_ms have passed. */
void world_job_hold(struct world *world, uint32_t job, int64_t after_ms);
/* Dequeued or new: handed to the registration; it stays to be picked up or started. */
void world_job_assign(struct world *world, uint32_t job, uint32_t reg);
/* Assigned, to a registration that is gone: GitHub takes it back after a while. */
void world_job_strand(struct world *world, uint32_t job);
/* Assigned: it runs from now on, for run_ms unless its time-out comes first. */
void world_job_run(struct world *world, uint32_t job, enum fate fate, int64_t run_ms);
/* Running: it ends then instead, or at its time-out. */
void world_job_end_at(struct world *world, uint32_t job, int64_t ends_ms);
/* The same, and as a failure. */
void world_job_doom(struct world *world, uint32_t job, int64_t ends_ms);
/* Running, or assigned to a runner that hangs: GitHub hears no more of it, and its lock runs out
 * after_ms from now. */
void world_job_lose(struct world *world, uint32_t job, bool process_lives, int64_t after_ms);
/* Lost: what worked on it works no more. Of any other state: nothing. */
void world_job_kill(struct world *world, uint32_t job);
/* Lost, and its process lived on: GitHub sees it run again. */
void world_job_resume(struct world *world, uint32_t job);

/* Has it been submitted, and neither started nor been lost? */
bool world_job_waits(const struct job *job);

/* Marks; they last until the job is released. */
void world_job_hold_up(struct world *world, uint32_t job);
void world_job_during_fault(struct world *world, uint32_t job);
void world_job_joins(struct world *world, uint32_t job, int incident); /* its in-flight job */
/* Waiting, and routed anew: it may run on the hosts that are in the rotation. */
void world_job_route(struct world *world, uint32_t job);
/* The oldest of a queue has waited as long as GitHub allows; jobs that have are given up. */
void world_job_queue_limit(struct world *world, uint32_t queue);

#endif
