/* A fleet over time out of a monitor's journal. */
#include "fetch_samples.h"
#include "live/base/wire.h"
#include "live/journal/journal.h"
#include "model/base/assert.h"
#include "model/fit/watched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 10000
#define STALE_MS (5 * 60 * 1000LL) /* what GitHub said longer ago is not known any more */

/* The trouble of a host: began to full, -1 while it is open. */
struct trouble {
    int64_t id, began_ms, full_ms;
    char host[FLEET_NAME];
};

struct fetch {
    FILE *file;
    int64_t since_ms, last_ms; /* of the last row */
    int64_t rows, back;        /* decisions that the wall's clock has before the last one */
    char name[POLICY_HOSTS][FLEET_NAME];
    int n_hosts;
    struct trouble *trouble; /* owned */
    size_t n_troubles;
};

static void put(struct fetch *fetch, int64_t at_ms, int host, const char *values)
{
    fprintf(fetch->file, "%lld.%03d,%s,%s,,,\n", (long long)(at_ms / 1000), (int)(at_ms % 1000),
            fetch->name[host], values);
    fetch->rows++;
}

static bool is_up(const struct view_host *host)
{
    return host->probe == PROBE_UP || (host->probe != PROBE_DOWN && host->online > 0);
}

static enum und_code take_decision(void *context, int64_t number, int64_t now_ms, int64_t wall_ms,
                                   const struct view *view, const struct plan *plan,
                                   struct und_err *err)
{
    struct fetch *fetch = context;
    int i;
    (void)number;
    (void)now_ms;
    (void)plan;
    (void)err;
    if (wall_ms < fetch->since_ms)
        return UND_OK;
    if (wall_ms <= fetch->last_ms) {
        fetch->back++;
        return UND_OK;
    }
    fetch->last_ms = wall_ms;
    for (i = 0; i < view->n && i < fetch->n_hosts; i++) {
        const struct view_host *host = &view->host[i];
        bool known = view->age_ms[FEED_GITHUB] <= STALE_MS;
        char up[4] = "", values[64];
        if (!host->maintenance && (known || host->probe != PROBE_UNKNOWN))
            snprintf(up, sizeof up, "%d", is_up(host));
        if (known)
            snprintf(values, sizeof values, "%s,%d,%d", up, host->online, host->busy);
        else
            snprintf(values, sizeof values, "%s,,", up);
        put(fetch, wall_ms, i, values);
    }
    return UND_OK;
}

/* ---- incidents ---- */

static int64_t moment(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    int64_t at_ms;
    return text != NULL && wire_time_ms(text, &at_ms) ? at_ms : -1;
}

/* Each is told anew whenever it changes: the last word counts. */
static enum und_code take_incident(void *context, int64_t at_ms, const char *text,
                                   struct und_err *err)
{
    struct fetch *fetch = context;
    json_t *line = json_loads(text, 0, NULL);
    const char *host = json_string_value(json_object_get(line, "host"));
    struct trouble trouble = {.id = json_integer_value(json_object_get(line, "id")),
                              .began_ms = moment(line, "began"),
                              .full_ms = moment(line, "full")};
    size_t i;
    (void)at_ms;
    (void)err;
    for (i = 0; i < fetch->n_troubles && fetch->trouble[i].id != trouble.id; i++)
        ;
    if (host != NULL && trouble.began_ms >= 0) {
        if (i == fetch->n_troubles) {
            fetch->trouble = realloc(fetch->trouble, (i + 1) * sizeof trouble);
            UND_ASSERT(fetch->trouble != NULL);
            fetch->n_troubles++;
        }
        snprintf(trouble.host, sizeof trouble.host, "%s", host);
        if (json_is_true(json_object_get(line, "dismissed")) ||
            json_is_true(json_object_get(line, "expected")))
            trouble.host[0] = '\0';
        fetch->trouble[i] = trouble;
    }
    json_decref(line);
    return UND_OK;
}

/* A run whose views are forgotten: hosts were up but for its incidents. */
static void take_forgotten(struct fetch *fetch, const struct journal_run *run)
{
    int64_t from_ms = run->began_ms > fetch->last_ms ? run->began_ms : fetch->last_ms + 1;
    int host;
    size_t i;
    if (run->ended_ms <= from_ms || run->ended_ms < fetch->since_ms)
        return;
    for (host = 0; host < fetch->n_hosts; host++) {
        int64_t at_ms = from_ms;
        put(fetch, at_ms, host, "1,,");
        for (i = 0; i < fetch->n_troubles; i++) {
            const struct trouble *trouble = &fetch->trouble[i];
            if (strcmp(trouble->host, fetch->name[host]) != 0 || trouble->began_ms <= at_ms ||
                trouble->began_ms >= run->ended_ms)
                continue;
            put(fetch, at_ms = trouble->began_ms, host, "0,,");
            if (trouble->full_ms > at_ms && trouble->full_ms < run->ended_ms)
                put(fetch, at_ms = trouble->full_ms, host, "1,,");
        }
        put(fetch, run->ended_ms, host, ",,");
    }
    fetch->last_ms = run->ended_ms;
}

/* ---- runs ---- */

static enum und_code take_run(struct fetch *fetch, struct journal *journal,
                              const struct journal_run *run, struct und_err *err)
{
    json_t *about = NULL;
    const json_t *hosts;
    int64_t before = fetch->rows;
    size_t i;
    int host;
    if (journal_about(journal, run->id, &about, err) != UND_OK)
        return err->code;
    hosts = json_object_get(about, "hosts");
    fetch->n_hosts = 0;
    for (i = 0; i < json_array_size(hosts) && i < POLICY_HOSTS; i++) {
        const char *name = json_string_value(json_array_get(hosts, i));
        snprintf(fetch->name[fetch->n_hosts++], FLEET_NAME, "%s", name ? name : "host");
    }
    json_decref(about);
    if (journal_decisions(journal, run->id, take_decision, fetch, err) != UND_OK)
        return err->code;
    if (fetch->rows == before)
        take_forgotten(fetch, run);
    else
        for (host = 0, fetch->last_ms++; host < fetch->n_hosts; host++)
            put(fetch, fetch->last_ms, host, ",,"); /* nobody watches any more */
    return UND_OK;
}

static enum und_code take_journal(struct fetch *fetch, struct journal *journal, const char *path,
                                  struct und_err *err)
{
    struct journal_run *run = malloc(RUNS * sizeof *run);
    size_t n = RUNS, i;
    UND_ASSERT(run != NULL);
    fputs(WATCHED_HEADER, fetch->file);
    if (journal_notes(journal, "incident", 0, take_incident, fetch, err) == UND_OK &&
        journal_runs(journal, run, &n, err) == UND_OK)
        for (i = n; i > 0 && err->code == UND_OK; i--) /* the oldest first */
            if (run[i - 1].kind == JOURNAL_MONITOR)
                take_run(fetch, journal, &run[i - 1], err);
    free(run);
    if (err->code == UND_OK && fetch->rows == 0)
        und_fail(err, UND_USAGE, "%s: views of a monitor: got none since then, want some", path);
    return err->code;
}

enum und_code fetch_samples_journal(const char *path, int64_t since_ms, const char *file,
                                    bool quiet, struct und_err *err)
{
    struct fetch fetch = {.since_ms = since_ms};
    struct journal *journal = NULL;
    bool bad;
    if (journal_open_readonly(&journal, path, err) != UND_OK)
        return err->code;
    if ((fetch.file = fopen(file, "w")) == NULL) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", file, strerror(errno));
    } else {
        take_journal(&fetch, journal, path, err);
        bad = ferror(fetch.file) != 0;
        if ((fclose(fetch.file) != 0 || bad) && err->code == UND_OK)
            und_fail(err, UND_USAGE, "%s: cannot write: %s", file, strerror(errno));
    }
    if (err->code == UND_OK && !quiet)
        fprintf(stderr,
                "%s: %lld rows of %s, %zu incidents; left out: %lld views from before a clock was "
                "set back\n",
                file, (long long)fetch.rows, path, fetch.n_troubles, (long long)fetch.back);
    free(fetch.trouble);
    journal_close(journal);
    return err->code;
}
