/* Pages and Markdown of drills: those of all runs (reports/run), made of the drill's JSON. */
#include "drill_internal.h"

#include "model/base/assert.h"
#include "reports/page/page.h"
#include "reports/run/run.h"
#include "reports/text/text.h"

#include <stdlib.h>
#include <string.h>

/* The caller's, with the JSON that it points into. */
static struct run *run_of(const struct drill_page *page, json_t **json)
{
    struct run *run = calloc(1, sizeof *run);
    struct und_err err = {0};
    UND_ASSERT(run != NULL);
    *json = drill_json(page);
    run_read(run, *json, NULL, page->scenario->name, &err);
    UND_ASSERT(err.code == UND_OK);
    return run;
}

void drill_print_html(FILE *out, const struct drill_page *page, struct und_err *plots)
{
    json_t *json;
    struct run *run = run_of(page, &json);
    run_print_html(out, run, 1, plots);
    free(run);
    json_decref(json);
}

void drill_print_markdown(FILE *out, const struct drill_page *page)
{
    json_t *json;
    struct run *run = run_of(page, &json);
    run_print_markdown(out, run, 1);
    free(run);
    json_decref(json);
}

/* Line by line: what escapes text keeps names on theirs. Cuts `text` up. */
static void print_lines(FILE *out, char *text)
{
    char *line;
    while ((line = strsep(&text, "\n")) != NULL) {
        text_xml(out, line);
        if (text != NULL)
            fputc('\n', out);
    }
}

/* What a ticket of a change wants: the plan as it is printed, and what is foretold. */
void drill_plan_html(FILE *out, const struct drill_page *page, struct und_err *plots)
{
    char *text = NULL, title[sizeof page->scenario->name + 8];
    size_t size = 0;
    json_t *json;
    struct run *run = run_of(page, &json);
    FILE *plan = open_memstream(&text, &size);
    UND_ASSERT(plan != NULL);
    drill_print_plan(plan, page);
    fclose(plan);
    snprintf(title, sizeof title, "Plan: %s", page->scenario->name);
    page_head(out, title);
    page_element(out, "h1", "", title);
    if (page->scenario->about[0])
        page_element(out, "p", "soft", page->scenario->about);
    fputs("<p class=\"soft\">", out);
    if (page->date)
        fprintf(out, "Made on <time>%s</time>, ", page->date);
    fputs("fleet ", out);
    text_xml(out, page->scenario->fleet.path);
    fputs("</p><pre>", out);
    print_lines(out, text);
    fputs("</pre>\n", out);
    if (page->prediction)
        run_print_stages_figure(out, run, plots);
    page_foot(out, page->version);
    free(text);
    free(run);
    json_decref(json);
}
