/* The subcommands sim, test, whatif, merge and schema: argv in, exit code out. */
#ifndef SIM_COMMAND_SIM_COMMAND_H
#define SIM_COMMAND_SIM_COMMAND_H

#include "model/options/options.h"

extern const struct options sim_options, test_options, whatif_options, merge_options,
    schema_options;

/* Each prints to stdout. The code is the program's: UND_FAILED where what was asked is answered
 * with no, UND_USAGE and what is wrong in *err for arguments and files that it refuses. */
enum und_code sim_command(int argc, char **argv, struct und_err *err);
enum und_code test_command(int argc, char **argv, struct und_err *err);
enum und_code whatif_command(int argc, char **argv, struct und_err *err);
enum und_code merge_command(int argc, char **argv, struct und_err *err);
enum und_code schema_command(int argc, char **argv, struct und_err *err);

#endif
