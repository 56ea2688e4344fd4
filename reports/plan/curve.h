/*
 * The queue over time: how many jobs wait, as the mean over replications with its interval, and the
 * band in which nine replications in ten are.
 */
#ifndef REPORTS_PLAN_CURVE_H
#define REPORTS_PLAN_CURVE_H

#include "model/base/err.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct curve_stretch {
    double mean, half_width; /* of jobs waiting, averaged over the stretch; 95% */
    double p5, p95;          /* of replications */
};

struct curve {
    const char *path; /* of the scenario */
    uint64_t seed;
    int64_t replications;
    int64_t from_ms, width_ms;     /* since the scenario's start; each stretch */
    struct curve_stretch *stretch; /* owned */
    int n;
};

void curve_fini(struct curve *curve);

void curve_print(FILE *out, const struct curve *curve);
/* {"version", "whatif", "seed", "replications", "curve": [{"from_ms", "mean", ...}]}; new
 * reference.
 */
json_t *curve_json(const struct curve *curve);
void curve_csv(FILE *out, const struct curve *curve);
/* An SVG; UND_SERVICE where gnuplot is missing or fails. */
enum und_code curve_plot(FILE *out, const struct curve *curve, struct und_err *err);

#endif
