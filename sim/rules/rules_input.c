#include "rules_input.h"

#include "model/base/assert.h"
#include "model/rules/prom_kind.h"
#include "model/rules/prometheus_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void rules_input_fini(struct rules_input *input)
{
    while (input->n_sets > 0)
        free(input->sets[--input->n_sets]);
    rule_set_free(input->rules);
    *input = (struct rules_input){0};
}

/* "path=value", the value as JSON, which is YAML. Takes `value`. */
static void set(struct rules_input *input, const char *path, json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY), *whole;
    UND_ASSERT(text != NULL && input->n_sets < RULES_INPUT_SETS);
    UND_ASSERT(asprintf(&whole, "%s=%s", path, text) >= 0);
    input->sets[input->n_sets++] = whole;
    free(text);
    json_decref(value);
}

static enum und_code read_rules(struct rules_input *input, const json_t *files, struct und_err *err)
{
    size_t n = json_array_size(files), i;
    const char **paths = calloc(n + 1, sizeof *paths);
    json_t *file;
    enum und_code code;
    UND_ASSERT(paths != NULL);
    json_array_foreach ((json_t *)files, i, file)
        paths[i] = json_string_value(file);
    code = rule_set_read(input->rules, paths, (int)n, err);
    free(paths);
    return code;
}

static enum und_code take_config(struct rules_input *input, const char *path, struct und_err *err)
{
    struct prometheus_file file;
    enum und_code code = prometheus_file_read(&file, path, input->rules->version, err);
    if (code == UND_OK)
        code = read_rules(input, file.rule_files, err);
    prometheus_file_fini(&file);
    set(input, "fleet.monitoring.rules", json_null());
    set(input, "fleet.monitoring.edited", json_object());
    set(input, "fleet.monitoring.config", json_string(path));
    return code;
}

static enum und_code take_file(struct rules_input *input, const char *path, const char *other,
                               struct und_err *err)
{
    json_t *files;
    enum und_code code;
    switch (prom_kind_of(path)) {
    case PROM_CONFIG:
        return take_config(input, path, err);
    case PROM_ALERTMANAGER:
        set(input, "fleet.alertmanager.config", json_string(path));
        return UND_OK;
    case PROM_OTHER:
        return und_fail(err, UND_USAGE,
                        "%s: want a rule file (groups), a prometheus.yml (scrape_configs), an "
                        "alertmanager.yml (route), or a folder of these",
                        path);
    case PROM_RULES:
        break;
    }
    files = json_pack("[s]", path);
    code = read_rules(input, files, err);
    json_decref(files);
    set(input, "fleet.monitoring.edited",
        json_pack("{s:[s,s], s:s}", "files", path, other, "as", path));
    return code;
}

static bool is_rule_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot &&
           (strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0 || strcmp(dot, ".rules") == 0);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files of a folder that could be YAML, sorted; malloc'd paths. */
static int list_folder(const char *path, char ***files)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int n = 0;
    *files = NULL;
    while (folder && (entry = readdir(folder)) != NULL) {
        if (!is_rule_name(entry->d_name))
            continue;
        *files = realloc(*files, ((size_t)n + 1) * sizeof **files);
        UND_ASSERT(*files != NULL);
        UND_ASSERT(asprintf(&(*files)[n++], "%s/%s", path, entry->d_name) >= 0);
    }
    if (folder)
        closedir(folder);
    if (n > 0)
        qsort(*files, (size_t)n, sizeof **files, by_text);
    return n;
}

static enum und_code take_folder(struct rules_input *input, const char *path, struct und_err *err)
{
    char **files, *config = NULL;
    int n = list_folder(path, &files);
    json_t *rules = json_array();
    bool any = n > 0;
    enum und_code code = UND_OK;
    for (int i = 0; i < n; i++) {
        enum prom_kind kind = prom_kind_of(files[i]);
        if (kind == PROM_CONFIG && !config)
            config = files[i];
        else if (kind == PROM_ALERTMANAGER)
            set(input, "fleet.alertmanager.config", json_string(files[i]));
        else if (kind == PROM_RULES)
            json_array_append_new(rules, json_string(files[i]));
        if (kind == PROM_ALERTMANAGER && input->n_sets > 1)
            code = und_fail(err, UND_USAGE, "%s: a second alertmanager.yml", files[i]);
        if (code != UND_OK)
            break;
    }
    if (!any)
        code = und_fail(err, UND_USAGE, "%s: no *.yml, *.yaml or *.rules in it", path);
    if (code == UND_OK && config) {
        code = take_config(input, config, err);
    } else if (code == UND_OK && json_array_size(rules) > 0) {
        code = read_rules(input, rules, err);
        set(input, "fleet.monitoring.rules", json_incref(rules));
        set(input, "fleet.monitoring.edited", json_object());
    }
    while (n > 0)
        free(files[--n]);
    free(files);
    json_decref(rules);
    return code;
}

static enum und_code take(struct rules_input *input, const char *path, const char *other,
                          enum promql_version version, struct und_err *err)
{
    struct stat status;
    *input = (struct rules_input){.rules = rule_set_new()};
    input->rules->version = version;
    if (stat(path, &status) != 0)
        return und_fail(err, UND_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    return S_ISDIR(status.st_mode) ? take_folder(input, path, err)
                                   : take_file(input, path, other, err);
}

/* The fleets, which know their version, are not read yet, and refuse what is not of it. */
enum und_code rules_input_read(struct rules_input *input, const char *path, const char *other,
                               struct und_err *err)
{
    struct und_err newer = {0};
    if (take(input, path, other, PROMQL_2, err) == UND_OK)
        return UND_OK;
    rules_input_fini(input);
    if (take(input, path, other, PROMQL_3, &newer) == UND_OK)
        *err = newer;
    return err->code;
}
