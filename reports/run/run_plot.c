/* The two pictures of a run, by gnuplot: its stages (foretold, documented, measured) and its
 * events. Whatever is told by a colour is told by a shape as well. */
#include "run_internal.h"

#include "model/base/assert.h"
#include "reports/plot/plot_script.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define LINE_PX 34
#define AROUND_PX 84
#define HOST_WORDS 24 /* of a label at most */

const char run_stages_caption[] =
    "Foretold: thin line, nearly all (99%; of a simulation least to most); bar, from 5% to 95%; "
    "thick bar, the central half; upright tick, the median; arrow, not over when the looking "
    "ended. Documented: dashed upright. Measured: dot with its error; hollow, not over yet.";
const char run_events_caption[] =
    "What happened, from top to bottom; time runs to the right and counts from the fault, where "
    "there was one.";

/* ---- stages ---- */

static bool is_drawn(const struct run_stage *stage)
{
    return isfinite(stage->quantile[RUN_P50]) || isfinite(stage->known_to) ||
           isfinite(stage->value_ms) || stage->open_ms > 0;
}

bool run_has_stages(const struct run *run)
{
    int i;
    for (i = 0; i < run->n_stages; i++)
        if (is_drawn(&run->stage[i]))
            return true;
    return false;
}

/* From seconds to an hour in one picture: the axis is logarithmic, between two of these. */
static const struct {
    double s;
    const char *text;
} ladder[] = {{0.1, "0.1 s"}, {1, "1 s"},     {5, "5 s"},      {15, "15 s"},
              {60, "1 min"},  {300, "5 min"}, {900, "15 min"}, {3600, "1 h"},
              {14400, "4 h"}, {86400, "1 d"}, {604800, "7 d"}, {6048000, "70 d"}};
#define RUNGS ((int)(sizeof ladder / sizeof *ladder))

struct axis {
    int low, high; /* of the ladder */
};

static double on(const struct axis *axis, double ms)
{
    return fmin(fmax(ms / 1000, ladder[axis->low].s), ladder[axis->high].s);
}

static struct axis find_axis(const struct run *run)
{
    double least = 1e12, most = 1000;
    struct axis axis = {0, 1};
    int i, k;
    for (i = 0; i < run->n_stages; i++) {
        const struct run_stage *stage = &run->stage[i];
        const double value[] = {
            stage->quantile[RUN_LEAST], stage->quantile[RUN_P5],   stage->quantile[RUN_P50],
            stage->quantile[RUN_P95],   stage->quantile[RUN_MOST], stage->known_to,
            stage->documented_ms,       stage->value_ms,           stage->open_ms};
        for (k = 0; k < (int)(sizeof value / sizeof *value); k++)
            if (value[k] > 0) { /* a NAN is not */
                least = fmin(least, value[k]);
                most = fmax(most, value[k]);
            }
    }
    while (axis.low < RUNGS - 2 && ladder[axis.low + 1].s <= least / 1000)
        axis.low++;
    axis.high = axis.low + 1;
    while (axis.high < RUNGS - 1 && ladder[axis.high].s < most / 1000)
        axis.high++;
    return axis;
}

/* A bar from one quantile to another; one that is not known ends at what is known. */
static void bar(FILE *script, const struct axis *axis, const struct run_stage *stage, int from,
                int to, double width, const char *colour, double y)
{
    double low = stage->quantile[from], high = stage->quantile[to];
    if (!isfinite(low))
        return;
    if (!isfinite(high))
        high = stage->known_to;
    if (isfinite(high) && high >= low)
        fprintf(script,
                "set arrow from %.3f,%.2f to %.3f,%.2f nohead dashtype solid linewidth %.1f "
                "linecolor rgb '%s'\n",
                on(axis, low), y, on(axis, high), y, width, colour);
}

static void upright(FILE *script, const struct axis *axis, double ms, double y, double half,
                    const char *style)
{
    if (isfinite(ms))
        fprintf(script, "set arrow from %.3f,%.2f to %.3f,%.2f nohead front %s\n", on(axis, ms),
                y - half, on(axis, ms), y + half, style);
}

static void stage_bars(FILE *script, const struct axis *axis, const struct run_stage *stage,
                       double y)
{
    bar(script, axis, stage, RUN_LEAST, RUN_MOST, 1.5, PLOT_GREY, y);
    bar(script, axis, stage, RUN_P5, RUN_P95, 7, "#b9c7d6", y);
    bar(script, axis, stage, RUN_P25, RUN_P75, 12, "#6f8aa6", y);
    upright(script, axis, stage->quantile[RUN_P50], y, 0.3,
            "dashtype solid linewidth 3 linecolor rgb '#0b3d73'");
    if (isfinite(stage->known_to) && !isfinite(stage->quantile[RUN_MOST]))
        fprintf(script,
                "set arrow from %.3f,%.2f to %.3f,%.2f head filled dashtype (4,4) linewidth 1.5 "
                "linecolor rgb '" PLOT_GREY "'\n",
                on(axis, stage->known_to), y, ladder[axis->high].s, y);
    upright(script, axis, stage->documented_ms, y, 0.42,
            "dashtype (5,4) linewidth 2.2 linecolor rgb '#b3261e'");
}

/* An outlined dot: no point of gnuplot's, which a page has no definitions for. */
static void measured_dots(FILE *script, const struct axis *axis, const struct run *run)
{
    int i;
    for (i = 0; i < run->n_stages; i++) {
        const struct run_stage *stage = &run->stage[i];
        const bool open = !isfinite(stage->value_ms) && stage->open_ms > 0;
        const double ms = open ? stage->open_ms : stage->value_ms;
        const int y = run->n_stages - i;
        if (!isfinite(ms))
            continue;
        if (!open && stage->error_ms > 0)
            fprintf(script,
                    "set arrow from %.3f,%d to %.3f,%d nohead front dashtype solid linewidth 2 "
                    "linecolor rgb "
                    "'" PLOT_INK "'\n",
                    on(axis, ms - stage->error_ms), y, on(axis, ms + stage->error_ms), y);
        fprintf(script,
                "set object circle at %.3f,%d size scr 0.0075 front fillcolor rgb '%s' fillstyle "
                "solid border linecolor rgb '%s' linewidth 2\n",
                on(axis, ms), y, open ? "#ffffff" : PLOT_INK, open ? PLOT_INK : "#ffffff");
    }
}

static void name_stages(FILE *script, const struct run *run)
{
    int i;
    fputs("set ytics scale 0 (", script);
    for (i = 0; i < run->n_stages; i++) {
        fputs(i ? ", " : "", script);
        text_gnuplot(script, run->stage[i].name);
        fprintf(script, " %d", run->n_stages - i);
    }
    fputs(")\n", script);
}

static void describe_stages(const struct run *run, char *out, size_t size)
{
    size_t end = 0;
    int i;
    out[0] = '\0';
    for (i = 0; i < run->n_stages && end < size; i++)
        end += (size_t)snprintf(
            out + end, size - end, "%s%s: foretold %s, documented %s, measured %s", i ? "; " : "",
            run->stage[i].name, run->stage[i].predicted, run->stage[i].documented,
            run->stage[i].measured[0] ? run->stage[i].measured : "-");
}

static FILE *begin(int lines, struct und_err *err)
{
    FILE *script = tmpfile();
    if (!script) {
        und_fail(err, UND_SERVICE, "gnuplot: no temporary file: %s", strerror(errno));
        return NULL;
    }
    plot_script_begin(script, PLOT_SVG, PLOT_WIDTH, AROUND_PX + lines * LINE_PX);
    fprintf(script, "set yrange [0.4:%d.6]\nset grid xtics linewidth 0.5 linecolor rgb '#d9dce1'\n",
            lines);
    return script;
}

static void name_times(FILE *script, const struct axis *axis)
{
    int i;
    fprintf(script,
            "set logscale x\nset xrange [%.3f:%.3f]\nset xlabel 'time (logarithmic)'\nset xtics (",
            ladder[axis->low].s, ladder[axis->high].s);
    for (i = axis->low; i <= axis->high; i++)
        fprintf(script, "%s'%s' %.1f", i > axis->low ? ", " : "", ladder[i].text, ladder[i].s);
    fputs(")\n", script);
}

enum und_code run_draw_stages(FILE *out, const struct run *run, struct und_err *err)
{
    const struct axis axis = find_axis(run);
    char title[RUN_CELL + 80], text[4096];
    FILE *script = begin(run->n_stages, err);
    int i;
    if (!script)
        return err->code;
    name_stages(script, run);
    name_times(script, &axis);
    for (i = 0; i < run->n_stages; i++)
        stage_bars(script, &axis, &run->stage[i], run->n_stages - i);
    measured_dots(script, &axis, run);
    fputs("plot NaN notitle\nunset multiplot\n", script);
    snprintf(title, sizeof title, "%s: foretold, documented, measured", run->title);
    describe_stages(run, text, sizeof text);
    svg_draw(script, out, title, text, err);
    fclose(script);
    return err->code;
}

/* ---- events ---- */

/* The marked ones; of an incident, which marks none, all. */
static int choose(const struct run *run, const struct run_event *chosen[RUN_PICTURE])
{
    int i, n = 0;
    bool marked = false;
    for (i = 0; i < run->n_events; i++)
        marked = marked || run->event[i].mark[0];
    for (i = 0; i < run->n_events && n < RUN_PICTURE; i++)
        if (!marked || run->event[i].mark[0])
            chosen[n++] = &run->event[i];
    return n;
}

bool run_has_events(const struct run *run)
{
    const struct run_event *chosen[RUN_PICTURE];
    return choose(run, chosen) > 0;
}

static void event_label(FILE *script, const struct run_event *event)
{
    char label[160], clean[160];
    snprintf(label, sizeof label, "%.40s%s%.*s", event->mark[0] ? event->mark : event->what,
             event->host[0] ? ", " : "", HOST_WORDS, event->host);
    text_clean(clean, sizeof clean, label);
    text_gnuplot(script, clean);
}

static void event_times(FILE *script, const struct run_event *const *chosen, int n)
{
    char time[TEXT_VALUE];
    int i;
    for (i = 0; i < n; i++) {
        double s = (double)chosen[i]->at_ms / 1000;
        fprintf(script,
                "set label '%s%s' at %.3f,%d left offset 1,0 front\n"
                "set object circle at %.3f,%d size scr 0.006 front fillcolor rgb '#0b3d73' "
                "fillstyle solid noborder\n",
                s < 0 ? "-" : "", text_time(time, fabs(s) * 1000), s, n - i, s, n - i);
    }
}

enum und_code run_draw_events(FILE *out, const struct run *run, struct und_err *err)
{
    const struct run_event *chosen[RUN_PICTURE];
    int i, n = choose(run, chosen);
    double left_s, right_s, margin;
    char title[RUN_CELL + 40];
    FILE *script;
    const char *unit;
    UND_ASSERT(n > 0);
    left_s = fmin(0, (double)chosen[0]->at_ms / 1000);
    right_s = fmax(left_s + 1, (double)chosen[n - 1]->at_ms / 1000);
    margin = 0.03 * (right_s - left_s);
    script = begin(n, err);
    if (!script)
        return err->code;
    unit = plot_script_time_tics(script, left_s - margin, right_s + 4 * margin, 8);
    fprintf(script, "set xrange [%.3f:%.3f]\nset xlabel 'time (%s)'\n", left_s - margin,
            right_s + 4 * margin, unit);
    fputs("set ytics scale 0 (", script);
    for (i = 0; i < n; i++) {
        fputs(i ? ", " : "", script);
        event_label(script, chosen[i]);
        fprintf(script, " %d", n - i);
    }
    fputs(")\n$events << EOD\n", script);
    for (i = 0; i < n; i++)
        fprintf(script, "%.3f %d\n", (double)chosen[i]->at_ms / 1000, n - i);
    fputs("EOD\n", script);
    event_times(script, chosen, n);
    fputs("plot $events using 1:2 with fsteps linewidth 1 linecolor rgb '" PLOT_GREY
          "'\nunset multiplot\n",
          script);
    snprintf(title, sizeof title, "%s: what happened", run->title);
    svg_draw(script, out, title, run_events_caption, err);
    fclose(script);
    return err->code;
}
