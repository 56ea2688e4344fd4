#include "fit_plot.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "reports/plot/plot_script.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>

#define BLUE "#0b3d73"
#define PALE "#bcd0e6"
#define RED "#b3261e"
#define PANELS 9
#define POINTS 200 /* more cannot be told apart in a panel */

bool fit_plot_has(const struct fit *fit, enum fit_plot plot)
{
    if (plot == FIT_PLOT_PROFILE)
        return fit->arrivals.n_profile > 0;
    if (plot == FIT_PLOT_DAYS)
        return fit->arrivals.to_ms - fit->arrivals.from_ms >= 2 * UNITS_DAY;
    return fit->n_classes > 0;
}

const char *fit_plot_caption(enum fit_plot plot)
{
    static const char *const captions[FIT_PLOT_COUNT] = {
        [FIT_PLOT_PROFILE] =
            "Rate of runs by the hour, over its mean; the band is the 95% interval "
            "of each hour.",
        [FIT_PLOT_DAYS] = "Runs of each day (dots) and what the fit expects of it (line); the band "
                          "is where 95% of the days would be, spells included.",
        [FIT_PLOT_DURATIONS] = "Durations of the commonest classes: share that took no longer "
                               "(stairs), and the family "
                               "that was chosen (red); dashed, where all were rejected and the "
                               "durations stand as they "
                               "are, the likeliest one."};
    return captions[plot];
}

static void write_profile(FILE *script, const struct fit *fit)
{
    const struct arrivals *arrivals = &fit->arrivals;
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    int i;
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH, 300);
    fputs("$profile << EOD\n", script);
    for (i = 0; i < arrivals->n_profile; i++) {
        const struct measured *weight = &arrivals->profile[i];
        fprintf(script, "%d %.6g %.6g %.6g\n%d %.6g %.6g %.6g\n", i, weight->value,
                weight->interval.low, weight->interval.high, i + 1, weight->value,
                weight->interval.low, weight->interval.high);
    }
    fprintf(script, "EOD\nset xrange [0:%d]\nset yrange [0:*]\nset ylabel 'rate over its mean'\n",
            arrivals->n_profile);
    if (arrivals->n_profile == 24) {
        fputs("set xtics 0,3,24\nset xlabel 'hour of the day'\n", script);
    } else {
        fputs("set xtics (", script);
        for (i = 0; i < 7; i++)
            fprintf(script, "%s'%s' %d", i ? ", " : "", days[i], 24 * i);
        fputs(")\nset mxtics 4\n", script);
    }
    fputs("plot $profile using 1:3:4 with filledcurves fillcolor rgb '" PALE "' fillstyle solid "
          "noborder, $profile using 1:2 with lines linewidth 1.6 linecolor rgb '" BLUE "'\n",
          script);
}

/* Runs by the day of the team's clock; n days from the first. */
static int *count_days(const struct fit *fit, int n)
{
    const struct history *history = fit->history;
    int *count = calloc((size_t)n, sizeof *count);
    char *seen = calloc((size_t)history->n_runs + history->n + 1, 1);
    int64_t second = INT64_MIN;
    size_t i;
    UND_ASSERT(count != NULL && seen != NULL);
    for (i = 0; i < history->n; i++) {
        const struct job_row *row = &history->row[i];
        int64_t at_ms = row->created_ms + (int64_t)row->offset_min * UNITS_MINUTE;
        int64_t day = at_ms / UNITS_DAY - fit->arrivals.from_ms / UNITS_DAY;
        bool again = history->runs ? seen[row->run] != 0 : row->created_ms / 1000 == second;
        second = row->created_ms / 1000;
        seen[row->run] = 1;
        if (!again && day >= 0 && day < n)
            count[day]++;
    }
    free(seen);
    return count;
}

/* What the fit expects of that day, and how far it may be off. */
static double expect_day(const struct arrivals *arrivals, int day, double *deviation)
{
    int64_t midnight = (arrivals->from_ms / UNITS_DAY + day) * UNITS_DAY, hour;
    int64_t every =
        arrivals->modulation.every_ms < UNITS_HOUR ? UNITS_HOUR : arrivals->modulation.every_ms;
    double sum = 0, spell = 0, squares = 0;
    for (hour = 0; hour < 24; hour++) {
        double runs = arrivals_rate(arrivals, midnight + hour * UNITS_HOUR) * (double)UNITS_HOUR;
        sum += runs;
        spell += runs;
        if ((hour + 1) * UNITS_HOUR % every == 0 || hour == 23) {
            squares += spell * spell;
            spell = 0;
        }
    }
    if (!arrivals->modulation.present)
        squares = 0;
    else if (arrivals->modulation.every_ms < UNITS_HOUR)
        squares *= (double)arrivals->modulation.every_ms / (double)UNITS_HOUR;
    *deviation = sqrt(sum + squares * arrivals->modulation.cv2.value);
    return sum;
}

static void write_days(FILE *script, const struct fit *fit)
{
    const struct arrivals *arrivals = &fit->arrivals;
    int n = (int)(arrivals->to_ms / UNITS_DAY - arrivals->from_ms / UNITS_DAY), i;
    int *count;
    n = n > 3660 ? 3660 : n;
    count = count_days(fit, n + 1);
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH, 300);
    fputs("$days << EOD\n", script);
    for (i = 0; i < n; i++) { /* the last day is not over */
        double deviation, mean = expect_day(arrivals, i, &deviation);
        fprintf(script, "%d %d %.4f %.4f %.4f\n", i, count[i], mean, fmax(0, mean - 2 * deviation),
                mean + 2 * deviation);
    }
    fprintf(script,
            "EOD\nset xrange [-0.5:%d]\nset yrange [0:*]\nset ylabel 'runs a day'\n"
            "set xlabel 'days since the first'\n"
            "plot $days using 1:4:5 with filledcurves fillcolor rgb '" PALE "' fillstyle solid "
            "noborder, $days using 1:3 with lines linewidth 1.6 linecolor rgb '" BLUE "', "
            "$days using 1:2:(%.4f) with circles fillstyle solid noborder linecolor rgb '" RED
            "'\n",
            n, n / 280.0);
    free(count);
}

/* The family to draw: what was chosen, or the likeliest of those that were rejected; NULL: none. */
static const struct lifetime_fit *family_of(const struct class_fit *class_fit)
{
    const struct lifetime_fit *best = NULL;
    int i;
    if (class_fit->model == DURATION_FAMILY)
        return &class_fit->candidate[class_fit->chosen];
    for (i = 0; i < LIFETIME_KINDS; i++)
        if (class_fit->candidate[i].good &&
            (best == NULL || class_fit->candidate[i].aic < best->aic))
            best = &class_fit->candidate[i];
    return best;
}

static void write_curves(FILE *script, const struct class_fit *class_fit, int panel)
{
    const struct lifetime_fit *family = family_of(class_fit);
    size_t step = class_fit->n / POINTS + 1, i;
    double low = fmax(class_fit->event[0], 1), high = class_fit->event[class_fit->n - 1];
    fprintf(script, "$seen%d << EOD\n", panel);
    for (i = 0; i < class_fit->n; i += step)
        fprintf(script, "%.6g %.5f\n", class_fit->event[i] / 60000,
                (double)(i + 1) / (double)class_fit->n);
    fprintf(script, "%.6g 1\nEOD\n$fitted%d << EOD\n", high / 60000, panel);
    for (i = 0; i <= POINTS && family != NULL; i++) {
        double at = low * pow(high / low, (double)i / POINTS);
        struct dist dist = lifetime_dist(family);
        fprintf(script, "%.6g %.5f\n", at / 60000, dist_cdf(&dist, at));
    }
    fputs(family != NULL ? "EOD\n" : "NaN NaN\nEOD\n", script);
}

static void write_panel(FILE *script, const struct class_fit *class_fit, int panel, int rows)
{
    char title[FLEET_NAME + 64];
    double height = 1.0 / rows;
    int row = panel / 3, column = panel % 3;
    if (class_fit->model == DURATION_FAMILY)
        snprintf(title, sizeof title, "%.20s: %s, p %.2g", class_fit->name,
                 dist_kind_name(class_fit->candidate[class_fit->chosen].kind),
                 class_fit->candidate[class_fit->chosen].p);
    else
        snprintf(title, sizeof title, "%.24s: %s", class_fit->name,
                 class_fit->model == DURATION_FIXED ? "fixed" : "empirical");
    write_curves(script, class_fit, panel);
    fprintf(script, "set origin %.4f, %.4f\nset size 0.3333, %.4f\nset title ", column / 3.0,
            1 - (row + 1) * height, height);
    text_gnuplot(script, title);
    fprintf(script,
            " offset 0,-0.6\nplot $seen%d using 1:2 with steps linewidth 1.2 linecolor rgb '%s', "
            "$fitted%d using 1:2 with lines linewidth 1.6 %s linecolor rgb '%s'\n",
            panel, BLUE, panel, class_fit->model == DURATION_FAMILY ? "" : "dashtype (6,4)",
            class_fit->model == DURATION_FAMILY ? RED : PLOT_GREY);
}

static void write_durations(FILE *script, const struct fit *fit)
{
    int n = 0, rows, i, panel = 0;
    for (i = 0; i < fit->n_classes && n < PANELS; i++)
        n += fit->classes[i].n > 1;
    rows = (n + 2) / 3;
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH, 40 + 210 * rows);
    fputs("set logscale x\nset format x '%g'\nset yrange [0:1.02]\nset ytics 0.5\n"
          "set xlabel 'minutes' offset 0,0.6\nset rmargin 2\n",
          script);
    for (i = 0; i < fit->n_classes && panel < n; i++)
        if (fit->classes[i].n > 1)
            write_panel(script, &fit->classes[i], panel++, rows);
}

enum und_code fit_plot_print(FILE *out, const struct fit *fit, enum fit_plot plot,
                             struct und_err *err)
{
    FILE *script = tmpfile();
    UND_ASSERT(fit_plot_has(fit, plot));
    if (script == NULL)
        return und_fail(err, UND_SERVICE, "gnuplot: cannot make a temporary file");
    if (plot == FIT_PLOT_PROFILE)
        write_profile(script, fit);
    else if (plot == FIT_PLOT_DAYS)
        write_days(script, fit);
    else
        write_durations(script, fit);
    fputs("unset multiplot\n", script);
    svg_draw(script, out, fit_plot_caption(plot), fit_plot_caption(plot), err);
    fclose(script);
    return err->code;
}
