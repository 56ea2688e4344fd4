/*
 * What GitHub's REST answers say, as structs. Pure: JSON in, data out; unknown keys are ignored,
 * known ones must have their type. Field names follow GitHub's OpenAPI description; what the
 * answers really mean stands in the header of github.h.
 *
 * Times are ms since 1970, -1 where there is none. Lists grow by appending pages and are the
 * caller's to fini. Errors: UND_SERVICE, "place.runners[3].busy: got string, want boolean".
 */
#ifndef LIVE_GITHUB_GITHUB_PARSE_H
#define LIVE_GITHUB_GITHUB_PARSE_H

#include "live/http/payload.h"

#define GITHUB_RUNNERS 16384 /* ceilings of the lists: 64 hosts of 256 registrations */
#define GITHUB_RUNS 2000
#define GITHUB_JOBS 4096 /* of one run */
#define GITHUB_GROUPS 1000
#define GITHUB_LABELS 32 /* of one runner or job */
#define GITHUB_NAME 128

struct github_labels {
    char name[GITHUB_LABELS][GITHUB_NAME];
    bool custom[GITHUB_LABELS]; /* the others are GitHub's own and read-only */
    int n;
};

struct github_runner {
    int64_t id;
    char name[GITHUB_NAME];
    bool online; /* as GitHub believes */
    bool busy;
    bool ephemeral;   /* it goes after one job */
    int64_t group_id; /* runner group (organisations); 0: not told */
    struct github_labels labels;
};

struct github_runners {
    struct github_runner *item;
    size_t n, capacity;
};

struct github_run {
    int64_t id;
    int64_t attempt;
    char name[GITHUB_NAME];
    char path[256]; /* ".github/workflows/ci.yml" */
    char event[32];
    char branch[256];
    char status[32];     /* queued, in_progress, completed, waiting, requested, pending */
    char conclusion[32]; /* "" until completed */
    int64_t created_ms, updated_ms;
};

struct github_runs {
    struct github_run *item;
    size_t n, capacity;
};

struct github_job {
    int64_t id, run_id, attempt;
    char name[GITHUB_NAME * 2];
    char status[32], conclusion[32];
    int64_t created_ms;   /* there is no queued_at */
    int64_t started_ms;   /* never before created_ms; -1 while it waits */
    int64_t completed_ms; /* -1 until then */
    int64_t runner_id;    /* 0: none yet */
    char runner_name[GITHUB_NAME];
    struct github_labels labels; /* `custom` is not known here */
};

struct github_jobs {
    struct github_job *item;
    size_t n, capacity;
};

/* A runner group: which repositories of an organisation may use its registrations. */
struct github_group {
    int64_t id;
    char name[GITHUB_NAME];
    char visibility[32]; /* all, private, selected (then github_group_serves tells) */
};

struct github_groups {
    struct github_group *item;
    size_t n, capacity;
};

/* Of the webhooks that matter here; `action` as GitHub names it. */
struct github_event {
    char action[32];
    bool is_job; /* workflow_job; otherwise workflow_run */
    struct github_job job;
    struct github_run run;
};

struct github_token {
    char token[512];
    int64_t expires_ms;
};

/* Each appends one page. `total` gets the list's total_count. */
enum und_code github_parse_runners(const json_t *page, struct github_runners *runners,
                                   int64_t *total, const char *place, struct und_err *err);
enum und_code github_parse_runs(const json_t *page, struct github_runs *runs, int64_t *total,
                                const char *place, struct und_err *err);
enum und_code github_parse_jobs(const json_t *page, struct github_jobs *jobs, int64_t *total,
                                const char *place, struct und_err *err);
enum und_code github_parse_groups(const json_t *page, struct github_groups *groups, int64_t *total,
                                  const char *place, struct und_err *err);
/* A list's total_count alone. */
enum und_code github_parse_total(const json_t *page, int64_t *total, const char *place,
                                 struct und_err *err);

/* One answer, or one webhook: `labels` and the others are filled anew. */
enum und_code github_parse_labels(const json_t *body, struct github_labels *labels,
                                  const char *place, struct und_err *err);
enum und_code github_parse_run(const json_t *body, struct github_run *run, const char *place,
                               struct und_err *err);
enum und_code github_parse_token(const json_t *body, struct github_token *token, const char *place,
                                 struct und_err *err);
enum und_code github_parse_event(const json_t *body, struct github_event *event, const char *place,
                                 struct und_err *err);

/* Frees the items and empties the list; a zeroed one is fine. */
void github_runners_fini(struct github_runners *runners);
void github_runs_fini(struct github_runs *runs);
void github_jobs_fini(struct github_jobs *jobs);
void github_groups_fini(struct github_groups *groups);

#endif
