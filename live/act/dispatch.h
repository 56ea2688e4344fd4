/*
 * A run of a workflow that this program begins, and how it is taken back: it is cancelled unless it
 * has concluded. GitHub may not say which run a dispatch has made, and lists it seconds later; if
 * the answer is lost nobody knows. So the run is looked for: dispatches of that workflow within the
 * minute after, cancelled each. Somebody else's that falls into it goes as well; hence a workflow
 * of the canaries' own.
 *
 * The journal has the undo before the dispatch is made, as action.h keeps it:
 *     {"canary": {"workflow": FILE, "at_ms": WALL-CLOCK}}
 */
#ifndef LIVE_ACT_DISPATCH_H
#define LIVE_ACT_DISPATCH_H

#include "live/github/github.h"
#include "live/journal/journal.h"

/* One dispatch of the fleet's canary workflow. `journal` may be NULL: then nobody takes it back. A
 * refusal (4xx) is the end of its step: there is no run. *run_id is 0 where GitHub does not
 * tell. */
enum und_code dispatch_canary(struct github_client *github, const struct live_canary *what,
                              const json_t *inputs, struct journal *journal, int64_t run,
                              int64_t *run_id, struct und_err *err);

/* Cancels what that dispatch has begun. UND_SERVICE also while GitHub may not list it yet, for
 * `settle_ms` of real time after it. */
enum und_code dispatch_cancel(struct github_client *github, const char *workflow, int64_t at_ms,
                              int64_t settle_ms, char note[512], struct und_err *err);

#endif
