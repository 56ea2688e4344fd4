/* The journal's file: private, one of ours and nobody else's to write; full, held, corrupted, or
 * made by many at once. */
#include "tests/support/helpers.h"
#include "tests/support/journal_fixture.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct journal_fixture kept;

static void set_up(void)
{
    journal_fixture_open(&kept);
}

static void tear_down(void)
{
    journal_fixture_close(&kept);
}

START_TEST(new_journal_is_private_and_read_beside_its_writer)
{
    struct stat status;
    sqlite3 *db;
    journal_fixture_reopen(&kept);
    ck_assert_int_eq(stat(kept.path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(sqlite3_open(kept.path, &db), SQLITE_OK);
    sqlite3_stmt *statement;
    sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "wal");
    sqlite3_finalize(statement);
    sqlite3_close(db);
}
END_TEST

START_TEST(newer_and_other_files_are_refused)
{
    FILE *file;
    journal_fixture_reopen(&kept);
    journal_close(kept.journal);
    journal_fixture_sql(&kept, "PRAGMA user_version = 2", SQLITE_OK);
    ck_assert_int_eq(journal_open(&kept.journal, kept.path, &kept.err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(kept.err.text,
                                 "got version 2, want at most 1: it was written by a "
                                 "newer understudy"));
    journal_fixture_sql(&kept, "PRAGMA user_version = 1; PRAGMA application_id = 7", SQLITE_OK);
    kept.err = (struct und_err){0};
    ck_assert_int_eq(journal_open(&kept.journal, kept.path, &kept.err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "got another database, want one of ours"));
    file = fopen(kept.path, "w");
    fputs("Dear diary, this is no database but long enough to be looked at as if it were one.",
          file);
    fclose(file);
    kept.err = (struct und_err){0};
    ck_assert_int_ne(journal_open(&kept.journal, kept.path, &kept.err), UND_OK);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "file is not a database"));
    kept.err = (struct und_err){0};
    ck_assert_int_eq(journal_open_readonly(&kept.journal, "/nowhere/j.db", &kept.err), UND_USAGE);
    ck_assert_ptr_null(kept.journal);
}
END_TEST

/* Whoever could write to it could choose the commands of a rollback. */
static void refused(const char *says)
{
    kept.err = (struct und_err){0};
    ck_assert_int_eq(journal_open(&kept.journal, kept.path, &kept.err), UND_USAGE);
    ck_assert_msg(strstr(kept.err.text, says) != NULL, "%s", kept.err.text);
    ck_assert_ptr_null(kept.journal);
}

START_TEST(journal_that_others_can_write_to_is_refused)
{
    journal_fixture_reopen(&kept);
    journal_close(kept.journal);
    kept.journal = NULL;
    ck_assert_int_eq(chmod(kept.path, 0660), 0);
    refused("got mode 0660, want one that nobody else may write to (chmod 600 ");
    ck_assert_int_eq(chmod(kept.path, 0644), 0); /* reading does no harm: it holds no credential */
    journal_fixture_reopen(&kept);
    journal_close(kept.journal);
    kept.journal = NULL;
    ck_assert_int_eq(chmod(kept.folder, 0777), 0);
    refused("anybody may replace it in its folder (mode 0777)");
    ck_assert_int_eq(chmod(kept.folder, 01777), 0); /* like /tmp */
    journal_fixture_reopen(&kept);
    journal_close(kept.journal);
    kept.journal = NULL;
    if (geteuid() != 0)
        return; /* only root can give a file away */
    ck_assert_int_eq(chown(kept.path, 12345, 12345), 0);
    refused("got owner 12345, want 0");
}
END_TEST

START_TEST(planted_files_beside_the_journal_are_refused)
{
    static const char *const sides[] = {"-wal", "-shm", "-journal", ".lock"};
    char side[160];
    snprintf(side, sizeof side, "%s%s", kept.path, sides[_i]);
    ck_assert_int_eq(symlink("/etc/passwd", side), 0);
    refused("want a regular file, no link");
    ck_assert_int_eq(unlink(side), 0);
    ck_assert_int_eq(mkfifo(side, 0600), 0);
    refused("want a regular file, no link");
}
END_TEST

/* By another name it would have another lock. */
START_TEST(link_to_a_journal_is_refused)
{
    char real[160];
    snprintf(real, sizeof real, "%s/real.db", kept.folder);
    JOURNAL_OK(kept, journal_open(&kept.journal, real, &kept.err));
    journal_close(kept.journal);
    kept.journal = NULL;
    ck_assert_int_eq(symlink(real, kept.path), 0);
    refused("want a regular file, no link");
    ck_assert_int_eq(unlink(kept.path), 0);
    ck_assert_int_eq(mkfifo(kept.path, 0600), 0);
    refused("want a regular file, no link");
    ck_assert_int_eq(unlink(kept.path), 0);
    ck_assert_int_eq(mkdir(kept.path, 0700), 0);
    refused("Is a directory");
}
END_TEST

START_TEST(journal_without_a_version_is_refused)
{
    journal_fixture_reopen(&kept);
    journal_close(kept.journal);
    kept.journal = NULL;
    journal_fixture_sql(&kept, "PRAGMA user_version = 0", SQLITE_OK);
    refused("got version 0, want 1");
}
END_TEST

/* What cannot be written down must not be done: the caller hears of it. */
START_TEST(full_disk_is_an_error_and_the_past_stays)
{
    const struct rlimit small = {256 * 1024, 256 * 1024};
    struct journal_step step = {.lease_until_ms = -1, .undo = "{}"};
    int i;
    journal_fixture_reopen(&kept);
    step.run = journal_fixture_begin(&kept);
    journal_fixture_intend(&kept, step.run, "first", "{\"undo\":1}");
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    memset(step.action, 'x', sizeof step.action - 1);
    for (i = 0; i < 1000 && journal_intend(kept.journal, &step, &kept.err) == UND_OK; i++)
        ;
    ck_assert_int_gt(i, 1);
    ck_assert_int_eq(kept.err.code, UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "journal.db: cannot be written: "));
    kept.err = (struct und_err){0};
    journal_fixture_reopen(&kept);
    ck_assert_uint_ge(journal_fixture_open_steps(&kept, NULL, 0), (size_t)i + 1);
}
END_TEST

START_TEST(journal_that_another_process_holds_is_an_error)
{
    struct journal_step step = {.lease_until_ms = -1};
    sqlite3 *db;
    journal_fixture_reopen(&kept);
    step.run = journal_fixture_begin(&kept);
    ck_assert_int_eq(sqlite3_open(kept.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(journal_intend(kept.journal, &step, &kept.err), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "database is locked"));
    sqlite3_close(db);
    kept.err = (struct und_err){0};
    JOURNAL_OK(kept, journal_intend(kept.journal, &step, &kept.err));
}
END_TEST

/* Every page but the first overwritten. */
START_TEST(corrupted_journal_is_an_error)
{
    struct journal_step *steps;
    size_t n;
    FILE *file;
    int i;
    journal_fixture_reopen(&kept);
    journal_fixture_intend(&kept, journal_fixture_begin(&kept), "first", "{\"undo\":1}");
    journal_close(kept.journal);
    kept.journal = NULL;
    file = fopen(kept.path, "r+");
    fseek(file, 4096, SEEK_SET);
    for (i = 0; i < 12 * 4096; i++)
        fputc(0xa5, file);
    fclose(file);
    if (journal_open(&kept.journal, kept.path, &kept.err) == UND_OK) {
        ck_assert_int_eq(journal_open_steps(kept.journal, 0, &steps, &n, &kept.err), UND_SERVICE);
        free(steps);
    }
    ck_assert_ptr_nonnull(strstr(kept.err.text, "malformed"));
}
END_TEST

#define OPENERS 16

static int open_when_released(int gate)
{
    char end;
    if (read(gate, &end, 1) != 0 || journal_open(&kept.journal, kept.path, &kept.err) != UND_OK) {
        fprintf(stderr, "%s\n", kept.err.text);
        return 1;
    }
    journal_fixture_begin(&kept);
    return 0;
}

/* A monitor and a drill, both for the first time; sixteen, released together, so that some meet. */
START_TEST(many_processes_may_create_it_at_once)
{
    pid_t child[OPENERS];
    int i, status, gate[2];
    ck_assert_int_eq(pipe(gate), 0);
    for (i = 0; i < OPENERS; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            close(gate[1]);
            _exit(open_when_released(gate[0]));
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (i = 0; i < OPENERS; i++) {
        waitpid(child[i], &status, 0);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("journal file");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, new_journal_is_private_and_read_beside_its_writer);
    tcase_add_test(tcase, newer_and_other_files_are_refused);
    tcase_add_test(tcase, journal_that_others_can_write_to_is_refused);
    tcase_add_loop_test(tcase, planted_files_beside_the_journal_are_refused, 0, 4);
    tcase_add_test(tcase, link_to_a_journal_is_refused);
    tcase_add_test(tcase, journal_without_a_version_is_refused);
    tcase_add_test(tcase, full_disk_is_an_error_and_the_past_stays);
    tcase_add_test(tcase, journal_that_another_process_holds_is_an_error);
    tcase_add_test(tcase, corrupted_journal_is_an_error);
    tcase_add_loop_test(tcase, many_processes_may_create_it_at_once, 0, 20);
    suite_add_tcase(all, tcase);
    return all;
}
