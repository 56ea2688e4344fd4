/* Settings: command line before environment before file; what is wrong is named with its line; what
 * acts cannot be set. And an interrupt that ends a command cleanly. */
#include "tests/support/helpers.h"
#include "tests/support/shell.h"
#include "tests/support/temporary.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TINY "scenarios/primary-os-crash.yaml -q"

static char path[256];
static char *text;

static void config(const char *words)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(words, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    snprintf(path, sizeof path, "%s", temporary_file("", 0));
    text = NULL;
}

static void teardown(void)
{
    free(text);
    unlink(path);
}

/* Of the tiny scenario, how often it was simulated. */
static void ck_replications(const char *before, const char *options, int expected)
{
    char want[60];
    free(text);
    shell_run(&text, "%s $PROGRAM sim " TINY " --format json %s 2>&1", before, options);
    snprintf(want, sizeof want, "\"replications\": %d,", expected);
    ck_assert_msg(strstr(text, want) != NULL, "no %s in %.600s", want, text);
}

START_TEST(a_file_sets_what_the_command_line_does_not)
{
    char before[300];
    config("# mine\n\n  sim.replications =  7 \nwhatif.replications = 9\n");
    snprintf(before, sizeof before, "UNDERSTUDY_CONFIG=%s", path);
    ck_replications(before, "", 7);
    ck_replications(before, "--replications 3", 3);
    ck_replications("UNDERSTUDY_CONFIG=", "--replications 4", 4);
}
END_TEST

START_TEST(the_file_is_where_xdg_has_it)
{
    ck_assert_int_eq(shell_run(&text,
                               "set -e; d=%s.d; mkdir -p $d/understudy $d/.config/understudy; "
                               "echo 'store = '$d/xdg.db >$d/understudy/config; "
                               "echo 'store = '$d/home.db >$d/.config/understudy/config; "
                               "unset UNDERSTUDY_CONFIG UNDERSTUDY_STORE XDG_CONFIG_HOME; "
                               "XDG_CONFIG_HOME=$d $PROGRAM sim " TINY
                               " --replications 2 || true; HOME=$d $PROGRAM sim " TINY
                               " --replications 2 || true; XDG_CONFIG_HOME=$d "
                               "UNDERSTUDY_STORE=$d/environment.db $PROGRAM sim " TINY
                               " --replications 2 || true; ls $d; rm -r $d",
                               path),
                     0);
    ck_assert_ptr_nonnull(strstr(text, "environment.db\nhome.db\nunderstudy\nxdg.db\n"));
}
END_TEST

START_TEST(what_is_wrong_is_named_with_its_line)
{
    static const struct {
        const char *words, *says;
    } cases[] = {
        {"\nstroe = x\n",
         ":2: got 'stroe', want store, threads, or COMMAND.OPTION; did you mean store"},
        {"sim.replications\n", ":1: got 'sim.replications', want OPTION = VALUE"},
        {"sim.replications = many", ":1: sim: --replications: got 'many', want"},
        {"sim.colour = red", ":1: got option 'colour', want one of `understudy sim --help`"},
        {"sim.rare = perhaps", ":1: got 'perhaps', want yes or no"},
        {"sim.set = a=b", "want it on the command line each time"},
        {"sim.metric = x", ":1: got --metric, want it on the command line"},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        config(cases[i].words);
        free(text);
        ck_assert_int_eq(shell_run(&text, "UNDERSTUDY_CONFIG=%s $PROGRAM sim " TINY " 2>&1", path),
                         2);
        ck_assert_msg(strstr(text, cases[i].says) != NULL && strstr(text, path) != NULL,
                      "want %s, got %s", cases[i].says, text);
    }
    free(text);
    ck_assert_int_eq(shell_run(&text, "UNDERSTUDY_CONFIG=%s $PROGRAM sim --help", path), 0);
    free(text);
    ck_assert_int_eq(shell_run(&text, "UNDERSTUDY_CONFIG=/no/such/file $PROGRAM sim " TINY " 2>&1"),
                     2);
    ck_assert_ptr_nonnull(strstr(text, "/no/such/file: cannot be read"));
}
END_TEST

START_TEST(consent_cannot_be_set)
{
    config("drill.yes = yes\n");
    ck_assert_int_eq(shell_run(&text,
                               "UNDERSTUDY_CONFIG=%s $PROGRAM drill --plan "
                               "scenarios/drill-high-cpu.yaml 2>&1",
                               path),
                     2);
    ck_assert_ptr_nonnull(strstr(text, ":1: got drill.yes, want it on the command line each time"));
}
END_TEST

START_TEST(a_large_or_binary_file_is_refused)
{
    ck_assert_int_eq(shell_run(&text,
                               "head -c 100000 /dev/zero | tr '\\0' '#' >%s; "
                               "UNDERSTUDY_CONFIG=%s $PROGRAM sim " TINY " 2>&1",
                               path, path),
                     2);
    ck_assert_ptr_nonnull(strstr(text, "more than 65536 bytes"));
    free(text);
    ck_assert_int_eq(
        shell_run(&text, "printf 'a\\0b' >%s; UNDERSTUDY_CONFIG=%s $PROGRAM sim " TINY " 2>&1",
                  path, path),
        2);
    ck_assert_ptr_nonnull(strstr(text, "got a NUL"));
}
END_TEST

/* A shell starts background jobs with SIGINT ignored: timeout sends it to one in front. */
START_TEST(an_interrupt_ends_a_command_without_a_result)
{
    static const char *const lines[] = {
        "sim scenarios/capacity.yaml --replications 100000 --format json",
        "explore scenarios/paws360.yaml --failovers 3 --forget none",
        "search scenarios/paws360.yaml --for 5min",
        "whatif scenarios/capacity.yaml --replications 10000 --vary fleet.policy.persist=2min,5min",
    };
    size_t i;
    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        free(text);
        ck_assert_int_eq(shell_run(&text,
                                   "timeout --foreground --preserve-status -s INT 2 $PROGRAM %s "
                                   "2>%s",
                                   lines[i], path),
                         130);
        ck_assert_msg(strchr(text, '{') == NULL, "%s: got %.200s", lines[i], text);
        free(text);
        ck_assert_int_eq(shell_run(&text, "cat %s", path), 0);
        ck_assert_msg(strstr(text, "understudy: interrupted: ") != NULL, "%s: got %s", lines[i],
                      text);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("settings");
    TCase *tc = tcase_create("settings");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_file_sets_what_the_command_line_does_not);
    tcase_add_test(tc, the_file_is_where_xdg_has_it);
    tcase_add_test(tc, what_is_wrong_is_named_with_its_line);
    tcase_add_test(tc, consent_cannot_be_set);
    tcase_add_test(tc, a_large_or_binary_file_is_refused);
    tcase_add_test(tc, an_interrupt_ends_a_command_without_a_result);
    suite_add_tcase(s, tc);
    return s;
}
