/* `understudy init`: a first fleet file and a scenario for each failure mode. */
#ifndef LIVE_COMMAND_INIT_COMMAND_H
#define LIVE_COMMAND_INIT_COMMAND_H

#include "model/options/options.h"

extern const struct options init_options;
enum und_code init_command(int argc, char **argv, struct und_err *err);

#endif
