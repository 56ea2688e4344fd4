#include "promql.h"

#include "model/base/regex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const op_words[PROMQL_OPS] = {"+",     "-",   "*",  "/",      "%",  "^",
                                                 "atan2", "==",  "!=", ">",      "<",  ">=",
                                                 "<=",    "and", "or", "unless", "</", ">/"};
static const int op_levels[PROMQL_OPS] = {4, 4, 5, 5, 5, 6, 5, 3, 3, 3, 3, 3, 3, 2, 1, 2, 3, 3};
static const char *const aggregation_words[PROMQL_AGGREGATIONS] = {
    "sum",    "avg",  "count",   "min",          "max",      "group",  "stddev",
    "stdvar", "topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"};

const char *promql_op_word(enum promql_op op)
{
    return op_words[op];
}

int promql_op_level(enum promql_op op)
{
    return op_levels[op];
}

const char *promql_aggregation_word(enum promql_aggregation aggregation)
{
    return aggregation_words[aggregation];
}

bool promql_has_parameter(enum promql_aggregation aggregation)
{
    return aggregation >= PROMQL_TOPK;
}

const char *promql_type_words(enum promql_type type)
{
    static const char *const words[] = {"scalar", "instant vector", "range vector", "string"};
    return words[type];
}

bool promql_is_comparison(enum promql_op op)
{
    return op >= PROMQL_EQ && op <= PROMQL_LE;
}

bool promql_is_set_op(enum promql_op op)
{
    return op == PROMQL_AND || op == PROMQL_OR || op == PROMQL_UNLESS;
}

bool promql_match_holds(enum promql_match match, const char *wanted, const struct regex *regex,
                        const char *value)
{
    switch (match) {
    case PROMQL_IS:
        return strcmp(wanted, value) == 0;
    case PROMQL_IS_NOT:
        return strcmp(wanted, value) != 0;
    case PROMQL_LIKE:
        return regex_matches(regex, value);
    case PROMQL_NOT_LIKE:
        break;
    }
    return !regex_matches(regex, value);
}

bool promql_matches(const struct promql_matcher *matcher, const char *value)
{
    return promql_match_holds(matcher->match, matcher->value, matcher->regex, value);
}

/* --- names and durations --------------------------------------------------------------------- */

bool promql_is_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_' && *text != ':')
        return false;
    while (isalnum((unsigned char)*text) || *text == '_' || *text == ':')
        text++;
    return *text == '\0';
}

bool promql_is_label(const char *text)
{
    return promql_is_name(text) && !strchr(text, ':');
}

static const struct {
    const char *unit;
    int64_t ms;
} units[] = {{"y", 31536000000}, {"w", 604800000}, {"d", 86400000}, {"h", 3600000},
             {"m", 60000},       {"s", 1000},      {"ms", 1}};

bool promql_duration(const char *text, int64_t *ms)
{
    size_t next = 0;
    int64_t sum = 0;
    *ms = 0;
    if (strcmp(text, "0") == 0)
        return true;
    if (*text == '\0')
        return false;
    while (*text) {
        size_t digits = strspn(text, "0123456789"), i = next;
        size_t length = strspn(text + digits, "ywdhms");
        int64_t n = strtoll(text, NULL, 10);
        if (digits == 0 || digits > 18 || length == 0)
            return false;
        length = length > 1 && strncmp(text + digits, "ms", 2) == 0 ? 2 : 1;
        while (i < 7 && (strlen(units[i].unit) != length ||
                         strncmp(units[i].unit, text + digits, length) != 0))
            i++;
        /* From large to small, each once; within what Go's durations hold. */
        if (i == 7 || n > (INT64_MAX / 1000000 - sum) / units[i].ms)
            return false;
        sum += n * units[i].ms;
        next = i + 1;
        text += digits + length;
    }
    *ms = sum;
    return true;
}

const char *promql_duration_text(int64_t ms, char text[64])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 2; i < 7; i++) {
        if (ms >= units[i].ms)
            used += (size_t)snprintf(text + used, 64 - used, "%lld%s",
                                     (long long)(ms / units[i].ms), units[i].unit);
        ms %= units[i].ms;
    }
    return used ? text : strcpy(text, "0s");
}
