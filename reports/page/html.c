#include "html.h"
#include "page.h"

#include "model/base/assert.h"
#include "reports/plot/plot.h"
#include "reports/plot/svg.h"
#include "reports/text/claim.h"
#include "reports/text/table.h"
#include "reports/text/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define SENTENCE 1024

static void print_row(FILE *out, const struct claim *claim, const struct result *result)
{
    const struct quantity *quantity = claim_quantity(claim, result);
    enum metric like = claim->measure ? verdict_reads_as(claim->measure) : claim->metric;
    char text[CLAIM_DETAIL], value[TEXT_VALUE];
    fputs("<tr>", out);
    page_element(out, "td", "m", claim_word(claim));
    claim_limit_text(claim, text, sizeof text);
    page_element(out, "td", "n", text);
    page_element(out, "td", "n wide", text_quantile(value, like, quantity, 0.05));
    page_element(out, "td", "n", text_quantile(value, like, quantity, 0.5));
    page_element(out, "td", "n wide", text_quantile(value, like, quantity, 0.95));
    fprintf(out, "<td class=\"v\"><span class=\"word %s\">", claim_status_name(claim->status));
    text_xml(out, claim_status_word(claim->status));
    fputs("</span> ", out);
    claim_detail(claim, result, text);
    text_xml(out, text);
    fputs("</td></tr>\n", out);
}

static void print_head(FILE *out)
{
    fputs("<div class=\"scroll\"><table class=\"claims\">\n<thead><tr><th scope=\"col\" "
          "class=\"m\">time or "
          "share</th><th scope=\"col\">documented</th><th scope=\"col\" class=\"wide\">p5</th>"
          "<th scope=\"col\">p50</th><th scope=\"col\" class=\"wide\">p95</th>"
          "<th scope=\"col\" class=\"v\">verdict</th></tr></thead>\n<tbody>\n",
          out);
}

/* The scenario's rows in the summary: its claims, or one row that says that it has none. */
static void print_summary_rows(FILE *out, const struct report *report, int number)
{
    struct claim rows[CLAIM_ROWS];
    int n = report->result ? claim_rows(report, rows) : 0, shown = 0, i;
    char name[3 * FLEET_NAME];
    report_name(name, sizeof name, report);
    fprintf(out, "<tr class=\"g\"><th colspan=\"6\" scope=\"rowgroup\"><a href=\"#s%d\">", number);
    text_xml(out, name);
    fputs("</a></th></tr>\n", out);
    for (i = 0; i < n; i++)
        if (rows[i].status >= CLAIM_MET) {
            print_row(out, &rows[i], report->result);
            shown++;
        }
    if (shown == 0)
        fprintf(out, "<tr class=\"none\"><td class=\"m\" colspan=\"6\">%s</td></tr>\n",
                report->result ? "no claims" : "did not run");
}

static void print_summary(FILE *out, const struct report *reports, int n)
{
    int i;
    print_head(out);
    for (i = 0; i < n; i++)
        print_summary_rows(out, &reports[i], i + 1);
    fputs("</tbody></table></div>\n", out);
}

static void print_plot(FILE *out, const struct report *report, enum plot plot,
                       struct und_err *plots)
{
    FILE *picture;
    char *svg, caption[512];
    if (plots->code != UND_OK || !plot_has(report, plot))
        return;
    picture = tmpfile();
    if (picture == NULL) {
        und_fail(plots, UND_SERVICE, "gnuplot: no temporary file");
        return;
    }
    plot_caption(report, plot, caption, sizeof caption);
    if (plot_print(picture, report, plot, PLOT_SVG, plots) == UND_OK &&
        (svg = text_slurp(picture)) != NULL) {
        fputs("<figure>", out);
        svg_inline(out, svg, caption);
        page_element(out, "figcaption", "", caption);
        fputs("</figure>\n", out);
        free(svg);
    }
    fclose(picture);
}

static void print_item(FILE *out, const char *class, const char *text)
{
    if (*text == '\0')
        return;
    page_element(out, "li", class, text);
    fputc('\n', out);
}

static void print_notes(FILE *out, const struct report *report, const struct claim *rows, int n)
{
    char text[SENTENCE], expectation[400];
    int i;
    fputs("<ul>\n", out);
    for (i = 0; i < report->scenario->n_faults; i++) {
        table_target(report, i, text, sizeof text);
        print_item(out, "", text);
    }
    for (i = 0; i < n; i++) {
        claim_why(&rows[i], report, text, sizeof text);
        print_item(out, "", text);
        claim_unobserved(&rows[i], report->result, text, sizeof text);
        print_item(out, "", text);
    }
    if (report->result->unstable)
        print_item(out, "failed", "unstable: the queue grew without bound");
    table_method(report->result, text, sizeof text);
    print_item(out, "", text);
    table_rare(&report->result->rare, text, sizeof text);
    print_item(out, "", text);
    if (n > 0) { /* else the rows have said it */
        table_load(report, text, sizeof text);
        print_item(out, "", text);
    }
    table_difference(report, text, sizeof text);
    print_item(out, "", text);
    for (i = 0; i < report->result->n_verdicts; i++) {
        const struct verdict *verdict = &report->result->verdicts[i];
        table_expectation(verdict, expectation, sizeof expectation);
        snprintf(text, sizeof text, "expectation %s: %s",
                 verdict->pass        ? "held"
                 : verdict->undecided ? "NOT DECIDED"
                                      : "FAILED",
                 expectation);
        print_item(out, verdict->pass ? "" : "failed", text);
    }
    fputs("</ul>\n", out);
}

static void print_reproduce(FILE *out, const struct report *report)
{
    char *line = NULL;
    size_t size;
    FILE *memory = open_memstream(&line, &size);
    if (memory == NULL)
        return;
    report_reproduce(memory, report);
    fclose(memory);
    fputs("<pre><code>", out);
    text_xml(out, line);
    fputs("</code></pre>\n", out);
    free(line);
}

static void print_facts(FILE *out, const struct report *report)
{
    const struct result *result = report->result;
    char each[TEXT_VALUE];
    text_time(each, result->replications > 0
                        ? (double)result->simulated_ms / (double)result->replications
                        : NAN);
    fprintf(out,
            "<p class=\"soft\">%" PRId64 " replications of %s, seed %" PRIu64 ", digest %016" PRIx64
            "<br/>fleet ",
            result->replications, each, result->seed, result->digest);
    text_xml(out, report->scenario->fleet.path);
    fprintf(out, ": %d host%s, %d slots</p>\n", report->scenario->fleet.n_hosts,
            report->scenario->fleet.n_hosts == 1 ? "" : "s", fleet_slots(&report->scenario->fleet));
}

static void print_workload(FILE *out, const struct result *result)
{
    char text[TEXT_VALUE];
    size_t i;
    fputs("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\"></th><th scope=\"col\">"
          "mean</th><th scope=\"col\">&#177; 95%</th><th scope=\"col\">p50</th>"
          "<th scope=\"col\">p95</th></tr></thead>\n<tbody>\n",
          out);
    for (i = 0; i < TABLE_WORKLOAD; i++) {
        enum metric metric = table_workload[i];
        const struct quantity *quantity = &result->metric[metric];
        if (quantity->n + quantity->censored == 0 ||
            (metric == METRIC_GIVEN_UP && quantity->mean <= 0))
            continue;
        fputs("<tr>", out);
        page_element(out, "td", "m", claim_metric_word(metric));
        page_element(out, "td", "n", text_mean(text, metric, quantity));
        page_element(out, "td", "n", text_around(text, metric, quantity));
        page_element(out, "td", "n", text_quantile(text, metric, quantity, 0.5));
        page_element(out, "td", "n", text_quantile(text, metric, quantity, 0.95));
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_measure(FILE *out, const char *name, enum metric like, const struct quantity *q,
                          const char *never)
{
    char text[TEXT_VALUE];
    fputs("<tr>", out);
    page_element(out, "td", "m", name);
    page_element(out, "td", "n", q->n + q->censored == 0 ? never : text_mean(text, like, q));
    page_element(out, "td", "n", text_around(text, like, q));
    page_element(out, "td", "n", text_quantile(text, like, q, 0.5));
    page_element(out, "td", "n", text_quantile(text, like, q, 0.95));
    fputs("</tr>\n", out);
}

static void print_measures(FILE *out, const struct report *report)
{
    const struct result *result = report->result;
    int i;
    if (result->n_facets == 0 && report->scenario->asked == 0)
        return;
    fputs("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">measure</th>"
          "<th scope=\"col\">mean</th><th scope=\"col\">&#177; 95%</th>"
          "<th scope=\"col\">p50</th><th scope=\"col\">p95</th></tr></thead>\n<tbody>\n",
          out);
    for (i = 0; i < METRIC_COUNT; i++)
        if (scenario_asks(report->scenario, (enum metric)i))
            print_measure(out, claim_metric_word((enum metric)i), (enum metric)i,
                          &result->metric[i], "never came about");
    for (i = 0; i < result->n_facets; i++) {
        const struct facet_result *one = &result->facets[i];
        print_measure(out, one->facet.said, facet_reads_as(&one->facet), &one->quantity,
                      result->unstable ? "-" : facet_never(&one->facet));
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_claims(FILE *out, const struct claim *rows, int n, const struct result *result)
{
    int i;
    print_head(out);
    for (i = 0; i < n; i++)
        print_row(out, &rows[i], result);
    fputs("</tbody></table></div>\n", out);
}

static void print_section(FILE *out, const struct report *report, int number, struct und_err *plots)
{
    struct claim rows[CLAIM_ROWS];
    char name[3 * FLEET_NAME];
    int n;
    report_name(name, sizeof name, report);
    fprintf(out, "<section id=\"s%d\">\n<h2>", number);
    text_xml(out, name);
    fputs("</h2>\n", out);
    if (report->result == NULL) {
        page_element(out, "p", "failed", report->error);
        fputs("\n</section>\n", out);
        return;
    }
    page_element(out, "p", "", report->scenario->about);
    print_facts(out, report);
    n = claim_rows(report, rows);
    if (n > 0)
        print_claims(out, rows, n, report->result);
    else
        print_workload(out, report->result);
    print_measures(out, report);
    print_notes(out, report, rows, n);
    print_plot(out, report, PLOT_ECDF, plots);
    print_plot(out, report, PLOT_STRIP, plots);
    print_reproduce(out, report);
    fputs("</section>\n", out);
}

void html_print(FILE *out, const struct report *reports, int n, struct und_err *plots)
{
    struct table_summary summary = table_summarise(reports, n);
    char date[TEXT_VALUE];
    char text[SENTENCE];
    int i;
    page_head(out, "understudy: documented and simulated");
    page_element(out, "h1", "", "What the documents claim, and what happens");
    fputc('\n', out);
    table_summary_text(&summary, text, sizeof text);
    page_element(out, "p", "", text);
    fputs(
        "\n<p class=\"soft\">A documented time is met if at least 95% of all cases are no "
        "slower, at 95% confidence; IMPOSSIBLE means that none of them was; not shown, that more "
        "replications are needed to tell; not decided, that a longer run is. Times are h:min:s or "
        "min:s; p5, p50 and p95 are quantiles over the faults, of waits over the jobs, of queue "
        "and slots over time; &gt; is beyond what was seen before the run ended.</p>\n",
        out);
    fprintf(out, "<p class=\"soft\">Made on <time>%s</time></p>\n", text_date(date));
    if (n > 1)
        print_summary(out, reports, n);
    for (i = 0; i < n; i++)
        print_section(out, &reports[i], i + 1, plots);
    page_foot(out, n > 0 ? reports[0].version : NULL);
}
