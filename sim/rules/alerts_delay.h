/*
 * `alerts delay`: delays of every rule of a fleet for every fault that concerns it, exact and
 * simulated, the share that meets a claim, and settings that would meet it.
 */
#ifndef SIM_RULES_ALERTS_DELAY_H
#define SIM_RULES_ALERTS_DELAY_H

#include "model/base/err.h"
#include "reports/text/delay_report.h"

/* Kolmogorov's 1e-6 point: a report of 50 distributions is wrong about agreement once in 20,000. */
#define ALERTS_DELAY_KS 2.694

struct alerts_delay {
    const char *rule; /* NULL: every rule */
    int64_t from_pm;  /* load before a step; -1: 10% and 50% */
    double claim_ms;  /* NAN: none */
    uint64_t seed;
    int64_t simulations;
};

/* Fills the report. UND_FAILED where simulation and exact distribution do not agree: a bug here. */
enum und_code alerts_delay(const struct alerts_delay *options, const struct fleet *fleet,
                           struct delay_report *report, struct und_err *err);

/* The gentlest settings that meet the claim with certainty for all these faults; "" if there is
 * nothing to say. */
struct delay_fault;
void alerts_advice(const struct fleet *fleet, int rule, int host, const struct delay_fault *faults,
                   int n, double claim_ms, char *text, size_t size);

#endif
