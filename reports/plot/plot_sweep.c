#include "sweep.h"

#include "gnuplot.h"
#include "plot_script.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>

bool sweep_can_plot(const struct sweep *sweep)
{
    char *end;
    int i;
    for (i = 0; i < sweep->n_points; i++) {
        strtod(sweep->point[i].value[0], &end);
        if (end == sweep->point[i].value[0])
            return false;
    }
    return sweep->n_axes == 1 && sweep->n_points > 1;
}

/* Times are drawn in minutes, shares in percent. */
static double scale(enum metric metric)
{
    switch (metric_unit(metric)) {
    case UNIT_MS:
        return 1 / 60000.0;
    case UNIT_SHARE:
        return 100;
    case UNIT_COUNT:
        return 1;
    }
    return 1;
}

static const char *unit_name(enum metric metric)
{
    switch (metric_unit(metric)) {
    case UNIT_MS:
        return "minutes";
    case UNIT_SHARE:
        return "%";
    case UNIT_COUNT:
        return "count";
    }
    return "";
}

enum und_code sweep_plot(FILE *out, const struct sweep *sweep, struct und_err *err)
{
    enum metric metric = sweep->column[0].metric;
    FILE *script = tmpfile();
    char label[128], name[SWEEP_NAME];
    int i;
    if (!script)
        return und_fail(err, UND_SERVICE, "gnuplot: cannot make a temporary file");
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH * 2 / 3, 400);
    fputs("$points << EOD\n", script);
    for (i = 0; i < sweep->n_points; i++) {
        double half_width, value = sweep_value(&sweep->point[i], &sweep->column[0], &half_width);
        if (isfinite(value))
            fprintf(script, "%s %.6f %.6f\n", sweep->point[i].value[0], value * scale(metric),
                    isfinite(half_width) ? half_width * scale(metric) : 0);
    }
    fputs("EOD\nset xlabel ", script);
    text_gnuplot(script, sweep->axis[0]);
    sweep_column_name(&sweep->column[0], name, sizeof name);
    snprintf(label, sizeof label, "%s (%s), 95%% interval", name, unit_name(metric));
    fputs("\nset ylabel ", script);
    text_gnuplot(script, label);
    fputs("\nset yrange [0:*]\nset offsets graph 0.04, graph 0.04, graph 0.05, 0\n"
          "plot $points using 1:2:3 with yerrorlines linewidth 2 pointtype 7 pointsize 0.6 "
          "linecolor rgb '#0b3d73'\nunset multiplot\n",
          script);
    gnuplot_run(script, out, err);
    fclose(script);
    return err->code;
}
