/*
 * A fit as a fleet file: YAML that `sim` runs as it is, with an interval and where it comes from
 * beside every number. Durations of which no family is left stand in CSV files beside it.
 */
#ifndef REPORTS_FIT_FIT_FLEET_H
#define REPORTS_FIT_FIT_FLEET_H

#include "model/fit/fit.h"

#include <stdio.h>

/* `values` is what the files of durations are called, without number and ending: "fitted". NULL:
 * there are none, and their means stand in for them. */
void fit_fleet_print(FILE *out, const struct fit *fit, const char *values);
/* The file of a class's durations; false where it needs none. */
bool fit_fleet_has_values(const struct class_fit *class_fit);
void fit_fleet_values_name(char *out, size_t size, const char *values, int class_index);
void fit_fleet_print_values(FILE *out, const struct class_fit *class_fit);

#endif
