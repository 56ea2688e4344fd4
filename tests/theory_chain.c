/* Exact results that take linear or differential equations. */
#include "model/assert.h"
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
    int servers;
    double arrival, service, failure, repair; /* rates; M/D/c: service is the time */
    double amplitude, period;
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

static double in_service(const struct system *system, size_t n)
{
    return (double)(n < (size_t)system->servers ? n : (size_t)system->servers);
}

/* State 2n: n jobs and the host up; 2n + 1: down. Uniformised at the fastest rate. */
static double host_step(size_t from, size_t to, void *params)
{
    const struct system *system = params;
    bool up = from % 2 == 0;
    double arrive = from + 2 < system->states ? system->arrival : 0;
    double turn = up ? system->failure : system->repair;
    double leave = up ? in_service(system, from / 2) * system->service : 0;
    if (to == from + 2)
        return arrive / system->fastest;
    if (to == (up ? from + 1 : from - 1))
        return turn / system->fastest;
    if (to + 2 == from)
        return leave / system->fastest;
    return to == from ? 1 - (arrive + turn + leave) / system->fastest : 0;
}

struct exact exact_host_breakdowns(int servers, double arrival, double service, double failure,
                                   double repair)
{
    struct exact result = {NAN, NAN, NAN, 0, NAN, NAN};
    struct system system = {.servers = servers,
                            .arrival = arrival,
                            .service = service,
                            .failure = failure,
                            .repair = repair,
                            .fastest = arrival + failure + repair + servers * service,
                            .states = 1200};
    gsl_vector *p = stationary(system.states, host_step, &system);
    size_t i;
    for (i = 0; i < system.states; i++)
        result.mean_number += (double)(i / 2) * gsl_vector_get(p, i);
    UND_ASSERT(gsl_vector_get(p, system.states - 2) < 1e-12);
    gsl_vector_free(p);
    return result;
}

/* y[0..states-1]: chances of n in system; then the integrals of queue, number and busy. */
static int forward(double t, const double y[], double slope[], void *params)
{
    const struct system *system = params;
    size_t n, last = system->states - 1;
    double arrival = system->arrival * (1 + system->amplitude * sin(2 * M_PI * t / system->period));
    double *integral = slope + system->states;
    integral[0] = integral[1] = integral[2] = 0;
    for (n = 0; n <= last; n++) {
        double busy = in_service(system, n);
        slope[n] = -busy * system->service * y[n];
        slope[n] -= n < last ? arrival * y[n] : 0;
        slope[n] += n > 0 ? arrival * y[n - 1] : 0;
        slope[n] += n < last ? in_service(system, n + 1) * system->service * y[n + 1] : 0;
        integral[0] += ((double)n - busy) * y[n];
        integral[1] += (double)n * y[n];
        integral[2] += busy * y[n];
    }
    return GSL_SUCCESS;
}

#define MT_STATES 500

struct exact exact_mtmc(int servers, double arrival, double amplitude, double period,
                        double service, double from, double to)
{
    static double y[MT_STATES + 3];
    struct system system = {.servers = servers,
                            .arrival = arrival,
                            .service = service,
                            .amplitude = amplitude,
                            .period = period,
                            .states = MT_STATES};
    gsl_odeiv2_system ode = {forward, NULL, MT_STATES + 3, &system};
    gsl_odeiv2_driver *driver =
        gsl_odeiv2_driver_alloc_y_new(&ode, gsl_odeiv2_step_rkf45, 1e-3 / service, 1e-11, 1e-9);
    double t = 0;
    size_t i;
    for (i = 0; i < MT_STATES + 3; i++)
        y[i] = i == 0;
    UND_ASSERT(from <= 0 || gsl_odeiv2_driver_apply(driver, &t, from, y) == GSL_SUCCESS);
    y[MT_STATES] = y[MT_STATES + 1] = y[MT_STATES + 2] = 0;
    gsl_odeiv2_driver_reset(driver);
    UND_ASSERT(gsl_odeiv2_driver_apply(driver, &t, to, y) == GSL_SUCCESS);
    UND_ASSERT(y[MT_STATES - 1] < 1e-9);
    gsl_odeiv2_driver_free(driver);
    return (struct exact){.wait_probability = NAN,
                          .mean_wait = NAN,
                          .mean_queue = y[MT_STATES] / (to - from),
                          .mean_number = y[MT_STATES + 1] / (to - from),
                          .utilization = y[MT_STATES + 2] / (to - from) / servers,
                          .lost = 0};
}
