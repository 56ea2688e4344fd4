/*
 * PromQL expressions evaluated on a store of series.
 *
 * Values are Prometheus 2.42's to the bit where its arithmetic is C's (the sums in its order, with
 * Kahan's corrections where it has them), within a few units in the last place where Go's library
 * has other transcendental functions (exp, ln, sin ...). As version 3 ranges and look-back are
 * left-open, and sums are corrected everywhere. Native histograms are calculated with as in
 * version 3's last releases.
 *
 * An evaluation ends within its budget: `most` samples and steps visited, or the error
 * "...: more than N samples and steps". A query is bound to its store: it remembers which series
 * its selectors select and looks only at new ones the next time.
 *
 * Source: Prometheus, promql/engine.go, functions.go, quantile.go.
 */
#ifndef MODEL_PROMQL_QUERY_H
#define MODEL_PROMQL_QUERY_H

#include "promql.h"
#include "store.h"

#define QUERY_LOOKBACK_MS 300000
#define QUERY_STEP_MS 60000
#define QUERY_MOST 50000000

struct query_options {
    int64_t lookback_ms; /* 0: QUERY_LOOKBACK_MS */
    int64_t step_ms;     /* of subqueries that name none; 0: QUERY_STEP_MS */
    int64_t most;        /* 0: QUERY_MOST */
    /* Which labels could results have? Samples of any age are found, comparisons and `unless` keep
     * everything, absent() is true. */
    bool relaxed;
    bool early;         /* PROMQL_2_LAST calculates as 2.42 */
    bool delayed_names; /* since 2.55 a feature: names are dropped from results only */
    bool annotate;      /* since 2.54: gather what query_annotations tells */
};

struct sample {
    struct labels *labels;
    double value;
    int64_t t_ms;   /* of the sample that a selector found, else of the evaluation */
    bool drop_name; /* delayed_names: the name goes when the evaluation is done */
};

struct vector {
    struct sample *list;
    int n, room;
};

struct range {
    struct labels *labels;
    const struct point *points;
    const int64_t *starts; /* of the points: see struct series; NULL if there are none */
    int n;
    int histograms; /* how many of the points are native histograms */
    bool drop_name;
};

struct matrix {
    struct range *list;
    int n, room;
};

struct value {
    enum promql_type type;
    double scalar;
    const char *text;
    struct vector vector;
    struct matrix matrix;
};

struct query;

/* `promql` and `store` are borrowed. */
struct query *query_open(const struct promql *promql, struct store *store,
                         const struct query_options *options);
void query_close(struct query *query);

/* The value at that time, valid until the query's next evaluation. UND_USAGE: what Prometheus says
 * of an execution that fails, without a place. */
enum und_code query_at(struct query *query, int64_t t_ms, struct value *out, struct und_err *err);
/* A matrix: the values at start, start + step ... up to end. */
enum und_code query_range(struct query *query, int64_t start_ms, int64_t end_ms, int64_t step_ms,
                          struct value *out, struct und_err *err);

/* What the last evaluation has to say of its result, each once: "PromQL warning: ..." and "PromQL
 * info: ..."; NULL behind the last. Valid until the query's next evaluation. */
const char *const *query_annotations(const struct query *query);

#endif
