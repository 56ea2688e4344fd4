#include "label_match.h"

#include "model/base/regex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool label_matcher_valid(const struct label_matcher *matcher)
{
    char why[REGEX_WHY];
    struct regex *regex;
    if (matcher->match == PROMQL_IS || matcher->match == PROMQL_IS_NOT)
        return true;
    regex = regex_open(matcher->value, false, why);
    regex_close(regex);
    return regex != NULL;
}

static bool is_like(const struct label_matcher *matcher, const char *value)
{
    char why[REGEX_WHY];
    struct regex *regex = regex_open(matcher->value, false, why);
    bool like = regex && regex_matches(regex, value);
    regex_close(regex);
    return like;
}

bool label_matches(const struct label_matcher *matcher, const char *value)
{
    switch (matcher->match) {
    case PROMQL_IS:
        return strcmp(matcher->value, value) == 0;
    case PROMQL_IS_NOT:
        return strcmp(matcher->value, value) != 0;
    case PROMQL_LIKE:
        return is_like(matcher, value);
    case PROMQL_NOT_LIKE:
        break;
    }
    return !is_like(matcher, value);
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

static const char *skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

bool label_matcher_read(const char *text, struct label_matcher *matcher)
{
    static const char *const signs[] = {"=~", "!~", "!=", "="};
    static const enum promql_match matches[] = {PROMQL_LIKE, PROMQL_NOT_LIKE, PROMQL_IS_NOT,
                                                PROMQL_IS};
    size_t n = 0;
    int i = 0;
    text = skip_blanks(text);
    while (isalnum((unsigned char)text[n]) || text[n] == '_')
        n++;
    if (n == 0 || n >= sizeof matcher->name || isdigit((unsigned char)*text))
        return false;
    snprintf(matcher->name, sizeof matcher->name, "%.*s", (int)n, text);
    text = skip_blanks(text + n);
    while (i < 4 && strncmp(text, signs[i], strlen(signs[i])) != 0)
        i++;
    if (i == 4)
        return false;
    matcher->match = matches[i];
    text = skip_blanks(text + strlen(signs[i]));
    n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    if (*text == '"') {
        if (n < 2 || text[n - 1] != '"')
            return false;
        text++;
        n -= 2;
    }
    if (n >= sizeof matcher->value || memchr(text, '"', n))
        return false;
    snprintf(matcher->value, sizeof matcher->value, "%.*s", (int)n, text);
    return true;
}
