/* What is read out of a store: trends, the ledger of evidence, the next drill, measured delays. */
#include "reports/history/calibrate.h"
#include "reports/history/ledger.h"
#include "reports/history/trend.h"
#include "reports/store/store.h"
#include "tests/support/helpers.h"
#include "tests/support/shell.h"
#include "tests/support/temporary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define Q3_2026 1783000000000LL /* 2 July 2026 */
#define Q4_2026 1796000000000LL /* 29 November 2026 */

static char path[256];
static struct und_err err;
static struct ledger *ledger;
static struct trend trend;
static struct calibration *calibration;
static char *text;
static size_t size;

static void setup(void)
{
    snprintf(path, sizeof path, "%s", temporary_file("", 0));
    err = (struct und_err){0};
    ledger = calloc(1, sizeof *ledger);
    ledger->now_ms = Q4_2026 + 10 * DAY_MS;
    calibration = calloc(1, sizeof *calibration);
    trend_init(&trend);
    text = NULL;
}

static void teardown(void)
{
    unlink(path);
    trend_fini(&trend);
    free(calibration);
    free(ledger);
    free(text);
}

static void ck_says(const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in:\n%.3000s", words, text);
}

/* What a drill of this length measured. */
static json_t *drill(const char *end, double detected_ms, double shut_ms, double webhook_ms)
{
    return json_pack(
        "{s:s, s:b, s:i, s:{s:{s:f, s:f, s:{s:f}}, s:{s:f}, s:{s:f}, s:{s:f}}, s:[{s:i, s:s}, "
        "{s:f, s:s}]}",
        "end", end, "injected", 1, "from_ms", 1000, "measures", "detection_ms", "value",
        detected_ms, "documented_ms", 120000.0, "predicted", "p50", 150000.0, "firing_ms", "value",
        180000.0, "webhook_ms", "value", 180000.0 + webhook_ms, "routing_ms", "value", 10000.0,
        "timeline", "at_ms", 1000, "what", "policy: failover", "at_ms", 1000 + shut_ms, "what",
        "GitHub gives the host no more jobs");
}

/* Tells everybody; the detail is stolen. */
static void tell(enum record_kind kind, const char *scenario, const char *mode, int64_t at_ms,
                 json_t *detail_taken)
{
    struct record record = {.kind = kind, .at_ms = at_ms, .detail = detail_taken};
    ck_assert_ptr_nonnull(detail_taken);
    snprintf(record.scenario, sizeof record.scenario, "%s", scenario);
    snprintf(record.mode, sizeof record.mode, "%s", mode);
    snprintf(record.fleet, sizeof record.fleet, "0123456789abcdef");
    ledger_add(ledger, &record);
    trend_add(&trend, &record);
    calibrate_add(calibration, &record);
    ck_assert_int_eq(store_add(path, &record, 1, &err), UND_OK);
    json_decref(detail_taken);
}

static void tell_drill(const char *end, int64_t at_ms, double detected_ms)
{
    tell(RECORD_DRILL, "a scenario", "os-crash", at_ms, drill(end, detected_ms, 90000, 30000));
}

/* ---- trends ---- */

START_TEST(quarters_show_what_was_documented_foretold_and_measured)
{
    tell_drill("completed", Q3_2026, 180000);
    tell_drill("completed", Q4_2026, 100000);
    tell_drill("completed", Q4_2026, 110000);
    tell_drill("stopped", Q4_2026, 999000); /* its measures do not count */
    trend_sort(&trend);
    ck_assert_int_eq(trend.n, 2);
    ck_assert_int_eq(trend.row[0].quarter, 4 * 2026 + 2);
    ck_assert_double_eq(trend_measured(&trend.row[0]), 180000);
    ck_assert_double_eq(trend_measured(&trend.row[1]), 105000);
    ck_assert_int_eq(trend.row[1].n_measured, 2);
    ck_assert_double_eq(trend_foretold(&trend.row[1]), 150000);
    ck_assert_double_eq(trend.row[1].documented_ms, 120000);
    HELPER_CAPTURE(text, size, trend_print(out, &trend));
    ck_says("  detection  2026-Q4        2:00        2:30 (3)        1:45 (2)\n");
}
END_TEST

START_TEST(all_three_stand_in_one_plot)
{
    FILE *picture = tmpfile();
    tell_drill("completed", Q3_2026, 180000);
    tell_drill("completed", Q4_2026, 100000);
    trend_sort(&trend);
    ck_assert_msg(trend_plot(picture, &trend, &err) == UND_OK, "%s", err.text);
    text = calloc(1, 200000);
    rewind(picture);
    ck_assert_uint_gt(fread(text, 1, 199999, picture), 1000);
    fclose(picture);
    ck_says("os-crash: detection");
    ck_says(">documented<");
    ck_says(">foretold<");
    ck_says(">measured<");
    ck_says("2026-Q3: documented 2:00, foretold 2:30, measured 3:00");
}
END_TEST

START_TEST(nothing_to_plot_is_an_error)
{
    ck_assert_int_eq(trend_plot(stdout, &trend, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "got no trends"));
}
END_TEST

/* ---- the ledger ---- */

START_TEST(each_way_of_trying_has_its_age)
{
    tell(RECORD_SIM, "a scenario", "os-crash", Q4_2026, json_object());
    tell(RECORD_REHEARSAL, "a scenario", "os-crash", Q4_2026 + 3 * DAY_MS, json_object());
    tell_drill("completed", Q3_2026, 180000);
    tell_drill("refused", Q4_2026, 180000); /* is no drill of it */
    tell(RECORD_SEARCH, "x", "", Q4_2026 + 9 * DAY_MS,
         json_pack("{s:[s], s:{s:i, s:i}}", "kinds", "os-crash", "said", "flapping", 3, "relapse",
                   0));
    tell(RECORD_EXPLORE, "x", "", Q4_2026 + 10 * DAY_MS,
         json_pack("{s:{s:i}}", "said", "held: paused", 3));
    tell(RECORD_INCIDENT, "one", "", Q4_2026,
         json_pack("{s:[{s:s}]}", "timeline", "what", "dismissed"));
    ck_assert_int_eq(ledger->n, 1);
    HELPER_CAPTURE(text, size, ledger_print(out, ledger));
    ck_says("os-crash                         -      1 d     10 d      7 d     5 mo        -\n");
    ck_says("flapping                         -      1 d        -        -        -        -\n");
    ck_says("relapse                          -        -        -        -        -        -\n");
    ck_says("held: paused                 today        -        -        -        -        -\n");
    ck_says("dismissed                        -        -        -        -        -     10 d\n");
    ck_says("failover                         -        -        -        -     10 d        -\n");
}
END_TEST

START_TEST(documented_modes_are_those_of_the_scenarios)
{
    char *paths[] = {(char[]){"scenarios/primary-os-crash.yaml"},
                     (char[]){"scenarios/primary-hardware-failure.yaml"}};
    ck_assert_msg(ledger_scenarios(ledger, paths, 2, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(ledger->n, 2);
    tell(RECORD_REHEARSAL, "primary-os-crash", "os-crash", Q4_2026, json_object());
    tell(RECORD_INCIDENT, "one", "host-power-loss", Q4_2026, json_object());
    tell(RECORD_SIM, "another", "os-crash", Q4_2026, json_object()); /* not that document's */
    ck_assert_int_gt(ledger->mode[0].last_ms[WAY_REHEARSED], 0);
    ck_assert_int_eq(ledger->mode[0].last_ms[WAY_SIMULATED], 0);
    ck_assert_int_gt(ledger->mode[1].last_ms[WAY_LIVE], 0);
    ck_assert_int_eq(ledger->mode[0].last_ms[WAY_LIVE], 0);
}
END_TEST

/* ---- what is next ---- */

static void ck_next(const char *name, const char *because)
{
    char why[1024];
    const struct ledger_mode *next = ledger_next(ledger, why, sizeof why);
    ck_assert_ptr_nonnull(next);
    ck_assert_str_eq(next->name, name);
    ck_assert_msg(strstr(why, because) != NULL, "got: %s", why);
}

START_TEST(what_was_never_drilled_goes_first_then_what_was_longest_ago)
{
    char *paths[] = {(char[]){"scenarios/primary-os-crash.yaml"},
                     (char[]){"scenarios/primary-hardware-failure.yaml"}};
    int i;
    ck_assert_int_eq(ledger_scenarios(ledger, paths, 2, &err), UND_OK);
    for (i = 0; i < 2; i++) {
        ledger->mode[i].can_drill = true;
        snprintf(ledger->mode[i].fleet, sizeof ledger->mode[i].fleet, "0123456789abcdef");
    }
    tell(RECORD_DRILL, "primary-os-crash", "os-crash", Q3_2026, drill("completed", 1e5, 9e4, 3e4));
    ck_next("primary-hardware-failure", "has never been drilled; it has not been rehearsed yet");
    tell(RECORD_DRILL, "primary-hardware-failure", "host-power-loss", Q4_2026,
         drill("completed", 1e5, 9e4, 3e4));
    ck_next("primary-os-crash", "was drilled more than a quarter ago, last: 5 mo");
    snprintf(ledger->mode[1].fleet, sizeof ledger->mode[1].fleet, "fedcba9876543210");
    ck_next("primary-hardware-failure", "on another fleet: its files changed since");
    ledger->mode[0].can_drill = false;
    ledger->mode[1].can_drill = false;
    ck_assert_ptr_null(ledger_next(ledger, path, sizeof path));
}
END_TEST

/* ---- delays ---- */

START_TEST(measured_delays_stand_beside_the_assumed_ones)
{
    static const double shut_ms[] = {80000, 90000, 100000, 95000, 85000};
    json_t *json, *offline;
    size_t i;
    for (i = 0; i < 5; i++)
        tell(RECORD_DRILL, "a", "os-crash", Q4_2026, drill("completed", 1e5, shut_ms[i], 30000));
    json = calibrate_json(calibration, NULL);
    offline = json_object_get(json_object_get(json, "delays"), "github.offline_after");
    ck_assert_int_eq(json_integer_value(json_object_get(offline, "n")), 5);
    ck_assert_double_eq(json_number_value(json_object_get(offline, "median_ms")), 90000);
    /* By hand: the logarithms' mean 11.404, their deviation 0.0883, t(4) = 2.776. */
    ck_assert_double_eq_tol(json_number_value(json_object_get(offline, "p50_ms")), 89720, 10);
    ck_assert_double_eq_tol(json_number_value(json_object_get(offline, "p50_low_ms")), 80410, 20);
    ck_assert_double_eq_tol(json_number_value(json_object_get(offline, "p50_high_ms")), 100110, 20);
    json_decref(json);
    HELPER_CAPTURE(text, size, calibrate_print(out, calibration, NULL));
    ck_says("measured   5 times, 1:20.000 to 1:40.000, median 1:30.000");
    ck_says("lognormal  not fitted: want at least 3 that differ"); /* all notifications alike */
}
END_TEST

START_TEST(what_is_measured_can_be_put_into_the_fleet)
{
    static const double shut_ms[] = {200000, 210000, 220000};
    char *line, *end, *other = NULL;
    size_t i;
    for (i = 0; i < 3; i++)
        tell(RECORD_DRILL, "a", "os-crash", Q4_2026, drill("completed", 1e5, shut_ms[i], 30000));
    ck_assert_int_eq(
        shell_run(&text, "$PROGRAM history --calibrate scenarios/paws360.yaml --store %s", path),
        UND_OK);
    ck_says("assumed    median 1:45.000, 95% point 2:25.500: the assumption is too short");
    line = strstr(text, "--set ");
    ck_assert_ptr_nonnull(line);
    end = strchr(line, '\n');
    *end = '\0';
    ck_assert_int_lt(shell_run(&other,
                               "$PROGRAM sim scenarios/primary-os-crash.yaml --replications 2 "
                               "-q %s",
                               line),
                     UND_USAGE);
    free(other);
}
END_TEST

/* ---- the command ---- */

START_TEST(the_list_keeps_within_eighty_columns)
{
    char *line;
    tell(RECORD_SIM, "a-scenario-with-quite-a-long-name-that-does-not-fit",
         "host-power-loss+os-crash", Q4_2026, json_object());
    ck_assert_int_eq(shell_run(&text, "COLUMNS=80 $PROGRAM history --store %s", path), UND_OK);
    for (line = text; *line; line += strcspn(line, "\n") + 1)
        ck_assert_msg(strcspn(line, "\n") <= 80, "too wide: %.120s", line);
    ck_says("(host-power-loss");
}
END_TEST

START_TEST(somebody_says_what_an_incident_was)
{
    tell(RECORD_INCIDENT, "one", "", Q4_2026, json_object());
    tell(RECORD_SIM, "a", "os-crash", Q4_2026, json_object());
    ck_assert_int_eq(shell_run(&text,
                               "$PROGRAM history --store %s --name 1=os-crash && $PROGRAM "
                               "history --store %s --kind incident --mode os-crash",
                               path, path),
                     UND_OK);
    ck_says("one (os-crash)");
    free(text);
    ck_assert_int_eq(shell_run(&text, "$PROGRAM history --store %s --name 2=disk-full 2>&1", path),
                     UND_USAGE);
    ck_says("run 2 is no incident");
    free(text);
    ck_assert_int_eq(shell_run(&text, "$PROGRAM history --store %s --name two 2>&1", path),
                     UND_USAGE);
    ck_says("--name: got 'two', want RUN=MODE");
}
END_TEST

START_TEST(explorations_and_searches_are_kept)
{
    ck_assert_int_eq(shell_run(&text,
                               "$PROGRAM explore scenarios/paws360.yaml --store %s >%s.out && "
                               "$PROGRAM search scenarios/paws360.yaml --schedules 20 --store %s "
                               ">%s.out; rm %s.out; $PROGRAM history --ledger --store %s "
                               "scenarios/primary-os-crash.yaml",
                               path, path, path, path, path, path),
                     UND_OK);
    ck_says("primary-os-crash                 -    today        -        -        -        -\n");
    ck_says("failover                     today    today        -        -        -        -\n");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("history");
    TCase *tc = tcase_create("history");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, quarters_show_what_was_documented_foretold_and_measured);
    tcase_add_test(tc, all_three_stand_in_one_plot);
    tcase_add_test(tc, nothing_to_plot_is_an_error);
    tcase_add_test(tc, each_way_of_trying_has_its_age);
    tcase_add_test(tc, documented_modes_are_those_of_the_scenarios);
    tcase_add_test(tc, what_was_never_drilled_goes_first_then_what_was_longest_ago);
    tcase_add_test(tc, measured_delays_stand_beside_the_assumed_ones);
    tcase_add_test(tc, what_is_measured_can_be_put_into_the_fleet);
    tcase_add_test(tc, the_list_keeps_within_eighty_columns);
    tcase_add_test(tc, somebody_says_what_an_incident_was);
    tcase_add_test(tc, explorations_and_searches_are_kept);
    suite_add_tcase(s, tc);
    return s;
}
