/*
 * Carrying a plan out at GitHub, one write a call: labels or the variable first, then the jobs that
 * were lost with a drained host. Each write is in the journal before it is made, with what would
 * undo it; putting a label back marks its removal as undone.
 *
 * GitHub lets a job on a dead runner sit for ten minutes until its lock expires, and never requeues
 * it (github-semantics.md, "Timing"). Once a host is drained and GitHub itself calls the job's
 * runner offline, the run is force-cancelled, and re-run when it has concluded, each once. A job
 * whose runner is online is left alone: the host may be slow, but it works.
 *
 * Belongs to one thread. Errors: UND_SERVICE for GitHub or the journal.
 */
#ifndef LIVE_ACT_ACTUATE_H
#define LIVE_ACT_ACTUATE_H

#include "attribution.h"
#include "live/github/github.h"
#include "live/journal/journal.h"

#define ACTUATE_RUNS 64

struct actuator {
    const struct fleet *fleet; /* these three borrowed */
    struct github_client *github;
    struct journal *journal;
    int64_t run;                     /* of the journal */
    struct github_runners runners;   /* as last read, with our own writes since */
    char value[1024];                /* of the variable, likewise; mechanism variable only */
    int64_t cancelled[ACTUATE_RUNS]; /* runs */
    bool rerun[ACTUATE_RUNS];
    int n_cancelled;
    bool unsure; /* a write failed: what GitHub made of it is to be read first */
};

void actuate_init(struct actuator *actuator, const struct fleet *fleet,
                  struct github_client *github, struct journal *journal, int64_t run);
void actuate_fini(struct actuator *actuator);

/* Reads the registrations (and the variable) anew. */
enum und_code actuate_read(struct actuator *actuator, struct und_err *err);
/* Registrations in the rotation, as far as is known. */
void actuate_routed(const struct actuator *actuator, int routed[FLEET_HOSTS]);

/* At most one write towards the plan; *wrote says whether one was made. UND_OK and !*wrote: nothing
 * is left to do now. `jobs` are the last ones read. */
enum und_code actuate_step(struct actuator *actuator, const struct plan *plan,
                           const struct github_jobs *jobs, bool *wrote, struct und_err *err);
/* Is a re-run due, once its run has concluded? */
bool actuate_waits(const struct actuator *actuator);

#endif
