/* Runs as one page. */
#include "run_internal.h"

#include "reports/page/page.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum und_code drawer(FILE *out, const struct run *run, struct und_err *err);

static void figure(FILE *out, const struct run *run, drawer *draw, const char *caption,
                   struct und_err *plots)
{
    FILE *picture = plots->code == UND_OK ? tmpfile() : NULL;
    char *svg;
    if (!picture)
        return;
    if (draw(picture, run, plots) == UND_OK && (svg = text_slurp(picture)) != NULL) {
        fputs("<figure>", out);
        svg_inline(out, svg, caption);
        page_element(out, "figcaption", "", caption);
        fputs("</figure>\n", out);
        free(svg);
    }
    fclose(picture);
}

static void title(FILE *out, const char *text)
{
    page_element(out, "h3", "", text);
    fputc('\n', out);
}

static void print_sentences(FILE *out, const struct run *run)
{
    int i;
    for (i = 0; i < 3; i++) {
        page_element(out, "p", i == 1 ? "verdict" : "", run->sentence[i]);
        fputc('\n', out);
    }
    if (run->about[0])
        page_element(out, "p", "soft", run->about);
}

static void print_left(FILE *out, const struct run *run)
{
    const json_t *left = json_object_get(run->json, "left"), *one;
    size_t i;
    if (json_array_size(left) == 0)
        return;
    title(out, "Left undone, and how to undo it by hand");
    fputs("<ul>\n", out);
    json_array_foreach ((json_t *)left, i, one) {
        fprintf(out, "<li>step %.0f, ", run_number(one, "step"));
        text_xml(out, run_text(one, "what"));
        page_element(out, "pre", "", run_text(one, "by_hand"));
        fputs("</li>\n", out);
    }
    fputs("</ul>\n<p>Every later start tries again; once you have seen to one: <code>drill --close "
          "STEP --by NAME --reason TEXT FILE</code></p>\n",
          out);
}

static void print_events(FILE *out, const struct run *run, struct und_err *plots)
{
    int i;
    title(out, "Timeline");
    if (run->n_events == 0) {
        page_element(out, "p", "soft",
                     "None was kept: of a simulation it is, where the run is stored (--store).");
        return;
    }
    if (run_has_events(run))
        figure(out, run, run_draw_events, run_events_caption, plots);
    fputs("<div class=\"scroll\"><table class=\"story\"><tbody>\n", out);
    for (i = 0; i < run->n_events; i++) {
        const struct run_event *event = &run->event[i];
        char at[TEXT_VALUE];
        fprintf(out, "<tr><td class=\"n\">%s%s</td>", event->at_ms < 0 ? "-" : "",
                text_time(at, fabs((double)event->at_ms)));
        page_element(out, "td", "l", event->host);
        page_element(out, "td", event->mark[0] ? "l" : "l soft", event->what);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    if (run->events_left_out > 0)
        fprintf(out, "<p class=\"soft\">%d more are left out.</p>\n", run->events_left_out);
}

void run_print_stages_figure(FILE *out, const struct run *run, struct und_err *plots)
{
    if (run_has_stages(run))
        figure(out, run, run_draw_stages, run_stages_caption, plots);
}

static void print_stage(FILE *out, const struct run *run, const struct run_stage *stage)
{
    fputs("<tr>", out);
    page_element(out, "th", "", stage->name);
    page_cell(out, "predicted", "v", stage->predicted);
    page_cell(out, "documented", "n", stage->documented);
    if (run->kind == RUN_DRILL || run->kind == RUN_INCIDENT) {
        page_cell(out, "measured", "n", stage->measured);
        page_cell(out, "percentile", "n", stage->percentile);
    }
    if (run->kind != RUN_REHEARSAL)
        page_cell(out, "verdict", stage->wrong ? "v wrong" : "v", stage->verdict);
    fputs("</tr>\n", out);
}

static void print_stages(FILE *out, const struct run *run, struct und_err *plots)
{
    int i;
    if (run->n_stages == 0)
        return;
    title(out, run->kind == RUN_DRILL      ? "Predicted, documented, measured"
               : run->kind == RUN_INCIDENT ? "Measured"
                                           : "Predicted and documented");
    run_print_stages_figure(out, run, plots);
    fprintf(out,
            "<div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">stage</th>"
            "<th scope=\"col\">predicted (%s)</th><th scope=\"col\">documented</th>%s%s</tr>"
            "</thead><tbody>\n",
            run->kind == RUN_SIM ? "median, 5% to 95%" : "median, central 99%",
            run->kind == RUN_DRILL || run->kind == RUN_INCIDENT
                ? "<th scope=\"col\">measured</th><th scope=\"col\">percentile</th>"
                : "",
            run->kind != RUN_REHEARSAL ? "<th scope=\"col\">verdict</th>" : "");
    for (i = 0; i < run->n_stages; i++)
        print_stage(out, run, &run->stage[i]);
    fputs("</tbody></table></div>\n", out);
}

static void print_claims(FILE *out, const struct run *run)
{
    int i;
    if (run->n_claims == 0)
        return;
    title(out, "What the documents claim");
    fputs("<div class=\"scroll\"><table class=\"rows\"><thead><tr><th scope=\"col\">claim</th>"
          "<th scope=\"col\">documented</th><th scope=\"col\">verdict</th></tr></thead><tbody>\n",
          out);
    for (i = 0; i < run->n_claims; i++) {
        const struct run_claim *claim = &run->claim[i];
        fputs("<tr>", out);
        page_element(out, "th", "", claim->name);
        page_cell(out, "documented", "n", claim->limit);
        fputs("<td class=\"v\" data-is=\"verdict\"><span class=\"word ", out);
        text_xml(out, claim->status);
        fputs("\">", out);
        text_xml(out, claim->word);
        fputs("</span> ", out);
        text_xml(out, claim->detail);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_notes(FILE *out, const struct run *run)
{
    const json_t *notes = json_object_get(run->json, "notes"), *note;
    size_t i;
    if (json_array_size(notes) == 0)
        return;
    fputs("<ul>\n", out);
    json_array_foreach ((json_t *)notes, i, note) {
        page_element(out, "li", "", json_is_string(note) ? json_string_value(note) : "");
        fputc('\n', out);
    }
    fputs("</ul>\n", out);
}

static void print_actions(FILE *out, const struct run *run)
{
    const json_t *actions = json_object_get(run->json, "actions"), *one;
    char what[RUN_CELL], became[RUN_CELL];
    size_t i;
    title(out, "Injected and undone");
    if (json_array_size(actions) == 0) {
        page_element(out, "p", "", run_nothing_injected(run));
        fputc('\n', out);
        return;
    }
    fputs("<ul>\n", out);
    json_array_foreach ((json_t *)actions, i, one) {
        run_action(one, what, became);
        fputs("<li>", out);
        text_xml(out, what);
        fputs(": ", out);
        text_xml(out, became);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

static void print_evidence(FILE *out, const struct run *run)
{
    const json_t *evidence = json_object_get(run->json, "evidence"), *one;
    size_t i;
    if (json_array_size(evidence) == 0)
        return;
    title(out, "Evidence");
    page_element(out, "p", "soft",
                 "As it was read and answered at the time, credentials taken out.");
    json_array_foreach ((json_t *)evidence, i, one) {
        fputs("<p class=\"soft\">", out);
        text_xml(out, run_text(one, "at"));
        fputs(", ", out);
        text_xml(out, run_text(one, "source"));
        fputs("</p>", out);
        page_element(out, "pre", "", run_text(one, "text"));
        fputc('\n', out);
    }
}

static void print_reproduce(FILE *out, const struct run *run)
{
    const json_t *lines = json_object_get(run->json, "reproduce"), *line;
    size_t i;
    title(out, "To see it again");
    if (json_is_string(lines))
        page_element(out, "pre", "", json_string_value(lines));
    json_array_foreach ((json_t *)lines, i, line)
        page_element(out, "pre", "", json_is_string(line) ? json_string_value(line) : "");
    if (!lines)
        page_element(out, "p", "soft", "No line was kept with it.");
    fputc('\n', out);
}

static void fact(FILE *out, const char *what, const char *value, bool *any)
{
    if (!value || !value[0])
        return;
    fprintf(out, "%s%s ", *any ? ", " : "", what);
    text_xml(out, value);
    *any = true;
}

static void print_facts(FILE *out, const struct run *run)
{
    const struct run_source *source = &run->source;
    const char *digest = run_text(run->json, "digest"), *program = run_text(run->json, "program");
    bool any = false;
    fputs("<p class=\"soft\">", out);
    fact(out, "run", source->number, &any);
    fact(out, "fleet", run_text(run->json, "fleet"), &any);
    fact(out, "fleet hash", source->fleet, &any);
    fact(out, "digest", digest[0] ? digest : source->digest, &any);
    fact(out, "understudy", program[0] ? program : source->version, &any);
    fputs("</p>\n", out);
}

static void name_run(const struct run *run, char *out, size_t size)
{
    snprintf(out, size, "%s: %s",
             run->source.kind && strcmp(run->source.kind, "test") == 0 ? "test"
                                                                       : run_kind_word(run->kind),
             run->title);
}

static void print_run(FILE *out, const struct run *run, struct und_err *plots)
{
    print_sentences(out, run);
    print_left(out, run);
    print_events(out, run, plots);
    print_stages(out, run, plots);
    print_claims(out, run);
    print_notes(out, run);
    print_evidence(out, run);
    print_actions(out, run);
    title(out, "Approved");
    page_element(out, "p", "", run->approved);
    print_reproduce(out, run);
    print_facts(out, run);
}

static void print_list(FILE *out, const struct run *runs, int n)
{
    char name[RUN_CELL + 40];
    int i;
    fputs("<ol>\n", out);
    for (i = 0; i < n; i++) {
        name_run(&runs[i], name, sizeof name);
        fprintf(out, "<li><a href=\"#r%d\">", i + 1);
        text_xml(out, name);
        fputs("</a>: ", out);
        text_xml(out, runs[i].sentence[1]);
        fputs("</li>\n", out);
    }
    fputs("</ol>\n", out);
}

void run_print_html(FILE *out, const struct run *runs, int n, struct und_err *plots)
{
    char heading[RUN_CELL + 40], date[TEXT_VALUE];
    int i;
    if (n == 1)
        name_run(&runs[0], heading, sizeof heading);
    else
        snprintf(heading, sizeof heading, "Report of %d runs", n);
    page_head(out, heading);
    page_element(out, "h1", "", heading);
    fprintf(out, "\n<p class=\"soft\">Made on <time>%s</time>; times are min:s or h:min:s.</p>\n",
            text_date(date));
    if (n > 1)
        print_list(out, runs, n);
    for (i = 0; i < n; i++) {
        fprintf(out, "<section id=\"r%d\">\n", i + 1);
        if (n > 1) {
            name_run(&runs[i], heading, sizeof heading);
            page_element(out, "h2", "", heading);
        }
        print_run(out, &runs[i], plots);
        fputs("</section>\n", out);
    }
    page_foot(out, NULL);
}
