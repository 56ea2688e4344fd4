#include "lifetime.h"
#include "model/base/assert.h"
#include "model/stats/dist_internal.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_multiroots.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const enum dist_kind lifetime_kinds[LIFETIME_KINDS] = {DIST_LOGNORMAL, DIST_LOGLOGISTIC,
                                                       DIST_WEIBULL, DIST_GAMMA};

struct problem {
    enum dist_kind kind;
    const struct lifetimes *data;
    double mean_log, mean; /* of the events */
};

/* ---- location-scale families of ln t ---- */

/* The logarithm of the standard density (of an event) or survival function (of what is censored),
 * and its first two derivatives. */
struct term {
    double value, first, second;
};

static struct term standard(enum dist_kind kind, double z, bool censored)
{
    double p, e;
    switch ((int)kind) {
    case DIST_LOGNORMAL:
        if (!censored)
            return (struct term){-z * z / 2 - M_LN2 / 2 - log(M_PI) / 2, -z, -1};
        p = gsl_cdf_ugaussian_Q(z);
        e = z > 30 ? z : exp(-z * z / 2) / sqrt(2 * M_PI) / p; /* hazard */
        return (struct term){z > 30 ? -z * z / 2 : log(p), -e, -e * (e - z)};
    case DIST_LOGLOGISTIC:
        p = 1 / (1 + exp(-z));
        e = z > 0 ? -z - log1p(exp(-z)) : -log1p(exp(z)); /* log survival */
        if (censored)
            return (struct term){e, -p, -p * (1 - p)};
        return (struct term){z + 2 * e, 1 - 2 * p, -2 * p * (1 - p)};
    default: /* Weibull: the least extreme value */
        e = exp(fmin(z, 700));
        return censored ? (struct term){-e, -e, -e} : (struct term){z - e, 1 - e, -e};
    }
}

/* Sums over the data: the log likelihood, its score and its Hessian in (mu, log sigma). */
struct sums {
    double value, score[2], hessian[3];
};

static void add_term(struct sums *sums, enum dist_kind kind, double log_t, const double theta[2],
                     bool censored)
{
    double sigma = exp(theta[1]), z = (log_t - theta[0]) / sigma;
    struct term term = standard(kind, z, censored);
    sums->value += term.value - (censored ? 0 : theta[1] + log_t);
    sums->score[0] -= term.first / sigma;
    sums->score[1] -= z * term.first + (censored ? 0 : 1);
    sums->hessian[0] += term.second / (sigma * sigma);
    sums->hessian[1] += (z * term.second + term.first) / sigma;
    sums->hessian[2] += z * term.first + z * z * term.second;
}

static struct sums sum_up(const struct problem *problem, const double theta[2])
{
    const struct lifetimes *data = problem->data;
    struct sums sums = {0};
    size_t i;
    for (i = 0; i < data->n; i++)
        add_term(&sums, problem->kind, log(data->event[i]), theta, false);
    for (i = 0; i < data->n_censored; i++)
        add_term(&sums, problem->kind, log(data->censored[i]), theta, true);
    return sums;
}

static int score(const gsl_vector *x, void *params, gsl_vector *f)
{
    const struct sums sums = sum_up(params, x->data);
    gsl_vector_set(f, 0, sums.score[0]);
    gsl_vector_set(f, 1, sums.score[1]);
    return isfinite(sums.score[0]) && isfinite(sums.score[1]) ? GSL_SUCCESS : GSL_EBADFUNC;
}

static int score_and_slope(const gsl_vector *x, void *params, gsl_vector *f, gsl_matrix *j)
{
    const struct sums sums = sum_up(params, x->data);
    gsl_vector_set(f, 0, sums.score[0]);
    gsl_vector_set(f, 1, sums.score[1]);
    gsl_matrix_set(j, 0, 0, sums.hessian[0]);
    gsl_matrix_set(j, 0, 1, sums.hessian[1]);
    gsl_matrix_set(j, 1, 0, sums.hessian[1]);
    gsl_matrix_set(j, 1, 1, sums.hessian[2]);
    return isfinite(sums.score[0]) && isfinite(sums.score[1]) ? GSL_SUCCESS : GSL_EBADFUNC;
}

static int slope(const gsl_vector *x, void *params, gsl_matrix *j)
{
    gsl_vector *f = gsl_vector_alloc(2);
    int status = score_and_slope(x, params, f, j);
    gsl_vector_free(f);
    return status;
}

/* Where the likelihood begins: mean and deviation of the logarithms. */
static void begin(struct problem *problem, double theta[2])
{
    const struct lifetimes *data = problem->data;
    double sum = 0, squares = 0, deviation;
    size_t i;
    for (i = 0; i < data->n; i++) {
        sum += log(data->event[i]);
        problem->mean += data->event[i] / (double)data->n;
    }
    problem->mean_log = sum / (double)data->n;
    for (i = 0; i < data->n; i++) {
        double apart = log(data->event[i]) - problem->mean_log;
        squares += apart * apart;
    }
    deviation = sqrt(squares / (double)data->n);
    theta[0] = problem->mean_log;
    theta[1] = log(deviation);
    if (problem->kind == DIST_LOGLOGISTIC)
        theta[1] = log(deviation * sqrt(3) / M_PI);
    else if (problem->kind == DIST_WEIBULL) {
        theta[1] = log(deviation * sqrt(6) / M_PI);
        theta[0] += 0.5772156649015329 * exp(theta[1]);
    }
}

static bool climb(struct problem *problem, double theta[2])
{
    gsl_multiroot_function_fdf function = {score, slope, score_and_slope, 2, problem};
    gsl_multiroot_fdfsolver *solver =
        gsl_multiroot_fdfsolver_alloc(gsl_multiroot_fdfsolver_gnewton, 2);
    gsl_vector_view start = gsl_vector_view_array(theta, 2);
    int status = GSL_CONTINUE, i;
    UND_ASSERT(solver != NULL);
    gsl_multiroot_fdfsolver_set(solver, &function, &start.vector);
    for (i = 0; i < 100 && status == GSL_CONTINUE; i++) {
        if (gsl_multiroot_fdfsolver_iterate(solver) != GSL_SUCCESS)
            break;
        status = gsl_multiroot_test_residual(solver->f, 1e-8 * (double)problem->data->n);
    }
    theta[0] = gsl_vector_get(solver->x, 0);
    theta[1] = gsl_vector_get(solver->x, 1);
    /* Rounding may end the climb at the top: the score has n terms of about 1. */
    if (status == GSL_CONTINUE)
        status = gsl_multiroot_test_residual(solver->f, 1e-5 * (double)problem->data->n);
    gsl_multiroot_fdfsolver_free(solver);
    return status == GSL_SUCCESS;
}

/* The inverse of the information; false where it is not positive definite. */
static bool invert(const double hessian[3], double covariance[3])
{
    double a = -hessian[0], b = -hessian[1], c = -hessian[2], determinant = a * c - b * b;
    covariance[0] = c / determinant;
    covariance[1] = -b / determinant;
    covariance[2] = a / determinant;
    return determinant > 0 && a > 0 && isfinite(determinant);
}

static bool fit_location_scale(struct problem *problem, struct lifetime_fit *fit)
{
    struct sums sums;
    begin(problem, fit->theta);
    if (!isfinite(fit->theta[1]) || !climb(problem, fit->theta))
        return false;
    sums = sum_up(problem, fit->theta);
    fit->log_likelihood = sums.value;
    return invert(sums.hessian, fit->covariance);
}

/* ---- gamma ---- */

static double gamma_log_likelihood(const struct problem *problem, double log_mean, double log_shape)
{
    const struct lifetimes *data = problem->data;
    double shape = exp(log_shape), scale = exp(log_mean) / shape, sum;
    size_t i;
    sum = (double)data->n * ((shape - 1) * problem->mean_log - problem->mean / scale -
                             shape * log(scale) - gsl_sf_lngamma(shape));
    for (i = 0; i < data->n_censored; i++)
        sum += log(fmax(gsl_cdf_gamma_Q(data->censored[i], shape, scale), 1e-300));
    return sum;
}

static double gamma_cost(const gsl_vector *x, void *params)
{
    double value = -gamma_log_likelihood(params, gsl_vector_get(x, 0), gsl_vector_get(x, 1));
    return isfinite(value) ? value : 1e300;
}

static double gamma_score(double log_shape, void *params)
{
    const double *target = params;
    double shape = exp(log_shape);
    return log(shape) - gsl_sf_psi(shape) - *target;
}

static void descend(struct problem *problem, double theta[2])
{
    gsl_multimin_function function = {gamma_cost, 2, problem};
    gsl_multimin_fminimizer *simplex =
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, 2);
    gsl_vector_view start = gsl_vector_view_array(theta, 2);
    gsl_vector *step = gsl_vector_alloc(2);
    int i;
    UND_ASSERT(simplex != NULL && step != NULL);
    gsl_vector_set_all(step, 0.1);
    gsl_multimin_fminimizer_set(simplex, &function, &start.vector, step);
    for (i = 0; i < 500 && gsl_multimin_fminimizer_size(simplex) > 1e-7; i++)
        gsl_multimin_fminimizer_iterate(simplex);
    theta[0] = gsl_vector_get(simplex->x, 0);
    theta[1] = gsl_vector_get(simplex->x, 1);
    gsl_vector_free(step);
    gsl_multimin_fminimizer_free(simplex);
}

static void gamma_hessian(const struct problem *problem, const double theta[2], double hessian[3])
{
    const double h = 1e-3;
    double at[3][3];
    int i, j;
    for (i = 0; i < 3; i++)
        for (j = 0; j < 3; j++)
            at[i][j] =
                gamma_log_likelihood(problem, theta[0] + (i - 1) * h, theta[1] + (j - 1) * h);
    hessian[0] = (at[2][1] - 2 * at[1][1] + at[0][1]) / (h * h);
    hessian[1] = (at[2][2] - at[2][0] - at[0][2] + at[0][0]) / (4 * h * h);
    hessian[2] = (at[1][2] - 2 * at[1][1] + at[1][0]) / (h * h);
}

static bool fit_gamma(struct problem *problem, struct lifetime_fit *fit)
{
    double unused[2], target, hessian[3];
    begin(problem, unused);
    target = log(problem->mean) - problem->mean_log;
    if (!(target > 1e-9) || !isfinite(target))
        return false;
    fit->theta[0] = log(problem->mean);
    fit->theta[1] = dist_solve(gamma_score, &target, log(1e-4), log(1e9));
    if (problem->data->n_censored > 0)
        descend(problem, fit->theta);
    fit->log_likelihood = gamma_log_likelihood(problem, fit->theta[0], fit->theta[1]);
    gamma_hessian(problem, fit->theta, hessian);
    return invert(hessian, fit->covariance);
}

/* ---- all ---- */

static struct dist dist_of(enum dist_kind kind, const double theta[2])
{
    struct dist dist;
    dist_init(&dist);
    dist.kind = kind;
    dist.a = kind == DIST_LOGNORMAL ? theta[0] : exp(theta[0]);
    dist.b = kind == DIST_LOGNORMAL ? exp(theta[1]) : exp(-theta[1]);
    if (kind == DIST_GAMMA) {
        dist.b = exp(theta[1]);
        dist.a = exp(theta[0]) / dist.b;
    }
    return dist;
}

struct dist lifetime_dist(const struct lifetime_fit *fit)
{
    return dist_of(fit->kind, fit->theta);
}

/* Within what a fleet file may say. */
static bool is_usable(const struct lifetime_fit *fit)
{
    struct dist dist = lifetime_dist(fit);
    if (fit->kind == DIST_LOGLOGISTIC && !(dist.b > 1.001))
        return false; /* no mean */
    if (fit->kind == DIST_WEIBULL && !(dist.b >= DIST_WEIBULL_MIN && dist.b <= DIST_WEIBULL_MAX))
        return false;
    if (fit->kind == DIST_GAMMA && !(dist.b >= DIST_GAMMA_MIN && dist.b <= DIST_GAMMA_MAX))
        return false;
    return dist_mean(&dist) < DIST_MAX_MS;
}

void lifetime_fit(struct lifetime_fit *fit, enum dist_kind kind, const struct lifetimes *data)
{
    struct problem problem = {.kind = kind, .data = data};
    double n = (double)(data->n + data->n_censored);
    *fit = (struct lifetime_fit){.kind = kind, .a2 = NAN, .p = NAN};
    if (data->n < 2 || data->event[0] >= data->event[data->n - 1])
        return;
    fit->good = kind == DIST_GAMMA ? fit_gamma(&problem, fit) : fit_location_scale(&problem, fit);
    fit->aic = 4 - 2 * fit->log_likelihood;
    fit->bic = 2 * log(n) - 2 * fit->log_likelihood;
    fit->good = fit->good && is_usable(fit);
}

static double log_value(enum dist_kind kind, const double theta[2], enum lifetime_of of)
{
    struct dist dist = dist_of(kind, theta);
    switch (of) {
    case LIFETIME_MEAN:
        return log(dist_mean(&dist));
    case LIFETIME_P50:
        return log(dist_quantile(&dist, 0.5));
    case LIFETIME_P95:
        return log(dist_quantile(&dist, 0.95));
    case LIFETIME_SHAPE:
        return log(dist.b);
    }
    UND_UNREACHABLE();
}

double lifetime_value(const struct lifetime_fit *fit, enum lifetime_of of, double confidence,
                      struct interval *interval)
{
    const double h = 1e-4;
    double value = log_value(fit->kind, fit->theta, of), gradient[2], half;
    int i;
    for (i = 0; i < 2; i++) {
        double above[2] = {fit->theta[0], fit->theta[1]}, below[2] = {above[0], above[1]};
        above[i] += h;
        below[i] -= h;
        gradient[i] = (log_value(fit->kind, above, of) - log_value(fit->kind, below, of)) / (2 * h);
    }
    half = gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2) *
           sqrt(gradient[0] * gradient[0] * fit->covariance[0] +
                2 * gradient[0] * gradient[1] * fit->covariance[1] +
                gradient[1] * gradient[1] * fit->covariance[2]);
    *interval = (struct interval){exp(value - half), exp(value + half)};
    return exp(value);
}

/* ---- how well it fits ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Anderson and Darling's, of sorted values against the family fitted to them; NAN: none fits. */
static double anderson_darling(enum dist_kind kind, const double *value, size_t n)
{
    const struct lifetimes data = {value, n, NULL, 0};
    struct lifetime_fit fit;
    struct dist dist;
    double sum = 0, *log_p = malloc(2 * n * sizeof *log_p);
    size_t i;
    UND_ASSERT(log_p != NULL);
    lifetime_fit(&fit, kind, &data);
    dist = lifetime_dist(&fit);
    for (i = 0; i < n && fit.good; i++) {
        double p = dist_cdf(&dist, value[i]);
        log_p[2 * i] = log(fmax(p, 1e-300));
        log_p[2 * i + 1] = log(fmax(1 - p, 1e-16));
    }
    for (i = 0; i < n && fit.good; i++)
        sum += (2 * (double)i + 1) * (log_p[2 * i] + log_p[2 * (n - 1 - i) + 1]);
    free(log_p);
    return fit.good ? -(double)n - sum / (double)n : NAN;
}

static double draw(const struct dist *dist, gsl_rng *random)
{
    if (dist->kind == DIST_GAMMA)
        return fmax(gsl_ran_gamma(random, dist->b, dist->a), 1e-9);
    return fmax(dist_quantile(dist, gsl_rng_uniform_pos(random)), 1e-9);
}

/* How many of the samples drawn from the family fit worse than the values do; it ends early where
 * enough are known to (not rejected), or none of half of them (rejected). */
static double bootstrap(enum dist_kind kind, const struct dist *dist, size_t n, double a2,
                        gsl_rng *random)
{
    const int enough = (int)(LIFETIME_REJECTED * (LIFETIME_BOOTSTRAP + 1));
    double *value = malloc(n * sizeof *value);
    int worse = 0, i = 0;
    size_t k;
    UND_ASSERT(value != NULL);
    while (i < LIFETIME_BOOTSTRAP && worse < enough) {
        double drawn;
        if (i >= LIFETIME_BOOTSTRAP / 2 && worse == 0)
            break;
        for (k = 0; k < n; k++)
            value[k] = draw(dist, random);
        qsort(value, n, sizeof *value, compare);
        drawn = anderson_darling(kind, value, n);
        worse += isnan(drawn) || drawn >= a2;
        i++;
    }
    free(value);
    return worse >= enough ? (double)worse / i : (worse + 1.0) / (i + 1);
}

void lifetime_test(struct lifetime_fit *fit, const struct lifetimes *data)
{
    size_t n = data->n + data->n_censored, tested = n < LIFETIME_TESTED ? n : LIFETIME_TESTED, i;
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    double *value = malloc((n + 1) * sizeof *value);
    struct dist dist = lifetime_dist(fit);
    UND_ASSERT(random != NULL && value != NULL && fit->good);
    gsl_rng_set(random, 20250915 + (unsigned long)fit->kind);
    memcpy(value, data->event, data->n * sizeof *value);
    /* What was still running ends as the family has it. */
    for (i = 0; i < data->n_censored; i++) {
        double p = dist_cdf(&dist, data->censored[i]);
        p += (1 - p) * gsl_rng_uniform_pos(random);
        value[data->n + i] =
            p < 1 ? fmax(dist_quantile(&dist, p), data->censored[i]) : data->censored[i];
    }
    if (tested < n)
        gsl_ran_choose(random, value, tested, value, n, sizeof *value);
    qsort(value, tested, sizeof *value, compare);
    fit->a2 = anderson_darling(fit->kind, value, tested);
    fit->p = isnan(fit->a2) ? 0 : bootstrap(fit->kind, &dist, tested, fit->a2, random);
    free(value);
    gsl_rng_free(random);
}
