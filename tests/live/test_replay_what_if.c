/* What another policy would have done to RTO and queue, by what a journal recorded. Seeds are
 * fixed: nothing here is left to chance. */
#include "live/command/replay_what_if.h"
#include "live/journal/record.h"
#include "model/load/loader.h"
#include "sim/experiment/experiment.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WALL 1800000000000
#define MINUTE 60000

static struct live_fixture world; /* for its folder */
static struct journal *journal;
static struct what_if what;
static struct fleet recorded;
static struct view view;
static struct und_err err;
static int64_t run;
static char policy[200];

static enum und_code simulate(const struct scenario *scenario, struct result *result,
                              struct und_err *wrong)
{
    const struct experiment experiment = {.seed = 1, .replications = 20};
    return experiment_run(scenario, &experiment, result, wrong);
}

/* The file of a policy that drains after so long. */
static void write_policy(const char *persist, const char *backup)
{
    FILE *file = fopen(policy, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(
        file,
        "fleet:\n"
        "  hosts:\n"
        "    - {name: big, tier: primary, slots: 4}\n"
        "    - {name: %s, tier: backup, slots: 4}\n"
        "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 5min}]}\n"
        "  github: {}\n"
        "  monitoring: {}\n"
        "  policy: {persist: %s, overflow: false, guard: {grace: 0s}, severities: [critical]}\n",
        backup, persist);
    fclose(file);
}

static void set_up(void)
{
    static const char names[POLICY_HOSTS][64] = {"big", "small"};
    json_t *about = json_object();
    int i;
    err = (struct und_err){0};
    live_fixture_open(&world, NULL, "");
    snprintf(policy, sizeof policy, "%s/other.yaml", world.folder);
    write_policy("30s", "small");
    ck_assert_msg(fleet_load(&recorded, policy, NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(journal_open(&journal, world.journal, &err), UND_OK);
    journal_begin(journal, JOURNAL_MONITOR, "test", about, &run, &err);
    json_decref(about);
    what_if_init(&what);
    what_if_run(&what, &recorded.policy, 2, names, 1);
    memset(&view, 0, sizeof view);
    view.n = 2;
    for (i = 0; i < 2; i++)
        view.host[i] = (struct view_host){.slots = 4, .online = 4, .probe = PROBE_UP};
}

static void tear_down(void)
{
    what_if_fini(&what);
    journal_close(journal);
    fleet_fini(&recorded);
    live_fixture_close(&world);
}

static void see(int64_t minute, int online, enum probe probe)
{
    view.host[0].online = online;
    view.host[0].probe = probe;
    what_if_see(&what, WALL + minute * MINUTE, &view);
}

/* One job a minute, of four minutes each. */
static void note_jobs(int n)
{
    char text[8192] = "[";
    int i;
    for (i = 0; i < n; i++) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%s[%lld,%d]", i ? "," : "",
                 (long long)(WALL + (i + 1) * MINUTE), 4 * MINUTE);
    }
    strcat(text, "]");
    ck_assert_int_eq(journal_note(journal, run, "ended", text, &err), UND_OK);
}

/* Four hours, of which the primary was off for one. */
static void record(void)
{
    see(0, 4, PROBE_UP);
    see(60, 0, PROBE_UP);
    see(61, 0, PROBE_DOWN);
    see(120, 4, PROBE_UP);
    see(240, 4, PROBE_UP);
    note_jobs(200);
}

static json_t *simulated(void)
{
    json_t *out = NULL;
    ck_assert_msg(what_if_simulate(&what, journal, policy, simulate, &out, &err) == UND_OK, "%s",
                  err.text);
    ck_assert_ptr_nonnull(out);
    return out;
}

static double of(const json_t *out, const char *pair, const char *name)
{
    return json_real_value(json_object_get(json_object_get(out, pair), name));
}

START_TEST(losses_are_read_from_the_views)
{
    record();
    ck_assert_int_eq(what.n_losses, 1);
    ck_assert_int_eq(what.loss[0].host, 0);
    ck_assert(!what.loss[0].answers);
    ck_assert_int_eq(what.loss[0].from_ms, WALL + 60 * MINUTE);
    ck_assert_int_eq(what.loss[0].to_ms, WALL + 120 * MINUTE);
}
END_TEST

/* Pairs: what is the same differs by nothing at all. */
START_TEST(the_same_policy_comes_to_the_same)
{
    json_t *out;
    record();
    out = simulated();
    ck_assert_int_eq(json_integer_value(json_object_get(out, "jobs")), 200);
    ck_assert_int_eq(json_integer_value(json_object_get(out, "losses")), 1);
    ck_assert_int_eq((int)of(out, "rto_ms", "difference"), 0);
    ck_assert(of(out, "queue_minutes", "then") > 1);
    ck_assert(fabs(of(out, "queue_minutes", "difference")) < 1e-12);
    ck_assert(fabs(of(out, "queue_minutes", "half_width")) < 1e-12);
    json_decref(out);
}
END_TEST

/* A drain ten minutes later holds the jobs up for ten minutes longer, and the interval says it. */
START_TEST(a_patient_policy_costs_what_it_waits)
{
    json_t *out;
    double more, half;
    record();
    write_policy("630s", "small");
    out = simulated();
    more = of(out, "rto_ms", "difference");
    half = of(out, "rto_ms", "half_width");
    ck_assert_msg(fabs(more - 10 * MINUTE) < 1000 && half < 1000, "%g +- %g", more, half);
    more = of(out, "queue_minutes", "difference");
    half = of(out, "queue_minutes", "half_width");
    ck_assert_msg(more - half > 5, "%g +- %g", more, half);
    ck_assert(fabs(of(out, "queue_minutes", "now") - of(out, "queue_minutes", "then") - more) <
              1e-9);
    json_decref(out);
}
END_TEST

START_TEST(too_little_is_said_to_be)
{
    static const char *const says[] = {"0 min are recorded, want 60", "30 min are recorded",
                                       "19 ended jobs are recorded, want 20",
                                       "hosts are not those of the other file"};
    const char *why;
    json_t *out;
    if (_i == 1) {
        see(0, 4, PROBE_UP);
        see(30, 4, PROBE_UP);
        note_jobs(25);
    } else if (_i == 2) {
        see(0, 4, PROBE_UP);
        see(240, 4, PROBE_UP);
        note_jobs(19);
    } else if (_i == 3) {
        record();
        write_policy("30s", "tiny");
    }
    out = simulated();
    why = json_string_value(json_object_get(out, "too_little"));
    ck_assert_msg(why && strstr(why, says[_i]), "%s", why ? why : "nothing");
    json_decref(out);
}
END_TEST

START_TEST(without_a_loss_there_is_no_rto)
{
    json_t *out;
    see(0, 4, PROBE_UP);
    see(240, 4, PROBE_UP);
    note_jobs(100);
    out = simulated();
    ck_assert(json_is_null(json_object_get(out, "rto_ms")));
    ck_assert(json_is_object(json_object_get(out, "queue_minutes")));
    json_decref(out);
}
END_TEST

/* Notes that somebody has edited, or that another version has written. */
START_TEST(nonsense_is_no_job)
{
    static const char *const texts[] = {"",
                                        "{}",
                                        "[1,2]",
                                        "[[\"a\",\"b\"]]",
                                        "[[1]]",
                                        "[[1800000060000,-5]]",
                                        "[[9999999999999,60000]]"};
    const char *why;
    json_t *out;
    size_t i;
    see(0, 4, PROBE_UP);
    see(240, 4, PROBE_UP);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_int_eq(journal_note(journal, run, "ended", texts[i], &err), UND_OK);
    out = simulated();
    why = json_string_value(json_object_get(out, "too_little"));
    ck_assert_msg(why && strstr(why, "0 ended jobs are recorded"), "%s", why ? why : "nothing");
    json_decref(out);
}
END_TEST

/* The program, on the journal of a real monitor: which jobs ended is in it, and too little to say
 * more. */
START_TEST(the_command_says_it_in_words_and_in_json)
{
    char *const watch[] = {"monitor",     "--for",        "2s", "--journal",
                           world.journal, world.scenario, NULL};
    char *const text[] = {"replay", world.journal, "--policy", world.scenario, NULL};
    char *const json[] = {"replay",   world.journal, "--policy", world.scenario,
                          "--format", "json",        NULL};
    world.with_job = true;
    live_fixture_touch(world.broken);
    unlink(world.broken);
    journal_close(journal);
    journal = NULL;
    unlink(world.journal);
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, watch, 0)), 0);
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, text, 0)), 0);
    ck_assert(live_fixture_said(&world, "not simulated, too little is recorded: "));
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, json, 0)), 0);
    ck_assert(live_fixture_said(&world, "\"too_little\": \""));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("replay what if");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, losses_are_read_from_the_views);
    tcase_add_test(tcase, the_same_policy_comes_to_the_same);
    tcase_add_test(tcase, a_patient_policy_costs_what_it_waits);
    tcase_add_loop_test(tcase, too_little_is_said_to_be, 0, 4);
    tcase_add_test(tcase, without_a_loss_there_is_no_rto);
    tcase_add_test(tcase, nonsense_is_no_job);
    tcase_add_test(tcase, the_command_says_it_in_words_and_in_json);
    suite_add_tcase(all, tcase);
    return all;
}
