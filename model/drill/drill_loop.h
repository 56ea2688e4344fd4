/*
 * The observation loop of a drill: looks when it is due, steps the policy after every reading and
 * hint, has the plan carried out, tells the story. Private to model/drill_*.c; drill_run.h is what
 * others call.
 */
#ifndef MODEL_DRILL_DRILL_LOOP_H
#define MODEL_DRILL_DRILL_LOOP_H

#include "drill_run.h"
#include "model/policy/driver.h"

struct drill_loop {
    const struct scenario *scenario;
    const struct drill *drill;
    const struct drill_options *options;
    struct stage *stage;
    struct drill_report *report;

    struct driver driver;
    struct drill_track track;
    int64_t now_ms;

    int64_t due_ms[POLL_COUNT], watch_ms, route_ms; /* -1: not before the next step */
    int route_failures;                             /* in a row */
    int64_t route_held_ms;                          /* no write before this */
    struct stage_reading last[FEED_COUNT];
    bool good[FEED_COUNT];              /* is `last` of the latest poll? */
    struct und_err trouble[FEED_COUNT]; /* of the latest poll, if not */
    int64_t counted_ms; /* when the last probe round that the policy has counted was asked */
    struct stage_state state;
    struct und_err state_trouble; /* of the latest look at it */
    struct stage_job *jobs;       /* owned, STAGE_JOBS */
    size_t n_jobs;
    int64_t jobs_since_ms;

    int64_t mark_ms[MARK_COUNT]; /* when the story first had it, since the injection; -1 */
    bool told[MOMENT_COUNT];
    int cause;              /* timeline entry of the injection; -1 */
    int64_t listened_ms;    /* the end of the last wait */
    int64_t looked_ms;      /* when the looking for what is measured ended; 0: not yet */
    enum stage_wake wake;   /* of the last wait */
    struct und_err journal; /* the first failure to record a decision */
};

/* Looks at everything once, outside the loop: for preconditions. */
void drill_loop_survey(struct drill_loop *loop);
/* Readings, policy and the grid of polls begin anew, now. */
void drill_loop_begin(struct drill_loop *loop);
/* Whatever is due, then a wait until the next that will be, or `until_ms`. Returns why it ended;
 * now_ms is then. */
enum stage_wake drill_loop_turn(struct drill_loop *loop, int64_t until_ms);

/* Lists the jobs anew, for what waits for one of them to end. */
void drill_loop_jobs(struct drill_loop *loop);

/* Preconditions, and what stops a drill: false, and why in a line. */
bool drill_check_ready(const struct drill_loop *loop, char *why, size_t size);
/* Whether it was for want of an answer that it could not be known. */
bool drill_check_answered(const struct drill_loop *loop);
/* By stop_when, with what was last seen; what is not known stops nobody. */
bool drill_check_go_on(const struct drill_loop *loop, char *why, size_t size);

/* Adds to the story and tells the stage; the first of a mark since the fault is remembered. Returns
 * the timeline's entry, as a cause; -1 past its ceiling. */
int drill_tell(struct drill_loop *loop, int host, enum mark mark, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
