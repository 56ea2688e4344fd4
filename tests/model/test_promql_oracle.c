/*
 * Random expressions against the real promtool: the same samples to the last digit, or an error in
 * both. PROMQL_CASES (300) of them, from PROMQL_SEED (1).
 *
 * What promtool itself does not determine (its series come in random order, so that sums of inexact
 * numbers differ in the last place and ties of topk are broken at random) is asked again up to
 * a hundred times and then compared within 1e-9. Functions of Go's math library (exp, ln, sin ...)
 * are compared within 1e-9, too: their last digits are not C's.
 */
#include "model/promql/gomath.h"
#include "model/promql/notation.h"
#include "model/promql/query.h"
#include "tests/support/helpers.h"
#include "tests/support/promql_random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERIES 18
#define POINTS 45
#define BATCH 100
#define STEP_S 30
#define ROUNDS 100 /* of asking again */

struct batch {
    struct store *store;
    char *series[SERIES], *values[SERIES];
    char *expressions[BATCH], *theirs[BATCH], *ours[BATCH];
    int times_s[BATCH];
    int n;
};

static char *printed(struct promql_random *random, void (*print)(struct promql_random *))
{
    char *text = NULL;
    size_t size;
    random->out = open_memstream(&text, &size);
    print(random);
    fclose(random->out);
    return text;
}

static void some_values(struct promql_random *random)
{
    promql_random_values(random, POINTS);
}

static void make_series(struct promql_random *random, int i)
{
    static const char *const bounds[] = {"0.1", "1", "5", "+Inf"};
    fprintf(random->out, "m%d{a=\"%d\"", i < 14 ? i % 4 : 4, i < 14 ? i / 4 : 1);
    if (i % 3)
        fprintf(random->out, ",b=\"%s\"", i % 2 ? "x" : "y");
    if (i >= 14)
        fprintf(random->out, ",le=\"%s\"", bounds[i - 14]);
    fprintf(random->out, ",job=\"job\"}");
}

static int made;
static void next_series(struct promql_random *random)
{
    make_series(random, made);
}

/* As promtool: samples are loaded minute by minute, so series stand in the order of the minutes of
 * their first samples. */
static void load(struct store *store, const struct notation *notations)
{
    int loaded[SERIES] = {0};
    for (int64_t t_ms = 0; t_ms <= POINTS * STEP_S * 1000; t_ms += 60000) {
        for (int i = 0; i < SERIES; i++) {
            const struct notation *notation = &notations[i];
            for (int *j = &loaded[i]; *j < notation->n && *j * STEP_S * 1000 <= t_ms; ++*j) {
                if (notation->values[*j].there)
                    store_append(store, store_series(store, notation->labels), *j * STEP_S * 1000,
                                 notation->values[*j].value);
            }
        }
    }
}

static void make_batch(struct batch *batch, struct promql_random *random, int n)
{
    struct notation notations[SERIES] = {{.labels = NULL}};
    struct und_err err = {0};
    batch->store = store_open();
    batch->n = n;
    for (int i = 0; i < SERIES; i++) {
        made = i;
        batch->series[i] = printed(random, next_series);
        batch->values[i] = printed(random, some_values);
        ck_assert_msg(notation_labels(batch->store->pool, batch->series[i], PROMQL_2,
                                      &notations[i].labels, &err) == UND_OK &&
                          notation_values(&notations[i], batch->values[i], &err) == UND_OK,
                      "%s", err.text);
    }
    load(batch->store, notations);
    for (int i = 0; i < SERIES; i++)
        notation_fini(&notations[i]);
    for (int i = 0; i < n; i++) {
        batch->expressions[i] = printed(random, promql_random_expression);
        batch->times_s[i] = promql_random_below(random, 2) ? 30 * promql_random_below(random, 50)
                                                           : promql_random_below(random, 1500);
        batch->theirs[i] = batch->ours[i] = NULL;
    }
}

static void free_batch(struct batch *batch)
{
    store_close(batch->store);
    for (int i = 0; i < SERIES; i++) {
        free(batch->series[i]);
        free(batch->values[i]);
    }
    for (int i = 0; i < batch->n; i++) {
        free(batch->expressions[i]);
        free(batch->theirs[i]);
        free(batch->ours[i]);
    }
}

/* --- ours ------------------------------------------------------------------------------------ */

static int by_labels(const void *a, const void *b)
{
    return labels_compare(((const struct sample *)a)->labels, ((const struct sample *)b)->labels);
}

/* As promtool writes it; "error: ..." for an error. */
static char *evaluate(struct store *store, const char *expression, int64_t t_ms)
{
    struct query_options options = {.step_ms = 60000};
    struct und_err err = {0};
    struct promql *promql = promql_parse(expression, PROMQL_2, "parse error", &err);
    struct query *query = promql ? query_open(promql, store, &options) : NULL;
    struct value value;
    char number[GO_NUMBER], *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!query || query_at(query, t_ms, &value, &err)) {
        fprintf(out, "error: %s", err.text);
    } else if (value.type == PROMQL_SCALAR) {
        fprintf(out, "{} %s", go_format_exponent(value.scalar, number));
    } else {
        if (value.vector.n > 1)
            qsort(value.vector.list, (size_t)value.vector.n, sizeof *value.vector.list, by_labels);
        for (int i = 0; i < value.vector.n; i++) {
            fputs(i ? ", " : "", out);
            labels_write_all(value.vector.list[i].labels, out);
            fprintf(out, " %s", go_format_exponent(value.vector.list[i].value, number));
        }
    }
    fclose(out);
    query_close(query);
    promql_free(promql);
    return text;
}

/* --- theirs ---------------------------------------------------------------------------------- */

static void write_quoted(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text; text++)
        fputs(*text == '\'' ? "''" : (char[]){*text, '\0'}, out);
    fputc('\'', out);
}

static void write_test(const struct batch *batch, const bool *open, const char *path)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fprintf(out, "evaluation_interval: 1m\ntests:\n- interval: %ds\n  input_series:\n", STEP_S);
    for (int i = 0; i < SERIES; i++) {
        fputs("  - series: ", out);
        write_quoted(batch->series[i], out);
        fprintf(out, "\n    values: '%s'\n", batch->values[i]);
    }
    fputs("  promql_expr_test:\n", out);
    for (int i = 0; i < batch->n; i++) {
        if (!open[i])
            continue;
        fputs("  - expr: ", out);
        write_quoted(batch->expressions[i], out);
        /* A sample that no result has, so that every result is written. */
        fprintf(out,
                "\n    eval_time: %ds\n    exp_samples: [{labels: 'never{n=\"%d\"}', value: 0}]\n",
                batch->times_s[i], i);
    }
    /* promtool loads samples up to the last time that a test asks for. */
    fputs("  - {expr: '1', eval_time: 1500s, exp_samples: [{labels: '{}', value: 1}]}\n", out);
    fclose(out);
}

/* Results come in the order of the tests, each failing; an error has its line alone. */
static void read_results(struct batch *batch, const bool *open, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    int i = -1;
    while (getline(&line, &room, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "    expr: ", 10) == 0) {
            char *err = line;
            for (char *next; (next = strstr(err + 1, "\", time: ")) != NULL;)
                err = next;
            err = strstr(err, ", err: ");
            do
                i++;
            while (i < batch->n && !open[i]);
            ck_assert_int_lt(i, batch->n);
            free(batch->theirs[i]);
            batch->theirs[i] = NULL;
            if (err) {
                batch->theirs[i] = malloc(strlen(err) + 8);
                sprintf(batch->theirs[i], "error: %s", err + 7);
            }
        } else if (strncmp(line, "        got: ", 13) == 0 && i >= 0) {
            batch->theirs[i] = strdup(strcmp(line + 13, "nil") == 0 ? "" : line + 13);
        }
    }
    while (i < batch->n - 1 && !open[i + 1])
        i++;
    ck_assert_int_eq(i, batch->n - 1);
    free(line);
}

/* The file stays if `keep` says so, to look at what differs. */
static void ask(struct batch *batch, const bool *open, bool keep)
{
    char path[] = "/tmp/understudy-promql-XXXXXX", command[100];
    int fd = mkstemp(path);
    FILE *in;
    ck_assert_int_ge(fd, 0);
    close(fd);
    write_test(batch, open, path);
    snprintf(command, sizeof command, "promtool test rules %s 2>&1", path);
    in = popen(command, "r");
    ck_assert_ptr_nonnull(in);
    read_results(batch, open, in);
    pclose(in);
    if (keep)
        printf("%s\n", path);
    else
        unlink(path);
}

/* --- comparing ------------------------------------------------------------------------------- */

static bool inexact(const char *expression)
{
    static const char *const words[] = {"exp(", "ln(",     "log2(", "log10(",        "sin", "cos",
                                        "tan",  "asin",    "^",     "sum",           "avg", "std",
                                        "topk", "bottomk", "deriv", "predict_linear"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(expression, words[i]))
            return true;
    }
    return false;
}

static bool near(double x, double y)
{
    double most = fabs(x) > fabs(y) ? fabs(x) : fabs(y);
    return (isnan(x) && isnan(y)) || x == y || fabs(x - y) <= 1e-9 * most || most < 1e-6;
}

/* Number by number (values, and what count_values makes labels of), all else alike. */
static bool nearly(const char *a, const char *b)
{
    while (*a && *b) {
        bool value = a[0] == '}' && a[1] == ' ' && b[0] == '}' && b[1] == ' ';
        bool label = *a == '"' && *b == '"' && strchr("-0123456789", a[1]) && a[1];
        if (value || label) {
            int skip = value ? 2 : 1;
            char *a_end, *b_end;
            if (!near(strtod(a + skip, &a_end), strtod(b + skip, &b_end)))
                return false;
            a = a_end;
            b = b_end;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

static bool alike(const char *expression, const char *ours, const char *theirs)
{
    bool our_error = strncmp(ours, "error: ", 7) == 0;
    if (our_error || strncmp(theirs, "error: ", 7) == 0)
        return our_error && strncmp(theirs, "error: ", 7) == 0;
    return strcmp(ours, theirs) == 0 || (inexact(expression) && nearly(ours, theirs));
}

/* Ranges and texts are no results there; a panic of theirs says nothing. */
static bool says_nothing(const char *theirs)
{
    return strstr(theirs, "rule result is not a vector or scalar") ||
           strstr(theirs, "unexpected error: runtime error");
}

/* What the cases were, so that a run that compares nothing shows. */
struct tally {
    int cases, samples, errors, empty;
};

static void count(struct tally *tally, const struct batch *batch)
{
    for (int i = 0; i < batch->n; i++) {
        bool error = strncmp(batch->theirs[i], "error: ", 7) == 0;
        tally->cases++;
        tally->errors += error;
        tally->empty += batch->theirs[i][0] == '\0';
        tally->samples += !error && batch->theirs[i][0] != '\0';
    }
}

static int differences(struct batch *batch)
{
    bool open[BATCH];
    int left = 0;
    for (int i = 0; i < batch->n; i++) {
        batch->ours[i] = evaluate(batch->store, batch->expressions[i], batch->times_s[i] * 1000L);
        open[i] = true;
    }
    for (int round = 0; round < ROUNDS; round++) {
        left = 0;
        ask(batch, open, round == ROUNDS - 1);
        for (int i = 0; i < batch->n; i++) {
            open[i] = open[i] && !says_nothing(batch->theirs[i]) &&
                      !alike(batch->expressions[i], batch->ours[i], batch->theirs[i]);
            left += open[i];
        }
        if (left == 0)
            return 0;
    }
    for (int i = 0; i < batch->n; i++) {
        if (open[i])
            printf("%s at %ds\n  ours:   %s\n  theirs: %s\n", batch->expressions[i],
                   batch->times_s[i], batch->ours[i], batch->theirs[i]);
    }
    return left;
}

START_TEST(expressions_are_promtool_s)
{
    const char *cases = getenv("PROMQL_CASES"), *seed = getenv("PROMQL_SEED");
    int left = cases ? atoi(cases) : 300, found = 0;
    struct tally tally = {0, 0, 0, 0};
    struct promql_random random = {.state = 88172645463325252u +
                                            (seed ? strtoull(seed, NULL, 10) : 1) * 1000003u};
    if (access("/usr/bin/promtool", X_OK) != 0) {
        printf("no promtool here: nothing to compare with\n");
        return;
    }
    while (left > 0) {
        struct batch batch;
        make_batch(&batch, &random, left < BATCH ? left : BATCH);
        found += differences(&batch);
        count(&tally, &batch);
        left -= batch.n;
        free_batch(&batch);
    }
    printf("%d expressions: %d with samples, %d empty, %d errors, %d differences\n", tally.cases,
           tally.samples, tally.empty, tally.errors, found);
    fflush(stdout);
    ck_assert_int_eq(found, 0);
    ck_assert_int_gt(tally.samples, tally.cases / 3);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("promql oracle");
    TCase *tcase = tcase_create("oracle");
    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, expressions_are_promtool_s);
    suite_add_tcase(suite, tcase);
    return suite;
}
