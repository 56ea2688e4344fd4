/*
 * Two builds of the policy, decision by decision: every state that this build can reach and every
 * view that can follow, put to the other build too.
 *
 * The other program runs beside this one as `OTHER explore ... --answer` with the same options. It
 * is sent keys (codec.h) on its standard input, 16 bytes each, and answers with the steps from
 * there: their number, then a struct answer each, in the order of moves.h. Before the first it
 * sends a greeting, by which both know that they scale alike. Both run on one machine, so the bytes
 * are as they lie in memory.
 */
#ifndef SIM_EXPLORE_AGAINST_H
#define SIM_EXPLORE_AGAINST_H

#include "story.h"

#include <jansson.h>

#define AGAINST_CLASSES 32

/* What was decided in one step. */
struct answer {
    uint8_t phase[SCALE_HOSTS], admitted[SCALE_HOSTS];
    uint32_t notices[SCALE_HOSTS], fleet;
};

/* Differences of one kind: some host in the same phase, decided in the same two ways. */
#define AGAINST_EXAMPLES 8
struct against_class {
    int host; /* the first that differs; -1: what is said of the fleet */
    enum phase before;
    int64_t steps; /* how many */
    int n;
    struct {
        uint32_t state, turn;
        struct answer here, there;
    } example[AGAINST_EXAMPLES];
};

struct against {
    uint32_t states; /* in which some step differs */
    int64_t steps, compared;
    struct against_class class[AGAINST_CLASSES];
    int n; /* of them; there may be more kinds than there is room for */
    bool more;
};

/* The other side: answers until the input ends. */
enum und_code against_answer(const struct space *space, struct und_err *err);

/* `command` is the other program's argument vector. */
enum und_code against_run(const struct space *space, const struct explore_result *result,
                          char *const *command, struct against *against, struct und_err *err);

/* For people, and for programs: the caller decrefs what the second gives. */
void against_print(FILE *out, const struct space *space, const struct explore_result *result,
                   const struct against *against);
json_t *against_json(const struct space *space, const struct explore_result *result,
                     const struct against *against);

#endif
