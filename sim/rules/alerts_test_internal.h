/*
 * Private to alerts_test.c and alerts_test_compare.c.
 */
#ifndef SIM_RULES_ALERTS_TEST_INTERNAL_H
#define SIM_RULES_ALERTS_TEST_INTERNAL_H

#include "alerts_test.h"
#include "model/promql/notation.h"
#include "model/rules/prom_doc.h"
#include "model/rules/rule_eval.h"

/* A file of tests. */
struct suite {
    const char *path;
    struct prom_reader prom;
    enum promql_version version;
    json_t *failures, *warnings;
    int64_t interval_ms;
    bool fuzzy;
    json_t *order;     /* names of groups; borrowed */
    char **rule_files; /* owned */
    int n_rule_files;
};

/* One of its test groups. */
struct group_test {
    struct suite *suite;
    const json_t *mapping;
    const char *name;
    struct store *store;
    struct notation *series; /* owned */
    int *loaded;             /* owned: how many values of each */
    int n_series;
    int64_t start_ms; /* what the times of the test begin at */
    int64_t interval_ms, last_ms;
    struct eval_group *groups; /* owned */
    int n_groups;
    struct eval_options options;
};

/* The test has failed, and that is why: one line more of the suite's. */
void alerts_test_fail(struct suite *suite, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A member's text, "" if it has none. */
const char *alerts_test_text(const json_t *mapping, const char *key);
/* A list of mappings with these keys, or nothing. */
enum und_code alerts_test_list(struct suite *suite, const json_t *mapping, const char *key,
                               const char *const *keys, json_t **list);
struct labels *alerts_test_labels(struct store *store, const json_t *mapping);

/* The tests of alerts at or after this evaluation and before the next. */
void alerts_test_alerts(struct group_test *test, int64_t t_ms);
void alerts_test_expression(struct group_test *test, const json_t *item);

#endif
