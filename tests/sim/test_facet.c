/*
 * Facets: measures with parameters, against closed forms that we did not write and against cases
 * counted by hand. |z| <= 3.3 is failed by one seed in 1,000; 8 such comparisons, with fixed seeds.
 */
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"
#include "tests/support/theory_exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct scenario_text s;

static const struct facet_result *facet(const char *name)
{
    const struct facet_result *found = result_facet(&s.result, name);
    ck_assert_msg(found != NULL, "%s", name);
    return found;
}

/* `half` is 95% of Student's t over 200 replications: 1.972 standard errors. */
static void close_to(const struct quantity *q, double truth, const char *what)
{
    double z = (q->mean - truth) / (q->half_width / 1.972);
    ck_assert_msg(fabs(z) <= 3.3, "%s: %g, want %g: z = %.2f", what, q->mean, truth, z);
}

/* Services of 6 min on average. */
#define QUEUE                                                                                      \
    "name: queue\nduration: %s\nwarmup: %s\n"                                                      \
    "fleet:\n"                                                                                     \
    "  hosts: [{name: P, tier: primary, slots: %d}]\n"                                             \
    "  github: ideal\n"                                                                            \
    "  workload:\n"                                                                                \
    "    arrivals: {kind: poisson, rate: %s}\n"                                                    \
    "    classes:\n"                                                                               \
    "      - {name: a, weight: 1, duration: {kind: exponential, mean: 6min}}\n"                    \
    "      - {name: b, weight: 3, duration: {kind: exponential, mean: 6min}}\n"                    \
    "%s"
#define MEASURES                                                                                   \
    "measures: [queue_wait > 0s, queue_wait > 3min, 'queue_wait[class=a] > 3min', "                \
    "'queue_wait[class=a]', 'queue_wait[class=b]', 'queue_wait[host=P]']\n"

/* M/M/4 with 75%: P(W > t) = C exp(-(c mu - lambda) t), for both classes of a common queue. */
START_TEST(waits_beyond_a_time_are_erlangs)
{
    double c = exact_erlang_c(4, 3), p95 = exact_mmc_wait_quantile(4, 0.5, 1 / 6.0, 0.95) * MINUTE;
    double beyond = c * exp(-(4 / 6.0 - 0.5) * 3), mean = exact_mmc(4, 0.5, 1 / 6.0).mean_wait;
    const struct quantity *q;
    scenario_text_load(&s, QUEUE, "12d", "2d", 4, "30/h", MEASURES);
    scenario_text_run(&s, (struct experiment){.seed = 11, .replications = 200});
    close_to(&facet("queue_wait>0s")->quantity, c, "P(W > 0)");
    close_to(&facet("queue_wait>3min")->quantity, beyond, "P(W > 3 min)");
    close_to(&facet("queue_wait[class=a]>3min")->quantity, beyond, "P(W > 3 min), a");
    close_to(&facet("queue_wait_ms[class=a]")->quantity, mean * MINUTE, "mean wait, a");
    close_to(&facet("queue_wait_ms[class=b]")->quantity, mean * MINUTE, "mean wait, b");
    q = &facet("queue_wait_ms[class=b]")->quantity;
    ck_assert_double_lt(fabs(q->p95 - p95), 3.3 / 1.96 * (q->p95_high - q->p95_low) / 2);
    ck_assert(q->p99_low < q->p99 && q->p99 < q->p99_high);
    /* One host: all jobs are its. */
    q = &facet("queue_wait_ms[host=P]")->quantity;
    ck_assert_double_eq_tol(q->mean, s.result.metric[METRIC_QUEUE_WAIT].mean, 1e-6);
    ck_assert_int_eq(q->n, s.result.metric[METRIC_QUEUE_WAIT].n);
    ck_assert_double_eq(q->p95, s.result.metric[METRIC_QUEUE_WAIT].p95);
    scenario_text_fini(&s);
}
END_TEST

/* M/M/1: P(N > n) = load^(n + 1) of the number in the system, so that more than n wait with
 * load^(n + 2). */
START_TEST(time_above_a_level_is_geometric)
{
    scenario_text_load(&s, QUEUE, "22d", "2d", 1, "7/h",
                       "measures: [queue_length > 0, queue_length > 4, 'utilization > 90%', "
                       "'utilization[host=P]']\n");
    scenario_text_run(&s, (struct experiment){.seed = 12, .replications = 200});
    close_to(&facet("queue_length>0")->quantity, pow(0.7, 2), "P(Q > 0)");
    close_to(&facet("queue_length>4")->quantity, pow(0.7, 6), "P(Q > 4)");
    close_to(&facet("utilization>90%")->quantity, 0.7, "P(busy)");
    ck_assert_double_eq_tol(facet("utilization[host=P]")->quantity.mean,
                            s.result.hosts[0].utilization.mean, 1e-12);
    scenario_text_fini(&s);
}
END_TEST

/* Jobs of 10 min at 0, 1, 2 and 30 min on one slot: they wait 0, 9, 18 and 0 min; until 1 min
 * nobody waits, then one, from 2 two, from 10 one, from 20 none; the run ends at 40 min. */
#define BY_HAND                                                                                    \
    "name: hand\nreplications: 1\n"                                                                \
    "fleet:\n"                                                                                     \
    "  hosts: [{name: P, tier: primary, slots: 1}]\n"                                              \
    "  github: ideal\n"                                                                            \
    "  workload:\n"                                                                                \
    "    arrivals: {kind: trace, file: %s}\n"                                                      \
    "%s"

static void trace_of(char path[], const char *text)
{
    FILE *file;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    file = fdopen(fd, "w");
    fputs(text, file);
    fclose(file);
}

START_TEST(four_jobs_are_counted_by_hand)
{
    char path[] = "/tmp/understudy-facet-XXXXXX";
    trace_of(path, "submit_s,duration_s\n0,600\n60,600\n120,600\n1800,600\n");
    scenario_text_load(
        &s, BY_HAND, path,
        "measures: [queue_wait > 9min, queue_wait > 8min, queue_length > 1, "
        "queue_length > 0, 'queue_length[down=any]', 'utilization[host=P] > 0.5']\n");
    unlink(path);
    scenario_text_run(&s, (struct experiment){.seed = 1});
    ck_assert_int_eq(s.result.simulated_ms, 40 * MINUTE);
    ck_assert_double_eq_tol(facet("queue_wait>9min")->quantity.mean, 0.25, 1e-12);
    ck_assert_double_eq_tol(facet("queue_wait>8min")->quantity.mean, 0.5, 1e-12);
    ck_assert_double_eq_tol(facet("queue_length>1")->quantity.mean, 8 / 40.0, 1e-12);
    ck_assert_double_eq_tol(facet("queue_length>0")->quantity.mean, 19 / 40.0, 1e-12);
    ck_assert_double_eq_tol(facet("utilization[host=P]>50%")->quantity.mean, 1, 1e-12);
    /* It never was: nothing, and not 0. */
    ck_assert_int_eq(facet("queue_length[down=any]")->quantity.n, 0);
    ck_assert_double_nan(facet("queue_length[down=any]")->quantity.mean);
    ck_assert_str_eq(facet_never(&facet("queue_length[down=any]")->facet), "no host was ever down");
    scenario_text_fini(&s);
}
END_TEST

/* An a starts on P at 0 until 10:00, a b on B at 1:00 until 20:00; the next a comes at 2:00 and
 * waits 8 min for P, the next b comes at 3:00 and waits 17 min for B. */
START_TEST(each_class_and_host_has_its_own_waits)
{
    char path[] = "/tmp/understudy-facet-XXXXXX";
    trace_of(path, "submit_s,duration_s,class\n0,600,a\n60,1140,b\n120,900,a\n180,60,b\n");
    scenario_text_load(&s,
                       "name: hand\nreplications: 1\n"
                       "fleet:\n"
                       "  hosts: [{name: P, tier: primary, slots: 1}, "
                       "{name: B, tier: backup, slots: 1}]\n"
                       "  github: {pickup: 0s, selection: priority}\n"
                       "  workload:\n"
                       "    arrivals: {kind: trace, file: %s}\n"
                       "    classes: [{name: a, weight: 1, duration: 1s}, "
                       "{name: b, weight: 1, duration: 1s}]\n"
                       "measures: ['queue_wait[class=a]', 'queue_wait[class=b] > 5min', "
                       "'queue_wait[host=P]', 'queue_wait[host=B]', "
                       "'queue_wait[class=b,host=P] > 0s', 'queue_wait[class=a,host=B]']\n",
                       path);
    unlink(path);
    scenario_text_run(&s, (struct experiment){.seed = 1});
    ck_assert_double_eq(facet("queue_wait_ms[class=a]")->quantity.mean, 4.0 * MINUTE);
    ck_assert_int_eq(facet("queue_wait_ms[class=a]")->quantity.n, 2);
    ck_assert_double_eq(facet("queue_wait[class=b]>5min")->quantity.mean, 0.5);
    ck_assert_double_eq(facet("queue_wait_ms[host=P]")->quantity.mean, 4.0 * MINUTE);
    ck_assert_double_eq(facet("queue_wait_ms[host=B]")->quantity.mean, 8.5 * MINUTE);
    ck_assert_int_eq(facet("queue_wait[class=b,host=P]>0s")->quantity.n, 0);
    ck_assert_int_eq(facet("queue_wait_ms[class=a,host=B]")->quantity.n, 0);
    ck_assert_str_eq(facet_never(&facet("queue_wait_ms[class=a,host=B]")->facet), "no such job");
    scenario_text_fini(&s);
}
END_TEST

/* P is dead from 0:40 to 2:40; the second job comes at 1:00 and the third at 1:30: while it is,
 * nobody waits for 20 s, one for 30 s and two for 70 s. */
START_TEST(the_queue_while_a_host_is_down_is_of_that_time_alone)
{
    char path[] = "/tmp/understudy-facet-XXXXXX";
    trace_of(path, "submit_s,duration_s\n0,30\n60,600\n90,600\n");
    scenario_text_load(&s, BY_HAND, path,
                       "duration: 10min\n"
                       "faults: [{kind: host-power-loss, target: P, at: 40s, lasts: 2min}]\n"
                       "measures: ['queue_length[down=any]', 'queue_length[down=P]', "
                       "'queue_length[down=any] > 1']\n");
    unlink(path);
    scenario_text_run(&s, (struct experiment){.seed = 1, .replications = 2});
    ck_assert_double_eq_tol(facet("queue_length[down=any]")->quantity.mean, 170 / 120.0, 1e-12);
    ck_assert_double_eq_tol(facet("queue_length[down=P]")->quantity.mean, 170 / 120.0, 1e-12);
    ck_assert_double_eq_tol(facet("queue_length[down=any]>1")->quantity.mean, 70 / 120.0, 1e-12);
    scenario_text_fini(&s);
}
END_TEST

/* Two of four jobs have started at once, two wait when the run ends, for 4 and for 8 min: whether
 * it is longer than 5 min is known of one. Kaplan and Meier: S falls to 1/2 at 0 and stays
 * there. */
START_TEST(jobs_that_still_wait_are_neither_short_nor_left_out)
{
    char path[] = "/tmp/understudy-facet-XXXXXX";
    const struct facet_result *five, *nine, *of_host;
    trace_of(path, "submit_s,duration_s\n0,30\n60,3600\n120,600\n360,600\n");
    scenario_text_load(&s, BY_HAND, path,
                       "duration: 10min\n"
                       "measures: ['queue_wait[host=P]']\n"
                       "expect:\n"
                       "  - {metric: queue_wait > 5min, op: '<=', value: 60%}\n"
                       "  - {metric: queue_wait > 5min, op: '<=', value: 40%}\n"
                       "  - {metric: queue_wait > 9min, op: '<=', value: 10%}\n");
    unlink(path);
    scenario_text_run(&s, (struct experiment){.seed = 1});
    five = facet("queue_wait>5min");
    ck_assert_int_eq(five->quantity.censored, 1);
    ck_assert_double_eq_tol(five->quantity.mean, 0.5, 1e-12);
    ck_assert_int_eq(five->quantity.method, METHOD_KAPLAN_MEIER);
    ck_assert_double_eq_tol(five->least, 0.25, 1e-12);
    ck_assert_double_eq_tol(five->most, 0.5, 1e-12);
    ck_assert(s.result.verdicts[0].pass || s.result.verdicts[0].undecided == false);
    ck_assert(s.result.verdicts[1].undecided); /* 25% or 50%: nobody knows */
    nine = facet("queue_wait>9min");           /* beyond what was seen */
    ck_assert(nine->quantity.mean_is_bound);
    ck_assert_double_eq_tol(nine->quantity.mean, 0, 1e-12);
    ck_assert(s.result.verdicts[2].undecided);
    of_host = facet("queue_wait_ms[host=P]"); /* no other may run them */
    ck_assert_int_eq(of_host->quantity.censored, 2);
    scenario_text_fini(&s);
}
END_TEST

/* None of 40 replications has such a wait: their number, not that of the jobs, says how sure that
 * is. Clopper and Pearson: 1 - 0.025^(1/40). */
START_TEST(a_share_never_seen_is_as_sure_as_replications_are_many)
{
    scenario_text_load(&s, QUEUE, "1d", "0s", 9, "10/h", "measures: [queue_wait > 5h]\n");
    scenario_text_run(&s, (struct experiment){.seed = 3, .replications = 40});
    ck_assert_double_eq(facet("queue_wait>5h")->quantity.mean, 0);
    ck_assert_double_eq_tol(facet("queue_wait>5h")->quantity.half_width, 1 - pow(0.025, 1 / 40.0),
                            1e-6);
    scenario_text_fini(&s);
}
END_TEST

/* What is asked for changes nothing, and the number of threads does not either. */
START_TEST(asking_changes_no_digest)
{
    uint64_t digest;
    double share;
    scenario_text_load(&s, QUEUE, "2d", "0s", 2, "15/h", "");
    scenario_text_run(&s, (struct experiment){.seed = 5, .replications = 20});
    digest = s.result.digest;
    scenario_text_fini(&s);
    scenario_text_load(&s, QUEUE, "2d", "0s", 2, "15/h", MEASURES);
    scenario_text_run(&s, (struct experiment){.seed = 5, .replications = 20, .threads = 1});
    share = facet("queue_wait>3min")->quantity.half_width;
    ck_assert_uint_eq(s.result.digest, digest);
    scenario_text_run(&s, (struct experiment){.seed = 5, .replications = 20, .threads = 3});
    ck_assert_uint_eq(s.result.digest, digest);
    ck_assert_double_eq(facet("queue_wait>3min")->quantity.half_width, share);
    scenario_text_fini(&s);
}
END_TEST

/* The job of 10 min that runs when its host dies is lost, whatever becomes of it then. */
START_TEST(an_ideal_dispatcher_counts_the_jobs_that_it_fails)
{
    char path[] = "/tmp/understudy-facet-XXXXXX";
    trace_of(path, "submit_s,duration_s\n0,600\n");
    scenario_text_load(&s, BY_HAND, path,
                       "    on_failure: fail\nduration: 1h\n"
                       "faults: [{kind: host-power-loss, target: P, at: 5min, lasts: 5min}]\n");
    unlink(path);
    scenario_text_run(&s, (struct experiment){.seed = 1});
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_LOST), 1);
    ck_assert_double_eq(scenario_text_mean(&s, METRIC_JOBS_FAILED), 1);
    ck_assert_int_eq(s.result.metric[METRIC_JOB_RECOVERY].n, 0);
    scenario_text_fini(&s);
}
END_TEST

/* ---- names ---- */

static const struct {
    const char *text, *name; /* NULL: refused */
} names[] = {
    {"queue_wait", "queue_wait_ms"},
    {"queue_wait[class=a]", "queue_wait_ms[class=a]"},
    {"queue_wait[class='a b', host=\"P\"]", "queue_wait_ms[class=a b,host=P]"},
    {"queue_wait[class='\"a\"']", "queue_wait_ms[class=\"\"a\"\"]"}, /* quotes of its own */
    {"queue_wait_ms [ class = a , host=P ]", "queue_wait_ms[class=a,host=P]"},
    {"queue_wait[host=P,class=a]>90s", "queue_wait[class=a,host=P]>90s"},
    {"queue_wait_ms > 1h30min", "queue_wait>1h30min"},
    {"fault_wait > 0s", "fault_wait>0s"},
    {"queue_length[down=any]", "queue_length[down=any]"},
    {"utilization[host=P] > 0.9", "utilization[host=P]>90%"},
    {"queue_length>10", "queue_length>10"},
    {"queue_wait[class=test (ubuntu, 3.11), host=P]",
     "queue_wait_ms[class=test (ubuntu, 3.11),host=P]"},
    {"queue_wait[class=a > b] > 5min", "queue_wait[class=a > b]>5min"},
    {"queue_wait[class=a]]", "queue_wait_ms[class=a]]"},
    {"", NULL},
    {"[class=a]", NULL},
    {"queue_wait[", NULL},
    {"queue_wait[]", NULL},
    {"queue_wait[class=]", NULL},
    {"queue_wait[class=a,class=b]", NULL},
    {"queue_wait[clas=a]", NULL},
    {"queue_wait[down=any]", NULL},
    {"queue_length[class=a]", NULL},
    {"rto > 5min", NULL},
    {"queue_wait > ", NULL},
    {"queue_wait > 5", NULL},
    {"queue_wait > -5min", NULL},
    {"queue_length > many", NULL},
    {"queue_length > -1", NULL},
    {"utilization > 200%", NULL},
    {"queue_wait >= 5min", NULL},
    {"queue_wait[class=a] 5min", NULL},
    {"qeue_wait > 5min", NULL},
};

START_TEST(a_name_is_read_back)
{
    struct facet facet, again;
    char why[FACET_WHY];
    bool good = facet_parse(&facet, names[_i].text, why);
    if (names[_i].name == NULL) {
        ck_assert_msg(!good && strncmp(why, "want ", 5) == 0, "%s: %s", names[_i].text, why);
        return;
    }
    ck_assert_msg(good, "%s: %s", names[_i].text, why);
    ck_assert_str_eq(facet.name, names[_i].name);
    ck_assert_ptr_null(strstr(facet.said, "_ms")); /* tables have it as users write it */
    ck_assert(facet_parse(&again, facet.name, why));
    ck_assert_str_eq(again.name, facet.name);
    ck_assert_double_eq(again.limit, facet.limit);
}
END_TEST

START_TEST(too_long_a_name_is_refused)
{
    char text[1000], why[FACET_WHY];
    struct facet facet;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    ck_assert(!facet_parse(&facet, text, why));
    memcpy(text, "queue_wait[class=", 17);
    text[sizeof text - 2] = ']';
    ck_assert(!facet_parse(&facet, text, why));
    memcpy(text, "queue_wait > xxxx", 17);
    ck_assert(!facet_parse(&facet, text, why));
}
END_TEST

static const struct {
    const char *measure, *want;
} strangers[] = {{"queue_wait[class=bild]", "did you mean build?"},
                 {"queue_wait[host=primry]", "did you mean primary?"},
                 {"queue_length[down=primry]", "did you mean primary?"},
                 {"queue_wait[clas=build]", "did you mean class?"},
                 {"queue_wait", "all of each is measured"}};

START_TEST(an_unknown_class_or_host_is_suggested)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_err err = {0};
    char text[1000];
    snprintf(text, sizeof text,
             "name: x\nfleet:\n  hosts: [{name: primary, tier: primary, slots: 1}]\n"
             "  workload:\n    arrivals: {kind: poisson, rate: 1/h}\n"
             "    classes: [{name: build, weight: 1, duration: 5min}]\n"
             "measures: ['%s']\n",
             strangers[_i].measure);
    ck_assert_int_eq(scenario_parse(scenario, "x.yaml", text, strlen(text), &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, "x.yaml:7") && strstr(err.text, strangers[_i].want), "%s",
                  err.text);
    free(scenario);
}
END_TEST

Suite *suite(void)
{
    Suite *of = suite_create("facet");
    TCase *tc = tcase_create("measures");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, waits_beyond_a_time_are_erlangs);
    tcase_add_test(tc, time_above_a_level_is_geometric);
    tcase_add_test(tc, four_jobs_are_counted_by_hand);
    tcase_add_test(tc, each_class_and_host_has_its_own_waits);
    tcase_add_test(tc, the_queue_while_a_host_is_down_is_of_that_time_alone);
    tcase_add_test(tc, jobs_that_still_wait_are_neither_short_nor_left_out);
    tcase_add_test(tc, a_share_never_seen_is_as_sure_as_replications_are_many);
    tcase_add_test(tc, asking_changes_no_digest);
    tcase_add_test(tc, an_ideal_dispatcher_counts_the_jobs_that_it_fails);
    suite_add_tcase(of, tc);
    tc = tcase_create("names");
    tcase_add_loop_test(tc, a_name_is_read_back, 0, sizeof names / sizeof *names);
    tcase_add_test(tc, too_long_a_name_is_refused);
    tcase_add_loop_test(tc, an_unknown_class_or_host_is_suggested, 0,
                        sizeof strangers / sizeof *strangers);
    suite_add_tcase(of, tc);
    return of;
}
