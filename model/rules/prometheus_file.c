#include "prometheus_file.h"

#include "label_match.h"
#include "prom_doc.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading --------------------------------------------------------------------------------- */

static enum und_code check_times(const struct prom_reader *reader, const json_t *mapping,
                                 const struct spot *spot, int64_t interval_ms, int64_t *timeout_ms)
{
    struct spot at = doc_member(reader->doc, mapping, "scrape_timeout");
    if (interval_ms <= 0)
        return doc_fail(spot, reader->err, "got an interval of 0");
    if (*timeout_ms <= interval_ms)
        return UND_OK;
    if (prom_has(mapping, "scrape_timeout"))
        return doc_fail(&at, reader->err, "got more than scrape_interval");
    *timeout_ms = interval_ms; /* the default is cut, as Prometheus does */
    return UND_OK;
}

static enum und_code read_global(const struct prom_reader *reader, const json_t *root,
                                 struct prometheus_file *file)
{
    static const char *const keys[] = {"scrape_interval", "scrape_timeout", "evaluation_interval",
                                       NULL};
    struct spot spot = doc_member(reader->doc, root, "global");
    const json_t *global = json_object_get(root, "global");
    if (!prom_has(root, "global"))
        return UND_OK;
    if (prom_open_mapping(reader, global, &spot, keys) ||
        prom_duration(reader, global, "scrape_interval", &file->scrape_interval_ms) ||
        prom_duration(reader, global, "scrape_timeout", &file->scrape_timeout_ms) ||
        prom_duration(reader, global, "evaluation_interval", &file->evaluation_interval_ms))
        return UND_USAGE;
    if (file->evaluation_interval_ms <= 0)
        return doc_fail(&spot, reader->err, "evaluation_interval: got 0");
    return check_times(reader, global, &spot, file->scrape_interval_ms, &file->scrape_timeout_ms);
}

static enum und_code read_targets(const struct prom_reader *reader, const json_t *mapping,
                                  json_t *targets)
{
    json_t *configs, *config, *list;
    size_t i;
    if (prom_list(reader, mapping, "static_configs", &configs))
        return UND_USAGE;
    json_array_foreach(configs, i, config)
    {
        struct spot spot = doc_item(reader->doc, configs, i, "static_configs");
        static const char *const keys[] = {"targets", "labels", NULL};
        if (prom_mapping(reader, config, &spot, keys, NULL) ||
            prom_list(reader, config, "targets", &list))
            return UND_USAGE;
        json_array_extend(targets, list);
    }
    return UND_OK;
}

static enum und_code read_job(const struct prom_reader *reader, const json_t *mapping,
                              const struct spot *spot, struct prometheus_file *file)
{
    static const char *const keys[] = {"job_name", "scrape_interval", "scrape_timeout",
                                       "static_configs", NULL};
    struct prometheus_job *job = &file->jobs[file->n_jobs];
    if (file->n_jobs == PROMETHEUS_FILE_JOBS)
        return doc_fail(spot, reader->err, "more than %d scrape jobs", PROMETHEUS_FILE_JOBS);
    if (prom_open_mapping(reader, mapping, spot, keys))
        return UND_USAGE;
    file->n_jobs++;
    job->targets = json_array();
    job->job.interval_ms = file->scrape_interval_ms;
    job->job.timeout_ms = file->scrape_timeout_ms;
    if (prom_text(reader, mapping, "job_name", job->job.name, sizeof job->job.name) ||
        prom_duration(reader, mapping, "scrape_interval", &job->job.interval_ms) ||
        prom_duration(reader, mapping, "scrape_timeout", &job->job.timeout_ms) ||
        read_targets(reader, mapping, job->targets))
        return UND_USAGE;
    if (job->job.name[0] == '\0')
        return doc_fail(spot, reader->err, "a scrape job without job_name");
    return check_times(reader, mapping, spot, job->job.interval_ms, &job->job.timeout_ms);
}

/* A pattern, relative to the file that names it. */
static enum und_code read_rule_pattern(const struct prom_reader *reader, const struct spot *spot,
                                       const char *pattern, struct prometheus_file *file)
{
    const char *slash = strrchr(spot->file, '/');
    char path[2 * DOC_PATH];
    glob_t found;
    enum und_code code = UND_OK;
    int folder = *pattern == '/' || !slash ? 0 : (int)(slash - spot->file) + 1;
    snprintf(path, sizeof path, "%.*s%s", folder, spot->file, pattern);
    if (glob(path, 0, NULL, &found) != 0) {
        if (strpbrk(pattern, "*?["))
            return UND_OK; /* a pattern may match nothing */
        return doc_fail(spot, reader->err, "%s: cannot be read", path);
    }
    for (size_t i = 0; i < found.gl_pathc && code == UND_OK; i++) {
        if (file->n_rule_files == PROMETHEUS_FILE_RULES)
            code = doc_fail(spot, reader->err, "more than %d rule files", PROMETHEUS_FILE_RULES);
        else
            file->rule_files[file->n_rule_files++] = strdup(found.gl_pathv[i]);
    }
    globfree(&found);
    return code;
}

static enum und_code read_root(const struct prom_reader *reader, const json_t *root,
                               struct prometheus_file *file)
{
    static const char *const keys[] = {"global", "scrape_configs", "rule_files", NULL};
    struct spot spot = doc_root(reader->doc, root);
    json_t *jobs, *patterns, *item;
    size_t i;
    if (prom_open_mapping(reader, root, &spot, keys) || read_global(reader, root, file) ||
        prom_list(reader, root, "scrape_configs", &jobs) ||
        prom_list(reader, root, "rule_files", &patterns))
        return UND_USAGE;
    json_array_foreach(jobs, i, item)
    {
        spot = doc_item(reader->doc, jobs, i, "scrape_configs");
        if (read_job(reader, item, &spot, file))
            return UND_USAGE;
    }
    json_array_foreach(patterns, i, item)
    {
        char shown[DOC_SHOWN];
        spot = doc_item(reader->doc, patterns, i, "rule_files");
        if (!json_is_string(item))
            return doc_fail(&spot, reader->err, "got %s, want a path", doc_show(item, shown));
        if (read_rule_pattern(reader, &spot, json_string_value(item), file))
            return UND_USAGE;
    }
    return UND_OK;
}

enum und_code prometheus_file_read(struct prometheus_file *file, const char *path,
                                   struct und_err *err)
{
    struct doc doc;
    struct prom_reader reader = {.doc = &doc, .err = err};
    json_t *root = NULL;
    enum und_code code;
    *file = (struct prometheus_file){.scrape_interval_ms = 60000,
                                     .scrape_timeout_ms = 10000,
                                     .evaluation_interval_ms = 60000,
                                     .notes = json_array()};
    reader.notes = file->notes;
    doc_init(&doc);
    code = doc_load(&doc, path, &root, err);
    if (code == UND_OK)
        code = read_root(&reader, root, file);
    json_decref(root);
    doc_fini(&doc);
    return code;
}

void prometheus_file_fini(struct prometheus_file *file)
{
    for (int i = 0; i < file->n_jobs; i++)
        json_decref(file->jobs[i].targets);
    for (int i = 0; i < file->n_rule_files; i++)
        free(file->rule_files[i]);
    json_decref(file->notes);
    *file = (struct prometheus_file){0};
}

/* --- whose samples a rule reads -------------------------------------------------------------- */

static bool allowed(const struct rule_source *source, const char *job)
{
    for (int i = 0; i < source->n_matchers; i++) {
        if (strcmp(source->matchers[i].name, "job") == 0 &&
            !label_matches(&source->matchers[i], job))
            return false;
    }
    return true;
}

static bool scrapes_a_host(const struct prometheus_job *job, const struct fleet *fleet)
{
    size_t i;
    json_t *target;
    json_array_foreach(job->targets, i, target)
    {
        for (int host = 0; host < fleet->n_hosts; host++) {
            const char *text = json_string_value(target) ? json_string_value(target) : "";
            struct label_matcher whole = {.match = PROMQL_IS}, address = {.match = PROMQL_IS};
            snprintf(whole.value, sizeof whole.value, "%.150s", text);
            snprintf(address.value, sizeof address.value, "%.*s", (int)strcspn(text, ":"), text);
            if (label_matches_host(&whole, &fleet->hosts[host]) ||
                label_matches_host(&address, &fleet->hosts[host]))
                return true;
        }
    }
    return false;
}

static bool is_node_job(const struct prometheus_job *job)
{
    const char *first = json_string_value(json_array_get(job->targets, 0));
    return strstr(job->job.name, "node") || (first && strstr(first, ":9100"));
}

/* Higher is likelier. */
static int likelihood(const struct prometheus_job *job, const struct fleet *fleet)
{
    return 2 * scrapes_a_host(job, fleet) + is_node_job(job);
}

static int choose_job(struct prometheus_file *file, const struct fleet *fleet,
                      const struct rule *rule, const struct rule_source *source)
{
    struct prom_reader reader = {.notes = file->notes};
    struct spot spot = {.file = source->file, .line = source->expr_line};
    int best = -1, best_likelihood = -1, equals = 0;
    for (int i = 0; i < file->n_jobs; i++) {
        int likely = likelihood(&file->jobs[i], fleet);
        if (!allowed(source, file->jobs[i].job.name))
            continue;
        equals = likely == best_likelihood ? equals + 1 : likely > best_likelihood ? 0 : equals;
        if (likely > best_likelihood) {
            best = i;
            best_likelihood = likely;
        }
    }
    if (equals > 0)
        prom_note(&reader, &spot, "%s could read from %d scrape jobs: taken is %s", rule->name,
                  equals + 1, file->jobs[best].job.name);
    return best;
}

enum und_code prometheus_file_assign(struct prometheus_file *file, const struct fleet *fleet,
                                     struct rule_set *set, struct monitoring *monitoring,
                                     struct und_err *err)
{
    int place[PROMETHEUS_FILE_JOBS];
    for (int i = 0; i < PROMETHEUS_FILE_JOBS; i++)
        place[i] = -1;
    monitoring->n_jobs = 0;
    for (int i = 0; i < set->n && file->n_jobs > 0; i++) {
        const struct rule_source *source = &set->sources[i];
        int job = choose_job(file, fleet, &set->rules[i], source);
        if (job < 0)
            return und_fail(err, UND_USAGE, "%s:%d: %s: no scrape job has the job that %s asks for",
                            source->file, source->expr_line, set->rules[i].name, source->expr);
        if (place[job] < 0) {
            if (monitoring->n_jobs == FLEET_JOBS)
                return und_fail(err, UND_USAGE, "%s:%d: %s: the rules read from more than %d jobs",
                                source->file, source->expr_line, set->rules[i].name, FLEET_JOBS);
            place[job] = monitoring->n_jobs;
            monitoring->jobs[monitoring->n_jobs++] = file->jobs[job].job;
        }
        set->rules[i].job = place[job];
    }
    return UND_OK;
}
