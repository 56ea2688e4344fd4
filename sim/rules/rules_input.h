/*
 * What `--rules-diff` is given: a rule file, a prometheus.yml, an alertmanager.yml, or a folder of
 * these; as overrides of a scenario, and as a set of rules.
 *
 * A rule file takes the place of the file that it is an edit of, where the fleet names that one (by
 * either side's path), and of all the fleet's rules otherwise. A prometheus.yml, or a folder with
 * one, is a configuration with its rule files; another folder is the rule files in it.
 */
#ifndef SIM_RULES_RULES_INPUT_H
#define SIM_RULES_RULES_INPUT_H

#include "model/base/err.h"
#include "model/rules/rule_file.h"

#define RULES_INPUT_SETS 4

struct rules_input {
    char *sets[RULES_INPUT_SETS]; /* owned: PATH=VALUE */
    int n_sets;
    struct rule_set *rules; /* owned */
};

/* `other` is the other side of the comparison. */
enum und_code rules_input_read(struct rules_input *input, const char *path, const char *other,
                               struct und_err *err);
void rules_input_fini(struct rules_input *input);

#endif
