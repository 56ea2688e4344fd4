/* The prediction as a picture: inline SVG, one line a stage. A stage that was not over in some
 * rehearsals goes on, dashed, to the right edge. */
#include "drill_internal.h"

#include "reports/text/text.h"

#include <math.h>

#define LEFT 190 /* units; the names are there */
#define WIDTH 700
#define LINE 30
#define TOP 24
#define BELOW 42 /* the scale and its title */
#define RIGHT 36 /* half of the scale's longest time */

struct axis {
    double most_ms;
};

static double at(const struct axis *axis, double ms)
{
    return LEFT +
           (WIDTH - LEFT - RIGHT) * (ms < axis->most_ms ? ms : axis->most_ms) / axis->most_ms;
}

static double documented_ms(const struct scenario *scenario, enum drill_measure_kind kind)
{
    int64_t ms = kind == MEASURE_DETECTION  ? scenario->documented.detection_ms
                 : kind == MEASURE_FAILOVER ? scenario->documented.failover_ms
                 : kind == MEASURE_RTO      ? scenario->documented.rto_ms
                                            : -1;
    return ms > 0 ? (double)ms : NAN;
}

static struct axis make_axis(const struct drill_page *page, const struct drill_row *rows, int n)
{
    struct axis axis = {1000};
    int i;
    for (i = 0; i < n; i++) {
        enum drill_measure_kind kind = rows[i].kind;
        double high_ms = prediction_quantile(page->prediction, kind, 1 - PREDICTION_ALPHA / 2);
        double values[] = {isnan(high_ms) ? prediction_known_to(page->prediction, kind) : high_ms,
                           documented_ms(page->scenario, kind),
                           page->report ? page->report->measure[kind].value_ms : NAN,
                           page->report ? page->report->measure[kind].open_ms : NAN};
        size_t v;
        for (v = 0; v < sizeof values / sizeof *values; v++)
            axis.most_ms = fmax(axis.most_ms, values[v]); /* a NAN loses */
    }
    axis.most_ms *= 1.05;
    return axis;
}

static void rect(FILE *out, const struct axis *axis, double from_ms, double to_ms, double y,
                 double height, const char *class)
{
    fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", class,
            at(axis, from_ms), y, fmax(1, at(axis, to_ms) - at(axis, from_ms)), height);
}

/* Beyond what is known there is no end to draw. */
static void draw_foretold(FILE *out, const struct prediction *p, const struct axis *axis,
                          enum drill_measure_kind kind, double y)
{
    double low = prediction_quantile(p, kind, PREDICTION_ALPHA / 2);
    double high = prediction_quantile(p, kind, 1 - PREDICTION_ALPHA / 2);
    double median = prediction_quantile(p, kind, 0.5), known = prediction_known_to(p, kind);
    double lower = prediction_quantile(p, kind, 0.25), upper = prediction_quantile(p, kind, 0.75);
    if (isnan(known))
        return;
    if (!isnan(low))
        rect(out, axis, low, isnan(high) ? known : high, y - 3, 6, "all");
    if (!isnan(lower))
        rect(out, axis, lower, isnan(upper) ? known : upper, y - 7, 14, "half");
    if (!isnan(median))
        rect(out, axis, median, median, y - 9, 18, "median");
    if (isnan(high))
        rect(out, axis, known, axis->most_ms, y - 3, 6, "beyond");
}

static void draw_measured(FILE *out, const struct axis *axis, struct drill_measure measure,
                          bool wrong, double y)
{
    bool open = isnan(measure.value_ms) && measure.open_ms > 0;
    if (open || !isnan(measure.value_ms))
        fprintf(out, "<circle class=\"%s%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>",
                wrong ? "measured off" : "measured", open ? " open" : "",
                at(axis, open ? measure.open_ms : measure.value_ms), y);
}

static void draw_row(FILE *out, const struct drill_page *page, const struct axis *axis,
                     const struct drill_row *row, double y)
{
    const struct prediction *p = page->prediction;
    double documented = documented_ms(page->scenario, row->kind);
    fprintf(out, "<text class=\"name\" x=\"%d\" y=\"%.1f\">", LEFT - 8, y + 5);
    text_xml(out, row->name);
    fputs("</text>", out);
    draw_foretold(out, p, axis, row->kind, y);
    if (!isnan(documented))
        fprintf(out, "<line class=\"documented\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                at(axis, documented), y - 12, at(axis, documented), y + 12);
    if (page->report)
        draw_measured(out, axis, page->report->measure[row->kind], row->wrong, y);
    fputc('\n', out);
}

static void draw_scale(FILE *out, const struct axis *axis, double bottom)
{
    char text[TEXT_VALUE];
    int i;
    for (i = 0; i <= 4; i++) {
        double ms = axis->most_ms * i / 4;
        fprintf(out, "<text class=\"scale\" x=\"%.1f\" y=\"%.1f\">%s</text>", at(axis, ms), bottom,
                text_time(text, ms));
    }
    fprintf(out, "\n<text class=\"scale\" x=\"%.1f\" y=\"%.1f\">time (min:s or h:min:s)</text>\n",
            at(axis, axis->most_ms / 2), bottom + 18);
}

void drill_picture(FILE *out, const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    struct axis axis;
    bool open = false;
    int i, n;
    if (!page->prediction || page->prediction->replications == 0)
        return;
    n = drill_rows(page, rows);
    axis = make_axis(page, rows, n);
    fprintf(
        out,
        "<h2>Foretold%s</h2><div class=\"scroll\"><svg class=\"foretold\" viewBox=\"0 0 %d %d\" "
        "role=\"img\" xmlns=\"http://www.w3.org/2000/svg\"><title>Each stage's rehearsals: "
        "central 99%%, central half, median; the line is what the documents say%s</title>\n",
        page->report ? " and measured" : "", WIDTH, TOP + n * LINE + BELOW,
        page->report ? ", the dot what was measured" : "");
    for (i = 0; i < n; i++)
        open = open || page->prediction->measure[rows[i].kind].n_censored > 0 ||
               (page->report && page->report->measure[rows[i].kind].open_ms > 0);
    for (i = 0; i < n; i++)
        draw_row(out, page, &axis, &rows[i], TOP + i * LINE);
    draw_scale(out, &axis, TOP + n * LINE + 10);
    fprintf(out,
            "</svg></div>\n<p class=\"soft\">Thin: the central 99%% of the rehearsals; thick: the "
            "central half; tick: the median; dashed: the documents%s%s.</p>\n",
            page->report ? "; dot: this drill" : "",
            !open          ? ""
            : page->report ? "; dashed outline, hollow dot: not over, so it goes on from there"
                           : "; dashed outline: not over, so it goes on from there");
}
