#include "arrival_internal.h"
#include "model/base/assert.h"
#include "model/base/units.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BINS (100 * 366 * 96)
#define EPOCH_HOUR 72 /* 1970 began on a Thursday */
#define MONTH_MS (30.0 * (double)UNITS_DAY)

static int64_t floor_to(int64_t ms, int64_t step)
{
    return ms >= 0 ? ms / step * step : -((-ms + step - 1) / step * step);
}

static int hour_of_week(int64_t ms)
{
    int64_t hour = floor_to(ms, UNITS_HOUR) / UNITS_HOUR + EPOCH_HOUR;
    return (int)((hour % WEEK_HOURS + WEEK_HOURS) % WEEK_HOURS);
}

/* The hour of the week, from Monday 0:00, in which a bin is. */
static int arrival_hour(const struct grid *grid, size_t bin)
{
    return hour_of_week(grid->from_ms + (int64_t)bin * BIN_MS);
}

static void open_grid(struct grid *grid, const int64_t *at_ms, size_t n)
{
    size_t i;
    grid->from_ms = floor_to(at_ms[0], BIN_MS);
    grid->n = (size_t)((at_ms[n - 1] - grid->from_ms) / BIN_MS) + 1;
    if (grid->n > MOST_BINS)
        grid->n = MOST_BINS;
    grid->count = calloc(grid->n, sizeof *grid->count);
    grid->seen = malloc(grid->n * sizeof *grid->seen);
    grid->mean = calloc(grid->n, sizeof *grid->mean);
    UND_ASSERT(grid->count != NULL && grid->seen != NULL && grid->mean != NULL);
    for (i = 0; i < grid->n; i++)
        grid->seen[i] = true;
    for (i = 0; i < n; i++) {
        size_t bin = (size_t)((at_ms[i] - grid->from_ms) / BIN_MS);
        if (bin < grid->n)
            grid->count[bin]++;
    }
}

static void close_grid(struct grid *grid)
{
    free(grid->count);
    free(grid->seen);
    free(grid->mean);
}

/* ---- the profile ---- */

/* Counts and time observed, weighted by the trend, of each hour of the week. */
struct hours {
    double count[WEEK_HOURS], time[WEEK_HOURS];
};

static double trend_at(const struct arrivals *arrivals, const struct grid *grid, size_t bin)
{
    int64_t at_ms = grid->from_ms + (int64_t)bin * BIN_MS + BIN_MS / 2;
    return exp(arrivals->growth_per_ms * (double)(at_ms - arrivals->middle_ms));
}

static void add_hours(struct hours *hours, const struct arrivals *arrivals, const struct grid *grid)
{
    size_t i;
    memset(hours, 0, sizeof *hours);
    for (i = 0; i < grid->n; i++) {
        int hour = arrival_hour(grid, i);
        if (!grid->seen[i])
            continue;
        hours->count[hour] += grid->count[i];
        hours->time[hour] += (double)BIN_MS * trend_at(arrivals, grid, i);
    }
}

/* Hours times days: each margin in turn, which climbs to the maximum of the likelihood. */
static void fit_days(const struct hours *hours, double rate[WEEK_HOURS])
{
    double by_hour[24], by_day[7];
    int round, hour, day;
    for (day = 0; day < 7; day++)
        by_day[day] = 1;
    for (round = 0; round < 100; round++) {
        for (hour = 0; hour < 24; hour++) {
            double count = 0, time = 0;
            for (day = 0; day < 7; day++) {
                count += hours->count[day * 24 + hour];
                time += hours->time[day * 24 + hour] * by_day[day];
            }
            by_hour[hour] = time > 0 ? count / time : 0;
        }
        for (day = 0; day < 7; day++) {
            double count = 0, time = 0;
            for (hour = 0; hour < 24; hour++) {
                count += hours->count[day * 24 + hour];
                time += hours->time[day * 24 + hour] * by_hour[hour];
            }
            by_day[day] = time > 0 ? count / time : 1;
        }
    }
    for (hour = 0; hour < WEEK_HOURS; hour++)
        rate[hour] = by_hour[hour % 24] * by_day[hour / 24];
}

static void fit_rates(enum profile_kind kind, const struct hours *hours, double rate[WEEK_HOURS])
{
    double count[WEEK_HOURS] = {0}, time[WEEK_HOURS] = {0};
    int period = kind == PROFILE_NONE ? 1 : kind == PROFILE_DAY ? 24 : WEEK_HOURS, i;
    if (kind == PROFILE_DAYS) {
        fit_days(hours, rate);
        return;
    }
    for (i = 0; i < WEEK_HOURS; i++) {
        count[i % period] += hours->count[i];
        time[i % period] += hours->time[i];
    }
    for (i = 0; i < WEEK_HOURS; i++)
        rate[i] = time[i % period] > 0 ? count[i % period] / time[i % period] : 0;
}

static double log_likelihood(const struct hours *hours, const double rate[WEEK_HOURS])
{
    double sum = 0;
    int i;
    for (i = 0; i < WEEK_HOURS; i++)
        sum +=
            (hours->count[i] > 0 ? hours->count[i] * log(rate[i]) : 0) - rate[i] * hours->time[i];
    return sum;
}

static void set_means(const struct arrivals *arrivals, struct grid *grid,
                      const double rate[WEEK_HOURS])
{
    size_t i;
    for (i = 0; i < grid->n; i++)
        grid->mean[i] = rate[arrival_hour(grid, i)] * (double)BIN_MS * trend_at(arrivals, grid, i);
}

size_t arrival_stretches(const struct grid *grid, int64_t every_ms, double *count, double *mean)
{
    size_t n = 0, bin, length = (size_t)(every_ms / BIN_MS), k;
    /* Weeks begin on Mondays, as the simulator's do. */
    int64_t shift = EPOCH_HOUR * UNITS_HOUR, first = floor_to(grid->from_ms + shift, every_ms);
    while (first < grid->from_ms + shift + BIN_MS)
        first += every_ms;
    bin = (size_t)((first - grid->from_ms - shift) / BIN_MS);
    for (; bin + length < grid->n; bin += length) {
        bool whole = true;
        count[n] = mean[n] = 0;
        for (k = 0; k < length; k++) {
            count[n] += grid->count[bin + k];
            mean[n] += grid->mean[bin + k];
            whole = whole && grid->seen[bin + k];
        }
        n += whole;
    }
    return n;
}

int arrival_parameters(enum profile_kind kind, int64_t every_ms)
{
    int days = every_ms >= UNITS_DAY ? 1 : (int)(UNITS_DAY / every_ms);
    if (days > 24)
        days = 24;
    switch (kind) {
    case PROFILE_NONE:
        return 1;
    case PROFILE_DAY:
        return days;
    case PROFILE_DAYS:
        return days + 6;
    case PROFILE_WEEK:
        return 7 * days;
    }
    UND_UNREACHABLE();
}

/* Pearson's, of stretches of that length; 1 at least, and where there are too few to tell. */
static double dispersion(const struct grid *grid, enum profile_kind kind, int64_t every_ms)
{
    double *count = malloc(2 * grid->n * sizeof *count), *mean = count + grid->n, sum = 0,
           total = 0;
    size_t i, n;
    int spent = arrival_parameters(kind, every_ms);
    UND_ASSERT(count != NULL);
    n = arrival_stretches(grid, every_ms, count, mean);
    for (i = 0; i < n; i++) {
        sum += (count[i] - mean[i]) * (count[i] - mean[i]);
        total += mean[i];
    }
    free(count);
    if (n < (size_t)spent + 5 || total <= 0)
        return 1;
    return fmax(1, sum / total * (double)n / (double)(n - (size_t)spent));
}

/* What a kind must gain in twice the log likelihood over the best one below it, dispersion aside: a
 * test, but for 168 hours, of which each has an error of its own: these must pay for them. */
static double price(enum profile_kind kind, enum profile_kind best, size_t n)
{
    static const int parameters[] = {1, 24, 30, WEEK_HOURS};
    int more = parameters[kind] - parameters[best];
    return kind == PROFILE_WEEK ? more * log((double)n) : gsl_cdf_chisq_Qinv(ARRIVAL_ERROR, more);
}

/* Of spells, which hours of a day have in common, or days. */
static double widest_dispersion(const struct grid *grid, enum profile_kind kind, bool days)
{
    double most = 1;
    int64_t every_ms;
    for (every_ms = UNITS_HOUR; every_ms <= 8 * UNITS_HOUR; every_ms *= 2)
        most = fmax(most, dispersion(grid, kind, every_ms));
    return days ? fmax(most, dispersion(grid, kind, UNITS_DAY)) : most;
}

static enum profile_kind choose_profile(struct arrivals *arrivals, struct grid *grid,
                                        double rate[WEEK_HOURS])
{
    enum profile_kind kind, best = PROFILE_NONE;
    struct hours hours;
    double phi[2], most;
    bool weeks = arrivals->to_ms - arrivals->from_ms >= 14 * UNITS_DAY;
    bool days = arrivals->to_ms - arrivals->from_ms >= 3 * UNITS_DAY;
    add_hours(&hours, arrivals, grid);
    kind = weeks ? PROFILE_DAYS : days ? PROFILE_DAY : PROFILE_NONE;
    fit_rates(kind, &hours, rate);
    set_means(arrivals, grid, rate);
    phi[0] = widest_dispersion(grid, kind, false);
    phi[1] = widest_dispersion(grid, kind, true);
    fit_rates(PROFILE_NONE, &hours, rate);
    most = log_likelihood(&hours, rate);
    for (kind = PROFILE_DAY; kind <= PROFILE_WEEK; kind++) {
        double value;
        if (!days || arrivals->n < ARRIVAL_LEAST || (kind > PROFILE_DAY && !weeks))
            break;
        fit_rates(kind, &hours, rate);
        value = log_likelihood(&hours, rate);
        if (2 * (value - most) > phi[kind > PROFILE_DAY] * price(kind, best, arrivals->n)) {
            most = value;
            best = kind;
        }
    }
    fit_rates(best, &hours, rate);
    set_means(arrivals, grid, rate);
    return best;
}

/* ---- the trend ---- */

/* In less than two weeks a trend is a weekend. How little is known of it is known from one week on,
 * which a prediction must know as well. */
static bool trend_is_told(const struct arrivals *arrivals)
{
    return arrivals->to_ms - arrivals->from_ms >= 14 * UNITS_DAY;
}

/* Given how many there are, when they come has the density of the means; its maximum likelihood by
 * Newton's steps. */
static void fit_trend(struct arrivals *arrivals, struct grid *grid)
{
    double middle = (double)(arrivals->middle_ms - grid->from_ms), seen = 0, variance = 0;
    double growth = arrivals->growth_per_ms, change = 0;
    size_t i;
    int step;
    if (arrivals->to_ms - arrivals->from_ms < 7 * UNITS_DAY || arrivals->n < ARRIVAL_LEAST)
        return;
    for (i = 0; i < grid->n; i++)
        if (grid->seen[i])
            seen += grid->count[i] * ((double)i * BIN_MS - middle) / (double)arrivals->n;
    for (step = 0; step < 20; step++) {
        double sum = 0, first = 0, second = 0;
        for (i = 0; i < grid->n; i++) {
            double t = (double)i * BIN_MS - middle, w = grid->mean[i] * exp(change * t);
            if (!grid->seen[i])
                continue;
            sum += w;
            first += w * t;
            second += w * t * t;
        }
        first /= sum;
        variance = second / sum - first * first;
        change += (seen - first) / variance;
        if (fabs(seen - first) < 1e-9 * sqrt(variance))
            break;
    }
    if (trend_is_told(arrivals))
        arrivals->growth_per_ms = growth + change;
    arrivals->growth_error =
        sqrt(dispersion(grid, arrivals->kind, UNITS_DAY) / ((double)arrivals->n * variance));
}

/* ---- gaps ---- */

static void add_gap(struct arrivals *arrivals, struct grid *grid, size_t from, size_t to,
                    double expected)
{
    size_t i;
    if (arrivals->n_gaps == ARRIVAL_GAPS)
        return;
    for (i = from; i < to; i++)
        grid->seen[i] = false;
    arrivals->gap[arrivals->n_gaps++] = (struct arrival_gap){
        grid->from_ms + (int64_t)from * BIN_MS, grid->from_ms + (int64_t)to * BIN_MS, expected};
}

/* Returns whether there are new ones. */
static bool find_gaps(struct arrivals *arrivals, struct grid *grid)
{
    double limit = ARRIVAL_SILENT * dispersion(grid, arrivals->kind, UNITS_HOUR), expected = 0;
    int before = arrivals->n_gaps;
    size_t i, from = 0;
    for (i = 0; i < grid->n; i++) {
        if (grid->count[i] > 0 || !grid->seen[i]) {
            if (expected > limit)
                add_gap(arrivals, grid, from, i, expected);
            expected = 0;
            from = i + 1;
        } else {
            expected += grid->mean[i];
        }
    }
    return arrivals->n_gaps > before;
}

/* ---- all ---- */

static int period_of(enum profile_kind kind)
{
    return kind == PROFILE_NONE ? 0 : kind == PROFILE_DAY ? 24 : WEEK_HOURS;
}

/* How many times over the Poisson variance the count of an hour of the profile has, whose m
 * occasions had so many runs on average. */
static double inflation(const struct arrivals *arrivals, double mean_per_hour)
{
    double share = fmin(1, (double)arrivals->modulation.every_ms / (double)UNITS_HOUR);
    return arrivals->modulation.present ? 1 + arrivals->modulation.cv2.value * mean_per_hour * share
                                        : 1;
}

static void set_profile(struct arrivals *arrivals, const struct hours *hours,
                        const double rate[WEEK_HOURS], double mean)
{
    double z = gsl_cdf_ugaussian_Pinv(0.5 + STATS_CONFIDENCE / 2);
    int i, k, period = period_of(arrivals->kind);
    arrivals->n_profile = period;
    for (i = 0; i < period; i++) {
        struct measured *weight = &arrivals->profile[i];
        double count = 0, of_day = 0, time = 0, relative, phi;
        for (k = 0; k < WEEK_HOURS; k++) {
            bool same = arrivals->kind == PROFILE_WEEK ? k == i : k % 24 == i % 24;
            count += same ? hours->count[k] : 0;
            time += same ? hours->time[k] : 0;
            of_day += k / 24 == i / 24 ? hours->count[k] : 0;
        }
        weight->value = rate[i] / mean;
        phi = inflation(arrivals, rate[i] * (double)UNITS_HOUR);
        if (count <= 0) { /* none: up to what would be seen to be there in 19 cases of 20 */
            weight->interval = (struct interval){0, -log(0.05) * phi / time / mean};
            continue;
        }
        relative = phi / count + (arrivals->kind == PROFILE_DAYS ? phi / fmax(of_day, 1) : 0);
        weight->interval.low = weight->value * exp(-z * sqrt(relative));
        weight->interval.high = weight->value * exp(z * sqrt(relative));
    }
}

static struct measured of_logarithm(double value, double error)
{
    double z = gsl_cdf_ugaussian_Pinv(0.5 + STATS_CONFIDENCE / 2);
    return (struct measured){value, {value * exp(-z * error), value * exp(z * error)}};
}

static void set_rate(struct arrivals *arrivals, const struct grid *grid, double mean)
{
    double z = gsl_cdf_ugaussian_Pinv(0.5 + STATS_CONFIDENCE / 2), growth, error;
    double ahead = (double)(arrivals->to_ms - arrivals->middle_ms);
    double excess = arrival_excess(arrivals, grid, 7 * UNITS_DAY);
    double significant = gsl_cdf_ugaussian_Pinv(1 - ARRIVAL_ERROR / 2);
    arrivals->middle_rate = mean;
    error = sqrt((1 + excess) / (double)arrivals->n);
    arrivals->growth = (struct measured){NAN, {NAN, NAN}};
    if (arrivals->growth_error > 0 && trend_is_told(arrivals)) {
        growth = arrivals->growth_per_ms * MONTH_MS;
        arrivals->growth.value = expm1(growth);
        arrivals->growth.interval.low = expm1(growth - z * arrivals->growth_error * MONTH_MS);
        arrivals->growth.interval.high = expm1(growth + z * arrivals->growth_error * MONTH_MS);
        arrivals->trended = fabs(arrivals->growth_per_ms) > significant * arrivals->growth_error;
    }
    if (arrivals->trended) {
        error = hypot(error, arrivals->growth_error * ahead);
        mean *= exp(arrivals->growth_per_ms * ahead);
    }
    arrivals->rate = of_logarithm(mean, error);
}

/* Profile, trend and gaps until no gap is new. */
static void settle(struct arrivals *arrivals, struct grid *grid, double rate[WEEK_HOURS])
{
    int round;
    size_t i;
    for (round = 0; round < 5; round++) {
        arrivals->growth_per_ms = arrivals->growth_error = 0;
        arrivals->kind = choose_profile(arrivals, grid, rate);
        fit_trend(arrivals, grid);
        /* A trend that is not there does no good to the profile. */
        if (fabs(arrivals->growth_per_ms) >
            gsl_cdf_ugaussian_Pinv(1 - ARRIVAL_ERROR / 2) * arrivals->growth_error) {
            struct hours hours;
            add_hours(&hours, arrivals, grid);
            fit_rates(arrivals->kind, &hours, rate);
            set_means(arrivals, grid, rate);
        }
        if (arrivals->n < ARRIVAL_LEAST || !find_gaps(arrivals, grid))
            break;
    }
    for (i = 0; i < grid->n; i++)
        arrivals->observed_ms += grid->seen[i] ? BIN_MS : 0;
}

void arrivals_fit(struct arrivals *arrivals, const int64_t *at_ms, size_t n)
{
    struct grid grid;
    struct hours hours;
    double rate[WEEK_HOURS], mean = 0, kept;
    int i;
    UND_ASSERT(n > 0);
    memset(arrivals, 0, sizeof *arrivals);
    open_grid(&grid, at_ms, n);
    arrivals->n = n;
    arrivals->from_ms = grid.from_ms;
    arrivals->to_ms = grid.from_ms + (int64_t)grid.n * BIN_MS;
    arrivals->middle_ms = (arrivals->from_ms + arrivals->to_ms) / 2;
    settle(arrivals, &grid, rate);
    arrival_modulation(arrivals, &grid);
    for (i = 0; i < WEEK_HOURS; i++)
        mean += rate[i] / WEEK_HOURS;
    set_rate(arrivals, &grid, mean);
    kept = arrivals->growth_per_ms;
    arrivals->growth_per_ms = arrivals->trended ? kept : 0;
    add_hours(&hours, arrivals, &grid);
    set_profile(arrivals, &hours, rate, mean);
    close_grid(&grid);
}

double arrivals_rate(const struct arrivals *arrivals, int64_t at_ms)
{
    double rate = arrivals->middle_rate *
                  exp(arrivals->growth_per_ms * (double)(at_ms - arrivals->middle_ms));
    if (arrivals->n_profile > 0)
        rate *= arrivals->profile[hour_of_week(at_ms) % arrivals->n_profile].value;
    return rate;
}
