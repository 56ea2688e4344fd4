#include "alerts_test_internal.h"

#include "model/base/assert.h"
#include "model/promql/gomath.h"

#include <glob.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINUTE_MS 60000
#define EVALUATIONS_MOST 10000000

void alerts_test_fail(struct suite *suite, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    json_array_append_new(suite->failures, json_string_nocheck(text));
    free(text);
}

const char *alerts_test_text(const json_t *mapping, const char *key)
{
    const char *text = json_string_value(json_object_get(mapping, key));
    return text ? text : "";
}

/* --- reading --------------------------------------------------------------------------------- */

enum und_code alerts_test_list(struct suite *suite, const json_t *mapping, const char *key,
                               const char *const *keys, json_t **list)
{
    json_t *item;
    size_t i;
    if (prom_list(&suite->prom, mapping, key, list))
        return UND_USAGE;
    json_array_foreach (*list, i, item) {
        struct spot at = doc_item(suite->prom.doc, *list, i, key);
        if (prom_mapping(&suite->prom, item, &at, keys, NULL))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code latest(struct suite *suite, const json_t *list, int64_t *last_ms)
{
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)list, i, item) {
        int64_t t_ms = 0;
        if (prom_duration(&suite->prom, item, "eval_time", &t_ms))
            return UND_USAGE;
        if (t_ms > *last_ms)
            *last_ms = t_ms;
    }
    return UND_OK;
}

/* As promtool of version 2.42 does. */
static enum und_code refuse_natives(const struct suite *suite, const char *values,
                                    struct und_err *err)
{
    const char *at = suite->version == PROMQL_3 ? NULL : strchr(values, '{');
    if (!at)
        return UND_OK;
    return und_fail(err, UND_USAGE,
                    "values: character %d: a native histogram, which version 2 has not: want "
                    "--prometheus 3",
                    (int)(at - values) + 1);
}

static enum und_code read_series(struct group_test *test, const json_t *list)
{
    size_t i;
    json_t *item;
    test->series = calloc(json_array_size(list) + 1, sizeof *test->series);
    test->loaded = calloc(json_array_size(list) + 1, sizeof *test->loaded);
    UND_ASSERT(test->series && test->loaded);
    json_array_foreach ((json_t *)list, i, item) {
        struct notation notation = {.labels = NULL};
        struct und_err err = {0};
        struct spot at = doc_member(test->suite->prom.doc, item, "series");
        int j = 0;
        if (notation_labels(test->store->pool, alerts_test_text(item, "series"),
                            test->suite->version, &notation.labels, &err) ||
            refuse_natives(test->suite, alerts_test_text(item, "values"), &err) ||
            notation_values(&notation, alerts_test_text(item, "values"), &err)) {
            notation_fini(&notation);
            return doc_fail(&at, test->suite->prom.err, "%.400s", err.text);
        }
        while (j < test->n_series && test->series[j].labels != notation.labels)
            j++;
        notation_fini(&test->series[j]); /* of two of one name the last counts */
        test->series[j] = notation;
        test->n_series += j == test->n_series;
    }
    return UND_OK;
}

static enum und_code check_samples(struct suite *suite, const json_t *list, const char *const *keys)
{
    size_t i;
    json_t *item, *samples;
    json_array_foreach ((json_t *)list, i, item) {
        if (alerts_test_list(suite, item, "exp_samples", keys, &samples))
            return UND_USAGE;
    }
    return UND_OK;
}

/* A date as 2024-01-01T00:00:00Z in seconds of the epoch; NAN if it is none. */
static double read_date(const char *text)
{
    struct tm date = {.tm_year = 0};
    const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
    char sign = '+', *end;
    int hours = 0, minutes = 0;
    double fraction = 0;
    if (at && *at == '.') {
        fraction = strtod(at, &end);
        at = end;
    }
    if (!at || (strcmp(at, "Z") != 0 && (strlen(at) != 6 || !strchr("+-", *at) ||
                                         sscanf(at, "%c%2d:%2d", &sign, &hours, &minutes) != 3)))
        return NAN;
    return (double)timegm(&date) + fraction - (sign == '-' ? -60 : 60) * (60 * hours + minutes);
}

/* In seconds of the epoch, or as a date. */
static enum und_code read_start(struct group_test *test)
{
    struct prom_reader *prom = &test->suite->prom;
    struct spot spot = doc_member(prom->doc, test->mapping, "start_timestamp");
    const char *text = alerts_test_text(test->mapping, "start_timestamp");
    double seconds = 0;
    if (!text[0])
        return UND_OK;
    if (!go_parse(text, &seconds))
        seconds = read_date(text);
    if (!(fabs(seconds) < 1e12))
        return doc_fail(&spot, prom->err,
                        "got '%.60s', want seconds, or a date as 2024-01-01T00:00:00Z", text);
    test->start_ms = llround(seconds * 1000);
    return UND_OK;
}

static enum und_code read_group_test(struct group_test *test)
{
    static const char *const keys_2[] = {
        "interval",         "input_series",    "name",         "alert_rule_test",
        "promql_expr_test", "external_labels", "external_url", NULL};
    static const char *const keys_3[] = {"interval",        "input_series",     "name",
                                         "alert_rule_test", "promql_expr_test", "external_labels",
                                         "external_url",    "start_timestamp",  NULL};
    static const char *const series[] = {"series", "values", NULL};
    static const char *const alerts[] = {"eval_time", "alertname", "exp_alerts", NULL};
    static const char *const exprs[] = {"expr", "eval_time", "exp_samples", NULL};
    static const char *const samples_2[] = {"labels", "value", NULL};
    static const char *const samples_3[] = {"labels", "value", "histogram", NULL};
    struct suite *suite = test->suite;
    const char *const *samples = suite->version == PROMQL_3 ? samples_3 : samples_2;
    const char *const *keys = suite->version == PROMQL_3 ? keys_3 : keys_2;
    struct spot spot = doc_root(suite->prom.doc, test->mapping);
    json_t *list;
    /* Version 2 has no default: all samples stand at 0, where the first counts. */
    test->interval_ms = suite->version == PROMQL_3 ? suite->interval_ms : 0;
    if (prom_mapping(&suite->prom, test->mapping, &spot, keys, NULL) || read_start(test) ||
        prom_duration(&suite->prom, test->mapping, "interval", &test->interval_ms) ||
        alerts_test_list(suite, test->mapping, "alert_rule_test", alerts, &list) ||
        latest(suite, list, &test->last_ms) ||
        alerts_test_list(suite, test->mapping, "promql_expr_test", exprs, &list) ||
        check_samples(suite, list, samples) || latest(suite, list, &test->last_ms) ||
        alerts_test_list(suite, test->mapping, "input_series", series, &list) ||
        read_series(test, list))
        return UND_USAGE;
    if (test->interval_ms <= 0)
        /* Version 2 has no default: all samples stand at 0, where the first counts. */
        test->interval_ms = suite->version == PROMQL_3 ? suite->interval_ms : 0;
    if (test->last_ms / suite->interval_ms > EVALUATIONS_MOST)
        return doc_fail(&spot, suite->prom.err, "more than %d evaluations", EVALUATIONS_MOST);
    test->name = alerts_test_text(test->mapping, "name");
    return UND_OK;
}

struct labels *alerts_test_labels(struct store *store, const json_t *mapping)
{
    struct label *list = calloc(json_object_size(mapping) + 1, sizeof *list);
    const char *name;
    json_t *value;
    struct labels *labels;
    int n = 0;
    UND_ASSERT(list != NULL);
    json_object_foreach ((json_t *)mapping, name, value)
        list[n++] = (struct label){name, json_is_string(value) ? json_string_value(value) : ""};
    labels = labels_make(store->pool, list, n);
    free(list);
    return labels;
}

static int place_of(const struct suite *suite, const char *group)
{
    size_t i;
    json_t *name;
    json_array_foreach (suite->order, i, name) {
        if (json_is_string(name) && strcmp(json_string_value(name), group) == 0)
            return (int)i;
    }
    return 0;
}

static enum und_code load_rules(struct group_test *test)
{
    struct suite *suite = test->suite;
    for (int i = 0; i < suite->n_rule_files; i++) {
        if (eval_groups_read(suite->rule_files[i], suite->version, &test->groups, &test->n_groups,
                             suite->prom.err))
            return UND_USAGE;
    }
    /* By group_eval_order, otherwise as they stand: insertion keeps the order of equals. */
    for (int i = 1; i < test->n_groups; i++) {
        struct eval_group group = test->groups[i];
        int j = i;
        for (; j > 0 && place_of(suite, test->groups[j - 1].name) > place_of(suite, group.name);
             j--)
            test->groups[j] = test->groups[j - 1];
        test->groups[j] = group;
    }
    test->options =
        (struct eval_options){.query = {.step_ms = suite->interval_ms},
                              .external_labels = alerts_test_labels(
                                  test->store, json_object_get(test->mapping, "external_labels")),
                              .external_url = alerts_test_text(test->mapping, "external_url"),
                              .version = suite->version};
    return UND_OK;
}

/* --- running --------------------------------------------------------------------------------- */

static void load_until(struct group_test *test, int64_t t_ms)
{
    for (int i = 0; i < test->n_series; i++) {
        const struct notation *series = &test->series[i];
        int *at = &test->loaded[i];
        for (; *at < series->n && *at * test->interval_ms <= t_ms; ++*at) {
            if (series->values[*at].there)
                store_append(test->store, store_series(test->store, series->labels),
                             test->start_ms + *at * test->interval_ms, series->values[*at].value);
        }
    }
}

static bool evaluate_rules(struct group_test *test, int64_t t_ms)
{
    bool good = true;
    for (int i = 0; i < test->n_groups; i++) {
        struct und_err err = {0};
        const char *name = "";
        char time[64];
        if (eval_group_run(&test->groups[i], test->store, &test->options, test->start_ms + t_ms,
                           &name, &err)) {
            alerts_test_fail(test->suite, "    rule: %s, time: %s, err: %s", name,
                             promql_duration_text(t_ms, time), err.text);
            good = false;
        }
    }
    return good;
}

static void run_group_test(struct group_test *test)
{
    json_t *list = json_object_get(test->mapping, "promql_expr_test"), *item;
    size_t i;
    json_array_foreach (json_object_get(test->mapping, "alert_rule_test"), i, item) {
        if (!alerts_test_text(item, "alertname")[0]) {
            alerts_test_fail(
                test->suite,
                "an item under alert_rule_test misses required attribute alertname at eval_time "
                "%s%s%s%s",
                alerts_test_text(item, "eval_time"), test->name[0] ? " (in TestGroup " : "",
                test->name, test->name[0] ? ")" : "");
            return;
        }
    }
    for (int64_t t_ms = 0; t_ms <= test->last_ms; t_ms += test->suite->interval_ms) {
        load_until(test, t_ms);
        if (!evaluate_rules(test, t_ms))
            return;
        alerts_test_alerts(test, t_ms);
    }
    json_array_foreach (list, i, item)
        alerts_test_expression(test, item);
}

static void group_test(struct suite *suite, const json_t *mapping)
{
    struct group_test test = {.suite = suite, .mapping = mapping, .store = store_open()};
    if (read_group_test(&test) == UND_OK && load_rules(&test) == UND_OK) {
        run_group_test(&test);
    } else {
        alerts_test_fail(suite, "    %s", suite->prom.err->text);
        *suite->prom.err = (struct und_err){0};
    }
    for (int i = 0; i < test.n_groups; i++)
        eval_group_fini(&test.groups[i]);
    for (int i = 0; i < test.n_series; i++)
        notation_fini(&test.series[i]);
    free(test.groups);
    free(test.series);
    free(test.loaded);
    store_close(test.store);
}

/* --- files ----------------------------------------------------------------------------------- */

/* Patterns as seen from the test file's folder. */
static void find_rule_files(struct suite *suite, const json_t *list)
{
    const char *slash = strrchr(suite->path, '/');
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)list, i, item) {
        const char *given = json_is_string(item) ? json_string_value(item) : "";
        char *pattern;
        glob_t found;
        int n = given[0] == '/' || !slash ? 0 : (int)(slash + 1 - suite->path);
        if (asprintf(&pattern, "%.*s%s", n, suite->path, given) < 0)
            abort();
        if (glob(pattern, 0, NULL, &found) == 0) {
            suite->rule_files =
                realloc(suite->rule_files,
                        ((size_t)suite->n_rule_files + found.gl_pathc) * sizeof *suite->rule_files);
            UND_ASSERT(suite->rule_files != NULL);
            for (size_t j = 0; j < found.gl_pathc; j++)
                suite->rule_files[suite->n_rule_files++] = strdup(found.gl_pathv[j]);
            globfree(&found);
        } else {
            json_array_append_new(suite->warnings,
                                  json_sprintf("no file match pattern %s", pattern));
        }
        free(pattern);
    }
}

static enum und_code check_order(struct suite *suite)
{
    json_t *seen = json_object(), *name;
    size_t i;
    json_array_foreach (suite->order, i, name) {
        const char *text = json_is_string(name) ? json_string_value(name) : "";
        if (json_object_get(seen, text))
            und_fail(suite->prom.err, UND_USAGE, "group name repeated in evaluation order: %.100s",
                     text);
        json_object_set_new(seen, text, json_true());
    }
    json_decref(seen);
    return suite->prom.err->code;
}

static void run_suite(struct suite *suite, const json_t *root)
{
    static const char *const keys_2[] = {"rule_files", "evaluation_interval", "group_eval_order",
                                         "tests", NULL};
    static const char *const keys_3[] = {"rule_files", "evaluation_interval", "group_eval_order",
                                         "tests",      "fuzzy_compare",       NULL};
    struct spot spot = doc_root(suite->prom.doc, root);
    json_t *list = NULL, *item;
    size_t i;
    suite->interval_ms = MINUTE_MS;
    if (prom_mapping(&suite->prom, root, &spot, suite->version == PROMQL_3 ? keys_3 : keys_2,
                     NULL) ||
        prom_duration(&suite->prom, root, "evaluation_interval", &suite->interval_ms) ||
        prom_list(&suite->prom, root, "group_eval_order", &suite->order) || check_order(suite) ||
        prom_list(&suite->prom, root, "rule_files", &list)) {
        alerts_test_fail(suite, "    %s", suite->prom.err->text);
        return;
    }
    if (suite->interval_ms <= 0)
        suite->interval_ms = MINUTE_MS;
    suite->fuzzy = strcmp(alerts_test_text(root, "fuzzy_compare"), "true") == 0;
    find_rule_files(suite, list);
    if (prom_list(&suite->prom, root, "tests", &list))
        alerts_test_fail(suite, "    %s", suite->prom.err->text);
    json_array_foreach (list, i, item)
        group_test(suite, item);
}

bool alerts_test_file(const char *path, enum promql_version version, json_t *failures,
                      json_t *warnings)
{
    struct doc doc;
    struct und_err err = {0};
    struct suite suite = {.path = path,
                          .prom = {.doc = &doc, .err = &err},
                          .version = version,
                          .failures = failures,
                          .warnings = warnings};
    json_t *root = NULL;
    size_t before = json_array_size(failures);
    doc_init(&doc);
    doc.foreign = true;
    if (doc_load(&doc, path, &root, &err))
        alerts_test_fail(&suite, "    %s", err.text);
    else if (json_is_object(root))
        run_suite(&suite, root);
    for (int i = 0; i < suite.n_rule_files; i++)
        free(suite.rule_files[i]);
    free(suite.rule_files);
    json_decref(root);
    doc_fini(&doc);
    return json_array_size(failures) == before;
}
