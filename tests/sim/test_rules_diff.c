/* An edit of the shipped rule file, from the command line to the verdict. */
#include "tests/support/helpers.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RULES "scenarios/paws360-rules.yml"

static char folder[64], edited[96], comment[96];

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);
    ck_assert(file && text);
    ck_assert_uint_gt(fread(text, 1, 65535, file), 0);
    fclose(file);
    return text;
}

/* The shipped file with one `for` longer. */
static void write_edited(void)
{
    char *text = read_file(RULES), *at = strstr(text, "RunnerHighCPU");
    FILE *file = fopen(edited, "w");
    ck_assert(file && at && (at = strstr(at, "for: 5m")));
    fprintf(file, "%.*sfor: 15m%s", (int)(at - text), text, at + strlen("for: 5m"));
    fclose(file);
    free(text);
}

static void setup(void)
{
    strcpy(folder, "/tmp/understudy-diff-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(edited, sizeof edited, "%s/rules.yml", folder);
    snprintf(comment, sizeof comment, "%s/comment.md", folder);
    write_edited();
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Runs `understudy` and returns its exit code; *output is the caller's to free. */
static int run(const char *arguments, char **output)
{
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char command[1024];
    size_t size = 0;
    FILE *pipe;
    int status;
    snprintf(command, sizeof command, "%s/understudy %s 2>&1", build, arguments);
    pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    *output = NULL;
    if (getdelim(output, &size, '\0', pipe) < 0)
        *output = strdup("");
    status = pclose(pipe);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(an_edit_changes_the_rto_and_fails_the_test)
{
    char arguments[512], *output, *reason;
    json_t *json, *scenario;
    snprintf(arguments, sizeof arguments,
             "test --rules-diff " RULES " %s scenarios/cpu-degradation.yaml --replications 100 "
             "--format json --markdown %s",
             edited, comment);
    ck_assert_int_eq(run(arguments, &output), 1);
    json = json_loads(output, 0, NULL);
    ck_assert_msg(json != NULL, "%s", output);
    free(output);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "newly_failed")), 1);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "changes"), 0)),
                     "RunnerHighCPU: for 5min -> 15min");
    scenario = json_array_get(json_object_get(json, "scenarios"), 0);
    scenario = json_object_get(json_object_get(scenario, "metrics"), "rto_ms");
    /* Ten minutes of waiting more; the interval is that of the pairs. */
    scenario = json_object_get(scenario, "difference");
    ck_assert_double_gt(json_number_value(json_object_get(scenario, "mean")), 300000);
    ck_assert_double_lt(json_number_value(json_object_get(scenario, "half_width")), 200000);
    json_decref(json);
    output = read_file(comment);
    reason = strstr(output, "- :x: cpu-degradation: detection p95 goes from ");
    ck_assert_ptr_nonnull(reason);
    ck_assert_ptr_nonnull(strstr(reason, "because of RunnerHighCPU: for 5min -\\> 15min\n"));
    free(output);
}
END_TEST

START_TEST(test_alone_fails_with_the_edited_file)
{
    char arguments[512], *output;
    snprintf(arguments, sizeof arguments,
             "test scenarios/cpu-degradation.yaml --replications 100 --quiet");
    ck_assert_int_eq(run(arguments, &output), 0);
    free(output);
    snprintf(arguments, sizeof arguments,
             "test scenarios/cpu-degradation.yaml --replications 100 --quiet "
             "--set fleet.monitoring.rules=%s",
             edited);
    ck_assert_int_eq(run(arguments, &output), 1);
    free(output);
}
END_TEST

START_TEST(the_same_file_changes_nothing)
{
    char *output;
    ck_assert_int_eq(run("test --rules-diff " RULES " " RULES
                         " scenarios/cpu-degradation.yaml --replications 100",
                         &output),
                     0);
    ck_assert_ptr_nonnull(strstr(output, "the model sees no difference"));
    ck_assert_ptr_nonnull(strstr(output, "cpu-degradation: no change, event by event"));
    free(output);
}
END_TEST

static const struct {
    const char *arguments, *message;
} misuses[] = {
    {"test --rules-diff a.yml", "--rules-diff: got one rule file, want OLD and NEW"},
    {"sim --rules-diff a.yml b.yml scenarios/cpu-degradation.yaml",
     "--rules-diff: belongs to `understudy test`"},
    {"test --markdown x scenarios/cpu-degradation.yaml", "--markdown: goes with --rules-diff"},
    {"test --rules-diff " RULES " none.yml scenarios/cpu-degradation.yaml",
     "--set fleet.monitoring.rules=none.yml: rules: none.yml: cannot be read"},
};

START_TEST(misuse_is_told_in_one_line)
{
    char *output;
    ck_assert_int_eq(run(misuses[_i].arguments, &output), 2);
    ck_assert_msg(strstr(output, misuses[_i].message) != NULL, "%s", output);
    free(output);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("rules diff");
    TCase *diff = tcase_create("diff");
    tcase_add_checked_fixture(diff, setup, teardown);
    tcase_add_test(diff, an_edit_changes_the_rto_and_fails_the_test);
    tcase_add_test(diff, test_alone_fails_with_the_edited_file);
    tcase_add_test(diff, the_same_file_changes_nothing);
    tcase_add_loop_test(diff, misuse_is_told_in_one_line, 0, sizeof misuses / sizeof *misuses);
    tcase_set_timeout(diff, 120);
    suite_add_tcase(suite, diff);
    return suite;
}
