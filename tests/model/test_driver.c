/* The one loop body: what comes in, a step, its invariants, what goes out. */
#include "tests/support/helpers.h"
#include "tests/support/policy_fixture.h"

#include "model/policy/driver.h"

static struct policy_config config;
static struct driver driver;
static int64_t gone_on_ms;

static void begin(void)
{
    const struct readings_setup setup = {
        .n = 2, .host = {{8, TIER_PRIMARY}, {4, TIER_BACKUP}}, .probe_misses = 2};
    config = policy_fixture_config();
    driver_init(&driver, &config, &setup, 0);
    gone_on_ms = 0;
}

/* Every feed at now_ms; the first host is as told, the second is well. */
static bool read_all(int64_t now_ms, int online, unsigned severities, bool answered)
{
    const struct host_reading hosts[2] = {
        {.online = online, .routed = 8, .severities = severities, .answered = answered},
        {.online = 4, .routed = 4, .answered = true}};
    bool news = driver_take(&driver, POLL_GITHUB, now_ms, hosts);
    news |= driver_take(&driver, POLL_ALERTS, now_ms, hosts);
    return driver_take(&driver, POLL_PROBE, now_ms, hosts) || news;
}

/* From where the last one ended: time does not go back. */
static void go_on(int64_t until_ms, int online, unsigned severities, bool answered)
{
    for (; gone_on_ms <= until_ms; gone_on_ms += 10 * SECOND) {
        read_all(gone_on_ms, online, severities, answered);
        ck_assert(driver_step(&driver, gone_on_ms));
    }
}

START_TEST(before_the_first_step_everybody_is_admitted)
{
    begin();
    ck_assert_int_eq(driver.plan.n, 2);
    ck_assert_int_eq(driver.plan.host[0].admitted, 8);
    ck_assert_int_eq(driver.plan.host[1].admitted, 4);
    ck_assert(!driver.begun && !driver_settled(&driver));
}
END_TEST

/* The time of grace counts from the first step, not from the first reading. */
START_TEST(the_policy_begins_with_the_first_step)
{
    begin();
    read_all(7000, 8, 0, true);
    ck_assert(driver_step(&driver, 7000));
    ck_assert_int_eq(driver.state.started_ms, 7000);
}
END_TEST

/* A block ends with the word, and only with it; the next failover blocks again. */
START_TEST(an_acknowledgement_ends_a_block)
{
    struct policy_state state;
    begin();
    read_all(0, 8, 0, true);
    driver_begin(&driver, 0, (const bool[POLICY_HOSTS]){true}, HOUR);
    go_on(10 * MINUTE, 8, 0, true);
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_DRAINED);
    state = driver.state;
    state.host[0].blocked_until_ms = 11 * MINUTE;
    driver_acknowledge(&driver, 0, true);
    read_all(11 * MINUTE, 8, 0, true);
    driver_take(&driver, POLL_HEALTH, 11 * MINUTE, NULL);
    ck_assert(!driver_idle(&driver, 11 * MINUTE));
    ck_assert(driver_step(&driver, 11 * MINUTE));
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_RAMPING);
    ck_assert_int_eq(driver.state.host[0].blocked_until_ms, 11 * MINUTE);
    ck_assert_int_eq(driver.state.host[1].blocked_until_ms, state.host[1].blocked_until_ms);
    policy_acknowledge(&state, 0, 12 * MINUTE); /* one that is over is not made longer */
    ck_assert_int_eq(state.host[0].blocked_until_ms, 11 * MINUTE);
}
END_TEST

START_TEST(evidence_leads_to_a_plan)
{
    begin();
    go_on(5 * MINUTE, 0, 0, false);
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_SUSPECT);
    go_on(6 * MINUTE, 0, 0, false);
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_DRAINED);
    ck_assert_int_eq(driver.plan.host[0].admitted, 0);
    ck_assert_int_eq(driver.plan.host[1].admitted, 4);
    ck_assert_int_eq(driver.broken, INVARIANT_HOLDS);
}
END_TEST

START_TEST(a_hint_is_evidence_until_the_next_poll)
{
    begin();
    ck_assert(driver_step(&driver, 0));
    driver_hint(&driver, 0, 1u << SEVERITY_CRITICAL);
    ck_assert(driver_step(&driver, SECOND));
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_SUSPECT);
    read_all(2 * SECOND, 8, 0, true);
    ck_assert(driver_step(&driver, 2 * SECOND));
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_SERVING);
}
END_TEST

START_TEST(maintenance_and_pause_reach_the_policy)
{
    begin();
    driver_pause(&driver, true);
    driver_maintenance(&driver, 0, true);
    ck_assert(driver_step(&driver, 0));
    ck_assert_int_eq(driver.plan.host[0].admitted, 8);
    ck_assert_uint_ne(driver.plan.host[0].notices & 1u << NOTICE_HELD_PAUSED, 0);
    driver_pause(&driver, false);
    ck_assert(driver_step(&driver, SECOND));
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_MAINTENANCE);
    ck_assert_int_eq(driver.plan.host[0].admitted, 0);
}
END_TEST

START_TEST(failback_waits_for_health_checks_by_the_one_rule)
{
    begin();
    go_on(6 * MINUTE, 0, 0, false);
    driver_take(&driver, POLL_HEALTH, 6 * MINUTE, NULL);
    go_on(8 * MINUTE, 8, 0, true);
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_DRAINED);
    ck_assert(driver_take(&driver, POLL_HEALTH, 8 * MINUTE, NULL));
    ck_assert(driver_step(&driver, 8 * MINUTE));
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_RAMPING);
}
END_TEST

START_TEST(only_what_is_new_is_news)
{
    begin();
    read_all(0, 8, 0, true);
    ck_assert(driver_step(&driver, 0));
    ck_assert(!read_all(SECOND, 8, 0, true));
    ck_assert(driver_idle(&driver, SECOND));
    ck_assert(read_all(2 * SECOND, 7, 0, true));
    ck_assert(!driver_idle(&driver, 2 * SECOND));
    ck_assert(driver_step(&driver, 2 * SECOND));
    ck_assert(driver_idle(&driver, 2 * SECOND));
}
END_TEST

START_TEST(a_feed_that_goes_stale_ends_idleness)
{
    begin();
    ck_assert(!driver_idle(&driver, 0)); /* it has not begun */
    ck_assert(driver_step(&driver, 0));
    ck_assert(driver_idle(&driver, 2 * MINUTE));
    ck_assert(!driver_idle(&driver, 2 * MINUTE + 1));
    ck_assert(driver_step(&driver, 2 * MINUTE + 1));
    ck_assert_uint_ne(driver.plan.notices & 1u << NOTICE_BLIND, 0);
}
END_TEST

/* GitHub's list alone, which shows so many of the first host's runners, and of their jobs. */
static void only_github(int64_t now_ms, int online, int busy)
{
    const struct host_reading hosts[2] = {{.online = online, .busy = busy},
                                          {.online = 4, .routed = 4}};
    driver_take(&driver, POLL_GITHUB, now_ms, hosts);
    ck_assert(driver_step(&driver, now_ms));
}

START_TEST(who_is_blind_waits_unless_a_time_of_the_policy_is_to_come)
{
    begin();
    go_on(0, 8, 0, true);
    ck_assert(!driver_waits_blind(&driver, 0)); /* it sees */
    only_github(3 * MINUTE, 8, 0);
    ck_assert(driver.state.blind && driver_waits_blind(&driver, 3 * MINUTE));
    read_all(5 * MINUTE, 8, 1u << SEVERITY_CRITICAL, true);
    ck_assert(driver_step(&driver, 5 * MINUTE));
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_SUSPECT);
    only_github(8 * MINUTE, 8, 0);
    ck_assert(!driver_waits_blind(&driver, 8 * MINUTE)); /* due in two minutes */
    only_github(10 * MINUTE, 8, 0);
    ck_assert_int_eq(driver.state.host[0].held, NOTICE_HELD_BLIND);
    ck_assert(driver_waits_blind(&driver, 10 * MINUTE));
}
END_TEST

/* Trouble that returns is due at once, for as long as it counts as returning. */
START_TEST(who_is_blind_does_not_wait_while_trouble_returns)
{
    begin();
    config.returns = 1;
    config.returns_within_ms = 10 * MINUTE;
    read_all(0, 8, 0, true);
    ck_assert(driver_step(&driver, 0));
    read_all(MINUTE, 0, 1u << SEVERITY_CRITICAL, true);
    ck_assert(driver_step(&driver, MINUTE));
    only_github(4 * MINUTE, 0, 0);
    ck_assert_int_eq(driver.state.host[0].held, NOTICE_HELD_BLIND);
    ck_assert(!driver_waits_blind(&driver, 4 * MINUTE));
    only_github(6 * MINUTE, 0, 0);
    ck_assert(driver_waits_blind(&driver, 6 * MINUTE)); /* due in any case */
}
END_TEST

START_TEST(who_is_blind_does_not_wait_for_a_sign_that_lasts)
{
    begin();
    config.partial_pm = 800;
    config.signs[SIGN_PARTIAL] =
        (struct policy_sign){.then = 1u << REMEDY_PAGE, .lasts_ms = 5 * MINUTE};
    go_on(0, 8, 0, true);
    only_github(3 * MINUTE, 4, 0);
    ck_assert(driver.state.blind && !driver_waits_blind(&driver, 3 * MINUTE));
    only_github(8 * MINUTE, 4, 0); /* told */
    ck_assert(driver_waits_blind(&driver, 8 * MINUTE));
}
END_TEST

/* Its jobs end without news, and then there is something to say. */
START_TEST(who_is_blind_does_not_wait_for_a_host_that_empties)
{
    begin();
    go_on(0, 8, 0, true);
    driver_maintenance(&driver, 0, true);
    only_github(MINUTE, 8, 1);
    ck_assert_int_eq(driver.state.host[0].phase, PHASE_MAINTENANCE);
    only_github(3 * MINUTE, 8, 1);
    ck_assert(driver.state.blind && !driver_waits_blind(&driver, 3 * MINUTE));
    only_github(4 * MINUTE, 8, 0);
    ck_assert_int_eq(driver.state.host[0].held, NOTICE_EMPTY);
    ck_assert(driver_waits_blind(&driver, 4 * MINUTE));
}
END_TEST

/* A state that no policy would leave: the step after it shows what is wrong with it. */
START_TEST(the_first_broken_invariant_is_kept)
{
    begin();
    ck_assert(driver_step(&driver, 0));
    driver.state.host[1].admitted = 5; /* of 4 slots */
    ck_assert(!driver_step(&driver, SECOND));
    ck_assert_int_eq(driver.broken, INVARIANT_ADMITTED_RANGE);
    ck_assert_int_eq(driver.broken_host, 1);
    ck_assert_int_eq(driver.broken_ms, SECOND);
    driver.state.host[1].admitted = 4;
    ck_assert(!driver_step(&driver, 2 * SECOND)); /* it is not to be trusted any more */
    ck_assert_int_eq(driver.broken_ms, SECOND);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("driver");
    TCase *tcase = tcase_create("driver");
    tcase_add_test(tcase, before_the_first_step_everybody_is_admitted);
    tcase_add_test(tcase, the_policy_begins_with_the_first_step);
    tcase_add_test(tcase, an_acknowledgement_ends_a_block);
    tcase_add_test(tcase, evidence_leads_to_a_plan);
    tcase_add_test(tcase, a_hint_is_evidence_until_the_next_poll);
    tcase_add_test(tcase, maintenance_and_pause_reach_the_policy);
    tcase_add_test(tcase, failback_waits_for_health_checks_by_the_one_rule);
    tcase_add_test(tcase, only_what_is_new_is_news);
    tcase_add_test(tcase, a_feed_that_goes_stale_ends_idleness);
    tcase_add_test(tcase, who_is_blind_waits_unless_a_time_of_the_policy_is_to_come);
    tcase_add_test(tcase, who_is_blind_does_not_wait_while_trouble_returns);
    tcase_add_test(tcase, who_is_blind_does_not_wait_for_a_sign_that_lasts);
    tcase_add_test(tcase, who_is_blind_does_not_wait_for_a_host_that_empties);
    tcase_add_test(tcase, the_first_broken_invariant_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
