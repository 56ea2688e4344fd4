/* What an active monitor lives through: disks that fill, journals that are spoilt, services that go
 * for long, tokens that are replaced, a second monitor, each mechanism. Judged by what the world's
 * GitHub was told. */
#include "live/http/http.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static struct live_fixture world;
static char disk[200], token_path[200]; /* disk: a small one, where it could be mounted; or "" */

static void set_up(void)
{
    live_fixture_open(&world, NULL, "");
    snprintf(token_path, sizeof token_path, "%s/token", world.folder);
    disk[0] = '\0';
}

static void tear_down(void)
{
    if (disk[0])
        umount2(disk, MNT_DETACH);
    live_fixture_close(&world);
}

/* Thirty times as fast as the fleet's durations. `set` may be NULL. */
static int launch(const char *journal, const char *set)
{
    char *const arguments[] = {"monitor",
                               "--active",
                               "--journal",
                               (char *)(uintptr_t)journal,
                               world.scenario,
                               "--set",
                               "fleet.live.time_factor=30",
                               set ? "--set" : NULL,
                               (char *)(uintptr_t)set,
                               NULL};
    return live_fixture_run(&world, arguments, 0);
}

static int start(void)
{
    int pid = launch(world.journal, NULL);
    ck_assert(live_fixture_await(&world, "big: serving"));
    return pid;
}

static void end(int pid, int signal)
{
    int code;
    kill(pid, signal);
    code = live_fixture_wait(&world, pid);
    ck_assert_int_eq(code, signal == SIGKILL ? 128 + SIGKILL : 0);
}

static bool is_out(void)
{
    return !atomic_load(&world.active[0]) && !atomic_load(&world.active[1]);
}

static bool await(bool wanted, bool (*holds)(void))
{
    int i;
    for (i = 0; i < 1500 && holds() != wanted; i++)
        live_fixture_pause(20);
    return holds() == wanted;
}

static bool is_in(void)
{
    return atomic_load(&world.active[0]) && atomic_load(&world.active[1]);
}

static void replay_agrees(const char *journal)
{
    char *const arguments[] = {"replay", (char *)(uintptr_t)journal, NULL};
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, arguments, 0)), 0);
}

static void incident(void)
{
    live_fixture_touch(world.broken);
    ck_assert(await(true, is_out));
    unlink(world.broken);
    ck_assert(await(true, is_in));
}

/* ---- the journal ---- */

static bool mount_disk(void)
{
    snprintf(disk, sizeof disk, "%s/disk", world.folder);
    if (mkdir(disk, 0700) == 0 &&
        mount("tmpfs", disk, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0700") == 0)
        return true;
    disk[0] = '\0';
    return false;
}

static void fill(const char *path)
{
    static const char block[4096];
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(file, 0);
    while (write(file, block, sizeof block) > 0)
        ;
    while (write(file, block, 1) > 0)
        ;
    close(file);
}

/* While it is full nothing is decided that could not be recorded, and nobody is taken out; when
 * there is room again all of it comes about, and the record has no gap. */
START_TEST(a_full_disk_is_waited_for)
{
    char journal[260], filler[260];
    int pid;
    if (!mount_disk())
        return; /* not ours to mount */
    snprintf(journal, sizeof journal, "%s/journal.db", disk);
    snprintf(filler, sizeof filler, "%s/filler", disk);
    pid = launch(journal, NULL);
    ck_assert(live_fixture_await(&world, "big: serving"));
    live_fixture_pause(2500); /* the lease */
    fill(filler);
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "nothing is written: the journal cannot be written"));
    live_fixture_pause(1500);
    ck_assert(is_in());
    ck_assert_int_eq(atomic_load(&world.writes), 0);
    ck_assert_int_eq(kill(pid, 0), 0);
    unlink(filler);
    ck_assert(await(true, is_out));
    unlink(world.broken);
    ck_assert(await(true, is_in));
    end(pid, SIGTERM);
    replay_agrees(journal);
}
END_TEST

START_TEST(a_disk_that_may_not_be_written_ends_the_start)
{
    char journal[260];
    if (!mount_disk())
        return;
    snprintf(journal, sizeof journal, "%s/journal.db", disk);
    ck_assert_int_eq(mount(NULL, disk, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    ck_assert_int_ge(live_fixture_wait(&world, launch(journal, NULL)), 2);
    ck_assert(live_fixture_said(&world, "journal"));
    ck_assert_int_eq(atomic_load(&world.writes), 0);
}
END_TEST

static void spoil(int how)
{
    struct stat status;
    char noise[8192];
    int file = open(world.journal, O_WRONLY), i;
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(fstat(file, &status), 0);
    memset(noise, 0x5a, sizeof noise);
    if (how == 0) /* its head */
        ck_assert_int_eq(pwrite(file, noise, 200, 0), 200);
    for (i = 1; how == 1 && i < status.st_size / 4096; i++) /* all but its head */
        ck_assert_int_eq(pwrite(file, noise, 4096, (off_t)i * 4096), 4096);
    if (how == 2) /* cut in the middle */
        ck_assert_int_eq(ftruncate(file, status.st_size / 2 / 4096 * 4096), 0);
    close(file);
}

START_TEST(a_spoilt_journal_is_moved_aside_and_readmits_nobody)
{
    char command[300];
    int pid = start();
    live_fixture_touch(world.broken);
    ck_assert(await(true, is_out));
    end(pid, SIGTERM);
    live_fixture_lease(&world, "");
    spoil(_i);
    unlink(world.broken);
    pid = launch(world.journal, NULL);
    ck_assert(live_fixture_await(&world, "THE JOURNAL WAS SPOILT and has been moved to"));
    ck_assert(
        live_fixture_await(&world, "the policy's memory is not used: the journal was spoilt"));
    ck_assert(live_fixture_await(&world, "big: drained, 0 of 2 admitted, 2 online"));
    live_fixture_pause(1500);
    ck_assert(is_out());
    end(pid, SIGTERM);
    snprintf(command, sizeof command, "ls %s | grep -q 'journal.db.spoilt-.*Z$'", world.folder);
    ck_assert_int_eq(system(command), 0);
    replay_agrees(world.journal);
}
END_TEST

/* Another program's database is not ours to move. */
START_TEST(what_is_no_journal_is_left_where_it_is)
{
    char command[300];
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(world.journal, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    chmod(world.journal, 0600);
    ck_assert_int_eq(live_fixture_wait(&world, launch(world.journal, NULL)), 2);
    ck_assert(live_fixture_said(&world, "got another database, want one of ours"));
    snprintf(command, sizeof command, "! ls %s | grep -q spoilt", world.folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- GitHub ---- */

static void put_token(const char *text)
{
    FILE *file = fopen(token_path, "w");
    fprintf(file, "%s\n", text);
    fclose(file);
}

START_TEST(a_token_that_is_replaced_is_read_anew)
{
    int pid = start();
    ck_assert(await(true, is_in));
    atomic_store(&world.bearer, "ghp_TheNewTokenOfThisTest56789");
    ck_assert(live_fixture_await(&world, "the token is wrong, expired or revoked"));
    ck_assert(live_fixture_await(&world, "fleet: blind"));
    put_token("ghp_TheNewTokenOfThisTest56789");
    ck_assert(live_fixture_await(&world, "github can be read again"));
    incident();
    ck_assert(!live_fixture_said_quietly(&world, "TheNewToken"));
    end(pid, SIGTERM);
}
END_TEST

/* Ways to be away: each for long (five fleet minutes in all), and then the plan is carried out. */
static const char *const away[] = {
    "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"total_count\":3,\"runners\":[",
    "garbage\r\n\r\n",
};

START_TEST(github_away_for_long_changes_nothing)
{
    int pid = start(), writes;
    live_fixture_pause(2500);
    atomic_store(&world.mischief, away[_i]);
    writes = atomic_load(&world.writes);
    live_fixture_touch(world.broken);
    ck_assert(live_fixture_await(&world, "fleet: blind"));
    live_fixture_pause(4000);
    ck_assert_int_eq(atomic_load(&world.writes), writes);
    ck_assert(is_in());
    atomic_store(&world.mischief, NULL);
    ck_assert(live_fixture_await(&world, "fleet: sighted"));
    ck_assert(await(true, is_out));
    end(pid, SIGTERM);
    replay_agrees(world.journal);
}
END_TEST

START_TEST(a_name_that_is_not_found_is_waited_for)
{
    int64_t began_ms;
    int pid = launch(world.journal, "fleet.live.github.url=https://github.invalid");
    ck_assert(live_fixture_await(&world, "github cannot be read: GET https://github.invalid/"));
    live_fixture_pause(500);
    began_ms = http_monotonic_ms();
    end(pid, SIGTERM);
    ck_assert_int_lt(http_monotonic_ms() - began_ms, 4000);
    ck_assert_int_eq(atomic_load(&world.writes), 0);
}
END_TEST

/* Prometheus starts again in the middle of an incident: its feed goes, and comes back. */
START_TEST(prometheus_that_restarts_is_waited_for)
{
    int pid = start();
    live_fixture_touch(world.broken);
    ck_assert(await(true, is_out));
    world.mute_monitoring = true;
    atomic_store(&world.mischief, away[0]);
    ck_assert(live_fixture_await(&world, "fleet: blind"));
    live_fixture_pause(500);
    ck_assert(is_out());
    atomic_store(&world.mischief, NULL);
    ck_assert(live_fixture_await(&world, "fleet: sighted"));
    unlink(world.broken);
    ck_assert(await(true, is_in));
    end(pid, SIGTERM);
}
END_TEST

/* ---- two at once ---- */

START_TEST(the_second_monitor_takes_over_when_the_first_has_ended)
{
    char second[200];
    int one = start(), two;
    live_fixture_pause(3000);
    live_fixture_turn_away(&world);
    snprintf(second, sizeof second, "%s/second.db", world.folder);
    two = launch(second, NULL);
    ck_assert(live_fixture_await(&world, "nothing is written: another controller leads"));
    incident();
    ck_assert_int_eq(atomic_load(&world.writes), 4); /* each label once off, once on */
    kill(one, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, one), 0);
    ck_assert(live_fixture_await(&world, "writing goes on"));
    incident();
    ck_assert_int_eq(atomic_load(&world.writes), 8);
    end(two, SIGTERM);
}
END_TEST

/* ---- the other mechanisms ---- */

static bool on_backup(void)
{
    return atomic_load(&world.on_backup);
}

static void by_variable(void)
{
    char command[700];
    snprintf(command, sizeof command,
             "sed -i -e 's/fast_recovery: true/fast_recovery: true, mechanism: variable/' "
             "-e \"s/registrations: 'big-\\*',/registrations: 'big-*', labels: [self-hosted],/\" "
             "-e \"s/registrations: 'small-\\*',/registrations: 'small-*', labels: [self-hosted, "
             "backup],/\" -e 's/owner: o,/owner: o, variable: CI_HOST,/' %s",
             world.scenario);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(the_variable_follows_the_plan_and_is_put_right)
{
    int pid;
    by_variable();
    pid = start();
    live_fixture_touch(world.broken);
    ck_assert(await(true, on_backup));
    atomic_store(&world.on_backup, false); /* somebody sets it back */
    ck_assert(await(true, on_backup));
    end(pid, SIGKILL);
    live_fixture_lease(&world, "");
    pid = launch(world.journal, NULL);
    ck_assert(live_fixture_await(&world, "the policy goes on from what it knew"));
    live_fixture_pause(1500);
    ck_assert(on_backup()); /* its death and its return put nothing back */
    unlink(world.broken);
    ck_assert(await(false, on_backup));
    end(pid, SIGTERM);
}
END_TEST

static bool cancelled(void)
{
    return atomic_load(&world.cancelled);
}

static bool run_again(void)
{
    return atomic_load(&world.attempt) == 2;
}

/* What ran on the dead host is cancelled and run again, once, whoever finishes it. */
START_TEST(what_was_lost_is_cancelled_and_run_again)
{
    int pid;
    world.with_job = true;
    atomic_store(&world.refuse_reruns, _i == 1);
    pid = start();
    live_fixture_touch(world.broken);
    ck_assert(await(true, cancelled));
    if (_i == 1) { /* it dies in between: the next one finishes it */
        end(pid, SIGKILL);
        atomic_store(&world.refuse_reruns, false);
        live_fixture_lease(&world, "");
        pid = launch(world.journal, NULL);
    }
    ck_assert(await(true, run_again));
    live_fixture_pause(1000);
    ck_assert_int_eq(atomic_load(&world.attempt), 2);
    ck_assert(is_out());
    end(pid, SIGTERM);
}
END_TEST

/* The hook is told one registration at a time, and again after a restart. */
static char last_told(void)
{
    char path[260], digits[400] = "?";
    size_t n = 0;
    int letter;
    FILE *file;
    snprintf(path, sizeof path, "%s/admitted.big", world.folder);
    file = fopen(path, "r");
    while (file && (letter = fgetc(file)) != EOF && n < sizeof digits - 1)
        if (letter != '\n')
            digits[n++] = (char)letter;
    if (file)
        fclose(file);
    return digits[n > 0 ? n - 1 : 0];
}

static bool told_none(void)
{
    return last_told() == '0';
}

static bool told_both(void)
{
    return last_told() == '2';
}

START_TEST(the_hook_is_told)
{
    char command[1200];
    int pid;
    snprintf(command, sizeof command,
             "sed -i -e 's/fast_recovery: true/fast_recovery: true, mechanism: hook/' "
             "-e \"s|    allow_actions: true|    hook: {run: [sh, -c, 'echo {slots} "
             ">>%s/admitted.{host}'], timeout: 5s}\\n    allow_actions: true|\" %s",
             world.folder, world.scenario);
    ck_assert_int_eq(system(command), 0);
    pid = start();
    live_fixture_touch(world.broken);
    ck_assert(await(true, told_none));
    end(pid, SIGKILL);
    live_fixture_lease(&world, "");
    pid = launch(world.journal, NULL);
    ck_assert(live_fixture_await(&world, "the policy goes on from what it knew"));
    live_fixture_pause(1500);
    ck_assert(told_none());
    unlink(world.broken);
    ck_assert(await(true, told_both));
    end(pid, SIGTERM);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("hard_times");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_full_disk_is_waited_for);
    tcase_add_test(tcase, a_disk_that_may_not_be_written_ends_the_start);
    tcase_add_loop_test(tcase, a_spoilt_journal_is_moved_aside_and_readmits_nobody, 0, 3);
    tcase_add_test(tcase, what_is_no_journal_is_left_where_it_is);
    tcase_add_test(tcase, a_token_that_is_replaced_is_read_anew);
    tcase_add_loop_test(tcase, github_away_for_long_changes_nothing, 0, 5);
    tcase_add_test(tcase, a_name_that_is_not_found_is_waited_for);
    tcase_add_test(tcase, prometheus_that_restarts_is_waited_for);
    tcase_add_test(tcase, the_second_monitor_takes_over_when_the_first_has_ended);
    tcase_add_test(tcase, the_variable_follows_the_plan_and_is_put_right);
    tcase_add_loop_test(tcase, what_was_lost_is_cancelled_and_run_again, 0, 2);
    tcase_add_test(tcase, the_hook_is_told);
    suite_add_tcase(all, tcase);
    return all;
}
