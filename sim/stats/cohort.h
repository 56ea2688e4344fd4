/*
 * What the interval of a Kaplan-Meier estimate needs where the times come in clusters: the waits of
 * a replication's jobs are correlated, those of different replications are not, so that Greenwood's
 * variance is far too small. Replications are dealt into COHORT_GROUPS groups, each with a coarse
 * life table (eight steps an octave); the variance follows from the groups' influence on the curve
 * (the infinitesimal jackknife of Lin and Wei, "The robust inference for the Cox proportional
 * hazards model", JASA 84 (1989), without covariates). The coarse steps are good enough for a
 * variance; the curve itself is survival.h's.
 *
 * Counts are integers: cohorts of parts merge to that of the whole, in any order. Memory is
 * allocated by cohort_init alone: 360 KiB, touched as far as times reach.
 */
#ifndef SIM_STATS_COHORT_H
#define SIM_STATS_COHORT_H

#include "model/stats/sketch.h"

#define COHORT_GROUPS 64
#define COHORT_SHIFT 6 /* buckets of a sketch a step */
#define COHORT_STEPS (SKETCH_BUCKETS / (1 << COHORT_SHIFT) + 1)

struct cohort_step {
    int64_t events, censored;
};

struct cohort {
    struct cohort_step *step; /* owned; by step, then by group */
    int32_t last;             /* step in use, -1: none */
    uint64_t groups;          /* bit set of those in use */
};

_Static_assert(COHORT_GROUPS <= 64, "groups are bits of a word");

/* Empty, with all its memory; cohort_fini frees it, cohort_clear empties it. */
void cohort_init(struct cohort *cohort);
void cohort_fini(struct cohort *cohort);
void cohort_clear(struct cohort *cohort);
/* All times of one replication: those that were over, and the ages of those that were not. */
void cohort_add(struct cohort *cohort, int group, const struct sketch *events,
                const struct sketch *censored);
void cohort_add_one(struct cohort *cohort, int group, double value, bool censored);
void cohort_merge(struct cohort *cohort, const struct cohort *part);

/* Of log S at the time t; NAN where there are fewer than two groups. */
double cohort_variance(const struct cohort *cohort, double t);
/* Half the width of the mean's interval, of the area under the curve. */
double cohort_mean_half_width(const struct cohort *cohort, double confidence);

#endif
