/* The pictures of a fit's page. Private to reports/fit. */
#ifndef REPORTS_FIT_FIT_PLOT_H
#define REPORTS_FIT_FIT_PLOT_H

#include "model/fit/fit.h"

enum fit_plot { FIT_PLOT_PROFILE, FIT_PLOT_DAYS, FIT_PLOT_DURATIONS, FIT_PLOT_COUNT };

bool fit_plot_has(const struct fit *fit, enum fit_plot plot);
const char *fit_plot_caption(enum fit_plot plot);
/* Appends an SVG to `out`, a real file. UND_SERVICE where gnuplot is missing or fails. */
enum und_code fit_plot_print(FILE *out, const struct fit *fit, enum fit_plot plot,
                             struct und_err *err);

#endif
