#include "cohort.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void cohort_init(struct cohort *cohort)
{
    *cohort = (struct cohort){
        .step = calloc((size_t)COHORT_GROUPS * COHORT_STEPS, sizeof *cohort->step), .last = -1};
    UND_ASSERT(cohort->step != NULL);
}

void cohort_fini(struct cohort *cohort)
{
    free(cohort->step);
    *cohort = (struct cohort){0};
}

/* The groups of a step stand together, so that only the steps that times reach are touched. */
static struct cohort_step *step_of(const struct cohort *cohort, int group, int32_t at)
{
    return &cohort->step[at * COHORT_GROUPS + group];
}

void cohort_clear(struct cohort *cohort)
{
    memset(cohort->step, 0, (size_t)(cohort->last + 1) * COHORT_GROUPS * sizeof *cohort->step);
    cohort->groups = 0;
    cohort->last = -1;
}

static struct cohort_step *touch(struct cohort *cohort, int group, int32_t bucket)
{
    int32_t at = bucket >> COHORT_SHIFT;
    cohort->last = at > cohort->last ? at : cohort->last;
    cohort->groups |= 1ULL << group;
    return step_of(cohort, group, at);
}

void cohort_add(struct cohort *cohort, int group, const struct sketch *events,
                const struct sketch *censored)
{
    int32_t i;
    UND_ASSERT(group >= 0 && group < COHORT_GROUPS);
    cohort->groups |= 1ULL << group;
    for (i = events->first; events->n > 0 && i <= events->last; i++)
        if (events->count[i] > 0)
            touch(cohort, group, i)->events += events->count[i];
    for (i = censored->first; censored->n > 0 && i <= censored->last; i++)
        if (censored->count[i] > 0)
            touch(cohort, group, i)->censored += censored->count[i];
}

void cohort_add_one(struct cohort *cohort, int group, double value, bool censored)
{
    struct cohort_step *step = touch(cohort, group, sketch_bucket((int64_t)value));
    step->censored += censored;
    step->events += !censored;
}

void cohort_merge(struct cohort *cohort, const struct cohort *part)
{
    int32_t i;
    for (i = 0; i < (part->last + 1) * COHORT_GROUPS; i++) {
        cohort->step[i].events += part->step[i].events;
        cohort->step[i].censored += part->step[i].censored;
    }
    cohort->groups |= part->groups;
    cohort->last = part->last > cohort->last ? part->last : cohort->last;
}

/* ---- influence ---- */

/* The life table of all groups together; at_risk at the beginning of each step. */
struct table {
    double events[COHORT_STEPS], at_risk[COHORT_STEPS], weight[COHORT_STEPS];
};

static double leaving(const struct cohort_step *step)
{
    return (double)(step->events + step->censored);
}

static void fill(const struct cohort *cohort, struct table *table)
{
    double left = 0;
    int32_t i;
    int group;
    memset(table, 0, sizeof *table);
    for (i = cohort->last; i >= 0; i--) {
        for (group = 0; group < COHORT_GROUPS; group++) {
            const struct cohort_step *step = step_of(cohort, group, i);
            table->events[i] += (double)step->events;
            left += leaving(step);
        }
        table->at_risk[i] = left;
    }
}

/* Sum of squares of the groups' influences, over the steps up to `last` with their weights. */
static double variance(const struct cohort *cohort, const struct table *table, int32_t last)
{
    double squares = 0, groups = 0;
    int group;
    int32_t i;
    for (group = 0; group < COHORT_GROUPS; group++) {
        double at_risk = 0, influence = 0;
        if (!(cohort->groups >> group & 1))
            continue;
        groups++;
        for (i = 0; i <= cohort->last; i++)
            at_risk += leaving(step_of(cohort, group, i));
        for (i = 0; i <= last; i++) {
            const struct cohort_step *step = step_of(cohort, group, i);
            double d = table->events[i], y = table->at_risk[i];
            if (d > 0 && d < y)
                influence += table->weight[i] * ((double)step->events - at_risk * d / y) / (y - d);
            at_risk -= leaving(step);
        }
        squares += influence * influence;
    }
    return groups < 2 ? NAN : squares * groups / (groups - 1);
}

double cohort_variance(const struct cohort *cohort, double t)
{
    struct table table;
    int32_t at = sketch_bucket((int64_t)fmax(t, 0)) >> COHORT_SHIFT, i;
    fill(cohort, &table);
    for (i = 0; i <= cohort->last; i++)
        table.weight[i] = 1;
    return variance(cohort, &table, at < cohort->last ? at : cohort->last);
}

/* The middle of a step's times. */
static double middle(int32_t step)
{
    return sketch_bucket_value((step << COHORT_SHIFT) + (1 << (COHORT_SHIFT - 1)));
}

double cohort_mean_half_width(const struct cohort *cohort, double confidence)
{
    struct table table;
    double s[COHORT_STEPS], last = 1, area = 0;
    int groups = __builtin_popcountll(cohort->groups);
    int32_t i;
    fill(cohort, &table);
    for (i = 0; i <= cohort->last; i++)
        s[i] = last *= table.at_risk[i] > 0 ? 1 - table.events[i] / table.at_risk[i] : 1;
    for (i = cohort->last; i >= 0; i--) { /* the area behind each step weighs it */
        if (i < cohort->last)
            area += s[i] * (middle(i + 1) - middle(i));
        table.weight[i] = area;
    }
    if (groups < 2)
        return NAN;
    return gsl_cdf_tdist_Pinv((1 + confidence) / 2, groups - 1) *
           sqrt(variance(cohort, &table, cohort->last));
}
