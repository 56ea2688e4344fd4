/* The simulator against queueing and reliability theory (theory_exact.h), system by system. */
#include "helpers.h"
#include "theory_case.h"
#include "theory_exact.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define CHECKS(...)                                                                                \
    (struct theory_check[])                                                                        \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            THEORY_END, 0                                                                          \
        }                                                                                          \
    }
#define MILLION 1e6 /* of jobs; how many a case takes follows from the variance of its measures */

static const char *const no_room = "queue: {capacity: 0}";

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
    for (i = 0; i < COUNT(list); i++) {
        double arrival = list[i].load * list[i].slots;
        struct exact exact = exact_mmc(list[i].slots, arrival, 1);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("M/M/%d at %g%%", list[i].slots, 100 * list[i].load),
                .slots = list[i].slots,
                .arrival = arrival,
                .load = list[i].load,
                .span = list[i].jobs * MILLION / arrival,
                .replications = list[i].replications},
            CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
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
                                           .span = 5.5 * MILLION / 0.7},
                   CHECKS({THEORY_WAIT_P50, exact_mmc_wait_quantile(1, 0.7, 1, 0.5)},
                          {THEORY_WAIT_P95, wait_quantile(&single, 0.95)}));
    theory_compare(&(struct theory_system){.name = "distribution of M/M/4 at 75%",
                                           .slots = 4,
                                           .arrival = 3,
                                           .span = 11.5 * MILLION / 3},
                   CHECKS({THEORY_WAIT_P95, exact_mmc_wait_quantile(4, 3, 1, 0.95)},
                          {THEORY_WAIT_P99, wait_quantile(&several, 0.99)}));
    theory_compare(&(struct theory_system){.name = "distribution of E4/M/2 at 69%",
                                           .slots = 2,
                                           .arrivals = theory_text("{kind: renewal, interval: %s}",
                                                                   theory_yaml(erlang)),
                                           .span = 4 * MILLION * erlang.mean},
                   CHECKS({THEORY_WAIT_P95, wait_quantile(&renewal, 0.95)}));
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
    for (i = 0; i < COUNT(list); i++) {
        double lost = exact_erlang_b(list[i].slots, list[i].offered);
        theory_compare(
            &(struct theory_system){.name = theory_text("%d without a queue, offered %g, %s",
                                                        list[i].slots, list[i].offered,
                                                        dist_kind_name(list[i].service.kind)),
                                    .slots = list[i].slots,
                                    .arrival = list[i].offered,
                                    .service = theory_yaml(list[i].service),
                                    .workload = no_room,
                                    .span = list[i].jobs * MILLION / list[i].offered},
            CHECKS({THEORY_LOST, lost},
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
    for (i = 0; i < COUNT(list); i++) {
        struct exact exact = exact_mmck(list[i].slots, list[i].room, list[i].arrival, 1);
        theory_compare(
            &(struct theory_system){.name =
                                        theory_text("M/M/%d with room for %d, offered %g",
                                                    list[i].slots, list[i].room, list[i].arrival),
                                    .slots = list[i].slots,
                                    .arrival = list[i].arrival,
                                    .workload = theory_text("queue: {capacity: %d}", list[i].room),
                                    .span = list[i].jobs * MILLION / list[i].arrival},
            CHECKS({THEORY_LOST, exact.lost}, {THEORY_WAIT, exact.mean_wait},
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
    for (i = 0; i < COUNT(list); i++) {
        struct exact exact = exact_erlang_a(list[i].slots, list[i].arrival, 1, list[i].impatience);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("Erlang-A: %d, offered %g, patience %g", list[i].slots,
                                    list[i].arrival, 1 / list[i].impatience),
                .slots = list[i].slots,
                .arrival = list[i].arrival,
                .workload = theory_text("queue: {patience: {kind: exponential, mean: %.12gs}}",
                                        THEORY_UNIT_S / list[i].impatience),
                .span = list[i].jobs * MILLION / list[i].arrival},
            CHECKS({THEORY_LOST, exact.lost}, {THEORY_QUEUE, exact.mean_queue},
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
        {"geometric batches, 8 slots at 60%", "{kind: geometric, mean: 6}", 8, 0, NULL, 6, 0.6, 9},
        {"batches by weights, 3 slots at 75%",
         "{kind: empirical, weights: [5, 3, 0, 0, 0, 0, 0, 2]}", 3, 8, mixed, 2.7, 0.75, 9.5},
    };
    size_t i;
    for (i = 0; i < COUNT(list); i++) {
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
                                    .span = list[i].jobs * MILLION / runs / list[i].mean},
            CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
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
    for (i = 0; i < COUNT(list); i++) {
        double arrival = list[i].load * list[i].slots;
        struct exact exact = exact_mdc(list[i].slots, arrival, 1);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("M/D/%d at %g%%", list[i].slots, 100 * list[i].load),
                .slots = list[i].slots,
                .arrival = arrival,
                .service = "100s",
                .load = list[i].load,
                .span = list[i].jobs * MILLION / arrival,
                .replications = list[i].replications},
            CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
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
    for (i = 0; i < COUNT(list); i++) {
        double arrival = list[i].load / list[i].service.mean;
        struct exact exact = exact_mg1(arrival, list[i].service.mean, list[i].service.cv2);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("M/G/1 at %g%%, %s, cv2 %g", 100 * list[i].load,
                                    dist_kind_name(list[i].service.kind), list[i].service.cv2),
                .slots = 1,
                .arrival = arrival,
                .service = theory_yaml(list[i].service),
                .span = list[i].jobs * MILLION / arrival},
            CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_QUEUE, exact.mean_queue}));
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
                                .span = 2.2 * MILLION / 0.9},
        CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_LOST, late}));
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
                                           .span = 1.5 * MILLION / 0.5},
                   CHECKS({THEORY_WAIT, 0.2 + exact.mean_wait}, {THEORY_WAITS, 0.6},
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
    for (i = 0; i < COUNT(list); i++) {
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
                .span = list[i].jobs * MILLION * scaled.mean},
            CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability}));
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
                                           .span = 2 * MILLION * interval.mean,
                                           .replications = 100},
                   CHECKS({THEORY_UTILIZATION, 1 / interval.mean / 6}));
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
    for (i = 0; i < COUNT(list); i++) {
        struct exact_rate rate = {list[i].load * list[i].slots / HOUR, list[i].amplitude, 24 * HOUR,
                                  NULL, 0};
        double from = list[i].from * HOUR, to = list[i].to * HOUR;
        struct exact exact = exact_mtmc(list[i].slots, &rate, 1 / HOUR, from, to);
        theory_compare(&(struct theory_system){.name = list[i].name,
                                               .slots = list[i].slots,
                                               .arrivals = theory_text(
                                                   "{rate: %.9g/h, amplitude: %g%%}",
                                                   rate.mean * HOUR, 100 * list[i].amplitude),
                                               .service = "{kind: exponential, mean: 1h}",
                                               .scenario = "start: 8h",
                                               .warmup = from,
                                               .length = to,
                                               .replications = list[i].replications},
                       CHECKS({THEORY_UTILIZATION, exact.utilization},
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
        CHECKS({THEORY_QUEUE, exact.mean_queue}, {THEORY_UTILIZATION, exact.utilization}));
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

/* ---- classes, hosts ---- */

/* Class i: its own arrivals, as a weight, and services; the first goes first, unless none does. */
static void compare_priorities(const char *name, const struct theory_dist *service,
                               const double *arrival, int n, bool ranked, double jobs)
{
    struct dist dist[4] = {{.kind = DIST_FIXED}};
    double wait[4], all = 0, mean = 0, residual = 0, load = 0;
    const char *classes = "";
    int i;
    for (i = 0; i < n; i++) {
        dist[i] = theory_resolve(service[i]);
        all += arrival[i];
        load += arrival[i] * service[i].mean;
        residual += arrival[i] * service[i].mean * service[i].mean * (1 + dist_cv2(&dist[i])) / 2;
        classes =
            theory_text("%s%s{name: c%d, weight: %g, priority: %d, duration: %s}", classes,
                        i ? ", " : "", i, arrival[i], ranked ? 10 - i : 0, theory_yaml(service[i]));
    }
    exact_mg1_priorities(arrival, dist, n, wait);
    for (i = 0; i < n; i++)
        mean += arrival[i] / all * wait[i];
    theory_compare(
        &(struct theory_system){.name = name,
                                .slots = 1,
                                .arrival = all,
                                .classes = classes,
                                .span = jobs * MILLION / all},
        CHECKS({THEORY_WAIT, ranked ? mean : residual / (1 - load)}, {THEORY_UTILIZATION, load}));
}

/* A result has no wait by class: the mean over all says who goes first, as services differ. */
START_TEST(priorities)
{
    static const struct theory_dist short_first[] = {{DIST_EXPONENTIAL, 0.5, 1},
                                                     {DIST_EXPONENTIAL, 2, 1}},
                                    long_first[] = {{DIST_EXPONENTIAL, 2, 1},
                                                    {DIST_EXPONENTIAL, 0.5, 1}},
                                    three[] = {{DIST_FIXED, 0.4, 0},
                                               {DIST_UNIFORM, 1, 0.2},
                                               {DIST_LOGNORMAL, 2, 0.5}};
    static const double shorts[] = {0.8, 0.2}, longs[] = {0.175, 0.7}, mixed[] = {0.4, 0.3, 0.15};
    struct exact alike = exact_mmc(3, 2.4, 1);
    compare_priorities("M/M/1, short jobs first", short_first, shorts, 2, true, 7);
    compare_priorities("M/M/1, long jobs first", long_first, longs, 2, true, 9);
    compare_priorities("M/M/1, short and long jobs as they come", short_first, shorts, 2, false,
                       11);
    compare_priorities("M/G/1, three classes by rank", three, mixed, 3, true, 3.6);
    theory_compare(
        &(struct theory_system){
            .name = "M/M/3, classes alike: the mean is conserved",
            .slots = 3,
            .arrival = 2.4,
            .classes = "{name: a, priority: 1, duration: {kind: exponential, mean: 100s}}, "
                       "{name: b, weight: 2, duration: {kind: exponential, mean: 100s}}",
            .span = 10.5 * MILLION / 2.4},
        CHECKS({THEORY_WAIT, alike.mean_wait}, {THEORY_WAITS, alike.wait_probability}));
    theory_settle();
}
END_TEST

START_TEST(hosts_of_one_speed)
{
    struct exact six = exact_mmc(6, 4.5, 1), fast = exact_mmc(4, 5.6, 2);
    theory_compare(&(struct theory_system){.name = "3 hosts of 2 slots at 75%",
                                           .hosts = "{name: A, slots: 2}, {name: B, slots: 2}, "
                                                    "{name: C, tier: backup, slots: 2}",
                                           .arrival = 4.5,
                                           .span = 9 * MILLION / 4.5},
                   CHECKS({THEORY_WAIT, six.mean_wait}, {THEORY_WAITS, six.wait_probability},
                          {THEORY_HOST_UTILIZATION, 0.75}));
    theory_compare(&(struct theory_system){.name = "2 hosts of 2 slots, twice as fast",
                                           .hosts = "{name: A, slots: 2, speed: 2}, "
                                                    "{name: B, slots: 2, speed: 2}",
                                           .arrival = 5.6,
                                           .span = 7 * MILLION / 5.6},
                   CHECKS({THEORY_WAIT, fast.mean_wait}, {THEORY_UTILIZATION, 0.7}));
    theory_settle();
}
END_TEST

START_TEST(hosts_of_two_speeds)
{
    static const struct {
        int slots[2];
        double speed[2];
        enum exact_choice choice;
        double arrival, jobs;
    } list[] = {{{1, 1}, {2, 1}, EXACT_RANDOM, 1.8, 3.3},
                {{1, 1}, {2, 1}, EXACT_FIRST, 1.8, 3.2},
                {{2, 3}, {1.5, 0.5}, EXACT_RANDOM, 3, 7.6},
                {{2, 3}, {1.5, 0.5}, EXACT_FIRST, 3, 11}};
    size_t i;
    for (i = 0; i < COUNT(list); i++) {
        double first;
        struct exact exact = exact_two_speeds(list[i].slots, list[i].speed, list[i].choice,
                                              list[i].arrival, 1, &first);
        bool priority = list[i].choice == EXACT_FIRST;
        theory_compare(
            &(struct theory_system){
                .name = theory_text("%d slots of speed %g and %d of %g, %s", list[i].slots[0],
                                    list[i].speed[0], list[i].slots[1], list[i].speed[1],
                                    priority ? "the first preferred" : "at random"),
                .hosts = theory_text("{name: A, slots: %d, speed: %g}, "
                                     "{name: B, tier: backup, slots: %d, speed: %g}",
                                     list[i].slots[0], list[i].speed[0], list[i].slots[1],
                                     list[i].speed[1]),
                .arrival = list[i].arrival,
                .fleet = priority ? "github: {selection: priority, pickup: 0s, queue_limit: 365d}"
                                  : NULL,
                .span = list[i].jobs * MILLION / list[i].arrival},
            CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability},
                   {THEORY_UTILIZATION, exact.utilization}, {THEORY_HOST_UTILIZATION, first}));
    }
    theory_settle();
}
END_TEST

/* ---- failures ---- */

/* One crew and N machines are Erlang's loss system seen from the machines: those that run are its
 * busy slots, the crew its arrivals, lost when there is nothing to repair (Palm 1947). */
START_TEST(machine_repair)
{
    static const struct {
        int machines;
        double repair;
    } list[] = {{3, 2}, {8, 5}};
    size_t i;
    for (i = 0; i < COUNT(list); i++) {
        struct exact exact = exact_machine_repair(list[i].machines, 1, 1, list[i].repair);
        theory_compare(
            &(struct theory_system){.name = theory_text("%d machines, one crew, repairs %g",
                                                        list[i].machines, list[i].repair),
                                    .slots = list[i].machines,
                                    .arrival = list[i].repair,
                                    .workload = no_room,
                                    .span = 0.5 * MILLION / list[i].repair},
            CHECKS({THEORY_UTILIZATION, 1 - exact.mean_number / list[i].machines},
                   {THEORY_SUCCESS, exact.utilization}));
    }
    theory_settle();
}
END_TEST

/* Hosts that are repaired at once, whatever the distributions: only their means matter. */
START_TEST(availability)
{
    static const char *const by_faults =
        "faults: [{kind: host-power-loss, target: A, at: {kind: exponential, mean: 20min},"
        " lasts: {kind: exponential, mean: 10min}, every: {kind: exponential, mean: 20min}},"
        " {kind: network-partition, from: github, target: B,"
        " at: {kind: exponential, mean: 20min}, lasts: {kind: exponential, mean: 10min},"
        " every: {kind: exponential, mean: 20min}}]";
    static const struct {
        const char *name, *mtbf, *mttr, *scenario;
    } list[] = {
        {"2 hosts that fail", "20min", "10min", NULL},
        {"2 hosts, lognormal repairs", "20min", "{kind: lognormal, mean: 10min, cv2: 2}", NULL},
        {"2 hosts, weibull failures, fixed repairs", "{kind: weibull, mean: 20min, cv2: 0.5}",
         "{kind: fixed, mean: 10min}", NULL},
        {"2 hosts under recurring faults", NULL, NULL, by_faults}};
    double both = exact_two_hosts(1 / 12.0, 1 / 6.0, 2).both_down;
    size_t i;
    for (i = 0; i < COUNT(list); i++) {
        const char *fail =
            list[i].mtbf ? theory_text(", mtbf: %s, mttr: %s", list[i].mtbf, list[i].mttr) : "";
        theory_compare(
            &(struct theory_system){
                .name = list[i].name,
                .hosts = theory_text("{name: A, slots: 2%s}, {name: B, tier: backup, slots: 1%s}",
                                     fail, fail),
                .arrivals = "{kind: none}",
                .scenario = list[i].scenario,
                .span = 3 * MILLION},
            CHECKS({THEORY_UNAVAILABLE, both}, {THEORY_HOST_UNAVAILABLE, 1 / 3.0}));
    }
    theory_compare(
        &(struct theory_system){.name = "3 machines, a crew for each",
                                .hosts = "{name: A, slots: 1, mtbf: 1000s, mttr: 1000s}, "
                                         "{name: B, slots: 1, mtbf: 1000s, mttr: 1000s}, "
                                         "{name: C, slots: 1, mtbf: 1000s, mttr: 1000s}",
                                .arrivals = "{kind: none}",
                                .span = 3 * MILLION},
        CHECKS({THEORY_UNAVAILABLE, 0.125},
               {THEORY_HOST_UNAVAILABLE, exact_machine_repair(3, 3, 0.1, 0.1).mean_number / 3}));
    theory_settle();
}
END_TEST

/* A host of one slot, failing once in 20, busy or not. Starting over is with a new length: work of
 * a lognormal length that started over as it was would have no mean. */
START_TEST(breakdowns_of_one_slot)
{
    static const struct {
        struct theory_dist service, repair;
        enum exact_restart restart;
        double jobs;
    } list[] = {
        {{DIST_EXPONENTIAL, 1, 1}, {DIST_EXPONENTIAL, 4, 1}, EXACT_RESUME, 3.8},
        {{DIST_LOGNORMAL, 1, 1}, {DIST_FIXED, 4, 0}, EXACT_RESUME, 3.3},
        {{DIST_FIXED, 1, 0}, {DIST_ERLANG, 4, 0.5}, EXACT_RESUME, 2.6},
        {{DIST_EXPONENTIAL, 1, 1}, {DIST_UNIFORM, 4, 0.3}, EXACT_RESAMPLE, 2.6},
        {{DIST_LOGNORMAL, 1, 1}, {DIST_EXPONENTIAL, 4, 1}, EXACT_RESAMPLE, 4.6},
        {{DIST_FIXED, 1, 0}, {DIST_EXPONENTIAL, 4, 1}, EXACT_RESAMPLE, 4},
        {{DIST_HYPEREXPONENTIAL, 1, 3}, {DIST_FIXED, 2, 0}, EXACT_RESAMPLE, 3.6},
    };
    size_t i;
    for (i = 0; i < COUNT(list); i++) {
        struct dist service = theory_resolve(list[i].service);
        struct dist repair = theory_resolve(list[i].repair);
        bool resume = list[i].restart == EXACT_RESUME;
        struct exact exact = exact_breakdowns(0.5, &service, 0.05, &repair, list[i].restart);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("breaks down, %s %s, repair %s", dist_kind_name(service.kind),
                                    resume ? "resumed" : "anew", dist_kind_name(repair.kind)),
                .hosts = theory_text("{name: A, slots: 1, mtbf: 2000s, mttr: %s}",
                                     theory_yaml(list[i].repair)),
                .arrival = 0.5,
                .service = theory_yaml(list[i].service),
                .workload = resume ? "on_failure: resume" : "on_failure: rerun",
                .span = list[i].jobs * MILLION / 0.5},
            CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_NUMBER, exact.mean_number}));
    }
    theory_settle();
}
END_TEST

START_TEST(breakdowns_of_hosts)
{
    static const struct {
        int hosts, slots;
        double arrival, jobs;
        const char *on_failure;
    } list[] = {{1, 4, 2, 7.2, "on_failure: resume"},
                {2, 2, 2.4, 7.5, "on_failure: resume"},
                {3, 1, 1.5, 2, "on_failure: rerun"}};
    size_t i;
    for (i = 0; i < COUNT(list); i++) {
        struct exact exact =
            exact_host_breakdowns(list[i].hosts, list[i].slots, list[i].arrival, 1, 0.05, 0.25);
        const char *hosts = "";
        int host;
        for (host = 0; host < list[i].hosts; host++)
            hosts = theory_text("%s%s{name: H%d, slots: %d, mtbf: 2000s, mttr: 400s}", hosts,
                                host ? ", " : "", host, list[i].slots);
        theory_compare(
            &(struct theory_system){.name = theory_text("hosts break down, %d of %d slots",
                                                        list[i].hosts, list[i].slots),
                                    .hosts = hosts,
                                    .arrival = list[i].arrival,
                                    .workload = list[i].on_failure,
                                    .span = list[i].jobs * MILLION / list[i].arrival},
            CHECKS({THEORY_NUMBER, exact.mean_number}));
    }
    theory_settle();
}
END_TEST

/* A job outlives its service with E[exp(-failure S)], however many slots there are. */
START_TEST(jobs_that_die_with_their_host)
{
    static const struct theory_dist service[] = {{DIST_LOGNORMAL, 1, 2}, {DIST_FIXED, 1, 0}};
    size_t i;
    for (i = 0; i < COUNT(service); i++) {
        struct dist dist = theory_resolve(service[i]);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("jobs fail with their host, %s", dist_kind_name(dist.kind)),
                .hosts = "{name: A, slots: 3, mtbf: 2000s, mttr: 400s}",
                .arrival = 1.5,
                .service = theory_yaml(service[i]),
                .span = 2.6 * MILLION / 1.5},
            CHECKS({THEORY_LOST, 1 - exact_transform(&dist, 0.05)}));
    }
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
    tcase_add_test(c, priorities);
    tcase_add_test(c, hosts_of_one_speed);
    tcase_add_test(c, hosts_of_two_speeds);
    tcase_add_test(c, machine_repair);
    tcase_add_test(c, availability);
    tcase_add_test(c, breakdowns_of_one_slot);
    tcase_add_test(c, breakdowns_of_hosts);
    tcase_add_test(c, jobs_that_die_with_their_host);
    tcase_add_test(c, all_of_them);
    suite_add_tcase(suite, c);
    return suite;
}
