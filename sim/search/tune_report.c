/* What tuning found: text, JSON, a plot. */
#include "model/base/units.h"
#include "reports/plot/gnuplot.h"
#include "reports/plot/plot_script.h"
#include "tune.h"

#include <math.h>
#include <string.h>

static const char *tune_measure_name(enum tune_measure measure)
{
    static const char *const names[TUNE_MEASURES] = {"mttd_ms", "failover_ms", "rto_ms",
                                                     "false_failovers", "flapping"};
    return names[measure];
}

static const char *value_text(int measure, double value, char text[UNITS_TEXT])
{
    if (!isfinite(value))
        return "-";
    if (measure <= TUNE_RTO)
        return units_format_duration((int64_t)llround(value / 1000) * 1000, text);
    snprintf(text, UNITS_TEXT, "%.2f", value);
    return text;
}

static void print_settings(FILE *out, const struct tune_point *point)
{
    char persist[UNITS_TEXT], wait[UNITS_TEXT];
    fprintf(out, "persist %s, confirm %d, rules' for x%g, group_wait %s",
            units_format_duration(point->persist_ms, persist), point->confirm,
            point->for_pm / 1000.0, units_format_duration(point->group_wait_ms, wait));
}

static void print_point(FILE *out, const struct tune *tune, int i)
{
    const struct tune_point *point = &tune->point[i];
    char text[UNITS_TEXT];
    int m;
    fprintf(out, "%s%s", i == tune->recommended ? ">" : " ", i == 0 ? "*" : " ");
    for (m = 0; m < TUNE_MEASURES; m++)
        fprintf(out, " %9s", value_text(m, point->value[m], text));
    fputs("   ", out);
    print_settings(out, point);
    fputs(point->explored && !point->safe ? "   NOT SAFE\n" : "\n", out);
}

/* What it costs and brings, against the fleet's own. */
static void print_words(FILE *out, const struct tune *tune)
{
    static const char *const names[TUNE_MEASURES] = {"detection", "routing after it", "the RTO",
                                                     "false failovers",
                                                     "failovers of a host that comes and goes"};
    const struct tune_point *point = &tune->point[tune->recommended];
    char a[UNITS_TEXT], b[UNITS_TEXT], c[UNITS_TEXT];
    int m;
    fputs("\nRecommended: ", out);
    print_settings(out, point);
    fputs(tune->recommended == 0 ? ", which is what the fleet has.\n" : ".\n", out);
    for (m = 0; m < TUNE_MEASURES && tune->recommended > 0; m++) {
        double change = point->change[m].mean, half = point->change[m].half_width;
        fprintf(out, "  %s: %s instead of %s", names[m], value_text(m, point->value[m], a),
                value_text(m, tune->point[0].value[m], b));
        if (isfinite(half) && fabs(change) > half)
            fprintf(out, ", %s by %s", change > 0 ? "worse" : "better",
                    value_text(m, fabs(change), c));
        else
            fputs(", no difference that shows", out);
        if (isfinite(half))
            fprintf(out, " (+- %s)", value_text(m, half, a));
        putc('\n', out);
    }
}

void tune_print(FILE *out, const struct tune *tune)
{
    int i, n = 0;
    for (i = 0; i < tune->n; i++)
        n += tune->point[i].frontier;
    fprintf(out,
            "%d settings, %lld replications of three scenarios each, %.1f s; %d on the frontier "
            "(* the fleet's own, > recommended):\n        MTTD  failover       RTO     false  "
            "flapping\n",
            tune->n, (long long)tune->replications, tune->seconds, n);
    for (i = 0; i < tune->n; i++)
        if (tune->point[i].frontier || i == 0)
            print_point(out, tune, i);
    if (!tune->point[0].frontier)
        fputs("The fleet's own is not on the frontier: another is better in something and worse in "
              "nothing.\n",
              out);
    if (tune->recommended >= 0)
        print_words(out, tune);
    else
        fputs("\nNone of them is safe.\n", out);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *tune_json(const struct tune *tune)
{
    json_t *points = json_array();
    int i, m;
    for (i = 0; i < tune->n; i++) {
        const struct tune_point *point = &tune->point[i];
        json_t *item = json_pack("{s:I, s:i, s:f, s:I, s:b, s:o}", "persist_ms",
                                 (json_int_t)point->persist_ms, "confirm", point->confirm,
                                 "for_factor", point->for_pm / 1000.0, "group_wait_ms",
                                 (json_int_t)point->group_wait_ms, "frontier", point->frontier,
                                 "safe", point->explored ? json_boolean(point->safe) : json_null());
        for (m = 0; m < TUNE_MEASURES; m++)
            json_object_set_new(item, tune_measure_name((enum tune_measure)m),
                                json_pack("{s:o, s:o, s:o}", "mean", number(point->value[m]),
                                          "change", number(point->change[m].mean), "half_width",
                                          number(point->change[m].half_width)));
        json_array_append_new(points, item);
    }
    return json_pack("{s:i, s:I, s:i, s:o}", "version", 1, "replications",
                     (json_int_t)tune->replications, "recommended", tune->recommended, "points",
                     points);
}

/* One set of points as gnuplot's inline data. */
static void plot_data(FILE *script, const char *name, const struct tune *tune, bool frontier)
{
    int i;
    fprintf(script, "$%s << EOD\n", name);
    for (i = 0; i < tune->n; i++)
        if (tune->point[i].frontier == frontier && isfinite(tune->point[i].value[TUNE_MTTD]))
            fprintf(script, "%.3f %.4f %.4f\n", tune->point[i].value[TUNE_MTTD] / 1000,
                    tune->point[i].value[TUNE_FALSE],
                    0.6 + fmin(tune->point[i].value[TUNE_FLAPS], 5) / 2);
    fputs("EOD\n", script);
}

static void plot_one(FILE *script, const char *name, const struct tune *tune, int i)
{
    fprintf(script, "$%s << EOD\n%.3f %.4f\nEOD\n", name, tune->point[i].value[TUNE_MTTD] / 1000,
            tune->point[i].value[TUNE_FALSE]);
}

enum und_code tune_plot(FILE *out, const struct tune *tune, struct und_err *err)
{
    FILE *script = tmpfile();
    enum und_code code;
    if (!script)
        return und_fail(err, UND_SERVICE, "no temporary file for the plot");
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH, PLOT_WIDTH * 2 / 3);
    plot_data(script, "others", tune, false);
    plot_data(script, "frontier", tune, true);
    plot_one(script, "own", tune, 0);
    plot_one(script, "best", tune, tune->recommended >= 0 ? tune->recommended : 0);
    fputs("set xlabel 'mean time to detection of a power loss, s'\n"
          "set ylabel 'false failovers in 4 h of flapping scrapes'\n"
          "set key outside top center horizontal\nset offsets graph 0.05, 0.05, 0.05, 0.05\n"
          "plot $others using 1:2:3 with points pt 7 ps variable lc rgb '#c0c0c0' title 'others', "
          "$frontier using 1:2:3 with points pt 7 ps variable lc rgb '#2166ac' title "
          "'frontier (larger: more flapping)', "
          "$own with points pt 6 ps 3 lw 2 lc rgb '#1a1a1a' title 'own', "
          "$best with points pt 4 ps 3 lw 2 lc rgb '#b2182b' title 'recommended'\n",
          script);
    rewind(script);
    code = gnuplot_run(script, out, err);
    fclose(script);
    return code;
}
