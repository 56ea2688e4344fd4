/*
 * `understudy fit`: a fleet file out of a team's own history.
 */
#ifndef SIM_COMMAND_FIT_COMMAND_H
#define SIM_COMMAND_FIT_COMMAND_H

#include "model/options/options.h"

extern const struct options fit_options;
enum und_code fit_command(int argc, char **argv, struct und_err *err);

#endif
