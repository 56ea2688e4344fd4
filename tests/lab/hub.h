/*
 * What the GitHub stand-in knows and how it changes: registrations, runs, jobs, variables, and the
 * dispatcher. Pure state: no sockets, no clock; every call is told the time, so a test can play a
 * day in a moment.
 *
 * Behaviour as in GitHub's documentation and the runner's source, with the delays of struct
 * hub_timing: random choice among the idle online registrations that carry all of a job's labels,
 * oldest eligible job first; assigned but not picked up goes back to the queue; a job on a dead
 * runner fails when its lock has expired and is never queued again; a registration is `online`
 * until some time after it vanished. One registration runs one job.
 *
 * Units: `_ms` is real milliseconds since 1970 on a clock that never goes back; the
 * timing table is in GitHub's own milliseconds and divided by `compress`. Errors: enum hub_answer;
 * nothing is changed unless HUB_DONE. Ownership: hub_open to hub_close; pointers into the hub are
 * borrowed until the next call that adds something.
 */
#ifndef TESTS_LAB_HUB_H
#define TESTS_LAB_HUB_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUB_NAME 64
#define HUB_LABELS 32 /* a registration or a job; GitHub itself allows 100 */
#define HUB_VALUE 1024
#define HUB_REGISTRATIONS 512
#define HUB_JOBS 100000
#define HUB_RUNS 50000
#define HUB_RUN_JOBS 64
#define HUB_VARIABLES 64
#define HUB_WORKFLOWS 32
#define HUB_EVENTS 100000
#define HUB_TROUBLES 16
#define HUB_GROUPS 16
#define HUB_RERUNS 50
#define HUB_TRIES 3
#define HUB_FAILED 64 /* in one step */

/* GitHub's delays, uncompressed. */
struct hub_timing {
    int64_t offline_min_ms, offline_max_ms; /* vanished to `offline`, uniform */
    int64_t goodbye_ms;                     /* session deleted to `offline` */
    int64_t lock_ms;                        /* validity of a job's lock after a renewal */
    int64_t renewal_ms;                     /* how often a runner renews */
    int64_t sweep_ms;                       /* lock expired to failure: uniform from 0 to this */
    int64_t pickup_min_ms, pickup_max_ms;   /* assigned to started, uniform; the runner waits it */
    int64_t requeue_ms;                     /* assigned but not picked up */
    int64_t queue_limit_ms;                 /* a queued job fails */
    int64_t cancel_ms;                      /* cancel with a dead runner, from the request */
    int64_t job_limit_ms;                   /* a job that runs so long is ended */
    int64_t force_cancel_ms;
    int64_t hold_ms; /* longest wait of one long poll (see hub_contact) */
    int64_t session_retry_ms, session_limit_ms; /* a runner that meets its own old session */
};
extern const struct hub_timing hub_timing_default;

enum hub_answer { HUB_DONE, HUB_MISSING, HUB_CONFLICT, HUB_FORBIDDEN, HUB_INVALID, HUB_FULL };

/* A listener that is online and does not do its work. */
enum hub_hung {
    HUB_WELL,
    HUB_DEAF,  /* hears of no job: it goes back to the queue after a while */
    HUB_TAKING /* acknowledges a job and never starts it: it fails when its lock ends */
};

/* What a job will come to, drawn when it is assigned. */
enum hub_fate { HUB_NATURAL, HUB_ENDLESS, HUB_DOOMED };

enum hub_scope { HUB_REPOSITORY, HUB_ORGANISATION };
enum hub_status { HUB_QUEUED, HUB_IN_PROGRESS, HUB_COMPLETED };
enum hub_conclusion { HUB_NONE, HUB_SUCCESS, HUB_FAILURE, HUB_CANCELLED };

struct hub_labels {
    char name[HUB_LABELS][HUB_NAME];
    int n;
};

struct hub_registration {
    int64_t id;
    char name[HUB_NAME];
    char host[HUB_NAME];
    enum hub_scope scope;
    struct hub_labels builtin; /* read-only: self-hosted, Linux, X64 */
    struct hub_labels custom;
    bool online;
    uint64_t session;         /* 0: none */
    int64_t contact_ms;       /* last word from its runner */
    int64_t offline_after_ms; /* drawn for this session: vanished to offline, real ms */
    int64_t goodbye_ms;       /* when a deleted session shows; -1 unless one was deleted */
    int job;                  /* index of the job assigned to it or run by it; -1 */
    bool locked_out;          /* its next session is refused: the slot stays lost */
    enum hub_hung hung;
    bool shut;      /* it is given no jobs: what a hook of the fleet's own does */
    bool ephemeral; /* made anew after each job */
    int64_t group;
    struct hub_labels configured; /* what a registration made anew begins with */
    struct {
        bool status, busy; /* which fields of the answer are lies */
        bool online_said, busy_said;
        bool missing; /* from the list */
    } lie;
};

struct hub_job {
    int64_t id;
    int run; /* index */
    int attempt;
    char name[HUB_NAME];
    struct hub_labels *labels; /* owned */
    int n_own;                 /* the first so many; the others are the variable's */
    char variable[HUB_NAME];   /* read anew by a re-run; "": none */
    int64_t duration_ms;       /* of the work, uncompressed */
    enum hub_status status;
    enum hub_conclusion conclusion;
    int64_t created_ms, assigned_ms, started_ms, completed_ms; /* -1: not yet */
    int registration;                                          /* index; -1: not assigned */
    int shunned; /* registration that left it lying; -1 */
    int64_t lock_until_ms;
    int64_t fails_ms;  /* lock expiry with its sweep */
    int64_t cancel_ms; /* when a requested cancellation takes effect; -1: none */
    bool cancel_told;  /* its runner has been told */
    enum hub_fate fate;
    bool carried; /* succeeded in an earlier attempt and was not run again */
};

struct hub_run {
    int64_t id;
    int number;
    int attempt;
    int workflow; /* index; -1: none */
    char title[HUB_NAME];
    char branch[HUB_NAME];
    char event[HUB_NAME];
    int64_t created_ms, updated_ms;
    int first_job; /* jobs of the newest attempt: n_jobs indices from here */
    int n_jobs;
};

struct hub_variable {
    enum hub_scope scope;
    char name[HUB_NAME];
    char value[HUB_VALUE];
    int64_t created_ms, updated_ms;
};

/* A job as somebody submits it. `variable` names a variable whose JSON value gives the labels at
 * the time of submission: runs-on: ${{ fromJSON(vars.NAME) }}. */
struct hub_order {
    char name[HUB_NAME];
    char variable[HUB_NAME];
    struct hub_labels labels;
    int64_t duration_ms;
};

struct hub_workflow {
    int64_t id;
    char file[HUB_NAME];
    struct hub_order job[HUB_RUN_JOBS];
    int n_jobs;
};

/* A fault that jobs meet, until it is taken away. */
struct hub_trouble {
    enum hub_fate fate;
    char host[HUB_NAME]; /* "": on every host */
    double share;        /* of the jobs that are assigned there */
};

/* A runner group, and the repository that it serves besides those of its visibility. */
struct hub_group {
    int64_t id;
    char name[HUB_NAME], visibility[HUB_NAME], repository[HUB_NAME];
};

/* What happened, for measurements to be compared with; text such as "offline primary-1". */
struct hub_event {
    int64_t at_ms;
    int64_t job; /* id; 0: none */
    char what[32];
    char who[HUB_NAME];
};

struct hub {
    struct hub_timing timing;
    int compress;
    gsl_rng *rng; /* owned */
    struct hub_registration *registration;
    int n_registrations;
    struct hub_job *job;
    int n_jobs;
    int first_open; /* no job before this one is unfinished */
    struct hub_run *run;
    int n_runs;
    struct hub_variable variable[HUB_VARIABLES];
    int n_variables;
    struct hub_workflow *workflow;
    int n_workflows;
    struct hub_event *event;
    int n_events;
    struct hub_trouble trouble[HUB_TROUBLES];
    int n_troubles;
    int64_t slow_ms; /* GitHub's: a job is assigned no sooner than this after its creation */
    struct hub_group group[HUB_GROUPS];
    int n_groups;
    int64_t next_id;
    struct {
        struct hub_order order;
        int64_t interval_ms; /* mean, uncompressed; 0: no workload */
        bool rerun;          /* whoever sees a run fail runs it again at once, HUB_TRIES times */
        int64_t next_ms;
    } workload;
    int64_t failed[HUB_FAILED]; /* runs, since the last step */
    int n_failed;
};

struct hub *hub_open(int compress, unsigned long seed);
void hub_close(struct hub *hub);

/* Everything that time alone brings about. */
void hub_step(struct hub *hub, int64_t now_ms);

int64_t hub_real_ms(const struct hub *hub, int64_t github_ms);
void hub_note(struct hub *hub, int64_t now_ms, int64_t job, const char *what, const char *who);

bool hub_label_add(struct hub_labels *labels, const char *name);
bool hub_label_has(const struct hub_labels *labels, const char *name); /* case is ignored */

/* Registrations (hub.c). */
enum hub_answer hub_register(struct hub *hub, const char *name, const char *host,
                             enum hub_scope scope, const struct hub_labels *custom);
struct hub_registration *hub_registration_by_id(struct hub *hub, int64_t id);
struct hub_registration *hub_registration_by_name(struct hub *hub, const char *name);
struct hub_variable *hub_variable_get(struct hub *hub, enum hub_scope scope, const char *name);
enum hub_answer hub_variable_set(struct hub *hub, int64_t now_ms, enum hub_scope scope,
                                 const char *name, const char *value, bool create);
enum hub_answer hub_variable_remove(struct hub *hub, enum hub_scope scope, const char *name);

/* What goes wrong (trouble.c). The first `n` registrations of the host (0: all) hang so; HUB_WELL
 * ends it. */
enum hub_answer hub_hang(struct hub *hub, const char *host, int n, enum hub_hung hung);
/* A share of the jobs that are assigned to the host ("": to any) meets that fate; 0 ends it, and
 * jobs without end with it. */
enum hub_answer hub_doom(struct hub *hub, int64_t now_ms, const char *host, enum hub_fate fate,
                         double share);
enum hub_fate hub_fate_of_job(struct hub *hub, const struct hub_registration *registration);
/* The first `n` registrations of the host (0: all) are made anew: another id, the labels that they
 * were configured with. Their runners go on. */
enum hub_answer hub_replace(struct hub *hub, int64_t now_ms, const char *host, int n);
/* So many of the host's registrations are given jobs, the first ones. */
enum hub_answer hub_admit(struct hub *hub, int64_t now_ms, const char *host, int n);
void hub_make_anew(struct hub *hub, int64_t now_ms, struct hub_registration *registration);
/* Of the message that a runner gets: what its job will take. */
int64_t hub_duration_ms(const struct hub *hub, const struct hub_job *job);

/* The runner's side (session.c). HUB_CONFLICT: its old session still stands; HUB_MISSING: the
 * session is gone, make a new one; hub_job_*: HUB_CONFLICT: the job is no longer its own. */
enum hub_answer hub_session_begin(struct hub *hub, int64_t now_ms, const char *name,
                                  uint64_t *session);
enum hub_answer hub_session_end(struct hub *hub, int64_t now_ms, uint64_t session);
struct hub_registration *hub_contact(struct hub *hub, int64_t now_ms, uint64_t session);
enum hub_answer hub_job_start(struct hub *hub, int64_t now_ms, uint64_t session, int64_t job);
enum hub_answer hub_job_renew(struct hub *hub, int64_t now_ms, uint64_t session, int64_t job);
enum hub_answer hub_job_finish(struct hub *hub, int64_t now_ms, uint64_t session, int64_t job,
                               enum hub_conclusion conclusion);

/* Ends a job that has not ended; `why` is what the event says. */
void hub_conclude(struct hub *hub, int64_t now_ms, struct hub_job *job,
                  enum hub_conclusion conclusion, const char *why);

/* Runs (dispatch.c). */
enum hub_answer hub_submit(struct hub *hub, int64_t now_ms, const char *title, int workflow,
                           const struct hub_order *orders, int n, int64_t *run_id);
struct hub_run *hub_run_by_id(struct hub *hub, int64_t id);
struct hub_job *hub_job_by_id(struct hub *hub, int64_t id);
enum hub_status hub_run_status(const struct hub *hub, const struct hub_run *run);
enum hub_conclusion hub_run_conclusion(const struct hub *hub, const struct hub_run *run);
enum hub_answer hub_cancel(struct hub *hub, int64_t now_ms, int64_t run_id, bool force);
/* HUB_FORBIDDEN until the run has concluded, and after HUB_RERUNS of them. */
enum hub_answer hub_rerun(struct hub *hub, int64_t now_ms, int64_t run_id, bool failed_only);

#endif
