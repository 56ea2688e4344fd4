/*
 * The virtual world: one fleet with its GitHub, hosts, monitoring and controller, simulated event
 * by event through one replication after another. experiment.h is what most callers want.
 *
 * It is made of parts. Each file owns the struct that its header shows: the others read it, and
 * change it by calling the functions of that header alone (tests/layers holds them to it). What
 * merely happened is told as news (world_news.h) to whoever listens.
 *
 *   world.c             set-up, a replication from start to finish
 *   world_event.c       the table of events: who handles them, which have passed
 *   world_tell.h        the list of who hears what
 *   world_workload.c    arrivals, fan-out, job classes
 *   world_needs.c       runs whose jobs need one another
 *   world_job.c         the pool of jobs, their states, the queues
 *   world_github.c      choice of a registration, pick-up, conclusion, routing, capacity
 *   world_session.c     locks, offline detection, the return of registrations
 *   world_host.c        power, network, load, speed
 *   world_fault.c       what is injected and when, repair
 *   world_field.c       what the faults that fleets report do; canaries
 *   world_disk.c        disks that fill up
 *   world_monitoring.c  Prometheus and Alertmanager in this world
 *   world_series.c      what exporters show of it
 *   world_controller.c  polls and hints into readings, the policy step, the actuator
 * and of listeners, on which nothing depends:
 *   world_incident.c    the measures of DESIGN.md: detection, failover, RTO, recovery, MTTR
 *   world_measure.c     waits, levels over time, counts of jobs
 *   world_facet.c       what a scenario asks for beyond those
 *   world_trace.c       the story of one replication, and its curves
 *
 * From outside sim/world: read any part; call what this header declares, world_fault_begin and
 * _end, and what world_controller.h has for who plays a drill.
 *
 * All memory is allocated by world_open; a replication allocates nothing (but for what a timeline
 * takes). Everything is a plain function of (scenario, seed, replication), whatever thread runs it.
 */
#ifndef SIM_WORLD_WORLD_H
#define SIM_WORLD_WORLD_H

#include "model/base/assert.h"
#include "model/fleet/scenario.h"
#include "sim/engine/draw.h"
#include "sim/engine/queue.h"
#include "sim/engine/stream.h"
#include "world_controller.h"
#include "world_disk.h"
#include "world_event.h"
#include "world_facet.h"
#include "world_fault.h"
#include "world_field.h"
#include "world_github.h"
#include "world_host.h"
#include "world_incident.h"
#include "world_job.h"
#include "world_measure.h"
#include "world_monitoring.h"
#include "world_needs.h"
#include "world_news.h"
#include "world_series.h"
#include "world_session.h"
#include "world_trace.h"
#include "world_workload.h"

#define NONE UINT32_MAX /* of jobs, registrations and places in lists */

enum purpose { /* one stream each, then one a class, and four a host, and one a fault */
               STREAM_ARRIVAL,
               STREAM_FAN_OUT,
               STREAM_CLASS,
               STREAM_PATIENCE,
               STREAM_SELECTION,
               STREAM_PICKUP,
               STREAM_LOCK,
               STREAM_RERUN,
               STREAM_PHASE,
               STREAM_POLL,
               STREAM_API,
               STREAM_HUMAN,
               STREAM_CLASS_0,
               STREAM_HOST_0 = STREAM_CLASS_0 + FLEET_CLASSES
};
enum host_stream {
    HOST_STREAM_BREAKDOWN,
    HOST_STREAM_REPAIR,
    HOST_STREAM_OFFLINE,
    HOST_STREAM_SLOTS,
    HOST_STREAMS
};

struct rep_host {
    double utilization, availability;
    int64_t done, failed;
};

struct rep_facet { /* a ratio: waits or jobs beyond, over jobs; level or time beyond, over time */
    int64_t sum, of;
    int64_t open; /* of those jobs, not started yet at the end; for a share, and not beyond it */
};

struct rep { /* what one replication found */
    uint64_t digest;
    int64_t events, simulated_ms;
    int64_t jobs_done, jobs_failed, first_done, first_failed, given_up;
    int64_t waited, started, wait_sum_ms;
    int64_t fault_waits, fault_wait_sum_ms; /* of jobs created during a fault; their ages count */
    int64_t waiting, waiting_sum_ms, waiting_for_slot; /* not started yet at the end; their ages */
    double queue_length, utilization, availability;
    int failovers, failovers_due, failovers_done; /* decided; due, in time */
    int failovers_open;                           /* of those due, neither at the end */
    int n_incidents;
    bool unstable;
    enum invariant broken;
    int64_t broken_ms;
    struct rep_host *host;   /* the fleet's hosts; the caller's */
    struct rep_facet *facet; /* the scenario's; the caller's; NULL: not wanted */
};

/* Where a replication puts what it finds: all of it the caller's, and there until it is finished.
 */
struct replication {
    struct rep *rep;            /* its `host` is set */
    struct incident *incidents; /* room for max_incidents; later ones are not measured */
    int max_incidents;
    struct time_slices *slices; /* NULL: not wanted */
    struct timeline *timeline;  /* NULL: not traced */
    int group; /* of the cohort of waits; -1: nobody asks the world what its replications add up to */
};

struct world {
    const struct scenario *scenario; /* borrowed */
    const struct fleet *fleet;
    int n_hosts;
    struct queue queue;
    int64_t now_ms, end_ms, stats_from_ms;
    int64_t warmup_ms; /* the scenario's, or what world_warm_up has set */
    bool unstable;     /* more jobs than there is room for */
    uint64_t digest;
    int64_t events;
    struct stream *streams; /* owned */
    size_t n_streams;
    struct replication found;

    struct world_workload workload;
    struct world_jobs jobs;
    struct world_needs needs;
    struct world_github github;
    struct world_sessions sessions;
    struct world_host host[FLEET_HOSTS];
    struct world_faults faults;
    struct world_field field;
    struct world_disk disk;
    struct world_monitoring monitoring;
    struct world_series series;
    struct world_controller controller;
    struct world_incidents incidents;
    struct world_measures measures;
    struct world_facets facets;
    struct world_trace trace;
};

/* `scenario` is borrowed, and valid: the loader has checked it. `always_tick`: nothing sleeps; the
 * results are the same. world_close frees. */
struct world *world_open(const struct scenario *scenario, bool always_tick);
/* Its scenario has other faults, another duration or rate than before, and nothing else: as if it
 * were closed and opened, but for the memory, which it has already. */
void world_reopen(struct world *world);
void world_close(struct world *world);
/* Of the replications to come, what is before it counts for nothing. */
void world_warm_up(struct world *world, int64_t warmup_ms);
/* Adds what `part`, of the same scenario, gathered over its replications. */
void world_merge(struct world *world, const struct world *part);
void world_forget(struct world *world); /* what it gathered */

/* One replication, on the streams that follow from `base`. */
void world_run(struct world *world, const struct stream *base, const struct replication *found);
/* The same in steps: start, advance any number of times, finish. world_advance handles every event
 * up to `until_ms`, or until the audience is notified; now_ms says how far it came. world_stop: it
 * ends now, whatever the scenario says. */
void world_start(struct world *world, const struct stream *base, const struct replication *found);
void world_advance(struct world *world, int64_t until_ms);
void world_stop(struct world *world);
void world_finish(struct world *world);

/* ---- for the parts ---- */

/* Never in the past. */
static inline void world_push(struct world *world, int64_t at_ms, enum priority priority,
                              enum kind kind, uint32_t who, uint32_t epoch)
{
    queue_push(&world->queue, at_ms, (uint8_t)priority, (uint8_t)kind, who, epoch);
}

/* Time is the event's, which is not in the past. */
static inline void world_pass(struct world *world, const struct event *event)
{
    UND_ASSERT(event->at_ms >= world->now_ms);
    world->now_ms = event->at_ms;
    world->events++;
}

/* Before any change of queue, slots or capacity: adds the time since the last one. */
static inline void world_account(struct world *world)
{
    if (world->measures.since_ms != world->now_ms)
        world_measure_account(world);
}

/* The digest takes in what happened and when, not how often somebody looked: ticking and sleeping
 * give the same one. One multiply-xor round a word (wyhash's mixer). */
static inline void world_digest(struct world *world, enum kind kind, uint64_t a, uint64_t b)
{
    uint128 mixed = (uint128)(world->digest ^ (uint64_t)world->now_ms ^ (uint64_t)kind << 48) *
                    (a * 0x9e3779b97f4a7c15ULL ^ b ^ 0xe7037ed1a0b428dbULL);
    world->digest = (uint64_t)mixed ^ (uint64_t)(mixed >> 64);
}

/* There is no room for another job: the replication is over. */
void world_give_up(struct world *world);
struct stream *world_host_stream(struct world *world, int host, enum host_stream stream);
struct stream *world_fault_stream(struct world *world, uint32_t fault);
struct stream *world_field_stream(struct world *world);
struct stream *world_modulation_stream(struct world *world);
/* n zeroed elements for the replications' whole time; free() them. Ends the program where there is
 * no memory. */
void *world_allocate(size_t n, size_t size);

#include "world_tell.h"

#endif
