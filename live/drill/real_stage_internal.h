/* Inside of the real stage: what its hands (real_stage.c) and its eyes (real_stage_look.c,
 * real_stage_jobs.c, real_stage_kinds.c) share. */
#ifndef LIVE_DRILL_REAL_STAGE_INTERNAL_H
#define LIVE_DRILL_REAL_STAGE_INTERNAL_H

#include "listen.h"
#include "live/act/actuate.h"
#include "live/act/canary.h"
#include "live/act/job_signs.h"
#include "live/act/lease.h"
#include "live/http/fleet_clock.h"
#include "live/monitoring/probe.h"
#include "real_stage.h"

struct real_stage {
    struct stage stage;
    const struct scenario *scenario; /* borrowed, like the journal */
    struct journal *journal;
    int64_t run;
    unsigned nonce; /* journals number their runs each from 1: targets see more than one journal */
    struct real_stage_options options;
    struct fleet_clock pace;
    struct github_client *github;
    struct prometheus_client *prometheus;     /* NULL: the fleet has none */
    struct alertmanager_client *alertmanager; /* only where there is no Prometheus */
    struct probe_set *probe;
    struct listener *listener; /* NULL: no webhooks */
    struct actuator actuator;
    struct journal_step step[DRILL_ACTIONS];       /* as intended; id 0: not yet */
    int signals;                                   /* reported */
    bool stopped;                                  /* the stop file was reported */
    int64_t write_ms;                              /* no write before this */
    struct attribution_alerts alerts[FLEET_HOSTS]; /* of the last good reading */
    /* Jobs: what is known of each attempt since the drill began. */
    struct stage_job job[STAGE_JOBS]; /* its times are GitHub's, of the wall clock */
    int64_t job_run[STAGE_JOBS], job_attempt[STAGE_JOBS];
    size_t n_jobs;
    struct job_reader reader;
    struct job_signs signs;
    struct canary canary;
    bool fractions; /* GitHub's times have fractions of a second */
    bool said_deaf; /* told once: real_stage_jobs.c */
};

enum und_code real_stage_poll(void *self, enum feed feed, struct stage_reading *reading,
                              struct und_err *err);
/* Tells of kinds of registrations that a label cannot steer (real_stage_kinds.c). */
void real_stage_tell_kinds(struct real_stage *live);
/* Registrations beyond a host's slots that are offline and carry the label. */
void real_stage_find_leftovers(const struct real_stage *live, struct stage_state *state);
/* What the jobs last read say of each host, and what has become of its canary. */
void real_stage_count_jobs(struct real_stage *live, struct host_reading host[FLEET_HOSTS]);
enum und_code real_stage_canary(void *self, int jobs, struct und_err *err);
enum und_code real_stage_inspect(void *self, struct stage_state *state, struct und_err *err);
enum und_code real_stage_jobs(void *self, int64_t since_ms, struct stage_job *jobs, size_t *n,
                              struct und_err *err);

#endif
