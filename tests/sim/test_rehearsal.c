/* Rehearsals against the simulation: the same replications, the same measures, within their error.
 */
#include "tests/support/helpers.h"

#include "model/load/loader.h"
#include "reports/drill/drill.h"
#include "reports/text/table.h"
#include "reports/text/text.h"
#include "sim/experiment/experiment.h"
#include "sim/rehearsal/rehearsal.h"
#include "sim/world/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE_LOOKS 25 /* replications compared one by one */

static struct scenario scenario;
static struct und_err no_plots = {.code =
                                      UND_SERVICE}; /* gnuplots differ: a golden page has none */
static char *text;
static size_t size;

static void load(const char *path, const char *const *sets, int n)
{
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, path, sets, n, &err) == UND_OK, "%s", err.text);
}

static void setup(void)
{
    text = NULL;
    memset(&scenario, 0, sizeof scenario);
}

static void teardown(void)
{
    free(text);
    scenario_fini(&scenario);
}

/* ---- one by one ---- */

static const struct {
    enum drill_measure_kind kind;
    const char *name;
} exact[] = {{MEASURE_PENDING, "pending"},   {MEASURE_FIRING, "firing"},
             {MEASURE_WEBHOOK, "webhook"},   {MEASURE_DETECTION, "detection"},
             {MEASURE_FAILOVER, "failover"}, {MEASURE_JOB_RECOVERY, "job recovery"},
             {MEASURE_MTTR, "full capacity"}};

static int64_t truth_of(const struct incident *truth, enum drill_measure_kind kind)
{
    return kind == MEASURE_PENDING        ? truth->pending_ms
           : kind == MEASURE_FIRING       ? truth->firing_ms
           : kind == MEASURE_WEBHOOK      ? truth->webhook_ms
           : kind == MEASURE_DETECTION    ? truth->detection_ms
           : kind == MEASURE_FAILOVER     ? truth->failover_ms
           : kind == MEASURE_JOB_RECOVERY ? truth->recovery_ms
                                          : truth->mttr_ms;
}

static void compare(int r, const struct drill_report *report, const struct incident *truth)
{
    size_t i;
    for (i = 0; i < sizeof exact / sizeof *exact; i++) {
        const struct drill_measure *measure = &report->measure[exact[i].kind];
        int64_t ms = truth_of(truth, exact[i].kind);
        ck_assert_msg(isnan(measure->value_ms) == (ms < 0), "replication %d, %s: %f against %lld",
                      r, exact[i].name, measure->value_ms, (long long)ms);
        if (ms >= 0)
            ck_assert_msg(fabs(measure->value_ms - (double)ms) <= measure->error_ms,
                          "replication %d, %s: %f +- %f against %lld", r, exact[i].name,
                          measure->value_ms, measure->error_ms, (long long)ms);
    }
}

static const char *const compared[] = {
    "scenarios/primary-hardware-failure.yaml", "scenarios/drill-primary-hard-stop.yaml",
    "scenarios/drill-network-partition.yaml",  "scenarios/network-partition.yaml",
    "scenarios/drill-memory-pressure.yaml",    "scenarios/both-runners-down.yaml",
    "scenarios/primary-os-crash.yaml",         "scenarios/cpu-degradation.yaml"};

/* The world itself knows when things happened; a drill that only polls knows it within its error.
 * (The RTO apart: who was held up can only be guessed from outside; see below.) */
START_TEST(a_drill_measures_what_happened_within_its_error)
{
    struct rehearsal rehearsal = {.seed = 5, .instant = true};
    int r, completed = 0;
    load(compared[_i], NULL, 0);
    for (r = 0; r < CLOSE_LOOKS; r++) {
        struct incident truth[WORLD_INCIDENTS];
        struct drill_report report;
        struct und_err err = {0};
        int n = WORLD_INCIDENTS;
        ck_assert_int_eq(rehearsal_play(&scenario, &rehearsal, r, &report, truth, &n, &err),
                         UND_OK);
        if (report.end == DRILL_COMPLETED) {
            ck_assert_int_eq(n, 1);
            compare(r, &report, &truth[0]);
            completed++;
        }
        ck_assert(report.reverted);
        drill_report_fini(&report);
    }
    ck_assert_int_gt(completed, CLOSE_LOOKS * 3 / 4);
}
END_TEST

/* A clock that jumps takes its host away only when it jumps too far for the runner's token: both
 * tell the same story of either, where they once disagreed whether anybody was held up. */
START_TEST(a_clock_jump_is_one_story_in_simulation_and_drill)
{
    struct rehearsal rehearsal = {.seed = 5, .instant = true};
    int r, restored = 0;
    load("scenarios/primary-hardware-failure.yaml", NULL, 0);
    scenario.faults[0].kind = FAULT_CLOCK_JUMP;
    scenario.faults[0].jump_ms = _i == 0 ? 60000 : 3600000;
    for (r = 0; r < CLOSE_LOOKS; r++) {
        struct incident truth[WORLD_INCIDENTS];
        struct drill_report report;
        struct und_err err = {0};
        int n = WORLD_INCIDENTS;
        ck_assert_int_eq(rehearsal_play(&scenario, &rehearsal, r, &report, truth, &n, &err),
                         UND_OK);
        if (report.end == DRILL_COMPLETED) {
            ck_assert_int_eq(n, 1);
            compare(r, &report, &truth[0]);
            ck_assert_int_eq(report.inflight > 0, truth[0].recovery_ms >= 0);
            restored += !isnan(report.measure[MEASURE_RTO].value_ms);
            if (_i == 0)
                ck_assert_int_lt(truth[0].rto_ms, 0);
        }
        drill_report_fini(&report);
    }
    ck_assert_int_eq(restored > 0, _i == 1);
}
END_TEST

/* ---- distributions ---- */

/* As the simulation has it: no conditions, and the fault lasts as long. */
static const char *const as_simulated[] = {
    "drill.preconditions.cpu=100%",  "drill.preconditions.memory=100%",
    "drill.preconditions.disk=100%", "drill.preconditions.no_alerts=false",
    "drill.stop_when.memory=100%",   "drill.stop_when.disk=100%",
    "drill.stop_when.queue=0",       "drill.revert.after=time",
    "drill.revert.at_the_latest=2h", "drill.lease=4h",
};
#define AS_SIMULATED ((int)(sizeof as_simulated / sizeof *as_simulated))

static double middle(const struct prediction *prediction, enum drill_measure_kind kind)
{
    return prediction_quantile(prediction, kind, 0.5);
}

static double mean(const struct prediction *prediction, enum drill_measure_kind kind)
{
    double sum = 0;
    int64_t i;
    for (i = 0; i < prediction->measure[kind].n; i++)
        sum += prediction->measure[kind].value[i];
    return sum / (double)prediction->measure[kind].n;
}

/* `understudy sim` and `understudy drill --rehearse` of the same seed share their replications, so
 * that nothing here is a matter of luck: they differ by the drill's errors alone. Stated
 * tolerances: detection and failover 10 s (the next reading); MTTR 30 s (one replication in thirty
 * misses a health check, of which there is one in 15 minutes); RTO, whose jobs have to be guessed
 * from outside, 20% of its median and 3% of replications. */
START_TEST(a_rehearsal_agrees_with_the_simulation)
{
    struct rehearsal rehearsal = {.seed = 1, .replications = 300};
    struct experiment experiment = {.seed = 1, .replications = 300};
    struct prediction prediction;
    struct result result;
    struct und_err err = {0};
    load("scenarios/primary-hardware-failure.yaml", as_simulated, AS_SIMULATED);
    ck_assert_int_eq(experiment_run(&scenario, &experiment, &result, &err), UND_OK);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &prediction, &err), UND_OK);
    ck_assert_int_eq(prediction.replications, 300);
    ck_assert_double_eq_tol(middle(&prediction, MEASURE_DETECTION),
                            result.metric[METRIC_DETECTION].p50, 10000);
    ck_assert_double_eq_tol(middle(&prediction, MEASURE_FAILOVER),
                            result.metric[METRIC_FAILOVER].p50, 10000);
    ck_assert_double_eq_tol(mean(&prediction, MEASURE_MTTR), result.metric[METRIC_MTTR].mean,
                            30000);
    ck_assert_double_eq_tol(middle(&prediction, MEASURE_RTO), result.metric[METRIC_RTO].p50,
                            0.2 * result.metric[METRIC_RTO].p50);
    ck_assert_int_le(llabs(prediction.measure[MEASURE_RTO].n - result.metric[METRIC_RTO].n), 9);
    ck_assert_int_le(
        llabs(prediction.measure[MEASURE_JOB_RECOVERY].n - result.metric[METRIC_JOB_RECOVERY].n),
        3);
    prediction_fini(&prediction);
    result_fini(&result);
}
END_TEST

START_TEST(the_number_of_threads_changes_nothing)
{
    struct rehearsal rehearsal = {.seed = 2, .replications = 24, .threads = 1 + 2 * _i};
    struct prediction one, other;
    struct und_err err = {0};
    int kind;
    load("scenarios/primary-os-crash.yaml", NULL, 0);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &one, &err), UND_OK);
    rehearsal.threads = 2;
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &other, &err), UND_OK);
    ck_assert_int_eq(one.refused, other.refused);
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        ck_assert_int_eq(one.measure[kind].n, other.measure[kind].n);
        ck_assert_int_eq(memcmp(one.measure[kind].value, other.measure[kind].value,
                                (size_t)one.measure[kind].n * sizeof(double)),
                         0);
    }
    prediction_fini(&one);
    prediction_fini(&other);
}
END_TEST

START_TEST(refused_replications_are_made_up_for)
{
    struct rehearsal rehearsal = {.seed = 1, .replications = 60};
    struct prediction prediction;
    struct und_err err = {0};
    const char *const at_once = "drill.preconditions.wait=0s";
    load("scenarios/drill-primary-hard-stop.yaml", &at_once, 1);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &prediction, &err), UND_OK);
    ck_assert_int_eq(prediction.replications, 60);
    ck_assert_int_gt(prediction.refused, 10); /* the backup is busy half the time */
    ck_assert_ptr_nonnull(strstr(prediction.reason, "CPU"));
    prediction_fini(&prediction);
}
END_TEST

START_TEST(a_drill_that_can_never_begin_says_why)
{
    struct rehearsal rehearsal = {.seed = 1, .replications = 3};
    struct prediction prediction;
    struct und_err err = {0};
    const char *const never = "drill.preconditions.window=Sat-Sun 01:00-02:00";
    load("scenarios/drill-primary-hard-stop.yaml", &never, 1);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &prediction, &err), UND_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "outside the permitted window"));
}
END_TEST

START_TEST(a_scenario_without_a_drill_is_refused)
{
    struct rehearsal rehearsal = {.seed = 1, .replications = 3};
    struct prediction prediction;
    struct und_err err = {0};
    load("scenarios/ordinary-day.yaml", NULL, 0);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &prediction, &err), UND_USAGE);
}
END_TEST

/* ---- every drill that is shipped ---- */

static const char *const shipped[] = {
    "both-runners-down",        "cpu-degradation",         "drill-disk-io",
    "drill-false-positive",     "drill-high-cpu",          "drill-memory-pressure",
    "drill-network-partition",  "drill-primary-hard-stop", "drill-prometheus-down",
    "monitoring-down",          "network-partition",       "planned-maintenance",
    "primary-hardware-failure", "primary-os-crash"};

/* Each has an undo with a lease, or ends by itself, and can be rehearsed. */
START_TEST(every_documented_drill_can_be_carried_out)
{
    struct rehearsal rehearsal = {.seed = 1, .replications = 8};
    struct prediction prediction;
    struct und_err err = {0};
    char path[256];
    int i;
    snprintf(path, sizeof path, "scenarios/%s.yaml", shipped[_i]);
    load(path, NULL, 0);
    ck_assert(scenario.drill.present);
    ck_assert_int_gt(scenario.drill.lease_ms, scenario.drill.observe_ms);
    for (i = 0; i < scenario.drill.n_inject; i++) {
        ck_assert(scenario.drill.inject[i].undo.n == 0 ||
                  scenario.drill.inject[i].lease != DRILL_LEASE_NONE);
        ck_assert(scenario.drill.inject[i].undo.n == 0 || scenario.drill.inject[i].check.n > 0);
    }
    ck_assert_msg(rehearsal_run(&scenario, &rehearsal, &prediction, &err) == UND_OK, "%s",
                  err.text);
    ck_assert_int_gt(prediction.measure[MEASURE_MTTR].n, 0);
    prediction_fini(&prediction);
}
END_TEST

/* ---- reports ---- */

/* A drill that reality plays differently: the foretold one is of seed 1, the played one of a fleet
 * whose policy waits for longer. */
static void report_of(struct drill_report *report, struct prediction *prediction, const char *path,
                      const char *set)
{
    struct rehearsal rehearsal = {.seed = 1, .replications = 400, .instant = true};
    struct incident truth[WORLD_INCIDENTS];
    struct und_err err = {0};
    int n = WORLD_INCIDENTS;
    load(path, NULL, 0);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, prediction, &err), UND_OK);
    scenario_fini(&scenario);
    load(path, &set, 1);
    rehearsal.seed = 9;
    ck_assert_int_eq(rehearsal_play(&scenario, &rehearsal, 1, report, truth, &n, &err), UND_OK);
    ck_assert_int_eq(report->end, DRILL_COMPLETED);
}

START_TEST(a_model_that_is_wrong_is_told_with_its_stage)
{
    struct drill_report report;
    struct prediction prediction;
    struct drill_page page = {
        .scenario = &scenario, .report = &report, .prediction = &prediction, .version = NULL};
    report_of(&report, &prediction, "scenarios/network-partition.yaml",
              "fleet.policy.persist=7min");
    HELPER_CAPTURE(text, size, drill_print_text(out, &page));
    ck_assert_ptr_nonnull(strstr(text, "The model is wrong here: decision fell outside"));
    ck_assert_ptr_nonnull(strstr(text, "later"));
    ck_assert_int_eq(drill_page_code(&page), UND_FAILED);
    drill_report_fini(&report);
    prediction_fini(&prediction);
}
END_TEST

START_TEST(a_model_that_is_right_holds_in_every_format)
{
    struct drill_report report;
    struct prediction prediction;
    struct drill_page page = {
        .scenario = &scenario, .report = &report, .prediction = &prediction, .version = "v1"};
    json_t *json;
    char one[512], *line;
    page.who = "ada";
    page.approval = "by --yes on the command line";
    report_of(&report, &prediction, "scenarios/primary-hardware-failure.yaml",
              "fleet.policy.persist=5min");
    ck_assert_int_eq(drill_page_code(&page), UND_OK);
    HELPER_CAPTURE(text, size, drill_print_text(out, &page));
    for (line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        snprintf(one, sizeof one, "%.*s", (int)strcspn(line, "\n"), line);
        ck_assert_msg(text_columns(one) <= TABLE_COLUMNS, "too wide: %s", one);
    }
    helper_golden("drill.txt", text);
    free(text);
    HELPER_CAPTURE(text, size, drill_print_markdown(out, &page));
    helper_golden("drill.md", text);
    free(text);
    ck_assert_int_eq(setenv("SOURCE_DATE_EPOCH", "1796000000", 1), 0);
    HELPER_CAPTURE(text, size, drill_print_html(out, &page, &no_plots));
    helper_golden("drill.html", text);
    free(text);
    json = drill_json(&page);
    text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    helper_golden("drill.json", text);
    json_decref(json);
    drill_report_fini(&report);
    prediction_fini(&prediction);
}
END_TEST

START_TEST(the_plan_shows_hosts_commands_leases_and_expectations)
{
    struct drill_page page = {
        .scenario = &scenario, .report = NULL, .prediction = NULL, .version = NULL};
    load("scenarios/drill-primary-hard-stop.yaml", NULL, 0);
    HELPER_CAPTURE(text, size, drill_print_plan(out, &page));
    helper_golden("drill-plan.txt", text);
}
END_TEST

/* For a change ticket: the same plan for programs, and as a page with the prediction's picture. */
START_TEST(the_plan_comes_as_json_and_as_a_page)
{
    struct rehearsal rehearsal = {.seed = 1, .replications = 199};
    struct prediction prediction;
    struct und_err err = {0};
    struct drill_page page = {
        .scenario = &scenario, .prediction = &prediction, .date = "2026-11-29 07:00 UTC"};
    struct und_err plots = {0};
    json_t *json, *action;
    load("scenarios/drill-network-partition.yaml", NULL, 0);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &prediction, &err), UND_OK);
    json = drill_plan_json(&page);
    action = json_array_get(json_object_get(json, "actions"), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "hosts")), 2);
    ck_assert_ptr_nonnull(json_string_value(json_object_get(action, "do")));
    ck_assert_ptr_nonnull(json_string_value(json_object_get(action, "undo")));
    ck_assert_uint_gt(json_array_size(json_object_get(json, "expected")), 3);
    json_decref(json);
    HELPER_CAPTURE(text, size, drill_plan_html(out, &page, &plots));
    ck_assert_ptr_nonnull(strstr(text, "<figure><svg aria-label=\"Foretold: "));
    ck_assert_ptr_nonnull(strstr(text, "service restored (RTO): foretold "));
    ck_assert_ptr_nonnull(strstr(text, "\n\nExpected, from the fault on\n")); /* lines stay lines */
    ck_assert_ptr_nonnull(strstr(text, "</html>"));
    ck_assert_ptr_nonnull(strstr(text, "2026-11-29 07:00 UTC"));
    ck_assert_ptr_nonnull(strstr(text, "fleet scenarios/paws360.yaml"));
    ck_assert_ptr_nonnull(strstr(text, ">time (logarithmic)<"));
    ck_assert_ptr_null(strstr(text, "was measured")); /* nothing was */
    prediction_fini(&prediction);
}
END_TEST

/* The rebuilding of the host outlasts the drill in two of three rehearsals. */
START_TEST(what_outlasts_the_rehearsals_is_said_in_every_format)
{
    static const char *const short_wait = "drill.revert.recovery=15min";
    struct rehearsal rehearsal = {.seed = 1, .replications = 199};
    const struct foretold_measure *mttr;
    struct prediction prediction;
    struct und_err err = {0};
    struct drill_page page = {.scenario = &scenario, .prediction = &prediction};
    struct und_err plots = {0};
    json_t *json, *predicted;
    load("scenarios/primary-hardware-failure.yaml", &short_wait, 1);
    ck_assert_int_eq(rehearsal_run(&scenario, &rehearsal, &prediction, &err), UND_OK);
    mttr = &prediction.measure[MEASURE_MTTR];
    ck_assert_int_eq(prediction.replications, 199);
    ck_assert_int_eq(mttr->n + mttr->n_censored, 199);
    ck_assert_int_gt(mttr->n_censored, 100);
    ck_assert_int_eq(mttr->n_censored, prediction.unsteady);
    ck_assert_int_eq(prediction.measure[MEASURE_DETECTION].n_censored, 0);
    HELPER_CAPTURE(text, size, drill_print_text(out, &page));
    ck_assert_ptr_nonnull(strstr(text, "not steady again in time"));
    ck_assert_ptr_nonnull(strstr(text, " not over"));
    ck_assert_ptr_nonnull(strstr(text, ">35:0"));
    free(text);
    HELPER_CAPTURE(text, size, drill_plan_html(out, &page, &plots));
    ck_assert_ptr_nonnull(strstr(text, "full capacity (MTTR): foretold &gt;35:0"));
    json = drill_json(&page);
    predicted =
        json_object_get(json_object_get(json_object_get(json, "measures"), "mttr_ms"), "predicted");
    ck_assert_int_eq(json_integer_value(json_object_get(predicted, "censored")), mttr->n_censored);
    ck_assert(json_is_null(json_object_get(predicted, "p50")));
    ck_assert_double_gt(json_number_value(json_object_get(predicted, "known_to")), 2000000);
    json_decref(json);
    prediction_fini(&prediction);
}
END_TEST

/* Most were refused, or the stage that ends the observation hardly ever comes about: both are said,
 * with the commonest reason and its count. */
START_TEST(a_prediction_that_rests_on_little_is_warned_of)
{
    struct drill_report reports[5] = {{.end = DRILL_COMPLETED}};
    struct prediction prediction;
    struct drill_page page = {.scenario = &scenario, .prediction = &prediction};
    char warning[512];
    int i, kind;
    load("scenarios/primary-hardware-failure.yaml", NULL, 0);
    scenario.drill.revert_after = MARK_FIRST_JOB;
    for (i = 0; i < 5; i++)
        for (kind = 0; kind < MEASURE_COUNT; kind++)
            reports[i].measure[kind].value_ms = NAN;
    for (i = 1; i < 5; i++)
        reports[i].end = DRILL_REFUSED;
    strcpy(reports[1].why, "beta: an alert is firing");
    for (i = 2; i < 5; i++)
        snprintf(reports[i].why, sizeof reports[i].why, "beta: CPU: got %d%%, want below 50%%",
                 50 + i);
    prediction_init(&prediction, reports, 5);
    ck_assert_int_eq(prediction.reason_count, 3);
    ck_assert(drill_warning(&page, 0, warning, sizeof warning));
    ck_assert_str_eq(warning, "Only 1 of 5 rehearsals were completed; 3 were not, most because: "
                              "beta: CPU: got 52%, want below 50%");
    ck_assert(drill_warning(&page, 1, warning, sizeof warning));
    ck_assert_ptr_nonnull(strstr(warning, "first job comes about in 0% of the rehearsals"));
    ck_assert(!drill_warning(&page, 2, warning, sizeof warning));
    prediction_fini(&prediction);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("rehearsal");
    TCase *c = tcase_create("rehearsal");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, a_drill_measures_what_happened_within_its_error, 0,
                        (int)(sizeof compared / sizeof *compared));
    tcase_add_loop_test(c, a_clock_jump_is_one_story_in_simulation_and_drill, 0, 2);
    tcase_add_test(c, a_rehearsal_agrees_with_the_simulation);
    tcase_add_loop_test(c, the_number_of_threads_changes_nothing, 0, 2);
    tcase_add_test(c, refused_replications_are_made_up_for);
    tcase_add_test(c, a_drill_that_can_never_begin_says_why);
    tcase_add_test(c, a_scenario_without_a_drill_is_refused);
    tcase_add_loop_test(c, every_documented_drill_can_be_carried_out, 0,
                        (int)(sizeof shipped / sizeof *shipped));
    tcase_add_test(c, a_model_that_is_wrong_is_told_with_its_stage);
    tcase_add_test(c, a_model_that_is_right_holds_in_every_format);
    tcase_add_test(c, the_plan_shows_hosts_commands_leases_and_expectations);
    tcase_add_test(c, the_plan_comes_as_json_and_as_a_page);
    tcase_add_test(c, what_outlasts_the_rehearsals_is_said_in_every_format);
    tcase_add_test(c, a_prediction_that_rests_on_little_is_warned_of);
    suite_add_tcase(s, c);
    return s;
}
