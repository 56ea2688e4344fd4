/*
 * Waits of jobs over many replications: those that ended, and the ages of those that had not when
 * their replication did (model/stats/survival.h), with what the intervals of their quantiles and
 * mean need. Parts merge to the whole in any order. Memory is allocated by waits_init alone.
 */
#ifndef SIM_STATS_WAITS_H
#define SIM_STATS_WAITS_H

#include "cluster.h"
#include "cohort.h"

struct waits {
    struct sketch rep, rep_open; /* of this replication: ended; not */
    struct sketch all, open;     /* of all */
    struct cluster_set clusters; /* of those that ended */
    struct cohort cohort;        /* of both, by groups of replications */
};

/* Nothing gathered; waits_fini frees, waits_clear forgets. */
void waits_init(struct waits *waits);
void waits_fini(struct waits *waits);
void waits_clear(struct waits *waits);
/* Adds what `part` gathered. */
void waits_merge(struct waits *waits, const struct waits *part);
void waits_begin(struct waits *waits);          /* a replication */
void waits_end(struct waits *waits, int group); /* it, of that group */

/* NAN where it is beyond what was seen. */
double waits_quantile(struct waits *waits, double p, struct interval *interval);

#endif
