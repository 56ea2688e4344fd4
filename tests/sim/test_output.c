/* What is printed and written arrives, or the exit code and one line say that it has not. */
#include "tests/support/helpers.h"
#include "tests/support/shell.h"

#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCENARIO "scenarios/primary-os-crash.yaml --replications 80"

static char folder[64];

static void put(const char *name, const char *text)
{
    char path[128];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void setup(void)
{
    strcpy(folder, "/tmp/understudy-output-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Runs `understudy` with the redirections given; returns its exit code, and what the pipe reads. */
static int run(const char *arguments, const char *redirections, char text[8192])
{
    char *printed;
    int code = shell_run(&printed, "$PROGRAM %s %s", arguments, redirections);
    snprintf(text, 8192, "%s", printed);
    free(printed);
    return code;
}

/* Every command that prints. */
static const char *const commands[] = {
    "--help",
    "--version",
    "schema",
    "sim " SCENARIO,
    "sim " SCENARIO " --format json",
    "sim scenarios/primary-os-crash.yaml --trace",
    "sim " SCENARIO " --html /dev/full --quiet",
    "test " SCENARIO,
    "test " SCENARIO " --format json",
    "test " SCENARIO " --junit /dev/full",
    "test " SCENARIO " --rules-diff scenarios/paws360-rules.yml scenarios/paws360-rules.yml",
    "whatif " SCENARIO " --vary fleet.policy.persist=1min,2min",
    "whatif " SCENARIO " --vary fleet.policy.persist=1min,2min --format json",
    "whatif --metric help",
    "sim --metric help",
    "alerts check tests/data/alerts/rules.yml",
    "alerts explain tests/data/alerts/rules.yml",
    "alerts delay scenarios/primary-hardware-failure.yaml",
    "drill scenarios/drill-high-cpu.yaml --plan",
    "drill scenarios/drill-high-cpu.yaml --rehearse --replications 20",
    "sim --help",
    "monitor --help",
    "replay --help",
    "help --man drill",
    "help alerts",
    "completion zsh",
};

START_TEST(a_full_disk_does_not_go_unnoticed)
{
    char text[8192];
    const char *last;
    ck_assert_msg(run(commands[_i], "2>&1 >/dev/full", text) == 2, "%s: %s", commands[_i], text);
    last = strstr(text, "cannot write");
    ck_assert_msg(last != NULL, "%s: %s", commands[_i], text);
}
END_TEST

/* A scenario, a fleet, rules, Prometheus' and Alertmanager's files: one is run, four are counted.
 */
START_TEST(a_folder_means_its_scenarios)
{
    char arguments[128], text[8192];
    put("fleet.yaml",
        "fleet:\n  hosts: [{name: A, slots: 2}]\n  workload:\n    arrivals: {kind: "
        "poisson, rate: 100/d}\n    classes: [{name: x, weight: 1, duration: 5min}]\n");
    put("lost.yaml", "fleet: fleet.yaml\nduration: 2h\nreplications: 20\nfaults: [{kind: "
                     "host-power-loss, target: A, at: 1h, lasts: 10min}]\n");
    put("prometheus.yml", "global: {scrape_interval: 15s}\nscrape_configs: []\n");
    put("alertmanager.yml", "route: {receiver: x}\nreceivers: [{name: x}]\n");
    put("rules.yml", "groups: []\n");
    put("notes.json", "[1, 2]\n");
    put("lost.json", "{\"version\": 1, \"scenario\": \"lost\", \"documented\": {}}\n");
    put("prediction.json", "{\"version\": 1, \"kind\": \"understudy prediction\", "
                           "\"replications\": 9}\n");
    snprintf(arguments, sizeof arguments, "test %s", folder);
    ck_assert_int_eq(run(arguments, "2>&1", text), 0);
    ck_assert_ptr_nonnull(strstr(text, "1 scenario,"));
    ck_assert_ptr_nonnull(strstr(text, "passed over: 7 files that are no scenarios\n"));
    /* The list of one has the shape of a list of two. */
    put("lost-2.yaml", "fleet: fleet.yaml\nduration: 2h\nreplications: 20\n");
    snprintf(arguments, sizeof arguments, "test %s --format json | head -c 60", folder);
    run(arguments, "", text);
    ck_assert_ptr_nonnull(strstr(text, "\"results\": ["));
}
END_TEST

/* A typing error must not make a scenario pass as something else. */
START_TEST(a_broken_scenario_is_not_passed_over)
{
    static const char *const broken[] = {"fleat: fleet.yaml\nfaults: []\n", "fleet: [\n",
                                         "{\"fleet\": {\"hosts\": []}, \"expect\": []}",
                                         "fleet: none.yaml\n"};
    char arguments[128], text[8192];
    size_t i;
    snprintf(arguments, sizeof arguments, "test %s", folder);
    for (i = 0; i < sizeof broken / sizeof *broken; i++) {
        put("broken.yaml", broken[i]);
        ck_assert_msg(run(arguments, "2>&1", text) == 2, "%s", broken[i]);
        ck_assert_msg(strstr(text, "broken.yaml:") != NULL, "%s: %s", broken[i], text);
    }
}
END_TEST

START_TEST(help_is_there_however_it_is_asked_for)
{
    char want[8192], got[8192];
    ck_assert_int_eq(run("--help", "2>&1", want), 0);
    ck_assert_int_eq(run("help", "2>&1", got), 0);
    ck_assert_str_eq(got, want);
    ck_assert_int_eq(run("whatif --help", "2>&1", want), 0);
    ck_assert_int_eq(run("help whatif", "2>&1", got), 0);
    ck_assert_str_eq(got, want);
    ck_assert_int_eq(run("whatif -h", "2>&1", got), 0);
    ck_assert_str_eq(got, want);
    ck_assert_int_eq(run("help what", "2>&1", got), 2);
    ck_assert_int_eq(run("whatf x.yaml", "2>&1", got), 2);
    ck_assert_str_eq(got, "understudy: got command 'whatf', did you mean whatif?\n");
    ck_assert_int_eq(run("zebra", "2>&1", got), 2);
    ck_assert_str_eq(got, "understudy: got command 'zebra', want one of `understudy --help`\n");
}
END_TEST

static int lines(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* At most three lines a file, as scripts expect; ten where they are asked for. */
START_TEST(more_than_three_errors_are_counted)
{
    char text[8192];
    ck_assert_int_eq(run("sim tests/invalid/many-errors.yaml", "2>&1", text), 2);
    ck_assert_int_eq(lines(text), 3);
    ck_assert_ptr_nonnull(
        strstr(text, "\nunderstudy: and 10 more errors; `understudy sim FILE --all-errors`"));
    ck_assert_int_eq(run("explore tests/invalid/many-errors.yaml", "2>&1", text), 2);
    ck_assert_int_eq(lines(text), 3);
    ck_assert_int_eq(run("test --all-errors tests/invalid/many-errors.yaml", "2>&1", text), 2);
    ck_assert_int_eq(lines(text), 11);
    ck_assert_ptr_nonnull(strstr(text, "\nunderstudy: and 2 more errors\n"));
    ck_assert_int_eq(
        run("whatif --all-errors tests/invalid/many-errors.yaml --vary duration=1h", "2>&1", text),
        2);
    ck_assert_int_eq(lines(text), 11);
    run("sim --format json tests/invalid/many-errors.yaml | grep -c '^    \"tests'", "", text);
    ck_assert_str_eq(text, "10\n");
}
END_TEST

#define CLEARED "\r\033[K" /* what begins each line of progress */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The first of what `understudy` writes to a terminal of 40 columns; returns how long it took. */
static double run_on_terminal(const char *term, char *const *arguments, char text[8192])
{
    struct winsize size = {.ws_row = 24, .ws_col = 40};
    char program[256], rest[4096];
    int terminal, status;
    size_t n = 0;
    ssize_t got;
    double began = seconds();
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        setenv("TERM", term, 1);
        snprintf(program, sizeof program, "%s/understudy",
                 getenv("BUILD") ? getenv("BUILD") : "build");
        execv(program, arguments);
        _exit(127);
    }
    while ((got = n < 8191 ? read(terminal, text + n, 8191 - n)
                           : read(terminal, rest, sizeof rest)) > 0)
        n += n < 8191 ? (size_t)got : 0;
    text[n] = '\0';
    close(terminal);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    return seconds() - began;
}

static int count_cleared(const char *text)
{
    int n = 0;
    while ((text = strstr(text, CLEARED)) != NULL) {
        text += strlen(CLEARED);
        n++;
    }
    return n;
}

/* Of every command that has progress to tell, with enough to do for many lines. */
static char *const long_work[][12] = {
    {"understudy", "sim", "scenarios/primary-os-crash.yaml", "--quiet", "--replications", "10"},
    {"understudy", "sim", "scenarios/primary-os-crash.yaml", "--replications", "4000"},
    {"understudy", "test", "scenarios/primary-os-crash.yaml", "--replications", "4000"},
    {"understudy", "whatif", "scenarios/primary-os-crash.yaml", "--replications", "400", "--vary",
     "fleet.policy.persist=1min..10min:1min"},
    {"understudy", "drill", "scenarios/drill-high-cpu.yaml", "--rehearse", "--replications",
     "1000"},
    {"understudy", "search", "scenarios/paws360.yaml", "--schedules", "20"},
};

/* The last line is cleared as well, and the first one comes at once. */
START_TEST(progress_comes_ten_times_a_second_at_most)
{
    char text[8192];
    double took = run_on_terminal("xterm", long_work[_i], text);
    int n = count_cleared(text);
    ck_assert_msg(n <= 10 * took + 3, "%d lines in %.2f s", n, took);
    if (_i > 0)
        ck_assert_int_ge(n, 2);
    else
        ck_assert_int_eq(n, 0); /* --quiet */
}
END_TEST

/* Which cannot write over a line, or does not say that it can. */
START_TEST(a_dumb_terminal_is_told_no_progress)
{
    char text[8192];
    run_on_terminal("dumb", long_work[_i], text);
    ck_assert_msg(strchr(text, '\033') == NULL && strstr(text, "\r\r") == NULL, "%.400s", text);
    ck_assert(_i == 0 || strlen(text) > 40);
}
END_TEST

/* A line that wraps is not written over. */
START_TEST(progress_fits_the_terminal)
{
    static char *const whatif[] = {
        "understudy", "whatif", "scenarios/primary-os-crash.yaml", "--replications",
        "20",         "--vary", "fleet.policy.persist=1min,2min",  NULL};
    static char *const sim[] = {"understudy",     "sim", "scenarios/primary-os-crash.yaml",
                                "--replications", "20",  NULL};
    char text[8192], *line;
    int i, n;
    for (i = 0; i < 2; i++) {
        run_on_terminal("xterm", i == 0 ? whatif : sim, text);
        for (n = 0, line = text; (line = strstr(line, CLEARED)) != NULL; n++) {
            line += strlen(CLEARED);
            if (strncmp(line + strcspn(line, "\r\n"), "\r\033", 2) == 0) /* not the table */
                ck_assert_msg(strcspn(line, "\r") < 40, "too wide: %.*s", (int)strcspn(line, "\r"),
                              line);
        }
        ck_assert_int_ge(n, 2);
    }
}
END_TEST

/* A metric asked for by name stands in the table, as certain as its runs are many: the upper bound
 * is
 * -ln(2.5%) / 2. */
START_TEST(a_metric_that_was_asked_for_is_shown)
{
    char text[8192];
    ck_assert_int_eq(run("sim scenarios/field/github-slow.yaml --replications 2 --no-documented "
                         "--metric failovers --metric \"queue_wait[class='ci-quick']\"",
                         "", text),
                     0);
    ck_assert_msg(strstr(text, "  failovers  ") && strstr(text, " 0-1.84 "), "%s", text);
    ck_assert_msg(strstr(text, "  queue_wait[class=ci-quick]  "), "%s", text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("output");
    TCase *output = tcase_create("output");
    tcase_add_checked_fixture(output, setup, teardown);
    tcase_set_timeout(output, 60);
    tcase_add_loop_test(output, a_full_disk_does_not_go_unnoticed, 0,
                        (int)(sizeof commands / sizeof *commands));
    tcase_add_test(output, a_folder_means_its_scenarios);
    tcase_add_test(output, a_broken_scenario_is_not_passed_over);
    tcase_add_test(output, progress_fits_the_terminal);
    tcase_add_loop_test(output, progress_comes_ten_times_a_second_at_most, 0,
                        (int)(sizeof long_work / sizeof *long_work));
    tcase_add_loop_test(output, a_dumb_terminal_is_told_no_progress, 0,
                        (int)(sizeof long_work / sizeof *long_work));
    tcase_add_test(output, more_than_three_errors_are_counted);
    tcase_add_test(output, help_is_there_however_it_is_asked_for);
    suite_add_tcase(suite, output);
    tcase_add_test(output, a_metric_that_was_asked_for_is_shown);
    return suite;
}
