/*
 * What a fit found, for people and for scripts.
 */
#ifndef REPORTS_FIT_FIT_REPORT_H
#define REPORTS_FIT_FIT_REPORT_H

#include "holdout.h"
#include "model/fit/fit.h"
#include "reports/text/text.h"

#include <stdio.h>

/* `holdout` may be NULL: not asked for. Lines of at most so many columns. */
void fit_report_print(FILE *out, const struct fit *fit, const struct holdout *holdout, int columns);
/* {"version":1,"jobs":N,"parameters":[...],"holdout":{...}|null,"notes":[...], ...} */
void fit_report_print_json(FILE *out, const struct fit *fit, const struct holdout *holdout);

/* "mean wait"; and a value of it as people read it. */
const char *holdout_name(enum holdout_of of);
const char *holdout_value(char out[TEXT_VALUE], enum holdout_of of, double value);

#endif
