#include "promql_starts.h"

#include "promql_expect.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MARK "@st"

static const char *find_mark(const char *line)
{
    const char *at = strstr(line, MARK);
    return at && isspace((unsigned char)at[strlen(MARK)]) ? at : NULL;
}

bool promql_starts_is(const char *line)
{
    return find_mark(line) != NULL;
}

/* "-1m", "+30s" or "0". */
static bool read_time(const char **at, int64_t *ms)
{
    char word[40];
    size_t sign = **at == '-' || **at == '+';
    size_t n = sign + strspn(*at + sign, "0123456789.mshdwy");
    if (n == sign || n >= sizeof word)
        return false;
    snprintf(word, sizeof word, "%.*s", (int)n, *at);
    *at += n;
    return script_time(word + (word[0] == '+'), ms);
}

/* One word: `n` times from `first`, each `step` after the other. */
struct times {
    bool there;
    int64_t first, step;
    long n;
};

static bool read_word(const char *at, struct times *times)
{
    char *end;
    *times = (struct times){.there = *at != '_', .n = 1};
    if (!times->there)
        at++;
    else if (!read_time(&at, &times->first) ||
             ((*at == '-' || *at == '+') && !read_time(&at, &times->step)))
        return false;
    if (*at == 'x') {
        times->n = strtol(at + 1, &end, 10) + times->there;
        at = end == at + 1 ? at : end;
    }
    return *at == '\0' && times->n <= NOTATION_VALUES;
}

static void set(struct store *store, int series, int64_t t_ms, int64_t relative_ms)
{
    for (int i = 0; i < store->series[series].n; i++) {
        if (store->series[series].points[i].t_ms == t_ms)
            store_set_start(store, series, i, t_ms + relative_ms);
    }
}

enum und_code promql_starts_set(struct store *store, const char *line, enum promql_version version,
                                int64_t step_ms, struct und_err *err)
{
    const char *mark = find_mark(line);
    char *text = strdup(line), *rest = text + (mark - line) + strlen(MARK), *word;
    enum und_code code;
    struct labels *labels;
    int64_t t_ms = 0;
    int series;
    text[mark - line] = '\0';
    code = notation_labels(store->pool, text, version, &labels, err);
    series = code ? 0 : store_series(store, labels);
    while (!code && (word = script_word(&rest))) {
        struct times times;
        if (!read_word(word, &times))
            code = und_fail(err, UND_USAGE, "got '%s', want a time before the sample's", word);
        for (long i = 0; !code && i < times.n; i++, t_ms += step_ms) {
            if (times.there)
                set(store, series, t_ms, times.first + i * times.step);
        }
    }
    free(text);
    return code;
}
