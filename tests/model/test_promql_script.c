/* The scripts of tests/promql, in the language of Prometheus' own; and what hostile expressions
 * cost. */
#include "model/promql/notation.h"
#include "model/promql/query.h"
#include "tests/support/helpers.h"
#include "tests/support/promql_script.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_int_gt(getdelim(&text, &size, '\0', file), 0);
    fclose(file);
    return text;
}

static void run(const char *path, enum promql_version version, int least)
{
    struct script_result result = {0, 0};
    char *text = read_file(path), *out_text;
    size_t size;
    HELPER_CAPTURE(out_text, size, promql_script_run(path, text, version, &result, out));
    ck_assert_msg(result.failed == 0, "%s", out_text);
    ck_assert_int_ge(result.passed, least);
    free(out_text);
    free(text);
}

START_TEST(scripts_pass)
{
    run("tests/promql/version-2.test", PROMQL_2, 60);
    run("tests/promql/version-2-last.test", PROMQL_2_LAST, 15);
    run("tests/promql/version-3.test", PROMQL_3, 25);
    run("tests/promql/version-3-flags.test", PROMQL_3, 60);
    run("tests/promql/version-3-native.test", PROMQL_3, 60);
    run("tests/promql/version-3-contents.test", PROMQL_3, 55);
    run("tests/promql/version-3-starts.test", PROMQL_3, 8);
}
END_TEST

/* A version is not the other one. */
START_TEST(versions_differ)
{
    struct script_result result = {0, 0};
    char *text = read_file("tests/promql/version-2.test"), *out_text;
    size_t size;
    HELPER_CAPTURE(out_text, size, promql_script_run("x", text, PROMQL_3, &result, out));
    ck_assert_int_gt(result.failed, 5);
    free(out_text);
    free(text);
}
END_TEST

static const char *const failing[] = {
    "load 1m\n  a 1\n\neval instant at 0 a\n  a 2\n",
    "load 1m\n  a 1\n\neval instant at 0 a\n  b 1\n",
    "load 1m\n  a 1\n\neval instant at 0 a\n",
    "load 1m\n  a 1\n\neval instant at 0 b\n  b 1\n",
    "load 1m\n  a 1\n  b 2\n\neval_ordered instant at 0 sort({__name__=~\"a|b\"})\n  b 2\n  a 1\n",
    "load 1m\n  a 1\n\neval_fail instant at 0 a\n",
    "eval instant at 0 (\n",
    "eval instant at 0 1\n  2\n",
    "load 1m\n  a 1 2\n\neval range from 0 to 1m step 1m a\n  a 1 3\n",
    "load 1m\n  a 1 2\n\neval range from 0 to 1m step 1m a\n  a 1\n",
    "load 1m\n  a ==\n",
    "nonsense\n",
    "eval instant at 0 a + on (\n  expect fail msg: something else\n",
};

START_TEST(failures_are_seen)
{
    struct script_result result = {0, 0};
    char *text = strdup(failing[_i]), *out_text;
    size_t size;
    HELPER_CAPTURE(out_text, size, promql_script_run("x", text, PROMQL_2, &result, out));
    ck_assert_msg(result.failed == 1, "%s", failing[_i]);
    ck_assert_int_eq(strncmp(out_text, "x:", 2), 0);
    free(out_text);
    free(text);
}
END_TEST

static const char *const failing_3[] = {
    "load 1m\n  a 1\n\neval instant at 0 a\n  expect warn\n  a 1\n",
    "load 1m\n  a 1\n\neval_info instant at 0 a\n  a 1\n",
    "load 1m\n  a 1\n\neval instant at 0 quantile(2, a)\n  expect no_warn\n  {} Inf\n",
    "load 1m\n  a 1\n\neval instant at 0 quantile(2, a)\n  expect warn msg: no\n  {} Inf\n",
    "load 1m\n  a 1\n\neval instant at 0 quantile(2, a)\n  expect warn regex: got 3\n  {} Inf\n",
    "load 1m\n  a 1\n\neval instant at 0 quantile(2, a)\n  expect warn msg: no (1:10)\n  {} Inf\n",
    "load 1m\n  a 1\n\neval instant at 0 quantile(2, a)\n  expect warn regex: \\(1:9\n  {} Inf\n",
    "eval instant at 0 a + on (\n  expect fail msg: something else (1:10)\n",
    "load 1m\n  a {{count:1}}\n\neval instant at 0 a\n  a {{count:2}}\n",
    "load 1m\n  a {{count:1}}\n\neval instant at 0 a\n  a 1\n",
    "load 1m\n  a {{nonsense:1}}\n",
    "load 1m\n  a {{count:1\n",
    "load 1m\n  a {{count:1}}+{{count:1}}\n",
    "load 1m\n  a {{buckets:[1 x]}}\n",
    "load 1m\n  a {{schema:9}}\n",
    "load 1m\n  a {{schema:0.5}}\n",
    "load 1m\n  a {{offset:0.5}}\n",
    "load 1m\n  a {{offset:NaN}}\n",
    "load 1m\n  a {{n_offset:1e9}}\n",
    "load 1m\n  a {{z_bucket_w:-1}}\n",
    "load 1m\n  a {{z_bucket_w:NaN}}\n",
    "load 1m\n  a {{custom_values:[1]}}\n",
    "load 1m\n  a {{schema:-53 custom_values:[2 1]}}\n",
    "load 1m\n  a {{schema:-53}}+{{count:1}}x2\n",
    "load 1m\n  a {{counter_reset_hint:perhaps}}\n",
    ("load 1m\n  a {{count:1}} {{count:2}}\n\neval instant at 1m a\n"
     "  a {{count:2 counter_reset_hint:unknown}}\n"),
    "load 1m\n  a {{count:1 buckets:[1]}}\n\neval instant at 0 a\n  a {{count:1 buckets:[2]}}\n",
    "load 1m\n  a@st 1d1\n  a 1\n",
    "load 1m\n  a@st -1m-x2\n  a 1\n",
    "load 1m\n  a b@st -1m\n",
    "eval instant at 0 1\n  expect nonsense\n  1\n",
    "eval instant at 0 1 +\n  expect fail regex: (\n",
};

START_TEST(failures_of_3_are_seen)
{
    struct script_result result = {0, 0};
    char *text = strdup(failing_3[_i]), *out_text;
    size_t size;
    HELPER_CAPTURE(out_text, size, promql_script_run("x", text, PROMQL_3, &result, out));
    ck_assert_msg(result.failed == 1, "%s: %s", failing_3[_i], out_text);
    free(out_text);
    free(text);
}
END_TEST

/* A line that fails does not end the script. */
START_TEST(script_goes_on)
{
    struct script_result result = {0, 0};
    char text[] =
        "load 1m\n  a {{count:1}} {{count:2}}\n\neval instant at 1m rate(a[2m])\n  {} 1\n\n"
        "eval instant at 1m a ! b\n\neval instant at 1m count(a)\n  {} 1\n";
    char *out_text;
    size_t size;
    HELPER_CAPTURE(out_text, size, promql_script_run("x", text, PROMQL_3, &result, out));
    ck_assert_str_eq(out_text,
                     "x:4: {}: got gauge, schema 0 {count:0.016666666666666666, sum:0}, want 1\n"
                     "x:7: parse error: character 3: got '!', want an expression\n");
    ck_assert_int_eq(result.failed, 2);
    ck_assert_int_eq(result.passed, 1);
    free(out_text);
}
END_TEST

static const struct {
    const char *text;
    enum promql_version version;
} versions[] = {
    {"load 1m\n  a 1 2 3\n\neval instant at 2m count_over_time(a[1m])\n  {} 2\n", PROMQL_2},
    {"load 1m\n  a 1 2 3\n\neval instant at 2m count_over_time(a[1m])\n  {} 1\n", PROMQL_3},
    {"load 1m\n  a 1 2 3\n\neval instant at 2m a\n  a 3\n", PROMQL_2},
    {"load 1m\n  a 1 2 3\n\neval instant at 2m a\n  expect no_warn\n  a 3\n", PROMQL_3},
    {"load_with_nhcb 1m\n  a_bucket{le=\"1\"} 1\n", PROMQL_3},
    {"eval_warn instant at 0 quantile(2, vector(1))\n  {} Inf\n", PROMQL_3},
    {"load 1m\n  a{n=\"1\"} 1e100\n  a{n=\"2\"} 1\n  a{n=\"3\"} -1e100\n  b 1 2\n\n"
     "eval instant at 0 sum(a)\n  {} 1\n\neval instant at 1m count_over_time(b[1m])\n  {} 2\n",
     PROMQL_2_LAST},
    {"", PROMQL_2},
};

START_TEST(version_is_recognised)
{
    ck_assert_int_eq(promql_script_version(versions[_i].text, PROMQL_2, PROMQL_3),
                     versions[_i].version);
}
END_TEST

/* --- hostile expressions --------------------------------------------------------------------- */

static struct store *crowd(int series, int points)
{
    struct store *store = store_open();
    char value[20];
    for (int i = 0; i < series; i++) {
        struct label labels[] = {{LABELS_NAME, "m"}, {"n", value}, {"all", "same"}};
        int at;
        snprintf(value, sizeof value, "%d", i);
        at = store_series(store, labels_make(store->pool, labels, 3));
        for (int j = 0; j < points; j++)
            store_append(store, at, j * 1000, i + j);
    }
    return store;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const struct {
    const char *text, *message; /* "": it has a value */
} hostile[] = {
    {"topk(1e9, m)", ""},
    {"max_over_time(m[1000000000s:1s])", "given up: more than 2000000 samples and steps"},
    {"max_over_time(max_over_time(m[1000d:1s])[1000d:1s])",
     "given up: more than 2000000 samples and steps"},
    {"sum_over_time(vector(1)[1000000000s:1ms])", "given up: more than 2000000 samples and steps"},
    {"m * on (all) m", NULL},
    {"m * on () group_left () scalar(m)", ""},
    {"sum(label_replace(m, \"all\", \"$1\", \"n\", \"(a*)*b|(.*)\"))", ""},
    {"m{n=~\"(a|aa)+(a|aa)+(a|aa)+b\"}", ""},
    {"m{n=~\"([0-9]*)*x\"}", ""},
    {"count_values(\"v\", m)", ""},
    {"m ^ m ^ m ^ m", ""},
    {"quantile_over_time(0.5, m[100000s])", ""},
};

START_TEST(hostile_expression_ends)
{
    struct store *store = crowd(1000, 100);
    struct query_options options = {.most = 2000000};
    struct und_err err = {0};
    struct promql *promql = promql_parse(hostile[_i].text, PROMQL_2, "x", &err);
    struct query *query = promql ? query_open(promql, store, &options) : NULL;
    struct value value;
    double before = seconds();
    if (query)
        query_at(query, 99000, &value, &err);
    ck_assert_double_lt(seconds() - before, 5); /* measured: below 0.5 s */
    if (hostile[_i].message)
        ck_assert_str_eq(err.text, hostile[_i].message);
    else
        ck_assert_int_eq(err.code, UND_USAGE);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    query_close(query);
    promql_free(promql);
    store_close(store);
}
END_TEST

START_TEST(megabyte_expression_ends)
{
    static const char *const parts[] = {"m+", "m or ", "(", "-", "sum(", "m{a=\"b\"}+", "1,"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t n = strlen(parts[i]), size = (1 << 20) / n * n;
        char *text = malloc(size + 2);
        struct und_err err = {0};
        double before = seconds();
        for (size_t at = 0; at < size; at += n)
            memcpy(text + at, parts[i], n);
        strcpy(text + size, "m");
        ck_assert_ptr_null(promql_parse(text, PROMQL_2, "x", &err));
        ck_assert_double_lt(seconds() - before, 5); /* measured: below 0.1 s */
        ck_assert_ptr_null(strchr(err.text, '\n'));
        free(text);
    }
}
END_TEST

/* A query that lives on sees what its store has learned since. */
START_TEST(query_sees_new_series)
{
    struct store *store = crowd(2, 3);
    struct query_options options = {.most = 0};
    struct und_err err = {0};
    struct promql *promql = promql_parse("count(m)", PROMQL_2, "x", &err);
    struct query *query = query_open(promql, store, &options);
    struct label labels[] = {{LABELS_NAME, "m"}, {"n", "new"}};
    struct value value;
    ck_assert_int_eq(query_at(query, 2000, &value, &err), UND_OK);
    ck_assert_double_eq(value.vector.list[0].value, 2);
    store_append(store, store_series(store, labels_make(store->pool, labels, 2)), 2500, 1);
    ck_assert_int_eq(query_at(query, 3000, &value, &err), UND_OK);
    ck_assert_double_eq(value.vector.list[0].value, 3);
    store_clear(store);
    ck_assert_int_eq(query_at(query, 3000, &value, &err), UND_OK);
    ck_assert_int_eq(value.vector.n, 0);
    query_close(query);
    promql_free(promql);
    store_close(store);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("promql script");
    TCase *tcase = tcase_create("script");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, scripts_pass);
    tcase_add_test(tcase, versions_differ);
    LOOP(tcase, failures_are_seen, failing);
    LOOP(tcase, failures_of_3_are_seen, failing_3);
    tcase_add_test(tcase, script_goes_on);
    LOOP(tcase, version_is_recognised, versions);
    LOOP(tcase, hostile_expression_ends, hostile);
    tcase_add_test(tcase, megabyte_expression_ends);
    tcase_add_test(tcase, query_sees_new_series);
    suite_add_tcase(suite, tcase);
    return suite;
}
