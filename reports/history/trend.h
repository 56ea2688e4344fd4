/*
 * Trends: each failure mode and stage over quarters (of UTC), what was documented, foretold and
 * measured. A quarter's documented time is the last one; what was foretold and what was measured
 * are medians over its runs.
 */
#ifndef REPORTS_HISTORY_TREND_H
#define REPORTS_HISTORY_TREND_H

#include "facts.h"

#define TREND_ROWS 2000
#define TREND_VALUES 64 /* of a quarter; later ones take the places of the first */

struct trend_row {
    char mode[256];
    enum told stage;
    int quarter; /* 4 * year + (0..3) */
    double documented_ms;
    double foretold[TREND_VALUES], measured[TREND_VALUES];
    int n_foretold, n_measured; /* ever; no more than TREND_VALUES are kept */
};

struct trend {
    struct trend_row *row; /* owned */
    int n, left_out;
};

void trend_init(struct trend *trend);
void trend_fini(struct trend *trend);
void trend_add(struct trend *trend, const struct record *record);
/* By mode, stage and quarter; after the last one was added. */
void trend_sort(struct trend *trend);

/* Medians of a row; NAN: nothing. */
double trend_foretold(const struct trend_row *row);
double trend_measured(const struct trend_row *row);

void trend_print(FILE *out, const struct trend *trend);
json_t *trend_json(const struct trend *trend); /* new reference */
/* One picture, a panel a mode and stage, in which all three stand; SVG at the end of `out`, a real
 * file. UND_USAGE where there is nothing to draw, UND_SERVICE where gnuplot is missing or fails. */
enum und_code trend_plot(FILE *out, const struct trend *trend, struct und_err *err);

#endif
