#include "monitoring_expand.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/file/spec_tables.h"
#include "model/policy/policy_names.h"
#include "model/rules/alertmanager_file.h"
#include "model/rules/label_match.h"
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
    struct monitoring jobs; /* only the jobs are there */
    char paths[PROMETHEUS_FILE_RULES][DOC_PATH];
    int n_paths;
    struct und_err *err;
};

/* --- what the fleet names -------------------------------------------------------------------- */

static void read_hosts(struct expander *expander, const json_t *fleet)
{
    json_t *host;
    size_t i;
    json_array_foreach(json_object_get(fleet, "hosts"), i, host)
    {
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

/* Paths of rule files: one, or a list. A list of rules is left alone. */
static enum und_code read_paths(struct expander *expander)
{
    json_t *rules = json_object_get(expander->monitoring, "rules"), *item;
    struct spot spot = doc_member(expander->doc, expander->monitoring, "rules");
    size_t i;
    if (json_is_string(rules))
        return doc_relative(&spot, json_string_value(rules), expander->paths[expander->n_paths++],
                            expander->err);
    json_array_foreach(rules, i, item)
    {
        if (!json_is_string(item))
            break;
        spot = doc_item(expander->doc, rules, i, "rules");
        if (expander->n_paths == PROMETHEUS_FILE_RULES)
            return doc_fail(&spot, expander->err, "more than %d rule files", PROMETHEUS_FILE_RULES);
        if (doc_relative(&spot, json_string_value(item), expander->paths[expander->n_paths++],
                         expander->err))
            return UND_USAGE;
    }
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
                        doc_show(config, shown));
    if (doc_relative(&spot, json_string_value(config), path, expander->err))
        return UND_USAGE;
    expander->prometheus = calloc(1, sizeof *expander->prometheus);
    UND_ASSERT(expander->prometheus != NULL);
    if (prometheus_file_read(expander->prometheus, path, expander->err))
        return UND_USAGE;
    for (int i = 0;
         !prom_has(expander->monitoring, "rules") && i < expander->prometheus->n_rule_files; i++)
        snprintf(expander->paths[expander->n_paths++], DOC_PATH, "%s",
                 expander->prometheus->rule_files[i]);
    return UND_OK;
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
        for (int i = 0; i < expander->jobs.n_jobs; i++) {
            const struct scrape_job *job = &expander->jobs.jobs[i];
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
    }
    json_decref(jobs);
    /* With an interval of the fleet's own, the file's timeout might be above it. */
    if (!prom_has(expander->monitoring, "scrape_interval"))
        put_default(expander, "scrape_timeout", file->scrape_timeout_ms);
    put_default(expander, "scrape_interval", file->scrape_interval_ms);
    put_default(expander, "evaluation_interval", file->evaluation_interval_ms);
}

/* Names of the hosts that the rule's matchers leave; NULL: all, no matcher speaks of hosts. */
static json_t *watched_hosts(const struct expander *expander, const struct rule_source *source)
{
    const struct fleet *fleet = expander->hosts;
    json_t *hosts = NULL;
    for (int i = 0; i < source->n_matchers; i++) {
        if (label_names_host(source->matchers[i].name) && !hosts)
            hosts = json_array();
    }
    for (int host = 0; hosts && host < fleet->n_hosts; host++) {
        bool watched = true;
        for (int i = 0; i < source->n_matchers; i++) {
            const struct label_matcher *matcher = &source->matchers[i];
            if (label_names_host(matcher->name))
                watched &= label_matches_host(matcher, &fleet->hosts[host]);
        }
        if (watched)
            json_array_append_new(hosts, json_string(fleet->hosts[host].name));
    }
    return hosts;
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

static enum und_code put_rule(struct expander *expander, json_t *list, int index)
{
    const struct rule *rule = &expander->set->rules[index];
    const struct rule_source *source = &expander->set->sources[index];
    struct spot spot = {.file = source->file, .line = source->line, .key_line = source->line};
    json_t *item = json_object(), *hosts = watched_hosts(expander, source);
    json_array_append_new(list, item);
    doc_place_item(expander->doc, list, (size_t)index, &spot);
    put(expander, item, "alert", json_string(rule->name), &spot);
    put(expander, item, "signal", json_string(spec_signals[rule->signal]), &spot);
    put_threshold(expander, item, rule, &spot);
    put(expander, item, "for", duration(rule->for_ms), &spot);
    put(expander, item, "keep_firing_for", duration(rule->keep_firing_ms), &spot);
    put(expander, item, "severity", json_string(policy_severity_name(rule->severity)), &spot);
    put(expander, item, "group", json_string(rule->group), &spot);
    put(expander, item, "interval", duration(rule->interval_ms), &spot);
    put(expander, item, "labels", json_copy(source->labels), &spot);
    if (expander->jobs.n_jobs > 0)
        put(expander, item, "job", json_string(expander->jobs.jobs[rule->job].name), &spot);
    if (hosts)
        put(expander, item, "hosts", hosts, &spot);
    if (hosts && json_array_size(hosts) == 0)
        return und_fail(expander->err, UND_USAGE, "%s:%d: %s: %s matches no host of the fleet",
                        source->file, source->expr_line, rule->name, source->expr);
    return UND_OK;
}

/* Groups of one name in two files are two groups. */
static void tell_groups_apart(struct rule_set *set)
{
    for (int i = 1; i < set->n; i++) {
        int n = 2;
        for (int j = 0; j < i; j++) {
            char name[2 * FLEET_NAME];
            if (strcmp(set->rules[j].group, set->rules[i].group) != 0 ||
                strcmp(set->sources[j].file, set->sources[i].file) == 0)
                continue;
            snprintf(name, sizeof name, "%.50s (%d)", set->rules[i].group, n++);
            memcpy(set->rules[i].group, name, sizeof set->rules[i].group);
            j = -1; /* is that one taken as well? */
        }
    }
}

static enum und_code put_rules(struct expander *expander)
{
    json_t *list = json_array(), *ignored = json_object_get(expander->monitoring, "ignore");
    struct spot spot = doc_member(expander->doc, expander->monitoring,
                                  prom_has(expander->monitoring, "rules") ? "rules" : "config");
    const char *paths[PROMETHEUS_FILE_RULES];
    enum und_code code;
    for (int i = 0; i < expander->n_paths; i++)
        paths[i] = expander->paths[i];
    expander->set->ignored = ignored;
    code = rule_set_read(expander->set, paths, expander->n_paths, expander->err);
    tell_groups_apart(expander->set);
    if (code == UND_OK && expander->prometheus)
        code = prometheus_file_assign(expander->prometheus, expander->hosts, expander->set,
                                      &expander->jobs, expander->err);
    for (int i = 0; i < expander->set->n && code == UND_OK; i++)
        code = put_rule(expander, list, i);
    put(expander, expander->monitoring, "rules", list, &spot);
    return code;
}

enum und_code monitoring_expand(struct doc *doc, json_t *fleet, struct und_err *err)
{
    struct expander *expander;
    enum und_code code;
    json_t *monitoring = json_object_get(fleet, "monitoring");
    if (!json_is_object(monitoring))
        return UND_OK;
    expander = calloc(1, sizeof *expander);
    UND_ASSERT(expander != NULL);
    expander->doc = doc;
    expander->monitoring = monitoring;
    expander->err = err;
    expander->hosts = calloc(1, sizeof *expander->hosts);
    UND_ASSERT(expander->hosts != NULL);
    expander->set = rule_set_new();
    read_hosts(expander, fleet);
    code = read_config(expander);
    if (code == UND_OK)
        code = read_paths(expander);
    if (code == UND_OK && expander->n_paths > 0)
        code = put_rules(expander);
    if (code == UND_OK && expander->prometheus)
        put_intervals(expander);
    json_object_del(monitoring, "config"); /* done: a second call finds nothing to do */
    if (expander->prometheus)
        prometheus_file_fini(expander->prometheus);
    free(expander->prometheus);
    rule_set_free(expander->set);
    free(expander->hosts);
    free(expander);
    return code;
}

/* --- Alertmanager ---------------------------------------------------------------------------- */

/* The rules with their labels, as alertmanager_file_apply wants them. */
static struct rule_set *labelled_rules(const json_t *rules, const struct monitoring *monitoring)
{
    struct rule_set *set = rule_set_new();
    for (set->n = 0; set->n < monitoring->n_rules; set->n++) {
        const struct rule *rule = &monitoring->rules[set->n];
        json_t *given = json_object_get(json_array_get(rules, (size_t)set->n), "labels");
        json_t *labels = given ? json_copy(given) : json_object();
        if (!json_object_get(labels, "severity"))
            json_object_set_new(labels, "severity",
                                json_string(policy_severity_name(rule->severity)));
        json_object_set_new(labels, "alertname", json_string(rule->name));
        set->rules[set->n] = *rule;
        set->sources[set->n].labels = labels;
    }
    return set;
}

/* Times that the fleet file, or --set, gives itself. */
static void override_routes(const json_t *mapping, struct alertmanager_config *config)
{
    for (int i = 0; i < config->n_routes; i++) {
        if (prom_has(mapping, "group_wait"))
            config->routes[i].group_wait_ms = config->group_wait_ms;
        if (prom_has(mapping, "group_interval"))
            config->routes[i].group_interval_ms = config->group_interval_ms;
        if (prom_has(mapping, "repeat_interval"))
            config->routes[i].repeat_interval_ms = config->repeat_interval_ms;
    }
}

enum und_code alertmanager_resolve(struct doc *doc, const json_t *fleet, struct fleet *read,
                                   struct und_err *err)
{
    json_t *mapping = json_object_get(fleet, "alertmanager");
    struct spot spot = doc_member(doc, mapping, "config");
    const char *receiver = json_string_value(json_object_get(mapping, "receiver"));
    struct alertmanager_file *file;
    struct rule_set *set;
    char path[DOC_PATH];
    enum und_code code = UND_USAGE;
    if (!prom_has(mapping, "config"))
        return UND_OK;
    if (doc_relative(&spot, json_string_value(json_object_get(mapping, "config")), path, err))
        return UND_USAGE;
    file = alertmanager_file_read(path, err);
    set = labelled_rules(json_object_get(json_object_get(fleet, "monitoring"), "rules"),
                         &read->monitoring);
    if (file)
        code = alertmanager_file_apply(file, receiver ? receiver : "", set, read, &read->monitoring,
                                       &read->alertmanager, err);
    if (code == UND_OK)
        override_routes(mapping, &read->alertmanager);
    alertmanager_file_free(file);
    rule_set_free(set);
    return code;
}
