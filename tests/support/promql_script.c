#include "promql_expect.h"
#include "promql_nhcb.h"
#include "promql_starts.h"

#include "model/promql/gomath.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct script {
    char **lines;
    int n, at;
    enum promql_version version;
    bool early; /* calculated as 2.42 */
    struct store *store;
    struct script_report report;
};

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
        script_fail(&script->report, script->at, "%s", err.text);
    } else {
        int series = begin_series(script, loaded, notation.labels);
        for (int i = 0; i < notation.n; i++) {
            if (notation.values[i].there &&
                !store_append(script->store, series, i * step_ms, notation.values[i].value)) {
                script_fail(&script->report, script->at,
                            "a sample that is older than the series' last");
                break;
            }
        }
    }
    notation_fini(&notation);
}

static void load(struct script *script, bool with_native, char *rest)
{
    char *step = script_word(&rest);
    struct loaded loaded = {.n = 0};
    int64_t step_ms = 0;
    int first;
    if (!step || !script_time(step, &step_ms))
        script_fail(&script->report, script->at, "load without an interval");
    first = script->at + 1;
    while (next_line(script)) {
        script->at++;
        if (!promql_starts_is(script->lines[script->at]))
            load_line(script, &loaded, script->lines[script->at], step_ms);
    }
    for (int i = first; i <= script->at; i++) {
        struct und_err err = {0};
        if (promql_starts_is(script->lines[i]) &&
            promql_starts_set(script->store, script->lines[i], script->version, step_ms, &err))
            script_fail(&script->report, i, "%s", err.text);
    }
    if (with_native)
        promql_nhcb_add(script->store, loaded.series, loaded.before, loaded.n);
}

/* --- what is expected ------------------------------------------------------------------------ */

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
            if (!expect_read(expected, line + 7)) {
                script_fail(&script->report, script->at, "an expectation that is not understood");
                return false;
            }
        } else if (starts(line, "expected_fail_message ")) {
            expected->error.text = line + strlen("expected_fail_message ");
        } else if (starts(line, "expected_fail_regexp ")) {
            expected->error = (struct expected_text){line + strlen("expected_fail_regexp "), true};
        } else if (go_parse(line, &number)) {
            expected->scalar = true;
            expected->number = number;
        } else if (expected->n == EXPECTED ||
                   notation_read(&expected->series[expected->n], script->store->pool, line,
                                 script->version, &err)) {
            script_fail(&script->report, script->at, "%s", err.text);
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
    struct query_options options = {
        .delayed_names = !script->early, .annotate = true, .early = script->early};
    *promql = promql_parse(evaluation->text, script->version, "parse error", err);
    if (!*promql)
        return UND_USAGE;
    if (promql_set_steps(*promql, evaluation->range ? evaluation->step_ms : 0,
                         evaluation->range ? evaluation->end_ms - evaluation->start_ms : 0, err))
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
        script_fail(&script->report, line, "%s", err.text);
    else if (code == UND_OK && expected->fail)
        script_fail(&script->report, line, "got a result, want an error");
    else if (code != UND_OK)
        good = expect_error(&script->report, line, expected, err.text);
    else
        good = expect_value(&script->report, line, expected, &value, evaluation->start_ms,
                            evaluation->step_ms) &&
               expect_annotations(&script->report, line, expected, query_annotations(query));
    query_close(query);
    promql_free(promql);
    return good;
}

/* "instant [at TIME] EXPR" or "range from TIME to TIME step TIME EXPR". */
static bool read_evaluation(char *rest, struct evaluation *evaluation)
{
    char *kind = script_word(&rest);
    *evaluation = (struct evaluation){.range = kind && strcmp(kind, "range") == 0, .step_ms = 1};
    if (!kind || (!evaluation->range && strcmp(kind, "instant") != 0))
        return false;
    rest += strspn(rest, " \t");
    if (!evaluation->range && starts(rest, "at ")) {
        script_word(&rest);
        kind = script_word(&rest);
        if (!kind || !script_time(kind, &evaluation->start_ms))
            return false;
    }
    for (int i = 0; evaluation->range && i < 3; i++) {
        int64_t *times[] = {&evaluation->start_ms, &evaluation->end_ms, &evaluation->step_ms};
        if (!script_word(&rest) || !(kind = script_word(&rest)) || !script_time(kind, times[i]))
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
    expected.warn.any = strcmp(command, "eval_warn") == 0;
    expected.info.any = strcmp(command, "eval_info") == 0;
    if (!read_evaluation(rest, &evaluation)) {
        script_fail(&script->report, line, "an eval that is not understood");
        while (next_line(script))
            script->at++;
        return;
    }
    if (read_expected(script, &expected) && check(script, line, &evaluation, &expected))
        script->report.result->passed++;
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

/* --- versions -------------------------------------------------------------------------------- */

/* Does a line begin like this? */
static bool has_line(const char *text, const char *start)
{
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += strspn(at, " \t\r\n");
        if (starts(at, start))
            return true;
    }
    return false;
}

static void run(struct script *script)
{
    for (script->at = 0; script->at < script->n; script->at++) {
        char *rest = script->lines[script->at], *command = script_word(&rest);
        if (!command)
            continue;
        if (starts(command, "load"))
            load(script, strcmp(command, "load_with_nhcb") == 0, rest);
        else if (strcmp(command, "clear") == 0)
            store_clear(script->store);
        else if (starts(command, "eval"))
            eval(script, command, rest);
        else
            script_fail(&script->report, script->at, "got '%s', want load, clear or eval", command);
    }
}

void promql_script_run(const char *name, char *text, enum promql_version version,
                       struct script_result *result, FILE *out)
{
    struct script script = {.version = version >= PROMQL_3 ? PROMQL_3_ALL : PROMQL_2_LAST,
                            .early = version == PROMQL_2,
                            .store = store_open(),
                            .report = {name, result, out}};
    split(&script, text);
    run(&script);
    free(script.lines);
    store_close(script.store);
}

/* The failures of a script that is taken for one of that version. */
static int failures(const char *text, enum promql_version version)
{
    struct script_result result = {0, 0};
    char *copy = strdup(text), *said = NULL;
    size_t size;
    FILE *out = open_memstream(&said, &size);
    promql_script_run("", copy, version, &result, out);
    fclose(out);
    free(said);
    free(copy);
    return result.failed;
}

static bool is_of_3(const char *text)
{
    static const char *const starts[] = {"expect ", "eval_warn", "eval_info", "load_with_nhcb"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (has_line(text, starts[i]))
            return true;
    }
    return false;
}

enum promql_version promql_script_version(const char *text, enum promql_version first,
                                          enum promql_version last)
{
    enum promql_version best = first;
    int least = -1;
    for (enum promql_version version = first; version <= last; version++) {
        int n = first == last ? 0 : failures(text, version);
        if (least < 0 || n < least || (n == least && version == PROMQL_3 && is_of_3(text))) {
            best = version;
            least = n;
        }
    }
    return best;
}

const char *promql_script_version_word(enum promql_version version)
{
    return version == PROMQL_2 ? "2.42" : version == PROMQL_2_LAST ? "2.55" : "3";
}
