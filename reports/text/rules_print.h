/*
 * What was read from Prometheus' and Alertmanager's files, for people and as JSON: the alerts with
 * their signals, how each was derived, what stands there unused.
 */
#ifndef REPORTS_TEXT_RULES_PRINT_H
#define REPORTS_TEXT_RULES_PRINT_H

#include "model/rules/alertmanager_file.h"
#include "model/rules/prometheus_file.h"
#include "model/rules/rule_file.h"
#include "model/series/reach.h"

#include <stdio.h>

/* One line an alert, of what is known without a fleet. */
void rules_print_list(FILE *out, const struct rule_set *set);
/* How many of them read what no fleet exports, unless by metrics of its own. */
int rules_count_unread(const struct rule_set *set);
/* What each alert of the set does to the fleet, which was loaded with these rules: "moves jobs:
 * ...", "not simulated: ..." . Malloc'd. */
char *rules_effect(const struct rule_set *set, int index, const struct fleet *fleet,
                   struct reach_world *world);
/* A line an alert, of rules_effect. */
void rules_print_effects(FILE *out, const struct rule_set *set, const struct fleet *fleet);
/* A paragraph an alert: expression, derivation, signal, timing. */
void rules_print_explanation(FILE *out, const struct rule_set *set, const struct fleet *fleet);
/* Scrape jobs with their times and targets; routes with their receivers, matchers and times. */
void rules_print_jobs(FILE *out, const struct prometheus_file *file);
void rules_print_routes(FILE *out, const struct alertmanager_file *file);
/* Notes as prom_doc.h makes them: "file:line: text". */
void rules_print_notes(FILE *out, const json_t *notes);

/* New references. */
json_t *rules_json(const struct rule_set *set);
json_t *rules_jobs_json(const struct prometheus_file *file);
json_t *rules_routes_json(const struct alertmanager_file *file);

#endif
