/* The simulator against queueing and reliability theory (theory_exact.h), system by system. */
#include "tests/support/helpers.h"
#include "tests/support/theory_case.h"
#include "tests/support/theory_exact.h"

#include <math.h>
#include <stdlib.h>

/* ---- exponential services, Poisson arrivals ---- */

START_TEST(erlang_c)
{
    static const struct {
        int slots;
        double load, jobs;
        int replications;
    } list[] = {{1, 0.3, 1.3, 0},   {1, 0.5, 1.6, 0},   {1, 0.8, 6.5, 0}, {1, 0.85, 9.5, 0},
                {2, 0.7, 4.4, 0},   {3, 0.6, 4.7, 0},   {4, 0.8, 11, 0},  {8, 0.75, 13, 0},
                {1, 0.96, 13, 100}, {12, 0.96, 14, 100}};
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        double arrival = list[i].load * list[i].slots;
        struct exact exact = exact_mmc(list[i].slots, arrival, 1);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("M/M/%d at %g%%", list[i].slots, 100 * list[i].load),
                .slots = list[i].slots,
                .arrival = arrival,
                .load = list[i].load,
                .span = list[i].jobs * THEORY_MILLION / arrival,
                .replications = list[i].replications},
            THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
    }
    theory_settle();
}
END_TEST

/* With the wait of those who wait exponential, as it is for M/M/c and GI/M/c. */
static double wait_quantile(const struct exact *exact, double p)
{
    return log(exact->wait_probability / (1 - p)) * exact->mean_wait / exact->wait_probability;
}

START_TEST(wait_distribution)
{
    static const struct theory_dist erlang = {DIST_ERLANG, 0.72, 0.25};
    struct dist interval = theory_resolve(erlang);
    struct exact single = exact_mmc(1, 0.7, 1), several = exact_mmc(4, 3, 1),
                 renewal = exact_gimc(2, &interval, 1);
    theory_compare(&(struct theory_system){.name = "distribution of M/M/1 at 70%",
                                           .slots = 1,
                                           .arrival = 0.7,
                                           .span = 5.5 * THEORY_MILLION / 0.7},
                   THEORY_CHECKS({THEORY_WAIT_P50, exact_mmc_wait_quantile(1, 0.7, 1, 0.5)},
                                 {THEORY_WAIT_P95, wait_quantile(&single, 0.95)}));
    theory_compare(&(struct theory_system){.name = "distribution of M/M/4 at 75%",
                                           .slots = 4,
                                           .arrival = 3,
                                           .span = 11.5 * THEORY_MILLION / 3},
                   THEORY_CHECKS({THEORY_WAIT_P95, exact_mmc_wait_quantile(4, 3, 1, 0.95)},
                                 {THEORY_WAIT_P99, wait_quantile(&several, 0.99)}));
    theory_compare(&(struct theory_system){.name = "distribution of E4/M/2 at 69%",
                                           .slots = 2,
                                           .arrivals = theory_text("{kind: renewal, interval: %s}",
                                                                   theory_yaml(erlang)),
                                           .span = 4 * THEORY_MILLION * erlang.mean},
                   THEORY_CHECKS({THEORY_WAIT_P95, wait_quantile(&renewal, 0.95)}));
    theory_settle();
}
END_TEST

/* Erlang's loss formula holds for services of any kind. */
START_TEST(erlang_b)
{
    static const struct {
        int slots;
        double offered, jobs;
        struct theory_dist service;
    } list[] = {
        {1, 0.5, 0.2, {DIST_EXPONENTIAL, 1, 0}}, {2, 1.5, 0.3, {DIST_EXPONENTIAL, 1, 0}},
        {5, 3, 1.1, {DIST_EXPONENTIAL, 1, 0}},   {12, 18, 0.3, {DIST_EXPONENTIAL, 1, 0}},
        {30, 25, 5.8, {DIST_EXPONENTIAL, 1, 0}}, {10, 10, 0.5, {DIST_FIXED, 1, 0}},
        {10, 10, 1.4, {DIST_LOGNORMAL, 1, 3}},   {4, 3, 1.5, {DIST_HYPEREXPONENTIAL, 1, 6}},
    };
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        double lost = exact_erlang_b(list[i].slots, list[i].offered);
        theory_compare(
            &(struct theory_system){.name = theory_text("%d without a queue, offered %g, %s",
                                                        list[i].slots, list[i].offered,
                                                        dist_kind_name(list[i].service.kind)),
                                    .slots = list[i].slots,
                                    .arrival = list[i].offered,
                                    .service = theory_yaml(list[i].service),
                                    .workload = THEORY_NO_ROOM,
                                    .span = list[i].jobs * THEORY_MILLION / list[i].offered},
            THEORY_CHECKS({THEORY_LOST, lost},
                          {THEORY_UTILIZATION, list[i].offered * (1 - lost) / list[i].slots}));
    }
    theory_settle();
}
END_TEST

START_TEST(little_room)
{
    static const struct {
        int slots, room;
        double arrival, jobs;
    } list[] = {{1, 4, 0.9, 1.5}, {3, 4, 6, 0.4}, {12, 24, 14, 4}, {4, 1, 3, 0.9}};
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        struct exact exact = exact_mmck(list[i].slots, list[i].room, list[i].arrival, 1);
        theory_compare(
            &(struct theory_system){.name =
                                        theory_text("M/M/%d with room for %d, offered %g",
                                                    list[i].slots, list[i].room, list[i].arrival),
                                    .slots = list[i].slots,
                                    .arrival = list[i].arrival,
                                    .workload = theory_text("queue: {capacity: %d}", list[i].room),
                                    .span = list[i].jobs * THEORY_MILLION / list[i].arrival},
            THEORY_CHECKS({THEORY_LOST, exact.lost}, {THEORY_WAIT, exact.mean_wait},
                          {THEORY_WAITS, exact.wait_probability}));
    }
    theory_settle();
}
END_TEST

START_TEST(erlang_a)
{
    static const struct {
        int slots;
        double arrival, impatience, jobs;
    } list[] = {{1, 0.9, 0.2, 0.8}, {5, 5, 2, 1.1}, {10, 12, 1, 1.6}, {50, 60, 0.5, 2.7}};
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        struct exact exact = exact_erlang_a(list[i].slots, list[i].arrival, 1, list[i].impatience);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("Erlang-A: %d, offered %g, patience %g", list[i].slots,
                                    list[i].arrival, 1 / list[i].impatience),
                .slots = list[i].slots,
                .arrival = list[i].arrival,
                .workload = theory_text("queue: {patience: {kind: exponential, mean: %.12gs}}",
                                        THEORY_UNIT_S / list[i].impatience),
                .span = list[i].jobs * THEORY_MILLION / list[i].arrival},
            THEORY_CHECKS({THEORY_LOST, exact.lost}, {THEORY_QUEUE, exact.mean_queue},
                          {THEORY_UTILIZATION, exact.utilization}));
    }
    theory_settle();
}
END_TEST

START_TEST(batches)
{
    static const double fours[] = {0, 0, 0, 1}, mixed[] = {5, 3, 0, 0, 0, 0, 0, 2};
    static const struct {
        const char *name, *fan_out;
        int slots, n;
        const double *weight;
        double mean, load, jobs;
    } list[] = {
        {"batches of 4, 1 slot at 60%", "{mean: 4}", 1, 4, fours, 4, 0.6, 2.6},
        {"batches of 4, 6 slots at 65%", "{mean: 4}", 6, 4, fours, 4, 0.65, 8},
        {"geometric batches, 2 slots at 70%", "{kind: geometric, mean: 3}", 2, 0, NULL, 3, 0.7, 9},
        {"geometric batches, 8 slots at 60%", "{kind: geometric, mean: 6}", 8, 0, NULL, 6, 0.6,
         9.7},
        {"batches by weights, 3 slots at 75%",
         "{kind: empirical, weights: [5, 3, 0, 0, 0, 0, 0, 2]}", 3, 8, mixed, 2.7, 0.75, 9.5},
    };
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        double geometric[255], runs = list[i].load * list[i].slots / list[i].mean;
        int k;
        struct exact exact;
        for (k = 0; k < 255; k++)
            geometric[k] = pow(1 - 1 / list[i].mean, k);
        exact = exact_batches(list[i].slots, runs, list[i].weight ? list[i].weight : geometric,
                              list[i].weight ? list[i].n : 255, 1);
        theory_compare(
            &(struct theory_system){.name = list[i].name,
                                    .slots = list[i].slots,
                                    .arrival = runs,
                                    .workload = theory_text("fan_out: %s", list[i].fan_out),
                                    .span = list[i].jobs * THEORY_MILLION / runs / list[i].mean},
            THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
    }
    theory_settle();
}
END_TEST

/* ---- services of other kinds ---- */

START_TEST(fixed_services)
{
    static const struct {
        int slots;
        double load, jobs;
        int replications;
    } list[] = {{1, 0.8, 2.8, 0}, {2, 0.7, 2.1, 0}, {4, 0.85, 8.5, 0}, {12, 0.96, 10, 100}};
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        double arrival = list[i].load * list[i].slots;
        struct exact exact = exact_mdc(list[i].slots, arrival, 1);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("M/D/%d at %g%%", list[i].slots, 100 * list[i].load),
                .slots = list[i].slots,
                .arrival = arrival,
                .service = "100s",
                .load = list[i].load,
                .span = list[i].jobs * THEORY_MILLION / arrival,
                .replications = list[i].replications},
            THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
    }
    theory_settle();
}
END_TEST

/* The variance of a mean wait takes the fourth moment of the services: no loglogistic of a greater
 * cv2 has one. */
START_TEST(pollaczek_khinchine)
{
    static const struct {
        struct theory_dist service;
        double load, jobs;
    } list[] = {{{DIST_UNIFORM, 1, 0.3}, 0.7, 2.6}, {{DIST_ERLANG, 1, 0.2}, 0.7, 2},
                {{DIST_LOGNORMAL, 1, 1}, 0.6, 3.8}, {{DIST_LOGNORMAL, 1, 0.2}, 0.8, 4.6},
                {{DIST_WEIBULL, 1, 3}, 0.5, 4},     {{DIST_HYPEREXPONENTIAL, 1, 4}, 0.6, 9},
                {{DIST_WEIBULL, 1, 0.4}, 0.7, 2.9}, {{DIST_LOGLOGISTIC, 1, 0.1}, 0.7, 2.5},
                {{DIST_EXPONENTIAL, 2, 1}, 0.7, 4}};
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        double arrival = list[i].load / list[i].service.mean;
        struct exact exact = exact_mg1(arrival, list[i].service.mean, list[i].service.cv2);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("M/G/1 at %g%%, %s, cv2 %g", 100 * list[i].load,
                                    dist_kind_name(list[i].service.kind), list[i].service.cv2),
                .slots = 1,
                .arrival = arrival,
                .service = theory_yaml(list[i].service),
                .span = list[i].jobs * THEORY_MILLION / arrival},
            THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_QUEUE, exact.mean_queue}));
    }
    theory_settle();
}
END_TEST

/* A job that is stopped after 1.5 has a service of min(S, 1.5). */
START_TEST(timeouts)
{
    double limit = 1.5, late = exp(-limit), mean = 1 - late, square = 2 * (1 - late * (1 + limit));
    struct exact exact = exact_mg1(0.9, mean, square / (mean * mean) - 1);
    theory_compare(
        &(struct theory_system){.name = "M/M/1, stopped after 1.5",
                                .slots = 1,
                                .arrival = 0.9,
                                .classes = "{timeout: 150s, duration: {kind: exponential, mean: "
                                           "100s}}",
                                .span = 2.2 * THEORY_MILLION / 0.9},
        THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_LOST, late}));
    theory_settle();
}
END_TEST

/* A slot is taken from the assignment on; the wait is until the start. */
START_TEST(pickups)
{
    double mean = 1.2, cv2 = 1 / (mean * mean);
    struct exact exact = exact_mg1(0.5, mean, cv2);
    theory_compare(&(struct theory_system){.name = "M/M/1 with a pick-up of 0.2",
                                           .slots = 1,
                                           .arrival = 0.5,
                                           .fleet = "github: {pickup: 20s, queue_limit: 365d}",
                                           .span = 1.5 * THEORY_MILLION / 0.5},
                   THEORY_CHECKS({THEORY_WAIT, 0.2 + exact.mean_wait}, {THEORY_WAITS, 0.6},
                                 {THEORY_UTILIZATION, 0.6}));
    theory_settle();
}
END_TEST

/* ---- arrivals of other kinds ---- */

START_TEST(renewal_arrivals)
{
    static const struct {
        int slots;
        double load, jobs;
        struct theory_dist interval; /* of mean 1 here */
    } list[] = {
        {1, 0.8, 4.2, {DIST_FIXED, 1, 0}},
        {3, 0.87, 12, {DIST_FIXED, 1, 0}},
        {1, 0.7, 9, {DIST_HYPEREXPONENTIAL, 1, 4}},
        {2, 0.75, 4, {DIST_UNIFORM, 1, 0.3}},
        {4, 0.85, 12, {DIST_ERLANG, 1, 0.5}},
        {3, 0.7, 8, {DIST_LOGNORMAL, 1, 2}},
        {1, 0.7, 5, {DIST_WEIBULL, 1, 2}},
        {2, 0.8, 7, {DIST_LOGLOGISTIC, 1, 0.3}},
        {4, 0.75, 10, {DIST_HYPEREXPONENTIAL, 1, 3.79}},
    };
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        struct theory_dist scaled = list[i].interval;
        struct dist interval;
        struct exact exact;
        scaled.mean = round(1e5 / (list[i].load * list[i].slots)) / 1e5; /* whole ms */
        interval = theory_resolve(scaled);
        exact = exact_gimc(list[i].slots, &interval, 1);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("GI/M/%d at %g%%, %s, cv2 %g", list[i].slots,
                                    100 * list[i].load, dist_kind_name(scaled.kind), scaled.cv2),
                .slots = list[i].slots,
                .load = list[i].load,
                .arrivals = theory_text("{kind: renewal, interval: %s}", theory_yaml(scaled)),
                .span = list[i].jobs * THEORY_MILLION * scaled.mean},
            THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
    }
    theory_settle();
}
END_TEST

/* Whatever comes and however long it takes: what is offered is served. */
START_TEST(offered_load)
{
    static const struct theory_dist interval = {DIST_LOGNORMAL, 0.185, 2},
                                    service = {DIST_WEIBULL, 1, 2};
    theory_compare(&(struct theory_system){.name = "G/G/6 offered 5.405",
                                           .slots = 6,
                                           .arrivals = theory_text("{kind: renewal, interval: %s}",
                                                                   theory_yaml(interval)),
                                           .service = theory_yaml(service),
                                           .span = 2 * THEORY_MILLION * interval.mean,
                                           .replications = 100},
                   THEORY_CHECKS({THEORY_UTILIZATION, 1 / interval.mean / 6}));
    theory_settle();
}
END_TEST

/* Hours are 36 units. The sine crosses its mean upwards at 8:00, for its peak at 14:00. */
#define HOUR 36.0
START_TEST(arrivals_that_swing_over_the_day)
{
    static const struct {
        const char *name;
        int slots;
        double load, amplitude, from, to; /* hours after 8:00 */
        int replications;
        bool queues; /* enough to tell how many to 1% */
    } list[] = {
        {"M(t)/M/4, the hours around the peak", 4, 0.7, 0.5, 4, 10, 45000, true},
        {"M(t)/M/4, the hours around the trough", 4, 0.7, 0.5, 14, 20, 10000, false},
        {"M(t)/M/10, a week, swinging all the way", 10, 0.6, 1, 24, 192, 5000, true},
    };
    size_t i;
    for (i = 0; i < THEORY_COUNT(list); i++) {
        struct exact_rate rate = {list[i].load * list[i].slots / HOUR, list[i].amplitude, 24 * HOUR,
                                  NULL, 0};
        double from = list[i].from * HOUR, to = list[i].to * HOUR;
        struct exact exact = exact_mtmc(list[i].slots, &rate, 1 / HOUR, from, to);
        theory_compare(
            &(struct theory_system){.name = list[i].name,
                                    .slots = list[i].slots,
                                    .arrivals =
                                        theory_text("{rate: %.9g/h, amplitude: %g%%}",
                                                    rate.mean * HOUR, 100 * list[i].amplitude),
                                    .service = "{kind: exponential, mean: 1h}",
                                    .scenario = "start: 8h",
                                    .warmup = from,
                                    .length = to,
                                    .replications = list[i].replications},
            THEORY_CHECKS({THEORY_UTILIZATION, exact.utilization},
                          {list[i].queues ? THEORY_QUEUE : THEORY_END, exact.mean_queue}));
    }
    theory_settle();
}
END_TEST

static const char *list_weights(const double *weight, int n, int first)
{
    static char text[2048];
    int i, at = 0;
    for (i = 0; i < n; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%g", i ? ", " : "",
                       weight[(i + n - first) % n]);
    return text;
}

/* `first`: the hour of the day or week at which the scenario starts. */
static void compare_profile(const char *name, const double *weight, int n, int first, double from,
                            double to, int replications)
{
    struct exact_rate rate = {0.6 * 5 / HOUR, 0, n * HOUR, weight, n};
    struct exact exact = exact_mtmc(5, &rate, 1 / HOUR, from * HOUR, to * HOUR);
    theory_compare(
        &(struct theory_system){
            .name = name,
            .slots = 5,
            .arrivals = theory_text("{rate: 3/h, profile: [%s]}", list_weights(weight, n, first)),
            .service = "{kind: exponential, mean: 1h}",
            .scenario = theory_text("start: %dh", first),
            .warmup = from * HOUR,
            .length = to * HOUR,
            .replications = replications},
        THEORY_CHECKS({THEORY_QUEUE, exact.mean_queue}, {THEORY_UTILIZATION, exact.utilization}));
}

START_TEST(arrivals_by_the_hour)
{
    static const double office[24] = {[8] = 2, 3, 4, 5, 3, 4, 5, 4, 3, 2, 1};
    double week[168];
    int i;
    for (i = 0; i < 168; i++) /* from Sunday noon on: twelve quiet hours, then working days */
        week[i] = i < 12 || i >= 132 ? 0.2 : (i + 12) % 24 >= 8 && (i + 12) % 24 < 18 ? 3 : 0.5;
    compare_profile("profile of a day, 8:00 to 20:00", office, 24, 0, 8, 20, 11000);
    compare_profile("profile of a week, Sunday noon to Monday", week, 168, 6 * 24 + 12, 20, 32,
                    10500);
    theory_settle();
}
END_TEST

START_TEST(all_of_them)
{
    theory_summary();
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("theory");
    TCase *c = tcase_create("exact");
    theory_init();
    tcase_set_timeout(c, 0);
    tcase_add_test(c, erlang_c);
    tcase_add_test(c, wait_distribution);
    tcase_add_test(c, erlang_b);
    tcase_add_test(c, little_room);
    tcase_add_test(c, erlang_a);
    tcase_add_test(c, batches);
    tcase_add_test(c, fixed_services);
    tcase_add_test(c, pollaczek_khinchine);
    tcase_add_test(c, timeouts);
    tcase_add_test(c, pickups);
    tcase_add_test(c, renewal_arrivals);
    tcase_add_test(c, offered_load);
    tcase_add_test(c, arrivals_that_swing_over_the_day);
    tcase_add_test(c, arrivals_by_the_hour);
    theory_hosts(c);
    tcase_add_test(c, all_of_them);
    suite_add_tcase(suite, c);
    return suite;
}
