#include "theory_exact.h"
#include "dist_moments.h"
#include "model/base/assert.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>

#define UNKNOWN                                                                                    \
    {                                                                                              \
        NAN, NAN, NAN, NAN, NAN, NAN                                                               \
    }
#define STATES 20000 /* ceiling of what the chains below go through */

double exact_erlang_b(int servers, double offered)
{
    double blocked = 1;
    int i;
    for (i = 1; i <= servers; i++)
        blocked = offered * blocked / (i + offered * blocked);
    return blocked;
}

double exact_erlang_c(int servers, double offered)
{
    double blocked = exact_erlang_b(servers, offered), load = offered / servers;
    return blocked / (1 - load * (1 - blocked));
}

/* From the share that waits and their mean wait; everyone is served. */
static struct exact from_wait(int servers, double arrival, double mean_service, double waits,
                              double mean_wait)
{
    return (struct exact){.wait_probability = waits,
                          .mean_wait = mean_wait,
                          .mean_queue = arrival * mean_wait,
                          .mean_number = arrival * (mean_wait + mean_service),
                          .utilization = arrival * mean_service / servers};
}

struct exact exact_mmc(int servers, double arrival, double service)
{
    double waits = exact_erlang_c(servers, arrival / service);
    return from_wait(servers, arrival, 1 / service, waits, waits / (servers * service - arrival));
}

double exact_mmc_wait_quantile(int servers, double arrival, double service, double p)
{
    double waits = exact_erlang_c(servers, arrival / service);
    return p <= 1 - waits ? 0 : log(waits / (1 - p)) / (servers * service - arrival);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* What a birth and death chain needs to be summed: how long it is in each state. */
struct sums {
    double all, full, queue, number, busy;
};

static void count(struct sums *sums, int servers, int n, double weight)
{
    sums->all += weight;
    sums->full += n >= servers ? weight : 0;
    sums->queue += n > servers ? (n - servers) * weight : 0;
    sums->number += n * weight;
    sums->busy += least(n, servers) * weight;
}

struct exact exact_mmck(int servers, int room, double arrival, double service)
{
    struct sums sums = {0};
    double weight = 1, refused;
    int n, most = servers + room;
    for (n = 0; n <= most; n++) {
        count(&sums, servers, n, weight);
        if (n < most)
            weight *= arrival / (least(n + 1, servers) * service);
    }
    refused = weight / sums.all;
    return (struct exact){.wait_probability = (sums.full / sums.all - refused) / (1 - refused),
                          .mean_wait = sums.queue / sums.all / (arrival * (1 - refused)),
                          .mean_queue = sums.queue / sums.all,
                          .mean_number = sums.number / sums.all,
                          .utilization = sums.busy / sums.all / servers,
                          .lost = refused};
}

struct exact exact_erlang_a(int servers, double arrival, double service, double impatience)
{
    struct sums sums = {0};
    double weight = 1;
    int n;
    for (n = 0; n < STATES && (n <= servers || weight > 1e-18 * sums.all); n++) {
        double leaving = least(n + 1, servers) * service +
                         (n + 1 > servers ? (n + 1 - servers) * impatience : 0);
        count(&sums, servers, n, weight);
        weight *= arrival / leaving;
    }
    UND_ASSERT(n < STATES);
    return (struct exact){.wait_probability = sums.full / sums.all,
                          .mean_wait = sums.queue / sums.all / arrival,
                          .mean_queue = sums.queue / sums.all,
                          .mean_number = sums.number / sums.all,
                          .utilization = sums.busy / sums.all / servers,
                          .lost = impatience * sums.queue / sums.all / arrival};
}

/* Between n and n + 1 the chain goes up by batches that reach across and down one by one: a
 * recursion of positive terms. */
struct exact exact_batches(int servers, double arrival, const double *weight, int n_weights,
                           double service)
{
    static double p[STATES];
    double above[256], sum = 0, mean = 0, waits = 0;
    struct sums sums = {0};
    int n, i, k;
    UND_ASSERT(n_weights < 256);
    for (i = n_weights - 1; i >= 0; i--) { /* above[i]: weight of more than i jobs */
        sum += weight[i];
        above[i] = sum;
        mean += (i + 1) * weight[i];
    }
    mean /= sum;
    p[0] = 1;
    for (n = 0; n < STATES - 1 && (n < servers + 256 || p[n] > 1e-18 * sums.all); n++) {
        double up = 0;
        for (k = 0; k < n_weights && k <= n; k++)
            up += p[n - k] * above[k] / sum;
        count(&sums, servers, n, p[n]);
        for (i = 0; i < n_weights; i++) /* the job i + 1 of a batch, above[i] of them */
            waits += n + i >= servers ? p[n] * above[i] / sum / mean : 0;
        p[n + 1] = arrival * up / (least(n + 1, servers) * service);
    }
    UND_ASSERT(n < STATES - 1);
    return from_wait(servers, arrival * mean, 1 / service, waits / sums.all,
                     sums.queue / sums.all / (arrival * mean));
}

struct exact exact_machine_repair(int machines, int crews, double failure, double repair)
{
    struct exact result = UNKNOWN;
    struct sums sums = {0};
    double weight = 1;
    int down;
    for (down = 0; down <= machines; down++) {
        count(&sums, crews, down, weight);
        weight *= (machines - down) * failure / (least(down + 1, crews) * repair);
    }
    result.mean_number = sums.number / sums.all;
    result.mean_queue = sums.queue / sums.all;
    result.utilization = sums.busy / sums.all / crews;
    result.mean_wait = result.mean_queue / (failure * (machines - result.mean_number));
    return result;
}

struct exact exact_mg1(double arrival, double mean_service, double cv2)
{
    double load = arrival * mean_service;
    return from_wait(1, arrival, mean_service, load,
                     load * mean_service * (1 + cv2) / (2 * (1 - load)));
}

void exact_priorities(int servers, const double *arrival, int classes, double service,
                      double *mean_wait)
{
    double all = 0, residual, before = 0;
    int i;
    for (i = 0; i < classes; i++)
        all += arrival[i];
    residual = exact_erlang_c(servers, all / service) / (servers * service);
    for (i = 0; i < classes; i++) {
        double upto = before + arrival[i] / (servers * service);
        mean_wait[i] = residual / ((1 - before) * (1 - upto));
        before = upto;
    }
}

void exact_mg1_priorities(const double *arrival, const struct dist *service, int classes,
                          double *mean_wait)
{
    double residual = 0, before = 0;
    int i;
    for (i = 0; i < classes; i++) {
        double mean = dist_mean(&service[i]);
        residual += arrival[i] * mean * mean * (1 + dist_moments_cv2(&service[i])) / 2;
    }
    for (i = 0; i < classes; i++) {
        double upto = before + arrival[i] * dist_mean(&service[i]);
        mean_wait[i] = residual / ((1 - before) * (1 - upto));
        before = upto;
    }
}

struct transform {
    const struct dist *dist;
    double s, factor; /* E[exp(-s X)]; for roots: x = E[exp(-factor (1 - x) X)] */
    int power;        /* E[X^power exp(-s X)] */
};

static double integrand(double p, void *params)
{
    const struct transform *of = params;
    double x = dist_quantile(of->dist, p);
    return pow(x, of->power) * exp(-of->s * x);
}

/* E[X^power exp(-s X)], by integrating over the quantiles. */
static double moment(const struct dist *dist, double s, int power)
{
    struct transform of = {dist, s, 0, power};
    gsl_function f = {integrand, &of};
    gsl_integration_workspace *work = gsl_integration_workspace_alloc(1000);
    double result, error;
    if (dist->kind == DIST_FIXED)
        result = pow(dist->a, power) * exp(-s * dist->a);
    else
        gsl_integration_qags(&f, 0, 1, 0, 1e-10, 1000, work, &result, &error);
    gsl_integration_workspace_free(work);
    return result;
}

double exact_transform(const struct dist *dist, double s)
{
    switch (dist->kind) {
    case DIST_EXPONENTIAL:
        return 1 / (1 + s * dist->a);
    case DIST_ERLANG:
        return pow(1 + s * dist->b, -dist->a);
    case DIST_HYPEREXPONENTIAL:
        return dist->a / (1 + s * dist->b) + (1 - dist->a) / (1 + s * dist->c);
    case DIST_FIXED:
    case DIST_UNIFORM:
    case DIST_LOGNORMAL:
    case DIST_LOGLOGISTIC:
    case DIST_WEIBULL:
    case DIST_GAMMA:
    case DIST_EMPIRICAL:
        return moment(dist, s, 0);
    case DIST_KINDS:
        break;
    }
    UND_UNREACHABLE();
}

/* The root of x = E[exp(-rate (1 - x) A)] in (0, 1), by plain iteration from below, which climbs
 * to it monotonically. */
static double takacs_root(const struct dist *interval, double rate)
{
    double x = 0, next = exact_transform(interval, rate);
    int i;
    for (i = 0; i < 100000 && next - x > 1e-15; i++) {
        x = next;
        next = exact_transform(interval, rate * (1 - x));
    }
    return next;
}

struct exact exact_gimc(int servers, const struct dist *interval, double service)
{
    double root = takacs_root(interval, servers * service), sum = 1 / (1 - root), product = 1,
           waits;
    int j;
    for (j = 1; j <= servers; j++) {
        double phi = exact_transform(interval, j * service);
        UND_ASSERT(fabs(servers * (1 - root) - j) > 1e-6); /* a gap that the formula has */
        product *= phi / (1 - phi);
        sum += gsl_sf_choose((unsigned)servers, (unsigned)j) / (product * (1 - phi)) *
               (servers * (1 - phi) - j) / (servers * (1 - root) - j);
    }
    waits = 1 / (sum * (1 - root));
    return from_wait(servers, 1 / dist_mean(interval), 1 / service, waits,
                     waits / (servers * service * (1 - root)));
}

/* First two moments of the time from a job's first start to its end, repairs and all. */
static void completion(const struct dist *service, double failure, const struct dist *repair,
                       enum exact_restart restart, double *first, double *second)
{
    double s = dist_mean(service), s2 = s * s * (1 + dist_moments_cv2(service));
    double r = dist_mean(repair), r2 = r * r * (1 + dist_moments_cv2(repair));
    double p, done, done2, tried, tried2, lost, lost2, failures, factorial;
    if (restart == EXACT_RESUME) {
        *first = s * (1 + failure * r);
        *second = s2 * (1 + failure * r) * (1 + failure * r) + s * failure * r2;
        return;
    }
    /* A geometric number of attempts fail; each takes until the failure, then a repair. */
    p = moment(service, failure, 0);
    done = moment(service, failure, 1);
    done2 = moment(service, failure, 2);
    tried = (1 - p) / failure; /* E[min(S, T)] and its square */
    tried2 = 2 * (1 - p - failure * done) / (failure * failure);
    lost = (tried - done) / (1 - p) + r;
    lost2 = (tried2 - done2) / (1 - p) + 2 * r * (lost - r) + r2;
    failures = (1 - p) / p;
    factorial = 2 * failures * failures; /* E[N (N - 1)] */
    *first = failures * lost + done / p;
    *second =
        failures * lost2 + factorial * lost * lost + 2 * failures * lost * done / p + done2 / p;
}

struct exact exact_breakdowns(double arrival, const struct dist *service, double failure,
                              const struct dist *repair, enum exact_restart restart)
{
    struct exact result = UNKNOWN;
    double r = dist_mean(repair), r2 = r * r * (1 + dist_moments_cv2(repair)), first, second;
    completion(service, failure, repair, restart, &first, &second);
    result.utilization = arrival * first;
    /* Of those who find nobody in service, some find a repair going on. */
    result.mean_wait =
        arrival * second / (2 * (1 - result.utilization)) + failure * r2 / (2 * (1 + failure * r));
    result.mean_queue = arrival * result.mean_wait;
    result.mean_number = result.mean_queue + result.utilization;
    return result;
}

struct exact_pair exact_two_hosts(double failure, double repair, int crews)
{
    double none = 1, one = 2 * failure / repair, both = one * failure / (crews * repair);
    return (struct exact_pair){both / (none + one + both),
                               (3 * failure + repair) / (2 * failure * failure)};
}
