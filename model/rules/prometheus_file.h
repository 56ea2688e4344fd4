/*
 * prometheus.yml: global intervals, scrape jobs with their targets as relabeling leaves them, the
 * rule files it names, external labels, and what happens to alerts on their way out.
 *
 * Every key of 2.42 and 3.x is known (prom_schema.h). Targets of static_configs and of local
 * file_sd files are read; a job with another kind of discovery is taken to find every host.
 * Defaults are Prometheus': 1m, 10s (never above the interval), 1m. A file of an agent has no
 * rules. Source: Prometheus, config/config.go, scrape/target.go and the configuration page.
 */
#ifndef MODEL_RULES_PROMETHEUS_FILE_H
#define MODEL_RULES_PROMETHEUS_FILE_H

#include "model/file/doc.h"
#include "model/fleet/fleet.h"
#include "relabel.h"
#include "rule_file.h"

/* What a scrape finds: its address, and the labels of its series. */
struct prometheus_target {
    char *address;  /* owned */
    json_t *labels; /* owned: with job and instance, without those that begin with __ */
};

struct prometheus_job {
    struct scrape_job job;
    char *name;                        /* owned: in full */
    struct prometheus_target *targets; /* owned: kept by relabeling */
    int n_targets;
    int n_dropped;
    char *discovers; /* owned: the first kind of discovery whose targets only it knows, or NULL */
};

struct prometheus_file {
    int64_t scrape_interval_ms, scrape_timeout_ms, evaluation_interval_ms;
    struct prometheus_job *jobs; /* owned */
    int n_jobs;
    json_t *job_names;       /* owned: a set */
    json_t *rule_files;      /* owned: paths, patterns resolved */
    json_t *missing;         /* owned: texts "file:line: ..." of rule files that are not there */
    json_t *external_labels; /* owned */
    struct relabel *alert_relabel; /* owned; may be NULL */
    json_t *notes;                 /* owned: see prom_doc.h */
};

enum und_code prometheus_file_read(struct prometheus_file *file, const char *path,
                                   enum promql_version version, struct und_err *err);
void prometheus_file_fini(struct prometheus_file *file);

/* The host of the fleet that the target is a port of, or -1. By its probe's address with the port,
 * else by its name or its probe's address alone (the first such host). */
int prometheus_target_host(const struct prometheus_target *target, const struct fleet *fleet);

/* The labels of an alert as they leave for the Alertmanager; NULL: relabeling drops it. Takes
 * `labels`. */
json_t *prometheus_file_send(const struct prometheus_file *file, json_t *labels);

#endif
