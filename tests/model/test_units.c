/* Quantities: what is read, exactly to what, and what is refused with which hint. */
#include "model/base/suggest.h"
#include "model/base/units.h"
#include "tests/support/helpers.h"

#include <string.h>

static int64_t duration(const char *text)
{
    char hint[UNITS_HINT];
    int64_t ms = -12345;
    ck_assert_msg(units_duration(text, &ms, hint), "%s: refused: %s", text, hint);
    return ms;
}

START_TEST(durations_are_exact)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"90s", 90000},
        {"5min", 300000},
        {"5m", 300000},
        {"2h", 7200000},
        {"30d", 2592000000},
        {"1w", 604800000},
        {"1y", 31536000000},
        {"250ms", 250},
        {"1h30min", 5400000},
        {"1d12h30min15s250ms", 131415250},
        {"1.5h", 5400000},
        {"0.1s", 100},
        {"0.3s", 300},
        {"2.675s", 2675},
        {"0s", 0},
        {"-5s", -5000},
        {"-1h30min", -5400000},
        {"5 min", 300000},
        {"1h 30min", 5400000},
        {"285000y", 285000 * UNITS_YEAR},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_int_eq(duration(cases[i].text), cases[i].ms);
}
END_TEST

START_TEST(what_is_no_duration_is_refused_with_a_hint)
{
    static const struct {
        const char *text, *hint;
    } cases[] = {
        {"", ""},
        {"s", ""},
        {"5", "the unit is missing"},
        {"5x", "no unit x"},
        {"5minn", "no unit minn; did you mean min?"},
        {"5 minutes", "no unit minutes; did you mean min?"},
        {"5M", "no unit M; did you mean min?"},
        {"2hours", "no unit hours; did you mean h?"},
        {"30min1h", "units go from large to small, as in 1h30min"},
        {"1h1h", "units go from large to small, as in 1h30min"},
        {"0.5ms", "finer than 1ms"},
        {"0.0001s", "finer than 1ms"},
        {"1e3s", "no unit e"},
        {"--5s", ""},
        {"1h-5s", ""},
        {"1.2.3s", ""},
        {".s", ""},
        {"5s ago", ""},
        {"5s,", ""},
        {"99999999999999y", "too large"},
        {"9999999999999999s", "too large"},
        {"\xc2\xb5s", ""},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hint[UNITS_HINT] = "unset";
        int64_t ms = 1;
        ck_assert_msg(!units_duration(cases[i].text, &ms, hint), "%s: read", cases[i].text);
        ck_assert_str_eq(hint, cases[i].hint);
        ck_assert_int_eq(ms, 1);
    }
}
END_TEST

START_TEST(formatted_durations_read_back)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {250, "250ms"},
        {1000, "1s"},
        {60000, "1min"},
        {90000, "90s"},
        {150000, "2min30s"},
        {5400000, "1h30min"},
        {86400000, "1d"},
        {90 * UNITS_DAY, "90d"},
        {-5000, "-5s"},
        {1500, "1s500ms"},
    };
    char text[UNITS_TEXT];
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_str_eq(units_format_duration(cases[i].ms, text), cases[i].text);
        ck_assert_int_eq(duration(text), cases[i].ms);
    }
}
END_TEST

START_TEST(rates_are_per_ms)
{
    char hint[UNITS_HINT];
    double rate;
    ck_assert(units_rate("0.7/min", &rate, hint));
    ck_assert_double_eq_tol(rate, 0.7 / 60000, 1e-18);
    ck_assert(units_rate("200/d", &rate, hint));
    ck_assert_double_eq_tol(rate, 200.0 / 86400000, 1e-18);
    ck_assert(units_rate("3 / s", &rate, hint));
    ck_assert_double_eq_tol(rate, 0.003, 1e-18);
    ck_assert(!units_rate("200", &rate, hint));
    ck_assert_str_eq(hint, "per what?");
    ck_assert(!units_rate("200/day", &rate, hint));
    ck_assert_str_eq(hint, "no unit day; did you mean d?");
    ck_assert(!units_rate("200/d/d", &rate, hint));
    ck_assert(!units_rate("/d", &rate, hint));
}
END_TEST

START_TEST(sizes_are_bytes)
{
    char hint[UNITS_HINT], text[UNITS_TEXT];
    int64_t bytes;
    ck_assert(units_size("128GB", &bytes, hint));
    ck_assert_int_eq(bytes, 128000000000);
    ck_assert_str_eq(units_format_size(bytes, text), "128GB");
    ck_assert(units_size("512MiB", &bytes, hint));
    ck_assert_int_eq(bytes, 512LL << 20);
    ck_assert_str_eq(units_format_size(bytes, text), "512MiB");
    ck_assert(units_size("1.5TiB", &bytes, hint));
    ck_assert_int_eq(bytes, 3LL << 39);
    ck_assert(!units_size("64gb", &bytes, hint));
    ck_assert_str_eq(hint, "no unit gb; did you mean GB?");
    ck_assert(!units_size("1.5B", &bytes, hint));
    ck_assert_str_eq(hint, "finer than 1B");
    ck_assert(!units_size("99999999999TB", &bytes, hint));
    ck_assert_str_eq(hint, "too large");
    ck_assert(!units_size("1GB2", &bytes, hint));
}
END_TEST

START_TEST(shares_need_their_percent_sign)
{
    char hint[UNITS_HINT];
    double share;
    ck_assert(units_share("65%", &share, hint));
    ck_assert_double_eq_tol(share, 0.65, 1e-15);
    ck_assert(units_share("99.95%", &share, hint));
    ck_assert_double_eq_tol(share, 0.9995, 1e-15);
    ck_assert(!units_share("65", &share, hint));
    ck_assert(!units_share("65%%", &share, hint));
    ck_assert(!units_share("%", &share, hint));
}
END_TEST

START_TEST(suggestions_are_near_or_none)
{
    static const char *const keys[] = {
        "scrape_interval", "scrape_timeout", "rules", "for", "up", NULL};
    static const char *const ops[] = {"<", "<=", ">", ">=", "==", NULL};
    ck_assert_str_eq(suggest_nearest("=<", ops), "<=");
    ck_assert_str_eq(suggest_nearest("=>", ops), ">=");
    ck_assert_str_eq(suggest_nearest("scrape_intervall", keys), "scrape_interval");
    ck_assert_str_eq(suggest_nearest("scrap_timeout", keys), "scrape_timeout");
    ck_assert_str_eq(suggest_nearest("Rules", keys), "rules");
    ck_assert_str_eq(suggest_nearest("rulse", keys), "rules");
    ck_assert_str_eq(suggest_nearest("pu", keys), "up"); /* swapped neighbours are one mistake */
    ck_assert_ptr_null(suggest_nearest("frequency", keys));
    ck_assert_ptr_null(suggest_nearest("", keys));
    ck_assert_ptr_null(suggest_nearest("x", keys));
    ck_assert_ptr_null(
        suggest_nearest("a word that is far longer than any key of a file can be", keys));
}
END_TEST

Suite *suite(void)
{
    Suite *units = suite_create("units");
    TCase *tests = tcase_create("units");
    tcase_add_test(tests, durations_are_exact);
    tcase_add_test(tests, what_is_no_duration_is_refused_with_a_hint);
    tcase_add_test(tests, formatted_durations_read_back);
    tcase_add_test(tests, rates_are_per_ms);
    tcase_add_test(tests, sizes_are_bytes);
    tcase_add_test(tests, shares_need_their_percent_sign);
    tcase_add_test(tests, suggestions_are_near_or_none);
    suite_add_tcase(units, tests);
    return units;
}
