/*
 * The real stage (model/stage.h): the drill's eyes and hands on GitHub, Prometheus, Alertmanager
 * and the hosts. Everything that it does stands in the journal before it is done.
 *
 * Owns its clients; borrows scenario and journal. One thread, but for the webhook listener's.
 */
#ifndef LIVE_STAGE_H
#define LIVE_STAGE_H

#include "journal.h"
#include "model/scenario.h"
#include "model/stage.h"

struct live_stage;

struct stage_options {
    bool yes;   /* no confirmation is asked for */
    bool quiet; /* no story is printed */
};

/* `run` is the journal's number of this drill. The scenario's fleet must have a live section. */
enum und_code stage_open(struct live_stage **out, const struct scenario *scenario,
                         struct journal *journal, int64_t run, const struct stage_options *options,
                         struct und_err *err);
void stage_close(struct live_stage *live);
struct stage *stage_interface(struct live_stage *live);

#endif
