/*
 * Actions and undos as the journal keeps them: JSON that says, to any later start of this program,
 * what was done and how to take it back.
 *     {"command": {"on": PLACE, "argv": [...], "timeout_ms": N}}        run there
 *     {"command": ..., "after": {"on" ...}}    and then this, whose failure does not matter
 *     {"label": {"name": NAME, "label": L, "with": BOOL}}               one registration's label;
 * by its name, since its id changes when it is made anew
 *     {"run": {"id": ID, "attempt": N, "verb": "rerun-failed-jobs"}}    a run that we cancelled
 *     {"variable": {"name": N, "value": V}}                             a configuration variable
 *     {"canary": {"workflow": FILE, "at_ms": T}}                        a dispatch (dispatch.h)
 * Pure, but for the two that say so.
 */
#ifndef LIVE_ACT_ACTION_H
#define LIVE_ACT_ACTION_H

#include "live/github/github.h"
#include "live/journal/journal.h"
#include "model/fleet/drill.h"
#include "model/fleet/fleet.h"

struct action_command {
    char on[64];
    struct live_argv argv; /* n 0: nothing */
    int64_t timeout_ms;
};

/* Each writes at most JOURNAL_TEXT bytes; UND_USAGE if that is not enough. `after` may be NULL. */
enum und_code action_command(char out[JOURNAL_TEXT], const struct action_command *command,
                             const struct action_command *after, struct und_err *err);
void action_label(char out[JOURNAL_TEXT], const struct github_runner *runner, const char *label,
                  bool with);
enum und_code action_variable(char out[JOURNAL_TEXT], const char *name, const char *value,
                              struct und_err *err);

/* Runs the failed jobs of that attempt again; always short enough. */
void action_rerun(char out[JOURNAL_TEXT], int64_t run, int64_t attempt);

/* Is it something that only `github` can carry out? */
bool action_needs_github(const char *text);
/* Does it take a canary back? */
bool action_is_canary(const char *text);

/* Carries an action or undo out. `github` may be NULL where action_needs_github says no. What the
 * command printed (cleaned, cut) goes to `note` (may be NULL). Blocks. */
enum und_code action_perform(const char *text, const struct fleet *fleet,
                             struct github_client *github, char note[512],
                             const atomic_bool *cancel, struct und_err *err);

/* One command, to its end; UND_SERVICE if it does not exit with 0. */
enum und_code action_run(const struct action_command *command, const struct fleet *fleet,
                         char note[512], const atomic_bool *cancel, struct und_err *err);

/* Runs the failed jobs of a run again that we have cancelled in this attempt. UND_OK as well where
 * that is no longer to be done: it has been run again, it was not cancelled after all, or it is
 * gone. UND_SERVICE while it has not concluded. */
enum und_code action_run_again(struct github_client *github, int64_t run, int64_t attempt,
                               char note[512], struct und_err *err);

/* Sets or removes one registration's label at GitHub, keeping the others as they are now. */
enum und_code action_set_label(struct github_client *github, int64_t runner, const char *name,
                               const char *label, bool with, struct und_err *err);

#endif
