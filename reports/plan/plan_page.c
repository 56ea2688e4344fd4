#include "plan_page.h"
#include "recommend.h"

#include "reports/page/page.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>

/* ---- the table ---- */

static void head(FILE *out, const struct sweep *sweep)
{
    char name[SWEEP_NAME];
    int i;
    fputs("<div class=\"scroll\"><table><thead><tr>", out);
    for (i = 0; i < sweep->n_axes; i++)
        page_element(out, "th", "", sweep->axis[i].path);
    for (i = 0; i < sweep->n_columns; i++) {
        sweep_column_name(&sweep->column[i], name, sizeof name);
        page_element(out, "th", "", name);
    }
    if (sweep->prices.given)
        fputs("<th>cost a month</th><th>more than the first</th>", out);
    fputs("</tr></thead>\n<tbody>\n", out);
}

static void value(FILE *out, const struct sweep_point *point, const struct sweep_column *column)
{
    enum metric metric = sweep_reads_as(column);
    double half, at = sweep_value(point, column, &half);
    char text[2 * TEXT_VALUE], figure[TEXT_VALUE], around[TEXT_VALUE];
    if (isfinite(at))
        snprintf(text, sizeof text, "%s%s", text_metric(figure, metric, at),
                 text_spread(around, metric, at, half));
    page_element(out, "td", "n", isfinite(at) ? text : "-");
}

static void amount(FILE *out, const struct sweep *sweep, double at, double half)
{
    char text[120], figure[48], around[48];
    if (isfinite(at))
        snprintf(text, sizeof text, isfinite(half) ? "%s +-%s" : "%s",
                 money_text(&sweep->prices, at, figure),
                 money_text(&(struct prices){0}, half, around));
    page_element(out, "td", "n", isfinite(at) ? text : "-");
}

static void row(FILE *out, const struct sweep *sweep, int at, bool recommended)
{
    const struct sweep_point *point = &sweep->point[at];
    int i;
    fputs(recommended ? "<tr class=\"chosen\">" : "<tr>", out);
    for (i = 0; i < sweep->n_axes; i++)
        page_element(out, "td", "", sweep_text(sweep, at, i));
    if (point->error) {
        fprintf(out, "<td class=\"v\" colspan=\"%d\">",
                sweep->n_columns + (sweep->prices.given ? 2 : 0));
        text_xml(out, point->error);
        fputs("</td></tr>\n", out);
        return;
    }
    for (i = 0; i < sweep->n_columns; i++)
        value(out, point, &sweep->column[i]);
    if (sweep->prices.given) {
        const struct money_found *money = &point->found->money;
        amount(out, sweep, money->runs > 0 ? money->cost : NAN, money->cost_half);
        amount(out, sweep, at > 0 && money->runs > 0 ? money->more : NAN, money->more_half);
    }
    fputs("</tr>\n", out);
}

/* ---- pictures ---- */

static void picture(FILE *out, const struct sweep *sweep, int column, struct und_err *plots)
{
    char *svg = NULL, name[SWEEP_NAME];
    size_t size = 0;
    FILE *drawn;
    if (plots->code != UND_OK || (drawn = open_memstream(&svg, &size)) == NULL)
        return;
    sweep_plot(drawn, sweep, column, plots);
    fclose(drawn);
    sweep_column_name(&sweep->column[column], name, sizeof name);
    if (plots->code == UND_OK) {
        fputs("<figure class=\"plan\">", out);
        svg_inline(out, svg, name);
        fputs("<figcaption>", out);
        text_xml(out, name);
        fputs(": the mean or quantile with its 95% interval as a band; limits are dashed."
              "</figcaption></figure>\n",
              out);
    }
    free(svg);
}

static void pictures(FILE *out, const struct sweep *sweep, struct und_err *plots)
{
    int i;
    for (i = 0; i < sweep->n_columns && sweep_can_plot(sweep); i++)
        picture(out, sweep, i, plots);
}

/* ---- the page ---- */

void plan_page_begin(FILE *out, const struct sweep *sweep)
{
    char title[600];
    snprintf(title, sizeof title, "What if: %.500s", sweep->path);
    page_head(out, title);
    page_element(out, "h1", "", title);
}

static void say_limits(FILE *out, const struct sweep *sweep, const struct growth *growth)
{
    char text[512];
    int i;
    if (sweep->n_limits == 0)
        return;
    fputs("<ul>\n", out);
    for (i = 0; i < sweep->n_limits; i++) {
        sweep_limit_text(sweep, &sweep->limit[i], text, sizeof text);
        fputs("<li>", out);
        text_xml(out, text);
        if (growth->given && growth_passed(sweep, &sweep->limit[i], growth, text, sizeof text)) {
            fputs("; ", out);
            text_xml(out, text);
        }
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

void plan_page_part(FILE *out, const struct sweep *sweep, const struct growth *growth,
                    struct und_err *plots)
{
    char text[RECOMMEND_TEXT];
    const struct sweep_found *first = sweep->point[0].found;
    struct recommendation best = recommend(sweep);
    int i, chosen = sweep->prices.given ? best.point : -1;
    if (sweep->where) {
        fputs("<h2>", out);
        text_xml(out, sweep->where);
        fputs("</h2>\n", out);
    }
    if (*recommend_text(sweep, text))
        page_element(out, "p", "say", text);
    say_limits(out, sweep, growth);
    pictures(out, sweep, plots);
    head(out, sweep);
    for (i = 0; i < sweep->n_points; i++)
        row(out, sweep, i, i == chosen);
    fputs("</tbody></table></div>\n", out);
    if (first)
        fprintf(out,
                "<p class=\"soft\">%lld replications a point by the same random numbers, seed "
                "%llu. +- and what stands in brackets: 95%% intervals. A month has 30 days.</p>\n",
                (long long)first->replications, (unsigned long long)first->seed);
}

void plan_page_end(FILE *out)
{
    page_foot(out, NULL);
}
