/*
 * Taking back what the journal shows to be ours and still open: the last step first, each undo as
 * often as it takes. Undos do no harm when repeated, so a step that may already be undone (by its
 * lease, by an earlier start that died) is simply undone again.
 *
 * Errors: UND_STUCK, naming what is left and how to undo it by hand.
 */
#ifndef LIVE_ACT_ROLLBACK_H
#define LIVE_ACT_ROLLBACK_H

#include "live/github/github.h"
#include "live/journal/journal.h"
#include "model/fleet/fleet.h"

#include <stdatomic.h>

#define ROLLBACK_TRIES 3

/* What a person would type or click. */
void rollback_show(const struct fleet *fleet, const struct journal_step *step, char *out,
                   size_t size);

/* UND_STUCK: what is left, why, until when its lease lets it be, and how to undo it by hand. */
enum und_code rollback_stuck(const struct fleet *fleet, const struct journal_step *step,
                             const char *why, struct und_err *err);

/* One undo: UNDOING, the action, UNDONE or STUCK. Opens *github (NULL at first) when it needs it;
 * the caller closes it. */
enum und_code rollback_step(struct journal *journal, const struct fleet *fleet,
                            const struct journal_step *step, struct github_client **github,
                            const atomic_bool *cancel, struct und_err *err);

/* Every open step of every run. The journal's lock is the caller's. `say` (may be NULL) is told of
 * each. */
typedef void rollback_teller(void *context, const char *line);
enum und_code rollback_all(struct journal *journal, const struct fleet *fleet, rollback_teller *say,
                           void *context, struct und_err *err);

/* What every start does before anything else: rolls back what died with its drill, and closes the
 * books of drills that never came to their end. */
enum und_code rollback_finish(struct journal *journal, const struct fleet *fleet,
                              rollback_teller *say, void *context, struct und_err *err);

#endif
