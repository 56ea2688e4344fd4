/* What GitHub does with jobs and runners whose host is gone, cut off or slow. */
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <stdio.h>
#include <string.h>

static struct scenario_text s;

/* Of a job: the number behind "job " in the entry that holds `words`. */
static int job_of(int64_t from_ms, const char *words)
{
    const struct timeline *timeline = &s.result.timeline;
    int job = -1;
    size_t i;
    for (i = 0; i < timeline->n && job < 0; i++)
        if (timeline->entry[i].at_ms >= from_ms && strstr(timeline->entry[i].what, words))
            sscanf(timeline->entry[i].what, "job %d", &job);
    ck_assert_msg(job >= 0, "nothing says '%s'", words);
    return job;
}

static int64_t when_job(int job, int64_t from_ms, const char *words)
{
    char text[80];
    snprintf(text, sizeof text, "job %d %s", job, words);
    return scenario_text_when(&s, from_ms, text);
}

START_TEST(a_job_assigned_to_a_dead_runner_is_requeued_after_60_s)
{
    int64_t stranded_ms;
    int job;
    scenario_text_play(&s, scenario_text_calm, scenario_text_github,
                       "faults: [{kind: host-power-loss, target: P, at: 1h}]\n");
    job = job_of(HOUR, "was assigned to a runner that is gone");
    stranded_ms = when_job(job, HOUR, "was assigned");
    ck_assert_int_eq(when_job(job, HOUR, "is requeued") - stranded_ms, 60 * SECOND);
    scenario_text_fini(&s);
}
END_TEST

/* Every lost job is found between lock - renewal and lock + sweep after the loss, and both ends of
 * the range are nearly reached: of some 2000 the chance that none comes within 5 s of an end is
 * below 1e-12 (the density there is linear: (5^2 / 2) / (60 * 15) = 1.4%). */
START_TEST(lost_jobs_fail_600_minus_u60_plus_u15_s_after_the_loss)
{
    double low = 1e9, high = 0;
    int64_t at_ms, fault_ms;
    int n = 0;
    scenario_text_load(
        &s,
        "name: locks\nduration: 400h\nfleet:\n%s"
        "  workload: {arrivals: {kind: renewal, interval: 10s}, classes: [{name: j, "
        "duration: 50s}]}\n%s"
        "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 30min, every: 30min}]\n",
        scenario_text_hosts, "  github: {pickup: 2s, offline_after: 60s}\n");
    scenario_text_run(&s, (struct experiment){.seed = 2, .replications = 1, .trace = true});
    for (fault_ms = 1 * HOUR; fault_ms >= 0;
         fault_ms = scenario_text_when(&s, fault_ms + 1, "host-power-loss")) {
        if (fault_ms > 1 * HOUR &&
            scenario_text_when(&s, fault_ms, "host-power-loss ends") == fault_ms)
            continue;
        for (at_ms = fault_ms;
             (at_ms = scenario_text_when(&s, at_ms + 1, "its lock ran out")) >= 0 &&
             at_ms < fault_ms + 29 * MINUTE;) {
            double delay_s = (double)(at_ms - fault_ms) / 1e3;
            low = delay_s < low ? delay_s : low;
            high = delay_s > high ? delay_s : high;
            n++;
        }
    }
    ck_assert_int_gt(n, 500);
    ck_assert_msg(low >= 540 && low < 545, "got %.1f s", low);
    ck_assert_msg(high <= 615 && high > 610, "got %.1f s", high);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_job_behind_a_partition_that_heals_in_time_survives)
{
    int job;
    int64_t lost_ms;
    scenario_text_play(
        &s, scenario_text_calm, scenario_text_github,
        "faults: [{kind: network-partition, from: github, target: P, at: 1h, lasts: 5min}]\n");
    job = job_of(HOUR, "is lost from GitHub's sight");
    lost_ms = when_job(job, HOUR, "is lost");
    ck_assert_int_eq(lost_ms, HOUR);
    /* It went on meanwhile: done, 3 minutes long, the moment the network is back. */
    ck_assert_int_eq(when_job(job, HOUR, "succeeds"), HOUR + 5 * MINUTE);
    ck_assert_int_eq(scenario_text_count(&s, "its lock ran out"), 0);
    ck_assert(scenario_text_mean(&s, METRIC_JOBS_FAILED) == 0);
    scenario_text_fini(&s);
    scenario_text_play(
        &s, scenario_text_calm, scenario_text_github,
        "faults: [{kind: network-partition, from: github, target: P, at: 1h, lasts: 12min}]\n");
    ck_assert_int_gt(scenario_text_count(&s, "its lock ran out"), 0);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_job_behind_a_partition_ends_with_its_runner)
{
    int job;
    scenario_text_play(
        &s, scenario_text_calm, scenario_text_github,
        "faults:\n"
        "  - {kind: network-partition, from: github, target: P, at: 1h, lasts: 5min}\n"
        "  - {kind: slots-lost, slots: 8, target: P, at: 61min, lasts: 30min}\n");
    job = job_of(HOUR, "is lost from GitHub's sight");
    ck_assert_int_ge(when_job(job, HOUR + 9 * MINUTE, "fails"), 0);
    ck_assert_int_gt(scenario_text_count(&s, "its lock ran out"), 0);
    scenario_text_fini(&s);
}
END_TEST

/* Back after 40 s, while GitHub holds the dead sessions for 101 s: retries every 30 s find them
 * gone at 130 s. Until then jobs sent there strand, and GitHub shows the host offline from 100 s.
 */
START_TEST(after_a_crash_a_session_conflict_keeps_the_host_out)
{
    int64_t back_ms = HOUR + 40 * SECOND;
    size_t i;
    scenario_text_play(&s, scenario_text_calm, "  github: {pickup: 2s, offline_after: 101s}\n",
                       "faults: [{kind: os-crash, target: P, at: 1h, lasts: 40s}]\n");
    ck_assert_int_eq(scenario_text_when(&s, HOUR, "the host is back"), back_ms);
    ck_assert_int_eq(scenario_text_when(&s, HOUR, "offline"), HOUR + 101 * SECOND);
    for (i = 0; i < s.result.timeline.n; i++) {
        const struct timeline_entry *entry = &s.result.timeline.entry[i];
        ck_assert(!(entry->host == 0 && strstr(entry->what, " starts") && entry->at_ms > HOUR &&
                    entry->at_ms < HOUR + 130 * SECOND));
    }
    ck_assert_int_gt(scenario_text_count(&s, "was assigned to a runner that is gone"), 0);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_session_conflict_beyond_its_limit_keeps_the_host_down)
{
    scenario_text_play(&s, scenario_text_calm, "  github: {pickup: 2s, offline_after: 300s}\n",
                       "faults: [{kind: os-crash, target: P, at: 1h, lasts: 30s}]\n");
    ck_assert(s.result.metric[METRIC_MTTR].n == 0);
    ck_assert_int_eq(s.result.timeline.point[s.result.timeline.n_points - 3].online, 0);
    scenario_text_fini(&s);
}
END_TEST

/* 8 registrations that come back with a chance of 1/2 each; each boot draws anew. */
START_TEST(slots_lost_in_a_crash_get_another_chance_at_the_next_boot)
{
    const struct timeline *timeline = &s.result.timeline;
    int low = 8, high_after_low = 0;
    size_t i;
    scenario_text_play(
        &s, scenario_text_calm, "  github: {pickup: 2s, offline_after: 60s, lost_slots: 50%}\n",
        "faults: [{kind: os-crash, target: P, at: 10min, lasts: 5min, every: 5min}]\n");
    for (i = 0; i < timeline->n_points; i++) {
        const struct timeline_point *point = &timeline->point[i];
        if (point->host != 0 || point->online == 0)
            continue;
        if (point->online < low) {
            low = point->online;
            high_after_low = low;
        }
        high_after_low = point->online > high_after_low ? point->online : high_after_low;
    }
    ck_assert_int_lt(low, 8);
    ck_assert_int_gt(high_after_low, low);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_slowed_job_still_times_out)
{
    scenario_text_play(
        &s,
        "  workload:\n    arrivals: {kind: renewal, interval: 59min}\n"
        "    classes: [{name: j, duration: 10min, timeout: 20min}]\n",
        "  github: {pickup: 0s, selection: priority}\n",
        "faults: [{kind: slow-host, slowdown: 10, target: all, at: 1h, lasts: 30min}]\n");
    ck_assert_int_eq(scenario_text_when(&s, 0, "longer than its time-out"),
                     59 * MINUTE + 20 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

/* It hangs from 59 min on, its work long done when its host goes: what is left of it is nothing. */
START_TEST(a_hanging_job_is_taken_back_with_no_work_left)
{
    scenario_text_play(&s,
                       "  workload:\n    arrivals: {kind: renewal, interval: 59min}\n"
                       "    classes: [{name: j, duration: 10min}]\n    on_failure: resume\n",
                       "  github: ideal\n",
                       "faults: [{kind: job-hung, share: 100%, target: all, at: 30min, lasts: 1h}, "
                       "{kind: host-power-loss, target: all, at: 1h30min, lasts: 30min}]\n");
    ck_assert_int_eq(scenario_text_when(&s, 0, "job 0 starts"), 59 * MINUTE);
    ck_assert_int_eq(scenario_text_when(&s, HOUR, "job 0 starts"), 2 * HOUR);
    ck_assert_int_eq(scenario_text_when(&s, HOUR, "job 0 succeeds"), 2 * HOUR);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_job_fails_after_the_queue_limit_even_if_requeued)
{
    scenario_text_play(&s,
                       "  workload:\n    arrivals: {kind: renewal, interval: 3601s}\n"
                       "    classes: [{name: j, duration: 10min}]\n",
                       "  github: {pickup: 2s, queue_limit: 30min, offline_after: 3min}\n",
                       "faults: [{kind: host-power-loss, target: all, at: 1h}]\n");
    ck_assert_int_gt(scenario_text_count(&s, "is requeued"), 0);
    ck_assert_int_eq(scenario_text_when(&s, 0, "waited too long"), 3601 * SECOND + 30 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("sessions");
    TCase *sessions = tcase_create("sessions");
    tcase_add_test(sessions, a_job_assigned_to_a_dead_runner_is_requeued_after_60_s);
    tcase_add_test(sessions, lost_jobs_fail_600_minus_u60_plus_u15_s_after_the_loss);
    tcase_add_test(sessions, a_job_behind_a_partition_that_heals_in_time_survives);
    tcase_add_test(sessions, a_job_behind_a_partition_ends_with_its_runner);
    tcase_add_test(sessions, after_a_crash_a_session_conflict_keeps_the_host_out);
    tcase_add_test(sessions, a_session_conflict_beyond_its_limit_keeps_the_host_down);
    tcase_add_test(sessions, slots_lost_in_a_crash_get_another_chance_at_the_next_boot);
    tcase_add_test(sessions, a_slowed_job_still_times_out);
    tcase_add_test(sessions, a_hanging_job_is_taken_back_with_no_work_left);
    tcase_add_test(sessions, a_job_fails_after_the_queue_limit_even_if_requeued);
    suite_add_tcase(suite, sessions);
    return suite;
}
