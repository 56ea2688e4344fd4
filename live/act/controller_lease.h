/*
 * One controller at a time: who may write to GitHub stands in a repository variable,
 *     {"holder": ID, "until_ms": WALL CLOCK, "fence": N}
 * Whoever finds it free (none there, unreadable, or past its end) writes itself in with the next
 * fence, waits until a rival's write would have landed, and holds it if it still stands there. It
 * is renewed at a third of its time and asked again before every write, since GitHub has no
 * compare-and-swap: a rival that was slower than the wait is seen before anything else is written.
 *
 * Times are GitHub's, by the Date of its answers. Belongs to one thread; blocks. Errors:
 * UND_SERVICE; the lease is then not held.
 */
#ifndef LIVE_ACT_CONTROLLER_LEASE_H
#define LIVE_ACT_CONTROLLER_LEASE_H

#include "live/github/github.h"

#define CONTROLLER_LEASE_MS 60000
#define CONTROLLER_SETTLE_MS 2000
#define CONTROLLER_ID 96

struct controller_lease {
    struct github_client *github;                 /* borrowed */
    const char *variable;                         /* its name; borrowed */
    const atomic_bool *cancel;                    /* ends the wait; may be NULL */
    char me[CONTROLLER_ID], other[CONTROLLER_ID]; /* other: who has it, while we do not */
    int64_t fence, until_ms;
    bool held;
};

/* `name` is of this machine; the id has the process and a random number beside it. */
void controller_lease_init(struct controller_lease *lease, struct github_client *github,
                           const char *variable, const atomic_bool *cancel);
/* Takes it, or renews it, or learns who has it. */
enum und_code controller_lease_renew(struct controller_lease *lease, struct und_err *err);
/* Is it due to be renewed? */
bool controller_lease_due(const struct controller_lease *lease);
/* Asks GitHub whether it is ours still: before each write. */
enum und_code controller_lease_check(struct controller_lease *lease, struct und_err *err);
/* Gives it back, if it is held. */
void controller_lease_end(struct controller_lease *lease);

#endif
