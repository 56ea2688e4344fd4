/* Rows of a CSV file as a history. */
#include "history_internal.h"
#include "model/base/assert.h"
#include "model/base/suggest.h"
#include "model/file/csv_reader.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RECORD (1 << 20) /* bytes: commit messages may be in it */

struct reader {
    struct csv_reader csv;
    struct history *history;
    struct raw_rows raw;
    int column[ROLE_COUNT]; /* -1: none */
    int state;              /* beside a conclusion: is it over at all? -1: none */
    double duration_unit_ms, wait_unit_ms;
    bool counts_retries; /* the attempt column says how many came before */
    json_t *seen, *runs;
};

/* ---- which column is which ---- */

static enum und_code refuse_name(struct reader *reader, const char *role, const char *name)
{
    const char *names[CSV_COLUMNS + 1], *near;
    int i;
    for (i = 0; i < reader->csv.n_columns; i++)
        names[i] = reader->csv.field[i];
    names[i] = NULL;
    near = suggest_nearest(name, names);
    return und_fail(reader->csv.err, UND_USAGE,
                    "%s:1: column %s: got '%.60s', want a column of the file%s%.60s%s",
                    reader->csv.path, role, name, near ? "; did you mean " : "", near ? near : "",
                    near ? "?" : "");
}

/* ROLE=NAME; an empty NAME means that there is none, whatever the names look like. */
static enum und_code take_named(struct reader *reader, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    const char *name = equals ? equals + 1 : "";
    int role, i;
    for (role = 0; role < ROLE_COUNT; role++)
        if (strlen(role_names[role]) == length && strncmp(role_names[role], text, length) == 0)
            break;
    if (role == ROLE_COUNT)
        return und_fail(reader->csv.err, UND_USAGE,
                        "--column: got '%.60s', want ROLE=NAME with a role of created, started, "
                        "finished, duration, wait, run, job, workflow, status, attempt, runner, id",
                        text);
    reader->history->named[role] = true;
    reader->column[role] = -1;
    for (i = 0; i < reader->csv.n_columns && *name != '\0'; i++)
        if (strcmp(reader->csv.field[i], name) == 0)
            reader->column[role] = i;
    if (reader->column[role] < 0 && *name != '\0')
        return refuse_name(reader, role_names[role], name);
    return UND_OK;
}

/* GitHub's conclusion is empty until its status says that the job is over. */
static void find_state(struct reader *reader)
{
    int i;
    reader->state = -1;
    for (i = 0; i < reader->csv.n_columns; i++)
        if (i != reader->column[ROLE_STATUS] && (strcasecmp(reader->csv.field[i], "status") == 0 ||
                                                 strcasecmp(reader->csv.field[i], "state") == 0))
            reader->state = i;
}

static void guess(struct reader *reader)
{
    int best[ROLE_COUNT], i, rank = 0;
    for (i = 0; i < ROLE_COUNT; i++)
        best[i] = INT32_MAX;
    for (i = 0; i < reader->csv.n_columns; i++) {
        enum role role = history_guess(reader->csv.field[i], &rank);
        if (role == ROLE_COUNT || reader->history->named[role] || rank >= best[role])
            continue;
        best[role] = rank;
        reader->column[role] = i;
    }
}

/* The unit that a column's name ends in; NAN: it says none. */
static double unit_of(const char *name)
{
    static const struct {
        const char *end;
        double ms;
    } units[] = {{"ms", 1},           {"millis", 1},  {"milliseconds", 1}, {"minutes", 60000},
                 {"mins", 60000},     {"min", 60000}, {"seconds", 1000},   {"secs", 1000},
                 {"sec", 1000},       {"_s", 1000},   {"hours", 3600000},  {"tr_duration", 1000},
                 {"elapsedraw", 1000}};
    char lower[HISTORY_COLUMN];
    size_t i, n;
    for (n = 0; name[n] != '\0' && n + 1 < sizeof lower; n++)
        lower[n] = (char)tolower((unsigned char)name[n]);
    lower[n] = '\0';
    for (i = 0; i < sizeof units / sizeof *units; i++) {
        size_t length = strlen(units[i].end);
        if (n >= length && strcmp(lower + n - length, units[i].end) == 0)
            return units[i].ms;
    }
    return NAN;
}

/* What is there, as words to be shown. */
static void list_columns(const struct reader *reader, char *out, size_t size)
{
    size_t used = 0;
    int i;
    out[0] = '\0';
    for (i = 0; i < reader->csv.n_columns && used + 70 < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%.60s", i ? ", " : "",
                                 reader->csv.field[i]);
}

static enum und_code find_columns(struct reader *reader, const char *const *columns, int n)
{
    struct history *history = reader->history;
    const int *column = reader->column;
    char shown[400];
    int i;
    for (i = 0; i < ROLE_COUNT; i++)
        reader->column[i] = -1;
    for (i = 0; i < n; i++)
        if (take_named(reader, columns[i]) != UND_OK)
            return UND_USAGE;
    guess(reader);
    find_state(reader);
    list_columns(reader, shown, sizeof shown);
    if (column[ROLE_CREATED] < 0 && column[ROLE_STARTED] < 0)
        return und_fail(reader->csv.err, UND_USAGE,
                        "%s:1: columns: got %s, want one of when a job was created or started; say "
                        "which with --column created=NAME",
                        reader->csv.path, shown);
    if (column[ROLE_DURATION] < 0 && column[ROLE_FINISHED] < 0)
        return und_fail(reader->csv.err, UND_USAGE,
                        "%s:1: columns: got %s, want one of when a job finished, or of its "
                        "duration; say which with --column finished=NAME or duration=NAME",
                        reader->csv.path, shown);
    for (i = 0; i < ROLE_COUNT; i++)
        if (column[i] >= 0)
            snprintf(history->column[i], sizeof history->column[i], "%s",
                     reader->csv.field[column[i]]);
    reader->duration_unit_ms = unit_of(history->column[ROLE_DURATION]);
    reader->wait_unit_ms = unit_of(history->column[ROLE_WAIT]);
    reader->raw.bare_unit = isnan(reader->duration_unit_ms);
    reader->raw.ms_clock = strcmp(history->column[ROLE_STARTED], "timestamp") == 0; /* Jenkins' */
    reader->counts_retries = strstr(history->column[ROLE_ATTEMPT], "etr") != NULL;
    return UND_OK;
}

/* ---- rows ---- */

static const char *field(const struct reader *reader, enum role role)
{
    const char *text = reader->column[role] < 0 ? "" : reader->csv.field[reader->column[role]];
    while (*text == ' ')
        text++;
    /* What exports write for nothing. */
    if (strcmp(text, "null") == 0 || strcmp(text, "NULL") == 0 || strcmp(text, "None") == 0 ||
        strcmp(text, "NaN") == 0 || strcmp(text, "nan") == 0 || strcmp(text, "N/A") == 0 ||
        strcmp(text, "-") == 0 || strcmp(text, "Unknown") == 0 || strcmp(text, "NA") == 0)
        return "";
    return text;
}

static void note_zone(struct history *history, const struct instant *instant)
{
    if (!instant->zoned || instant->offset_min == history->offset_min[0])
        return;
    if (history->offset_changed == HISTORY_NONE && history->offset_min[0] != INT32_MAX)
        history->offset_changed = instant->ms;
    if (history->offset_min[0] == INT32_MAX)
        history->offset_min[1] = INT32_MIN;
    if (instant->offset_min < history->offset_min[0])
        history->offset_min[0] = instant->offset_min;
    if (instant->offset_min > history->offset_min[1])
        history->offset_min[1] = instant->offset_min;
}

/* False: there is something that is no time. Zeros stand for nothing where times are numbers. */
static bool take_time(struct reader *reader, enum role role, struct job_row *row, int64_t *ms)
{
    const char *text = field(reader, role);
    struct instant instant;
    *ms = HISTORY_NONE;
    if (*text == '\0' || strncmp(text, "0001-01-01", 10) == 0 ||
        (strcmp(text, "0") == 0 && role != ROLE_CREATED))
        return true;
    if (!history_time(text, &instant))
        return false;
    *ms = instant.ms;
    row->offset_min = instant.offset_min;
    reader->history->clocked = reader->history->clocked || instant.clocked;
    reader->history->zoned = reader->history->zoned || instant.zoned;
    reader->raw.ms_clock = reader->raw.ms_clock ||
                           (isdigit((unsigned char)text[0]) && strspn(text, "0123456789") == 13);
    note_zone(reader->history, &instant);
    return true;
}

static bool take_times(struct reader *reader, struct job_row *row)
{
    return take_time(reader, ROLE_FINISHED, row, &row->finished_ms) &&
           take_time(reader, ROLE_STARTED, row, &row->started_ms) &&
           take_time(reader, ROLE_CREATED, row, &row->created_ms);
}

static void take_durations(struct reader *reader, struct raw_row *raw)
{
    const char *text = field(reader, ROLE_DURATION), *wait = field(reader, ROLE_WAIT);
    double unit = reader->raw.bare_unit ? 1 : reader->duration_unit_ms;
    raw->stated = raw->wait_ms = NAN;
    if (*text != '\0' && !history_duration(text, unit, &raw->stated))
        raw->bad_duration = true;
    else if (*text != '\0' && text[strspn(text, "0123456789.eE+-")] != '\0')
        reader->raw.bare_unit = false; /* clock times and 1m30s say their own */
    if (*wait != '\0')
        history_duration(wait, isnan(reader->wait_unit_ms) ? 1000 : reader->wait_unit_ms,
                         &raw->wait_ms);
}

/* Runs of a workflow whose number is given anew after a re-run are runs of their own. */
static int find_run(struct reader *reader, const struct raw_row *raw)
{
    const char *run = field(reader, ROLE_RUN);
    char key[512];
    json_t *found;
    if (*run == '\0')
        return reader->history->n_runs++;
    snprintf(key, sizeof key, "%s/%.200s/%d",
             strncmp(run, "http", 4) == 0 ? run + strlen(run) - strlen(strrchr(run, '/')) : run,
             field(reader, ROLE_WORKFLOW), raw->row.attempt);
    if ((found = json_object_get(reader->runs, key)) != NULL)
        return (int)json_integer_value(found);
    json_object_set_new_nocheck(reader->runs, key, json_integer(reader->history->n_runs));
    return reader->history->n_runs++;
}

/* The same id, or without ids the same run, job and times. */
static bool is_duplicate(struct reader *reader, const struct raw_row *raw)
{
    const char *id = field(reader, ROLE_ID), *job = field(reader, ROLE_JOB);
    char key[1024];
    if (*id != '\0')
        snprintf(key, sizeof key, "%.400s/%.100s/%d", id, field(reader, ROLE_RUN),
                 raw->row.attempt);
    else if (*field(reader, ROLE_RUN) != '\0' && *job != '\0')
        snprintf(key, sizeof key, "%.200s/%.300s/%.60s/%.60s/%.60s/%.60s", field(reader, ROLE_RUN),
                 job, field(reader, ROLE_CREATED), field(reader, ROLE_STARTED),
                 field(reader, ROLE_FINISHED), field(reader, ROLE_DURATION));
    else
        return false;
    if (json_object_get(reader->seen, key) != NULL)
        return true;
    json_object_set_new_nocheck(reader->seen, key, json_true());
    return false;
}

static struct raw_row *room(struct raw_rows *raw)
{
    if (raw->n == raw->capacity) {
        size_t wanted = raw->capacity ? 2 * raw->capacity : 1024;
        void *larger = realloc(raw->row, wanted * sizeof *raw->row);
        UND_ASSERT(larger != NULL);
        raw->row = larger;
        raw->capacity = wanted;
    }
    return &raw->row[raw->n];
}

static int take_attempt(const struct reader *reader)
{
    const char *text = field(reader, ROLE_ATTEMPT);
    long n = strtol(text, NULL, 10);
    if (text[0] == 't' || text[0] == 'T') /* GitLab's `retried`: an attempt that was not the last */
        return 1;
    n += reader->counts_retries;
    return n < 1 || n > 1000 ? 1 : (int)n;
}

static void take_row(struct reader *reader)
{
    struct history *history = reader->history;
    struct raw_row *raw = room(&reader->raw);
    struct job_row *row = &raw->row;
    const char *job = field(reader, ROLE_JOB), *workflow = field(reader, ROLE_WORKFLOW);
    const char *runner = field(reader, ROLE_RUNNER);
    memset(raw, 0, sizeof *raw);
    row->line = reader->csv.first;
    history->read++;
    if (reader->csv.n_fields != reader->csv.n_columns) {
        history_flaw(history, FLAW_FIELDS, row->line);
        return;
    }
    if (!take_times(reader, row)) {
        history_flaw(history, FLAW_BAD_TIME, row->line);
        return;
    }
    row->attempt = take_attempt(reader);
    if (is_duplicate(reader, raw)) {
        history_flaw(history, FLAW_DUPLICATE, row->line);
        return;
    }
    take_durations(reader, raw);
    row->end = history_end(field(reader, ROLE_STATUS));
    if (row->end == END_UNKNOWN && reader->state >= 0 &&
        history_end(reader->csv.field[reader->state]) == END_OPEN)
        row->end = END_OPEN;
    if (row->end == END_OPEN) { /* updated_at is no end, and a duration so far is none */
        row->finished_ms = HISTORY_NONE;
        raw->stated = NAN;
    }
    row->job_class = *job ? history_intern(&history->classes, job) : -1;
    raw->workflow = *workflow ? history_intern(&history->workflows, workflow) : -1;
    row->runner = *runner ? history_intern(&history->runners, runner) : -1;
    row->run = find_run(reader, raw);
    reader->raw.n++;
}

enum und_code history_read(struct history *history, const char *path, const char *const *columns,
                           int n_columns, struct und_err *err)
{
    struct reader reader = {.history = history, .seen = json_object(), .runs = json_object()};
    memset(history, 0, sizeof *history);
    history->offset_changed = HISTORY_NONE;
    history->offset_min[0] = INT32_MAX;
    snprintf(history->path, sizeof history->path, "%s", path);
    if (csv_open(&reader.csv, path, RECORD, err) == UND_OK &&
        find_columns(&reader, columns, n_columns) == UND_OK) {
        while (csv_next(&reader.csv))
            take_row(&reader);
        if (err->code == UND_OK)
            history_clean(history, &reader.raw);
    }
    if (err->code == UND_OK && history->n == 0)
        und_fail(err, UND_USAGE, "%s: jobs: got none that ran in %zu rows, want at least one", path,
                 history->read);
    csv_close(&reader.csv);
    free(reader.raw.row);
    json_decref(reader.seen);
    json_decref(reader.runs);
    return err->code;
}
