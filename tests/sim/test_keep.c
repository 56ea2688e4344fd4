/* Sweeps that are kept while they run: killed at any time and gone on with, in parts, merged. What
 * is printed in the end is the same to the byte. */
#include "sim/command/sim_command.h"
#include "tests/support/helpers.h"
#include "tests/support/printed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARTS 3

static char folder[64], scenario[96], kept[PARTS][96];
static struct und_err err;

static void begin(void)
{
    FILE *file;
    int i;
    snprintf(folder, sizeof folder, "/tmp/understudy-keep-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(scenario, sizeof scenario, "%s/mm1.yaml", folder);
    for (i = 0; i < PARTS; i++)
        snprintf(kept[i], sizeof kept[i], "%s/part%d", folder, i + 1);
    file = fopen(scenario, "w");
    ck_assert_ptr_nonnull(file);
    fputs("name: mm1\nduration: 4d\nwarmup: 1d\nreplications: 20\nfleet:\n"
          "  github: ideal\n"
          "  hosts: [{name: P, tier: primary, slots: 1}]\n"
          "  workload:\n"
          "    arrivals: {kind: poisson, rate: 5/h}\n"
          "    classes: [{name: x, weight: 1, duration: {kind: exponential, mean: 6min}}]\n",
          file);
    fclose(file);
}

static void end(void)
{
    int i;
    unlink(scenario);
    for (i = 0; i < PARTS; i++)
        unlink(kept[i]);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* What the command prints, to be freed; its code must be `want`. */
static char *run(enum und_code want, const char *const *arguments)
{
    static const char *const nothing[] = {NULL};
    return printed_by(strcmp(arguments[0], "merge") == 0 ? merge_command : whatif_command,
                      arguments, nothing, want, &err);
}

#define RUN(code, ...) run(code, (const char *const[]){__VA_ARGS__, NULL})
/* One of the points cannot be simulated, which is kept as well. */
#define SWEEP                                                                                      \
    "whatif", scenario, "--vary", "fleet.workload.arrivals.rate=1/h..11/h:2/h", "--vary",          \
        "fleet.hosts.0.speed=1,1.5", "--price-slot", "40", "--price-hour", "60", "--metric",       \
        "queue_wait", "--metric", "queue_wait:p95", "--metric", "queue_wait > 5min", "--until",    \
        "queue_wait<=5min"

static const char *const formats[] = {"text", "json", "csv"};

START_TEST(parts_merge_to_what_one_run_prints)
{
    size_t i;
    int part;
    for (part = 0; part < PARTS; part++) {
        char which[32], *said;
        snprintf(which, sizeof which, "%d/%d", part + 1, PARTS);
        said = RUN(UND_OK, SWEEP, "--shard", which, "--keep", kept[part]);
        ck_assert_ptr_nonnull(strstr(said, "of 12 points"));
        free(said);
    }
    for (i = 0; i < 3; i++) {
        char *whole = RUN(UND_OK, SWEEP, "--format", formats[i]);
        char *merged = RUN(UND_OK, "merge", "--format", formats[i], kept[2], kept[0], kept[1]);
        ck_assert_str_eq(whole, merged);
        ck_assert_ptr_nonnull(strstr(whole, "unstable"));
        free(whole);
        free(merged);
    }
    free(RUN(UND_USAGE, "merge", kept[0], kept[1]));
    ck_assert_ptr_nonnull(strstr(err.text, "got 8 of 12 points"));
}
END_TEST

static void wait_a_little(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Killed at random times, later and later on average (a slow machine comes to its end as well),
 * until it is done; what was done before a kill stays done. */
START_TEST(a_sweep_killed_at_any_time_goes_on)
{
    char *whole = RUN(UND_OK, SWEEP), *after;
    int kills, status = 1;
    srand(7);
    for (kills = 0; kills < 200; kills++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            char *argv[] = {SWEEP, "--keep", kept[0], NULL};
            int argc = 0;
            while (argv[argc])
                argc++;
            freopen("/dev/null", "w", stdout);
            _exit(whatif_command(argc, argv, &err) == UND_OK ? 0 : 1);
        }
        wait_a_little(1 + rand() % (20 + 10 * kills));
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        if (WIFEXITED(status))
            break;
    }
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    after = RUN(UND_OK, SWEEP, "--keep", kept[0]);
    ck_assert_str_eq(whole, after);
    free(after);
    after = RUN(UND_OK, "merge", kept[0]);
    ck_assert_str_eq(whole, after);
    free(after);
    free(whole);
}
END_TEST

static void cut(const char *path, long length)
{
    ck_assert_int_eq(truncate(path, length), 0);
}

static long size_of(const char *path)
{
    FILE *file = fopen(path, "r");
    long size;
    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    return size;
}

/* Torn in the middle of a line, in the head, and empty. */
START_TEST(a_torn_file_is_mended)
{
    char *whole = RUN(UND_OK, SWEEP, "--keep", kept[0]), *after;
    long size = size_of(kept[0]), lengths[] = {size - 1, size / 2, 40, 0};
    size_t i;
    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        cut(kept[0], lengths[i]);
        after = RUN(UND_OK, SWEEP, "--keep", kept[0]);
        ck_assert_str_eq(whole, after);
        ck_assert_int_eq(size_of(kept[0]), size);
        free(after);
    }
    free(whole);
}
END_TEST

START_TEST(what_was_kept_of_something_else_is_refused)
{
    FILE *file;
    free(RUN(UND_OK, SWEEP, "--keep", kept[0]));
    free(RUN(UND_USAGE, SWEEP, "--keep", kept[0], "--seed", "2"));
    ck_assert_ptr_nonnull(strstr(err.text, "another question"));
    file = fopen(scenario, "a"); /* the same question of another file */
    fputs("start: 1h\nabout: x\n", file);
    fclose(file);
    free(RUN(UND_OK, SWEEP, "--set", "fleet.workload.arrivals.amplitude=50%", "--keep", kept[1]));
    free(RUN(UND_USAGE, "merge", kept[0], kept[1]));
    ck_assert_ptr_nonnull(strstr(err.text, "another sweep"));
    free(RUN(UND_USAGE, "merge", scenario));
    ck_assert_ptr_nonnull(strstr(err.text, "got no file of whatif --keep"));
    free(RUN(UND_USAGE, "merge", folder));
    free(RUN(UND_USAGE, "merge", "/nonexistent"));
    free(RUN(UND_USAGE, SWEEP, "--shard", "1/2"));
    ck_assert_ptr_nonnull(strstr(err.text, "--shard"));
    free(RUN(UND_USAGE, SWEEP, "--shard", "3/2", "--keep", kept[2]));
    ck_assert_ptr_nonnull(strstr(err.text, "--shard: got '3/2'"));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("keep");
    TCase *c = tcase_create("keep");
    tcase_set_timeout(c, 240);
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, parts_merge_to_what_one_run_prints);
    tcase_add_test(c, a_sweep_killed_at_any_time_goes_on);
    tcase_add_test(c, a_torn_file_is_mended);
    tcase_add_test(c, what_was_kept_of_something_else_is_refused);
    suite_add_tcase(s, c);
    return s;
}
