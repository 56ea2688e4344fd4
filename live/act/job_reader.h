/*
 * Jobs as a fleet's controller wants them: every attempt that has not concluded, and those that
 * have since the last look.
 *
 * GitHub lists runs, and jobs by run. Read are the jobs of every run that is in progress or queued,
 * of the newest runs of any status (what began and ended between two looks), and of those that were
 * not over when last read; not those of runs all of whose jobs are known to have ended.
 *
 * Belongs to one thread. Errors: UND_SERVICE; what was read before it is kept in `jobs`.
 */
#ifndef LIVE_ACT_JOB_READER_H
#define LIVE_ACT_JOB_READER_H

#include "live/github/github.h"

#define JOB_READER_RUNS 1024
#define JOB_READER_GONE 32

struct job_reader {
    struct github_client *github; /* borrowed */
    const char *canary;           /* file name of the canaries' workflow; "": there is none */
    struct github_jobs jobs;      /* as last read */
    struct {
        int64_t id, attempt;
        bool closed; /* every job of that attempt is known to have concluded */
        bool canary;
    } run[JOB_READER_RUNS];        /* a ring */
    size_t n_runs;                 /* ever */
    int64_t gone[JOB_READER_GONE]; /* runs that this look found deleted */
    int n_gone;
};

/* Borrows the client, and the name of the canaries' workflow. */
void job_reader_init(struct job_reader *reader, struct github_client *github, const char *canary);
void job_reader_fini(struct job_reader *reader);

/* Reads what has changed since then (by our clock), and the `n_more` runs besides. */
enum und_code job_reader_look(struct job_reader *reader, int64_t since_wall_ms, const int64_t *more,
                              size_t n_more, struct und_err *err);
/* Is it a run of the canaries' workflow? */
bool job_reader_is_canary(const struct job_reader *reader, int64_t run);

#endif
