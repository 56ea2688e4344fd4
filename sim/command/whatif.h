/* The command whatif from inside: its options as they were given and as they were read. */
#ifndef SIM_COMMAND_WHATIF_H
#define SIM_COMMAND_WHATIF_H

#include "reports/plot/sweep.h"
#include "sim/experiment/scenario_set.h"
#include "sim/planning/find.h"
#include "sim/planning/n_1.h"

#define WHATIF_UNTIL 8

struct axis {
    char path[256];
    char value[SWEEP_POINTS][SWEEP_VALUE];
    int n;
};

struct whatif {
    struct axis axis[SWEEP_AXES];
    struct sweep sweep;
    struct scenario_set campaign;
    const char *vary[SWEEP_AXES], *metric[SWEEP_COLUMNS], *until[WHATIF_UNTIL], *plot, *find,
        *growth, *from; /* as given */
    int n_vary, n_metrics, n_until;
    struct sweep_limit limit[WHATIF_UNTIL]; /* of --until; the first one is the sweep's */
    struct growth grows;
    bool lost;                 /* --n-1 */
    struct answer_range range; /* of --find */
    struct n_1 loss;           /* how it is lost, once that is known */
    const struct n_1 *now;     /* with it lost: what is simulated now; NULL: nothing is */
    struct und_errors errors;  /* of the first point */
};

struct whatif_sets { /* overrides of one point, in their order; borrowed but for the texts */
    const char *set[SCENARIO_SET_SETS + SWEEP_AXES + N_1_SETS];
    char text[SWEEP_AXES][256 + SWEEP_VALUE + 1];
};

/* What was given, read: axes, columns, the limit and the range. */
enum und_code whatif_take_options(struct whatif *whatif, struct und_err *err);
/* The points: all combinations, one of none; the last axis varies fastest. */
enum und_code whatif_lay_out(struct whatif *whatif, struct und_err *err);
/* How many; `n_1` NULL: as the file has it. */
int whatif_sets(const struct whatif *whatif, const struct sweep_point *point, const struct n_1 *n_1,
                struct whatif_sets *sets);

/* --find: an answer a point, with --n-1 another one; printed. The points are laid out. */
enum und_code whatif_find(struct whatif *whatif, struct und_err *err);

#endif
