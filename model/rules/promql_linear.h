/*
 * Private to promql_linear.c and promql_signal.c: an expression as a constant plus multiples of the
 * quantities that promql_signal.h lists.
 */
#ifndef MODEL_RULES_PROMQL_LINEAR_H
#define MODEL_RULES_PROMQL_LINEAR_H

#include "promql_signal.h"

#define TERMS 6
#define NESTED_RECORDS 8

/* What a term of the arithmetic stands for. */
enum quantity {
    QUANTITY_UP,
    QUANTITY_IDLE,      /* seconds of idle CPU per second, mean of an instance's CPUs */
    QUANTITY_IDLE_EACH, /* ... of each CPU */
    QUANTITY_IDLE_SUM,  /* ... of all CPUs together */
    QUANTITY_BUSY,
    QUANTITY_BUSY_EACH,
    QUANTITY_BUSY_SUM,
    QUANTITY_BUSY_MODES, /* each CPU, each mode that is not idle */
    QUANTITY_CPUS,       /* how many CPUs the instance has */
    QUANTITY_AVAILABLE,  /* bytes */
    QUANTITY_FREE,
    QUANTITY_BUFFERS,
    QUANTITY_CACHED,
    QUANTITY_TOTAL,
    QUANTITY_AVAILABLE_SHARE,
    QUANTITY_FREE_SHARE,
    QUANTITY_BUFFERS_SHARE,
    QUANTITY_CACHED_SHARE,
    QUANTITY_CPU_GAUGE, /* share in use */
    QUANTITY_MEMORY_GAUGE,
    QUANTITY_DISK_GAUGE,
    QUANTITY_DISK,     /* seconds busy per second */
    QUANTITY_DURATION, /* of jobs, recent or baseline */
    QUANTITY_DURATION_RATIO
};

struct term {
    enum quantity quantity;
    double factor;
    int64_t window_ms;
    bool irate;
    char text[200]; /* tells terms of one quantity apart, and is shown */
    bool baseline;  /* a duration that its name or its offset calls the baseline */
};

/* constant + sum of factor * quantity */
struct linear {
    double constant;
    struct term terms[TERMS];
    int n;
};

struct solver {
    const struct promql_record *records;
    int n_records, nested;
    struct promql_signal *signal;
    const char *place;
    struct und_err *err;
};

enum und_code linear_fail(const struct solver *solver, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The node as arithmetic, or what keeps it from being that. */
enum und_code linear_analyse(struct solver *solver, const struct promql_node *node,
                             struct linear *out);
/* sum += factor * other */
enum und_code linear_add(const struct solver *solver, struct linear *sum,
                         const struct linear *other, double factor);
/* The text of a quotient. */
void linear_join_text(struct term *over, const struct term *under);
/* Notes the selector's matchers in the signal. */
enum und_code linear_keep_matchers(const struct solver *solver, const struct promql_node *node);

#endif
