/* whatif --find against closed forms: the crossing of M/M/c is inside the interval, for many seeds;
 * and what it says where there is none. */
#include "sim/planning/find.h"
#include "sim/planning/n_1.h"
#include "tests/support/helpers.h"
#include "tests/support/theory_exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS 12
/* Were a twentieth of the intervals wrong, more would be in fewer than 1 of 1,000 suites. */
#define MOST_WRONG 3

static char path[] = "/tmp/understudy-find-XXXXXX";
static struct und_err err;
static struct answer answer;

/* Services of 6 min on `slots`. */
static void write_scenario(void)
{
    static const char text[] =
        "name: mmc\nduration: 12d\nwarmup: 1d\nfleet:\n"
        "  github: ideal\n"
        "  hosts: [{name: P, tier: primary, slots: 3}, {name: B, tier: backup, slots: 1}]\n"
        "  workload:\n"
        "    arrivals: {kind: poisson, rate: 20/h}\n"
        "    classes: [{name: x, weight: 1, duration: {kind: exponential, mean: 6min}}]\n";
    FILE *file;
    strcpy(path, "/tmp/understudy-find-XXXXXX");
    file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void remove_scenario(void)
{
    unlink(path);
}

static const char *const three_slots[] = {"fleet.hosts.1=null"};

static enum und_code find_seed(const char *range, struct sweep_limit limit, uint64_t seed,
                               int64_t most)
{
    struct find find = {.path = path,
                        .sets = three_slots,
                        .n_sets = 1,
                        .experiment = {.seed = seed, .replications = most}};
    err = (struct und_err){0};
    memset(&answer, 0, sizeof answer);
    answer.limit = limit;
    answer.error = ANSWER_ERROR;
    if (find_range(&answer.range, range, &err) == UND_OK)
        find_crossing(&find, &answer, &err);
    return err.code;
}

static struct sweep_limit wait_at_most(double ms)
{
    return (struct sweep_limit){.column = {.metric = METRIC_QUEUE_WAIT, .mean = true}, .value = ms};
}

/* An hour, in which services take a tenth. */
static double exact_wait_ms(int servers, double rate)
{
    return 3600000 * exact_mmc(servers, rate, 10).mean_wait;
}

/* At which M/M/3 waits so long on average, by bisection of the closed form. */
static double exact_rate(double wait_ms)
{
    double low = 1, high = 29.9;
    while (high - low > 1e-9) {
        double middle = (low + high) / 2;
        if (exact_wait_ms(3, middle) <= wait_ms)
            low = middle;
        else
            high = middle;
    }
    return low;
}

START_TEST(the_rate_at_which_mmc_waits_so_long)
{
    double want = exact_rate(120000), inner, outer, width = 0;
    int seed, wrong = 0;
    for (seed = 1; seed <= SEEDS; seed++) {
        ck_assert_int_eq(find_seed("fleet.workload.arrivals.rate=10/h..28/h:0.1/h",
                                   wait_at_most(120000), (uint64_t)seed, 400),
                         UND_OK);
        ck_assert_int_eq(answer.reached, ANSWER_WITHIN);
        inner = answer_at(&answer.range, answer.inner);
        outer = answer_at(&answer.range, answer.outer);
        ck_assert_double_lt(inner, outer);
        wrong += want < inner || want > outer;
        width += (outer - inner) / SEEDS;
        ck_assert_double_le(fabs(answer.estimate - want), 0.5);
    }
    printf("rate %g: %d of %d intervals wrong, %g wide on average\n", want, wrong, SEEDS, width);
    ck_assert_int_le(wrong, MOST_WRONG);
    ck_assert_double_lt(width, 1.2);
}
END_TEST

/* 2.9, 3, ... slots: the least that keeps the wait is a whole number. */
START_TEST(the_slots_that_mmc_needs)
{
    int slots = 3;
    while (exact_wait_ms(slots, 20) > 60000)
        slots++;
    ck_assert_int_eq(find_seed("fleet.hosts.0.slots=1..40", wait_at_most(60000), 3, 0), UND_OK);
    ck_assert(answer.range.whole);
    ck_assert_int_eq(answer.reached, ANSWER_WITHIN);
    ck_assert_double_eq(answer_at(&answer.range, answer.inner), slots);
    ck_assert_double_eq(answer_at(&answer.range, answer.outer), slots - 1);
    ck_assert(answer.look[0].unstable); /* two erlangs on one slot */
    ck_assert_int_eq(answer.look[0].says, ANSWER_FAILS);
}
END_TEST

/* Half of the slots busy at 15/h; a share, and it begins to hold instead of ceasing to. */
START_TEST(a_share_that_is_to_be_at_least)
{
    struct sweep_limit half = {
        .column = {.metric = METRIC_UTILIZATION, .mean = true}, .at_least = true, .value = 0.5};
    ck_assert_int_eq(find_seed("fleet.workload.arrivals.rate=10/h..20/h", half, 1, 0), UND_OK);
    ck_assert_int_eq(answer.reached, ANSWER_WITHIN);
    ck_assert_double_ge(answer_at(&answer.range, answer.inner), 15);
    ck_assert_double_le(answer_at(&answer.range, answer.outer), 15);
    ck_assert_double_eq_tol(answer.estimate, 15, 0.1);
}
END_TEST

/* The limit lies on the truth at the low end: no number of replications would tell. */
START_TEST(what_is_not_reached_or_not_known_is_said)
{
    char words[512];
    ck_assert_int_eq(find_seed("fleet.workload.arrivals.rate=1/h..5/h", wait_at_most(120000), 1, 0),
                     UND_OK);
    answer_words(&answer, words, sizeof words);
    ck_assert_str_eq(words, "not reached within [1/h, 5/h]: it holds at both ends");
    find_seed("fleet.workload.arrivals.rate=28/h..40/h", wait_at_most(120000), 1, 0);
    answer_words(&answer, words, sizeof words);
    ck_assert_str_eq(words, "not reached within [28/h, 40/h]: it holds at neither end");
    find_seed("fleet.workload.arrivals.rate=20/h..28/h", wait_at_most(exact_wait_ms(3, 20)), 1,
              100);
    answer_words(&answer, words, sizeof words);
    ck_assert_ptr_nonnull(strstr(words, "not known within [20/h, 28/h]: an end is too near"));
}
END_TEST

/* The limit near a point that bisection asks for: that stays open, and both edges are found. */
START_TEST(what_stays_open_is_inside)
{
    double limit = exact_wait_ms(3, 19), inner, outer;
    int i, open = 0;
    ck_assert_int_eq(
        find_seed("fleet.workload.arrivals.rate=10/h..28/h", wait_at_most(limit), 2, 400), UND_OK);
    inner = answer_at(&answer.range, answer.inner);
    outer = answer_at(&answer.range, answer.outer);
    for (i = 0; i < answer.n; i++) {
        ck_assert(i == 0 || answer.look[i - 1].at < answer.look[i].at);
        open += answer.look[i].says == ANSWER_OPEN;
        if (answer.look[i].says == ANSWER_OPEN)
            ck_assert(answer.look[i].at > answer.inner && answer.look[i].at < answer.outer);
    }
    ck_assert_int_ge(open, 1);
    ck_assert_double_lt(inner, 19);
    ck_assert_double_gt(outer, 19);
    ck_assert_double_lt(outer - inner, 2.5);
}
END_TEST

static const struct {
    const char *range, *message;
} refusals[] = {
    {"slots", "--find: got 'slots', want PATH=LOW..HIGH"},
    {"a=1", "want PATH=LOW..HIGH"},
    {"=1..2", "want PATH=LOW..HIGH"},
    {"a=1/h..2/d", "numbers of one unit"},
    {"a=1..2:1/h", "numbers of one unit"},
    {"a=x..2", "numbers of one unit"},
    {"a=1..inf", "numbers of one unit"},
    {"a=2..1", "want LOW < HIGH"},
    {"a=1..2:0", "want LOW < HIGH and a step > 0"},
    {"a=1..1000000000:1", "want at most 1000000 steps"},
    {"fleet.hosts.0.slots=1..1000000000", "slots"},
    {"fleet.hosts.0.slotz=1..4", "slotz"},
    {"fleet.hosts.0.slots=0..4", "slots"},
};

START_TEST(bad_ranges_are_refused_with_one_line)
{
    ck_assert_int_eq(find_seed(refusals[_i].range, wait_at_most(1000), 1, 0), UND_USAGE);
    ck_assert_msg(strstr(err.text, refusals[_i].message) != NULL, "%s", err.text);
    ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

/* A class of one host may wait as ever while the whole queue grows. */
START_TEST(of_a_queue_without_end_not_every_measure_says_something)
{
    struct sweep_limit limit = {.column = {.metric = METRIC_UTILIZATION, .mean = true},
                                .value = 0.5};
    ck_assert_int_eq(find_seed("fleet.workload.arrivals.rate=10/h..40/h", limit, 1, 0), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "cannot carry the load at 40/h"));
}
END_TEST

START_TEST(the_primary_is_lost_at_the_busiest_hour)
{
    static const char *const sinus[] = {"fleet.workload.arrivals.amplitude=50%"};
    static const char *const weekly[] = {
        "fleet.workload.arrivals.profile=[" /* Monday to Sunday; Thursday 10:00 is the busiest */
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,9,1,1,1,1,1,1,1,"
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"};
    struct n_1 n_1;
    err = (struct und_err){0};
    ck_assert_int_eq(n_1_make(&n_1, path, sinus, 1, &err), UND_OK);
    ck_assert_str_eq(n_1.where, "with P lost on Tuesday at 14:00, the 24 hours after");
    ck_assert_str_eq(n_1.text[0], "start=0d14h");
    ck_assert_int_eq(n_1_make(&n_1, path, weekly, 1, &err), UND_OK);
    ck_assert_str_eq(n_1.where, "with P lost on Thursday at 10:00, the 24 hours after");
    ck_assert_str_eq(n_1.text[0], "start=2d10h");
    ck_assert_int_eq(n_1_make(&n_1, path, three_slots, 1, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "got one host"));
}
END_TEST

/* Between 110 and 121, from 100: one and two months of 10%. */
START_TEST(months_until_it_is_passed)
{
    struct growth growth = {.exact = true, .low = 0.1, .high = 0.1, .from_day = -1};
    struct interval months;
    struct answer crossing = {.range = {.low = 100, .high = 200, .step = 1, .steps = 100},
                              .reached = ANSWER_WITHIN,
                              .inner = 10,
                              .outer = 21};
    double middle = log(1.1), half = log(1.1 / 1.05), wider = 2.2414027 / 1.9599640;
    ck_assert(answer_months(&crossing, &growth, &months));
    ck_assert_double_eq_tol(months.low, 1, 1e-12);
    ck_assert_double_eq_tol(months.high, 2, 1e-12);
    growth.low = 0.05; /* of which 10% is the middle; both must hold at 95%, so either at 97.5% */
    growth.high = 1.1 * 1.1 / 1.05 - 1;
    ck_assert(answer_months(&crossing, &growth, &months));
    ck_assert_double_eq_tol(months.low, log(1.1) / (middle + half * wider), 1e-6);
    ck_assert_double_eq_tol(months.high, log(1.21) / (middle - half * wider), 1e-6);
    growth.low = -0.05;
    ck_assert(answer_months(&crossing, &growth, &months));
    ck_assert(isfinite(months.low) && isinf(months.high));
    crossing.reached = ANSWER_EVERYWHERE;
    ck_assert(!answer_months(&crossing, &growth, &months));
    crossing.reached = ANSWER_WITHIN;
    crossing.inner = 21; /* slots that are needed do not grow into a limit */
    crossing.outer = 10;
    ck_assert(!answer_months(&crossing, &growth, &months));
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("find");
    TCase *tests = tcase_create("find");
    tcase_add_checked_fixture(tests, write_scenario, remove_scenario);
    tcase_add_test(tests, the_rate_at_which_mmc_waits_so_long);
    tcase_add_test(tests, the_slots_that_mmc_needs);
    tcase_add_test(tests, a_share_that_is_to_be_at_least);
    tcase_add_test(tests, what_is_not_reached_or_not_known_is_said);
    tcase_add_test(tests, what_stays_open_is_inside);
    tcase_add_loop_test(tests, bad_ranges_are_refused_with_one_line, 0,
                        sizeof refusals / sizeof *refusals);
    tcase_add_test(tests, of_a_queue_without_end_not_every_measure_says_something);
    tcase_add_test(tests, the_primary_is_lost_at_the_busiest_hour);
    tcase_add_test(tests, months_until_it_is_passed);
    tcase_set_timeout(tests, 300);
    suite_add_tcase(suite, tests);
    return suite;
}
