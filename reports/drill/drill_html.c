/* A finished drill as one self-contained page. */
#include "drill_internal.h"

#include "reports/text/text.h"

#include <inttypes.h>
#include <stdlib.h>

static const char style[] =
    ":root{--ink:#1a1a1a;--soft:#5c5f66;--paper:#fff;--line:#d9dce1;--met:#1b6e3c;--not:#b3261e}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--soft:#a4a8b0;--paper:#141518;"
    "--line:#34373d;--met:#6fcf8f;--not:#ff8a80}}\n"
    "body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}thead th{color:var(--soft)}\n"
    ".verdict{font-weight:700}.inside{color:var(--met)}.wrong{color:var(--not)}"
    ".soft{color:var(--soft);font-size:.9rem}\n"
    ".foretold{width:100%;max-width:48rem;font:12px system-ui,sans-serif}.foretold "
    "text{fill:var(--ink)}"
    ".foretold .name{text-anchor:end}.foretold .scale{text-anchor:middle;fill:var(--soft)}"
    ".foretold .all{fill:var(--line)}.foretold .half{fill:var(--soft);opacity:.55}"
    ".foretold .median{fill:var(--ink)}.foretold .documented{stroke:var(--ink);stroke-dasharray:3}"
    ".foretold .beyond{fill:none;stroke:var(--soft);stroke-dasharray:3}"
    ".foretold .measured{fill:var(--met)}.foretold .off{fill:var(--not)}"
    ".foretold .open{fill:none;stroke:var(--ink);stroke-width:2}pre{overflow-x:auto;"
    "white-space:pre-wrap}\n"
    "td.at{white-space:nowrap;text-align:right}.measured{white-space:nowrap}\n"
    "@media(max-width:40rem){.foretold{min-width:36rem}.rows thead{display:none}"
    ".rows tr{display:grid;grid-template-columns:1fr 1fr;border-bottom:1px solid var(--line);"
    "padding:.3rem 0}.rows th,.rows td{border:0;padding:.1rem 0}.rows th,.rows "
    "td.v{grid-column:1/-1}.rows td::before{content:attr(data-is) \": \";color:var(--soft)}}\n"
    "@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--met:#1b6e3c;"
    "--not:#b3261e}html{font-size:10pt}body{max-width:none;padding:0;font-size:1rem}"
    "h1,h2{break-after:avoid}tr,li,svg{break-inside:avoid}.scroll{overflow:visible}"
    ".foretold{min-width:0}}\n";

static void element(FILE *out, const char *tag, const char *class, const char *text)
{
    fprintf(out, "<%s%s%s%s>", tag, *class ? " class=\"" : "", class, *class ? "\"" : "");
    text_xml(out, text);
    fprintf(out, "</%s>", tag);
}

/* A telephone has no room for the column's head: there its name stands before it. */
static void cell(FILE *out, const char *column, const char *class, const char *text)
{
    fprintf(out, "<td data-is=\"%s\"%s%s%s>", column, *class ? " class=\"" : "", class,
            *class ? "\"" : "");
    text_xml(out, text);
    fputs("</td>", out);
}

static void print_rows(FILE *out, const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    int i, n = drill_rows(page, rows);
    if (n == 0)
        return;
    fputs("<div class=\"scroll\"><table class=\"rows\"><thead><tr><th></th><th>predicted (central "
          "99%)</th>"
          "<th>documented</th><th>measured</th><th>percentile</th><th>verdict</th></tr></thead>"
          "<tbody>\n",
          out);
    for (i = 0; i < n; i++) {
        const struct drill_row *row = &rows[i];
        fputs("<tr>", out);
        element(out, "th", "", row->name);
        cell(out, "predicted", "v", row->predicted);
        cell(out, "documented", "", row->documented);
        cell(out, "measured", "measured", row->measured);
        cell(out, "percentile", "", row->percentile);
        cell(out, "verdict",
             row->wrong                                   ? "v wrong"
             : row->judgement.foretold == FORETOLD_INSIDE ? "v inside"
                                                          : "v soft",
             row->verdict);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_actions(FILE *out, const struct drill_page *page)
{
    int i;
    fputs("<h2>Injected and undone</h2><ul>\n", out);
    for (i = 0; i < page->scenario->drill.n_inject; i++) {
        if (page->report->action[i].intended_ms < 0)
            continue;
        fputs("<li>", out);
        text_xml(out, page->scenario->drill.inject[i].name);
        fprintf(out, ": %s</li>\n", stage_event_name(page->report->action[i].last));
    }
    fputs("</ul>\n", out);
}

static void print_left(FILE *out, const struct drill_page *page)
{
    size_t i;
    if (page->n_left == 0)
        return;
    fputs("<h2>Left undone, and how to undo it by hand</h2><ul>\n", out);
    for (i = 0; i < page->n_left; i++) {
        fprintf(out, "<li>step %lld, ", (long long)page->left[i].step);
        text_xml(out, page->left[i].what);
        element(out, "pre", "", page->left[i].by_hand);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

static void print_story(FILE *out, const struct drill_page *page)
{
    const struct drill_report *report = page->report;
    int64_t from_ms = drill_story_zero(report);
    size_t *order = drill_story_order(&report->timeline), i;
    fputs("<h2>Timeline</h2><div class=\"scroll\"><table><tbody>\n", out);
    for (i = 0; i < report->timeline.n; i++) {
        const struct timeline_entry *entry = &report->timeline.entry[order[i]];
        int64_t ms = entry->at_ms - from_ms;
        char at[TEXT_VALUE];
        fprintf(out, "<tr><td class=\"at\">%s%s</td>", ms < 0 ? "-" : "",
                text_time(at, (double)(ms < 0 ? -ms : ms)));
        element(out, "td", "",
                entry->host >= 0 ? page->scenario->fleet.hosts[entry->host].name : "");
        element(out, "td", entry->mark == MARK_NONE ? "soft" : "", entry->what);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    free(order);
}

void drill_html_head(FILE *out, const struct drill_page *page, const char *what)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head>"
          "<meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/>",
          out);
    element(out, "title", "", page->scenario->name);
    fprintf(out, "<style>%s</style></head><body>\n", style);
    fputs("<h1>", out);
    if (what[0])
        fprintf(out, "%s: ", what);
    text_xml(out, page->scenario->name);
    fputs("</h1>", out);
    if (page->scenario->about[0])
        element(out, "p", "soft", page->scenario->about);
}

void drill_html_foot(FILE *out, const struct drill_page *page)
{
    if (page->version) {
        fputs("<p class=\"soft\">understudy ", out);
        text_xml(out, page->version);
        fputs("</p>", out);
    }
    fputs("</body></html>\n", out);
}

static void print_circumstances(FILE *out, const struct drill_page *page)
{
    fputs("<p>", out);
    if (page->date) {
        text_xml(out, page->date);
        fputs(", ", out);
    }
    if (page->who) {
        text_xml(out, page->who);
        fputs(", ", out);
    }
    fputs("fleet ", out);
    text_xml(out, page->scenario->fleet.path);
    fprintf(out, ". Mode: %s, ", drill_mode_name(page));
    text_xml(out, drill_mode_words(page));
    fputs(".</p>\n", out);
}

void drill_print_html(FILE *out, const struct drill_page *page)
{
    char sentence[1024];
    drill_html_head(out, page, "");
    if (page->report) {
        drill_sentence(page, sentence, sizeof sentence);
        element(out, "p", "verdict", sentence);
        print_circumstances(out, page);
        print_left(out, page);
    }
    print_rows(out, page);
    if (page->prediction)
        fprintf(out, "<p class=\"soft\">%" PRId64 " rehearsals, seed %" PRIu64 ".</p>\n",
                page->prediction->replications, page->prediction->seed);
    drill_picture(out, page);
    if (page->report) {
        if (!page->report->watched)
            print_actions(out, page);
        print_story(out, page);
    }
    drill_html_foot(out, page);
}
