/*
 * Numbers and names as people and other programs read them: times, shares, counts, and the
 * escapes of every format that the reports write.
 *
 * Names come from files that anyone may have written. Every function here takes any bytes: what is
 * not UTF-8 becomes U+FFFD, control characters become a space (so that a name stays on its line and
 * an XML file stays valid). The functions that write do not check for errors: callers look at
 * ferror() once, at the end.
 */
#ifndef REPORTS_TEXT_TEXT_H
#define REPORTS_TEXT_TEXT_H

#include "model/fleet/result.h"

#include <stdint.h>
#include <stdio.h>

#define TEXT_VALUE 32

/* m:ss below an hour, h:mm:ss below 100 hours, else days and hours; "-" for NAN. */
const char *text_time(char out[TEXT_VALUE], double ms);
/* The same with milliseconds, for times that would read like a limit they exceed; ms >= 0. */
const char *text_time_exact(char out[TEXT_VALUE], double ms);
/* h:mm:ss.mmm, for traces. */
const char *text_clock(char out[TEXT_VALUE], int64_t ms);
/* 99.3%, 100%; never "100%" for less than 1, never "0%" for more than 0; "-" for NAN. */
const char *text_share(char out[TEXT_VALUE], double share);
/* A quantile of the quantity (quantity_quantile): ">50:00" where it is beyond what was seen before
 * the run ended. */
const char *text_quantile(char out[TEXT_VALUE], enum metric metric, const struct quantity *quantity,
                          double p);
/* What is around the mean at 95%: half the width of its interval; of a share the interval itself,
 * "97.5-100%". */
const char *text_around(char out[TEXT_VALUE], enum metric metric, const struct quantity *quantity);
/* To stand behind a value: " +-0:12", " (97.5-100%)", "" where there is no interval. */
const char *text_spread(char out[TEXT_VALUE], enum metric metric, double value, double half);
/* The mean, ">= 48:55" where it is a lower bound. */
const char *text_mean(char out[TEXT_VALUE], enum metric metric, const struct quantity *quantity);
/* Of a page that is made now: "2026-11-29 07:05 UTC". SOURCE_DATE_EPOCH makes the same page of the
 * same results. */
const char *text_date(char out[TEXT_VALUE]);
/* By the unit of the metric; "-" for NAN. */
const char *text_metric(char out[TEXT_VALUE], enum metric metric, double value);

/* The next code point of `*s`, which moves on; U+FFFD for what is not UTF-8; 0 at the end. */
uint32_t text_next(const char **s);
/* A copy in valid UTF-8 without control characters, cut at a code point to fit `size` bytes. */
void text_clean(char *out, size_t size, const char *s);
/* The same of several lines, which stay lines; tabs stay. */
void text_lines(FILE *out, const char *s);
int text_columns(const char *s); /* code points: what a terminal shows, for most scripts */

void text_xml(FILE *out, const char *s);     /* element text and quoted attributes, HTML too */
void text_gnuplot(FILE *out, const char *s); /* a quoted string, nothing in it is expanded */
void text_shell(FILE *out, const char *s);   /* one word of a POSIX shell */
/* Of the terminal behind the stream, `otherwise` where it is none. */
int text_terminal_columns(FILE *out, int otherwise);
/* Words broken at `columns`, the first line being at column `start` already and the others indented
 * by `indent`. Ends the line. */
void text_wrap(FILE *out, const char *s, int start, int columns, int indent);

/* All that stands in a file that can be rewound, from its beginning; the caller's to free. NULL: no
 * memory. */
char *text_slurp(FILE *file);

#endif
