#include "fleet_compare.h"

#include "model/base/assert.h"
#include "model/base/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(json_t *texts, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(json_t *texts, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(texts, json_string(text));
}

static void say_duration(json_t *texts, const char *what, int64_t before, int64_t after)
{
    char a[UNITS_TEXT], b[UNITS_TEXT];
    if (before != after)
        add(texts, "%s: %s -> %s", what, units_format_duration(before, a),
            units_format_duration(after, b));
}

bool fleet_has_alert(const struct fleet *fleet, const char *name)
{
    for (int i = 0; i < fleet->monitoring.n_rules; i++) {
        if (strncmp(fleet->monitoring.rules[i].name, name, FLEET_NAME - 1) == 0)
            return true;
    }
    for (int i = 0; i < fleet->monitoring.n_series; i++) {
        const struct series_rule *rule = &fleet->monitoring.series[i];
        if (!rule->records && strcmp(rule->name, name) == 0)
            return true;
    }
    return false;
}

static const char *job_of(const struct fleet *fleet, const struct rule *rule)
{
    return fleet->monitoring.n_jobs > 0 ? fleet->monitoring.jobs[rule->job].name : "";
}

static bool alike(const struct fleet *a, int i, const struct fleet *b, int j)
{
    const struct rule *x = &a->monitoring.rules[i], *y = &b->monitoring.rules[j];
    return strcmp(x->name, y->name) == 0 && strcmp(job_of(a, x), job_of(b, y)) == 0;
}

/* The rule of the other fleet that has the same name, job, and place among those; -1: none. */
static int counterpart(const struct fleet *fleet, int rule, const struct fleet *other)
{
    int place = 0;
    for (int i = 0; i < rule; i++)
        place += alike(fleet, i, fleet, rule);
    for (int i = 0; i < other->monitoring.n_rules; i++) {
        if (alike(other, i, fleet, rule) && place-- == 0)
            return i;
    }
    return -1;
}

/* --- routing --------------------------------------------------------------------------------- */

static bool watches(const struct rule *rule, int host)
{
    return rule->hosts == 0 || (rule->hosts >> host & 1) != 0;
}

/* Hosts whose alerts of the rule the controller is told of. */
static int count_told(const struct fleet *fleet, int rule)
{
    int n = 0;
    for (int host = 0; host < fleet->n_hosts; host++)
        n += watches(&fleet->monitoring.rules[rule], host) &&
             (fleet->alertmanager.n_routes == 0 || fleet->alertmanager.route_of[rule][host] >= 0);
    return n;
}

static const struct alert_route *route_of(const struct fleet *fleet, int rule)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    for (int host = 0; config->n_routes > 0 && host < fleet->n_hosts; host++) {
        if (config->route_of[rule][host] >= 0)
            return &config->routes[config->route_of[rule][host]];
    }
    return NULL;
}

/* How many alerts each group has, of those that both fleets have and tell the controller of. */
struct group_sizes {
    int *of; /* owned; by number of the group */
};

static void count_groups(const struct fleet *fleet, const struct fleet *other,
                         struct group_sizes *sizes)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    sizes->of = calloc((size_t)(fleet->monitoring.n_rules * fleet->n_hosts) + 1, sizeof *sizes->of);
    UND_ASSERT(sizes->of != NULL);
    for (int rule = 0; config->n_routes > 0 && rule < fleet->monitoring.n_rules; rule++) {
        int same = counterpart(fleet, rule, other);
        if (same < 0 || count_told(fleet, rule) != count_told(other, same))
            continue;
        for (int host = 0; host < fleet->n_hosts; host++) {
            if (config->route_of[rule][host] >= 0)
                sizes->of[config->group_of[rule][host]]++;
        }
    }
}

/* The alerts in the groups of this rule's. */
static int count_grouped(const struct fleet *fleet, int rule, const struct group_sizes *sizes)
{
    const struct alertmanager_config *config = &fleet->alertmanager;
    int n = 0;
    for (int host = 0; config->n_routes > 0 && host < fleet->n_hosts; host++) {
        if (config->route_of[rule][host] >= 0)
            n += sizes->of[config->group_of[rule][host]];
    }
    return n;
}

/* Inhibition rules of which the rule's alerts are targets. */
static int count_mutes(const struct fleet *fleet, int rule)
{
    int n = 0;
    for (int i = 0; i < fleet->alertmanager.n_inhibitions; i++) {
        for (int host = 0; host < fleet->n_hosts; host++)
            n += fleet->alertmanager.inhibitions[i].alert[rule][host].target;
    }
    return n;
}

static void compare_route(json_t *texts, const struct fleet *before, int i,
                          const struct fleet *after, int j, const struct group_sizes sizes[2])
{
    const struct alert_route *a = route_of(before, i), *b = route_of(after, j);
    const char *name = after->monitoring.rules[j].name;
    int told_before = count_told(before, i), told_after = count_told(after, j);
    char what[FLEET_NAME + 32];
    if (told_before != told_after) {
        add(texts, "%s: the controller is told of it on %d host%s -> %d", name, told_before,
            told_before == 1 ? "" : "s", told_after);
        return;
    }
    if (!a || !b)
        return;
    snprintf(what, sizeof what, "%s: group_wait", name);
    say_duration(texts, what, a->group_wait_ms, b->group_wait_ms);
    snprintf(what, sizeof what, "%s: group_interval", name);
    say_duration(texts, what, a->group_interval_ms, b->group_interval_ms);
    snprintf(what, sizeof what, "%s: repeat_interval", name);
    say_duration(texts, what, a->repeat_interval_ms, b->repeat_interval_ms);
    if (memcmp(&a->mute, &b->mute, sizeof a->mute) != 0)
        add(texts, "%s: its route is mute at other times", name);
    if (count_grouped(before, i, &sizes[0]) != count_grouped(after, j, &sizes[1]))
        add(texts, "%s: is grouped with other alerts than before", name);
    if (count_mutes(before, i) != count_mutes(after, j))
        add(texts, "%s: other alerts mute it", name);
}

/* --- all of it ------------------------------------------------------------------------------- */

static void compare_jobs(json_t *texts, const struct monitoring *before,
                         const struct monitoring *after)
{
    for (int i = 0; i < before->n_jobs; i++) {
        for (int j = 0; j < after->n_jobs; j++) {
            const struct scrape_job *a = &before->jobs[i], *b = &after->jobs[j];
            char what[JOB_NAME + 32];
            if (strcmp(a->name, b->name) != 0)
                continue;
            snprintf(what, sizeof what, "job %s: scrape_interval", a->name);
            say_duration(texts, what, a->interval_ms, b->interval_ms);
            snprintf(what, sizeof what, "job %s: scrape_timeout", a->name);
            say_duration(texts, what, a->timeout_ms, b->timeout_ms);
        }
    }
}

void fleet_compare(json_t *texts, const struct fleet *before, const struct fleet *after)
{
    const struct monitoring *a = &before->monitoring, *b = &after->monitoring;
    struct group_sizes *sizes = calloc(2, sizeof *sizes);
    UND_ASSERT(sizes != NULL);
    count_groups(before, after, &sizes[0]);
    count_groups(after, before, &sizes[1]);
    say_duration(texts, "scrape_interval", a->scrape_interval_ms, b->scrape_interval_ms);
    say_duration(texts, "scrape_timeout", a->scrape_timeout_ms, b->scrape_timeout_ms);
    say_duration(texts, "evaluation_interval", a->evaluation_interval_ms,
                 b->evaluation_interval_ms);
    compare_jobs(texts, a, b);
    for (int i = 0; i < a->n_rules; i++) {
        int j = counterpart(before, i, after);
        if (j < 0)
            continue;
        if (a->rules[i].hosts != b->rules[j].hosts)
            add(texts, "%s: watches other hosts than before", b->rules[j].name);
        compare_route(texts, before, i, after, j, sizes);
    }
    free(sizes[0].of);
    free(sizes[1].of);
    free(sizes);
}
