/*
 * What was seen in a run of tests/real: read from the files that the director and test_real left in
 * the working directory.
 *
 *     victims, faults, webhooks, lags the director's
 *     alerts.json, up.json, took.json range queries of ALERTS, up, scrape_duration_seconds
 *     again.json                      ALERTS after the restart of Prometheus
 *     restarted                       when its rule manager began anew, ms
 */
#ifndef TESTS_REAL_EVIDENCE_H
#define TESTS_REAL_EVIDENCE_H

#include "real.h"
#include "sim/monitoring/delay.h"

#include <stdbool.h>

#define EVIDENCE_LAGS 20000
#define EVIDENCE_HEARD 2000
#define NOT_SEEN (-1)

struct seen {
    int64_t before_ns, after_ns;     /* of the first fault */
    int64_t again_ns;                /* before the second; NOT_SEEN if there was none */
    int64_t stage_ns[DELAY_STAGES];  /* first after the fault; NOT_SEEN */
    int64_t active_before_ns;        /* last evaluation before the fault with an alert; NOT_SEEN */
    int64_t failed_ns, failed_ms;    /* first failed scrape: its start, how long it took */
    int64_t last_ms;                 /* how long the last one took; NOT_SEEN */
    int64_t firing_ns[2];            /* first firing evaluations of this and the second fault */
    int64_t firing_after_restart_ns; /* first after the restart; NOT_SEEN */
};

struct heard {
    int64_t at_ns;
    int host;
    bool firing;
    char alert[REAL_NAME];
};

struct lag {
    int64_t due_ns, lag_ns;
};

struct evidence {
    struct victims victims;
    struct seen seen[REAL_VICTIMS];
    struct heard heard[EVIDENCE_HEARD];
    int n_heard;
    struct lag lag[EVIDENCE_LAGS];
    int n_lags;
    int64_t restarted_ns;
};

/* The alert that a host's fault leads to. */
const char *evidence_alert(enum way way);
enum und_code evidence_read(struct evidence *evidence, struct und_err *err);
/* The worst that the watchdog saw of what was due between the two; 0: nothing worth noting. */
int64_t evidence_lag_ns(const struct evidence *evidence, int64_t from_ns, int64_t to_ns);

#endif
