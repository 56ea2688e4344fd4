/*
 * Private to prometheus_file.c and prometheus_targets.c: the targets of a scrape job.
 */
#ifndef MODEL_RULES_PROMETHEUS_TARGETS_H
#define MODEL_RULES_PROMETHEUS_TARGETS_H

#include "prom_doc.h"
#include "prometheus_file.h"

/* A job while it is read. */
struct job_reader {
    const struct prom_reader *prom;
    const json_t *mapping;
    struct prometheus_job *job;
    struct relabel *relabel; /* owned */
    const char *scheme;
};

/* Fills the job's targets and `discovers` from its discoveries. */
enum und_code prometheus_targets_read(struct job_reader *reader);
/* `path` as seen from the folder of the file that names it. */
void prometheus_resolve(const struct spot *spot, const char *path, char out[2 * DOC_PATH]);

#endif
