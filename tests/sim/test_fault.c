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

Suite *suite(void)
{
    Suite *all = suite_create("fault");
    TCase *clocks = tcase_create("clock");
    tcase_add_loop_test(clocks, a_clock_far_off_to_either_side_cuts_the_host_from_github, 0, 4);
    suite_add_tcase(all, clocks);
    return all;
}
