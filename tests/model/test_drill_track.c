/* Which jobs a fault has held up, from what GitHub's books say of their attempts. */
#include "model/drill/drill_track.h"
#include "model/load/loader.h"
#include "tests/support/drill_fixture.h"
#include "tests/support/helpers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE 60000LL

static struct scenario *scenario;
static struct drill_track track;

/* A fault at minute 1 that GitHub notices by minute 3 and that ends never; host 0 is hit. */
static void set_up(void)
{
    struct stage_reading reading;
    int i;
    scenario = calloc(1, sizeof *scenario);
    drill_fixture_scenario(scenario, NULL);
    drill_track_init(&track, scenario, 0, 1000);
    ck_assert(track.severing && track.hosts == 1);
    drill_track_fault(&track, MINUTE, MINUTE);
    for (i = 2; i <= 3; i++) {
        memset(&reading, 0, sizeof reading);
        reading.asked_ms = reading.answered_ms = i * MINUTE;
        reading.host[0].online = i == 2 ? scenario->fleet.hosts[0].slots : 0;
        reading.host[0].routed = scenario->fleet.hosts[0].slots;
        drill_track_reading(&track, FEED_GITHUB, &reading);
    }
    ck_assert(drill_track_seen(&track, MOMENT_SHUT));
}

static void tear_down(void)
{
    scenario_fini(scenario);
    free(scenario);
}

static struct stage_job job(int attempt, int host, int64_t created, int64_t started,
                            int64_t concluded)
{
    return (struct stage_job){.id = attempt,
                              .origin = 7,
                              .attempt = attempt,
                              .host = host,
                              .created_ms = created * MINUTE,
                              .started_ms = started < 0 ? -1 : started * MINUTE,
                              .concluded_ms = concluded < 0 ? -1 : concluded * MINUTE,
                              .success = false};
}

static double rto_ms(const struct stage_job *jobs, size_t n)
{
    drill_track_jobs(&track, jobs, n);
    return drill_track_measure(&track, MEASURE_RTO, 60 * MINUTE).value_ms;
}

START_TEST(a_job_that_waited_and_starts_elsewhere_restores_the_service)
{
    const struct stage_job jobs[] = {job(1, 1, 2, 8, -1)};
    ck_assert_double_eq_tol(rto_ms(jobs, 1), 7 * MINUTE, 1);
}
END_TEST

/* By variable, who is queued is cancelled and run again: it has waited since it was first asked
 * for. GitHub gives what was cancelled in the queue a started_at, and no runner. */
START_TEST(one_that_was_cancelled_in_the_queue_has_waited_since_its_first_attempt)
{
    const struct stage_job jobs[] = {job(2, 1, 9, 10, -1), job(1, -1, 2, 2, 9)};
    ck_assert_double_eq_tol(rto_ms(jobs, 2), 9 * MINUTE, 1);
}
END_TEST

START_TEST(one_whose_first_attempt_had_begun_was_lost_not_held_up)
{
    const struct stage_job jobs[] = {job(2, 1, 9, 10, -1), job(1, 0, 0, 0, 9)};
    ck_assert(isnan(rto_ms(jobs, 2)));
}
END_TEST

START_TEST(one_that_came_after_github_knew_was_not_held_up)
{
    const struct stage_job jobs[] = {job(2, 1, 9, 10, -1), job(1, -1, 5, 5, 9)};
    ck_assert(isnan(rto_ms(jobs, 2)));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("drill track");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_job_that_waited_and_starts_elsewhere_restores_the_service);
    tcase_add_test(tcase, one_that_was_cancelled_in_the_queue_has_waited_since_its_first_attempt);
    tcase_add_test(tcase, one_whose_first_attempt_had_begun_was_lost_not_held_up);
    tcase_add_test(tcase, one_that_came_after_github_knew_was_not_held_up);
    suite_add_tcase(all, tcase);
    return all;
}
