#include "attribution.h"
#include "model/fleet/registration.h"

#include "model/base/assert.h"
#include "model/policy/policy_names.h"

#include <string.h>
#include <strings.h>

int attribution_of_runner(const struct fleet *fleet, const char *name)
{
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        if (registration_is_of(&fleet->hosts[i], name))
            return i;
    return -1;
}

/* "http://192.168.0.201:9100/metrics" and "192.168.0.201:9100" are the instance
 * "192.168.0.201:9100". */
static bool is_instance(const char *probe, const char *instance)
{
    const char *scheme = strstr(probe, "://");
    const char *at = scheme ? scheme + 3 : probe;
    size_t n = strcspn(at, "/");
    return n > 0 && strlen(instance) == n && strncmp(at, instance, n) == 0;
}

static bool named_by(const struct host *host, const json_t *labels)
{
    static const char *const names[] = {"host", "hostname", "nodename", "runner", "runner_name"};
    const char *value = json_string_value(json_object_get(labels, "instance"));
    size_t i;
    if (value && (strcmp(value, host->name) == 0 || is_instance(host->probe, value)))
        return true;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        value = json_string_value(json_object_get(labels, names[i]));
        if (value && (strcmp(value, host->name) == 0 || registration_is_of(host, value)))
            return true;
    }
    return false;
}

int attribution_of_labels(const struct fleet *fleet, const json_t *labels)
{
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        if (named_by(&fleet->hosts[i], labels))
            return i;
    return -1;
}

enum severity attribution_severity(const char *name)
{
    int severity;
    for (severity = 0; severity < SEVERITY_COUNT; severity++)
        if (strcmp(name, policy_severity_name((enum severity)severity)) == 0)
            return (enum severity)severity;
    return SEVERITY_INFO;
}

bool attribution_admitted(const struct fleet *fleet, const struct github_runner *runner)
{
    int i;
    for (i = 0; i < runner->labels.n; i++)
        if (strcmp(runner->labels.name[i], fleet->live.github.label) == 0)
            return true;
    return false;
}

int attribution_count(const struct fleet *fleet, const struct github_runners *runners,
                      struct host_reading out[FLEET_HOSTS])
{
    int strays = 0;
    size_t i;
    memset(out, 0, FLEET_HOSTS * sizeof out[0]);
    for (i = 0; i < runners->n; i++) {
        int host = attribution_of_runner(fleet, runners->item[i].name);
        if (host < 0) {
            strays++;
            continue;
        }
        if (out[host].online < fleet->hosts[host].slots)
            out[host].online += runners->item[i].online;
        UND_ASSERT(out[host].online <= fleet->hosts[host].slots);
        out[host].busy += runners->item[i].busy;
        out[host].routed += attribution_admitted(fleet, &runners->item[i]);
    }
    return strays;
}

static void add_alert(struct attribution_alerts *host, bool firing, const char *severity,
                      int64_t active_ms)
{
    if (firing)
        host->severities |= 1u << attribution_severity(severity);
    UND_ASSERT(host->severities >> SEVERITY_COUNT == 0);
    host->firing = host->firing || firing;
    host->pending = host->pending || !firing;
    if (host->active_wall_ms < 0 || active_ms < host->active_wall_ms)
        host->active_wall_ms = active_ms;
}

static void no_alerts(struct attribution_alerts out[FLEET_HOSTS])
{
    int i;
    for (i = 0; i < FLEET_HOSTS; i++)
        out[i] = (struct attribution_alerts){.active_wall_ms = -1};
}

void attribution_alerts(const struct fleet *fleet, const struct prometheus_alerts *alerts,
                        struct attribution_alerts out[FLEET_HOSTS])
{
    size_t i;
    no_alerts(out);
    for (i = 0; i < alerts->n; i++) {
        const struct prometheus_alert *alert = &alerts->item[i];
        int host = attribution_of_labels(fleet, alert->labels);
        if (host >= 0)
            add_alert(&out[host], alert->firing, alert->severity, alert->active_ms);
    }
}

void attribution_listed(const struct fleet *fleet, const struct alertmanager_alerts *alerts,
                        struct attribution_alerts out[FLEET_HOSTS])
{
    size_t i;
    no_alerts(out);
    for (i = 0; i < alerts->n; i++) {
        const struct alertmanager_alert *alert = &alerts->item[i];
        int host = attribution_of_labels(fleet, alert->labels);
        if (host >= 0)
            add_alert(&out[host], true, alert->severity, alert->starts_ms);
    }
}

bool attribution_has_labels(const struct host *host, const struct github_job *job)
{
    int i, j;
    for (i = 0; i < job->labels.n; i++) {
        for (j = 0; j < host->n_labels; j++)
            if (strcasecmp(job->labels.name[i], host->labels[j]) == 0)
                break;
        if (j == host->n_labels)
            return false;
    }
    return true;
}
