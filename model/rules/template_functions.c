#include "go_template_internal.h"

#include "model/promql/gomath.h"

#include <stdlib.h>
#include <string.h>

bool thing_true(const struct thing *thing)
{
    switch (thing->kind) {
    case THING_NONE:
        return false;
    case THING_BOOL:
    case THING_INT:
    case THING_NUMBER:
        return thing->number != 0;
    case THING_TEXT:
        return thing->text[0] != '\0';
    case THING_LABELS:
        return thing->labels && thing->labels->n > 0;
    case THING_SAMPLES:
        return thing->n > 0;
    case THING_SAMPLE:
    case THING_DATA:
        break;
    }
    return true;
}

struct thing thing_of_text(const char *text)
{
    return (struct thing){.kind = THING_TEXT, .text = text ? text : ""};
}

struct thing thing_of_number(double number)
{
    return (struct thing){.kind = THING_NUMBER, .number = number};
}

static const char *map_text(struct template *template, const struct labels *labels)
{
    char *text = NULL;
    const char *kept;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("map[", out);
    for (int i = 0; labels && i < labels->n; i++)
        fprintf(out, "%s%s:%s", i ? " " : "", labels->list[i].name, labels->list[i].value);
    fputs("]", out);
    fclose(out);
    kept = arena_text(template->arena, text, size);
    free(text);
    return kept;
}

const char *thing_text(struct template *template, const struct thing *thing)
{
    char text[GO_NUMBER];
    switch (thing->kind) {
    case THING_TEXT:
        return thing->text;
    case THING_BOOL:
        return thing->number != 0 ? "true" : "false";
    case THING_INT:
        snprintf(text, sizeof text, "%.0f", thing->number);
        break;
    case THING_NUMBER:
        go_format_short(thing->number, text);
        break;
    case THING_LABELS:
        return map_text(template, thing->labels);
    case THING_NONE:
        return "<no value>";
    case THING_SAMPLE:
    case THING_SAMPLES:
    case THING_DATA:
        return "[]";
    }
    return arena_text(template->arena, text, strlen(text));
}

/* --- arguments ------------------------------------------------------------------------------- */

bool call_number(const struct call *call, int i, double *number)
{
    const struct thing *arg = &call->args[i];
    if (arg->kind == THING_TEXT)
        return go_parse(arg->text, number);
    *number = arg->kind == THING_SAMPLE ? arg->samples->value : arg->number;
    return arg->kind == THING_NUMBER || arg->kind == THING_INT || arg->kind == THING_SAMPLE;
}

enum und_code call_give(const struct call *call, const char *text)
{
    *call->out = thing_of_text(arena_text(call->template->arena, text, strlen(text)));
    return UND_OK;
}

enum und_code call_wrong(const struct call *call)
{
    return template_fail(call->template, "error calling %s: wrong arguments", call->name);
}

/* --- queries --------------------------------------------------------------------------------- */

static enum und_code run_query(const struct call *call)
{
    struct vector vector = {NULL, 0, 0};
    struct sample *kept;
    if (call->n != 1 || call->args[0].kind != THING_TEXT || !call->template->data->query)
        return call_wrong(call);
    if (call->template->data->query(call->template->data->context, call->args[0].text, &vector,
                                    call->template->err))
        return UND_USAGE;
    kept = arena_grow(call->template->arena, vector.list, (size_t)vector.n * sizeof *kept,
                      (size_t)(vector.n + 1) * sizeof *kept);
    *call->out = (struct thing){.kind = THING_SAMPLES, .samples = kept, .n = vector.n};
    return UND_OK;
}

static enum und_code of_samples(const struct call *call)
{
    const struct thing *last = call->n ? &call->args[call->n - 1] : NULL;
    if (strcmp(call->name, "first") == 0 && last && last->kind == THING_SAMPLES) {
        if (last->n == 0)
            return template_fail(call->template,
                                 "error calling first: first() called on vector with no elements");
        *call->out = (struct thing){.kind = THING_SAMPLE, .samples = last->samples, .n = 1};
        return UND_OK;
    }
    if (!last || last->kind != THING_SAMPLE)
        return call_wrong(call);
    if (strcmp(call->name, "value") == 0) {
        *call->out = thing_of_number(last->samples->value);
        return UND_OK;
    }
    if (strcmp(call->name, "strvalue") == 0)
        return call_give(call, labels_get(last->samples->labels, "__value__"));
    if (strcmp(call->name, "label") == 0 && call->n == 2 && call->args[0].kind == THING_TEXT)
        return call_give(call, labels_get(last->samples->labels, call->args[0].text));
    return call_wrong(call);
}

/* --- conditions ------------------------------------------------------------------------------ */

static bool is_numeric(const struct thing *thing)
{
    return thing->kind == THING_NUMBER || thing->kind == THING_INT;
}

static enum und_code compare(const struct call *call)
{
    static const char *const names[] = {"eq", "ne", "lt", "le", "gt", "ge"};
    const struct thing *a = call->args, *b = call->args + 1;
    int which = 0, order;
    bool result = false;
    while (strcmp(names[which], call->name) != 0)
        which++;
    if (call->n < 2 || (which > 0 && call->n != 2))
        return call_wrong(call);
    for (int i = 1; i < call->n && !result; i++, b++) {
        if (a->kind != b->kind)
            return template_fail(call->template,
                                 "error calling %s: incompatible types for comparison", call->name);
        if (a->kind != THING_TEXT && a->kind != THING_BOOL && !is_numeric(a))
            return call_wrong(call);
        order = a->kind == THING_TEXT ? strcmp(a->text, b->text)
                                      : (a->number > b->number) - (a->number < b->number);
        result = which == 0   ? order == 0
                 : which == 1 ? order != 0
                 : which == 2 ? order < 0
                 : which == 3 ? order <= 0
                 : which == 4 ? order > 0
                              : order >= 0;
    }
    *call->out = (struct thing){.kind = THING_BOOL, .number = result};
    return UND_OK;
}

static enum und_code logic(const struct call *call)
{
    bool any = strcmp(call->name, "or") == 0;
    if (call->n == 0)
        return call_wrong(call);
    if (strcmp(call->name, "not") == 0) {
        *call->out = (struct thing){.kind = THING_BOOL, .number = !thing_true(&call->args[0])};
        return UND_OK;
    }
    for (int i = 0; i < call->n; i++) {
        *call->out = call->args[i];
        if (thing_true(&call->args[i]) == any)
            break;
    }
    return UND_OK;
}

static enum und_code length_or_index(const struct call *call)
{
    const struct thing *of = &call->args[0];
    double n = 0;
    if (call->n == 0)
        return call_wrong(call);
    if (strcmp(call->name, "len") == 0) {
        n = of->kind == THING_TEXT     ? (double)strlen(of->text)
            : of->kind == THING_LABELS ? (of->labels ? of->labels->n : 0)
                                       : of->n;
        *call->out = (struct thing){.kind = THING_INT, .number = n};
        return UND_OK;
    }
    if (call->n == 2 && of->kind == THING_LABELS && call->args[1].kind == THING_TEXT)
        return call_give(call, of->labels ? labels_get(of->labels, call->args[1].text) : "");
    if (call->n != 2 || of->kind != THING_SAMPLES || !call_number(call, 1, &n) || n < 0 ||
        n >= of->n)
        return call_wrong(call);
    *call->out = (struct thing){.kind = THING_SAMPLE, .samples = &of->samples[(int)n], .n = 1};
    return UND_OK;
}

static enum und_code others(const struct call *call)
{
    const char *url = call->template->data->external_url;
    int64_t ms;
    if (strcmp(call->name, "externalURL") == 0)
        return call_give(call, url ? url : "");
    if (strcmp(call->name, "pathPrefix") == 0)
        return call_give(call, "");
    if (call->n != 1)
        return call_wrong(call);
    if (strcmp(call->name, "parseDuration") == 0) {
        if (call->args[0].kind != THING_TEXT || !promql_duration(call->args[0].text, &ms))
            return call_wrong(call);
        *call->out = thing_of_number((double)ms / 1000);
        return UND_OK;
    }
    *call->out = call->args[0]; /* safeHtml, sortByLabel's order is the server's */
    return UND_OK;
}

/* --- the table ------------------------------------------------------------------------------- */

static const char *const function_names[] = {"humanize",
                                             "humanize1024",
                                             "humanizeDuration",
                                             "humanizePercentage",
                                             "humanizeTimestamp",
                                             "title",
                                             "toUpper",
                                             "toLower",
                                             "stripPort",
                                             "stripDomain",
                                             "match",
                                             "reReplaceAll",
                                             "printf",
                                             "print",
                                             "println",
                                             "query",
                                             "first",
                                             "value",
                                             "label",
                                             "strvalue",
                                             "eq",
                                             "ne",
                                             "lt",
                                             "le",
                                             "gt",
                                             "ge",
                                             "and",
                                             "or",
                                             "not",
                                             "len",
                                             "index",
                                             "externalURL",
                                             "pathPrefix",
                                             "parseDuration",
                                             "safeHtml",
                                             "html",
                                             "js",
                                             "urlquery"};

static const char *find_name(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof function_names / sizeof *function_names; i++) {
        if (strlen(function_names[i]) == length && strncmp(function_names[i], name, length) == 0)
            return function_names[i];
    }
    return NULL;
}

bool template_is_function(const char *name, size_t length)
{
    return find_name(name, length) != NULL;
}

static bool is(const struct call *call, const char *name)
{
    return strcmp(call->name, name) == 0;
}

enum und_code template_call(struct template *template, const char *name, size_t length,
                            const struct thing *args, int n, struct thing *out)
{
    struct call made = {template, find_name(name, length), args, n, out}, *call = &made;
    enum und_code code;
    bool known;
    if (!call->name)
        return template_fail(template, "function \"%.*s\" not defined",
                             (int)(length < 60 ? length : 60), name);
    code = template_text_call(call, &known);
    if (known)
        return code;
    if (is(call, "query"))
        return run_query(call);
    if (is(call, "first") || is(call, "value") || is(call, "label") || is(call, "strvalue"))
        return of_samples(call);
    if (strlen(call->name) == 2 && !is(call, "or") && !is(call, "js"))
        return compare(call);
    if (is(call, "and") || is(call, "or") || is(call, "not"))
        return logic(call);
    if (is(call, "len") || is(call, "index"))
        return length_or_index(call);
    return others(call);
}
