/* PromQL: trees, canonical text, durations. */
#include "model/promql/promql.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <string.h>

static struct promql *parse(const char *text)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(text, PROMQL_2, "x", &err);
    ck_assert_msg(promql != NULL, "%s", err.text);
    return promql;
}

/* --- parsing --------------------------------------------------------------------------------- */

static const char *const same_text[] = {
    "up == 0",
    "1 + 2 * 3 ^ 2 ^ 2",
    "(1 + 2) * 3",
    "-up ^ 2",
    "a - (b - c)",
    "a - b - c",
    "sum by (instance, job) (rate(x{a=\"b\",c!~\"d|e\"}[1h30m]))",
    "avg without (cpu) (x offset 1d)",
    "a / on (instance) b",
    "a > bool 1",
    "a or b and c",
    "(a or b) and c",
    "{__name__=~\"x\"}",
    "x @ 1.500 offset -5m",
    "x[5m] @ start()",
    "(a + b)[1h:5m] @ end() offset 1h",
    "topk by (a) (3, x)",
    "count_values(\"a\", x)",
    "a * on (x) group_left (y, z) b",
    "a / ignoring (x) group_right () b",
    "(-2) ^ 2",
    "label_replace(x, \"a\", \"$1\", \"b\", \"(.*)\\n\")",
    "a unless b atan2 c",
    "histogram_quantile(0.95, x)",
    "quantile(0.5, x)",
};

START_TEST(prints_what_it_read)
{
    char text[PROMQL_TEXT];
    struct promql *promql = parse(same_text[_i]);
    ck_assert_str_eq(promql_print(promql->root, text, sizeof text), same_text[_i]);
    promql_free(promql);
}
END_TEST

static const struct {
    const char *text, *printed;
} other_text[] = {
    {"  up==0 # dead", "up == 0"},
    {"sum(x) by (a)", "sum by (a) (x)"},
    {"SUM BY(a)(x)", "sum by (a) (x)"},
    {"{__name__=\"x\"}", "x"},
    {"x{a=\"\\u00e9\\x41\\101\"}", "x{a=\"\u00e9AA\"}"},
    {"0755", "493"},
    {"x{a=\"\\202\\x00\"}", "x{a=\"\\x82\\x00\"}"},
    {"((a))[5m : ]", "a[5m:]"},
    {"x[1w]", "x[7d]"},
    {"rate(x[90s])", "rate(x[1m30s])"},
    {"x{a='b', c=`d`,}", "x{a=\"b\",c=\"d\"}"},
    {"a * on(x) group_left(y,) b", "a * on (x) group_left (y) b"},
    {"+1", "1"},
    {".5e2", "50"},
    {"0x1F", "31"},
    {"x offset -5m", "x offset -5m"},
    {"2 - -3", "2 - -3"},
    {"---(1)", "-1"},
};

START_TEST(prints_one_form)
{
    char text[PROMQL_TEXT];
    struct promql *promql = parse(other_text[_i].text);
    ck_assert_str_eq(promql_print(promql->root, text, sizeof text), other_text[_i].printed);
    promql_free(promql);
}
END_TEST

static const struct {
    const char *text, *message;
} broken_text[] = {
    {"", "x: character 1: got 'the end', want an expression"},
    {"up ==", "x: character 6: got 'the end', want an expression"},
    {"up == 0)", "x: character 8: got ')', want an operator or the end"},
    {"rate(x[5m)", "x: character 10: got ')', want ']'"},
    {"rate(x[5])", "x: character 8: got '5', want a duration"},
    {"rate(x[5min])", "x: character 8: got '5min', want a number or a duration"},
    {"x{a}", "x: character 4: got '}', want = != =~ or !~"},
    {"x{a=b}", "x: character 5: got 'b', want a quoted value"},
    {"x{a=\"b}", "x: character 5: a string without its end"},
    {"x{a=\"\\q\"}",
     "x: character 5: got the escape \\q, want one of \\\\ \\\" \\n \\t \\x41 \\u00e9 ..."},
    {"{}", "x: character 1: an empty selector: want a name, or a matcher that does not match \"\""},
    {"a ? b", "x: character 3: got '?', want an expression"},
    {"sum(a", "x: character 6: got 'the end', want ','"},
    {"1 2", "x: character 3: got '2', want an operator or the end"},
    {"x offset y", "x: character 10: got 'y', want a duration"},
    {"1 == 1", "x: character 3: a comparison of two scalars wants 'bool' behind the '=='"},
    {"x +\n y[5m]", "x: line 2, character 2: got a range vector beside '+', want a scalar or an "
                    "instant vector"},
    {"rate(x)", "x: character 6: got instant vector, want range vector in rate()"},
    {"rate(x[5m], 1)", "x: character 1: got 2 arguments in rate(), want 1"},
    {"rates(x[5m])",
     "x: character 1: got the function 'rates', which there is not; did you mean rate?"},
    {"x{a=~\"(?=b)\"}",
     "x: character 6: no regular expression: invalid or unsupported Perl syntax: `(?=`"},
    {"a and on (b) group_left (c) d", "x: character 1: no grouping is allowed for 'and'"},
};

START_TEST(broken_text_is_placed)
{
    struct und_err err = {0};
    ck_assert_ptr_null(promql_parse(broken_text[_i].text, PROMQL_2, "x", &err));
    ck_assert_str_eq(err.text, broken_text[_i].message);
}
END_TEST

/* What version 3 has only behind a feature flag is refused with the flag's name. */
static const struct {
    const char *text, *flag;
} flagged[] = {
    {"x[5m + 1m]", "promql-duration-expr"},
    {"x[2 * 5m]", "promql-duration-expr"},
    {"x[(5m)]", "promql-duration-expr"},
    {"x[-5m + 10m]", "promql-duration-expr"},
    {"max_over_time(x[5m:1m * 2])", "promql-duration-expr"},
    {"x offset (5m)", "promql-duration-expr"},
    {"increase(x[5m] anchored)", "promql-extended-range-selectors"},
    {"x smoothed", "promql-extended-range-selectors"},
    {"x + fill(0) y", "promql-binop-fill-modifiers"},
    {"x + on (a) fill_left(0) y", "promql-binop-fill-modifiers"},
    {"vector(step())", "promql-experimental-functions"},
    {"max_of(1, 2)", "promql-experimental-functions"},
};

/* What is printed reads back as what prints the same. */
static void prints_again(const struct promql *promql)
{
    char text[PROMQL_TEXT], again[PROMQL_TEXT];
    struct und_err err = {0};
    struct promql *second =
        promql_parse(promql_print(promql->root, text, sizeof text), PROMQL_3_ALL, "x", &err);
    ck_assert_msg(second != NULL, "%s: %s", text, err.text);
    ck_assert_str_eq(promql_print(second->root, again, sizeof again), text);
    promql_free(second);
}

static const struct {
    const char *text, *printed;
} flagged_forms[] = {
    {"x[step()]", "x[step()]"},
    {"x[min(step(),1m)+1] offset -range()", "x[min_of(step(), 60) + 1] offset (-range())"},
    {"info(x, {__name__=\"y\",a=~\".*\"})", "info(x, {__name__=\"y\",a=~\".*\"})"},
    {"info(x, {})", "info(x, {})"},
    {"sum_over_time(x[range():step()*2])", "sum_over_time(x[range():step() * 2])"},
    {"rate(x[60] smoothed @ 0 offset (2*1m))", "rate(x[1m] smoothed @ 0.000 offset 2m)"},
    {"a + on(b) group_left() fill(-1) c",
     "a + on (b) group_left () fill_left(-1) fill_right(-1) c"},
};

static const struct {
    const char *text, *printed;
} since_2_54[] = {
    {"x @ 90s", "x @ 90.000"},
    {"x @ -1m30s offset 5m", "x @ -90.000 offset 5m"},
    {"x[5m] @ +250ms", "x[5m] @ 0.250"},
    {"x[90]", "x[1m30s]"},
    {"x[90:0.5]", "x[1m30s:500ms]"},
    {"x offset 90", "x offset 1m30s"},
    {"x offset -0.25", "x offset -250ms"},
    {"x > 1m30s", "x > 90"},
    {"1_000 * x", "1000 * x"},
    {"limitk by (a) (2, x)", "limitk by (a) (2, x)"},
};

/* Durations and numbers were two things before. */
START_TEST(durations_are_numbers)
{
    struct und_err err = {0};
    char text[PROMQL_TEXT];
    for (int version = PROMQL_2_LAST; version <= PROMQL_3_ALL; version++) {
        struct promql *promql =
            promql_parse(since_2_54[_i].text, (enum promql_version)version, "x", &err);
        ck_assert_msg(promql != NULL, "%s", err.text);
        ck_assert_str_eq(promql_print(promql->root, text, sizeof text), since_2_54[_i].printed);
        promql_free(promql);
    }
    ck_assert_ptr_null(promql_parse(since_2_54[_i].text, PROMQL_2, "x", &err));
    ck_assert_int_eq(strncmp(err.text, "x: character ", 13), 0);
}
END_TEST

static const struct {
    const char *text, *printed;
} since_3[] = {
    {"x offset +5m", "x offset 5m"},
    {"x[5m] offset +90", "x[5m] offset 1m30s"},
    {"x </ 3 >/ -y", "x </ 3 >/ -y"},
    {"a + b </ c", "a + b </ c"},
};

START_TEST(forms_of_3_need_no_flag)
{
    struct und_err err = {0};
    char text[PROMQL_TEXT];
    for (int version = PROMQL_2; version <= PROMQL_3_ALL; version++) {
        struct promql *promql =
            promql_parse(since_3[_i].text, (enum promql_version)version, "x", &err);
        ck_assert_msg((promql != NULL) == (version >= PROMQL_3), "%d: %s", version, err.text);
        if (!promql)
            continue;
        ck_assert_str_eq(promql_print(promql->root, text, sizeof text), since_3[_i].printed);
        prints_again(promql);
        promql_free(promql);
    }
}
END_TEST

START_TEST(flagged_forms_are_printed)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(flagged_forms[_i].text, PROMQL_3_ALL, "x", &err);
    char text[PROMQL_TEXT];
    ck_assert_msg(promql != NULL, "%s", err.text);
    ck_assert_str_eq(promql_print(promql->root, text, sizeof text), flagged_forms[_i].printed);
    prints_again(promql);
    promql_free(promql);
}
END_TEST

START_TEST(flags_are_named)
{
    struct und_err err = {0};
    struct promql *promql = promql_parse(flagged[_i].text, PROMQL_3_ALL, "x", &err);
    ck_assert_msg(promql != NULL, "%s", err.text);
    prints_again(promql);
    promql_free(promql);
    ck_assert_ptr_null(promql_parse(flagged[_i].text, PROMQL_2, "x", &err));
    ck_assert_ptr_null(promql_parse(flagged[_i].text, PROMQL_2_LAST, "x", &err));
    err = (struct und_err){0};
    ck_assert_ptr_null(promql_parse(flagged[_i].text, PROMQL_3, "x", &err));
    ck_assert_msg(strstr(err.text, flagged[_i].flag) != NULL, "%s", err.text);
}
END_TEST

/* Refused with all flags, too; metrics may have the words as names. */
static const char *const refused_text[] = {
    "x[5m - 5m]",
    "x[5m / 0]",
    "x[2 / 1h]",
    "x[5m % 0]",
    "x[foo()]",
    "x[min(1m)]",
    "x[5m +]",
    "x offset (5m",
    "x anchored",
    "(x) smoothed",
    "x[5m] anchored smoothed",
    "x and fill(0) y",
    "x + fill() y",
    "x + fill(y) z",
    "1 + fill(0) x",
    "info(x, y)",
    "info(x, 1)",
    "info(x, {a=\"b\"} offset 5m)",
    "x[1e30]",
    "1 </ 2",
    "x </ bool 2",
    "x offset ++5m",
};

START_TEST(flags_do_not_take_everything)
{
    struct und_err err = {0};
    ck_assert_msg(!promql_parse(refused_text[_i], PROMQL_3_ALL, "x", &err), "%s", refused_text[_i]);
    ck_assert_int_eq(strncmp(err.text, "x: character ", 13), 0);
}
END_TEST

static const char *const words_as_names[] = {
    "fill + fill_left * fill_right", "anchored", "smoothed + anchored", "start + end", "step",
};

START_TEST(words_may_be_names)
{
    for (int version = PROMQL_2; version <= PROMQL_3_ALL; version++) {
        struct und_err err = {0};
        struct promql *promql =
            promql_parse(words_as_names[_i], (enum promql_version)version, "x", &err);
        ck_assert_msg(promql != NULL, "%s", err.text);
        promql_free(promql);
    }
}
END_TEST

/* 100,000 open brackets, a sum of 300,000 ones: one line each, and no stack that overflows. */
START_TEST(nesting_has_a_ceiling)
{
    static char text[1200002];
    struct und_err err = {0};
    memset(text, '(', 100000);
    ck_assert_ptr_null(promql_parse(text, PROMQL_2, "x", &err));
    ck_assert_str_eq(err.text, "x: character 1001: nested more than 1000 deep");
    err = (struct und_err){0};
    for (int i = 0; i < 250000; i++)
        memcpy(text + 4 * i, "1 + ", 4);
    text[1000000] = '1';
    ck_assert_ptr_null(promql_parse(text, PROMQL_2, "x", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "nested more than 1000 deep"));
    err = (struct und_err){0};
    memset(text, ' ', sizeof text - 1);
    ck_assert_ptr_null(promql_parse(text, PROMQL_2, "x", &err));
    ck_assert_str_eq(err.text, "x: an expression of over 1048576 bytes");
}
END_TEST

START_TEST(durations_are_prometheus_s)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},       {"5m", 300000},       {"1h30m", 5400000},
                {"250ms", 250}, {"1d12h", 129600000}, {"1y2w", 32745600000}};
    static const char *const bad[] = {"",     "5",   "5min", "m",    "1m1h", "-5m",
                                      "1.5h", "5m ", " 5m",  "5m5m", "1e3s", "99999999999y"};
    int64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(promql_duration(good[i].text, &ms), "%s", good[i].text);
        ck_assert_int_eq(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!promql_duration(bad[i], &ms), "'%s' is %ld ms", bad[i], (long)ms);
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("promql");
    TCase *parse = tcase_create("parse");
    LOOP(parse, prints_what_it_read, same_text);
    LOOP(parse, prints_one_form, other_text);
    LOOP(parse, broken_text_is_placed, broken_text);
    LOOP(parse, durations_are_numbers, since_2_54);
    LOOP(parse, forms_of_3_need_no_flag, since_3);
    LOOP(parse, flagged_forms_are_printed, flagged_forms);
    LOOP(parse, flags_are_named, flagged);
    LOOP(parse, flags_do_not_take_everything, refused_text);
    LOOP(parse, words_may_be_names, words_as_names);
    tcase_add_test(parse, nesting_has_a_ceiling);
    tcase_add_test(parse, durations_are_prometheus_s);
    suite_add_tcase(suite, parse);
    return suite;
}
