/*
 * What the jobs say of the hosts, for the policy's evidence beyond the document
 * (struct host_reading): how many run there, how long one waits that it could run, how long none
 * has started, how many have ended well and badly. Times are GitHub's, brought to the fleet's.
 * Canaries (canary.h) tell of a host's hearing, and are no jobs: they neither wait nor end here.
 */
#ifndef LIVE_ACT_JOB_SIGNS_H
#define LIVE_ACT_JOB_SIGNS_H

#include "attribution.h"
#include "job_reader.h"
#include "live/http/fleet_clock.h"

#define JOB_SIGNS_ENDS 4096
#define JOB_SIGNS_TOLD 100 /* ends told in full at a time; the others wait for the next */
#define JOB_SIGNS_KEPT 800 /* so many wait, the newest */

struct job_end {
    int64_t created_ms, duration_ms; /* GitHub's wall clock; from its start to its end */
};

struct job_signs {
    const struct fleet *fleet; /* borrowed, like the clock */
    const struct fleet_clock *pace;
    int64_t began_ms;
    int64_t started_ms[FLEET_HOSTS];            /* the last start seen; began_ms before that */
    int64_t counted[JOB_SIGNS_ENDS];            /* ids of jobs whose end has been counted; a ring */
    size_t n_counted;                           /* ever */
    int done[FLEET_HOSTS], failed[FLEET_HOSTS]; /* since the last fill */
    struct job_end end[JOB_SIGNS_KEPT];         /* not told yet */
    int n_ends;
};

/* Every host counts as having started a job now. */
void job_signs_init(struct job_signs *signs, const struct fleet *fleet,
                    const struct fleet_clock *pace);
/* After a look. */
void job_signs_note(struct job_signs *signs, const struct job_reader *reader);
/* Fills in what the jobs say, beside what the registrations have said; what has ended is told once.
 */
void job_signs_fill(struct job_signs *signs, const struct job_reader *reader,
                    const struct github_runners *runners, struct host_reading host[FLEET_HOSTS]);
/* The oldest ends that were not told yet; how many. */
int job_signs_ends(struct job_signs *signs, struct job_end out[JOB_SIGNS_TOLD]);

/* Online, idle by both lists, and with every label that the job asks for. */
bool job_signs_could_take(const struct job_reader *reader, const struct github_runner *runner,
                          const struct github_job *job);
/* How long it has waited; -1 if it does not wait. */
int64_t job_signs_waited_ms(const struct job_signs *signs, const struct job_reader *reader,
                            const struct github_job *job);

#endif
