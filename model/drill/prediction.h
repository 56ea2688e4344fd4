/*
 * What rehearsals foretell of a drill, and how far reality may be from it.
 *
 * What had not come about when a rehearsal's time was up is neither left out nor taken for over:
 * its age is kept, and quantiles are Kaplan and Meier's (model/stats/survival.h).
 *
 * The judgement is a conformal one (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random
 * World, ch. 2). If reality were one more replication, its rank among the n rehearsals that
 * observed the measure would be uniform, so that p = 2 min(1 + #{x <= v}, 1 + #{x >= v}) / (n + 1)
 * is at most 1% in at most 1% of drills, whatever the distribution. The same holds of whether it is
 * observed at all: p = (1 + number of rehearsals alike) / (N + 1). A value with an error is given
 * the benefit of it. n must be at least 199 for any value to be outside. A rehearsal that was not
 * over may have ended on either side of any time later than its age: only what holds of all that
 * may have become of them is said, else "not decided".
 *
 * The file is JSON, versioned. Times in ms. Memory is owned by the struct.
 */
#ifndef MODEL_DRILL_PREDICTION_H
#define MODEL_DRILL_PREDICTION_H

#include "drill_run.h"

#include <jansson.h>

#define PREDICTION_VERSION 1
#define PREDICTION_LEAST 199
#define PREDICTION_ALPHA 0.01

struct foretold_measure {
    double *value; /* sorted; those that were observed */
    int64_t n;
    double *censored; /* sorted ages of those that were not over */
    int64_t n_censored;
};

struct prediction {
    char scenario[FLEET_NAME];
    uint64_t seed;
    int64_t replications; /* those that count: completed, or observed until their time was up */
    int64_t unsteady;     /* of them, not steady then; 0 in older files, which left them out */
    int64_t refused;      /* by a precondition */
    int64_t otherwise;    /* stopped */
    char reason[160];     /* the commonest of those that do not count */
    int64_t reason_count; /* how many it has; 0 in older files */
    bool observe;
    struct foretold_measure measure[MEASURE_COUNT];
};

/* From the reports of all replications, in order (borrowed for the call): what those that count
 * measured are the samples, the others are counted. `prediction` owns its samples until
 * prediction_fini. */
void prediction_init(struct prediction *prediction, const struct drill_report *reports, int64_t n);
void prediction_fini(struct prediction *prediction);

json_t *prediction_json(const struct prediction *prediction); /* new reference */
/* UND_USAGE where `path` cannot be written; what was there is gone then. */
enum und_code prediction_save(const struct prediction *prediction, const char *path,
                              struct und_err *err);
/* UND_USAGE for a file that is not one; then there is nothing to fini. */
enum und_code prediction_load(struct prediction *prediction, const char *path, struct und_err *err);
/* UND_USAGE where it was made for another scenario, or for one that acts where this one observes.
 */
enum und_code prediction_fits(const struct prediction *prediction, const char *path,
                              const struct scenario *scenario, bool observe, struct und_err *err);

enum foretold {
    FORETOLD_INSIDE,
    FORETOLD_EARLY, /* outside the central 99%: the model is wrong here */
    FORETOLD_LATE,
    FORETOLD_UNSEEN,     /* not observed, though nearly every rehearsal did: wrong as well */
    FORETOLD_UNEXPECTED, /* observed, though hardly any rehearsal did: wrong as well */
    FORETOLD_NEITHER,    /* not observed, and not expected */
    FORETOLD_UNDECIDED,  /* it depends on what would have become of what was not over */
    FORETOLD_UNKNOWN     /* no prediction, or of too few replications */
};

struct judgement {
    enum foretold foretold;
    double percentile, low, high; /* 0..100; over what the error and what was not over leave open;
                                     NAN: none; the percentile alone: beyond what is known */
    double p;                     /* two-sided, at its greatest; NAN: none */
};

/* Does it say that the model is wrong, rather than right or silent? */
bool foretold_is_wrong(enum foretold foretold);
/* Where an observed measure falls among what was foretold, its error counted in the prediction's
 * favour. Where it was not observed (NAN), or hardly ever foretold, its presence is judged instead;
 * without a prediction (NULL, or too few replications) nothing is. */
struct judgement prediction_judge(const struct prediction *prediction, enum drill_measure_kind kind,
                                  struct drill_measure measure);

/* The first stage that is off, in causal order; NULL: none is. */
const char *prediction_wrong_stage(const struct prediction *prediction,
                                   const struct drill_measure measure[MEASURE_COUNT]);

/* Over the rehearsals that it came about in or was not over in; NAN if there are none, or where it
 * is beyond what they saw (prediction_least). */
double prediction_quantile(const struct prediction *prediction, enum drill_measure_kind kind,
                           double p);
/* It is no less, whatever would have become of those that were not over; NAN if there are none. */
double prediction_least(const struct prediction *prediction, enum drill_measure_kind kind,
                        double p);
/* The longest that any rehearsal saw of it, over or not; NAN: none did. */
double prediction_known_to(const struct prediction *prediction, enum drill_measure_kind kind);

#endif
