/* The subcommand history: argv in, exit code out. It reads a store and prints what is in it. */
#ifndef REPORTS_HISTORY_HISTORY_COMMAND_H
#define REPORTS_HISTORY_HISTORY_COMMAND_H

#include "model/options/options.h"

extern const struct options history_options;

enum und_code history_command(int argc, char **argv, struct und_err *err);

#endif
