/*
 * Golden decisions: every sequence of tests/golden/decisions, decided again by the policy of this
 * build. What differs is a change of behaviour: `make golden UPDATE=1` writes it down, and the diff
 * is what a reviewer reads.
 */
#include "model/base/assert.h"
#include "sim/explore/sequence.h"
#include "tests/support/helpers.h"
#include "tests/support/walk.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER "tests/golden/decisions/"

static const char *const files[] = {"edges.txt",      "stories-pair.txt", "walks-1.txt",
                                    "walks-2.txt",    "walks-3.txt",      "walks-4.txt",
                                    "walks-signs.txt"};
#define FILES (sizeof files / sizeof *files)

static int cases, steps;

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    long size;
    ck_assert_msg(file != NULL, "%s: cannot be read", path);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    text = calloc(1, (size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return text;
}

/* Of the first line that differs, also the case that it belongs to. */
static void check_same(const char *path, const char *want, const char *got)
{
    const char *title = "", *line = want;
    size_t i;
    for (i = 0; want[i] == got[i] && want[i] != '\0'; i++)
        if (want[i] == '\n') {
            line = want + i + 1;
            if (strncmp(line, "case ", 5) == 0)
                title = line;
        }
    if (want[i] == got[i])
        return;
    got += line - want;
    ck_abort_msg("%s, %.*s:\n  was %.*s\n  is  %.*s", path, (int)strcspn(title, "\n"), title,
                 (int)strcspn(line, "\n"), line, (int)strcspn(got, "\n"), got);
}

static void replay(const char *name)
{
    char path[256], *text, *again = NULL;
    const char *update = getenv("UPDATE");
    struct sequence_replay replay;
    struct und_err err = {0};
    size_t size;
    snprintf(path, sizeof path, FOLDER "%s", name);
    text = read_text(path);
    HELPER_CAPTURE(again, size, sequence_replay(path, text, out, &replay, &err));
    ck_assert_msg(err.code == UND_OK, "%s", err.text);
    ck_assert_msg(replay.broken == PROPERTY_HOLDS, "%s: a step breaks %s", path,
                  property_name(replay.broken));
    if (update && strcmp(update, "1") == 0) {
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(again, file);
        ck_assert_int_eq(fclose(file), 0);
    } else {
        check_same(path, text, again);
    }
    cases += replay.cases;
    steps += replay.steps;
    free(again);
    free(text);
}

START_TEST(every_decision_is_as_it_was)
{
    replay(files[_i]);
}
END_TEST

/* In a process of its own, like every test: it replays all to count them. */
START_TEST(there_are_a_thousand_cases)
{
    size_t i;
    for (i = 0; i < FILES; i++)
        replay(files[i]);
    ck_assert_int_ge(cases, 1000);
    ck_assert_int_ge(steps, 10000);
}
END_TEST

/* --- the format ------------------------------------------------------------------------------ */

#define HEAD                                                                                       \
    "case x\nhosts primary:2 backup:1\npolicy persist=5min confirm=3 max_failovers=3 "             \
    "severities=critical "                                                                         \
    "overflow=yes\n"

static const struct {
    const char *text, *error;
} bad[] = {
    {"0s -> \n", "text:1: got '0s', want case, hosts and policy before the first step"},
    {"case x\npolicy persist=5min\n", "text:2"},
    {"case x\nhosts primary\n", "text:2: got 'primary', want primary:SLOTS"},
    {"case x\nhosts primary:0\n", "text:2"},
    {"case x\nhosts primary:1 primary:1 primary:1 primary:1 primary:1\n", "text:2"},
    {HEAD "5min\n4min\n", "text:5: got '4min', want a time, not before the line above"},
    {HEAD "soon\n", "text:4: got 'soon'"},
    {HEAD "0s 3.online=1\n", "text:4: got '3.online=1', want the number of a host"},
    {HEAD "0s 1.onlin=1\n", "text:4: got 'onlin=1', want NAME=VALUE"},
    {HEAD "0s 1.online\n", "text:4"},
    {HEAD "0s 1.probe=sideways\n", "text:4"},
    {HEAD "0s 1.alerts=critical+\n", "text:4"},
    {HEAD "0s paused=maybe\n", "text:4"},
    {HEAD "0s github=old\n", "text:4"},
};

START_TEST(bad_lines_are_named)
{
    struct sequence_replay replay;
    struct und_err err = {0};
    ck_assert_int_eq(sequence_replay("text", bad[_i].text, NULL, &replay, &err), UND_USAGE);
    ck_assert_msg(strncmp(err.text, bad[_i].error, strlen(bad[_i].error)) == 0, "%s", err.text);
}
END_TEST

START_TEST(outcomes_are_written_whatever_stood_there)
{
    char *text = NULL;
    size_t size;
    struct sequence_replay replay;
    struct und_err err = {0};
    HELPER_CAPTURE(text, size,
                   sequence_replay("text",
                                   "# a comment\n" HEAD "0s 1.alerts=critical -> nonsense\n"
                                   "5min\n6min restart\n",
                                   out, &replay, &err));
    ck_assert_int_eq(err.code, UND_OK);
    ck_assert_int_eq(replay.cases, 1);
    ck_assert_int_eq(replay.steps, 3);
    ck_assert_ptr_nonnull(strstr(text, "# a comment\ncase x\n"));
    ck_assert_ptr_nonnull(strstr(text,
                                 "\n0s 1.alerts=critical -> suspect 2 detected, serving 1\n"
                                 "5min -> drained 0 failover, serving 1; settled\n6min restart\n"));
    free(text);
}
END_TEST

/* GENERATE=1 draws the walks anew (a decision of its own: their old ones are lost). */
static void generate(void)
{
    int i;
    for (i = 1; i <= 5; i++) {
        char path[256];
        FILE *file;
        snprintf(path, sizeof path, i < 5 ? FOLDER "walks-%d.txt" : FOLDER "walks-signs.txt", i);
        file = fopen(path, "w");
        UND_ASSERT(file != NULL);
        walk_write(file, (uint64_t)i, i < 5 ? 220 : 150, 20, i == 5);
        fclose(file);
    }
}

Suite *suite(void)
{
    Suite *s = suite_create("decisions");
    TCase *tc = tcase_create("decisions");
    if (getenv("GENERATE"))
        generate();
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, every_decision_is_as_it_was, 0, FILES);
    tcase_add_test(tc, there_are_a_thousand_cases);
    tcase_add_loop_test(tc, bad_lines_are_named, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tc, outcomes_are_written_whatever_stood_there);
    suite_add_tcase(s, tc);
    return s;
}
