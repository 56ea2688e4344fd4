#include "go_template_internal.h"

#include "model/promql/gomath.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void template_blanks(const char **at, const char *end)
{
    while (*at < end && isspace((unsigned char)**at))
        ++*at;
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t name_length(const char *at, const char *end)
{
    size_t n = 0;
    while (at + n < end && in_name(at[n]))
        n++;
    return n;
}

/* --- fields ---------------------------------------------------------------------------------- */

static bool is_word(const char *at, size_t n, const char *word)
{
    return strlen(word) == n && strncmp(at, word, n) == 0;
}

static const char *label_of(struct template *template, const struct labels *labels,
                            const char *name, size_t n)
{
    return labels ? labels_get(labels, arena_text(template->arena, name, n)) : "";
}

static enum und_code field(struct template *template, struct thing *thing, const char *name,
                           size_t n)
{
    const struct template_data *data = template->data;
    if (thing->kind == THING_LABELS) {
        *thing = thing_of_text(label_of(template, thing->labels, name, n));
    } else if (thing->kind == THING_SAMPLE && is_word(name, n, "Value")) {
        *thing = thing_of_number(thing->samples->value);
    } else if (thing->kind == THING_SAMPLE && is_word(name, n, "Labels")) {
        *thing = (struct thing){.kind = THING_LABELS, .labels = thing->samples->labels};
    } else if (thing->kind == THING_DATA && is_word(name, n, "Value")) {
        *thing = thing_of_number(data->value);
    } else if (thing->kind == THING_DATA && is_word(name, n, "Labels")) {
        *thing = (struct thing){.kind = THING_LABELS, .labels = data->labels};
    } else if (thing->kind == THING_DATA && is_word(name, n, "ExternalLabels")) {
        *thing = (struct thing){.kind = THING_LABELS, .labels = data->external_labels};
    } else if (thing->kind == THING_DATA && is_word(name, n, "ExternalURL")) {
        *thing = thing_of_text(data->external_url);
    } else {
        return template_fail(template, "can't evaluate field %.*s", (int)(n < 60 ? n : 60), name);
    }
    return UND_OK;
}

static enum und_code fields(struct template *template, const char **at, const char *end,
                            struct thing *out)
{
    while (*at + 1 < end && **at == '.' && in_name((*at)[1])) {
        size_t n = name_length(*at + 1, end);
        if (field(template, out, *at + 1, n))
            return UND_USAGE;
        *at += 1 + n;
    }
    return UND_OK;
}

/* --- operands -------------------------------------------------------------------------------- */

static enum und_code quoted(struct template *template, const char **at, const char *end,
                            struct thing *out)
{
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    char quote = *(*at)++, *text = arena_take(template->arena, (size_t)(end - *at) + 1);
    size_t n = 0;
    while (*at < end && **at != quote) {
        char c = *(*at)++;
        if (c == '\\' && quote == '"' && *at < end) {
            const char *found = strchr(from, **at);
            c = found ? to[found - from] : **at;
            ++*at;
        }
        text[n++] = c;
    }
    if (*at == end)
        return template_fail(template, "unterminated quoted string");
    ++*at;
    *out = thing_of_text(text);
    return UND_OK;
}

static enum und_code variable(struct template *template, const char **at, const char *end,
                              struct thing *out)
{
    size_t n = name_length(*at + 1, end);
    for (int i = template->n_variables - 1; i >= 0; i--) {
        const struct variable *variable = &template->variables[i];
        if (variable->length == n && strncmp(variable->name, *at + 1, n) == 0) {
            *out = variable->value;
            *at += 1 + n;
            return fields(template, at, end, out);
        }
    }
    if (n == 0) {
        *out = (struct thing){.kind = THING_DATA};
        ++*at;
        return fields(template, at, end, out);
    }
    return template_fail(template, "undefined variable \"$%.*s\"", (int)(n < 60 ? n : 60), *at + 1);
}

static enum und_code number(struct template *template, const char **at, const char *end,
                            struct thing *out)
{
    size_t n = **at == '-' || **at == '+' ? 1 : 0;
    const char *text;
    while (*at + n < end && (in_name((*at)[n]) || (*at)[n] == '.' ||
                             (n > 1 && strchr("+-", (*at)[n]) && strchr("eE", (*at)[n - 1]))))
        n++;
    text = arena_text(template->arena, *at, n);
    if (!go_parse(text, &out->number))
        return template_fail(template, "bad number syntax: \"%.40s\"", text);
    out->kind = strpbrk(text, ".eE") && !strpbrk(text, "xX") ? THING_NUMBER : THING_INT;
    *at += n;
    return UND_OK;
}

static enum und_code bracketed(struct template *template, const char **at, const char *end,
                               struct thing *out)
{
    enum und_code code;
    if (template->depth++ == TEMPLATE_DEPTH)
        return template_fail(template, "nested more than %d deep", TEMPLATE_DEPTH);
    ++*at;
    code = template_pipeline(template, at, end, out);
    template->depth--;
    if (code != UND_OK)
        return code;
    template_blanks(at, end);
    if (*at == end || **at != ')')
        return template_fail(template, "unclosed left paren");
    ++*at;
    return fields(template, at, end, out);
}

/* One operand that is no function. */
static enum und_code operand(struct template *template, const char **at, const char *end,
                             struct thing *out)
{
    *out = (struct thing){.kind = THING_NONE};
    if (**at == '(')
        return bracketed(template, at, end, out);
    if (**at == '"' || **at == '`')
        return quoted(template, at, end, out);
    if (**at == '$')
        return variable(template, at, end, out);
    if (**at == '.' && (*at + 1 == end || !isdigit((unsigned char)(*at)[1]))) {
        *out = template->dot;
        if (*at + 1 < end && in_name((*at)[1]))
            return fields(template, at, end, out);
        ++*at;
        return UND_OK;
    }
    if (isdigit((unsigned char)**at) || strchr("+-.", **at))
        return number(template, at, end, out);
    return template_fail(template, "unexpected \"%c\" in operand", **at);
}

static bool is_constant(const char *at, size_t n, struct thing *out)
{
    *out = (struct thing){.kind = THING_BOOL, .number = is_word(at, n, "true")};
    if (is_word(at, n, "nil"))
        out->kind = THING_NONE;
    return is_word(at, n, "true") || is_word(at, n, "false") || is_word(at, n, "nil");
}

static bool ends_command(const char *at, const char *end)
{
    return at == end || *at == '|' || *at == ')';
}

/* A function with its arguments, or a value; `last` is what a pipe gives it. */
static enum und_code command(struct template *template, const char **at, const char *end,
                             const struct thing *last, struct thing *out)
{
    struct thing args[TEMPLATE_ARGS];
    const char *name;
    size_t length;
    int n = 0;
    template_blanks(at, end);
    if (ends_command(*at, end))
        return template_fail(template, "missing value for command");
    name = *at;
    length = isalpha((unsigned char)*name) ? name_length(name, end) : 0;
    if (length > 0 && is_constant(name, length, out)) {
        *at += length;
        return UND_OK;
    }
    if (length == 0)
        return last ? template_fail(template, "can't give an argument to a value")
                    : operand(template, at, end, out);
    if (!template_is_function(name, length))
        return template_fail(template, "function \"%.*s\" not defined",
                             (int)(length < 60 ? length : 60), name);
    *at += length;
    for (template_blanks(at, end); !ends_command(*at, end); template_blanks(at, end)) {
        size_t word = isalpha((unsigned char)**at) ? name_length(*at, end) : 0;
        if (n == TEMPLATE_ARGS - 1)
            return template_fail(template, "too many arguments");
        if (word > 0 && is_constant(*at, word, &args[n])) {
            *at += word;
        } else if (word > 0) { /* a function without arguments */
            if (template_call(template, *at, word, NULL, 0, &args[n]))
                return UND_USAGE;
            *at += word;
        } else if (operand(template, at, end, &args[n])) {
            return UND_USAGE;
        }
        n++;
    }
    if (last)
        args[n++] = *last;
    return template_call(template, name, length, args, n, out);
}

enum und_code template_pipeline(struct template *template, const char **at, const char *end,
                                struct thing *out)
{
    struct thing before, *last = NULL;
    for (;;) {
        if (command(template, at, end, last, out))
            return UND_USAGE;
        template_blanks(at, end);
        if (*at == end || **at == ')')
            return UND_OK;
        if (**at != '|')
            return template_fail(template, "unexpected \"%c\" in command", **at);
        ++*at;
        before = *out;
        last = &before;
    }
}
