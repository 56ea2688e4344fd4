/* The GitHub stand-in's state, played in virtual time: tests/lab/hub.h against
 * github-semantics.md. Seeds are fixed, so that no test can fail by chance. */
#include "tests/lab/hub.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define START 1700000000000LL
#define STEP 250

static struct hub *hub;
static int64_t now;

/* Runners that these tests play: a session each; those that listen poll at every step. */
static struct {
    uint64_t session;
    bool listens, works;
} runner[8];

static void setup(void)
{
    hub = hub_open(1, 7);
    now = START;
    memset(runner, 0, sizeof runner);
}

static void teardown(void)
{
    hub_close(hub);
}

static struct hub_labels labels(const char *a, const char *b)
{
    struct hub_labels list = {.n = 0};
    ck_assert(hub_label_add(&list, a));
    if (b != NULL)
        ck_assert(hub_label_add(&list, b));
    return list;
}

static struct hub_registration *registration(int i)
{
    return &hub->registration[i];
}

static void add_runner(int i, const char *host, const char *label)
{
    struct hub_labels custom = labels(label, NULL);
    char name[32];
    snprintf(name, sizeof name, "runner-%d", i);
    ck_assert_int_eq(hub_register(hub, name, host, HUB_REPOSITORY, &custom), HUB_DONE);
    ck_assert_int_eq(hub_session_begin(hub, now, name, &runner[i].session), HUB_DONE);
    runner[i].listens = runner[i].works = true;
}

/* What a runner does in one step: contact; start what is assigned; renew every 60 s. */
static void play_runner(int i)
{
    struct hub_registration *own = hub_contact(hub, now, runner[i].session);
    struct hub_job *job;
    if (own == NULL || own->job < 0 || !runner[i].works)
        return;
    job = &hub->job[own->job];
    if (job->status == HUB_QUEUED && own->hung != HUB_WELL)
        return;
    if (job->status == HUB_QUEUED)
        hub_job_start(hub, now, runner[i].session, job->id);
    else if (now >= job->started_ms + hub_duration_ms(hub, job))
        hub_job_finish(hub, now, runner[i].session, job->id, HUB_SUCCESS);
    else if ((now - job->started_ms) % MINUTE == 0)
        hub_job_renew(hub, now, runner[i].session, job->id);
}

static void play(int64_t ms)
{
    for (int64_t end = now + ms; now < end; now += STEP) {
        for (int i = 0; i < 8; i++)
            if (runner[i].listens)
                play_runner(i);
        hub_step(hub, now);
    }
}

static int64_t submit(const char *a, const char *b, int64_t duration_ms)
{
    struct hub_order order = {.name = "build", .labels = labels(a, b), .duration_ms = duration_ms};
    int64_t run;
    ck_assert_int_eq(hub_submit(hub, now, "test", -1, &order, 1, &run), HUB_DONE);
    return run;
}

static struct hub_job *job_of(int64_t run)
{
    return &hub->job[hub_run_by_id(hub, run)->first_job];
}

START_TEST(a_job_runs_on_a_registration_that_has_all_its_labels)
{
    int64_t both, none;
    add_runner(0, "a", "linux-big");
    add_runner(1, "b", "gpu");
    both = submit("self-hosted", "GPU", MINUTE); /* labels know no case */
    none = submit("gpu", "linux-big", MINUTE);
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(both)->conclusion, HUB_SUCCESS);
    ck_assert_int_eq(job_of(both)->registration, 1);
    ck_assert_int_eq(job_of(none)->status, HUB_QUEUED);
}
END_TEST

START_TEST(a_job_that_nothing_matches_fails_after_a_day)
{
    int64_t run;
    add_runner(0, "a", "x");
    run = submit("y", NULL, MINUTE);
    play(24 * HOUR - MINUTE);
    ck_assert_int_eq(job_of(run)->status, HUB_QUEUED);
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(run)->conclusion, HUB_FAILURE);
}
END_TEST

START_TEST(the_oldest_eligible_job_goes_first)
{
    int64_t other, first, second;
    add_runner(0, "a", "x");
    other = submit("y", NULL, MINUTE);
    first = submit("x", NULL, MINUTE);
    second = submit("x", NULL, MINUTE);
    play(30 * SECOND);
    ck_assert_int_eq(job_of(other)->status, HUB_QUEUED);
    ck_assert_int_eq(job_of(first)->status, HUB_IN_PROGRESS);
    ck_assert_int_eq(job_of(second)->status, HUB_QUEUED);
}
END_TEST

START_TEST(the_choice_among_idle_registrations_is_random)
{
    int chosen[4] = {0};
    for (int i = 0; i < 4; i++)
        add_runner(i, i < 3 ? "a" : "b", "x");
    for (int i = 0; i < 400; i++) {
        int64_t run = submit("x", NULL, SECOND);
        play(5 * SECOND);
        chosen[job_of(run)->registration]++;
    }
    for (int i = 0; i < 4; i++) /* fixed seed; 100 +- 4 standard deviations */
        ck_assert(chosen[i] > 65 && chosen[i] < 135);
}
END_TEST

START_TEST(a_vanished_host_goes_offline_as_one_after_60_to_150_seconds)
{
    int64_t least = HOUR, most = 0;
    for (int i = 0; i < 3; i++)
        add_runner(i, "a", "x");
    for (int trial = 0; trial < 200; trial++) {
        int64_t vanished = now;
        for (int i = 0; i < 3; i++)
            runner[i].listens = false;
        while (registration(0)->online && now < vanished + HOUR)
            play(STEP);
        ck_assert(!registration(1)->online && !registration(2)->online);
        least = now - vanished < least ? now - vanished : least;
        most = now - vanished > most ? now - vanished : most;
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(hub_session_begin(hub, now, registration(i)->name, &runner[i].session),
                             HUB_DONE);
            runner[i].listens = true;
        }
        play(MINUTE);
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
    add_runner(0, "a", "x");
    play(SECOND);
    runner[0].listens = false;
    ck_assert_int_eq(hub_session_end(hub, now, runner[0].session), HUB_DONE);
    play(5 * SECOND);
    ck_assert(!registration(0)->online);
}
END_TEST

START_TEST(a_session_in_use_is_refused_until_github_has_let_go_of_it)
{
    uint64_t session;
    add_runner(0, "a", "x");
    play(SECOND);
    runner[0].listens = false;
    play(50 * SECOND);
    ck_assert_int_eq(hub_session_begin(hub, now, "runner-0", &session), HUB_CONFLICT);
    play(110 * SECOND);
    ck_assert_int_eq(hub_session_begin(hub, now, "runner-0", &session), HUB_DONE);
    ck_assert_ptr_null(hub_contact(hub, now, runner[0].session));
}
END_TEST

START_TEST(a_job_on_a_dead_runner_fails_when_its_lock_ends_and_is_not_queued_again)
{
    int64_t least = HOUR, most = 0;
    for (int trial = 0; trial < 100; trial++) {
        int64_t run, died;
        if (trial == 0)
            add_runner(0, "a", "x");
        else
            hub_session_begin(hub, now, "runner-0", &runner[0].session);
        runner[0].listens = true;
        run = submit("x", NULL, 10 * HOUR);
        play(5 * MINUTE + trial * 613); /* dies anywhere between two renewals */
        died = now;
        runner[0].listens = false;
        while (job_of(run)->status == HUB_IN_PROGRESS && now < died + HOUR)
            play(STEP);
        least = now - died < least ? now - died : least;
        most = now - died > most ? now - died : most;
        ck_assert_int_eq(job_of(run)->conclusion, HUB_FAILURE);
        ck_assert_int_eq(hub_run_by_id(hub, run)->n_jobs, 1);
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
    add_runner(0, "a", "x");
    run = submit("x", NULL, 2 * HOUR);
    play(2 * HOUR + MINUTE);
    ck_assert_int_eq(job_of(run)->conclusion, HUB_SUCCESS);
}
END_TEST

START_TEST(a_job_that_is_not_picked_up_goes_to_another_after_a_minute)
{
    add_runner(0, "a", "x");
    add_runner(1, "b", "x");
    for (int trial = 0; trial < 10; trial++) { /* by chance alone all would pass once in 1024 */
        int64_t run;
        int deaf;
        runner[0].works = runner[1].works = false;
        run = submit("x", NULL, MINUTE);
        play(SECOND);
        deaf = job_of(run)->registration;
        ck_assert_int_ge(deaf, 0);
        runner[1 - deaf].works = true;
        play(58 * SECOND);
        ck_assert_int_eq(job_of(run)->registration, deaf);
        play(5 * SECOND);
        ck_assert_int_eq(job_of(run)->registration, 1 - deaf);
        ck_assert_int_eq(job_of(run)->status, HUB_IN_PROGRESS);
        play(2 * MINUTE);
        ck_assert_int_eq(job_of(run)->conclusion, HUB_SUCCESS);
    }
}
END_TEST

START_TEST(a_rerun_is_forbidden_until_the_run_has_concluded)
{
    int64_t run, first;
    add_runner(0, "a", "x");
    run = submit("x", NULL, HOUR);
    play(MINUTE);
    ck_assert_int_eq(hub_rerun(hub, now, run, true), HUB_FORBIDDEN);
    runner[0].listens = false;
    play(11 * MINUTE);
    first = job_of(run)->id;
    ck_assert_int_eq(hub_rerun(hub, now, run, true), HUB_DONE);
    ck_assert_int_ne(job_of(run)->id, first);
    ck_assert_int_eq(job_of(run)->attempt, 2);
    ck_assert_int_eq(hub_job_by_id(hub, first)->conclusion, HUB_FAILURE);
    ck_assert_int_eq(hub_rerun(hub, now, 4711, false), HUB_MISSING);
}
END_TEST

START_TEST(rerunning_failed_jobs_keeps_those_that_succeeded)
{
    struct hub_order orders[2] = {
        {.name = "good", .labels = labels("x", NULL), .duration_ms = SECOND},
        {.name = "bad", .labels = labels("y", NULL), .duration_ms = HOUR}};
    int64_t run;
    add_runner(0, "a", "x");
    add_runner(1, "b", "y");
    ck_assert_int_eq(hub_submit(hub, now, "test", -1, orders, 2, &run), HUB_DONE);
    play(MINUTE);
    runner[1].listens = false;
    play(12 * MINUTE);
    ck_assert_int_eq(hub_run_conclusion(hub, hub_run_by_id(hub, run)), HUB_FAILURE);
    ck_assert_int_eq(hub_rerun(hub, now, run, true), HUB_DONE);
    ck_assert_int_eq(job_of(run)[0].conclusion, HUB_SUCCESS);
    ck_assert_int_eq(job_of(run)[1].status, HUB_QUEUED);
}
END_TEST

START_TEST(cancelling_takes_as_long_as_its_runner_makes_it)
{
    int64_t waiting, running, forced;
    add_runner(0, "a", "x");
    add_runner(1, "a", "x");
    running = submit("x", NULL, HOUR);
    forced = submit("x", NULL, HOUR);
    waiting = submit("x", NULL, HOUR);
    play(MINUTE);
    runner[0].listens = runner[1].listens = false;
    ck_assert_int_eq(hub_cancel(hub, now, waiting, false), HUB_DONE);
    ck_assert_int_eq(hub_cancel(hub, now, running, false), HUB_DONE);
    ck_assert_int_eq(hub_cancel(hub, now, forced, true), HUB_DONE);
    play(2 * SECOND);
    ck_assert_int_eq(job_of(waiting)->conclusion, HUB_CANCELLED);
    ck_assert_int_eq(job_of(forced)->conclusion, HUB_CANCELLED);
    play(5 * MINUTE - 5 * SECOND);
    ck_assert_int_eq(job_of(running)->status, HUB_IN_PROGRESS);
    play(5 * SECOND);
    ck_assert_int_eq(job_of(running)->conclusion, HUB_CANCELLED);
    ck_assert_int_eq(hub_cancel(hub, now, running, true), HUB_CONFLICT);
}
END_TEST

START_TEST(queued_jobs_move_with_a_label_but_not_with_a_variable)
{
    struct hub_order order = {.name = "build", .variable = "POOL", .duration_ms = MINUTE};
    struct hub_labels custom = labels("active", NULL);
    int64_t by_label, by_variable;
    add_runner(0, "a", "old");
    add_runner(1, "b", "new");
    runner[0].listens = false;
    play(3 * MINUTE);
    ck_assert_int_eq(hub_submit(hub, now, "test", -1, &order, 1, &by_variable), HUB_INVALID);
    hub_variable_set(hub, now, HUB_REPOSITORY, "POOL", "[\"old\"]", true);
    ck_assert_int_eq(hub_submit(hub, now, "test", -1, &order, 1, &by_variable), HUB_DONE);
    by_label = submit("active", NULL, MINUTE);
    hub_variable_set(hub, now, HUB_REPOSITORY, "POOL", "[\"new\"]", false);
    registration(1)->custom = custom;
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(by_label)->conclusion, HUB_SUCCESS);
    ck_assert_int_eq(job_of(by_variable)->status, HUB_QUEUED);
    hub_cancel(hub, now, by_variable, true); /* run again, it asks for what is said now */
    play(3 * SECOND);
    ck_assert_int_eq(hub_rerun(hub, now, by_variable, true), HUB_DONE);
    registration(1)->custom = labels("new", NULL);
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(by_variable)->conclusion, HUB_SUCCESS);
}
END_TEST

START_TEST(a_lost_job_is_no_longer_its_runners)
{
    int64_t run, job;
    add_runner(0, "a", "x");
    run = submit("x", NULL, HOUR);
    play(MINUTE);
    job = job_of(run)->id;
    ck_assert_int_eq(hub_cancel(hub, now, run, true), HUB_DONE);
    runner[0].works = false;
    play(2 * SECOND);
    ck_assert_int_eq(hub_job_renew(hub, now, runner[0].session, job), HUB_CONFLICT);
    ck_assert_int_eq(hub_job_finish(hub, now, runner[0].session, job, HUB_SUCCESS), HUB_CONFLICT);
    ck_assert_int_eq(job_of(run)->conclusion, HUB_CANCELLED);
}
END_TEST

START_TEST(compression_divides_every_delay)
{
    hub_close(hub);
    hub = hub_open(30, 7);
    add_runner(0, "a", "x");
    play(SECOND);
    runner[0].listens = false;
    play(2 * SECOND - 3 * STEP);
    ck_assert(registration(0)->online);
    play(4 * SECOND);
    ck_assert(!registration(0)->online);
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(a_deaf_listener_gives_its_job_back)
{
    int64_t run;
    add_runner(0, "a", "x");
    ck_assert_int_eq(hub_hang(hub, "a", 0, HUB_DEAF), HUB_DONE);
    run = submit("x", NULL, MINUTE);
    play(5 * MINUTE);
    ck_assert_int_eq(job_of(run)->status, HUB_QUEUED);
    ck_assert(registration(0)->online);
    hub_hang(hub, "a", 0, HUB_WELL);
    play(3 * MINUTE);
    ck_assert_int_eq(job_of(run)->conclusion, HUB_SUCCESS);
    ck_assert_int_eq(hub_hang(hub, "nobody", 0, HUB_DEAF), HUB_MISSING);
}
END_TEST

START_TEST(a_listener_that_takes_a_job_and_never_starts_it_fails_it_after_ten_minutes)
{
    int64_t run;
    add_runner(0, "a", "x");
    hub_hang(hub, "a", 1, HUB_TAKING);
    run = submit("x", NULL, MINUTE);
    play(10 * MINUTE - 2 * SECOND);
    ck_assert_int_eq(job_of(run)->status, HUB_QUEUED);
    play(4 * SECOND);
    ck_assert_int_eq(job_of(run)->conclusion, HUB_FAILURE);
}
END_TEST

START_TEST(only_so_many_listeners_hang)
{
    for (int i = 0; i < 4; i++)
        add_runner(i, i < 3 ? "a" : "b", "x");
    hub_hang(hub, "a", 2, HUB_DEAF);
    ck_assert_int_eq(registration(0)->hung, HUB_DEAF);
    ck_assert_int_eq(registration(1)->hung, HUB_DEAF);
    ck_assert_int_eq(registration(2)->hung, HUB_WELL);
    ck_assert_int_eq(registration(3)->hung, HUB_WELL);
}
END_TEST

/* A job that never ends is ended after six hours, or by whoever ends the fault. */
START_TEST(an_endless_job_holds_its_slot_until_its_time_is_up)
{
    int64_t run, next;
    add_runner(0, "a", "x");
    ck_assert_int_eq(hub_doom(hub, now, "a", HUB_ENDLESS, 1), HUB_DONE);
    run = submit("x", NULL, MINUTE);
    play(6 * HOUR - MINUTE);
    ck_assert_int_eq(job_of(run)->status, HUB_IN_PROGRESS);
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(run)->conclusion, HUB_CANCELLED);
    next = submit("x", NULL, MINUTE);
    play(2 * MINUTE);
    hub_doom(hub, now, "a", HUB_ENDLESS, 0);
    play(SECOND);
    ck_assert_int_eq(job_of(next)->conclusion, HUB_CANCELLED);
}
END_TEST

START_TEST(jobs_fail_where_the_fault_is_and_nowhere_else)
{
    int64_t here, there;
    add_runner(0, "a", "x");
    add_runner(1, "b", "y");
    hub_doom(hub, now, "a", HUB_DOOMED, 1);
    here = submit("x", NULL, MINUTE);
    there = submit("y", NULL, MINUTE);
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(here)->conclusion, HUB_FAILURE);
    ck_assert_int_eq(job_of(there)->conclusion, HUB_SUCCESS);
    hub_doom(hub, now, "", HUB_DOOMED, 1);
    there = submit("y", NULL, MINUTE);
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(there)->conclusion, HUB_FAILURE);
    ck_assert_int_eq(hub_doom(hub, now, "a", HUB_DOOMED, 2), HUB_INVALID);
}
END_TEST

/* 2000 draws of 0.3: seven standard deviations either side (false alarm below 1e-11). */
START_TEST(a_share_of_jobs_is_a_share)
{
    int n = 0;
    add_runner(0, "a", "x");
    hub_doom(hub, now, "a", HUB_DOOMED, 0.3);
    for (int i = 0; i < 2000; i++)
        n += hub_fate_of_job(hub, registration(0)) == HUB_DOOMED;
    ck_assert_int_ge(n, 600 - 144);
    ck_assert_int_le(n, 600 + 144);
}
END_TEST

START_TEST(a_slow_github_assigns_late)
{
    int64_t run;
    add_runner(0, "a", "x");
    hub->slow_ms = 3 * MINUTE;
    run = submit("x", NULL, MINUTE);
    play(3 * MINUTE - SECOND);
    ck_assert_int_lt(job_of(run)->assigned_ms, 0);
    play(2 * SECOND);
    ck_assert_int_eq(job_of(run)->status, HUB_IN_PROGRESS);
}
END_TEST

START_TEST(a_registration_made_anew_has_another_id_and_its_first_labels)
{
    int64_t before, run;
    add_runner(0, "a", "x");
    before = registration(0)->id;
    registration(0)->custom.n = 0;
    ck_assert_int_eq(hub_replace(hub, now, "a", 0), HUB_DONE);
    ck_assert_int_gt(registration(0)->id, before);
    ck_assert(hub_label_has(&registration(0)->custom, "x"));
    registration(0)->ephemeral = true;
    before = registration(0)->id;
    run = submit("x", NULL, MINUTE);
    play(2 * MINUTE);
    ck_assert_int_eq(job_of(run)->conclusion, HUB_SUCCESS);
    ck_assert_int_gt(registration(0)->id, before);
}
END_TEST

static TCase *wrong(void)
{
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
    return tcase;
}

Suite *suite(void)
{
    Suite *suite = suite_create("hub");
    TCase *dispatcher = tcase_create("dispatcher");
    tcase_add_checked_fixture(dispatcher, setup, teardown);
    tcase_set_timeout(dispatcher, 30);
    tcase_add_test(dispatcher, a_job_runs_on_a_registration_that_has_all_its_labels);
    tcase_add_test(dispatcher, a_job_that_nothing_matches_fails_after_a_day);
    tcase_add_test(dispatcher, the_oldest_eligible_job_goes_first);
    tcase_add_test(dispatcher, the_choice_among_idle_registrations_is_random);
    tcase_add_test(dispatcher, a_vanished_host_goes_offline_as_one_after_60_to_150_seconds);
    tcase_add_test(dispatcher, a_deleted_session_shows_in_seconds);
    tcase_add_test(dispatcher, a_session_in_use_is_refused_until_github_has_let_go_of_it);
    tcase_add_test(dispatcher,
                   a_job_on_a_dead_runner_fails_when_its_lock_ends_and_is_not_queued_again);
    tcase_add_test(dispatcher, a_renewed_lock_lasts);
    tcase_add_test(dispatcher, a_job_that_is_not_picked_up_goes_to_another_after_a_minute);
    tcase_add_test(dispatcher, a_rerun_is_forbidden_until_the_run_has_concluded);
    tcase_add_test(dispatcher, rerunning_failed_jobs_keeps_those_that_succeeded);
    tcase_add_test(dispatcher, cancelling_takes_as_long_as_its_runner_makes_it);
    tcase_add_test(dispatcher, queued_jobs_move_with_a_label_but_not_with_a_variable);
    tcase_add_test(dispatcher, a_lost_job_is_no_longer_its_runners);
    tcase_add_test(dispatcher, compression_divides_every_delay);
    suite_add_tcase(suite, dispatcher);
    suite_add_tcase(suite, wrong());
    return suite;
}
