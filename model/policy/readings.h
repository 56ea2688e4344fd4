/*
 * Turns what comes in (polls, hints, words by hand) into the view that the policy sees, so that the
 * simulator, drills and the monitor count consecutive readings in one way. Pure (ring 0).
 *
 * A poll is the truth of its moment; a webhook is a hint that the next poll confirms or corrects.
 * Counters saturate where the policy stops caring, so that a quiet world gives an unchanging view.
 *
 * The health check has one definition, readings_healthy in readings.c, which takes nothing but what
 * a controller has read: no world and no service is asked.
 *
 * The signs beyond the document (policy.h) become bits of the view here: a host is deaf while a job
 * that it could run waits, it shows idle slots and none has started on it; its canary is late; most
 * of its last jobs failed while those that ended elsewhere in the same time did not.
 *
 * A new piece of evidence is a field of struct host_reading (what a poll brings), one of struct
 * view_host (what the policy sees) and the lines here that lead from one to the other.
 */
#ifndef MODEL_POLICY_READINGS_H
#define MODEL_POLICY_READINGS_H

#include "policy.h"

#define READINGS_JOBS 32 /* ends of jobs remembered a host */

/* What is looked at, each on a grid of its own: the feeds, and the health check over them all. */
enum poll {
    POLL_GITHUB = FEED_GITHUB,
    POLL_ALERTS = FEED_ALERTS,
    POLL_PROBE = FEED_PROBE,
    POLL_HEALTH = FEED_COUNT,
    POLL_COUNT
};

/* What a poll has found out about one host; only the fields of its own feed are set. */
struct host_reading {
    int online, busy;   /* GITHUB: registrations */
    int routed;         /* GITHUB: of them in the rotation, online or not */
    int running;        /* GITHUB: jobs in progress on it by the list of jobs; 0: not asked for */
    int64_t waiting_ms; /* GITHUB: how long the oldest job that it could run has waited; 0: none */
    int64_t quiet_ms;   /* GITHUB: how long no job has started on it */
    int64_t canary_ms; /* GITHUB: how long its canary, sent while a slot was idle, waits; 0: none */
    int done, failed;  /* GITHUB: jobs that ended on it since the last good reading */
    unsigned severities; /* ALERTS: bit set of those that fire for it */
    bool answered;       /* PROBE: this round reached it */
};

/* What must be known of a fleet. */
struct readings_setup {
    int n; /* hosts, 1..POLICY_HOSTS */
    struct {
        int slots;
        enum tier tier;
    } host[POLICY_HOSTS];
    int probe_misses; /* consecutive misses that make "down" */
    bool no_alerts;   /* there is no monitoring: its feed is never stale */
};

/* How the last jobs on a host ended, a ring; for SIGN_FAILURES. */
struct readings_jobs {
    int64_t at_ms[READINGS_JOBS];
    bool failed[READINGS_JOBS];
    int n; /* ever; the ring's head is this modulo its length */
};

struct readings {
    const struct policy_config *config; /* borrowed */
    struct readings_jobs jobs[POLICY_HOSTS];
    struct view view;            /* ages are filled by readings_view */
    int64_t seen_ms[FEED_COUNT]; /* last good reading */
    int misses[POLICY_HOSTS];
    int probe_misses;
    bool no_alerts;
    bool changed; /* set when a reading changes the view (busy and routed apart); cleared by the
                     caller */
};

/* Starts as if every feed had just said that all is well. `config` is borrowed and outlives it. */
void readings_init(struct readings *readings, const struct policy_config *config,
                   const struct readings_setup *setup, int64_t now_ms);

/* Without a new end of a job, do the signs of jobs that fail stay away, however time goes on? The
 * other signs are those of what waits: false too while one of any kind is to be seen. */
bool readings_still(const struct readings *readings, int64_t now_ms);

/* A good answer to a poll: `hosts` has the fleet's hosts in their order. POLL_HEALTH asks nobody:
 * it counts the health checks by what is known now, and `hosts` is not looked at. */
void readings_take(struct readings *readings, enum poll poll, int64_t now_ms,
                   const struct host_reading *hosts);
/* A notification: these severities fire for the host. A resolved one (0) speaks for its own group
 * of alerts only: the next poll settles the rest. */
void readings_hint(struct readings *readings, int host, unsigned severities);
/* By hand: one host is to be emptied; nothing is to be changed. Each until it is taken back. */
void readings_maintenance(struct readings *readings, int host, bool asked);
void readings_acknowledge(struct readings *readings, int host, bool acknowledged);
void readings_pause(struct readings *readings, bool paused);

/* No health check counts as passed: whoever looked is not who looks now. */
void readings_doubt(struct readings *readings);

/* The view at now_ms, not before any reading; valid until the next call on `readings`. */
const struct view *readings_view(struct readings *readings, int64_t now_ms);

#endif
