/*
 * Rules that are no signals, as the fleet has them: evaluated as they stand on the series that the
 * hosts export (model/series), in the order of their groups, with the recording rules.
 */
#ifndef MODEL_LOAD_SERIES_EXPAND_H
#define MODEL_LOAD_SERIES_EXPAND_H

#include "model/rules/prometheus_file.h"
#include "model/series/reach.h"

struct series_expand {
    const struct fleet *hosts;          /* borrowed: names and probes of the hosts, names of jobs */
    const struct prometheus_file *file; /* borrowed; may be NULL */
    const struct rule_set *set;         /* borrowed */
    struct reach_world *world;          /* owned; made when it is first needed */
    json_t *series;                     /* owned: monitoring.series, not yet in order */
    enum { ALERTS_UNKNOWN, ALERTS_UNREAD, ALERTS_READ } alerts; /* does any rule read ALERTS? */
};

/* Is the alert a signal whose closed form holds? Not where another rule reads ALERTS, and not in a
 * group with a limit or an offset. */
bool series_closed_form(struct series_expand *expand, int index);

/* What the alert reaches; the labels are the world's. */
void series_expand_find(struct series_expand *expand, int index, struct reach *out);
/* The labels of its alert about that host, as Prometheus sends it: a new object, NULL where
 * relabeling drops it. */
json_t *series_expand_labels(const struct series_expand *expand, int index,
                             const struct reach *reach, int host);
/* The same of an alert of which no series is known: the rule's own labels. */
json_t *series_expand_own_labels(const struct series_expand *expand, int index);
/* Adds the alert to the series. `rule`: its place in monitoring.rules, -1: it is about no host. */
void series_expand_alert(struct series_expand *expand, int index, const char *group, int rule);
/* Adds a recording rule, one of set->recorded. */
void series_expand_record(struct series_expand *expand, const json_t *record, const char *group);
/* In the order of groups and of the rules in them. */
void series_expand_sort(struct series_expand *expand);
void series_expand_fini(struct series_expand *expand);

#endif
