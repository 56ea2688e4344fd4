#include "alerts_test_internal.h"

#include "model/base/assert.h"
#include "model/promql/gomath.h"
#include "model/promql/native.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- alerts ---------------------------------------------------------------------------------- */

struct one_alert {
    const struct labels *labels, *annotations;
};

struct alert_list {
    struct one_alert *list; /* owned */
    int n;
};

static int by_labels(const void *a, const void *b)
{
    const struct one_alert *x = a, *y = b;
    int order = labels_compare(x->labels, y->labels);
    return order ? order : labels_compare(x->annotations, y->annotations);
}

static void push_alert(struct alert_list *list, const struct labels *labels,
                       const struct labels *annotations)
{
    list->list = realloc(list->list, ((size_t)list->n + 1) * sizeof *list->list);
    UND_ASSERT(list->list != NULL);
    list->list[list->n++] = (struct one_alert){labels, annotations};
}

static void sort_alerts(struct alert_list *list)
{
    if (list->n > 1)
        qsort(list->list, (size_t)list->n, sizeof *list->list, by_labels);
}

static void firing_alerts(const struct group_test *test, const char *name, struct alert_list *list)
{
    for (int i = 0; i < test->n_groups; i++) {
        for (int j = 0; j < test->groups[i].n; j++) {
            const struct eval_rule *rule = &test->groups[i].rules[j];
            for (int k = 0; k < rule->n_alerts && strcmp(rule->name, name) == 0; k++) {
                if (rule->alerts[k].standing == STANDING_FIRING)
                    push_alert(list, rule->alerts[k].labels, rule->alerts[k].annotations);
            }
        }
    }
    sort_alerts(list);
}

static enum und_code expected_alerts(struct group_test *test, const json_t *item, const char *name,
                                     struct alert_list *list)
{
    static const char *const keys[] = {"exp_labels", "exp_annotations", NULL};
    json_t *alerts, *alert;
    size_t i;
    if (alerts_test_list(test->suite, item, "exp_alerts", keys, &alerts))
        return UND_USAGE;
    json_array_foreach (alerts, i, alert) {
        struct labels *labels =
            alerts_test_labels(test->store, json_object_get(alert, "exp_labels"));
        push_alert(list, labels_set(test->store->pool, labels, "alertname", name),
                   alerts_test_labels(test->store, json_object_get(alert, "exp_annotations")));
    }
    sort_alerts(list);
    return UND_OK;
}

static bool same_alerts(const struct alert_list *a, const struct alert_list *b)
{
    bool same = a->n == b->n;
    for (int i = 0; i < a->n && same; i++)
        same = a->list[i].labels == b->list[i].labels &&
               a->list[i].annotations == b->list[i].annotations;
    return same;
}

static char *alerts_text(const struct alert_list *list)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    fputs("[", out);
    for (int i = 0; i < list->n; i++) {
        fprintf(out, "\n            %d:\n              Labels:", i);
        labels_write_all(list->list[i].labels, out);
        fputs("\n              Annotations:", out);
        labels_write_all(list->list[i].annotations, out);
    }
    fputs(list->n ? "\n            ]" : "]", out);
    fclose(out);
    return text;
}

static void check_alert(struct group_test *test, const json_t *item, int64_t t_ms)
{
    struct alert_list got = {NULL, 0}, want = {NULL, 0};
    const char *name = alerts_test_text(item, "alertname");
    char time[64];
    firing_alerts(test, name, &got);
    if (expected_alerts(test, item, name, &want)) {
        alerts_test_fail(test->suite, "    %s", test->suite->prom.err->text);
        *test->suite->prom.err = (struct und_err){0};
    } else if (!same_alerts(&got, &want)) {
        char *got_text = alerts_text(&got), *want_text = alerts_text(&want);
        alerts_test_fail(test->suite,
                         "%s%s%s    alertname: %s, time: %s,\n        exp:%s,\n        got:%s",
                         test->name[0] ? "    name: " : "", test->name, test->name[0] ? ",\n" : "",
                         name, promql_duration_text(t_ms, time), want_text, got_text);
        free(got_text);
        free(want_text);
    }
    free(got.list);
    free(want.list);
}

void alerts_test_alerts(struct group_test *test, int64_t t_ms)
{
    json_t *list = json_object_get(test->mapping, "alert_rule_test"), *item;
    size_t i;
    json_array_foreach (list, i, item) {
        int64_t at_ms = 0;
        prom_duration(&test->suite->prom, item, "eval_time", &at_ms);
        if (at_ms >= t_ms && at_ms < t_ms + test->suite->interval_ms)
            check_alert(test, item, at_ms);
    }
}

/* --- expressions ----------------------------------------------------------------------------- */

struct result {
    const struct labels *labels;
    double value;
    char *histogram; /* owned: its notation, NULL of a number */
};

static void free_results(struct result *list, int n)
{
    for (int i = 0; list && i < n; i++)
        free(list[i].histogram);
    free(list);
}

static char *notation_of(double value)
{
    struct arena *arena = arena_open();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    native_write_notation(arena, native_of(value), out);
    fclose(out);
    arena_close(arena);
    return text;
}

static struct result result_of(const struct labels *labels, double value)
{
    return native_is(value) ? (struct result){labels, 0, notation_of(value)}
                            : (struct result){labels, value, NULL};
}

static int by_result(const void *a, const void *b)
{
    return labels_compare(((const struct result *)a)->labels, ((const struct result *)b)->labels);
}

static char *results_text(const struct result *list, int n)
{
    char *text = NULL, number[GO_NUMBER];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    for (int i = 0; i < n; i++) {
        fputs(i ? ", " : "", out);
        labels_write_all(list[i].labels, out);
        fprintf(out, " %s",
                list[i].histogram ? list[i].histogram : go_format_exponent(list[i].value, number));
    }
    fputs(n ? "" : "nil", out);
    fclose(out);
    return text;
}

/* The digits of a whole number to that base, and nothing else. */
static bool read_whole(const char *digits, int base, double *value)
{
    char *end;
    *value = (double)strtoull(digits, &end, base);
    return isxdigit((unsigned char)*digits) && *end == '\0';
}

/* "1.5", "1.", ".5e3": not "inf", not "e3". */
static bool read_decimal(const char *digits, double *value)
{
    size_t whole = strspn(digits, "0123456789"), point = digits[whole] == '.';
    size_t part = point ? strspn(digits + whole + 1, "0123456789") : 0;
    char *end;
    *value = strtod(digits, &end);
    return whole + part > 0 && *end == '\0' && strspn(digits, "0123456789.eE+-") == strlen(digits);
}

/* A number as the YAML of Prometheus has it: 0x1f, 0b11, 0o17, 017, 1_000, .inf, -1.5e3. */
static bool read_number(const char *text, double *value)
{
    static const char *const infinities[] = {".inf", ".Inf", ".INF"};
    static const char *const none[] = {".nan", ".NaN", ".NAN"};
    char plain[64];
    size_t n = 0, digits;
    bool good;
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, none[i]) == 0 || strcmp(text + strspn(text, "+-"), infinities[i]) == 0) {
            *value = strcmp(text, none[i]) == 0 ? NAN : text[0] == '-' ? -INFINITY : INFINITY;
            return strspn(text, "+-") < 2;
        }
    }
    for (const char *c = text; *c && n + 1 < sizeof plain; c++) {
        if (*c != '_' || c == text)
            plain[n++] = *c;
    }
    plain[n] = '\0';
    digits = plain[0] == '+' || plain[0] == '-';
    if (plain[digits] == '0' && plain[digits + 1] && strchr("xbo", plain[digits + 1]))
        good = read_whole(plain + digits + 2,
                          plain[digits + 1] == 'x'   ? 16
                          : plain[digits + 1] == 'b' ? 2
                                                     : 8,
                          value);
    else if (plain[digits] == '0' && strspn(plain + digits, "01234567") == n - digits)
        good = read_whole(plain + digits, 8, value);
    else
        good = read_decimal(plain + digits, value);
    *value = plain[0] == '-' ? -*value : *value;
    return good;
}

static bool read_value(const json_t *item, double *value)
{
    *value = 0;
    return !prom_has(item, "value") || read_number(alerts_test_text(item, "value"), value);
}

/* The notation that stands for the same as the sample's; NULL, and an error, if it is none. */
static char *read_histogram(const json_t *sample, struct und_err *err)
{
    struct notation notation = {.labels = NULL};
    char *text = NULL;
    if (notation_values(&notation, alerts_test_text(sample, "histogram"), err) == UND_OK) {
        if (notation.n == 1 && notation.values[0].there && native_is(notation.values[0].value))
            text = notation_of(notation.values[0].value);
        else
            und_fail(err, UND_USAGE, "histogram: got '%.60s', want one as {{count:1 buckets:[1]}}",
                     alerts_test_text(sample, "histogram"));
    }
    notation_fini(&notation);
    return text;
}

static bool read_sample(struct group_test *test, const json_t *sample, struct result *result,
                        struct und_err *err)
{
    const char *text = alerts_test_text(sample, "labels");
    struct labels *labels;
    if (notation_labels(test->store->pool, text[strspn(text, " \t\r\n")] ? text : "{}",
                        test->suite->version, &labels, err))
        return false;
    result->labels = labels;
    if (!read_value(sample, &result->value)) {
        und_fail(err, UND_USAGE, "value: got '%.60s', want a number",
                 alerts_test_text(sample, "value"));
        return false;
    }
    if (!alerts_test_text(sample, "histogram")[0])
        return true;
    result->histogram = read_histogram(sample, err);
    return result->histogram != NULL;
}

static struct result *expected_samples(struct group_test *test, const json_t *item, int *n,
                                       struct und_err *err)
{
    json_t *list = json_object_get(item, "exp_samples"), *sample;
    struct result *want = calloc(json_array_size(list) + 1, sizeof *want);
    size_t i;
    UND_ASSERT(want != NULL);
    *n = 0;
    json_array_foreach (list, i, sample) {
        if (!read_sample(test, sample, &want[*n], err))
            break;
        ++*n;
    }
    if (*n > 1)
        qsort(want, (size_t)*n, sizeof *want, by_result);
    return want;
}

static bool same_histogram(const struct result *a, const struct result *b)
{
    return a->histogram && b->histogram ? strcmp(a->histogram, b->histogram) == 0
                                        : a->histogram == b->histogram;
}

static bool same_number(const struct suite *suite, double a, double b)
{
    if (a == b || (suite->version == PROMQL_3 && isnan(a) && isnan(b)))
        return true;
    return suite->fuzzy && fabs(a - b) <= 1e-14 * fmax(fabs(a), fabs(b));
}

static struct result *actual_samples(struct group_test *test, struct query *query, int64_t t_ms,
                                     int *n, struct und_err *err)
{
    struct value value;
    struct result *got = NULL;
    *n = 0;
    if (query_at(query, t_ms, &value, err))
        return NULL;
    if (value.type != PROMQL_SCALAR && value.type != PROMQL_VECTOR) {
        und_fail(err, UND_USAGE, "rule result is not a vector or scalar");
        return NULL;
    }
    got = calloc((size_t)value.vector.n + 1, sizeof *got);
    UND_ASSERT(got != NULL);
    if (value.type == PROMQL_SCALAR)
        got[(*n)++] = result_of(labels_none(test->store->pool), value.scalar);
    for (int i = 0; i < value.vector.n; i++)
        got[(*n)++] = result_of(value.vector.list[i].labels, value.vector.list[i].value);
    if (*n > 1)
        qsort(got, (size_t)*n, sizeof *got, by_result);
    return got;
}

static void compare_samples(struct group_test *test, const json_t *item, int64_t t_ms,
                            struct query *query, struct und_err *err)
{
    char time[64];
    int n_got, n_want = 0;
    struct result *got = actual_samples(test, query, test->start_ms + t_ms, &n_got, err);
    struct result *want = got ? expected_samples(test, item, &n_want, err) : NULL;
    bool same = n_got == n_want;
    if (err->code == UND_OK && got && want) {
        for (int i = 0; i < n_got && same; i++)
            same = got[i].labels == want[i].labels && same_histogram(&got[i], &want[i]) &&
                   same_number(test->suite, got[i].value, want[i].value);
        if (!same) {
            char *got_text = results_text(got, n_got), *want_text = results_text(want, n_want);
            alerts_test_fail(test->suite,
                             "    expr: \"%s\", time: %s,\n        exp: %s\n        got: %s",
                             alerts_test_text(item, "expr"), promql_duration_text(t_ms, time),
                             want_text, got_text);
            free(got_text);
            free(want_text);
        }
    }
    free_results(got, n_got);
    free_results(want, n_want);
}

void alerts_test_expression(struct group_test *test, const json_t *item)
{
    struct und_err err = {0};
    const char *text = alerts_test_text(item, "expr");
    struct promql *promql = promql_parse(text, test->suite->version, "parse error", &err);
    struct query *query = promql ? query_open(promql, test->store, &test->options.query) : NULL;
    int64_t t_ms = 0;
    char time[64];
    prom_duration(&test->suite->prom, item, "eval_time", &t_ms);
    if (query)
        compare_samples(test, item, t_ms, query, &err);
    if (err.code != UND_OK)
        alerts_test_fail(test->suite, "    expr: \"%s\", time: %s, err: %s", text,
                         promql_duration_text(t_ms, time), err.text);
    query_close(query);
    promql_free(promql);
}
