/*
 * A gnuplot SVG made fit for the middle of an HTML page: without prolog, definitions (nothing that
 * we draw uses them) and element names, which several pictures on one page would repeat.
 */
#ifndef REPORTS_PLOT_SVG_H
#define REPORTS_PLOT_SVG_H

#include <stdio.h>

/* `label` is what a screen reader says. Writes nothing if `svg` holds no <svg> element. */
void svg_inline(FILE *out, const char *svg, const char *label);

#endif
