/*
 * The feeds: one thread each for GitHub, the alerts and the probe, so that a service that hangs
 * holds up nobody else. Each polls on its own grid and puts what it read into one mailbox; the
 * loop that decides (watch.h) takes readings out one by one, in the order in which they came.
 *
 * GitHub's thread is also the only one that writes to GitHub, because its limits want requests one
 * after the other: it reconciles labels (or the variable) to the plan that the loop last set, and
 * where the fleet has github.fast_recovery frees the jobs of a drained host (feed_recovery.c).
 */
#ifndef LIVE_FEED_H
#define LIVE_FEED_H

#include "alertmanager_client.h"
#include "github.h"
#include "journal.h"
#include "pace.h"
#include "prometheus_client.h"
#include "roster.h"

#include <stdatomic.h>

struct feed_options {
    bool act;  /* carry the plan out; needs live.allow_actions */
    bool jobs; /* read runs and jobs as well (costs requests) */
    const atomic_bool *cancel;
};

/* What one poll brought. Times are fleet time, but wall-clock ones as marked. */
struct feed_reading {
    enum feed feed;
    bool good; /* otherwise `error` says why, and nothing else is set */
    struct und_err error;
    int64_t begun_ms, at_ms;
    /* GitHub */
    struct und_err write_error; /* the reading is good, but what was to be written is not */
    struct host_reading hosts[FLEET_HOSTS];
    int labelled[FLEET_HOSTS]; /* registrations that carry the active label */
    int64_t written_ms;        /* when the last write to GitHub had been read back */
    int strays;
    struct github_jobs jobs; /* owned: of every run that is not over, or has just become so */
    int64_t requests_left;   /* of GitHub's hour; -1: not told */
    int64_t offset_ms, offset_error_ms; /* GitHub's clock against ours; error -1: not known */
    /* alerts */
    unsigned severities[FLEET_HOSTS];
    bool pending[FLEET_HOSTS];
    int64_t active_wall_ms[FLEET_HOSTS]; /* since when the oldest one is active; -1: none */
    /* probe */
    bool answered[FLEET_HOSTS];
};

struct feeds;

/* Opens the clients (reading their credentials) and starts the threads. All arguments are borrowed
 * and outlive it; `journal` and `run` are for what is written to GitHub. */
enum und_code feeds_open(struct feeds **out, const struct fleet *fleet, const struct pace *pace,
                         const struct feed_options *options, struct journal *journal, int64_t run,
                         struct und_err *err);
void feeds_close(struct feeds *feeds); /* waits for the threads */

/* The next reading, or false after so many real ms. It is the caller's to fini. */
bool feeds_take(struct feeds *feeds, int64_t timeout_ms, struct feed_reading *out);
void feed_reading_fini(struct feed_reading *reading);

/* What GitHub's thread is to make true from now on: registrations admitted, per host. */
void feeds_want(struct feeds *feeds, const struct plan *plan);
/* Polls GitHub at once, not at its next turn (a hint has come). */
void feeds_nudge(struct feeds *feeds);
bool feeds_have_alerts(const struct feeds *feeds);

#endif
