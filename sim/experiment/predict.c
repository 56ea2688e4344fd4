#include "predict.h"
#include "experiment.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/load/loader.h"
#include "reports/fit/fit_fleet.h"
#include "sim/engine/stream.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MONDAY_MS (72 * UNITS_HOUR) /* 1970 began on a Thursday */

struct rest {
    const struct history *history;
    size_t first; /* row */
    int64_t from_ms, to_ms;
    int slots;
};

/* ---- a scenario out of a fit ---- */

static enum und_code stage(struct scenario *scenario, const struct fit *fit,
                           const struct rest *rest, struct und_err *err)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int64_t clock_ms = rest->from_ms + MONDAY_MS +
                       (int64_t)rest->history->row[rest->first].offset_min * UNITS_MINUTE;
    enum und_code code;
    int i;
    UND_ASSERT(out != NULL);
    fit_fleet_print(out, fit, NULL);
    fprintf(out, "duration: %lldms\nstart: %lldms\nwarmup: 0s\n",
            (long long)(rest->to_ms - rest->from_ms),
            (long long)((clock_ms % (7 * UNITS_DAY) + 7 * UNITS_DAY) % (7 * UNITS_DAY)));
    fclose(out);
    code = scenario_parse(scenario, "fitted", text, length, err);
    free(text);
    if (code != UND_OK)
        return code;
    scenario->fleet.github.present = false; /* only the slots' own waits */
    scenario->fleet.workload.queue.capacity = 1000000000;
    for (i = 0; i < fit->n_classes; i++)
        scenario->fleet.workload.classes[i].duration = fit_duration(&fit->classes[i]);
    return UND_OK;
}

/* The jobs that came, in the place of those that might. */
static void take_trace(struct scenario *scenario, const struct rest *rest)
{
    struct workload *workload = &scenario->fleet.workload;
    struct trace *trace = &workload->arrivals.trace;
    size_t n = rest->history->n - rest->first, i;
    trace->submit_ms = malloc(n * sizeof *trace->submit_ms);
    trace->duration_ms = malloc(n * sizeof *trace->duration_ms);
    trace->job_class = calloc(n, sizeof *trace->job_class);
    UND_ASSERT(trace->submit_ms && trace->duration_ms && trace->job_class);
    for (i = rest->first; i < rest->history->n; i++) {
        const struct job_row *row = &rest->history->row[i];
        if (row->duration_ms < 0)
            continue;
        trace->submit_ms[trace->n] = row->created_ms - rest->from_ms;
        trace->duration_ms[trace->n++] = row->duration_ms;
    }
    workload->arrivals.kind = ARRIVALS_TRACE;
    workload->arrivals.n_profile = 0;
    workload->arrivals.modulation.cv2 = 0;
    scenario->duration_ms = 0;
    scenario->has_start = false;
}

/* ---- measured and predicted ---- */

static void take_result(double value[HOLDOUT_COUNT], const struct result *result)
{
    const struct quantity *wait = &result->metric[METRIC_QUEUE_WAIT];
    value[HOLDOUT_JOBS] = result->metric[METRIC_JOBS_DONE].mean;
    value[HOLDOUT_BUSY] = result->metric[METRIC_UTILIZATION].mean;
    value[HOLDOUT_MEAN] = wait->n > 0 ? wait->mean : NAN;
    value[HOLDOUT_P50] = wait->n > 0 ? wait->p50 : NAN;
    value[HOLDOUT_P95] = wait->n > 0 ? wait->p95 : NAN;
    value[HOLDOUT_P99] = wait->n > 0 ? wait->p99 : NAN;
    value[HOLDOUT_WAITED] = result->metric[METRIC_WAIT_PROBABILITY].mean;
}

static enum und_code run_once(const struct scenario *scenario, uint64_t seed,
                              double value[HOLDOUT_COUNT], struct und_err *err)
{
    struct experiment experiment = {.seed = seed, .replications = 1, .threads = 1};
    struct result *result = calloc(1, sizeof *result);
    enum und_code code;
    UND_ASSERT(result != NULL);
    code = experiment_run(scenario, &experiment, result, err);
    if (code == UND_OK) {
        take_result(value, result);
        result_fini(result);
    }
    free(result);
    return code;
}

static enum und_code measure(struct holdout *holdout, const struct fit *fit,
                             const struct rest *rest, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    double value[HOLDOUT_COUNT], work = 0, days;
    enum und_code code;
    size_t i;
    int k;
    UND_ASSERT(scenario != NULL);
    code = stage(scenario, fit, rest, err);
    if (code == UND_OK) {
        take_trace(scenario, rest);
        holdout->jobs = (int64_t)scenario->fleet.workload.arrivals.trace.n;
        for (i = 0; i < (size_t)holdout->jobs; i++)
            work += (double)scenario->fleet.workload.arrivals.trace.duration_ms[i];
        code = run_once(scenario, 1, value, err);
        scenario_fini(scenario);
    }
    if (code == UND_OK) {
        days = (double)(rest->to_ms - rest->from_ms) / (double)UNITS_DAY;
        for (k = 0; k < HOLDOUT_COUNT; k++)
            holdout->row[k].measured = value[k];
        holdout->row[HOLDOUT_JOBS].measured = (double)holdout->jobs / days;
        holdout->row[HOLDOUT_BUSY].measured =
            work / (days * (double)UNITS_DAY * (double)rest->slots);
    }
    free(scenario);
    return code;
}

/* A factor of what is only known within an interval, whose logarithm is nearly normal. */
static double spread(const struct measured *measured, struct stream *stream)
{
    double z = gsl_cdf_ugaussian_Pinv(stream_uniform(stream));
    double width = log(measured->interval.high / measured->interval.low) /
                   (2 * gsl_cdf_ugaussian_Pinv(0.5 + STATS_CONFIDENCE / 2));
    return isfinite(width) ? exp(z * width) : 1;
}

/* A factor of the rate at that time for what is not known of the trend, a straight line of the
 * rate's logarithm: also of one that cannot be told from chance, which is no proof of none. What is
 * known to be trended has its error up to the history's end in the rate's interval already. */
static double drift(const struct arrivals *arrivals, int64_t at_ms, struct stream *stream)
{
    double z = gsl_cdf_ugaussian_Pinv(stream_uniform(stream));
    int64_t from_ms = arrivals->trended ? arrivals->to_ms : arrivals->middle_ms;
    return exp(z * arrivals->growth_error * (double)(at_ms - from_ms));
}

/* The mean duration of all classes with what is known of it: errors of classes are of their own. */
static struct measured mean_duration(const struct fit *fit)
{
    struct measured mean = {0, {0, 0}};
    double squares = 0;
    int i;
    for (i = 0; i < fit->n_classes; i++) {
        const struct class_fit *one = &fit->classes[i];
        double half = one->weight.value * (one->mean.interval.high - one->mean.interval.low) / 2;
        mean.value += one->weight.value * one->mean.value;
        squares += isnan(half) ? 0 : half * half;
    }
    mean.interval.high = mean.value * exp(sqrt(squares) / mean.value);
    mean.interval.low = mean.value * mean.value / mean.interval.high;
    return mean;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(struct holdout *holdout, double (*value)[HOLDOUT_COUNT], size_t n)
{
    double *column = malloc(n * sizeof *column), tail = (1 - STATS_CONFIDENCE) / 2;
    size_t i, seen;
    int k;
    UND_ASSERT(column != NULL);
    for (k = 0; k < HOLDOUT_COUNT; k++) {
        for (i = seen = 0; i < n; i++)
            if (!isnan(value[i][k]))
                column[seen++] = value[i][k];
        qsort(column, seen, sizeof *column, compare);
        holdout->row[k].predicted = stats_quantile(column, seen, 0.5);
        holdout->row[k].interval.low = stats_quantile(column, seen, tail);
        holdout->row[k].interval.high = stats_quantile(column, seen, 1 - tail);
        holdout->row[k].inside = holdout->row[k].measured >= holdout->row[k].interval.low &&
                                 holdout->row[k].measured <= holdout->row[k].interval.high;
        holdout->of += seen > 0 && !isnan(holdout->row[k].measured);
        holdout->inside += holdout->row[k].inside;
    }
    free(column);
}

static enum und_code predict(struct holdout *holdout, const struct fit *fit,
                             const struct rest *rest, uint64_t seed, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    double(*value)[HOLDOUT_COUNT] = calloc(PREDICT_REPLICATIONS, sizeof *value);
    double days = (double)(rest->to_ms - rest->from_ms) / (double)UNITS_DAY, rate, cv2, speed;
    int64_t offset_ms = (int64_t)rest->history->row[rest->first].offset_min * UNITS_MINUTE;
    int64_t middle_ms = (rest->from_ms + rest->to_ms) / 2;
    struct measured duration = mean_duration(fit);
    struct stream stream;
    enum und_code code;
    int r, i;
    UND_ASSERT(scenario != NULL && value != NULL);
    stream_seed(&stream, seed);
    if ((code = stage(scenario, fit, rest, err)) == UND_OK) {
        /* The trend goes on as it was, to the middle of the rest. */
        rate = fit->arrivals.middle_rate *
               exp(fit->arrivals.growth_per_ms *
                   (double)(middle_ms + offset_ms - fit->arrivals.middle_ms));
        cv2 = scenario->fleet.workload.arrivals.modulation.cv2;
        for (r = 0; r < PREDICT_REPLICATIONS && code == UND_OK; r++) {
            scenario->fleet.workload.arrivals.rate_per_ms =
                rate * spread(&fit->arrivals.rate, &stream) *
                spread(&fit->fan_out.mean, &stream) * /* more jobs, in runs as they are */
                drift(&fit->arrivals, middle_ms + offset_ms, &stream);
            speed = spread(&duration, &stream);
            for (i = 0; i < scenario->fleet.n_hosts; i++)
                scenario->fleet.hosts[i].speed = speed;
            if (cv2 > 0)
                scenario->fleet.workload.arrivals.modulation.cv2 =
                    fmin(100, cv2 * spread(&fit->arrivals.modulation.cv2, &stream));
            code = run_once(scenario, seed + (uint64_t)r, value[r], err);
            value[r][HOLDOUT_JOBS] /= days;
        }
        scenario_fini(scenario);
    }
    if (code == UND_OK)
        summarise(holdout, value, PREDICT_REPLICATIONS);
    holdout->replications = PREDICT_REPLICATIONS;
    free(value);
    free(scenario);
    return code;
}

/* ---- all ---- */

static void recorded(struct holdout *holdout, const struct rest *rest)
{
    double sum = 0;
    size_t i, n = 0;
    for (i = rest->first; i < rest->history->n; i++) {
        const struct job_row *row = &rest->history->row[i];
        if (row->started_ms == HISTORY_NONE)
            continue;
        sum += (double)(row->started_ms - row->created_ms);
        n++;
    }
    holdout->recorded_mean = rest->history->waits && n > 0 ? sum / (double)n : NAN;
}

static int slots_watched(const struct watched *watched)
{
    int slots = 0, i;
    for (i = 0; watched != NULL && i < watched->n_hosts; i++)
        slots += watched_slots(&watched->host[i]);
    return slots;
}

enum und_code predict_rest(struct holdout *holdout, const struct history *history,
                           const struct fit_wish *wish, double share, uint64_t seed,
                           struct und_err *err)
{
    struct fit *fit = calloc(1, sizeof *fit);
    int64_t last_ms = history->row[history->n - 1].created_ms;
    struct fit_wish first = *wish;
    struct rest rest = {.history = history, .to_ms = last_ms + 1};
    enum und_code code = UND_OK;
    UND_ASSERT(fit != NULL);
    *holdout = (struct holdout){.share = share};
    rest.from_ms = last_ms - llround(share * (double)(last_ms - history->from_ms));
    while (rest.first < history->n && history->row[rest.first].created_ms < rest.from_ms)
        rest.first++;
    first.watched = NULL; /* outages of the rest would be in it */
    if (first.slots == 0)
        first.slots = slots_watched(wish->watched);
    first.from_ms = history->from_ms;
    first.to_ms = rest.from_ms;
    if (rest.first < PREDICT_LEAST || history->n - rest.first < PREDICT_LEAST)
        snprintf(holdout->why, sizeof holdout->why,
                 "%zu and %zu jobs before and after the cut, want %d of each", rest.first,
                 history->n - rest.first, PREDICT_LEAST);
    else if (rest.to_ms - rest.from_ms < UNITS_DAY)
        snprintf(holdout->why, sizeof holdout->why, "the rest is shorter than a day");
    else if ((code = fit_history(fit, history, &first, err)) == UND_OK) {
        rest.slots = holdout->slots = fit->slots;
        holdout->from_ms = rest.from_ms;
        holdout->to_ms = rest.to_ms;
        recorded(holdout, &rest);
        if ((code = measure(holdout, fit, &rest, err)) == UND_OK)
            code = predict(holdout, fit, &rest, seed, err);
    }
    fit_fini(fit);
    free(fit);
    return code;
}
