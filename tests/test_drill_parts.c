/* What drills and the monitor are made of, piece by piece: roster, routing, commands, plans. */
#include "helpers.h"
#include "live/command.h"
#include "live/drill_check.h"
#include "live/drill_plan.h"
#include "live/drill_verdict.h"
#include "live/rollback.h"
#include "live/roster.h"
#include "live/route.h"
#include "model/loader.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct scenario *scenario;
static const char *folder;
static struct und_err err;

static const char fleet_text[] =
    "fleet:\n"
    "  hosts:\n"
    "    - {name: big, tier: primary, slots: 3, registrations: 'big-*', probe: '10.0.0.1:9100',\n"
    "       labels: [self-hosted, primary]}\n"
    "    - {name: small, tier: backup, slots: 2, probe: 'http://10.0.0.2:9100/metrics',\n"
    "       labels: [self-hosted, backup]}\n"
    "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 5min}]}\n"
    "  policy: {}\n"
    "  live:\n"
    "    github: {owner: o, repository: r, token: 'env:NONE'}\n"
    "    places:\n"
    "      - {name: big, via: [ssh, -o, BatchMode=yes, root@10.0.0.1]}\n"
    "      - {name: small, via: [env]}\n"
    "    time_factor: 2\n"
    "name: test\n"
    "faults: [{kind: host-power-loss, target: big, lasts: 5min}]\n";

static enum und_code load(const char *drill)
{
    char path[160];
    FILE *file;
    snprintf(path, sizeof path, "%s/scenario.yaml", folder);
    file = fopen(path, "w");
    fprintf(file, "%s%s", fleet_text, drill);
    fclose(file);
    return scenario_load(scenario, path, NULL, 0, &err);
}

static void set_up(void)
{
    err = (struct und_err){0};
    folder = script_folder();
    scenario = calloc(1, sizeof *scenario);
}

static void tear_down(void)
{
    scenario_fini(scenario);
    free(scenario);
    script_remove_folder(folder);
}

#define LOAD(drill) ck_assert_msg(load(drill) == UND_OK, "%s", err.text)

/* ---- the file ---- */

static const struct {
    const char *drill, *says;
} bad_drills[] = {
    {"drill: {}\n", "inject: missing"},
    {"drill: {inject: []}\n", "inject: missing"},
    {"drill: {inject: [{name: x, run: 'systemctl stop x'}]}\n", "want a list of 1..24"},
    {"drill: {inject: [{name: x, run: [a], undo: [b], lease: none}]}\n",
     "nothing would take it back"},
    {"drill: {inject: [{name: x, run: [a], undo: [b], lease: command}]}\n",
     "run is not given {lease_s}"},
    {"drill: {inject: [{name: x, run: [a], on: bog}]}\n", "big"},
    {"drill: {inject: [{name: x, run: [a]}], target: bigg}\n", "big"},
    {"drill: {inject: [{name: x, run: [a]}], lease: 5min}\n", "the lease is for accidents"},
    {"drill: {inject: [{name: x, run: [a]}], preconditions: {window: 9-17}}\n",
     "Mon-Fri 09:00-16:00"},
    {"drill: {inject: [{name: x, run: [a]}], preconditions: {window: 'Mon-Fri 17:00-09:00'}}\n",
     "Mon-Fri 09:00-16:00"},
    {"drill: {inject: [{name: x, run: [a]}], revert: {after: sometime}}\n", "first-job"},
    {"drill: {inject: [{name: x, run: [a], leese: none}]}\n", "did you mean lease"},
};

START_TEST(bad_drill_sections_are_named)
{
    ck_assert_int_eq(load(bad_drills[_i].drill), UND_USAGE);
    ck_assert_msg(strstr(err.text, bad_drills[_i].says) != NULL, "want '%s' in: %s",
                  bad_drills[_i].says, err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "scenario.yaml:"));
}
END_TEST

START_TEST(a_token_in_place_of_its_source_stays_out_of_the_message)
{
    /* The loader takes any text; whoever opens it refuses it without quoting it. */
    struct secret *secret;
    LOAD("");
    strcpy(scenario->fleet.live.github.service.token, "ghp_pastedbymistake");
    ck_assert_int_eq(secret_open(&secret, scenario->fleet.live.github.service.token, &err),
                     UND_USAGE);
    ck_assert_ptr_null(strstr(err.text, "ghp_"));
}
END_TEST

/* ---- roster and routing ---- */

static json_t *labels(const char *name, const char *value)
{
    return json_pack("{s:s}", name, value);
}

START_TEST(registrations_and_alerts_find_their_host)
{
    static const struct {
        const char *name, *value;
        int host;
    } cases[] = {{"instance", "10.0.0.1:9100", 0},
                 {"instance", "10.0.0.2:9100", 1},
                 {"instance", "10.0.0.2:9101", -1},
                 {"host", "small", 1},
                 {"runner", "big-2", 0},
                 {"host", "bigger", -1},
                 {"job", "big", -1}};
    size_t i;
    LOAD("");
    ck_assert_int_eq(roster_of_runner(&scenario->fleet, "big-1"), 0);
    ck_assert_int_eq(roster_of_runner(&scenario->fleet, "big"), -1);    /* the pattern says so */
    ck_assert_int_eq(roster_of_runner(&scenario->fleet, "small-7"), 1); /* no pattern: prefix */
    ck_assert_int_eq(roster_of_runner(&scenario->fleet, "other"), -1);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *set = labels(cases[i].name, cases[i].value);
        ck_assert_int_eq(roster_of_labels(&scenario->fleet, set), cases[i].host);
        json_decref(set);
    }
    ck_assert_int_eq(roster_severity("critical"), SEVERITY_CRITICAL);
    ck_assert_int_eq(roster_severity("dire"), SEVERITY_INFO);
}
END_TEST

static struct github_runner runner(const char *name, bool online, bool active)
{
    struct github_runner made = {.online = online};
    strcpy(made.name, name);
    strcpy(made.labels.name[made.labels.n++], "Linux");
    if (active) {
        made.labels.custom[made.labels.n] = true;
        strcpy(made.labels.name[made.labels.n++], "ci-active");
    }
    return made;
}

START_TEST(routing_takes_off_first_and_puts_on_what_is_online)
{
    struct github_runner list[] = {runner("small-1", false, false), runner("small-2", true, false),
                                   runner("big-1", true, true), runner("other", true, true)};
    struct github_runners runners = {list, 4, 4};
    struct plan plan = {.n = 2};
    struct route_write write;
    LOAD("");
    plan.host[1].admitted = 1;
    ck_assert(route_next(&scenario->fleet, &runners, &plan, &write)); /* big is not admitted */
    ck_assert(!write.add && write.runner == 2);
    list[2] = runner("big-1", true, false);
    ck_assert(route_next(&scenario->fleet, &runners, &plan, &write));
    ck_assert(write.add && write.runner == 1); /* the one that is online */
    list[1] = runner("small-2", true, true);
    ck_assert(!route_next(&scenario->fleet, &runners, &plan, &write)); /* strangers are let be */
}
END_TEST

START_TEST(labels_of_others_are_kept)
{
    struct github_runner one = runner("big-1", true, true);
    struct github_labels out;
    ck_assert(route_labels(&one.labels, "ci-active", false, &out));
    ck_assert_int_eq(out.n, 1);
    ck_assert_str_eq(out.name[0], "Linux");
    ck_assert(route_labels(&out, "ci-active", true, &one.labels));
    ck_assert_int_eq(one.labels.n, 2);
    ck_assert(one.labels.custom[1]);
}
END_TEST

START_TEST(variable_prefers_the_primary)
{
    struct plan plan = {.n = 2};
    char value[128];
    LOAD("");
    plan.host[0].admitted = plan.host[1].admitted = 1;
    ck_assert(route_value(&scenario->fleet, &plan, value, sizeof value));
    ck_assert_str_eq(value, "[\"self-hosted\",\"primary\"]");
    plan.host[0].admitted = 0;
    ck_assert(route_value(&scenario->fleet, &plan, value, sizeof value));
    ck_assert_str_eq(value, "[\"self-hosted\",\"backup\"]");
    plan.host[1].admitted = 0;
    ck_assert(!route_value(&scenario->fleet, &plan, value, sizeof value));
}
END_TEST

/* ---- commands ---- */

static struct live_argv argv(const char *const *words)
{
    struct live_argv made = {.n = 0};
    for (; *words; words++)
        strcpy(made.arg[made.n++], *words);
    return made;
}

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
    struct live_argv given = argv(words);
    struct command command;
    LOAD("");
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "big", &given, &err), UND_OK);
    ck_assert_int_eq(command.n, 5);
    ck_assert_str_eq(command.argv[4], "sh -c 'echo it'\\''s'");
    command_fini(&command);
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "small", &given, &err), UND_OK);
    ck_assert_int_eq(command.n, 4);
    ck_assert_str_eq(command.argv[3], "echo it's");
    command_fini(&command);
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "nowhere", &given, &err), UND_USAGE);
    command_fini(&command);
}
END_TEST

static struct command_result run(const char *script, int64_t timeout_ms)
{
    const char *const words[] = {"sh", "-c", script, NULL};
    struct live_argv given = argv(words);
    struct command_result result;
    struct command command;
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "", &given, &err), UND_OK);
    command_run(&command, timeout_ms, NULL, &result, &err);
    command_fini(&command);
    return result;
}

START_TEST(commands_tell_how_they_ended)
{
    struct command_result result;
    LOAD("");
    result = run("echo out; echo err >&2; exit 7", 5000);
    ck_assert_int_eq(result.exit_code, 7);
    ck_assert_str_eq(result.output, "out?err?");
    result = run("kill -9 $$", 5000);
    ck_assert_int_eq(result.exit_code, 137);
    result = run("yes | head -c 1000000", 5000); /* more than is kept must not block it */
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_uint_eq(strlen(result.output), COMMAND_OUTPUT - 1);
    ck_assert_int_eq(err.code, UND_OK);
}
END_TEST

START_TEST(a_command_that_hangs_is_killed_with_its_children)
{
    char script[200];
    struct command_result result;
    LOAD("");
    snprintf(script, sizeof script, "(sleep 2; touch %s/late) & sleep 60", folder);
    result = run(script, 300);
    ck_assert(result.timed_out);
    ck_assert_int_eq(err.code, UND_SERVICE);
    sleep(3);
    snprintf(script, sizeof script, "%s/late", folder);
    ck_assert_int_ne(access(script, F_OK), 0);
}
END_TEST

START_TEST(a_daemon_left_behind_does_not_hold_the_command_up)
{
    struct command_result result;
    LOAD("");
    result = run("sleep 5 & echo done", 3000);
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_str_eq(result.output, "done?");
}
END_TEST

/* ---- plans and leases ---- */

START_TEST(plan_fills_in_names_and_seconds)
{
    struct drill_plan *plan = malloc(sizeof *plan);
    LOAD("drill:\n"
         "  lease: 61min\n"
         "  inject:\n"
         "    - {name: a, on: big, run: [stop, 'x-{id}', '{host}'], undo: [start, '{id}']}\n"
         "    - {name: b, run: [load, '--for={lease_s}s'], undo: [end], lease: command}\n"
         "    - {name: c, run: [look]}\n");
    ck_assert_msg(drill_plan_init(plan, scenario, 17, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(plan->n, 3);
    ck_assert_int_eq(plan->step[0].lease_s, 1830); /* at twice the speed */
    ck_assert_str_eq(plan->step[0].run.argv.arg[1], "x-understudy-17-1");
    ck_assert_str_eq(plan->step[0].run.argv.arg[2], "big");
    ck_assert_str_eq(plan->step[0].arm.argv.arg[0], "systemd-run");
    ck_assert_str_eq(plan->step[0].arm.argv.arg[2], "--on-active=1830s");
    ck_assert_str_eq(plan->step[0].arm.argv.arg[3], "--unit=understudy-17-1");
    ck_assert_str_eq(plan->step[0].arm.argv.arg[6], "understudy-17-1"); /* the undo's argument */
    ck_assert_str_eq(plan->step[0].disarm.argv.arg[2], "understudy-17-1.timer");
    ck_assert_str_eq(plan->step[1].run.argv.arg[1], "--for=1830s");
    ck_assert_int_eq(plan->step[1].arm.argv.n, 0);
    ck_assert_int_eq(plan->step[2].lease_s, 0);
    free(plan);
}
END_TEST

/* The guard in a real shell: after its second it undoes; disarmed, it does not. */
START_TEST(guard_undoes_after_its_time_unless_it_is_disarmed)
{
    struct drill_plan *plan = malloc(sizeof *plan);
    char text[600], path[160];
    LOAD("");
    scenario->drill.present = true;
    scenario->drill.lease_ms = 2000; /* a real second */
    scenario->drill.n_inject = 1;
    snprintf(path, sizeof path, "%s/it's injected", folder);
    struct drill_action *action = &scenario->drill.inject[0];
    action->lease = DRILL_LEASE_GUARD;
    action->timeout_ms = 5000;
    const char *const undo[] = {"rm", path, NULL}, *const touch[] = {"touch", path, NULL};
    action->undo = argv(undo);
    action->run = argv(touch);
    ck_assert_int_eq(drill_plan_init(plan, scenario, 900000 + getpid(), &err), UND_OK);
    ck_assert_msg(action_run(&plan->step[0].arm, &scenario->fleet, text, NULL, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_int_eq(action_run(&plan->step[0].run, &scenario->fleet, text, NULL, &err), UND_OK);
    if (_i == 0) {
        ck_assert_int_eq(access(path, F_OK), 0);
        sleep(3);
        ck_assert_int_ne(access(path, F_OK), 0);
    } else {
        ck_assert_int_eq(action_run(&plan->step[0].disarm, &scenario->fleet, text, NULL, &err),
                         UND_OK);
        sleep(3);
        ck_assert_int_eq(access(path, F_OK), 0);
    }
    free(plan);
}
END_TEST

START_TEST(journalled_undo_runs_and_says_how_by_hand)
{
    struct action_command undo = {.timeout_ms = 5000};
    struct journal_step step = {.name = "x"};
    const char *const words[] = {"sh", "-c", "echo gone; exit 3", NULL};
    char note[512], by_hand[512];
    LOAD("");
    undo.argv = argv(words);
    ck_assert_int_eq(action_command(step.undo, &undo, NULL, &err), UND_OK);
    ck_assert_int_eq(action_perform(step.undo, &scenario->fleet, NULL, note, NULL, &err),
                     UND_SERVICE);
    ck_assert_str_eq(note, "exit 3: gone?");
    rollback_show(&scenario->fleet, &step, by_hand, sizeof by_hand);
    ck_assert_str_eq(by_hand, "sh -c 'echo gone; exit 3'");
}
END_TEST

START_TEST(edited_undos_are_refused)
{
    static const char *const texts[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"command\":{}}",
                                        "{\"command\":{\"on\":\"\",\"argv\":[]}}",
                                        "{\"command\":{\"on\":\"\",\"argv\":[\"true\"]}}",
                                        "{\"teleport\":{}}"};
    LOAD("");
    ck_assert_int_eq(action_perform(texts[_i], &scenario->fleet, NULL, NULL, NULL, &err),
                     UND_USAGE);
}
END_TEST

/* ---- conditions ---- */

START_TEST(window_in_local_time)
{
    struct drill_window window;
    struct tm tm = {.tm_year = 126, .tm_mon = 10, .tm_mday = 23, .tm_hour = 9, .tm_isdst = -1};
    LOAD(
        "drill: {inject: [{name: x, run: [a]}], preconditions: {window: 'Mon-Fri 09:00-16:30'}}\n");
    window = scenario->drill.preconditions.window;
    ck_assert(drill_in_window(&window, mktime(&tm))); /* a Monday, 9:00 */
    tm.tm_hour = 16, tm.tm_min = 29;
    ck_assert(drill_in_window(&window, mktime(&tm)));
    tm.tm_min = 30;
    ck_assert(!drill_in_window(&window, mktime(&tm)));
    tm.tm_mday = 22, tm.tm_hour = 10; /* a Sunday */
    ck_assert(!drill_in_window(&window, mktime(&tm)));
}
END_TEST

START_TEST(stop_conditions)
{
    struct drill_facts *facts = calloc(1, sizeof *facts);
    struct view view = {.n = 2};
    char why[256], path[160];
    FILE *file;
    LOAD("drill: {inject: [{name: x, run: [a]}], stop_when: {queue: 5}}\n");
    snprintf(path, sizeof path, "%s/stop", folder);
    strcpy(scenario->fleet.live.stop_file, path);
    view.host[0].offline_readings = 9; /* the target may be */
    facts->queue = 5;
    ck_assert(!drill_must_stop(scenario, facts, &view, why));
    facts->queue = 6;
    ck_assert(drill_must_stop(scenario, facts, &view, why));
    ck_assert_str_eq(why, "queue: got 6 jobs waiting, want at most 5");
    facts->queue = 0;
    view.host[1].offline_readings = scenario->fleet.policy.confirm;
    ck_assert(drill_must_stop(scenario, facts, &view, why));
    ck_assert_str_eq(why, "small, which is not the target, is offline");
    view.host[1].offline_readings = 0;
    file = fopen(path, "w");
    fclose(file);
    ck_assert(drill_must_stop(scenario, facts, &view, why));
    ck_assert_ptr_nonnull(strstr(why, "the stop file"));
    free(facts);
}
END_TEST

/* ---- measuring ---- */

static struct github_job job(int64_t id, const char *status, int64_t created_ms, int64_t started_ms,
                             const char *on)
{
    struct github_job made = {.id = id,
                              .run_id = id,
                              .attempt = 1,
                              .created_ms = created_ms,
                              .started_ms = started_ms,
                              .completed_ms = -1};
    strcpy(made.status, status);
    strcpy(made.runner_name, on);
    strcpy(made.name, "build");
    return made;
}

static void show(struct drill_measure *measure, struct github_job *jobs, size_t n, int online,
                 int64_t now_ms)
{
    static struct view view;
    static struct plan plan;
    static struct policy_state state;
    struct feed_reading reading = {.feed = FEED_GITHUB,
                                   .good = true,
                                   .begun_ms = now_ms,
                                   .at_ms = now_ms,
                                   .written_ms = now_ms,
                                   .offset_error_ms = 5};
    struct watch_event event = {&reading, false, now_ms, &view, &plan, &state};
    view.n = plan.n = 2;
    reading.hosts[0].online = online;
    reading.hosts[1].online = 2;
    reading.jobs.item = jobs;
    reading.jobs.n = n;
    measure_event(measure, &event);
}

/* The clock stands still at 1,000 s of fleet time while the story is told. */
START_TEST(rto_is_the_first_start_of_a_held_up_job_elsewhere)
{
    struct drill_measure measure;
    struct pace pace = {.factor = 1};
    struct github_job jobs[4];
    int64_t now_ms = http_wall_ms(), error_ms, t0 = now_ms - 900000;
    LOAD("drill: {inject: [{name: x, run: [a]}]}\n");
    pace.origin_ms = http_monotonic_ms() - 1000000;
    measure_init(&measure, scenario, &pace, true);
    measure_fault(&measure, 99000, 101000); /* 100 s, 1 s either way: at t0 */
    jobs[0] = job(1, "in_progress", t0 - 50001, t0 - 49000, "big-1");
    jobs[1] = job(2, "queued", t0 + 10000, -1, "");
    show(&measure, jobs, 2, 3, 115000); /* waits 5 s: a pick-up may take that */
    ck_assert(!measure.anyone_held_up);
    show(&measure, jobs, 2, 3, 200000); /* waits on */
    ck_assert(measure.anyone_held_up);
    ck_assert_int_eq(measure.queue, 1);
    jobs[1] = job(2, "in_progress", t0 + 10000, t0 + 80000, "small-1");
    jobs[2] = job(3, "in_progress", t0 + 20000, t0 + 21000, "small-2"); /* was not held up */
    jobs[3] = job(4, "queued", t0 + 150000, -1, "");
    show(&measure, jobs, 3, 0, 210000);
    ck_assert_int_le(llabs(measure_metric(&measure, METRIC_RTO, &error_ms) - 80000), 100);
    ck_assert_int_le(error_ms, 1200);
    show(&measure, jobs, 4, 0, 400000); /* GitHub knows by now: that one merely waits for a slot */
    ck_assert(!measure.job[3].held_up);
    jobs[0].attempt = 2, jobs[0].id = 9, jobs[0].completed_ms = t0 + 300000;
    strcpy(jobs[0].status, "completed");
    strcpy(jobs[0].conclusion, "success");
    strcpy(jobs[0].runner_name, "small-1");
    ck_assert_int_eq(measure_metric(&measure, METRIC_JOB_RECOVERY, &error_ms), -1);
    show(&measure, jobs, 1, 0, 410000);
    ck_assert_int_le(llabs(measure_metric(&measure, METRIC_JOB_RECOVERY, &error_ms) - 300000), 100);
    measure_fini(&measure);
}
END_TEST

START_TEST(verdict_places_reality_in_the_prediction)
{
    struct drill_measure measure;
    struct drill_verdict verdict;
    struct result *predicted = calloc(1, sizeof *predicted);
    struct pace pace = {.factor = 1, .origin_ms = http_monotonic_ms()};
    double values[1000];
    int i;
    for (i = 0; i < 1000; i++)
        values[i] = 100000 + 100 * i; /* 100 s to 200 s, evenly */
    LOAD("drill: {inject: [{name: x, run: [a]}]}\n");
    predicted->samples[METRIC_DETECTION] = (struct samples){values, 1000};
    measure_init(&measure, scenario, &pace, true);
    measure_fault(&measure, 0, 0);
    measure.stage[MARK_DETECTION] = (struct drill_stage){150000, 500};
    drill_verdict_init(&verdict, &measure, predicted);
    ck_assert_int_eq(verdict.wrong, 0);
    ck_assert_double_eq_tol(verdict.row[2].percentile, 50, 0.2);
    ck_assert_double_eq_tol(verdict.row[2].low_ms, 100500, 1);
    ck_assert_double_eq_tol(verdict.row[2].high_ms, 199400, 1);
    measure.stage[MARK_DETECTION] = (struct drill_stage){199800, 500}; /* out, but not surely */
    drill_verdict_init(&verdict, &measure, predicted);
    ck_assert_int_eq(verdict.wrong, 0);
    measure.stage[MARK_DETECTION] = (struct drill_stage){210000, 500};
    drill_verdict_init(&verdict, &measure, predicted);
    ck_assert_int_eq(verdict.wrong, 1);
    ck_assert(verdict.row[2].wrong);
    measure_fini(&measure);
    free(predicted);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("drill parts");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, bad_drill_sections_are_named, 0,
                        sizeof bad_drills / sizeof bad_drills[0]);
    tcase_add_test(tcase, a_token_in_place_of_its_source_stays_out_of_the_message);
    tcase_add_test(tcase, registrations_and_alerts_find_their_host);
    tcase_add_test(tcase, routing_takes_off_first_and_puts_on_what_is_online);
    tcase_add_test(tcase, labels_of_others_are_kept);
    tcase_add_test(tcase, variable_prefers_the_primary);
    tcase_add_loop_test(tcase, quoting_survives_a_shell, 0, 9);
    tcase_add_test(tcase, ssh_gets_one_quoted_line_and_others_the_words);
    tcase_add_test(tcase, commands_tell_how_they_ended);
    tcase_add_test(tcase, a_command_that_hangs_is_killed_with_its_children);
    tcase_add_test(tcase, a_daemon_left_behind_does_not_hold_the_command_up);
    tcase_add_test(tcase, plan_fills_in_names_and_seconds);
    tcase_add_loop_test(tcase, guard_undoes_after_its_time_unless_it_is_disarmed, 0, 2);
    tcase_add_test(tcase, journalled_undo_runs_and_says_how_by_hand);
    tcase_add_loop_test(tcase, edited_undos_are_refused, 0, 7);
    tcase_add_test(tcase, window_in_local_time);
    tcase_add_test(tcase, stop_conditions);
    tcase_add_test(tcase, rto_is_the_first_start_of_a_held_up_job_elsewhere);
    tcase_add_test(tcase, verdict_places_reality_in_the_prediction);
    suite_add_tcase(all, tcase);
    return all;
}
