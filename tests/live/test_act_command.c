/* Commands on hosts: quoted for their shell, ended in time, and telling how they ended. */
#include "live/act/command.h"
#include "tests/support/drill_file.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct drill_file file;

static void set_up(void)
{
    drill_file_open(&file);
}

static void tear_down(void)
{
    drill_file_close(&file);
}

#define LOAD(drill) ck_assert_msg(drill_file_load(&file, drill) == UND_OK, "%s", file.err.text)

/* What a shell makes of the quoted text is the text. */
START_TEST(quoting_survives_a_shell)
{
    static const char *const texts[] = {
        "plain", "", "two words", "it's", "$HOME `id` \"x\" \\", "a;b|c&d>e", "*?[x]~", "-n", "''"};
    char line[256], quoted[128], got[256] = "";
    FILE *shell;
    ck_assert(command_quote(quoted, sizeof quoted, texts[_i]));
    snprintf(line, sizeof line, "printf %%s %s", quoted);
    shell = popen(line, "r");
    got[fread(got, 1, sizeof got - 1, shell)] = '\0';
    pclose(shell);
    ck_assert_str_eq(got, texts[_i]);
    ck_assert(!command_quote(quoted, strlen(texts[_i]), texts[_i]));
}
END_TEST

START_TEST(ssh_gets_one_quoted_line_and_others_the_words)
{
    static const char *const words[] = {"sh", "-c", "echo it's", NULL};
    struct live_argv given = drill_file_argv(words);
    struct command command;
    LOAD("");
    ck_assert_int_eq(command_init(&command, &file.scenario->fleet, "big", &given, &file.err),
                     UND_OK);
    ck_assert_int_eq(command.n, 5);
    ck_assert_str_eq(command.argv[4], "sh -c 'echo it'\\''s'");
    command_fini(&command);
    ck_assert_int_eq(command_init(&command, &file.scenario->fleet, "small", &given, &file.err),
                     UND_OK);
    ck_assert_int_eq(command.n, 4);
    ck_assert_str_eq(command.argv[3], "echo it's");
    command_fini(&command);
    ck_assert_int_eq(command_init(&command, &file.scenario->fleet, "nowhere", &given, &file.err),
                     UND_USAGE);
    command_fini(&command);
}
END_TEST

static struct command_result run(const char *script, int64_t timeout_ms)
{
    const char *const words[] = {"sh", "-c", script, NULL};
    struct live_argv given = drill_file_argv(words);
    struct command_result result;
    struct command command;
    ck_assert_int_eq(command_init(&command, &file.scenario->fleet, "", &given, &file.err), UND_OK);
    command_run(&command, timeout_ms, NULL, &result, &file.err);
    command_fini(&command);
    return result;
}

START_TEST(commands_tell_how_they_ended)
{
    struct command_result result;
    LOAD("");
    result = run("echo out; echo err >&2; exit 7", 5000);
    ck_assert_int_eq(result.exit_code, 7);
    ck_assert_str_eq(result.output, "out?err");
    result = run("kill -9 $$", 5000);
    ck_assert_int_eq(result.exit_code, 137);
    result = run("yes | head -c 1000000", 5000); /* more than is kept must not block it */
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_uint_eq(strlen(result.output), COMMAND_OUTPUT - 1);
    ck_assert_int_eq(file.err.code, UND_OK);
}
END_TEST

START_TEST(a_command_that_hangs_is_killed_with_its_children)
{
    char script[200];
    struct command_result result;
    LOAD("");
    snprintf(script, sizeof script, "(sleep 2; touch %s/late) & sleep 60", file.folder);
    result = run(script, 300);
    ck_assert(result.timed_out);
    ck_assert_int_eq(file.err.code, UND_SERVICE);
    sleep(3);
    snprintf(script, sizeof script, "%s/late", file.folder);
    ck_assert_int_ne(access(script, F_OK), 0);
}
END_TEST

START_TEST(a_daemon_left_behind_does_not_hold_the_command_up)
{
    struct command_result result;
    LOAD("");
    result = run("sleep 5 & echo done", 3000);
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_str_eq(result.output, "done");
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("act command");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_set_timeout(all, 30);
    tcase_add_loop_test(all, quoting_survives_a_shell, 0, 9);
    tcase_add_test(all, ssh_gets_one_quoted_line_and_others_the_words);
    tcase_add_test(all, commands_tell_how_they_ended);
    tcase_add_test(all, a_command_that_hangs_is_killed_with_its_children);
    tcase_add_test(all, a_daemon_left_behind_does_not_hold_the_command_up);
    suite_add_tcase(suite, all);
    return suite;
}
