/*
 * What an alert's expression reaches in a fleet: which of the series that it names are there, which
 * labels its alerts would have, which hosts they are about, and whether it can fire at all.
 */
#ifndef MODEL_SERIES_REACH_H
#define MODEL_SERIES_REACH_H

#include "bounds.h"
#include "model/promql/query.h"
#include "model/rules/rule_file.h"

/* A recording rule; borrowed. */
struct reach_record {
    const char *name;
    const struct promql *promql;
    const json_t *labels;
};

struct reach_world {
    const struct fleet *fleet; /* borrowed */
    struct store *store;       /* owned: every series, with a sample or two */
    struct exported_list exported;
    struct bounds_record *records; /* owned; names and expressions are the caller's */
    int n_records;
};

/* Labels of the results that an expression may have. */
struct reach_results {
    struct labels **list; /* owned; the world's. NULL in it: of any labels */
    int n;
    bool guessed; /* evaluating it with filters open failed: a result a host is taken for it */
};

enum reach_verdict {
    REACH_NO_SERIES, /* nobody exports what it reads: never fires */
    REACH_NEVER,     /* its series are there, but their values cannot make it true */
    REACH_BY_FAULT,  /* jobs alone do not */
    REACH_BY_JOBS    /* by its bounds, the load alone may */
};

struct reach {
    enum reach_verdict verdict;
    struct labels *of_host[FLEET_HOSTS]; /* labels of a result about that host, NULL: there is none
                                          */
    uint64_t hosts;                      /* bit set of them */
    int n, homeless;                     /* results; those about no host */
    char missing[256];                   /* metrics that nobody exports, "a, b" */
    char sources[512];                   /* "the share of CPU in use (node_exporter on the host)" */
};

struct reach_world *reach_open(const struct fleet *fleet, const struct reach_record *records,
                               int n_records);
/* With the recording rules of the set. */
struct reach_world *reach_open_set(const struct fleet *fleet, const struct rule_set *set);
void reach_close(struct reach_world *world);
void reach_results_find(struct reach_world *world, const struct promql *promql,
                        struct reach_results *out);
/* What a count() in an expression counts when every series is there, for results that fix these
 * labels; 0: that depends. */
int reach_count(struct reach_world *world, const struct promql *promql,
                const struct promql_node *count, const struct bounds_fixed *fixed);
void reach_results_fini(struct reach_results *results);
void reach_find(struct reach_world *world, const struct promql *promql, struct reach *out);
const char *reach_words(enum reach_verdict verdict);

#endif
