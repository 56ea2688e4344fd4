/*
 * A scenario with a section "drill:", in a folder of a test's own: two hosts, big and small, of
 * which big loses its power.
 */
#ifndef TESTS_SUPPORT_DRILL_FILE_H
#define TESTS_SUPPORT_DRILL_FILE_H

#include "model/load/loader.h"

struct drill_file {
    struct scenario *scenario;
    const char *folder;
    struct und_err err; /* of the last load, and of what the test itself calls */
};

void drill_file_open(struct drill_file *file);
void drill_file_close(struct drill_file *file);
/* Writes and reads it; `drill` is YAML at the top level. */
enum und_code drill_file_load(struct drill_file *file, const char *drill);

/* The words, up to NULL. */
struct live_argv drill_file_argv(const char *const *words);

#endif
