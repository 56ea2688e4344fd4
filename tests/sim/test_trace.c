/* A real trace (tests/data/README.md), replayed by the program and, independently, in here. */
#include "model/load/loader.h"
#include "sim/experiment/experiment.h"
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACE "tests/data/bitcoin-core-ci.csv"
#define JOBS 16376
#define MOST_SLOTS 64
#define QUANTILES 63 /* judged by a scenario: p = 1/64 .. 63/64 */

static struct {
    int64_t submit, duration; /* s, as in the file */
} job[JOBS];

static void read_trace(void)
{
    FILE *file = fopen(TRACE, "r");
    char header[64];
    int i;
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(header, sizeof header, file));
    for (i = 0; i < JOBS; i++)
        ck_assert_int_eq(fscanf(file, "%ld,%ld", &job[i].submit, &job[i].duration), 2);
    ck_assert_int_eq(fgetc(file), '\n');
    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
}

/* First come, first served; everything in a unit of which the file's second has `scale`. */
struct replay {
    int64_t wait[JOBS]; /* sorted */
    int64_t total_wait, work, end;
    int waited;
};

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Each job takes the slot that is free first. */
static struct replay *replay(int slots, int64_t scale, int64_t speed)
{
    static struct replay result;
    int64_t free_at[MOST_SLOTS] = {0};
    int i, slot;
    result.total_wait = result.work = result.end = result.waited = 0;
    for (i = 0; i < JOBS; i++) {
        int64_t submit = job[i].submit * scale, duration = job[i].duration * scale / speed;
        int64_t start;
        int first = 0;
        for (slot = 1; slot < slots; slot++)
            first = free_at[slot] < free_at[first] ? slot : first;
        start = submit > free_at[first] ? submit : free_at[first];
        free_at[first] = start + duration;
        result.wait[i] = start - submit;
        result.waited += start > submit;
        result.total_wait += start - submit;
        result.work += duration;
        result.end = free_at[first] > result.end ? free_at[first] : result.end;
    }
    qsort(result.wait, JOBS, sizeof *result.wait, by_size);
    return &result;
}

static double quantile(const struct replay *replay, double p)
{
    double at = p * (JOBS - 1);
    int below = (int)at, above = below + 1 < JOBS ? below + 1 : below;
    return (double)replay->wait[below] +
           (at - below) * (double)(replay->wait[above] - replay->wait[below]);
}

/* The caller finishes the result. */
static struct result simulate(const char *hosts, const char *file)
{
    static struct scenario scenario;
    struct experiment experiment = {.seed = 1};
    struct und_err err = {0};
    struct result result;
    char *text;
    size_t size;
    int i;
    HELPER_CAPTURE(text, size, {
        fprintf(
            out,
            "{name: trace, fleet: {github: ideal, hosts: [%s], workload: {arrivals: {kind: trace, ",
            hosts);
        fprintf(out, "file: %s}}}, expect: [", file);
        for (i = 1; i <= QUANTILES; i++)
            fprintf(out, "%s{metric: queue_wait, quantile: %.17g, op: <, value: 1s}",
                    i > 1 ? ", " : "", i / (QUANTILES + 1.0));
        fprintf(out, "]}");
    });
    ck_assert_msg(scenario_parse(&scenario, "tests/trace.yaml", text, size, &err) == UND_OK, "%s",
                  err.text);
    ck_assert_msg(experiment_run(&scenario, &experiment, &result, &err) == UND_OK, "%s", err.text);
    scenario_fini(&scenario);
    free(text);
    return result;
}

#define exactly(got, want) ck_assert_double_eq_tol(got, (double)(want), 1e-3)

/* Milliseconds. */
static void ck_same(const struct result *result, const struct replay *want, int slots)
{
    const struct quantity *wait = &result->metric[METRIC_QUEUE_WAIT];
    double end = (double)want->end;
    int i;
    ck_assert_int_eq(result->replications, 1);
    ck_assert_int_eq(wait->n, JOBS);
    exactly(wait->mean * JOBS, want->total_wait);
    exactly(wait->min, want->wait[0]);
    exactly(wait->max, want->wait[JOBS - 1]);
    exactly(wait->p5, quantile(want, 0.05));
    exactly(wait->p99, quantile(want, 0.99));
    for (i = 1; i <= QUANTILES; i++)
        exactly(result->verdicts[i - 1].value, quantile(want, i / (QUANTILES + 1.0)));
    exactly(result->metric[METRIC_WAIT_PROBABILITY].mean * JOBS, want->waited);
    exactly(result->metric[METRIC_JOBS_DONE].mean, JOBS);
    ck_assert_int_eq(result->simulated_ms, want->end);
    exactly(result->metric[METRIC_UTILIZATION].mean * slots * end, want->work);
    /* Little's law along the path: who waits is in the queue. */
    exactly(result->metric[METRIC_QUEUE_LENGTH].mean * end, want->total_wait);
}

START_TEST(waits_are_exact_to_the_millisecond)
{
    static const int slots[] = {1, 4, 12, 40};
    char hosts[64];
    struct result result;
    read_trace();
    snprintf(hosts, sizeof hosts, "{name: A, slots: %d}", slots[_i]);
    result = simulate(hosts, "data/bitcoin-core-ci.csv");
    ck_same(&result, replay(slots[_i], 1000, 1), slots[_i]);
    result_fini(&result);
}
END_TEST

/* Two hosts are as good as one; half a second is half a second. */
START_TEST(hosts_share_the_trace)
{
    struct result result = simulate("{name: A, slots: 7, speed: 2}, "
                                    "{name: B, tier: backup, slots: 5, speed: 2}",
                                    "data/bitcoin-core-ci.csv");
    read_trace();
    ck_same(&result, replay(12, 1000, 2), 12);
    result_fini(&result);
}
END_TEST

/* The same numbers as milliseconds: a trace of three decimals. */
START_TEST(decimals_are_exact)
{
    char path[] = "/tmp/understudy-trace-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    struct result result;
    int i;
    read_trace();
    ck_assert_ptr_nonnull(file);
    fprintf(file, "submit_s,duration_s\n");
    for (i = 0; i < JOBS; i++)
        fprintf(file, "%ld.%03ld,%ld.%03ld\n", job[i].submit / 1000, job[i].submit % 1000,
                job[i].duration / 1000, job[i].duration % 1000);
    ck_assert_int_eq(fclose(file), 0);
    result = simulate("{name: A, slots: 12}", path);
    unlink(path);
    ck_same(&result, replay(12, 1, 1), 12);
    result_fini(&result);
}
END_TEST

/* What others computed from the same trace in whole seconds. */
START_TEST(twelve_slots_give_the_known_totals)
{
    struct result result = simulate("{name: A, slots: 12}", "data/bitcoin-core-ci.csv");
    const struct quantity *wait = &result.metric[METRIC_QUEUE_WAIT];
    ck_assert_int_eq(wait->n, 16376);
    exactly(wait->mean * 16376, 55153204000);
    ck_assert_double_eq_tol(wait->mean / 60000, 56.132149, 5e-7);
    ck_assert_double_eq_tol(wait->p95 / 60000, 237.2333, 5e-5);
    ck_assert_int_eq(result.simulated_ms, 3643572000);
    ck_assert_double_eq_tol(result.metric[METRIC_UTILIZATION].mean, 0.4161183266, 5e-11);
    result_fini(&result);
}
END_TEST

/* ---- where the trace is entered ---- */

/* tests/data/week.csv: a job half past every hour of ten days, of as many minutes as the hour says,
 * 1 to 24. So the first job's duration tells where a scenario entered it. */
static int64_t first_job(const char *keys, size_t *n)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_err err = {0};
    char text[500];
    int64_t minutes;
    snprintf(text, sizeof text,
             "%s\nfleet:\n  hosts: [{name: P, slots: 2}]\n  github: ideal\n  workload:\n"
             "    arrivals: {kind: trace, file: tests/data/week.csv%s}\n",
             strchr(keys, '|') + 1, strchr(keys, '|') == keys ? "" : ", origin: 3d");
    if (scenario_parse(scenario, "text.yaml", text, strlen(text), &err) != UND_OK) {
        free(scenario);
        *n = 0;
        return -1;
    }
    *n = scenario->fleet.workload.arrivals.trace.n;
    minutes = scenario->fleet.workload.arrivals.trace.duration_ms[0] / 60000;
    ck_assert_int_le(scenario->fleet.workload.arrivals.trace.submit_ms[0], 3600000);
    scenario_fini(scenario);
    free(scenario);
    return minutes;
}

START_TEST(a_start_enters_the_trace_at_that_time_of_the_week)
{
    size_t n;
    ck_assert_int_eq(first_job("|", &n), 1); /* at the first job, wherever that is */
    ck_assert_uint_eq(n, 240);
    ck_assert_int_eq(first_job("|start: 2d9h", &n), 10); /* Wednesday 9:00: the job of 9:30 */
    ck_assert_uint_eq(n, 240 - 57);
    ck_assert_int_eq(first_job("|start: 0s", &n), 1); /* the next Monday; the first began 0:30 */
    ck_assert_uint_eq(n, 240 - 168);
    ck_assert_int_eq(first_job("o|start: 3d9h", &n), 10); /* the file begins on a Thursday */
    ck_assert_uint_eq(n, 240 - 9);
    ck_assert_int_eq(first_job("o|start: 2d23h", &n), 24);
    ck_assert_uint_eq(n, 240 - 167);
}
END_TEST

/* A week whose first job is ten minutes after its second 0: Monday 0:00 is in it. */
START_TEST(a_trace_begins_with_its_second_0)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_err err = {0};
    char path[] = "/tmp/understudy-trace-XXXXXX", text[500];
    static const char csv[] = "submit_s,duration_s\n600,60\n500000,60\n";
    int file = mkstemp(path);
    ck_assert_int_eq(write(file, csv, strlen(csv)), (ssize_t)strlen(csv));
    close(file);
    snprintf(text, sizeof text,
             "start: %s\nfleet:\n  hosts: [{name: P, slots: 2}]\n  github: ideal\n  workload:\n"
             "    arrivals: {kind: trace, file: %s%s}\n",
             _i == 0 ? "0s" : "1d23h50min", path, _i == 0 ? "" : ", origin: 2d");
    if (_i == 0) {
        ck_assert_msg(scenario_parse(scenario, "t.yaml", text, strlen(text), &err) == UND_OK, "%s",
                      err.text);
        ck_assert_uint_eq(scenario->fleet.workload.arrivals.trace.n, 2);
        ck_assert_int_eq(scenario->fleet.workload.arrivals.trace.submit_ms[0], 600000);
        scenario_fini(scenario);
    } else {
        ck_assert_int_eq(scenario_parse(scenario, "t.yaml", text, strlen(text), &err), UND_USAGE);
        ck_assert_ptr_nonnull(strstr(err.text, "the trace ends before that time of the week"));
    }
    unlink(path);
    free(scenario);
}
END_TEST

/* A trace without classes brings the duration of the re-run as well: it is no job of no time. */
START_TEST(a_job_of_a_trace_is_run_again_in_full)
{
    struct scenario_text *s = calloc(1, sizeof *s);
    double minutes;
    ck_assert_ptr_nonnull(s);
    /* Some of those that begin at once last more than 40 min; all die after a minute. */
    scenario_text_load(s,
                       "name: trace\nfleet: {hosts: [{name: A, slots: 60}], workload: {arrivals: "
                       "{kind: trace, file: %s/" TRACE "}, on_failure: rerun}}\nfaults: [{kind: "
                       "host-power-loss, target: A, at: 1min, lasts: 1min}]\nduration: 2h\n",
                       getenv("PWD"));
    scenario_text_run(s, (struct experiment){.seed = 1, .replications = 20});
    minutes = s->result.metric[METRIC_JOB_RECOVERY].min / 60000;
    ck_assert_int_eq(s->result.metric[METRIC_JOB_RECOVERY].n, 20);
    ck_assert_msg(minutes > 40, "%f", minutes);
    scenario_text_fini(s);
    free(s);
}
END_TEST

/* The trace lasts six weeks; of a fault in it nobody waits for more than its recovery. */
START_TEST(a_fault_in_a_trace_is_run_until_its_recovery)
{
    static const char *const faults[] = {
        "{kind: host-power-loss, target: A, at: 20d, lasts: 1h}",
        "{kind: host-power-loss, target: A, at: {kind: uniform, min: 1d, max: 2d}, lasts: 1h}"};
    struct scenario_text *s = calloc(1, sizeof *s);
    int i;
    ck_assert_ptr_nonnull(s);
    for (i = 0; i < 2; i++) {
        int64_t ms;
        scenario_text_load(
            s,
            "name: trace\nfleet: {hosts: [{name: A, slots: 60}], workload: {arrivals: "
            "{kind: trace, file: %s/" TRACE "}, on_failure: rerun}}\nfaults: [%s]\n",
            getenv("PWD"), faults[i]);
        ck_assert_int_eq(s->scenario.until_recovered, i == 0);
        scenario_text_run(s, (struct experiment){.seed = 1, .replications = 2});
        ms = s->result.simulated_ms / 2;
        if (i == 0)
            ck_assert_msg(ms > 20 * DAY + HOUR && ms < 21 * DAY, "%.3f days", (double)ms / DAY);
        else
            ck_assert_int_gt(ms, 41 * DAY); /* nobody knows how late it can strike */
        ck_assert_int_eq(s->result.metric[METRIC_MTTR].n, 2);
        ck_assert_int_eq(s->result.metric[METRIC_FAULT_WAIT].censored, 0);
        scenario_text_fini(s);
    }
    free(s);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("trace");
    TCase *c = tcase_create("replay");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, waits_are_exact_to_the_millisecond, 0, 4);
    tcase_add_test(c, hosts_share_the_trace);
    tcase_add_test(c, decimals_are_exact);
    tcase_add_test(c, a_start_enters_the_trace_at_that_time_of_the_week);
    tcase_add_loop_test(c, a_trace_begins_with_its_second_0, 0, 2);
    tcase_add_test(c, a_job_of_a_trace_is_run_again_in_full);
    tcase_add_test(c, a_fault_in_a_trace_is_run_until_its_recovery);
    tcase_add_test(c, twelve_slots_give_the_known_totals);
    suite_add_tcase(s, c);
    return s;
}
