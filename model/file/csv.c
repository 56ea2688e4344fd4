#include "csv.h"
#include "doc.h"
#include "model/base/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COLUMNS 64
#define LINE 4096              /* bytes */
#define MOST_S 1000000000000LL /* 31,700 years: any origin, no overflow in ms */

struct csv {
    const char *path;
    FILE *file;
    char text[LINE + 1]; /* the line, cut into fields */
    char *field[COLUMNS];
    int n_fields;
    int n_columns; /* of the header */
    int line;
    struct und_err *err;
};

static enum und_code fail(struct csv *csv, const char *what, const char *got, const char *want)
{
    char shown[DOC_SHOWN];
    return und_fail(csv->err, UND_USAGE, "%s:%d: %s: got %s, want %s", csv->path, csv->line, what,
                    *got == '\0' ? "nothing" : doc_show_text(got, shown), want);
}

/* Cuts csv->text into fields. */
static enum und_code split(struct csv *csv)
{
    char *at = csv->text, *comma;
    csv->n_fields = 0;
    for (;;) {
        if (csv->n_fields == COLUMNS)
            return fail(csv, "line", "more", "at most 64 columns");
        csv->field[csv->n_fields++] = at;
        if ((comma = strchr(at, ',')) == NULL)
            return UND_OK;
        *comma = '\0';
        at = comma + 1;
    }
}

/* Reads up to the end of the line; -1 at the end of the file. */
static int read_line(struct csv *csv)
{
    int n = 0, c;
    while ((c = getc_unlocked(csv->file)) != EOF && c != '\n' && n < LINE)
        csv->text[n++] = (char)c;
    csv->text[n] = '\0';
    return n == 0 && c == EOF ? -1 : n;
}

/* False at the end of the file or after an error. Empty lines are skipped. */
static bool next(struct csv *csv)
{
    int n;
    while ((n = read_line(csv)) >= 0) {
        const char *why = NULL;
        if (++csv->line > CSV_LINES)
            why = "too many lines";
        else if (n == LINE)
            why = "the line is longer than 4096 bytes";
        else if (memchr(csv->text, '\0', (size_t)n) != NULL)
            why = "not text: a NUL byte";
        if (why != NULL) {
            und_fail(csv->err, UND_USAGE, "%s:%d: %s", csv->path, csv->line, why);
            return false;
        }
        if (n > 0 && csv->text[n - 1] == '\r')
            csv->text[--n] = '\0';
        if (n > 0)
            return split(csv) == UND_OK;
    }
    if (ferror(csv->file))
        und_fail(csv->err, UND_USAGE, "%s: cannot be read: %s", csv->path, strerror(errno));
    return false;
}

static enum und_code start(struct csv *csv, const char *path, struct und_err *err)
{
    struct stat status;
    *csv = (struct csv){.path = path, .err = err};
    if ((csv->file = fopen(path, "r")) == NULL)
        return und_fail(err, UND_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    if (fstat(fileno(csv->file), &status) == 0 && S_ISDIR(status.st_mode))
        return und_fail(err, UND_USAGE, "%s: is a folder, want a CSV file", path);
    if (!next(csv))
        return und_fail(err, UND_USAGE, "%s:1: nothing is in it, want a line of column names",
                        path);
    csv->n_columns = csv->n_fields;
    if (strncmp(csv->field[0], "\xEF\xBB\xBF", 3) == 0) /* spreadsheets begin with the mark */
        csv->field[0] += 3;
    return UND_OK;
}

/* The header as it stands in the file. */
static const char *whole_header(struct csv *csv)
{
    int i;
    for (i = 1; i < csv->n_fields; i++)
        csv->field[i][-1] = ',';
    return csv->field[0];
}

static void stop(struct csv *csv)
{
    if (csv->file != NULL)
        fclose(csv->file);
}

/* Seconds with up to three decimals. */
static enum und_code seconds(struct csv *csv, int field, const char *what, int64_t *ms)
{
    const char *text = csv->field[field], *c = text;
    int64_t whole = 0, fraction = 0;
    int digits = 0, scale = 100;
    for (; *c >= '0' && *c <= '9' && whole < MOST_S; c++, digits++)
        whole = whole * 10 + (*c - '0');
    if (*c == '.' && digits > 0) {
        for (c++; *c >= '0' && *c <= '9' && scale > 0; c++, scale /= 10)
            fraction += (*c - '0') * scale;
        while (*c == '0') /* 1.500000 is as exact as 1.5 */
            c++;
    }
    if (digits == 0 || *c != '\0' || whole >= MOST_S)
        return fail(csv, what, text, "seconds, 0 or more, with at most three decimals");
    *ms = whole * 1000 + fraction;
    return UND_OK;
}

/* Doubles the arrays when they are full. */
static bool grow(struct trace *trace, size_t *capacity)
{
    size_t wanted = *capacity == 0 ? 1024 : *capacity * 2;
    void *submit, *duration, *job_class;
    if (trace->n < *capacity)
        return true;
    if ((submit = realloc(trace->submit_ms, wanted * sizeof *trace->submit_ms)) != NULL)
        trace->submit_ms = submit;
    if ((duration = realloc(trace->duration_ms, wanted * sizeof *trace->duration_ms)) != NULL)
        trace->duration_ms = duration;
    if ((job_class = realloc(trace->job_class, wanted * sizeof *trace->job_class)) != NULL)
        trace->job_class = job_class;
    *capacity = wanted;
    return submit != NULL && duration != NULL && job_class != NULL;
}

static enum und_code find_class(struct csv *csv, const struct job_class *classes, int n_classes,
                                int *found)
{
    const char *names[FLEET_CLASSES + 1], *near;
    char want[160];
    int i;
    for (i = 0; i < n_classes; i++) {
        if (strcmp(csv->field[2], classes[i].name) == 0) {
            *found = i;
            return UND_OK;
        }
        names[i] = classes[i].name;
    }
    names[i] = NULL;
    near = suggest_nearest(csv->field[2], names);
    snprintf(want, sizeof want,
             near != NULL ? "a class of the workload; did you mean %s?" : "a class of the workload",
             near);
    return fail(csv, "class", csv->field[2], want);
}

static enum und_code check_header(struct csv *csv)
{
    bool good = csv->n_columns == 2 || csv->n_columns == 3;
    good = good && strcmp(csv->field[0], "submit_s") == 0;
    good = good && strcmp(csv->field[1], "duration_s") == 0;
    good = good && (csv->n_columns == 2 || strcmp(csv->field[2], "class") == 0);
    return good ? UND_OK
                : fail(csv, "header", whole_header(csv),
                       "submit_s,duration_s or "
                       "submit_s,duration_s,class");
}

static enum und_code read_jobs(struct csv *csv, struct trace *trace,
                               const struct job_class *classes, int n_classes)
{
    size_t capacity = 0;
    int64_t first = 0;
    while (next(csv)) {
        size_t n = trace->n;
        if (csv->n_fields != csv->n_columns)
            return und_fail(csv->err, UND_USAGE, "%s:%d: fields: got %d, want %d", csv->path,
                            csv->line, csv->n_fields, csv->n_columns);
        if (!grow(trace, &capacity))
            return und_fail(csv->err, UND_USAGE, "%s: out of memory", csv->path);
        if (seconds(csv, 0, "submit_s", &trace->submit_ms[n]) != UND_OK ||
            seconds(csv, 1, "duration_s", &trace->duration_ms[n]) != UND_OK)
            return UND_USAGE;
        trace->job_class[n] = 0;
        if (csv->n_columns == 3 &&
            find_class(csv, classes, n_classes, &trace->job_class[n]) != UND_OK)
            return UND_USAGE;
        if (n == 0)
            first = trace->first_ms = trace->submit_ms[0];
        trace->submit_ms[n] -= first;
        if (trace->submit_ms[n] < (n > 0 ? trace->submit_ms[n - 1] : 0))
            return fail(csv, "submit_s", csv->field[0], "lines in the order of submit_s");
        trace->n++;
    }
    if (csv->err->code == UND_OK && trace->n == 0)
        return fail(csv, "jobs", "", "at least one line after the header");
    return csv->err->code;
}

enum und_code csv_trace(struct trace *trace, const char *path, const struct job_class *classes,
                        int n_classes, struct und_err *err)
{
    struct csv csv;
    enum und_code code = start(&csv, path, err);
    if (code == UND_OK)
        code = check_header(&csv);
    if (code == UND_OK)
        code = read_jobs(&csv, trace, classes, n_classes);
    snprintf(trace->path, sizeof trace->path, "%s", path);
    stop(&csv);
    return code;
}

void csv_trace_fini(struct trace *trace)
{
    free(trace->submit_ms);
    free(trace->duration_ms);
    free(trace->job_class);
    memset(trace, 0, sizeof *trace);
}

static enum und_code find_column(struct csv *csv, const char *column, int *found)
{
    const char *names[COLUMNS + 1], *near;
    char want[160];
    int i;
    for (i = 0; i < csv->n_columns; i++) {
        if (strcmp(csv->field[i], column) == 0) {
            *found = i;
            return UND_OK;
        }
        names[i] = csv->field[i];
    }
    names[i] = NULL;
    near = suggest_nearest(column, names);
    snprintf(want, sizeof want,
             near != NULL ? "a column of the file; did you mean %.60s?" : "a column of the file",
             near);
    return fail(csv, "column", column, want);
}

enum und_code csv_column(const char *path, const char *column, int64_t **values, size_t *n,
                         struct und_err *err)
{
    struct csv csv;
    size_t capacity = 0;
    int wanted = 0;
    enum und_code code = start(&csv, path, err);
    *values = NULL;
    *n = 0;
    if (code == UND_OK)
        code = find_column(&csv, column, &wanted);
    while (code == UND_OK && next(&csv)) {
        if (*n == capacity) {
            void *larger = realloc(*values, (capacity = capacity * 2 + 1024) * sizeof **values);
            if (larger == NULL) {
                code = und_fail(err, UND_USAGE, "%s: out of memory", path);
                break;
            }
            *values = larger;
        }
        if (csv.n_fields <= wanted)
            code = und_fail(err, UND_USAGE, "%s:%d: fields: got %d, want %d", path, csv.line,
                            csv.n_fields, csv.n_columns);
        else if ((code = seconds(&csv, wanted, column, &(*values)[*n])) == UND_OK)
            ++*n;
    }
    if (code == UND_OK && err->code == UND_OK && *n == 0)
        fail(&csv, column, "", "at least one line after the header");
    stop(&csv);
    return err->code;
}
