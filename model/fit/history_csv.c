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

#define CALENDAR_MS 946684800000LL /* 2000 */
#define RECORD (1 << 20)           /* bytes: commit messages may be in it */

struct reader {
    struct csv_reader csv;
    struct history *history;
    struct raw_rows raw;
    int column[ROLE_COUNT]; /* -1: none */
    int state;              /* beside a conclusion: is it over at all? -1: none */
    double duration_unit_ms, wait_unit_ms;
    bool counts_retries; /* the attempt column says how many came before */
    bool day_first;      /* 3/4/2026 is 3 April */
    int month_first_bad; /* dates that only the other order can read */
    int64_t queued;      /* times of creation that are no times of the calendar, beside starts that
                            are */
    bool queue_is_wait;  /* so that they are waits */
    char bad_time[HISTORY_SEEN];
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
    } units[] = {{"_ns", 1e-6},      {"nanos", 1e-6},       {"nanoseconds", 1e-6},
                 {"_us", 1e-3},      {"micros", 1e-3},      {"ms", 1},
                 {"millis", 1},      {"milliseconds", 1},   {"minutes", 60000},
                 {"mins", 60000},    {"min", 60000},        {"seconds", 1000},
                 {"secs", 1000},     {"sec", 1000},         {"_s", 1000},
                 {"hours", 3600000}, {"tr_duration", 1000}, {"elapsedraw", 1000}};
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

/* What is often handed in, and is no table of jobs. */
static enum und_code refuse_kind(struct reader *reader)
{
    const char *first = reader->csv.field[0];
    bool sku = false, quantity = false;
    int i;
    if (*first == '[' || *first == '{')
        return und_fail(reader->csv.err, UND_USAGE,
                        "%s:1: got JSON, want CSV: gh run list --json FIELDS --jq "
                        "'([\"a\",\"b\"]|@csv), (.[]|[.a,.b]|@csv)' writes it",
                        reader->csv.path);
    for (i = 0; i < reader->csv.n_columns; i++) {
        sku = sku || strcasecmp(reader->csv.field[i], "sku") == 0;
        quantity = quantity || strcasecmp(reader->csv.field[i], "quantity") == 0;
    }
    if (sku && quantity && !reader->history->named[ROLE_CREATED] &&
        !reader->history->named[ROLE_STARTED])
        return und_fail(
            reader->csv.err, UND_USAGE,
            "%s:1: columns: got a usage report, which has minutes a day, want jobs with "
            "the times at which they began and ended (the API's or gh's)",
            reader->csv.path);
    return UND_OK;
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
    if (reader->queue_is_wait) {
        reader->column[ROLE_WAIT] = reader->column[ROLE_CREATED];
        reader->column[ROLE_CREATED] = -1;
    }
    find_state(reader);
    list_columns(reader, shown, sizeof shown);
    if (refuse_kind(reader) != UND_OK)
        return UND_USAGE;
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

/* Does this date say which order it is in? */
static void note_order(struct reader *reader, const char *text, const struct instant *instant)
{
    struct instant other;
    if (!instant->slashed)
        return;
    reader->history->slashed = true;
    reader->history->day_first = reader->day_first;
    if (!history_time(text, !reader->day_first, &other))
        reader->history->order_known = true;
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
    if (!history_time(text, reader->day_first, &instant)) {
        snprintf(reader->bad_time, sizeof reader->bad_time, "%s", text);
        reader->month_first_bad += history_time(text, !reader->day_first, &instant);
        return false;
    }
    note_order(reader, text, &instant);
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
    if (!take_time(reader, ROLE_FINISHED, row, &row->finished_ms) ||
        !take_time(reader, ROLE_STARTED, row, &row->started_ms) ||
        !take_time(reader, ROLE_CREATED, row, &row->created_ms))
        return false;
    reader->queued += row->created_ms != HISTORY_NONE && row->created_ms < CALENDAR_MS &&
                      row->started_ms != HISTORY_NONE && row->started_ms >= CALENDAR_MS;
    return true;
}

/* Where semicolons part the fields, a comma is a decimal point: 60,5. In place. */
static const char *point(struct reader *reader, const char *text)
{
    char *comma = strchr(text, ',');
    if (reader->csv.delimiter == ';' && comma != NULL &&
        strspn(text, "0123456789,") == strlen(text))
        *comma = '.';
    return text;
}

/* Of a wait without a unit: Jenkins' are ms as its times are. */
static double wait_unit(const struct reader *reader)
{
    if (!isnan(reader->wait_unit_ms))
        return reader->wait_unit_ms;
    return reader->queue_is_wait && reader->raw.ms_clock ? 1 : 1000;
}

static void take_durations(struct reader *reader, struct raw_row *raw)
{
    const char *text = point(reader, field(reader, ROLE_DURATION)), *wait;
    double unit = reader->raw.bare_unit ? 1 : reader->duration_unit_ms;
    raw->stated = raw->wait_ms = NAN;
    wait = point(reader, field(reader, ROLE_WAIT));
    if (*text != '\0' && !history_duration(text, unit, &raw->stated))
        snprintf(raw->bad_duration, sizeof raw->bad_duration, "%s", text);
    else if (*text != '\0' && text[strspn(text, "0123456789.eE+-")] != '\0')
        reader->raw.bare_unit = false; /* clock times and 1m30s say their own */
    if (*wait != '\0')
        history_duration(wait, wait_unit(reader), &raw->wait_ms);
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

/* The same id, or without ids the same run, job and times; "" where neither is there. */
static void key_of(const struct reader *reader, const struct raw_row *raw, char *key, size_t size)
{
    const char *id = field(reader, ROLE_ID), *job = field(reader, ROLE_JOB);
    key[0] = '\0';
    if (*id != '\0')
        snprintf(key, size, "%.400s/%.100s/%d", id, field(reader, ROLE_RUN), raw->row.attempt);
    else if (*field(reader, ROLE_RUN) != '\0' && *job != '\0')
        snprintf(key, size, "%.200s/%.300s/%.60s/%.60s/%.60s/%.60s", field(reader, ROLE_RUN), job,
                 field(reader, ROLE_CREATED), field(reader, ROLE_STARTED),
                 field(reader, ROLE_FINISHED), field(reader, ROLE_DURATION));
}

/* The row that is the same job; -1: there is none. Exports that overlap have a job twice. */
static json_int_t find_same(struct reader *reader, const struct raw_row *raw)
{
    char key[1024];
    size_t used = 0;
    json_t *found;
    int i;
    key_of(reader, raw, key, sizeof key);
    if (key[0] != '\0') {
        if ((found = json_object_get(reader->seen, key)) != NULL)
            return json_integer_value(found);
        json_object_set_new_nocheck(reader->seen, key, json_integer((json_int_t)reader->raw.n));
        return -1;
    }
    for (i = 0; i < reader->csv.n_fields && used + 1 < sizeof key; i++)
        used += (size_t)snprintf(key + used, sizeof key - used, "%s\t", reader->csv.field[i]);
    if (used < sizeof key && json_object_get(reader->seen, key) != NULL)
        history_flaw(reader->history, FLAW_SAME, raw->row.line);
    else if (used < sizeof key)
        json_object_set_new_nocheck(reader->seen, key, json_true());
    return -1;
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

/* All but the times. */
static void take_fields(struct reader *reader, struct raw_row *raw)
{
    struct history *history = reader->history;
    struct job_row *row = &raw->row;
    const char *job = field(reader, ROLE_JOB), *workflow = field(reader, ROLE_WORKFLOW);
    const char *runner = field(reader, ROLE_RUNNER);
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
}

static void take_row(struct reader *reader)
{
    struct history *history = reader->history;
    struct raw_row *raw = room(&reader->raw);
    struct job_row *row = &raw->row;
    json_int_t same;
    memset(raw, 0, sizeof *raw);
    row->line = reader->csv.first;
    history->read++;
    if (reader->csv.n_fields != reader->csv.n_columns) {
        history_flaw(history, FLAW_FIELDS, row->line);
        return;
    }
    if (!take_times(reader, row)) {
        history_flaw_seen(history, FLAW_BAD_TIME, row->line, reader->bad_time);
        return;
    }
    row->attempt = take_attempt(reader);
    same = find_same(reader, raw);
    take_fields(reader, raw);
    if (same < 0) {
        reader->raw.n++;
        return;
    }
    history_flaw(history, FLAW_DUPLICATE, row->line);
    if (reader->raw.row[same].row.end == END_OPEN && row->end != END_OPEN)
        reader->raw.row[same] = *raw;
}

/* One reading, by what is known of the file. */
static void read_file(struct reader *reader, const char *path, const char *const *columns,
                      int n_columns, struct und_err *err)
{
    struct history *history = reader->history;
    memset(history, 0, sizeof *history);
    history->offset_changed = HISTORY_NONE;
    history->offset_min[0] = INT32_MAX;
    snprintf(history->path, sizeof history->path, "%s", path);
    reader->raw = (struct raw_rows){0};
    reader->seen = json_object();
    reader->runs = json_object();
    if (csv_open(&reader->csv, path, RECORD, err) == UND_OK &&
        find_columns(reader, columns, n_columns) == UND_OK)
        while (csv_next(&reader->csv))
            take_row(reader);
    csv_close(&reader->csv);
    json_decref(reader->seen);
    json_decref(reader->runs);
}

/* What a reading has shown that the next one must know: the order of dates that only the other
 * order can read, and that a column of the name of a time has waits. */
static bool learned(struct reader *reader)
{
    bool swap = reader->month_first_bad > 0 && !reader->history->order_known && !reader->day_first;
    bool waits = reader->queued > 0 && (size_t)reader->queued * 2 > reader->raw.n &&
                 !reader->history->named[ROLE_CREATED] && reader->column[ROLE_WAIT] < 0;
    reader->day_first = reader->day_first || swap;
    reader->queue_is_wait = reader->queue_is_wait || waits;
    return swap || waits;
}

enum und_code history_read(struct history *history, const char *path, const char *const *columns,
                           int n_columns, struct und_err *err)
{
    struct reader reader = {.history = history};
    char why[300];
    read_file(&reader, path, columns, n_columns, err);
    if (err->code == UND_OK && learned(&reader)) {
        free(reader.raw.row);
        history_fini(history);
        read_file(&reader, path, columns, n_columns, err);
    }
    if (err->code == UND_OK)
        history_clean(history, &reader.raw);
    history_say_why(history, why, sizeof why);
    if (err->code == UND_OK && history->n == 0)
        und_fail(err, UND_USAGE, "%s: jobs: got none that ran in %zu rows, want at least one%s",
                 path, history->read, why);
    free(reader.raw.row);
    return err->code;
}
