/* The formulas against published numbers, closed forms and one another, before anything is
 * compared with them. */
#include "tests/support/helpers.h"
#include "tests/support/theory_exact.h"

#include <math.h>

#define near(got, want, tolerance) ck_assert_double_eq_tol(got, want, tolerance)

static struct dist make(enum dist_kind kind, double mean, double cv2)
{
    struct und_err err = {0};
    struct dist dist;
    dist_init(&dist);
    dist.kind = kind;
    dist.mean_ms = mean;
    dist.cv2 = cv2;
    ck_assert_msg(dist_resolve(&dist, "here", &err) == UND_OK, "%s", err.text);
    return dist;
}

/* Erlang's tables: B(5, 3) = 0.1101, B(10, 10) = 0.2146, C(10, 8) = 0.4092. */
START_TEST(erlang_b_and_c_are_the_tabled_ones)
{
    near(exact_erlang_b(5, 3), 0.1101, 5e-5);
    near(exact_erlang_b(10, 10), 0.2146, 5e-5);
    near(exact_erlang_c(10, 8), 0.4092, 5e-5);
    near(exact_mmc(1, 0.8, 1).mean_number, 4, 1e-12);
    near(exact_mmc(1, 0.8, 1).mean_wait, 4, 1e-12);
}
END_TEST

/* M/M/1: P(W <= t) = 1 - load exp(-(1 - load) t). */
START_TEST(wait_quantiles_invert_the_distribution)
{
    double t = exact_mmc_wait_quantile(1, 0.8, 1, 0.95);
    near(1 - 0.8 * exp(-0.2 * t), 0.95, 1e-12);
    ck_assert_double_eq(exact_mmc_wait_quantile(1, 0.8, 1, 0.19), 0);
}
END_TEST

/* Gross et al., the inspection station: three stalls, room for four, one car a minute, six minutes
 * each: Lq = 3.09, L = 6.06. Without room it is Erlang B. */
START_TEST(finite_room_is_the_textbook_example)
{
    struct exact station = exact_mmck(3, 4, 1, 1.0 / 6), none = exact_mmck(10, 0, 10, 1);
    near(station.mean_queue, 3.09, 0.005);
    near(station.mean_number, 6.06, 0.005);
    near(station.mean_wait, station.mean_queue / (1 - station.lost), 1e-12);
    near(none.lost, exact_erlang_b(10, 10), 1e-12);
    near(none.wait_probability, 0, 1e-12);
    /* M/M/1 at load 1 with room for one: three equal states, two of which admit, one at once. */
    near(exact_mmck(1, 1, 1, 1).wait_probability, 0.5, 1e-12);
    near(exact_mmck(4, 2000, 3, 1).mean_wait, exact_mmc(4, 3, 1).mean_wait, 1e-9);
    near(exact_mmck(4, 2000, 3, 1).wait_probability, exact_erlang_c(4, 3), 1e-9);
}
END_TEST

/* Mandelbaum and Zeltyn: 50 agents, 48 calls a minute of one minute each, two minutes' patience:
 * 3.1% give up, the mean wait is 3.7 s, 93% busy; with endless patience 20.8 s and 96%. */
START_TEST(impatience_is_the_published_example)
{
    struct exact patient = exact_mmc(50, 48, 1), impatient = exact_erlang_a(50, 48, 1, 0.5);
    near(impatient.lost, 0.031, 0.0005);
    near(60 * impatient.mean_wait, 3.7, 0.05);
    near(impatient.utilization, 0.93, 0.005);
    near(60 * patient.mean_wait, 20.8, 0.05);
    near(impatient.utilization, 48 * (1 - impatient.lost) / 50, 1e-12);
    near(exact_erlang_a(50, 48, 1, 1e-7).mean_wait, patient.mean_wait, 1e-4);
}
END_TEST

/* Winston, Operations Research: Gotham's five police cars, one breakdown in 30 days, two crews that
 * take three days: 4.535 cars in good condition, a crew idle 77.4% of the time. */
START_TEST(machine_repair_is_the_textbook_example)
{
    struct exact gotham = exact_machine_repair(5, 2, 1.0 / 30, 1.0 / 3);
    near(5 - gotham.mean_number, 4.535, 0.0005);
    near(1 - gotham.utilization, 0.774, 0.001);
}
END_TEST

/* Hillier and Lieberman, the county hospital, waits in hours; and the conservation law. */
START_TEST(priorities_are_the_textbook_example)
{
    static const double arrival[] = {0.2, 0.6, 1.2};
    double wait[3];
    exact_priorities(1, arrival, 3, 3, wait);
    near(wait[0], 0.238, 0.0005);
    near(wait[1], 0.325, 0.0005);
    near(0.2 * wait[0] + 0.6 * wait[1] + 1.2 * wait[2], exact_mmc(1, 2, 3).mean_queue, 1e-12);
    exact_priorities(2, arrival, 3, 3, wait);
    near(wait[0], 0.029, 0.0005);
    near(wait[1], 0.033, 0.0005);
    near(wait[2], 0.048, 0.0005);
}
END_TEST

START_TEST(priorities_of_like_services_agree)
{
    static const double arrival[] = {0.2, 0.6, 1.2};
    struct dist third = make(DIST_EXPONENTIAL, 1.0 / 3, NAN);
    struct dist service[] = {third, third, third};
    double like[3], any[3];
    int i;
    exact_priorities(1, arrival, 3, 3, like);
    exact_mg1_priorities(arrival, service, 3, any);
    for (i = 0; i < 3; i++)
        near(any[i], like[i], 1e-12);
}
END_TEST

/* Equal speeds: M/M/c, whatever the choice. */
START_TEST(equal_speeds_are_one_host)
{
    static const int slots[] = {3, 2};
    static const double speed[] = {1, 1};
    double first;
    struct exact got = exact_two_speeds(slots, speed, EXACT_RANDOM, 4, 1, &first);
    near(got.mean_wait, exact_mmc(5, 4, 1).mean_wait, 1e-12);
    near(got.wait_probability, exact_erlang_c(5, 4), 1e-12);
    near(first, 0.8, 1e-12);
    got = exact_two_speeds(slots, speed, EXACT_FIRST, 4, 1, &first);
    near(got.mean_wait, exact_mmc(5, 4, 1).mean_wait, 1e-12);
    ck_assert_double_gt(first, 0.81);
}
END_TEST

/* One slot each, speeds 2 and 1, 1.5 arrivals: against both busy and nobody waiting as 1, by hand
 * none 16/9, fast 2/3, slow 4/3, waiting 1 at random; 32/15, 6/5, 4/5, 1 with the fast one first.
 */
START_TEST(two_speeds_are_the_chain_by_hand)
{
    static const int slots[] = {1, 1};
    static const double speed[] = {2, 1};
    double first;
    struct exact got = exact_two_speeds(slots, speed, EXACT_RANDOM, 1.5, 1, &first);
    near(got.wait_probability, 9.0 / 26, 1e-12);
    near(first, 6.0 / 13, 1e-12);
    near(got.mean_queue, 2 * 9.0 / 52, 1e-12);
    got = exact_two_speeds(slots, speed, EXACT_FIRST, 1.5, 1, &first);
    near(got.wait_probability, 2 / (92.0 / 15), 1e-12);
    near(first, 3.2 / (92.0 / 15), 1e-12);
}
END_TEST

/* With one server Pollaczek and Khinchine; with more, Cosmetatos' approximation is within 1%, and
 * everybody waits when the load nears 1. */
START_TEST(fixed_services_agree_with_pollaczek_khinchine)
{
    int servers;
    for (servers = 2; servers <= 12; servers += 5) {
        double load = 0.9;
        double excess =
            (1 - load) * (servers - 1) * (sqrt(4 + 5.0 * servers) - 2) / (16 * servers * load);
        double approximate = exact_mmc(servers, load * servers, 1).mean_wait / 2 * (1 + excess);
        near(exact_mdc(servers, load * servers, 1).mean_wait / approximate, 1, 0.01);
    }
    near(exact_mdc(1, 0.8, 1).mean_wait, exact_mg1(0.8, 1, 0).mean_wait, 1e-9);
    near(exact_mdc(1, 0.8, 1).wait_probability, 0.8, 1e-9);
    near(exact_mg1(0.8, 1, 1).mean_wait, exact_mmc(1, 0.8, 1).mean_wait, 1e-12);
}
END_TEST

/* D/M/1 at load 1/2 has the root 0.203188 of x = exp(-2 (1 - x)); with exponential intervals GI/M/c
 * is M/M/c; E2/M/1 has a quadratic: x = (2 l / (2 l + 1 - x))^2, at load 1/2 in units of services
 * x^2 - 3 x + 1 = 0. */
START_TEST(renewal_arrivals_agree_with_closed_forms)
{
    struct dist fixed = make(DIST_FIXED, 1, NAN), poisson = make(DIST_EXPONENTIAL, 1, NAN);
    struct dist erlang = make(DIST_ERLANG, 1, 0.5);
    double root = (3 - sqrt(5)) / 2;
    int servers;
    near(exact_gimc(1, &fixed, 2).wait_probability, 0.203188, 5e-7);
    near(exact_gimc(1, &erlang, 2).wait_probability, root, 1e-9);
    near(exact_gimc(1, &erlang, 2).mean_wait, root / (2 * (1 - root)), 1e-9);
    for (servers = 1; servers <= 20; servers++) {
        double service = 1 / (0.8537 * servers);
        near(exact_gimc(servers, &poisson, service).wait_probability,
             exact_erlang_c(servers, 1 / service), 1e-9);
    }
}
END_TEST

START_TEST(transforms_agree_with_their_integrals)
{
    struct dist weibull = make(DIST_WEIBULL, 1, 1), uniform = make(DIST_UNIFORM, 1, 1.0 / 3);
    struct dist fixed = make(DIST_FIXED, 2, NAN);
    near(exact_transform(&weibull, 0.7), 1 / 1.7, 1e-8); /* of shape 1: exponential */
    near(exact_transform(&uniform, 0.7), (1 - exp(-1.4)) / 1.4, 1e-8);
    near(exact_transform(&fixed, 0.7), exp(-1.4), 1e-12);
}
END_TEST

/* One server: L = r (E[X] + E[X^2]) / (2 (1 - r E[X])), and the mean wait of a job is that of the
 * batch's first one plus half of its batch. Batches of one are M/M/c. */
START_TEST(batches_agree_with_closed_forms)
{
    static const double single[] = {1}, mixed[] = {0, 1, 0, 1};
    struct exact batch = exact_batches(1, 0.2, mixed, 4, 1),
                 plain = exact_batches(3, 1, single, 1, 0.4);
    near(batch.mean_number, 0.2 * (3 + 10) / (2 * (1 - 0.6)), 1e-9);
    near(batch.utilization, 0.6, 1e-12);
    near(1 - batch.wait_probability, (1 - 0.6) / 3,
         1e-9); /* the first of those who find it empty */
    near(plain.mean_wait, exact_mmc(3, 1, 0.4).mean_wait, 1e-9);
    near(plain.wait_probability, exact_erlang_c(3, 2.5), 1e-9);
}
END_TEST

/* Exponential lengths forget: resuming, starting over and the Markov chain are one. */
START_TEST(breakdowns_of_exponential_services_agree_three_ways)
{
    struct dist service = make(DIST_EXPONENTIAL, 1, NAN), repair = make(DIST_EXPONENTIAL, 5, NAN);
    double chain = exact_host_breakdowns(1, 1, 0.5, 1, 0.02, 0.2).mean_number;
    near(exact_breakdowns(0.5, &service, 0.02, &repair, EXACT_RESUME).mean_number, chain, 1e-8);
    near(exact_breakdowns(0.5, &service, 0.02, &repair, EXACT_RESAMPLE).mean_number, chain, 1e-7);
    /* Hosts that hardly fail; and two that are down most of the time, hardly loaded: a job in
     * service is there for its service and the times when neither is up. */
    near(exact_host_breakdowns(3, 2, 5, 1, 1e-9, 1).mean_number, exact_mmc(6, 5, 1).mean_number,
         1e-5);
    near(exact_host_breakdowns(2, 1, 1e-6, 1, 1e3, 1e3).mean_number / 1e-6, 1 / 0.75, 1e-3);
    near(exact_host_breakdowns(1, 4, 3, 1, 1e-9, 1).mean_number, exact_mmc(4, 3, 1).mean_number,
         1e-6);
}
END_TEST

/* Fixed work d, started over at every failure, no repair time: the time to the first gap of d in a
 * Poisson process has mean (exp(f d) - 1) / f and variance (exp(2 f d) - 1 - 2 f d exp(f d)) / f^2.
 */
START_TEST(starting_over_has_the_moments_of_a_gap)
{
    struct dist work = make(DIST_FIXED, 1, NAN), none = make(DIST_FIXED, 1e-12, NAN);
    double f = 0.5, mean = (exp(f) - 1) / f, variance = (exp(2 * f) - 1 - 2 * f * exp(f)) / (f * f);
    struct exact got = exact_breakdowns(0.4, &work, f, &none, EXACT_RESAMPLE);
    struct exact want = exact_mg1(0.4, mean, variance / (mean * mean));
    near(got.utilization, want.utilization, 1e-9);
    near(got.mean_wait, want.mean_wait, 1e-9);
}
END_TEST

/* No amplitude: M/M/c. Servers enough: Eick, Massey and Whitt (1993), the mean number follows the
 * rate with a lag, averaged here over a quarter of a period. */
START_TEST(forward_equations_agree_with_closed_forms)
{
    double period = 24, lag = 2 * M_PI / period, part = 2 / M_PI;
    struct exact_rate steady = {3, 0, period, NULL, 0}, sine = {2, 0.6, period, NULL, 0};
    static const double even[] = {1, 1, 1}, uneven[] = {4, 0, 1, 1};
    struct exact_rate parts = {3, 0, period, even, 3}, jumps = {2, 0, 4 * period, uneven, 4};
    struct exact flat = exact_mtmc(4, &steady, 1, 300, 301);
    struct exact ample = exact_mtmc(100, &sine, 1, 240, 246);
    struct exact late = exact_mtmc(100, &jumps, 1, period, 2 * period);
    near(flat.mean_queue, exact_mmc(4, 3, 1).mean_queue, 1e-6);
    near(flat.utilization, 0.75, 1e-6);
    near(exact_mtmc(4, &parts, 1, 20, 50).mean_queue, exact_mtmc(4, &steady, 1, 20, 50).mean_queue,
         1e-7);
    /* 16 / 3 jobs when the arrivals stop, almost; they leave one by one. */
    near(late.mean_number, 16.0 / 3 * (1 - exp(-period)) * (1 - exp(-period)) / period, 1e-6);
    near(ample.mean_number, 2 * (1 + 0.6 * part * (1 - lag) / (1 + lag * lag)), 1e-6);
}
END_TEST

/* Two crews: each host is down repair times apart; one crew: the textbook's parallel system. */
START_TEST(two_hosts_agree_with_closed_forms)
{
    struct exact_pair two = exact_two_hosts(0.01, 1, 2), one = exact_two_hosts(0.01, 1, 1);
    near(two.both_down, pow(0.01 / 1.01, 2), 1e-15);
    near(one.both_down, 2e-4 / (1 + 0.02 + 2e-4), 1e-15);
    near(one.mean_time_to_it, 5150, 1e-9);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("theory_exact");
    TCase *c = tcase_create("published");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, erlang_b_and_c_are_the_tabled_ones);
    tcase_add_test(c, wait_quantiles_invert_the_distribution);
    tcase_add_test(c, finite_room_is_the_textbook_example);
    tcase_add_test(c, impatience_is_the_published_example);
    tcase_add_test(c, machine_repair_is_the_textbook_example);
    tcase_add_test(c, priorities_are_the_textbook_example);
    tcase_add_test(c, priorities_of_like_services_agree);
    tcase_add_test(c, equal_speeds_are_one_host);
    tcase_add_test(c, two_speeds_are_the_chain_by_hand);
    tcase_add_test(c, fixed_services_agree_with_pollaczek_khinchine);
    tcase_add_test(c, renewal_arrivals_agree_with_closed_forms);
    tcase_add_test(c, transforms_agree_with_their_integrals);
    tcase_add_test(c, batches_agree_with_closed_forms);
    tcase_add_test(c, breakdowns_of_exponential_services_agree_three_ways);
    tcase_add_test(c, starting_over_has_the_moments_of_a_gap);
    tcase_add_test(c, forward_equations_agree_with_closed_forms);
    tcase_add_test(c, two_hosts_agree_with_closed_forms);
    suite_add_tcase(s, c);
    return s;
}
