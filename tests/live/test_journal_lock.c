/* The journal's lock: one process at a time may act, and a dead holder holds nothing. */
#include "tests/support/helpers.h"
#include "tests/support/journal_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static pid_t hold_lock(int *pipes)
{
    unsigned char one = 1;
    pid_t child = fork();
    if (child != 0)
        return child;
    if (journal_open(&kept.journal, kept.path, &kept.err) != UND_OK ||
        journal_lock(kept.journal, "drill of the other one", &kept.err) != UND_OK ||
        write(pipes[1], &one, 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

START_TEST(one_at_a_time_may_act_and_a_dead_holder_holds_nothing)
{
    int pipes[2];
    unsigned char one;
    pid_t child;
    ck_assert_int_eq(pipe(pipes), 0);
    child = hold_lock(pipes);
    ck_assert_int_eq(read(pipes[0], &one, 1), 1);
    journal_fixture_reopen(&kept);
    ck_assert_int_eq(journal_lock(kept.journal, "mine", &kept.err), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "(drill of the other one)"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    kept.err = (struct und_err){0};
    JOURNAL_OK(kept, journal_lock(kept.journal, "mine", &kept.err));
}
END_TEST

/* The name of the holder is for people: on a full disk there is none, and the lock holds. */
START_TEST(a_lock_without_its_text_holds)
{
    char name[160];
    int pipes[2];
    unsigned char one;
    pid_t child;
    snprintf(name, sizeof name, "%s.lock", kept.path);
    ck_assert_int_eq(pipe(pipes), 0);
    child = hold_lock(pipes);
    ck_assert_int_eq(read(pipes[0], &one, 1), 1);
    ck_assert_int_eq(truncate(name, 0), 0);
    journal_fixture_reopen(&kept);
    ck_assert_int_eq(journal_lock(kept.journal, "mine", &kept.err), UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(kept.err.text, "held by another process"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
END_TEST

static void write_lock(long pid, long long ticks, const char *boot)
{
    char name[160];
    FILE *file;
    snprintf(name, sizeof name, "%s.lock", kept.path);
    file = fopen(name, "w");
    fprintf(file, "%ld %lld %s somebody\n", pid, ticks, boot);
    fclose(file);
}

static long long start_of(long pid)
{
    char name[64], text[1024];
    const char *at;
    int field;
    FILE *file;
    snprintf(name, sizeof name, "/proc/%ld/stat", pid);
    file = fopen(name, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (at = strrchr(text, ')'), field = 2; field < 22; field++)
        at = strchr(at + 1, ' ');
    return atoll(at);
}

/* Where flock is not to be trusted, the process that the file names decides. */
START_TEST(named_holder_counts_only_while_it_is_that_process)
{
    char boot[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    ck_assert_int_eq(fscanf(file, "%63s", boot), 1);
    fclose(file);
    journal_fixture_reopen(&kept);
    write_lock(getppid(), start_of(getppid()), boot);
    ck_assert_int_eq(journal_lock(kept.journal, "mine", &kept.err), UND_SERVICE);
    kept.err = (struct und_err){0};
    write_lock(getppid(), start_of(getppid()) + 1, boot); /* the number was used again */
    JOURNAL_OK(kept, journal_lock(kept.journal, "mine", &kept.err));
    journal_fixture_reopen(&kept);
    write_lock(getppid(), start_of(getppid()), "another-boot");
    JOURNAL_OK(kept, journal_lock(kept.journal, "mine", &kept.err));
}
END_TEST

/* Where the holder could not tell when it began, its number alone proves nothing. */
START_TEST(holder_without_a_beginning_holds_nothing)
{
    char boot[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    ck_assert_int_eq(fscanf(file, "%63s", boot), 1);
    fclose(file);
    journal_fixture_reopen(&kept);
    write_lock(999999999, 0, boot);
    JOURNAL_OK(kept, journal_lock(kept.journal, "mine", &kept.err));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("journal lock");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, one_at_a_time_may_act_and_a_dead_holder_holds_nothing);
    tcase_add_test(tcase, a_lock_without_its_text_holds);
    tcase_add_test(tcase, named_holder_counts_only_while_it_is_that_process);
    tcase_add_test(tcase, holder_without_a_beginning_holds_nothing);
    suite_add_tcase(all, tcase);
    return all;
}
