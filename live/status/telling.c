#include "telling.h"
#include "live/base/wire.h"
#include "live/http/service.h"
#include "model/base/assert.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAP_MS 100
#define AGAIN_MS 1000 /* after a failure; doubles */
#define AGAIN_MOST_MS 300000
#define CALL_MS 10000
#define READ_TRIES 5 /* a line is found a moment after it was told, or not at all */

enum { GRAFANA, LOKI, EVIDENCE, PLACES };

/* One incident or drill, as it is to be told. */
struct item {
    bool drill, ended;
    char tag[64]; /* its own: "incident-big-1700000000000" */
    char host[64], text[240];
    int64_t began_ms, ended_ms;
    struct incident_line line[INCIDENT_LINES];
    int n_lines;
};

struct place {
    struct service service; /* http NULL: not configured */
    enum und_code (*tell)(struct http *http, const struct item *item, struct und_err *err);
    int64_t version[2 * TELLING_ITEMS]; /* of each slot, as told */
    int64_t again_ms, backoff_ms;
    const struct place *after; /* what has ended, once it was told there; NULL: all, at once */
    int failures;              /* in a row */
};

struct telling {
    struct place place[PLACES];
    pthread_t thread;
    bool started;
    atomic_bool stop;
    pthread_mutex_t lock; /* over what follows */
    struct item item[2 * TELLING_ITEMS];
    int64_t version[2 * TELLING_ITEMS]; /* grows with each change; 0: the slot is empty */
    int64_t mark[2 * TELLING_ITEMS];    /* what the status had when it was copied */
    struct telling_state state;
};

/* ---- Grafana ---- */

static enum und_code send(struct http *http, enum http_method method, const char *path,
                          const json_t *body, const char *wanted, json_t **answer,
                          struct und_err *err)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct http_request request = {.method = method, .path = path, .body = text, .once = true};
    struct http_response response = {0};
    char status[8];
    if (http_send(http, &request, &response, err) == UND_OK) {
        snprintf(status, sizeof status, "%d", response.status);
        if (!strstr(wanted, status))
            http_refused(http, &request, &response, wanted, "", err);
        else if (answer && !(*answer = json_loadb(response.body, response.size, 0, NULL)))
            und_fail(err, UND_SERVICE, "%s: got no JSON", path);
    }
    http_response_fini(&response);
    free(text);
    return err->code;
}

/* The id that it has there, or 0. */
static enum und_code find(struct http *http, const struct item *item, int64_t *id,
                          struct und_err *err)
{
    char path[300], tag[200];
    json_t *found = NULL;
    *id = 0;
    if (!http_escape(tag, sizeof tag, item->tag))
        return und_fail(err, UND_SERVICE, "a tag that is too long");
    snprintf(path, sizeof path, "/api/annotations?type=annotation&limit=1&tags=%s", tag);
    if (send(http, HTTP_GET, path, NULL, "200", &found, err) == UND_OK)
        *id = (int64_t)json_integer_value(json_object_get(json_array_get(found, 0), "id"));
    json_decref(found);
    return err->code;
}

static enum und_code tell_grafana(struct http *http, const struct item *item, struct und_err *err)
{
    json_t *body;
    char path[100];
    int64_t id;
    if (find(http, item, &id, err) != UND_OK)
        return err->code;
    body =
        json_pack("{s:I, s:[s, s, s], s:s}", "time", (json_int_t)item->began_ms, "tags",
                  "understudy", item->drill ? "drill" : "incident", item->tag, "text", item->text);
    if (item->ended)
        json_object_set_new(body, "timeEnd", json_integer(item->ended_ms));
    snprintf(path, sizeof path, "/api/annotations/%lld", (long long)id);
    if (id > 0)
        send(http, HTTP_PATCH, path, body, "200", NULL, err);
    else
        send(http, HTTP_POST, "/api/annotations", body, "200", NULL, err);
    json_decref(body);
    return err->code;
}

/* ---- Loki ---- */

static void add_line(json_t *values, int64_t at_ms, int i, const char *text)
{
    char at[40];
    snprintf(at, sizeof at, "%lld%06d", (long long)at_ms, i); /* ns: in order within a ms */
    json_array_append_new(values, json_pack("[s, s]", at, text));
}

/* New reference: [[ns, line], ...]. */
static json_t *lines_of(const struct item *item)
{
    json_t *values = json_array();
    char text[320];
    int i;
    for (i = 0; i < item->n_lines; i++) {
        snprintf(text, sizeof text, "%s: %s: %s", item->tag, item->host, item->line[i].what);
        add_line(values, item->line[i].at_ms, i, text);
    }
    if (item->drill && item->ended) {
        snprintf(text, sizeof text, "%s: %s", item->tag, item->text);
        add_line(values, item->ended_ms, 0, text);
    }
    return values;
}

static enum und_code tell_loki(struct http *http, const struct item *item, struct und_err *err)
{
    json_t *values = lines_of(item), *body;
    body =
        json_pack("{s:[{s:{s:s, s:s, s:s}, s:O}]}", "streams", "stream", "job", "understudy",
                  "kind", item->drill ? "drill" : "incident", "host", item->host, "values", values);
    if (json_array_size(values) > 0)
        send(http, HTTP_POST, "/loki/api/v1/push", body, "204", NULL, err);
    json_decref(values);
    json_decref(body);
    return err->code;
}

/* Of its last line. */
static int64_t line_ms(const struct item *item)
{
    int64_t last_ms = item->drill ? item->ended_ms : 0;
    int i;
    for (i = 0; i < item->n_lines; i++)
        last_ms = item->line[i].at_ms > last_ms ? item->line[i].at_ms : last_ms;
    return last_ms;
}

/* Time and text; Loki may add labels of its own. */
static bool is_line(const json_t *value, const json_t *wanted)
{
    return json_equal(json_array_get(value, 0), json_array_get(wanted, 0)) &&
           json_equal(json_array_get(value, 1), json_array_get(wanted, 1));
}

/* How many of the lines are in an answer to query_range; *missing is the first that is not. */
static size_t count_found(const json_t *answer, const json_t *wanted, const char **missing)
{
    const json_t *streams = json_object_get(json_object_get(answer, "data"), "result");
    size_t i, k, m, n = 0;
    *missing = NULL;
    for (i = 0; i < json_array_size(wanted); i++) {
        bool found = false;
        for (k = 0; k < json_array_size(streams) && !found; k++) {
            const json_t *values = json_object_get(json_array_get(streams, k), "values");
            for (m = 0; m < json_array_size(values) && !found; m++)
                found = is_line(json_array_get(values, m), json_array_get(wanted, i));
        }
        n += found;
        if (!found && !*missing)
            *missing = json_string_value(json_array_get(json_array_get(wanted, i), 1));
    }
    return n;
}

/* What was told, read back: evidence that nobody can find is none. */
static enum und_code read_loki(struct http *http, const struct item *item, struct und_err *err)
{
    json_t *wanted = lines_of(item), *answer = NULL;
    size_t last = json_array_size(wanted), found;
    char query[200], escaped[500], path[800];
    const char *missing;
    if (last > 0) {
        snprintf(query, sizeof query, "{job=\"understudy\",kind=\"%s\"} |= \"%s\"",
                 item->drill ? "drill" : "incident", item->tag);
        if (!http_escape(escaped, sizeof escaped, query))
            und_fail(err, UND_SERVICE, "a tag that is too long");
        snprintf(path, sizeof path,
                 "/loki/api/v1/query_range?query=%s&start=%s&end=%lld000000&limit=1000&direction="
                 "forward",
                 escaped, json_string_value(json_array_get(json_array_get(wanted, 0), 0)),
                 (long long)(1 + line_ms(item)));
        if (err->code == UND_OK &&
            send(http, HTTP_GET, path, NULL, "200", &answer, err) == UND_OK &&
            (found = count_found(answer, wanted, &missing)) < last)
            und_fail(err, UND_SERVICE, "Loki has %zu of the %zu lines of %s; not found: %.100s",
                     found, last, item->tag, missing);
    }
    json_decref(answer);
    json_decref(wanted);
    return err->code;
}

/* ---- the thread ---- */

/* Is it for this place now? */
static bool is_due(const struct telling *telling, const struct place *place, int slot)
{
    return telling->version[slot] > place->version[slot] &&
           (!place->after ||
            (telling->item[slot].ended && place->after->version[slot] == telling->version[slot]));
}

/* The next slot that this place has not heard of as it is now; -1: none. */
static int next_for(struct telling *telling, struct place *place, struct item *out,
                    int64_t *version)
{
    int i, found = -1;
    pthread_mutex_lock(&telling->lock);
    for (i = 0; i < 2 * TELLING_ITEMS; i++)
        if (is_due(telling, place, i) &&
            (found < 0 || telling->version[i] < telling->version[found]))
            found = i;
    if (found >= 0) {
        *out = telling->item[found];
        *version = telling->version[found];
    }
    pthread_mutex_unlock(&telling->lock);
    return found;
}

static void note(struct telling *telling, const struct place *place, const struct item *item,
                 const struct und_err *err)
{
    struct telling_state *state = &telling->state;
    pthread_mutex_lock(&telling->lock);
    if (place->after) {
        state->read += err->code == UND_OK;
        state->missing += err->code != UND_OK && place->failures == READ_TRIES;
        if (err->code == UND_OK)
            snprintf(state->evidence, sizeof state->evidence, "Loki has every line of %s",
                     item->tag);
        else if (place->failures == READ_TRIES)
            snprintf(state->evidence, sizeof state->evidence, "%.199s", err->text);
        pthread_mutex_unlock(&telling->lock);
        return;
    }
    telling->state.told += err->code == UND_OK;
    telling->state.failures += err->code != UND_OK;
    snprintf(telling->state.error, sizeof telling->state.error, "%.199s",
             err->code == UND_OK ? "" : err->text);
    pthread_mutex_unlock(&telling->lock);
}

static void serve_place(struct telling *telling, struct place *place)
{
    struct und_err err = {0};
    struct item item;
    int64_t version = 0;
    int slot;
    if (!place->service.http || http_monotonic_ms() < place->again_ms ||
        (slot = next_for(telling, place, &item, &version)) < 0)
        return;
    place->tell(place->service.http, &item, &err);
    place->failures = err.code == UND_OK ? 0 : place->failures + 1;
    note(telling, place, &item, &err);
    if (err.code == UND_OK || (place->after && place->failures == READ_TRIES)) {
        place->version[slot] = version;
        place->backoff_ms = AGAIN_MS;
        place->failures = 0;
        return;
    }
    place->again_ms = http_monotonic_ms() + place->backoff_ms;
    place->backoff_ms =
        place->backoff_ms * 2 < AGAIN_MOST_MS ? place->backoff_ms * 2 : AGAIN_MOST_MS;
}

static void *work(void *context)
{
    struct telling *telling = context;
    const struct timespec nap = {0, NAP_MS * 1000000};
    int i;
    while (!atomic_load(&telling->stop)) {
        for (i = 0; i < PLACES; i++)
            serve_place(telling, &telling->place[i]);
        nanosleep(&nap, NULL);
    }
    return NULL;
}

/* ---- what is new ---- */

static void take(struct telling *telling, int slot, int64_t mark, const struct item *item)
{
    int64_t last = 0;
    int i;
    if (telling->mark[slot] == mark)
        return;
    for (i = 0; i < 2 * TELLING_ITEMS; i++)
        last = telling->version[i] > last ? telling->version[i] : last;
    telling->mark[slot] = mark;
    telling->item[slot] = *item;
    telling->version[slot] = last + 1;
}

static void take_incident(struct telling *telling, const struct fleet *fleet,
                          const struct incident *incident)
{
    struct item item = {.ended = !incident->open,
                        .began_ms = incident->began_ms,
                        .ended_ms = incident->full_ms >= 0 ? incident->full_ms : http_wall_ms(),
                        .n_lines = incident->n_lines};
    const char *host = fleet->hosts[incident->host].name;
    snprintf(item.host, sizeof item.host, "%s", host);
    snprintf(item.tag, sizeof item.tag, "incident-%.30s-%lld", host, (long long)incident->began_ms);
    snprintf(item.text, sizeof item.text, "%s: %s", host,
             incident->n_lines > 0 ? incident->line[incident->n_lines - 1].what : "trouble");
    memcpy(item.line, incident->line, sizeof item.line);
    take(telling, (int)(incident->id % TELLING_ITEMS),
         incident->id * 1000 + incident->n_lines * 2 + incident->open, &item);
}

static void take_drill(struct telling *telling, const struct journal_run *run)
{
    struct item item = {.drill = true,
                        .ended = run->ended_ms >= 0,
                        .began_ms = run->began_ms,
                        .ended_ms = run->ended_ms};
    snprintf(item.tag, sizeof item.tag, "drill-%lld", (long long)run->began_ms);
    snprintf(item.host, sizeof item.host, "fleet");
    snprintf(item.text, sizeof item.text, "drill %.80s: %.80s", run->name,
             item.ended ? run->outcome : "under way");
    take(telling, TELLING_ITEMS + (int)(run->id % TELLING_ITEMS), run->id * 2 + item.ended, &item);
}

void telling_follow(struct telling *telling, const struct status *status)
{
    size_t i;
    int64_t age;
    if (!telling)
        return;
    pthread_mutex_lock(&telling->lock);
    for (age = TELLING_ITEMS - 1; age >= 0; age--)
        if (incident_newest(&status->incidents, age))
            take_incident(telling, status->fleet, incident_newest(&status->incidents, age));
    for (i = status->n_drills; i > 0; i--)
        take_drill(telling, &status->drill[i - 1]);
    pthread_mutex_unlock(&telling->lock);
}

void telling_look(struct telling *telling, struct telling_state *out)
{
    *out = (struct telling_state){0};
    if (!telling)
        return;
    pthread_mutex_lock(&telling->lock);
    *out = telling->state;
    pthread_mutex_unlock(&telling->lock);
    out->present = true;
}

/* ---- opening ---- */

static enum und_code open_place(struct telling *telling, struct place *place,
                                const struct live_service *from, const char *what,
                                struct und_err *err)
{
    const struct http_config config = {
        .attempts = 1, .total_ms = CALL_MS, .cancel = &telling->stop};
    place->backoff_ms = AGAIN_MS;
    return from->url[0] ? service_open(&place->service, from, &config, what, err) : UND_OK;
}

enum und_code telling_open(struct telling **out, const struct fleet *fleet, struct und_err *err)
{
    const struct live *live = &fleet->live;
    struct telling *telling;
    *out = NULL;
    if (!live->grafana.url[0] && !live->loki.url[0])
        return UND_OK;
    telling = calloc(1, sizeof *telling);
    UND_ASSERT(telling != NULL);
    pthread_mutex_init(&telling->lock, NULL);
    telling->place[GRAFANA].tell = tell_grafana;
    telling->place[LOKI].tell = tell_loki;
    telling->place[EVIDENCE].tell = read_loki;
    telling->place[EVIDENCE].after = &telling->place[LOKI];
    if (open_place(telling, &telling->place[GRAFANA], &live->grafana, "live.grafana", err) ==
            UND_OK &&
        open_place(telling, &telling->place[LOKI], &live->loki, "live.loki", err) == UND_OK &&
        open_place(telling, &telling->place[EVIDENCE], &live->loki, "live.loki", err) == UND_OK) {
        telling->started = pthread_create(&telling->thread, NULL, work, telling) == 0;
        if (!telling->started)
            und_fail(err, UND_SERVICE, "cannot start a thread: %s", strerror(errno));
    }
    if (err->code == UND_OK)
        *out = telling;
    else
        telling_close(telling);
    return err->code;
}

void telling_close(struct telling *telling)
{
    int i;
    if (!telling)
        return;
    atomic_store(&telling->stop, true);
    if (telling->started)
        pthread_join(telling->thread, NULL);
    for (i = 0; i < PLACES; i++)
        service_close(&telling->place[i].service);
    pthread_mutex_destroy(&telling->lock);
    free(telling);
}
