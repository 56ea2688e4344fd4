#include "waits.h"

#include "model/stats/survival.h"

#include <math.h>

void waits_init(struct waits *waits)
{
    sketch_init(&waits->rep);
    sketch_init(&waits->rep_open);
    sketch_init(&waits->all);
    sketch_init(&waits->open);
    cluster_init(&waits->clusters);
    cohort_init(&waits->cohort);
}

void waits_fini(struct waits *waits)
{
    cohort_fini(&waits->cohort);
    cluster_fini(&waits->clusters);
    sketch_fini(&waits->open);
    sketch_fini(&waits->all);
    sketch_fini(&waits->rep_open);
    sketch_fini(&waits->rep);
}

void waits_clear(struct waits *waits)
{
    sketch_clear(&waits->all);
    sketch_clear(&waits->open);
    cluster_clear(&waits->clusters);
    cohort_clear(&waits->cohort);
}

void waits_merge(struct waits *waits, const struct waits *part)
{
    sketch_merge(&waits->all, &part->all);
    sketch_merge(&waits->open, &part->open);
    cluster_merge(&waits->clusters, &part->clusters);
    cohort_merge(&waits->cohort, &part->cohort);
}

void waits_begin(struct waits *waits)
{
    sketch_clear(&waits->rep);
    sketch_clear(&waits->rep_open);
}

void waits_end(struct waits *waits, int group)
{
    sketch_merge(&waits->all, &waits->rep);
    sketch_merge(&waits->open, &waits->rep_open);
    cluster_add(&waits->clusters, &waits->rep);
    cohort_add(&waits->cohort, group, &waits->rep, &waits->rep_open);
}

double waits_quantile(struct waits *waits, double p, struct interval *interval)
{
    struct survival survival;
    double quantile;
    *interval = (struct interval){NAN, NAN};
    if (waits->open.n == 0) {
        *interval = cluster_quantile(&waits->clusters, &waits->all, p, STATS_CONFIDENCE);
        return sketch_quantile(&waits->all, p);
    }
    survival_of_sketches(&survival, &waits->all, &waits->open);
    quantile = survival_quantile(&survival, p);
    if (p > 0 && p < 1 && isfinite(quantile))
        *interval = survival_quantile_between(
            &survival, p, cohort_variance(&waits->cohort, quantile), STATS_CONFIDENCE);
    survival_fini(&survival);
    return quantile;
}
