/*
 * Pictures of a result, drawn by gnuplot:
 *   - PLOT_ECDF: the empirical distribution of detection and RTO over the replications with its
 *     95% band (Dvoretzky-Kiefer-Wolfowitz, Massart 1990) and the documented time as a line;
 *   - PLOT_STRIP: one replication's story on one time axis: the phase of every host, admitted
 *     slots, waiting jobs, alerts, and marks from the fault to full capacity.
 * Every line style and fill differs in grey as well as in colour.
 */
#ifndef REPORTS_PLOT_PLOT_H
#define REPORTS_PLOT_PLOT_H

#include "model/base/err.h"
#include "reports/text/report.h"

#include <stdbool.h>

enum plot { PLOT_ECDF, PLOT_STRIP, PLOT_COUNT };
enum plot_format { PLOT_SVG, PLOT_PNG };

/* Whether the report holds what this plot shows. */
bool plot_has(const struct report *report, enum plot plot);

/* For a screen reader and a caption: "primary-hardware-failure: distribution of ...". */
void plot_caption(const struct report *report, enum plot plot, char *out, size_t size);

/* Appends the picture to `out`, a real file. Needs plot_has. UND_SERVICE where gnuplot is missing
 * or fails: the caller shows the line and goes on without plots. */
enum und_code plot_print(FILE *out, const struct report *report, enum plot plot,
                         enum plot_format format, struct und_err *err);

#endif
