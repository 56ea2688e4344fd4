/* `understudy explore`: the policy of a fleet, in every state that it can reach. */
#ifndef SIM_COMMAND_EXPLORE_COMMAND_H
#define SIM_COMMAND_EXPLORE_COMMAND_H

#include "model/options/options.h"

extern const struct options explore_options;

/* Prints to stdout. The code is the program's: UND_FAILED where what was asked is answered with no,
 * UND_USAGE and what is wrong in *err for arguments and files that it refuses. */
enum und_code explore_command(int argc, char **argv, struct und_err *err);

#endif
