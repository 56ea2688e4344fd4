/* What an exploration found, as text and as JSON (CONTRACT.md). */
#ifndef SIM_EXPLORE_EXPLORE_REPORT_H
#define SIM_EXPLORE_EXPLORE_REPORT_H

#include "against.h"
#include "liveness.h"

#include <jansson.h>

#define EXPLORE_ITEMS 96

/* What can be reached: phases, changes of phase, notices, reasons to wait; that is, the branches of
 * the policy. Not in the list is what the fleet's own settings rule out (a grace of 0 holds
 * nobody), or what the abstraction forgets. */
struct explore_item {
    char name[64];
    int64_t visits;
};

/* Fills in the items and returns their number. */
int explore_items(const struct space *space, const struct explore_result *result,
                  struct explore_item item[EXPLORE_ITEMS]);

struct explore_findings {
    const struct space *space;
    const struct fleet *fleet;
    const struct explore_result *result;
    const struct liveness *liveness; /* NULL: not asked for */
    const struct story *story;       /* of the violation, by a step or a whole run; NULL: none */
    const struct against *against;   /* NULL: not asked for */
};

/* For people, and for programs: the caller decrefs what the second gives. */
void explore_print(FILE *out, const struct explore_findings *findings);
json_t *explore_json(const struct explore_findings *findings);

#endif
