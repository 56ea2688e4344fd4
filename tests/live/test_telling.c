/* Incidents told to Grafana and Loki: each once, whatever becomes of the calls. */
#include "live/http/http.h"
#include "live/status/telling.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"
#include "tests/support/status_fixture.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- stand-ins, by the documented APIs ---- */

enum manner { TAKES, REFUSES_ONCE, CUT_AFTER_IT, LATE, NONSENSE, REFUSES_FOR_EVER, LOSES, MANNERS };

static struct script *server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static json_t *annotations; /* as Grafana keeps them */
static json_t *lines;       /* as Loki does: "TIME TEXT": 1, so that the same line is one */
static atomic_int manner, posts, calls;

static json_t *find_tag(const char *request)
{
    const char *at = strstr(request, "tags=");
    char tag[100] = "";
    json_t *each, *found = json_array();
    size_t i, k;
    if (at)
        sscanf(at + 5, "%99[^& ]", tag);
    json_array_foreach (annotations, i, each)
        for (k = 0; k < json_array_size(json_object_get(each, "tags")); k++)
            if (strcmp(json_string_value(json_array_get(json_object_get(each, "tags"), k)), tag) ==
                0)
                json_array_append(found, each);
    return found;
}

static json_t *grafana(const char *request, const char *body)
{
    json_t *sent = json_loads(body, 0, NULL), *answer;
    if (strncmp(request, "GET ", 4) == 0)
        return find_tag(request);
    ck_assert_ptr_nonnull(sent);
    ck_assert_ptr_nonnull(strstr(request, "Authorization: Bearer GrafanaToken"));
    if (strncmp(request, "POST ", 5) == 0) {
        atomic_fetch_add(&posts, 1);
        json_object_set_new(sent, "id", json_integer((int)json_array_size(annotations) + 1));
        json_array_append(annotations, sent);
    } else {
        ck_assert_int_eq(strncmp(request, "PATCH /api/annotations/", 23), 0);
        json_object_update(json_array_get(annotations, (size_t)atoi(request + 23) - 1), sent);
    }
    answer = json_pack("{s:s, s:i}", "message", "Annotation added", "id", 1);
    json_decref(sent);
    return answer;
}

static void loki(const char *body)
{
    json_t *sent = json_loads(body, 0, NULL), *stream, *value;
    json_t *streams = json_object_get(sent, "streams");
    size_t i, k;
    char key[400];
    ck_assert_uint_eq(json_array_size(streams), 1);
    json_array_foreach (streams, i, stream) {
        ck_assert_str_eq(
            json_string_value(json_object_get(json_object_get(stream, "stream"), "job")),
            "understudy");
        json_array_foreach (json_object_get(stream, "values"), k, value) {
            const char *at = json_string_value(json_array_get(value, 0));
            ck_assert_uint_eq(strlen(at), 19); /* ns of these years */
            snprintf(key, sizeof key, "%s %s", at, json_string_value(json_array_get(value, 1)));
            json_object_set_new(lines, key, json_true());
        }
    }
    json_decref(sent);
}

/* query_range, by what Loki's documentation says: {job, kind} and one |= filter; from start on, and
 * before end. One that LOSES has dropped what it was told of the detection. */
static json_t *read_back(const char *request)
{
    json_t *values = json_array();
    const char *key, *tag = strstr(request, "incident-big-"), *start = strstr(request, "start=");
    const char *end = strstr(request, "end=");
    json_t *one;
    ck_assert_ptr_nonnull(strstr(request, "query=%7Bjob%3D%22understudy%22%2Ckind%3D%22"));
    ck_assert(start && end && strlen(end) > 23);
    json_object_foreach (lines, key, one) {
        if ((tag && strncmp(key + 20, tag, 26) != 0) || strncmp(key, start + 6, 19) < 0 ||
            strncmp(key, end + 4, 19) >= 0 ||
            (atomic_load(&manner) == LOSES && strstr(key, "detected")))
            continue;
        json_array_append_new(values, json_pack("[s#, s]", key, 19, key + 20));
    }
    return json_pack("{s:s, s:{s:s, s:[{s:{s:s}, s:o}]}}", "status", "success", "data",
                     "resultType", "streams", "result", "stream", "job", "understudy", "values",
                     values);
}

static void serve(void *context, const char *request, struct script_reply *reply)
{
    const char *body = strstr(request, "\r\n\r\n");
    enum manner is = (enum manner)atomic_load(&manner);
    bool first = atomic_fetch_add(&calls, 1) < 2;
    json_t *answer = NULL;
    char *text;
    (void)context;
    ck_assert_ptr_nonnull(body);
    if (is == REFUSES_FOR_EVER || (is == REFUSES_ONCE && first)) {
        reply->text = script_response("503 No", "", "no");
        return;
    }
    if (is == NONSENSE && first) {
        reply->text = script_response("200 OK", "", "<html>");
        return;
    }
    pthread_mutex_lock(&lock);
    if (strstr(request, " /api/annotations"))
        answer = grafana(request, body + 4);
    else if (strstr(request, " /loki/api/v1/query_range"))
        answer = read_back(request);
    else
        loki(body + 4);
    pthread_mutex_unlock(&lock);
    text = answer ? json_dumps(answer, 0) : NULL;
    reply->text =
        answer ? script_response("200 OK", "", text) : strdup("HTTP/1.1 204 No Content\r\n\r\n");
    free(text);
    json_decref(answer);
    if (is == LATE)
        reply->delay_ms = 300;
    if (is == CUT_AFTER_IT && strncmp(request, "GET ", 4) != 0 && atomic_load(&calls) < 5) {
        reply->text[10] = '\0';
        reply->reset = true;
    }
}

/* ---- one incident, from its beginning to its end ---- */

static struct status_fixture *world;
static struct telling *telling;
static struct und_err err;

static void set_up(void)
{
    err = (struct und_err){0};
    annotations = json_array();
    lines = json_object();
    atomic_store(&manner, TAKES);
    atomic_store(&posts, 0);
    atomic_store(&calls, 0);
    server = script_open(serve, NULL, NULL);
    world = status_fixture_open();
    setenv("GRAFANA_TOKEN", "GrafanaToken", 1);
    snprintf(world->fleet.live.grafana.url, LIVE_URL, "%s", script_url(server));
    strcpy(world->fleet.live.grafana.token, "env:GRAFANA_TOKEN");
    snprintf(world->fleet.live.loki.url, LIVE_URL, "%s", script_url(server));
}

static void tear_down(void)
{
    telling_close(telling);
    telling = NULL;
    status_fixture_close(world);
    script_close(server);
    json_decref(annotations);
    json_decref(lines);
}

static void open_it(void)
{
    ck_assert_msg(telling_open(&telling, &world->fleet, &err) == UND_OK, "%s", err.text);
}

static void add_line(struct incident *incident, int64_t at_ms, const char *what)
{
    struct incident_line *line = &incident->line[incident->n_lines++];
    line->at_ms = at_ms;
    snprintf(line->what, sizeof line->what, "%s", what);
}

static struct incident *begin(void)
{
    struct incident *incident = &world->status->incidents.item[0];
    world->status->incidents.last = 1;
    *incident = (struct incident){.id = 1,
                                  .open = true,
                                  .began_ms = 1700000000000,
                                  .detected_ms = 1700000060000,
                                  .decided_ms = -1,
                                  .routed_ms = -1,
                                  .restored_ms = -1,
                                  .full_ms = -1};
    add_line(incident, 1700000000000, "first sign of trouble");
    add_line(incident, 1700000060000, "detected");
    return incident;
}

static bool told(size_t n_lines, bool ended)
{
    bool all;
    pthread_mutex_lock(&lock);
    all = json_object_size(lines) == n_lines && json_array_size(annotations) == 1 &&
          ended == json_is_integer(json_object_get(json_array_get(annotations, 0), "timeEnd"));
    pthread_mutex_unlock(&lock);
    return all;
}

static void await_told(size_t n_lines, bool ended)
{
    int i;
    for (i = 0; i < 1000 && !told(n_lines, ended); i++) {
        telling_follow(telling, world->status);
        live_fixture_pause(10);
    }
    ck_assert_msg(told(n_lines, ended), "%zu lines, %zu annotations, %d calls",
                  json_object_size(lines), json_array_size(annotations), atomic_load(&calls));
}

START_TEST(an_incident_is_told_once_whatever_happens)
{
    struct incident *incident = begin();
    const json_t *annotation;
    atomic_store(&manner, _i);
    open_it();
    await_told(2, false);
    add_line(incident, 1700000360000, "failover");
    await_told(3, false);
    add_line(incident, 1700000900000, "full capacity");
    incident->open = false;
    incident->full_ms = 1700000900000;
    await_told(4, true);
    live_fixture_pause(300);
    ck_assert(told(4, true));
    annotation = json_array_get(annotations, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(annotation, "time")), 1700000000000);
    ck_assert_int_eq(json_integer_value(json_object_get(annotation, "timeEnd")), 1700000900000);
    ck_assert_str_eq(json_string_value(json_object_get(annotation, "text")), "big: full capacity");
    ck_assert_int_eq(atomic_load(&posts), 1);
}
END_TEST

static void await_read(int64_t read, int64_t missing, struct telling_state *state)
{
    int i;
    for (i = 0; i < 2500; i++) {
        telling_follow(telling, world->status);
        telling_look(telling, state);
        if (state->read == read && state->missing == missing)
            break;
        live_fixture_pause(10);
    }
    ck_assert_msg(state->read == read && state->missing == missing, "%lld, %lld: %s",
                  (long long)state->read, (long long)state->missing, state->evidence);
}

static struct incident *begin_and_end(void)
{
    struct incident *incident = begin();
    add_line(incident, 1700000900000, "full capacity");
    incident->open = false;
    incident->full_ms = 1700000900000;
    return incident;
}

START_TEST(what_was_told_is_read_back)
{
    struct telling_state state;
    begin();
    open_it();
    await_told(2, false);
    live_fixture_pause(500);
    telling_look(telling, &state);
    ck_assert_int_eq(state.read + state.missing, 0); /* it is under way */
    begin_and_end();
    await_read(1, 0, &state);
    ck_assert_str_eq(state.evidence, "Loki has every line of incident-big-1700000000000");
    ck_assert_str_eq(state.error, "");
}
END_TEST

START_TEST(what_is_not_found_is_said)
{
    struct telling_state state;
    atomic_store(&manner, LOSES);
    begin_and_end();
    open_it();
    await_read(0, 1, &state);
    ck_assert_str_eq(state.evidence,
                     "Loki has 2 of the 3 lines of incident-big-1700000000000; not found: "
                     "incident-big-1700000000000: big: detected");
    ck_assert_str_eq(state.error, ""); /* it was told all the same */
}
END_TEST

/* The next monitor tells what it recalls, and finds it told. */
START_TEST(a_restart_tells_nothing_twice)
{
    begin();
    open_it();
    await_told(2, false);
    telling_close(telling);
    open_it();
    telling_follow(telling, world->status);
    live_fixture_pause(1500);
    ck_assert(told(2, false));
    ck_assert_int_eq(atomic_load(&posts), 1);
}
END_TEST

/* Whoever does not listen holds up nobody, and is not asked all the time. */
START_TEST(the_deaf_are_asked_seldom_and_said)
{
    struct telling_state state;
    int64_t began_ms;
    atomic_store(&manner, REFUSES_FOR_EVER);
    begin();
    open_it();
    telling_follow(telling, world->status);
    live_fixture_pause(2500);
    telling_look(telling, &state);
    ck_assert_int_ge(state.failures, 2);
    ck_assert_int_le(atomic_load(&calls), 6);
    ck_assert_ptr_nonnull(strstr(state.error, "got 503"));
    began_ms = http_monotonic_ms();
    telling_close(telling);
    telling = NULL;
    ck_assert_int_lt(http_monotonic_ms() - began_ms, 1000);
}
END_TEST

START_TEST(a_drill_is_told_as_well)
{
    open_it();
    world->status->n_drills = 1;
    world->status->drill[0] = (struct journal_run){.id = 7,
                                                   .kind = JOURNAL_DRILL,
                                                   .name = "power loss",
                                                   .began_ms = 1700000000000,
                                                   .ended_ms = 1700000600000,
                                                   .outcome = "as predicted"};
    await_told(1, true);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(annotations, 0), "text")),
                     "drill power loss: as predicted");
}
END_TEST

START_TEST(nobody_is_told_unless_asked_for)
{
    world->fleet.live.grafana.url[0] = world->fleet.live.loki.url[0] = '\0';
    open_it();
    ck_assert_ptr_null(telling);
    telling_follow(telling, world->status);
}
END_TEST

/* ---- by the program ---- */

START_TEST(a_monitor_tells_its_incident)
{
    static struct live_fixture fleet;
    char loki_url[200], grafana_url[200];
    char *const arguments[] = {
        "monitor", "--journal", NULL,        NULL,    "--set",
        loki_url,  "--set",     grafana_url, "--set", "fleet.live.time_factor=30",
        NULL};
    char *all[11];
    int pid, i;
    live_fixture_open(&fleet, NULL, "");
    memcpy(all, arguments, sizeof all);
    all[2] = fleet.journal;
    all[3] = fleet.scenario;
    snprintf(loki_url, sizeof loki_url, "fleet.live.loki={url: '%s'}", script_url(server));
    snprintf(grafana_url, sizeof grafana_url,
             "fleet.live.grafana={url: '%s', token: env:GRAFANA_TOKEN}", script_url(server));
    pid = live_fixture_run(&fleet, all, 0);
    ck_assert(live_fixture_await(&fleet, "big: serving"));
    live_fixture_touch(fleet.broken);
    ck_assert(live_fixture_await(&fleet, "big: failover"));
    remove(fleet.broken);
    ck_assert(live_fixture_await(&fleet, "big: restored"));
    for (i = 0; i < 500; i++) { /* two places, told one after the other */
        bool over;
        pthread_mutex_lock(&lock);
        over = json_object_size(lines) >= 5 && json_array_size(annotations) > 0 &&
               json_object_get(json_array_get(annotations, 0), "timeEnd");
        pthread_mutex_unlock(&lock);
        if (over)
            break;
        live_fixture_pause(20);
    }
    ck_assert_int_lt(i, 500);
    ck_assert(live_fixture_await(&fleet, "Loki has every line of incident-big-"));
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&fleet, pid), 0);
    live_fixture_close(&fleet);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("telling");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 90);
    tcase_add_loop_test(tcase, an_incident_is_told_once_whatever_happens, TAKES, REFUSES_FOR_EVER);
    tcase_add_test(tcase, what_was_told_is_read_back);
    tcase_add_test(tcase, what_is_not_found_is_said);
    tcase_add_test(tcase, a_restart_tells_nothing_twice);
    tcase_add_test(tcase, the_deaf_are_asked_seldom_and_said);
    tcase_add_test(tcase, a_drill_is_told_as_well);
    tcase_add_test(tcase, nobody_is_told_unless_asked_for);
    tcase_add_test(tcase, a_monitor_tells_its_incident);
    suite_add_tcase(all, tcase);
    return all;
}
