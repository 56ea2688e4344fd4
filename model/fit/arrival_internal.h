/* The grid that the parts of the arrivals' fit share. Private to arrival*.c. */
#ifndef MODEL_FIT_ARRIVAL_INTERNAL_H
#define MODEL_FIT_ARRIVAL_INTERNAL_H

#include "arrival.h"

#define BIN_MS (15 * 60000LL)
#define WEEK_HOURS 168

struct grid {
    int64_t from_ms;
    size_t n;
    int *count;
    bool *seen;   /* not in a gap */
    double *mean; /* of the count, as fitted */
};

/* Sums of counts and means over stretches of so many bins that are wholly seen, aligned to the
 * clock; the first bin and the last, which are not wholly observed, are in none. Returns how many
 * stretches there are. The arrays have room for grid->n. */
size_t arrival_stretches(const struct grid *grid, int64_t every_ms, double *count, double *mean);

/* Parameters that a profile spends on stretches of that length. */
int arrival_parameters(enum profile_kind kind, int64_t every_ms);

/* The modulation and the table of dispersions. */
void arrival_modulation(struct arrivals *arrivals, const struct grid *grid);
/* Variance over mean of the counts of such stretches beyond 1 that the modulation gives. */
double arrival_excess(const struct arrivals *arrivals, const struct grid *grid, int64_t window_ms);

#endif
