/*
 * Jobs that were lost with a host. GitHub lets a job on a dead runner sit for ten minutes until its
 * lock expires, and never requeues it (github-semantics.md, "Timing"). Once a host is drained and
 * GitHub itself calls the job's runner offline, the run is force-cancelled, and re-run when it has
 * concluded, each once. A job whose runner is online is left alone: the host may be slow, but it
 * works. Cancelling takes the whole run down, so that it is done only where every job in progress
 * is lost; otherwise the lock is waited for, and what failed by it is run again.
 *
 * By variable, a job that is queued keeps the labels that it was created with: one that only a
 * drained host could run would wait for it. Such a run is cancelled and run again likewise, and
 * asks for what the variable says then.
 *
 * A run that we cancelled is ours to run again: the journal has that as the undo of the cancelling,
 * so that it is done whatever becomes of us. A re-run that GitHub refuses is tried ACTUATE_TRIES
 * times, and then stays open in the journal.
 */
#ifndef LIVE_ACT_RECOVER_H
#define LIVE_ACT_RECOVER_H

#include "actuate.h"

/* As actuate_step. */
enum und_code recover_step(struct actuator *actuator, const struct plan *plan,
                           const struct github_jobs *jobs, bool *wrote, struct und_err *err);

#endif
