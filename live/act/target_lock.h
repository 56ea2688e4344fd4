/*
 * Locks against a second drill that another journal knows nothing of: one on this machine for the
 * host that the drill is about, as the fleet's GitHub knows it (its address, owner, repository, and
 * the host's name; without a GitHub, the way to the place of the first injection); and one on every
 * place that holds a lease of ours (where there is a shell, that is). So two fleets that share
 * names do not stop each other, and two files that are about the same host do.
 *
 * Each is a symbolic link, made at one stroke, whose text says who has it and until when: an old
 * one is taken over. In $UNDERSTUDY_LOCKS or /run/lock; where that cannot be written to, in
 * $XDG_RUNTIME_DIR, then $TMPDIR or /tmp. Steps of the journal like any other, taken back last.
 */
#ifndef LIVE_ACT_TARGET_LOCK_H
#define LIVE_ACT_TARGET_LOCK_H

#include "action.h"
#include "model/fleet/scenario.h"

/* Journals and takes them all, for `seconds` of real time. `id` is unlike any other drill's.
 * UND_SERVICE with who has it. */
enum und_code target_lock_take(struct journal *journal, int64_t run,
                               const struct scenario *scenario, const char *id, int64_t seconds,
                               struct und_err *err);

/* The path of the one on this machine, where it is usually kept. */
void target_lock_show(const struct scenario *scenario, char *out, size_t size);

#endif
