#include "fit_report.h"
#include "model/base/units.h"
#include "reports/text/text.h"

#include <math.h>
#include <string.h>

static const char *around(char out[3 * TEXT_VALUE], const struct measured *measured, double scale)
{
    if (isnan(measured->interval.low))
        snprintf(out, 3 * TEXT_VALUE, "%.4g", measured->value * scale);
    else
        snprintf(out, 3 * TEXT_VALUE, "%.4g (%.4g to %.4g)", measured->value * scale,
                 measured->interval.low * scale, measured->interval.high * scale);
    return out;
}

static const char *times(char out[3 * TEXT_VALUE], const struct measured *measured)
{
    char value[TEXT_VALUE], low[TEXT_VALUE], high[TEXT_VALUE];
    if (isnan(measured->interval.low))
        snprintf(out, 3 * TEXT_VALUE, "%s", text_time(value, measured->value));
    else
        snprintf(out, 3 * TEXT_VALUE, "%s (%s-%s)", text_time(value, measured->value),
                 text_time(low, measured->interval.low), text_time(high, measured->interval.high));
    return out;
}

static void print_columns(FILE *out, const struct history *history)
{
    int i, n = 0;
    fputs("  columns           ", out);
    for (i = 0; i < ROLE_COUNT; i++) {
        char clean[3 * HISTORY_COLUMN];
        if (history->column[i][0] == '\0')
            continue;
        text_clean(clean, sizeof clean, history->column[i]);
        fprintf(out, "%s%s=%s%s", n++ ? ", " : "", role_names[i], clean,
                history->named[i] ? "" : " (guessed)");
    }
    fputc('\n', out);
}

static void print_arrivals(FILE *out, const struct arrivals *arrivals)
{
    static const char *const shapes[] = {[PROFILE_NONE] = "none: the same at all hours",
                                         [PROFILE_DAY] = "24 hours of a day",
                                         [PROFILE_DAYS] =
                                             "24 hours of a day, times 7 days of a week",
                                         [PROFILE_WEEK] = "168 hours of a week"};
    char text[3 * TEXT_VALUE], every[UNITS_TEXT];
    int i;
    fprintf(out, "  runs a day        %s%s\n", around(text, &arrivals->rate, (double)UNITS_DAY),
            arrivals->trended ? ", at the end of the trend" : "");
    fprintf(out, "  profile           %s\n", shapes[arrivals->kind]);
    if (isnan(arrivals->growth.value))
        fputs("  trend             too short a time to tell\n", out);
    else
        fprintf(out, "  trend             %+.1f%% a month (%+.1f to %+.1f%%)%s\n",
                100 * arrivals->growth.value, 100 * arrivals->growth.interval.low,
                100 * arrivals->growth.interval.high,
                arrivals->trended ? "" : ": none that can be told from chance");
    if (isnan(arrivals->modulation.p))
        fputs("  Poisson           too few runs to tell\n", out);
    else if (!arrivals->modulation.present)
        fprintf(out, "  Poisson           not rejected (p %.2g)\n", arrivals->modulation.p);
    else
        fprintf(
            out,
            "  Poisson           does not fit (p %.2g): rate times a gamma variate, cv2 %s, every "
            "%s\n",
            arrivals->modulation.p, around(text, &arrivals->modulation.cv2, 1),
            units_format_duration(arrivals->modulation.every_ms, every));
    if (arrivals->n < ARRIVAL_LEAST)
        return;
    fputs("  variance / mean   ", out);
    for (i = 0; i < ARRIVAL_WINDOWS; i++)
        if (!isnan(arrivals->dispersion[i].measured))
            fprintf(out, "%s%s: %.3g (fitted %.3g)", i ? ", " : "",
                    units_format_duration(arrivals->dispersion[i].window_ms, every),
                    arrivals->dispersion[i].measured, arrivals->dispersion[i].fitted);
    fputs(" of counts; Poisson: 1\n", out);
}

static void print_class(FILE *out, const struct class_fit *class_fit)
{
    char name[3 * FLEET_NAME], kind[64], share[TEXT_VALUE], p50[3 * TEXT_VALUE],
        p95[3 * TEXT_VALUE];
    const struct lifetime_fit *one = &class_fit->candidate[class_fit->chosen];
    text_clean(name, sizeof name, class_fit->name);
    if (class_fit->model == DURATION_FAMILY)
        snprintf(kind, sizeof kind, "%s, p %.2g", dist_kind_name(one->kind), one->p);
    else
        snprintf(kind, sizeof kind, "%s",
                 class_fit->model == DURATION_FIXED ? "fixed"
                 : class_fit->n < LIFETIME_LEAST    ? "empirical: too few"
                                                    : "empirical: all rejected");
    fprintf(out, "    %-28.28s %6s  %-25s %-26s %s\n", name,
            text_share(share, class_fit->weight.value), kind, times(p50, &class_fit->p50),
            times(p95, &class_fit->p95));
}

static void print_host(FILE *out, const struct host_fit *host)
{
    char name[3 * FLEET_NAME], text[3 * TEXT_VALUE], low[TEXT_VALUE];
    text_clean(name, sizeof name, host->watched->name);
    fprintf(out, "    %-28.28s %d %s", name, host->slots, host->slots == 1 ? "slot" : "slots");
    if (!isnan(host->mtbf.value))
        fprintf(out, ", %d %s: MTBF %s", host->outages.n,
                host->outages.n == 1 ? "outage" : "outages", times(text, &host->mtbf));
    else if (!isnan(host->mtbf.interval.low))
        fprintf(out, ", no outage: MTBF at least %s", text_time(low, host->mtbf.interval.low));
    if (!isnan(host->mttr.value))
        fprintf(out, ", MTTR %s", times(text, &host->mttr));
    fputc('\n', out);
}

static void print_load(FILE *out, const struct fit *fit)
{
    static const char *const kinds[] = {[FAN_OUT_FIXED] = "always the same",
                                        [FAN_OUT_GEOMETRIC] = "geometric",
                                        [FAN_OUT_EMPIRICAL] = "empirical: not geometric"};
    char text[3 * TEXT_VALUE];
    int i;
    around(text, &fit->fan_out.mean, 1);
    if (fit->fan_out.kind == FAN_OUT_FIXED)
        snprintf(text, sizeof text, "%.0f", fit->fan_out.mean.value);
    fprintf(out, "  jobs a run        %s, %s\n", text, kinds[fit->fan_out.kind]);
    fprintf(out, "    %-28s %6s  %-25s %-26s %s\n", "class", "share", "durations", "p50", "p95");
    for (i = 0; i < fit->n_classes; i++)
        print_class(out, &fit->classes[i]);
    fprintf(out, "  slots             %d%s\n", fit->slots,
            fit->slots_given     ? ", as given"
            : fit->slots_watched ? ", most that were online or busy at once"
                                 : ": as many jobs ran at once");
    for (i = 0; i < fit->n_hosts; i++)
        print_host(out, &fit->hosts[i]);
    if (fit->waits > 0) {
        fprintf(out, "  recorded waits    mean %s", times(text, &fit->wait_mean));
        fprintf(out, ", p50 %s", times(text, &fit->wait_p50));
        fprintf(out, ", p95 %s\n", times(text, &fit->wait_p95));
    }
    if (!isnan(fit->pickup_p50.value)) {
        fprintf(out, "  pick-up           p50 %s", times(text, &fit->pickup_p50));
        fprintf(out, ", p95 %s\n", times(text, &fit->pickup_p95));
    }
    if (!isnan(fit->failed.value))
        fprintf(out, "  jobs that fail    %s%%\n", around(text, &fit->failed, 100));
    if (!isnan(fit->cancelled.value))
        fprintf(out, "  cancelled         %s%%\n", around(text, &fit->cancelled, 100));
    if (!isnan(fit->rerun.value))
        fprintf(out, "  re-runs           %s%%\n", around(text, &fit->rerun, 100));
}

const char *holdout_name(enum holdout_of of)
{
    static const char *const names[HOLDOUT_COUNT] = {"jobs a day",    "utilization", "mean wait",
                                                     "wait p50",      "wait p95",    "wait p99",
                                                     "jobs that wait"};
    return names[of];
}

const char *holdout_value(char out[TEXT_VALUE], enum holdout_of of, double value)
{
    if (of == HOLDOUT_JOBS)
        snprintf(out, TEXT_VALUE, "%.4g", value);
    else if (of == HOLDOUT_BUSY || of == HOLDOUT_WAITED)
        return text_share(out, value);
    else
        return text_time(out, value);
    return out;
}

static void print_holdout(FILE *out, const struct holdout *holdout)
{
    char measured[TEXT_VALUE], predicted[TEXT_VALUE], low[TEXT_VALUE], high[TEXT_VALUE];
    int i;
    if (holdout->why[0] != '\0') {
        fprintf(out, "\n  hold-out          none: %s\n", holdout->why);
        return;
    }
    fprintf(
        out,
        "\n  hold-out: fitted without the last %.0f%% of the time, whose %lld jobs on %d slots are "
        "predicted\n"
        "                    %10s %10s   %s\n",
        100 * holdout->share, (long long)holdout->jobs, holdout->slots, "measured", "predicted",
        "95% of the predictions");
    for (i = 0; i < HOLDOUT_COUNT; i++) {
        if (isnan(holdout->row[i].measured) || isnan(holdout->row[i].predicted))
            continue;
        fprintf(out, "    %-16s%10s %10s   %s to %s%s\n", holdout_name((enum holdout_of)i),
                holdout_value(measured, (enum holdout_of)i, holdout->row[i].measured),
                holdout_value(predicted, (enum holdout_of)i, holdout->row[i].predicted),
                holdout_value(low, (enum holdout_of)i, holdout->row[i].interval.low),
                holdout_value(high, (enum holdout_of)i, holdout->row[i].interval.high),
                holdout->row[i].inside ? "" : "   OUTSIDE");
    }
    fprintf(out, "    %d of %d within what was predicted\n", holdout->inside, holdout->of);
}

void fit_report_print(FILE *out, const struct fit *fit, const struct holdout *holdout, int columns)
{
    char path[1024];
    int i;
    text_clean(path, sizeof path, fit->history->path);
    fprintf(out, "%s: %zu rows, %zu jobs of %zu runs in %.1f days\n", path, fit->history->read,
            fit->n, fit->runs, (double)fit->arrivals.observed_ms / (double)UNITS_DAY);
    print_columns(out, fit->history);
    print_arrivals(out, &fit->arrivals);
    print_load(out, fit);
    if (holdout != NULL)
        print_holdout(out, holdout);
    fputs("\n  left out, assumed, or not to be told:\n", out);
    for (i = 0; i < fit->n_notes; i++) {
        char note[1100];
        text_clean(note, sizeof note, fit->note[i]);
        fputs("  - ", out);
        text_wrap(out, note, 4, columns, 4);
    }
}
