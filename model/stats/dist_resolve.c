/* From what a file says of a distribution to its parameters. */
#include "dist_internal.h"
#include "model/base/units.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Which fields a file gave. */
enum given { MEAN = 1, CV2 = 2, P50 = 4, P95 = 8, K = 16, MIN = 32, MAX = 64, VALUES = 128 };

/* A way to say a distribution: these fields and no others. `resolve` fills a, b, c or returns what
 * is impossible, as "what: got X, want Y" in `why`. */
struct form {
    enum dist_kind kind;
    unsigned given;
    bool (*resolve)(struct dist *dist, char *why, size_t size);
};

#define REFUSE(...) return snprintf(why, size, __VA_ARGS__), false

/* As somebody would write it. */
static const char *written(double ms, char text[UNITS_TEXT])
{
    return units_format_duration(llround(ms), text);
}

static bool fixed_by_mean(struct dist *dist, char *why, size_t size)
{
    (void)why, (void)size;
    dist->a = dist->mean_ms;
    return true;
}

static bool uniform_by_range(struct dist *dist, char *why, size_t size)
{
    char got[UNITS_TEXT], limit[UNITS_TEXT];
    if (dist->min_ms >= dist->max_ms)
        REFUSE("max: got %s, want more than min (%s)", written(dist->max_ms, got),
               written(dist->min_ms, limit));
    dist->a = dist->min_ms;
    dist->b = dist->max_ms;
    return true;
}

static bool uniform_by_moments(struct dist *dist, char *why, size_t size)
{
    double half = dist->mean_ms * sqrt(3 * dist->cv2);
    if (dist->cv2 > 1.0 / 3)
        REFUSE("cv2: got %g, want at most 1/3 of a uniform distribution", dist->cv2);
    dist->a = fmax(0, dist->mean_ms - half);
    dist->b = dist->mean_ms + half;
    return true;
}

static bool uniform_by_quantiles(struct dist *dist, char *why, size_t size)
{
    double half = (dist->p95_ms - dist->p50_ms) / 0.9;
    char got[UNITS_TEXT], limit[UNITS_TEXT];
    if (half > dist->p50_ms)
        REFUSE("p95: got %s, want at most 1.9 times p50 (%s) of a uniform distribution",
               written(dist->p95_ms, got), written(dist->p50_ms, limit));
    dist->a = dist->p50_ms - half;
    dist->b = dist->p50_ms + half;
    return true;
}

static bool exponential_by_mean(struct dist *dist, char *why, size_t size)
{
    if (!isnan(dist->cv2) && dist->cv2 != 1)
        REFUSE("cv2: got %g, want 1 of an exponential distribution", dist->cv2);
    dist->a = dist->mean_ms;
    return true;
}

static bool exponential_by_median(struct dist *dist, char *why, size_t size)
{
    (void)why, (void)size;
    dist->a = dist->p50_ms / M_LN2;
    return true;
}

static bool exponential_by_p95(struct dist *dist, char *why, size_t size)
{
    (void)why, (void)size;
    dist->a = dist->p95_ms / log(20);
    return true;
}

static bool erlang_by_stages(struct dist *dist, char *why, size_t size)
{
    if (dist->k != floor(dist->k) || dist->k < 1 || dist->k > DIST_STAGES)
        REFUSE("k: got %g, want a whole number 1..%d", dist->k, DIST_STAGES);
    dist->a = dist->k;
    dist->b = dist->mean_ms / dist->k;
    return true;
}

/* Files write cv2 with a few digits: 0.33 is not 1/3, 0.333 is. */
static bool erlang_by_moments(struct dist *dist, char *why, size_t size)
{
    double k = round(1 / dist->cv2);
    if (!(k >= 1 && k <= DIST_STAGES) || fabs(dist->cv2 * k - 1) > 0.002)
        REFUSE("cv2: got %g, want 1/k with a whole k of 1..%d (or give k)", dist->cv2, DIST_STAGES);
    dist->a = k;
    dist->b = dist->mean_ms / k;
    return true;
}

/* Two phases with equal shares of the mean (Allen 1990, balanced means). */
static bool hyperexponential_by_moments(struct dist *dist, char *why, size_t size)
{
    if (dist->cv2 < 1)
        REFUSE("cv2: got %g, want at least 1 of a hyperexponential distribution", dist->cv2);
    dist->a = (1 + sqrt((dist->cv2 - 1) / (dist->cv2 + 1))) / 2;
    dist->b = dist->mean_ms / (2 * dist->a);
    dist->c = dist->mean_ms / (2 * (1 - dist->a));
    return true;
}

static bool lognormal_by_moments(struct dist *dist, char *why, size_t size)
{
    (void)why, (void)size;
    dist->b = sqrt(log1p(dist->cv2));
    dist->a = log(dist->mean_ms) - dist->b * dist->b / 2;
    return true;
}

static bool lognormal_by_quantiles(struct dist *dist, char *why, size_t size)
{
    (void)why, (void)size;
    dist->a = log(dist->p50_ms);
    dist->b = (log(dist->p95_ms) - dist->a) / gsl_cdf_ugaussian_Pinv(0.95);
    return true;
}

/* E[X^2] / E[X]^2 - 1 = tan(x) / x - 1 with x = pi / shape. */
static double loglogistic_error(double x, void *target)
{
    return tan(x) / x - 1 - *(double *)target;
}

static bool loglogistic_by_shape(struct dist *dist, char *why, size_t size)
{
    if (dist->k <= 1)
        REFUSE("k: got %g, want more than 1 (a loglogistic distribution with less has no mean)",
               dist->k);
    dist->b = dist->k;
    dist->a = isnan(dist->mean_ms) ? dist->p50_ms : dist->mean_ms / dist_loglogistic_mean(dist->k);
    return true;
}

static bool loglogistic_by_moments(struct dist *dist, char *why, size_t size)
{
    double cv2 = dist->cv2;
    if (cv2 < 1e-6)
        REFUSE("cv2: got %g, want at least 1e-06 of a loglogistic distribution", cv2);
    dist->b = M_PI / dist_solve(loglogistic_error, &cv2, 1e-4, nextafter(M_PI_2, 0));
    dist->a = dist->mean_ms / dist_loglogistic_mean(dist->b);
    return true;
}

static bool loglogistic_by_quantiles(struct dist *dist, char *why, size_t size)
{
    char got[UNITS_TEXT], limit[UNITS_TEXT];
    dist->a = dist->p50_ms;
    dist->b = log(19) / log(dist->p95_ms / dist->p50_ms);
    if (dist->b <= 1)
        REFUSE("p95: got %s, want less than 19 times p50 (%s): a loglogistic distribution with "
               "more has no mean",
               written(dist->p95_ms, got), written(dist->p50_ms, limit));
    return true;
}

static double weibull_error(double log_shape, void *target)
{
    return log1p(dist_weibull_cv2(exp(log_shape))) - log1p(*(double *)target);
}

static bool weibull_by_shape(struct dist *dist, char *why, size_t size)
{
    if (!(dist->k >= DIST_WEIBULL_MIN && dist->k <= DIST_WEIBULL_MAX))
        REFUSE("k: got %g, want %g..%g", dist->k, DIST_WEIBULL_MIN, DIST_WEIBULL_MAX);
    dist->b = dist->k;
    dist->a = dist->mean_ms / exp(gsl_sf_lngamma(1 + 1 / dist->b));
    return true;
}

static bool weibull_by_moments(struct dist *dist, char *why, size_t size)
{
    double most = dist_weibull_cv2(DIST_WEIBULL_MIN), least = dist_weibull_cv2(DIST_WEIBULL_MAX);
    double cv2 = dist->cv2;
    if (!(cv2 > least && cv2 < most))
        REFUSE("cv2: got %g, want %.2g..%.2g of a weibull distribution", cv2, least, most);
    dist->b = exp(dist_solve(weibull_error, &cv2, log(DIST_WEIBULL_MIN), log(DIST_WEIBULL_MAX)));
    dist->a = dist->mean_ms / exp(gsl_sf_lngamma(1 + 1 / dist->b));
    return true;
}

static bool weibull_by_quantiles(struct dist *dist, char *why, size_t size)
{
    (void)why, (void)size;
    dist->b = log(log(20) / M_LN2) / log(dist->p95_ms / dist->p50_ms);
    dist->a = dist->p50_ms / pow(M_LN2, 1 / dist->b);
    return true;
}

static bool gamma_by_shape(struct dist *dist, char *why, size_t size)
{
    double k = isnan(dist->k) ? 1 / dist->cv2 : dist->k;
    if (!(k >= DIST_GAMMA_MIN && k <= DIST_GAMMA_MAX) && isnan(dist->k))
        REFUSE("cv2: got %g, want %g..%g of a gamma distribution", dist->cv2, 1 / DIST_GAMMA_MAX,
               1 / DIST_GAMMA_MIN);
    if (!(k >= DIST_GAMMA_MIN && k <= DIST_GAMMA_MAX))
        REFUSE("k: got %g, want %g..%g", k, DIST_GAMMA_MIN, DIST_GAMMA_MAX);
    dist->b = k;
    dist->a = dist->mean_ms / k;
    return true;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool empirical_by_values(struct dist *dist, char *why, size_t size)
{
    qsort(dist->values, dist->n_values, sizeof *dist->values, compare);
    if (dist->values[0] < 0)
        REFUSE("values: got %lldms, want none below 0", (long long)dist->values[0]);
    return true;
}

static const struct form forms[] = {
    {DIST_FIXED, MEAN, fixed_by_mean},
    {DIST_UNIFORM, MIN | MAX, uniform_by_range},
    {DIST_UNIFORM, MEAN | CV2, uniform_by_moments},
    {DIST_UNIFORM, P50 | P95, uniform_by_quantiles},
    {DIST_EXPONENTIAL, MEAN, exponential_by_mean},
    {DIST_EXPONENTIAL, MEAN | CV2, exponential_by_mean},
    {DIST_EXPONENTIAL, P50, exponential_by_median},
    {DIST_EXPONENTIAL, P95, exponential_by_p95},
    {DIST_ERLANG, MEAN | K, erlang_by_stages},
    {DIST_ERLANG, MEAN | CV2, erlang_by_moments},
    {DIST_HYPEREXPONENTIAL, MEAN | CV2, hyperexponential_by_moments},
    {DIST_LOGNORMAL, MEAN | CV2, lognormal_by_moments},
    {DIST_LOGNORMAL, P50 | P95, lognormal_by_quantiles},
    {DIST_LOGLOGISTIC, MEAN | CV2, loglogistic_by_moments},
    {DIST_LOGLOGISTIC, P50 | P95, loglogistic_by_quantiles},
    {DIST_LOGLOGISTIC, MEAN | K, loglogistic_by_shape},
    {DIST_LOGLOGISTIC, P50 | K, loglogistic_by_shape},
    {DIST_WEIBULL, MEAN | CV2, weibull_by_moments},
    {DIST_WEIBULL, P50 | P95, weibull_by_quantiles},
    {DIST_WEIBULL, MEAN | K, weibull_by_shape},
    {DIST_GAMMA, MEAN | CV2, gamma_by_shape},
    {DIST_GAMMA, MEAN | K, gamma_by_shape},
    {DIST_EMPIRICAL, VALUES, empirical_by_values},
};
#define N_FORMS (sizeof forms / sizeof *forms)

static unsigned given_fields(const struct dist *dist)
{
    return (isnan(dist->mean_ms) ? 0u : MEAN) | (isnan(dist->cv2) ? 0u : CV2) |
           (isnan(dist->p50_ms) ? 0u : P50) | (isnan(dist->p95_ms) ? 0u : P95) |
           (isnan(dist->k) ? 0u : K) | (isnan(dist->min_ms) ? 0u : MIN) |
           (isnan(dist->max_ms) ? 0u : MAX) | (dist->n_values ? VALUES : 0u);
}

/* "mean and cv2"; "nothing" for no field. */
static void name_fields(unsigned given, char *text, size_t size)
{
    static const char *const names[] = {"mean", "cv2", "p50", "p95", "k", "min", "max", "file"};
    size_t i, used = 0;
    snprintf(text, size, "nothing");
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if ((given >> i & 1) && used < size)
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s", used ? " and " : "", names[i]);
    }
}

static enum und_code refuse_fields(const struct dist *dist, const char *place, struct und_err *err)
{
    char got[96], one[96], want[256] = "";
    size_t i, used = 0;
    for (i = 0; i < N_FORMS; i++) {
        if (forms[i].kind != dist->kind)
            continue;
        name_fields(forms[i].given, one, sizeof one);
        used += (size_t)snprintf(want + used, sizeof want - used, "%s%s", used ? ", or " : "", one);
    }
    name_fields(given_fields(dist), got, sizeof got);
    return und_fail(err, UND_USAGE, "%s: %s distribution: got %s, want %s", place,
                    dist_kind_name(dist->kind), got, want);
}

/* What no distribution may have, whatever its kind. Comparisons with a field not given (NAN) are
 * false. */
static enum und_code check_ranges(const struct dist *dist, const char *place, struct und_err *err)
{
    const struct {
        const char *name, *unit;
        double value, most;
        bool zero; /* allowed */
    } fields[] = {
        {"mean", "ms", dist->mean_ms, DIST_MAX_MS, dist->kind == DIST_FIXED},
        {"cv2", "", dist->cv2, DIST_CV2_MAX, false},
        {"p50", "ms", dist->p50_ms, DIST_MAX_MS, false},
        {"p95", "ms", dist->p95_ms, DIST_MAX_MS, false},
        {"k", "", dist->k, DIST_STAGES, false},
        {"min", "ms", dist->min_ms, DIST_MAX_MS, true},
        {"max", "ms", dist->max_ms, DIST_MAX_MS, false},
    };
    char got[UNITS_TEXT], limit[UNITS_TEXT];
    size_t i;
    for (i = 0; i < sizeof fields / sizeof *fields; i++) {
        double value = fields[i].value;
        if (value < 0 || (value <= 0 && !fields[i].zero) || value > fields[i].most)
            return und_fail(err, UND_USAGE, "%s: %s: got %g%s, want %s 0 and at most %g%s", place,
                            fields[i].name, value, fields[i].unit,
                            fields[i].zero ? "at least" : "more than", fields[i].most,
                            fields[i].unit);
    }
    if (dist->p95_ms <= dist->p50_ms)
        return und_fail(err, UND_USAGE, "%s: p95: got %s, want more than p50 (%s)", place,
                        written(dist->p95_ms, got), written(dist->p50_ms, limit));
    return UND_OK;
}

enum und_code dist_resolve(struct dist *dist, const char *place, struct und_err *err)
{
    unsigned given = given_fields(dist);
    char why[256];
    size_t i;
    if (check_ranges(dist, place, err) != UND_OK)
        return err->code;
    for (i = 0; i < N_FORMS; i++) {
        if (forms[i].kind != dist->kind || forms[i].given != given)
            continue;
        if (!forms[i].resolve(dist, why, sizeof why))
            return und_fail(err, UND_USAGE, "%s: %s", place, why);
        if (!(dist_mean(dist) <= DIST_MAX_MS))
            return und_fail(err, UND_USAGE,
                            "%s: mean: got %gms from these values, want at most %gms", place,
                            dist_mean(dist), DIST_MAX_MS);
        return UND_OK;
    }
    return refuse_fields(dist, place, err);
}
