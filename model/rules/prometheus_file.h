/*
 * prometheus.yml: global intervals, scrape jobs with their own, the rule files it names.
 *
 * Everything else in the file becomes a note. Defaults are Prometheus': 1m, 10s (never above the
 * interval), 1m. Source: Prometheus, config/config.go and the configuration page.
 */
#ifndef MODEL_RULES_PROMETHEUS_FILE_H
#define MODEL_RULES_PROMETHEUS_FILE_H

#include "model/file/doc.h"
#include "model/fleet/fleet.h"
#include "rule_file.h"

#define PROMETHEUS_FILE_JOBS 64
#define PROMETHEUS_FILE_RULES 64

struct prometheus_job {
    struct scrape_job job;
    json_t *targets; /* owned: the static ones, a list of texts */
};

struct prometheus_file {
    int64_t scrape_interval_ms, scrape_timeout_ms, evaluation_interval_ms;
    struct prometheus_job jobs[PROMETHEUS_FILE_JOBS];
    int n_jobs;
    char *rule_files[PROMETHEUS_FILE_RULES]; /* owned; patterns resolved */
    int n_rule_files;
    json_t *notes; /* owned: see prom_doc.h */
};

enum und_code prometheus_file_read(struct prometheus_file *file, const char *path,
                                   struct und_err *err);
void prometheus_file_fini(struct prometheus_file *file);

/* Gives each rule the job that scrapes what it reads, and monitoring the jobs in use: the jobs that
 * the rule's job matchers allow; of these the ones with a host of the fleet among their targets; of
 * these the one for node_exporter, or the first. What was chosen among several is a note. */
enum und_code prometheus_file_assign(struct prometheus_file *file, const struct fleet *fleet,
                                     struct rule_set *set, struct monitoring *monitoring,
                                     struct und_err *err);

#endif
