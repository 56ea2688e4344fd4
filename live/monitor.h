/* The command `understudy monitor`: the loop that observes, on its own, for months. */
#ifndef LIVE_MONITOR_H
#define LIVE_MONITOR_H

#include "model/err.h"

enum und_code monitor_command(int argc, char **argv, struct und_err *err);

#endif
