/*
 * The only place that decides: view --> policy_step --> plan.
 *
 * Pure C (ring 0): no allocation, no I/O, no clock, no randomness, no floats, no globals; any
 * number of hosts up to POLICY_HOSTS. Time is whatever monotonic millisecond count the driver
 * passes in `now_ms`; it never goes backwards between steps of one state.
 *
 * What it does, from the architecture document's "Failover Flow" and the failover runbook:
 *   - an alert of a configured severity, or a host that two independent signals call unhealthy
 *     (GitHub says its registrations are offline in `confirm` consecutive readings, and the probe
 *     is down), is a detection;
 *   - a detection that persists for `persist_ms` drains the host: no new slots, running jobs go on;
 *   - recovery needs the alert cleared for `clear_for_ms`, the registrations back and
 *     `health_checks` consecutive passes; then failback, slot by slot, over `ramp_ms`;
 *   - the ramp waits while a feed is stale or a health check fails, and ends at once if nothing
 *     else serves; a relapse while ramping drains at once.
 * And the guards around it:
 *   - fail-static: evidence from a feed older than `stale_after_ms` changes nothing;
 *   - never drain the last healthy host; no healthy host at all is a page for a human;
 *   - at more than `max_failovers` within an hour a host stays out for `block_ms` (flap block);
 *   - `grace_ms` after the start (or a restart) of the controller nothing is drained;
 *   - pause (whole fleet) and maintenance (one host) by hand.
 *
 * Beyond the document, and off unless configured, stand the signs of what its evidence is blind to
 * (enum sign): a sign that has lasted is told, and pages a human or counts as a detection. A sign
 * never drains a host unless another serves without any: where it shows everywhere, it is not the
 * host. Trouble that returns (so many detections within a while) need not persist. Where a drain
 * takes the evidence away with the jobs, the host stays out for `hold_ms` at least.
 */
#ifndef MODEL_POLICY_POLICY_H
#define MODEL_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define POLICY_HOSTS 64
#define POLICY_FAILOVER_LOG 16 /* failovers remembered a host, for the flap block */

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_PAGE, SEVERITY_COUNT };
enum tier { TIER_PRIMARY, TIER_BACKUP };
enum probe { PROBE_UNKNOWN, PROBE_UP, PROBE_DOWN };
enum feed { FEED_GITHUB, FEED_ALERTS, FEED_PROBE, FEED_COUNT };

enum sign {
    SIGN_PARTIAL,  /* fewer registrations online than a share of its slots */
    SIGN_DEAF,     /* a job that it could run waits while it shows idle slots and starts none */
    SIGN_CANARY,   /* a small job pinned to it does not start */
    SIGN_FAILURES, /* jobs fail on it and not on the others */
    SIGN_COUNT
};
enum remedy { REMEDY_PAGE, REMEDY_DRAIN, REMEDY_COUNT };

struct policy_sign {
    unsigned then;    /* bit set by enum remedy; 0: nobody looks for it */
    int64_t lasts_ms; /* what has been there this long without a break counts */
};

struct policy_config {
    int64_t persist_ms;     /* detection to drain */
    int64_t ramp_ms;        /* first to last slot of a failback */
    int64_t clear_for_ms;   /* the evidence must be gone this long before failback */
    int64_t stale_after_ms; /* a feed older than this is blind */
    int64_t block_ms;       /* how long a flapping host stays out */
    int64_t grace_ms;       /* no drain so soon after the controller's start */
    int64_t page_after_ms;  /* no healthy host for this long pages */
    int max_failovers;      /* per host and hour; more is flapping */
    int health_checks;      /* consecutive passes that recovery needs */
    int confirm;            /* consecutive offline readings that make evidence */
    unsigned severities;    /* bit set by enum severity: which alerts move jobs */
    bool overflow;          /* the backup serves in normal times as well */
    /* Beyond the document; zero bytes turn all of it off. */
    struct policy_sign signs[SIGN_COUNT];
    int64_t partial_pm;        /* SIGN_PARTIAL: online below this share of the slots, per mille */
    int returns;               /* so many detections, not by an alert alone, within ... */
    int64_t returns_within_ms; /* ... this count as one that persisted; 0: they do not */
    int64_t hold_ms;           /* out at least this long where the drain hides the evidence */
    /* What the readings make signs of; 0: they do not. */
    int64_t deaf_after_ms;     /* SIGN_DEAF: a job has waited this long */
    int64_t canary_every_ms;   /* how often each host gets a canary */
    int64_t canary_late_ms;    /* SIGN_CANARY: it should have started by then */
    int64_t failure_pm;        /* SIGN_FAILURES: at least this share of ... */
    int failure_jobs;          /* ... a host's last so many jobs ... */
    int64_t failure_within_ms; /* ... that are no older than this */
};

/* What a controller can see of one host. */
struct view_host {
    int slots;            /* registrations that the fleet file gives this host */
    int online;           /* of them, online at the last reading */
    int busy;             /* of them, running a job at the last reading */
    int routed;           /* of them, in the rotation at the last reading; 0 where unknown */
    int offline_readings; /* consecutive readings with none online */
    int health_passes;    /* consecutive health checks passed; 0 after a failed one */
    unsigned alerts;      /* bit set by severity of the alerts firing for it */
    enum probe probe;     /* the independent signal */
    enum tier tier;
    bool maintenance;  /* asked for by hand */
    bool acknowledged; /* by hand, since it was last drained: policy_acknowledge is due */
    int running;       /* jobs in progress on it by the list of jobs; 0 where nobody asks for it */
    unsigned signs; /* bit set by enum sign at the last reading; SIGN_PARTIAL is seen by `online` */
};

struct view {
    int n;                      /* hosts */
    bool paused;                /* by hand: change nothing */
    int64_t age_ms[FEED_COUNT]; /* since the last good reading of each feed */
    struct view_host host[POLICY_HOSTS];
};

enum phase {
    PHASE_SERVING,     /* admitted in full */
    PHASE_SUSPECT,     /* detected, persisting; still admitted */
    PHASE_DRAINED,     /* no new jobs; waits for recovery */
    PHASE_RAMPING,     /* failback, slot by slot */
    PHASE_MAINTENANCE, /* drained by hand */
    PHASE_COUNT
};

struct policy_host {
    enum phase phase;
    int admitted;
    int64_t detected_ms;   /* when the present trouble was first seen, or maintenance began */
    int64_t clear_ms;      /* since when the evidence has been gone; -1 while it is there */
    int64_t ramp_start_ms; /* slot k of n is due at this + ramp_ms * (k - 1) / (n - 1) */
    int64_t blocked_until_ms;
    int64_t failovers[POLICY_FAILOVER_LOG]; /* ring of drain times */
    int failover_count;                     /* ever; the ring's head is this modulo its length */
    int held; /* enum notice: what the host waits for, already noticed; 0: nothing */
    int64_t sign_ms[SIGN_COUNT]; /* since when each sign has been there; -1: it is not */
    unsigned told;               /* bit set of the signs that have lasted and were noticed */
    int64_t detections[POLICY_FAILOVER_LOG]; /* ring of detection times */
    int detection_count;                     /* ever */
    int64_t hidden_until_ms; /* drained for what the drain took out of sight: not back before */
};

struct policy_state {
    int n;
    int64_t started_ms;
    int64_t dark_ms; /* since when no host is fit to serve; -1 if one is */
    bool paged;
    bool blind;
    struct policy_host host[POLICY_HOSTS];
};

enum notice {
    NOTICE_DETECTED,    /* trouble seen, the clock of `persist_ms` runs */
    NOTICE_DISMISSED,   /* it went away before that: no failover */
    NOTICE_FAILOVER,    /* drained */
    NOTICE_RELAPSE,     /* drained again at once while ramping */
    NOTICE_FAILBACK,    /* ramp begins */
    NOTICE_RESTORED,    /* ramp finished: full capacity */
    NOTICE_FLAPPING,    /* too many failovers an hour: stays out for block_ms */
    NOTICE_HELD_LAST,   /* not drained: it is the last healthy host */
    NOTICE_HELD_BLIND,  /* not drained: a feed is stale */
    NOTICE_HELD_PAUSED, /* not drained: paused by hand */
    NOTICE_HELD_GRACE,  /* not drained: the controller has just started */
    NOTICE_BLIND,       /* a feed went stale (fleet) */
    NOTICE_SIGHTED,     /* all feeds fresh again (fleet) */
    NOTICE_PAGE,        /* no host is healthy and not in maintenance: a human is needed (fleet) */
    NOTICE_MAINTENANCE, /* drained by hand */
    NOTICE_EMPTY,       /* maintenance: its last job has ended, work may begin */
    NOTICE_PARTIAL,     /* the four signs have lasted, in their order; the first is this one */
    NOTICE_DEAF,
    NOTICE_CANARY,
    NOTICE_FAILURES,
    NOTICE_RETURNS, /* trouble that keeps coming back: drained without persisting */
    NOTICE_COUNT
};

struct plan_host {
    int admitted;     /* registrations that should take new jobs, 0..slots */
    unsigned notices; /* bit set by enum notice: what this step decided */
};

/* A wish, not a list of commands: an actuator reconciles the world to it. */
struct plan {
    int n;
    unsigned notices; /* fleet-wide ones */
    struct plan_host host[POLICY_HOSTS];
};

/* Every host serving, nothing seen yet. `view` gives the number of hosts (1..POLICY_HOSTS), slots
 * and tiers; config->confirm is at least 1. The state is the caller's plain data; nothing is kept
 * of the arguments. Drivers do not call this and policy_step themselves: driver.h does. */
void policy_init(const struct policy_config *config, struct policy_state *state, int64_t now_ms,
                 const struct view *view);

/* The controller starts again with this state of its own: nothing is forgotten, and its grace
 * begins anew. The simulator, the explorer and the monitor all come back by this. */
void policy_restart(struct policy_state *state, int64_t now_ms);

/* Somebody sees to the host: its flap block ends, nothing else. The explorer has it where it
 * forgets the guard's memory: then a block may end at any time. */
void policy_acknowledge(struct policy_state *state, int host, int64_t now_ms);

/* Decides. Changes `state`, fills `plan` for the state's hosts (notices: what this step decided).
 * The view must have the hosts and slots that the state began with, and now_ms must not be before
 * any earlier step's. Whatever the view says of them is data: no view is refused. */
void policy_step(const struct policy_config *config, struct policy_state *state, int64_t now_ms,
                 const struct view *view, struct plan *plan);

/* After a step with `view`: true if no later step with this same view (its feeds kept fresh,
 * whatever is busy or routed) can change the state or the plan: a driver may then sleep until
 * something it can see changes. */
bool policy_settled(const struct policy_config *config, const struct policy_state *state,
                    const struct view *view);

#endif
