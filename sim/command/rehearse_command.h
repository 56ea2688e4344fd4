/* `understudy drill FILE --rehearse` and `--plan`: what of a drill needs no live service. */
#ifndef SIM_COMMAND_REHEARSE_COMMAND_H
#define SIM_COMMAND_REHEARSE_COMMAND_H

#include "model/base/err.h"

enum und_code rehearse_command(int argc, char **argv, struct und_err *err);

#endif
