#include "fit_page.h"
#include "fit_plot.h"
#include "model/base/units.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>

static const char style[] =
    ":root{--ink:#1a1a1a;--soft:#5c5f66;--paper:#fff;--line:#d9dce1;--not:#b3261e}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--soft:#a4a8b0;--paper:#141518;"
    "--line:#34373d;--not:#ff8a80}figure svg{filter:invert(.92) hue-rotate(180deg)}}\n"
    "body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;overflow-wrap:anywhere}h2{font-size:1.2rem;margin-top:2rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--line);"
    "vertical-align:top}thead th{color:var(--soft)}th:first-child,td:first-child{text-align:left}\n"
    ".not{color:var(--not);font-weight:700}.soft{color:var(--soft);font-size:.9rem}\n"
    "figure{margin:1.2rem 0;overflow-x:auto}figure svg{display:block;width:100%;min-width:36rem;"
    "height:auto}figcaption{color:var(--soft);font-size:.85rem}\n"
    "@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--not:#b3261e}"
    "html{font-size:10pt}body{max-width:none;padding:0;font-size:1rem}figure svg{filter:none;"
    "min-width:0}h1,h2,h3{break-after:avoid}tr,li,figure{break-inside:avoid}"
    ".scroll,figure{overflow:visible}}\n";

static void element(FILE *out, const char *tag, const char *class, const char *text)
{
    fprintf(out, "<%s%s%s%s>", tag, *class ? " class=\"" : "", class, *class ? "\"" : "");
    text_xml(out, text);
    fprintf(out, "</%s>", tag);
}

static void row(FILE *out, const char *name, const char *value, const char *range)
{
    fputs("<tr>", out);
    element(out, "td", "", name);
    element(out, "td", "", value);
    element(out, "td", "", range);
    fputs("</tr>\n", out);
}

static void number(FILE *out, const char *name, const struct measured *measured, double scale,
                   const char *unit)
{
    char value[64], range[64];
    if (isnan(measured->value))
        return;
    snprintf(value, sizeof value, "%.4g%s", measured->value * scale, unit);
    snprintf(range, sizeof range, "%.4g to %.4g%s", measured->interval.low * scale,
             measured->interval.high * scale, unit);
    row(out, name, value, isnan(measured->interval.low) ? "" : range);
}

static void print_host(FILE *out, const struct host_fit *host)
{
    char name[FLEET_NAME + 32], text[64];
    snprintf(name, sizeof name, "MTBF of %s, hours", host->watched->name);
    number(out, name, &host->mtbf, 1 / 3600000.0, "");
    snprintf(text, sizeof text, "at least %.4g", host->mtbf.interval.low / 3600000.0);
    if (isnan(host->mtbf.value) && !isnan(host->mtbf.interval.low))
        row(out, name, "no outage seen", text);
    snprintf(name, sizeof name, "MTTR of %s, minutes", host->watched->name);
    number(out, name, &host->mttr, 1 / 60000.0, "");
}

static void print_numbers(FILE *out, const struct fit *fit)
{
    const struct arrivals *arrivals = &fit->arrivals;
    char every[UNITS_TEXT], p[64];
    int i;
    fputs("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">what</th><th scope=\"col\">"
          "fitted</th><th scope=\"col\">95% interval</th></tr></thead><tbody>\n",
          out);
    number(out, arrivals->trended ? "runs a day, at the end of the trend" : "runs a day",
           &arrivals->rate, (double)UNITS_DAY, "");
    number(out, arrivals->trended ? "growth a month" : "growth a month (not told from chance)",
           &arrivals->growth, 100, "%");
    number(out, "jobs a run", &fit->fan_out.mean, 1, "");
    snprintf(p, sizeof p, "p %.2g", arrivals->modulation.p);
    if (arrivals->modulation.present) {
        char name[96];
        snprintf(name, sizeof name, "spread of the rate beyond the profile (cv2), every %s",
                 units_format_duration(arrivals->modulation.every_ms, every));
        row(out, "Poisson arrivals", "do not fit", p);
        number(out, name, &arrivals->modulation.cv2, 1, "");
    } else if (!isnan(arrivals->modulation.p)) {
        row(out, "Poisson arrivals", "not rejected", p);
    }
    for (i = 0; i < fit->n_hosts; i++)
        print_host(out, &fit->hosts[i]);
    number(out, "jobs that fail", &fit->failed, 100, "%");
    number(out, "jobs that are cancelled", &fit->cancelled, 100, "%");
    number(out, "jobs that are a re-run", &fit->rerun, 100, "%");
    number(out, "pick-up, median", &fit->pickup_p50, 1e-3, " s");
    number(out, "pick-up, 95% point", &fit->pickup_p95, 1e-3, " s");
    fputs("</tbody></table></div>\n", out);
}

static void print_plot(FILE *out, const struct fit *fit, enum fit_plot plot, struct und_err *plots)
{
    FILE *picture;
    char *svg;
    if (plots->code != UND_OK || !fit_plot_has(fit, plot))
        return;
    if ((picture = tmpfile()) == NULL) {
        und_fail(plots, UND_SERVICE, "gnuplot: no temporary file");
        return;
    }
    if (fit_plot_print(picture, fit, plot, plots) == UND_OK &&
        (svg = text_slurp(picture)) != NULL) {
        fputs("<figure>", out);
        svg_inline(out, svg, fit_plot_caption(plot));
        element(out, "figcaption", "", fit_plot_caption(plot));
        fputs("</figure>\n", out);
        free(svg);
    }
    fclose(picture);
}

static void time_cell(FILE *out, const struct measured *measured)
{
    char value[TEXT_VALUE], low[TEXT_VALUE], high[TEXT_VALUE], text[4 * TEXT_VALUE];
    snprintf(text, sizeof text, "%s", text_time(value, measured->value));
    if (!isnan(measured->interval.low))
        snprintf(text, sizeof text, "%s (%s-%s)", value, text_time(low, measured->interval.low),
                 text_time(high, measured->interval.high));
    element(out, "td", "", text);
}

static void print_classes(FILE *out, const struct fit *fit)
{
    char text[96];
    int i;
    fputs("<h2>Durations by class</h2><div class=\"scroll\"><table><thead><tr><th "
          "scope=\"col\">class</th><th scope=\"col\">share</th><th scope=\"col\">durations</th><th "
          "scope=\"col\">p50</th><th scope=\"col\">p95</th></tr></thead><tbody>\n",
          out);
    for (i = 0; i < fit->n_classes; i++) {
        const struct class_fit *class_fit = &fit->classes[i];
        const struct lifetime_fit *one = &class_fit->candidate[class_fit->chosen];
        fputs("<tr>", out);
        element(out, "td", "", class_fit->name);
        snprintf(text, sizeof text, "%.2f%% (%.2f-%.2f%%)", 100 * class_fit->weight.value,
                 100 * class_fit->weight.interval.low, 100 * class_fit->weight.interval.high);
        element(out, "td", "", text);
        if (class_fit->model == DURATION_FAMILY)
            snprintf(text, sizeof text, "%s, p %.2g", dist_kind_name(one->kind), one->p);
        else
            snprintf(text, sizeof text, "%s",
                     class_fit->model == DURATION_FIXED ? "fixed" : "empirical");
        element(out, "td", "", text);
        time_cell(out, &class_fit->p50);
        time_cell(out, &class_fit->p95);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_holdout(FILE *out, const struct holdout *holdout)
{
    char text[4][TEXT_VALUE], range[3 * TEXT_VALUE];
    int i;
    fputs("<h2>Does it predict?</h2>\n", out);
    if (holdout->why[0] != '\0') {
        element(out, "p", "", holdout->why);
        return;
    }
    fprintf(out,
            "<p>Fitted without the last %.0f%% of the time, whose %lld jobs on %d slots are "
            "predicted: %d of %d within what was foretold.</p>\n"
            "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">of the rest</th><th "
            "scope=\"col\">measured</th><th scope=\"col\">predicted</th><th scope=\"col\">95%% of "
            "the predictions</th></tr></thead><tbody>\n",
            100 * holdout->share, (long long)holdout->jobs, holdout->slots, holdout->inside,
            holdout->of);
    for (i = 0; i < HOLDOUT_COUNT; i++) {
        if (isnan(holdout->row[i].measured) || isnan(holdout->row[i].predicted))
            continue;
        fputs("<tr>", out);
        element(out, "td", "", holdout_name((enum holdout_of)i));
        element(out, "td", holdout->row[i].inside ? "" : "not",
                holdout_value(text[0], (enum holdout_of)i, holdout->row[i].measured));
        element(out, "td", "",
                holdout_value(text[1], (enum holdout_of)i, holdout->row[i].predicted));
        snprintf(range, sizeof range, "%s to %s",
                 holdout_value(text[2], (enum holdout_of)i, holdout->row[i].interval.low),
                 holdout_value(text[3], (enum holdout_of)i, holdout->row[i].interval.high));
        element(out, "td", "", range);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

void fit_page_print(FILE *out, const struct fit *fit, const struct holdout *holdout,
                    struct und_err *plots)
{
    char date[TEXT_VALUE];
    int i;
    fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head>"
          "<meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/>"
          "<title>A fleet fitted to its history</title>",
          out);
    fprintf(out, "<style>%s</style></head><body>\n<h1>Fitted to ", style);
    text_xml(out, fit->history->path);
    fprintf(out,
            "</h1>\n<p>%zu jobs of %zu runs in %.1f days.</p>\n<p>Made on "
            "<time>%s</time></p>\n",
            fit->n, fit->runs, (double)fit->arrivals.observed_ms / (double)UNITS_DAY,
            text_date(date));
    print_numbers(out, fit);
    print_plot(out, fit, FIT_PLOT_PROFILE, plots);
    print_plot(out, fit, FIT_PLOT_DAYS, plots);
    print_classes(out, fit);
    print_plot(out, fit, FIT_PLOT_DURATIONS, plots);
    if (holdout != NULL)
        print_holdout(out, holdout);
    fputs("<h2>Left out, assumed, or not to be told</h2>\n<ul>\n", out);
    for (i = 0; i < fit->n_notes; i++) {
        element(out, "li", "", fit->note[i]);
        fputc('\n', out);
    }
    fputs("</ul></body></html>\n", out);
}
