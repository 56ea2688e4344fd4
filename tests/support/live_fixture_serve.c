/* The services of the small world: GitHub, Prometheus and the probes, by what is in the fixture. */
#include "live/base/wire.h"
#include "live/http/http.h"
#include "live_fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CANARY 101

static const char *const names[3] = {"big-1", "big-2", "small-1"};

/* ---- the services ---- */

static json_t *labels_of(const struct live_fixture *world, int runner)
{
    json_t *labels = json_pack("[{s:s, s:s}]", "name", "self-hosted", "type", "read-only");
    if (atomic_load(&world->active[runner]))
        json_array_append_new(labels,
                              json_pack("{s:s, s:s}", "name", "ci-active", "type", "custom"));
    return labels;
}

static json_t *runners(const struct live_fixture *world)
{
    bool down = live_fixture_is_broken(world);
    json_t *list = json_array();
    int i, n = 0;
    for (i = 0; i < 3; i++) {
        if (atomic_load(&world->id[i]) == 0)
            continue;
        n++;
        json_array_append_new(
            list,
            json_pack("{s:i, s:s, s:s, s:b, s:b, s:i, s:o}", "id", atomic_load(&world->id[i]),
                      "name", names[i], "status",
                      down && (i < 2 || atomic_load(&world->all_broken)) ? "offline" : "online",
                      "busy", 0, "ephemeral", world->ephemeral, "runner_group_id",
                      world->foreign_group ? 5 : 1, "labels", labels_of(world, i)));
    }
    if (world->leftover) {
        n++;
        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:b, s:b, s:i, s:[{s:s, s:s}]}",
                                              "id", 99, "name", "big-old", "status", "offline",
                                              "busy", 0, "ephemeral", 1, "runner_group_id", 2,
                                              "labels", "name", "ci-active", "type", "custom"));
    }
    return json_pack("{s:i, s:o}", "total_count", n, "runners", list);
}

static json_t *label_call(struct live_fixture *world, const char *request, int id)
{
    int runner = 0;
    while (runner < 3 && atomic_load(&world->id[runner]) != id)
        runner++;
    if (runner == 3)
        return NULL;
    if (strncmp(request, "PUT ", 4) == 0) {
        atomic_store(&world->active[runner], strstr(request, "\"ci-active\"") != NULL);
        atomic_fetch_add(&world->writes, 1);
    }
    return json_pack("{s:i, s:o}", "total_count", 1, "labels", labels_of(world, runner));
}

static json_t *groups_call(const char *request)
{
    if (strstr(request, "/repositories"))
        return json_pack("{s:i, s:[{s:i, s:s}]}", "total_count", 1, "repositories", "id", 1, "name",
                         "other");
    return json_pack("{s:i, s:[{s:i, s:s, s:s}]}", "total_count", 1, "runner_groups", "id", 5,
                     "name", "elsewhere", "visibility", "selected");
}

static json_t *variable_call(struct live_fixture *world, const char *request, const char **status)
{
    if (strncmp(request, "PATCH ", 6) == 0) {
        atomic_store(&world->on_backup, strstr(request, "backup") != NULL);
        atomic_fetch_add(&world->writes, 1);
        *status = "204 No Content";
    }
    return json_pack("{s:s, s:s}", "name", "CI_HOST", "value",
                     atomic_load(&world->on_backup) ? "[\"self-hosted\",\"backup\"]"
                                                    : "[\"self-hosted\"]");
}

/* The lease of the controllers: made by POST, changed by PATCH, 404 where there is none. */
static json_t *lease_call(struct live_fixture *world, const char *request, const char **status)
{
    const char *at = strstr(request, "\r\n\r\n");
    json_t *sent = at ? json_loads(at + 4, 0, NULL) : NULL, *body = NULL;
    const char *value = json_string_value(json_object_get(sent, "value"));
    pthread_mutex_lock(&world->lease_lock);
    if (value && (world->lease[0] || strncmp(request, "POST ", 5) == 0)) {
        snprintf(world->lease, sizeof world->lease, "%s", value);
        *status = strncmp(request, "POST ", 5) == 0 ? "201 Created" : "204 No Content";
        body = json_object();
    } else if (!value && world->lease[0]) {
        body = json_pack("{s:s, s:s}", "name", "UNDERSTUDY_LEASE", "value", world->lease);
    }
    pthread_mutex_unlock(&world->lease_lock);
    json_decref(sent);
    return body;
}

/* ---- one workflow run ---- */

static json_t *run_json(int id, int attempt, bool over, const char *conclusion)
{
    json_t *run = json_pack(
        "{s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "run_attempt", attempt, "name",
        "ci", "path", ".github/workflows/ci.yml", "event", "push", "head_branch", "main", "status",
        over ? "completed" : "in_progress", "created_at", "2026-01-01T00:00:00Z", "updated_at",
        over ? "2026-01-01T00:10:00Z" : "2026-01-01T00:00:00Z");
    json_object_set_new(run, "conclusion", over ? json_string(conclusion) : json_null());
    return run;
}

/* The job of attempt 1 ends when its run is cancelled, or well, once the host that died is back. */
static bool job_runs(struct live_fixture *world)
{
    if (live_fixture_is_broken(world))
        atomic_store(&world->was_broken, true);
    return atomic_load(&world->attempt) == 1 && !atomic_load(&world->cancelled) &&
           !(atomic_load(&world->was_broken) && !live_fixture_is_broken(world));
}

static json_t *job_json(const struct live_fixture *world, int attempt, bool runs,
                        const char *conclusion)
{
    json_t *job = json_pack(
        "{s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:[s,s]}", "id", 70 + attempt, "run_id", 7,
        "run_attempt", attempt, "name", "build", "status", runs ? "in_progress" : "completed",
        "created_at", world->began, "started_at", world->began, "runner_id", attempt == 1 ? 1 : 3,
        "runner_name", attempt == 1 ? "big-1" : "small-1", "labels", "self-hosted", "ci-active");
    char now[32];
    if ((world->stranded || world->waiting) && attempt == 1 && runs) {
        json_object_set_new(job, "status", json_string("queued"));
        json_object_set_new(job, "started_at", json_null());
        json_object_set_new(job, "runner_name", json_null());
        json_object_set_new(job, "runner_id", json_null());
        json_object_set_new(
            job, "labels",
            json_pack("[s,s]", "self-hosted", world->stranded ? "primary" : "ci-active"));
    }
    json_object_set_new(job, "conclusion", runs ? json_null() : json_string(conclusion));
    json_object_set_new(job, "completed_at",
                        runs ? json_null() : json_string(wire_time(now, http_wall_ms())));
    return job;
}

static json_t *jobs_of(struct live_fixture *world)
{
    bool runs = job_runs(world);
    int attempt = atomic_load(&world->attempt), n = attempt;
    json_t *list = json_array();
    json_array_append_new(
        list, job_json(world, 1, runs, atomic_load(&world->cancelled) ? "cancelled" : "success"));
    if (attempt > 1)
        json_array_append_new(list, job_json(world, attempt, false, "success"));
    if (world->neighbour && attempt == 1) { /* the same run has a job on the backup */
        json_t *job = job_json(world, 1, true, "");
        json_object_set_new(job, "id", json_integer(79));
        json_object_set_new(job, "name", json_string("lint"));
        json_object_set_new(job, "runner_name", json_string("small-1"));
        if (atomic_load(&world->was_broken) && !live_fixture_is_broken(world)) {
            json_object_set_new(job, "status", json_string("completed"));
            json_object_set_new(job, "conclusion", json_string("success"));
        }
        json_array_append_new(list, job);
        n++;
    }
    return json_pack("{s:i, s:o}", "total_count", n > 2 ? 2 : (int)json_array_size(list), "jobs",
                     list);
}

static json_t *canary_json(const struct live_fixture *world, int canary)
{
    bool over = (atomic_load(&world->cancelled_canaries) >> canary & 1) ||
                atomic_load(&world->canaries_run);
    char now[32];
    json_t *run = run_json(FIRST_CANARY + canary, 1, over, "cancelled");
    json_object_set_new(run, "path", json_string(".github/workflows/canary.yml"));
    json_object_set_new(run, "event", json_string("workflow_dispatch"));
    json_object_set_new(run, "status", json_string(over ? "completed" : "queued"));
    json_object_set_new(run, "created_at", json_string(world->dispatched[canary]));
    json_object_set_new(run, "updated_at", json_string(wire_time(now, http_wall_ms())));
    return run;
}

static json_t *canary_jobs(const struct live_fixture *world, int canary)
{
    bool cancelled = atomic_load(&world->cancelled_canaries) >> canary & 1;
    bool over = cancelled || atomic_load(&world->canaries_run);
    if (!world->canary_jobs || canary >= atomic_load(&world->canaries))
        return json_pack("{s:i, s:[]}", "total_count", 0, "jobs");
    return json_pack("{s:i, s:[{s:i, s:i, s:i, s:s, s:s, s:s?, s:s, s:[s,s]}]}", "total_count", 1,
                     "jobs", "id", 900 + canary, "run_id", FIRST_CANARY + canary, "run_attempt", 1,
                     "name", "canary", "status", over ? "completed" : "queued", "conclusion",
                     cancelled ? "cancelled"
                     : over    ? "success"
                               : NULL,
                     "created_at", world->dispatched[canary], "labels", "self-hosted",
                     world->pinned[canary] ? "big" : "small");
}

int live_fixture_queued(const struct live_fixture *world)
{
    return atomic_load(&world->canaries) -
           __builtin_popcountll(atomic_load(&world->cancelled_canaries));
}

static json_t *runs_of(struct live_fixture *world, const char *request)
{
    json_t *list = json_array();
    bool runs = world->with_job && job_runs(world);
    int canary;
    for (canary = atomic_load(&world->canaries); canary-- > 0;) {
        bool over = (atomic_load(&world->cancelled_canaries) >> canary & 1) ||
                    atomic_load(&world->canaries_run);
        if (!strstr(request, "status=") ||
            strstr(request, over ? "status=completed" : "status=queued"))
            json_array_append_new(list, canary_json(world, canary));
    }
    if (world->with_job && !strstr(request, "status=queued") &&
        (runs ? !strstr(request, "status=completed") : !strstr(request, "status=in_progress")))
        json_array_append_new(
            list, run_json(7, atomic_load(&world->attempt), !runs,
                           atomic_load(&world->attempt) == 1 && atomic_load(&world->cancelled)
                               ? "cancelled"
                               : "success"));
    if (!strstr(request, "status=queued") && !strstr(request, "status=in_progress"))
        json_array_append_new(list, run_json(6, 1, true, "success"));
    return json_pack("{s:i, s:o}", "total_count", (int)json_array_size(list), "workflow_runs",
                     list);
}

/* One that waits is cancelled at once. */
static const char *cancel_canary(struct live_fixture *world, int canary)
{
    uint64_t bit = 1ULL << canary;
    if (canary >= atomic_load(&world->canaries))
        return "404 Not Found";
    return atomic_fetch_or(&world->cancelled_canaries, bit) & bit ? "409 Conflict" : "202 Accepted";
}

/* What a POST to a run does; the status of the answer. */
static const char *run_call(struct live_fixture *world, const char *request)
{
    const char *at = strstr(request, "/actions/runs/");
    atomic_fetch_add(&world->writes, 1);
    if (strstr(request, "/workflows/canary.yml/dispatches")) {
        int canary = atomic_load(&world->canaries);
        if (canary == LIVE_FIXTURE_CANARIES)
            return "422 Unprocessable Entity";
        wire_time(world->dispatched[canary], http_wall_ms());
        world->pinned[canary] = strstr(request, "\\\"big\\\"") != NULL;
        atomic_store(&world->canaries, canary + 1);
        return "204 No Content";
    }
    if (at && atoi(at + 14) >= FIRST_CANARY)
        return cancel_canary(world, atoi(at + 14) - FIRST_CANARY);
    if (!strstr(request, "/runs/7/"))
        return "409 Conflict";
    if (strstr(request, "/force-cancel")) {
        if (!job_runs(world))
            return "409 Conflict";
        atomic_store(&world->cancelled, true);
        return "202 Accepted";
    }
    atomic_fetch_add(&world->reruns, 1);
    if (atomic_load(&world->refuse_reruns))
        return "403 Forbidden";
    if (job_runs(world))
        return "403 Forbidden";
    atomic_fetch_add(&world->attempt, 1);
    return "201 Created";
}

static json_t *alerts(const struct live_fixture *world)
{
    json_t *list = json_array();
    if (live_fixture_is_broken(world))
        json_array_append_new(
            list, json_pack("{s:{s:s, s:s, s:s}, s:{}, s:s, s:s, s:s}", "labels", "alertname",
                            "RunnerOffline", "host", "big", "severity", "critical", "annotations",
                            "state", "firing", "activeAt", "2026-01-01T00:00:00Z", "value", "0"));
    return json_pack("{s:s, s:{s:o}}", "status", "success", "data", "alerts", list);
}

static json_t *prometheus(const struct live_fixture *world, const char *request)
{
    if (strstr(request, "/api/v1/alerts"))
        return alerts(world);
    if (strstr(request, "/api/v1/rules"))
        return json_pack("{s:s, s:{s:[{s:s, s:i, s:[{s:s, s:s, s:s, s:i}]}]}}", "status", "success",
                         "data", "groups", "name", "g", "interval", 60, "rules", "name",
                         "RunnerOffline", "health", "ok", "type", "alerting", "duration", 0);
    return json_pack("{s:s, s:{s:s, s:[{s:{s:s}, s:[i, s]}]}}", "status", "success", "data",
                     "resultType", "vector", "result", "metric", "host", "small", "value", 1,
                     "0.1");
}

/* Says no to the next writes of the kind that the world refuses. */
static bool refused(struct live_fixture *world, const char *request, struct script_reply *reply)
{
    int left = atomic_load(&world->refusals);
    bool kind = world->refuse_posts
                    ? strncmp(request, "POST ", 5) == 0
                    : strncmp(request, "PUT ", 4) == 0 && strstr(request, "\"ci-active\"") != NULL;
    if (left == 0 || !kind)
        return false;
    if (left > 0)
        atomic_fetch_sub(&world->refusals, 1);
    reply->text = strdup(world->refusal);
    return true;
}

void live_fixture_serve(void *context, const char *request, struct script_reply *reply)
{
    struct live_fixture *world = context;
    const char *mischief = atomic_load(&world->mischief), *at, *status = "200 OK";
    json_t *body = NULL;
    char *text;
    if (strstr(request, " /probe/")) {
        if (!(strstr(request, " /probe/big") || atomic_load(&world->all_broken)) ||
            !live_fixture_is_broken(world))
            reply->text = script_response("200 OK", "", "up");
        return;
    }
    if (mischief && live_fixture_is_broken(world) &&
        strstr(request, world->mute_monitoring ? " /api/v1/" : "/actions/")) {
        reply->text = strdup(mischief);
        return;
    }
    if (refused(world, request, reply))
        return;
    if (strstr(request, "/actions/") && atomic_load(&world->bearer) &&
        !strstr(request, atomic_load(&world->bearer))) {
        reply->text = script_response("401 Unauthorized", "", "{\"message\":\"Bad credentials\"}");
        return;
    }
    if (strstr(request, "/actions/runner-groups"))
        body = groups_call(request);
    else if (strstr(request, "UNDERSTUDY_LEASE"))
        body = lease_call(world, request, &status);
    else if (strstr(request, "/actions/variables/CI_HOST"))
        body = variable_call(world, request, &status);
    else if ((at = strstr(request, "/actions/runners/")) != NULL)
        body = label_call(world, request, atoi(at + 17));
    else if (strstr(request, "/actions/runners"))
        body = runners(world);
    else if (strncmp(request, "POST ", 5) == 0) {
        status = run_call(world, request);
        body = json_object();
    } else if ((at = strstr(request, "/actions/runs/10")) && strstr(at, "/jobs"))
        body = canary_jobs(world, atoi(at + 14) - FIRST_CANARY);
    else if (strstr(request, "/actions/runs/7/jobs"))
        body = jobs_of(world);
    else if (strstr(request, "/actions/runs/7"))
        body = run_json(7, atomic_load(&world->attempt), !job_runs(world),
                        atomic_load(&world->cancelled) ? "cancelled" : "success");
    else if (strstr(request, "/actions/runs"))
        body = runs_of(world, request);
    else
        body = prometheus(world, request);
    text = json_dumps(body, JSON_COMPACT);
    reply->text = script_response(body ? status : "404 Not Found", "", text ? text : "{}");
    free(text);
    json_decref(body);
}
