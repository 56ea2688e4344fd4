#include "calibrate.h"

#include "reports/text/text.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

static const struct {
    const char *name, *about;
} delays[DELAYS] = {
    [DELAY_OFFLINE] = {"github.offline_after", "a host's death to GitHub giving it no more jobs"},
    [DELAY_NOTIFICATION] = {"notification", "an alert firing to its first notification"},
    [DELAY_ROUTING] = {"routing", "drained to out of the rotation"},
};

static void put(struct calibration *calibration, enum delay delay, double ms)
{
    int *n = &calibration->delay[delay].n;
    if (ms > 0 && *n < CALIBRATE_VALUES)
        calibration->delay[delay].value_ms[(*n)++] = ms;
}

void calibrate_add(struct calibration *calibration, const struct record *record)
{
    double routed = facts_span(record, "decided", "routed");
    put(calibration, DELAY_OFFLINE, facts_moment(record, "GitHub gives the host no more jobs"));
    put(calibration, DELAY_NOTIFICATION,
        facts_measure(record, "webhook_ms") - facts_measure(record, "firing_ms"));
    put(calibration, DELAY_ROUTING,
        isfinite(routed) ? routed : facts_measure(record, "routing_ms"));
}

struct fitted {
    int n;
    double least, middle, most; /* as measured */
    double p50, low, high, p95; /* lognormal; NAN: too few, or all alike */
};

static struct fitted fit(const double *values, int n)
{
    struct fitted f = {n, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    double sorted[CALIBRATE_VALUES], mean = 0, square = 0, s;
    int i;
    if (n == 0)
        return f;
    memcpy(sorted, values, (size_t)n * sizeof *sorted);
    gsl_sort(sorted, 1, (size_t)n);
    f.least = sorted[0];
    f.most = sorted[n - 1];
    f.middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    for (i = 0; i < n; i++)
        mean += log(sorted[i]) / n;
    for (i = 0; i < n; i++)
        square += (log(sorted[i]) - mean) * (log(sorted[i]) - mean);
    if (n < CALIBRATE_LEAST || square <= 0)
        return f;
    s = sqrt(square / (n - 1));
    f.p50 = exp(mean);
    f.p95 = exp(mean + s * gsl_cdf_ugaussian_Pinv(0.95));
    f.low = exp(mean - gsl_cdf_tdist_Pinv(0.975, n - 1) * s / sqrt(n));
    f.high = exp(mean + gsl_cdf_tdist_Pinv(0.975, n - 1) * s / sqrt(n));
    return f;
}

/* Median and 95% point of what the fleet file assumes; false: it assumes nothing of the kind. */
static bool assumed(const struct fleet *fleet, enum delay delay, double *p50, double *p95)
{
    if (!fleet || delay != DELAY_OFFLINE)
        return false;
    *p50 = dist_quantile(&fleet->github.offline_after, 0.5);
    *p95 = dist_quantile(&fleet->github.offline_after, 0.95);
    return true;
}

static void print_override(FILE *out, const struct fitted *f)
{
    fprintf(out, "--set 'fleet.github.offline_after={kind: lognormal, p50: %.0fms, p95: %.0fms}'",
            f->p50, f->p95);
}

/* Does the assumption lie where the measures say that the median is? */
static const char *judge(const struct fitted *f, double p50)
{
    return !isfinite(f->p50) ? "too few to tell"
           : p50 < f->low    ? "the assumption is too short"
           : p50 > f->high   ? "the assumption is too long"
                             : "the assumption is within the interval";
}

void calibrate_print(FILE *out, const struct calibration *calibration, const struct fleet *fleet)
{
    char a[TEXT_VALUE], b[TEXT_VALUE], c[TEXT_VALUE], d[TEXT_VALUE];
    int i;
    for (i = 0; i < DELAYS; i++) {
        struct fitted f = fit(calibration->delay[i].value_ms, calibration->delay[i].n);
        double p50, p95;
        fprintf(out, "%s%s: %s\n", i ? "\n" : "", delays[i].name, delays[i].about);
        if (f.n == 0)
            fputs("  measured   never\n", out);
        else
            fprintf(out, "  measured   %d time%s, %s to %s, median %s\n", f.n, f.n == 1 ? "" : "s",
                    text_time_exact(a, f.least), text_time_exact(b, f.most),
                    text_time_exact(c, f.middle));
        if (isfinite(f.p50))
            fprintf(out, "  lognormal  median %s (95%%: %s to %s), 95%% point %s\n",
                    text_time_exact(a, f.p50), text_time_exact(b, f.low),
                    text_time_exact(c, f.high), text_time_exact(d, f.p95));
        else if (f.n > 0)
            fprintf(out, "  lognormal  not fitted: want at least %d that differ\n",
                    CALIBRATE_LEAST);
        if (assumed(fleet, (enum delay)i, &p50, &p95))
            fprintf(out, "  assumed    median %s, 95%% point %s: %s\n", text_time_exact(a, p50),
                    text_time_exact(b, p95), judge(&f, p50));
        if (i == DELAY_OFFLINE && isfinite(f.p50)) {
            fputs("  to use it  ", out);
            print_override(out, &f);
            fputc('\n', out);
        }
    }
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *calibrate_json(const struct calibration *calibration, const struct fleet *fleet)
{
    json_t *json = json_object();
    int i;
    for (i = 0; i < DELAYS; i++) {
        struct fitted f = fit(calibration->delay[i].value_ms, calibration->delay[i].n);
        double p50 = NAN, p95 = NAN;
        (void)assumed(fleet, (enum delay)i, &p50, &p95);
        json_object_set_new(json, delays[i].name,
                            json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}}", "n",
                                      f.n, "min_ms", number(f.least), "median_ms", number(f.middle),
                                      "max_ms", number(f.most), "p50_ms", number(f.p50),
                                      "p50_low_ms", number(f.low), "p50_high_ms", number(f.high),
                                      "p95_ms", number(f.p95), "assumed", "p50_ms", number(p50),
                                      "p95_ms", number(p95)));
    }
    return json_pack("{s:i, s:o}", "version", 1, "delays", json);
}
