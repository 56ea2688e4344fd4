/* --strict: an alert that would move jobs and never fires, as nobody exports what it reads, is an
 * error. */
#ifndef SIM_COMMAND_LEFT_OUT_H
#define SIM_COMMAND_LEFT_OUT_H

#include "model/base/err.h"
#include "model/fleet/fleet.h"

/* UND_USAGE, with the first names. */
enum und_code left_out_check(const char *path, const struct fleet *fleet, struct und_err *err);

#endif
