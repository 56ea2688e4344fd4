/*
 * gnuplot's SVG made fit for people: for a screen reader, and for the middle of an HTML page, where
 * prolog, definitions (nothing that we draw uses them) and element names would repeat.
 */
#ifndef REPORTS_PLOT_SVG_H
#define REPORTS_PLOT_SVG_H

#include "model/base/err.h"

#include <stdio.h>

/* Runs the script and appends its picture to `out` with this title and description in the place of
 * gnuplot's, which name data blocks. As gnuplot_run. */
enum und_code svg_draw(FILE *script, FILE *out, const char *title, const char *description,
                       struct und_err *err);

/* `label` is what a screen reader says. Writes nothing if `svg` holds no <svg> element. */
void svg_inline(FILE *out, const char *svg, const char *label);

#endif
