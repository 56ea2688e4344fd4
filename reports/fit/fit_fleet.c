#include "fit_fleet.h"
#include "model/base/units.h"
#include "reports/text/text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Any text as a YAML scalar: JSON's strings are YAML's. */
static void quoted(FILE *out, const char *text)
{
    char clean[3 * 512];
    json_t *string;
    char *dumped;
    text_clean(clean, sizeof clean, text);
    string = json_string(clean);
    dumped = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    fputs(dumped ? dumped : "\"\"", out);
    free(dumped);
    json_decref(string);
}

static const char *seconds(char out[TEXT_VALUE], double ms)
{
    snprintf(out, TEXT_VALUE, "%.3fs", ms / 1000);
    return out;
}

/* "4:31 to 5:02", of times. */
static const char *range_of_times(char out[3 * TEXT_VALUE], const struct interval *interval)
{
    char low[TEXT_VALUE], high[TEXT_VALUE];
    if (isnan(interval->low))
        return "unknown: too few";
    if (interval->high < 600000)
        snprintf(out, 3 * TEXT_VALUE, "%.1f to %.1f s", interval->low / 1000,
                 interval->high / 1000);
    else
        snprintf(out, 3 * TEXT_VALUE, "%s to %s", text_time(low, interval->low),
                 text_time(high, interval->high));
    return out;
}

static void print_head(FILE *out, const struct fit *fit)
{
    time_t from = (time_t)(fit->arrivals.from_ms / 1000), to = (time_t)(fit->arrivals.to_ms / 1000);
    char begin[32], end[32], clean[512];
    struct tm tm;
    int i;
    strftime(begin, sizeof begin, "%Y-%m-%d", gmtime_r(&from, &tm));
    strftime(end, sizeof end, "%Y-%m-%d", gmtime_r(&to, &tm));
    text_clean(clean, sizeof clean, fit->history->path);
    fprintf(out,
            "# A fleet fitted to %s: %zu jobs of %zu runs, %s to %s.\n"
            "# Beside every number stands its 95%% interval: what another history of the same team "
            "might\n"
            "# as well have given.\n#\n"
            "#   understudy sim THIS_FILE --set duration=7d --set warmup=1d\n#\n"
            "# What was left out, assumed, or cannot be told:\n",
            clean, fit->n, fit->runs, fit->history->clocked ? begin : "day 0",
            fit->history->clocked ? end : "its last");
    for (i = 0; i < fit->n_notes; i++) {
        char note[1100];
        text_clean(note, sizeof note, fit->note[i]);
        fputs("#   - ", out);
        text_wrap(out, note, 6, 1000, 0);
    }
    fputs("name: fitted\nabout: ", out);
    snprintf(clean, sizeof clean, "Fitted to %.400s", fit->history->path);
    quoted(out, clean);
    fputs("\n\nfleet:\n", out);
}

/* "{kind: weibull, mean: 60.000s, k: 1.2}" and, as a comment, its intervals. */
static void print_family(FILE *out, const struct class_fit *class_fit)
{
    const struct lifetime_fit *one = &class_fit->candidate[class_fit->chosen];
    char first[TEXT_VALUE], second[TEXT_VALUE], range[3 * TEXT_VALUE], other[3 * TEXT_VALUE];
    bool half = one->kind == DIST_LOGLOGISTIC;
    const struct measured *scale = half ? &class_fit->p50 : &class_fit->mean;
    if (one->kind == DIST_LOGNORMAL)
        fprintf(out, "{kind: lognormal, p50: %s, p95: %s} # %s; %s\n",
                seconds(first, class_fit->p50.value), seconds(second, class_fit->p95.value),
                range_of_times(range, &class_fit->p50.interval),
                range_of_times(other, &class_fit->p95.interval));
    else
        fprintf(out, "{kind: %s, %s: %s, k: %.6g} # %s; k %.4g to %.4g\n",
                dist_kind_name(one->kind), half ? "p50" : "mean", seconds(first, scale->value),
                class_fit->shape.value, range_of_times(range, &scale->interval),
                class_fit->shape.interval.low, class_fit->shape.interval.high);
}

static void print_outages(FILE *out, const struct host_fit *host)
{
    char text[TEXT_VALUE], range[3 * TEXT_VALUE];
    if (isnan(host->mtbf.value) || isnan(host->mttr.value)) {
        if (!isnan(host->mtbf.interval.low))
            fprintf(out, "      # mtbf: %s, at least %s\n",
                    host->outages.n > 0 ? "no repair was seen" : "no outage was seen",
                    text_time(text, host->mtbf.interval.low));
        return;
    }
    fprintf(out, "      mtbf: %s # %s; %d %s\n", seconds(text, host->mtbf.value),
            range_of_times(range, &host->mtbf.interval), host->outages.n,
            host->outages.n == 1 ? "outage" : "outages");
    fputs("      mttr: ", out);
    if (host->shaped)
        print_family(out, &host->repair);
    else
        fprintf(out, "%s # %s; %zu %s\n", seconds(text, fmax(host->mttr.value, 1)),
                range_of_times(range, &host->mttr.interval), host->outages.n_repairs,
                host->outages.n_repairs == 1 ? "repair" : "repairs");
}

static void print_watched_hosts(FILE *out, const struct fit *fit)
{
    int i;
    for (i = 0; i < fit->n_hosts; i++) {
        const struct host_fit *host = &fit->hosts[i];
        int slots = host->slots > 0 ? host->slots : 1;
        fputs("    - name: ", out);
        quoted(out, host->watched->name);
        fprintf(out, "\n      tier: primary\n      slots: %d # %s\n",
                slots < FLEET_SLOTS ? slots : FLEET_SLOTS,
                host->slots > 0 ? "most that were online or busy at once"
                                : "an assumption: neither online nor busy slots are known");
        print_outages(out, host);
    }
}

static void print_hosts(FILE *out, const struct fit *fit)
{
    int left = fit->slots, i;
    fputs("  hosts:\n", out);
    if (fit->n_hosts > 0)
        print_watched_hosts(out, fit);
    for (i = 0; fit->n_hosts == 0 && left > 0 && i < FLEET_HOSTS; i++) {
        int slots = left < FLEET_SLOTS ? left : FLEET_SLOTS;
        fprintf(out, "    - {name: host-%d, tier: primary, slots: %d} # %s\n", i + 1, slots,
                fit->slots_given ? "as given"
                                 : "as many as ran at once: there may be more, and other hosts");
        left -= slots;
    }
}

static const char *hour_name(char out[32], const struct arrivals *arrivals, int hour)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    if (arrivals->n_profile == 24)
        snprintf(out, 32, "%02d:00", hour);
    else
        snprintf(out, 32, "%s %02d:00", days[hour / 24], hour % 24);
    return out;
}

static void print_arrivals(FILE *out, const struct fit *fit)
{
    static const char *const shapes[] = {
        [PROFILE_NONE] = "the same at all hours",
        [PROFILE_DAY] = "by the hour of the day",
        [PROFILE_DAYS] = "by the hour of the day, times one for the day of the week",
        [PROFILE_WEEK] = "by the hour of the week"};
    const struct arrivals *arrivals = &fit->arrivals;
    double day = (double)UNITS_DAY;
    char hour[32], every[UNITS_TEXT];
    int i;
    fprintf(out,
            "\n  workload:\n    arrivals:\n      kind: poisson\n"
            "      rate: %.6g/d # %.6g to %.6g; runs, %s\n",
            arrivals->rate.value * day, arrivals->rate.interval.low * day,
            arrivals->rate.interval.high * day,
            arrivals->trended ? "at the end of the history's trend" : "on average");
    if (arrivals->n_profile > 0) {
        fprintf(out, "      # %s\n      profile:\n", shapes[arrivals->kind]);
        for (i = 0; i < arrivals->n_profile; i++)
            fprintf(out, "        - %-8.5g # %s  %.4g to %.4g\n", arrivals->profile[i].value,
                    hour_name(hour, arrivals, i), arrivals->profile[i].interval.low,
                    arrivals->profile[i].interval.high);
    }
    if (!arrivals->modulation.present)
        fprintf(out, "      # Poisson: %s (p %.2g)\n",
                isnan(arrivals->modulation.p) ? "not tested" : "not rejected",
                arrivals->modulation.p);
    else
        fprintf(out,
                "      # a Poisson process does not fit (p %.2g): busy and quiet spells\n"
                "      modulation:\n        cv2: %.5g # %.4g to %.4g\n"
                "        every: %s # the likeliest of 15min, 1h, 2h, 4h, 8h, 1d\n",
                arrivals->modulation.p, arrivals->modulation.cv2.value,
                arrivals->modulation.cv2.interval.low, arrivals->modulation.cv2.interval.high,
                units_format_duration(arrivals->modulation.every_ms, every));
}

static void print_fan_out(FILE *out, const struct fit *fit)
{
    const struct fan_out_fit *fan_out = &fit->fan_out;
    int i;
    if (fan_out->kind == FAN_OUT_FIXED)
        fprintf(out, "    fan_out: {kind: fixed, mean: %.0f} # every one of %zu runs\n",
                fan_out->mean.value, fit->runs);
    else if (fan_out->kind == FAN_OUT_GEOMETRIC)
        fprintf(out,
                "    fan_out: {kind: geometric, mean: %.6g} # %.5g to %.5g jobs a run; not "
                "rejected (p %.2g)\n",
                fan_out->mean.value, fan_out->mean.interval.low, fan_out->mean.interval.high,
                fan_out->p);
    else {
        fprintf(out,
                "    fan_out:\n      kind: empirical # mean %.5g, %.5g to %.5g jobs a run; not "
                "geometric (p %.2g)\n      weights:\n",
                fan_out->mean.value, fan_out->mean.interval.low, fan_out->mean.interval.high,
                fan_out->p);
        for (i = 0; i < fan_out->n_weights; i++)
            fprintf(out, "        - %-9.6g # %d: %.4g to %.4g\n", fan_out->weights[i], i + 1,
                    fan_out->interval[i].low, fan_out->interval[i].high);
    }
}

/* The family's name; how it was chosen, as a comment. */
static void print_choice(FILE *out, const struct class_fit *class_fit)
{
    int i;
    fprintf(out, "      # %zu durations", class_fit->n);
    if (class_fit->n_censored > 0)
        fprintf(out, ", %zu more that had no end yet", class_fit->n_censored);
    for (i = 0; i < LIFETIME_KINDS; i++) {
        const struct lifetime_fit *one = &class_fit->candidate[i];
        if (!one->good)
            continue;
        fprintf(out, "; %s AIC %.1f", dist_kind_name(one->kind), one->aic);
        if (!isnan(one->p))
            fprintf(out, " (A2 %.3g, p %.2g)", one->a2, one->p);
    }
    fputc('\n', out);
}

static void print_duration(FILE *out, const struct class_fit *class_fit, const char *values, int i)
{
    char first[TEXT_VALUE], text[512], range[3 * TEXT_VALUE];
    if (class_fit->model == DURATION_FAMILY) {
        fputs("        duration: ", out);
        print_family(out, class_fit);
    } else if (class_fit->model == DURATION_FIXED) {
        fprintf(out, "        duration: %s # every one\n", seconds(first, class_fit->mean.value));
    } else if (values == NULL) {
        fprintf(out, "        duration: %s\n", seconds(first, class_fit->mean.value));
    } else {
        fit_fleet_values_name(text, sizeof text, values, i);
        fputs("        duration: {kind: empirical, file: ", out);
        quoted(out, text);
        fprintf(out, "} # mean %s, %s\n", seconds(first, class_fit->mean.value),
                range_of_times(range, &class_fit->mean.interval));
    }
}

static void print_classes(FILE *out, const struct fit *fit, const char *values)
{
    int i;
    fputs("    classes:\n", out);
    for (i = 0; i < fit->n_classes; i++) {
        const struct class_fit *class_fit = &fit->classes[i];
        print_choice(out, class_fit);
        fputs("      - name: ", out);
        quoted(out, class_fit->name);
        fprintf(out, "\n        weight: %.6g # %.4g to %.4g\n", class_fit->weight.value,
                class_fit->weight.interval.low, class_fit->weight.interval.high);
        print_duration(out, class_fit, values, i);
    }
}

/* Failures of the code under test take a slot's time like any other job; what they come to is said
 * for those who plan with re-runs. */
static void print_shares(FILE *out, const struct fit *fit)
{
    const struct {
        const char *what;
        const struct measured *share;
    } shares[] = {{"jobs that fail", &fit->failed},
                  {"jobs that are cancelled", &fit->cancelled},
                  {"jobs that are a re-run", &fit->rerun}};
    size_t i;
    for (i = 0; i < sizeof shares / sizeof *shares; i++)
        if (!isnan(shares[i].share->value))
            fprintf(out, "    # %s: %.2f%% (%.2f to %.2f%%)\n", shares[i].what,
                    100 * shares[i].share->value, 100 * shares[i].share->interval.low,
                    100 * shares[i].share->interval.high);
    fprintf(out, "    on_failure: %s # of jobs whose host dies; an assumption\n",
            fit->rerun.value > 0 ? "rerun" : "fail");
}

static void print_pickup(FILE *out, const struct fit *fit)
{
    double p50 = fmax(fit->pickup_p50.value, 100), p95 = fmax(fit->pickup_p95.value, 1.5 * p50);
    char first[TEXT_VALUE], second[TEXT_VALUE], range[3 * TEXT_VALUE], other[3 * TEXT_VALUE];
    if (isnan(fit->pickup_p50.value))
        return;
    fprintf(
        out,
        "\n  # From %zu jobs that found a slot free; the two quantiles are met, between them it "
        "is a shape.\n"
        "  github:\n    pickup: {kind: lognormal, p50: %s, p95: %s} # %s; %s\n",
        fit->pickups, seconds(first, p50), seconds(second, p95),
        range_of_times(range, &fit->pickup_p50.interval),
        range_of_times(other, &fit->pickup_p95.interval));
}

void fit_fleet_print(FILE *out, const struct fit *fit, const char *values)
{
    print_head(out, fit);
    print_hosts(out, fit);
    print_arrivals(out, fit);
    print_fan_out(out, fit);
    print_classes(out, fit, values);
    print_shares(out, fit);
    print_pickup(out, fit);
}

bool fit_fleet_has_values(const struct class_fit *class_fit)
{
    return class_fit->model == DURATION_EMPIRICAL;
}

void fit_fleet_values_name(char *out, size_t size, const char *values, int class_index)
{
    snprintf(out, size, "%s-%d.csv", values, class_index + 1);
}

void fit_fleet_print_values(FILE *out, const struct class_fit *class_fit)
{
    size_t i;
    fputs("duration_s\n", out);
    for (i = 0; i < class_fit->n; i++)
        fprintf(out, "%.3f\n", class_fit->event[i] / 1000);
}
