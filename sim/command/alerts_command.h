/* The subcommand alerts: check, explain, eval, delay. argv in, exit code out. */
#ifndef SIM_COMMAND_ALERTS_COMMAND_H
#define SIM_COMMAND_ALERTS_COMMAND_H

#include "model/base/err.h"

enum und_code alerts_command(int argc, char **argv, struct und_err *err);

#endif
