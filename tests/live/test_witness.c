/* The independent witness: what is made of its answers, and what an active monitor does with one
 * that is right, wrong, slow, silent or lying, as the world's GitHub was told. */
#include "live/watch/hand.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is made of it ---- */

static struct witness_record record;

static void say(enum witness_says says, int n, int64_t from_ms)
{
    int i;
    for (i = 0; i < n; i++)
        witness_note(&record, says, from_ms + i);
}

START_TEST(two_that_were_asked_since_are_needed)
{
    record = (struct witness_record){0};
    witness_note_need(&record, NEED_WELL, 0);
    say(WITNESS_DOWN, 2, 10); /* of before */
    witness_note_need(&record, NEED_ALL_BAD, 100);
    ck_assert(!witness_agrees(&record, 100, 1000));
    say(WITNESS_DOWN, 1, 99); /* asked before */
    ck_assert(!witness_agrees(&record, 101, 1000));
    record.lies = false;
    say(WITNESS_DOWN, 1, 101);
    ck_assert(!witness_agrees(&record, 102, 1000));
    say(WITNESS_DOWN, 1, 103);
    ck_assert(witness_agrees(&record, 104, 1000));
    ck_assert(witness_agrees(&record, 1103, 1000));
    ck_assert(!witness_agrees(&record, 1104, 1000)); /* stale */
}
END_TEST

START_TEST(whatever_else_it_says_begins_anew)
{
    static const enum witness_says others[] = {WITNESS_NOTHING, WITNESS_UP};
    record = (struct witness_record){0};
    witness_note_need(&record, NEED_ALL_BAD, 0);
    say(WITNESS_DOWN, 2, 1);
    ck_assert(witness_agrees(&record, 3, 1000));
    say(others[_i], 1, 4);
    ck_assert(!witness_agrees(&record, 5, 1000));
    say(WITNESS_DOWN, 1, 6);
    ck_assert(!witness_agrees(&record, 7, 1000));
    say(WITNESS_DOWN, 1, 8);
    ck_assert(witness_agrees(&record, 9, 1000));
    witness_note_need(&record, NEED_WELL, 10); /* a host came back, and went */
    ck_assert(!witness_agrees(&record, 11, 1000));
    witness_note_need(&record, NEED_ALL_BAD, 12);
    ck_assert(!witness_agrees(&record, 13, 1000));
}
END_TEST

START_TEST(who_lies_is_not_believed)
{
    record = (struct witness_record){0};
    witness_note_need(&record, NEED_WELL, 0);
    say(WITNESS_DOWN, WITNESS_LIES - 1, 1);
    ck_assert(!record.lies); /* a moment's difference is no lie */
    say(WITNESS_DOWN, 1, 10);
    ck_assert(record.lies);
    witness_note_need(&record, NEED_ALL_BAD, 20);
    say(WITNESS_DOWN, 5, 21);
    ck_assert(!witness_agrees(&record, 30, 1000));
    say(WITNESS_UP, WITNESS_UPS - 1, 31);
    ck_assert(record.lies);
    say(WITNESS_UP, 1, 50);
    ck_assert(!record.lies);
    say(WITNESS_DOWN, 2, 51);
    ck_assert(witness_agrees(&record, 60, 1000));
}
END_TEST

START_TEST(where_it_is_unsure_nobody_lies)
{
    record = (struct witness_record){0};
    witness_note_need(&record, NEED_UNSURE, 0);
    say(WITNESS_DOWN, 10, 1);
    ck_assert(!record.lies);
    ck_assert(!witness_agrees(&record, 20, 1000));
}
END_TEST

START_TEST(the_hand_asks_it_only_where_all_look_bad)
{
    struct hand_wish wish = {.plan = {.n = 2}, .fit = {false, false}};
    ck_assert_ptr_nonnull(strstr(hand_forbids(&wish), "that is not the hosts"));
    wish.witness = (struct witness_state){.present = true};
    ck_assert_ptr_nonnull(strstr(hand_forbids(&wish), "the witness says nothing"));
    wish.witness.says = WITNESS_UP;
    ck_assert_ptr_nonnull(strstr(hand_forbids(&wish), "the witness reaches them"));
    wish.witness.says = WITNESS_DOWN;
    ck_assert_ptr_nonnull(strstr(hand_forbids(&wish), "is asked again"));
    wish.witness.lies = true;
    ck_assert_ptr_nonnull(strstr(hand_forbids(&wish), "it has lied"));
    wish.witness.lies = false;
    wish.witness.agrees = true;
    ck_assert_str_eq(hand_forbids(&wish), "");
    wish.blind = true;
    ck_assert_str_eq(hand_forbids(&wish), "a feed is stale");
    wish.blind = false;
    wish.witness = (struct witness_state){.present = true, .says = WITNESS_DOWN};
    wish.fit[1] = true;
    ck_assert_str_eq(hand_forbids(&wish), "");
}
END_TEST

/* ---- by the program ---- */

static struct live_fixture world;
static struct script *witness;
static _Atomic(const char *) answer; /* status and body; NULL: it hangs */

static void serve(void *context, const char *request, struct script_reply *reply)
{
    const char *text = atomic_load(&answer);
    (void)context, (void)request;
    if (!text)
        reply->hang = true;
    else if (strncmp(text, "503", 3) == 0)
        reply->text = script_response("503 No", "", "down"); /* its body counts for nothing */
    else
        reply->text = script_response("200 OK", "", text);
}

static void set_up(void)
{
    live_fixture_open(&world, NULL, "");
    atomic_store(&answer, "up\n");
    witness = script_open(serve, NULL, NULL);
}

static void tear_down(void)
{
    script_close(witness);
    live_fixture_close(&world);
}

static int start_with(const char *set)
{
    char *const arguments[] = {"monitor",
                               "--active",
                               "--journal",
                               world.journal,
                               world.scenario,
                               "--set",
                               (char *)(uintptr_t)set,
                               "--set",
                               "fleet.live.time_factor=30",
                               NULL};
    int pid = live_fixture_run(&world, arguments, 0);
    ck_assert(live_fixture_await(&world, "big: serving"));
    return pid;
}

static int start(void)
{
    static char set[200];
    snprintf(set, sizeof set, "fleet.live.witness={url: '%s', timeout: 1s}", script_url(witness));
    return start_with(set);
}

static void end(int pid)
{
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
}

static bool await_label(bool wanted)
{
    int i;
    for (i = 0; i < 1000 && atomic_load(&world.active[0]) != wanted; i++)
        live_fixture_pause(20);
    return atomic_load(&world.active[0]) == wanted;
}

/* The primary is out; then nothing answers any more, and somebody puts a label back: taking it off
 * again is what there is to do. */
static void lose_all(const char *says)
{
    live_fixture_touch(world.broken);
    ck_assert(await_label(false));
    live_fixture_pause(1500); /* both labels, and read back */
    atomic_store(&answer, says);
    atomic_store(&world.all_broken, true);
    ck_assert(live_fixture_await(&world, "every host looks bad at once"));
}

static void nothing_is_done(void)
{
    int writes;
    ck_assert(live_fixture_await(&world, "nothing is written: every host looks bad at once"));
    writes = atomic_load(&world.writes);
    atomic_store(&world.active[0], true);
    live_fixture_pause(2500);
    ck_assert(atomic_load(&world.active[0]));
    ck_assert_int_eq(atomic_load(&world.writes), writes);
}

START_TEST(borne_out_the_plan_is_carried_out)
{
    int pid = start();
    lose_all("down\n");
    ck_assert(live_fixture_await(&world, "and the witness reaches none either"));
    atomic_store(&world.active[0], true);
    ck_assert(await_label(false));
    end(pid);
}
END_TEST

static const struct {
    const char *says, *line;
} doubtful[] = {
    {"up", "every host looks bad at once, but the witness reaches them"},
    {NULL, "every host looks bad at once, and the witness says nothing: GET"},
    {"503", "every host looks bad at once, and the witness says nothing: GET"},
    {"down-ish", "the witness says nothing: got 'down-ish', want up or down"},
    {"", "the witness says nothing: got '', want up or down"},
};

START_TEST(not_borne_out_nothing_is_done)
{
    int pid = start();
    lose_all(doubtful[_i].says);
    ck_assert(live_fixture_await(&world, doubtful[_i].line));
    nothing_is_done();
    end(pid);
}
END_TEST

START_TEST(nobody_at_its_address_is_no_witness)
{
    int pid = start();
    script_close(witness);
    lose_all("down");
    ck_assert(live_fixture_await(&world, "the witness says nothing: GET"));
    nothing_is_done();
    end(pid);
    witness = script_open(serve, NULL, NULL);
}
END_TEST

START_TEST(one_that_lies_while_all_is_well_is_not_believed)
{
    int pid = start(), i;
    ck_assert_int_eq(atomic_load(&world.writes), 0);
    atomic_store(&answer, "down"); /* asked every two seconds here */
    ck_assert(live_fixture_await(&world, "it is not believed any more"));
    lose_all("down");
    ck_assert(live_fixture_await(&world, "the witness is not believed: it has lied"));
    nothing_is_done();
    for (i = 0; i < 3; i++) /* and the hosts that were well stayed in */
        ck_assert(i < 2 || atomic_load(&world.active[i]));
    end(pid);
}
END_TEST

START_TEST(a_command_can_be_the_witness)
{
    static const struct {
        const char *set, *line;
        bool acts;
    } commands[] = {
        {"fleet.live.witness={run: [sh, -c, 'exit 1']}", "reaches none either", true},
        {"fleet.live.witness={run: ['true']}", "but the witness reaches them", false},
        {"fleet.live.witness={run: [sh, -c, 'echo gone; exit 7']}", "got exit code 7, want 0 or 1",
         false},
        {"fleet.live.witness={run: [sleep, '60'], timeout: 200ms}", "the witness says nothing",
         false},
        {"fleet.live.witness={run: [/no/such/program]}", "the witness says nothing", false},
    };
    int pid = start_with(commands[_i].set);
    if (_i == 0) { /* well, it lies: so all go at once, before that shows */
        atomic_store(&world.all_broken, true);
        live_fixture_touch(world.broken);
        ck_assert(live_fixture_await(&world, commands[_i].line));
        atomic_store(&world.active[0], false);
        ck_assert(await_label(false));
    } else {
        lose_all("");
        ck_assert(live_fixture_await(&world, commands[_i].line));
        nothing_is_done();
    }
    end(pid);
}
END_TEST

/* In shadow it is told as well. */
START_TEST(a_shadow_asks_it_too)
{
    char set[200];
    char *const arguments[] = {"monitor", "--journal", world.journal, world.scenario,
                               "--set",   set,         "--set",       "fleet.live.time_factor=30",
                               NULL};
    int pid;
    snprintf(set, sizeof set, "fleet.live.witness={url: '%s'}", script_url(witness));
    pid = live_fixture_run(&world, arguments, 0);
    ck_assert(live_fixture_await(&world, "big: serving"));
    atomic_store(&world.all_broken, true);
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "but the witness reaches them"));
    unlink(world.broken);
    ck_assert(live_fixture_await(&world, "some host looks well again"));
    end(pid);
}
END_TEST

START_TEST(one_of_the_two_has_to_be_given)
{
    static const char *const wrong[][2] = {
        {"fleet.live.witness={timeout: 1s}", "got neither url and run, want one of them"},
        {"fleet.live.witness={url: 'https://a.example', run: ['true']}", "got both url and run"},
        {"fleet.live.witness={run: ['true'], on: nowhere}", "nowhere"},
        {"fleet.live.witness={uri: 'https://a.example'}", "uri"},
    };
    char *const arguments[] = {"monitor",     "--journal",
                               world.journal, world.scenario,
                               "--set",       (char *)(uintptr_t)wrong[_i][0],
                               NULL};
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, arguments, 0)), 2);
    ck_assert(live_fixture_said(&world, wrong[_i][1]));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("witness");
    TCase *pure = tcase_create("what is made of it"), *live = tcase_create("by the program");
    tcase_add_test(pure, two_that_were_asked_since_are_needed);
    tcase_add_loop_test(pure, whatever_else_it_says_begins_anew, 0, 2);
    tcase_add_test(pure, who_lies_is_not_believed);
    tcase_add_test(pure, where_it_is_unsure_nobody_lies);
    tcase_add_test(pure, the_hand_asks_it_only_where_all_look_bad);
    suite_add_tcase(all, pure);
    tcase_add_checked_fixture(live, set_up, tear_down);
    tcase_set_timeout(live, 90);
    tcase_add_test(live, borne_out_the_plan_is_carried_out);
    tcase_add_loop_test(live, not_borne_out_nothing_is_done, 0, 5);
    tcase_add_test(live, nobody_at_its_address_is_no_witness);
    tcase_add_test(live, one_that_lies_while_all_is_well_is_not_believed);
    tcase_add_loop_test(live, a_command_can_be_the_witness, 0, 5);
    tcase_add_test(live, a_shadow_asks_it_too);
    tcase_add_loop_test(live, one_of_the_two_has_to_be_given, 0, 4);
    suite_add_tcase(all, live);
    return all;
}
