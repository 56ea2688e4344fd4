/*
 * What a command prints that is called within the test: its errors and options can be looked at
 * where the program would only tell of them.
 */
#ifndef TESTS_SUPPORT_PRINTED_H
#define TESTS_SUPPORT_PRINTED_H

#include "model/base/err.h"

typedef enum und_code printed_command(int argc, char **argv, struct und_err *err);

/* Runs the command on the arguments of both lists, each ended by NULL, from its name on. The test
 * fails unless its code is `want`; *err is the command's. Returns what it wrote to standard output,
 * to be freed. */
char *printed_by(printed_command *command, const char *const *first, const char *const *then,
                 enum und_code want, struct und_err *err);

#endif
