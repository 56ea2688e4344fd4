/* Inside of the drill command: one drill from its prediction to its report. */
#ifndef LIVE_COMMAND_DRILL_PLAY_H
#define LIVE_COMMAND_DRILL_PLAY_H

#include "drill_command.h"
#include "live/journal/journal.h"

#define DRILL_SETS 64

/* What the command line asks for; texts are borrowed from it. */
struct drill_wish {
    const char *path, *journal, *prediction, *html, *markdown;
    const char *close, *by, *reason; /* a step that is settled by hand; NULL: none */
    const char *sets[DRILL_SETS];
    int n_sets;
    bool observe, yes, rollback, no_prediction, json, quiet;
    bool watch; /* nothing may be injected: the fleet does not allow it */
};

/* *has says whether there is one; then it is the caller's to fini. */
enum und_code drill_predict(const struct drill_wish *wish, const struct scenario *scenario,
                            drill_rehearser *rehearse, struct prediction *prediction, bool *has,
                            struct und_err *err);
/* Plays and reports. `guardian` is the pipe to it, or -1. */
enum und_code drill_play(const struct drill_wish *wish, const struct scenario *scenario,
                         const struct prediction *prediction, struct journal *journal, int guardian,
                         struct und_err *err);

#endif
