/*
 * GitHub's REST API as this program uses it: runners and their labels, runs, jobs, variables,
 * dispatch; at repository or organisation level, github.com or Enterprise, with a token or as a
 * GitHub App. Blocking calls on one thread; rate limits are kept, not run into (github_limit.h).
 *
 * What to know of the answers (github-semantics.md): `online` lags by minutes and lies at times;
 * `busy` is a hint; no priority and no degraded state exist; a re-run is refused with 403 until its
 * run has concluded; a label write can answer 500 and have worked, so writes are read back.
 *
 * Errors: UND_SERVICE with the request, what GitHub said and what to do (for a 403 which
 * permission is missing); UND_USAGE for a call that the fleet file does not allow for.
 */
#ifndef LIVE_GITHUB_GITHUB_H
#define LIVE_GITHUB_GITHUB_H

#include "github_limit.h"
#include "github_parse.h"
#include "model/fleet/live.h"

#define GITHUB_FILTERED 1000

struct github_client;

/* `base` brings time-outs and cancel. `live` is copied. */
enum und_code github_open(struct github_client **out, const struct live *live,
                          const struct http_config *base, struct und_err *err);
void github_close(struct github_client *client); /* NULL is fine */

/* Borrowed, until github_close: what the answers so far say of the limits, and of our clock. */
const struct github_limit *github_limits(const struct github_client *client);
const struct clock_skew *github_skew(const struct github_client *client);
int github_status(const struct github_client *client); /* of the last answer; 0: there was none */

/* All pages. A list whose order or length shifts between two pages shows one entry twice and
 * another not at all: it is read again. The list is emptied first; the caller's to fini, after an
 * error as well. */
enum und_code github_runners(struct github_client *client, struct github_runners *out,
                             struct und_err *err);
/* `status` as GitHub names it ("queued", "in_progress"), NULL: all; the newest `most`. */
enum und_code github_runs(struct github_client *client, const char *status, size_t most,
                          struct github_runs *out, struct und_err *err);
/* Those that were created from the one second to the other, both included; GitHub lists no more
 * than GITHUB_FILTERED of them. */
enum und_code github_runs_created(struct github_client *client, int64_t from_ms, int64_t to_ms,
                                  struct github_runs *out, struct und_err *err);
/* One run, by its id; UND_SERVICE where there is none. */
enum und_code github_run(struct github_client *client, int64_t run_id, struct github_run *out,
                         struct und_err *err);
/* Of the latest attempt, or of every one. */
enum und_code github_jobs(struct github_client *client, int64_t run_id, bool every_attempt,
                          struct github_jobs *out, struct und_err *err);

/* The organisation's runner groups (UND_USAGE where the runners are a repository's), and whether a
 * group of visibility "selected" serves the fleet's repository. */
enum und_code github_groups(struct github_client *client, struct github_groups *out,
                            struct und_err *err);
enum und_code github_group_serves(struct github_client *client, int64_t group_id, bool *serves,
                                  struct und_err *err);

/* Labels of one registration. `_set` makes the custom ones exactly `wanted`: writes, reads back,
 * and writes once more if that is not what GitHub then says. `_add` adds one. */
enum und_code github_labels(struct github_client *client, int64_t runner_id,
                            struct github_labels *out, struct und_err *err);
enum und_code github_labels_set(struct github_client *client, int64_t runner_id,
                                const struct github_labels *wanted, struct und_err *err);
enum und_code github_labels_add(struct github_client *client, int64_t runner_id, const char *label,
                                struct und_err *err);

/* Asks for it, and does not wait until it has happened. 409 (the run is over already) is no error:
 * github_status tells. `_force_cancel` is for a run that cancelling has not ended; `_rerun_failed`
 * runs the failed and cancelled jobs again, as a new attempt, once the run has concluded. */
enum und_code github_cancel(struct github_client *client, int64_t run_id, struct und_err *err);
enum und_code github_force_cancel(struct github_client *client, int64_t run_id,
                                  struct und_err *err);
enum und_code github_rerun_failed(struct github_client *client, int64_t run_id,
                                  struct und_err *err);

/* Creates the variable if there is none. The value is text as the workflow's fromJSON wants it. */
enum und_code github_variable_set(struct github_client *client, const char *name, const char *value,
                                  struct und_err *err);
/* UND_OK with out[0] == 0 if there is no such variable. */
enum und_code github_variable(struct github_client *client, const char *name, char *out,
                              size_t size, struct und_err *err);

/* Starts `workflow` ("drill-probe.yml" or its id) on `ref`; *run_id is 0 where GitHub does not
 * tell. `inputs` may be NULL. */
enum und_code github_dispatch(struct github_client *client, const char *workflow, const char *ref,
                              const json_t *inputs, int64_t *run_id, struct und_err *err);

#endif
