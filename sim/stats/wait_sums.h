/*
 * Waits of a part of the jobs, of a class or of those that started on a host: their mean, with the
 * ratio estimator's interval over replications (Law, section 9.5.3). Sums are whole numbers, so
 * that the order in which threads come changes nothing. Times in milliseconds.
 */
#ifndef SIM_STATS_WAIT_SUMS_H
#define SIM_STATS_WAIT_SUMS_H

#include "model/base/int128.h"
#include "model/stats/quantity.h"

#include <stdint.h>

struct wait_sums {               /* zero bytes: nothing gathered */
    int64_t rep_n, rep_ms;       /* of this replication */
    int64_t reps, n, open;       /* of all; open: not started when the run ended, by their ages */
    int128 ms, n_n, n_ms, ms_ms; /* sums, and those of products, over replications */
};

static inline void wait_sums_add(struct wait_sums *sums, int64_t wait_ms)
{
    sums->rep_n++;
    sums->rep_ms += wait_ms;
}

void wait_sums_begin(struct wait_sums *sums); /* a replication */
void wait_sums_end(struct wait_sums *sums);
void wait_sums_merge(struct wait_sums *sums, const struct wait_sums *part);
/* n, mean and half width; the rest is NAN. A lower bound where some had not started. */
void wait_sums_quantity(const struct wait_sums *sums, struct quantity *quantity);

#endif
