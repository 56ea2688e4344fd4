/*
 * Comparisons of the simulator with exact results, through the program's own path: a scenario as
 * YAML text, scenario_parse, experiment_run, struct result.
 *
 * Everything here is in units of one mean service, UNIT of simulated time; rates are per unit.
 * A comparison fails if |z| > THEORY_Z, z being the deviation in standard errors, brought from
 * Student's t to the normal distribution, or if the 95% half width is above the precision wanted:
 * 1% of the exact value, three times that above 95% load.
 *
 * Environment: THEORY=WORDS runs only the cases whose name holds the words, and shows their YAML;
 * THEORY_PRECISION=0.3% asks for another precision than 1%, by more or fewer replications (each is
 * as long as before). Sanitized builds are content with 5%: they look for other errors.
 */
#ifndef TESTS_SUPPORT_THEORY_CASE_H
#define TESTS_SUPPORT_THEORY_CASE_H

#include "model/stats/dist.h"

#include <check.h>

#define THEORY_UNIT_S 100
#define THEORY_Z 3.3
#define THEORY_COUNT(list) (sizeof(list) / sizeof *(list))
/* Of jobs; how many a case takes follows from the variance of its measures. */
#define THEORY_MILLION 1e6
#define THEORY_NO_ROOM "queue: {capacity: 0}"

enum theory_measure {
    THEORY_END, /* of a list of checks */
    THEORY_WAIT,
    THEORY_WAITS, /* share of jobs that wait */
    THEORY_WAIT_P50,
    THEORY_WAIT_P95,
    THEORY_WAIT_P99,
    THEORY_QUEUE,
    THEORY_NUMBER, /* waiting or in service */
    THEORY_UTILIZATION,
    THEORY_HOST_UTILIZATION, /* of the first host */
    THEORY_LOST,             /* share of jobs that fail */
    THEORY_SUCCESS,
    THEORY_UNAVAILABLE,      /* share of time without any host */
    THEORY_HOST_UNAVAILABLE, /* without the first */
    THEORY_MEASURES
};

struct theory_check {
    enum theory_measure measure;
    double exact;
};

/* A list of them, closed. */
#define THEORY_CHECKS(...)                                                                         \
    (struct theory_check[])                                                                        \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            THEORY_END, 0                                                                          \
        }                                                                                          \
    }

/* What is simulated. Text is YAML; NULL where the default will do. */
struct theory_system {
    const char *name;
    int slots;            /* of a single host */
    const char *hosts;    /* instead of it */
    double arrival;       /* Poisson */
    const char *arrivals; /* instead */
    const char *service;  /* DIST; default: exponential of mean 1 */
    const char *classes;  /* instead */
    const char *workload; /* more keys of the workload, as in a flow mapping */
    const char *fleet;    /* more sections of the fleet, likewise */
    const char *scenario; /* more keys of the scenario, likewise */
    double load;          /* above 0.95 it need not be as precise */
    double span;          /* units of time observed in all, at the usual precision */
    int replications;     /* that it is divided among; 0: 400 */
    double warmup;        /* of each; 0: a tenth of what is observed */
    double length;        /* a transient: each replication ends here, span is not needed */
};

/* Simulates, compares, prints a line a check; the checks end with {0}. */
void theory_compare(const struct theory_system *system, const struct theory_check *checks);
/* Fails the running test if any comparison since the last call did. */
void theory_settle(void);
/* Of all comparisons so far: the closing lines; fails the running test if the first checks of all
 * cases together scatter more or less than chance lets them. */
void theory_summary(void);
void theory_init(void); /* before Check forks */

/* One distribution, as text and as the exact results take it; cv2 is left out where the kind has
 * none to give (fixed, exponential). */
struct theory_dist {
    enum dist_kind kind;
    double mean, cv2;
};
const char *theory_yaml(struct theory_dist dist);
struct dist theory_resolve(struct theory_dist dist);

/* printf into one of a few buffers that take turns. */
const char *theory_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The part of the suite in theory_hosts.c. */
void theory_hosts(TCase *c);

#endif
