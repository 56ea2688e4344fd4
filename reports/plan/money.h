/*
 * What a setting costs a month of 30 days: its slots, its runs, and the hours that whoever waits
 * for a run spends doing so. A run is taken to wait as long as its mean job does.
 */
#ifndef REPORTS_PLAN_MONEY_H
#define REPORTS_PLAN_MONEY_H

#include <stdbool.h>
#include <stdio.h>

#define MONEY_MONTH_MS (30 * 86400000LL)

struct prices {
    bool given;
    double slot; /* a month */
    double run;
    double hour;      /* of waiting */
    char currency[8]; /* "" for none */
};

/* Of one point; half widths of 95%, NAN where there are none. Differences are to the first point,
 * pair by pair of replications. */
struct money_found {
    double slots, runs; /* runs a month; 0: none of this is known */
    double cost, cost_half;
    double more, more_half; /* than the first point's */
    double value,
        value_half; /* what each slot more than there saves in waiting and runs, a month */
};

/* Of one replication, whose jobs wait so long. */
double money_of_month(const struct prices *prices, double slots, double runs, double wait_ms);

/* Of the mean waits of n replications in ms, here and at the first point; `first` NULL: none. Fills
 * in all but slots and runs, which are given in both. */
void money_judge(const struct prices *prices, const double *wait, int n, const double *first_wait,
                 int n_first, const struct money_found *first, struct money_found *found);

/* "1,234 EUR" */
const char *money_text(const struct prices *prices, double amount, char out[48]);

#endif
