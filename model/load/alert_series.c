#include "alert_series.h"

#include "model/base/assert.h"
#include "model/rules/alert_template.h"
#include "model/rules/prom_doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct spot spot_of(const struct rule_source *source)
{
    return (struct spot){.file = source->file, .line = source->expr_line};
}

void alert_series_fini(struct alert_series_list *found)
{
    free(found->list);
    *found = (struct alert_series_list){0};
}

static void add(struct alert_series_list *found, const struct alert_series *series)
{
    found->list = realloc(found->list, ((size_t)found->n + 1) * sizeof *found->list);
    UND_ASSERT(found->list != NULL);
    found->list[found->n++] = *series;
}

/* --- known targets --------------------------------------------------------------------------- */

/* Is the label one that some target of the server carries? Otherwise it is the metric's own. */
static bool is_target_label(const struct prometheus_file *file, const char *name)
{
    for (int i = 0; i < file->n_jobs; i++) {
        for (int j = 0; j < file->jobs[i].n_targets; j++) {
            if (json_object_get(file->jobs[i].targets[j].labels, name))
                return true;
        }
    }
    return strcmp(name, "job") == 0 || strcmp(name, "instance") == 0;
}

static bool reads_up(const struct rule *rule)
{
    return rule->signal == SIGNAL_UP || rule->signal == SIGNAL_ABSENT;
}

static bool reads_target(const struct prometheus_file *file, const struct rule *rule,
                         const struct rule_source *source, const json_t *labels)
{
    for (int i = 0; i < source->matchers.n; i++) {
        const struct label_matcher *matcher = &source->matchers.list[i];
        const char *value = json_string_value(json_object_get(labels, matcher->name));
        if (!value && !reads_up(rule) && !is_target_label(file, matcher->name))
            continue;
        if (!label_matches(matcher, value ? value : ""))
            return false;
    }
    return true;
}

static void find_known(struct alert_series_list *found, const struct prometheus_file *file,
                       const struct fleet *fleet, const struct rule *rule,
                       const struct rule_source *source)
{
    for (int job = 0; job < file->n_jobs; job++) {
        struct alert_series series = {.job = job, .own_job = -1};
        for (int i = 0; i < file->jobs[job].n_targets; i++) {
            const struct prometheus_target *target = &file->jobs[job].targets[i];
            int host;
            if (!reads_target(file, rule, source, target->labels))
                continue;
            host = prometheus_target_host(target, fleet);
            found->others += host < 0;
            if (host < 0 || (series.hosts >> host & 1) != 0)
                continue;
            series.hosts |= (uint64_t)1 << host;
            series.labels[host] = target->labels;
        }
        if (series.hosts)
            add(found, &series);
    }
}

/* --- hosts by their names -------------------------------------------------------------------- */

/* The hosts that matchers on labels which name hosts leave; the others are taken to hold. */
static uint64_t hosts_by_name(const struct fleet *fleet, const struct rule_source *source)
{
    uint64_t hosts = 0;
    for (int host = 0; host < fleet->n_hosts; host++) {
        bool watched = true;
        for (int i = 0; i < source->matchers.n; i++) {
            const struct label_matcher *matcher = &source->matchers.list[i];
            if (label_names_host(matcher->name))
                watched &= label_matches_host(matcher, &fleet->hosts[host]);
        }
        hosts |= (uint64_t)watched << host;
    }
    return hosts;
}

static bool allows_job(const struct rule_source *source, const char *job)
{
    for (int i = 0; i < source->matchers.n; i++) {
        if (strcmp(source->matchers.list[i].name, "job") == 0 &&
            !label_matches(&source->matchers.list[i], job))
            return false;
    }
    return true;
}

/* --- no prometheus.yml ----------------------------------------------------------------------- */

/* Could a job that scrapes hosts or runners have this name? */
static bool names_hosts(const char *job)
{
    static const char *const words[] = {"node",  "runner", "host",    "linux",  "ci", "agent",
                                        "build", "worker", "machine", "server", NULL};
    for (int i = 0; words[i]; i++) {
        if (strcasestr(job, words[i]))
            return true;
    }
    return false;
}

static bool allows_some_job(const struct rule_source *source)
{
    static const char *const usual[] = {"node",    "node-exporter", "node_exporter", "runner",
                                        "runners", "github-runner", "nodeexporter",  NULL};
    for (int i = 0; i < source->matchers.n; i++) {
        const struct label_matcher *matcher = &source->matchers.list[i];
        if (strcmp(matcher->name, "job") == 0 && matcher->match == PROMQL_IS)
            return names_hosts(matcher->value) && allows_job(source, matcher->value);
    }
    for (int i = 0; usual[i]; i++) {
        if (allows_job(source, usual[i]))
            return true;
    }
    return false;
}

/* `up` has the labels of its target: without a prometheus.yml, job and instance. */
static bool allows_no_labels(const struct rule *rule, const struct rule_source *source)
{
    for (int i = 0; reads_up(rule) && i < source->matchers.n; i++) {
        const struct label_matcher *matcher = &source->matchers.list[i];
        if (strcmp(matcher->name, "job") != 0 && !label_names_host(matcher->name) &&
            !label_matches(matcher, ""))
            return false;
    }
    return true;
}

static void find_unnamed(struct alert_series_list *found, const struct fleet *fleet,
                         const struct rule *rule, const struct rule_source *source)
{
    struct alert_series series = {.job = -1, .own_job = -1, .hosts = hosts_by_name(fleet, source)};
    for (int i = 0; i < fleet->monitoring.n_jobs && series.own_job < 0; i++) {
        if (allows_job(source, fleet->monitoring.jobs[i].name))
            series.own_job = i;
    }
    if (fleet->monitoring.n_jobs > 0 ? series.own_job < 0 : !allows_some_job(source))
        found->others = 1;
    else if (series.hosts && allows_no_labels(rule, source))
        add(found, &series);
}

/* A job that is likely to scrape node_exporter. */
static bool is_node_job(const struct prometheus_job *job)
{
    if (strstr(job->name, "node"))
        return true;
    for (int i = 0; i < job->n_targets; i++) {
        if (strstr(job->targets[i].address, ":9100"))
            return true;
    }
    return false;
}

/* A job that finds its targets itself. */
static void find_discovered(struct alert_series_list *found, const struct prometheus_file *file,
                            const struct fleet *fleet, const struct rule *rule,
                            const struct rule_source *source, json_t *notes)
{
    struct prom_reader reader = {.notes = notes};
    struct spot spot = spot_of(source);
    int best = -1;
    for (int job = 0; job < file->n_jobs; job++) {
        if (!file->jobs[job].discovers || !allows_job(source, file->jobs[job].name))
            continue;
        if (best < 0 || (is_node_job(&file->jobs[job]) && !is_node_job(&file->jobs[best])))
            best = job;
    }
    if (best < 0)
        return;
    prom_note(&reader, &spot, "%s: the targets of job %s come from %s: taken to be every host",
              rule->name, file->jobs[best].name, file->jobs[best].discovers);
    struct alert_series series = {
        .job = best, .own_job = -1, .hosts = hosts_by_name(fleet, source)};
    if (series.hosts)
        add(found, &series);
}

/* What a host exports comes from one of its exporters: the likeliest job. */
static void choose_one(struct alert_series_list *found, const struct prometheus_file *file,
                       const struct rule *rule, const struct rule_source *source, json_t *notes)
{
    struct prom_reader reader = {.notes = notes};
    struct spot spot = spot_of(source);
    int best = 0, equals = 0;
    for (int i = 1; i < found->n; i++) {
        bool likelier = is_node_job(&file->jobs[found->list[i].job]) &&
                        !is_node_job(&file->jobs[found->list[best].job]);
        bool less = !is_node_job(&file->jobs[found->list[i].job]) &&
                    is_node_job(&file->jobs[found->list[best].job]);
        equals = likelier ? 0 : equals + !less;
        best = likelier ? i : best;
    }
    if (equals > 0)
        prom_note(&reader, &spot, "%s could read from %d scrape jobs: taken is %s", rule->name,
                  equals + 1, file->jobs[found->list[best].job].name);
    if (found->n > 0)
        found->list[0] = found->list[best];
    found->n = found->n > 0;
}

void alert_series_find(struct alert_series_list *found, const struct prometheus_file *file,
                       const struct fleet *fleet, const struct rule *rule,
                       const struct rule_source *source, json_t *notes)
{
    *found = (struct alert_series_list){0};
    if (!file || file->n_jobs == 0) {
        find_unnamed(found, fleet, rule, source);
        return;
    }
    find_known(found, file, fleet, rule, source);
    if (found->n == 0)
        find_discovered(found, file, fleet, rule, source, notes);
    if (rule->signal != SIGNAL_UP)
        choose_one(found, file, rule, source, notes);
}

/* --- labels ---------------------------------------------------------------------------------- */

/* The probe's host:port, or the name. */
static void instance_of(const struct host *host, char out[sizeof host->probe])
{
    const char *start = strstr(host->probe, "://");
    start = start ? start + 3 : host->probe;
    snprintf(out, sizeof host->probe, "%.*s", (int)strcspn(start, "/"), start);
    if (out[0] == '\0')
        snprintf(out, sizeof host->probe, "%s", host->name);
}

static json_t *series_labels(const struct alert_series *series, const struct prometheus_file *file,
                             const struct host *host, int index)
{
    char instance[sizeof host->probe];
    json_t *labels;
    if (series->labels[index])
        return json_copy((json_t *)series->labels[index]);
    instance_of(host, instance);
    labels = json_pack("{s:s}", "instance", instance);
    if (series->job >= 0)
        json_object_set_new(labels, "job", json_string(file->jobs[series->job].name));
    return labels;
}

json_t *alert_series_labels(const struct alert_series *series, const struct prometheus_file *file,
                            const struct rule_source *source, const struct host *host, int index,
                            json_t *notes)
{
    struct prom_reader reader = {.notes = notes};
    struct spot spot = {.file = source->file, .line = source->line};
    json_t *of_series = series_labels(series, file, host, index), *text;
    json_t *result = promql_labels_of(&source->result, of_series), *left = json_object();
    json_t *labels = alert_template_labels(result, source->labels, left);
    const char *name;
    json_object_foreach (left, name, text)
        prom_note(&reader, &spot,
                  "%s: the label %s has a template that only the server can fill: %s", source->name,
                  name, json_string_value(text));
    json_decref(left);
    json_decref(of_series);
    json_decref(result);
    return file ? prometheus_file_send(file, labels) : labels;
}
