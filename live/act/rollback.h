/*
 * Taking back what the journal shows to be ours and still open: the last step first, each undo as
 * often as it takes. Undos do no harm when repeated, so a step that may already be undone (by its
 * lease, by an earlier start that died) is simply undone again.
 *
 * A step that fails holds up no other: all are tried, then, after a pause that doubles, those that
 * are left, until the caller's patience ends; one that is refused (4xx) ROLLBACK_REFUSALS times is
 * tried no more. A journal that cannot be written keeps nothing from being undone. Signals during a
 * rollback end its pauses; the third one ends the trying.
 *
 * The canaries of a monitor are left to it (canary.h): one that lives still waits for them.
 *
 * Errors: UND_STUCK, naming what is left and how to undo it by hand; UND_SERVICE where all is
 * undone but that could not be recorded.
 */
#ifndef LIVE_ACT_ROLLBACK_H
#define LIVE_ACT_ROLLBACK_H

#include "live/github/github.h"
#include "live/journal/journal.h"
#include "model/fleet/fleet.h"

#define ROLLBACK_REFUSALS 5
#define ROLLBACK_PATIENCE_MS 60000 /* fleet time; of a start that wants to get on */
#define ROLLBACK_BY_HAND 1024

/* What a person would type. */
void rollback_show(const struct fleet *fleet, const struct journal_step *step, char *out,
                   size_t size);

/* The same where no step is known: for whichever of a host's registrations lack the label, and for
 * whatever the canaries' workflow has that waits or runs. */
void rollback_show_labels(const struct fleet *fleet, int host, char *out, size_t size);
void rollback_show_canaries(const struct fleet *fleet, char *out, size_t size);

/* UND_STUCK: what is left, why, until when its lease lets it be, and how to undo it by hand. */
enum und_code rollback_stuck(const struct fleet *fleet, const struct journal_step *step,
                             const char *why, struct und_err *err);

/* Every open step of every run, for so many real ms. The journal's lock is the caller's. `say` (may
 * be NULL) is told of each, and of how to undo by hand what is left. */
typedef void rollback_teller(void *context, const char *line);
enum und_code rollback_all(struct journal *journal, const struct fleet *fleet, int64_t patience_ms,
                           rollback_teller *say, void *context, struct und_err *err);

/* What every start does before anything else: rolls back what died with its drill, and closes the
 * books of drills that never came to their end. */
enum und_code rollback_finish(struct journal *journal, const struct fleet *fleet,
                              int64_t patience_ms, rollback_teller *say, void *context,
                              struct und_err *err);

/* The patience above in real ms. */
int64_t rollback_patience_ms(const struct fleet *fleet, int64_t fleet_ms);

#endif
