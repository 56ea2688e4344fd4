#define PCRE2_CODE_UNIT_WIDTH 8
#include "regex_internal.h"

#include "assert.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_MOST 20000 /* KiB */
#define WORKSPACE 20000 /* of the matcher that does not backtrack */

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    struct regex_names names;
};

void regex_name(struct regex_names *names, const char *name, size_t length)
{
    if ((names->n & (names->n - 1)) == 0) {
        names->names =
            realloc(names->names, (size_t)(names->n ? 2 * names->n : 1) * sizeof *names->names);
        UND_ASSERT(names->names != NULL);
    }
    names->names[names->n++] = strndup(name, length);
}

void regex_close(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    pcre2_match_context_free(regex->limits);
    for (int i = 0; i < regex->names.n; i++)
        free(regex->names.names[i]);
    free(regex->names.names);
    free(regex);
}

static pcre2_code *compile(const char *pattern, bool dot_all, char why[REGEX_WHY])
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY |
                       PCRE2_ALT_CIRCUMFLEX | (dot_all ? PCRE2_DOTALL : 0);
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    PCRE2_UCHAR message[100];
    PCRE2_SIZE at;
    pcre2_code *code;
    int error;
    UND_ASSERT(context != NULL);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, 1000);
    code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &at, context);
    pcre2_compile_context_free(context);
    if (!code) {
        pcre2_get_error_message(error, message, sizeof message);
        snprintf(why, REGEX_WHY, "%s", (const char *)message);
    }
    return code;
}

struct regex *regex_open(const char *pattern, bool dot_all, char why[REGEX_WHY])
{
    struct regex *regex = calloc(1, sizeof *regex);
    char *translated;
    UND_ASSERT(regex != NULL);
    if (strlen(pattern) > REGEX_BYTES) {
        snprintf(why, REGEX_WHY, "a regular expression of over %d bytes", REGEX_BYTES);
        regex_close(regex);
        return NULL;
    }
    translated = regex_syntax(pattern, dot_all, &regex->names, why);
    if (translated)
        regex->code = compile(translated, dot_all, why);
    free(translated);
    if (!regex->code) {
        regex_close(regex);
        return NULL;
    }
    regex->limits = pcre2_match_context_create(NULL);
    UND_ASSERT(regex->limits != NULL);
    pcre2_set_match_limit(regex->limits, REGEX_MATCH_LIMIT);
    pcre2_set_heap_limit(regex->limits, HEAP_MOST);
    return regex;
}

/* What a match found is the caller's, so that threads can share expressions. */
static pcre2_match_data *found_in(const struct regex *regex)
{
    pcre2_match_data *found = pcre2_match_data_create_from_pattern(regex->code, NULL);
    UND_ASSERT(found != NULL);
    return found;
}

/* The other matcher: no captures, no backtracking. */
static bool matches_slowly(const struct regex *regex, const char *text, size_t length,
                           pcre2_match_data *found)
{
    int *workspace = malloc(WORKSPACE * sizeof *workspace);
    int n;
    UND_ASSERT(workspace != NULL);
    n = pcre2_dfa_match(regex->code, (PCRE2_SPTR)text, length, 0,
                        PCRE2_ANCHORED | PCRE2_ENDANCHORED, found, regex->limits, workspace,
                        WORKSPACE);
    free(workspace);
    return n >= 0;
}

static int match(const struct regex *regex, const char *text, size_t length, size_t from,
                 uint32_t options, pcre2_match_data *found)
{
    return pcre2_match(regex->code, (PCRE2_SPTR)text, length, from, options, found, regex->limits);
}

bool regex_matches(const struct regex *regex, const char *text)
{
    size_t length = strlen(text);
    pcre2_match_data *found = found_in(regex);
    int n = match(regex, text, length, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, found);
    bool matches = n >= 0;
    if (n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_HEAPLIMIT || n == PCRE2_ERROR_DEPTHLIMIT)
        matches = matches_slowly(regex, text, length, found);
    pcre2_match_data_free(found);
    return matches;
}

/* --- replacements ---------------------------------------------------------------------------- */

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The name behind a '$'; NULL if the '$' is plain text. */
static const char *template_name(const char *at, size_t *length, const char **rest)
{
    const char *name = at + (*at == '{');
    *length = 0;
    while (in_name(name[*length]))
        ++*length;
    if (*length == 0 || (*at == '{' && name[*length] != '}'))
        return NULL;
    *rest = name + *length + (*at == '{');
    return name;
}

static int group_of(const struct regex *regex, const char *name, size_t length)
{
    int n = 0;
    size_t i = 0;
    for (; i < length && isdigit((unsigned char)name[i]) && n < 100000000; i++)
        n = n * 10 + (name[i] - '0');
    if (i == length && !(name[0] == '0' && length > 1))
        return n;
    for (int group = 0; group < regex->names.n; group++) {
        if (strlen(regex->names.names[group]) == length &&
            memcmp(regex->names.names[group], name, length) == 0)
            return group + 1;
    }
    return -1;
}

/* Writes the template with the groups of the last match filled in. */
static void expand(const struct regex *regex, pcre2_match_data *found, const char *text,
                   const char *template, FILE *out)
{
    const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(found);
    int groups = (int)pcre2_get_ovector_count(found);
    while (*template) {
        size_t n = strcspn(template, "$"), length;
        const char *name, *rest;
        int group;
        fwrite(template, 1, n, out);
        template += n;
        if (*template == '\0')
            break;
        template ++;
        name = *template == '$' ? NULL : template_name(template, &length, &rest);
        if (!name) {
            fputc('$', out);
            template += *template == '$';
            continue;
        }
        template = rest;
        group = group_of(regex, name, length);
        if (group >= 0 && group < groups && spans[2 * group] != PCRE2_UNSET)
            fwrite(text + spans[2 * group], 1, spans[2 * group + 1] - spans[2 * group], out);
    }
}

bool regex_expand(const struct regex *regex, const char *text, const char *replacement, char **out)
{
    pcre2_match_data *found = found_in(regex);
    int n = match(regex, text, strlen(text), 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, found);
    *out = NULL;
    if (n >= 0) {
        size_t size;
        FILE *stream = open_memstream(out, &size);
        UND_ASSERT(stream != NULL);
        expand(regex, found, text, replacement, stream);
        fclose(stream);
    }
    pcre2_match_data_free(found);
    return n >= 0;
}

/* Writes what stands between two empty matches; the place behind it. */
static size_t copy_character(const char *text, size_t at, FILE *stream)
{
    do
        fputc(text[at++], stream);
    while (((unsigned char)text[at] & 0xc0) == 0x80);
    return at;
}

char *regex_replace_all(const struct regex *regex, const char *text, const char *replacement)
{
    size_t length = strlen(text), at = 0, size, last = (size_t)-1;
    char *out = NULL;
    FILE *stream = open_memstream(&out, &size);
    pcre2_match_data *found = found_in(regex);
    UND_ASSERT(stream != NULL);
    while (at <= length && match(regex, text, length, at, 0, found) >= 0) {
        const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(found);
        size_t from = spans[0], to = spans[1];
        fwrite(text + at, 1, from - at, stream);
        if (from != to || from != last)
            expand(regex, found, text, replacement, stream);
        last = at = to;
        if (from == to && at == length)
            break;
        if (from == to)
            at = copy_character(text, at, stream);
    }
    if (at < length)
        fwrite(text + at, 1, length - at, stream);
    fclose(stream);
    pcre2_match_data_free(found);
    return out;
}
