/*
 * How late this machine runs what is due: a thread that sleeps 5 ms at a time and writes every
 * oversleep above 10 ms to DIR/lags ("DUE-NS LAG-NS"). A delay that such a lag explains says
 * nothing about Prometheus.
 */
#ifndef TESTS_REAL_WATCHDOG_H
#define TESTS_REAL_WATCHDOG_H

#include "model/base/err.h"

/* Runs to the end of the process. */
enum und_code watchdog_start(struct und_err *err);

#endif
