#include "plot.h"

#include "gnuplot.h"
#include "model/base/assert.h"
#include "plot_script.h"
#include "reports/text/text.h"
#include "svg.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define DAY_S 86400.0

bool plot_has(const struct report *report, enum plot plot)
{
    const struct result *result = report->result;
    if (result == NULL)
        return false;
    if (plot == PLOT_STRIP)
        return result->timeline.n > 0 && result->timeline.n_points > 1;
    return result->samples[METRIC_DETECTION].n > 1 || result->samples[METRIC_RTO].n > 1;
}

static bool has_fault(const struct timeline *timeline)
{
    size_t i;
    for (i = 0; i < timeline->n; i++)
        if (timeline->entry[i].mark == MARK_FAULT)
            return true;
    return false;
}

void plot_caption(const struct report *report, enum plot plot, char *out, size_t size)
{
    static const char *const what[PLOT_COUNT] = {
        [PLOT_ECDF] = "share of the cases where the fault was detected and service restored that "
                      "took no longer than a time; the band is its 95% interval; what had not come "
                      "about when the run ended is censored; a dashed line is what is claimed",
        [PLOT_STRIP] = "one replication: phase of every host, admitted and busy slots, waiting "
                       "jobs and alerts",
    };
    char name[3 * FLEET_NAME];
    report_name(name, sizeof name, report);
    snprintf(out, size, "%s: %s%s", name, what[plot],
             plot == PLOT_STRIP && has_fault(&report->result->timeline) ? " around the first fault"
                                                                        : "");
}

void plot_script_begin(FILE *script, enum plot_format format, int width, int height)
{
    if (format == PLOT_SVG)
        fprintf(script,
                "set terminal svg dynamic noenhanced rounded size %d,%d font 'sans-serif,%d' "
                "background '#ffffff'\n",
                width, height, PLOT_FONT_PX);
    else /* twice the pixels for print */
        fprintf(script,
                "set terminal pngcairo noenhanced rounded size %d,%d fontscale 1.6 linewidth 2 "
                "background '#ffffff'\n",
                2 * width, 2 * height);
    fputs("set encoding utf8\n"
          "set border 3 linecolor rgb '" PLOT_INK "'\n"
          "set tics nomirror out scale 0.5\n"
          "unset key\n"
          "set multiplot\n",
          script);
}

static void tic_label(char out[TEXT_VALUE], double s, double step_s, bool hours)
{
    double size = fabs(s);
    long long whole = llround(size);
    const char *sign = s < 0 && whole > 0 ? "-" : "";
    if (step_s >= DAY_S)
        snprintf(out, TEXT_VALUE, "%s%lld", sign, llround(size / DAY_S));
    else if (hours && step_s < 60)
        snprintf(out, TEXT_VALUE, "%s%lld:%02lld:%02lld", sign, whole / 3600, whole / 60 % 60,
                 whole % 60);
    else if (hours)
        snprintf(out, TEXT_VALUE, "%s%lld:%02lld", sign, whole / 3600, whole / 60 % 60);
    else
        snprintf(out, TEXT_VALUE, "%s%lld:%02lld", sign, whole / 60, whole % 60);
}

const char *plot_script_time_tics(FILE *script, double from_s, double to_s, int most)
{
    static const double ladder[] = {1,     2,     5,     10,    15,        30,        60,
                                    120,   300,   600,   900,   1800,      3600,      7200,
                                    10800, 21600, 43200, DAY_S, 2 * DAY_S, 7 * DAY_S, 30 * DAY_S};
    const size_t last = sizeof ladder / sizeof *ladder - 1;
    bool hours = fmax(fabs(from_s), fabs(to_s)) >= 7200;
    char label[TEXT_VALUE];
    double tic, step;
    size_t i = 0;
    int n = 0;
    UND_ASSERT(to_s > from_s);
    while (i < last && (to_s - from_s) / ladder[i] > most)
        i++;
    step = ladder[i];
    fputs("set xtics nomirror out scale 0.5 (", script);
    for (tic = ceil(from_s / step) * step; tic <= to_s && n < 200; tic += step, n++) {
        tic_label(label, tic, step, hours);
        fprintf(script, "%s'%s' %.3f", n ? ", " : "", label, tic);
    }
    fputs(")\n", script);
    if (step >= DAY_S)
        return "days";
    return !hours ? "min:s" : step < 60 ? "h:min:s" : "h:min";
}

enum und_code plot_print(FILE *out, const struct report *report, enum plot plot,
                         enum plot_format format, struct und_err *err)
{
    FILE *script = tmpfile();
    char title[512], description[1024];
    enum und_code code;
    UND_ASSERT(plot_has(report, plot));
    if (script == NULL)
        return und_fail(err, UND_SERVICE, "gnuplot: no temporary file: %s", strerror(errno));
    if (plot == PLOT_ECDF)
        plot_script_ecdf(script, report, format);
    else
        plot_script_strip(script, report, format);
    if (format == PLOT_SVG) {
        plot_caption(report, plot, title, sizeof title);
        if (plot == PLOT_ECDF)
            plot_describe_ecdf(report, description, sizeof description);
        else
            plot_describe_strip(report, description, sizeof description);
        code = svg_draw(script, out, title, description, err);
    } else {
        code = gnuplot_run(script, out, err);
    }
    fclose(script);
    return code;
}
