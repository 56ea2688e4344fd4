#include "sweep.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "reports/plot/plot_script.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 520 /* that a telephone can show all of it */
#define HEIGHT 360

/* An axis: what its numbers are of, and how many of a file's units make one of the axis. */
struct scale {
    const char *unit;
    double divisor;
};

static struct scale time_scale(double most_ms)
{
    return most_ms < 3 * (double)UNITS_MINUTE ? (struct scale){"seconds", UNITS_SECOND}
           : most_ms < 3 * (double)UNITS_HOUR ? (struct scale){"minutes", UNITS_MINUTE}
           : most_ms < 3 * (double)UNITS_DAY  ? (struct scale){"hours", UNITS_HOUR}
                                              : (struct scale){"days", UNITS_DAY};
}

static struct scale metric_scale(enum metric metric, double most)
{
    switch (metric_unit(metric)) {
    case UNIT_MS:
        return time_scale(most);
    case UNIT_SHARE:
        return (struct scale){"%", 0.01};
    case UNIT_COUNT:
        break;
    }
    return (struct scale){"", 1};
}

/* ---- the axis that varies ---- */

/* A value as the file has it: a number, a duration, a rate, a share. */
static bool read_value(const char *text, double *value, const char **unit)
{
    char hint[UNITS_HINT], *end;
    int64_t ms;
    *unit = "";
    *value = strtod(text, &end);
    if (end != text && *end == '\0')
        return true;
    if (units_duration(text, &ms, hint)) {
        *value = (double)ms;
        *unit = "ms";
        return true;
    }
    if (units_rate(text, value, hint)) {
        *value *= UNITS_DAY;
        *unit = "a day";
        return true;
    }
    *unit = "%";
    return units_share(text, value, hint);
}

static bool read_axis(const struct sweep *sweep, double *value, struct scale *scale)
{
    const char *unit, *first = "";
    double most = 0;
    int i;
    for (i = 0; i < sweep->n_points; i++) {
        if (!read_value(sweep_text(sweep, i, 0), &value[i], &unit) ||
            (i > 0 && strcmp(first, unit) != 0))
            return false;
        first = unit;
        most = fmax(most, value[i]);
    }
    *scale = strcmp(first, "ms") == 0  ? time_scale(most)
             : strcmp(first, "%") == 0 ? (struct scale){"%", 0.01}
                                       : (struct scale){first, 1};
    return true;
}

bool sweep_numbers(const struct sweep *sweep, double *value)
{
    struct scale scale;
    return sweep->n_axes == 1 && sweep->n_points > 1 && read_axis(sweep, value, &scale);
}

bool sweep_can_plot(const struct sweep *sweep)
{
    double *value = calloc((size_t)sweep->n_points + 1, sizeof *value);
    bool can = value && sweep_numbers(sweep, value);
    free(value);
    return can;
}

/* "fleet.policy.persist" is persist to a reader. */
static const char *last_word(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

static void label(FILE *script, const char *axis, const char *name, const char *unit)
{
    char text[160];
    snprintf(text, sizeof text, *unit ? "%s (%s)" : "%s", name, unit);
    fprintf(script, "set %s ", axis);
    text_gnuplot(script, text);
    fputc('\n', script);
}

/* ---- the picture ---- */

static bool is_drawn(const struct sweep_column *column, const struct sweep_limit *limit)
{
    return limit->column.metric == column->metric &&
           strcmp(limit->column.facet.name, column->facet.name) == 0 &&
           limit->column.mean == column->mean &&
           (column->mean || limit->column.quantile == column->quantile);
}

static double most_of(const struct sweep *sweep, const struct sweep_column *column)
{
    double most = 0;
    int i;
    for (i = 0; i < sweep->n_limits; i++)
        if (is_drawn(column, &sweep->limit[i]))
            most = fmax(most, sweep->limit[i].value);
    for (i = 0; i < sweep->n_points; i++) {
        double half_width, value = sweep_value(&sweep->point[i], column, &half_width);
        if (isfinite(value))
            most = fmax(most, value + (isfinite(half_width) ? half_width : 0));
    }
    return most;
}

static void write_points(FILE *script, const struct sweep *sweep, const struct sweep_column *column,
                         const double *at, const struct scale *x, const struct scale *y)
{
    int i;
    fputs("$points << EOD\n", script);
    for (i = 0; i < sweep->n_points; i++) {
        double half_width, value = sweep_value(&sweep->point[i], column, &half_width);
        if (isfinite(value))
            fprintf(script, "%.9g %.6f %.6f\n", at[i] / x->divisor, value / y->divisor,
                    isfinite(half_width) ? half_width / y->divisor : 0);
    }
    fputs("EOD\n", script);
}

/* "--until" as a line across, with its words. */
static void write_limit(FILE *script, const struct sweep_limit *limit, int number, double at)
{
    char value[TEXT_VALUE], text[64];
    fprintf(script,
            "set arrow %d from graph 0, first %.6f to graph 1, first %.6f nohead front dashtype "
            "(8,4) linewidth 2 linecolor rgb '#b3261e'\n",
            number, at, at);
    snprintf(text, sizeof text, "%s %s", limit->at_least ? "at least" : "at most",
             text_metric(value, sweep_reads_as(&limit->column), limit->value));
    fprintf(script, "set label %d ", number);
    text_gnuplot(script, text);
    fprintf(script, " at graph 0.99, first %.6f right offset 0,0.6 textcolor rgb '#b3261e'\n", at);
}

static void describe(const struct sweep *sweep, const struct sweep_column *column, const char *name,
                     char *title, size_t title_size, char *out, size_t size)
{
    char value[TEXT_VALUE], width[TEXT_VALUE];
    size_t end = 0;
    int i;
    snprintf(title, title_size, "%s: %s by %s", sweep->path, name, last_word(sweep->axis[0].path));
    out[0] = '\0';
    for (i = 0; i < sweep->n_points && end < size; i++) {
        double half_width, y = sweep_value(&sweep->point[i], column, &half_width);
        end +=
            (size_t)snprintf(out + end, size - end, "%s%s: %s%s", i > 0 ? "; " : "",
                             sweep_text(sweep, i, 0), text_metric(value, sweep_reads_as(column), y),
                             text_spread(width, sweep_reads_as(column), y, half_width));
    }
}

enum und_code sweep_plot(FILE *out, const struct sweep *sweep, int which, struct und_err *err)
{
    const struct sweep_column *column = &sweep->column[which];
    FILE *script = tmpfile();
    double *at = calloc((size_t)sweep->n_points + 1, sizeof *at), most = most_of(sweep, column);
    struct scale x, y = metric_scale(sweep_reads_as(column), most);
    char name[SWEEP_NAME], title[1024], description[2048];
    int i;
    UND_ASSERT(at != NULL);
    if (!script) {
        free(at);
        return und_fail(err, UND_SERVICE, "gnuplot: cannot make a temporary file");
    }
    read_axis(sweep, at, &x);
    sweep_column_name(column, name, sizeof name);
    describe(sweep, column, name, title, sizeof title, description, sizeof description);
    plot_script_begin(script, PLOT_SVG, WIDTH, HEIGHT);
    write_points(script, sweep, column, at, &x, &y);
    label(script, "xlabel", last_word(sweep->axis[0].path), x.unit);
    label(script, "ylabel", name, y.unit);
    fputs("set title ", script);
    text_gnuplot(script, title);
    fprintf(script,
            " offset 0,-0.3\nset yrange [0:%.6f]\nset offsets graph 0.04, graph 0.04, 0, 0\n",
            1.08 * (most > 0 ? most : 1) / y.divisor);
    for (i = 0; i < sweep->n_limits; i++)
        if (is_drawn(column, &sweep->limit[i]))
            write_limit(script, &sweep->limit[i], i + 1, sweep->limit[i].value / y.divisor);
    fputs("plot $points using 1:($2-$3):($2+$3) with filledcurves linecolor rgb '#a9c3e0' notitle, "
          "$points using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.6 linecolor rgb "
          "'#0b3d73' notitle\nunset multiplot\n",
          script);
    svg_draw(script, out, title, description, err);
    fclose(script);
    free(at);
    return err->code;
}
