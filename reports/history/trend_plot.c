/* Trends as one picture (trend.h): a panel a failure mode and stage. The three lines differ by
 * their marks and dashes as well as by colour. */
#include "trend.h"

#include "reports/plot/plot_script.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define COLUMNS 3
#define PANELS 24 /* a picture is to be looked at */
#define PANEL_PX 220
#define KEY_PX 70

/* The end of the panel that begins at row `from`. */
static int panel_end(const struct trend *trend, int from)
{
    int to = from + 1;
    while (to < trend->n && trend->row[to].stage == trend->row[from].stage &&
           strcmp(trend->row[to].mode, trend->row[from].mode) == 0)
        to++;
    return to;
}

static void write_rows(FILE *script, const struct trend *trend, int from, int to, int panel)
{
    int i;
    fprintf(script, "$panel%d << EOD\n", panel);
    for (i = from; i < to; i++) {
        const struct trend_row *row = &trend->row[i];
        const double values[] = {row->documented_ms, trend_foretold(row), trend_measured(row)};
        int k;
        fprintf(script, "%d", row->quarter);
        for (k = 0; k < 3; k++)
            if (isfinite(values[k]))
                fprintf(script, " %.3f", values[k] / 60000);
            else
                fputs(" NaN", script);
        fputc('\n', script);
    }
    fputs("EOD\n", script);
}

static void name_quarters(FILE *script, int from, int to)
{
    int quarter, step = (to - from) / 5 + 1;
    fputs("set xtics nomirror (", script);
    for (quarter = from; quarter <= to; quarter += step)
        fprintf(script, "%s'%d-Q%d' %d", quarter > from ? ", " : "", quarter / 4, quarter % 4 + 1,
                quarter);
    fputs(")\n", script);
}

static void draw_panel(FILE *script, const struct trend *trend, int from, int to, int panel,
                       int rows)
{
    const double height = rows * PANEL_PX + KEY_PX;
    const int below = rows - 1 - panel / COLUMNS; /* rows of panels */
    const struct trend_row *row = &trend->row[from];
    char title[300];
    snprintf(title, sizeof title, "%.60s: %s", row->mode, told_words[row->stage]);
    name_quarters(script, row->quarter, trend->row[to - 1].quarter);
    fprintf(script, "set xrange [%d.4:%d.6]\nset origin %.4f,%.4f\nset size %.4f,%.4f\nset title ",
            row->quarter - 1, trend->row[to - 1].quarter, (double)(panel % COLUMNS) / COLUMNS,
            below * PANEL_PX / height, 1.0 / COLUMNS, PANEL_PX / height);
    text_gnuplot(script, title);
    fprintf(script,
            "\nset yrange [0:*]\nset ylabel 'minutes'\n"
            "plot $panel%d using 1:2 with linespoints dashtype (6,4) pointtype 2 linewidth 2 "
            "linecolor rgb '#b3261e' title 'documented', '' using 1:3 with linespoints dashtype "
            "solid pointtype 4 linewidth 1.5 linecolor rgb '#6f8aa6' title 'foretold', '' using "
            "1:4 with linespoints dashtype (2,2) pointtype 7 linewidth 2 linecolor rgb '" PLOT_INK
            "' title 'measured'\nunset key\n",
            panel);
}

static void describe(const struct trend *trend, char *out, size_t size)
{
    size_t end = 0;
    char one[TEXT_VALUE], two[TEXT_VALUE], three[TEXT_VALUE];
    int i;
    for (i = 0; i < trend->n && end < size; i++)
        end += (size_t)snprintf(out + end, size - end,
                                "%s%s %s %d-Q%d: documented %s, foretold %s, measured %s",
                                i ? "; " : "", trend->row[i].mode, told_words[trend->row[i].stage],
                                trend->row[i].quarter / 4, trend->row[i].quarter % 4 + 1,
                                text_time(one, trend->row[i].documented_ms),
                                text_time(two, trend_foretold(&trend->row[i])),
                                text_time(three, trend_measured(&trend->row[i])));
}

static int count_panels(const struct trend *trend)
{
    int i, n = 0;
    for (i = 0; i < trend->n; i = panel_end(trend, i))
        n++;
    return n < PANELS ? n : PANELS;
}

enum und_code trend_plot(FILE *out, const struct trend *trend, struct und_err *err)
{
    const int panels = count_panels(trend), rows = (panels + COLUMNS - 1) / COLUMNS;
    char text[8192] = "";
    FILE *script;
    int i, panel;
    if (panels == 0)
        return und_fail(err, UND_USAGE,
                        "--plot: got no trends, want runs with a failure mode and a time");
    script = tmpfile();
    if (!script)
        return und_fail(err, UND_SERVICE, "gnuplot: no temporary file: %s", strerror(errno));
    for (i = 0, panel = 0; panel < panels; i = panel_end(trend, i), panel++)
        write_rows(script, trend, i, panel_end(trend, i), panel);
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH + 200, rows * PANEL_PX + KEY_PX);
    fputs("set key at screen 0.5,0.985 center top horizontal\nset datafile missing 'NaN'\n",
          script);
    for (i = 0, panel = 0; panel < panels; i = panel_end(trend, i), panel++)
        draw_panel(script, trend, i, panel_end(trend, i), panel, rows);
    fputs("unset multiplot\n", script);
    describe(trend, text, sizeof text);
    svg_draw(script, out, "Failure modes over quarters: documented, foretold, measured", text, err);
    fclose(script);
    return err->code;
}
