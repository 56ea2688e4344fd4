/*
 * The real stage (model/drill/stage.h): the drill's eyes and hands on GitHub, Prometheus,
 * Alertmanager and the hosts. Everything that it does stands in the journal before it is done.
 *
 * Owns its clients; borrows scenario and journal. One thread, but for the webhook listener's.
 */
#ifndef LIVE_DRILL_REAL_STAGE_H
#define LIVE_DRILL_REAL_STAGE_H

#include "live/journal/journal.h"
#include "model/drill/stage.h"
#include "model/fleet/scenario.h"

struct real_stage;

struct real_stage_options {
    bool yes;     /* no confirmation is asked for */
    bool observe; /* nothing is written to GitHub, so that no permission is to be proven */
    int alive;    /* a pipe to whoever finishes the rollback if we die: an 'a' goes there before
                     anything is changed, and an 'h' whenever it waits; -1: nobody */
    bool quiet;   /* no story is printed */
};

/* `run` is the journal's number of this drill. The scenario's fleet must have a live section. */
enum und_code real_stage_open(struct real_stage **out, const struct scenario *scenario,
                              struct journal *journal, int64_t run,
                              const struct real_stage_options *options, struct und_err *err);
void real_stage_close(struct real_stage *live);
struct stage *real_stage_interface(struct real_stage *live);

#endif
