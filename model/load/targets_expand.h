/*
 * The targets of prometheus.yml's jobs, for the series that are simulated: which hosts a job
 * scrapes, and what labels it gives their series.
 *
 * A target is a host's by its address, or, where a probe stands between, by its instance. A job
 * that finds some host and not another does not scrape the other one, unless only the server knows
 * what it finds.
 */
#ifndef MODEL_LOAD_TARGETS_EXPAND_H
#define MODEL_LOAD_TARGETS_EXPAND_H

#include "model/rules/prometheus_file.h"

/* A job of which the name alone is known. */
void targets_add_job(struct monitoring *monitoring, const char *name);
/* Fills in the monitoring's jobs (their names alone) and targets. */
void targets_take_jobs(struct monitoring *monitoring, const struct prometheus_file *file,
                       const struct fleet *hosts);
/* monitoring.targets of the document, for those of the jobs that are in the list: a new array. */
json_t *targets_list(const struct monitoring *monitoring, const struct fleet *hosts,
                     const json_t *jobs);
/* Frees jobs and targets. */
void targets_fini(struct monitoring *monitoring);

#endif
