#include "go_template_internal.h"

#include "model/base/assert.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 1000000

/* A piece of the template: plain text, or what stands between {{ and }}. */
struct piece {
    bool action;
    const char *at, *end;
};

struct pieces {
    struct piece *list;
    int n;
};

enum und_code template_fail(struct template *template, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return und_fail(template->err, UND_USAGE, "%s", text);
}

/* --- pieces ---------------------------------------------------------------------------------- */

/* Where the action's }} is: not within a quoted text. */
static const char *action_end(const char *at)
{
    char quote = '\0';
    if (strncmp(at, "/*", 2) == 0 || strncmp(at, "- /*", 4) == 0) {
        at = strstr(at, "*/");
        return at ? strstr(at, "}}") : NULL;
    }
    for (; *at; at++) {
        if (quote) {
            if (*at == '\\' && quote != '`' && at[1])
                at++;
            else if (*at == quote)
                quote = '\0';
        } else if (*at == '"' || *at == '`') {
            quote = *at;
        } else if (strncmp(at, "}}", 2) == 0) {
            return at;
        }
    }
    return NULL;
}

static void push(struct template *template, struct pieces *pieces, bool action, const char *at,
                 const char *end)
{
    size_t n = (size_t)pieces->n, size = sizeof *pieces->list;
    if ((n & (n - 1)) == 0)
        pieces->list = arena_grow(template->arena, pieces->list, n * size, (2 * n + 1) * size);
    pieces->list[pieces->n++] = (struct piece){action, at, end};
}

static enum und_code split(struct template *template, const char *text, struct pieces *pieces)
{
    bool trim = false;
    for (;;) {
        const char *open = strstr(text, "{{"), *close, *end = open ? open : text + strlen(text);
        while (trim && text < end && isspace((unsigned char)*text))
            text++;
        if (open && open[2] == '-' && isspace((unsigned char)open[3])) {
            while (end > text && isspace((unsigned char)end[-1]))
                end--;
        }
        push(template, pieces, false, text, end);
        if (!open)
            return UND_OK;
        open += 2;
        close = action_end(open);
        if (!close)
            return template_fail(template, "unclosed action");
        text = close + 2;
        trim = close - open >= 2 && close[-1] == '-' && isspace((unsigned char)close[-2]);
        open += *open == '-' && isspace((unsigned char)open[1]);
        end = close - trim;
        template_blanks(&open, end);
        while (end > open && isspace((unsigned char)end[-1]))
            end--;
        if (strncmp(open, "/*", 2) != 0)
            push(template, pieces, true, open, end);
    }
}

/* --- running --------------------------------------------------------------------------------- */

static bool keyword(const struct piece *piece, const char *word)
{
    size_t n = strlen(word);
    return piece->action && (size_t)(piece->end - piece->at) >= n &&
           strncmp(piece->at, word, n) == 0 &&
           (piece->at + n == piece->end || !isalnum((unsigned char)piece->at[n]));
}

static bool opens(const struct piece *piece)
{
    return keyword(piece, "if") || keyword(piece, "with") || keyword(piece, "range");
}

/* The `else` or the `end` of the block whose first piece is `at`. */
static enum und_code find_end(struct template *template, const struct pieces *pieces, int at,
                              int *found)
{
    int depth = 0;
    for (; at < pieces->n; at++) {
        const struct piece *piece = &pieces->list[at];
        if (depth == 0 && (keyword(piece, "end") || keyword(piece, "else"))) {
            *found = at;
            return UND_OK;
        }
        depth += opens(piece) - keyword(piece, "end");
    }
    return template_fail(template, "unexpected EOF");
}

static enum und_code set_variable(struct template *template, const char *name, size_t length,
                                  const struct thing *value, bool declare)
{
    for (int i = template->n_variables - 1; i >= 0 && !declare; i--) {
        if (template->variables[i].length == length &&
            strncmp(template->variables[i].name, name, length) == 0) {
            template->variables[i].value = *value;
            return UND_OK;
        }
    }
    if (!declare)
        return template_fail(template, "undefined variable");
    if (template->n_variables == TEMPLATE_VARIABLES)
        return template_fail(template, "more than %d variables", TEMPLATE_VARIABLES);
    template->variables[template->n_variables++] = (struct variable){name, length, *value};
    return UND_OK;
}

/* Up to two names before := or =; 0 if there are none. */
static int assigned(const char **at, const char *end, const char *names[2], size_t lengths[2],
                    bool *declare)
{
    const char *c = *at;
    int n = 0;
    while (n < 2 && c < end && *c == '$') {
        names[n] = c + 1;
        for (c++; c < end && (isalnum((unsigned char)*c) || *c == '_');)
            c++;
        lengths[n] = (size_t)(c - names[n]);
        n++;
        template_blanks(&c, end);
        if (c < end && *c == ',') {
            c++;
            template_blanks(&c, end);
        }
    }
    *declare = end - c >= 2 && strncmp(c, ":=", 2) == 0;
    if (n == 0 || !(*declare || (c < end && *c == '=')))
        return 0;
    *at = c + 1 + *declare;
    return n;
}

/* A pipeline with what it is assigned to. *n: how many variables. */
static enum und_code value_of(struct template *template, const char *at, const char *end,
                              struct thing *out, int *n)
{
    const char *names[2];
    size_t lengths[2];
    bool declare;
    *n = assigned(&at, end, names, lengths, &declare);
    if (template_pipeline(template, &at, end, out))
        return UND_USAGE;
    template_blanks(&at, end);
    if (at != end)
        return template_fail(template, "unexpected \"%c\" in command", *at);
    if (*n == 1)
        return set_variable(template, names[0], lengths[0], out, declare);
    return UND_OK;
}

static enum und_code run(struct template *template, const struct pieces *pieces, int from, int to,
                         FILE *out);

static enum und_code run_range(struct template *template, const struct pieces *pieces, int at,
                               int body_end, int other_end, FILE *out)
{
    const char *from = pieces->list[at].at + strlen("range"), *end = pieces->list[at].end;
    const char *names[2];
    size_t lengths[2];
    struct thing list, outer = template->dot;
    bool declare;
    int n, variables = template->n_variables;
    template_blanks(&from, end);
    n = assigned(&from, end, names, lengths, &declare);
    if (template_pipeline(template, &from, end, &list))
        return UND_USAGE;
    if (list.kind != THING_SAMPLES)
        return template_fail(template, "range can't iterate over it");
    for (int i = 0; i < list.n; i++) {
        struct thing index = {.kind = THING_INT, .number = i};
        template->dot = (struct thing){.kind = THING_SAMPLE, .samples = &list.samples[i], .n = 1};
        if ((n > 0 && set_variable(template, names[0], lengths[0], n == 1 ? &template->dot : &index,
                                   true)) ||
            (n > 1 && set_variable(template, names[1], lengths[1], &template->dot, true)) ||
            run(template, pieces, at + 1, body_end, out))
            return UND_USAGE;
        template->n_variables = variables;
    }
    template->dot = outer;
    return list.n > 0 ? UND_OK : run(template, pieces, body_end + 1, other_end, out);
}

/* The condition of `if`, `with` or `else if` at a piece, then one of its branches. */
static enum und_code run_branch(struct template *template, const struct pieces *pieces, int at,
                                const char *condition, bool with, int *end, FILE *out)
{
    struct thing value, outer = template->dot;
    int body_end, n, variables = template->n_variables;
    const struct piece *other;
    bool chosen;
    if (find_end(template, pieces, at + 1, &body_end))
        return UND_USAGE;
    template_blanks(&condition, pieces->list[at].end);
    if (value_of(template, condition, pieces->list[at].end, &value, &n))
        return UND_USAGE;
    chosen = thing_true(&value);
    if (chosen && with)
        template->dot = value;
    if (chosen && run(template, pieces, at + 1, body_end, out))
        return UND_USAGE;
    template->dot = outer;
    other = &pieces->list[body_end];
    *end = body_end;
    if (keyword(other, "else")) {
        const char *rest = other->at + strlen("else");
        struct piece again = *other;
        template_blanks(&rest, other->end);
        again.at = rest;
        if (keyword(&again, "if")) {
            /* Its own end is this block's. */
            if (chosen) {
                for (*end = body_end; keyword(&pieces->list[*end], "else");) {
                    if (find_end(template, pieces, *end + 1, end))
                        return UND_USAGE;
                }
            } else if (run_branch(template, pieces, body_end, rest + 2, false, end, out)) {
                return UND_USAGE;
            }
        } else if (find_end(template, pieces, body_end + 1, end) ||
                   (!chosen && run(template, pieces, body_end + 1, *end, out))) {
            return UND_USAGE;
        }
    }
    template->n_variables = variables;
    return UND_OK;
}

static enum und_code run_block(struct template *template, const struct pieces *pieces, int at,
                               int *end, FILE *out)
{
    const struct piece *piece = &pieces->list[at];
    bool with = keyword(piece, "with");
    int body_end;
    if (!keyword(piece, "range"))
        return run_branch(template, pieces, at, piece->at + strlen(with ? "with" : "if"), with, end,
                          out);
    if (find_end(template, pieces, at + 1, &body_end))
        return UND_USAGE;
    *end = body_end;
    if (keyword(&pieces->list[body_end], "else") && find_end(template, pieces, body_end + 1, end))
        return UND_USAGE;
    return run_range(template, pieces, at, body_end, *end, out);
}

static enum und_code run_action(struct template *template, const struct piece *piece, FILE *out)
{
    static const char *const refused[] = {"define", "template", "block",   "end",
                                          "else",   "break",    "continue"};
    struct thing value;
    int n;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (keyword(piece, refused[i]))
            return template_fail(template, "unexpected {{%s}}", refused[i]);
    }
    if (value_of(template, piece->at, piece->end, &value, &n))
        return UND_USAGE;
    if (n == 0)
        fputs(thing_text(template, &value), out);
    return UND_OK;
}

static enum und_code run(struct template *template, const struct pieces *pieces, int from, int to,
                         FILE *out)
{
    enum und_code code = UND_OK;
    if (template->depth++ == TEMPLATE_DEPTH)
        return template_fail(template, "nested more than %d deep", TEMPLATE_DEPTH);
    for (int i = from; i < to && code == UND_OK; i++) {
        const struct piece *piece = &pieces->list[i];
        if (--template->left < 0)
            return template_fail(template, "given up: more than %d steps", STEPS);
        if (!piece->action)
            fwrite(piece->at, 1, (size_t)(piece->end - piece->at), out);
        else if (opens(piece))
            code = run_block(template, pieces, i, &i, out);
        else
            code = run_action(template, piece, out);
    }
    template->depth--;
    return code;
}

static void define(struct template *template, const char *name, struct thing value)
{
    set_variable(template, name, strlen(name), &value, true);
}

char *go_template_expand(const char *text, const struct template_data *data, struct und_err *err)
{
    struct template *template = calloc(1, sizeof *template);
    struct pieces pieces = {NULL, 0};
    char *result = NULL;
    size_t size;
    FILE *out = open_memstream(&result, &size);
    enum und_code code;
    UND_ASSERT(template != NULL && out != NULL);
    template->data = data;
    template->arena = arena_open();
    template->err = err;
    template->left = STEPS;
    template->dot = (struct thing){.kind = THING_DATA};
    define(template, "labels", (struct thing){.kind = THING_LABELS, .labels = data->labels});
    define(template, "externalLabels",
           (struct thing){.kind = THING_LABELS, .labels = data->external_labels});
    define(template, "externalURL", thing_of_text(data->external_url));
    define(template, "value", thing_of_number(data->value));
    code = split(template, text, &pieces);
    if (code == UND_OK)
        code = run(template, &pieces, 0, pieces.n, out);
    fclose(out);
    arena_close(template->arena);
    free(template);
    if (code == UND_OK)
        return result;
    free(result);
    return NULL;
}
