/*
 * PromQL's functions: names, arguments, types, and what version has them.
 */
#ifndef MODEL_PROMQL_FUNCTION_H
#define MODEL_PROMQL_FUNCTION_H

#include "promql.h"

enum function {
    F_ABS,
    F_ABSENT,
    F_ABSENT_OVER_TIME,
    F_ACOS,
    F_ACOSH,
    F_ASIN,
    F_ASINH,
    F_ATAN,
    F_ATANH,
    F_AVG_OVER_TIME,
    F_CEIL,
    F_CHANGES,
    F_CLAMP,
    F_CLAMP_MAX,
    F_CLAMP_MIN,
    F_COS,
    F_COSH,
    F_COUNT_OVER_TIME,
    F_DAYS_IN_MONTH,
    F_DAY_OF_MONTH,
    F_DAY_OF_WEEK,
    F_DAY_OF_YEAR,
    F_DEG,
    F_DELTA,
    F_DERIV,
    F_END,
    F_EXP,
    F_FIRST_OVER_TIME,
    F_FLOOR,
    F_HISTOGRAM_AVG,
    F_HISTOGRAM_COUNT,
    F_HISTOGRAM_FRACTION,
    F_HISTOGRAM_QUANTILE,
    F_HISTOGRAM_QUANTILES,
    F_HISTOGRAM_STDDEV,
    F_HISTOGRAM_STDVAR,
    F_HISTOGRAM_SUM,
    F_HOLT_WINTERS,
    F_HOUR,
    F_IDELTA,
    F_INCREASE,
    F_INFO,
    F_IRATE,
    F_LABEL_JOIN,
    F_LABEL_REPLACE,
    F_LAST_OVER_TIME,
    F_LN,
    F_LOG10,
    F_LOG2,
    F_MAD_OVER_TIME,
    F_MAX_OF,
    F_MAX_OVER_TIME,
    F_MINUTE,
    F_MIN_OF,
    F_MIN_OVER_TIME,
    F_MONTH,
    F_PI,
    F_PREDICT_LINEAR,
    F_PRESENT_OVER_TIME,
    F_QUANTILE_OVER_TIME,
    F_RAD,
    F_RANGE,
    F_RATE,
    F_RESETS,
    F_ROUND,
    F_SCALAR,
    F_SGN,
    F_SIN,
    F_SINH,
    F_SORT,
    F_SORT_BY_LABEL,
    F_SORT_BY_LABEL_DESC,
    F_SORT_DESC,
    F_SQRT,
    F_START,
    F_STDDEV_OVER_TIME,
    F_STDVAR_OVER_TIME,
    F_STEP,
    F_SUM_OVER_TIME,
    F_TAN,
    F_TANH,
    F_TIME,
    F_TIMESTAMP,
    F_TS_OF_FIRST_OVER_TIME,
    F_TS_OF_LAST_OVER_TIME,
    F_TS_OF_MAX_OVER_TIME,
    F_TS_OF_MIN_OVER_TIME,
    F_VECTOR,
    F_YEAR
};

#define FUNCTION_ARGS 5

struct promql_function {
    const char *name;
    enum function function;
    enum promql_type returns;
    enum promql_type args[FUNCTION_ARGS];
    int n_args;
    int variadic; /* how many of the last may be missing or added; -1: any number */
    int versions; /* a bit each of enum promql_version */
};

/* NULL if the version has none of that name. */
const struct promql_function *function_find(const char *name, enum promql_version version);

/* The nearest function by name, or NULL. */
const char *function_suggest(const char *name);

#endif
