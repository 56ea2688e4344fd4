#include "notation.h"

#include "gomath.h"
#include "model/base/assert.h"
#include "native.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- labels ---------------------------------------------------------------------------------- */

static struct labels *of_selector(struct label_pool *pool, const struct promql_node *node,
                                  bool nameless, const char *text, struct und_err *err)
{
    struct label *list = calloc((size_t)node->n_matchers + 1, sizeof *list);
    struct labels *labels = NULL;
    int n = 0;
    UND_ASSERT(list != NULL);
    for (int i = 0; i < node->n_matchers; i++) {
        const struct promql_matcher *matcher = &node->matchers[i];
        if (matcher->match != PROMQL_IS) {
            und_fail(err, UND_USAGE, "'%.100s': a series has labels with =", text);
            goto out;
        }
        if (!nameless || strcmp(matcher->name, LABELS_NAME) != 0)
            list[n++] = (struct label){matcher->name, matcher->value};
    }
    labels = labels_make(pool, list, n);
out:
    free(list);
    return labels;
}

enum und_code notation_labels(struct label_pool *pool, const char *text,
                              enum promql_version version, struct labels **labels,
                              struct und_err *err)
{
    struct und_err first = {0};
    struct promql *promql = promql_parse(text, version, "series", &first);
    bool nameless = false;
    *labels = NULL;
    if (!promql && *text == '{') { /* {} and {a=""} are series, if no selectors */
        char *named = malloc(strlen(text) + 2);
        UND_ASSERT(named != NULL);
        sprintf(named, "x%s", text);
        promql = promql_parse(named, version, "series", err);
        nameless = true;
        free(named);
    } else if (!promql) {
        return und_fail(err, UND_USAGE, "%s", first.text);
    }
    if (!promql)
        return UND_USAGE;
    if (promql->root->kind != PROMQL_SELECTOR || promql->root->range_ms)
        und_fail(err, UND_USAGE, "'%.100s' is no series", text);
    else
        *labels = of_selector(pool, promql->root, nameless, text, err);
    promql_free(promql);
    return *labels ? UND_OK : UND_USAGE;
}

/* --- values ---------------------------------------------------------------------------------- */

struct reader {
    struct notation *notation;
    const char *text, *at;
    struct und_err *err;
    int room;
    long buckets; /* of all native histograms */
};

static enum und_code fail(struct reader *reader, const char *what)
{
    return und_fail(reader->err, UND_USAGE, "values: character %d: got '%.20s', want %s",
                    (int)(reader->at - reader->text) + 1, reader->at, what);
}

static enum und_code push(struct reader *reader, struct notation_value value)
{
    struct notation *notation = reader->notation;
    if (notation->n == NOTATION_VALUES)
        return fail(reader, "fewer values");
    if (notation->n == reader->room) {
        reader->room = reader->room ? 2 * reader->room : 16;
        notation->values =
            realloc(notation->values, (size_t)reader->room * sizeof *notation->values);
        UND_ASSERT(notation->values != NULL);
    }
    notation->values[notation->n++] = value;
    return UND_OK;
}

static bool read_number(struct reader *reader, double *value)
{
    char text[64];
    const char *at = reader->at + (*reader->at == '+' || *reader->at == '-');
    size_t n;
    if (strncasecmp(at, "inf", 3) == 0 || strncasecmp(at, "nan", 3) == 0) {
        n = (size_t)(at - reader->at) + 3;
    } else {
        at += strspn(at, "0123456789.");
        if (*at == 'e' || *at == 'E') {
            at += 1 + (at[1] == '+' || at[1] == '-');
            at += strspn(at, "0123456789");
        }
        n = (size_t)(at - reader->at);
    }
    if (n == 0 || n >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)n, reader->at);
    if (strcasecmp(text + 1, "nan") == 0) { /* Go takes no sign before it; the parser does */
        *value = NAN;
    } else if (!go_parse(text, value)) {
        return false;
    }
    reader->at += n;
    return true;
}

/* "x5"; -1 if it is not there. */
static enum und_code read_times(struct reader *reader, long *times)
{
    char *end;
    *times = -1;
    if (*reader->at != 'x')
        return UND_OK;
    reader->at++;
    if (!isdigit((unsigned char)*reader->at))
        return fail(reader, "a count");
    *times = strtol(reader->at, &end, 10);
    if (*times > NOTATION_VALUES)
        return fail(reader, "fewer values");
    reader->at = end;
    return UND_OK;
}

static enum und_code read_gap(struct reader *reader)
{
    long times;
    reader->at++;
    if (read_times(reader, &times))
        return UND_USAGE;
    for (long i = 0; i < (times < 0 ? 1 : times); i++) {
        if (push(reader, (struct notation_value){.there = false}))
            return UND_USAGE;
    }
    return UND_OK;
}

static struct native *read_native(struct reader *reader, bool *hinted)
{
    struct notation *notation = reader->notation;
    const char *want;
    struct native *native;
    if (!notation->natives)
        notation->natives = arena_open();
    native = native_read(notation->natives, &reader->at, hinted, &want);
    if (!native)
        fail(reader, want);
    return native;
}

/* The next of a series that grows by `step`; NULL if they do not fit together. */
static struct native *next_native(struct arena *arena, const struct native *native,
                                  const struct native *step, char sign)
{
    struct native *next = native_copy(arena, native);
    struct native_met met = {false, false};
    if (!native_add(arena, next, step, sign == '-' ? -1 : 1, &met))
        return NULL;
    native_settle(next);
    return next;
}

static enum und_code read_histogram(struct reader *reader)
{
    bool hinted, step_hinted;
    struct native *native = read_native(reader, &hinted), *step = NULL;
    char sign = '\0';
    long times;
    if (native && (*reader->at == '+' || *reader->at == '-'))
        sign = *reader->at++;
    if (!native || (sign && !(step = read_native(reader, &step_hinted))) ||
        read_times(reader, &times))
        return UND_USAGE;
    if (step && times < 0)
        return fail(reader, "x and a count");
    for (long i = 0; i <= (times < 0 ? 0 : times); i++) {
        if (i > 0 && step)
            native = next_native(reader->notation->natives, native, step, sign);
        if (!native)
            return fail(reader, "two histograms of one kind");
        reader->buckets += native->positive.n + native->negative.n;
        if (reader->buckets > NOTATION_BUCKETS)
            return fail(reader, "fewer buckets");
        if (push(reader, (struct notation_value){true, native_box(native), hinted}))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code read_value(struct reader *reader)
{
    double value, step = 0;
    long times;
    bool stepped = false;
    if (strncmp(reader->at, "stale", 5) == 0) {
        reader->at += 5;
        value = store_stale();
    } else if (!read_number(reader, &value)) {
        return fail(reader, "a number, _ or stale");
    } else if (*reader->at == '+' || *reader->at == '-') {
        stepped = true;
        if (!read_number(reader, &step))
            return fail(reader, "a step");
    }
    if (read_times(reader, &times))
        return UND_USAGE;
    if (stepped && times < 0)
        return fail(reader, "x and a count");
    for (long i = 0; i <= (times < 0 ? 0 : times); i++) {
        if (push(reader, (struct notation_value){.there = true, .value = value}))
            return UND_USAGE;
        if (stepped)
            value += step;
    }
    return UND_OK;
}

enum und_code notation_values(struct notation *notation, const char *text, struct und_err *err)
{
    struct reader reader = {.notation = notation, .text = text, .at = text, .err = err};
    for (;;) {
        enum und_code code;
        reader.at += strspn(reader.at, " \t\r\n");
        if (*reader.at == '\0')
            return UND_OK;
        code = *reader.at == '_'   ? read_gap(&reader)
               : *reader.at == '{' ? read_histogram(&reader)
                                   : read_value(&reader);
        if (code != UND_OK)
            return code;
        if (*reader.at && !isspace((unsigned char)*reader.at))
            return fail(&reader, "a space");
    }
}

/* Where the labels end. */
static size_t labels_length(const char *text)
{
    size_t n = strcspn(text, " \t{"), blanks = strspn(text + n, " \t");
    char quote = '\0';
    if (text[n + blanks] != '{' || text[n + blanks + 1] == '{')
        return n;
    for (n += blanks; text[n] && (quote || text[n] != '}'); n++) {
        if (quote && text[n] == '\\' && quote != '`' && text[n + 1])
            n++;
        else if (quote ? text[n] == quote : strchr("\"'`", text[n]) != NULL)
            quote = quote ? '\0' : text[n];
    }
    return text[n] ? n + 1 : n;
}

enum und_code notation_read(struct notation *notation, struct label_pool *pool, const char *text,
                            enum promql_version version, struct und_err *err)
{
    size_t n;
    char *head;
    enum und_code code;
    *notation = (struct notation){.labels = NULL};
    text += strspn(text, " \t");
    n = labels_length(text);
    head = strndup(text, n);
    UND_ASSERT(head != NULL);
    code = notation_labels(pool, head, version, &notation->labels, err);
    free(head);
    return code ? code : notation_values(notation, text + n, err);
}

void notation_fini(struct notation *notation)
{
    free(notation->values);
    arena_close(notation->natives);
    notation->values = NULL;
    notation->natives = NULL;
    notation->n = 0;
}
