#include "function.h"

#include "model/base/suggest.h"

#include <string.h>

#define N PROMQL_SCALAR
#define V PROMQL_VECTOR
#define M PROMQL_MATRIX
#define T PROMQL_LITERAL
#define FLAGGED (1 << PROMQL_3_ALL)
#define ONLY_3 (1 << PROMQL_3 | FLAGGED)
#define ONLY_2 (1 << PROMQL_2 | 1 << PROMQL_2_LAST)
#define SINCE_LAST (1 << PROMQL_2_LAST | ONLY_3)
#define BOTH (ONLY_2 | ONLY_3)
#define MATH(name, function)                                                                       \
    {                                                                                              \
        name, function, V, {V}, 1, 0, BOTH                                                         \
    }
#define OVER(name, function)                                                                       \
    {                                                                                              \
        name, function, V, {M}, 1, 0, BOTH                                                         \
    }
#define DATE(name, function)                                                                       \
    {                                                                                              \
        name, function, V, {V}, 1, 1, BOTH                                                         \
    }
#define OVER_3(name, function)                                                                     \
    {                                                                                              \
        name, function, V, {M}, 1, 0, ONLY_3                                                       \
    }

static const struct promql_function functions[] = {
    MATH("abs", F_ABS),
    MATH("absent", F_ABSENT),
    OVER("absent_over_time", F_ABSENT_OVER_TIME),
    MATH("acos", F_ACOS),
    MATH("acosh", F_ACOSH),
    MATH("asin", F_ASIN),
    MATH("asinh", F_ASINH),
    MATH("atan", F_ATAN),
    MATH("atanh", F_ATANH),
    OVER("avg_over_time", F_AVG_OVER_TIME),
    MATH("ceil", F_CEIL),
    OVER("changes", F_CHANGES),
    {"clamp", F_CLAMP, V, {V, N, N}, 3, 0, BOTH},
    {"clamp_max", F_CLAMP_MAX, V, {V, N}, 2, 0, BOTH},
    {"clamp_min", F_CLAMP_MIN, V, {V, N}, 2, 0, BOTH},
    MATH("cos", F_COS),
    MATH("cosh", F_COSH),
    OVER("count_over_time", F_COUNT_OVER_TIME),
    DATE("days_in_month", F_DAYS_IN_MONTH),
    DATE("day_of_month", F_DAY_OF_MONTH),
    DATE("day_of_week", F_DAY_OF_WEEK),
    DATE("day_of_year", F_DAY_OF_YEAR),
    MATH("deg", F_DEG),
    OVER("delta", F_DELTA),
    OVER("deriv", F_DERIV),
    {"double_exponential_smoothing", F_HOLT_WINTERS, V, {M, N, N}, 3, 0, ONLY_3},
    {"end", F_END, N, {N}, 0, 0, FLAGGED},
    MATH("exp", F_EXP),
    OVER_3("first_over_time", F_FIRST_OVER_TIME),
    MATH("floor", F_FLOOR),
    {"histogram_avg", F_HISTOGRAM_AVG, V, {V}, 1, 0, SINCE_LAST},
    MATH("histogram_count", F_HISTOGRAM_COUNT),
    {"histogram_fraction", F_HISTOGRAM_FRACTION, V, {N, N, V}, 3, 0, BOTH},
    {"histogram_quantile", F_HISTOGRAM_QUANTILE, V, {N, V}, 2, 0, BOTH},
    {"histogram_quantiles", F_HISTOGRAM_QUANTILES, V, {V, T, N}, 3, -1, FLAGGED},
    {"histogram_stddev", F_HISTOGRAM_STDDEV, V, {V}, 1, 0, SINCE_LAST},
    {"histogram_stdvar", F_HISTOGRAM_STDVAR, V, {V}, 1, 0, SINCE_LAST},
    MATH("histogram_sum", F_HISTOGRAM_SUM),
    {"holt_winters", F_HOLT_WINTERS, V, {M, N, N}, 3, 0, ONLY_2},
    DATE("hour", F_HOUR),
    OVER("idelta", F_IDELTA),
    OVER("increase", F_INCREASE),
    {"info", F_INFO, V, {V, V}, 2, 1, ONLY_3},
    OVER("irate", F_IRATE),
    {"label_join", F_LABEL_JOIN, V, {V, T, T, T}, 4, -1, BOTH},
    {"label_replace", F_LABEL_REPLACE, V, {V, T, T, T, T}, 5, 0, BOTH},
    OVER("last_over_time", F_LAST_OVER_TIME),
    MATH("ln", F_LN),
    MATH("log10", F_LOG10),
    MATH("log2", F_LOG2),
    {"mad_over_time", F_MAD_OVER_TIME, V, {M}, 1, 0, SINCE_LAST},
    {"max_of", F_MAX_OF, N, {N, N}, 2, 0, FLAGGED},
    OVER("max_over_time", F_MAX_OVER_TIME),
    DATE("minute", F_MINUTE),
    {"min_of", F_MIN_OF, N, {N, N}, 2, 0, FLAGGED},
    OVER("min_over_time", F_MIN_OVER_TIME),
    DATE("month", F_MONTH),
    {"pi", F_PI, N, {N}, 0, 0, BOTH},
    {"predict_linear", F_PREDICT_LINEAR, V, {M, N}, 2, 0, BOTH},
    OVER("present_over_time", F_PRESENT_OVER_TIME),
    {"quantile_over_time", F_QUANTILE_OVER_TIME, V, {N, M}, 2, 0, BOTH},
    MATH("rad", F_RAD),
    {"range", F_RANGE, N, {N}, 0, 0, FLAGGED},
    OVER("rate", F_RATE),
    OVER("resets", F_RESETS),
    {"round", F_ROUND, V, {V, N}, 2, 1, BOTH},
    {"scalar", F_SCALAR, N, {V}, 1, 0, BOTH},
    MATH("sgn", F_SGN),
    MATH("sin", F_SIN),
    MATH("sinh", F_SINH),
    MATH("sort", F_SORT),
    {"sort_by_label", F_SORT_BY_LABEL, V, {V, T}, 2, -1, SINCE_LAST},
    {"sort_by_label_desc", F_SORT_BY_LABEL_DESC, V, {V, T}, 2, -1, SINCE_LAST},
    MATH("sort_desc", F_SORT_DESC),
    MATH("sqrt", F_SQRT),
    {"start", F_START, N, {N}, 0, 0, FLAGGED},
    OVER("stddev_over_time", F_STDDEV_OVER_TIME),
    OVER("stdvar_over_time", F_STDVAR_OVER_TIME),
    {"step", F_STEP, N, {N}, 0, 0, FLAGGED},
    OVER("sum_over_time", F_SUM_OVER_TIME),
    MATH("tan", F_TAN),
    MATH("tanh", F_TANH),
    {"time", F_TIME, N, {N}, 0, 0, BOTH},
    MATH("timestamp", F_TIMESTAMP),
    OVER_3("ts_of_first_over_time", F_TS_OF_FIRST_OVER_TIME),
    OVER_3("ts_of_last_over_time", F_TS_OF_LAST_OVER_TIME),
    OVER_3("ts_of_max_over_time", F_TS_OF_MAX_OVER_TIME),
    OVER_3("ts_of_min_over_time", F_TS_OF_MIN_OVER_TIME),
    {"vector", F_VECTOR, V, {N}, 1, 0, BOTH},
    DATE("year", F_YEAR),
};

#define FUNCTIONS (sizeof functions / sizeof *functions)

const struct promql_function *function_find(const char *name, enum promql_version version)
{
    for (size_t i = 0; i < FUNCTIONS; i++) {
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].versions >> version & 1 ? &functions[i] : NULL;
    }
    return NULL;
}

const char *function_suggest(const char *name)
{
    const char *names[FUNCTIONS + 1] = {NULL};
    for (size_t i = 0; i < FUNCTIONS; i++)
        names[i] = functions[i].name;
    return suggest_nearest(name, names);
}
