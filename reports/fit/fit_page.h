/*
 * A fit as one self-contained HTML page: numbers with intervals, the profile, runs day by day, the
 * durations of the commonest classes beside what was fitted to them, the hold-out, what cannot be
 * told. No script, nothing loaded from elsewhere; light and dark; well-formed as XML too.
 */
#ifndef REPORTS_FIT_FIT_PAGE_H
#define REPORTS_FIT_FIT_PAGE_H

#include "fit_report.h"

/* Where gnuplot is missing or fails the page has no plots: `plots` then holds the reason. */
void fit_page_print(FILE *out, const struct fit *fit, const struct holdout *holdout,
                    struct und_err *plots);

#endif
