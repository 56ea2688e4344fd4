/*
 * A fleet's workload out of its history: what every number is, how far it is to be trusted, and
 * what the history cannot tell. Pure: the same rows give the same fit.
 */
#ifndef MODEL_FIT_FIT_H
#define MODEL_FIT_FIT_H

#include "arrival.h"
#include "history.h"
#include "lifetime.h"
#include "model/fleet/fleet.h"
#include "watched.h"

#define FIT_NOTES 64
#define FIT_FAN_OUT 64 /* jobs a run that a fleet file can weigh */
#define FIT_PICKUPS 50 /* waits beside a free slot that say what pick-up takes */

enum duration_model { DURATION_FAMILY, DURATION_FIXED, DURATION_EMPIRICAL };

struct class_fit {
    char name[FLEET_NAME];
    int names;                /* how many names of jobs it stands for; 1 but for "other" */
    size_t jobs;              /* that arrived */
    struct measured weight;   /* share of all jobs */
    double *event, *censored; /* durations in ms, sorted; owned */
    size_t n, n_censored;
    struct lifetime_fit candidate[LIFETIME_KINDS];
    enum duration_model model;
    int chosen;                     /* candidate, of a family */
    struct measured mean, p50, p95; /* of what was chosen; ms */
    struct measured shape;          /* of a family */
};

/* A host that was watched. */
struct host_fit {
    const struct watched_host *watched; /* borrowed */
    int slots;                          /* most that were online or busy at once; 0: not known */
    struct outages outages;             /* owned */
    struct measured mtbf, mttr; /* means, ms; NAN: not known, mtbf.interval.low may be even so */
    struct class_fit repair;    /* borrows of outages; of few or none only the arrays are set */
    bool shaped;                /* repairs are of the family in `repair` */
};

struct fan_out_fit {
    enum fan_out_kind kind;
    struct measured mean;
    double weights[FIT_FAN_OUT];
    struct interval interval[FIT_FAN_OUT];
    int n_weights;
    double p;     /* of a geometric distribution; NAN: not tested */
    size_t above; /* runs of more jobs than FIT_FAN_OUT */
};

struct fit {
    const struct history *history; /* borrowed */
    size_t n, runs;                /* jobs, arrivals */
    struct arrivals arrivals;
    struct fan_out_fit fan_out;
    struct class_fit classes[FLEET_CLASSES];
    int n_classes;
    struct measured failed, cancelled, rerun; /* shares of jobs that are over; NAN: not known */
    struct measured pickup_p50, pickup_p95;   /* ms; NAN: not known */
    size_t pickups;
    struct host_fit *hosts; /* owned; of `watched` */
    int n_hosts;
    int peak; /* most jobs that ran at once */
    int slots;
    bool slots_watched; /* they are those of hosts */
    bool slots_given, starts_known;
    struct measured wait_mean, wait_p50, wait_p95; /* as recorded, ms; NAN: not known */
    size_t waits;
    char *note[FIT_NOTES]; /* owned */
    int n_notes;
};

struct fit_wish {
    int slots;                     /* 0: as many as were watched, or else as ran at once */
    const struct watched *watched; /* NULL: nobody watched the hosts; outlives the fit */
    int64_t from_ms, to_ms;        /* only jobs created from then to before then; both 0: all */
    bool untested; /* no tests of the families: for a fit that is only asked for its prediction */
};

/* `fit` is the caller's to fini whatever is returned; the history must outlive it. UND_USAGE where
 * there is nothing to fit. */
enum und_code fit_history(struct fit *fit, const struct history *history,
                          const struct fit_wish *wish, struct und_err *err);
void fit_fini(struct fit *fit);

/* One more note, as printf would. */
void fit_note(struct fit *fit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The duration of a class as a file says it, resolved; owns nothing but an empirical one's values,
 * which are the caller's to fini. */
struct dist fit_duration(const struct class_fit *class_fit);

/* Every number of the fleet file. */
struct fit_parameter {
    char path[160];
    const char *unit; /* "/d", "s", "" */
    struct measured measured;
};
/* Calls for each, in the order of the file. */
void fit_parameters(const struct fit *fit,
                    void (*each)(void *context, const struct fit_parameter *parameter),
                    void *context);

#endif
