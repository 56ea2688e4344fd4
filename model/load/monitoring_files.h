/*
 * What a fleet's monitoring section says of its rule files: alerts that are left out, files that
 * another edition takes the place of. Errors: UND_USAGE with the place in the fleet file.
 */
#ifndef MODEL_LOAD_MONITORING_FILES_H
#define MODEL_LOAD_MONITORING_FILES_H

#include "model/file/doc.h"
#include "model/rules/rule_file.h"

/* monitoring.ignore without any rule file: it would do nothing. */
enum und_code monitoring_files_none(struct doc *doc, const json_t *ignored, struct und_err *err);
/* monitoring.ignore: what is to be left out has to be in the rule files that were read. */
enum und_code monitoring_files_ignored(struct doc *doc, const json_t *ignored,
                                       const struct rule_set *set, struct und_err *err);

/* monitoring.edited: {files: [a, b], as: a}: whichever of these files the fleet has is read as
 * `as`; where it has none, `as` takes the place of all its rules. Without any it only says that
 * these are another edition of the fleet's files. Changes `paths`, takes the key out, and sets
 * `edited` where there was one. */
enum und_code monitoring_files_edited(struct doc *doc, json_t *monitoring, json_t *paths,
                                      bool *edited, struct und_err *err);

#endif
