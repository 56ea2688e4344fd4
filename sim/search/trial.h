/*
 * A scenario on trial: replications of it in the full simulator, with every oracle that there is.
 *   invariants    of whatever decides (model/policy/invariant.h), at every step
 *   properties    of this policy (sim/explore/property.h), at every step, for up to four hosts
 *   convergence   at the end every host serves in full, is online, and has the labels of the plan
 *                 (of a fleet that more jobs wait for than it has slots nobody asks that)
 *   digest        a second run that polls always, where the first slept, is the same to the bit
 *   expectations  the scenario's own `expect`
 */
#ifndef SIM_SEARCH_TRIAL_H
#define SIM_SEARCH_TRIAL_H

#include "coverage.h"
#include "model/fleet/scenario.h"

#define TRIAL_WORDS 256

enum trial_reason {
    TRIAL_HOLDS,
    TRIAL_INVARIANT,
    TRIAL_PROPERTY,
    TRIAL_PHASE,  /* a host does not serve in full at the end */
    TRIAL_ONLINE, /* nor are its registrations back */
    TRIAL_LABELS, /* nor are they in the rotation as planned */
    TRIAL_DIGEST,
    TRIAL_EXPECTATION,
    TRIAL_REASONS
};

struct trial_options {
    uint64_t seed; /* of the streams, as for `understudy sim` */
    int replications;
    bool converge;     /* is everything to be well at the end? */
    int twice;         /* replications of which digests are compared, the first ones */
    bool expectations; /* judge them */
};

struct trial {
    enum trial_reason reason;
    int which;       /* invariant, property, phase or expectation */
    int host;        /* the culprit, -1: none in particular */
    int replication; /* the first that failed */
    int64_t at_ms;   /* when in it */
    char words[TRIAL_WORDS];
    int64_t simulated_ms, events;
    struct coverage coverage;
};

/* Worlds of one scenario, which may change between trials as schedule_apply changes it. */
struct trial_stage;
struct trial_stage *trial_open(const struct scenario *scenario); /* borrowed; trial_close frees */
void trial_close(struct trial_stage *stage);

/* Stops at the first replication that fails. Expectations are judged only where all else holds. */
void trial_on(struct trial_stage *stage, const struct trial_options *options, struct trial *trial);
/* The same, on a stage of its own. */
void trial_run(const struct scenario *scenario, const struct trial_options *options,
               struct trial *trial);

/* Do both fail for the same reason? Nobody asks which host. */
bool trial_same(const struct trial *a, const struct trial *b);

const char *trial_reason_name(enum trial_reason reason);

#endif
