/* Tables and names that one file of the file format lends to another; see spec.h. */
#ifndef MODEL_FILE_SPEC_TABLES_H
#define MODEL_FILE_SPEC_TABLES_H

#include "model/base/units.h"
#include "spec.h"

#define SPEC_MOMENT_MAX ((double)(10 * UNITS_YEAR)) /* of a scenario */

extern const char *const spec_severities[]; /* in the order of enum severity */
extern const char *const spec_signals[];    /* in the order of enum signal */

extern const struct table spec_workload, spec_github, spec_monitoring, spec_alertmanager;
extern const struct table spec_policy, spec_evidence, spec_controller, spec_objectives;
extern const struct table spec_fault, spec_live, spec_drill, spec_rule, spec_expect;
extern const struct table spec_class, spec_metric;

/* Names of classes, what they need, and the jobs of a run. */
enum und_code spec_check_classes(struct spec *spec, struct workload *workload, json_t *mapping,
                                 const struct spot *whole);

/* What rule files give (spec_rule_files.c). */
field_reader spec_read_left_out, spec_read_series, spec_read_targets;
/* One more of monitoring.left_out, counted by severity, with the first names. */
void spec_leave_out(struct monitoring *monitoring, const json_t *item);

/* Reads monitoring.metrics alone. */
enum und_code spec_read_metrics(struct spec *spec, struct monitoring *monitoring, json_t *list,
                                const struct spot *spot);
/* The metrics of a list against each other. */
enum und_code spec_check_metrics(struct spec *spec, const struct monitoring *monitoring,
                                 json_t *list);

/* A list of facets to be measured (model/fleet/facet.h). */
field_reader spec_read_measures;
json_t *spec_measures_schema(void);

/* The rules of a list against each other. */
enum und_code spec_check_rules(struct spec *spec, const struct monitoring *monitoring,
                               json_t *list);

/* A command's arguments: a FIELD_LIST into a struct live_argv. */
extern const struct field spec_argument;
#define SPEC_ARGV(type, member)                                                                    \
    .at = offsetof(type, member.arg), .size = LIVE_ARGS, .item = &spec_argument,                   \
    .stride = LIVE_ARG, .count_at = offsetof(type, member.n)

#endif
