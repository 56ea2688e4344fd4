/*
 * The guardian: a second process of this program that finishes the rollback when the drill is gone,
 * so that what has no lease of its own (a label, a cancelled run) has one all the same.
 *
 * It is forked before anything is opened, in a session of its own, and holds one end of a pipe. The
 * drill's stage (real_stage_options.alive) writes an 'a' to the other end before it changes
 * anything, and an 'h' whenever it waits. When that end closes without a word of farewell
 * the drill has died; when it is silent for the drill's lease after the injection, it is stopped
 * for good, and is killed. Then the guardian takes the journal's lock and rolls back as any later
 * start would, for up to a day of the fleet's time, or until the journal is gone. What it does
 * stands in the journal, and in the system's log.
 *
 * It dies with its machine, and with its control group: where that may happen a timer should run
 * `understudy drill --rollback FILE` (scenarios/systemd).
 */
#ifndef LIVE_COMMAND_GUARDIAN_H
#define LIVE_COMMAND_GUARDIAN_H

#include "model/fleet/scenario.h"

#define GUARDIAN_PURPOSE "the guardian, finishing a rollback" /* as the lock has it */

/* Only while this process has one thread. The pipe, or -1 where there can be no guardian.
 * `scenario` and `journal` (a path) are borrowed until the fork. */
int guardian_start(const struct scenario *scenario, const char *journal);
/* The drill has come to its end by itself; nothing is to be done. */
void guardian_dismiss(int pipe);

#endif
