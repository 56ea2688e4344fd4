/*
 * The feeds of the monitor: one thread each for GitHub, the alerts and the probe, so that a service
 * that hangs holds up nobody else. Each polls on its own grid and puts what it read into one
 * mailbox; the loop that decides (watch.h) takes readings out one by one, in the order in which
 * they came.
 */
#ifndef LIVE_WATCH_FEED_H
#define LIVE_WATCH_FEED_H

#include "live/act/attribution.h"
#include "live/act/job_signs.h"
#include "live/http/fleet_clock.h"
#include "live/journal/journal.h"
#include "queue.h"

#include <stdatomic.h>

/* What one poll brought; times are fleet time. */
struct feed_reading {
    enum feed feed;
    bool good; /* otherwise `error` says why, and nothing else is set */
    struct und_err error;
    int64_t begun_ms, at_ms;
    struct host_reading hosts[FLEET_HOSTS];
    int64_t alert_ms[FLEET_HOSTS]; /* alerts: since when, wall clock; -1: none */
    int strays;                    /* GitHub: registrations that belong to nobody */
    int64_t requests_left;         /* GitHub: of its hour; -1: not told */
    bool jobs_read;                /* GitHub: the jobs were asked for as well */
    struct und_err jobs;        /* GitHub: why the jobs could not be read; the registrations were */
    char said[256];             /* GitHub: about a canary; "": nothing */
    struct queue_summary queue; /* GitHub: .known if jobs_read and no error */
    int done[FLEET_HOSTS], failed[FLEET_HOSTS]; /* GitHub: jobs that ended since the last reading */
    struct job_end end[JOB_SIGNS_TOLD];         /* GitHub: some of those, for the journal */
    int n_ends;
};

struct feeds;

/* Where only people look at the jobs, they are read so rarely (fleet time). */
#define FEED_QUEUE_MS 60000

/* Opens the clients (reading their credentials) and starts the threads. All arguments are borrowed
 * and outlive it; `cancel` may be NULL. Canaries are in the journal under `run`. */
enum und_code feeds_open(struct feeds **out, const struct fleet *fleet,
                         const struct fleet_clock *pace, const atomic_bool *cancel,
                         struct journal *journal, int64_t run, struct und_err *err);
void feeds_close(struct feeds *feeds); /* waits for the threads */

/* The next reading, or false after so many real ms. */
bool feeds_take(struct feeds *feeds, int64_t timeout_ms, struct feed_reading *out);

/* Polls GitHub soon, not at its next turn (something has come that tells of a change), and ends a
 * feeds_take that waits. */
void feeds_nudge(struct feeds *feeds);

/* How long (real ms) after one poll of GitHub the next may come, so that what is left of the hour's
 * requests lasts the hour: `cost` requests a poll, with a tenth kept for writes; at least
 * `interval_ms`, at most `most_ms`. Pure. */
int64_t feeds_pace_ms(int64_t cost, int64_t left, int64_t interval_ms, int64_t most_ms);

/* Is there a service that alerts are read from: Prometheus or Alertmanager? */
bool feeds_have_alerts(const struct feeds *feeds);

#endif
