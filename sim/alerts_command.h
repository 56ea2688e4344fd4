/* The subcommand alerts: check, explain, eval, delay. argv in, exit code out. */
#ifndef SIM_ALERTS_COMMAND_H
#define SIM_ALERTS_COMMAND_H

#include "model/err.h"

enum und_code alerts_command(int argc, char **argv, struct und_err *err);

#endif
