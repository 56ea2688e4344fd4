/* alertmanager.yml, once the fleet is read: whose alerts reach the controller, and how. */
#include "alert_series.h"
#include "model/base/assert.h"
#include "model/file/spec_tables.h"
#include "model/policy/policy_names.h"
#include "model/rules/alertmanager_file.h"
#include "model/rules/prom_doc.h"
#include "model/series/exporter.h"
#include "monitoring_expand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of an alert that the fleet file gives itself: what its series would have. */
static json_t *own_labels(const json_t *item, const struct fleet *fleet, const struct rule *rule,
                          int host)
{
    struct alert_series series = {.job = -1, .own_job = -1};
    struct rule_source source = {.name = (char *)rule->name};
    json_t *given = json_object_get(item, "labels"), *labels;
    source.labels = given ? json_copy(given) : json_object();
    source.file = "";
    if (!json_object_get(source.labels, "severity"))
        json_object_set_new(source.labels, "severity",
                            json_string(policy_severity_name(rule->severity)));
    json_object_set_new(source.labels, "alertname", json_string(rule->name));
    labels = alert_series_labels(&series, NULL, &source, &fleet->hosts[host], host, NULL);
    if (fleet->monitoring.n_jobs > 0 && !json_object_get(labels, "job"))
        json_object_set_new(labels, "job", json_string(fleet->monitoring.jobs[rule->job].name));
    json_decref(source.labels);
    return labels;
}

static struct alert_labels *labels_of_alerts(const json_t *rules, const struct fleet *fleet)
{
    struct alert_labels *labels = calloc(1, sizeof *labels);
    UND_ASSERT(labels != NULL);
    labels->n_rules = fleet->monitoring.n_rules;
    labels->n_hosts = fleet->n_hosts;
    labels->of = calloc((size_t)labels->n_rules + 1, sizeof *labels->of);
    UND_ASSERT(labels->of != NULL);
    for (int i = 0; i < labels->n_rules; i++) {
        const struct rule *rule = &fleet->monitoring.rules[i];
        const json_t *item = json_array_get(rules, (size_t)i);
        for (int host = 0; host < labels->n_hosts; host++) {
            const json_t *known = json_object_get(item, "alerts");
            json_t *of_host = json_object_get(known, fleet->hosts[host].name);
            if (rule->hosts != 0 && (rule->hosts >> host & 1) == 0)
                continue;
            if (!known)
                labels->of[i][host] = own_labels(item, fleet, rule, host);
            else if (json_is_object(of_host))
                labels->of[i][host] = json_incref(of_host);
        }
    }
    return labels;
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

/* Of an alert that has no series here only the rule's own labels are known, and which hosts there
 * are. */
static bool would_tell(const struct alertmanager_file *file, const char *receiver,
                       const json_t *labels, const struct fleet *fleet)
{
    bool tells = alertmanager_file_tells(file, receiver, labels);
    for (int host = 0; host < fleet->n_hosts && !tells; host++) {
        char instance[sizeof fleet->hosts[host].probe];
        json_t *of_host = json_copy((json_t *)labels);
        exporter_instance(&fleet->hosts[host], instance);
        json_object_set_new(of_host, "instance", json_string(instance));
        tells = alertmanager_file_tells(file, receiver, of_host);
        json_decref(of_host);
    }
    return tells;
}

/* Those of monitoring.left_out that the controller would be told of. */
static void keep_told(const struct alertmanager_file *file, const char *receiver,
                      const json_t *left_out, struct fleet *fleet)
{
    size_t i;
    json_t *item;
    memset(fleet->monitoring.left_out, 0, sizeof fleet->monitoring.left_out);
    json_array_foreach ((json_t *)left_out, i, item) {
        const json_t *labels = json_object_get(item, "labels");
        if (json_is_object(labels) && would_tell(file, receiver, labels, fleet))
            spec_leave_out(&fleet->monitoring, item);
    }
}

enum und_code alertmanager_resolve(struct doc *doc, const json_t *fleet, struct fleet *read,
                                   struct und_err *err)
{
    json_t *mapping = json_object_get(fleet, "alertmanager");
    struct spot spot = doc_member(doc, mapping, "config");
    const char *receiver = json_string_value(json_object_get(mapping, "receiver"));
    struct alertmanager_file *file;
    struct alert_labels *labels;
    char path[DOC_PATH];
    enum und_code code = UND_USAGE;
    if (!prom_has(mapping, "config"))
        return UND_OK;
    if (doc_relative(&spot, json_string_value(json_object_get(mapping, "config")), path, err))
        return UND_USAGE;
    file =
        alertmanager_file_read(path, read->monitoring.prometheus == 3 ? PROMQL_3 : PROMQL_2, err);
    labels = labels_of_alerts(json_object_get(json_object_get(fleet, "monitoring"), "rules"), read);
    if (file)
        code = alertmanager_file_apply(file, receiver ? receiver : "", labels, &read->alertmanager,
                                       err);
    if (code == UND_OK) {
        override_routes(mapping, &read->alertmanager);
        keep_told(file, receiver ? receiver : "",
                  json_object_get(json_object_get(fleet, "monitoring"), "left_out"), read);
    }
    alertmanager_file_free(file);
    alert_labels_free(labels);
    return code;
}
