#include "plot_script.h"

#include "model/stats/survival.h"
#include "reports/text/claim.h"
#include "reports/text/text.h"

#include <math.h>

#define HEIGHT 400
#define CURVE_POINTS 400 /* more cannot be told apart on a panel */
#define TOP 0.72
#define BOTTOM 0.15
#define TAIL 1.35 /* an axis ends at this times the 99% point, however long the longest took */

struct panel {
    enum metric metric;
    const struct samples *samples;
    struct claim claim;
    double left, right; /* of the picture, 0..1 */
    double from_s, to_s;
};

static double quantile(const struct samples *samples, double p)
{
    return samples->value[(size_t)(p * (double)(samples->n - 1))] / 1000;
}

static void choose_range(struct panel *panel)
{
    double low = panel->samples->value[0] / 1000;
    double high = quantile(panel->samples, 1), cut = TAIL * quantile(panel->samples, 0.99);
    double pad;
    if (high > cut)
        high = cut;
    if (isfinite(panel->claim.limit)) {
        low = fmin(low, panel->claim.limit / 1000);
        high = fmax(high, panel->claim.limit / 1000);
    }
    pad = fmax(0.08 * (high - low), 1);
    panel->from_s = fmax(0, low - pad);
    panel->to_s = high + pad;
}

/* The band at a step: where all were over, of the whole curve at once (Dvoretzky, Kiefer and
 * Wolfowitz); else of each point, Kaplan and Meier's. In percent. */
static struct interval band_at(const struct survival *survival, double t, double now)
{
    double half = 100 * sqrt(log(2 / 0.05) / (2 * (double)survival->events));
    struct survival_share share;
    if (survival->censored == 0)
        return (struct interval){fmax(now - half, 0), fmin(now + half, 100)};
    share = survival_share(survival, t, STATS_CONFIDENCE);
    return (struct interval){100 * share.low, 100 * share.high};
}

/* Two points a step, so that lines and filled bands draw the same stairs. Columns: seconds,
 * percent, and the band's lower and upper edge. The curve ends where nothing more is known. */
static void write_curve(FILE *script, const struct panel *panel, const struct result *result)
{
    struct survival survival;
    struct interval band;
    double before = 0, least = (panel->to_s - panel->from_s) / CURVE_POINTS, drawn_s = -INFINITY;
    size_t i;
    result_survival(result, panel->metric, &survival);
    band = band_at(&survival, 0, 0);
    fprintf(script, "$curve << EOD\n%.3f 0 %.3f %.3f\n", panel->from_s, band.low, band.high);
    for (i = 0; i < survival.n; i++) {
        const struct survival_step *step = &survival.step[i];
        double s = step->at / 1000, now = 100 * (1 - step->s);
        if (step->events == 0 || (s - drawn_s < least && i + 1 < survival.n))
            continue; /* cannot be told apart */
        fprintf(script, "%.3f %.3f %.3f %.3f\n", s, before, band.low, band.high);
        band = band_at(&survival, step->at, now);
        fprintf(script, "%.3f %.3f %.3f %.3f\n", s, now, band.low, band.high);
        before = now;
        drawn_s = s;
    }
    fprintf(script, "%.3f %.3f %.3f %.3f\nEOD\n",
            survival.censored > 0 ? survival_known_to(&survival) / 1000
                                  : fmax(panel->to_s, survival_known_to(&survival) / 1000),
            before, band.low, band.high);
    survival_fini(&survival);
}

static void write_claim(FILE *script, const struct panel *panel)
{
    char limit[TEXT_VALUE], text[64];
    double at_s = panel->claim.limit / 1000;
    double part = (at_s - panel->from_s) / (panel->to_s - panel->from_s);
    if (!isfinite(at_s))
        return;
    fprintf(script,
            "set arrow 1 from %.3f, graph 0 to %.3f, graph 1.02 nohead front dashtype (8,4) "
            "linewidth 2.2 linecolor rgb '#b3261e'\n",
            at_s, at_s);
    snprintf(text, sizeof text, "documented %s", text_time(limit, panel->claim.limit));
    fputs("set label 1 ", script);
    text_gnuplot(script, text);
    fprintf(script, " at %.3f, graph 1.055 %s textcolor rgb '#b3261e'\n", at_s,
            part < 0.2   ? "left"
            : part > 0.8 ? "right"
                         : "center");
}

/* "n = 1000, 12 not over, 53 never" */
static void counts(const struct samples *samples, char *out, size_t size)
{
    size_t end = (size_t)snprintf(out, size, "n = %zu", samples->n);
    if (samples->n_censored > 0)
        end += (size_t)snprintf(out + end, size - end, ", %zu not over", samples->n_censored);
    if (samples->never > 0)
        snprintf(out + end, size - end, ", %lld never", (long long)samples->never);
}

/* "detection: NOT MET, holds in 9.4% (7.7-11.4%)" */
static void heading(const struct panel *panel, const struct result *result, char *out, size_t size)
{
    char detail[CLAIM_DETAIL];
    bool claimed = panel->claim.status >= CLAIM_MET;
    claim_detail(&panel->claim, result, detail);
    snprintf(out, size, "%s%s%s%s%s", claim_metric_word(panel->metric), claimed ? ": " : "",
             claimed ? claim_status_word(panel->claim.status) : "", claimed ? ", " : "",
             claimed ? detail : "");
}

/* "p50 2:30, p95 3:06, max 3:26" */
static void figures(const struct panel *panel, const struct result *result, char *out, size_t size)
{
    const struct quantity *quantity = &result->metric[panel->metric];
    char p50[TEXT_VALUE], p95[TEXT_VALUE], most[TEXT_VALUE];
    snprintf(out, size, "p50 %s, p95 %s, max %s", text_quantile(p50, panel->metric, quantity, 0.5),
             text_quantile(p95, panel->metric, quantity, 0.95),
             text_quantile(most, panel->metric, quantity, 1));
}

static void write_title(FILE *script, int label, const char *line, double height,
                        const char *colour)
{
    fprintf(script, "set label %d ", label);
    text_gnuplot(script, line);
    fprintf(script, " at graph 0, graph %.2f left textcolor rgb '%s'\n", height, colour);
}

/* Three lines, as a panel is no wider than any of them. */
static void write_titles(FILE *script, const struct panel *panel, const struct result *result)
{
    char line[400];
    heading(panel, result, line, sizeof line);
    write_title(script, 2, line, 1.36, PLOT_INK);
    figures(panel, result, line, sizeof line);
    write_title(script, 3, line, 1.26, PLOT_GREY);
    counts(panel->samples, line, sizeof line);
    write_title(script, 4, line, 1.16, PLOT_GREY);
}

static void write_panel(FILE *script, const struct panel *panel, const struct result *result,
                        bool first)
{
    const char *unit;
    write_curve(script, panel, result);
    fprintf(script,
            "unset arrow\nunset label\nset lmargin at screen %.4f\nset rmargin at screen %.4f\n"
            "set tmargin at screen %.2f\nset bmargin at screen %.2f\n",
            panel->left, panel->right, TOP, BOTTOM);
    fprintf(script, "set xrange [%.3f:%.3f]\nset yrange [0:100]\n", panel->from_s, panel->to_s);
    unit = plot_script_time_tics(script, panel->from_s, panel->to_s, 7);
    fputs("set ytics ('0' 0, '25' 25, '50' 50, '75' 75, '95' 95)\n", script);
    fprintf(script, "set xlabel 'time since the fault (%s)' offset 0,0.3\n", unit);
    fprintf(script, "set ylabel '%s' offset -0.5,0\n",
            first ? "share of those where it came about (%)" : "");
    fputs("set arrow 2 from graph 0, first 95 to graph 1, first 95 nohead back dashtype (2,4) "
          "linecolor rgb '" PLOT_GREY "'\n",
          script);
    write_claim(script, panel);
    write_titles(script, panel, result);
    fputs("plot $curve using 1:3:4 with filledcurves fillcolor rgb '#c9d7e8' fillstyle solid, "
          "$curve using 1:2 with lines linewidth 2 linecolor rgb '#0b3d73'\n",
          script);
}

static int choose_panels(const struct report *report, struct panel panels[2])
{
    static const enum metric shown[] = {METRIC_DETECTION, METRIC_RTO};
    const struct documented *documented = &report->scenario->documented;
    const int64_t limits[] = {documented->detection_ms, documented->rto_ms};
    int i, n = 0;
    for (i = 0; i < 2; i++) {
        const struct samples *samples = &report->result->samples[shown[i]];
        if (samples->n < 2)
            continue;
        panels[n] = (struct panel){.metric = shown[i], .samples = samples};
        panels[n++].claim = claim_judge(shown[i], limits[i], report->result);
    }
    return n;
}

void plot_describe_ecdf(const struct report *report, char *out, size_t size)
{
    struct panel panels[2];
    char line[400], value[TEXT_VALUE];
    int n = choose_panels(report, panels), i;
    size_t end = 0;
    out[0] = '\0';
    for (i = 0; i < n && end < size; i++) {
        heading(&panels[i], report->result, line, sizeof line);
        end += (size_t)snprintf(out + end, size - end, "%s%s; ", i > 0 ? ". " : "", line);
        if (isfinite(panels[i].claim.limit) && end < size)
            end += (size_t)snprintf(out + end, size - end, "documented %s, ",
                                    text_time(value, panels[i].claim.limit));
        figures(&panels[i], report->result, line, sizeof line);
        if (end < size)
            end += (size_t)snprintf(out + end, size - end, "%s", line);
        counts(panels[i].samples, line, sizeof line);
        if (end < size)
            end += (size_t)snprintf(out + end, size - end, ", %s", line);
    }
}

void plot_script_ecdf(FILE *script, const struct report *report, enum plot_format format)
{
    struct panel panels[2];
    int i, n = choose_panels(report, panels);
    plot_script_begin(script, format, n == 1 ? PLOT_WIDTH / 2 + 60 : PLOT_WIDTH, HEIGHT);
    for (i = 0; i < n; i++) {
        choose_range(&panels[i]);
        panels[i].left = n == 1 ? 0.15 : i == 0 ? 0.09 : 0.585;
        panels[i].right = n == 1 ? 0.96 : i == 0 ? 0.49 : 0.985;
        write_panel(script, &panels[i], report->result, i == 0);
    }
    fputs("unset multiplot\n", script);
}
