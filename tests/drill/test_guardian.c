/* The guardian's own end: it stays no longer than there is something to be done. */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct live_fixture world;

static void set_up(void)
{
    live_fixture_open(&world, NULL, LIVE_FIXTURE_PATIENT);
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

/* How many programs were started in this world and have not ended. */
static int running(void)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    int n = 0;
    while ((entry = readdir(proc)) != NULL) {
        char path[300], line[4096];
        size_t size;
        FILE *file;
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        file = fopen(path, "r");
        size = file ? fread(line, 1, sizeof line - 1, file) : 0;
        line[size] = '\0';
        n += size > 0 && strstr(line, "/understudy") != NULL &&
             memmem(line, size, world.scenario, strlen(world.scenario)) != NULL;
        if (file)
            fclose(file);
    }
    closedir(proc);
    return n;
}

static bool comes_to(int n, int ms)
{
    for (; ms > 0 && running() != n; ms -= 20)
        live_fixture_pause(20);
    return running() == n;
}

/* A drill in the middle, with its host broken; its guardian beside it. */
static int begin(void)
{
    int pid = live_fixture_start(&world, "--yes", 0), i;
    for (i = 0; i < 6000 && !live_fixture_is_broken(&world); i++)
        live_fixture_pause(10);
    ck_assert_int_eq(running(), 2);
    return pid;
}

START_TEST(it_ends_with_a_drill_that_ends)
{
    int pid;
    pid = begin();
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    ck_assert(comes_to(0, 5000));
}
END_TEST

START_TEST(it_ends_when_it_has_put_everything_back)
{
    int pid = begin();
    kill(pid, SIGKILL);
    live_fixture_wait(&world, pid);
    ck_assert(comes_to(0, 20000));
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* The target is out of reach, so that it would try for a day; then the journal goes. */
START_TEST(it_ends_when_the_journal_is_gone)
{
    int pid = begin();
    live_fixture_touch(world.severed);
    kill(pid, SIGKILL);
    live_fixture_wait(&world, pid);
    live_fixture_pause(1500);
    ck_assert_int_eq(running(), 1);
    ck_assert_int_eq(unlink(world.journal), 0);
    ck_assert(comes_to(0, 20000));
    ck_assert_int_ne(access(world.journal, F_OK), 0); /* nor does it leave a new one */
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("guardian");
    TCase *tcase = tcase_create("end");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, it_ends_with_a_drill_that_ends);
    tcase_add_test(tcase, it_ends_when_it_has_put_everything_back);
    tcase_add_test(tcase, it_ends_when_the_journal_is_gone);
    suite_add_tcase(all, tcase);
    return all;
}
