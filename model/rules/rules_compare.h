/*
 * What differs between two sets of rules, as their authors would say it: changed, moved, renamed,
 * new, gone. Comments, annotations, and the order of files and groups are no difference.
 *
 * Rules are paired in passes: all equal; then by group and name; by name; by what they say (a new
 * name). Two of one name in a group are paired by severity first, then in their order.
 */
#ifndef MODEL_RULES_RULES_COMPARE_H
#define MODEL_RULES_RULES_COMPARE_H

#include "rule_file.h"

struct rules_change {
    int before, after; /* indexes into the sets' alerts; -1: none. Both -1: a recording rule */
    char *text;        /* owned: "RunnerOffline: for 2min -> 5min" */
};

struct rules_changes {
    struct rules_change *list; /* owned */
    int n;
};

void rules_compare(struct rules_changes *changes, const struct rule_set *before,
                   const struct rule_set *after);
void rules_changes_fini(struct rules_changes *changes);

#endif
