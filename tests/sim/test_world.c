/* The simulated world as a whole, through the loader and experiment_run. */
#include "tests/support/helpers.h"
#include "tests/support/random_scenario.h"
#include "tests/support/scenario_text.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct scenario_text s;

/* --- sleeping against ticking ---------------------------------------------------------------- */

static void ck_same_quantity(const struct quantity *a, const struct quantity *b, const char *what)
{
    ck_assert_msg(a->n == b->n && memcmp(a, b, offsetof(struct quantity, method)) == 0,
                  "%s: sleeping %lld of mean %g, ticking %lld of mean %g", what, (long long)a->n,
                  a->mean, (long long)b->n, b->mean);
}

static void ck_same(const struct result *a, const struct result *b, const char *text)
{
    int metric;
    ck_assert_msg(a->digest == b->digest, "digests differ for\n%s", text);
    for (metric = 0; metric < METRIC_COUNT; metric++)
        ck_same_quantity(&a->metric[metric], &b->metric[metric], metric_name((enum metric)metric));
}

START_TEST(sleeping_gives_what_ticking_gives)
{
    char *text = random_scenario_scenario((uint64_t)_i);
    struct scenario_text ticking;
    scenario_text_load(&s, "%s", text);
    scenario_text_load(&ticking, "%s", text);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 10, .threads = 1});
    scenario_text_run(
        &ticking,
        (struct experiment){.seed = 1, .replications = 10, .threads = 1, .always_tick = true});
    ck_same(&s.result, &ticking.result, text);
    ck_assert_int_lt(s.result.events, ticking.result.events);
    scenario_text_fini(&ticking);
    scenario_text_fini(&s);
    free(text);
}
END_TEST

START_TEST(threads_and_repetition_change_nothing)
{
    char *text = random_scenario_scenario((uint64_t)_i);
    struct scenario_text again;
    scenario_text_load(&s, "%s", text);
    scenario_text_load(&again, "%s", text);
    scenario_text_run(&s, (struct experiment){.seed = 5, .replications = 30, .threads = 1});
    scenario_text_run(&again, (struct experiment){.seed = 5, .replications = 30, .threads = 1});
    ck_same(&s.result, &again.result, text);
    scenario_text_run(&again, (struct experiment){.seed = 5, .replications = 30, .threads = 2});
    ck_same(&s.result, &again.result, text);
    scenario_text_run(&again, (struct experiment){.seed = 6, .replications = 30, .threads = 2});
    ck_assert_uint_ne(s.result.digest, again.result.digest);
    scenario_text_fini(&again);
    scenario_text_fini(&s);
    free(text);
}
END_TEST

/* --- GitHub ---------------------------------------------------------------------------------- */

/* One replication of a fleet as staged.h has it, traced; `extra` is YAML at the top level. */
static void play(const char *workload, const char *github, const char *extra)
{
    scenario_text_load(&s, "name: stage\nduration: 3h\nfleet:\n%s%s%s%s%s%s", scenario_text_hosts,
                       workload, github, scenario_text_monitoring, scenario_text_policy, extra);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
}

/* A job every half minute: about six run at any time. */
static const char calm[] = "  workload:\n    arrivals: {kind: renewal, interval: 30s}\n"
                           "    classes: [{name: j, duration: 3min, cores: 0.1}]\n";

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
    play(calm, scenario_text_github, "faults: [{kind: host-power-loss, target: P, at: 1h}]\n");
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
    play(calm, scenario_text_github,
         "faults: [{kind: network-partition, from: github, target: P, at: 1h, lasts: 5min}]\n");
    job = job_of(HOUR, "is lost from GitHub's sight");
    lost_ms = when_job(job, HOUR, "is lost");
    ck_assert_int_eq(lost_ms, HOUR);
    /* It went on meanwhile: done, 3 minutes long, the moment the network is back. */
    ck_assert_int_eq(when_job(job, HOUR, "succeeds"), HOUR + 5 * MINUTE);
    ck_assert_int_eq(scenario_text_count(&s, "its lock ran out"), 0);
    ck_assert(scenario_text_mean(&s, METRIC_JOBS_FAILED) == 0);
    scenario_text_fini(&s);
    play(calm, scenario_text_github,
         "faults: [{kind: network-partition, from: github, target: P, at: 1h, lasts: 12min}]\n");
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
    play(calm, "  github: {pickup: 2s, offline_after: 101s}\n",
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
    play(calm, "  github: {pickup: 2s, offline_after: 300s}\n",
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
    play(calm, "  github: {pickup: 2s, offline_after: 60s, lost_slots: 50%}\n",
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
    play("  workload:\n    arrivals: {kind: renewal, interval: 59min}\n"
         "    classes: [{name: j, duration: 10min, timeout: 20min}]\n",
         "  github: {pickup: 0s, selection: priority}\n",
         "faults: [{kind: slow-host, slowdown: 10, target: all, at: 1h, lasts: 30min}]\n");
    ck_assert_int_eq(scenario_text_when(&s, 0, "longer than its time-out"),
                     59 * MINUTE + 20 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_job_fails_after_the_queue_limit_even_if_requeued)
{
    play("  workload:\n    arrivals: {kind: renewal, interval: 3601s}\n"
         "    classes: [{name: j, duration: 10min}]\n",
         "  github: {pickup: 2s, queue_limit: 30min, offline_after: 3min}\n",
         "faults: [{kind: host-power-loss, target: all, at: 1h}]\n");
    ck_assert_int_gt(scenario_text_count(&s, "is requeued"), 0);
    ck_assert_int_eq(scenario_text_when(&s, 0, "waited too long"), 3601 * SECOND + 30 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

/* --- routing --------------------------------------------------------------------------------- */

/* Of host 0, between two entries of the timeline: how long its labels took to go or come. */
static int64_t first_point(int host, int64_t from_ms, int admitted)
{
    const struct timeline *timeline = &s.result.timeline;
    size_t i;
    for (i = 0; i < timeline->n_points; i++)
        if (timeline->point[i].host == host && timeline->point[i].at_ms >= from_ms &&
            timeline->point[i].admitted == admitted)
            return timeline->point[i].at_ms;
    return -1;
}

static const char dies[] = "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 30min}]\n";

START_TEST(eight_labels_take_eight_writes_a_second_apart)
{
    int64_t decided_ms, routed_ms;
    int left;
    play(calm, "  github: {api_latency: 100ms, write_spacing: 1s}\n", dies);
    decided_ms = scenario_text_when(&s, HOUR, "policy: failover");
    routed_ms = scenario_text_when(&s, HOUR, "routing has changed");
    ck_assert_int_eq(routed_ms - decided_ms, 7 * SECOND + 8 * 100);
    for (left = 7; left >= 0; left--)
        ck_assert_int_eq(first_point(0, HOUR, left) - decided_ms, (7 - left) * 1100 + 100);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(labels_change_only_by_the_plan)
{
    play(calm, scenario_text_github,
         "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 2min}, {kind: cpu-stress, "
         "target: B, at: 2h, lasts: 5min}]\n");
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
    ck_assert_int_eq(first_point(0, 0, 7), -1);
    ck_assert_int_eq(first_point(1, 0, 3), -1);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(two_plans_in_a_second_keep_the_spacing)
{
    int64_t at_ms = 0, previous_ms = -1;
    size_t i;
    play(calm, "  github: {api_latency: 0s, write_spacing: 10s}\n", dies);
    for (i = 0; i < s.result.timeline.n_points; i++) {
        static int admitted[2] = {8, 4};
        const struct timeline_point *point = &s.result.timeline.point[i];
        if (point->host < 0 || point->admitted == admitted[point->host])
            continue;
        admitted[point->host] = point->admitted;
        at_ms = point->at_ms;
        ck_assert(previous_ms < 0 || at_ms - previous_ms >= 10 * SECOND);
        previous_ms = at_ms;
    }
    ck_assert_int_gt(at_ms, 90 * MINUTE); /* the ramp was among them */
    scenario_text_fini(&s);
}
END_TEST

/* Long queues on a stressed fleet, so that jobs wait when the primary is drained. */
static const char crowded[] = "  workload:\n    arrivals: {kind: renewal, interval: 20s}\n"
                              "    classes: [{name: j, duration: 10min, cores: 0.1}]\n";
static const char stressed[] =
    "faults: [{kind: cpu-stress, target: P, at: 1h, lasts: 90min, load: 99%}]\n";

static int starts_on(int host, int64_t from_ms, int64_t until_ms)
{
    const struct timeline *timeline = &s.result.timeline;
    int n = 0;
    size_t i;
    for (i = 0; i < timeline->n; i++)
        n += timeline->entry[i].host == host && timeline->entry[i].at_ms >= from_ms &&
             timeline->entry[i].at_ms < until_ms &&
             strncmp(timeline->entry[i].what, "job ", 4) == 0 &&
             strstr(timeline->entry[i].what, " starts");
    return n;
}

START_TEST(label_moves_queued_jobs_at_once)
{
    int64_t routed_ms;
    play(crowded, "  github: {pickup: 0s}\n", stressed);
    routed_ms = scenario_text_when(&s, HOUR, "routing has changed");
    ck_assert_int_ge(routed_ms, 0);
    ck_assert_int_eq(starts_on(0, routed_ms + 1, scenario_text_when(&s, routed_ms, "failback")), 0);
    ck_assert_int_eq(starts_on(1, routed_ms, routed_ms + 20 * MINUTE), 8); /* 2 rounds of 4 */
    scenario_text_fini(&s);
}
END_TEST

/* 90 jobs or so wait for either host when the variable is switched; each must be cancelled and run
 * again, two writes a job. Meanwhile the primary, though drained, takes those not yet moved. */
START_TEST(variable_leaves_queued_jobs_until_they_are_run_again)
{
    int64_t routed_ms;
    int waiting, late;
    play(crowded, "  github: {pickup: 0s, mechanism: variable, write_spacing: 5s}\n", stressed);
    routed_ms = scenario_text_when(&s, HOUR, "routing has changed");
    ck_assert_int_ge(routed_ms, 0);
    waiting = (int)(routed_ms / 20000) - starts_on(0, 0, routed_ms) - starts_on(1, 0, routed_ms);
    ck_assert_int_gt(waiting, 40);
    late = starts_on(0, routed_ms + 1, routed_ms + waiting * 11 * SECOND);
    ck_assert_int_gt(late, 0);
    ck_assert_int_eq(starts_on(0, routed_ms + waiting * 11 * SECOND,
                               scenario_text_when(&s, routed_ms, "failback")),
                     0);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(hook_drains_without_github_but_not_without_the_host)
{
    static const char outage[] =
        "faults: [{kind: cpu-stress, target: P, at: 1h, lasts: 90min}, {kind: %s, at: 76min20s, "
        "lasts: 20min}]\n";
    char text[256];
    snprintf(text, sizeof text, outage, "token-expired");
    play(calm, "  github: {mechanism: hook, write_spacing: 60s}\n", text);
    ck_assert_int_ge(scenario_text_when(&s, HOUR, "policy: failover"), HOUR + 13 * MINUTE);
    ck_assert_int_lt(scenario_text_when(&s, HOUR, "policy: failover"), HOUR + 16 * MINUTE);
    ck_assert_int_lt(scenario_text_when(&s, HOUR, "routing has changed"), HOUR + 26 * MINUTE);
    scenario_text_fini(&s);
    play(calm, "  github: {mechanism: label, write_spacing: 60s}\n", text);
    ck_assert_int_gt(scenario_text_when(&s, HOUR, "routing has changed"), HOUR + 36 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(selection_is_random_or_by_priority)
{
    int primary, backup;
    play(calm, "  github: {selection: priority}\n", "");
    ck_assert_int_eq(starts_on(1, 0, 3 * HOUR), 0);
    scenario_text_fini(&s);
    play(calm, "  github: {selection: random}\n", "");
    primary = starts_on(0, 0, 3 * HOUR);
    backup = starts_on(1, 0, 3 * HOUR);
    ck_assert_int_ge(primary + backup, 355);
    /* About two to one: P keeps about 2 of its 8 slots idle more than B. */
    ck_assert_int_gt(backup, 60);
    ck_assert_int_gt(primary, 180);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(without_overflow_the_backup_begins_outside_the_rotation)
{
    scenario_text_load(
        &s, "name: stage\nduration: 3h\nfleet:\n%s%s%s%s  policy: {overflow: false}\n%s",
        scenario_text_hosts, calm, scenario_text_github, scenario_text_monitoring, dies);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_eq(starts_on(1, 0, HOUR), 0);
    ck_assert_int_gt(starts_on(1, HOUR, 2 * HOUR), 0);
    ck_assert_int_eq(first_point(1, 0, 0), 0);
    ck_assert_int_gt(first_point(1, 0, 1), scenario_text_when(&s, HOUR, "policy: failover"));
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVER_SUCCESS) == 1);
    scenario_text_fini(&s);
}
END_TEST

/* --- the controller's troubles and remedies -------------------------------------------------- */

START_TEST(fast_recovery_runs_lost_jobs_again_after_the_failover)
{
    static const char workload[] = "  workload:\n    arrivals: {kind: renewal, interval: 30s}\n"
                                   "    on_failure: rerun\n"
                                   "    classes: [{name: j, duration: 3min, cores: 0.1}]\n";
    play(workload, scenario_text_github, dies);
    ck_assert_int_gt(scenario_text_count(&s, "force-cancelled"), 0);
    ck_assert_int_eq(scenario_text_count(&s, "its lock ran out"), 0);
    ck_assert_int_gt(scenario_text_when(&s, HOUR, "force-cancelled"),
                     scenario_text_when(&s, HOUR, "routing has changed"));
    ck_assert(s.result.metric[METRIC_JOB_RECOVERY].n == 1);
    scenario_text_fini(&s);
    play(workload, "  github: {fast_recovery: false}\n", dies);
    ck_assert_int_eq(scenario_text_count(&s, "force-cancelled"), 0);
    ck_assert_int_gt(scenario_text_count(&s, "its lock ran out"), 0);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(without_token_or_github_nothing_is_flipped)
{
    static const char *const kinds[] = {"token-expired", "github-outage"};
    char text[256];
    snprintf(text, sizeof text,
             "faults: [{kind: %s, at: 50min, lasts: 60min}, {kind: host-power-loss, target: P, at: "
             "1h, lasts: 90min}]\n",
             kinds[_i]);
    play(calm, scenario_text_github, text);
    ck_assert_int_ge(scenario_text_when(&s, 0, "policy: blind"), 52 * MINUTE - 20 * SECOND);
    ck_assert_int_eq(first_point(0, 0, 7), first_point(0, 110 * MINUTE, 7));
    ck_assert_int_gt(scenario_text_when(&s, 0, "policy: failover"), 110 * MINUTE);
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVER_SUCCESS) == 0); /* due, and far too late */
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVERS) == 1);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_paged_human_repairs_both_hosts)
{
    int64_t page_ms;
    play(calm, scenario_text_github, "faults: [{kind: host-power-loss, target: all, at: 1h}]\n");
    page_ms = scenario_text_when(&s, 0, "policy: page");
    ck_assert_int_gt(page_ms, HOUR + 5 * MINUTE);
    ck_assert_int_eq(scenario_text_when(&s, 0, "host-power-loss ends"), page_ms + 30 * MINUTE);
    ck_assert_int_eq(scenario_text_count(&s, "policy: failover"), 0);
    ck_assert(s.result.metric[METRIC_MTTR].n == 1);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(maintenance_drains_and_waits_for_the_last_job)
{
    int64_t asked_ms, empty_ms;
    play("  workload:\n    arrivals: {kind: renewal, interval: 1min}\n"
         "    classes: [{name: j, duration: 8min, cores: 0.1}]\n",
         "  github: {pickup: 2s, selection: priority}\n",
         "faults: [{kind: maintenance, target: P, at: 1h, lasts: 1h}]\n");
    asked_ms = scenario_text_when(&s, 0, "policy: maintenance");
    empty_ms = scenario_text_when(&s, 0, "policy: empty");
    ck_assert_int_lt(asked_ms, HOUR + MINUTE);
    ck_assert_int_gt(empty_ms, HOUR + 6 * MINUTE);
    ck_assert_int_lt(empty_ms, HOUR + 10 * MINUTE);
    ck_assert_int_eq(starts_on(0, empty_ms, 2 * HOUR), 0);
    ck_assert(scenario_text_mean(&s, METRIC_JOBS_FAILED) == 0);
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVERS) == 0);
    scenario_text_fini(&s);
}
END_TEST

/* --- measures -------------------------------------------------------------------------------- */

START_TEST(a_job_lost_twice_is_recovered_once)
{
    play("  workload:\n    arrivals: {kind: renewal, interval: 58min}\n"
         "    classes: [{name: j, duration: 40min, cores: 0.1}]\n",
         "  github: {pickup: 2s, selection: priority}\n",
         "faults: [{kind: network-partition, from: github, target: P, at: 1h, lasts: 5min, every: "
         "5min}]\n");
    ck_assert_int_gt(scenario_text_count(&s, "is lost from GitHub's sight"), 1);
    ck_assert_int_eq(scenario_text_count(&s, " fails"), 0);
    ck_assert_int_ge(s.result.metric[METRIC_JOB_RECOVERY].n, 1);
    ck_assert(s.result.metric[METRIC_JOB_RECOVERY].max == 38 * MINUTE + 2 * SECOND);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(trouble_that_was_dismissed_has_its_time_to_full_capacity)
{
    int64_t dismissed_ms;
    play(calm, scenario_text_github,
         "faults: [{kind: network-partition, from: both, target: P, at: 1h, lasts: 4min}]\n");
    dismissed_ms = scenario_text_when(&s, HOUR, "policy: dismissed");
    ck_assert_int_gt(dismissed_ms, HOUR + 4 * MINUTE);
    ck_assert(scenario_text_mean(&s, METRIC_MTTR) == (double)(dismissed_ms - HOUR));
    ck_assert(isnan(scenario_text_mean(&s, METRIC_FAILOVER)));
    scenario_text_fini(&s);
}
END_TEST

START_TEST(a_relapse_is_detected_and_a_failover_in_time)
{
    play(calm, scenario_text_github,
         "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 20min, every: 8min}]\n");
    ck_assert_int_ge(scenario_text_count(&s, "policy: relapse"), 1);
    ck_assert_int_ge(s.result.metric[METRIC_DETECTION].n,
                     1 + scenario_text_count(&s, "policy: relapse"));
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVERS) ==
              scenario_text_count(&s, "policy: relapse") +
                  scenario_text_count(&s, "policy: failover"));
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVER_SUCCESS) == 1);
    scenario_text_fini(&s);
}
END_TEST

/* Blind from before the host's death until after its return: nothing was ever decided. */
START_TEST(a_failover_held_back_for_want_of_sight_is_a_failed_one)
{
    play(
        calm, scenario_text_github,
        "faults: [{kind: token-expired, at: 50min, lasts: 100min}, {kind: host-power-loss, target: "
        "P, at: 1h, lasts: 60min}]\n");
    ck_assert_int_eq(scenario_text_count(&s, "policy: held: a feed is stale"), 1);
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVERS) == 0);
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVER_SUCCESS) == 0);
    scenario_text_fini(&s);
}
END_TEST

/* Writes take 5 min each: the first failover is late, the relapse comes before the first label is
 * back, so that nothing has to be routed. */
START_TEST(a_relapse_before_the_first_slot_is_back_needs_no_routing)
{
    play(calm, "  github: {api_latency: 5min, offline_after: 60s}\n",
         "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 60min}, {kind: "
         "host-power-loss, target: P, at: 124min, lasts: 48min}]\n");
    ck_assert_int_eq(scenario_text_count(&s, "policy: relapse"), 1);
    ck_assert_int_gt(first_point(0, 115 * MINUTE, 1), 172 * MINUTE); /* the second return */
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVERS) == 2);
    ck_assert(scenario_text_mean(&s, METRIC_FAILOVER_SUCCESS) == 0.5);
    scenario_text_fini(&s);
}
END_TEST

/* Somebody pauses the automation for ten minutes in the middle of an outage, twice at once: what is
 * due waits, and comes when the last pause ends. The pause itself is no incident. */
START_TEST(a_pause_holds_what_is_due)
{
    play(calm, scenario_text_github,
         "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 1h}, {kind: pause, at: 58min, "
         "lasts: 8min}, {kind: pause, at: 1h, lasts: 20min}]\n");
    ck_assert_int_eq(scenario_text_count(&s, "policy: held: paused"), 1);
    ck_assert_int_ge(scenario_text_when(&s, 0, "policy: failover"), 80 * MINUTE);
    ck_assert_int_lt(scenario_text_when(&s, 0, "policy: failover"), 81 * MINUTE);
    ck_assert_int_eq(s.result.metric[METRIC_DETECTION].n, 1);
    scenario_text_fini(&s);
}
END_TEST

/* Once the event queue overflowed: each of 360,000 jobs an hour leaves its patience of two days
 * behind, long after it was served. */
START_TEST(patience_that_outlives_its_jobs_overflows_nothing)
{
    scenario_text_load(&s, "name: impatient\n"
                           "fleet:\n"
                           "  hosts: [{name: P, tier: primary, slots: 4}]\n"
                           "  github: ideal\n"
                           "  workload:\n"
                           "    arrivals: {rate: 6000/min}\n"
                           "    classes: [{duration: {kind: exponential, mean: 36ms}}]\n"
                           "    queue: {patience: 2d}\n"
                           "duration: 20h\n");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1});
    ck_assert_double_gt(scenario_text_mean(&s, METRIC_JOBS_DONE), 7e6);
    scenario_text_fini(&s);
}
END_TEST

/* Limits shorter than what they limit once pushed events into the past: a lock that runs out before
 * it is renewed, a requeued job that has waited too long already. */
START_TEST(tiny_limits_are_over_at_once)
{
    static const char *const limits[] = {"lock: 0s", "lock: 1s", "queue_limit: 1s",
                                         "requeue_after: 1h, queue_limit: 10min"};
    char github[200];
    snprintf(github, sizeof github, "  github: {pickup: {kind: uniform, min: 2s, max: 8s}, %s}\n",
             limits[_i]);
    play(calm, github,
         "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 20min, every: 1h}]\n");
    ck_assert_double_gt(scenario_text_mean(&s, METRIC_JOBS_DONE), 0);
    ck_assert_double_gt(scenario_text_mean(&s, METRIC_JOBS_FAILED), 0);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(overlapping_maintenance_lasts_until_the_last_one_ends)
{
    play(calm, scenario_text_github,
         "faults: [{kind: maintenance, target: P, at: 1h, lasts: 20min}, {kind: maintenance, "
         "target: P, at: 70min, lasts: 30min}]\n");
    ck_assert_int_ge(scenario_text_when(&s, 0, "policy: failback"), 100 * MINUTE);
    ck_assert_int_lt(scenario_text_when(&s, 0, "policy: failback"), 102 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

START_TEST(overlapping_api_errors_last_until_the_last_one_ends)
{
    play(calm, scenario_text_github,
         "faults: [{kind: github-api-errors, error_rate: 100%, at: 1h, lasts: 40min}, {kind: "
         "github-api-errors, error_rate: 10%, at: 65min, lasts: 5min}]\n");
    ck_assert_int_ge(scenario_text_when(&s, 0, "policy: sighted"), 100 * MINUTE);
    scenario_text_fini(&s);
}
END_TEST

/* Availability is below 1 in about a third of 100 replications: its lowest tenth is, its median is
 * not (a false alarm for 1 in 10^6 seeds: a binomial of 100 and 0.3 at 10 or 50). */
START_TEST(any_quantile_is_judged_by_its_own_value)
{
    scenario_text_load(&s,
                       "name: stage\nduration: 3h\nreplications: 100\nfleet:\n%s%sfaults: [{kind: "
                       "host-power-loss, target: all, at: 1h, lasts: 1h, chance: 30%%}]\nexpect:\n"
                       "  - {metric: availability, quantile: p10, op: \"<\", value: 70%%}\n"
                       "  - {metric: availability, quantile: p49, op: \">\", value: 99%%}\n"
                       "  - {metric: availability, quantile: 0, op: \"<\", value: 70%%}\n"
                       "  - {metric: queue_length, quantile: 0, op: \"<=\", value: 0}\n"
                       "  - {metric: detection, quantile: p50, op: \"<\", value: 1h}\n",
                       scenario_text_hosts, calm);
    scenario_text_run(&s, (struct experiment){.seed = 1});
    ck_assert(s.result.verdicts[0].pass);
    ck_assert(s.result.verdicts[1].pass);
    ck_assert(s.result.verdicts[2].pass);
    ck_assert(s.result.verdicts[3].pass);
    ck_assert(!s.result.verdicts[4].pass); /* nothing was observed */
    scenario_text_fini(&s);
}
END_TEST

/* An ideal dispatcher must not hand a job back to the registration that has just died with one. */
START_TEST(a_lost_slot_of_an_ideal_fleet_takes_no_more_jobs)
{
    scenario_text_load(&s,
                       "name: stage\nduration: 3h\nfleet:\n  github: ideal\n  hosts: [{name: P, "
                       "slots: 2}]\n%sfaults: "
                       "[{kind: slots-lost, slots: 2, target: P, at: 1h}]\n",
                       crowded);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    ck_assert_int_gt(starts_on(0, 0, HOUR), 0);
    ck_assert_int_eq(starts_on(0, HOUR, 3 * HOUR), 0);
    scenario_text_fini(&s);
}
END_TEST

/* Of two primaries one is struck, each in about half of 400 replications (a false alarm for 1 in
 * 10^6 seeds beyond 150..250); never both. */
START_TEST(any_strikes_one_of_them_drawn_each_time)
{
    static const char *const text =
        "name: stage\nduration: 1h\nfleet:\n  hosts: [{name: P, slots: 1}, {name: Q, slots: 1}, "
        "{name: B, tier: backup, slots: 1}]\n%sfaults: [{kind: host-power-loss, target: %s, at: "
        "0s, lasts: 1h}]\n";
    int which, struck[2];
    scenario_text_load(&s, text, calm, "any primary");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 400});
    for (which = 0; which < 2; which++) {
        struck[which] = (int)lround(400 * (1 - s.result.hosts[which].availability.mean));
        ck_assert_int_ge(struck[which], 150);
        ck_assert_int_le(struck[which], 250);
    }
    ck_assert_int_eq(struck[0] + struck[1], 400);
    ck_assert_double_eq(s.result.hosts[2].availability.mean, 1);
    scenario_text_fini(&s);
    scenario_text_load(&s, text, calm, "primary");
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 10});
    ck_assert_double_eq(s.result.hosts[0].availability.mean, 0);
    ck_assert_double_eq(s.result.hosts[1].availability.mean, 0);
    scenario_text_fini(&s);
}
END_TEST

/* The pool uses a place again as soon as its job is done; the story must not. */
START_TEST(every_job_has_a_number_of_its_own)
{
    int i, arrived;
    char words[40];
    scenario_text_load(&s, "name: stage\nduration: 2h\nfleet:\n  hosts: [{name: P, slots: 8}]\n%s",
                       calm);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 1, .trace = true});
    arrived = scenario_text_count(&s, " arrives");
    ck_assert_int_gt(arrived, 5);
    for (i = 0; i < arrived; i++) {
        snprintf(words, sizeof words, "job %d arrives", i);
        ck_assert_int_eq(scenario_text_count(&s, words), 1);
    }
    scenario_text_fini(&s);
}
END_TEST

static void add_github_tests(TCase *github)
{
    tcase_add_test(github, a_job_assigned_to_a_dead_runner_is_requeued_after_60_s);
    tcase_add_test(github, lost_jobs_fail_600_minus_u60_plus_u15_s_after_the_loss);
    tcase_add_test(github, a_job_behind_a_partition_that_heals_in_time_survives);
    tcase_add_test(github, after_a_crash_a_session_conflict_keeps_the_host_out);
    tcase_add_test(github, a_session_conflict_beyond_its_limit_keeps_the_host_down);
    tcase_add_test(github, slots_lost_in_a_crash_get_another_chance_at_the_next_boot);
    tcase_add_test(github, a_slowed_job_still_times_out);
    tcase_add_test(github, a_job_fails_after_the_queue_limit_even_if_requeued);
}

static void add_routing_tests(TCase *routing)
{
    tcase_add_test(routing, eight_labels_take_eight_writes_a_second_apart);
    tcase_add_test(routing, labels_change_only_by_the_plan);
    tcase_add_test(routing, two_plans_in_a_second_keep_the_spacing);
    tcase_add_test(routing, label_moves_queued_jobs_at_once);
    tcase_add_test(routing, variable_leaves_queued_jobs_until_they_are_run_again);
    tcase_add_test(routing, hook_drains_without_github_but_not_without_the_host);
    tcase_add_test(routing, selection_is_random_or_by_priority);
    tcase_add_test(routing, without_overflow_the_backup_begins_outside_the_rotation);
    tcase_add_test(routing, fast_recovery_runs_lost_jobs_again_after_the_failover);
    tcase_add_loop_test(routing, without_token_or_github_nothing_is_flipped, 0, 2);
    tcase_add_test(routing, a_paged_human_repairs_both_hosts);
    tcase_add_test(routing, maintenance_drains_and_waits_for_the_last_job);
}

static void add_measure_tests(TCase *measures)
{
    tcase_add_test(measures, a_job_lost_twice_is_recovered_once);
    tcase_add_test(measures, trouble_that_was_dismissed_has_its_time_to_full_capacity);
    tcase_add_test(measures, a_relapse_is_detected_and_a_failover_in_time);
    tcase_add_test(measures, a_failover_held_back_for_want_of_sight_is_a_failed_one);
    tcase_add_test(measures, a_relapse_before_the_first_slot_is_back_needs_no_routing);
    tcase_add_test(measures, patience_that_outlives_its_jobs_overflows_nothing);
    tcase_add_loop_test(measures, tiny_limits_are_over_at_once, 0, 4);
    tcase_add_test(measures, overlapping_maintenance_lasts_until_the_last_one_ends);
    tcase_add_test(measures, a_pause_holds_what_is_due);
    tcase_add_test(measures, overlapping_api_errors_last_until_the_last_one_ends);
    tcase_add_test(measures, any_quantile_is_judged_by_its_own_value);
    tcase_add_test(measures, a_lost_slot_of_an_ideal_fleet_takes_no_more_jobs);
    tcase_add_test(measures, any_strikes_one_of_them_drawn_each_time);
    tcase_add_test(measures, every_job_has_a_number_of_its_own);
}

Suite *suite(void)
{
    Suite *suite = suite_create("world");
    TCase *same = tcase_create("same"), *github = tcase_create("github");
    TCase *routing = tcase_create("routing"), *measures = tcase_create("measures");
    tcase_add_loop_test(same, sleeping_gives_what_ticking_gives, 0, 200);
    tcase_add_loop_test(same, threads_and_repetition_change_nothing, 0, 5);
    tcase_set_timeout(same, 120);
    suite_add_tcase(suite, same);
    add_github_tests(github);
    suite_add_tcase(suite, github);
    add_routing_tests(routing);
    suite_add_tcase(suite, routing);
    add_measure_tests(measures);
    suite_add_tcase(suite, measures);
    return suite;
}
