/* Runs as Markdown: the page's parts in its order, the pictures left out. */
#include "run_internal.h"

#include "model/base/assert.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* On its line, and nothing in it begins a cell, a link or HTML. */
static void print_text(FILE *out, const char *text)
{
    char clean[4096];
    const char *at;
    text_clean(clean, sizeof clean, text);
    for (at = clean; *at; at++) {
        if (strchr("|\\`*_[]<>#", *at))
            fputc('\\', out);
        fputc(*at, out);
    }
}

/* As it stands, but for what would end the block, and for what a terminal would obey. */
static void print_code(FILE *out, const char *text)
{
    char *lines = NULL, *at;
    size_t size = 0;
    FILE *memory = open_memstream(&lines, &size);
    UND_ASSERT(memory != NULL);
    text_lines(memory, text);
    fclose(memory);
    fputs("```\n", out);
    for (at = lines; *at; at++)
        fputc(*at == '`' ? '\'' : *at, out);
    fputs(size > 0 && lines[size - 1] == '\n' ? "```\n" : "\n```\n", out);
    free(lines);
}

static void cell(FILE *out, const char *text)
{
    fputs("| ", out);
    print_text(out, text[0] ? text : "-");
    fputc(' ', out);
}

static void print_left(FILE *out, const struct run *run)
{
    const json_t *left = json_object_get(run->json, "left"), *one;
    size_t i;
    if (json_array_size(left) == 0)
        return;
    fputs("### Left undone, and how to undo it by hand\n\n", out);
    json_array_foreach ((json_t *)left, i, one) {
        fprintf(out, "- step %.0f, ", run_number(one, "step"));
        print_text(out, run_text(one, "what"));
        fputs(":\n\n", out);
        print_code(out, run_text(one, "by_hand"));
    }
    fputs("\nEvery later start tries again; once you have seen to one: `drill --close STEP --by "
          "NAME --reason TEXT FILE`\n\n",
          out);
}

static void print_stages(FILE *out, const struct run *run)
{
    int i;
    if (run->n_stages == 0)
        return;
    fprintf(out,
            "### Predicted, documented, measured\n\n"
            "| stage | predicted (%s) | documented | measured | percentile | verdict |\n"
            "|---|---|---|---|---|---|\n",
            run->kind == RUN_SIM ? "median, 5% to 95%" : "median, central 99%");
    for (i = 0; i < run->n_stages; i++) {
        const struct run_stage *stage = &run->stage[i];
        cell(out, stage->name);
        cell(out, stage->predicted);
        cell(out, stage->documented);
        cell(out, stage->measured);
        cell(out, stage->percentile);
        cell(out, stage->verdict);
        fputs("|\n", out);
    }
    fputc('\n', out);
}

static void print_claims(FILE *out, const struct run *run)
{
    int i;
    if (run->n_claims == 0)
        return;
    fputs("### What the documents claim\n\n| claim | documented | verdict | |\n|---|---|---|---|\n",
          out);
    for (i = 0; i < run->n_claims; i++) {
        cell(out, run->claim[i].name);
        cell(out, run->claim[i].limit);
        cell(out, run->claim[i].word);
        cell(out, run->claim[i].detail);
        fputs("|\n", out);
    }
    fputc('\n', out);
}

static void print_list(FILE *out, const json_t *list, const char *title)
{
    const json_t *one;
    size_t i;
    if (json_array_size(list) == 0)
        return;
    fputs(title, out);
    json_array_foreach ((json_t *)list, i, one) {
        fputs("- ", out);
        print_text(out, json_is_string(one) ? json_string_value(one) : "");
        fputc('\n', out);
    }
    fputc('\n', out);
}

static void print_events(FILE *out, const struct run *run)
{
    char clean[640], at[TEXT_VALUE];
    const char *c;
    int i;
    if (run->n_events == 0)
        return;
    fputs("### Timeline\n\n```\n", out);
    for (i = 0; i < run->n_events; i++) {
        const struct run_event *event = &run->event[i];
        char line[640];
        snprintf(line, sizeof line, "%.120s%s%.500s", event->host, event->host[0] ? ": " : "",
                 event->what);
        text_clean(clean, sizeof clean, line);
        fprintf(out, "%s%s  ", event->at_ms < 0 ? "-" : "",
                text_time(at, fabs((double)event->at_ms)));
        for (c = clean; *c; c++)
            fputc(*c == '`' ? '\'' : *c, out);
        fputc('\n', out);
    }
    if (run->events_left_out > 0)
        fprintf(out, "(%d more)\n", run->events_left_out);
    fputs("```\n\n", out);
}

static void print_evidence(FILE *out, const struct run *run)
{
    const json_t *evidence = json_object_get(run->json, "evidence"), *one;
    size_t i;
    if (json_array_size(evidence) == 0)
        return;
    fputs("### Evidence\n\nAs it was read and answered at the time, credentials taken out.\n\n",
          out);
    json_array_foreach ((json_t *)evidence, i, one) {
        print_text(out, run_text(one, "at"));
        fputs(", ", out);
        print_text(out, run_text(one, "source"));
        fputs(":\n\n", out);
        print_code(out, run_text(one, "text"));
        fputc('\n', out);
    }
}

static void print_actions(FILE *out, const struct run *run)
{
    const json_t *actions = json_object_get(run->json, "actions"), *one;
    char what[RUN_CELL], became[RUN_CELL];
    size_t i;
    fputs("### Injected and undone\n\n", out);
    if (json_array_size(actions) == 0)
        fprintf(out, "%s\n", run_nothing_injected(run));
    json_array_foreach ((json_t *)actions, i, one) {
        run_action(one, what, became);
        fputs("- ", out);
        print_text(out, what);
        fputs(": ", out);
        print_text(out, became);
        fputc('\n', out);
    }
    fputs("\n### Approved\n\n", out);
    print_text(out, run->approved);
    fputs("\n\n", out);
}

static void print_reproduce(FILE *out, const struct run *run)
{
    const json_t *lines = json_object_get(run->json, "reproduce"), *line;
    size_t i;
    if (!lines)
        return;
    fputs("### To see it again\n\n", out);
    if (json_is_string(lines))
        print_code(out, json_string_value(lines));
    json_array_foreach ((json_t *)lines, i, line)
        print_code(out, json_is_string(line) ? json_string_value(line) : "");
    fputc('\n', out);
}

static void print_facts(FILE *out, const struct run *run)
{
    const struct run_source *source = &run->source;
    const char *program = run_text(run->json, "program");
    const struct {
        const char *what, *value;
    } facts[] = {{"run ", source->number},
                 {"fleet ", run_text(run->json, "fleet")},
                 {"fleet hash ", source->fleet},
                 {"digest ", run_text(run->json, "digest")},
                 {"understudy ", program[0] ? program : source->version}};
    size_t i;
    bool any = false;
    for (i = 0; i < sizeof facts / sizeof *facts; i++)
        if (facts[i].value && facts[i].value[0]) {
            fprintf(out, "%s%s", any ? ", " : "", facts[i].what);
            print_text(out, facts[i].value);
            any = true;
        }
    fputs(any ? "\n" : "", out);
}

void run_print_markdown(FILE *out, const struct run *runs, int n)
{
    int i, j;
    for (i = 0; i < n; i++) {
        const struct run *run = &runs[i];
        fprintf(out, "%s## %s: ", i ? "\n" : "", run_kind_word(run->kind));
        print_text(out, run->title);
        fputs("\n\n", out);
        for (j = 0; j < 3; j++) {
            print_text(out, run->sentence[j]);
            fputs(j < 2 ? " " : "\n\n", out);
        }
        print_left(out, run);
        print_events(out, run);
        print_stages(out, run);
        print_claims(out, run);
        print_list(out, json_object_get(run->json, "notes"), "");
        print_evidence(out, run);
        print_actions(out, run);
        print_reproduce(out, run);
        print_facts(out, run);
    }
}
