#include "csv.h"
#include "csv_reader.h"
#include "model/base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 4096              /* bytes */
#define MOST_S 1000000000000LL /* 31,700 years: any origin, no overflow in ms */

/* The header's columns, for a message. */
static const char *whole_header(const struct csv_reader *csv, char *out, size_t size)
{
    size_t used = 0;
    int i;
    for (i = 0; i < csv->n_fields && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "," : "", csv->field[i]);
    return out;
}

/* Seconds with up to three decimals. */
static enum und_code seconds(struct csv_reader *csv, int field, const char *what, int64_t *ms)
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
        return csv_fail(csv, what, text, "seconds, 0 or more, with at most three decimals");
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

static enum und_code find_class(struct csv_reader *csv, const struct job_class *classes,
                                int n_classes, int *found)
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
    return csv_fail(csv, "class", csv->field[2], want);
}

static enum und_code check_header(struct csv_reader *csv)
{
    char shown[256];
    bool good = csv->n_columns == 2 || csv->n_columns == 3;
    good = good && strcmp(csv->field[0], "submit_s") == 0;
    good = good && strcmp(csv->field[1], "duration_s") == 0;
    good = good && (csv->n_columns == 2 || strcmp(csv->field[2], "class") == 0);
    return good ? UND_OK
                : csv_fail(csv, "header", whole_header(csv, shown, sizeof shown),
                           "submit_s,duration_s or "
                           "submit_s,duration_s,class");
}

static enum und_code read_jobs(struct csv_reader *csv, struct trace *trace,
                               const struct job_class *classes, int n_classes)
{
    size_t capacity = 0;
    int64_t first = 0;
    while (csv_next(csv)) {
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
            return csv_fail(csv, "submit_s", csv->field[0], "lines in the order of submit_s");
        trace->n++;
    }
    if (csv->err->code == UND_OK && trace->n == 0)
        return csv_fail(csv, "jobs", "", "at least one line after the header");
    return csv->err->code;
}

enum und_code csv_trace(struct trace *trace, const char *path, const struct job_class *classes,
                        int n_classes, struct und_err *err)
{
    struct csv_reader csv;
    enum und_code code = csv_open(&csv, path, LINE, err);
    if (code == UND_OK)
        code = check_header(&csv);
    if (code == UND_OK)
        code = read_jobs(&csv, trace, classes, n_classes);
    snprintf(trace->path, sizeof trace->path, "%s", path);
    csv_close(&csv);
    return code;
}

void csv_trace_fini(struct trace *trace)
{
    free(trace->submit_ms);
    free(trace->duration_ms);
    free(trace->job_class);
    memset(trace, 0, sizeof *trace);
}

static enum und_code find_column(struct csv_reader *csv, const char *column, int *found)
{
    const char *names[CSV_COLUMNS + 1], *near;
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
    return csv_fail(csv, "column", column, want);
}

enum und_code csv_column(const char *path, const char *column, int64_t **values, size_t *n,
                         struct und_err *err)
{
    struct csv_reader csv;
    size_t capacity = 0;
    int wanted = 0;
    enum und_code code = csv_open(&csv, path, LINE, err);
    *values = NULL;
    *n = 0;
    if (code == UND_OK)
        code = find_column(&csv, column, &wanted);
    while (code == UND_OK && csv_next(&csv)) {
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
        csv_fail(&csv, column, "", "at least one line after the header");
    csv_close(&csv);
    return err->code;
}
