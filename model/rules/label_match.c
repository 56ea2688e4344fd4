#include "label_match.h"

#include "model/base/assert.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool label_matchers_add(struct label_matchers *matchers, const char *name, enum promql_match match,
                        const char *value, char why[REGEX_WHY])
{
    struct label_matcher *matcher;
    struct regex *regex = NULL;
    why[0] = '\0';
    if (match == PROMQL_LIKE || match == PROMQL_NOT_LIKE) {
        regex = regex_open(value, false, why);
        if (!regex)
            return false;
    }
    matchers->list = realloc(matchers->list, ((size_t)matchers->n + 1) * sizeof *matchers->list);
    UND_ASSERT(matchers->list != NULL);
    matcher = &matchers->list[matchers->n++];
    *matcher = (struct label_matcher){
        .name = strdup(name), .value = strdup(value), .regex = regex, .match = match};
    UND_ASSERT(matcher->name && matcher->value);
    return true;
}

void label_matchers_fini(struct label_matchers *matchers)
{
    for (int i = 0; i < matchers->n; i++) {
        free(matchers->list[i].name);
        free(matchers->list[i].value);
        regex_close(matchers->list[i].regex);
    }
    free(matchers->list);
    *matchers = (struct label_matchers){0};
}

/* --- matching -------------------------------------------------------------------------------- */

bool label_matches(const struct label_matcher *matcher, const char *value)
{
    return promql_match_holds(matcher->match, matcher->value, matcher->regex, value);
}

bool label_matchers_hold(const struct label_matchers *matchers, const json_t *labels)
{
    for (int i = 0; i < matchers->n; i++) {
        const char *value = json_string_value(json_object_get(labels, matchers->list[i].name));
        if (!label_matches(&matchers->list[i], value ? value : ""))
            return false;
    }
    return true;
}

bool label_names_host(const char *label)
{
    static const char *const names[] = {"instance", "host",   "hostname", "nodename",
                                        "node",     "runner", "target",   NULL};
    for (int i = 0; names[i]; i++) {
        if (strcmp(label, names[i]) == 0)
            return true;
    }
    return false;
}

bool label_matches_host(const struct label_matcher *matcher, const struct host *host)
{
    bool negative = matcher->match == PROMQL_IS_NOT || matcher->match == PROMQL_NOT_LIKE;
    char address[sizeof host->probe];
    const char *port = strrchr(host->probe, ':');
    const char *identities[] = {host->name, host->probe, address};
    snprintf(address, sizeof address, "%.*s",
             port ? (int)(port - host->probe) : (int)strlen(host->probe), host->probe);
    for (int i = 0; i < (host->probe[0] ? 3 : 1); i++) {
        if (label_matches(matcher, identities[i]) != negative)
            return !negative;
    }
    return negative;
}

const char *label_match_sign(enum promql_match match)
{
    static const char *const signs[] = {
        [PROMQL_IS] = "=", [PROMQL_IS_NOT] = "!=", [PROMQL_LIKE] = "=~", [PROMQL_NOT_LIKE] = "!~"};
    return signs[match];
}

/* --- reading --------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

static bool refuse(char why[REGEX_WHY], const char *text)
{
    snprintf(why, REGEX_WHY, "%s", text);
    return false;
}

/* In quotes, with the escapes \" \\ \n; *text ends up behind it. */
static char *read_quoted(const char **text, char why[REGEX_WHY])
{
    const char *from = *text + 1;
    char *value = calloc(strlen(from) + 1, 1), *to = value;
    UND_ASSERT(value != NULL);
    for (; *from && *from != '"'; from++) {
        if (*from == '\\' && (from[1] == '"' || from[1] == '\\')) {
            *to++ = *++from;
        } else if (*from == '\\' && from[1] == 'n') {
            *to++ = '\n';
            from++;
        } else {
            *to++ = *from;
        }
    }
    if (*from != '"') {
        free(value);
        refuse(why, "a quote that does not end");
        return NULL;
    }
    *text = from + 1;
    return value;
}

static char *take(const char *from, size_t n)
{
    char *text = strndup(from, n);
    UND_ASSERT(text != NULL);
    return text;
}

static char *read_name(const char **text, char why[REGEX_WHY])
{
    size_t n;
    char *name;
    if (**text == '"')
        return read_quoted(text, why);
    n = strcspn(*text, "{}!=~,\\\"'` \t\r\n");
    if (n == 0) {
        refuse(why, "want a matcher such as a=\"b\"");
        return NULL;
    }
    name = take(*text, n);
    *text += n;
    return name;
}

/* Up to a comma that is outside of quotes; a plain value may hold blanks, but no quote. */
static char *read_value(const char **text, char why[REGEX_WHY])
{
    size_t n;
    const char *from = *text;
    if (*from == '"')
        return read_quoted(text, why);
    n = strcspn(from, ",");
    *text += n;
    while (n > 0 && isspace((unsigned char)from[n - 1]))
        n--;
    if (memchr(from, '"', n)) {
        refuse(why, "a quote inside a plain value");
        return NULL;
    }
    return take(from, n);
}

static bool read_sign(const char **text, enum promql_match *match)
{
    static const enum promql_match longest_first[] = {PROMQL_LIKE, PROMQL_NOT_LIKE, PROMQL_IS_NOT,
                                                      PROMQL_IS};
    *text = skip_blanks(*text);
    for (int i = 0; i < 4; i++) {
        const char *sign = label_match_sign(longest_first[i]);
        if (strncmp(*text, sign, strlen(sign)) == 0) {
            *match = longest_first[i];
            *text = skip_blanks(*text + strlen(sign));
            return true;
        }
    }
    return false;
}

static bool read_one(struct label_matchers *matchers, const char **text, char why[REGEX_WHY])
{
    enum promql_match match = PROMQL_IS;
    char *name = read_name(text, why), *value = NULL;
    bool read = false;
    if (name && !read_sign(text, &match))
        refuse(why, "want =, !=, =~ or !~ after the label's name");
    else if (name)
        value = read_value(text, why);
    if (value)
        read = label_matchers_add(matchers, name, match, value, why);
    free(name);
    free(value);
    return read;
}

bool label_matchers_read(struct label_matchers *matchers, const char *text, char why[REGEX_WHY])
{
    const char *start = skip_blanks(text);
    size_t n = strlen(start);
    char *inner;
    const char *at;
    bool good = true;
    why[0] = '\0';
    while (n > 0 && isspace((unsigned char)start[n - 1]))
        n--;
    if (n > 0 && *start == '{') { /* Alertmanager takes either brace alone */
        start++;
        n--;
    }
    n -= n > 0 && start[n - 1] == '}';
    inner = take(start, n);
    at = skip_blanks(inner);
    while (good && *at) {
        good = read_one(matchers, &at, why);
        at = skip_blanks(at);
        if (good && *at && *at != ',')
            good = refuse(why, "want a comma between two matchers");
        at = skip_blanks(at + (*at == ','));
    }
    free(inner);
    return good;
}
