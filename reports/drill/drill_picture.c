/* The prediction as a picture: inline SVG, one line a stage. */
#include "drill_internal.h"

#include "reports/text/text.h"

#include <math.h>

#define LEFT 190 /* units; the names are there */
#define WIDTH 700
#define LINE 30
#define TOP 24

struct axis {
    double most_ms;
};

static double at(const struct axis *axis, double ms)
{
    return LEFT + (WIDTH - LEFT - 20) * (ms < axis->most_ms ? ms : axis->most_ms) / axis->most_ms;
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
        double values[] = {prediction_quantile(page->prediction, rows[i].kind, 0.995),
                           documented_ms(page->scenario, rows[i].kind),
                           page->report ? page->report->measure[rows[i].kind].value_ms : NAN};
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

static void draw_row(FILE *out, const struct drill_page *page, const struct axis *axis,
                     const struct drill_row *row, double y)
{
    const struct prediction *p = page->prediction;
    double documented = documented_ms(page->scenario, row->kind);
    fprintf(out, "<text class=\"name\" x=\"%d\" y=\"%.1f\">", LEFT - 8, y + 5);
    text_xml(out, row->name);
    fputs("</text>", out);
    if (p->measure[row->kind].n > 0) {
        double median = prediction_quantile(p, row->kind, 0.5);
        rect(out, axis, prediction_quantile(p, row->kind, PREDICTION_ALPHA / 2),
             prediction_quantile(p, row->kind, 1 - PREDICTION_ALPHA / 2), y - 3, 6, "all");
        rect(out, axis, prediction_quantile(p, row->kind, 0.25),
             prediction_quantile(p, row->kind, 0.75), y - 7, 14, "half");
        rect(out, axis, median, median, y - 9, 18, "median");
    }
    if (!isnan(documented))
        fprintf(out, "<line class=\"documented\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                at(axis, documented), y - 12, at(axis, documented), y + 12);
    if (page->report && !isnan(page->report->measure[row->kind].value_ms))
        fprintf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>",
                row->wrong ? "measured off" : "measured",
                at(axis, page->report->measure[row->kind].value_ms), y);
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
    fputc('\n', out);
}

void drill_picture(FILE *out, const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    struct axis axis;
    int i, n;
    if (!page->prediction || page->prediction->replications == 0)
        return;
    n = drill_rows(page, rows);
    axis = make_axis(page, rows, n);
    fprintf(out,
            "<h2>Foretold and measured</h2><svg class=\"foretold\" viewBox=\"0 0 %d %d\" "
            "role=\"img\" xmlns=\"http://www.w3.org/2000/svg\"><title>Each stage's rehearsals: "
            "central 99%%, central half, median; the line is what the documents say, the dot what "
            "was measured</title>\n",
            WIDTH, TOP + n * LINE + 24);
    for (i = 0; i < n; i++)
        draw_row(out, page, &axis, &rows[i], TOP + i * LINE);
    draw_scale(out, &axis, TOP + n * LINE + 10);
    fputs("</svg>\n<p class=\"soft\">Thin: the central 99% of the rehearsals; thick: the central "
          "half; tick: the median; dashed: the documents; dot: this drill.</p>\n",
          out);
}
