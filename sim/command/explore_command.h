/* `understudy explore`: the policy of a fleet, in every state that it can reach. */
#ifndef SIM_COMMAND_EXPLORE_COMMAND_H
#define SIM_COMMAND_EXPLORE_COMMAND_H

#include "model/options/options.h"

extern const struct options explore_options;

enum und_code explore_command(int argc, char **argv, struct und_err *err);

#endif
