/*
 * The command `understudy drill FILE`: a scenario carried out for real, and taken back.
 *
 * Plan, preconditions, confirmation, injection, observation, revert, recovery, verdict. Each action
 * is in the journal before it is done; a stop condition, the stop file or a signal at any moment
 * rolls everything back; so does any later start after a crash, and the lease on the target if
 * there is none.
 */
#ifndef LIVE_DRILL_H
#define LIVE_DRILL_H

#include "model/result.h"
#include "model/scenario.h"

/* Simulates the scenario; the result is the caller's to fini. The simulator is not known here. */
typedef enum und_code drill_predictor(const struct scenario *scenario, struct result *result,
                                      struct und_err *err);

enum und_code drill_command(int argc, char **argv, drill_predictor *predict, struct und_err *err);

#endif
