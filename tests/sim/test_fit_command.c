/* `understudy fit` from the command line: what it prints, writes, and refuses. */
#include "model/load/loader.h"
#include "sim/command/fit_command.h"
#include "tests/support/helpers.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/understudy-fit-XXXXXX";
static char csv[64], yaml[64], values[64], page[64];

/* 40 days, Monday first; 12 runs a day of two jobs each, of two lengths that no family has. */
static void write_export(void)
{
    FILE *file;
    int day, run, job;
    strcpy(folder, "/tmp/understudy-fit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(csv, sizeof csv, "%s/jobs.csv", folder);
    snprintf(yaml, sizeof yaml, "%s/fleet.yaml", folder);
    snprintf(values, sizeof values, "%s/fleet-1.csv", folder);
    snprintf(page, sizeof page, "%s/fit.html", folder);
    file = fopen(csv, "w");
    ck_assert_ptr_nonnull(file);
    fputs("id,run_id,name,conclusion,created_at,started_at,completed_at,run_attempt\n", file);
    for (day = 0; day < 40; day++)
        for (run = 0; run < 12; run++)
            for (job = 0; job < 2; job++) {
                int at = day * 1440 + run * 97 + day * 37 % 60, took = (run + day) % 2 ? 50 : 900;
                long long created = 1772409600LL + at * 60;
                fprintf(file, "%d,%d,\"a: # {b}\",%s,%lld,%lld,%lld,%d\n",
                        (day * 12 + run) * 2 + job, day * 12 + run, job ? "success" : "failure",
                        created, created + 5 + run, created + 5 + run + took + run % 5,
                        1 + (run == 11));
            }
    fclose(file);
}

static void clear(void)
{
    unlink(csv);
    unlink(yaml);
    unlink(values);
    unlink(page);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Runs the command with what it prints in *text, to be freed. */
static enum und_code command(char **text, struct und_err *err, int argc, char **argv)
{
    FILE *kept = stdout;
    size_t length = 0;
    enum und_code code;
    *text = NULL;
    *err = (struct und_err){0};
    ck_assert_ptr_nonnull(stdout = open_memstream(text, &length));
    code = fit_command(argc, argv, NULL, err);
    fclose(stdout);
    stdout = kept;
    return code;
}

START_TEST(json_has_every_parameter_with_its_interval)
{
    char *argv[] = {"fit", csv, "--format", "json", "--out", yaml, NULL}, *text;
    struct und_err err;
    json_t *root, *parameters, *one;
    size_t i;
    bool rate = false;
    write_export();
    ck_assert_msg(command(&text, &err, 6, argv) == UND_OK, "%s", err.text);
    root = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(root);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "version")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "jobs")), 960);
    ck_assert_int_eq(json_integer_value(json_object_get(root, "runs")), 480);
    parameters = json_object_get(root, "parameters");
    json_array_foreach (parameters, i, one) {
        const char *path = json_string_value(json_object_get(one, "path"));
        double value = json_number_value(json_object_get(one, "value"));
        ck_assert_double_le(json_number_value(json_object_get(one, "low")), value);
        ck_assert_double_ge(json_number_value(json_object_get(one, "high")), value);
        if (strcmp(path, "fleet.workload.arrivals.rate") == 0) {
            rate = true;
            ck_assert_double_eq_tol(value, 12, 0.2);
        }
    }
    ck_assert(rate);
    ck_assert_double_eq_tol(
        json_number_value(json_object_get(json_object_get(root, "failed"), "value")), 0.5, 1e-9);
    ck_assert_double_eq_tol(
        json_number_value(json_object_get(json_object_get(root, "rerun"), "value")), 1.0 / 12,
        1e-9);
    ck_assert(json_is_object(json_object_get(json_object_get(root, "holdout"), "metrics")));
    ck_assert_uint_gt(json_array_size(json_object_get(root, "notes")), 0);
    json_decref(root);
    free(text);
    clear();
}
END_TEST

START_TEST(without_a_holdout_there_is_null)
{
    char *argv[] = {"fit", csv, "--format", "json", "--no-holdout", NULL}, *text;
    struct und_err err;
    json_t *root;
    write_export();
    ck_assert_msg(command(&text, &err, 5, argv) == UND_OK, "%s", err.text);
    root = json_loads(text, 0, NULL);
    ck_assert(json_is_null(json_object_get(root, "holdout")));
    json_decref(root);
    free(text);
    clear();
}
END_TEST

/* Two lengths are of no family: they are written beside the fleet, which loads with them. */
START_TEST(the_fleet_file_finds_its_durations)
{
    char *argv[] = {"fit", csv, "--quiet", "--no-holdout", "--out", yaml, NULL}, *text;
    static struct scenario scenario;
    struct und_err err;
    write_export();
    ck_assert_msg(command(&text, &err, 6, argv) == UND_OK, "%s", err.text);
    ck_assert_str_eq(text, "");
    ck_assert_msg(scenario_load(&scenario, yaml, NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(scenario.fleet.workload.n_classes, 1);
    ck_assert_str_eq(scenario.fleet.workload.classes[0].name, "a: # {b}");
    ck_assert_int_eq(scenario.fleet.workload.classes[0].duration.kind, DIST_EMPIRICAL);
    ck_assert_uint_eq(scenario.fleet.workload.classes[0].duration.n_values, 960);
    ck_assert_int_eq(scenario.fleet.workload.fan_out.kind, FAN_OUT_FIXED);
    ck_assert_double_eq(scenario.fleet.workload.fan_out.mean, 2);
    scenario_fini(&scenario);
    free(text);
    clear();
}
END_TEST

START_TEST(the_report_says_what_it_did)
{
    static const char *const want[] = {"960 rows, 960 jobs of 480 runs",
                                       "created=created_at (guessed)",
                                       "2, always the same",
                                       "empirical: all rejected",
                                       "hold-out: fitted without the last 30% of the time",
                                       "slots             7, as given",
                                       "left out, assumed, or not to be told"};
    char *argv[] = {"fit", csv, "--holdout", "30%", "--slots", "7", NULL}, *text;
    struct und_err err;
    size_t i;
    write_export();
    ck_assert_msg(command(&text, &err, 6, argv) == UND_OK, "%s", err.text);
    for (i = 0; i < sizeof want / sizeof *want; i++)
        ck_assert_msg(strstr(text, want[i]) != NULL, "no '%s' in\n%s", want[i], text);
    free(text);
    clear();
}
END_TEST

/* Well-formed, with its name escaped; without gnuplot it has no pictures, and says so. */
START_TEST(the_page_holds_the_fit)
{
    char *argv[] = {"fit", csv, "--html", page, "--no-holdout", NULL}, *text, *html = NULL;
    struct und_err err;
    size_t length = 0;
    FILE *file;
    int c;
    write_export();
    ck_assert_msg(command(&text, &err, 5, argv) == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(file = fopen(page, "r"));
    HELPER_CAPTURE(html, length, while ((c = getc(file)) != EOF) putc(c, out));
    fclose(file);
    ck_assert_ptr_nonnull(strstr(html, "<td>a: # {b}</td>"));
    ck_assert_ptr_nonnull(strstr(html, "Runs of each day"));
    ck_assert_ptr_nonnull(strstr(html, "</body></html>"));
    free(html);
    free(text);
    clear();
}
END_TEST

START_TEST(what_cannot_be_done_is_an_error)
{
    static const struct {
        char *option, *value;
        const char *want;
    } bad[] = {{"--out", "/nowhere/x.yaml", "/nowhere/x"},
               {"--html", "/nowhere/x.html", "/nowhere/x.html: cannot write"},
               {"--slots", "0", "--slots"},
               {"--holdout", "100%", "--holdout"},
               {"--column", "created=nothing", "got 'nothing', want a column of the file"}};
    char *argv[] = {"fit", csv, bad[_i].option, bad[_i].value, NULL}, *text;
    struct und_err err;
    write_export();
    ck_assert_int_eq(command(&text, &err, 4, argv), UND_USAGE);
    ck_assert_msg(strstr(err.text, bad[_i].want) != NULL, "%s", err.text);
    free(text);
    clear();
}
END_TEST

static int64_t asked_since;
static char asked_fleet[64];

/* Somebody has read them: the file is there. */
static enum und_code fetched(const char *fleet, int64_t since_ms, const char *file, bool quiet,
                             struct und_err *e)
{
    (void)quiet;
    (void)e;
    ck_assert_str_eq(file, csv);
    asked_since = since_ms;
    snprintf(asked_fleet, sizeof asked_fleet, "%s", fleet);
    return UND_OK;
}

START_TEST(jobs_may_come_from_github)
{
    char *argv[] = {"fit",    "--github", "paws.yaml",    "--since", "2026-03-01",
                    "--jobs", csv,        "--no-holdout", NULL};
    struct und_err err = {0};
    write_export();
    ck_assert_msg(fit_command(8, argv, &(struct fit_sources){fetched, NULL, NULL}, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_str_eq(asked_fleet, "paws.yaml");
    ck_assert_int_eq(asked_since, 1772323200000LL);
    clear();
}
END_TEST

START_TEST(one_source_is_wanted)
{
    static const struct {
        char *argv[7];
        int n;
        const char *want;
    } bad[] = {
        {{"fit", NULL}, 1, "fit: got no source, want a CSV file or --github FLEET"},
        {{"fit", "a.csv", "--github", "b.yaml", NULL}, 4, "fit: got both, want"},
        {{"fit", "a.csv", "--since", "9d", NULL}, 4, "--since"},
        {{"fit", "--github", "b.yaml", "--since", "soon", NULL}, 5, "--since: got 'soon', want a"},
        {{"fit", "--github", "b.yaml", "--since", "3/4/2026", NULL}, 5, "--since: got '3/4/2026'"},
    };
    char *argv[7];
    struct und_err err = {0};
    memcpy(argv, bad[_i].argv, sizeof argv);
    ck_assert_int_eq(fit_command(bad[_i].n, argv, &(struct fit_sources){fetched, NULL, NULL}, &err),
                     UND_USAGE);
    ck_assert_msg(strstr(err.text, bad[_i].want) != NULL, "%s", err.text);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("fit_command");
    TCase *commands = tcase_create("commands");
    tcase_set_timeout(commands, 120);
    tcase_add_test(commands, json_has_every_parameter_with_its_interval);
    tcase_add_test(commands, without_a_holdout_there_is_null);
    tcase_add_test(commands, the_fleet_file_finds_its_durations);
    tcase_add_test(commands, the_report_says_what_it_did);
    tcase_add_test(commands, the_page_holds_the_fit);
    tcase_add_loop_test(commands, what_cannot_be_done_is_an_error, 0, 5);
    tcase_add_test(commands, jobs_may_come_from_github);
    tcase_add_loop_test(commands, one_source_is_wanted, 0, 5);
    suite_add_tcase(all, commands);
    return all;
}
