/* The stand-ins, the fates, and the judge: calls_world.h. */
#include "calls_world.h"
#include "helpers.h"
#include "live/http/http.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE_MS 250 /* 25 s of the fleet's */

const struct call calls[CALLS] = {
    {"registrations read", "GET", "/actions/runners?", NULL, GITHUB, NO_WRITE, 3},
    {"labels read", "GET", "/labels", NULL, GITHUB, NO_WRITE, 1},
    {"labels written", "PUT", "/labels", NULL, GITHUB, NO_WRITE, 1},
    {"variable read", "GET", "/variables/CI_HOST", NULL, GITHUB, NO_WRITE, 2},
    {"variable written", "PATCH", "/variables/CI_HOST", NULL, GITHUB, NO_WRITE, 2},
    {"lease read", "GET", "/variables/UNDERSTUDY_LEASE", NULL, GITHUB, NO_WRITE, 3},
    {"lease made", "POST", "/actions/variables", NULL, GITHUB, NO_WRITE, 1},
    {"lease changed", "PATCH", "/variables/UNDERSTUDY_LEASE", NULL, GITHUB, NO_WRITE, 2},
    {"runs listed", "GET", "/actions/runs?", NULL, GITHUB, NO_JOB, 3},
    {"jobs listed", "GET", "/runs/7/jobs", NULL, GITHUB, NO_JOB, 3},
    {"run read", "GET", "/actions/runs/7", "/jobs", GITHUB, NO_RERUN, 3},
    {"force-cancel", "POST", "/runs/7/force-cancel", NULL, GITHUB, NO_JOB, 3},
    {"re-run", "POST", "/runs/7/rerun", NULL, GITHUB, NO_RERUN, 3},
    {"canary dispatched", "POST", "/dispatches", NULL, GITHUB, WHOLE, 1},
    {"alerts of Prometheus", "GET", "/api/v1/alerts", NULL, MONITORING, NO_WRITE, 1},
    {"alerts of Alertmanager", "GET", "/api/v2/alerts", NULL, MONITORING, NO_WRITE, 2},
    {"annotation looked for", "GET", "/api/annotations", NULL, OTHERS, UNTOLD, 1},
    {"annotation made", "POST", "/api/annotations", NULL, OTHERS, UNTOLD, 1},
    {"annotation ended", "PATCH", "/api/annotations/", NULL, OTHERS, UNTOLD, 1},
    {"lines to Loki", "POST", "/loki/api/v1/push", NULL, OTHERS, UNTOLD, 1},
    {"evidence read back", "GET", "/loki/api/v1/query_range", NULL, OTHERS, UNTOLD, 1},
    {"witness asked", "GET", "/witness", NULL, OTHERS, WHOLE, 1},
};

/* ---- judged by what GitHub is told ---- */

static void wrong(struct play *p, const char *what)
{
    if (!p->wrong[0])
        snprintf(p->wrong, sizeof p->wrong, "%s", what);
}

static void judge(struct play *p, const char *request)
{
    int64_t well_ms = atomic_load(&p->well_ms);
    bool bad = live_fixture_is_broken(&p->world);
    bool well = well_ms > 0 && http_monotonic_ms() - well_ms > 3000;
    const char *runner = strstr(request, "/actions/runners/");
    if (strncmp(request, "GET ", 4) == 0 || strstr(request, "UNDERSTUDY_LEASE") ||
        strstr(request, "/dispatches"))
        return;
    p->writes++;
    if (strncmp(request, "PUT ", 4) == 0 && runner) {
        bool on = strstr(request, "\"ci-active\"") != NULL;
        if (!on && atoi(runner + 17) == 3)
            wrong(p, "the backup is taken out");
        if (on && bad)
            wrong(p, "a bad host is put in");
        if (!on && well)
            wrong(p, "a host that is well is taken out");
    } else if (strncmp(request, "PATCH ", 6) == 0) {
        if (strstr(request, "backup") ? well : bad)
            wrong(p, "the variable leads to the wrong hosts");
    } else if (strstr(request, "/runs/7/force-cancel")) {
        if (well)
            wrong(p, "a run is cancelled whose host is well");
    } else if (strstr(request, "/runs/7/rerun")) {
        if (atomic_load(&p->world.attempt) > 1)
            wrong(p, "a run is run again twice");
    } else if (!strstr(request, "/cancel")) {
        wrong(p, request);
    }
}

/* ---- the services ---- */

static void others(struct play *p, const char *request, struct script_reply *reply)
{
    char body[400] = "[]";
    if (strstr(request, " /witness")) {
        reply->text = script_response("200 OK", "", "up");
        return;
    }
    if (strstr(request, " /loki/api/v1/query_range")) {
        p->reads++;
        reply->text = script_response("200 OK", "", "{\"data\":{\"result\":[]}}");
        return;
    }
    if (strstr(request, " /loki")) {
        p->lines++;
        reply->text = script_response("204 No Content", "", "");
        return;
    }
    if (strncmp(request, "GET ", 4) == 0 && p->notes > 0)
        snprintf(body, sizeof body,
                 "[{\"id\":1,\"tags\":[\"understudy\"],\"time\":1,\"timeEnd\":1}]");
    else if (strncmp(request, "POST ", 5) == 0)
        p->notes++;
    else if (strncmp(request, "PATCH ", 6) == 0)
        p->ended++;
    if (strncmp(request, "GET ", 4) != 0)
        snprintf(body, sizeof body, "{\"message\":\"ok\",\"id\":1}");
    reply->text = script_response("200 OK", "", body);
}

static void alertmanager(struct play *p, struct script_reply *reply)
{
    static const char firing[] =
        "[{\"labels\":{\"alertname\":\"RunnerOffline\",\"host\":\"big\",\"severity\":\"critical\"},"
        "\"annotations\":{},\"status\":{\"state\":\"active\",\"silencedBy\":[],\"inhibitedBy\":[]},"
        "\"fingerprint\":\"abc\",\"startsAt\":\"2026-01-01T00:00:00Z\",\"endsAt\":"
        "\"2036-01-01T00:00:00Z\",\"updatedAt\":\"2026-01-01T00:00:00Z\",\"receivers\":[]}]";
    reply->text = script_response("200 OK", "", live_fixture_is_broken(&p->world) ? firing : "[]");
}

static void answer(struct play *p, enum service service, const char *request,
                   struct script_reply *reply)
{
    if (service == GITHUB)
        judge(p, request);
    if (service == OTHERS)
        others(p, request, reply);
    else if (strstr(request, " /api/v2/alerts"))
        alertmanager(p, reply);
    else
        live_fixture_serve(&p->world, request, reply);
}

static int call_of(const char *request, enum story story)
{
    char line[400];
    size_t i, method;
    snprintf(line, sizeof line, "%.*s ", (int)strcspn(request, "\r"), request);
    for (i = 0; i < CALLS; i++) {
        method = strlen(calls[i].method);
        if ((calls[i].stories >> story & 1) && strncmp(line, calls[i].method, method) == 0 &&
            line[method] == ' ' && strstr(line, calls[i].path) &&
            !(calls[i].not &&strstr(line, calls[i].not )))
            return (int)i;
    }
    return -1;
}

static void refuse(enum service service, struct script_reply *reply)
{
    reply->text = script_response(service == GITHUB ? "403 Forbidden" : "503 Unavailable", "",
                                  "{\"message\":\"no\"}");
}

/* Twice, as somebody at a terminal does who is in a hurry. */
static void interrupt(struct play *p)
{
    while (atomic_load(&p->pid) == 0)
        live_fixture_pause(1);
    kill(atomic_load(&p->pid), SIGINT);
    live_fixture_pause(30);
    kill(atomic_load(&p->pid), SIGINT);
}

static void serve(struct play *p, enum service service, const char *request,
                  struct script_reply *reply)
{
    int call = atomic_load(&p->over) ? -1 : call_of(request, p->story);
    bool first;
    if (call < 0 || (p->only >= 0 && call != p->only)) {
        answer(p, service, request, reply);
        return;
    }
    first = !(atomic_fetch_or(&p->met, 1u << call) >> call & 1);
    if (p->fate == REFUSED_ALWAYS || (p->fate == REFUSED && first)) {
        refuse(service, reply);
        return;
    }
    if (p->fate == SIGNALLED && first)
        interrupt(p);
    answer(p, service, request, reply);
    if (p->fate == LATE && first)
        reply->delay_ms = LATE_MS;
    if (p->fate == CUT && first && reply->text) {
        reply->text[10] = '\0';
        reply->reset = true;
    }
}

static void serve_github(void *context, const char *request, struct script_reply *reply)
{
    serve(context, GITHUB, request, reply);
}

static void serve_monitoring(void *context, const char *request, struct script_reply *reply)
{
    serve(context, MONITORING, request, reply);
}

static void serve_others(void *context, const char *request, struct script_reply *reply)
{
    serve(context, OTHERS, request, reply);
}

/* ---- opening and closing ---- */

void calls_open(struct play *p)
{
    static script_handler *const handlers[SERVICES] = {serve_github, serve_monitoring,
                                                       serve_others};
    struct live_fixture *w = &p->world;
    const char *url[SERVICES];
    char command[2600];
    int i;
    live_fixture_open(w, NULL, "");
    live_fixture_touch(w->broken);
    for (i = 0; i < SERVICES; i++) {
        p->server[i] = script_open(handlers[i], p, NULL);
        url[i] = script_url(p->server[i]);
    }
    if (p->story == BY_LABEL) {
        w->with_job = w->canary_jobs = true;
        atomic_store(&w->canaries_run, true);
        live_fixture_with_canaries(w, 1);
        snprintf(command, sizeof command,
                 "sed -i -e \"s#url: '[^']*', owner#url: '%s', owner#\""
                 " -e \"s#prometheus: {url: '[^']*'}#prometheus: {url: '%s'}\\n"
                 "    grafana: {url: '%s', token: 'file:%s/token'}\\n    loki: {url: '%s'}\\n"
                 "    witness: {url: '%s/witness', timeout: 1s}#\""
                 " -e 's/ severities: .critical./&,\\n     evidence: {canary: {every: 1d, late: "
                 "1h, then: page}}/' %s",
                 url[GITHUB], url[MONITORING], url[OTHERS], w->folder, url[OTHERS], url[OTHERS],
                 w->scenario);
    } else {
        w->with_job = true;
        live_fixture_lease(w, "{\"holder\":\"dead/1/0\",\"until_ms\":1,\"fence\":7}");
        snprintf(command, sizeof command,
                 "sed -i -e \"s#url: '[^']*', owner: o,#url: '%s', owner: o, variable: CI_HOST,#\""
                 " -e \"s#prometheus: {url: '[^']*'}#alertmanager: {url: '%s'}#\""
                 " -e 's/fast_recovery: true/fast_recovery: true, mechanism: variable/'"
                 " -e \"s/registrations: 'big-\\*',/registrations: 'big-*', labels: "
                 "[self-hosted],/\" -e \"s/registrations: 'small-\\*',/registrations: 'small-*', "
                 "labels: [self-hosted, backup],/\" %s",
                 url[GITHUB], url[MONITORING], w->scenario);
    }
    ck_assert_int_eq(system(command), 0);
}

void calls_close(struct play *p)
{
    int i;
    for (i = 0; i < SERVICES; i++)
        script_close(p->server[i]);
    live_fixture_close(&p->world);
}
