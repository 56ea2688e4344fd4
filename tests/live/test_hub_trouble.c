/* What goes wrong in the GitHub stand-in when it is told to, played in virtual time: listeners that
 * hang, jobs that fail or never end, a slow GitHub (tests/lab/trouble.c). Seeds are fixed. */
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

START_TEST(a_deaf_listener_gives_its_job_back)
{
    int64_t run;
    hub_fixture_runner(&lab, 0, "a", "x");
    ck_assert_int_eq(hub_hang(lab.hub, "a", 0, HUB_DEAF), HUB_DONE);
    run = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    hub_fixture_play(&lab, 5 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->status, HUB_QUEUED);
    ck_assert(hub_fixture_registration(&lab, 0)->online);
    hub_hang(lab.hub, "a", 0, HUB_WELL);
    hub_fixture_play(&lab, 3 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_SUCCESS);
    ck_assert_int_eq(hub_hang(lab.hub, "nobody", 0, HUB_DEAF), HUB_MISSING);
}
END_TEST

START_TEST(a_listener_that_takes_a_job_and_never_starts_it_fails_it_after_ten_minutes)
{
    int64_t run;
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_hang(lab.hub, "a", 1, HUB_TAKING);
    run = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    hub_fixture_play(&lab, 10 * MINUTE - 2 * SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->status, HUB_QUEUED);
    hub_fixture_play(&lab, 4 * SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_FAILURE);
}
END_TEST

START_TEST(only_so_many_listeners_hang)
{
    for (int i = 0; i < 4; i++)
        hub_fixture_runner(&lab, i, i < 3 ? "a" : "b", "x");
    hub_hang(lab.hub, "a", 2, HUB_DEAF);
    ck_assert_int_eq(hub_fixture_registration(&lab, 0)->hung, HUB_DEAF);
    ck_assert_int_eq(hub_fixture_registration(&lab, 1)->hung, HUB_DEAF);
    ck_assert_int_eq(hub_fixture_registration(&lab, 2)->hung, HUB_WELL);
    ck_assert_int_eq(hub_fixture_registration(&lab, 3)->hung, HUB_WELL);
}
END_TEST

/* A job that never ends is ended after six hours, or by whoever ends the fault. */
START_TEST(an_endless_job_holds_its_slot_until_its_time_is_up)
{
    int64_t run, next;
    hub_fixture_runner(&lab, 0, "a", "x");
    ck_assert_int_eq(hub_doom(lab.hub, lab.now, "a", HUB_ENDLESS, 1), HUB_DONE);
    run = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    hub_fixture_play(&lab, 6 * HOUR - MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->status, HUB_IN_PROGRESS);
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_CANCELLED);
    next = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    hub_fixture_play(&lab, 2 * MINUTE);
    hub_doom(lab.hub, lab.now, "a", HUB_ENDLESS, 0);
    hub_fixture_play(&lab, SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, next)->conclusion, HUB_CANCELLED);
}
END_TEST

START_TEST(jobs_fail_where_the_fault_is_and_nowhere_else)
{
    int64_t here, there;
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_fixture_runner(&lab, 1, "b", "y");
    hub_doom(lab.hub, lab.now, "a", HUB_DOOMED, 1);
    here = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    there = hub_fixture_submit(&lab, "y", NULL, MINUTE);
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, here)->conclusion, HUB_FAILURE);
    ck_assert_int_eq(hub_fixture_job(&lab, there)->conclusion, HUB_SUCCESS);
    hub_doom(lab.hub, lab.now, "", HUB_DOOMED, 1);
    there = hub_fixture_submit(&lab, "y", NULL, MINUTE);
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, there)->conclusion, HUB_FAILURE);
    ck_assert_int_eq(hub_doom(lab.hub, lab.now, "a", HUB_DOOMED, 2), HUB_INVALID);
}
END_TEST

/* 2000 draws of 0.3: seven standard deviations either side (false alarm below 1e-11). */
START_TEST(a_share_of_jobs_is_a_share)
{
    int n = 0;
    hub_fixture_runner(&lab, 0, "a", "x");
    hub_doom(lab.hub, lab.now, "a", HUB_DOOMED, 0.3);
    for (int i = 0; i < 2000; i++)
        n += hub_fate_of_job(lab.hub, hub_fixture_registration(&lab, 0)) == HUB_DOOMED;
    ck_assert_int_ge(n, 600 - 144);
    ck_assert_int_le(n, 600 + 144);
}
END_TEST

START_TEST(a_slow_github_assigns_late)
{
    int64_t run;
    hub_fixture_runner(&lab, 0, "a", "x");
    lab.hub->slow_ms = 3 * MINUTE;
    run = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    hub_fixture_play(&lab, 3 * MINUTE - SECOND);
    ck_assert_int_lt(hub_fixture_job(&lab, run)->assigned_ms, 0);
    hub_fixture_play(&lab, 2 * SECOND);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->status, HUB_IN_PROGRESS);
}
END_TEST

START_TEST(a_registration_made_anew_has_another_id_and_its_first_labels)
{
    int64_t before, run;
    hub_fixture_runner(&lab, 0, "a", "x");
    before = hub_fixture_registration(&lab, 0)->id;
    hub_fixture_registration(&lab, 0)->custom.n = 0;
    ck_assert_int_eq(hub_replace(lab.hub, lab.now, "a", 0), HUB_DONE);
    ck_assert_int_gt(hub_fixture_registration(&lab, 0)->id, before);
    ck_assert(hub_label_has(&hub_fixture_registration(&lab, 0)->custom, "x"));
    hub_fixture_registration(&lab, 0)->ephemeral = true;
    before = hub_fixture_registration(&lab, 0)->id;
    run = hub_fixture_submit(&lab, "x", NULL, MINUTE);
    hub_fixture_play(&lab, 2 * MINUTE);
    ck_assert_int_eq(hub_fixture_job(&lab, run)->conclusion, HUB_SUCCESS);
    ck_assert_int_gt(hub_fixture_registration(&lab, 0)->id, before);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("hub trouble");
    TCase *tcase = tcase_create("wrong");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_deaf_listener_gives_its_job_back);
    tcase_add_test(tcase,
                   a_listener_that_takes_a_job_and_never_starts_it_fails_it_after_ten_minutes);
    tcase_add_test(tcase, only_so_many_listeners_hang);
    tcase_add_test(tcase, an_endless_job_holds_its_slot_until_its_time_is_up);
    tcase_add_test(tcase, jobs_fail_where_the_fault_is_and_nowhere_else);
    tcase_add_test(tcase, a_share_of_jobs_is_a_share);
    tcase_add_test(tcase, a_slow_github_assigns_late);
    tcase_add_test(tcase, a_registration_made_anew_has_another_id_and_its_first_labels);
    suite_add_tcase(all, tcase);
    return all;
}
