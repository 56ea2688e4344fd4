/*
 * The answer to "up to where along this path does that hold?": where along a range of values of one
 * setting a limit ceases (or begins) to hold, as an interval with the looks that it rests on.
 *
 * The crossing lies between `inner` and `outer` of the range's steps: on `inner` the limit is known
 * to hold, on `outer` known not to; both at 95%, all looks together. Whichever is larger.
 */
#ifndef REPORTS_PLAN_ANSWER_H
#define REPORTS_PLAN_ANSWER_H

#include "model/stats/stats.h"
#include "reports/plan/sweep.h"

#include <jansson.h>

#define ANSWER_PATH 256
#define ANSWER_LOOKS 64
#define ANSWER_ERROR 0.05 /* that the interval is wrong; with growth half of it */
#define ANSWER_WHERE 128

/* low, low + step, ... up to `steps` times; each followed by the unit, as in the file. */
struct answer_range {
    char path[ANSWER_PATH], unit[SWEEP_VALUE];
    double low, high, step;
    int steps;
    bool whole; /* the file takes whole numbers only */
};

enum answer_says { ANSWER_OPEN, ANSWER_HOLDS, ANSWER_FAILS };

struct answer_look {
    int at; /* steps from the low end */
    enum answer_says says;
    double estimate, half_width; /* 95% of this look alone; NAN: none */
    bool is_bound;               /* the estimate is a lower bound */
    bool unstable;               /* the fleet cannot carry that: it was not simulated, or in vain */
    int64_t replications;
};

enum answer_reached {
    ANSWER_WITHIN,     /* between `inner` and `outer` */
    ANSWER_EVERYWHERE, /* it holds at both ends */
    ANSWER_NOWHERE,    /* it fails at both ends */
    ANSWER_UNKNOWN     /* an end could not be decided */
};

struct answer {
    char where[ANSWER_WHERE]; /* the other settings, "" where there are none */
    struct answer_range range;
    struct sweep_limit limit;
    double error; /* that the interval is wrong; ANSWER_ERROR, or less */
    enum answer_reached reached;
    int inner, outer; /* steps; holds at the one, fails at the other. ANSWER_WITHIN only */
    double estimate;  /* where it crosses, about; NAN: not told. Same unit as the range's ends */
    struct answer_look look[ANSWER_LOOKS]; /* by `at` */
    int n;
    uint64_t seed;
};

/* Growth of the setting, a month of 30 days, as shares; the range's low end is today's value. The
 * interval is one of 95%: widened for it, so that date and crossing together err in 5%. */
struct growth {
    bool given, exact; /* exact: without an interval */
    double low, high;
    int64_t from_day; /* since 1970-01-01; -1: not said, months are counted */
};

/* When the crossing is passed, in months from now: at the earliest and at the latest (INFINITY:
 * perhaps never). False: it is not passed within the range, or nothing is known. */
bool answer_months(const struct answer *answer, const struct growth *growth,
                   struct interval *months);

/* "growing 2 to 6% a month: passed 2027-03-14 at the earliest, ..." of a limit along a sweep whose
 * first point is today; false: its axis has no numbers. */
bool growth_passed(const struct sweep *sweep, const struct sweep_limit *limit,
                   const struct growth *growth, char *out, size_t size);

double answer_at(const struct answer_range *range, int at);
/* "245/d" */
const char *answer_value(const struct answer_range *range, double value, char out[SWEEP_VALUE]);
/* One answer in words: "holds up to 245/d, not from 251/d on (about 248/d)". */
void answer_words(const struct answer *answer, char *out, size_t size);

/* Several answers under one heading, with their looks. */
void answers_print(FILE *out, const char *path, const struct growth *growth,
                   const struct answer *answers, int n);
/* {"version", "whatif", "find", "until", "answers": [...]}; see the README. */
json_t *answers_json(const char *path, const struct growth *growth, const struct answer *answers,
                     int n);

#endif
