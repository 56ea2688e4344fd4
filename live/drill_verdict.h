/*
 * The end of a drill: documented, predicted and measured beside each other. Where reality fell
 * within the prediction is told as a percentile; outside of the 99% interval, by more than the
 * measuring error, the model is wrong there.
 */
#ifndef LIVE_DRILL_VERDICT_H
#define LIVE_DRILL_VERDICT_H

#include "drill_measure.h"
#include "model/result.h"

struct drill_row {
    enum metric metric;
    int64_t documented_ms;          /* -1: no claim, -2: N/A */
    double low_ms, p50_ms, high_ms; /* predicted 99% interval and median; NAN: no prediction */
    int64_t measured_ms, error_ms;  /* -1: not reached */
    double percentile;              /* NAN: no prediction or no measurement */
    bool wrong;                     /* the model, for this stage */
};

#define DRILL_ROWS 7

struct drill_verdict {
    struct drill_row row[DRILL_ROWS];
    int n;
    int wrong; /* rows outside */
};

/* `predicted` may be NULL. */
void drill_verdict_init(struct drill_verdict *verdict, const struct drill_measure *measure,
                        const struct result *predicted);
void drill_verdict_print(const struct drill_verdict *verdict, const struct drill_measure *measure);
/* New reference. */
json_t *drill_verdict_json(const struct drill_verdict *verdict,
                           const struct drill_measure *measure);

/* The prediction alone, before the injection. */
void drill_prediction_print(const struct scenario *scenario, const struct result *predicted);
json_t *drill_prediction_json(const struct result *predicted);

#endif
