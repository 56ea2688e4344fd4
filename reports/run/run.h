/*
 * One kept result as every page tells it: a drill, a rehearsal, a simulation, an incident, taken
 * from the JSON that its command printed or that the store kept. Whoever made it, the same facts
 * stand in the same places: three sentences, stages (documented, foretold, measured), events,
 * what was injected and undone, evidence, who approved, the lines that reproduce it.
 *
 * The JSON is data from outside: what is missing or of another type is left out of the page.
 * Times in ms. Texts are UTF-8 without markup. Errors: UND_USAGE for JSON that is no such result.
 */
#ifndef REPORTS_RUN_RUN_H
#define REPORTS_RUN_RUN_H

#include "model/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define RUN_STAGES 12
#define RUN_CLAIMS 40
#define RUN_EVENTS 400 /* a page shows no more */
#define RUN_PICTURE 28 /* lines of the timeline's picture at most */
#define RUN_SENTENCE 1024
#define RUN_CELL 200

enum run_kind { RUN_DRILL, RUN_REHEARSAL, RUN_SIM, RUN_INCIDENT };

/* Quantiles of what was foretold: 0.5, 5, 25, 50, 75, 95, 99.5 %; of a simulation the ends are its
 * least and its most, and there are no quarters. */
enum run_quantile {
    RUN_LEAST,
    RUN_P5,
    RUN_P25,
    RUN_P50,
    RUN_P75,
    RUN_P95,
    RUN_MOST,
    RUN_QUANTILES
};

struct run_stage {
    const char *key; /* "detection_ms" */
    char name[RUN_CELL], predicted[RUN_CELL], documented[RUN_CELL], measured[RUN_CELL],
        percentile[RUN_CELL], verdict[RUN_CELL];
    double quantile[RUN_QUANTILES];                    /* NAN: unknown */
    double known_to;                                   /* nothing is known of what is beyond; NAN */
    double documented_ms, value_ms, error_ms, open_ms; /* NAN: none */
    bool wrong;                                        /* the model, or the claim */
};

struct run_claim {
    char name[RUN_CELL], limit[RUN_CELL], status[40], word[40], detail[RUN_CELL];
};

struct run_event {
    int64_t at_ms; /* from the fault, where there was one */
    const char *host, *mark, *what;
};

/* Beside the result itself; NULL: not known. */
struct run_source {
    const char *number, *at, *who, *version, *fleet,
        *digest;      /* of the store; `fleet` is its hash */
    const char *kind; /* "test", "sim", ...; NULL: by what the JSON is */
};

struct run {
    enum run_kind kind;
    struct run_source source;
    const json_t *json; /* borrowed; what points into it lives as long */
    char title[RUN_CELL], about[RUN_SENTENCE], sentence[3][RUN_SENTENCE], approved[RUN_SENTENCE];
    struct run_stage stage[RUN_STAGES];
    int n_stages;
    struct run_claim claim[RUN_CLAIMS];
    int n_claims;
    struct run_event event[RUN_EVENTS];
    int n_events, events_left_out;
};

/* Fills it from borrowed JSON; `place` begins the message. */
enum und_code run_read(struct run *run, const json_t *json, const struct run_source *source,
                       const char *place, struct und_err *err);

/* "drill", "rehearsal", "simulation", "incident". */
const char *run_kind_word(enum run_kind kind);
/* Whether it ended as it should: "as predicted", ... is in the sentences; this is for a list. */
const char *run_text(const json_t *json, const char *key); /* "" where there is none */
double run_number(const json_t *json, const char *key);    /* NAN where there is none */

/* One page of n runs, the newest facts first: well-formed XML. Where gnuplot is missing or fails it
 * has no pictures, and `plots` says why. */
void run_print_html(FILE *out, const struct run *runs, int n, struct und_err *plots);
/* The picture of its stages alone, as a figure; nothing where there is nothing to draw. */
void run_print_stages_figure(FILE *out, const struct run *run, struct und_err *plots);
void run_print_markdown(FILE *out, const struct run *runs, int n);

#endif
