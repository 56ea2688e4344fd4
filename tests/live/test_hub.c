/* The GitHub stand-in's dispatcher, played in virtual time: tests/lab/hub.h against
 * github-semantics.md. Seeds are fixed, so that no test can fail by chance. */
#include "tests/lab/hub_fixture.h"
#include "tests/support/helpers.h"

static struct hub_fixture lab;

static void setup(void)
{
    hub_fixture_open(&lab);
}

static void teardown(void)
{
    hub_close(lab.hub);
}

START_TEST(a_job_runs_on_a_registration_that_has_all_its_labels)
{
    int64_t both, none;
    hub_fixture_runner(&lab, 0, "a", "linux-big");
    hub_fixture_runner(&lab, 1, "b", "gpu");
    both = hub_fixture_submit(&lab, "self-hosted", "GPU", MINUTE); /* labels know no case */
    none = hub_fixture_submit(&lab, "gpu", "linux-big", MINUTE);
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, both)->conclusion, HUB_SUCCESS);
    ck_assert_int_eq(hub_fixture_job(&lab, both)->registration, 1);
    ck_assert_int_eq(hub_fixture_job(&lab, none)->status, HUB_QUEUED);
}
END_TEST

START_TEST(a_job_that_nothing_matches_fails_after_a_day)
{
    int64_t run;
    hub_fixture_runner(&lab, 0, "a", "x");
    run = hub_fixture_submit(&lab, "y", NULL, MINUTE);
    hub_fixture_play(&lab, 24 * HOUR - MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->status, HUB_QUEUED);
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_FAILURE);
}
END_TEST

START_TEST(the_oldest_eligible_job_goes_first)
{
    int64_t other, first, second;
    hub_fixture_runner(&lab, 0, "a", "x");
    other = hub_fixture_submit(&lab, "y", NULL, MINUTE);
    first = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    second = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    hub_fixture_play(&lab, 30 * SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, other)->status, HUB_QUEUED);
    ck_assert_int_eq(hub_fixture_job(&lab, first)->status, HUB_IN_PROGRESS);
    ck_assert_int_eq(hub_fixture_job(&lab, second)->status, HUB_QUEUED);
}
END_TEST

START_TEST(the_choice_among_idle_registrations_is_random)
{
    int chosen[4] = {0};
    for (int i = 0; i < 4; i++)
        hub_fixture_runner(&lab, i, i < 3 ? "a" : "b", "x");
    for (int i = 0; i < 400; i++) {
        int64_t run = hub_fixture_submit(&lab, "x", NULL, SECOND);
        hub_fixture_play(&lab, 5 * SECOND);
        chosen[hub_fixture_job(&lab, run)->registration]++;
    }
    for (int i = 0; i < 4; i++) /* fixed seed; 100 +- 4 standard deviations */
        ck_assert(chosen[i] > 65 && chosen[i] < 135);
}
END_TEST

START_TEST(a_vanished_host_goes_offline_as_one_after_60_to_150_seconds)
{
    int64_t least = HOUR, most = 0;
    for (int i = 0; i < 3; i++)
        hub_fixture_runner(&lab, i, "a", "x");
    for (int trial = 0; trial < 200; trial++) {
        int64_t vanished = lab.now;
        for (int i = 0; i < 3; i++)
            lab.runner[i].listens = false;
        while (hub_fixture_registration(&lab, 0)->online && lab.now < vanished + HOUR)
            hub_fixture_play(&lab, STEP);
        ck_assert(!hub_fixture_registration(&lab, 1)->online &&
                  !hub_fixture_registration(&lab, 2)->online);
        least = lab.now - vanished < least ? lab.now - vanished : least;
        most = lab.now - vanished > most ? lab.now - vanished : most;
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(hub_session_begin(lab.hub, lab.now,
                                               hub_fixture_registration(&lab, i)->name,
                                               &lab.runner[i].session),
                             HUB_DONE);
            lab.runner[i].listens = true;
        }
        hub_fixture_play(&lab, MINUTE);
    }
    /* within half a long poll and a step */
    ck_assert_int_ge(least, 60 * SECOND - STEP);
    ck_assert_int_le(least, 64 * SECOND);
    ck_assert_int_ge(most, 146 * SECOND);
    ck_assert_int_le(most, 153 * SECOND + 2 * STEP);
}
END_TEST

START_TEST(a_deleted_session_shows_in_seconds)
{
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_fixture_play(&lab, SECOND);
    lab.runner[0].listens = false;
    ck_assert_int_eq(hub_session_end(lab.hub, lab.now, lab.runner[0].session), HUB_DONE);
    hub_fixture_play(&lab, 5 * SECOND);
    ck_assert(!hub_fixture_registration(&lab, 0)->online);
}
END_TEST

START_TEST(a_session_in_use_is_refused_until_github_has_let_go_of_it)
{
    uint64_t session;
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_fixture_play(&lab, SECOND);
    lab.runner[0].listens = false;
    hub_fixture_play(&lab, 50 * SECOND);
    ck_assert_int_eq(hub_session_begin(lab.hub, lab.now, "runner-0", &session), HUB_CONFLICT);
    hub_fixture_play(&lab, 110 * SECOND);
    ck_assert_int_eq(hub_session_begin(lab.hub, lab.now, "runner-0", &session), HUB_DONE);
    ck_assert_ptr_null(hub_contact(lab.hub, lab.now, lab.runner[0].session));
}
END_TEST

START_TEST(a_job_on_a_dead_runner_fails_when_its_lock_ends_and_is_not_queued_again)
{
    int64_t least = HOUR, most = 0;
    for (int trial = 0; trial < 100; trial++) {
        int64_t run, died;
        if (trial == 0)
            hub_fixture_runner(&lab, 0, "a", "x");
        else
            hub_session_begin(lab.hub, lab.now, "runner-0", &lab.runner[0].session);
        lab.runner[0].listens = true;
        run = hub_fixture_submit(&lab, "x", NULL, 10 * HOUR);
        hub_fixture_play(&lab, 5 * MINUTE + trial * 613); /* dies anywhere between two renewals */
        died = lab.now;
        lab.runner[0].listens = false;
        while (hub_fixture_job(&lab, run)->status == HUB_IN_PROGRESS && lab.now < died + HOUR)
            hub_fixture_play(&lab, STEP);
        least = lab.now - died < least ? lab.now - died : least;
        most = lab.now - died > most ? lab.now - died : most;
        ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_FAILURE);
        ck_assert_int_eq(hub_run_by_id(lab.hub, run)->n_jobs, 1);
    }
    ck_assert_int_ge(least, 540 * SECOND - STEP);
    ck_assert_int_le(least, 560 * SECOND);
    ck_assert_int_ge(most, 595 * SECOND);
    ck_assert_int_le(most, 615 * SECOND + 2 * STEP);
}
END_TEST

START_TEST(a_renewed_lock_lasts)
{
    int64_t run;
    hub_fixture_runner(&lab, 0, "a", "x");
    run = hub_fixture_submit(&lab, "x", NULL, 2 * HOUR);
    hub_fixture_play(&lab, 2 * HOUR + MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_SUCCESS);
}
END_TEST

START_TEST(a_job_that_is_not_picked_up_goes_to_another_after_a_minute)
{
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_fixture_runner(&lab, 1, "b", "x");
    for (int trial = 0; trial < 10; trial++) { /* by chance alone all would pass once in 1024 */
        int64_t run;
        int deaf;
        lab.runner[0].works = lab.runner[1].works = false;
        run = hub_fixture_submit(&lab, "x", NULL, MINUTE);
        hub_fixture_play(&lab, SECOND);
        deaf = hub_fixture_job(&lab, run)->registration;
        ck_assert_int_ge(deaf, 0);
        lab.runner[1 - deaf].works = true;
        hub_fixture_play(&lab, 58 * SECOND);
        ck_assert_int_eq(hub_fixture_job(&lab, run)->registration, deaf);
        hub_fixture_play(&lab, 5 * SECOND);
        ck_assert_int_eq(hub_fixture_job(&lab, run)->registration, 1 - deaf);
        ck_assert_int_eq(hub_fixture_job(&lab, run)->status, HUB_IN_PROGRESS);
        hub_fixture_play(&lab, 2 * MINUTE);
        ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_SUCCESS);
    }
}
END_TEST

START_TEST(a_rerun_is_forbidden_until_the_run_has_concluded)
{
    int64_t run, first;
    hub_fixture_runner(&lab, 0, "a", "x");
    run = hub_fixture_submit(&lab, "x", NULL, HOUR);
    hub_fixture_play(&lab, MINUTE);
    ck_assert_int_eq(hub_rerun(lab.hub, lab.now, run, true), HUB_FORBIDDEN);
    lab.runner[0].listens = false;
    hub_fixture_play(&lab, 11 * MINUTE);
    first = hub_fixture_job(&lab, run)->id;
    ck_assert_int_eq(hub_rerun(lab.hub, lab.now, run, true), HUB_DONE);
    ck_assert_int_ne(hub_fixture_job(&lab, run)->id, first);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->attempt, 2);
    ck_assert_int_eq(hub_job_by_id(lab.hub, first)->conclusion, HUB_FAILURE);
    ck_assert_int_eq(hub_rerun(lab.hub, lab.now, 4711, false), HUB_MISSING);
}
END_TEST

START_TEST(rerunning_failed_jobs_keeps_those_that_succeeded)
{
    struct hub_order orders[2] = {
        {.name = "good", .labels = hub_fixture_labels("x", NULL), .duration_ms = SECOND},
        {.name = "bad", .labels = hub_fixture_labels("y", NULL), .duration_ms = HOUR}};
    int64_t run;
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_fixture_runner(&lab, 1, "b", "y");
    ck_assert_int_eq(hub_submit(lab.hub, lab.now, "test", -1, orders, 2, &run), HUB_DONE);
    hub_fixture_play(&lab, MINUTE);
    lab.runner[1].listens = false;
    hub_fixture_play(&lab, 12 * MINUTE);
    ck_assert_int_eq(hub_run_conclusion(lab.hub, hub_run_by_id(lab.hub, run)), HUB_FAILURE);
    ck_assert_int_eq(hub_rerun(lab.hub, lab.now, run, true), HUB_DONE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)[0].conclusion, HUB_SUCCESS);
    ck_assert_int_eq(hub_fixture_job(&lab, run)[1].status, HUB_QUEUED);
}
END_TEST

START_TEST(cancelling_takes_as_long_as_its_runner_makes_it)
{
    int64_t waiting, running, forced;
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_fixture_runner(&lab, 1, "a", "x");
    running = hub_fixture_submit(&lab, "x", NULL, HOUR);
    forced = hub_fixture_submit(&lab, "x", NULL, HOUR);
    waiting = hub_fixture_submit(&lab, "x", NULL, HOUR);
    hub_fixture_play(&lab, MINUTE);
    lab.runner[0].listens = lab.runner[1].listens = false;
    ck_assert_int_eq(hub_cancel(lab.hub, lab.now, waiting, false), HUB_DONE);
    ck_assert_int_eq(hub_cancel(lab.hub, lab.now, running, false), HUB_DONE);
    ck_assert_int_eq(hub_cancel(lab.hub, lab.now, forced, true), HUB_DONE);
    hub_fixture_play(&lab, 2 * SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, waiting)->conclusion, HUB_CANCELLED);
    ck_assert_int_eq(hub_fixture_job(&lab, forced)->conclusion, HUB_CANCELLED);
    hub_fixture_play(&lab, 5 * MINUTE - 5 * SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, running)->status, HUB_IN_PROGRESS);
    hub_fixture_play(&lab, 5 * SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, running)->conclusion, HUB_CANCELLED);
    ck_assert_int_eq(hub_cancel(lab.hub, lab.now, running, true), HUB_CONFLICT);
}
END_TEST

START_TEST(queued_jobs_move_with_a_label_but_not_with_a_variable)
{
    struct hub_order order = {.name = "build", .variable = "POOL", .duration_ms = MINUTE};
    struct hub_labels custom = hub_fixture_labels("active", NULL);
    int64_t by_label, by_variable;
    hub_fixture_runner(&lab, 0, "a", "old");
    hub_fixture_runner(&lab, 1, "b", "new");
    lab.runner[0].listens = false;
    hub_fixture_play(&lab, 3 * MINUTE);
    ck_assert_int_eq(hub_submit(lab.hub, lab.now, "test", -1, &order, 1, &by_variable),
                     HUB_INVALID);
    hub_variable_set(lab.hub, lab.now, HUB_REPOSITORY, "POOL", "[\"old\"]", true);
    ck_assert_int_eq(hub_submit(lab.hub, lab.now, "test", -1, &order, 1, &by_variable), HUB_DONE);
    by_label = hub_fixture_submit(&lab, "active", NULL, MINUTE);
    hub_variable_set(lab.hub, lab.now, HUB_REPOSITORY, "POOL", "[\"new\"]", false);
    hub_fixture_registration(&lab, 1)->custom = custom;
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, by_label)->conclusion, HUB_SUCCESS);
    ck_assert_int_eq(hub_fixture_job(&lab, by_variable)->status, HUB_QUEUED);
    hub_cancel(lab.hub, lab.now, by_variable, true); /* run again, it asks for what is said now */
    hub_fixture_play(&lab, 3 * SECOND);
    ck_assert_int_eq(hub_rerun(lab.hub, lab.now, by_variable, true), HUB_DONE);
    hub_fixture_registration(&lab, 1)->custom = hub_fixture_labels("new", NULL);
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, by_variable)->conclusion, HUB_SUCCESS);
}
END_TEST

START_TEST(a_lost_job_is_no_longer_its_runners)
{
    int64_t run, job;
    hub_fixture_runner(&lab, 0, "a", "x");
    run = hub_fixture_submit(&lab, "x", NULL, HOUR);
    hub_fixture_play(&lab, MINUTE);
    job = hub_fixture_job(&lab, run)->id;
    ck_assert_int_eq(hub_cancel(lab.hub, lab.now, run, true), HUB_DONE);
    lab.runner[0].works = false;
    hub_fixture_play(&lab, 2 * SECOND);
    ck_assert_int_eq(hub_job_renew(lab.hub, lab.now, lab.runner[0].session, job), HUB_CONFLICT);
    ck_assert_int_eq(hub_job_finish(lab.hub, lab.now, lab.runner[0].session, job, HUB_SUCCESS),
                     HUB_CONFLICT);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_CANCELLED);
}
END_TEST

START_TEST(compression_divides_every_delay)
{
    hub_close(lab.hub);
    lab.hub = hub_open(30, 7);
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_fixture_play(&lab, SECOND);
    lab.runner[0].listens = false;
    hub_fixture_play(&lab, 2 * SECOND - 3 * STEP);
    ck_assert(hub_fixture_registration(&lab, 0)->online);
    hub_fixture_play(&lab, 4 * SECOND);
    ck_assert(!hub_fixture_registration(&lab, 0)->online);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("hub");
    TCase *tcase = tcase_create("dispatcher");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, a_job_runs_on_a_registration_that_has_all_its_labels);
    tcase_add_test(tcase, a_job_that_nothing_matches_fails_after_a_day);
    tcase_add_test(tcase, the_oldest_eligible_job_goes_first);
    tcase_add_test(tcase, the_choice_among_idle_registrations_is_random);
    tcase_add_test(tcase, a_vanished_host_goes_offline_as_one_after_60_to_150_seconds);
    tcase_add_test(tcase, a_deleted_session_shows_in_seconds);
    tcase_add_test(tcase, a_session_in_use_is_refused_until_github_has_let_go_of_it);
    tcase_add_test(tcase, a_job_on_a_dead_runner_fails_when_its_lock_ends_and_is_not_queued_again);
    tcase_add_test(tcase, a_renewed_lock_lasts);
    tcase_add_test(tcase, a_job_that_is_not_picked_up_goes_to_another_after_a_minute);
    tcase_add_test(tcase, a_rerun_is_forbidden_until_the_run_has_concluded);
    tcase_add_test(tcase, rerunning_failed_jobs_keeps_those_that_succeeded);
    tcase_add_test(tcase, cancelling_takes_as_long_as_its_runner_makes_it);
    tcase_add_test(tcase, queued_jobs_move_with_a_label_but_not_with_a_variable);
    tcase_add_test(tcase, a_lost_job_is_no_longer_its_runners);
    tcase_add_test(tcase, compression_divides_every_delay);
    suite_add_tcase(all, tcase);
    return all;
}
