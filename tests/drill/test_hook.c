/* The mechanism hook: the fleet's own command routes the jobs, and is taken back like a label. */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct live_fixture world;
static char history[200], refusal[200];

/* The hook adds the number to a file a host, and fails while `refusal` exists. */
static void write_hook(void)
{
    char command[1200];
    snprintf(history, sizeof history, "%s/admitted.big", world.folder);
    snprintf(refusal, sizeof refusal, "%s/refusal", world.folder);
    snprintf(command, sizeof command,
             "sed -i -e 's/fast_recovery: true/fast_recovery: true, mechanism: hook/' "
             "-e \"s|    allow_actions: true|    hook: {run: [sh, -c, '[ ! -e %s ] \\&\\& echo "
             "{slots} >>%s/admitted.{host}'], timeout: 5s}\\n    allow_actions: true|\" %s",
             refusal, world.folder, world.scenario);
    ck_assert_int_eq(system(command), 0);
}

static void set_up(void)
{
    live_fixture_open(&world, NULL, LIVE_FIXTURE_PATIENT);
    write_hook();
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

/* What the hook was told of the host that is hit, as digits; static memory. */
static const char *told(void)
{
    static char digits[256];
    FILE *file = fopen(history, "r");
    int letter;
    size_t n = 0;
    while (file && (letter = fgetc(file)) != EOF && n < sizeof digits - 1)
        if (letter != '\n')
            digits[n++] = (char)letter;
    digits[n] = '\0';
    if (file)
        fclose(file);
    return digits;
}

static char last(void)
{
    const char *digits = told();
    return digits[0] ? digits[strlen(digits) - 1] : '?';
}

static bool becomes(char digit, int ms)
{
    for (; ms > 0 && last() != digit; ms -= 10)
        live_fixture_pause(10);
    return last() == digit;
}

/* Proven first, with what is so; then drained and brought back, one registration at a time. */
START_TEST(the_hook_drains_a_host_and_brings_it_back)
{
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert_str_eq(told(), "21012");
    ck_assert(live_fixture_said(&world, "routing has changed"));
    ck_assert(world.active[0] && world.active[1]); /* labels are not its business */
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(a_stop_or_a_kill_brings_it_back_as_well)
{
    int pid = live_fixture_start(&world, "--yes", 0), i;
    ck_assert(becomes('0', 30000));
    if (_i == 0)
        live_fixture_touch(world.stop);
    else
        kill(pid, SIGKILL);
    ck_assert_int_eq(live_fixture_wait(&world, pid), _i == 0 ? 4 : 128 + SIGKILL);
    ck_assert(becomes('2', 30000));
    for (i = 0; i < 3000 && live_fixture_is_broken(&world); i++)
        live_fixture_pause(10);
    ck_assert(!live_fixture_is_broken(&world));
}
END_TEST

START_TEST(a_hook_that_fails_is_noticed_before_anything_is_injected)
{
    live_fixture_touch(refusal);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    ck_assert_str_eq(told(), "");
    ck_assert(!world.was_broken && !live_fixture_is_broken(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* Nothing else would bring the host back: what is left is told, with the command. */
START_TEST(a_hook_that_does_not_bring_it_back_is_left_to_the_operator)
{
    int pid = live_fixture_start(&world, "--yes", 0);
    ck_assert(becomes('0', 30000));
    live_fixture_touch(refusal);
    live_fixture_touch(world.stop);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 5);
    ck_assert(live_fixture_said(&world, "admit 1 registrations on big"));
    ck_assert(live_fixture_said(&world, "echo 2 >>"));
    unlink(refusal);
    unlink(world.stop);
    ck_assert_int_eq(live_fixture_drill(&world, "--rollback", 0), 0);
    ck_assert_int_eq(last(), '2');
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(without_its_command_the_mechanism_is_refused)
{
    char command[300];
    snprintf(command, sizeof command, "sed -i '/^    hook:/d' %s", world.scenario);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 2);
    ck_assert(live_fixture_said(&world, "github.mechanism is hook, want live.hook"));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("hook");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, the_hook_drains_a_host_and_brings_it_back);
    tcase_add_loop_test(tcase, a_stop_or_a_kill_brings_it_back_as_well, 0, 2);
    tcase_add_test(tcase, a_hook_that_fails_is_noticed_before_anything_is_injected);
    tcase_add_test(tcase, a_hook_that_does_not_bring_it_back_is_left_to_the_operator);
    tcase_add_test(tcase, without_its_command_the_mechanism_is_refused);
    suite_add_tcase(all, tcase);
    return all;
}
