/* Parts of a fit. Private to fit*.c. */
#ifndef MODEL_FIT_FIT_INTERNAL_H
#define MODEL_FIT_FIT_INTERNAL_H

#include "fit.h"

/* The rows that are fitted: part of the history's. */
struct part {
    const struct job_row *row;
    size_t n;
    int *run; /* owned; of each row, numbered anew from 0 */
    int n_runs;
    int64_t *at_ms; /* owned; when each run came, on the team's clock, sorted */
    int *jobs;      /* owned; of each run */
};

void fit_fan_out(struct fit *fit, const struct part *part);
void fit_classes(struct fit *fit, const struct part *part, bool untested);
/* Chooses what the durations of a class are, whose arrays are set. */
void fit_durations(struct class_fit *class_fit, bool untested);
void fit_hosts(struct fit *fit, const struct watched *watched, bool untested);
void fit_hosts_fini(struct fit *fit);
void fit_hosts_notes(struct fit *fit, const struct watched *watched);
void fit_slots(struct fit *fit, const struct part *part, int slots);
void fit_notes(struct fit *fit, const struct part *part, const struct watched *watched);

/* A share of the jobs, which come in runs that are alike within: of each run so many of its jobs
 * are `hits`, `of` count at all. */
struct measured fit_share(const int *hits, const int *of, int n_runs);
extern const struct measured fit_unknown;
int fit_compare(const void *a, const void *b); /* of doubles */

#endif
