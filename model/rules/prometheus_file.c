#include "prometheus_file.h"

#include "model/base/assert.h"
#include "prom_doc.h"
#include "prom_schema.h"
#include "prometheus_targets.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    UND_ASSERT(copy != NULL);
    return copy;
}

/* --- times ----------------------------------------------------------------------------------- */

static enum und_code check_times(const struct prom_reader *reader, const json_t *mapping,
                                 int64_t interval_ms, int64_t *timeout_ms)
{
    struct spot at = doc_member(reader->doc, mapping, "scrape_timeout");
    if (*timeout_ms <= interval_ms)
        return UND_OK;
    if (prom_has(mapping, "scrape_timeout"))
        return doc_fail(&at, reader->err, "got more than scrape_interval");
    *timeout_ms = interval_ms; /* the default is cut, as Prometheus does */
    return UND_OK;
}

/* 0 is the default, as there. */
static enum und_code read_time(const struct prom_reader *reader, const json_t *mapping,
                               const char *key, int64_t fallback_ms, int64_t *ms)
{
    *ms = fallback_ms;
    if (prom_duration(reader, mapping, key, ms))
        return UND_USAGE;
    if (*ms == 0)
        *ms = fallback_ms;
    return UND_OK;
}

static enum und_code read_external_labels(const struct prom_reader *reader, const json_t *global,
                                          struct prometheus_file *file)
{
    const json_t *labels = json_object_get(global, "external_labels");
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)labels, name, value) {
        if (json_is_string(value))
            json_object_set(file->external_labels, name, value);
    }
    return prom_label_names(reader, labels);
}

static enum und_code read_global(const struct prom_reader *reader, const json_t *root,
                                 struct prometheus_file *file)
{
    const json_t *global = json_object_get(root, "global");
    if (read_time(reader, global, "scrape_interval", 60000, &file->scrape_interval_ms) ||
        read_time(reader, global, "scrape_timeout", 10000, &file->scrape_timeout_ms) ||
        read_time(reader, global, "evaluation_interval", 60000, &file->evaluation_interval_ms) ||
        read_external_labels(reader, global, file))
        return UND_USAGE;
    return check_times(reader, global, file->scrape_interval_ms, &file->scrape_timeout_ms);
}

/* --- scrape jobs ----------------------------------------------------------------------------- */

static enum und_code take_name(const struct prom_reader *reader, struct prometheus_file *file,
                               const struct spot *spot, const char *name)
{
    if (json_object_get(file->job_names, name))
        return doc_fail(spot, reader->err, "a second scrape job of the name '%.100s'", name);
    json_object_set_new(file->job_names, name, json_true());
    return UND_OK;
}

static enum und_code read_job(const struct prom_reader *reader, const json_t *mapping,
                              const struct spot *spot, struct prometheus_file *file)
{
    static const char *const unused[] = {"metric_relabel_configs",
                                         "honor_labels",
                                         "honor_timestamps",
                                         "sample_limit",
                                         "target_limit",
                                         "label_limit",
                                         NULL};
    const char *name = json_string_value(json_object_get(mapping, "job_name"));
    const char *scheme = json_string_value(json_object_get(mapping, "scheme"));
    struct job_reader job = {
        .prom = reader, .mapping = mapping, .scheme = scheme ? scheme : "http"};
    struct relabel *checked = NULL;
    enum und_code code;
    if (take_name(reader, file, spot, name))
        return UND_USAGE;
    file->jobs = realloc(file->jobs, ((size_t)file->n_jobs + 1) * sizeof *file->jobs);
    UND_ASSERT(file->jobs != NULL);
    job.job = &file->jobs[file->n_jobs++];
    *job.job = (struct prometheus_job){.name = copy_text(name)};
    snprintf(job.job->job.name, sizeof job.job->job.name, "%.*s", JOB_NAME - 1, name);
    prom_note_unused(reader, mapping, unused);
    if (relabel_read(reader, mapping, "metric_relabel_configs", &checked))
        return UND_USAGE;
    relabel_free(checked);
    if (read_time(reader, mapping, "scrape_interval", file->scrape_interval_ms,
                  &job.job->job.interval_ms) ||
        read_time(reader, mapping, "scrape_timeout", file->scrape_timeout_ms,
                  &job.job->job.timeout_ms) ||
        check_times(reader, mapping, job.job->job.interval_ms, &job.job->job.timeout_ms) ||
        relabel_read(reader, mapping, "relabel_configs", &job.relabel))
        return UND_USAGE;
    code = prometheus_targets_read(&job);
    relabel_free(job.relabel);
    return code;
}

static enum und_code read_jobs(const struct prom_reader *reader, const json_t *root,
                               struct prometheus_file *file)
{
    const json_t *jobs = json_object_get(root, "scrape_configs");
    json_t *item;
    size_t i;
    json_array_foreach ((json_t *)jobs, i, item) {
        struct spot spot = doc_item(reader->doc, jobs, i, "scrape_configs");
        if (read_job(reader, item, &spot, file))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code read_scrape_file(const struct prom_reader *from, const char *path,
                                      struct prometheus_file *file)
{
    struct doc doc;
    struct prom_reader reader = *from;
    json_t *root = NULL;
    enum und_code code;
    reader.doc = &doc;
    doc_init(&doc);
    doc.foreign = true;
    code = doc_load(&doc, path, &root, reader.err);
    if (code == UND_OK) {
        struct spot spot = doc_root(&doc, root);
        code = prom_schema_check(&reader, "scrape_files", root, &spot);
    }
    if (code == UND_OK)
        code = read_jobs(&reader, root, file);
    json_decref(root);
    doc_fini(&doc);
    return code;
}

/* --- files that it names --------------------------------------------------------------------- */

/* Prometheus allows one asterisk in a pattern's last part. */
static bool is_pattern(const char *text)
{
    const char *star = strchr(text, '*');
    return !star || (!strchr(star + 1, '*') && !strchr(star + 1, '/'));
}

/* The files of a pattern, appended to `paths`; what is not there is a text of `missing`. */
static enum und_code read_patterns(const struct prom_reader *reader, const json_t *root,
                                   const char *key, json_t *paths, json_t *missing)
{
    const json_t *patterns = json_object_get(root, key);
    json_t *item;
    size_t i;
    json_array_foreach ((json_t *)patterns, i, item) {
        struct spot spot = doc_item(reader->doc, patterns, i, key);
        const char *pattern = json_string_value(item);
        char path[2 * DOC_PATH];
        glob_t found;
        if (!pattern || !is_pattern(pattern))
            return doc_fail(&spot, reader->err,
                            "got '%.100s', want a path, or a pattern with * in "
                            "its last part",
                            pattern ? pattern : "nothing");
        prometheus_resolve(&spot, pattern, path);
        if (glob(path, 0, NULL, &found) == 0) {
            for (size_t j = 0; j < found.gl_pathc; j++)
                json_array_append_new(paths, json_string(found.gl_pathv[j]));
            globfree(&found);
        } else if (!strpbrk(pattern, "*?[")) { /* a pattern may match nothing */
            struct und_err err = {0};
            doc_fail(&spot, &err, "%s: cannot be read", path);
            json_array_append_new(missing, json_string(err.text));
        }
    }
    return UND_OK;
}

static enum und_code read_scrape_files(const struct prom_reader *reader, const json_t *root,
                                       struct prometheus_file *file)
{
    json_t *paths = json_array(), *path;
    enum und_code code = read_patterns(reader, root, "scrape_config_files", paths, file->missing);
    size_t i;
    json_array_foreach (paths, i, path) {
        if (code == UND_OK)
            code = read_scrape_file(reader, json_string_value(path), file);
    }
    json_decref(paths);
    return code;
}

/* Without relabeling an Alertmanager's address is no URL. */
static enum und_code check_servers(const struct prom_reader *reader, const json_t *server)
{
    json_t *groups = json_object_get(server, "static_configs"), *group, *target;
    size_t i, j;
    json_array_foreach (groups, i, group) {
        const json_t *targets = json_object_get(group, "targets");
        json_array_foreach ((json_t *)targets, j, target) {
            struct spot spot = doc_item(reader->doc, targets, j, "targets");
            if (strchr(json_string_value(target) ? json_string_value(target) : "", '/'))
                return doc_fail(&spot, reader->err, "got '%.100s', want host:port, no URL",
                                json_string_value(target));
        }
    }
    return UND_OK;
}

/* Of the servers that samples are written to, or read from: no two of one name. */
static enum und_code check_remote(const struct prom_reader *reader, const json_t *root,
                                  const char *key)
{
    const json_t *list = json_object_get(root, key);
    json_t *names = json_object(), *item;
    enum und_code code = UND_OK;
    size_t i;
    json_array_foreach ((json_t *)list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, key);
        const char *name = json_string_value(json_object_get(item, "name"));
        if (code == UND_OK && name && json_object_get(names, name))
            code = doc_fail(&spot, reader->err, "a second one of the name '%.100s'", name);
        if (name && *name)
            json_object_set_new(names, name, json_true());
    }
    json_decref(names);
    return code;
}

static enum und_code read_alerting(const struct prom_reader *reader, const json_t *root,
                                   struct prometheus_file *file)
{
    const json_t *alerting = json_object_get(root, "alerting");
    const json_t *servers = json_object_get(alerting, "alertmanagers");
    json_t *server;
    size_t i;
    json_array_foreach ((json_t *)servers, i, server) {
        static const char *const unused[] = {"alert_relabel_configs", NULL};
        struct relabel *checked;
        prom_note_unused(reader, server, unused);
        if (relabel_read(reader, server, "relabel_configs", &checked) ||
            (!checked && check_servers(reader, server)))
            return UND_USAGE;
        relabel_free(checked);
    }
    return relabel_read(reader, alerting, "alert_relabel_configs", &file->alert_relabel);
}

static enum und_code read_root(const struct prom_reader *reader, const json_t *root,
                               struct prometheus_file *file)
{
    static const char *const unused[] = {"runtime",     "storage", "tracing", "remote_write",
                                         "remote_read", "otlp",    NULL};
    struct spot spot = doc_root(reader->doc, root);
    if (prom_schema_check(reader, "prometheus", root, &spot) || read_global(reader, root, file) ||
        read_jobs(reader, root, file) || read_scrape_files(reader, root, file) ||
        read_alerting(reader, root, file) || check_remote(reader, root, "remote_write") ||
        check_remote(reader, root, "remote_read"))
        return UND_USAGE;
    prom_note_unused(reader, root, unused);
    return read_patterns(reader, root, "rule_files", file->rule_files, file->missing);
}

enum und_code prometheus_file_read(struct prometheus_file *file, const char *path,
                                   enum promql_version version, struct und_err *err)
{
    struct doc doc;
    struct prom_reader reader = {.doc = &doc, .err = err, .version = version};
    json_t *root = NULL;
    enum und_code code;
    *file = (struct prometheus_file){.rule_files = json_array(),
                                     .missing = json_array(),
                                     .job_names = json_object(),
                                     .external_labels = json_object(),
                                     .notes = json_array()};
    reader.notes = file->notes;
    doc_init(&doc);
    doc.foreign = true;
    code = doc_load(&doc, path, &root, err);
    if (code == UND_OK)
        code = read_root(&reader, root, file);
    json_decref(root);
    doc_fini(&doc);
    return code;
}

void prometheus_file_fini(struct prometheus_file *file)
{
    for (int i = 0; i < file->n_jobs; i++) {
        struct prometheus_job *job = &file->jobs[i];
        for (int j = 0; j < job->n_targets; j++) {
            free(job->targets[j].address);
            json_decref(job->targets[j].labels);
        }
        free(job->targets);
        free(job->name);
        free(job->discovers);
    }
    free(file->jobs);
    json_decref(file->rule_files);
    json_decref(file->missing);
    json_decref(file->job_names);
    json_decref(file->external_labels);
    json_decref(file->notes);
    relabel_free(file->alert_relabel);
    *file = (struct prometheus_file){0};
}

/* --- alerts ---------------------------------------------------------------------------------- */

json_t *prometheus_file_send(const struct prometheus_file *file, json_t *labels)
{
    json_object_update_missing(labels, file->external_labels);
    if (relabel_apply(file->alert_relabel, labels))
        return labels;
    json_decref(labels);
    return NULL;
}
