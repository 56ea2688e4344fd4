/* The table of an expectation: a metric, a statistic of it, and how it must compare. */
#include "model/base/units.h"
#include "spec_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum und_code unknown_metric(struct spec *spec, json_t *value, const struct spot *spot)
{
    const char *names[METRIC_COUNT + 1] = {NULL};
    int i;
    for (i = 0; i < METRIC_COUNT; i++)
        names[i] = metric_name((enum metric)i);
    return spec_name(spec, value, spot, names) < 0 ? UND_USAGE : UND_OK;
}

/* A metric, or a facet of it, which is measured from now on. */
static enum und_code read_metric(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    struct expect *expect = base;
    const char *text = json_string_value(value);
    char why[FACET_WHY], shown[DOC_SHOWN];
    struct facet facet;
    (void)field;
    if (text == NULL || (strpbrk(text, "[<=>") == NULL && metric_by_name(text) == METRIC_COUNT))
        return unknown_metric(spec, value, spot);
    if (!facet_parse(&facet, text, why) ||
        (!spec->broken && !facet_place(&facet, spec->fleet, why)))
        return doc_fail(spot, spec->err, "got %s, %s", doc_show(spec->doc, value, shown), why);
    expect->metric = facet.metric;
    if (facet_is_metric(&facet))
        return UND_OK;
    expect->facet = scenario_facet(spec->scenario, &facet);
    if (expect->facet == 0)
        return doc_fail(spot, spec->err, "got more than %d different ones", SCENARIO_FACETS);
    return UND_OK;
}

enum und_code spec_read_measures(struct spec *spec, const struct field *field, void *base,
                                 json_t *value, const struct spot *spot)
{
    json_t *item;
    size_t i;
    (void)base;
    if (!json_is_array(value))
        return spec_refuse(spec, spot, value, "a list, e.g. ['queue_wait[class=build]']");
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, field->key);
        struct expect expect = {.metric = METRIC_COUNT};
        if (read_metric(spec, field, &expect, item, &at) != UND_OK)
            return UND_USAGE;
        if (expect.facet == 0)
            return spec_refuse(spec, &at, item,
                               "a part of a metric: all of each is measured in any case");
    }
    return UND_OK;
}

/* ---- the schema ---- */

/* "(queue_wait|queue_wait_ms|...)": of the metrics of that unit, or of all, that have facets. */
static void put_names(FILE *out, bool all, enum unit unit)
{
    const char *before = "(";
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        const char *name = metric_name((enum metric)i);
        if (metric_parts((enum metric)i) == 0 || !(all || metric_unit((enum metric)i) == unit))
            continue;
        if (metric_unit((enum metric)i) == UNIT_MS)
            fprintf(out, "%s%.*s", before, (int)(strlen(name) - strlen("_ms")), name), before = "|";
        fprintf(out, "%s%s", before, name);
        before = "|";
    }
    fputs(")", out);
}

/* Facets whose values are of the unit: those of its metrics, and shares beyond a limit. */
static json_t *facet_schema(bool all, enum unit unit)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_t *schema;
    if (out == NULL)
        return NULL;
    fputs("^ *", out);
    put_names(out, all, unit);
    fputs(" *\\[.*\\] *$", out);
    if (all || unit == UNIT_SHARE) {
        fputs("|^ *", out);
        put_names(out, true, unit);
        fputs(" *(\\[.*\\])? *>[^\\]]*$", out);
    }
    fclose(out);
    schema = json_pack("{s:s, s:s}", "type", "string", "pattern", text);
    free(text);
    return schema;
}

json_t *spec_measures_schema(void)
{
    return json_pack("{s:s, s:o}", "type", "array", "items", facet_schema(true, UNIT_MS));
}

/* Both names of each; or a facet. */
static json_t *metric_schema(void)
{
    json_t *names = json_array();
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        const char *name = metric_name((enum metric)i);
        json_array_append_new(names, json_string(name));
        if (metric_unit((enum metric)i) == UNIT_MS)
            json_array_append_new(names, json_stringn(name, strlen(name) - strlen("_ms")));
    }
    return json_pack("{s:[{s:o}, o]}", "anyOf", "enum", names, facet_schema(true, UNIT_MS));
}

/* p95, 0.95 or 95%. */
static enum und_code read_quantile(struct spec *spec, const struct field *field, void *base,
                                   json_t *value, const struct spot *spot)
{
    struct expect *expect = base;
    const char *text = json_string_value(value);
    char hint[UNITS_HINT], *end;
    double quantile = json_number_value(value);
    bool good = json_is_number(value);
    (void)field;
    if (text != NULL && *text == 'p' && text[1] >= '0' && text[1] <= '9') {
        quantile = strtod(text + 1, &end) / 100;
        good = *end == '\0';
    } else if (text != NULL) {
        good = units_share(text, &quantile, hint);
    }
    if (!good || !(quantile >= 0 && quantile <= 1))
        return spec_refuse(spec, spot, value, "e.g. p95, 0.95 or 95%");
    expect->statistic = STATISTIC_QUANTILE;
    expect->quantile = quantile;
    return UND_OK;
}

static enum und_code read_statistic(struct spec *spec, const struct field *field, void *base,
                                    json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value);
    if (text == NULL || strcmp(text, "mean") != 0)
        return read_quantile(spec, field, base, value, spot);
    return UND_OK;
}

static enum und_code read_mean(struct spec *spec, const struct field *field, void *base,
                               json_t *value, const struct spot *spot)
{
    (void)field, (void)base;
    return json_is_true(value) ? UND_OK
                               : spec_refuse(spec, spot, value, "true, or a quantile instead");
}

/* By the unit of the metric, which is read before. */
static enum und_code read_limit(struct spec *spec, const struct field *field, void *base,
                                json_t *value, const struct spot *spot)
{
    static const struct field share = {.kind = FIELD_SHARE, AT(struct expect, value), RANGE(0, 1)};
    static const struct field number = {
        .kind = FIELD_NUMBER, AT(struct expect, value), RANGE(0, 1e12)};
    struct expect *expect = base;
    (void)field;
    if (expect->metric == METRIC_COUNT)
        return UND_USAGE; /* its error is noted */
    switch (expect->facet > 0 ? facet_unit(&spec->scenario->facets[expect->facet - 1])
                              : metric_unit(expect->metric)) {
    case UNIT_MS:
        return spec_duration(spec, value, spot, 0, SPEC_MOMENT_MAX, &expect->value);
    case UNIT_SHARE:
        return spec_read_field(spec, &share, base, value, spot);
    case UNIT_COUNT:
        break;
    }
    return spec_read_field(spec, &number, base, value, spot);
}

#define QUANTILE_SCHEMA                                                                            \
    "anyOf: [{type: string, pattern: '^p(100|[0-9]{1,2}([.][0-9]*)?)$'}, {$ref: "                  \
    "'#/$defs/SHARE'}]"

static const struct field expect_fields[] = {
    {.key = "metric",
     .kind = FIELD_CUSTOM,
     .read = read_metric,
     .required = true,
     .make_schema = metric_schema,
     .help = "what is judged; _ms may be left out; a part of it: queue_wait[class=NAME], "
             "queue_wait[host=NAME], queue_wait > 5min, queue_length[down=any], queue_length > 10, "
             "utilization[host=NAME] > 90%"},
    {.key = "mean",
     .kind = FIELD_CUSTOM,
     .read = read_mean,
     .schema = "{const: true}",
     .help = "judge the mean over replications (this is what happens without quantile)"},
    {.key = "quantile",
     .kind = FIELD_CUSTOM,
     .read = read_quantile,
     .schema = "{" QUANTILE_SCHEMA "}",
     .help = "judge a quantile: p95, 0.95 or 95%"},
    {.key = "statistic",
     .kind = FIELD_CUSTOM,
     .read = read_statistic,
     .schema = "{anyOf: [{const: mean}, {" QUANTILE_SCHEMA "}]}",
     .help = "mean, or a quantile"},
    {.key = "op",
     .kind = FIELD_ENUM,
     AT(struct expect, op),
     .names = scenario_ops,
     .required = true,
     .help = "how it must compare"},
    {.key = "value",
     .kind = FIELD_CUSTOM,
     .read = read_limit,
     .required = true,
     .schema = "{type: [string, number]}",
     .help = "with what: a duration, share or number, as the metric is one"},
    {.key = NULL},
};

static void init_expect(void *base)
{
    struct expect *expect = base;
    memset(expect, 0, sizeof *expect);
    expect->metric = METRIC_COUNT;
}

static enum und_code check_expect(struct spec *spec, void *base, json_t *mapping,
                                  const struct spot *whole)
{
    struct expect *expect = base;
    const char *given = NULL, *const keys[] = {"mean", "quantile", "statistic"};
    size_t i;
    expect->line = whole->line;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct spot spot = spec_spot(spec, mapping, keys[i], whole);
        if (json_object_get(mapping, keys[i]) == NULL)
            continue;
        if (given != NULL)
            return doc_fail(&spot, spec->err, "%s is given already, want one of them", given);
        given = keys[i];
    }
    return UND_OK;
}

/* One statistic; and the limit is of the metric's unit. */
static json_t *expect_rules(void)
{
    static const struct {
        enum unit unit;
        const char *schema;
    } units[] = {{UNIT_MS, "DURATION"}, {UNIT_SHARE, "SHARE"}};
    json_t *all = json_array(), *pairs = json_array();
    const char *const keys[] = {"mean", "quantile", "statistic"};
    size_t i;
    int m;
    for (i = 0; i < 3; i++)
        json_array_append_new(pairs,
                              json_pack("{s:[s, s]}", "required", keys[i], keys[(i + 1) % 3]));
    json_array_append_new(all, json_pack("{s:{s:o}}", "not", "anyOf", pairs));
    for (i = 0; i < sizeof units / sizeof *units; i++) {
        json_t *names = json_array();
        for (m = 0; m < METRIC_COUNT; m++) {
            const char *name = metric_name((enum metric)m);
            if (metric_unit((enum metric)m) != units[i].unit)
                continue;
            json_array_append_new(names, json_string(name));
            if (units[i].unit == UNIT_MS)
                json_array_append_new(names, json_stringn(name, strlen(name) - strlen("_ms")));
        }
        json_array_append_new(
            all, json_pack("{s:{s:{s:{s:[{s:o}, o]}}}, s:{s:{s:{s:s+}}}}", "if", "properties",
                           "metric", "anyOf", "enum", names, facet_schema(false, units[i].unit),
                           "then", "properties", "value", "$ref", "#/$defs/", units[i].schema));
    }
    return json_pack("{s:o}", "allOf", all);
}

const struct table spec_expect = {
    .name = "expect",
    .help = "what must hold, or the test fails",
    .fields = expect_fields,
    .init = init_expect,
    .check = check_expect,
    .make_rules = expect_rules,
};
