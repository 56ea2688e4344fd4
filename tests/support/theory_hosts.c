/* Part of the theory suite: classes of jobs, several hosts, and what happens when they fail. */
#include "dist_moments.h"
#include "helpers.h"
#include "theory_case.h"
#include "theory_exact.h"

#include <math.h>

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
        residual +=
            arrival[i] * service[i].mean * service[i].mean * (1 + dist_moments_cv2(&dist[i])) / 2;
        classes =
            theory_text("%s%s{name: c%d, weight: %g, priority: %d, duration: %s}", classes,
                        i ? ", " : "", i, arrival[i], ranked ? 10 - i : 0, theory_yaml(service[i]));
    }
    exact_mg1_priorities(arrival, dist, n, wait);
    for (i = 0; i < n; i++)
        mean += arrival[i] / all * wait[i];
    theory_compare(&(struct theory_system){.name = name,
                                           .slots = 1,
                                           .arrival = all,
                                           .classes = classes,
                                           .span = jobs * THEORY_MILLION / all},
                   THEORY_CHECKS({THEORY_WAIT, ranked ? mean : residual / (1 - load)},
                                 {THEORY_UTILIZATION, load}));
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
            .span = 10.5 * THEORY_MILLION / 2.4},
        THEORY_CHECKS({THEORY_WAIT, alike.mean_wait}, {THEORY_WAITS, alike.wait_probability}));
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
                                           .span = 9 * THEORY_MILLION / 4.5},
                   THEORY_CHECKS({THEORY_WAIT, six.mean_wait}, {THEORY_WAITS, six.wait_probability},
                                 {THEORY_HOST_UTILIZATION, 0.75}));
    theory_compare(&(struct theory_system){.name = "2 hosts of 2 slots, twice as fast",
                                           .hosts = "{name: A, slots: 2, speed: 2}, "
                                                    "{name: B, slots: 2, speed: 2}",
                                           .arrival = 5.6,
                                           .span = 7 * THEORY_MILLION / 5.6},
                   THEORY_CHECKS({THEORY_WAIT, fast.mean_wait}, {THEORY_UTILIZATION, 0.7}));
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
    for (i = 0; i < THEORY_COUNT(list); i++) {
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
                .span = list[i].jobs * THEORY_MILLION / list[i].arrival},
            THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_WAITS, exact.wait_probability},
                          {THEORY_UTILIZATION, exact.utilization},
                          {THEORY_HOST_UTILIZATION, first}));
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
    for (i = 0; i < THEORY_COUNT(list); i++) {
        struct exact exact = exact_machine_repair(list[i].machines, 1, 1, list[i].repair);
        theory_compare(
            &(struct theory_system){.name = theory_text("%d machines, one crew, repairs %g",
                                                        list[i].machines, list[i].repair),
                                    .slots = list[i].machines,
                                    .arrival = list[i].repair,
                                    .workload = THEORY_NO_ROOM,
                                    .span = 0.5 * THEORY_MILLION / list[i].repair},
            THEORY_CHECKS({THEORY_UTILIZATION, 1 - exact.mean_number / list[i].machines},
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
    for (i = 0; i < THEORY_COUNT(list); i++) {
        const char *fail =
            list[i].mtbf ? theory_text(", mtbf: %s, mttr: %s", list[i].mtbf, list[i].mttr) : "";
        theory_compare(
            &(struct theory_system){
                .name = list[i].name,
                .hosts = theory_text("{name: A, slots: 2%s}, {name: B, tier: backup, slots: 1%s}",
                                     fail, fail),
                .arrivals = "{kind: none}",
                .scenario = list[i].scenario,
                .span = 3 * THEORY_MILLION},
            THEORY_CHECKS({THEORY_UNAVAILABLE, both}, {THEORY_HOST_UNAVAILABLE, 1 / 3.0}));
    }
    theory_compare(&(struct theory_system){.name = "3 machines, a crew for each",
                                           .hosts =
                                               "{name: A, slots: 1, mtbf: 1000s, mttr: 1000s}, "
                                               "{name: B, slots: 1, mtbf: 1000s, mttr: 1000s}, "
                                               "{name: C, slots: 1, mtbf: 1000s, mttr: 1000s}",
                                           .arrivals = "{kind: none}",
                                           .span = 3 * THEORY_MILLION},
                   THEORY_CHECKS({THEORY_UNAVAILABLE, 0.125},
                                 {THEORY_HOST_UNAVAILABLE,
                                  exact_machine_repair(3, 3, 0.1, 0.1).mean_number / 3}));
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
    for (i = 0; i < THEORY_COUNT(list); i++) {
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
                .span = list[i].jobs * THEORY_MILLION / 0.5},
            THEORY_CHECKS({THEORY_WAIT, exact.mean_wait}, {THEORY_NUMBER, exact.mean_number}));
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
    for (i = 0; i < THEORY_COUNT(list); i++) {
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
                                    .span = list[i].jobs * THEORY_MILLION / list[i].arrival},
            THEORY_CHECKS({THEORY_NUMBER, exact.mean_number}));
    }
    theory_settle();
}
END_TEST

/* A job outlives its service with E[exp(-failure S)], however many slots there are. */
START_TEST(jobs_that_die_with_their_host)
{
    static const struct theory_dist service[] = {{DIST_LOGNORMAL, 1, 2}, {DIST_FIXED, 1, 0}};
    size_t i;
    for (i = 0; i < THEORY_COUNT(service); i++) {
        struct dist dist = theory_resolve(service[i]);
        theory_compare(
            &(struct theory_system){
                .name = theory_text("jobs fail with their host, %s", dist_kind_name(dist.kind)),
                .hosts = "{name: A, slots: 3, mtbf: 2000s, mttr: 400s}",
                .arrival = 1.5,
                .service = theory_yaml(service[i]),
                .span = 2.6 * THEORY_MILLION / 1.5},
            THEORY_CHECKS({THEORY_LOST, 1 - exact_transform(&dist, 0.05)}));
    }
    theory_settle();
}
END_TEST

void theory_hosts(TCase *c)
{
    tcase_add_test(c, priorities);
    tcase_add_test(c, hosts_of_one_speed);
    tcase_add_test(c, hosts_of_two_speeds);
    tcase_add_test(c, machine_repair);
    tcase_add_test(c, availability);
    tcase_add_test(c, breakdowns_of_one_slot);
    tcase_add_test(c, breakdowns_of_hosts);
    tcase_add_test(c, jobs_that_die_with_their_host);
}
