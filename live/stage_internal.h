/* Inside of the real stage: what its hands (stage.c) and its eyes (stage_look.c, stage_jobs.c)
 * share. */
#ifndef LIVE_STAGE_INTERNAL_H
#define LIVE_STAGE_INTERNAL_H

#include "actuate.h"
#include "lease.h"
#include "listen.h"
#include "pace.h"
#include "probe.h"
#include "stage.h"

struct live_stage {
    struct stage stage;
    const struct scenario *scenario; /* borrowed, like the journal */
    struct journal *journal;
    int64_t run;
    unsigned nonce; /* journals number their runs each from 1: targets see more than one journal */
    struct stage_options options;
    struct pace pace;
    struct github_client *github;
    struct prometheus_client *prometheus;     /* NULL: the fleet has none */
    struct alertmanager_client *alertmanager; /* only where there is no Prometheus */
    struct probe_set *probe;
    struct listener *listener; /* NULL: no webhooks */
    struct actuator actuator;
    struct journal_step step[DRILL_ACTIONS];  /* as intended; id 0: not yet */
    int signals;                              /* reported */
    bool stopped;                             /* the stop file was reported */
    int64_t write_ms;                         /* no write before this */
    struct roster_alerts alerts[FLEET_HOSTS]; /* of the last good reading */
    /* Jobs: what is known of each attempt since the drill began. */
    struct stage_job job[STAGE_JOBS];
    int64_t job_run[STAGE_JOBS], job_attempt[STAGE_JOBS];
    size_t n_jobs;
    struct github_jobs recent; /* as last read */
    bool fractions;            /* GitHub's times have fractions of a second */
};

enum und_code stage_poll(void *self, enum stage_poll poll, struct stage_reading *reading,
                         struct und_err *err);
enum und_code stage_inspect(void *self, struct stage_state *state, struct und_err *err);
enum und_code stage_jobs(void *self, int64_t since_ms, struct stage_job *jobs, size_t *n,
                         struct und_err *err);

#endif
