#include "curve.h"

#include "model/base/units.h"
#include "reports/plot/plot_script.h"
#include "reports/plot/svg.h"
#include "reports/text/json.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>

#define LINES 24 /* of the text; neighbours are taken together */
#define BAR 32

void curve_fini(struct curve *curve)
{
    free(curve->stretch);
    curve->stretch = NULL;
    curve->n = 0;
}

static double most(const struct curve *curve)
{
    double most = 0;
    int i;
    for (i = 0; i < curve->n; i++)
        most = fmax(most, curve->stretch[i].p95);
    return most > 0 ? most : 1;
}

void curve_print(FILE *out, const struct curve *curve)
{
    int step = (curve->n + LINES - 1) / LINES, i, k;
    double scale = BAR / most(curve);
    fprintf(out, "%s: jobs waiting over time, %lld replications, seed %llu\n", curve->path,
            (long long)curve->replications, (unsigned long long)curve->seed);
    fprintf(out, "  %12s  %16s  %6s  %6s\n", "from", "mean", "p5", "p95");
    for (i = 0; i < curve->n; i += step) {
        const struct curve_stretch *s = &curve->stretch[i];
        char at[UNITS_TEXT], mean[48];
        snprintf(mean, sizeof mean, isfinite(s->half_width) ? "%.3g +-%.2g" : "%.3g", s->mean,
                 s->half_width);
        fprintf(out, "  %12s  %16s  %6.3g  %6.3g  ",
                units_format_duration(curve->from_ms + i * curve->width_ms, at), mean, s->p5,
                s->p95);
        for (k = 0; k < (int)lround(scale * s->p95); k++)
            putc(k < (int)lround(scale * s->mean) ? '#' : '-', out);
        putc('\n', out);
    }
    fputs(
        "  +-: 95% of the mean; p5 and p95: nine replications in ten are between; # mean, - p95\n",
        out);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *curve_json(const struct curve *curve)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < curve->n; i++) {
        const struct curve_stretch *s = &curve->stretch[i];
        json_array_append_new(
            list, json_pack("{s:I,s:I,s:o,s:o,s:o,s:o}", "from_ms",
                            (json_int_t)(curve->from_ms + i * curve->width_ms), "to_ms",
                            (json_int_t)(curve->from_ms + (i + 1) * curve->width_ms), "mean",
                            number(s->mean), "half_width", number(s->half_width), "p5",
                            number(s->p5), "p95", number(s->p95)));
    }
    return json_pack("{s:i,s:s,s:I,s:I,s:s,s:o}", "version", JSON_VERSION, "whatif", curve->path,
                     "seed", (json_int_t)curve->seed, "replications",
                     (json_int_t)curve->replications, "of", "queue_length", "curve", list);
}

void curve_csv(FILE *out, const struct curve *curve)
{
    int i;
    fputs("from_s,to_s,mean,low,high,p5,p95\r\n", out);
    for (i = 0; i < curve->n; i++) {
        const struct curve_stretch *s = &curve->stretch[i];
        double from = (double)(curve->from_ms + i * curve->width_ms) / 1000;
        fprintf(out, "%.15g,%.15g,%.15g,", from, from + (double)curve->width_ms / 1000, s->mean);
        if (isfinite(s->half_width))
            fprintf(out, "%.15g,%.15g", s->mean - s->half_width, s->mean + s->half_width);
        else
            putc(',', out);
        fprintf(out, ",%.15g,%.15g\r\n", s->p5, s->p95);
    }
}

static void write_data(FILE *script, const struct curve *curve)
{
    int i;
    fputs("$curve << EOD\n", script);
    for (i = 0; i < curve->n; i++) {
        const struct curve_stretch *s = &curve->stretch[i];
        double half = isfinite(s->half_width) ? s->half_width : 0;
        int64_t middle_ms = curve->from_ms + i * curve->width_ms + curve->width_ms / 2;
        fprintf(script, "%.3f %.6f %.6f %.6f %.6f %.6f\n", (double)middle_ms / 1000, s->mean,
                fmax(s->mean - half, 0), s->mean + half, s->p5, s->p95);
    }
    fputs("EOD\n", script);
}

enum und_code curve_plot(FILE *out, const struct curve *curve, struct und_err *err)
{
    FILE *script = tmpfile();
    double from = (double)curve->from_ms / 1000;
    double to = from + (double)(curve->n * curve->width_ms) / 1000;
    char title[600], description[1024], at[UNITS_TEXT];
    const struct curve_stretch *peak = curve->stretch;
    int i;
    if (!script)
        return und_fail(err, UND_SERVICE, "gnuplot: cannot make a temporary file");
    for (i = 0; i < curve->n; i++)
        if (curve->stretch[i].mean > peak->mean)
            peak = &curve->stretch[i];
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH, 400);
    write_data(script, curve);
    fprintf(script, "set xlabel 'time since the start (%s)'\n",
            plot_script_time_tics(script, from, to, 12));
    snprintf(title, sizeof title, "%.500s: jobs waiting", curve->path);
    fputs("set ylabel 'jobs waiting'\nset title ", script);
    text_gnuplot(script, title);
    fprintf(script,
            "\nset key top right\nset xrange [%.3f:%.3f]\nset yrange [0:%.6f]\n"
            "plot $curve using 1:5:6 with filledcurves linecolor rgb '#c9d8ea' title "
            "'nine replications in ten', $curve using 1:3:4 with filledcurves linecolor rgb "
            "'#7fa3cc' title '95%% of the mean', $curve using 1:2 with lines linewidth 2 linecolor "
            "rgb '#0b3d73' title 'mean'\nunset multiplot\n",
            from, to, 1.15 * most(curve));
    snprintf(
        description, sizeof description,
        "On average at most %.3g jobs wait, about %s after the start; then nine replications in "
        "ten have %.3g to %.3g.",
        peak->mean,
        units_format_duration(curve->from_ms + (peak - curve->stretch) * curve->width_ms, at),
        peak->p5, peak->p95);
    svg_draw(script, out, title, description, err);
    fclose(script);
    return err->code;
}
