/* Times and durations in the notations of exports. */
#include "model/fit/history.h"
#include "tests/support/helpers.h"

#include <math.h>

/* 2026-03-02 10:00:00 UTC, a Monday. */
#define TEN 1772445600000LL

static const char *const times[] = {"2026-03-02T10:00:00Z",
                                    "2026-03-02 10:00:00",
                                    "2026-03-02 10:00:00 UTC",
                                    "2026-03-02T11:00:00+01:00",
                                    "2026-03-02T04:30:00-0530",
                                    "2026-03-02 10:00:00 +0000 UTC",
                                    "20260302T100000Z",
                                    "2026-03-02T10:00",
                                    "1772445600",
                                    "1772445600.000",
                                    "1772445600000",
                                    "1772445600000000",
                                    "1772445600000000000",
                                    "2026-03-02T10:00:00.0001234Z",
                                    "2026-03-02 11:00:00 CET",
                                    "2026-03-02T05:00:00 EST",
                                    "02.03.2026 10:00:00",
                                    "2.3.26 10:00",
                                    "03/02/2026 10:00:00",
                                    "3/2/2026, 10:00:00 AM",
                                    "3/2/26 10:00 AM",
                                    "2026/03/02 10:00:00",
                                    "Mon, 02 Mar 2026 10:00:00 GMT",
                                    "Mon, 2 Mar 2026 11:00:00 +0100",
                                    "Mar 2, 2026, 10:00 AM",
                                    "02-Mar-2026 10:00:00",
                                    "Mon Mar  2 10:00:00 UTC 2026"};
static const char *const none[] = {"",
                                   "x",

                                   "2026-03-02T25:00:00Z",
                                   "17/07/2018 17:54", /* month first */
                                   "3/2/2026 25:00",
                                   "3/2/0026 10:00",
                                   "2.3.2026 soon",
                                   "2026-03-02T10:00:00 IST", /* three zones */
                                   "Mon Mar 2026",
                                   "2026-03-02T10:00:00+99:00",
                                   "-5",
                                   "1e400",
                                   "2026-03-02T"};
static const struct {
    const char *text;
    double ms;
} durations[] = {{"90", 90000},
                 {"1.5", 1500},
                 {"0:01:30", 90000},
                 {"1:30", 90000},
                 {"1-00:00:01", 86401000},
                 {"1.00:00:01", 86401000},
                 {"00:54:39.07", 3279070},
                 {"1m30s", 90000},
                 {"2h", 7200000},
                 {"1 min 30 sec", 90000},
                 {"1 minute, 30 seconds", 90000},
                 {"1 hr 1 min", 3660000},
                 {"0 days 00:01:30.5", 90500},
                 {"1 day, 0:00:01", 86401000},
                 {"PT1M30S", 90000},
                 {"P1DT1H", 90000000},
                 {"-3", -3000}};

START_TEST(times_and_durations_of_every_notation)
{
    struct instant instant;
    double ms;
    size_t i;
    for (i = 0; i < sizeof times / sizeof *times; i++) {
        ck_assert_msg(history_time(times[i], false, &instant), "%s", times[i]);
        ck_assert_msg(instant.ms == TEN && instant.clocked, "%s: got %lld", times[i],
                      (long long)instant.ms);
    }
    for (i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_msg(!history_time(none[i], false, &instant), "%s", none[i]);
    for (i = 0; i < sizeof durations / sizeof *durations; i++) {
        ck_assert_msg(history_duration(durations[i].text, 1000, &ms), "%s", durations[i].text);
        ck_assert_msg(fabs(ms - durations[i].ms) < 1e-6, "%s: got %g", durations[i].text, ms);
    }
    ck_assert(!history_duration("soon", 1000, &ms) && !history_duration("1:2:3:4", 1000, &ms) &&
              !history_duration(":", 1000, &ms) && !history_duration("P1M", 1000, &ms) &&
              !history_duration("5 min soon", 1000, &ms) && !history_duration("P", 1000, &ms) &&
              !history_duration("1 day 25", 1000, &ms));
    ck_assert(history_time("02/03/2026 10:00", true, &instant) && instant.ms == TEN);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("history_time");
    TCase *notations = tcase_create("notations");
    tcase_add_test(notations, times_and_durations_of_every_notation);
    suite_add_tcase(all, notations);
    return all;
}
