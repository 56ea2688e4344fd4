/* The life of one alert: prometheus-semantics.md, section 4. */
#include "model/policy/alert.h"
#include "tests/support/helpers.h"

#define MINUTE 60000LL

/* One evaluation a character: '1' the expression has a result, '0' it has none. Gives the states
 * after each: '.' inactive, 'p' pending, 'F' firing. */
static const char *states(struct alert_timing timing, int64_t interval_ms, const char *present)
{
    static char out[64];
    struct alert alert;
    int i;
    alert_init(&alert);
    for (i = 0; present[i]; i++) {
        alert_step(&timing, &alert, i * interval_ms, present[i] == '1');
        out[i] = ".pF"[alert.state];
    }
    out[i] = '\0';
    return out;
}

START_TEST(fires_at_once_without_for)
{
    ck_assert_str_eq(states((struct alert_timing){0, 0}, MINUTE, "0110"), ".FF.");
}
END_TEST

START_TEST(equality_fires)
{
    struct alert_timing two_minutes = {2 * MINUTE, 0};
    ck_assert_str_eq(states(two_minutes, MINUTE, "1111"), "ppFF");
}
END_TEST

/* hold = ceil(for / E) * E: 2 min at evaluations every 45 s, 90 s and 2 min + 1 ms. */
START_TEST(for_is_rounded_up_to_evaluations)
{
    struct alert_timing two_minutes = {2 * MINUTE, 0};
    ck_assert_str_eq(states(two_minutes, 45000, "11111"), "pppFF");
    ck_assert_str_eq(states(two_minutes, 90000, "1111"), "ppFF");
    ck_assert_str_eq(states(two_minutes, 2 * MINUTE + 1, "111"), "pFF");
    ck_assert_str_eq(states(two_minutes, 2 * MINUTE - 1, "111"), "ppF");
}
END_TEST

START_TEST(a_gap_while_pending_starts_over)
{
    struct alert_timing two_minutes = {2 * MINUTE, 0};
    ck_assert_str_eq(states(two_minutes, MINUTE, "1101111"), "pp.ppFF");
}
END_TEST

START_TEST(absence_resolves)
{
    struct alert_timing two_minutes = {2 * MINUTE, 0};
    ck_assert_str_eq(states(two_minutes, MINUTE, "11101111"), "ppF.ppFF");
}
END_TEST

START_TEST(keeps_firing_from_the_first_absence)
{
    struct alert_timing kept = {MINUTE, 3 * MINUTE};
    ck_assert_str_eq(states(kept, MINUTE, "110000000"), "pFFFF....");
    ck_assert_str_eq(states(kept, 2 * MINUTE, "1100000"), "pFFF...");
}
END_TEST

START_TEST(presence_resets_the_keeping)
{
    struct alert_timing kept = {MINUTE, 3 * MINUTE};
    ck_assert_str_eq(states(kept, MINUTE, "110010000000"), "pFFFFFFF....");
}
END_TEST

START_TEST(pending_is_not_kept)
{
    struct alert_timing kept = {2 * MINUTE, 3 * MINUTE};
    ck_assert_str_eq(states(kept, MINUTE, "1100"), "pp..");
}
END_TEST

START_TEST(changes_and_times_are_reported)
{
    struct alert_timing timing = {2 * MINUTE, 0};
    struct alert alert;
    alert_init(&alert);
    ck_assert_int_eq(alert_step(&timing, &alert, 5, false), ALERT_SAME);
    ck_assert_int_eq(alert_step(&timing, &alert, MINUTE, true), ALERT_BEGAN);
    ck_assert_int_eq(alert_step(&timing, &alert, 2 * MINUTE, false), ALERT_DROPPED);
    ck_assert_int_eq(alert.resolved_ms, -1); /* a pending alert leaves no trace */
    ck_assert_int_eq(alert_step(&timing, &alert, 3 * MINUTE, true), ALERT_BEGAN);
    ck_assert_int_eq(alert_step(&timing, &alert, 4 * MINUTE, true), ALERT_SAME);
    ck_assert_int_eq(alert_step(&timing, &alert, 5 * MINUTE, true), ALERT_FIRED);
    ck_assert_int_eq(alert.active_ms, 3 * MINUTE);
    ck_assert_int_eq(alert.fired_ms, 5 * MINUTE);
    ck_assert_int_eq(alert_step(&timing, &alert, 6 * MINUTE, true), ALERT_SAME);
    ck_assert_int_eq(alert.fired_ms, 5 * MINUTE);
    ck_assert_int_eq(alert_step(&timing, &alert, 7 * MINUTE, false), ALERT_RESOLVED);
    ck_assert_int_eq(alert.resolved_ms, 7 * MINUTE);
    ck_assert_int_eq(alert_step(&timing, &alert, 8 * MINUTE, false), ALERT_SAME);
    ck_assert_int_eq(alert.resolved_ms, 7 * MINUTE); /* re-sent for 15 minutes */
    ck_assert_int_eq(alert_step(&timing, &alert, 9 * MINUTE, true), ALERT_BEGAN);
    ck_assert_int_eq(alert.resolved_ms, -1); /* a new alert takes its place */
}
END_TEST

START_TEST(firing_at_once_is_one_change)
{
    struct alert_timing timing = {0, 0};
    struct alert alert;
    alert_init(&alert);
    ck_assert_int_eq(alert_step(&timing, &alert, MINUTE, true), ALERT_FIRED);
    ck_assert_int_eq(alert.active_ms, MINUTE);
    ck_assert_int_eq(alert.fired_ms, MINUTE);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("alert");
    TCase *life = tcase_create("life");
    tcase_add_test(life, fires_at_once_without_for);
    tcase_add_test(life, equality_fires);
    tcase_add_test(life, for_is_rounded_up_to_evaluations);
    tcase_add_test(life, a_gap_while_pending_starts_over);
    tcase_add_test(life, absence_resolves);
    tcase_add_test(life, keeps_firing_from_the_first_absence);
    tcase_add_test(life, presence_resets_the_keeping);
    tcase_add_test(life, pending_is_not_kept);
    tcase_add_test(life, changes_and_times_are_reported);
    tcase_add_test(life, firing_at_once_is_one_change);
    suite_add_tcase(suite, life);
    return suite;
}
