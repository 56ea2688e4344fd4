/* The capacity runbook's scenarios, as they are shipped: each loads, runs, and comes to what it
 * expects of itself. */
#include "model/load/loader.h"
#include "sim/experiment/experiment.h"
#include "tests/support/helpers.h"

#include <glob.h>

static const char *const shipped[] = {"cloud-burst", "compliance-scan", "failover-at-peak",
                                      "monorepo",    "plus-one-runner", "team-plus-50"};
#define SHIPPED (int)(sizeof shipped / sizeof *shipped)
#define REPLICATIONS 40

static struct scenario scenario;
static struct result result;

START_TEST(comes_to_what_it_expects)
{
    struct experiment experiment = {.seed = 1, .replications = REPLICATIONS};
    struct und_err err = {0};
    char path[128];
    int i;
    snprintf(path, sizeof path, "scenarios/capacity/%s.yaml", shipped[_i]);
    ck_assert_msg(scenario_load(&scenario, path, NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_str_eq(scenario.name, shipped[_i]);
    ck_assert_msg(experiment_run(&scenario, &experiment, &result, &err) == UND_OK, "%s", err.text);
    ck_assert_int_ge(result.n_verdicts, 2);
    for (i = 0; i < result.n_verdicts; i++) {
        const struct verdict *verdict = &result.verdicts[i];
        ck_assert_msg(verdict->pass, "%s: %s: got %g +- %g, want %s %g", path,
                      verdict_name(verdict), verdict->value, verdict->half_width, verdict->op,
                      verdict->limit);
        ck_assert_double_gt(verdict->half_width, 0);
    }
    result_fini(&result);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(none_is_left_out)
{
    glob_t found;
    ck_assert_int_eq(glob("scenarios/capacity/*.yaml", 0, NULL, &found), 0);
    ck_assert_int_eq((int)found.gl_pathc, SHIPPED);
    globfree(&found);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("capacity");
    TCase *tests = tcase_create("capacity");
    tcase_add_loop_test(tests, comes_to_what_it_expects, 0, SHIPPED);
    tcase_add_test(tests, none_is_left_out);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return suite;
}
