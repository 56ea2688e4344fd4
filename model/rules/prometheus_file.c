#include "prometheus_file.h"

#include "model/base/assert.h"
#include "prom_doc.h"
#include "prom_schema.h"

#include <ctype.h>
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

/* `path` as seen from the folder of the file that names it. */
static void resolve(const struct spot *spot, const char *path, char out[2 * DOC_PATH])
{
    const char *slash = strrchr(spot->file, '/');
    int folder = *path == '/' || !slash ? 0 : (int)(slash - spot->file) + 1;
    snprintf(out, 2 * DOC_PATH, "%.*s%.*s", folder, spot->file, DOC_PATH - 1, path);
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
    json_object_foreach((json_t *)labels, name, value)
    {
        struct spot spot = doc_member(reader->doc, labels, name);
        if (!promql_is_label(name))
            return doc_fail(&spot, reader->err, "no valid name of a label");
        if (json_is_string(value))
            json_object_set(file->external_labels, name, value);
    }
    return UND_OK;
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

/* --- targets --------------------------------------------------------------------------------- */

/* A job while it is read. */
struct job_reader {
    const struct prom_reader *prom;
    const json_t *mapping;
    struct prometheus_job *job;
    struct relabel *relabel; /* owned */
    const char *scheme;
};

static void set_default(json_t *labels, const char *name, const char *value)
{
    if (!json_object_get(labels, name))
        json_object_set_new(labels, name, json_string(value));
}

/* What a target carries before relabeling (scrape/target.go, PopulateLabels). */
static json_t *raw_labels(const struct job_reader *reader, const char *address,
                          const json_t *of_group)
{
    json_t *labels = json_object(), *params = json_object_get(reader->mapping, "params"), *value;
    const char *path = json_string_value(json_object_get(reader->mapping, "metrics_path"));
    const char *name;
    json_object_set_new(labels, "__address__", json_string(address));
    json_object_foreach((json_t *)of_group, name, value)
    {
        if (json_is_string(value))
            json_object_set(labels, name, value);
    }
    set_default(labels, "job", reader->job->name);
    set_default(labels, "__metrics_path__", path ? path : "/metrics");
    set_default(labels, "__scheme__", reader->scheme);
    json_object_foreach(params, name, value)
    {
        const char *first = json_string_value(json_array_get(value, 0));
        char param[256];
        snprintf(param, sizeof param, "__param_%.200s", name);
        if (first)
            set_default(labels, param, first);
    }
    return labels;
}

/* Prometheus 2 adds the scheme's port to an address without one. */
static void add_port(json_t *labels)
{
    const char *address = json_string_value(json_object_get(labels, "__address__"));
    const char *scheme = json_string_value(json_object_get(labels, "__scheme__"));
    const char *port = strrchr(address, ':');
    char with_port[DOC_PATH];
    bool has = port && port[1] && strspn(port + 1, "0123456789") == strlen(port + 1) &&
               (strchr(address, ':') == port || address[0] == '[');
    if (has)
        return;
    snprintf(with_port, sizeof with_port, "%.400s:%s", address,
             scheme && strcmp(scheme, "https") == 0 ? "443" : "80");
    json_object_set_new(labels, "__address__", json_string(with_port));
}

static void drop_internal(json_t *labels)
{
    json_t *all = json_copy(labels), *value;
    const char *name;
    json_object_foreach(all, name, value)
    {
        if (strncmp(name, "__", 2) == 0 || json_string_length(value) == 0)
            json_object_del(labels, name);
    }
    json_decref(all);
}

static void add_target(struct job_reader *reader, const char *address, const json_t *of_group)
{
    struct prometheus_job *job = reader->job;
    json_t *labels = raw_labels(reader, address, of_group);
    struct prometheus_target *target;
    if (!relabel_apply(reader->relabel, labels) || !json_object_get(labels, "__address__")) {
        job->n_dropped++;
        json_decref(labels);
        return;
    }
    add_port(labels);
    if ((job->n_targets & (job->n_targets - 1)) == 0) { /* a power of two is full */
        size_t n = job->n_targets ? 2 * (size_t)job->n_targets : 1;
        job->targets = realloc(job->targets, n * sizeof *job->targets);
        UND_ASSERT(job->targets != NULL);
    }
    target = &job->targets[job->n_targets++];
    address = json_string_value(json_object_get(labels, "__address__"));
    set_default(labels, "instance", address);
    target->address = copy_text(address);
    target->labels = labels;
    drop_internal(labels);
}

/* The groups of static_configs, or of a file that file_sd_configs name. */
static enum und_code read_groups(struct job_reader *reader, const struct prom_reader *prom,
                                 const json_t *groups)
{
    static const char *const keys[] = {"targets", "labels", NULL};
    json_t *group, *list, *item;
    size_t i, j;
    json_array_foreach((json_t *)groups, i, group)
    {
        struct spot spot = doc_item(prom->doc, groups, i, "targets");
        const json_t *labels = json_object_get(group, "labels");
        if (prom_mapping(prom, group, &spot, keys, NULL) ||
            prom_list(prom, group, "targets", &list))
            return UND_USAGE;
        json_array_foreach(list, j, item)
        {
            struct spot at = doc_item(prom->doc, list, j, "targets");
            const char *address = json_string_value(item);
            if (!address)
                return doc_fail(&at, prom->err, "want host:port");
            if (strchr(address, '/') && !reader->relabel)
                return doc_fail(&at, prom->err, "got '%.100s', want host:port, no URL", address);
            add_target(reader, address, labels);
        }
    }
    return UND_OK;
}

static void discovers(struct job_reader *reader, const char *kind)
{
    if (!reader->job->discovers)
        reader->job->discovers = copy_text(kind);
}

/* One pattern of a file_sd; a file that is not here is what only the server knows. */
static enum und_code read_sd_files(struct job_reader *reader, const struct spot *spot,
                                   const char *pattern)
{
    char path[2 * DOC_PATH];
    glob_t found;
    enum und_code code = UND_OK;
    resolve(spot, pattern, path);
    if (glob(path, 0, NULL, &found) != 0) {
        prom_note(reader->prom, spot,
                  "%s is not here: the job %s is taken to find every host of the fleet", pattern,
                  reader->job->name);
        discovers(reader, "file_sd_configs");
        return UND_OK;
    }
    for (size_t i = 0; i < found.gl_pathc && code == UND_OK; i++) {
        struct doc doc;
        struct prom_reader prom = {.doc = &doc, .err = reader->prom->err};
        json_t *root = NULL;
        doc_init(&doc);
        doc.foreign = true;
        code = doc_load(&doc, found.gl_pathv[i], &root, prom.err);
        if (code == UND_OK && !json_is_array(root) && !json_is_null(root)) {
            struct spot top = doc_root(&doc, root);
            code = doc_fail(&top, prom.err, "want a list of targets and labels");
        }
        if (code == UND_OK)
            code = read_groups(reader, &prom, root);
        json_decref(root);
        doc_fini(&doc);
    }
    globfree(&found);
    return code;
}

static enum und_code read_file_sd(struct job_reader *reader, const json_t *configs)
{
    size_t i, j;
    json_t *config, *item;
    json_array_foreach((json_t *)configs, i, config)
    {
        const json_t *files = json_object_get(config, "files");
        json_array_foreach((json_t *)files, j, item)
        {
            struct spot spot = doc_item(reader->prom->doc, files, j, "files");
            const char *pattern = json_string_value(item), *dot = strrchr(pattern, '.');
            if (!dot || (strcmp(dot, ".json") != 0 && strcmp(dot, ".yml") != 0 &&
                         strcmp(dot, ".yaml") != 0))
                return doc_fail(&spot, reader->prom->err,
                                "got '%.100s', want *.json, *.yml or *.yaml", pattern);
            if (read_sd_files(reader, &spot, pattern))
                return UND_USAGE;
        }
    }
    return UND_OK;
}

static enum und_code read_targets(struct job_reader *reader)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)reader->mapping, key, value)
    {
        const char *end = strstr(key, "_sd_configs");
        if (strcmp(key, "static_configs") == 0 && read_groups(reader, reader->prom, value))
            return UND_USAGE;
        if (strcmp(key, "file_sd_configs") == 0 && read_file_sd(reader, value))
            return UND_USAGE;
        if (end && strcmp(key, "file_sd_configs") != 0 && json_array_size(value) > 0)
            discovers(reader, key);
    }
    return UND_OK;
}

/* --- scrape jobs ----------------------------------------------------------------------------- */

static enum und_code check_name(const struct prom_reader *reader,
                                const struct prometheus_file *file, const struct spot *spot,
                                const char *name)
{
    for (int i = 0; i < file->n_jobs; i++) {
        if (strcmp(file->jobs[i].name, name) == 0)
            return doc_fail(spot, reader->err, "a second scrape job of the name '%.100s'", name);
    }
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
    if (check_name(reader, file, spot, name))
        return UND_USAGE;
    file->jobs = realloc(file->jobs, ((size_t)file->n_jobs + 1) * sizeof *file->jobs);
    UND_ASSERT(file->jobs != NULL);
    job.job = &file->jobs[file->n_jobs++];
    *job.job = (struct prometheus_job){.name = copy_text(name)};
    snprintf(job.job->job.name, sizeof job.job->job.name, "%.*s", FLEET_NAME - 1, name);
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
    code = read_targets(&job);
    relabel_free(job.relabel);
    return code;
}

static enum und_code read_jobs(const struct prom_reader *reader, const json_t *root,
                               struct prometheus_file *file)
{
    const json_t *jobs = json_object_get(root, "scrape_configs");
    json_t *item;
    size_t i;
    json_array_foreach((json_t *)jobs, i, item)
    {
        struct spot spot = doc_item(reader->doc, jobs, i, "scrape_configs");
        if (read_job(reader, item, &spot, file))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code read_scrape_file(const char *path, struct prometheus_file *file,
                                      struct und_err *err)
{
    struct doc doc;
    struct prom_reader reader = {.doc = &doc, .notes = file->notes, .err = err};
    json_t *root = NULL;
    enum und_code code;
    doc_init(&doc);
    doc.foreign = true;
    code = doc_load(&doc, path, &root, err);
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
    json_array_foreach((json_t *)patterns, i, item)
    {
        struct spot spot = doc_item(reader->doc, patterns, i, key);
        const char *pattern = json_string_value(item);
        char path[2 * DOC_PATH];
        glob_t found;
        if (!pattern || !is_pattern(pattern))
            return doc_fail(&spot, reader->err,
                            "got '%.100s', want a path, or a pattern with * in "
                            "its last part",
                            pattern ? pattern : "nothing");
        resolve(&spot, pattern, path);
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
    json_array_foreach(paths, i, path)
    {
        if (code == UND_OK)
            code = read_scrape_file(json_string_value(path), file, reader->err);
    }
    json_decref(paths);
    return code;
}

static enum und_code read_alerting(const struct prom_reader *reader, const json_t *root,
                                   struct prometheus_file *file)
{
    const json_t *alerting = json_object_get(root, "alerting");
    const json_t *servers = json_object_get(alerting, "alertmanagers");
    json_t *server;
    size_t i;
    json_array_foreach((json_t *)servers, i, server)
    {
        static const char *const unused[] = {"alert_relabel_configs", NULL};
        struct relabel *checked;
        prom_note_unused(reader, server, unused);
        if (relabel_read(reader, server, "relabel_configs", &checked))
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
        read_alerting(reader, root, file))
        return UND_USAGE;
    prom_note_unused(reader, root, unused);
    return read_patterns(reader, root, "rule_files", file->rule_files, file->missing);
}

enum und_code prometheus_file_read(struct prometheus_file *file, const char *path,
                                   struct und_err *err)
{
    struct doc doc;
    struct prom_reader reader = {.doc = &doc, .err = err};
    json_t *root = NULL;
    enum und_code code;
    *file = (struct prometheus_file){.rule_files = json_array(),
                                     .missing = json_array(),
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
    json_decref(file->external_labels);
    json_decref(file->notes);
    relabel_free(file->alert_relabel);
    *file = (struct prometheus_file){0};
}

/* --- hosts and alerts ------------------------------------------------------------------------ */

/* The name or address in "http://10.0.0.1:9100/metrics", "10.0.0.1:9100", "[::1]:9100". */
static void host_part(const char *text, char out[256])
{
    const char *start = strstr(text, "://");
    size_t n;
    start = start ? start + 3 : text;
    n = *start == '[' ? strcspn(start, "]") + 1 : strcspn(start, ":/");
    snprintf(out, 256, "%.*s", (int)(n < 255 ? n : 255), start);
    for (char *c = out; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

/* A name in full ("one.example.org") is also the short one's. */
static bool same_machine(const char *a, const char *b)
{
    size_t n = strlen(b);
    if (n == 0)
        return false;
    return strcmp(a, b) == 0 ||
           (strncmp(a, b, n) == 0 && a[n] == '.' && !strchr(b, '.') && strspn(b, "0123456789") < n);
}

bool prometheus_target_of(const struct prometheus_target *target, const struct host *host)
{
    char address[256], name[256], probe[256];
    host_part(target->address, address);
    host_part(host->name, name);
    host_part(host->probe, probe);
    return same_machine(address, name) || same_machine(address, probe);
}

json_t *prometheus_file_send(const struct prometheus_file *file, json_t *labels)
{
    json_object_update_missing(labels, file->external_labels);
    if (relabel_apply(file->alert_relabel, labels))
        return labels;
    json_decref(labels);
    return NULL;
}
