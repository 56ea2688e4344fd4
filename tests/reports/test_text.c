/* Numbers as people read them, and names that want to break every format. */
#include "tests/support/helpers.h"

#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void is_time(double ms, const char *want)
{
    char got[TEXT_VALUE];
    ck_assert_str_eq(text_time(got, ms), want);
}

START_TEST(times_are_rounded_to_the_second)
{
    is_time(0, "0:00");
    is_time(499, "0:00");
    is_time(500, "0:01");
    is_time(59499, "0:59");
    is_time(59500, "1:00");
    is_time(3599499, "59:59");
    is_time(3599500, "1:00:00");
    is_time(359999000, "99:59:59");
    is_time(360000000, "4d 04h");
    is_time(86399999e3, "999d 23h");
    is_time(86400000e3, "1000d");
    is_time(-61000, "-1:01");
    is_time(-3661000, "-1:01:01");
    is_time(-100, "0:00");
    is_time(NAN, "-");
    is_time(INFINITY, "-");
}
END_TEST

START_TEST(exact_times_show_milliseconds)
{
    char got[TEXT_VALUE];
    ck_assert_str_eq(text_time_exact(got, 120001), "2:00.001");
    ck_assert_str_eq(text_time_exact(got, 119999.6), "2:00.000");
    ck_assert_str_eq(text_time_exact(got, 3600000), "1:00:00.000");
    ck_assert_str_eq(text_clock(got, 3723004), "1:02:03.004");
}
END_TEST

static void is_share(double share, const char *want)
{
    char got[TEXT_VALUE];
    ck_assert_str_eq(text_share(got, share), want);
}

START_TEST(a_share_is_all_or_nothing_only_when_it_is)
{
    is_share(1, "100%");
    is_share(0.999999, "99.99%");
    is_share(0.9995, "99.95%");
    is_share(0.99, "99%");
    is_share(0.123, "12.3%");
    is_share(0.1, "10%");
    is_share(0.0012, "0.12%");
    is_share(1e-9, "0.01%");
    is_share(0, "0%");
    is_share(NAN, "-");
}
END_TEST

static void is_count(double count, const char *want)
{
    char got[TEXT_VALUE];
    ck_assert_str_eq(text_metric(got, METRIC_JOBS_DONE, count), want);
}

START_TEST(counts_show_what_matters)
{
    is_count(0, "0");
    is_count(1.5, "1.5");
    is_count(0.126, "0.13");
    is_count(100, "100");
    is_count(1234.6, "1235");
    is_count(NAN, "-");
}
END_TEST

static void is_clean(const char *dirty, const char *want)
{
    char got[64];
    text_clean(got, sizeof got, dirty);
    ck_assert_str_eq(got, want);
}

#define FFFD "\xEF\xBF\xBD"

START_TEST(lines_stay_lines_without_escapes)
{
    char *text;
    size_t size;
    HELPER_CAPTURE(text, size, text_lines(out, "a\x1b[31m\n\tb\xC2\x9B\n\r"));
    ck_assert_str_eq(text, "a [31m\n\tb \n ");
    free(text);
}
END_TEST

START_TEST(what_is_not_utf8_is_replaced)
{
    is_clean("Z\xC3\xBCrich \xE2\x82\xAC \xF0\x9F\x94\xA5",
             "Z\xC3\xBCrich \xE2\x82\xAC \xF0\x9F\x94\xA5");
    is_clean("a\nb\tc\x7F"
             "d\x01",
             "a b c d ");
    is_clean("\xC2\x85", " "); /* a C1 control */
    is_clean("\xE2\x80\xAE"
             "a\xE2\x81\xA6",
             " a ");                          /* from right to left; isolated */
    is_clean("\xFF\xC0\xAF", FFFD FFFD FFFD); /* never a first byte; overlong */
    is_clean("\xE2\x82", FFFD);               /* cut short by the end */
    is_clean("\xE2\x82(", FFFD "(");          /* cut short by a character */
    is_clean("\xE0\x80\xAF", FFFD);           /* overlong */
    is_clean("\xED\xA0\x80", FFFD);           /* surrogate */
    is_clean("\xF4\x90\x80\x80", FFFD);       /* beyond U+10FFFF */
    is_clean("\xEF\xBF\xBE", FFFD);           /* U+FFFE, forbidden in XML */
}
END_TEST

START_TEST(cleaning_cuts_between_code_points)
{
    char got[4];
    text_clean(got, sizeof got, "ab\xC3\xBC");
    ck_assert_str_eq(got, "ab");
    text_clean(got, sizeof got, "a\xC3\xBC");
    ck_assert_str_eq(got, "a\xC3\xBC");
}
END_TEST

static void writes(void (*write)(FILE *out, const char *s), const char *given, const char *want)
{
    char *got = NULL;
    size_t size;
    HELPER_CAPTURE(got, size, write(out, given));
    ck_assert_str_eq(got, want);
    free(got);
}

START_TEST(escapes_leave_nothing_to_interpret)
{
    writes(text_xml, "<a href=\"x\">'&'\x01</a>",
           "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39; &lt;/a&gt;");
    writes(text_gnuplot, "it's `id` \"$x\" a_b^{c}@d\n\\", "'it''s `id` \"$x\" a_b^{c}@d \\'");
    writes(text_shell, "scenarios/a-b_1.yaml", "scenarios/a-b_1.yaml");
    writes(text_shell, "it's $HOME; `id`", "'it'\\''s $HOME; `id`'");
    writes(text_shell, "", "''");
    writes(text_shell, "~root", "'~root'");
}
END_TEST

START_TEST(words_wrap_at_the_column)
{
    char *got = NULL;
    size_t size;
    HELPER_CAPTURE(got, size, text_wrap(out, "one two three four", 0, 9, 2));
    ck_assert_str_eq(got, "one two\n  three\n  four\n");
    free(got);
    HELPER_CAPTURE(got, size, text_wrap(out, "one two three", 0, 13, 2));
    ck_assert_str_eq(got, "one two three\n");
    free(got);
    HELPER_CAPTURE(got, size, text_wrap(out, "one two three", 0, 12, 2));
    ck_assert_str_eq(got, "one two\n  three\n");
    free(got);
    HELPER_CAPTURE(got, size, text_wrap(out, "aaaaaaaaaaaaaaaaaaaa b", 4, 9, 2));
    ck_assert_str_eq(got, "aaaaaaaaaaaaaaaaaaaa\n  b\n");
    free(got);
}
END_TEST

/* No share is below 0 or above 1, so neither is an end of its interval. */
START_TEST(a_share_has_an_interval_not_a_half_width)
{
    static const struct {
        enum metric metric;
        double value, half;
        const char *want;
    } cases[] = {
        {METRIC_AVAILABILITY, 1, 0.025, " (97.5-100%)"},
        {METRIC_AVAILABILITY, 0, 0.025, " (0-2.5%)"},
        {METRIC_JOB_SUCCESS, 0.5, 0.1, " (40-60%)"},
        {METRIC_JOB_SUCCESS, 0.5, 0.0001, " +-0.01%"}, /* both ends read 50% */
        {METRIC_JOB_SUCCESS, 1, 0, " +-0%"},
        {METRIC_RTO, 60000, 5000, " +-0:05"},
        {METRIC_RTO, 60000, NAN, ""},
        {METRIC_JOB_SUCCESS, 0.5, NAN, ""},
    };
    char out[TEXT_VALUE];
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(text_spread(out, cases[i].metric, cases[i].value, cases[i].half),
                         cases[i].want);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("text");
    TCase *c = tcase_create("text");
    tcase_add_test(c, times_are_rounded_to_the_second);
    tcase_add_test(c, exact_times_show_milliseconds);
    tcase_add_test(c, a_share_is_all_or_nothing_only_when_it_is);
    tcase_add_test(c, counts_show_what_matters);
    tcase_add_test(c, what_is_not_utf8_is_replaced);
    tcase_add_test(c, lines_stay_lines_without_escapes);
    tcase_add_test(c, cleaning_cuts_between_code_points);
    tcase_add_test(c, escapes_leave_nothing_to_interpret);
    tcase_add_test(c, words_wrap_at_the_column);
    tcase_add_test(c, a_share_has_an_interval_not_a_half_width);
    suite_add_tcase(s, c);
    return s;
}
