/*
 * All that the monitor knows, as plain data: what the page, the metrics and /api/v1/state show.
 * The monitor's loop fills it (status_follow); whoever shows it gets a copy.
 *
 * Durations of the policy are fleet time, which runs time_factor times as fast as the wall clock
 * (1 in production); everything else here is wall-clock ms, -1: never.
 */
#ifndef LIVE_STATUS_STATUS_H
#define LIVE_STATUS_STATUS_H

#include "incident.h"
#include "live/watch/hand.h"
#include "live/watch/watch.h"
#include "word.h"

#define STATUS_NEWS 40
#define STATUS_DRILLS 8
#define STATUS_MOMENTS 1440
#define STATUS_MOMENT_MS 15000 /* real: six hours in all */

struct status_moment {
    int64_t at_ms;
    int waiting; /* jobs; -1: not known */
    int busy, online;
};

struct status_feed {
    int64_t good, failed; /* polls */
    char error[300];      /* of the last one; "": it was good */
};

struct status_news {
    int64_t at_ms;
    char what[220];
};

struct status_clock {
    int64_t steps; /* how often the wall's clock was set while the program ran */
    int64_t by_ms; /* the last time; ahead is positive */
    bool in_grace; /* that was why the policy began its grace anew */
};

struct status {
    const struct fleet *fleet; /* borrowed */
    bool active;               /* plans are carried out, by: */
    struct hand_state hand;
    struct witness_state witness;
    char unwritten[300]; /* why the journal cannot be written, so that nothing is decided; "" */
    uint64_t unkept;     /* hosts whose incidents could not be journalled yet */
    struct status_clock clock;
    bool suspects; /* every host looks bad at once */
    int64_t started_ms, now_ms;
    int64_t fleet_ms;       /* the policy's clock at now_ms */
    int64_t steps, last_ms; /* decisions; when the loop last went round */
    bool begun;             /* the policy has been asked at all */
    bool pause_file;
    struct view view;
    struct plan plan;
    struct policy_state policy;
    struct status_feed feed[FEED_COUNT];
    bool no_alerts; /* nothing of that kind is configured */
    int strays;
    int64_t requests_left; /* of GitHub's hour; -1 */
    struct queue_summary queue;
    char queue_error[300];
    int64_t alert_ms[FLEET_HOSTS];
    struct words words;
    struct incidents incidents;
    int64_t notices[NOTICE_COUNT];                  /* so far */
    int64_t done[FLEET_HOSTS], failed[FLEET_HOSTS]; /* jobs that ended well and badly, so far */
    int64_t hints;                                  /* webhooks that told something, so far */
    int64_t journal_bytes;
    int64_t failovers[FLEET_HOSTS];              /* so far */
    struct status_news news[STATUS_NEWS];        /* ring */
    int64_t n_news;                              /* ever */
    struct status_moment moment[STATUS_MOMENTS]; /* ring */
    int64_t n_moments;                           /* ever */
    struct journal_run drill[STATUS_DRILLS];     /* the newest first */
    size_t n_drills;
};

/* `status` is zeroed first. Takes up what the journal knows: words and incidents of 90 days,
 * drills. */
enum und_code status_init(struct status *status, const struct fleet *fleet, struct journal *journal,
                          struct und_err *err);

/* What an event of the loop brought. Incidents that changed are journalled (topic "incident"). */
void status_follow(struct status *status, const struct watch_event *event, struct journal *journal,
                   int64_t run);
/* What the operator's words come to now; to be called before each step. */
void status_heed(const struct status *status, struct watch *watch, int64_t now_ms);
void status_refresh_drills(struct status *status, struct journal *journal);

#define STATUS_CLOCK 64
/* By how much the wall's clock was set: "ahead by 5min". */
const char *status_clock_words(int64_t by_ms, char out[STATUS_CLOCK]);
/* The wall's clock was set: open incidents last as long as they do. */
void status_set_clock(struct status *status, int64_t by_ms, struct journal *journal, int64_t run);
/* Does grace after that hold, in which nobody is drained? */
bool status_clock_grace(const struct status *status);

/* A line with the time of the wall clock; cut if it is too long. The last STATUS_NEWS are kept. */
void status_news(struct status *status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* By age, 0 the newest; NULL past the oldest. */
const struct status_news *status_newest(const struct status *status, int64_t age);

/* How many are kept; by number, 0 the oldest of them. */
int64_t status_moments(const struct status *status);
const struct status_moment *status_moment(const struct status *status, int64_t i);

/* Does the policy see enough to decide: every feed it needs is fresh. */
bool status_ready(const struct status *status, char why[200]);
/* Every host serves, no incident is open, and no failover is younger than an hour: nobody would
 * miss the feeds for a second. */
bool status_calm(const struct status *status);
bool status_paused(const struct status *status);

/* ---- the month ---- */

enum slo { SLO_AVAILABILITY, SLO_FAILOVER, SLO_MTTD, SLO_MTTR, SLO_COUNT };

struct slo_reading {
    const char *name; /* static */
    double target;    /* share, or seconds for the means; NAN: the fleet states none */
    double value;     /* NAN: nothing to judge by yet */
    double budget;    /* shares: what is left of the error budget, 1 untouched, below 0 overspent */
    int64_t n;        /* incidents that count */
};

/* Of the last 30 days, or since the monitor knows. */
struct slo_reading status_slo(const struct status *status, enum slo slo);

#endif
