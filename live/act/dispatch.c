#include "dispatch.h"
#include "live/base/failpoint.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_MS 60000 /* real; a dispatch that hangs, and GitHub's own delay */
#define SLACK_MS 2000   /* whole seconds, and what is not known of GitHub's clock */
#define RUNS 1000       /* of each status, the newest */

/* ---- sending ---- */

static enum und_code intend(struct journal *journal, const struct live_canary *what,
                            struct journal_step *step, struct und_err *err)
{
    json_t *undo = json_pack("{s:{s:s, s:I}}", "canary", "workflow", what->workflow, "at_ms",
                             (json_int_t)http_wall_ms());
    json_t *action =
        json_pack("{s:{s:s, s:s}}", "dispatch", "workflow", what->workflow, "ref", what->ref);
    size_t n = json_dumpb(undo, step->undo, sizeof step->undo - 1, JSON_COMPACT);
    size_t m = json_dumpb(action, step->action, sizeof step->action - 1, JSON_COMPACT);
    json_decref(undo);
    json_decref(action);
    if (n == 0 || n >= sizeof step->undo || m == 0 || m >= sizeof step->action)
        return und_fail(err, UND_USAGE, "workflow %.60s: got a name that is no UTF-8 text",
                        what->workflow);
    snprintf(step->name, sizeof step->name, "dispatch %.100s", what->workflow);
    return journal_intend(journal, step, err);
}

enum und_code dispatch_canary(struct github_client *github, const struct live_canary *what,
                              const json_t *inputs, struct journal *journal, int64_t run,
                              struct dispatched *out, struct und_err *err)
{
    struct journal_step step = {.run = run, .lease_until_ms = -1};
    struct und_err wrote = {0};
    bool refused;
    UND_ASSERT(what->workflow[0] && inputs);
    *out = (struct dispatched){0};
    if (journal && intend(journal, what, &step, err) != UND_OK)
        return err->code;
    out->step = step.id;
    failpoint("write intended");
    github_dispatch(github, what->workflow, what->ref, inputs, &out->run, &wrote);
    refused = github_status(github) >= 400 && github_status(github) < 500;
    out->unsure = wrote.code != UND_OK && !refused;
    failpoint("GitHub written");
    if (journal)
        journal_event(journal, step.id, wrote.code == UND_OK ? JOURNAL_DONE : JOURNAL_FAILED,
                      wrote.text, err);
    if (journal && wrote.code != UND_OK && refused)
        journal_event(journal, step.id, JOURNAL_UNDONE, "refused: nothing was done", err);
    return wrote.code == UND_OK ? err->code : und_fail(err, wrote.code, "%s", wrote.text);
}

/* ---- taking back ---- */

static bool is_of(const struct github_run *run, const char *workflow)
{
    const char *slash = strrchr(run->path, '/');
    return strcmp(slash ? slash + 1 : run->path, workflow) == 0 &&
           strcmp(run->event, "workflow_dispatch") == 0;
}

/* GitHub's times are of its clock. */
static bool is_then(const struct github_client *github, const struct github_run *run, int64_t at_ms)
{
    const struct clock_skew *skew = github_skew(github);
    int64_t error_ms = clock_skew_error_ms(skew);
    int64_t after_ms = run->created_ms - clock_skew_offset_ms(skew) - at_ms;
    int64_t slack_ms = SLACK_MS + (error_ms > 0 ? error_ms : 0);
    return after_ms >= -slack_ms && after_ms <= WINDOW_MS + slack_ms;
}

static enum und_code cancel_of(struct github_client *github, const char *status,
                               const char *workflow, int64_t at_ms, int *cancelled,
                               struct und_err *err)
{
    struct github_runs runs = {0};
    size_t i;
    github_runs(github, status, RUNS, &runs, err);
    for (i = 0; i < runs.n && err->code == UND_OK; i++) {
        const struct github_run *run = &runs.item[i];
        if (!is_of(run, workflow) || !is_then(github, run, at_ms) ||
            strcmp(run->status, "completed") == 0)
            continue;
        if (github_cancel(github, run->id, err) == UND_OK)
            (*cancelled)++;
        else if (github_status(github) == 404) /* somebody deleted it */
            *err = (struct und_err){0};
    }
    github_runs_fini(&runs);
    return err->code;
}

enum und_code dispatch_cancel(struct github_client *github, const char *workflow, int64_t at_ms,
                              int64_t settle_ms, char note[512], struct und_err *err)
{
    static const char *const statuses[] = {"queued", "in_progress", "pending", "requested",
                                           "waiting"};
    int cancelled = 0;
    size_t i;
    UND_ASSERT(settle_ms >= 0);
    for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (cancel_of(github, statuses[i], workflow, at_ms, &cancelled, err) != UND_OK)
            return err->code;
    if (note)
        snprintf(note, 512, "%d of its runs are cancelled", cancelled);
    if (http_wall_ms() < at_ms + settle_ms)
        return und_fail(err, UND_SERVICE, "workflow %.60s: a run of it may not be listed yet",
                        workflow);
    return UND_OK;
}
