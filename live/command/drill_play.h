/* Inside of the drill command: one drill from its prediction to its report. */
#ifndef LIVE_COMMAND_DRILL_PLAY_H
#define LIVE_COMMAND_DRILL_PLAY_H

#include "drill_command.h"
#include "live/journal/journal.h"

/* *has says whether there is one; then it is the caller's to fini. */
enum und_code drill_predict(const struct drill_wish *wish, const struct scenario *scenario,
                            drill_rehearser *rehearse, struct prediction *prediction, bool *has,
                            struct und_err *err);
/* Plays and reports. `guardian` is the pipe to it, or -1. */
enum und_code drill_play(const struct drill_wish *wish, const struct scenario *scenario,
                         const struct prediction *prediction, struct journal *journal, int guardian,
                         struct und_err *err);

#endif
