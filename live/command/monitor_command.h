/* The command `understudy monitor`: the loop that observes, on its own, for months. */
#ifndef LIVE_COMMAND_MONITOR_COMMAND_H
#define LIVE_COMMAND_MONITOR_COMMAND_H

#include "model/options/options.h"

extern const struct options monitor_options;

enum und_code monitor_command(int argc, char **argv, struct und_err *err);

#endif
