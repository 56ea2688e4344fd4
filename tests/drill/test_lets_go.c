/*
 * A drill always lets go: whatever happens to any call that it makes, nothing of it is left once
 * its lease is over and it has been started once more at the latest; or it ends with 5 and says,
 * for everything that is left, how to put it back.
 */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORLDS 6 /* played at once: they mostly wait */

static struct live_fixture world[WORLDS];

static void open_world(struct live_fixture *w)
{
    /* A busy machine answers a probe late; the drill then waits for its preconditions. */
    live_fixture_open(w, NULL, LIVE_FIXTURE_PATIENT);
    live_fixture_lease_for(w, LIVE_FIXTURE_SHORT);
    w->with_job = true;
    live_fixture_with_canaries(w, 2);
}

static void pause_ms(int ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&nap, NULL);
}

static bool has_locks(const struct live_fixture *w)
{
    DIR *folder = opendir(w->folder);
    const struct dirent *entry;
    bool has = false;
    while ((entry = readdir(folder)) != NULL)
        has = has || strncmp(entry->d_name, "understudy-drill", 16) == 0;
    closedir(folder);
    return has;
}

/* In the world; what the journal thinks of it is another matter. */
static bool is_clean(struct live_fixture *w)
{
    return w->active[0] && w->active[1] && w->active[2] && !live_fixture_is_broken(w) &&
           (!w->cancelled || w->attempt > 1) && !has_locks(w) && live_fixture_queued(w) == 0;
}

static bool becomes_clean(struct live_fixture *w, int ms)
{
    for (; ms > 0 && !is_clean(w); ms -= 50)
        pause_ms(50);
    return is_clean(w);
}

static void show(const struct live_fixture *w)
{
    char line[512];
    FILE *file = fopen(w->output, "r");
    while (file && fgets(line, sizeof line, file))
        fputs(line, stderr);
    if (file)
        fclose(file);
}

#define CLEAN(w)                                                                                   \
    do {                                                                                           \
        if (!is_clean(w))                                                                          \
            show(w);                                                                               \
        ck_assert_msg(                                                                             \
            is_clean(w),                                                                           \
            "%s: labels %d%d%d, broken %d, cancelled %d, attempt %d, locks %d, queued %d",         \
            (w)->failcall, (w)->active[0], (w)->active[1], (w)->active[2],                         \
            live_fixture_is_broken(w), (w)->cancelled, (w)->attempt, has_locks(w),                 \
            live_fixture_queued(w));                                                               \
    } while (0)

/* ---- every call, in every way ---- */

static const char *const fates[] = {"refuse", "refuse-always", "late", "cut", "kill", "signal"};

/* One start after the drill has ended with `code`; the last line of the promise. */
static void judge(struct live_fixture *w, int code)
{
    char failed[sizeof w->failcall];
    memcpy(failed, w->failcall, sizeof failed);
    if (code == 128 + SIGKILL)
        ck_assert_msg(becomes_clean(w, 20000), "%s: nobody finished the rollback", failed);
    else if (code == 5)
        ck_assert_msg(live_fixture_said(w, "left undone") && live_fixture_said(w, "by hand"), "%s",
                      failed);
    else
        CLEAN(w);
    w->failcall[0] = '\0';
    if (code == 5) {
        pause_ms(1500); /* the leases */
        code = live_fixture_drill(w, "--rollback", 0);
        memcpy(w->failcall, failed, sizeof failed);
        if (code != 0)
            show(w);
        ck_assert_msg(code == 0, "%s: a later start ended with %d", failed, code);
        CLEAN(w);
    }
    ck_assert_msg(code == 128 + SIGKILL || live_fixture_is_closed(w), "%s: the journal is open",
                  failed);
}

START_TEST(whatever_happens_to_a_call_nothing_is_left)
{
    bool reached = true;
    int first, i, pid[WORLDS], code[WORLDS];
    for (first = 1; reached; first += WORLDS) {
        for (i = 0; i < WORLDS; i++) {
            open_world(&world[i]);
            snprintf(world[i].failcall, sizeof world[i].failcall, "%s:%d", fates[_i], first + i);
            pid[i] = live_fixture_start(&world[i], "--yes", 0);
        }
        for (i = 0; i < WORLDS; i++)
            code[i] = live_fixture_wait(&world[i], pid[i]);
        for (i = 0; i < WORLDS; i++) {
            reached = live_fixture_said_quietly(&world[i], "understudy: failpoint ");
            if (getenv("LETS_GO_SHOW"))
                fprintf(stderr, "%s: exit %d\n", world[i].failcall, code[i]);
            if (getenv("LETS_GO_SHOW") && atoi(getenv("LETS_GO_SHOW")) == first + i)
                show(&world[i]);
            judge(&world[i], code[i]);
            live_fixture_close(&world[i]);
        }
        ck_assert_int_lt(first, 60);
    }
    ck_assert_int_gt(first, 12); /* labels, commands, locks, runs: all were met */
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("lets go");
    TCase *table = tcase_create("table");
    tcase_set_timeout(table, 280);
    tcase_add_loop_test(table, whatever_happens_to_a_call_nothing_is_left, 0,
                        sizeof fates / sizeof fates[0]);
    suite_add_tcase(all, table);
    return all;
}
