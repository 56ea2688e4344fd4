/*
 * Private to rule_file.c (files, documents, groups) and rule_read.c (one rule): a reader of rules.
 */
#ifndef MODEL_RULES_RULE_READER_H
#define MODEL_RULES_RULE_READER_H

#include "prom_doc.h"
#include "rule_file.h"

struct rule_reader {
    struct prom_reader prom;
    struct rule_set *set;
    const char *file; /* the set's */
    bool records;     /* this pass takes the recording rules, the other one the alerts */
};

/* What the rules of a group have in common. */
struct rule_group {
    struct rule rule;
    const char *name;
    json_t *labels;      /* owned */
    int limit, position; /* of the group; of the rule that is read */
    int64_t offset_ms;
};

/* A rule of either kind, with its keys checked; the one of the other pass is passed over. */
enum und_code rule_read(struct rule_reader *reader, const json_t *mapping, const struct spot *spot,
                        const struct rule_group *group);
/* Labels of a rule or a group; or its annotations, which are only looked at (`labels` is NULL). */
enum und_code rule_read_labels(struct rule_reader *reader, const json_t *mapping, const char *key,
                               json_t *labels);
/* A name as struct rule has it: cut between characters. */
void rule_cut_name(char to[FLEET_NAME], const char *from);

#endif
