/*
 * The command `understudy drill FILE`: the scenario's drill (model/drill/drill_run.h) on the real
 * stage.
 *
 * Around the drill itself: the journal and its lock, whatever an earlier drill left open, the
 * prediction, the report. A crash at any moment is survived by the journal (any later start rolls
 * back) and by the leases on the targets (if there is no later start).
 */
#ifndef LIVE_COMMAND_DRILL_COMMAND_H
#define LIVE_COMMAND_DRILL_COMMAND_H

#include "model/drill/drill_wish.h"
#include "model/drill/prediction.h"

/* Simulates the drill; the prediction is the caller's to fini. The simulator is not known here. */
typedef enum und_code drill_rehearser(const struct scenario *scenario, bool observe,
                                      struct prediction *prediction, struct und_err *err);

/* Carries out what is wished for: a drill, a rollback, the closing of a step. */
enum und_code drill_command(struct drill_wish *wish, drill_rehearser *rehearse,
                            struct und_err *err);

#endif
