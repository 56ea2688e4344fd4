#include "monitoring_expand.h"

#include "alert_series.h"
#include "monitoring_files.h"
#include "series_expand.h"
#include "targets_expand.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/file/spec_tables.h"
#include "model/policy/policy_names.h"
#include "model/rules/prom_doc.h"
#include "model/rules/prometheus_file.h"
#include "model/rules/rule_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expander {
    struct doc *doc;
    json_t *monitoring;
    struct fleet *hosts;                /* only names and probes of the hosts are there */
    struct prometheus_file *prometheus; /* NULL: the fleet names none */
    struct rule_set *set;
    json_t *paths; /* owned: of rule files */
    int *job_of;   /* owned: of each job of the file, its place in `jobs`; -1: none */
    int *jobs;     /* owned: of each of the fleet's, its place in the file */
    int n_jobs;
    bool edited;      /* another edition of the files: it need not have what is left out */
    json_t *files_of; /* owned: a group's name -> list of files, in order */
    struct series_expand expand;
    json_t *rules, *left_out; /* owned: what the fleet gets, what it does not */
    struct und_err *err;
};

/* --- what the fleet names -------------------------------------------------------------------- */

static void read_hosts(struct expander *expander, const json_t *fleet)
{
    json_t *host;
    size_t i;
    json_array_foreach (json_object_get(fleet, "hosts"), i, host) {
        const char *name = json_string_value(json_object_get(host, "name"));
        const char *probe = json_string_value(json_object_get(host, "probe"));
        struct host *to = &expander->hosts->hosts[expander->hosts->n_hosts];
        if (expander->hosts->n_hosts == FLEET_HOSTS)
            return; /* refused when the hosts are read */
        expander->hosts->n_hosts++;
        snprintf(to->name, sizeof to->name, "%s", name ? name : "");
        snprintf(to->probe, sizeof to->probe, "%s", probe ? probe : "");
    }
}

static enum und_code add_path(struct expander *expander, const struct spot *spot,
                              const json_t *path)
{
    char resolved[DOC_PATH];
    if (doc_relative(spot, json_string_value(path), resolved, expander->err))
        return UND_USAGE;
    json_array_append_new(expander->paths, json_string(resolved));
    return UND_OK;
}

/* Paths of rule files: one, or a list. A list of rules is left alone. */
static enum und_code read_paths(struct expander *expander)
{
    json_t *rules = json_object_get(expander->monitoring, "rules"), *item;
    struct spot spot = doc_member(expander->doc, expander->monitoring, "rules");
    size_t i;
    if (json_is_string(rules))
        return add_path(expander, &spot, rules);
    json_array_foreach (rules, i, item) {
        if (!json_is_string(item))
            break;
        spot = doc_item(expander->doc, rules, i, "rules");
        if (add_path(expander, &spot, item))
            return UND_USAGE;
    }
    return UND_OK;
}

/* Rule files that are not here count only where the fleet gives no rules itself. */
static enum und_code take_rule_files(struct expander *expander)
{
    const json_t *missing = expander->prometheus->missing;
    if (prom_has(expander->monitoring, "rules"))
        return UND_OK;
    if (json_array_size(missing) > 0)
        return und_fail(expander->err, UND_USAGE, "%s",
                        json_string_value(json_array_get(missing, 0)));
    json_array_extend(expander->paths, expander->prometheus->rule_files);
    return UND_OK;
}

static enum und_code read_config(struct expander *expander)
{
    json_t *config = json_object_get(expander->monitoring, "config");
    struct spot spot = doc_member(expander->doc, expander->monitoring, "config");
    char path[DOC_PATH], shown[DOC_SHOWN];
    if (!prom_has(expander->monitoring, "config"))
        return UND_OK;
    if (!json_is_string(config))
        return doc_fail(&spot, expander->err, "got %s, want the path of a prometheus.yml",
                        doc_show(expander->doc, config, shown));
    if (doc_relative(&spot, json_string_value(config), path, expander->err))
        return UND_USAGE;
    expander->prometheus = calloc(1, sizeof *expander->prometheus);
    UND_ASSERT(expander->prometheus != NULL);
    if (prometheus_file_read(expander->prometheus, path, expander->set->version, expander->err))
        return UND_USAGE;
    expander->job_of = malloc(((size_t)expander->prometheus->n_jobs + 1) * sizeof(int));
    expander->jobs = malloc(((size_t)expander->prometheus->n_jobs + 1) * sizeof(int));
    UND_ASSERT(expander->job_of && expander->jobs);
    for (int i = 0; i < expander->prometheus->n_jobs; i++)
        expander->job_of[i] = -1;
    expander->expand.file = expander->prometheus;
    if (!prom_has(expander->monitoring, "jobs"))
        targets_take_jobs(&expander->hosts->monitoring, expander->prometheus, expander->hosts);
    return take_rule_files(expander);
}

/* Names of the scrape jobs that the fleet gives itself. */
static void read_jobs(struct expander *expander)
{
    struct monitoring *to = &expander->hosts->monitoring;
    json_t *job;
    size_t i;
    json_array_foreach (json_object_get(expander->monitoring, "jobs"), i, job) {
        const char *name = json_string_value(json_object_get(job, "name"));
        if (name)
            targets_add_job(to, name);
    }
}

/* The team's own series. What is wrong with them is said when the fleet is read. */
static void read_metrics(struct expander *expander)
{
    struct und_err unsaid = {0};
    struct spec spec = {.doc = expander->doc, .err = &unsaid, .fleet = expander->hosts};
    struct spot spot = doc_member(expander->doc, expander->monitoring, "metrics");
    json_t *list = json_object_get(expander->monitoring, "metrics");
    if (list)
        spec_read_metrics(&spec, &expander->hosts->monitoring, list, &spot);
}

/* --- putting it in place --------------------------------------------------------------------- */

static void put(struct expander *expander, json_t *mapping, const char *key, json_t *value,
                const struct spot *spot)
{
    json_object_set_new(mapping, key, value);
    doc_place(expander->doc, mapping, key, spot);
}

static json_t *duration(int64_t ms)
{
    char text[UNITS_TEXT];
    return json_string(units_format_duration(ms, text));
}

static void put_default(struct expander *expander, const char *key, int64_t ms)
{
    struct spot spot = doc_member(expander->doc, expander->monitoring, "config");
    if (!prom_has(expander->monitoring, key))
        put(expander, expander->monitoring, key, duration(ms), &spot);
}

static void put_intervals(struct expander *expander)
{
    const struct prometheus_file *file = expander->prometheus;
    struct spot spot = doc_member(expander->doc, expander->monitoring, "config");
    json_t *jobs = json_array();
    if (!prom_has(expander->monitoring, "jobs")) {
        for (int i = 0; i < expander->n_jobs; i++) {
            const struct scrape_job *job = &file->jobs[expander->jobs[i]].job;
            json_t *item = json_object();
            json_array_append_new(jobs, item);
            doc_place_item(expander->doc, jobs, (size_t)i, &spot);
            put(expander, item, "name", json_string(job->name), &spot);
            /* A job without times of its own follows the global ones, and what overrides them. */
            if (job->interval_ms != file->scrape_interval_ms)
                put(expander, item, "scrape_interval", duration(job->interval_ms), &spot);
            if (job->timeout_ms != file->scrape_timeout_ms)
                put(expander, item, "scrape_timeout", duration(job->timeout_ms), &spot);
        }
        put(expander, expander->monitoring, "jobs", json_incref(jobs), &spot);
        put(expander, expander->monitoring, "targets",
            targets_list(&expander->hosts->monitoring, expander->hosts, jobs), &spot);
    }
    json_decref(jobs);
    /* With an interval of the fleet's own, the file's timeout might be above it. */
    if (!prom_has(expander->monitoring, "scrape_interval"))
        put_default(expander, "scrape_timeout", file->scrape_timeout_ms);
    put_default(expander, "scrape_interval", file->scrape_interval_ms);
    put_default(expander, "evaluation_interval", file->evaluation_interval_ms);
}

static void put_threshold(struct expander *expander, json_t *item, const struct rule *rule,
                          const struct spot *spot)
{
    char share[32];
    if (rule->signal == SIGNAL_UP || rule->signal == SIGNAL_ABSENT)
        return;
    snprintf(share, sizeof share, "%lld.%lld%%", (long long)rule->threshold_pm / 10,
             (long long)rule->threshold_pm % 10);
    put(expander, item, rule->below ? "below" : "above", json_string(share), spot);
    put(expander, item, "window", duration(rule->window_ms), spot);
}

/* Where in the fleet's jobs the file's job is, or now comes; -1: there are too many. */
static int use_job(struct expander *expander, int job)
{
    UND_ASSERT(expander->job_of != NULL);
    if (expander->job_of[job] < 0 && expander->n_jobs < FLEET_JOBS) {
        expander->jobs[expander->n_jobs] = job;
        expander->job_of[job] = expander->n_jobs++;
    }
    return expander->job_of[job];
}

/* Hosts, and the labels of the rule's alert on each: those of all when the hosts' are all. */
static void put_hosts(struct expander *expander, json_t *item, const struct alert_series *series,
                      const struct rule_source *source, const struct spot *spot)
{
    json_t *hosts = json_array(), *alerts = json_object();
    for (int i = 0; i < expander->hosts->n_hosts; i++) {
        const struct host *host = &expander->hosts->hosts[i];
        json_t *labels;
        if ((series->hosts >> i & 1) == 0)
            continue;
        json_array_append_new(hosts, json_string(host->name));
        labels = alert_series_labels(series, expander->prometheus, source, host, i, NULL);
        json_object_set_new(alerts, host->name, labels ? labels : json_null());
    }
    if ((int)json_array_size(hosts) < expander->hosts->n_hosts)
        put(expander, item, "hosts", json_incref(hosts), spot);
    json_decref(hosts);
    put(expander, item, "alerts", alerts, spot);
}

/* A new item of monitoring.rules, with what all of them have. */
static json_t *put_head(struct expander *expander, int index, enum signal signal,
                        const struct spot *spot)
{
    const struct rule *rule = &expander->set->rules[index];
    json_t *item = json_object();
    json_array_append_new(expander->rules, item);
    doc_place_item(expander->doc, expander->rules, json_array_size(expander->rules) - 1, spot);
    put(expander, item, "alert", json_string(rule->name), spot);
    put(expander, item, "signal", json_string(spec_signals[signal]), spot);
    put(expander, item, "for", duration(rule->for_ms), spot);
    put(expander, item, "keep_firing_for", duration(rule->keep_firing_ms), spot);
    put(expander, item, "severity", json_string(policy_severity_name(rule->severity)), spot);
    put(expander, item, "group", json_string(rule->group), spot);
    put(expander, item, "interval", duration(rule->interval_ms), spot);
    put(expander, item, "labels", json_copy(expander->set->sources[index].labels), spot);
    return item;
}

static struct spot spot_of(const struct rule_source *source)
{
    return (struct spot){.file = source->file, .line = source->line, .key_line = source->line};
}

static void put_rule(struct expander *expander, int index, const struct alert_series *series,
                     int job)
{
    const struct rule *rule = &expander->set->rules[index];
    const struct rule_source *source = &expander->set->sources[index];
    struct spot spot = spot_of(source);
    json_t *item = put_head(expander, index, rule->signal, &spot);
    put_threshold(expander, item, rule, &spot);
    if (series->own_job >= 0)
        put(expander, item, "job",
            json_string(expander->hosts->monitoring.jobs[series->own_job].name), &spot);
    if (series->job >= 0)
        put(expander, item, "job",
            json_string(expander->prometheus->jobs[expander->jobs[job]].job.name), &spot);
    put_hosts(expander, item, series, source, &spot);
}

/* The item of an alert that is evaluated on series: hosts, and the labels of its alert on each. */
static void put_series(struct expander *expander, int index, const struct reach *reach)
{
    struct spot spot = spot_of(&expander->set->sources[index]);
    json_t *item = put_head(expander, index, SIGNAL_SERIES, &spot);
    json_t *hosts = json_array(), *alerts = json_object();
    for (int i = 0; i < expander->hosts->n_hosts; i++) {
        json_t *labels;
        if ((reach->hosts >> i & 1) == 0)
            continue;
        json_array_append_new(hosts, json_string(expander->hosts->hosts[i].name));
        labels = series_expand_labels(&expander->expand, index, reach, i);
        json_object_set_new(alerts, expander->hosts->hosts[i].name, labels ? labels : json_null());
    }
    put(expander, item, "hosts", hosts, &spot);
    put(expander, item, "alerts", alerts, &spot);
}

/* An alert that the simulation does not have, and why. */
static void leave_out(struct expander *expander, int index, const char *why)
{
    const struct rule *rule = &expander->set->rules[index];
    json_array_append_new(expander->left_out,
                          json_pack("{s:s, s:s, s:s, s:o?}", "alert", rule->name, "severity",
                                    policy_severity_name(rule->severity), "why", why, "labels",
                                    series_expand_own_labels(&expander->expand, index)));
}

/* An alert that is no signal: its place among the rules where it is about hosts. */
static void place_series(struct expander *expander, int index)
{
    struct reach reach;
    int rule = -1;
    series_expand_find(&expander->expand, index, &reach);
    if (reach.n == 0) {
        leave_out(expander, index, reach_words(REACH_NO_SERIES));
        return;
    }
    if (reach.hosts && json_array_size(expander->rules) == FLEET_RULES) {
        leave_out(expander, index, "more alerts about hosts than the simulation holds");
        return;
    }
    if (reach.hosts) {
        rule = (int)json_array_size(expander->rules);
        put_series(expander, index, &reach);
    }
    series_expand_alert(&expander->expand, index, expander->set->rules[index].group, rule);
}

/* The rule, once for each job whose series it reads. */
static void place_rule(struct expander *expander, int index)
{
    const struct rule *rule = &expander->set->rules[index];
    const struct rule_source *source = &expander->set->sources[index];
    struct alert_series_list found;
    if (!series_closed_form(&expander->expand, index)) {
        place_series(expander, index);
        return;
    }
    alert_series_find(&found, expander->prometheus, expander->hosts, rule, source, NULL);
    for (int i = 0; i < found.n; i++) {
        int job = found.list[i].job >= 0 ? use_job(expander, found.list[i].job) : -1;
        if (json_array_size(expander->rules) == FLEET_RULES || (found.list[i].job >= 0 && job < 0))
            leave_out(expander, index, "more alerts, or scrape jobs, than the simulation holds");
        else
            put_rule(expander, index, &found.list[i], job);
    }
    if (found.n == 0 && found.others == 0)
        leave_out(expander, index, "no series here: never fires");
    alert_series_fini(&found);
}

/* Groups of one name in two files are two groups: the later file's gets a number. */
static void group_name(struct expander *expander, const char *group, const char *file,
                       char out[FLEET_NAME])
{
    json_t *files = json_object_get(expander->files_of, group), *other;
    size_t place;
    if (!files) {
        files = json_array();
        json_object_set_new(expander->files_of, group, files);
    }
    json_array_foreach (files, place, other) {
        if (strcmp(json_string_value(other), file) == 0)
            break;
    }
    if (place == json_array_size(files))
        json_array_append_new(files, json_string(file));
    if (place == 0)
        snprintf(out, FLEET_NAME, "%.*s", FLEET_NAME - 1, group);
    else
        snprintf(out, FLEET_NAME, "%.*s (%zu)", FLEET_NAME - 14, group, place + 1);
}

static void tell_groups_apart(struct expander *expander)
{
    struct rule_set *set = expander->set;
    for (int i = 0; i < set->n; i++)
        group_name(expander, set->sources[i].group, set->sources[i].file, set->rules[i].group);
}

/* The recording rules, where anything is left that could read them. */
static void place_records(struct expander *expander)
{
    json_t *record;
    size_t i;
    char group[FLEET_NAME];
    if (json_array_size(expander->expand.series) == 0)
        return;
    /* What exports a series is told by the names of the jobs: all are wanted. */
    for (int job = 0; expander->prometheus && job < expander->prometheus->n_jobs; job++)
        use_job(expander, job);
    json_array_foreach (expander->set->recorded, i, record) {
        group_name(expander, json_string_value(json_object_get(record, "group")),
                   json_string_value(json_object_get(record, "file")), group);
        series_expand_record(&expander->expand, record, group);
    }
    series_expand_sort(&expander->expand);
}

static enum und_code put_rules(struct expander *expander)
{
    json_t *ignored = json_object_get(expander->monitoring, "ignore"), *path;
    struct spot spot = doc_member(expander->doc, expander->monitoring,
                                  prom_has(expander->monitoring, "rules") ? "rules" : "config");
    size_t n = json_array_size(expander->paths), i;
    const char **paths = calloc(n + 1, sizeof *paths);
    enum und_code code;
    UND_ASSERT(paths != NULL);
    json_array_foreach (expander->paths, i, path)
        paths[i] = json_string_value(path);
    expander->set->ignored = ignored;
    code = rule_set_read(expander->set, paths, (int)n, expander->err);
    free(paths);
    if (code == UND_OK && !expander->edited)
        code = monitoring_files_ignored(expander->doc, ignored, expander->set, expander->err);
    if (code != UND_OK)
        return UND_USAGE;
    tell_groups_apart(expander);
    for (int rule = 0; rule < expander->set->n; rule++)
        place_rule(expander, rule);
    place_records(expander);
    if (json_array_size(expander->expand.series) > 0)
        put(expander, expander->monitoring, "series", json_incref(expander->expand.series), &spot);
    put(expander, expander->monitoring, "rules", json_incref(expander->rules), &spot);
    if (json_array_size(expander->left_out) > 0)
        put(expander, expander->monitoring, "left_out", json_incref(expander->left_out), &spot);
    return UND_OK;
}

static void start(struct expander *expander, struct doc *doc, json_t *fleet, struct und_err *err)
{
    *expander = (struct expander){.doc = doc,
                                  .monitoring = json_object_get(fleet, "monitoring"),
                                  .paths = json_array(),
                                  .rules = json_array(),
                                  .left_out = json_array(),
                                  .err = err};
    expander->hosts = calloc(1, sizeof *expander->hosts);
    UND_ASSERT(expander->hosts != NULL);
    expander->set = rule_set_new();
    if (json_integer_value(json_object_get(expander->monitoring, "prometheus")) == 3)
        expander->set->version = PROMQL_3;
    read_hosts(expander, fleet);
    read_jobs(expander);
    read_metrics(expander);
    expander->files_of = json_object();
    expander->expand = (struct series_expand){
        .hosts = expander->hosts, .set = expander->set, .series = json_array()};
}

static void finish(struct expander *expander)
{
    json_object_del(expander->monitoring, "config"); /* a second call finds nothing to do */
    if (expander->prometheus)
        prometheus_file_fini(expander->prometheus);
    free(expander->prometheus);
    free(expander->job_of);
    free(expander->jobs);
    series_expand_fini(&expander->expand);
    json_decref(expander->files_of);
    rule_set_free(expander->set);
    targets_fini(&expander->hosts->monitoring);
    free(expander->hosts);
    json_decref(expander->paths);
    json_decref(expander->rules);
    json_decref(expander->left_out);
}

enum und_code monitoring_expand(struct doc *doc, json_t *fleet, struct und_err *err)
{
    struct expander expander;
    enum und_code code;
    if (!json_is_object(json_object_get(fleet, "monitoring")))
        return UND_OK;
    start(&expander, doc, fleet, err);
    code = read_config(&expander);
    if (code == UND_OK)
        code = read_paths(&expander);
    if (code == UND_OK)
        code = monitoring_files_edited(expander.doc, expander.monitoring, expander.paths,
                                       &expander.edited, err);
    if (code == UND_OK && json_array_size(expander.paths) > 0)
        code = put_rules(&expander);
    else if (code == UND_OK && !expander.edited)
        code = monitoring_files_none(doc, json_object_get(expander.monitoring, "ignore"), err);
    if (code == UND_OK && expander.prometheus)
        put_intervals(&expander);
    finish(&expander);
    return code;
}
