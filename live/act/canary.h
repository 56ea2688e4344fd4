/*
 * Canaries: small jobs, each pinned to one host, whose start is the independent proof that the host
 * runs jobs (policy.evidence.canary). A workflow of the user's own (live.canary) is dispatched with
 * the host's labels as its input, as JSON for `runs-on: ${{ fromJSON(inputs.runner) }}`; they have
 * to be labels that no other host has all of, and not the one that admits it, so that a drained
 * host gets its canaries too.
 *
 * One at a time is on its way to each host, sent while a slot was idle. It is late while slots are
 * idle and it has not started; where every slot is taken by jobs its time begins anew.
 *
 * A dispatch is a write to GitHub: the caller sends only where the fleet allows actions, and puts
 * what was said into the journal. What still waits in the end is cancelled (canary_close).
 *
 * Each is in the journal before it is made, with its undo (dispatch.h). A drill takes them back in
 * its rollback. A monitor `keeps` its own: a canary that was seen to end is the end of its step,
 * and what is open and not on its way (left by one that died, or made by a call without an answer)
 * is taken back by canary_take_back before another one is sent. Not in a rollback: a start must not
 * wait for GitHub.
 */
#ifndef LIVE_ACT_CANARY_H
#define LIVE_ACT_CANARY_H

#include "attribution.h"
#include "job_reader.h"
#include "live/http/fleet_clock.h"

#include <jansson.h>

struct canary {
    const struct fleet *fleet; /* these four borrowed; the journal may be NULL */
    const struct fleet_clock *pace;
    struct github_client *github;
    struct journal *journal;
    int64_t run;      /* its number there */
    bool keeps;       /* of the monitor; set before the first call */
    bool left;        /* the journal may have some that are to be taken back */
    int refusals;     /* of that, by GitHub */
    int64_t again_ms; /* monotonic: when it is tried again */
    struct {
        int64_t due_ms;     /* the next one */
        int64_t sent_ms;    /* the last one; -1: none yet */
        int64_t waiting_ms; /* since when it waits beside idle slots; -1: it does not */
        int64_t run;        /* its run; 0: not known yet */
        int64_t step;       /* of the journal; 0: none that is ours to end */
    } host[FLEET_HOSTS];
};

/* The dispatch's inputs for a job that asks for what the fleet's jobs ask for: the label, or the
 * labels that are the variable's `value`, or (by hook) those that all hosts have. New reference. */
json_t *canary_inputs(const struct fleet *fleet, const char *value);

/* Borrows all until canary_close. The hosts' first canaries are spread over the time between two of
 * one host. */
void canary_open(struct canary *canary, const struct fleet *fleet, const struct fleet_clock *pace,
                 struct github_client *github, struct journal *journal, int64_t run);
/* Is there anything to send? */
bool canary_wanted(const struct fleet *fleet);

/* After a look and a reading of the registrations: fills host[].canary_ms. */
void canary_note(struct canary *canary, const struct job_reader *reader,
                 struct host_reading host[FLEET_HOSTS]);
/* Sends one canary that is due, if there is one; `said` gets a line about it, or "". */
enum und_code canary_send(struct canary *canary, const struct host_reading host[FLEET_HOSTS],
                          char said[200], struct und_err *err);
/* Takes back one that was left, if there is one; `said` as above. Nothing for a drill. */
void canary_take_back(struct canary *canary, char said[200]);
/* Cancels those that have not started. */
void canary_close(struct canary *canary);

#endif
