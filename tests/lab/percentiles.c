/*
 * What many drills say of the prediction. Standard input: a line for each measure of each drill,
 *     NAME LOW HIGH INSIDE
 * (between which percentiles reality fell, 0..100, and 1 if it was inside the central 99%). If
 * rehearsal and reality are one, the percentiles of every measure are uniform: a table of their
 * number, how many lay outside, their mean, how wide they were, and the probability of so large a
 * Kolmogorov-Smirnov distance. Exit 1 if one of them is improbable (at most 1%), and so wrong for
 * at most one right measure in a hundred.
 *
 * A measure is known to a second or so; where much of its prediction lies within that, its
 * percentile is a range and no number. It is then drawn from that range (seed fixed), as for
 * discrete predictions: the randomised probability integral transform (Czado, Gneiting and Held,
 * "Predictive model assessment for count data", Biometrics 65 (2009)). The wider the ranges the
 * less the test can see, which is why the table has their mean.
 */
#include "tests/real/ks.h"

#include <gsl/gsl_randist.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEASURES 16
#define DRILLS 4096
#define IMPROBABLE 0.01
#define LEAST 5 /* Stephens' correction holds from there */

struct measure {
    char name[64];
    double percentile[DRILLS], width;
    size_t n, outside;
};

static struct measure measure[MEASURES];
static size_t n_measures;

static struct measure *find(const char *name)
{
    size_t i;
    for (i = 0; i < n_measures; i++)
        if (strcmp(measure[i].name, name) == 0)
            return &measure[i];
    if (n_measures == MEASURES)
        return NULL;
    snprintf(measure[n_measures].name, sizeof measure[0].name, "%s", name);
    return &measure[n_measures++];
}

static bool print(struct measure *m)
{
    double mean = 0, p;
    size_t i;
    for (i = 0; i < m->n; i++)
        mean += m->percentile[i] / (double)m->n;
    p = ks_probability(ks_distance_uniform(m->percentile, m->n), m->n);
    printf("%-18s %7zu %8zu %10.1f%% %10.1f%%", m->name, m->n, m->outside, 100 * mean,
           100 * m->width / (double)m->n);
    if (m->n < LEAST)
        printf("  too few\n");
    else
        printf("  %.3g%s\n", p, p <= IMPROBABLE ? "  not uniform" : "");
    return m->n < LEAST || p > IMPROBABLE;
}

int main(void)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    char name[64];
    double low, high;
    int inside;
    size_t i, n = 0, outside = 0;
    bool uniform = true;
    while (scanf("%63s %lf %lf %d", name, &low, &high, &inside) == 4) {
        struct measure *m = find(name);
        if (!m || m->n == DRILLS)
            continue;
        m->percentile[m->n++] = gsl_ran_flat(random, low / 100, high / 100);
        m->width += (high - low) / 100;
        m->outside += !inside;
        outside += !inside;
        n++;
    }
    gsl_rng_free(random);
    printf("%-18s %7s %8s %11s %11s  KS p\n", "measure", "drills", "outside", "mean", "width");
    for (i = 0; i < n_measures; i++)
        uniform = print(&measure[i]) && uniform;
    printf("%zu of %zu measures outside the central 99%% (%.1f%%)\n", outside, n,
           n > 0 ? 100 * (double)outside / (double)n : 0.0);
    return n > 0 && uniform ? EXIT_SUCCESS : EXIT_FAILURE;
}
