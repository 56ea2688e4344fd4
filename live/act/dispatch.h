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

struct dispatched {
    int64_t run;  /* 0: GitHub did not tell */
    int64_t step; /* of the journal; 0: none */
    bool unsure;  /* it failed, and yet may have been made: no answer came, or no refusal */
};

/* One dispatch of the fleet's canary workflow. `journal` may be NULL: then nobody takes it back. A
 * refusal (4xx) is the end of its step: there is no run. */
enum und_code dispatch_canary(struct github_client *github, const struct live_canary *what,
                              const json_t *inputs, struct journal *journal, int64_t run,
                              struct dispatched *out, struct und_err *err);

/* Cancels what that dispatch has begun. UND_SERVICE also while GitHub may not list it yet, for
 * `settle_ms` of real time after it. */
enum und_code dispatch_cancel(struct github_client *github, const char *workflow, int64_t at_ms,
                              int64_t settle_ms, char note[512], struct und_err *err);

#endif
