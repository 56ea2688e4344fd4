/*
 * Which series a rule reads, by its matchers: of which of the fleet's hosts, scraped by which jobs,
 * and what labels its alerts have there.
 *
 * With a prometheus.yml the targets are known: one whose address is a host's is that host, every
 * other one is another machine, which the simulation takes for healthy. A job whose targets only
 * its server finds is taken to find every host, where no job with known targets has one. Without a
 * prometheus.yml a host goes by its name and its probe's address, and one job scrapes them all.
 */
#ifndef MODEL_LOAD_ALERT_SERIES_H
#define MODEL_LOAD_ALERT_SERIES_H

#include "model/fleet/fleet.h"
#include "model/rules/prometheus_file.h"
#include "model/rules/rule_file.h"

struct alert_series {
    int job;        /* of the prometheus.yml; -1: there is none */
    int own_job;    /* without one, of the fleet\'s monitoring.jobs; -1: it names none */
    uint64_t hosts; /* bit set */
    const json_t *labels[FLEET_HOSTS]; /* of the series, borrowed; NULL where nobody knows them */
};

struct alert_series_list {
    struct alert_series *list; /* owned */
    int n;
    int others; /* targets that the rule reads and that are no host of the fleet */
};

/* `file` may be NULL. Of the fleet only names and probes of the hosts, and names of jobs, are
 * looked at. */
void alert_series_find(struct alert_series_list *found, const struct prometheus_file *file,
                       const struct fleet *fleet, const struct rule *rule,
                       const struct rule_source *source, json_t *notes);
void alert_series_fini(struct alert_series_list *found);

/* A new object: the labels of the rule's alert for the host, as Prometheus sends it; NULL where
 * alert_relabel_configs drop it. */
json_t *alert_series_labels(const struct alert_series *series, const struct prometheus_file *file,
                            const struct rule_source *source, const struct host *host, int index,
                            json_t *notes);

#endif
