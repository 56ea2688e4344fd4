/*
 * What `alerts check` and `explain` read: rule files, a prometheus.yml with the rule files that it
 * names, an alertmanager.yml, in any order. All are read, whatever is wrong with the others.
 */
#ifndef SIM_COMMAND_ALERTS_READING_H
#define SIM_COMMAND_ALERTS_READING_H

#include "model/fleet/fleet.h"
#include "model/rules/alertmanager_file.h"
#include "model/rules/prometheus_file.h"
#include "model/rules/rule_file.h"

/* One file of each kind, any number of rule files. */
struct alerts_reading {
    struct rule_set *set;
    struct prometheus_file prometheus;
    struct alertmanager_file *alertmanager;
    json_t *rule_files; /* owned: paths */
    json_t *problems;   /* owned: texts "file:line: ..." of all that is bad */
    bool has_prometheus;
};

void alerts_reading_open(struct alerts_reading *reading, enum promql_version version);
void alerts_reading_close(struct alerts_reading *reading);
void alerts_reading_take(struct alerts_reading *reading, char *const *paths, int n);

/* To standard output; with a fleet also what each alert does there. */
void alerts_reading_print(const struct alerts_reading *reading, const struct fleet *fleet,
                          bool explain);
void alerts_reading_dump(const struct alerts_reading *reading, const struct fleet *fleet);

/* What cannot be read is an error. Where it is asked for (strict), what never fires for want of
 * series is one: of a fleet, what would move its jobs. `fleet` may be NULL. */
enum und_code alerts_reading_judge(const struct alerts_reading *reading, const struct fleet *fleet,
                                   bool strict, struct und_err *err);

#endif
