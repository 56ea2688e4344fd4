#include "regex.h"

#include "assert.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HIGHEST_COUNT 1000 /* of {n,m}, in RE2 */

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

/* --- what RE2 does not have ------------------------------------------------------------------ */

static bool refuse(char why[REGEX_WHY], const char *what, const char *at)
{
    snprintf(why, REGEX_WHY, "%s: '%.40s'", what, at);
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* `\` and what follows; *end is behind it. */
static bool check_escape(const char *at, bool in_class, const char **end, char why[REGEX_WHY])
{
    static const char letters[] = "aftnrvdDsSwWxpPQ", outside[] = "bBAz";
    char c = at[1];
    *end = at + 2;
    if (c == '\0')
        return refuse(why, "a backslash at the end", at);
    if (is_digit(c) && c != '0' && (c > '7' || at[2] < '0' || at[2] > '7'))
        return refuse(why, "back-references are not in RE2", at);
    if (is_letter(c) && !strchr(letters, c) && (in_class || !strchr(outside, c)))
        return refuse(why, "no such escape in RE2", at);
    if (c == 'Q') { /* literal up to \E */
        const char *close = strstr(at + 2, "\\E");
        *end = close ? close + 2 : at + strlen(at);
    }
    return true;
}

/* `(?` and what follows. */
static bool check_group(const char *at, char why[REGEX_WHY])
{
    const char *flags = at + 2;
    if (flags[0] == 'P' && flags[1] == '<')
        return true;
    if (flags[0] == '<' && is_letter(flags[1]))
        return true; /* named, as of Go 1.22 */
    flags += strspn(flags, "imsU");
    if (*flags == '-')
        flags += 1 + strspn(flags + 1, "imsU");
    if (*flags == ':' || (*flags == ')' && flags > at + 2))
        return true;
    return refuse(why, "no such group in RE2 (look-around, atomic, conditional ...)", at);
}

/* A repetition: `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`; its length, 0 if it is none. */
static size_t repetition(const char *at, char why[REGEX_WHY])
{
    char *end;
    unsigned long low, high;
    if (*at == '*' || *at == '+' || *at == '?')
        return 1;
    if (*at != '{' || !is_digit(at[1]))
        return 0;
    low = high = strtoul(at + 1, &end, 10);
    if (*end == ',') {
        high = is_digit(end[1]) ? strtoul(end + 1, &end, 10) : low;
        end += *end == ',';
    }
    if (*end != '}')
        return 0;
    if (low > HIGHEST_COUNT || high > HIGHEST_COUNT || low > high)
        refuse(why, "a repeat count out of 0..1000", at);
    return (size_t)(end - at) + 1;
}

/* After a repetition only `?` may follow: `a**` and the possessive `a++` are errors. */
static bool check_repetition(const char *at, const char **end, char why[REGEX_WHY])
{
    size_t n = repetition(at, why);
    *end = at + n + (n > 0 && at[n] == '?');
    if (why[0])
        return false;
    if (n > 0 && repetition(*end, why) > 0)
        return refuse(why, "a repetition of a repetition", at);
    return true;
}

static const char *class_end(const char *at, char why[REGEX_WHY])
{
    const char *c = at + 1;
    c += *c == '^';
    c += *c == ']';
    while (*c && *c != ']') {
        if (*c == '[' && c[1] == ':' && strstr(c + 2, ":]")) {
            c = strstr(c + 2, ":]") + 2;
        } else if (*c == '\\') {
            if (!check_escape(c, true, &c, why))
                return NULL;
        } else {
            c++;
        }
    }
    if (*c == '\0') {
        refuse(why, "a class that does not end", at);
        return NULL;
    }
    return c + 1;
}

static bool check(const char *pattern, char why[REGEX_WHY])
{
    const char *at = pattern;
    while (*at) {
        if (*at == '\\') {
            if (!check_escape(at, false, &at, why))
                return false;
        } else if (*at == '[') {
            if ((at = class_end(at, why)) == NULL)
                return false;
        } else if (*at == '(' && at[1] == '?') {
            if (!check_group(at, why))
                return false;
            at += 2;
            continue; /* what follows is no repetition */
        } else if (*at == '(' && at[1] == '*') {
            return refuse(why, "a repetition of nothing", at);
        } else {
            at++;
        }
        if (!check_repetition(at, &at, why))
            return false;
    }
    return true;
}

/* --- PCRE2 ----------------------------------------------------------------------------------- */

struct regex *regex_open(const char *pattern, bool dot_all, char why[REGEX_WHY])
{
    uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
                       PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES | (dot_all ? PCRE2_DOTALL : 0u);
    struct regex *regex;
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code;
    why[0] = '\0';
    if (strlen(pattern) > REGEX_BYTES) {
        snprintf(why, REGEX_WHY, "longer than %d bytes", REGEX_BYTES);
        return NULL;
    }
    if (!check(pattern, why))
        return NULL;
    code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);
    if (code == NULL) {
        PCRE2_UCHAR text[REGEX_WHY];
        pcre2_get_error_message(error, text, sizeof text);
        snprintf(why, REGEX_WHY, "%.*s", REGEX_WHY - 1, (const char *)text);
        return NULL;
    }
    regex = calloc(1, sizeof *regex);
    UND_ASSERT(regex != NULL);
    regex->code = code;
    regex->limits = pcre2_match_context_create(NULL);
    UND_ASSERT(regex->limits != NULL);
    pcre2_set_match_limit(regex->limits, REGEX_MATCH_LIMIT);
    return regex;
}

void regex_close(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    free(regex);
}

int regex_groups(const struct regex *regex, const char *text, size_t *bounds, int n)
{
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(regex->code, NULL);
    int found;
    UND_ASSERT(match != NULL);
    found = pcre2_match(regex->code, (PCRE2_SPTR)text, strlen(text), 0, 0, match, regex->limits);
    if (found > 0) {
        const PCRE2_SIZE *all = pcre2_get_ovector_pointer(match);
        int groups = (int)pcre2_get_ovector_count(match);
        for (int i = 0; i < 2 * n; i++)
            bounds[i] = i < 2 * groups ? all[i] : SIZE_MAX;
        found = groups;
    }
    pcre2_match_data_free(match);
    return found > 0 ? found : -1;
}

bool regex_matches(const struct regex *regex, const char *text)
{
    return regex_groups(regex, text, NULL, 0) > 0;
}

int regex_group_number(const struct regex *regex, const char *name)
{
    int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)name);
    return number > 0 ? number : -1;
}
