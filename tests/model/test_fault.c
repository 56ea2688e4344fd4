/* What each kind of fault does: the table that simulator, drills and rare events share. */
#include "tests/support/helpers.h"

#include "model/fleet/fault.h"

#include <string.h>

#define MINUTE 60000LL
#define FROM_HOSTS                                                                                 \
    (TAKES_POWER | TAKES_SERVICE | TAKES_NET_GITHUB | TAKES_NET_MONITORING | TAKES_LOAD |          \
     TAKES_SPEED | TAKES_SLOTS | TAKES_HANDS | TAKES_LISTENERS | TAKES_WORKERS | TAKES_UPTIME |    \
     TAKES_SCRAPES | TAKES_TARGET | TAKES_DISK | TAKES_TRUTH | TAKES_LABELS | TAKES_SESSIONS |     \
     TAKES_ROOM)

START_TEST(every_kind_has_a_word_and_takes_something)
{
    const struct fault_row *row = fault_row((enum fault_kind)_i);
    int other;
    ck_assert_ptr_nonnull(fault_kind_name((enum fault_kind)_i));
    for (other = 0; other < _i; other++)
        ck_assert_str_ne(fault_kind_name((enum fault_kind)_i),
                         fault_kind_name((enum fault_kind)other));
    ck_assert_uint_ne(row->takes, 0);
    ck_assert_uint_eq(row->must & row->may, 0);
    /* What is taken from hosts needs hosts. */
    ck_assert_int_eq((row->takes & FROM_HOSTS) != 0, (row->must & KEY_TARGET) != 0);
    ck_assert_ptr_null(fault_kind_names[FAULT_KINDS]);
}
END_TEST

static const struct {
    struct fault fault;
    unsigned takes;
    bool severs, degrades, drains_by_hand;
} cases[] = {
    {{.kind = FAULT_HOST_POWER_LOSS}, TAKES_POWER, true, false, false},
    {{.kind = FAULT_OS_CRASH}, TAKES_POWER, true, false, false},
    {{.kind = FAULT_SERVICE_STOP}, TAKES_SERVICE, true, false, false},
    {{.kind = FAULT_NETWORK_PARTITION, .from = FROM_GITHUB}, TAKES_NET_GITHUB, true, false, false},
    {{.kind = FAULT_NETWORK_PARTITION, .from = FROM_MONITORING},
     TAKES_NET_MONITORING,
     false,
     false,
     false},
    {{.kind = FAULT_NETWORK_PARTITION, .from = FROM_GITHUB | FROM_MONITORING},
     TAKES_NET_GITHUB | TAKES_NET_MONITORING,
     true,
     false,
     false},
    {{.kind = FAULT_CPU_STRESS}, TAKES_LOAD | TAKES_SPEED, false, true, false},
    {{.kind = FAULT_SLOW_HOST}, TAKES_SPEED, false, true, false},
    {{.kind = FAULT_SLOTS_LOST}, TAKES_SLOTS, false, true, false},
    {{.kind = FAULT_MAINTENANCE}, TAKES_HANDS, false, false, true},
    {{.kind = FAULT_MONITORING_DOWN}, TAKES_PROMETHEUS | TAKES_ALERTMANAGER, false, false, false},
    {{.kind = FAULT_ALERTMANAGER_DOWN}, TAKES_ALERTMANAGER, false, false, false},
    {{.kind = FAULT_GITHUB_OUTAGE}, TAKES_GITHUB, false, false, false},
    {{.kind = FAULT_GITHUB_API_ERRORS}, TAKES_CALLS, false, false, false},
    {{.kind = FAULT_TOKEN_EXPIRED}, TAKES_TOKEN, false, false, false},
    {{.kind = FAULT_PAUSE}, TAKES_AUTOMATION, false, false, false},
    {{.kind = FAULT_RUNNER_HUNG}, TAKES_LISTENERS, false, true, false},
    {{.kind = FAULT_JOB_HUNG}, TAKES_WORKERS, false, true, false},
    {{.kind = FAULT_CRASH_LOOP}, TAKES_UPTIME, true, false, false},
    {{.kind = FAULT_SCRAPE_FLAP}, TAKES_SCRAPES, false, false, false},
    {{.kind = FAULT_TARGET_LOST}, TAKES_TARGET, false, false, false},
    {{.kind = FAULT_DISK_FULL}, TAKES_DISK, false, true, false},
    {{.kind = FAULT_PROMETHEUS_DOWN}, TAKES_PROMETHEUS, false, false, false},
    {{.kind = FAULT_GITHUB_SLOW}, TAKES_ASSIGNMENT, false, false, false},
    {{.kind = FAULT_GITHUB_LIES}, TAKES_TRUTH, false, false, false},
    {{.kind = FAULT_REGISTRATION_REPLACED}, TAKES_LABELS, false, false, false},
    {{.kind = FAULT_RUNNER_UPDATE}, TAKES_SESSIONS, false, false, false},
    {{.kind = FAULT_DEPENDENCY_DOWN}, TAKES_DEPENDENCY, false, false, false},
    {{.kind = FAULT_DISK_FILL}, TAKES_ROOM, false, true, false},
    /* A runner's token is good within five minutes: exactly so much is still nothing. */
    {{.kind = FAULT_CLOCK_JUMP, .jump_ms = MINUTE}, 0, false, false, false},
    {{.kind = FAULT_CLOCK_JUMP, .jump_ms = 5 * MINUTE}, 0, false, false, false},
    {{.kind = FAULT_CLOCK_JUMP, .jump_ms = -5 * MINUTE}, 0, false, false, false},
    {{.kind = FAULT_CLOCK_JUMP, .jump_ms = 5 * MINUTE + 1}, TAKES_NET_GITHUB, true, false, false},
    {{.kind = FAULT_CLOCK_JUMP, .jump_ms = -5 * MINUTE - 1}, TAKES_NET_GITHUB, true, false, false},
};

START_TEST(parameters_say_what_a_fault_takes)
{
    ck_assert_uint_eq(fault_takes(&cases[_i].fault), cases[_i].takes);
    ck_assert_int_eq(fault_severs(&cases[_i].fault), cases[_i].severs);
    ck_assert_int_eq(fault_degrades(&cases[_i].fault), cases[_i].degrades);
    ck_assert_int_eq(fault_drains_by_hand(&cases[_i].fault), cases[_i].drains_by_hand);
    ck_assert_int_eq(fault_is_circumstance(&cases[_i].fault), cases[_i].fault.kind == FAULT_PAUSE);
    ck_assert_int_eq(fault_by_hand(&cases[_i].fault),
                     cases[_i].fault.kind == FAULT_PAUSE || cases[_i].drains_by_hand);
}
END_TEST

START_TEST(stress_names_the_signal_that_shows_it)
{
    ck_assert_int_eq(fault_row(FAULT_CPU_STRESS)->signal, SIGNAL_CPU_RATE);
    ck_assert_int_eq(fault_row(FAULT_MEMORY_STRESS)->signal, SIGNAL_MEMORY);
    ck_assert_int_eq(fault_row(FAULT_DISK_STRESS)->signal, SIGNAL_DISK);
}
END_TEST

START_TEST(hosts_are_bits)
{
    struct fault fault = {.targets = {3, 63}, .n_targets = 2};
    ck_assert_uint_eq(fault_hosts(&fault), 1ULL << 3 | 1ULL << 63);
    fault.n_targets = 0;
    ck_assert_uint_eq(fault_hosts(&fault), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("fault");
    TCase *tcase = tcase_create("table");
    tcase_add_loop_test(tcase, every_kind_has_a_word_and_takes_something, 0, FAULT_KINDS);
    tcase_add_loop_test(tcase, parameters_say_what_a_fault_takes, 0,
                        (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tcase, stress_names_the_signal_that_shows_it);
    tcase_add_test(tcase, hosts_are_bits);
    suite_add_tcase(suite, tcase);
    return suite;
}
