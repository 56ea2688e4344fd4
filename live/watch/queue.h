/*
 * The queue: jobs that wait at GitHub, how long the oldest has, and those that nobody can take,
 * because no registration has all the labels that they ask for. GitHub says nothing about such a
 * job: it waits for a day and is then failed.
 *
 * Labels are compared without regard to case, as GitHub does.
 */
#ifndef LIVE_WATCH_QUEUE_H
#define LIVE_WATCH_QUEUE_H

#include "live/act/job_reader.h"
#include "model/fleet/fleet.h"

#define QUEUE_STUCK 8 /* named; all are counted */

struct queue_job {
    int64_t id, run;
    char name[96];
    char labels[160]; /* "self-hosted, gpu" */
    int64_t created_ms;
};

/* Times are GitHub's wall clock, ms; -1: none. */
struct queue_summary {
    bool known;      /* has been read at all */
    int64_t read_ms; /* our wall clock */
    int waiting, running;
    int64_t oldest_ms; /* when the job that has waited longest was created */
    struct queue_job oldest;
    int unmatched;
    struct queue_job stuck[QUEUE_STUCK]; /* the oldest of them, in no order */
    int64_t start_ms[FLEET_HOSTS]; /* when a job last started there that had waited for a slot */
};

/* Of what the reader has last read; canaries are no jobs. */
void queue_sum_up(struct queue_summary *out, const struct fleet *fleet,
                  const struct github_runners *runners, const struct job_reader *reader);

#endif
