#include "live_fixture.h"
#include "helpers.h"
#include "live/base/wire.h"
#include "live/http/http.h"
#include "live/journal/journal.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
            list, json_pack("{s:i, s:s, s:s, s:b, s:b, s:i, s:o}", "id", atomic_load(&world->id[i]),
                            "name", names[i], "status", down && i < 2 ? "offline" : "online",
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

static json_t *runs_of(struct live_fixture *world, const char *request)
{
    json_t *list = json_array();
    bool runs = world->with_job && job_runs(world);
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

/* What a POST to a run does; the status of the answer. */
static const char *run_call(struct live_fixture *world, const char *request)
{
    atomic_fetch_add(&world->writes, 1);
    if (strstr(request, "/workflows/canary.yml/dispatches")) {
        atomic_fetch_add(&world->canaries, 1);
        return "204 No Content";
    }
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

static void serve(void *context, const char *request, struct script_reply *reply)
{
    struct live_fixture *world = context;
    const char *mischief = atomic_load(&world->mischief), *at, *status = "200 OK";
    json_t *body = NULL;
    char *text;
    if (strstr(request, " /probe/")) {
        if (!strstr(request, " /probe/big") || !live_fixture_is_broken(world))
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
    if (strstr(request, "/actions/runner-groups"))
        body = groups_call(request);
    else if (strstr(request, "/actions/variables/CI_HOST"))
        body = variable_call(world, request, &status);
    else if ((at = strstr(request, "/actions/runners/")) != NULL)
        body = label_call(world, request, atoi(at + 17));
    else if (strstr(request, "/actions/runners"))
        body = runners(world);
    else if (strncmp(request, "POST ", 5) == 0) {
        status = run_call(world, request);
        body = json_object();
    } else if (strstr(request, "/actions/runs/7/jobs"))
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

/* ---- files ---- */

void live_fixture_touch(const char *path)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

void live_fixture_forbid(struct live_fixture *world)
{
    world->forbidden = true;
}

bool live_fixture_is_broken(const struct live_fixture *world)
{
    return access(world->broken, F_OK) == 0;
}

static void write_token(const struct live_fixture *world)
{
    char path[160];
    FILE *file;
    snprintf(path, sizeof path, "%s/token", world->folder);
    file = fopen(path, "w");
    fputs(LIVE_FIXTURE_TOKEN "\n", file);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

/* A hundred times as fast as its durations. The target is reached through a shell that stands for
 * the network: it fails while `severed` exists. */
static void write_scenario(const struct live_fixture *world, const char *action, const char *more)
{
    const char *url = script_url(world->script);
    FILE *file = fopen(world->scenario, "w");
    fprintf(
        file,
        "name: small\n"
        "fleet:\n"
        "  hosts:\n"
        "    - {name: big, tier: primary, slots: 2, registrations: 'big-*', probe: "
        "'%s/probe/big'}\n"
        "    - {name: small, tier: backup, slots: 1, registrations: 'small-*',\n"
        "       probe: '%s/probe/small'}\n"
        "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 5min}]}\n"
        "  github: {write_spacing: 1s, fast_recovery: true}\n"
        "  monitoring: {}\n"
        "  policy:\n"
        "    {persist: 5s, confirm: 2, failback: {ramp: 5s, clear_for: 0s, health_checks: 1},\n"
        "     guard: {stale_after: 60s, grace: 0s}, severities: [critical]}\n"
        "  controller: {github_poll: 3s, alerts_poll: 2s, probe_interval: 1s, probe_misses: 2,\n"
        "               health_interval: 2s}\n"
        "  live:\n"
        "    github: {url: '%s', owner: o, repository: r, token: 'file:%s/token'}\n"
        "    prometheus: {url: '%s'}\n"
        "    places: [{name: net, via: [sh, -c, '[ ! -e %s ] && exec \"$@\"', net]}]\n"
        "    allow_actions: true\n"
        "    stop_file: %s\n"
        "    time_factor: 100\n"
        "faults: [{kind: host-power-loss, target: big, lasts: 30s}]\n"
        "drill:\n"
        "  lease: 110s\n"
        "  inject:\n"
        "    - {name: break it, on: net, lease: guard, timeout: 5s, check: [test, -e, '%s'],\n"
        "       %s}\n"
        "  revert: {after: routing, hold: 2s, at_the_latest: 100s, recovery: 10min}\n"
        "%s",
        url, url, url, world->folder, url, world->severed, world->stop, world->broken, action,
        more);
    fclose(file);
}

void live_fixture_open(struct live_fixture *world, const char *action, const char *more)
{
    char usual[512];
    int i;
    memset(world, 0, sizeof *world);
    world->folder = strdup(script_folder());
    snprintf(world->broken, sizeof world->broken, "%s/broken", world->folder);
    snprintf(world->severed, sizeof world->severed, "%s/severed", world->folder);
    snprintf(world->scenario, sizeof world->scenario, "%s/small.yaml", world->folder);
    snprintf(world->journal, sizeof world->journal, "%s/journal.db", world->folder);
    snprintf(world->output, sizeof world->output, "%s/output", world->folder);
    snprintf(world->stop, sizeof world->stop, "%s/stop", world->folder);
    for (i = 0; i < 3; i++)
        atomic_store(&world->active[i], true);
    for (i = 0; i < 3; i++)
        atomic_store(&world->id[i], i + 1);
    atomic_store(&world->attempt, 1);
    wire_time(world->began, http_wall_ms());
    snprintf(usual, sizeof usual, "run: [touch, '%s'], undo: [rm, -f, '%s']", world->broken,
             world->broken);
    world->script = script_open(serve, world, NULL);
    write_token(world);
    write_scenario(world, action ? action : usual, more);
}

void live_fixture_close(struct live_fixture *world)
{
    script_close(world->script);
    script_remove_folder(world->folder);
    free((char *)(uintptr_t)world->folder);
}

/* ---- the program ---- */

int live_fixture_run(struct live_fixture *world, char *const *arguments, int failpoint)
{
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char program[256], number[16], *all[16] = {program};
    int output, i;
    pid_t child;
    snprintf(program, sizeof program, "%s/understudy", build);
    snprintf(number, sizeof number, "%d", failpoint);
    for (i = 0; arguments[i]; i++) {
        ck_assert_int_lt(i, 14);
        all[i + 1] = arguments[i];
    }
    child = fork();
    if (child != 0)
        return child;
    output = open(world->output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(output, 1);
    dup2(output, 2);
    close(0);
    open("/dev/null", O_RDONLY);
    if (failpoint > 0)
        setenv("UND_FAILPOINT", number, 1);
    if (world->failcall[0])
        setenv("UND_FAILCALL", world->failcall, 1);
    if (world->full_disk) {
        const struct rlimit none = {0, 0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &none);
    }
    if (world->alone)
        setenv("UND_FAILALONE", "1", 1);
    setenv("TMPDIR", world->folder, 1); /* many worlds, one machine: each has locks of its own */
    execv(program, all);
    _exit(127);
}

int live_fixture_start(struct live_fixture *world, const char *argument, int failpoint)
{
    char *const arguments[] = {"drill", "--journal", world->journal, (char *)(uintptr_t)argument,
                               /* a rollback judges nothing */
                               strcmp(argument, "--rollback") == 0 ? "--seed=1" : "--no-prediction",
                               world->scenario, world->forbidden ? "--set" : NULL,
                               "fleet.live.allow_actions=false", NULL};
    return live_fixture_run(world, arguments, failpoint);
}

static char *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 64 << 20);
    *size = file ? fread(text, 1, (64 << 20) - 1, file) : 0;
    if (file)
        fclose(file);
    return text;
}

static void check_no_token(const struct live_fixture *world)
{
    static const char *const files[] = {"output", "journal.db", "journal.db-wal",
                                        "journal.db.lock"};
    char path[200];
    size_t i, size;
    for (i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", world->folder, files[i]);
        char *text = slurp(path, &size);
        ck_assert_msg(memmem(text, size, LIVE_FIXTURE_TOKEN, strlen(LIVE_FIXTURE_TOKEN)) == NULL,
                      "the credential is in %s", path);
        free(text);
    }
}

int live_fixture_wait(struct live_fixture *world, int pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    check_no_token(world);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int live_fixture_drill(struct live_fixture *world, const char *argument, int failpoint)
{
    return live_fixture_wait(world, live_fixture_start(world, argument, failpoint));
}

bool live_fixture_said(const struct live_fixture *world, const char *text)
{
    size_t size;
    char *output = slurp(world->output, &size);
    bool said = strstr(output, text) != NULL;
    if (!said)
        fprintf(stderr, "want '%s' in:\n%s\n", text, output);
    free(output);
    return said;
}

bool live_fixture_said_quietly(const struct live_fixture *world, const char *text)
{
    size_t size;
    char *output = slurp(world->output, &size);
    bool said = strstr(output, text) != NULL;
    free(output);
    return said;
}

void live_fixture_pause(int ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&nap, NULL);
}

bool live_fixture_await(const struct live_fixture *world, const char *text)
{
    int i;
    for (i = 0; i < 1500 && !live_fixture_said_quietly(world, text); i++)
        live_fixture_pause(20);
    return live_fixture_said(world, text);
}

void live_fixture_turn_away(struct live_fixture *world)
{
    ck_assert_int_eq(unlink(world->output), 0);
}

bool live_fixture_is_closed(const struct live_fixture *world)
{
    struct journal *journal = NULL;
    struct journal_step *steps = NULL;
    struct journal_run runs[200];
    struct und_err err = {0};
    size_t n = 200, open = 0;
    bool closed = true;
    if (journal_open(&journal, world->journal, &err) != UND_OK ||
        journal_open_steps(journal, 0, &steps, &open, &err) != UND_OK ||
        journal_runs(journal, runs, &n, &err) != UND_OK)
        closed = false;
    for (; n > 0; n--)
        closed = closed && runs[n - 1].ended_ms >= 0;
    free(steps);
    journal_close(journal);
    return closed && open == 0;
}
