/*
 * What the schema says and what the loader says agree, on every file of tests/invalid, tests/valid
 * and scenarios: an editor must not call good what the program refuses, nor the other way round.
 * What no JSON Schema can say stands in a table, with its reason.
 */
#include "model/file/doc.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/schema_check.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static const char other_file[] = "it is about another file", others[] = "it is about other values",
                  text[] = "it is about the text, not its value";

/* Refused by the loader, and fine for the schema. */
static const struct {
    const char *name, *reason;
} beyond_schema[] = {
    {"chain-1.yaml", other_file},
    {"cycle-2.yaml", other_file},
    {"cycle.yaml", other_file},
    {"names-itself.yaml", other_file},
    {"no-such-fleet.yaml", other_file},
    {"path-with-newline.yaml", other_file},
    {"fleet-of-other-shape.yaml", other_file},
    {"empirical-column.yaml", other_file},
    {"trace-bad-header.yaml", other_file},
    {"trace-cut-short.yaml", other_file},
    {"trace-negative.yaml", other_file},
    {"trace-no-jobs.yaml", other_file},
    {"trace-not-numeric.yaml", other_file},
    {"trace-too-precise.yaml", other_file},
    {"trace-unknown-class.yaml", other_file},
    {"trace-unsorted.yaml", other_file},
    {"duplicate-host.yaml", others},
    {"needs-nobody.yaml", others},
    {"needs-itself.yaml", others},
    {"jobs-of-some.yaml", others},
    {"jobs-and-fan-out.yaml", others},
    {"jobs-of-a-trace.yaml", others},
    {"duplicate-rule.yaml", others},
    {"metric-of-a-host.yaml", others},
    {"metric-of-the-fleet.yaml", others},
    {"metric-twice.yaml", others},
    {"metric-instance.yaml", others},
    {"metric-label.yaml", text},
    {"fault-after-end.yaml", others},
    {"fault-same-target-twice.yaml", others},
    {"p95-below-p50.yaml", others},
    {"ignore-without-files.yaml", others},
    {"timeout-over-interval.yaml", others},
    {"too-many-slots-lost.yaml", others},
    {"unknown-host.yaml", others},
    {"measure-unknown-class.yaml", others},
    {"measure-unknown-host.yaml", others},
    {"measure-no-number.yaml", text},
    {"warmup-over-duration.yaml", others},
    {"zero-weights.yaml", others},
    {"overflow.yaml", text},
    {"too-fine.yaml", text},
    {"too-long.yaml", text},
    {"units-out-of-order.yaml", text},
};

static const char *beyond(const char *name)
{
    size_t i;
    for (i = 0; i < sizeof beyond_schema / sizeof *beyond_schema; i++)
        if (strcmp(beyond_schema[i].name, name) == 0)
            return beyond_schema[i].reason;
    return NULL;
}

static json_t *schema;

/* Both about one file; a file that cannot be parsed is nothing to the schema. */
static void compare(const char *folder, const char *name, int *compared)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_err err = {0}, unread = {0};
    char path[300], why[128];
    json_t *value = NULL;
    struct doc doc;
    bool loads, fits;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    doc_init(&doc);
    if (doc_load(&doc, path, &value, &unread) == UND_OK) {
        loads = scenario_load(scenario, path, NULL, 0, &err) == UND_OK;
        fits = schema_check(schema, value, why);
        if (beyond(name))
            ck_assert_msg(fits && !loads, "%s: the schema can say it after all", path);
        else
            ck_assert_msg(fits == loads, "%s: the schema: %s; the loader: %s", path,
                          fits ? "good" : why, loads ? "good" : err.text);
        ck_assert_msg(loads || strcmp(folder, "tests/invalid") == 0, "%s", err.text);
        if (loads)
            scenario_fini(scenario);
        ++*compared;
    }
    json_decref(value);
    doc_fini(&doc);
    free(scenario);
}

static int compare_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int compared = 0;
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".json") == 0))
            compare(folder, entry->d_name, &compared);
    }
    closedir(dir);
    return compared;
}

START_TEST(schema_and_loader_agree_on_every_file)
{
    schema = loader_schema();
    ck_assert_int_gt(compare_folder("tests/invalid"), 60);
    ck_assert_int_gt(compare_folder("tests/valid"), 3);
    ck_assert_int_gt(compare_folder("scenarios"), 15);
    json_decref(schema);
}
END_TEST

/* The seven that a new user's editor called good, each as an edit of a good file. */
START_TEST(what_the_program_refuses_is_marked)
{
    static const char *const wrong[] = {
        ("    arrivals: {rate: 10/d, profile: [1, 2, 3, 4, 5, 6, 7]}\n    classes: [{name: x, "
         "duration: 5min}]\n"),
        "    arrivals: {rate: 10/d, amplitude: 150%}\n    classes: [{name: x, duration: 5min}]\n",
        "    arrivals: {rate: 10/d}\n",
        "    arrivals: {rate: 10/d}\n    classes: []\n",
        "    arrivals: {rate: 0/d}\n    classes: [{name: x, duration: 5min}]\n",
        "    arrivals: {kind: renewal, rate: 10/d}\n    classes: [{name: x, duration: 5min}]\n",
        "    arrivals: {rate: 10/d}\n    classes: [{name: x, duration: -5min}]\n"};
    size_t i;
    schema = loader_schema();
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct scenario *scenario = calloc(1, sizeof *scenario);
        struct und_err err = {0};
        char file[600], why[128];
        json_t *value = NULL;
        struct doc doc;
        snprintf(file, sizeof file, "fleet:\n  hosts: [{name: A, slots: 2}]\n  workload:\n%s",
                 wrong[i]);
        doc_init(&doc);
        ck_assert_int_eq(doc_parse(&doc, DOC_FILE, "x", file, strlen(file), &value, &err), UND_OK);
        ck_assert_msg(!schema_check(schema, value, why), "%s: good for the schema", wrong[i]);
        ck_assert_int_eq(scenario_parse(scenario, "x", file, strlen(file), &err), UND_USAGE);
        json_decref(value);
        doc_fini(&doc);
        free(scenario);
    }
    json_decref(schema);
}
END_TEST

static const json_t *property(const char *def, const char *key)
{
    const json_t *table = json_object_get(json_object_get(schema, "$defs"), def);
    const json_t *found = json_object_get(json_object_get(table, "properties"), key);
    ck_assert_msg(found != NULL, "%s.%s is not in the schema", def, key);
    return found;
}

/* Every $ref of `value` points at a definition; every property has a description. */
static void check_schema(const json_t *defs, const json_t *value)
{
    const char *key, *ref = json_string_value(json_object_get(value, "$ref"));
    json_t *below;
    size_t i;
    if (ref != NULL) {
        ck_assert_int_eq(strncmp(ref, "#/$defs/", 8), 0);
        ck_assert_msg(json_is_object(json_object_get(defs, ref + 8)), "%s is not defined", ref);
    }
    /* Rules (if, then ...) say things about properties that are described elsewhere. */
    if (json_is_string(json_object_get(value, "description")))
        json_object_foreach (json_object_get(value, "properties"), key, below)
            ck_assert_msg(json_is_string(json_object_get(below, "description")), "%s: no help",
                          key);
    json_object_foreach ((json_t *)value, key, below)
        check_schema(defs, below);
    json_array_foreach ((json_t *)value, i, below)
        check_schema(defs, below);
}

START_TEST(schema_knows_every_section_and_default)
{
    schema = loader_schema();
    ck_assert_str_eq(json_string_value(json_object_get(schema, "$schema")),
                     "https://json-schema.org/draft/2020-12/schema");
    ck_assert_str_eq(json_string_value(json_object_get(property("github", "lock"), "default")),
                     "10min");
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(property("github", "pickup"), "default"), "p95")),
                     "8s");
    ck_assert_int_eq(json_integer_value(json_object_get(property("host", "slots"), "maximum")),
                     256);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(schema, "required"), 0)),
                     "fleet");
    property("rule", "keep_firing_for");
    property("DIST", "column");
    property("fault", "error_rate");
    property("expect", "quantile");
    property("guard", "max_failovers_per_hour");
    check_schema(json_object_get(schema, "$defs"), schema);
    json_decref(schema);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("schema");
    TCase *tests = tcase_create("schema");
    tcase_add_test(tests, schema_and_loader_agree_on_every_file);
    tcase_add_test(tests, what_the_program_refuses_is_marked);
    tcase_add_test(tests, schema_knows_every_section_and_default);
    suite_add_tcase(suite, tests);
    return suite;
}
