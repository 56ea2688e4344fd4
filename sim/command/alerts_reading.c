#include "alerts_reading.h"
#include "left_out.h"

#include "model/base/assert.h"
#include "model/rules/prom_kind.h"
#include "reports/text/rules_print.h"
#include "reports/text/text.h"

#include <stdio.h>
#include <stdlib.h>

void alerts_reading_open(struct alerts_reading *reading, enum promql_version version)
{
    *reading = (struct alerts_reading){
        .set = rule_set_new(), .rule_files = json_array(), .problems = json_array()};
    reading->set->version = version;
}

void alerts_reading_close(struct alerts_reading *reading)
{
    rule_set_free(reading->set);
    if (reading->has_prometheus)
        prometheus_file_fini(&reading->prometheus);
    alertmanager_file_free(reading->alertmanager);
    json_decref(reading->rule_files);
    json_decref(reading->problems);
}

static void add_problem(struct alerts_reading *reading, const struct und_err *err)
{
    if (err->code != UND_OK)
        json_array_append_new(reading->problems, json_string(err->text));
}

/* One that cannot be read says nothing else of itself. */
static void take_config(struct alerts_reading *reading, const char *path, struct und_err *err)
{
    if (reading->has_prometheus)
        prometheus_file_fini(&reading->prometheus);
    reading->has_prometheus =
        prometheus_file_read(&reading->prometheus, path, reading->set->version, err) == UND_OK;
    if (!reading->has_prometheus) {
        prometheus_file_fini(&reading->prometheus);
        return;
    }
    json_array_extend(reading->rule_files, reading->prometheus.rule_files);
    json_array_extend(reading->problems, reading->prometheus.missing);
}

static void read_one(struct alerts_reading *reading, const char *path)
{
    struct und_err err = {0};
    switch (prom_kind_of(path)) {
    case PROM_OTHER:
        und_fail(&err, UND_USAGE,
                 "%s: want a rule file (groups), a prometheus.yml (scrape_configs) or an "
                 "alertmanager.yml (route)",
                 path);
        break;
    case PROM_RULES:
        json_array_append_new(reading->rule_files, json_string(path));
        break;
    case PROM_ALERTMANAGER:
        alertmanager_file_free(reading->alertmanager);
        reading->alertmanager = alertmanager_file_read(path, reading->set->version, &err);
        break;
    case PROM_CONFIG:
        take_config(reading, path, &err);
        break;
    }
    add_problem(reading, &err);
}

void alerts_reading_take(struct alerts_reading *reading, char *const *paths, int n)
{
    size_t n_files, i;
    const char **files;
    json_t *path;
    struct und_err err = {0};
    for (int j = 0; j < n; j++)
        read_one(reading, paths[j]);
    n_files = json_array_size(reading->rule_files);
    files = calloc(n_files + 1, sizeof *files);
    UND_ASSERT(files != NULL);
    json_array_foreach (reading->rule_files, i, path)
        files[i] = json_string_value(path);
    rule_set_read(reading->set, files, (int)n_files, &err);
    json_array_extend(reading->problems, reading->set->problems);
    free(files);
}

/* The one problem of a file is the error; of several it can only be the first. */
static void print_problems(FILE *out, const json_t *problems)
{
    size_t i;
    json_t *problem;
    if (json_array_size(problems) < 2)
        return;
    json_array_foreach ((json_t *)problems, i, problem) {
        if (i == RULE_FILE_PROBLEMS) {
            fprintf(out, "... and %zu more\n", json_array_size(problems) - i);
            break;
        }
        fprintf(out, "%s\n", json_string_value(problem));
    }
    fputc('\n', out);
}

static void print(FILE *out, const struct alerts_reading *reading, const struct fleet *fleet,
                  bool explain)
{
    json_t *notes = json_copy(reading->set->notes);
    print_problems(out, reading->problems);
    if (reading->has_prometheus) {
        rules_print_jobs(out, &reading->prometheus);
        json_array_extend(notes, reading->prometheus.notes);
    }
    if (explain)
        rules_print_explanation(out, reading->set, fleet);
    else if (fleet)
        rules_print_effects(out, reading->set, fleet);
    else
        rules_print_list(out, reading->set);
    if (reading->alertmanager) {
        rules_print_routes(out, reading->alertmanager);
        json_array_extend(notes, reading->alertmanager->notes);
    }
    if (!explain)
        rules_print_notes(out, notes);
    json_decref(notes);
}

/* Names and labels of rules may be anything that YAML can write, escapes of the terminal too. */
void alerts_reading_print(const struct alerts_reading *reading, const struct fleet *fleet,
                          bool explain)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    print(out, reading, fleet, explain);
    UND_ASSERT(fclose(out) == 0);
    text_lines(stdout, text);
    free(text);
}

void alerts_reading_dump(const struct alerts_reading *reading, const struct fleet *fleet)
{
    json_t *notes = json_copy(reading->set->notes);
    json_t *json = json_pack("{s:o}", "alerts", rules_json(reading->set));
    struct reach_world *world = fleet ? reach_open_set(fleet, reading->set) : NULL;
    for (int i = 0; fleet && i < reading->set->n; i++) {
        char *effect = rules_effect(reading->set, i, fleet, world);
        json_object_set_new(json_array_get(json_object_get(json, "alerts"), (size_t)i), "effect",
                            json_string(effect));
        free(effect);
    }
    reach_close(world);
    if (reading->has_prometheus) {
        json_array_extend(notes, reading->prometheus.notes);
        json_object_set_new(json, "evaluation_interval_ms",
                            json_integer(reading->prometheus.evaluation_interval_ms));
        json_object_set_new(json, "jobs", rules_jobs_json(&reading->prometheus));
    }
    if (reading->alertmanager) {
        json_array_extend(notes, reading->alertmanager->notes);
        json_object_set_new(json, "routes", rules_routes_json(reading->alertmanager));
    }
    json_object_set_new(json, "notes", notes);
    json_object_set(json, "problems", reading->problems);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

enum und_code alerts_reading_judge(const struct alerts_reading *reading, const struct fleet *fleet,
                                   bool strict, struct und_err *err)
{
    size_t n = json_array_size(reading->problems);
    const char *first = json_string_value(json_array_get(reading->problems, 0));
    int unread = strict && !fleet ? rules_count_unread(reading->set) : 0;
    if (n == 1)
        return und_fail(err, UND_USAGE, "%s", first);
    if (n > 1)
        return und_fail(err, UND_USAGE, "%.600s (and %zu more)", first, n - 1);
    if (unread > 0)
        return und_fail(err, UND_USAGE, "%d of %d alerts read what nobody exports", unread,
                        reading->set->n);
    return strict && fleet ? left_out_check(fleet->path, fleet, err) : UND_OK;
}
