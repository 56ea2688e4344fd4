/*
 * Carrying a plan out at GitHub, one write a call: labels or the variable first, then the jobs that
 * were lost with a drained host (recover.h). Each write is in the journal before it is made, with
 * what would undo it; putting a label back marks its removal as undone. What puts something back is
 * done even where it cannot be recorded.
 *
 * Belongs to one thread. Errors: UND_SERVICE for GitHub or the journal.
 */
#ifndef LIVE_ACT_ACTUATE_H
#define LIVE_ACT_ACTUATE_H

#include "attribution.h"
#include "live/github/github.h"
#include "live/journal/journal.h"

#define ACTUATE_RUNS 64
#define ACTUATE_TRIES 5 /* of a write that GitHub refuses */

/* A run that lost a job with its host. */
struct lost_run {
    int64_t id, attempt;
    bool cancelled; /* by us, so that it is ours to run again; otherwise its lock is waited for */
    bool over;      /* run again, or given up, or it did well without us */
    int cancel_refusals, rerun_refusals; /* by GitHub, each at most ACTUATE_TRIES */
    int64_t again_ms;                    /* monotonic: no further try before this */
};

struct actuator {
    const struct fleet *fleet; /* these three borrowed */
    struct github_client *github;
    struct journal *journal;
    int64_t run;                   /* of the journal */
    struct github_runners runners; /* as last read, with our own writes since */
    char value[1024];              /* of the variable, likewise; mechanism variable only */
    char home[1024];               /* what it was before our first write; "": it is at home */
    int admitted[FLEET_HOSTS];     /* by the hook, as last told; mechanism hook only */
    struct lost_run lost[ACTUATE_RUNS];
    int n_lost;
    int64_t pause_ms; /* real: after the first refusal; doubles */
    bool keeps;       /* its routing is not to be taken back when it dies: no undo is recorded */
    bool unsure;      /* a write failed: what GitHub made of it is to be read first */
    char said[256];   /* something that the operator should know; emptied by whoever tells it */
};

/* Borrows all three until actuate_fini. Asks GitHub nothing: actuate_read is first. `run` is whose
 * steps the writes are. */
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
/* Is a re-run of what we cancelled due, once its run has concluded? */
bool actuate_waits(const struct actuator *actuator);
/* The runs whose end, or whose re-run, is awaited: to be read at every look (job_reader.h), which
 * forgets what has ended. How many. */
size_t actuate_awaited(const struct actuator *actuator, int64_t run[ACTUATE_RUNS]);

/* Proves that GitHub lets us do what a plan may ask for, by writes that change nothing: a label
 * that is there is added, the variable is set to its value, the hook is told what is so, a run that
 * is over is cancelled.
 * `unproven` (may be "") says what could not be tried. UND_SERVICE, with the permission that is
 * missing. */
enum und_code actuate_prove(struct actuator *actuator, char unproven[160], struct und_err *err);

#endif
