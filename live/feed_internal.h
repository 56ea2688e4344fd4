/* Inside of the feeds: what their threads share. */
#ifndef LIVE_FEED_INTERNAL_H
#define LIVE_FEED_INTERNAL_H

#include "feed.h"
#include "probe.h"

#include <pthread.h>

#define FEED_MAILBOX 32
#define FEED_RUNS 64 /* active ones whose jobs are read */

struct feed_runs {
    int64_t id[2 * FEED_RUNS];
    size_t n;
};

/* Runs whose jobs were on a drained host that is gone: cancelled, then re-run. */
struct feed_recovery {
    int64_t run[FEED_RUNS];
    bool rerun[FEED_RUNS];
    int n;
};

struct feeds {
    const struct fleet *fleet;
    const struct pace *pace;
    struct feed_options options;
    struct journal *journal;
    int64_t run;
    /* Each used by its own thread only. */
    struct github_client *github;
    struct prometheus_client *prometheus;
    struct alertmanager_client *alertmanager;
    struct probe_set *probe;
    struct feed_runs active;                 /* at the last poll */
    struct feed_recovery recovery;
    struct feed_reading scratch[FEED_COUNT]; /* being filled */
    pthread_t thread[FEED_COUNT];
    int n_threads;
    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t posted, wanted;
    struct feed_reading mail[FEED_MAILBOX];
    size_t first, n;
    struct plan plan; /* n 0: none yet */
    bool nudged, closing;
};

bool feeds_closing(struct feeds *feeds);
/* Moves scratch[feed] into the mailbox; the oldest reading goes where there is no room. */
void feeds_post(struct feeds *feeds, enum feed feed);
/* Until at_ms (fleet time), or for GitHub's thread until it is nudged; false: closing. */
bool feeds_sleep(struct feeds *feeds, int64_t until_ms, bool nudgeable);

/* After a failover: what to cancel and to re-run next, and doing it. */
void feed_recover(struct feeds *feeds, const struct github_runners *runners,
                  const struct github_jobs *jobs, struct und_err *err);

/* One poll of GitHub into the reading, then whatever is to be written. */
void feed_github_poll(struct feeds *feeds, struct feed_reading *reading);

#endif
