/*
 * One run of gnuplot: spawned with an argument vector (no shell), the script on its standard
 * input from a temporary file (so that a gnuplot that dies early cannot raise SIGPIPE here), the
 * picture on its standard output. No startup file is read. A run may take GNUPLOT_SECONDS.
 */
#ifndef REPORTS_PLOT_GNUPLOT_H
#define REPORTS_PLOT_GNUPLOT_H

#include "model/base/err.h"

#include <stdio.h>

#define GNUPLOT_SECONDS 60

/* `script` is read from its beginning; the picture is appended to `out`, which must be a real file.
 * UND_SERVICE with one clear line where gnuplot is missing, fails, or draws nothing. */
enum und_code gnuplot_run(FILE *script, FILE *out, struct und_err *err);

#endif
