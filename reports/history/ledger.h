/*
 * The ledger of evidence: each failure mode and each branch of the policy, by how it was last tried
 * and when; and the drill that it asks for next.
 *
 * Failure modes are those of the scenarios that are given (the documented ones), else those of the
 * store. Borrowed: names point into the scenarios, which the ledger owns.
 */
#ifndef REPORTS_HISTORY_LEDGER_H
#define REPORTS_HISTORY_LEDGER_H

#include "facts.h"

#define LEDGER_MODES 200

struct ledger_mode {
    char name[256];  /* of the scenario that documents it; without scenarios its kinds of fault */
    char kinds[256]; /* of a documented one: "os-crash" */
    char path[512];  /* of its scenario; "": only the store knows it */
    char fleet[17];  /* its fleet's hash as it is now */
    bool can_drill;  /* its scenario says how */
    int64_t last_ms[WAYS];  /* 0: never */
    char drilled_fleet[17]; /* the fleet of the last drill */
    bool missed;            /* a claim of it was last found not met or impossible */
    char claim[64];         /* which */
};

struct ledger {
    struct ledger_mode mode[LEDGER_MODES];
    int n;
    bool documented;                       /* the modes are those of scenarios */
    int64_t branch_ms[NOTICE_COUNT][WAYS]; /* 0: never */
    int64_t now_ms;
};

/* Of files and folders (theirs, not what is below). UND_USAGE for one that cannot be loaded. */
enum und_code ledger_scenarios(struct ledger *ledger, char *const *paths, int n,
                               struct und_err *err);
void ledger_add(struct ledger *ledger, const struct record *record);

void ledger_print(FILE *out, const struct ledger *ledger);
json_t *ledger_json(const struct ledger *ledger); /* new reference */

/* The mode whose drill is due; NULL: none can be drilled. `why` says in a sentence. */
const struct ledger_mode *ledger_next(const struct ledger *ledger, char *why, size_t size);

#endif
