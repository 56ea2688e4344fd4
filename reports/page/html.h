/*
 * One self-contained HTML page: a summary of all claims, then a section a scenario with its table,
 * the reasons in plain words, inline SVG plots and the line that reproduces it. No script, nothing
 * loaded from elsewhere; light and dark; readable on a phone. Well-formed as XML too, so that
 * xmllint can check it.
 */
#ifndef REPORTS_PAGE_HTML_H
#define REPORTS_PAGE_HTML_H

#include "model/base/err.h"
#include "reports/text/report.h"

/* Where gnuplot is missing or fails the page has no plots: `plots` then holds the reason (once,
 * however many plots there would have been), for the caller to show. */
void html_print(FILE *out, const struct report *reports, int n, struct und_err *plots);

#endif
