/*
 * What the two plots share: writing parts of a gnuplot script. Private to plot*.c.
 *
 * All times go into the scripts as seconds with three decimals. Texts go through text_gnuplot and
 * every terminal is set to noenhanced, so no name is ever interpreted.
 */
#ifndef REPORTS_PLOT_PLOT_SCRIPT_H
#define REPORTS_PLOT_PLOT_SCRIPT_H

#include "plot.h"

#include <stdint.h>

#define PLOT_WIDTH 900
#define PLOT_FONT_PX 13
#define PLOT_GREY "#767676"
#define PLOT_INK "#1a1a1a"

/* Terminal, size and the settings common to both. */
void plot_script_begin(FILE *script, enum plot_format format, int width, int height);

/* A ladder of round steps (1 s .. 90 d) with at most `most` of them in the range: labels m:ss,
 * h:mm or days. Returns the unit for the axis title: "min:s", "h:min", "h:min:s", "days". */
const char *plot_script_time_tics(FILE *script, double from_s, double to_s, int most);

/* What the pictures show, in words. */
void plot_describe_ecdf(const struct report *report, char *out, size_t size);
void plot_describe_strip(const struct report *report, char *out, size_t size);

/* A whole script: plot_script_begin, data, settings and the plot command. */
void plot_script_ecdf(FILE *script, const struct report *report, enum plot_format format);
void plot_script_strip(FILE *script, const struct report *report, enum plot_format format);

#endif
