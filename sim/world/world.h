/*
 * The virtual world: one fleet with its GitHub, hosts, monitoring and controller, simulated event
 * by event through one replication after another. This header is private to sim/world*.c and
 * sim/experiment/experiment.c; experiment.h is what others call.
 *
 *   world.c             set-up, the event loop, digest, world invariants
 *   world_workload.c    arrivals, fan-out, job classes, the job pool
 *   world_github.c      queue, choice of a registration, pick-up, conclusion, routing
 *   world_session.c     locks, offline detection, the return of registrations
 *   world_host.c        power, network, load, speed, reboot with lost slots
 *   world_fault.c       what is injected and when, repair
 *   world_field.c       what the faults that fleets report do; canaries
 *   world_controller.c  polls and hints into readings, the policy step, the actuator
 *   world_incident.c    the measures of DESIGN.md: detection, failover, RTO, recovery, MTTR
 *
 * All memory is allocated by world_open; a replication allocates nothing. Everything is a plain
 * function of (scenario, seed, replication), whatever thread runs it.
 */
#ifndef SIM_WORLD_WORLD_H
#define SIM_WORLD_WORLD_H

#include "model/fleet/scenario.h"
#include "model/policy/driver.h"
#include "model/stats/sketch.h"
#include "sim/engine/draw.h"
#include "sim/engine/queue.h"
#include "sim/engine/source.h"
#include "sim/engine/stream.h"
#include "sim/monitoring/alertmanager.h"
#include "sim/monitoring/prometheus.h"
#include "sim/stats/level.h"
#include "sim/stats/time_slices.h"
#include "sim/stats/waits.h"

#define NONE UINT32_MAX
#define WORLD_JOBS (1u << 20)   /* ceiling on jobs in the system; more is an unstable queue */
#define WORLD_INCIDENTS 64      /* measured a replication; later ones are not */
#define WORLD_OPEN_INCIDENTS 16 /* at the same time */
#define WORLD_BACKLOGS 32       /* of incidents, watched at the same time */
#define WORLD_RECENT 10         /* jobs behind the gauge of job durations */

enum kind {
    EV_ARRIVAL,      /* the next run */
    EV_JOB_END,      /* who: job */
    EV_PICKUP,       /* who: job */
    EV_REQUEUE,      /* who: job, assigned to a registration that is gone */
    EV_LOCK_EXPIRY,  /* who: job, lost with its host */
    EV_PATIENCE,     /* who: job */
    EV_QUEUE_LIMIT,  /* who: queue, its oldest job has waited as long as GitHub allows */
    EV_TIMEOUT,      /* who: job */
    EV_OFFLINE,      /* who: host, GitHub notices */
    EV_SLOT_OFFLINE, /* who: registration, GitHub notices */
    EV_RECONNECT,    /* who: host, its registrations come back */
    EV_FAULT,        /* who: fault */
    EV_FAULT_END,    /* who: fault */
    EV_BREAKDOWN,    /* who: host, by its own MTBF */
    EV_REPAIR,       /* who: host */
    EV_HUMAN,        /* the paged human has repaired what waits for one */
    EV_POLL,         /* who: enum poll */
    EV_WRITE,        /* the actuator's next write is due */
    EV_PROMETHEUS,
    EV_ALERTMANAGER = EV_PROMETHEUS + PROMETHEUS_EVENTS,
    EV_HANG = EV_ALERTMANAGER + ALERTMANAGER_EVENTS, /* who: fault << 16 | registration */
    EV_CYCLE,                                        /* who: fault, the next crash or scrape */
    EV_HANDOUT,                                      /* who: job, held back by a slow GitHub */
    EV_CANARY,                                       /* who: host */
    EV_KINDS
};

/* Among simultaneous events the world changes first, then jobs, then monitoring (prometheus.h says
 * with which priorities), then the controller that looks at it, each kind of poll with a priority
 * of its own (so that their order does not depend on who slept), then writes. */
enum priority { FIRST_WORLD = 0, THEN_JOBS = 1, THEN_POLLS = 240, THEN_CONTROLLER = 255 };

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
enum hung { HUNG_NOT, HUNG_TAKING, HUNG_DEAF };  /* of a listener; taking: it acknowledges jobs */

struct job {
    int64_t created_ms;  /* of this attempt */
    int64_t work_ms;     /* duration at speed 1; what is left of it when it resumes */
    int64_t started_ms;  /* -1: not yet */
    int64_t ends_ms;     /* while running */
    uint32_t prev, next; /* in its queue */
    uint32_t reg;        /* registration, NONE */
    uint64_t hosts;      /* bit set of hosts it may run on */
    int32_t cause;       /* timeline entry */
    uint32_t epoch;
    int16_t incident; /* in-flight job of this open incident, -1 */
    uint8_t state, job_class, attempt, fate;
    bool held_up;       /* a fault kept it from starting */
    bool during_fault;  /* created while one was on */
    bool waited;        /* for a slot, not only for its pick-up */
    uint32_t number;    /* in the order of creation, for the story: `job` is used again */
    bool process_lives; /* lost, but its runner still works on it behind a partition */
};

struct job_queue { /* by time of creation */
    uint32_t head, tail;
    bool limit_pending; /* an event waits for its oldest job's limit */
};

struct reg { /* a registration: one runner process */
    uint32_t job;
    uint32_t idle_at; /* position in its host's idle list, NONE if not idle */
    uint16_t host;
    bool online;   /* as GitHub believes */
    bool labelled; /* in the rotation */
    bool dead;     /* did not come back after a crash */
    bool updating; /* away for an update of its runner */
    uint8_t hung;  /* enum hung */
};

struct world_host {
    uint32_t first, slots;      /* registrations */
    uint32_t idle[FLEET_SLOTS]; /* those that GitHub would give a job */
    uint32_t n_idle, labelled, busy;
    uint32_t able; /* registrations that truly could take a job now */
    int down, stopped, cut_github, cut_monitoring, impaired; /* counts of causes */
    int64_t stress_pm[SIGNAL_COUNT];
    int64_t load_mcores, load_bytes; /* of its running jobs */
    double pm_a_mcore, pm_a_byte;    /* of the host; 0: not known */
    double speed, slowdown, pace;    /* pace: slowdown / speed, ms a ms of work */
    uint32_t epoch;                  /* of its reachability */
    int lose_slots;                  /* to stay down at the next reconnect */
    int slot_faults, maintenances;   /* going on */
    int flapping, lost_target;       /* counts of causes: its scrapes fail, nobody scrapes it */
    int64_t canary_ms;               /* since when its canary has waited; -1: it does not */
    int64_t ended_well, ended_badly; /* jobs since the controller last asked */
    int64_t started_ms;              /* when the last job started on it */
    bool crashed;                    /* sessions die with the host, not with the network */
    bool connected; /* its runners have a session: reachable, and past any session conflict */
    bool graceful;
    bool failing_over;               /* a failover is due and routing has not changed yet */
    int64_t released_ms;             /* when GitHub let go of the old sessions */
    int32_t cause;                   /* timeline entry of its last change */
    int64_t recent_pm[WORLD_RECENT]; /* job duration over baseline, ring */
    int64_t recent_sum_pm;
    uint32_t n_recent;
    int64_t busy_ms, able_ms, since_ms; /* integrals */
    int64_t done, failed;
};

/* One occurrence of a fault, measured. Times are delays, -1 where not observed. */
struct incident {
    int16_t fault; /* -1: a breakdown by MTBF */
    int64_t at_ms;
    int64_t detection_ms, pending_ms, firing_ms, webhook_ms;
    int64_t failover_ms, rto_ms, recovery_ms, mttr_ms;
    uint64_t hosts;                                      /* bit set */
    int64_t detected_at_ms, decided_at_ms, routed_at_ms; /* -1 */
    int inflight; /* jobs it killed that are not yet done again */
    bool lost_for_good, ended, degrading, maintenance;
    int32_t cause; /* timeline entry */
    /* At the end of the replication: what may still come about, a bit a metric, and when that was.
     */
    uint32_t awaits;
    /* Jobs waiting when it struck, at most until as few wait again with full capacity, and when the
     * largest backlog was worked off (-1: not yet); jobs that it killed. */
    int64_t backlog_before, backlog_most, worked_off_ms, jobs_lost;
    int64_t over_ms;
};

struct rep_host {
    double utilization, availability;
    int64_t done, failed;
};

struct rep { /* what one replication found */
    uint64_t digest;
    int64_t events, simulated_ms;
    int64_t jobs_done, jobs_failed, first_done, first_failed, waited, started, wait_sum_ms;
    int64_t fault_waits, fault_wait_sum_ms; /* of jobs created during a fault; their ages count */
    int64_t waiting, waiting_sum_ms, waiting_for_slot; /* not started yet at the end; their ages */
    double queue_length, utilization, availability;
    int failovers, failovers_due, failovers_done; /* decided; due, in time */
    int failovers_open;                           /* of those due, neither at the end */
    int n_incidents;
    bool unstable;
    enum invariant broken;
    int64_t broken_ms;
    struct rep_host *host; /* the fleet's hosts; the caller's */
};

/* Who plays a drill in this world: the controller's part is theirs, not the world's own. */
struct audience {
    void *context;
    void (*notified)(void *context, int host, unsigned severities);
    /* `again`: the attempt that follows, or NONE. */
    void (*job_over)(void *context, uint32_t job, bool success, uint32_t again);
};

struct world {
    const struct scenario *scenario;
    const struct fleet *fleet;
    struct queue queue;
    int64_t now_ms, end_ms, stats_from_ms;
    int64_t warmup_ms; /* the scenario's; the experiment may set it anew between replications */
    uint64_t digest;
    int64_t events;
    struct timeline *timeline;       /* NULL: not traced */
    const struct audience *audience; /* NULL: the world's own controller acts */
    bool noticed;                    /* the audience was notified: world_advance returns */

    struct stream *streams;
    size_t n_streams;
    struct source duration[FLEET_CLASSES]; /* of each class */
    struct source interval;                /* of renewal arrivals */
    struct source pickup;

    /* jobs and GitHub */
    struct job *jobs;
    uint32_t free_job, jobs_used, jobs_created;
    struct job_queue *queues; /* one a priority, highest first */
    int n_queues, priority_queue[FLEET_CLASSES];
    int64_t queued, occupied, in_system;
    struct reg *regs;
    uint32_t n_regs;
    struct world_host host[FLEET_HOSTS];
    int n_hosts;
    uint64_t route; /* bit set of hosts that new jobs may run on (variable) */
    int github_down, token_bad;
    int pauses; /* of the policy, going on */
    double api_error_rate;
    int fates, slow, lies; /* faults going on that touch jobs, their handing out, the list */
    int64_t held;          /* jobs that a slow GitHub holds back */
    size_t next_trace;
    double next_arrival_ms;              /* not rounded, so that rounding does not add up */
    double class_pm_a_ms[FLEET_CLASSES]; /* per mille of the mean duration, a ms of a job */
    int64_t class_mcores[FLEET_CLASSES];
    bool instant_pickup, variable_routing;
    double class_weight_sum, rate_peak, profile_scale, fan_out_scale;
    double rate_below[24], rate_above[24]; /* around the rate in each hour of the day */

    /* monitoring and controller */
    struct prometheus *prometheus;
    struct alertmanager *alertmanager;
    int monitoring_down, alertmanager_down;
    bool wants_load, wants_duration;
    struct driver driver;
    int64_t poll_phase_ms[POLL_COUNT];
    bool poll_pending[POLL_COUNT];
    unsigned quiet; /* bit set of polls since the last change that showed nothing new */
    bool always_poll;
    bool write_pending;
    int64_t next_write_ms; /* the earliest that write spacing allows */
    int32_t *rule_cause;   /* of the last change of each rule's alert, host by host; owned */
    int32_t alert_cause[FLEET_HOSTS], detection_cause[FLEET_HOSTS], decision_cause[FLEET_HOSTS];
    bool repair_called;

    /* measures */
    struct incident *incidents; /* of this replication, caller's */
    int n_incidents, max_incidents;
    bool fault_active[SCENARIO_FAULTS];
    int faults_to_come;
    uint64_t struck[SCENARIO_FAULTS];     /* hosts that the fault has struck; bit set */
    bool fault_on[SCENARIO_FAULTS];       /* of a cycle: off the grid just now */
    uint32_t fault_turn[SCENARIO_FAULTS]; /* counts beginnings and ends */
    int16_t open[WORLD_OPEN_INCIDENTS];
    int n_open;
    struct waits waits;              /* of all jobs */
    struct waits fault_waits;        /* of those created while a fault's capacity was missing */
    int group;                       /* of this replication */
    int16_t backlog[WORLD_BACKLOGS]; /* incidents whose backlog is watched */
    int n_backlogs;
    struct level queue_level; /* jobs waiting over time, of all replications of this worker */
    struct level busy_level;  /* occupied slots over time */
    struct level rep_queue_level, rep_busy_level; /* of this replication */
    struct cluster_set queue_clusters, busy_clusters;
    int64_t level_since_ms, able_total;
    int64_t queue_integral, busy_integral, available_ms;
    struct time_slices *slices; /* of this replication; the caller's; NULL: not wanted */
    struct rep *rep;
};

/* world.c */
struct world *world_open(const struct scenario *scenario, bool always_tick);
void world_close(struct world *world);
/* Adds what `part` gathered over its replications. */
void world_merge(struct world *world, const struct world *part);
void world_forget(struct world *world); /* what it gathered */
/* One replication; `incidents` has room for `max_incidents`, and rep->host is set. */
void world_run(struct world *world, const struct stream *base, struct rep *rep,
               struct incident *incidents, int max_incidents);
/* The same in steps: start, advance any number of times, finish. world_advance handles every event
 * up to `until_ms`, or until the audience is notified; now_ms says how far it came. */
void world_start(struct world *world, const struct stream *base, struct rep *rep,
                 struct incident *incidents, int max_incidents);
void world_advance(struct world *world, int64_t until_ms);
void world_finish(struct world *world);
static inline void world_push(struct world *world, int64_t at_ms, enum priority priority,
                              enum kind kind, uint32_t who, uint32_t epoch)
{
    queue_push(&world->queue, at_ms, (uint8_t)priority, (uint8_t)kind, who, epoch);
}
void world_digest(struct world *world, enum kind kind, uint64_t a, uint64_t b);
void world_account_since(struct world *world);
/* Before any change of queue, slots or capacity: adds the time since the last one. */
static inline void world_account(struct world *world)
{
    if (world->level_since_ms != world->now_ms)
        world_account_since(world);
}
struct stream *world_host_stream(struct world *world, int host, enum host_stream stream);
struct stream *world_fault_stream(struct world *world, uint32_t fault);
/* Adds to the timeline if there is one. */
#define WORLD_STORY(world, cause, host, mark, ...)                                                 \
    ((world)->timeline                                                                             \
         ? timeline_add((world)->timeline, (world)->now_ms, cause, host, mark, __VA_ARGS__)        \
         : -1)
void world_curve(struct world *world); /* the strip plot's curves, when traced */

/* world_workload.c */
void world_workload_open(struct world *world);
void world_workload_start(struct world *world);
void world_workload_arrival(struct world *world);
uint32_t world_workload_rerun(struct world *world, uint32_t job); /* a new attempt, not queued */
int64_t world_workload_redraw(struct world *world, uint32_t job);
void world_workload_release(struct world *world, uint32_t job);

/* world_github.c */
void world_github_start(struct world *world);
void world_github_submit(struct world *world, uint32_t job);   /* a new job or attempt */
void world_github_hand_out(struct world *world, uint32_t job); /* was held back */
void world_github_pickup(struct world *world, uint32_t job);
void world_github_requeue(struct world *world, uint32_t job);
void world_github_end(struct world *world, uint32_t job);
void world_github_fail(struct world *world, uint32_t job, const char *why);
void world_github_abandon(struct world *world, uint32_t job);
void world_github_queue_limit(struct world *world, uint32_t queue);
void world_github_schedule_end(struct world *world, uint32_t job);
void world_github_dispatch(struct world *world); /* waiting jobs to idle registrations */
void world_github_changed(struct world *world);
void world_github_enqueue(struct world *world, uint32_t job);    /* by its time of creation */
void world_github_leave_host(struct world *world, uint32_t job); /* gives up slot and load */
void world_github_free(struct world *world, uint32_t reg);
void world_github_count(struct world *world, int host); /* those able to take a job */
void world_github_label(struct world *world, uint32_t reg, bool labelled);
void world_github_refresh(struct world *world, uint32_t reg); /* idle or not, after any change */
void world_github_route(struct world *world, uint64_t hosts); /* variable switch */
void world_github_reroute(struct world *world, uint32_t job); /* cancelled and re-run */
void world_github_finish(struct world *world); /* jobs that wait when the replication ends */
bool world_github_up(const struct world *world);

/* world_session.c */
void world_session_host_lost(struct world *world, int host);
void world_session_host_back(struct world *world, int host);
void world_session_offline(struct world *world, int host);
void world_session_kill(struct world *world, int host);
void world_session_slot(struct world *world, uint32_t reg, bool lost);
void world_session_slot_offline(struct world *world, uint32_t reg);
void world_session_reconnect(struct world *world, int host);

/* world_host.c */
bool world_host_reachable(const struct world *world, int host); /* from GitHub */
bool world_host_probed(const struct world *world, int host);    /* from monitoring */
bool world_host_sound(const struct world *world, int host);     /* both, and not impaired */
/* Call around any change of the counts in struct world_host. */
void world_host_changed(struct world *world, int host, bool was_reachable);
void world_host_load(struct world *world, int host, int64_t mcores, int64_t bytes);
void world_host_stress(struct world *world, int host, enum signal signal, int64_t pm);
void world_host_slow(struct world *world, int host, double factor);
void world_host_finished(struct world *world, int host, uint32_t job);

/* world_fault.c */
void world_fault_start(struct world *world);
void world_fault_begin(struct world *world, uint32_t fault);
void world_fault_end(struct world *world, uint32_t fault);
void world_fault_breakdown(struct world *world, int host);
void world_fault_repair(struct world *world, int host);
void world_fault_human(struct world *world);
bool world_fault_over(const struct world *world); /* none goes on, none is to come */

/* world_field.c */
#define TAKES_FIELD (~0u << 16) /* the bits of enum fault_taken that it looks after */
void world_field_start(struct world *world);
void world_field_touch(struct world *world, uint32_t fault, int sign);
void world_field_hang(struct world *world, uint32_t who, uint32_t turn);
void world_field_cycle(struct world *world, uint32_t fault, uint32_t turn);
void world_field_canary(struct world *world, int host, bool again);
bool world_field_looks_busy(const struct world *world, uint32_t reg); /* in GitHub's list */
/* A job that has been handed to a registration: does that take it and do nothing? */
bool world_field_swallows(struct world *world, uint32_t job);
void world_field_dropped(struct world *world, uint32_t reg); /* its job failed unstarted */
/* A job starts on the host; asked only while world->fates > 0. */
enum fate world_field_fate(struct world *world, int host);
int64_t world_field_doom_ms(struct world *world); /* from its start to its failure */
int64_t world_field_limit_ms(const struct world *world, uint32_t job); /* of one that hangs */
bool world_field_delays(struct world *world, uint32_t job);            /* is it held back? */
void world_field_distort(const struct world *world, struct host_reading *hosts);
/* For the policy's signs: are they looked for, and what is there to see? */
bool world_field_looks(const struct world *world);
void world_field_look(struct world *world, struct host_reading *hosts);

/* world_controller.c */
void world_controller_start(struct world *world);
void world_controller_poll(struct world *world, enum poll poll);
void world_controller_write(struct world *world);
/* Something that a reading could show has changed (or may have). */
void world_controller_wake(struct world *world);
/* What an answer to a poll of this feed would say now of every host; false: it fails. */
bool world_controller_look(struct world *world, enum feed feed, struct host_reading *hosts);
/* For an audience: a step of a policy that runs elsewhere, carried out here. */
void world_controller_obey(struct world *world, const struct policy_state *policy,
                           const struct plan *plan);
bool world_controller_busy(const struct world *world); /* writes are left to do */
void world_controller_notified(void *world, int64_t now_ms, const struct notification *n);
void world_controller_alert(void *world, int64_t now_ms, int host, int rule, enum alert_change c);

/* world_incident.c */
int world_incident_open(struct world *world, int fault, uint64_t hosts, bool degrading,
                        bool maintenance, int32_t cause);
void world_incident_struck(struct world *world);
void world_incident_ended(struct world *world, int fault, uint64_t hosts);
void world_incident_alert(struct world *world, int host, enum alert_change change);
void world_incident_webhook(struct world *world, int host);
void world_incident_detected(struct world *world, int host); /* host -1: a feed went blind */
void world_incident_due(struct world *world, int host);
void world_incident_decided(struct world *world, int host, bool by_hand);
void world_incident_routed(struct world *world, int host);
void world_incident_job_started(struct world *world, uint32_t job, int host);
void world_incident_inflight(struct world *world, uint32_t job, int host);
void world_incident_job_over(struct world *world, uint32_t job, bool success);
void world_incident_queue(struct world *world);    /* after a change of the queue, if watched */
bool world_incident_on(const struct world *world); /* is capacity missing for any? */
void world_incident_finish(struct world *world);
bool world_incident_over(const struct world *world); /* of none is anything awaited */
void world_incident_check_full(struct world *world);
bool world_incident_impairs(const struct world *world); /* is any fault holding jobs up? */

#endif
