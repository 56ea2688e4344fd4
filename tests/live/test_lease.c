/* What undoes an injection when nobody does: leases, their guard, and undos out of a journal. */
#include "live/act/lease.h"
#include "live/act/rollback.h"
#include "live/act/target_lock.h"
#include "tests/support/drill_file.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct drill_file file;

static void set_up(void)
{
    drill_file_open(&file);
}

static void tear_down(void)
{
    drill_file_close(&file);
}

#define LOAD(drill) ck_assert_msg(drill_file_load(&file, drill) == UND_OK, "%s", file.err.text)

static void lease(struct lease *out, int action, const char *id)
{
    ck_assert_msg(
        lease_init(out, &file.scenario->drill.inject[action], id, "big", 1830, &file.err) == UND_OK,
        "%s", file.err.text);
}

START_TEST(lease_fills_in_names_and_seconds)
{
    struct lease *made = malloc(sizeof *made);
    LOAD("drill:\n"
         "  lease: 61min\n"
         "  inject:\n"
         "    - {name: a, on: big, run: [stop, 'x-{id}', '{host}'], undo: [start, '{id}']}\n"
         "    - {name: b, run: [load, '--for={lease_s}s'], undo: [end], lease: command}\n"
         "    - {name: c, run: [look]}\n");
    lease(made, 0, "understudy-17-1");
    ck_assert_str_eq(made->run.argv.arg[1], "x-understudy-17-1");
    ck_assert_str_eq(made->run.argv.arg[2], "big");
    ck_assert_str_eq(made->arm.argv.arg[0], "systemd-run");
    ck_assert_str_eq(made->arm.argv.arg[2], "--on-active=1830s");
    ck_assert_str_eq(made->arm.argv.arg[3], "--unit=understudy-17-1");
    ck_assert_str_eq(made->arm.argv.arg[6], "understudy-17-1"); /* the undo's argument */
    ck_assert_str_eq(made->disarm.argv.arg[2], "understudy-17-1.timer");
    lease(made, 1, "understudy-17-1");
    ck_assert_str_eq(made->run.argv.arg[1], "--for=1830s");
    ck_assert_int_eq(made->arm.argv.n, 0);
    lease(made, 2, "understudy-17-1");
    ck_assert_int_eq(made->lease_s, 0);
    free(made);
}
END_TEST

/* A file may have two places of one name, each with as long a way as there may be. */
START_TEST(of_two_places_of_one_name_the_last_names_the_lock)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct live *live = &scenario->fleet.live;
    char two[LIVE_FILE], one[LIVE_FILE];
    int i;
    ck_assert_ptr_nonnull(scenario);
    scenario->drill.target = -1;
    scenario->drill.n_inject = 1;
    strcpy(scenario->drill.inject[0].on, "big");
    for (live->n_places = 0; live->n_places < 2; live->n_places++) {
        struct live_place *place = &live->places[live->n_places];
        strcpy(place->name, "big");
        for (i = 0; i < LIVE_ARGS; i++)
            snprintf(place->via.arg[place->via.n++], LIVE_ARG, "%d.%d", live->n_places, i);
    }
    target_lock_show(scenario, two, sizeof two);
    live->places[0] = live->places[1];
    live->n_places = 1;
    target_lock_show(scenario, one, sizeof one);
    ck_assert_str_eq(two, one);
    free(scenario);
}
END_TEST

static void guarded_touch(struct lease *made, const char *path)
{
    char id[64];
    struct drill_action *action = &file.scenario->drill.inject[0];
    const char *const undo[] = {"rm", "-f", path, NULL}, *const touch[] = {"touch", path, NULL};
    const char *const check[] = {"test", "-e", path, NULL};
    *action = (struct drill_action){.lease = DRILL_LEASE_GUARD, .timeout_ms = 5000};
    action->undo = drill_file_argv(undo);
    action->run = drill_file_argv(touch);
    action->check = drill_file_argv(check);
    snprintf(id, sizeof id, "understudy-test-%d", (int)getpid());
    ck_assert_int_eq(lease_init(made, action, id, "", 1, &file.err), UND_OK);
}

/* The guard in a real shell: after its second it undoes; disarmed, it does not. */
START_TEST(guard_undoes_after_its_time_unless_it_is_disarmed)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160];
    LOAD("");
    snprintf(path, sizeof path, "%s/it's injected", file.folder);
    guarded_touch(made, path);
    ck_assert_msg(lease_inject(made, &file.scenario->fleet, note, NULL, &file.err) == UND_OK, "%s",
                  file.err.text);
    ck_assert_int_eq(access(path, F_OK), 0);
    if (_i == 1) {
        ck_assert_int_eq(action_run(&made->disarm, &file.scenario->fleet, note, NULL, &file.err),
                         UND_OK);
        sleep(3);
        ck_assert_int_eq(access(path, F_OK), 0);
    }
    while (_i == 0 && access(path, F_OK) == 0) /* until Check ends it */
        usleep(20000);
    free(made);
}
END_TEST

/* A host that is busy dying fails its first undo; after the one that succeeds the guard is gone. */
START_TEST(guard_tries_until_its_undo_succeeds_and_then_ends)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], armed[160], line[8];
    const char *const second_time[] = {"sh", "-c", "echo x >>\"$0\"; [ $(wc -l <\"$0\") -eq 2 ]",
                                       path, NULL};
    struct drill_action *action = &file.scenario->drill.inject[0];
    int tries = 0;
    FILE *lines;
    LOAD("");
    snprintf(path, sizeof path, "%s/tries", file.folder);
    *action = (struct drill_action){.lease = DRILL_LEASE_GUARD, .timeout_ms = 5000};
    action->undo = drill_file_argv(second_time);
    action->run = drill_file_argv((const char *const[]){"true", NULL});
    snprintf(armed, sizeof armed, "understudy-tries-%d", (int)getpid());
    ck_assert_int_eq(lease_init(made, action, armed, "", 1, &file.err), UND_OK);
    ck_assert_int_eq(lease_inject(made, &file.scenario->fleet, note, NULL, &file.err), UND_OK);
    snprintf(armed, sizeof armed, "/tmp/understudy-tries-%d", (int)getpid());
    ck_assert_int_eq(access(armed, F_OK), 0);
    while (access(armed, F_OK) == 0) /* until Check ends it */
        usleep(20000);
    lines = fopen(path, "r");
    ck_assert_ptr_nonnull(lines);
    while (fgets(line, sizeof line, lines))
        tries++;
    fclose(lines);
    ck_assert_int_eq(tries, 2);
    free(made);
}
END_TEST

/* Somebody else's folder of that name is no lease: nobody would remove it. */
START_TEST(a_folder_that_is_there_already_is_no_lease)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], there[96];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", file.folder);
    guarded_touch(made, path);
    snprintf(there, sizeof there, "/tmp/%s", made->id);
    ck_assert_int_eq(mkdir(there, 0700), 0);
    ck_assert_int_eq(lease_inject(made, &file.scenario->fleet, note, NULL, &file.err), UND_SERVICE);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(rmdir(there), 0);
    free(made);
}
END_TEST

START_TEST(lease_sits_where_it_is_told_to)
{
    struct lease *made = malloc(sizeof *made);
    struct drill_action *action = &file.scenario->drill.inject[0];
    LOAD("");
    *action = (struct drill_action){.lease = DRILL_LEASE_GUARD, .timeout_ms = 5000};
    action->run = action->undo = drill_file_argv((const char *const[]){"true", NULL});
    strcpy(action->on, "victim");
    strcpy(action->lease_on, "controller");
    ck_assert_int_eq(lease_init(made, action, "understudy-1-1", "", 1, &file.err), UND_OK);
    ck_assert_str_eq(made->run.on, "victim");
    ck_assert_str_eq(made->undo.on, "victim");
    ck_assert_str_eq(made->arm.on, "controller");
    ck_assert_str_eq(made->disarm.on, "controller");
    free(made);
}
END_TEST

START_TEST(revert_may_come_any_number_of_times)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], armed[96];
    int i;
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", file.folder);
    guarded_touch(made, path);
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(lease_revert(made, &file.scenario->fleet, note, &file.err), UND_OK);
    ck_assert_int_eq(lease_inject(made, &file.scenario->fleet, note, NULL, &file.err), UND_OK);
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(lease_revert(made, &file.scenario->fleet, note, &file.err), UND_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    snprintf(armed, sizeof armed, "/tmp/%s", made->id);
    ck_assert_int_ne(access(armed, F_OK), 0); /* disarmed */
    free(made);
}
END_TEST

START_TEST(an_undo_that_changes_nothing_is_not_believed)
{
    struct lease *made = malloc(sizeof *made);
    const char *const nothing[] = {"true", NULL};
    char note[512], path[160];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", file.folder);
    guarded_touch(made, path);
    made->undo.argv = drill_file_argv(nothing);
    ck_assert_int_eq(lease_inject(made, &file.scenario->fleet, note, NULL, &file.err), UND_OK);
    ck_assert_int_eq(lease_revert(made, &file.scenario->fleet, note, &file.err), UND_STUCK);
    ck_assert_ptr_nonnull(strstr(file.err.text, "is still in effect after its undo"));
    free(made);
}
END_TEST

/* Its guard goes on trying. */
START_TEST(a_lease_stays_armed_while_the_undo_fails)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], armed[96];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", file.folder);
    guarded_touch(made, path);
    made->undo.argv = drill_file_argv((const char *const[]){"false", NULL});
    snprintf(armed, sizeof armed, "/tmp/%s", made->id);
    ck_assert_int_eq(lease_inject(made, &file.scenario->fleet, note, NULL, &file.err), UND_OK);
    ck_assert_int_eq(lease_revert(made, &file.scenario->fleet, note, &file.err), UND_SERVICE);
    ck_assert_int_eq(access(armed, F_OK), 0);
    while (access(path, F_OK) == 0) /* until Check ends it */
        usleep(20000);
    free(made);
}
END_TEST

/* Nothing is injected that has no lease. */
START_TEST(a_lease_that_cannot_be_armed_stops_the_injection)
{
    struct lease *made = malloc(sizeof *made);
    const char *const failing[] = {"false", NULL};
    char note[512], path[160];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", file.folder);
    guarded_touch(made, path);
    made->arm.argv = drill_file_argv(failing);
    ck_assert_int_eq(lease_inject(made, &file.scenario->fleet, note, NULL, &file.err), UND_SERVICE);
    ck_assert_int_ne(access(path, F_OK), 0);
    free(made);
}
END_TEST

START_TEST(journalled_undo_runs_and_says_how_by_hand)
{
    struct action_command undo = {.timeout_ms = 5000};
    struct journal_step step = {.name = "x"};
    const char *const words[] = {"sh", "-c", "echo gone; exit 3", NULL};
    char note[512], by_hand[512];
    LOAD("");
    undo.argv = drill_file_argv(words);
    ck_assert_int_eq(action_command(step.undo, &undo, NULL, &file.err), UND_OK);
    ck_assert_int_eq(action_perform(step.undo, &file.scenario->fleet, NULL, note, NULL, &file.err),
                     UND_SERVICE);
    ck_assert_str_eq(note, "exit 3: gone");
    rollback_show(&file.scenario->fleet, &step, by_hand, sizeof by_hand);
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
    ck_assert_int_eq(action_perform(texts[_i], &file.scenario->fleet, NULL, NULL, NULL, &file.err),
                     UND_USAGE);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("lease");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_set_timeout(all, 30);
    tcase_add_test(all, of_two_places_of_one_name_the_last_names_the_lock);
    tcase_add_test(all, a_folder_that_is_there_already_is_no_lease);
    tcase_add_test(all, lease_sits_where_it_is_told_to);
    tcase_add_test(all, guard_tries_until_its_undo_succeeds_and_then_ends);
    tcase_add_test(all, lease_fills_in_names_and_seconds);
    tcase_add_loop_test(all, guard_undoes_after_its_time_unless_it_is_disarmed, 0, 2);
    tcase_add_test(all, revert_may_come_any_number_of_times);
    tcase_add_test(all, an_undo_that_changes_nothing_is_not_believed);
    tcase_add_test(all, a_lease_stays_armed_while_the_undo_fails);
    tcase_add_test(all, a_lease_that_cannot_be_armed_stops_the_injection);
    tcase_add_test(all, journalled_undo_runs_and_says_how_by_hand);
    tcase_add_loop_test(all, edited_undos_are_refused, 0, 7);
    suite_add_tcase(suite, all);
    return suite;
}
