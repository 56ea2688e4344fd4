/* The promises of policy.h, by name: what holds the policy back (a stale feed, too many
 * failovers, a human, a start), and fleets of other sizes. */
#include "tests/support/helpers.h"
#include "tests/support/policy_fixture.h"

enum { PRIMARY, BACKUP };

static struct policy_fixture p;

/* --- fail-static ----------------------------------------------------------------------------- */

START_TEST(a_stale_feed_stops_a_due_failover_whichever_it_is)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        policy_fixture_pair(&p);
        policy_fixture_dead(&p, PRIMARY);
        policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
        policy_fixture_step(&p, SECOND);
        p.view.age_ms[feed] = 2 * MINUTE; /* just not stale */
        policy_fixture_step(&p, 2 * SECOND);
        ck_assert(!policy_fixture_said(&p, -1, NOTICE_BLIND));
        p.view.age_ms[feed] = 2 * MINUTE + 1;
        policy_fixture_step(&p, 3 * SECOND);
        ck_assert(policy_fixture_said(&p, -1, NOTICE_BLIND));
        policy_fixture_step(&p, 10 * MINUTE);
        ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_HELD_BLIND));
        policy_fixture_run(&p, HOUR);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
        ck_assert(!policy_settled(&p.config, &p.state, &p.view));
        p.view.age_ms[feed] = 0;
        policy_fixture_step(&p, HOUR + SECOND);
        ck_assert(policy_fixture_said(&p, -1, NOTICE_SIGHTED));
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    }
}
END_TEST

START_TEST(stale_evidence_neither_accuses_nor_acquits)
{
    policy_fixture_pair(&p);
    p.view.age_ms[FEED_ALERTS] = HOUR;
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, SECOND);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
    policy_fixture_pair(&p);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, SECOND);
    policy_fixture_well(&p, PRIMARY);
    p.view.age_ms[FEED_ALERTS] = HOUR;
    policy_fixture_step(&p, 2 * SECOND);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SUSPECT);
}
END_TEST

START_TEST(a_stale_feed_holds_recovery_and_ramp)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        policy_fixture_drained(&p);
        policy_fixture_well(&p, PRIMARY);
        p.view.age_ms[feed] = HOUR;
        policy_fixture_run(&p, HOUR);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
        p.view.age_ms[feed] = 0;
        policy_fixture_step(&p, HOUR);
        policy_fixture_step(&p, HOUR + 3 * MINUTE);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 3);
        p.view.age_ms[feed] = HOUR;
        policy_fixture_run(&p, 2 * HOUR);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 3);
        p.view.age_ms[feed] = 0;
        policy_fixture_step(&p, 2 * HOUR + 85714); /* the fourth is due 85.714 s after the third */
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 3);
        policy_fixture_step(&p, 2 * HOUR + 85715);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 4);
    }
}
END_TEST

/* --- flapping -------------------------------------------------------------------------------- */

/* One failover and the way back, within two minutes (with short clocks). */
static void flap_once(void)
{
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_run(&p, p.now_ms + MINUTE);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_run(&p, p.now_ms + MINUTE);
}

static void short_clocks(int max_failovers)
{
    struct policy_config config = policy_fixture_config();
    config.persist_ms = 10 * SECOND;
    config.ramp_ms = 30 * SECOND;
    config.max_failovers = max_failovers;
    policy_fixture_init(&p, &config, 2, 2);
}

START_TEST(more_failovers_than_allowed_in_an_hour_block_the_host)
{
    int limit;
    for (limit = 1; limit <= POLICY_FAILOVER_LOG; limit++) {
        int i;
        short_clocks(limit);
        for (i = 0; i < limit; i++) {
            flap_once();
            ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 2);
        }
        policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
        while (!policy_fixture_said(&p, PRIMARY, NOTICE_FAILOVER))
            policy_fixture_step(&p, p.now_ms + SECOND);
        ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FLAPPING));
        policy_fixture_well(&p, PRIMARY);
        policy_fixture_run(&p, p.now_ms + HOUR - SECOND);
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
        policy_fixture_run(&p, p.now_ms + SECOND);
        ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FAILBACK));
    }
}
END_TEST

START_TEST(failovers_spread_over_more_than_an_hour_do_not_block)
{
    int i;
    short_clocks(1);
    for (i = 0; i < 40; i++) {
        flap_once();
        ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 2);
        policy_fixture_run(&p, p.now_ms + HOUR);
    }
    ck_assert_int_eq(p.state.host[PRIMARY].failover_count, 40);
}
END_TEST

START_TEST(a_failover_of_exactly_an_hour_ago_counts_no_more)
{
    int64_t first_ms;
    short_clocks(1);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    while (!policy_fixture_said(&p, PRIMARY, NOTICE_FAILOVER))
        policy_fixture_step(&p, p.now_ms + SECOND);
    first_ms = p.now_ms;
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_run(&p, first_ms + HOUR - 11 * SECOND);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_run(&p, first_ms + HOUR);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FAILOVER));
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_FLAPPING));
}
END_TEST

START_TEST(a_blocked_host_returns_when_it_is_the_only_one)
{
    short_clocks(1);
    flap_once();
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_run(&p, p.now_ms + MINUTE);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_run(&p, p.now_ms + MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_run(&p, p.now_ms + 2 * SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 2);
}
END_TEST

/* --- by hand --------------------------------------------------------------------------------- */

START_TEST(pause_changes_nothing_but_goes_on_looking)
{
    policy_fixture_pair(&p);
    p.view.paused = true;
    policy_fixture_dead(&p, PRIMARY);
    policy_fixture_step(&p, SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_DETECTED));
    policy_fixture_step(&p, 6 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_HELD_PAUSED));
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    p.view.paused = false;
    policy_fixture_step(&p, HOUR + SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    p.view.paused = true;
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_run(&p, 2 * HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    p.view.paused = false;
    policy_fixture_run(&p, 2 * HOUR + 3 * MINUTE);
    p.view.paused = true;
    policy_fixture_run(&p, 3 * HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 3);
}
END_TEST

START_TEST(maintenance_drains_at_once_and_returns_through_recovery)
{
    policy_fixture_pair(&p);
    p.view.host[PRIMARY].maintenance = true;
    policy_fixture_step(&p, SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_MAINTENANCE));
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_dead(&p, PRIMARY); /* rebooted: no failover */
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_MAINTENANCE);
    ck_assert_int_eq(p.state.host[PRIMARY].failover_count, 0);
    p.view.host[PRIMARY].maintenance = false;
    policy_fixture_run(&p, HOUR + MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, HOUR + MINUTE + SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
    policy_fixture_run(&p, HOUR + 11 * MINUTE + SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
}
END_TEST

START_TEST(maintenance_of_the_last_healthy_host_is_refused)
{
    policy_fixture_pair(&p);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_run(&p, 6 * MINUTE);
    p.view.host[PRIMARY].maintenance = true;
    policy_fixture_step(&p, 7 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_HELD_LAST));
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    p.view.host[PRIMARY].maintenance = false;
    policy_fixture_step(&p, HOUR + SECOND);
    p.view.host[PRIMARY].maintenance = true;
    policy_fixture_step(&p, HOUR + 2 * SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_HELD_LAST)); /* asked again, told again */
}
END_TEST

START_TEST(maintenance_of_both_takes_only_one)
{
    policy_fixture_pair(&p);
    p.view.host[PRIMARY].maintenance = p.view.host[BACKUP].maintenance = true;
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 8);
}
END_TEST

START_TEST(maintenance_ignores_grace_and_a_stale_github)
{
    struct policy_config config = policy_fixture_config();
    config.grace_ms = HOUR;
    policy_fixture_init(&p, &config, 2, 8);
    p.view.age_ms[FEED_GITHUB] = HOUR;
    p.view.host[PRIMARY].maintenance = true;
    policy_fixture_step(&p, SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
}
END_TEST

START_TEST(work_may_begin_once_the_host_is_seen_empty_after_the_drain)
{
    struct view_host *host = &p.view.host[PRIMARY];
    policy_fixture_pair(&p);
    host->maintenance = true;
    host->busy = 0; /* as read before the drain */
    host->routed = 8;
    p.view.age_ms[FEED_GITHUB] = 5 * SECOND;
    policy_fixture_step(&p, MINUTE);
    p.view.age_ms[FEED_GITHUB] = 6 * SECOND;
    policy_fixture_step(&p, MINUTE + SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY));
    host->routed = 0;
    policy_fixture_step(&p, MINUTE + SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY)); /* still the old reading */
    p.view.age_ms[FEED_GITHUB] = 0;
    host->routed = 1;
    policy_fixture_step(&p, MINUTE + 2 * SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY));
    host->routed = 0;
    host->busy = 1;
    policy_fixture_step(&p, MINUTE + 3 * SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY));
    host->busy = 0;
    policy_fixture_step(&p, MINUTE + 4 * SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY));
    policy_fixture_step(&p, MINUTE + 5 * SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY));
}
END_TEST

START_TEST(nothing_is_drained_within_grace_of_the_start)
{
    struct policy_config config = policy_fixture_config();
    config.grace_ms = 8 * MINUTE;
    policy_fixture_init(&p, &config, 2, 8);
    policy_fixture_dead(&p, PRIMARY);
    policy_fixture_step(&p, 0);
    policy_fixture_step(&p, 5 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_HELD_GRACE));
    ck_assert(!policy_settled(&p.config, &p.state, &p.view));
    policy_fixture_step(&p, 8 * MINUTE - 1);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    policy_fixture_step(&p, 8 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
}
END_TEST

/* --- sizes ----------------------------------------------------------------------------------- */

/* After a restart of the controller too: what it has just given back it may take at once. */
START_TEST(a_relapse_within_grace_drains_at_once)
{
    struct policy_config config = policy_fixture_config();
    config.grace_ms = HOUR;
    policy_fixture_init(&p, &config, 2, 8);
    p.view.host[PRIMARY].maintenance = true;
    policy_fixture_step(&p, SECOND);
    p.view.host[PRIMARY].maintenance = false;
    policy_fixture_run(&p, MINUTE);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_RAMPING);
    policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
    policy_fixture_step(&p, MINUTE + SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_RELAPSE));
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
}
END_TEST

START_TEST(without_overflow_the_backup_stands_by)
{
    struct policy_config config = policy_fixture_config();
    config.overflow = false;
    policy_fixture_init(&p, &config, 2, 8);
    policy_fixture_step(&p, 0);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 0);
    policy_fixture_dead(&p, PRIMARY);
    policy_fixture_step(&p, SECOND);
    policy_fixture_step(&p, 5 * MINUTE + SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 8);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_step(&p, 6 * MINUTE);
    policy_fixture_step(&p, 16 * MINUTE - 1);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 8); /* until the ramp is over */
    policy_fixture_step(&p, 16 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 0);
}
END_TEST

START_TEST(sixty_three_of_sixty_four_hosts_may_be_drained_and_not_one_more)
{
    struct policy_config config = policy_fixture_config();
    int i, drained = 0;
    policy_fixture_init(&p, &config, POLICY_HOSTS, 4);
    for (i = 0; i < POLICY_HOSTS - 1; i++)
        policy_fixture_dead(&p, i);
    policy_fixture_run(&p, 6 * MINUTE);
    for (i = 0; i < POLICY_HOSTS; i++)
        drained += p.plan.host[i].admitted == 0;
    ck_assert_int_eq(drained, POLICY_HOSTS - 1);
    policy_fixture_dead(&p, POLICY_HOSTS - 1);
    policy_fixture_run(&p, 20 * MINUTE);
    ck_assert_int_eq(p.plan.host[POLICY_HOSTS - 1].admitted, 4);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("policy holds");
    TCase *holds = tcase_create("holds");
    tcase_add_test(holds, a_stale_feed_stops_a_due_failover_whichever_it_is);
    tcase_add_test(holds, stale_evidence_neither_accuses_nor_acquits);
    tcase_add_test(holds, a_stale_feed_holds_recovery_and_ramp);
    tcase_add_test(holds, more_failovers_than_allowed_in_an_hour_block_the_host);
    tcase_add_test(holds, failovers_spread_over_more_than_an_hour_do_not_block);
    tcase_add_test(holds, a_failover_of_exactly_an_hour_ago_counts_no_more);
    tcase_add_test(holds, a_blocked_host_returns_when_it_is_the_only_one);
    tcase_add_test(holds, pause_changes_nothing_but_goes_on_looking);
    tcase_add_test(holds, maintenance_drains_at_once_and_returns_through_recovery);
    tcase_add_test(holds, maintenance_of_the_last_healthy_host_is_refused);
    tcase_add_test(holds, maintenance_of_both_takes_only_one);
    tcase_add_test(holds, maintenance_ignores_grace_and_a_stale_github);
    tcase_add_test(holds, work_may_begin_once_the_host_is_seen_empty_after_the_drain);
    tcase_add_test(holds, nothing_is_drained_within_grace_of_the_start);
    tcase_add_test(holds, a_relapse_within_grace_drains_at_once);
    tcase_add_test(holds, without_overflow_the_backup_stands_by);
    tcase_add_test(holds, sixty_three_of_sixty_four_hosts_may_be_drained_and_not_one_more);
    suite_add_tcase(suite, holds);
    return suite;
}
