/* `understudy search`: random schedules of faults until one fails. */
#ifndef SIM_COMMAND_SEARCH_COMMAND_H
#define SIM_COMMAND_SEARCH_COMMAND_H

#include "model/options/options.h"

extern const struct options search_options;

enum und_code search_command(int argc, char **argv, struct und_err *err);

#endif
