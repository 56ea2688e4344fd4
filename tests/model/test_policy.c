/* The promises of policy.h, by name: from trouble to failover and back. What holds the policy
 * back is in test_policy_holds.c. */
#include "tests/support/helpers.h"
#include "tests/support/policy_fixture.h"

enum { PRIMARY, BACKUP };

static struct policy_fixture p;

/* --- detection ------------------------------------------------------------------------------- */

START_TEST(third_offline_reading_with_the_probe_down_detects)
{
    policy_fixture_pair(&p);
    policy_fixture_dead(&p, PRIMARY);
    p.view.host[PRIMARY].offline_readings = 2;
    policy_fixture_step(&p, 20 * SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_DETECTED));
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
    p.view.host[PRIMARY].offline_readings = 3;
    policy_fixture_step(&p, 40 * SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_DETECTED));
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SUSPECT);
    ck_assert_int_eq(p.state.host[PRIMARY].detected_ms, 40 * SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
}
END_TEST

START_TEST(one_signal_alone_detects_nothing)
{
    static const enum probe probes[] = {PROBE_UP, PROBE_UNKNOWN};
    size_t i;
    for (i = 0; i < sizeof probes / sizeof *probes; i++) {
        policy_fixture_pair(&p);
        policy_fixture_dead(&p, PRIMARY);
        p.view.host[PRIMARY].probe = probes[i];
        policy_fixture_run(&p, HOUR);
        ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
    }
    policy_fixture_pair(&p);
    p.view.host[PRIMARY].probe = PROBE_DOWN; /* but GitHub says online */
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
}
END_TEST

START_TEST(alert_of_a_configured_severity_detects)
{
    policy_fixture_pair(&p);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_DETECTED));
    ck_assert(!policy_fixture_said(&p, BACKUP, NOTICE_DETECTED));
    policy_fixture_step(&p, 2 * SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_DETECTED));
}
END_TEST

START_TEST(alert_of_another_severity_does_not)
{
    policy_fixture_pair(&p);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_INFO);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_WARNING);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_PAGE);
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
}
END_TEST

/* --- persistence ----------------------------------------------------------------------------- */

START_TEST(persisting_five_minutes_drains_and_not_a_millisecond_less)
{
    policy_fixture_pair(&p);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, 7);
    policy_fixture_step(&p, 7 + 299999);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    policy_fixture_step(&p, 7 + 300000);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FAILOVER));
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 8);
}
END_TEST

START_TEST(trouble_that_goes_away_is_dismissed_and_its_clock_begins_anew)
{
    policy_fixture_pair(&p);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_run(&p, 4 * MINUTE);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, 4 * MINUTE + SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_DISMISSED));
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, 4 * MINUTE + 2 * SECOND);
    policy_fixture_run(&p, 9 * MINUTE + SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    policy_fixture_step(&p, 9 * MINUTE + 2 * SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
}
END_TEST

/* --- recovery and failback ------------------------------------------------------------------- */

START_TEST(recovery_needs_alert_cleared_and_online_and_health)
{
    int lacking;
    for (lacking = 0; lacking < 4; lacking++) {
        policy_fixture_drained(&p);
        policy_fixture_well(&p, PRIMARY);
        if (lacking == 0)
            policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
        if (lacking == 1) {
            p.view.host[PRIMARY].online = 0;
            p.view.host[PRIMARY].offline_readings = 3;
        }
        if (lacking == 2)
            p.view.host[PRIMARY].health_passes = 0;
        policy_fixture_step(&p, 6 * MINUTE);
        ck_assert_int_eq(policy_fixture_said(&p, PRIMARY, NOTICE_FAILBACK), lacking == 3);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, lacking == 3);
    }
}
END_TEST

START_TEST(evidence_must_be_gone_for_clear_for_without_a_gap)
{
    policy_fixture_drained(&p);
    p.config.clear_for_ms = 3 * MINUTE;
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, 6 * MINUTE);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, 8 * MINUTE);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, 9 * MINUTE);
    policy_fixture_step(&p, 12 * MINUTE - 1);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_step(&p, 12 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
}
END_TEST

START_TEST(ramp_goes_slot_by_slot_over_exactly_ten_minutes)
{
    int slot;
    policy_fixture_drained(&p);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
    for (slot = 2; slot <= 8; slot++) {
        int64_t due_ms = HOUR + (10 * MINUTE * (slot - 1) + 6) / 7; /* rounded up */
        policy_fixture_step(&p, due_ms - 1);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, slot - 1);
        ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_RESTORED));
        policy_fixture_step(&p, due_ms);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, slot);
    }
    ck_assert_int_eq(p.now_ms, HOUR + 10 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_RESTORED));
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
}
END_TEST

START_TEST(a_late_step_admits_all_slots_that_are_due)
{
    policy_fixture_drained(&p);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, HOUR);
    policy_fixture_step(&p, HOUR + 5 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 4); /* at 0, 85.7, 171.4, 257.1 s */
}
END_TEST

START_TEST(relapse_drains_at_once_and_is_a_trouble_of_its_own)
{
    policy_fixture_drained(&p);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_run(&p, 8 * MINUTE);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_RAMPING);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, 8 * MINUTE + SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_RELAPSE));
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    ck_assert_int_eq(p.state.host[PRIMARY].detected_ms, 8 * MINUTE + SECOND);
}
END_TEST

START_TEST(failed_health_check_holds_the_ramp)
{
    policy_fixture_drained(&p);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, 10 * MINUTE);
    p.view.host[PRIMARY].health_passes = 0;
    policy_fixture_run(&p, 20 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_RAMPING);
    p.view.host[PRIMARY].health_passes = 1;
    policy_fixture_run(&p, 30 * MINUTE - SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 7);
    policy_fixture_run(&p, 30 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
}
END_TEST

START_TEST(one_slot_needs_no_ramp)
{
    struct policy_config config = policy_fixture_config();
    policy_fixture_init(&p, &config, 2, 1);
    policy_fixture_dead(&p, PRIMARY);
    policy_fixture_run(&p, 6 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, 7 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FAILBACK));
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_RESTORED));
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
}
END_TEST

/* --- the last healthy host, darkness --------------------------------------------------------- */

START_TEST(last_healthy_host_is_never_drained)
{
    policy_fixture_pair(&p);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_run(&p, 10 * MINUTE);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 0);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, 10 * MINUTE + SECOND);
    policy_fixture_step(&p, 15 * MINUTE + SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_HELD_LAST));
    policy_fixture_run(&p, 2 * HOUR);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_HELD_LAST)); /* once is enough */
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    policy_fixture_well(&p, BACKUP);
    policy_fixture_step(&p, 2 * HOUR + SECOND);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 8); /* alone: no time for a ramp */
    policy_fixture_step(&p, 2 * HOUR + 2 * SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FAILOVER));
}
END_TEST

START_TEST(ramp_ends_at_once_when_nothing_else_serves)
{
    policy_fixture_drained(&p);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, 6 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_step(&p, 6 * MINUTE + SECOND);
    policy_fixture_step(&p, 6 * MINUTE + 2 * SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
}
END_TEST

START_TEST(both_down_pages_after_page_after_and_once)
{
    policy_fixture_pair(&p);
    policy_fixture_dead(&p, PRIMARY);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_step(&p, MINUTE);
    policy_fixture_step(&p, 6 * MINUTE - 1);
    ck_assert(!policy_fixture_said(&p, -1, NOTICE_PAGE));
    policy_fixture_step(&p, 6 * MINUTE);
    ck_assert(policy_fixture_said(&p, -1, NOTICE_PAGE));
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted + p.plan.host[BACKUP].admitted, 16);
    policy_fixture_step(&p, 7 * MINUTE);
    ck_assert(!policy_fixture_said(&p, -1, NOTICE_PAGE));
    policy_fixture_well(&p, BACKUP);
    policy_fixture_step(&p, 8 * MINUTE);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_step(&p, 9 * MINUTE);
    policy_fixture_step(&p, 14 * MINUTE);
    ck_assert(policy_fixture_said(&p, -1, NOTICE_PAGE)); /* a new darkness, a new page */
}
END_TEST

START_TEST(death_of_the_other_pages_while_one_is_in_maintenance)
{
    policy_fixture_pair(&p);
    p.view.host[PRIMARY].maintenance = true;
    policy_fixture_run(&p, MINUTE);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_MAINTENANCE);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_run(&p, 6 * MINUTE + SECOND);
    ck_assert(policy_fixture_said(&p, -1, NOTICE_PAGE));
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("policy");
    TCase *promises = tcase_create("promises");
    tcase_add_test(promises, third_offline_reading_with_the_probe_down_detects);
    tcase_add_test(promises, one_signal_alone_detects_nothing);
    tcase_add_test(promises, alert_of_a_configured_severity_detects);
    tcase_add_test(promises, alert_of_another_severity_does_not);
    tcase_add_test(promises, persisting_five_minutes_drains_and_not_a_millisecond_less);
    tcase_add_test(promises, trouble_that_goes_away_is_dismissed_and_its_clock_begins_anew);
    tcase_add_test(promises, recovery_needs_alert_cleared_and_online_and_health);
    tcase_add_test(promises, evidence_must_be_gone_for_clear_for_without_a_gap);
    tcase_add_test(promises, ramp_goes_slot_by_slot_over_exactly_ten_minutes);
    tcase_add_test(promises, a_late_step_admits_all_slots_that_are_due);
    tcase_add_test(promises, relapse_drains_at_once_and_is_a_trouble_of_its_own);
    tcase_add_test(promises, failed_health_check_holds_the_ramp);
    tcase_add_test(promises, one_slot_needs_no_ramp);
    tcase_add_test(promises, last_healthy_host_is_never_drained);
    tcase_add_test(promises, ramp_ends_at_once_when_nothing_else_serves);
    tcase_add_test(promises, both_down_pages_after_page_after_and_once);
    tcase_add_test(promises, death_of_the_other_pages_while_one_is_in_maintenance);
    suite_add_tcase(suite, promises);
    return suite;
}
