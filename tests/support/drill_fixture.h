/*
 * A small drill on a simulated stage, for the suites of drills: two hosts of two slots, minutes
 * instead of hours. A spy between drill and stage keeps what the drill asked for, and can make any
 * of it fail.
 */
#ifndef TESTS_SUPPORT_DRILL_FIXTURE_H
#define TESTS_SUPPORT_DRILL_FIXTURE_H

#include "model/drill/drill_run.h"
#include "sim/rehearsal/rehearsal_stage.h"

#define SPY_CALLS 64

enum spy_kind { SPY_RECORD, SPY_INJECT, SPY_REVERT };

struct spy {
    struct stage stage; /* give this to drill_run */
    struct rehearsal_stage *below;
    struct {
        enum spy_kind kind;
        enum stage_event event;
        int action;
    } call[SPY_CALLS]; /* in order */
    int n;
    int reconciled, decided, confirmed, canaries;
    bool emptied; /* a plan that admits nobody at all was to be carried out */
    /* What goes wrong, and when. -1: never. */
    int fail_record;    /* number of the call to record, from 0 */
    int fail_inject;    /* action */
    int fail_reverts;   /* so many calls to revert fail first */
    int64_t stop_at_ms; /* time at which a wait ends with `stop` */
    enum stage_wake stop;
    bool refuse;                                                             /* consent */
    void (*alter)(struct stage_state *state, struct stage_reading *reading); /* what is seen */
    int64_t alter_from_ms;
};

/* The small drill, with `drill` in place of its own section if not NULL. */
void drill_fixture_scenario(struct scenario *scenario, const char *drill);
extern const char drill_fixture_drill[];

void spy_open(struct spy *spy, const struct scenario *scenario);
void spy_close(struct spy *spy);
/* Runs it; the report is the caller's to fini. */
void spy_run(struct spy *spy, const struct scenario *scenario, bool observe,
             struct drill_report *report);

#endif
