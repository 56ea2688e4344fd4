/*
 * From a fault to the alert: how long until it is pending, until it fires, until the controller's
 * webhook hears of it, over all phases of scrapes and evaluations.
 *
 * Exact: for one phase between the scrape grid and the evaluation grid, whether evaluation k finds
 * the condition true depends on the fault's time t only through t < c_k, where c_k follows from the
 * last visible scrape and, for rate(), from the samples in its window. Between two neighbouring c_k
 * the states of all evaluations are fixed, so the delay is uniform. The distribution is the mixture
 * of these uniforms, averaged over the phase. For a fixed window this is the convolution
 *   D + tau + U(0, scrape interval) + U(0, evaluation interval) + hold (+ group_wait)
 * of prometheus-semantics.md, section 9; where the interval does not divide the window, the
 * number of samples changes from one evaluation to the next, and pending alerts may drop.
 *
 * The fault is the only one: its alert's group is a new one to the Alertmanager, unless the same
 * fault fires another alert of the group before, or one that mutes it; the webhook's delay then
 * depends on both, and is simulated only (delay_webhook_alone).
 * Times in milliseconds.
 */
#ifndef SIM_MONITORING_DELAY_H
#define SIM_MONITORING_DELAY_H

#include "model/fleet/fleet.h"
#include "target.h"

#include <stdbool.h>
#include <stddef.h>

#define DELAY_PHASES 1500 /* strata of the phase */

enum delay_stage { DELAY_PENDING, DELAY_FIRING, DELAY_WEBHOOK, DELAY_STAGES };

/* Either the target goes (state), or the rule's value steps from one load to another. */
struct delay_fault {
    enum target_state state; /* TARGET_UP: a load step */
    int64_t from_pm, to_pm;
    enum signal signal; /* of a load step, where the rule is evaluated on series: what steps */
};

/* A mixture of uniforms. */
struct delay_piece {
    double low, high, weight;
};

struct delay_dist {
    struct delay_piece *pieces; /* owned; weights sum to 1 - never */
    size_t n, capacity;
    double min, max;
    double never; /* share of phases and times in which it does not come about */
};

/* False: this fault has nothing to do with the rule, or the rule is true without it. */
bool delay_applies(const struct rule *rule, const struct delay_fault *fault);

/* The first DELAY_STAGES distributions; the webhook's is empty (never = 1) where the fleet has no
 * Alertmanager, or no route from this rule and host to the controller. */
void delay_exact(const struct fleet *fleet, int rule, int host, const struct delay_fault *fault,
                 struct delay_dist dists[DELAY_STAGES]);
/* False: another alert of the fault's is in the alert's group or mutes it, or the route is mute at
 * times, so that the exact webhook distribution is not that of this fleet. */
bool delay_webhook_alone(const struct fleet *fleet, int rule, int host,
                         const struct delay_fault *fault);
void delay_fini(struct delay_dist dists[DELAY_STAGES]);

/* The share of delays of at most `ms`. */
double delay_cdf(const struct delay_dist *dist, double ms);
double delay_quantile(const struct delay_dist *dist, double p); /* INFINITY above 1 - never */
double delay_mean(const struct delay_dist *dist);               /* of those that come about */

/* The same by simulating both servers n times: n delays a stage, INFINITY for never, sorted. */
void delay_simulate(const struct fleet *fleet, int rule, int host, const struct delay_fault *fault,
                    uint64_t seed, size_t n, double *samples[DELAY_STAGES]);

/* What comes after: from the end of a fault that has been notified to the resolved alert, and to
 * its notice; and from the same fault on a second host, whose alert joins the first one's group, to
 * its notice. These depend on when the group is flushed, so they are simulated only, over all
 * moments between two flushes. */
enum delay_end { DELAY_RESOLVED, DELAY_TOLD_RESOLVED, DELAY_SECOND_HOST, DELAY_END_STAGES };

/* n delays a stage, sorted, INFINITY for never; `second` -1: no such host. */
void delay_simulate_end(const struct fleet *fleet, int rule, int host, int second,
                        const struct delay_fault *fault, uint64_t seed, size_t n,
                        double *samples[DELAY_END_STAGES]);
/* Another host whose alert of this rule is in the same group; -1: none. */
int delay_second_host(const struct fleet *fleet, int rule, int host);
/* The route to the controller; without one its group_wait_ms is -1. */
struct alert_route delay_route(const struct fleet *fleet, int rule, int host);

/* Kolmogorov-Smirnov distance of sorted samples from the distribution. */
double delay_distance(const struct delay_dist *dist, const double *samples, size_t n);

/* The most that the delay can be, as the guaranteed bound of section 9 says; INFINITY: unbounded.
 */
double delay_bound(const struct fleet *fleet, int rule, int host, const struct delay_fault *fault);

#endif
