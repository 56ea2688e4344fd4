/* RE2's regular expressions by PCRE2: what is refused, what matches. What promtool 2.42 says of
 * each is the truth here. */
#include "model/base/regex.h"
#include "tests/support/helpers.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

static const char *const refused[] = {
    "(",       ")",       "a)",    "[a",   "a**",   "a++",     "a*+",        "a{2}{3}",
    "a{1001}", "a{2,1}",  "*a",    "+",    "(*a)",  "(?=a)",   "(?!a)",      "(?<=a)b",
    "(?<!a)b", "(?>a)",   "(?#a)", "(?R)", "(?1)",  "(?(1)a)", "(?x)a",      "(a)\\1",
    "\\8",     "\\k<a>",  "\\Z",   "\\G",  "\\h",   "\\K",     "\\R",        "\\X",
    "\\C",     "\\u0041", "\\E",   "\\",   "[\\b]", "[z-a]",   "[[:none:]]", "\\pX",
};

START_TEST(what_re2_does_not_have_is_refused)
{
    char why[REGEX_WHY];
    struct regex *regex = regex_open(refused[_i], false, why);
    ck_assert_msg(!regex, "'%s' is accepted", refused[_i]);
    ck_assert_msg(why[0] != '\0', "'%s' is refused without a reason", refused[_i]);
}
END_TEST

static const struct {
    const char *pattern, *text;
    bool matches;
} cases[] = {
    {"build-\\d+.*", "build-12.example", true},
    {"build-\\d+.*", "build-x", false},
    {"(?:a|b)", "b", true},
    {"(?i)Critical|page", "CRITICAL", true},
    {"(?i:a)B", "AB", true},
    {"(?i:a)B", "Ab", false},
    {"a|b", "ab", false}, /* anchored around the alternatives */
    {"", "", true},
    {"", "a", false},
    {".*", "a\nb", false}, /* Prometheus 2: no newline */
    {"(?s).*", "a\nb", true},
    {"a$", "a\n", false}, /* $ is the very end */
    {"a+?b??", "aaa", true},
    {"a{,2}", "a{,2}", true}, /* no repetition */
    {"a{2,3}", "aa", true},
    {"a{2,3}", "aaaa", false},
    {"[]a]+", "]a", true},
    {"[[:alpha:]]+", "ab", true},
    {"[^[:digit:]\\-]", "x", true},
    {"\\x41\\x{42}\\103", "ABC", true},
    {"\\Qa.b(\\E+", "a.b((", true},
    {"\\pL+", "\xc3\xa4", true},
    {".", "\xc3\xa4", true}, /* one character, two bytes */
    {"(?P<name>a)", "a", true},
    {"10\\.0\\.0\\.[0-9]{1,3}:9100", "10.0.0.12:9100", true},
    {"(?P<a>b)(?P<a>c)", "bc", true},
    {"(?U)a+", "aa", true},
    {"\\_\\/\\%", "_/%", true},
};

START_TEST(matches_as_re2_does)
{
    char why[REGEX_WHY];
    struct regex *regex = regex_open(cases[_i].pattern, false, why);
    ck_assert_msg(regex != NULL, "'%s': %s", cases[_i].pattern, why);
    ck_assert_msg(regex_matches(regex, cases[_i].text) == cases[_i].matches, "'%s' on '%s'",
                  cases[_i].pattern, cases[_i].text);
    regex_close(regex);
}
END_TEST

START_TEST(catastrophe_ends_soon)
{
    char why[REGEX_WHY], text[64];
    struct regex *regex = regex_open("(a|aa)+(a+)+b?c", false, why);
    clock_t begin = clock();
    ck_assert_ptr_nonnull(regex);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert(!regex_matches(regex, text));
    ck_assert_double_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 1);
    regex_close(regex);
}
END_TEST

Suite *suite(void)
{
    Suite *regex = suite_create("regex");
    TCase *tests = tcase_create("regex");
    tcase_add_loop_test(tests, what_re2_does_not_have_is_refused, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, matches_as_re2_does, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, catastrophe_ends_soon);
    suite_add_tcase(regex, tests);
    return regex;
}
