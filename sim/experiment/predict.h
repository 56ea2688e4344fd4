/*
 * Does a fit predict? The last share of a history is left out, the rest is fitted, and what the
 * simulator makes of the fit in the time that was left out is laid beside what its own jobs make of
 * the same slots, first come first served. Each replication draws the fitted rate, its trend (also
 * one that cannot be told from chance: that is no proof of none) and spread, jobs a run and
 * durations anew from what is known of them, so that 95% of the replications are
 * what the fit foretells; not only
 * the luck of the draw is in them but also what a history of that length cannot tell.
 */
#ifndef SIM_EXPERIMENT_PREDICT_H
#define SIM_EXPERIMENT_PREDICT_H

#include "model/fit/fit.h"
#include "reports/fit/holdout.h"

#define PREDICT_REPLICATIONS 100
#define PREDICT_LEAST 100 /* jobs of either part */

/* `wish` says how many slots. Where there is nothing to be compared, holdout->why says so. */
enum und_code predict_rest(struct holdout *holdout, const struct history *history,
                           const struct fit_wish *wish, double share, uint64_t seed,
                           struct und_err *err);

#endif
