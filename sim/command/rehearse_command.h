/* `understudy drill FILE --rehearse` and `--plan`: what of a drill needs no live service. */
#ifndef SIM_COMMAND_REHEARSE_COMMAND_H
#define SIM_COMMAND_REHEARSE_COMMAND_H

#include "model/drill/drill_wish.h"

/* Prints what the wish asks for; refuses, with *err, a scenario without a drill. */
enum und_code rehearse_command(const struct drill_wish *wish, struct und_err *err);

#endif
