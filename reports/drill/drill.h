/*
 * Reports of drills: the plan before, the prediction of a rehearsal, and the finished drill as
 * predicted | documented | measured +- error | percentile | verdict, with its timeline and with
 * what was injected and undone. Text, JSON, Markdown, HTML. Everything is borrowed; files write
 * through their stream and leave its errors to the caller (ferror, once, at the end).
 */
#ifndef REPORTS_DRILL_DRILL_H
#define REPORTS_DRILL_DRILL_H

#include "model/drill/prediction.h"
#include "model/fleet/scenario.h"

#include <jansson.h>
#include <stdio.h>

/* What is injected, and what becomes of the policy's plan. */
enum drill_mode { DRILL_MODE_ACT, DRILL_MODE_OBSERVE, DRILL_MODE_WATCH };

/* A step that could not be undone. */
struct drill_left {
    int64_t step; /* of the journal; `drill --close` settles it by hand */
    char what[200], by_hand[1024];
};

struct drill_page {
    const struct scenario *scenario;
    const struct drill_report *report;   /* NULL: nothing was done, only foretold */
    const struct prediction *prediction; /* NULL: none was made */
    const char *version;                 /* of the program; NULL leaves it out */
    const char *date, *who;              /* when it began, and who began it; NULL likewise */
    enum drill_mode mode;                /* without a report, which knows its own */
    const struct drill_left *left;       /* n_left of them */
    size_t n_left;
    const char *approval;    /* how whoever began it said yes; NULL: nobody was asked */
    const char *const *sets; /* n_sets --set overrides that were in force */
    int n_sets;
    json_t *evidence; /* [{at, source, text}], redacted; NULL: none was kept */
};

/* In a sentence: what is injected, what is changed. */
const char *drill_mode_words(const struct drill_page *page);
const char *drill_mode_name(const struct drill_page *page); /* "act", "observe", "watch" */

/* What would be done, where, in which order, how it would be taken back, what is expected, what is
 * checked before and what stops it. Nothing of it needs a live service. */
void drill_print_plan(FILE *out, const struct drill_page *page);

json_t *drill_plan_json(const struct drill_page *page); /* the same; new reference */
/* `plots`: why it has no pictures, where gnuplot is missing or fails. */
void drill_plan_html(FILE *out, const struct drill_page *page, struct und_err *plots);

/* The report of a drill that was carried out, or of its rehearsals where `report` is NULL. */
void drill_print_text(FILE *out, const struct drill_page *page);
void drill_print_markdown(FILE *out, const struct drill_page *page);
/* Well-formed XML, one file; `plots` as above. */
void drill_print_html(FILE *out, const struct drill_page *page, struct und_err *plots);
json_t *drill_json(const struct drill_page *page); /* new reference */

/* Something to be warned of before anybody relies on the prediction; false: there is no `n`-th. */
bool drill_warning(const struct drill_page *page, int n, char *out, size_t size);

/* The exit code: how the drill ended, then 1 where a measure fell outside its prediction. */
enum und_code drill_page_code(const struct drill_page *page);

/* One line of the table, for all formats. Texts are UTF-8 without markup. */
#define DRILL_CELL 160
struct drill_row {
    enum drill_measure_kind kind;
    const char *name; /* "MTTD (fault to detection)" */
    char predicted[DRILL_CELL], documented[DRILL_CELL], measured[DRILL_CELL];
    char percentile[DRILL_CELL], verdict[DRILL_CELL];
    double documented_ms; /* NAN: no claim */
    struct judgement judgement;
    bool wrong; /* outside its prediction */
};

/* Rows that say anything at all, in causal order; returns how many. */
int drill_rows(const struct drill_page *page, struct drill_row rows[MEASURE_COUNT]);
/* The verdict in one sentence. */
void drill_sentence(const struct drill_page *page, char *out, size_t size);

#endif
