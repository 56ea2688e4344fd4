/*
 * What many drills say of the prediction. Standard input: a line for each measure of each drill,
 *     NAME PERCENTILE INSIDE
 * (the percentile at which reality fell, 0..100, and 1 if it was inside the central 99%). If
 * rehearsal and reality are one, the percentiles of every measure are uniform: a table of their
 * number, how many lay outside, their mean, and the probability of so large a Kolmogorov-Smirnov
 * distance. Exit 1 if one of them is improbable (at most 1%), and so wrong for at most one right
 * measure in a hundred.
 */
#include "tests/real/ks.h"

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
    double percentile[DRILLS];
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
    for (i = 0; i < m->n; i++) {
        m->percentile[i] /= 100;
        mean += m->percentile[i] / (double)m->n;
    }
    p = ks_probability(ks_distance_uniform(m->percentile, m->n), m->n);
    printf("%-18s %7zu %8zu %10.1f%%", m->name, m->n, m->outside, 100 * mean);
    if (m->n < LEAST)
        printf("  too few\n");
    else
        printf("  %.3g%s\n", p, p <= IMPROBABLE ? "  not uniform" : "");
    return m->n < LEAST || p > IMPROBABLE;
}

int main(void)
{
    char name[64];
    double percentile;
    int inside;
    size_t i, n = 0, outside = 0;
    bool uniform = true;
    while (scanf("%63s %lf %d", name, &percentile, &inside) == 3) {
        struct measure *m = find(name);
        if (!m || m->n == DRILLS)
            continue;
        m->percentile[m->n++] = percentile;
        m->outside += !inside;
        outside += !inside;
        n++;
    }
    printf("%-18s %7s %8s %11s  KS p\n", "measure", "drills", "outside", "mean");
    for (i = 0; i < n_measures; i++)
        uniform = print(&measure[i]) && uniform;
    printf("%zu of %zu measures outside the central 99%% (%.1f%%)\n", outside, n,
           n > 0 ? 100 * (double)outside / (double)n : 0.0);
    return n > 0 && uniform ? EXIT_SUCCESS : EXIT_FAILURE;
}
