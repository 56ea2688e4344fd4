/*
 * Exact results of queueing and reliability theory, computed without the simulator, for the tests
 * that compare the simulator with them. Any unit of time will do; rates are its inverse. Each
 * formula is itself checked against published numbers in test_theory_exact.c.
 *
 * Sources: Gross, Shortle, Thompson and Harris, Fundamentals of Queueing Theory (4th ed.), unless
 * another one stands at the function.
 */
#ifndef TESTS_SUPPORT_THEORY_EXACT_H
#define TESTS_SUPPORT_THEORY_EXACT_H

#include "model/stats/dist.h"

#include <stdbool.h>

/* In steady state; NAN where a function does not say. Waits are from arrival to (first) start. */
struct exact {
    double wait_probability; /* of those admitted */
    double mean_wait;        /* of those admitted; Erlang-A: of all, served or not */
    double mean_queue;       /* waiting, over time */
    double mean_number;      /* waiting or in service, over time */
    double utilization;      /* of the servers, over time */
    double lost;             /* share refused or gone out of patience */
};

double exact_erlang_b(int servers, double offered);
double exact_erlang_c(int servers, double offered);

struct exact exact_mmc(int servers, double arrival, double service);
double exact_mmc_wait_quantile(int servers, double arrival, double service, double p);
/* At most `room` waiting. */
struct exact exact_mmck(int servers, int room, double arrival, double service);
/* Exponential patience with this rate (Palm 1957; Mandelbaum and Zeltyn 2007). */
struct exact exact_erlang_a(int servers, double arrival, double service, double impatience);
/* Runs that arrive as Poisson with weight[i] / sum chance of i + 1 jobs each; waits of jobs. */
struct exact exact_batches(int servers, double arrival, const double *weight, int n,
                           double service);
/* Machines that fail when running and crews that repair them: utilization is of the crews,
 * mean_number the machines down, mean_queue those of them that wait for a crew. */
struct exact exact_machine_repair(int machines, int crews, double failure, double repair);

/* Services of one fixed length (Crommelin 1932: what is here after one service time). */
struct exact exact_mdc(int servers, double arrival, double service_time);
/* Pollaczek and Khinchine. */
struct exact exact_mg1(double arrival, double mean_service, double cv2);
/* Renewal arrivals, exponential services (Takacs 1962). Not where servers * (1 - root) is whole,
 * as for M/M/c with load 0.9 and 10 servers. */
struct exact exact_gimc(int servers, const struct dist *interval, double service);

/* Mean waits of classes served by rank, without preemption, all with the same exponential service
 * (Cobham 1954); class 0 goes first. */
void exact_priorities(int servers, const double *arrival, int classes, double service,
                      double *mean_wait);

/* The same for one server and services of any kind (Cobham 1954; Kleinrock, volume 2). */
void exact_mg1_priorities(const double *arrival, const struct dist *service, int classes,
                          double *mean_wait);

/* Two hosts of different speeds; who finds both with idle slots goes to any of them with the same
 * chance, or always to the first host (a Markov chain; Gumbel 1960). */
enum exact_choice { EXACT_RANDOM, EXACT_FIRST };
struct exact exact_two_speeds(const int *slots, const double *speed, enum exact_choice choice,
                              double arrival, double service, double *first_utilization);

/* One server that fails at a rate while it stands, busy or not, and is repaired; the job in
 * service resumes or starts over with a new length (Gaver 1962; Avi-Itzhak and Naor 1963).
 * utilization counts the time lost to repairs and to work done over. */
enum exact_restart { EXACT_RESUME, EXACT_RESAMPLE };
struct exact exact_breakdowns(double arrival, const struct dist *service, double failure,
                              const struct dist *repair, enum exact_restart restart);
/* The same for hosts of several servers that fail together, all exponential: resuming and starting
 * over with a new length are then the same. Only mean_number. */
struct exact exact_host_breakdowns(int hosts, int servers, double arrival, double service,
                                   double failure, double repair);

/* A rate that varies with a period, around `mean`: by the weights of equal parts of it, or as
 * 1 + amplitude * sin(2 pi t / period). */
struct exact_rate {
    double mean, amplitude, period;
    const double *weight; /* NULL: the sine */
    int n;
};
/* Arrivals at this rate to an empty system at t = 0; time averages over from..to (the forward
 * equations, with gsl_odeiv2). */
struct exact exact_mtmc(int servers, const struct exact_rate *arrival, double service, double from,
                        double to);

/* Two hosts that fail alone and are repaired by one or two crews. */
struct exact_pair {
    double both_down;       /* share of time */
    double mean_time_to_it; /* from both up to both down */
};
struct exact_pair exact_two_hosts(double failure, double repair, int crews);

/* E[exp(-s X)]. */
double exact_transform(const struct dist *dist, double s);

#endif
