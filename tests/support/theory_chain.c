/* Exact results that take linear or differential equations. */
#include "model/base/assert.h"
#include "theory_exact.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

/* Solves p M = p, sum p = 1, for a stochastic matrix M of which only `fill` knows the entries. */
static gsl_vector *stationary(size_t n, double (*fill)(size_t from, size_t to, void *params),
                              void *params)
{
    gsl_matrix *matrix = gsl_matrix_alloc(n, n);
    gsl_vector *right = gsl_vector_calloc(n), *p = gsl_vector_alloc(n);
    gsl_permutation *order = gsl_permutation_alloc(n);
    size_t from, to;
    int sign;
    for (from = 0; from < n; from++) {
        for (to = 0; to < n; to++)
            gsl_matrix_set(matrix, to, from, fill(from, to, params) - (from == to ? 1 : 0));
        gsl_matrix_set(matrix, 0, from, 1); /* instead of one equation that the others imply */
    }
    gsl_vector_set(right, 0, 1);
    gsl_linalg_LU_decomp(matrix, order, &sign);
    gsl_linalg_LU_solve(matrix, order, right, p);
    gsl_matrix_free(matrix);
    gsl_vector_free(right);
    gsl_permutation_free(order);
    return p;
}

struct system {
    int servers, hosts;
    double arrival, service, failure, repair; /* rates; M/D/c: service is the time */
    const struct exact_rate *varying;         /* instead of arrival */
    double fastest; /* more than any state's rate of leaving, to make a chain of steps */
    size_t states;
};

/* One service time later: who was in service has gone, who came in the meantime is here. */
static double mdc_step(size_t from, size_t to, void *params)
{
    const struct system *system = params;
    size_t left = from > (size_t)system->servers ? from - (size_t)system->servers : 0;
    if (to < left)
        return 0;
    return gsl_ran_poisson_pdf((unsigned)(to - left), system->arrival * system->service);
}

struct exact exact_mdc(int servers, double arrival, double service_time)
{
    struct system system = {.servers = servers, .arrival = arrival, .service = service_time};
    double load = arrival * service_time / servers, queue = 0, full = 0;
    /* The tail falls by at least exp(-(1 - load)) a place. */
    size_t n = (size_t)(servers + 50 + 36 / (1 - load)), i;
    gsl_vector *p = stationary(n, mdc_step, &system);
    for (i = (size_t)servers; i < n; i++) {
        full += gsl_vector_get(p, i);
        queue += (double)(i - (size_t)servers) * gsl_vector_get(p, i);
    }
    gsl_vector_free(p);
    return (struct exact){.wait_probability = full,
                          .mean_wait = queue / arrival,
                          .mean_queue = queue,
                          .mean_number = queue + arrival * service_time,
                          .utilization = load};
}

static double in_service(size_t n, int servers)
{
    return (double)(n < (size_t)servers ? n : (size_t)servers);
}

/* State (hosts + 1) n + up: n jobs and so many hosts up. Uniformised at the fastest rate. */
static double host_step(size_t from, size_t to, void *params)
{
    const struct system *system = params;
    size_t per = (size_t)system->hosts + 1, n = from / per, up = from % per;
    double arrive = from + per < system->states ? system->arrival : 0;
    double fail = (double)up * system->failure;
    double mend = (double)(per - 1 - up) * system->repair;
    double leave = in_service(n, (int)up * system->servers) * system->service;
    if (to == from)
        return 1 - (arrive + fail + mend + leave) / system->fastest;
    if (to == from + per)
        return arrive / system->fastest;
    if (to + per == from)
        return leave / system->fastest;
    if (to == from + 1)
        return mend / system->fastest; /* 0 where all are up: to is another n then */
    return to + 1 == from ? fail / system->fastest : 0;
}

struct exact exact_host_breakdowns(int hosts, int servers, double arrival, double service,
                                   double failure, double repair)
{
    struct exact result = {NAN, NAN, NAN, 0, NAN, NAN};
    size_t per = (size_t)hosts + 1, i;
    struct system system = {.hosts = hosts,
                            .servers = servers,
                            .arrival = arrival,
                            .service = service,
                            .failure = failure,
                            .repair = repair,
                            .fastest = arrival + hosts * (failure + repair + servers * service),
                            .states = 1200 / per * per};
    gsl_vector *p = stationary(system.states, host_step, &system);
    for (i = 0; i < system.states; i++)
        result.mean_number += floor((double)i / (double)per) * gsl_vector_get(p, i);
    UND_ASSERT(gsl_vector_get(p, system.states - 1) < 1e-10);
    gsl_vector_free(p);
    return result;
}

struct speeds {
    const int *slots;
    const double *speed;
    enum exact_choice choice;
    double arrival, service, fastest;
};

/* The share of arrivals that go to the first host when it has i and the other j busy slots. */
static double to_first(const struct speeds *speeds, int i, int j)
{
    int idle = speeds->slots[0] - i, others = speeds->slots[1] - j;
    if (idle == 0 || others == 0)
        return idle > 0 ? 1 : 0;
    return speeds->choice == EXACT_FIRST ? 1 : (double)idle / (idle + others);
}

/* State (slots[1] + 1) i + j, without a queue: what waits only adds a geometric tail to the state
 * where all are busy. */
static double speeds_step(size_t from, size_t to, void *params)
{
    const struct speeds *speeds = params;
    int row = speeds->slots[1] + 1, i = (int)from / row, j = (int)from % row;
    int di = (int)to / row - i, dj = (int)to % row - j;
    bool full = i == speeds->slots[0] && j == speeds->slots[1];
    double first = to_first(speeds, i, j) * speeds->arrival;
    double second = full ? 0 : speeds->arrival - first;
    double leave[2] = {i * speeds->speed[0] * speeds->service,
                       j * speeds->speed[1] * speeds->service};
    if (di == 0 && dj == 0)
        return 1 - (first + second + leave[0] + leave[1]) / speeds->fastest;
    if (dj == 0 && (di == 1 || di == -1))
        return (di == 1 ? first : leave[0]) / speeds->fastest;
    if (di == 0 && (dj == 1 || dj == -1))
        return (dj == 1 ? second : leave[1]) / speeds->fastest;
    return 0;
}

struct exact exact_two_speeds(const int *slots, const double *speed, enum exact_choice choice,
                              double arrival, double service, double *first_utilization)
{
    double capacity = (slots[0] * speed[0] + slots[1] * speed[1]) * service;
    double ratio = arrival / capacity, full, tail, sum, busy[2] = {0, 0}, queue, all;
    struct speeds speeds = {slots, speed, choice, arrival, service, arrival + capacity};
    int row = slots[1] + 1, n = (slots[0] + 1) * row, i;
    gsl_vector *p = stationary((size_t)n, speeds_step, &speeds);
    full = gsl_vector_get(p, (size_t)n - 1);
    tail = full * ratio / (1 - ratio);
    sum = 1 + tail;
    for (i = 0; i < n; i++) {
        const int first = i / row, second = i % row;
        busy[0] += first * gsl_vector_get(p, (size_t)i) / sum;
        busy[1] += second * gsl_vector_get(p, (size_t)i) / sum;
    }
    gsl_vector_free(p);
    busy[0] += slots[0] * tail / sum;
    busy[1] += slots[1] * tail / sum;
    queue = tail / (1 - ratio) / sum;
    all = busy[0] + busy[1];
    *first_utilization = busy[0] / slots[0];
    return (struct exact){.wait_probability = (full + tail) / sum,
                          .mean_wait = queue / arrival,
                          .mean_queue = queue,
                          .mean_number = queue + all,
                          .utilization = all / (slots[0] + slots[1])};
}

static double sine_at(const struct exact_rate *rate, double t)
{
    return rate->mean * (1 + rate->amplitude * sin(2 * M_PI * t / rate->period));
}

static double weighted(const struct exact_rate *rate, long part)
{
    double sum = 0;
    int i;
    for (i = 0; i < rate->n; i++)
        sum += rate->weight[i];
    return rate->mean * rate->weight[part % rate->n] * rate->n / sum;
}

/* y[0..states-1]: chances of n in system; then the integrals of queue, number and busy. */
static int forward(double t, const double y[], double slope[], void *params)
{
    const struct system *system = params;
    size_t n, last = system->states - 1;
    const struct exact_rate *rate = system->varying;
    double arrival = rate->weight ? system->arrival : sine_at(rate, t);
    double *integral = slope + system->states;
    integral[0] = integral[1] = integral[2] = 0;
    for (n = 0; n <= last; n++) {
        double busy = in_service(n, system->servers);
        slope[n] = -busy * system->service * y[n];
        slope[n] -= n < last ? arrival * y[n] : 0;
        slope[n] += n > 0 ? arrival * y[n - 1] : 0;
        slope[n] += n < last ? in_service(n + 1, system->servers) * system->service * y[n + 1] : 0;
        integral[0] += ((double)n - busy) * y[n];
        integral[1] += (double)n * y[n];
        integral[2] += busy * y[n];
    }
    return GSL_SUCCESS;
}

#define MT_STATES 500

/* A solver takes it amiss when the rate jumps within a step: one part of the period at a time. */
static void advance(gsl_odeiv2_driver *driver, struct system *system, double *t, double to,
                    double *y)
{
    const struct exact_rate *rate = system->varying;
    double part = rate->weight ? rate->period / rate->n : INFINITY;
    while (*t < to) {
        long index = rate->weight ? lround(floor(*t / part + 1e-9)) : 0;
        double next = fmin(to, (double)(index + 1) * part);
        system->arrival = rate->weight ? weighted(rate, index) : NAN;
        UND_ASSERT(gsl_odeiv2_driver_apply(driver, t, next, y) == GSL_SUCCESS);
        gsl_odeiv2_driver_reset(driver);
    }
}

struct exact exact_mtmc(int servers, const struct exact_rate *arrival, double service, double from,
                        double to)
{
    static double y[MT_STATES + 3];
    struct system system = {
        .servers = servers, .varying = arrival, .service = service, .states = MT_STATES};
    gsl_odeiv2_system ode = {forward, NULL, MT_STATES + 3, &system};
    gsl_odeiv2_driver *driver =
        gsl_odeiv2_driver_alloc_y_new(&ode, gsl_odeiv2_step_rkf45, 1e-3 / service, 1e-11, 1e-9);
    double t = 0;
    size_t i;
    for (i = 0; i < MT_STATES + 3; i++)
        y[i] = i == 0;
    advance(driver, &system, &t, from, y);
    y[MT_STATES] = y[MT_STATES + 1] = y[MT_STATES + 2] = 0;
    advance(driver, &system, &t, to, y);
    UND_ASSERT(y[MT_STATES - 1] < 1e-9);
    gsl_odeiv2_driver_free(driver);
    return (struct exact){.wait_probability = NAN,
                          .mean_wait = NAN,
                          .mean_queue = y[MT_STATES] / (to - from),
                          .mean_number = y[MT_STATES + 1] / (to - from),
                          .utilization = y[MT_STATES + 2] / (to - from) / servers,
                          .lost = 0};
}
