/* Regular expressions as Go has them: what is accepted, what is refused, what matches. */
#include "model/base/regex.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *pattern, *text;
    bool matches;
} matched[] = {
    {"a|b", "b", true},
    {"a|b", "ab", false},
    {"a", "a\n", false},
    {"a$", "a\n", false},
    {".", "\n", false},
    {"(?s).", "\n", true},
    {"[^a]", "\n", true},
    {"(?i)Stra\xc3\x9f"
     "e",
     "sTRA\xc3\x9f"
     "E",
     true},
    {"\\d+", "12", true},
    {"\\d", "\xd9\xa1", false}, /* an Arabic digit */
    {"\\s", "\v", false},
    {"[\\s]", "\t", true},
    {"[^\\S]", " ", true},
    {"[^\\S]", "\v", false},
    {"\\v", "\v", true},
    {"a{,2}", "a{,2}", true},
    {"a{2", "a{2", true},
    {"a{2,}", "aaa", true},
    {"[]a]+", "]a", true},
    {"[a-]", "-", true},
    {"[[:alpha:]_]+", "a_b", true},
    {"(?P<x>a)b", "ab", true},
    {"(?U)a+", "aaa", true},
    {"(?i:a)b", "Ab", true},
    {"(?i:a)b", "AB", false},
    {"\\Qa.b\\E+", "a.bb", true},
    {"\\x{e9}\\x41\\101",
     "\xc3\xa9"
     "AA",
     true},
    {"\\pL+", "\xc3\xa9t\xc3\xa9", true},
    {"\\p{Greek}", "\xce\xb1", true},
    {"", "", true},
    {"", "a", false},
    {"build-\\d+.*", "build-12.example:9100", true},
    {"(?m)^a$\n^b$", "a\nb", true},
    {"^*a", "a", true},
    {"\\_\\-", "_-", true},
    /* Without backtracking, since that would not end. */
    {"(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    {"(a|aa)+(a|aa)+", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true},
};

START_TEST(matches_as_go_does)
{
    char why[REGEX_WHY] = "";
    struct regex *regex = regex_open(matched[_i].pattern, false, why);
    ck_assert_msg(regex != NULL, "%s: %s", matched[_i].pattern, why);
    ck_assert_msg(regex_matches(regex, matched[_i].text) == matched[_i].matches, "%s and %s",
                  matched[_i].pattern, matched[_i].text);
    regex_close(regex);
}
END_TEST

static const char *const refused[][2] = {
    {"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
    {"(?!a)", "invalid or unsupported Perl syntax: `(?!`"},
    {"(?<=a)b", "invalid or unsupported Perl syntax: `(?<`"},
    {"(?>a)", "invalid or unsupported Perl syntax: `(?>`"},
    {"(a)\\1", "invalid escape sequence: `\\1`"},
    {"a++", "invalid nested repetition operator: `+`"},
    {"a**", "invalid nested repetition operator: `*`"},
    {"*a", "missing argument to repetition operator: `*a`"},
    {"(*UTF)a", "missing argument to repetition operator: `*UTF)a`"},
    {"a|*", "missing argument to repetition operator: `*`"},
    {"a{1001}", "invalid repeat count: `{1001}`"},
    {"(a{100}){100}", "invalid repeat count: `{100}`"},
    {"a{3,2}", "invalid repeat count: `{3,2}`"},
    {"(a", "missing closing ): `(a`"},
    {"a)", "unexpected ): `a)`"},
    {"[a", "missing closing ]: `[a`"},
    {"[b-a]", "invalid character class range: `b-a]`"},
    {"[[:foo:]]", "invalid character class range: `[:foo:]]`"},
    {"\\Z", "invalid escape sequence: `\\Z`"},
    {"\\h", "invalid escape sequence: `\\h`"},
    {"\\e", "invalid escape sequence: `\\e`"},
    {"a\\", "trailing backslash at end of expression: ``"},
    {"(?<x>a)", "invalid or unsupported Perl syntax: `(?<`"},
};

START_TEST(refuses_as_go_does)
{
    char why[REGEX_WHY] = "";
    ck_assert_ptr_null(regex_open(refused[_i][0], false, why));
    ck_assert_str_eq(why, refused[_i][1]);
}
END_TEST

START_TEST(version_3_reads_more)
{
    char why[REGEX_WHY] = "";
    struct regex *regex = regex_open("(?<x>a.b)", true, why);
    ck_assert_msg(regex != NULL, "%s", why);
    ck_assert(regex_matches(regex, "a\nb"));
    regex_close(regex);
}
END_TEST

static const struct {
    const char *pattern, *text, *template, *out;
} expanded[] = {
    {"(.*)-(.*)", "a-b", "$2-$1", "b-a"},
    {"(?P<x>a)b", "ab", "${x}x $x $xx $$ $", "ax a  $ $"},
    {"(a)(b)?", "a", "[$2][${1}]", "[][a]"},
    {"(a)", "a", "$1x", ""},
    {"(a)", "a", "${1", "${1"},
    {"(a)", "a", "$9", ""},
};

START_TEST(fills_in_as_go_does)
{
    char why[REGEX_WHY] = "", *out;
    struct regex *regex = regex_open(expanded[_i].pattern, false, why);
    ck_assert_msg(regex != NULL, "%s", why);
    ck_assert(regex_expand(regex, expanded[_i].text, expanded[_i].template, &out));
    ck_assert_str_eq(out, expanded[_i].out);
    free(out);
    ck_assert(!regex_expand(regex, "zzz", expanded[_i].template, &out));
    regex_close(regex);
}
END_TEST

START_TEST(replaces_all_as_go_does)
{
    static const char *const cases[][4] = {
        {"a", "banana", "<$0>", "b<a>n<a>n<a>"},
        {"a*", "baac", "x", "xbxcx"},
        {"", "\xc3\xa9", "-", "-\xc3\xa9-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[REGEX_WHY] = "", *out;
        struct regex *regex = regex_open(cases[i][0], false, why);
        out = regex_replace_all(regex, cases[i][1], cases[i][2]);
        ck_assert_str_eq(out, cases[i][3]);
        free(out);
        regex_close(regex);
    }
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

Suite *suite(void)
{
    Suite *suite = suite_create("regex");
    TCase *tcase = tcase_create("regex");
    LOOP(tcase, matches_as_go_does, matched);
    LOOP(tcase, refuses_as_go_does, refused);
    tcase_add_test(tcase, version_3_reads_more);
    LOOP(tcase, fills_in_as_go_does, expanded);
    tcase_add_test(tcase, replaces_all_as_go_does);
    suite_add_tcase(suite, tcase);
    return suite;
}
