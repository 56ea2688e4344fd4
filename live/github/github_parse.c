#include "github_parse.h"
#include "live/base/list.h"
#include "live/base/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum und_code total_count(const json_t *page, size_t ceiling, int64_t *total,
                                 const char *place, struct und_err *err)
{
    const struct payload_field field = {"total_count", PAYLOAD_INTEGER, true, 0, sizeof *total};
    if (payload_fields(page, &field, 1, total, place, err) != UND_OK)
        return err->code;
    if (*total < 0 || (uint64_t)*total > ceiling)
        return und_fail(err, UND_SERVICE, "%s.total_count: got %lld, want 0..%zu", place,
                        (long long)*total, ceiling);
    return UND_OK;
}

static enum und_code add_label(struct github_labels *labels, const char *name, size_t size,
                               bool custom, const char *place, struct und_err *err)
{
    if (labels->n == GITHUB_LABELS)
        return und_fail(err, UND_SERVICE, "%s: got more than %d labels", place, GITHUB_LABELS);
    if (!wire_copy(labels->name[labels->n], GITHUB_NAME, name, size))
        return und_fail(err, UND_SERVICE, "%s: got a label of %zu characters, want fewer than %d",
                        place, size, GITHUB_NAME);
    wire_clean(labels->name[labels->n]);
    labels->custom[labels->n++] = custom;
    return UND_OK;
}

/* Of a runner: objects with a type. */
enum und_code github_parse_labels(const json_t *body, struct github_labels *labels,
                                  const char *place, struct und_err *err)
{
    const json_t *list = payload_array(body, "labels", place, err);
    size_t i;
    labels->n = 0;
    for (i = 0; list && i < json_array_size(list); i++) {
        const json_t *name = json_object_get(json_array_get(list, i), "name");
        const char *type = json_string_value(json_object_get(json_array_get(list, i), "type"));
        if (!json_is_string(name))
            return und_fail(err, UND_SERVICE, "%s.labels[%zu].name: got %s, want string", place, i,
                            payload_type(name));
        if (add_label(labels, json_string_value(name), json_string_length(name),
                      type && strcmp(type, "custom") == 0, place, err) != UND_OK)
            return err->code;
    }
    return err->code;
}

/* Of a job: bare names. */
static enum und_code label_names(const json_t *body, struct github_labels *labels,
                                 const char *place, struct und_err *err)
{
    const json_t *list = payload_array(body, "labels", place, err);
    size_t i;
    for (i = 0; list && i < json_array_size(list); i++) {
        const json_t *name = json_array_get(list, i);
        if (!json_is_string(name))
            return und_fail(err, UND_SERVICE, "%s.labels[%zu]: got %s, want string", place, i,
                            payload_type(name));
        if (add_label(labels, json_string_value(name), json_string_length(name), false, place,
                      err) != UND_OK)
            return err->code;
    }
    return err->code;
}

static enum und_code parse_runner(const json_t *body, struct github_runner *runner,
                                  const char *place, struct und_err *err)
{
    struct {
        char status[32];
    } raw = {""};
    static const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct github_runner, id, "id", PAYLOAD_INTEGER, true),
        PAYLOAD_FIELD(struct github_runner, name, "name", PAYLOAD_NAME, true),
        PAYLOAD_FIELD(struct github_runner, busy, "busy", PAYLOAD_BOOLEAN, true),
        PAYLOAD_FIELD(struct github_runner, ephemeral, "ephemeral", PAYLOAD_BOOLEAN, false),
        PAYLOAD_FIELD(struct github_runner, group_id, "runner_group_id", PAYLOAD_INTEGER, false),
    };
    const struct payload_field status = {"status", PAYLOAD_NAME, true, 0, sizeof raw.status};
    *runner = (struct github_runner){0};
    if (payload_fields(body, fields, COUNT(fields), runner, place, err) != UND_OK ||
        payload_fields(body, &status, 1, &raw, place, err) != UND_OK)
        return err->code;
    /* An unknown word is not taken for "offline": that would be evidence against a host. */
    runner->online = strcmp(raw.status, "online") == 0;
    if (!runner->online && strcmp(raw.status, "offline") != 0)
        return und_fail(err, UND_SERVICE, "%s.status: got \"%s\", want online or offline", place,
                        raw.status);
    return github_parse_labels(body, &runner->labels, place, err);
}

enum und_code github_parse_runners(const json_t *page, struct github_runners *runners,
                                   int64_t *total, const char *place, struct und_err *err)
{
    const json_t *list;
    char at[PAYLOAD_PLACE];
    size_t i;
    if (total_count(page, GITHUB_RUNNERS, total, place, err) != UND_OK ||
        !(list = payload_array(page, "runners", place, err)))
        return err->code;
    for (i = 0; i < json_array_size(list); i++) {
        struct github_runner *item = list_grow(runners->item, runners->n, &runners->capacity,
                                               sizeof *item, GITHUB_RUNNERS, place, err);
        if (!item)
            return err->code;
        runners->item = item;
        snprintf(at, sizeof at, "%.200s: runners[%zu]", place, i);
        if (parse_runner(json_array_get(list, i), &item[runners->n], at, err) != UND_OK)
            return err->code;
        runners->n++;
    }
    return UND_OK;
}

enum und_code github_parse_run(const json_t *body, struct github_run *run, const char *place,
                               struct und_err *err)
{
    static const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct github_run, id, "id", PAYLOAD_INTEGER, true),
        PAYLOAD_FIELD(struct github_run, attempt, "run_attempt", PAYLOAD_INTEGER, false),
        PAYLOAD_FIELD(struct github_run, name, "name", PAYLOAD_TEXT, false),
        PAYLOAD_FIELD(struct github_run, path, "path", PAYLOAD_TEXT, false),
        PAYLOAD_FIELD(struct github_run, event, "event", PAYLOAD_TEXT, false),
        PAYLOAD_FIELD(struct github_run, branch, "head_branch", PAYLOAD_TEXT, false),
        PAYLOAD_FIELD(struct github_run, status, "status", PAYLOAD_NAME, true),
        PAYLOAD_FIELD(struct github_run, conclusion, "conclusion", PAYLOAD_NAME, false),
        PAYLOAD_FIELD(struct github_run, created_ms, "created_at", PAYLOAD_TIME, true),
        PAYLOAD_FIELD(struct github_run, updated_ms, "updated_at", PAYLOAD_TIME, true),
    };
    *run = (struct github_run){.attempt = 1};
    return payload_fields(body, fields, COUNT(fields), run, place, err);
}

enum und_code github_parse_runs(const json_t *page, struct github_runs *runs, int64_t *total,
                                const char *place, struct und_err *err)
{
    const json_t *list;
    char at[PAYLOAD_PLACE];
    size_t i;
    /* The total counts runs that no page will ever show (GitHub stops at 1,000). */
    if (total_count(page, INT32_MAX, total, place, err) != UND_OK ||
        !(list = payload_array(page, "workflow_runs", place, err)))
        return err->code;
    for (i = 0; i < json_array_size(list); i++) {
        struct github_run *item =
            list_grow(runs->item, runs->n, &runs->capacity, sizeof *item, GITHUB_RUNS, place, err);
        if (!item)
            return err->code;
        runs->item = item;
        snprintf(at, sizeof at, "%.200s: workflow_runs[%zu]", place, i);
        if (github_parse_run(json_array_get(list, i), &item[runs->n], at, err) != UND_OK)
            return err->code;
        runs->n++;
    }
    return UND_OK;
}

static enum und_code parse_job(const json_t *body, struct github_job *job, const char *place,
                               struct und_err *err)
{
    static const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct github_job, id, "id", PAYLOAD_INTEGER, true),
        PAYLOAD_FIELD(struct github_job, run_id, "run_id", PAYLOAD_INTEGER, true),
        PAYLOAD_FIELD(struct github_job, attempt, "run_attempt", PAYLOAD_INTEGER, false),
        PAYLOAD_FIELD(struct github_job, name, "name", PAYLOAD_TEXT, true),
        PAYLOAD_FIELD(struct github_job, status, "status", PAYLOAD_NAME, true),
        PAYLOAD_FIELD(struct github_job, conclusion, "conclusion", PAYLOAD_NAME, false),
        PAYLOAD_FIELD(struct github_job, created_ms, "created_at", PAYLOAD_TIME, true),
        PAYLOAD_FIELD(struct github_job, started_ms, "started_at", PAYLOAD_TIME, false),
        PAYLOAD_FIELD(struct github_job, completed_ms, "completed_at", PAYLOAD_TIME, false),
        PAYLOAD_FIELD(struct github_job, runner_id, "runner_id", PAYLOAD_INTEGER, false),
        PAYLOAD_FIELD(struct github_job, runner_name, "runner_name", PAYLOAD_NAME, false),
    };
    *job = (struct github_job){.attempt = 1, .started_ms = -1, .completed_ms = -1};
    if (payload_fields(body, fields, COUNT(fields), job, place, err) != UND_OK)
        return err->code;
    /* A waiting job has a started_at too, and a started one may seem to precede its creation. */
    if (strcmp(job->status, "in_progress") != 0 && strcmp(job->status, "completed") != 0)
        job->started_ms = -1;
    else if (job->started_ms >= 0 && job->started_ms < job->created_ms)
        job->started_ms = job->created_ms;
    return label_names(body, &job->labels, place, err);
}

enum und_code github_parse_jobs(const json_t *page, struct github_jobs *jobs, int64_t *total,
                                const char *place, struct und_err *err)
{
    const json_t *list;
    char at[PAYLOAD_PLACE];
    size_t i;
    if (total_count(page, GITHUB_JOBS, total, place, err) != UND_OK ||
        !(list = payload_array(page, "jobs", place, err)))
        return err->code;
    for (i = 0; i < json_array_size(list); i++) {
        struct github_job *item =
            list_grow(jobs->item, jobs->n, &jobs->capacity, sizeof *item, GITHUB_JOBS, place, err);
        if (!item)
            return err->code;
        jobs->item = item;
        snprintf(at, sizeof at, "%.200s: jobs[%zu]", place, i);
        if (parse_job(json_array_get(list, i), &item[jobs->n], at, err) != UND_OK)
            return err->code;
        jobs->n++;
    }
    return UND_OK;
}

enum und_code github_parse_total(const json_t *page, int64_t *total, const char *place,
                                 struct und_err *err)
{
    return total_count(page, INT32_MAX, total, place, err);
}

enum und_code github_parse_groups(const json_t *page, struct github_groups *groups, int64_t *total,
                                  const char *place, struct und_err *err)
{
    static const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct github_group, id, "id", PAYLOAD_INTEGER, true),
        PAYLOAD_FIELD(struct github_group, name, "name", PAYLOAD_TEXT, true),
        PAYLOAD_FIELD(struct github_group, visibility, "visibility", PAYLOAD_NAME, true),
    };
    const json_t *list;
    char at[PAYLOAD_PLACE];
    size_t i;
    if (total_count(page, GITHUB_GROUPS, total, place, err) != UND_OK ||
        !(list = payload_array(page, "runner_groups", place, err)))
        return err->code;
    for (i = 0; i < json_array_size(list); i++) {
        struct github_group *item = list_grow(groups->item, groups->n, &groups->capacity,
                                              sizeof *item, GITHUB_GROUPS, place, err);
        if (!item)
            return err->code;
        groups->item = item;
        item[groups->n] = (struct github_group){0};
        snprintf(at, sizeof at, "%.200s: runner_groups[%zu]", place, i);
        if (payload_fields(json_array_get(list, i), fields, COUNT(fields), &item[groups->n], at,
                           err) != UND_OK)
            return err->code;
        groups->n++;
    }
    return UND_OK;
}

enum und_code github_parse_token(const json_t *body, struct github_token *token, const char *place,
                                 struct und_err *err)
{
    static const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct github_token, token, "token", PAYLOAD_NAME, true),
        PAYLOAD_FIELD(struct github_token, expires_ms, "expires_at", PAYLOAD_TIME, true),
    };
    *token = (struct github_token){0};
    return payload_fields(body, fields, COUNT(fields), token, place, err);
}

enum und_code github_parse_event(const json_t *body, struct github_event *event, const char *place,
                                 struct und_err *err)
{
    static const struct payload_field action =
        PAYLOAD_FIELD(struct github_event, action, "action", PAYLOAD_NAME, true);
    const json_t *job = json_object_get(body, "workflow_job");
    const json_t *run = json_object_get(body, "workflow_run");
    *event = (struct github_event){.is_job = job != NULL};
    if (payload_fields(body, &action, 1, event, place, err) != UND_OK)
        return err->code;
    if (job)
        return parse_job(job, &event->job, place, err);
    if (run)
        return github_parse_run(run, &event->run, place, err);
    return und_fail(err, UND_SERVICE, "%s: got neither workflow_job nor workflow_run", place);
}

void github_runners_fini(struct github_runners *runners)
{
    free(runners->item);
    *runners = (struct github_runners){0};
}

void github_runs_fini(struct github_runs *runs)
{
    free(runs->item);
    *runs = (struct github_runs){0};
}

void github_jobs_fini(struct github_jobs *jobs)
{
    free(jobs->item);
    *jobs = (struct github_jobs){0};
}

void github_groups_fini(struct github_groups *groups)
{
    free(groups->item);
    *groups = (struct github_groups){0};
}
