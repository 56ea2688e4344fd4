/* The queue in one look: who waits, since when, and whose labels nobody has. */
#include "live/watch/queue.h"
#include "tests/support/helpers.h"
#include "tests/support/status_fixture.h"

#include <string.h>

static struct status_fixture *world;

static void set_up(void)
{
    world = status_fixture_open();
}

static void tear_down(void)
{
    status_fixture_close(world);
}

static struct github_labels labels(const char *a, const char *b)
{
    struct github_labels out = {.n = b ? 2 : 1};
    strcpy(out.name[0], a);
    if (b)
        strcpy(out.name[1], b);
    return out;
}

START_TEST(jobs_that_nobody_can_take_are_named)
{
    static struct github_runner runner[1];
    static struct github_job job[4];
    struct github_runners runners = {runner, 1, 1};
    struct github_jobs jobs = {job, 4, 4};
    static struct job_reader reader;
    struct queue_summary queue;
    int i;
    runner[0] = (struct github_runner){.name = "big-1", .labels = labels("self-hosted", "Linux")};
    for (i = 0; i < 4; i++)
        job[i] = (struct github_job){
            .id = i, .status = "queued", .created_ms = 1000 + i, .started_ms = -1};
    strcpy(job[0].name, "fits");
    job[0].labels = labels("self-hosted", "LINUX");
    strcpy(job[1].name, "gpu");
    job[1].labels = labels("self-hosted", "gpu");
    job[2].labels = labels("ubuntu-latest", NULL); /* GitHub's own */
    strcpy(job[3].status, "in_progress");
    strcpy(job[3].runner_name, "big-1");
    job[3].started_ms = 1003 + 61000;
    job[3].completed_ms = -1;
    reader.jobs = jobs;
    queue_sum_up(&queue, &world->fleet, &runners, &reader);
    ck_assert_int_eq(queue.waiting, 2);
    ck_assert_int_eq(queue.oldest_ms, 1000);
    ck_assert_str_eq(queue.oldest.name, "fits");
    ck_assert_int_eq(queue.unmatched, 1);
    ck_assert_str_eq(queue.stuck[0].name, "gpu");
    ck_assert_str_eq(queue.stuck[0].labels, "self-hosted, gpu");
    ck_assert_int_eq(queue.running, 1);
    ck_assert_int_eq(queue.start_ms[0], 62003); /* it had waited for a slot */
    ck_assert_int_eq(queue.start_ms[1], -1);
    job[3].started_ms = 1003 + 3000; /* a minute and a half where time is 30 times as fast */
    queue_sum_up(&queue, &world->fleet, &runners, &reader);
    ck_assert_int_eq(queue.start_ms[0], -1);
    world->fleet.live.time_factor = 30;
    queue_sum_up(&queue, &world->fleet, &runners, &reader);
    ck_assert_int_eq(queue.start_ms[0], 4003);
}
END_TEST

START_TEST(of_many_stuck_jobs_the_oldest_are_named)
{
    static struct github_job job[20];
    struct github_runners none = {0};
    struct github_jobs jobs = {job, 20, 20};
    static struct job_reader reader;
    struct queue_summary queue;
    int i;
    for (i = 0; i < 20; i++)
        job[i] = (struct github_job){.id = i,
                                     .status = "queued",
                                     .created_ms = 100 - i,
                                     .started_ms = -1,
                                     .labels = labels("self-hosted", NULL)};
    reader.jobs = jobs;
    queue_sum_up(&queue, &world->fleet, &none, &reader);
    ck_assert_int_eq(queue.unmatched, 20);
    for (i = 0; i < QUEUE_STUCK; i++)
        ck_assert_int_le(queue.stuck[i].created_ms, 88);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("queue");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, jobs_that_nobody_can_take_are_named);
    tcase_add_test(tcase, of_many_stuck_jobs_the_oldest_are_named);
    suite_add_tcase(all, tcase);
    return all;
}
