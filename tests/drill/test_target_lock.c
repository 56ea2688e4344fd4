/* Two drills at once, with two journals that know nothing of each other. */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A busy machine answers a probe late; the drill then waits for its preconditions. */
#define PATIENT "  preconditions: {wait: 15min}\n"

static struct live_fixture world;

static void set_up(void)
{
    live_fixture_open(&world, NULL, PATIENT);
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

/* The lock of the target, whose name tells what it is. */
static bool find_lock(char path[400])
{
    DIR *folder = opendir(world.folder);
    const struct dirent *entry;
    path[0] = '\0';
    while ((entry = readdir(folder)) != NULL)
        if (strncmp(entry->d_name, "understudy-drill-", 17) == 0)
            snprintf(path, 400, "%s/%s", world.folder, entry->d_name);
    closedir(folder);
    return path[0] != '\0';
}

/* A drill that has its locks and goes on. */
static int start_and_lock(char path[400])
{
    int pid = live_fixture_start(&world, "--yes", 0), left;
    for (left = 3000; left > 0 && !find_lock(path); left--)
        live_fixture_pause(10);
    ck_assert_int_gt(left, 0);
    return pid;
}

START_TEST(a_target_that_another_drill_has_is_let_be)
{
    char path[400];
    int pid = start_and_lock(path);
    kill(pid, SIGINT);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 130);
    if (_i == 1)
        snprintf(path, sizeof path, "%s/understudy-drill.lock", world.folder);
    world.was_broken = false;
    ck_assert_int_eq(symlink("9999999999 understudy-7-other", path), 0);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    ck_assert(live_fixture_said(&world, "another drill (understudy-7-other) has "));
    ck_assert(!world.was_broken);
    ck_assert(live_fixture_is_closed(&world));
    ck_assert_int_eq(unlink(path), 0); /* not ours: not taken away */
    ck_assert_int_eq(symlink("1000000000 understudy-7-other", path), 0); /* long past */
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 0);
    ck_assert_int_ne(unlink(path), 0);
}
END_TEST

/* However its owner's name is written: the lock of the first is held all the time. */
START_TEST(two_drills_with_two_journals_are_not_at_one_target)
{
    char path[400], command[300];
    int pid = start_and_lock(path);
    kill(pid, SIGINT);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 130);
    ck_assert_int_eq(symlink("9999999999 understudy-7-other", path), 0);
    snprintf(world.journal, sizeof world.journal, "%s/second.db", world.folder);
    snprintf(command, sizeof command, "sed -i 's/owner: o,/owner: O,/' %s", world.scenario);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    ck_assert(live_fixture_said(&world, "another drill (understudy-7-other) has "));
    ck_assert(live_fixture_said(&world, strrchr(path, '/') + 1));
    ck_assert_int_eq(unlink(path), 0); /* not ours: not taken away */
}
END_TEST

/* Another GitHub, the same names: the lock of the first is held all the time. */
START_TEST(two_fleets_that_share_their_names_do_not_stop_each_other)
{
    struct live_fixture *other = calloc(1, sizeof *other);
    char path[400];
    int pid = start_and_lock(path);
    kill(pid, SIGINT);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 130);
    ck_assert_int_eq(symlink("9999999999 understudy-7-other", path), 0);
    live_fixture_open(other, NULL, PATIENT);
    other->locks = world.folder;
    ck_assert_int_eq(live_fixture_drill(other, "--yes", 0), 0);
    ck_assert(live_fixture_said(other, "undone: break it"));
    /* The first fleet's own host is still taken, for whoever comes by another journal. */
    snprintf(world.journal, sizeof world.journal, "%s/second.db", world.folder);
    ck_assert_int_eq(live_fixture_drill(&world, "--yes", 0), 3);
    live_fixture_close(other);
    free(other);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("target lock");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_target_that_another_drill_has_is_let_be, 0, 2);
    tcase_add_test(tcase, two_drills_with_two_journals_are_not_at_one_target);
    tcase_add_test(tcase, two_fleets_that_share_their_names_do_not_stop_each_other);
    suite_add_tcase(all, tcase);
    return all;
}
