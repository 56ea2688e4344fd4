#include "fetch_samples.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/fit/watched.h"
#include "model/fleet/registration.h"
#include "model/load/loader.h"
#include "model/series/exporter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define PATIENCE_MS (2 * 60 * 1000LL)
#define CANDIDATES 16

/* A metric that tells a column. */
struct candidate {
    char name[METRIC_NAME];
    double factor;
};

struct fetch {
    struct prometheus_client *client;
    const struct samples_wish *wish;
    struct samples_found *found;
    struct candidate chosen[WATCHED_COUNT]; /* name "": none */
    FILE *file;
    int points;                  /* of the stretch at hand */
    double *value;               /* owned: [host, last the fleet][point][column]; NAN: not known */
    double last[WATCHED_COUNT];  /* of counters */
    bool blank[FLEET_HOSTS + 1]; /* the last row of each was, or there is none yet */
    struct und_err *err;
};

static double *cell(const struct fetch *fetch, int host, int point, enum watched_of of)
{
    return &fetch->value[((size_t)host * (size_t)fetch->points + (size_t)point) * WATCHED_COUNT +
                         (size_t)of];
}

/* ---- which metric ---- */

/* WATCHED_COUNT: it tells none of the columns. */
static enum watched_of column_of(enum state_quantity quantity)
{
    switch ((int)quantity) {
    case STATE_BUSY:
    case STATE_WORKING:
        return WATCHED_BUSY;
    case STATE_ONLINE:
    case STATE_LISTED:
        return WATCHED_ONLINE;
    case STATE_QUEUE:
        return WATCHED_QUEUED;
    default:
        return WATCHED_COUNT;
    }
}

static void offer(struct candidate *list, int *n, const char *name, double factor)
{
    if (*n < CANDIDATES && factor > 0) {
        snprintf(list[*n].name, sizeof list[*n].name, "%s", name);
        list[(*n)++].factor = factor;
    }
}

/* The team's own first; jobs that ended only by these: an exporter's count runs, not jobs. */
static int candidates_of(const struct fleet *fleet, enum watched_of of,
                         struct candidate list[CANDIDATES])
{
    const struct exported_row *const tables[] = {exporter_runner, exporter_github};
    int n = 0, i, k;
    for (i = 0; i < fleet->monitoring.n_metrics; i++) {
        const struct exported_row row = exporter_own_row(&fleet->monitoring.metrics[i]);
        enum watched_of is = row.quantity == STATE_DONE     ? WATCHED_SUCCEEDED
                             : row.quantity == STATE_FAILED ? WATCHED_FAILED
                                                            : column_of(row.quantity);
        if (is == of && !fleet->monitoring.metrics[i].constant)
            offer(list, &n, row.name, row.factor);
    }
    for (k = 0; k < 2; k++)
        for (i = 0; tables[k][i].name != NULL; i++)
            if (column_of(tables[k][i].quantity) == of)
                offer(list, &n, tables[k][i].name, tables[k][i].factor);
    return n;
}

/* The first one that there is anything of. */
static void choose(struct fetch *fetch, enum watched_of of)
{
    const struct samples_wish *wish = fetch->wish;
    struct candidate list[CANDIDATES];
    struct prometheus_matrix matrix = {0};
    int64_t step_ms = (wish->to_ms - wish->from_ms) / 500 / 1000 * 1000;
    int n = candidates_of(wish->fleet, of, list), i;
    for (i = 0; i < n && fetch->chosen[of].name[0] == '\0' && fetch->err->code == UND_OK; i++)
        if (prometheus_client_range(fetch->client, list[i].name, wish->from_ms, wish->to_ms,
                                    step_ms < SAMPLES_STEP_MS ? SAMPLES_STEP_MS : step_ms, &matrix,
                                    fetch->err) == UND_OK &&
            matrix.n > 0)
            fetch->chosen[of] = list[i];
    prometheus_matrix_fini(&matrix);
    snprintf(fetch->found->metric[of], METRIC_NAME, "%s", fetch->chosen[of].name);
}

/* ---- whose it is ---- */

static bool is_host(const struct host *host, const char *value)
{
    char instance[sizeof host->probe];
    size_t n = strcspn(value, ":");
    exporter_instance(host, instance);
    if (strcmp(value, instance) == 0 || strcmp(value, host->name) == 0 ||
        registration_is_of(host, value))
        return true;
    /* Another exporter's port on the same machine. */
    return value[n] == ':' && ((strcspn(instance, ":") == n && strncmp(value, instance, n) == 0) ||
                               (strlen(host->name) == n && strncmp(value, host->name, n) == 0));
}

/* n_hosts: of no host. */
static int host_of(const struct fleet *fleet, const json_t *labels)
{
    static const char *const names[] = {"instance", "runner",   "runner_name",
                                        "name",     "nodename", "host"};
    size_t i;
    int host;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = json_string_value(json_object_get(labels, names[i]));
        for (host = 0; value != NULL && host < fleet->n_hosts; host++)
            if (is_host(&fleet->hosts[host], value))
                return host;
    }
    return fleet->n_hosts;
}

/* ---- a stretch ---- */

/* A host is up if any of its targets answers; slots of several registrations add up. */
static void take_series(struct fetch *fetch, enum watched_of of,
                        const struct prometheus_series *series, int64_t from_ms, double factor)
{
    int host = host_of(fetch->wish->fleet, series->labels);
    size_t i;
    if (of == WATCHED_UP && host == fetch->wish->fleet->n_hosts)
        return;
    if (of == WATCHED_QUEUED || of >= WATCHED_SUCCEEDED)
        host = fetch->wish->fleet->n_hosts;
    for (i = 0; i < series->n; i++) {
        int64_t point = (series->point[i].at_ms - from_ms + SAMPLES_STEP_MS / 2) / SAMPLES_STEP_MS;
        double value = series->point[i].value / factor, *to;
        if (point < 0 || point >= fetch->points || !isfinite(value) || value < 0)
            continue;
        to = cell(fetch, host, (int)point, of);
        if (isnan(*to))
            *to = value;
        else
            *to = of == WATCHED_UP ? fmax(*to, value) : *to + value;
    }
}

static void take_metric(struct fetch *fetch, enum watched_of of, const char *query, double factor,
                        int64_t from_ms)
{
    struct prometheus_matrix matrix = {0};
    size_t i;
    if (fetch->err->code == UND_OK && query[0] != '\0' &&
        prometheus_client_range(fetch->client, query, from_ms,
                                from_ms + (fetch->points - 1) * (int64_t)SAMPLES_STEP_MS,
                                SAMPLES_STEP_MS, &matrix, fetch->err) == UND_OK)
        for (i = 0; i < matrix.n; i++)
            take_series(fetch, of, &matrix.item[i], from_ms, factor);
    prometheus_matrix_fini(&matrix);
}

/* A counter's growth; one that is smaller than before has begun anew. */
static double growth(struct fetch *fetch, enum watched_of of, double value)
{
    double before = fetch->last[of];
    fetch->last[of] = value;
    if (isnan(value) || isnan(before))
        return NAN;
    return value >= before ? value - before : value;
}

/* Of rows of which nothing is known the first one says so. */
static void put_row(struct fetch *fetch, int host, int point, int64_t at_ms)
{
    const struct fleet *fleet = fetch->wish->fleet;
    char when[WIRE_TIME];
    double value[WATCHED_COUNT];
    bool blank = true, again = fetch->blank[host];
    int of;
    for (of = 0; of < WATCHED_COUNT; of++) {
        value[of] = *cell(fetch, host, point, (enum watched_of)of);
        if (host == fleet->n_hosts && of >= WATCHED_SUCCEEDED)
            value[of] = growth(fetch, (enum watched_of)of, value[of]);
        blank = blank && isnan(value[of]);
    }
    fetch->blank[host] = blank;
    if (blank && again)
        return;
    fprintf(fetch->file, "%s,%s", wire_time(when, at_ms),
            host < fleet->n_hosts ? fleet->hosts[host].name : "");
    for (of = 0; of < WATCHED_COUNT; of++)
        if (isnan(value[of]))
            fputc(',', fetch->file);
        else
            fprintf(fetch->file, ",%.0f",
                    of == WATCHED_UP ? value[of] > 0.5 : fmin(value[of], 1e6));
    fputc('\n', fetch->file);
    fetch->found->rows++;
}

static void take_stretch(struct fetch *fetch, int64_t from_ms, int64_t to_ms)
{
    int hosts = fetch->wish->fleet->n_hosts + 1, host, point;
    size_t n, i;
    int of;
    fetch->points = (int)((to_ms - from_ms) / SAMPLES_STEP_MS);
    n = (size_t)hosts * (size_t)fetch->points * WATCHED_COUNT;
    fetch->value = malloc((n + 1) * sizeof *fetch->value);
    UND_ASSERT(fetch->value != NULL);
    for (i = 0; i < n; i++)
        fetch->value[i] = NAN;
    take_metric(fetch, WATCHED_UP, "up", 1, from_ms);
    take_metric(fetch, WATCHED_UP, "probe_success", 1, from_ms);
    for (of = WATCHED_ONLINE; of < WATCHED_COUNT; of++)
        take_metric(fetch, (enum watched_of)of, fetch->chosen[of].name, fetch->chosen[of].factor,
                    from_ms);
    for (point = 0; point < fetch->points && fetch->err->code == UND_OK; point++)
        for (host = 0; host < hosts; host++)
            put_row(fetch, host, point, from_ms + point * (int64_t)SAMPLES_STEP_MS);
    free(fetch->value);
    fetch->value = NULL;
}

enum und_code fetch_samples(struct prometheus_client *client, const struct samples_wish *wish,
                            struct samples_found *found, struct und_err *err)
{
    struct fetch fetch = {.client = client, .wish = wish, .found = found, .err = err};
    int64_t at_ms = wish->from_ms / SAMPLES_STEP_MS * SAMPLES_STEP_MS;
    char when[WIRE_TIME];
    bool bad;
    int of;
    *found = (struct samples_found){.rows = 0};
    snprintf(found->metric[WATCHED_UP], METRIC_NAME, "up");
    for (of = WATCHED_ONLINE; of < WATCHED_COUNT; of++) {
        choose(&fetch, (enum watched_of)of);
        fetch.last[of] = NAN;
    }
    if (err->code == UND_OK && (fetch.file = fopen(wish->file, "w")) == NULL)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", wish->file, strerror(errno));
    if (err->code != UND_OK)
        return err->code;
    fputs(WATCHED_HEADER, fetch.file);
    for (of = 0; of <= wish->fleet->n_hosts; of++)
        fetch.blank[of] = true;
    for (; at_ms + SAMPLES_STEP_MS <= wish->to_ms && err->code == UND_OK; at_ms += DAY_MS) {
        if (wish->progress != NULL)
            fprintf(wish->progress, "\r  %.10s: %lld rows \033[K", wire_time(when, at_ms),
                    (long long)found->rows);
        take_stretch(&fetch, at_ms, at_ms + DAY_MS < wish->to_ms ? at_ms + DAY_MS : wish->to_ms);
    }
    if (wish->progress != NULL)
        fputs("\r\033[K", wish->progress);
    bad = ferror(fetch.file) != 0;
    if ((fclose(fetch.file) != 0 || bad) && err->code == UND_OK)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", wish->file, strerror(errno));
    return err->code;
}

/* ---- by a fleet file ---- */

static void say(const struct samples_found *found, const char *file)
{
    static const char *const names[] = {"up",    "online",         "busy",
                                        "queue", "jobs succeeded", "jobs failed"};
    int of;
    fprintf(stderr, "%s: %lld rows, one a minute and host", file, (long long)found->rows);
    for (of = WATCHED_ONLINE; of < WATCHED_COUNT; of++)
        fprintf(stderr, "; %s: %s", names[of],
                found->metric[of][0] ? found->metric[of] : "no metric");
    fputc('\n', stderr);
}

enum und_code fetch_samples_prometheus(const char *path, int64_t since_ms, const char *file,
                                       bool quiet, struct und_err *err)
{
    const struct http_config base = {.cancel = interrupt_flag(), .patience_ms = PATIENCE_MS};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct prometheus_client *client = NULL;
    struct samples_wish wish = {.file = file, .from_ms = since_ms, .to_ms = http_wall_ms()};
    struct samples_found found;
    UND_ASSERT(scenario != NULL);
    if (since_ms >= wish.to_ms) {
        und_fail(err, UND_USAGE, "--since: got a time that is still to come");
    } else if (scenario_load(scenario, path, NULL, 0, err) == UND_OK) {
        wish.fleet = &scenario->fleet;
        wish.progress = !quiet && isatty(STDERR_FILENO) ? stderr : NULL;
        interrupt_install();
        if (!scenario->fleet.live.present || !scenario->fleet.live.prometheus.url[0])
            und_fail(err, UND_USAGE, "%s: live.prometheus: got none, want where it is", path);
        else if (prometheus_client_open(&client, &scenario->fleet.live.prometheus, &base, err) ==
                     UND_OK &&
                 fetch_samples(client, &wish, &found, err) == UND_OK && !quiet)
            say(&found, file);
        prometheus_client_close(client);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
