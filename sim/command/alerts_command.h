/* The subcommands alerts check, explain, eval, delay and test: argv in, exit code out. */
#ifndef SIM_COMMAND_ALERTS_COMMAND_H
#define SIM_COMMAND_ALERTS_COMMAND_H

#include "model/options/options.h"

extern const struct options alerts_check_options, alerts_explain_options, alerts_eval_options,
    alerts_delay_options, alerts_test_options;

/* Each prints to stdout. The code is the program's: UND_FAILED where what was asked is answered
 * with no, UND_USAGE and what is wrong in *err for arguments and files that it refuses. */
enum und_code alerts_check_command(int argc, char **argv, struct und_err *err);
enum und_code alerts_explain_command(int argc, char **argv, struct und_err *err);
enum und_code alerts_eval_command(int argc, char **argv, struct und_err *err);
enum und_code alerts_delay_command(int argc, char **argv, struct und_err *err);
enum und_code alerts_test_command(int argc, char **argv, struct und_err *err);

#endif
