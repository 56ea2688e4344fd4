/* What single faults do, as far as the improvised scenarios do not have them. */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

static struct scenario_text s;

static void play(const char *fault)
{
    scenario_text_load(&s,
                       "name: fault\nduration: 2h\nfleet:\n%s%s%s%s"
                       "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 1min}]}\n"
                       "faults: [{at: 10min, kind: %s, target: P, lasts: 30min}]\n",
                       scenario_text_hosts, scenario_text_github, scenario_text_monitoring,
                       scenario_text_policy, fault);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
}

/* A token is refused when the clock is more than five minutes off, to either side. */
START_TEST(a_clock_far_off_to_either_side_cuts_the_host_from_github)
{
    static const struct {
        const char *fault;
        bool cuts;
    } jumps[] = {{"clock-jump, jump: 6min", true},
                 {"clock-jump, jump: -6min", true},
                 {"clock-jump, jump: 5min", false},
                 {"clock-jump, jump: -5min", false}};
    play(jumps[_i].fault);
    ck_assert_int_eq(scenario_text_when(&s, 0, "GitHub shows the host's runners offline") >= 0,
                     jumps[_i].cuts);
    scenario_text_fini(&s);
}
END_TEST

/* A job of 4 min every 10 min on one slot. Those of 20, 30 and 40 min start at 45, 49 and 53, the
 * one of 50 at 57: only then does no more wait than at 15, when the fault struck. One waited at
 * 49. */
START_TEST(a_backlog_is_worked_off_when_no_more_wait_than_before)
{
    scenario_text_load(&s, "{name: backlog, duration: 3h, fleet: {github: ideal,"
                           " hosts: [{name: P, tier: primary, slots: 1}],"
                           " workload: {arrivals: {kind: renewal, interval: 10min},"
                           " classes: [{duration: 4min}]}}, faults: [{at: 15min, lasts: 30min,"
                           " kind: host-power-loss, target: P}]}");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1});
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_BACKLOG), 3);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_WORKED_OFF), 42.0 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("fault");
    TCase *backlogs = tcase_create("backlog");
    TCase *clocks = tcase_create("clock");
    tcase_add_loop_test(clocks, a_clock_far_off_to_either_side_cuts_the_host_from_github, 0, 4);
    suite_add_tcase(all, clocks);
    tcase_add_test(backlogs, a_backlog_is_worked_off_when_no_more_wait_than_before);
    suite_add_tcase(all, backlogs);
    return all;
}
