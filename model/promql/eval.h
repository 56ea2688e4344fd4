/*
 * Private to the evaluator's files.
 */
#ifndef MODEL_PROMQL_EVAL_H
#define MODEL_PROMQL_EVAL_H

#include "arena.h"
#include "query.h"

struct selection {
    int *series; /* numbers of the store's */
    int n, room;
    int seen; /* how many of the store's series were looked at */
};

struct annotations {
    const char **list; /* owned, ended by NULL; the texts, too */
    int n;
};

struct eval {
    const struct promql *promql;
    struct store *store;
    struct label_pool *pool;
    struct arena *arena;    /* of the present step */
    struct arena *steps[8]; /* of subqueries' steps, one a nesting level, made when needed */
    int level;
    bool v3, later; /* version 3; sums and rates as since 2.54 */
    bool delayed_names, annotate, relaxed;
    bool hinting; /* selected native histograms say whether their counter was reset */
    int64_t lookback_ms, step_ms, most, left;
    int64_t start_ms, end_ms;       /* of the whole query, for @ */
    int64_t query_step_ms;          /* of the whole query; 0 of an instant one */
    int64_t first_ms;               /* the first of the present steps */
    int64_t reset_ms, pin_shift_ms; /* version 2: see eval_subquery */
    struct selection *selections;   /* by node id */
    int cleared;
    struct annotations annotations;
    struct und_err *err;
};

enum und_code eval_fail(struct eval *eval, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum und_code eval_spend(struct eval *eval, int64_t samples);

/* Version 3's annotations: "PromQL info: ...". */
void eval_warn(struct eval *eval, const char *format, ...) __attribute__((format(printf, 2, 3)));
void eval_info(struct eval *eval, const char *format, ...) __attribute__((format(printf, 2, 3)));
void eval_warn_mixed(struct eval *eval, const struct labels *labels);
void eval_warn_quantile(struct eval *eval, double q); /* unless it is between 0 and 1 */
void annotations_clear(struct annotations *annotations);

/* The metric's name goes: now or, with delayed names, when the evaluation is done. */
void eval_drop_name(struct eval *eval, struct sample *sample);
/* A series' name, type and unit go, in version 2 its name. */
struct labels *eval_nameless(struct eval *eval, struct labels *labels);
/* May a label that a query makes have the name? Version 3 takes any UTF-8. */
bool eval_is_label(const struct eval *eval, const char *name);
/* What is left to be done with the value of a whole query. */
enum und_code eval_finish(struct eval *eval, struct value *value);

enum und_code eval_node(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                        struct value *out);
/* A scalar's number, or 0 after an error. */
enum und_code eval_scalar(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          double *out);
enum und_code eval_vector(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          struct vector *out);

/* The series' last sample as of a time; false if there is none within the look-back. */
bool eval_latest(const struct eval *eval, const struct series *series, int64_t t_ms,
                 struct sample *sample);
enum und_code eval_selector(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                            struct value *out);
enum und_code eval_subquery(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                            struct value *out);
/* The values at each of these times, gathered by labels. */
enum und_code eval_steps(struct eval *eval, const struct promql_node *node, int64_t first_ms,
                         int64_t last_ms, struct value *out);
enum und_code eval_binary(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          struct value *out);
enum und_code eval_aggregate(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                             struct value *out);
enum und_code eval_call(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                        struct value *out);

/* The same value at every step: all that it reads is pinned by @. */
bool eval_is_invariant(const struct promql_node *node);
/* The time that a selector or a subquery looks at: @ and offset applied. */
int64_t eval_shift(const struct eval *eval, const struct promql_node *node, int64_t t_ms);

/* Functions over ranges: call_range.c; over labels: call_labels.c; of dates: call_dates.c. */
enum und_code call_range(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                         struct vector *out);
enum und_code call_absent(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                          struct vector *out);
enum und_code call_label_replace(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                 struct vector *out);
enum und_code call_label_join(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                              struct vector *out);
enum und_code call_histogram(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                             struct vector *out);
enum und_code call_sort_by_label(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                                 struct vector *out);
enum und_code call_info(struct eval *eval, const struct promql_node *node, int64_t t_ms,
                        struct vector *out);
double date_part(double seconds, int function);      /* enum function */
double quantile_of(double q, double *values, int n); /* sorts them */

struct sample *vector_push(struct eval *eval, struct vector *vector, struct labels *labels,
                           double value);
struct range *matrix_push(struct eval *eval, struct matrix *matrix, struct labels *labels);
/* Of limit_ratio: is the series in the sample of that share? */
bool labels_in_ratio(const struct labels *labels, double ratio);
/* An error if two of the samples have the same labels. */
enum und_code vector_check(struct eval *eval, const struct vector *vector);

/* Kahan's sum in Neumaier's form. */
struct kahan {
    double sum, c;
};
void kahan_add(struct kahan *kahan, double value, bool later);

struct sum_mean { /* since 2.54 the average: a sum as long as it does not overflow */
    struct kahan sum;
    double count;
    bool incremental;
};
void mean_add(struct sum_mean *mean, double value);
double mean_value(const struct sum_mean *mean);
/* Version 2's: one step of the running mean; false where infinities leave it as it is. */
bool mean_step(double *mean, double value, double count, double *increment);

#endif
