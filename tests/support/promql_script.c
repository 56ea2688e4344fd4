#include "promql_script_internal.h"

#include "model/promql/gomath.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void promql_script_failure(struct script *script, int line, const char *format, ...)
{
    va_list args;
    script->result->failed++;
    fprintf(script->out, "%s:%d: ", script->name, line + 1);
    va_start(args, format);
    vfprintf(script->out, format, args);
    va_end(args);
    fputc('\n', script->out);
}

/* "5m", "90", "1h30m" and "-5m" in milliseconds. */
static bool read_time(const char *text, int64_t *ms)
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

/* The next word, ended in place; NULL at the end. */
static char *word(char **at)
{
    char *start = *at + strspn(*at, " \t");
    if (*start == '\0')
        return NULL;
    *at = start + strcspn(start, " \t");
    if (**at)
        *(*at)++ = '\0';
    return start;
}

static bool next_line(struct script *script)
{
    return script->at + 1 < script->n && script->lines[script->at + 1][0] != '\0';
}

/* --- load ------------------------------------------------------------------------------------ */

/* Where the series of a load begin: a second line for one of them replaces the first. */
struct loaded {
    int series[EXPECTED], before[EXPECTED];
    int n;
};

static int begin_series(struct script *script, struct loaded *loaded, struct labels *labels)
{
    int series = store_series(script->store, labels), i = 0;
    while (i < loaded->n && loaded->series[i] != series)
        i++;
    if (i < loaded->n) {
        script->store->series[series].n = loaded->before[i];
    } else if (loaded->n < EXPECTED) {
        loaded->series[loaded->n] = series;
        loaded->before[loaded->n++] = script->store->series[series].n;
    }
    return series;
}

static void load_line(struct script *script, struct loaded *loaded, const char *line,
                      int64_t step_ms)
{
    struct notation notation;
    struct und_err err = {0};
    if (notation_read(&notation, script->store->pool, line, script->version, &err)) {
        promql_script_failure(script, script->at, "%s", err.text);
    } else {
        int series = begin_series(script, loaded, notation.labels);
        for (int i = 0; i < notation.n; i++) {
            if (notation.values[i].there &&
                !store_append(script->store, series, i * step_ms, notation.values[i].value)) {
                promql_script_failure(script, script->at,
                                      "a sample that is older than the series' last");
                break;
            }
        }
    }
    notation_fini(&notation);
}

static void load(struct script *script, char *rest)
{
    char *step = word(&rest);
    struct loaded loaded = {.n = 0};
    int64_t step_ms = 0;
    if (!step || !read_time(step, &step_ms))
        promql_script_failure(script, script->at, "load without an interval");
    while (next_line(script)) {
        script->at++;
        load_line(script, &loaded, script->lines[script->at], step_ms);
    }
}

/* --- what is expected ------------------------------------------------------------------------ */

static char *unquoted(char *text)
{
    size_t n = strlen(text);
    if (n >= 2 && (text[0] == '"' || text[0] == '\'' || text[0] == '`') && text[n - 1] == text[0]) {
        text[n - 1] = '\0';
        return text + 1;
    }
    return text;
}

/* A text as PromQL writes it; it stays until the next one. */
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

static bool read_expect(struct expected *expected, char *rest)
{
    char *kind = word(&rest), *match;
    if (!kind)
        return false;
    if (strcmp(kind, "ordered") == 0) {
        expected->ordered = true;
    } else if (strcmp(kind, "string") == 0) {
        expected->has_text = true;
        expected->text = literal(rest + strspn(rest, " \t"));
    } else if (strcmp(kind, "range") == 0) {
        char *words[7];
        for (int i = 0; i < 7; i++) {
            words[i] = word(&rest);
            if (!words[i])
                return false;
        }
        expected->range_vector = true;
        return read_time(words[2], &expected->start_ms) && read_time(words[4], &expected->end_ms) &&
               read_time(words[6], &expected->step_ms);
    } else if (strcmp(kind, "fail") == 0) {
        expected->fail = true;
        match = word(&rest);
        if (match && strcmp(match, "msg:") == 0)
            expected->message = unquoted(rest + strspn(rest, " \t"));
        else if (match && strcmp(match, "regex:") == 0)
            expected->pattern = unquoted(rest + strspn(rest, " \t"));
    }
    return true; /* annotations are passed over */
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool read_expected(struct script *script, struct expected *expected)
{
    while (next_line(script)) {
        char *line = script->lines[++script->at];
        struct und_err err = {0};
        double number;
        if (starts(line, "expect ")) {
            if (!read_expect(expected, line + 7)) {
                promql_script_failure(script, script->at, "an expectation that is not understood");
                return false;
            }
        } else if (starts(line, "expected_fail_message ")) {
            expected->message = line + strlen("expected_fail_message ");
        } else if (starts(line, "expected_fail_regexp ")) {
            expected->pattern = line + strlen("expected_fail_regexp ");
        } else if (go_parse(line, &number)) {
            expected->scalar = true;
            expected->number = number;
        } else if (expected->n == EXPECTED ||
                   notation_read(&expected->series[expected->n], script->store->pool, line,
                                 script->version, &err)) {
            promql_script_failure(script, script->at, "%s", err.text);
            return false;
        } else {
            expected->n++;
        }
    }
    return true;
}

/* --- eval ------------------------------------------------------------------------------------ */

struct evaluation {
    bool range;
    int64_t start_ms, end_ms, step_ms;
    char *text;
};

static enum und_code evaluate(struct script *script, const struct evaluation *evaluation,
                              struct promql **promql, struct query **query, struct value *value,
                              struct und_err *err)
{
    struct query_options options = {.most = 0};
    *promql = promql_parse(evaluation->text, script->version, "parse error", err);
    if (!*promql)
        return UND_USAGE;
    *query = query_open(*promql, script->store, &options);
    return evaluation->range ? query_range(*query, evaluation->start_ms, evaluation->end_ms,
                                           evaluation->step_ms, value, err)
                             : query_at(*query, evaluation->start_ms, value, err);
}

static bool check(struct script *script, int line, const struct evaluation *evaluation,
                  const struct expected *expected)
{
    struct promql *promql = NULL;
    struct query *query = NULL;
    struct value value;
    struct und_err err = {0};
    enum und_code code = evaluate(script, evaluation, &promql, &query, &value, &err);
    bool good = false;
    if (code != UND_OK && !expected->fail)
        promql_script_failure(script, line, "%s", err.text);
    else if (code == UND_OK && expected->fail)
        promql_script_failure(script, line, "got a result, want an error");
    else if (code != UND_OK)
        good = promql_script_same_error(script, line, expected, &err);
    else
        good = promql_script_same_value(script, line, expected, &value, evaluation->start_ms,
                                        evaluation->step_ms);
    query_close(query);
    promql_free(promql);
    return good;
}

/* "instant [at TIME] EXPR" or "range from TIME to TIME step TIME EXPR". */
static bool read_evaluation(char *rest, struct evaluation *evaluation)
{
    char *kind = word(&rest);
    *evaluation = (struct evaluation){.range = kind && strcmp(kind, "range") == 0, .step_ms = 1};
    if (!kind || (!evaluation->range && strcmp(kind, "instant") != 0))
        return false;
    rest += strspn(rest, " \t");
    if (!evaluation->range && starts(rest, "at ")) {
        word(&rest);
        kind = word(&rest);
        if (!kind || !read_time(kind, &evaluation->start_ms))
            return false;
    }
    for (int i = 0; evaluation->range && i < 3; i++) {
        int64_t *times[] = {&evaluation->start_ms, &evaluation->end_ms, &evaluation->step_ms};
        if (!word(&rest) || !(kind = word(&rest)) || !read_time(kind, times[i]))
            return false;
    }
    evaluation->text = rest + strspn(rest, " \t");
    return evaluation->step_ms > 0 && *evaluation->text;
}

static void eval(struct script *script, char *command, char *rest)
{
    static struct expected expected;
    struct evaluation evaluation;
    int line = script->at;
    memset(&expected, 0, sizeof expected);
    expected.fail = strcmp(command, "eval_fail") == 0;
    expected.ordered = strcmp(command, "eval_ordered") == 0;
    if (!read_evaluation(rest, &evaluation)) {
        promql_script_failure(script, line, "an eval that is not understood");
        while (next_line(script))
            script->at++;
        return;
    }
    if (read_expected(script, &expected) && check(script, line, &evaluation, &expected))
        script->result->passed++;
    while (next_line(script))
        script->at++;
    for (int i = 0; i < expected.n; i++)
        notation_fini(&expected.series[i]);
}

/* --- the script ------------------------------------------------------------------------------ */

static void split(struct script *script, char *text)
{
    int n = 1;
    for (const char *c = text; *c; c++)
        n += *c == '\n';
    script->lines = calloc((size_t)n, sizeof *script->lines);
    while (text) {
        char *line = strsep(&text, "\n");
        size_t length;
        line += strspn(line, " \t\r");
        length = strlen(line);
        while (length > 0 && isspace((unsigned char)line[length - 1]))
            line[--length] = '\0';
        script->lines[script->n++] = line[0] == '#' ? line + length : line;
    }
}

void promql_script_run(const char *name, char *text, enum promql_version version,
                       struct script_result *result, FILE *out)
{
    struct script script = {
        .name = name, .version = version, .store = store_open(), .result = result, .out = out};
    split(&script, text);
    for (script.at = 0; script.at < script.n; script.at++) {
        char *rest = script.lines[script.at], *command = word(&rest);
        if (!command)
            continue;
        if (starts(command, "load"))
            load(&script, rest);
        else if (strcmp(command, "clear") == 0)
            store_clear(script.store);
        else if (starts(command, "eval"))
            eval(&script, command, rest);
        else
            promql_script_failure(&script, script.at, "got '%s', want load, clear or eval",
                                  command);
    }
    free(script.lines);
    store_close(script.store);
}
