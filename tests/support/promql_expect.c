#include "promql_expect.h"

#include "model/base/regex.h"
#include "model/promql/gomath.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void script_fail(struct script_report *report, int line, const char *format, ...)
{
    va_list args;
    report->result->failed++;
    fprintf(report->out, "%s:%d: ", report->name, line + 1);
    va_start(args, format);
    vfprintf(report->out, format, args);
    va_end(args);
    fputc('\n', report->out);
}

bool script_time(const char *text, int64_t *ms)
{
    bool minus = *text == '-';
    char *end;
    double seconds;
    if (promql_duration(text + minus, ms)) {
        *ms = minus ? -*ms : *ms;
        return true;
    }
    seconds = strtod(text, &end);
    *ms = (int64_t)llround(seconds * 1000);
    return end != text && *end == '\0';
}

char *script_word(char **at)
{
    char *start = *at + strspn(*at, " \t");
    if (*start == '\0')
        return NULL;
    *at = start + strcspn(start, " \t");
    if (**at)
        *(*at)++ = '\0';
    return start;
}

/* --- reading --------------------------------------------------------------------------------- */

static char *unquoted(char *text)
{
    size_t n = strlen(text);
    if (n >= 2 && (text[0] == '"' || text[0] == '\'' || text[0] == '`') && text[n - 1] == text[0]) {
        text[n - 1] = '\0';
        return text + 1;
    }
    return text;
}

/* A text as PromQL writes it, or bare; it stays until the next one. */
static char *literal(const char *text)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(text, PROMQL_3, "text", &err);
    static char said[4096];
    if (!promql || promql->root->kind != PROMQL_STRING)
        snprintf(said, sizeof said, "%s", text);
    else
        snprintf(said, sizeof said, "%s", promql->root->name);
    promql_free(promql);
    return said;
}

/* "range vector from A to B step C" without its first word. */
static bool read_range(struct expected *expected, char *rest)
{
    char *words[7];
    for (int i = 0; i < 7; i++) {
        words[i] = script_word(&rest);
        if (!words[i])
            return false;
    }
    expected->range_vector = true;
    return script_time(words[2], &expected->start_ms) && script_time(words[4], &expected->end_ms) &&
           script_time(words[6], &expected->step_ms);
}

/* "", "msg: text" or "regex: pattern". */
static bool read_text(struct expected_text *out, char *rest)
{
    *out = (struct expected_text){NULL, false};
    rest += strspn(rest, " \t");
    if (*rest == '\0')
        return true;
    out->pattern = strncmp(rest, "regex:", 6) == 0;
    if (!out->pattern && strncmp(rest, "msg:", 4) != 0)
        return false;
    rest += out->pattern ? 6 : 4;
    out->text = unquoted(rest + strspn(rest, " \t"));
    return true;
}

/* The newest scripts end an annotation with its place in the query, "(1:5)", in a pattern also
 * "\([0-9]+:[0-9]+\)". The annotations here tell no place: it is read and not compared. */
static void drop_place(char *text, bool pattern)
{
    const char *open = pattern ? " \\(" : " (", *close = pattern ? "\\)" : ")";
    size_t n = strlen(text), n_close = strlen(close);
    char *place = NULL;
    if (n < n_close || strcmp(text + n - n_close, close) != 0)
        return;
    for (char *at = text; (at = strstr(at, open)); at++)
        place = at;
    if (place && strchr(place, ':') && strspn(place, " \\([]0123456789-+*d:)") == strlen(place))
        *place = '\0';
}

static bool read_texts(struct expected_texts *texts, char *rest)
{
    struct expected_text *text = &texts->list[texts->n];
    if (texts->n == EXPECTED_TEXTS || !read_text(text, rest))
        return false;
    texts->n++;
    if (text->text)
        drop_place(text->text, text->pattern);
    return true;
}

bool expect_read(struct expected *expected, char *rest)
{
    char *kind = script_word(&rest);
    if (!kind)
        return false;
    if (strcmp(kind, "string") == 0) {
        expected->has_text = true;
        expected->text = literal(rest);
        return true;
    }
    if (strcmp(kind, "range") == 0)
        return read_range(expected, rest);
    if (strcmp(kind, "fail") == 0) {
        expected->fail = true;
        return read_text(&expected->error, rest);
    }
    if (strcmp(kind, "warn") == 0 || strcmp(kind, "info") == 0)
        return read_texts(*kind == 'w' ? &expected->warn : &expected->info, rest);
    expected->ordered |= strcmp(kind, "ordered") == 0;
    expected->warn.none |= strcmp(kind, "no_warn") == 0;
    expected->info.none |= strcmp(kind, "no_info") == 0;
    return strcmp(kind, "ordered") == 0 || strcmp(kind, "no_warn") == 0 ||
           strcmp(kind, "no_info") == 0;
}

/* --- comparing ------------------------------------------------------------------------------- */

static bool almost_equal(double a, double b)
{
    const double normal = 0x1p-1022, epsilon = 0.000001;
    double difference = fabs(a - b);
    if ((isnan(a) && isnan(b)) || a == b)
        return true;
    if (a == 0 || b == 0 || difference < normal)
        return difference < epsilon * normal;
    return difference / (fabs(a) + fabs(b)) < epsilon;
}

static bool almost_same_side(const struct native_side *a, const struct native_side *b)
{
    bool same = a->n == b->n;
    for (int i = 0; same && i < a->n; i++)
        same = a->list[i].index == b->list[i].index &&
               almost_equal(a->list[i].count.value, b->list[i].count.value);
    return same;
}

/* Empty buckets aside, and the hint where none is expected. */
static bool same_native(double got, const struct notation_value *want)
{
    struct arena *arena;
    struct native *a, *b;
    bool same;
    if (!native_is(got) || !native_is(want->value))
        return false;
    arena = arena_open();
    a = native_copy(arena, native_of(got));
    b = native_copy(arena, native_of(want->value));
    native_compact(a);
    native_compact(b);
    same = a->schema == b->schema && a->zero_width == b->zero_width && native_same_bounds(a, b) &&
           almost_equal(a->sum.value, b->sum.value) &&
           almost_equal(a->count.value, b->count.value) &&
           almost_equal(a->zero.value, b->zero.value) &&
           almost_same_side(&a->positive, &b->positive) &&
           almost_same_side(&a->negative, &b->negative) && (!want->hinted || a->hint == b->hint);
    arena_close(arena);
    return same;
}

static bool same(double got, const struct notation_value *want)
{
    if (native_is(got) || native_is(want->value))
        return same_native(got, want);
    return almost_equal(got, want->value);
}

#define NUMBER 4096

static const char *number(double value, char text[NUMBER])
{
    static const char *const hints[] = {"unknown", "not reset", "reset", "gauge"};
    struct arena *arena;
    FILE *out;
    if (!native_is(value))
        return go_format(value, text);
    arena = arena_open();
    out = fmemopen(text, NUMBER, "w");
    fprintf(out, "%s, schema %d ", hints[native_of(value)->hint], native_of(value)->schema);
    native_write(arena, native_of(value), out);
    fclose(out);
    arena_close(arena);
    return text;
}

static const char *shown(const struct labels *labels)
{
    static char *text;
    size_t size;
    FILE *out;
    free(text);
    out = open_memstream(&text, &size);
    labels_write(labels, out);
    fclose(out);
    return text;
}

static int find(const struct expected *expected, const struct labels *labels)
{
    for (int i = expected->n - 1; i >= 0; i--) {
        if (expected->series[i].labels == labels)
            return i;
    }
    return -1;
}

static bool same_vector(struct script_report *report, int line, const struct expected *expected,
                        const struct vector *vector)
{
    char got[NUMBER], want[NUMBER];
    for (int i = 0; i < vector->n; i++) {
        const struct sample *sample = &vector->list[i];
        int at = find(expected, sample->labels);
        if (at < 0) {
            script_fail(report, line, "got %s %s, which is not expected", shown(sample->labels),
                        number(sample->value, got));
            return false;
        }
        if (expected->ordered && at != i) {
            script_fail(report, line, "got %s as number %d, want it as number %d",
                        shown(sample->labels), i + 1, at + 1);
            return false;
        }
        if (expected->series[at].n < 1 || !expected->series[at].values[0].there ||
            !same(sample->value, &expected->series[at].values[0])) {
            script_fail(report, line, "%s: got %s, want %s", shown(sample->labels),
                        number(sample->value, got),
                        expected->series[at].n ? number(expected->series[at].values[0].value, want)
                                               : "none");
            return false;
        }
    }
    if (vector->n < expected->n) {
        script_fail(report, line, "got %d series, want %d", vector->n, expected->n);
        return false;
    }
    return true;
}

static const struct point *point_at(const struct range *range, int64_t t_ms)
{
    for (int i = 0; i < range->n; i++) {
        if (range->points[i].t_ms == t_ms)
            return &range->points[i];
    }
    return NULL;
}

static bool same_matrix(struct script_report *report, int line, const struct expected *expected,
                        const struct matrix *matrix, int64_t start_ms, int64_t step_ms)
{
    char got[NUMBER], want[NUMBER];
    for (int i = 0; i < matrix->n; i++) {
        const struct range *range = &matrix->list[i];
        int at = find(expected, range->labels), there = 0;
        if (at < 0) {
            script_fail(report, line, "got %s, which is not expected", shown(range->labels));
            return false;
        }
        for (int step = 0; step < expected->series[at].n; step++) {
            const struct notation_value *value = &expected->series[at].values[step];
            const struct point *point = point_at(range, start_ms + step * step_ms);
            there += value->there;
            if (value->there == (point != NULL) && (!point || same(point->value, value)))
                continue;
            script_fail(report, line, "%s at step %d: got %s, want %s", shown(range->labels), step,
                        point ? number(point->value, got) : "none",
                        value->there ? number(value->value, want) : "none");
            return false;
        }
        if (there != range->n) {
            script_fail(report, line, "%s: got %d points, want %d", shown(range->labels), range->n,
                        there);
            return false;
        }
    }
    if (matrix->n < expected->n) {
        script_fail(report, line, "got %d series, want %d", matrix->n, expected->n);
        return false;
    }
    return true;
}

bool expect_value(struct script_report *report, int line, const struct expected *expected,
                  const struct value *value, int64_t start_ms, int64_t step_ms)
{
    char got[GO_NUMBER];
    switch (value->type) {
    case PROMQL_SCALAR:
        if (expected->scalar && almost_equal(expected->number, value->scalar))
            return true;
        script_fail(report, line, "got the scalar %s", go_format(value->scalar, got));
        return false;
    case PROMQL_VECTOR:
        return same_vector(report, line, expected, &value->vector);
    case PROMQL_MATRIX:
        return expected->range_vector
                   ? same_matrix(report, line, expected, &value->matrix, expected->start_ms,
                                 expected->step_ms)
                   : same_matrix(report, line, expected, &value->matrix, start_ms, step_ms);
    case PROMQL_LITERAL:
        if (expected->has_text && strcmp(expected->text, value->text) == 0)
            return true;
        script_fail(report, line, "got the text '%s'", value->text);
        return false;
    }
    return false;
}

/* --- errors and annotations ------------------------------------------------------------------ */

/* Patterns are not anchored. */
static bool text_matches(const struct expected_text *expected, const char *text)
{
    char why[REGEX_WHY], pattern[2048];
    struct regex *regex;
    bool same;
    if (!expected->text)
        return true;
    if (!expected->pattern)
        return strcmp(expected->text, text) == 0;
    snprintf(pattern, sizeof pattern, ".*(?:%s).*", expected->text);
    regex = regex_open(pattern, true, why);
    same = regex && regex_matches(regex, text);
    regex_close(regex);
    return same;
}

bool expect_error(struct script_report *report, int line, const struct expected *expected,
                  const char *error)
{
    if (text_matches(&expected->error, error))
        return true;
    script_fail(report, line, "got the error '%s', want '%s'", error, expected->error.text);
    return false;
}

/* One kind of annotations: each that is expected is there, and each that is there is expected. */
static bool same_annotations(struct script_report *report, int line, const char *kind,
                             const struct expected_texts *expected, const char *const *annotations)
{
    size_t n = strlen(kind);
    unsigned seen = 0;
    bool any = false;
    for (; *annotations; annotations++) {
        bool wanted = expected->n == 0 && !expected->none;
        if (strncmp(*annotations, kind, n) != 0)
            continue;
        any = true;
        for (int i = 0; i < expected->n; i++) {
            bool matches = text_matches(&expected->list[i], *annotations);
            wanted |= matches;
            seen |= (unsigned)matches << i;
        }
        if (wanted)
            continue;
        script_fail(report, line, "got '%s', which is not expected", *annotations);
        return false;
    }
    for (int i = 0; i < expected->n; i++) {
        if (seen >> i & 1)
            continue;
        script_fail(report, line, "got no '%s: ...', want %s", kind,
                    expected->list[i].text ? expected->list[i].text : "one");
        return false;
    }
    if (expected->any && !any)
        script_fail(report, line, "got no '%s: ...', want one", kind);
    return any || !expected->any;
}

bool expect_annotations(struct script_report *report, int line, const struct expected *expected,
                        const char *const *annotations)
{
    return same_annotations(report, line, "PromQL warning", &expected->warn, annotations) &&
           same_annotations(report, line, "PromQL info", &expected->info, annotations);
}
