/* The policy's evidence beyond the document: signs, trouble that returns, and what they never do.
 */
#include "tests/support/helpers.h"
#include "tests/support/policy_fixture.h"

#include <string.h>

enum { PRIMARY, BACKUP };

static struct policy_fixture p;

#define PAGE (1u << REMEDY_PAGE)
#define DRAIN (1u << REMEDY_DRAIN)

/* Ten minutes of a sign, or fewer than 60% of the slots; three detections in half an hour. */
static struct policy_config watchful(unsigned then)
{
    struct policy_config config = policy_fixture_config();
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        config.signs[sign] = (struct policy_sign){then, 10 * MINUTE};
    config.partial_pm = 600;
    config.returns = 3;
    config.returns_within_ms = 30 * MINUTE;
    config.hold_ms = HOUR;
    return config;
}

static void begin(unsigned then)
{
    struct policy_config config = watchful(then);
    policy_fixture_init(&p, &config, 2, 8);
}

/* --- off, and told --------------------------------------------------------------------------- */

START_TEST(signs_that_nobody_looks_for_change_nothing)
{
    struct policy_config config = policy_fixture_config();
    policy_fixture_init(&p, &config, 2, 8);
    p.view.host[PRIMARY].signs = ~0u >> (32 - SIGN_COUNT);
    p.view.host[PRIMARY].online = 1;
    policy_fixture_step(&p, SECOND);
    ck_assert(policy_settled(&p.config, &p.state, &p.view));
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
}
END_TEST

START_TEST(missing_registrations_page_once_after_their_time)
{
    begin(PAGE);
    p.view.host[PRIMARY].online = 5; /* 62.5% is enough */
    policy_fixture_run(&p, MINUTE);
    p.view.host[PRIMARY].online = 4;
    policy_fixture_run(&p, 11 * MINUTE);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_PARTIAL));
    ck_assert(!policy_settled(&p.config, &p.state, &p.view));
    policy_fixture_step(&p, 11 * MINUTE + SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_PARTIAL));
    ck_assert(policy_fixture_said(&p, -1, NOTICE_PAGE));
    ck_assert(policy_settled(&p.config, &p.state, &p.view));
    policy_fixture_step(&p, 11 * MINUTE + 2 * SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_PARTIAL));
    ck_assert(!policy_fixture_said(&p, -1, NOTICE_PAGE));
    policy_fixture_run(&p, 2 * HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8); /* a page is not a drain */
}
END_TEST

START_TEST(a_sign_that_breaks_off_begins_anew)
{
    begin(PAGE);
    p.view.host[PRIMARY].signs = 1u << SIGN_DEAF;
    policy_fixture_run(&p, 9 * MINUTE);
    p.view.host[PRIMARY].signs = 0;
    policy_fixture_step(&p, 9 * MINUTE + SECOND);
    p.view.host[PRIMARY].signs = 1u << SIGN_DEAF;
    policy_fixture_step(&p, 9 * MINUTE + 2 * SECOND);
    policy_fixture_step(&p, 19 * MINUTE + SECOND);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_DEAF));
    policy_fixture_step(&p, 19 * MINUTE + 2 * SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_DEAF));
}
END_TEST

/* Each sign has its own word. */
START_TEST(each_sign_is_told_by_name)
{
    begin(PAGE);
    p.view.host[BACKUP].signs = 1u << _i;
    policy_fixture_step(&p, 0);
    policy_fixture_step(&p, 10 * MINUTE);
    ck_assert_uint_eq(p.plan.host[BACKUP].notices, 1u << (NOTICE_PARTIAL + _i));
    ck_assert_uint_eq(p.plan.host[PRIMARY].notices, 0);
}
END_TEST

START_TEST(a_stale_github_starts_no_clock_of_a_sign)
{
    begin(PAGE | DRAIN);
    p.view.age_ms[FEED_GITHUB] = HOUR;
    p.view.host[PRIMARY].signs = 1u << SIGN_DEAF;
    policy_fixture_run(&p, HOUR);
    ck_assert_int_eq(p.state.host[PRIMARY].sign_ms[SIGN_DEAF], -1);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SERVING);
}
END_TEST

START_TEST(nobody_wonders_at_a_host_in_maintenance)
{
    begin(PAGE | DRAIN);
    p.view.host[PRIMARY].maintenance = true;
    p.view.host[PRIMARY].online = 0;
    policy_fixture_run(&p, HOUR);
    ck_assert_uint_eq(p.state.host[PRIMARY].told, 0);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_MAINTENANCE);
}
END_TEST

START_TEST(a_host_with_jobs_in_progress_is_not_empty_whatever_busy_says)
{
    begin(0);
    p.view.host[PRIMARY].maintenance = true;
    policy_fixture_step(&p, SECOND);
    p.view.host[PRIMARY].running = 1; /* busy and routed: 0 */
    policy_fixture_step(&p, MINUTE);
    ck_assert(!policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY));
    p.view.host[PRIMARY].running = 0;
    policy_fixture_step(&p, 2 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_EMPTY));
}
END_TEST

/* --- a sign that drains ---------------------------------------------------------------------- */

START_TEST(a_sign_that_lasted_and_persisted_drains)
{
    begin(DRAIN);
    p.view.host[PRIMARY].signs = 1u << _i;
    policy_fixture_step(&p, 0);
    policy_fixture_step(&p, 10 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_DETECTED));
    ck_assert(!policy_fixture_said(&p, -1, NOTICE_PAGE));
    policy_fixture_step(&p, 15 * MINUTE - 1);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    policy_fixture_step(&p, 15 * MINUTE);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FAILOVER));
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
}
END_TEST

/* Where it shows everywhere it is not the host: GitHub is slow, a registry is away. */
START_TEST(a_sign_on_every_host_drains_none)
{
    begin(DRAIN | PAGE);
    p.view.host[PRIMARY].signs = p.view.host[BACKUP].signs = 1u << _i;
    policy_fixture_run(&p, 16 * MINUTE);
    ck_assert_int_eq(p.state.host[PRIMARY].held, NOTICE_HELD_LAST);
    policy_fixture_run(&p, 3 * HOUR);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 8);
    p.view.host[BACKUP].signs = 0;
    p.view.host[BACKUP].online = 8;
    policy_fixture_run(&p, p.now_ms + 5 * MINUTE - SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8); /* it may follow in its own time */
    policy_fixture_run(&p, p.now_ms + SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
}
END_TEST

/* A host that is dead by the document's evidence is drained although the other shows a sign. */
START_TEST(a_sign_on_the_other_does_not_keep_a_dead_host)
{
    begin(DRAIN);
    p.view.host[BACKUP].signs = 1u << SIGN_DEAF;
    policy_fixture_dead(&p, PRIMARY);
    policy_fixture_run(&p, 6 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    ck_assert_int_eq(p.plan.host[BACKUP].admitted, 8);
}
END_TEST

START_TEST(what_the_drain_hides_stays_out_for_hold)
{
    begin(DRAIN);
    p.view.host[PRIMARY].signs = 1u << SIGN_DEAF;
    policy_fixture_step(&p, 0);
    policy_fixture_run(&p, 15 * MINUTE);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_DRAINED);
    p.view.host[PRIMARY].signs = 0; /* nobody can wait for a host that takes nothing */
    policy_fixture_run(&p, 75 * MINUTE - SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_step(&p, 75 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
}
END_TEST

START_TEST(what_stays_in_sight_comes_back_when_it_is_gone)
{
    begin(DRAIN);
    p.view.host[PRIMARY].online = 2;
    policy_fixture_run(&p, 40 * MINUTE);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_DRAINED);
    p.view.host[PRIMARY].online = 8;
    policy_fixture_step(&p, 41 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
    p.view.host[PRIMARY].online = 2; /* the ramp waits, and drains once it has lasted */
    policy_fixture_run(&p, 51 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
    policy_fixture_run(&p, 52 * MINUTE);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_DRAINED);
}
END_TEST

START_TEST(the_only_host_left_comes_back_whatever_it_shows)
{
    begin(DRAIN);
    p.view.host[PRIMARY].signs = 1u << SIGN_DEAF;
    policy_fixture_run(&p, 16 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_dead(&p, BACKUP);
    policy_fixture_run(&p, 17 * MINUTE);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 8);
}
END_TEST

/* --- trouble that returns -------------------------------------------------------------------- */

/* Up 100 s, down 100 s; ends at the beginning of the nth time down. */
static void crash(int n)
{
    int i;
    for (i = 1; i < n; i++) {
        policy_fixture_dead(&p, PRIMARY);
        policy_fixture_run(&p, p.now_ms + 100 * SECOND);
        policy_fixture_well(&p, PRIMARY);
        policy_fixture_run(&p, p.now_ms + 100 * SECOND);
    }
    policy_fixture_dead(&p, PRIMARY);
    policy_fixture_step(&p, p.now_ms + SECOND);
}

START_TEST(the_third_detection_in_half_an_hour_does_not_wait)
{
    begin(0);
    crash(2);
    policy_fixture_step(&p, p.now_ms + SECOND);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SUSPECT);
    begin(0);
    crash(3);
    policy_fixture_step(&p, p.now_ms + SECOND);
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_RETURNS));
    ck_assert(policy_fixture_said(&p, PRIMARY, NOTICE_FAILOVER));
    policy_fixture_well(&p, PRIMARY); /* for the next 100 s: no reason to come back */
    policy_fixture_run(&p, p.now_ms + HOUR - 2 * SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 0);
    policy_fixture_run(&p, p.now_ms + 3 * SECOND);
    ck_assert_int_eq(p.plan.host[PRIMARY].admitted, 1);
}
END_TEST

/* Half of the scrapes fail: the alert comes and goes, and the host is well. */
START_TEST(an_alert_that_comes_back_alone_is_no_trouble_that_returns)
{
    int i;
    begin(0);
    for (i = 0; i < 20; i++) {
        policy_fixture_alert(&p, PRIMARY, SEVERITY_CRITICAL);
        policy_fixture_run(&p, p.now_ms + MINUTE);
        policy_fixture_well(&p, PRIMARY);
        policy_fixture_run(&p, p.now_ms + MINUTE);
    }
    ck_assert_int_eq(p.state.host[PRIMARY].failover_count, 0);
}
END_TEST

START_TEST(detections_that_lie_apart_do_not_add_up)
{
    begin(0);
    crash(2);
    policy_fixture_well(&p, PRIMARY);
    policy_fixture_run(&p, 31 * MINUTE); /* the first was in the first second */
    crash(1);
    policy_fixture_step(&p, p.now_ms + SECOND);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SUSPECT);
}
END_TEST

START_TEST(without_the_option_a_crash_loop_goes_on_for_ever)
{
    struct policy_config config = policy_fixture_config();
    policy_fixture_init(&p, &config, 2, 8);
    crash(40);
    policy_fixture_step(&p, p.now_ms + SECOND);
    ck_assert_int_eq(p.state.host[PRIMARY].failover_count, 0);
    ck_assert_int_eq(p.state.host[PRIMARY].phase, PHASE_SUSPECT);
}
END_TEST

/* --- anything at all ------------------------------------------------------------------------- */

static uint32_t draw(uint64_t *x, uint32_t n)
{
    *x = *x * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*x >> 33) % n;
}

static void dress(uint64_t *x, int host)
{
    struct view_host *h = &p.view.host[host];
    if (draw(x, 4) == 0)
        policy_fixture_dead(&p, host);
    else
        policy_fixture_well(&p, host);
    h->signs = draw(x, 2) ? 0 : draw(x, 1u << SIGN_COUNT);
    h->online -= h->online > 0 ? (int)draw(x, 8) : 0;
    h->running = (int)draw(x, 2);
    h->maintenance = draw(x, 20) == 0;
    if (draw(x, 10) == 0)
        policy_fixture_alert(&p, host, SEVERITY_CRITICAL);
}

/* Every step against the invariants (policy_fixture_step), and what says that it is settled is. */
START_TEST(no_sequence_of_signs_breaks_an_invariant)
{
    uint64_t x = (uint64_t)_i + 1;
    int n = 2 + _i % 3, i, j;
    struct policy_config config = watchful(draw(&x, 4));
    config.grace_ms = 5 * MINUTE;
    policy_fixture_init(&p, &config, n, 8);
    for (i = 0; i < 3000; i++) {
        for (j = 0; j < n; j++)
            if (draw(&x, 8) == 0)
                dress(&x, j);
        p.view.age_ms[draw(&x, FEED_COUNT)] = draw(&x, 10) ? 0 : HOUR;
        p.view.paused = draw(&x, 30) == 0;
        policy_fixture_step(&p, p.now_ms + 1 + draw(&x, 10 * MINUTE));
        if (!policy_settled(&p.config, &p.state, &p.view) || p.view.age_ms[0] > 0)
            continue;
        for (j = 0; j < 3; j++) {
            struct plan before = p.plan;
            policy_fixture_step(&p, p.now_ms + 1 + draw(&x, 2 * HOUR));
            for (int host = 0; host < n; host++) {
                ck_assert_uint_eq(p.plan.host[host].notices, 0);
                ck_assert_int_eq(p.plan.host[host].admitted, before.host[host].admitted);
            }
        }
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, signs_that_nobody_looks_for_change_nothing);
    tcase_add_test(tests, missing_registrations_page_once_after_their_time);
    tcase_add_test(tests, a_sign_that_breaks_off_begins_anew);
    tcase_add_loop_test(tests, each_sign_is_told_by_name, 0, SIGN_COUNT);
    tcase_add_test(tests, a_stale_github_starts_no_clock_of_a_sign);
    tcase_add_test(tests, nobody_wonders_at_a_host_in_maintenance);
    tcase_add_test(tests, a_host_with_jobs_in_progress_is_not_empty_whatever_busy_says);
    tcase_add_loop_test(tests, a_sign_that_lasted_and_persisted_drains, 0, SIGN_COUNT);
    tcase_add_loop_test(tests, a_sign_on_every_host_drains_none, 0, SIGN_COUNT);
    tcase_add_test(tests, a_sign_on_the_other_does_not_keep_a_dead_host);
    tcase_add_test(tests, what_the_drain_hides_stays_out_for_hold);
    tcase_add_test(tests, what_stays_in_sight_comes_back_when_it_is_gone);
    tcase_add_test(tests, the_only_host_left_comes_back_whatever_it_shows);
    tcase_add_test(tests, the_third_detection_in_half_an_hour_does_not_wait);
    tcase_add_test(tests, an_alert_that_comes_back_alone_is_no_trouble_that_returns);
    tcase_add_test(tests, detections_that_lie_apart_do_not_add_up);
    tcase_add_test(tests, without_the_option_a_crash_loop_goes_on_for_ever);
    tcase_add_loop_test(tests, no_sequence_of_signs_breaks_an_invariant, 0, 60);
}

Suite *suite(void)
{
    Suite *suite = suite_create("signs");
    TCase *tests = tcase_create("signs");
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return suite;
}
