/*
 * Series as Prometheus' test files write them: `metric{a="b"} 1 2+3x4 _ stale`.
 *
 * The values: a number; `2x3` is 2 four times, `1+2x3` is 1 3 5 7; `_` is no sample, `_x3` are
 * three of them; `stale` a staleness marker; `{{...}}` a native histogram (native.h).
 * Source: Prometheus, promql/parser (series descriptions), documentation of unit testing for rules.
 */
#ifndef MODEL_PROMQL_NOTATION_H
#define MODEL_PROMQL_NOTATION_H

#include "promql.h"
#include "store.h"

#define NOTATION_VALUES 1000000   /* of one series */
#define NOTATION_BUCKETS 10000000 /* of all its native histograms */

struct notation_value {
    bool there;
    double value;
    bool hinted; /* a native histogram that says its counter_reset_hint */
};

struct notation {
    struct labels *labels;         /* of the pool */
    struct notation_value *values; /* owned */
    int n;
    struct arena *natives; /* contents of native histograms; NULL if there are none */
};

/* UND_USAGE: "character 12: ...". To be ended by notation_fini in any case. */
enum und_code notation_read(struct notation *notation, struct label_pool *pool, const char *text,
                            enum promql_version version, struct und_err *err);
/* The labels alone, or the values alone. */
enum und_code notation_labels(struct label_pool *pool, const char *text,
                              enum promql_version version, struct labels **labels,
                              struct und_err *err);
enum und_code notation_values(struct notation *notation, const char *text, struct und_err *err);
void notation_fini(struct notation *notation);

#endif
