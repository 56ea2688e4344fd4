/*
 * The simulator's answer to: Prometheus is killed while an alert fires and started again; how long
 * after the start does the alert fire again? Over many phases.
 */
#ifndef TESTS_REAL_REFIRE_H
#define TESTS_REAL_REFIRE_H

#include "model/fleet/fleet.h"

struct refire {
    double min_ms, max_ms;
};

struct refire refire_predict(const struct fleet *fleet, int rule);

#endif
