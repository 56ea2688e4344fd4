/*
 * One drill under way: what its stages share. The stages are in drill_run.c; the command with its
 * options in drill.c.
 */
#ifndef LIVE_DRILL_RUN_H
#define LIVE_DRILL_RUN_H

#include "drill_check.h"
#include "drill_measure.h"
#include "drill_plan.h"
#include "watch.h"

struct drill_run {
    const struct scenario *scenario; /* borrowed */
    bool observe;                    /* the policy's plan is only recorded */
    bool quiet;                      /* no lines */
    struct journal *journal;         /* borrowed, locked */
    int64_t run;
    struct drill_plan plan;
    struct pace pace;
    struct watch *watch;
    struct prometheus_client *prometheus; /* NULL: the fleet has none */
    struct github_client *github;         /* for the preconditions only */
    struct drill_measure measure;
    struct drill_facts facts;
    int labelled[FLEET_HOSTS]; /* before the drill */
    size_t told;               /* entries of the timeline that were printed */
    int64_t next_load_ms;
    bool injected; /* something was begun, whatever came of it */
    bool steady;   /* at the end */
};

void drill_run_init(struct drill_run *run, const struct scenario *scenario,
                    struct journal *journal);
void drill_run_fini(struct drill_run *run);

/* From preconditions to recovery. UND_OK: done, run->steady says whether the steady state came
 * back. UND_STOPPED: a precondition or stop condition; UND_INTERRUPTED: a signal; then everything
 * is rolled back already. UND_STUCK: something is left, and told how to undo by hand. */
enum und_code drill_run_all(struct drill_run *run, struct und_err *err);

/* A line for the operator, with the time, and into the journal. */
void drill_say(struct drill_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
