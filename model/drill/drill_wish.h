/*
 * What the command line asks of a drill. One table for both stages, since it is one command: what
 * is planned or rehearsed is carried out in sim/, what is real in live/, and neither knows the
 * other. Texts are borrowed from argv.
 */
#ifndef MODEL_DRILL_DRILL_WISH_H
#define MODEL_DRILL_DRILL_WISH_H

#include "model/options/options.h"

#include <stdbool.h>

#define DRILL_WISH_REHEARSALS 100000 /* at most */

enum drill_format { DRILL_TEXT, DRILL_JSON, DRILL_HTML };

struct drill_wish {
    const char *path;
    bool plan, rehearse, rollback; /* what else than a live drill; at most one */
    int64_t close;                 /* the step that is settled by hand; 0: none */
    const char *by, *reason;       /* with close: who, and how */
    const char *journal, *prediction, *html, *markdown, *store;
    const char *sets[OPTIONS_TEXTS];
    int n_sets;
    uint64_t seed;        /* of a rehearsal */
    int64_t replications; /* 0: the default */
    int threads;          /* 0: one a processor */
    enum drill_format format;
    bool json; /* the format is DRILL_JSON */
    bool observe, yes, no_prediction, quiet;
    bool watch; /* nothing may be injected: the fleet does not allow it. Set by the live side. */
};

extern const struct options drill_options_table;

/* Fills the wish. False: help was printed, or err is set. */
bool drill_wish_parse(struct drill_wish *wish, int argc, char **argv, struct und_err *err);

#endif
