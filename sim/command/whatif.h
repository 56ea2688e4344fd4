/* The command whatif from inside: its options as they were given and as they were read. */
#ifndef SIM_COMMAND_WHATIF_H
#define SIM_COMMAND_WHATIF_H

#include "reports/plan/keep.h"
#include "reports/plan/sweep.h"
#include "sim/experiment/scenario_set.h"
#include "sim/planning/find.h"
#include "sim/planning/n_1.h"
#include "sim/planning/number_range.h"

#define WHATIF_VALUES 1000 /* of one path, unless a design makes them */

enum whatif_format { WHATIF_TEXT, WHATIF_JSON, WHATIF_CSV };

struct whatif {
    int format;
    struct sweep sweep;
    struct scenario_set campaign;
    const char *vary[SWEEP_AXES], *metric[SWEEP_COLUMNS], *until[SWEEP_LIMITS], *plot, *find,
        *growth, *from, *design, *best, *within, *slot_price, *run_price, *hour_price, *currency,
        *keep, *shard, *html;
    /* all as given */
    int n_vary, n_metrics, n_until;
    json_t *asked; /* what is kept must be of the same: arguments as given */
    int latin;     /* points of --design; 0: all combinations */
    struct number_range strata[SWEEP_AXES];
    int part, parts;          /* of --shard, or of a rank; 1 of 1 without */
    char own_keep[4096 + 16]; /* a rank's file */
    struct growth grows;
    struct answer_range range; /* of --find */
    bool n_1;                  /* --n-1 */
    struct n_1 loss;           /* how the primary is lost, once that is known */
    bool losing;               /* it is lost in what is simulated now */
    struct result *first;      /* owned: all of the first point's, once it is simulated */
    struct keep *kept;         /* NULL: nothing is */
    json_t *merged;            /* parts that others simulated; NULL: none */
    json_t *lines, *news;      /* read from what is kept; written there or to be sent, NULL: not */
    enum und_code code;        /* what became of the first point */
    FILE *page;                /* of --html, while it is written */
    struct und_err plots;      /* why it has no pictures */
    bool curve;                /* --curve */
    struct und_errors errors;  /* of the first point */
};

struct whatif_sets { /* overrides of one point, in their order; borrowed but for the texts */
    const char *set[SCENARIO_SET_SETS + SWEEP_AXES + N_1_SETS];
    char text[SWEEP_AXES][SWEEP_PATH + SWEEP_VALUE + 1];
};

extern const char *const whatif_formats[];
extern const struct option_exit whatif_exits[];

/* Nothing asked yet; close frees all. */
struct whatif *whatif_open(void);
void whatif_close(struct whatif *whatif);
/* All of it, printed; of what others simulated where `merged` is. */
enum und_code whatif_sweep(struct whatif *whatif, struct und_err *err);

/* What was given, read: axes, columns, the limits and the range. */
enum und_code whatif_take_options(struct whatif *whatif, struct und_err *err);
/* "queue_wait:p95" or "queue_wait[class=build]:p95", of the given length. */
enum und_code whatif_column(struct sweep_column *column, const char *text, size_t length,
                            struct und_err *err);
enum und_code whatif_limit(struct sweep_limit *limit, const char *text, struct und_err *err);
/* The points. */
enum und_code whatif_lay_out(struct whatif *whatif, struct und_err *err);
/* How many; `lost`: with the primary lost. */
int whatif_sets(const struct whatif *whatif, int point, bool lost, struct whatif_sets *sets);

/* All points that are this part's and not kept already, each kept as soon as it is known. */
enum und_code whatif_run_points(struct whatif *whatif, struct und_err *err);
/* Into the points; how many of the lines were such. */
int whatif_take_lines(struct whatif *whatif, const json_t *lines);
/* None at all could be simulated. */
enum und_code whatif_check_points(struct whatif *whatif, struct und_err *err);
/* The columns that are shown where none was asked for. */
void whatif_default_columns(struct whatif *whatif);

/* --curve: printed, of the scenario as it is. */
enum und_code whatif_curve(struct whatif *whatif, struct und_err *err);
/* Writes the file, by `draw` into it; where there is no gnuplot it says so and goes on. */
void whatif_write_plot(const char *path,
                       enum und_code (*draw)(FILE *out, const void *of, struct und_err *err),
                       const void *of, struct und_err *err);
/* --best: printed. The points are laid out. */
enum und_code whatif_best(struct whatif *whatif, struct und_err *err);
/* --find: an answer a point, with --n-1 another one; printed. The points are laid out. */
enum und_code whatif_find(struct whatif *whatif, struct und_err *err);

#endif
