/*
 * The monitor's loop: readings from the feeds into a view, the policy's step, the journal. (A drill
 * has a loop of its own, model/drill/drill_loop.h, that rehearsals share.)
 *
 * The policy is stepped on every reading that changes the view, and once a second (of fleet time)
 * while it is not settled or a feed goes stale; every step is journalled with its view and plan, so
 * that `understudy replay` can repeat it to the bit.
 */
#ifndef LIVE_WATCH_WATCH_H
#define LIVE_WATCH_WATCH_H

#include "feed.h"
#include "live/journal/journal.h"
#include "memory.h"

#define WATCH_TICK_MS 1000

struct watch;

struct watch_event {
    const struct feed_reading *reading; /* NULL: a tick; valid until the next event */
    bool stepped;                       /* the policy was asked: plan is new */
    int64_t now_ms;                     /* fleet time */
    const struct view *view;
    const struct plan *plan; /* the last one */
    const struct policy_state *state;
    bool pause_file;       /* it is there */
    const char *unwritten; /* why the journal cannot be written, and so nothing decided; "" */
};

/* The JSON that a run's `about` must hold for replay: policy and hosts. New reference. */
json_t *watch_about(const struct fleet *fleet);

/* Starts to look at once, on threads of its own. All is borrowed until watch_close; `journal`
 * gets every view and plan under `run`. An error where a service's settings cannot be used. */
enum und_code watch_open(struct watch **out, const struct fleet *fleet,
                         const struct fleet_clock *pace, const atomic_bool *cancel,
                         struct journal *journal, int64_t run, struct und_err *err);
/* Before the first watch_next: the policy goes on from this memory, or begins as careful as without
 * one, and what it knows is journalled from now on. Borrowed. `pace` goes on from its fleet_ms. */
void watch_remember(struct watch *watch, const struct memory *memory);
/* Ends the threads, waiting for what is under way; NULL is fine. */
void watch_close(struct watch *watch);

/* Waits for whatever comes next. UND_INTERRUPTED once *cancel is set. */
enum und_code watch_next(struct watch *watch, struct watch_event *event, struct und_err *err);

/* Where webhooks come in; 0: the fleet listens to none. What comes is a hint: the policy is shown
 * it at once, and GitHub is polled to confirm or correct it. */
int watch_port(const struct watch *watch);
int64_t watch_hints(const struct watch *watch); /* so far */
/* By hand, in force until said otherwise. The pause file pauses as well. */
void watch_pause(struct watch *watch, bool paused);
void watch_maintenance(struct watch *watch, int host, bool asked);
/* Somebody said at that wall-clock time that he sees to the host (-1: nobody): a flap block of
 * before ends. */
void watch_acknowledge(struct watch *watch, int host, int64_t said_ms);
/* One line about a host: phase, admitted, online, probe, alerts. */
void watch_describe(const struct watch *watch, int host, char *out, size_t size);

#endif
