/* Random schedules: that they are what their text says, the same for a seed, found and shrunk where
 * something fails. That a broken policy is found is tests/proofs. */
#include "model/base/units.h"
#include "model/load/loader.h"
#include "sim/engine/stream.h"
#include "sim/search/search_report.h"
#include "sim/search/story_schedule.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECOMMENDED "scenarios/paws360-recommended.yaml"

static const enum fault_kind no_focus[2] = {SCHEDULE_ANY, SCHEDULE_ANY};

static void load(struct scenario *scenario, const char *path)
{
    struct und_err err = {0};
    memset(scenario, 0, sizeof *scenario);
    ck_assert_msg(fleet_load(&scenario->fleet, path, NULL, 0, &err) == UND_OK, "%s", err.text);
}

static void search(const char *path, struct search_options options, struct search_result *result)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    ck_assert_ptr_nonnull(scenario);
    load(scenario, path);
    options.only = -1;
    search_run(scenario, &options, result);
    scenario_fini(scenario);
    free(scenario);
}

/* --- schedules ------------------------------------------------------------------------------- */

static void ck_same_fault(const struct fault *drawn, const struct fault *read, const char *text)
{
    unsigned keys = fault_row(drawn->kind)->must | fault_row(drawn->kind)->may;
    int i;
    ck_assert_msg(drawn->kind == read->kind && drawn->at.a == read->at.a, "%s", text);
    ck_assert_int_eq(drawn->n_targets, read->n_targets);
    for (i = 0; i < drawn->n_targets; i++)
        ck_assert_int_eq(drawn->targets[i], read->targets[i]);
    if (!fault_row(drawn->kind)->instant)
        ck_assert_double_eq(drawn->lasts.a, read->lasts.a);
    ck_assert_uint_eq(fault_takes(drawn), fault_takes(read));
    if (keys & KEY_GRACEFUL)
        ck_assert_int_eq(drawn->graceful, read->graceful);
    if (keys & KEY_SLOTS)
        ck_assert_int_eq(drawn->slots, read->slots);
    if (keys & KEY_LOAD)
        ck_assert_int_eq(drawn->load_pm, read->load_pm);
    if (keys & KEY_SLOWDOWN)
        ck_assert_double_eq(drawn->slowdown, read->slowdown);
    if (keys & KEY_ERROR_RATE)
        ck_assert_double_eq_tol(drawn->error_rate, read->error_rate, 1e-12);
    if (keys & KEY_SHARE)
        ck_assert_double_eq_tol(drawn->share, read->share, 1e-12);
    if (keys & KEY_RATE)
        ck_assert_double_eq_tol(drawn->rate_per_ms, read->rate_per_ms, 1e-18);
    if (keys & KEY_DELAY)
        ck_assert_double_eq(drawn->delay.a, read->delay.a);
    if (keys & KEY_CYCLE)
        ck_assert_double_eq(drawn->down.a, read->down.a);
    if (keys & KEY_JUMP)
        ck_assert_int_eq(drawn->jump_ms, read->jump_ms);
    if (keys & KEY_LIE)
        ck_assert_int_eq(drawn->lie, read->lie);
}

/* What is printed of 300 schedules, read as a scenario, is what was drawn; every kind occurs. */
START_TEST(a_schedule_is_what_its_text_says)
{
    static struct scenario base, read;
    int64_t seen[FAULT_KINDS] = {0};
    int64_t number;
    int i;
    load(&base, RECOMMENDED);
    for (number = 0; number < 300; number++) {
        struct schedule schedule;
        struct und_err err = {0};
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        ck_assert_ptr_nonnull(out);
        schedule_draw(&base.fleet, 7, number, no_focus, 3600000, &schedule);
        fprintf(out, "fleet: paws360-recommended.yaml\nduration: 30d\nfaults:\n");
        for (i = 0; i < schedule.n; i++) {
            fputs("  - ", out);
            schedule_print_fault(out, &base.fleet, &schedule.fault[i]);
            putc('\n', out);
        }
        fclose(out);
        ck_assert_msg(scenario_parse(&read, "scenarios/x.yaml", text, strlen(text), &err) == UND_OK,
                      "%s in\n%s", err.text, text);
        ck_assert_int_eq(read.n_faults, schedule.n);
        ck_assert_int_eq(schedule.end_ms, schedule.heal_ms + 3600000);
        for (i = 0; i < schedule.n; i++) {
            seen[schedule.fault[i].kind]++;
            ck_same_fault(&schedule.fault[i], &read.faults[i], text);
            ck_assert_int_le((int64_t)schedule.fault[i].at.a, schedule.heal_ms);
        }
        scenario_fini(&read);
        free(text);
    }
    for (i = 0; i < FAULT_KINDS; i++)
        ck_assert_msg(seen[i] > 0, "%s is never drawn", fault_kind_name((enum fault_kind)i));
    scenario_fini(&base);
}
END_TEST

START_TEST(a_focus_is_in_its_schedule)
{
    static struct scenario base;
    const enum fault_kind focus[2] = {FAULT_CONTROLLER_RESTART, FAULT_GITHUB_LIES};
    struct schedule schedule;
    int64_t number;
    int i, alone = 0;
    load(&base, RECOMMENDED);
    for (number = 0; number < 100; number++) {
        bool both[2] = {false, false};
        schedule_draw(&base.fleet, 1, number, focus, 1000, &schedule);
        for (i = 0; i < schedule.n; i++) {
            both[0] = both[0] || schedule.fault[i].kind == focus[0];
            both[1] = both[1] || schedule.fault[i].kind == focus[1];
        }
        alone += schedule.n == 1;
        ck_assert(both[0] && (both[1] || schedule.n == 1));
    }
    ck_assert_int_lt(alone, 50);
    scenario_fini(&base);
}
END_TEST

/* --- what the files of found schedules need ------------------------------------------------- */

static enum und_code read_set(struct scenario *scenario, const char *set, struct und_err *err)
{
    char text[512];
    snprintf(text, sizeof text, "fleet: paws360.yaml\nset: %s\n", set);
    return scenario_parse(scenario, "scenarios/x.yaml", text, strlen(text), err);
}

START_TEST(a_scenario_sets_what_differs_from_its_fleet)
{
    static struct scenario read;
    struct und_err err = {0};
    ck_assert_msg(read_set(&read,
                           "[fleet.hosts.0.slots=3, fleet.policy.persist=1min, "
                           "fleet.hosts.Serotonin-paws360=null]",
                           &err) == UND_OK,
                  "%s", err.text);
    ck_assert_int_eq(read.fleet.n_hosts, 1);
    ck_assert_int_eq(read.fleet.hosts[0].slots, 3);
    ck_assert_int_eq(read.fleet.policy.persist_ms, 60000);
    scenario_fini(&read);
    ck_assert_msg(read_set(&read, "[set.0=null, fleet.hosts.0.slots=2]", &err) == UND_OK, "%s",
                  err.text); /* its place is taken by the next */
    scenario_fini(&read);
}
END_TEST

START_TEST(a_bad_set_is_refused)
{
    static const char *const bad[] = {"x",
                                      "[1]",
                                      "[fleet.hosts]",
                                      "[fleet.hosts.9.slots=1]",
                                      "[fleet.policy.persit=1min]",
                                      "{a: b}",
                                      "[fleet.hosts.0=null, fleet.hosts.0=null]"};
    static struct scenario read;
    struct und_err err = {0};
    ck_assert_int_eq(read_set(&read, bad[_i], &err), UND_USAGE);
    ck_assert_str_ne(err.text, "");
}
END_TEST

/* --- searching ------------------------------------------------------------------------------- */

static char *json_of(const char *path, const struct search_result *result)
{
    static struct scenario base;
    struct search_findings findings = {.fleet = &base.fleet, .result = result, .line = ""};
    json_t *json;
    char *text;
    load(&base, path);
    json = search_json(&findings);
    text = json_dumps(json, JSON_SORT_KEYS);
    json_decref(json);
    scenario_fini(&base);
    return text;
}

START_TEST(threads_change_nothing)
{
    static struct search_result result;
    char *one, *two;
    search(RECOMMENDED, (struct search_options){.seed = 5, .schedules = 100, .threads = 1},
           &result);
    one = json_of(RECOMMENDED, &result);
    search(RECOMMENDED, (struct search_options){.seed = 5, .schedules = 100, .threads = 2},
           &result);
    two = json_of(RECOMMENDED, &result);
    ck_assert_str_eq(one, two);
    search(RECOMMENDED, (struct search_options){.seed = 6, .schedules = 100, .threads = 2},
           &result);
    free(two);
    two = json_of(RECOMMENDED, &result);
    ck_assert_str_ne(one, two);
    free(one);
    free(two);
}
END_TEST

START_TEST(the_shipped_policies_stand_it)
{
    static const char *const paths[] = {"scenarios/paws360.yaml", RECOMMENDED};
    static struct search_result result;
    int met, all;
    static struct scenario base;
    search(paths[_i], (struct search_options){.seed = 1, .schedules = 200, .threads = 1}, &result);
    ck_assert_msg(!result.failed, "schedule %lld: %s", (long long)result.schedule.number,
                  result.trial.words);
    ck_assert_int_eq(result.schedules, 200);
    load(&base, paths[_i]);
    coverage_count_pairs(&result.coverage, &base.fleet, &met, &all);
    ck_assert_int_gt(met, all / 3);
    ck_assert_int_gt(result.coverage.host_notice[NOTICE_FAILOVER], 0);
    ck_assert_int_gt(result.coverage.host_notice[NOTICE_RESTORED], 0);
    scenario_fini(&base);
}
END_TEST

/* Polls that sleep, or stride where signs are looked for, against polls that always come. */
START_TEST(sleep_changes_nothing_in_any_schedule)
{
    static const char *const paths[] = {"scenarios/paws360.yaml", RECOMMENDED};
    static struct scenario base;
    static struct trial trial;
    int64_t number;
    double rate_per_ms;
    load(&base, paths[_i]);
    rate_per_ms = base.fleet.workload.arrivals.rate_per_ms;
    for (number = 0; number < 150; number++) {
        struct schedule schedule;
        schedule_draw(&base.fleet, 3, number, no_focus, 3 * 3600000, &schedule);
        schedule_apply(&schedule, rate_per_ms, &base);
        trial_run(&base,
                  &(struct trial_options){
                      .seed = schedule_stream_seed(&schedule), .replications = 2, .twice = 2},
                  &trial);
        ck_assert_msg(trial.reason == TRIAL_HOLDS, "schedule %lld: %s", (long long)number,
                      trial.words);
    }
    base.n_faults = 0;
    scenario_fini(&base);
}
END_TEST

/* Nobody is well again within a second of a power loss. */
START_TEST(who_is_not_well_in_time_is_found)
{
    static struct search_result result;
    struct search_options options = {.seed = 1, .schedules = 100, .threads = 1, .bound_ms = 1000};
    search(RECOMMENDED, options, &result);
    ck_assert(result.failed);
    ck_assert_msg(result.trial.reason == TRIAL_PHASE || result.trial.reason == TRIAL_ONLINE ||
                      result.trial.reason == TRIAL_LABELS,
                  "%s", result.trial.words);
}
END_TEST

/* Half an hour after the last fault its registrations are back, and in the rotation as planned; who
 * was drained for what the drain hides stays out for an hour. */
START_TEST(who_is_out_longer_than_he_may_is_found)
{
    static struct search_result result;
    struct search_options options = {
        .seed = 1, .schedules = 300, .threads = 1, .bound_ms = 30 * 60000};
    search(RECOMMENDED, options, &result);
    ck_assert(result.failed);
    ck_assert_msg(result.trial.reason == TRIAL_PHASE, "%s", result.trial.words);
}
END_TEST

/* --- shrinking ------------------------------------------------------------------------------- */

/* An expectation that every lost job breaks: shrunk to one fault that loses some, less than which
 * does not; its file fails again. */
START_TEST(what_fails_is_shrunk_and_written)
{
    static struct scenario scenario, again;
    static struct search_result result;
    static struct shrunk shrunk;
    static struct trial trial;
    struct search_options options = {.seed = 2, .schedules = 200, .threads = 1, .only = -1};
    struct und_err err = {0};
    char path[] = "scenarios/test-search-XXXXXX.yaml", *text = NULL;
    size_t size;
    int fd = mkstemps(path, 5);
    static const char source[] =
        "fleet: paws360.yaml\nset: [\"fleet.workload.on_failure=fail\"]\n"
        "expect: [{metric: job_success, mean: true, op: '>=', value: 99.9%}]\n";
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, source, sizeof source - 1), (ssize_t)(sizeof source - 1));
    close(fd);
    ck_assert_msg(scenario_load(&scenario, path, NULL, 0, &err) == UND_OK, "%s", err.text);
    search_run(&scenario, &options, &result);
    ck_assert(result.failed);
    ck_assert_int_eq(result.trial.reason, TRIAL_EXPECTATION);
    ck_assert_msg(shrink(path, NULL, 0, &result, &shrunk, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(shrunk.trial.reason, TRIAL_EXPECTATION);
    ck_assert_int_le(shrunk.schedule.n, 1);
    ck_assert_int_lt(shrunk.schedule.heal_ms, result.schedule.heal_ms);
    HELPER_CAPTURE(text, size, shrink_print(out, "found", "paws360.yaml", path, "a line", &shrunk));
    ck_assert_msg(scenario_parse(&again, "scenarios/x.yaml", text, strlen(text), &err) == UND_OK,
                  "%s in\n%s", err.text, text);
    ck_assert_int_eq(again.fleet.workload.on_failure, ON_FAILURE_FAIL);
    ck_assert_int_eq(again.n_expects, 1);
    trial_run(&again, &shrunk.options, &trial);
    ck_assert_msg(trial_same(&trial, &shrunk.trial), "%s\n%s", trial.words, text);
    unlink(path);
    free(text);
    shrink_fini(&shrunk);
    scenario_fini(&again);
    scenario_fini(&scenario);
}
END_TEST

/* --- counterexamples of the explorer --------------------------------------------------------- */

/* A host is asked into maintenance, the runners of the other stop: two faults, no drill of two
 * hosts; of one host alone there is one. What is written loads. */
START_TEST(a_story_is_a_scenario_and_a_drill)
{
    static struct scenario base, read;
    struct story_move move[2] = {{.kind = MOVE_STEP, .at_ms = 0},
                                 {.kind = MOVE_STEP, .at_ms = 600000}};
    struct story story = {.move = move, .n = 2, .broken = PROPERTY_HELD};
    struct schedule schedule;
    struct scale_limits limits = {0};
    struct und_err err = {0};
    char *text = NULL;
    size_t size;
    int i, left_out;
    load(&base, "scenarios/paws360.yaml");
    ck_assert_int_eq(scale_fleet(&base.fleet, &limits, &story.scale, &err), UND_OK);
    for (i = 0; i < 2; i++) {
        int host;
        move[i].view.n = 2;
        for (host = 0; host < 2; host++)
            move[i].view.host[host].slots = story.scale.slots[host];
        sequence_well(&story.scale.config, &move[i].view);
        move[i].view.host[0].online = 0; /* and its probe answers */
    }
    move[1].view.host[_i].maintenance = true;
    story_schedule(&story, 3600000, &schedule, &left_out);
    ck_assert_int_eq(schedule.n, 2);
    ck_assert_int_eq(left_out, 0);
    ck_assert_int_eq(schedule.fault[0].kind, FAULT_SERVICE_STOP);
    ck_assert_double_eq(schedule.fault[0].lasts.a, 600000 + 3600000);
    ck_assert_int_eq(schedule.fault[1].kind, FAULT_MAINTENANCE);
    ck_assert_int_eq(schedule.fault[1].targets[0], _i);
    HELPER_CAPTURE(
        text, size,
        story_scenario_print(out, "paws360.yaml", &base.fleet, &story, &schedule, 0, ""));
    ck_assert_msg(scenario_parse(&read, "scenarios/x.yaml", text, strlen(text), &err) == UND_OK,
                  "%s in\n%s", err.text, text);
    ck_assert_int_eq(read.n_faults, 2);
    ck_assert_int_eq(read.fleet.policy.persist_ms, story.scale.config.persist_ms);
    ck_assert_int_eq(read.fleet.hosts[0].slots, story.scale.slots[0]);
    ck_assert_int_eq(read.drill.present, _i == 0);
    scenario_fini(&read);
    scenario_fini(&base);
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("search");
    TCase *tc = tcase_create("search");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, a_schedule_is_what_its_text_says);
    tcase_add_test(tc, a_focus_is_in_its_schedule);
    tcase_add_test(tc, a_scenario_sets_what_differs_from_its_fleet);
    tcase_add_loop_test(tc, a_bad_set_is_refused, 0, 7);
    tcase_add_test(tc, threads_change_nothing);
    tcase_add_loop_test(tc, the_shipped_policies_stand_it, 0, 2);
    tcase_add_loop_test(tc, sleep_changes_nothing_in_any_schedule, 0, 2);
    tcase_add_test(tc, who_is_not_well_in_time_is_found);
    tcase_add_test(tc, who_is_out_longer_than_he_may_is_found);
    tcase_add_test(tc, what_fails_is_shrunk_and_written);
    tcase_add_loop_test(tc, a_story_is_a_scenario_and_a_drill, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}
