#include "promql_random.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH 4

static void scalar(struct promql_random *random);
static void vector(struct promql_random *random);

int promql_random_below(struct promql_random *random, int n)
{
    /* xorshift64* */
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (int)((random->state * 2685821657736338717u >> 33) % (uint64_t)n);
}

#define BELOW(n) promql_random_below(random, n)
#define PICK(list) (list)[BELOW((int)(sizeof(list) / sizeof *(list)))]
#define PUT(...) fprintf(random->out, __VA_ARGS__)

static const char *const durations[] = {"30s",   "1m",  "90s", "2m", "5m",
                                        "7m30s", "10m", "1s",  "37s"};

/* --- series ---------------------------------------------------------------------------------- */

void promql_random_values(struct promql_random *random, int n)
{
    int kind = BELOW(6);
    double level = BELOW(50);
    for (int i = 0; i < n; i++) {
        int odd = BELOW(20);
        PUT("%s", i ? " " : "");
        if (odd == 0)
            level = 0; /* a counter's reset */
        if (odd == 1)
            PUT("_");
        else if (odd == 2 && kind > 1)
            PUT("stale");
        else if (odd == 3 && kind > 3)
            PUT("%s", BELOW(2) ? "NaN" : BELOW(2) ? "Inf" : "-Inf");
        else if (kind == 0)
            PUT("%d", BELOW(3));
        else if (kind == 1)
            PUT("%.17g", BELOW(1000000) / 7.0 - 70000);
        else
            PUT("%.17g", level += BELOW(4) * (kind == 2 ? 1 : 0.25));
    }
}

/* --- selectors ------------------------------------------------------------------------------- */

static void matcher(struct promql_random *random)
{
    static const char *const names[] = {"a", "b", "le", "none", "job"};
    static const char *const signs[] = {"=", "!=", "=~", "!~"};
    static const char *const values[] = {"1",    "2",  "x",  "",      "x|y",   ".*",
                                         "[12]", ".+", "1?", "(?i)X", "\\\\d", "job"};
    PUT("%s%s\"%s\"", PICK(names), PICK(signs), PICK(values));
}

static void shift(struct promql_random *random)
{
    static const char *const times[] = {"@ 0", "@ 300", "@ 612.5", "@ start()", "@ end()", "@ -30"};
    if (BELOW(6) == 0)
        PUT(" offset %s%s", BELOW(3) ? "" : "-", PICK(durations));
    if (BELOW(8) == 0)
        PUT(" %s", PICK(times));
}

static void selector_head(struct promql_random *random)
{
    static const char *const names[] = {"m0", "m1", "m2", "m3", "m4"};
    int matchers = BELOW(3);
    if (BELOW(25) == 0)
        PUT("{__name__=~\"m[%d-3]\"", BELOW(4));
    else if (matchers == 0)
        PUT("%s", PICK(names));
    else
        PUT("%s{", PICK(names));
    for (int i = 0; i < matchers; i++) {
        PUT("%s", i ? "," : "");
        matcher(random);
    }
    if (matchers)
        PUT("}");
}

static void selector(struct promql_random *random)
{
    static const char *const names[] = {"m0", "m1", "m2", "m3", "m4"};
    if (BELOW(20) == 0) {
        PUT("{__name__=~\"m[%d-3]\"}", BELOW(4));
    } else if (BELOW(3) == 0) {
        selector_head(random);
    } else {
        PUT("%s", PICK(names));
    }
}

static void range(struct promql_random *random)
{
    if (BELOW(5) == 0 && random->depth < DEPTH) {
        PUT("(");
        vector(random);
        PUT(")[%s:%s]", PICK(durations), BELOW(3) ? PICK(durations) : "");
    } else {
        selector(random);
        PUT("[%s]", PICK(durations));
    }
    shift(random);
}

/* --- functions ------------------------------------------------------------------------------- */

static void of_range(struct promql_random *random)
{
    static const char *const names[] = {"rate",
                                        "increase",
                                        "delta",
                                        "irate",
                                        "idelta",
                                        "deriv",
                                        "changes",
                                        "resets",
                                        "avg_over_time",
                                        "sum_over_time",
                                        "min_over_time",
                                        "max_over_time",
                                        "rate",
                                        "count_over_time",
                                        "stddev_over_time",
                                        "stdvar_over_time",
                                        "increase",
                                        "last_over_time",
                                        "present_over_time",
                                        "absent_over_time"};
    int kind = BELOW(14);
    PUT("%s(", kind == 0   ? "quantile_over_time"
               : kind == 1 ? "predict_linear"
               : kind == 2 ? "holt_winters"
                           : PICK(names));
    if (kind == 0) {
        scalar(random);
        PUT(", ");
    }
    range(random);
    if (kind == 1) {
        PUT(", ");
        scalar(random);
    }
    if (kind == 2)
        PUT(", 0.%d, 0.%d", 1 + BELOW(9), BELOW(10));
    PUT(")");
}

/* Functions of one vector and nothing else. */
static void plain(struct promql_random *random)
{
    static const char *const names[] = {"abs",
                                        "ceil",
                                        "floor",
                                        "exp",
                                        "ln",
                                        "log2",
                                        "log10",
                                        "sqrt",
                                        "sgn",
                                        "round",
                                        "timestamp",
                                        "sort",
                                        "sort_desc",
                                        "absent",
                                        "minute",
                                        "hour",
                                        "day_of_week",
                                        "day_of_month",
                                        "day_of_year",
                                        "month",
                                        "year",
                                        "days_in_month",
                                        "deg",
                                        "rad",
                                        "sin",
                                        "cos",
                                        "tan",
                                        "asin",
                                        "acos",
                                        "atan",
                                        "sinh",
                                        "cosh",
                                        "tanh",
                                        "asinh",
                                        "acosh",
                                        "atanh",
                                        "histogram_count"};
    PUT("%s(", PICK(names));
    vector(random);
}

static void clamp(struct promql_random *random, int kind)
{
    PUT("%s(", kind == 2 ? "clamp" : kind ? "clamp_min" : "clamp_max");
    vector(random);
    PUT(", ");
    scalar(random);
    if (kind == 2) {
        PUT(", ");
        scalar(random);
    }
}

static void histogram_quantile(struct promql_random *random)
{
    PUT("histogram_quantile(");
    scalar(random);
    PUT(", ");
    if (BELOW(2))
        PUT("m4");
    else
        vector(random);
}

static void label_replace(struct promql_random *random)
{
    static const char *const patterns[] = {"(.*)", "(1|2)", "x?(.)", "(?P<n>.+)", "[", ""};
    PUT("label_replace(");
    vector(random);
    PUT(", \"%s\", \"%s\", \"%s\", \"%s\"",
        BELOW(2)   ? "a"
        : BELOW(5) ? "c"
                   : "1c",
        BELOW(2) ? "v$1" : "${n}-$$$2", BELOW(2) ? "a" : "b", PICK(patterns));
}

static void of_vector(struct promql_random *random)
{
    int kind = BELOW(30);
    if (kind < 3) {
        clamp(random, kind);
    } else if (kind == 3) {
        PUT("round(");
        vector(random);
        PUT(", 0.%d", BELOW(10));
    } else if (kind < 8) {
        histogram_quantile(random);
    } else if (kind < 11) {
        label_replace(random);
    } else if (kind == 11) {
        PUT("label_join(");
        vector(random);
        PUT(", \"%s\", \"-\", \"a\", \"b\"", BELOW(2) ? "b" : "d");
    } else if (kind == 12) {
        PUT("vector(");
        scalar(random);
    } else {
        plain(random);
    }
    PUT(")");
}

/* --- operators ------------------------------------------------------------------------------- */

static void labels(struct promql_random *random)
{
    static const char *const lists[] = {"()",   "(a)",        "(b)",   "(a, b)",
                                        "(le)", "(a, b, le)", "(job)", "(__name__)"};
    PUT("%s", PICK(lists));
}

static void aggregate(struct promql_random *random)
{
    static const char *const names[] = {"sum", "avg",   "count",  "min",
                                        "max", "group", "stddev", "stdvar"};
    int kind = BELOW(12), grouping = BELOW(3);
    PUT("%s", kind == 0   ? "topk"
              : kind == 1 ? "bottomk"
              : kind == 2 ? "quantile"
              : kind == 3 ? "count_values"
                          : PICK(names));
    if (grouping) {
        PUT(grouping == 1 ? " by " : " without ");
        labels(random);
    }
    PUT("(");
    if (kind < 2)
        PUT("%d, ", BELOW(4));
    if (kind == 2) {
        scalar(random);
        PUT(", ");
    }
    if (kind == 3)
        PUT("\"%s\", ", BELOW(6) ? "v" : BELOW(2) ? "a" : "v v");
    vector(random);
    PUT(")");
}

static const char *const arithmetic[] = {"+", "-", "*", "/", "%", "^", "atan2"};
static const char *const comparisons[] = {"==", "!=", ">", "<", ">=", "<="};
static const char *const sets[] = {"and", "or", "unless"};

static void binary(struct promql_random *random)
{
    int kind = BELOW(10), side = BELOW(4), matching = BELOW(3);
    if (side == 0)
        scalar(random);
    else
        vector(random);
    PUT(" %s ", kind < 5 ? PICK(arithmetic) : kind < 8 ? PICK(comparisons) : PICK(sets));
    if (kind >= 5 && kind < 8 && BELOW(3) == 0)
        PUT("bool ");
    if (matching && side > 1) {
        PUT(matching == 1 ? "on " : "ignoring ");
        labels(random);
        if (kind < 8 && BELOW(2)) {
            PUT(BELOW(2) ? " group_left " : " group_right ");
            if (BELOW(2))
                PUT(BELOW(2) ? "(job)" : "(b)");
        }
        PUT(" ");
    }
    if (side == 1)
        scalar(random);
    else
        vector(random);
}

static void scalar(struct promql_random *random)
{
    static const char *const numbers[] = {"0",   "1",   "2",   "0.5", "3.7",  "-1",   "NaN",
                                          "Inf", "0.9", "1e3", "017", "0x1f", "-Inf", "300"};
    int kind = random->depth < DEPTH ? BELOW(12) : 0;
    random->depth++;
    if (kind < 8) {
        PUT("%s", PICK(numbers));
    } else if (kind == 8) {
        PUT("%s", BELOW(3) ? "time()" : "pi()");
    } else if (kind == 9) {
        PUT("scalar(");
        vector(random);
        PUT(")");
    } else {
        PUT("(");
        scalar(random);
        PUT(" %s ", PICK(arithmetic));
        scalar(random);
        PUT(")");
    }
    random->depth--;
}

static void vector(struct promql_random *random)
{
    int kind = random->depth < DEPTH ? BELOW(20) : 0;
    random->depth++;
    if (kind < 4) {
        selector(random);
        shift(random);
    } else if (kind < 8) {
        of_range(random);
    } else if (kind < 11) {
        of_vector(random);
    } else if (kind < 15) {
        aggregate(random);
    } else if (kind < 18) {
        PUT("(");
        binary(random);
        PUT(")");
    } else if (kind == 18) {
        PUT("-");
        vector(random);
    } else {
        binary(random);
    }
    random->depth--;
}

void promql_random_expression(struct promql_random *random)
{
    FILE *out = random->out;
    char *text = NULL;
    size_t size;
    random->depth = 0;
    random->out = open_memstream(&text, &size);
    if (BELOW(8) == 0)
        scalar(random);
    else
        vector(random);
    fclose(random->out);
    random->out = out;
    if (BELOW(10) == 0 && size > 1) { /* something is missing, or in the place of something */
        size_t at = (size_t)BELOW((int)size);
        if (BELOW(2))
            memmove(text + at, text + at + 1, size - at);
        else
            text[at] = "()[]{},:@ 0a=-"[BELOW(14)];
    }
    PUT("%s", text);
    free(text);
}
