#include "watched.h"
#include "fit_internal.h"
#include "history_internal.h"
#include "model/base/assert.h"
#include "model/base/suggest.h"
#include "model/file/csv_reader.h"
#include "model/fleet/registration.h"

#include <stdlib.h>
#include <string.h>

#define RECORD 4096

static const char *const columns[] = {"at",     "host",      "up",     "online", "busy",
                                      "queued", "succeeded", "failed", NULL};
enum { AT_COLUMN, HOST_COLUMN, VALUE_COLUMN, COLUMNS = VALUE_COLUMN + WATCHED_COUNT };

struct reading {
    struct csv_reader csv;
    struct watched *watched;
    int column[COLUMNS]; /* field of each; -1: there is none */
};

/* ---- the file ---- */

static enum und_code find_columns(struct reading *reading)
{
    struct csv_reader *csv = &reading->csv;
    char want[200];
    int i, k;
    for (k = 0; k < COLUMNS; k++)
        reading->column[k] = -1;
    for (i = 0; i < csv->n_columns; i++) {
        for (k = 0; columns[k] != NULL && strcmp(columns[k], csv->field[i]) != 0; k++)
            ;
        if (columns[k] == NULL) {
            const char *meant = suggest_nearest(csv->field[i], columns);
            snprintf(want, sizeof want, "%s%s", meant ? "maybe " : "one of those of ",
                     meant ? meant : "at,host,up,online,busy,queued,succeeded,failed");
            return csv_fail(csv, "column", csv->field[i], want);
        }
        if (reading->column[k] >= 0)
            return csv_fail(csv, "column", csv->field[i], "each column once");
        reading->column[k] = i;
    }
    for (k = AT_COLUMN; k <= HOST_COLUMN; k++)
        if (reading->column[k] < 0)
            return csv_fail(csv, "columns", "", k == AT_COLUMN ? "one named at" : "one named host");
    return UND_OK;
}

/* NULL: there are as many as a fleet can have. */
static struct watched_host *find_host(struct watched *watched, const char *name)
{
    int i;
    if (name[0] == '\0')
        return &watched->fleet;
    for (i = 0; i < watched->n_hosts; i++)
        if (strcmp(watched->host[i].name, name) == 0)
            return &watched->host[i];
    if (watched->n_hosts == FLEET_HOSTS)
        return NULL;
    snprintf(watched->host[i].name, FLEET_NAME, "%s", name);
    return &watched->host[watched->n_hosts++];
}

static struct watched_row *append(struct watched_host *host)
{
    if ((host->n & (host->n - 1)) == 0) { /* at powers of two there is no room left */
        void *larger = realloc(host->row, (host->n ? 2 * host->n : 1) * sizeof *host->row);
        UND_ASSERT(larger != NULL);
        host->row = larger;
    }
    return &host->row[host->n++];
}

static enum und_code take_value(struct reading *reading, enum watched_of of, int *value)
{
    int column = reading->column[VALUE_COLUMN + (int)of];
    const char *text = column < 0 ? "" : reading->csv.field[column];
    char *end;
    long n;
    *value = WATCHED_UNKNOWN;
    if (*text == '\0')
        return UND_OK;
    n = strtol(text, &end, 10);
    if (*end != '\0' || n < 0 || n > (of == WATCHED_UP ? 1 : 1000000))
        return csv_fail(&reading->csv, columns[VALUE_COLUMN + (int)of], text,
                        of == WATCHED_UP ? "0, 1 or nothing" : "a number 0..1000000, or nothing");
    *value = (int)n;
    return UND_OK;
}

static enum und_code take_row(struct reading *reading)
{
    struct csv_reader *csv = &reading->csv;
    struct watched_host *host;
    struct watched_row *row;
    struct instant instant;
    const char *name;
    int of;
    if (csv->n_fields != csv->n_columns)
        return csv_fail(csv, "line", "fewer or more fields", "as many as the header has");
    if (!history_time(csv->field[reading->column[AT_COLUMN]], false, &instant))
        return csv_fail(csv, "at", csv->field[reading->column[AT_COLUMN]],
                        "a time such as 2026-03-02T10:00:00Z, or seconds");
    name = csv->field[reading->column[HOST_COLUMN]];
    if (strlen(name) >= FLEET_NAME)
        return csv_fail(csv, "host", name, "a name of at most 63 bytes");
    if ((host = find_host(reading->watched, name)) == NULL)
        return csv_fail(csv, "host", name, "no more hosts than a fleet can have");
    if (host->n > 0 && host->row[host->n - 1].at_ms >= instant.ms)
        return csv_fail(csv, "at", csv->field[reading->column[AT_COLUMN]],
                        "a time after that of the host's row before");
    row = append(host);
    row->at_ms = instant.ms;
    for (of = 0; of < WATCHED_COUNT; of++)
        if (take_value(reading, (enum watched_of)of, &row->value[of]) != UND_OK)
            return csv->err->code;
    return UND_OK;
}

static void find_step(struct watched *watched)
{
    double *apart;
    size_t n = 0, most = 1, i;
    int h;
    for (h = 0; h < watched->n_hosts; h++)
        most += watched->host[h].n;
    apart = malloc(most * sizeof *apart);
    UND_ASSERT(apart != NULL);
    for (h = 0; h < watched->n_hosts; h++)
        for (i = 1; i < watched->host[h].n; i++)
            apart[n++] =
                (double)(watched->host[h].row[i].at_ms - watched->host[h].row[i - 1].at_ms);
    qsort(apart, n, sizeof *apart, fit_compare);
    watched->step_ms = n > 0 ? (int64_t)apart[n / 2] : 0;
    free(apart);
}

enum und_code watched_read(struct watched *watched, const char *path, struct und_err *err)
{
    struct reading reading = {.watched = watched};
    memset(watched, 0, sizeof *watched);
    snprintf(watched->path, sizeof watched->path, "%s", path);
    if (csv_open(&reading.csv, path, RECORD, err) == UND_OK && find_columns(&reading) == UND_OK)
        while (csv_next(&reading.csv) && take_row(&reading) == UND_OK)
            ;
    csv_close(&reading.csv);
    if (err->code == UND_OK && watched->n_hosts == 0)
        und_fail(err, UND_USAGE, "%s: hosts: got none, want rows with a host", path);
    if (err->code == UND_OK)
        find_step(watched);
    return err->code;
}

void watched_fini(struct watched *watched)
{
    int i;
    for (i = 0; i < watched->n_hosts; i++)
        free(watched->host[i].row);
    free(watched->fleet.row);
    memset(watched, 0, sizeof *watched);
}

int watched_slots(const struct watched_host *host)
{
    int most = 0;
    size_t i;
    for (i = 0; i < host->n; i++) {
        const int *value = host->row[i].value;
        int now = value[WATCHED_ONLINE] > value[WATCHED_BUSY] ? value[WATCHED_ONLINE]
                                                              : value[WATCHED_BUSY];
        most = now > most ? now : most;
    }
    return most;
}

/* ---- outages ---- */

/* An outage that goes on: since when (-1: since before it was seen), and whether there is one. */
struct dark {
    bool is;
    int64_t since_ms;
};

static void end_outage(struct outages *outages, const struct dark *dark, int64_t at_ms, bool seen)
{
    if (!dark->is || dark->since_ms < 0)
        return;
    if (seen)
        outages->repair[outages->n_repairs++] = (double)(at_ms - dark->since_ms);
    else if (at_ms > dark->since_ms)
        outages->censored[outages->n_censored++] = (double)(at_ms - dark->since_ms);
}

void watched_outages(const struct watched_host *host, struct outages *outages)
{
    struct dark dark = {false, -1};
    bool known = false; /* just before this row */
    size_t i;
    *outages = (struct outages){.repair = malloc((host->n + 1) * sizeof(double)),
                                .censored = malloc((host->n + 1) * sizeof(double))};
    UND_ASSERT(outages->repair && outages->censored);
    for (i = 0; i < host->n; i++) {
        const struct watched_row *row = &host->row[i];
        int up = row->value[WATCHED_UP];
        int64_t lasts = i + 1 < host->n ? host->row[i + 1].at_ms - row->at_ms : 0;
        if (up == WATCHED_UNKNOWN || up == 1) {
            end_outage(outages, &dark, row->at_ms, up == 1);
            dark.is = false;
        } else if (!dark.is) {
            dark = (struct dark){true, known ? row->at_ms : -1};
            outages->n += known;
            outages->unseen += !known;
        }
        known = up != WATCHED_UNKNOWN;
        outages->known_ms += known ? lasts : 0;
        outages->up_ms += up == 1 ? lasts : 0;
    }
    if (host->n > 0)
        end_outage(outages, &dark, host->row[host->n - 1].at_ms, false);
    qsort(outages->repair, outages->n_repairs, sizeof(double), fit_compare);
    qsort(outages->censored, outages->n_censored, sizeof(double), fit_compare);
}

void outages_fini(struct outages *outages)
{
    free(outages->repair);
    free(outages->censored);
    memset(outages, 0, sizeof *outages);
}

/* Does it go down between the two times? Rows are in order. */
static bool goes_down(const struct watched_host *host, int64_t from_ms, int64_t to_ms)
{
    size_t low = 0, high = host->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (host->row[middle].at_ms <= from_ms)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < host->n && host->row[low].at_ms <= to_ms; low++)
        if (host->row[low].value[WATCHED_UP] == 0)
            return true;
    return false;
}

void watched_cut(const struct watched *watched, struct history *history)
{
    int *host_of = malloc(((size_t)history->runners.n + 1) * sizeof *host_of), i, h;
    size_t k;
    UND_ASSERT(host_of != NULL);
    for (i = 0; i < history->runners.n; i++) {
        host_of[i] = -1;
        for (h = 0; h < watched->n_hosts; h++) {
            struct host host = {0};
            snprintf(host.name, sizeof host.name, "%s", watched->host[h].name);
            if (registration_is_of(&host, history->runners.name[i]))
                host_of[i] = h;
        }
    }
    for (k = 0; k < history->n; k++) {
        struct job_row *row = &history->row[k];
        int of = row->runner >= 0 ? host_of[row->runner] : -1;
        if (of < 0 || row->duration_ms < 0 || row->started_ms == HISTORY_NONE ||
            !goes_down(&watched->host[of], row->started_ms, row->started_ms + row->duration_ms))
            continue;
        row->duration_ms = -1;
        row->censored = false;
        history_flaw(history, FLAW_OUTAGE, row->line);
    }
    free(host_of);
}
