/* A finished drill, or a rehearsal, as text, Markdown and JSON. */
#include "drill_internal.h"

#include "model/base/assert.h"
#include "reports/text/table.h"
#include "reports/text/text.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE 1024
#define CELLS 6    /* of a row; the last three are of what was measured */
#define VERDICT 28 /* columns; a longer one is wrapped */
#define HANG 2     /* of a sentence that goes on in the next line */

static void print_padded(FILE *out, const char *text, int columns)
{
    int pad = columns - text_columns(text);
    fputs(text, out);
    fprintf(out, "%*s", pad > 0 ? pad : 0, "");
}

/* The first table, its columns one row of cells after another: head, then the measures. */
struct grid {
    const char *cell[MEASURE_COUNT + 1][CELLS];
    int rows, columns, width[CELLS]; /* a column is as wide as its widest cell */
};

static void make_grid(struct grid *grid, const struct drill_row *rows, int n, bool measured)
{
    static const char *const head[CELLS] = {
        "", "predicted (central 99%)", "documented", "measured", "percentile", "verdict"};
    int i, j;
    *grid = (struct grid){.rows = n + 1, .columns = measured ? CELLS : CELLS / 2};
    memcpy(grid->cell[0], head, sizeof head);
    for (i = 0; i < n; i++) {
        const char *row[CELLS] = {rows[i].name,     rows[i].predicted,  rows[i].documented,
                                  rows[i].measured, rows[i].percentile, rows[i].verdict};
        memcpy(grid->cell[i + 1], row, sizeof row);
    }
    for (j = 0; j < grid->columns; j++)
        for (i = 0; i < grid->rows; i++)
            if (text_columns(grid->cell[i][j]) > grid->width[j])
                grid->width[j] = text_columns(grid->cell[i][j]);
}

/* The names, and the columns from `from` to before `to`; the last one's words are wrapped. */
static void print_part(FILE *out, const struct grid *grid, int from, int to, int fits)
{
    int i, j, start;
    for (i = 0; i < grid->rows; i++) {
        print_padded(out, grid->cell[i][0], grid->width[0] + 2);
        for (j = from, start = grid->width[0] + 2; j < to - 1; j++) {
            print_padded(out, grid->cell[i][j], grid->width[j] + 2);
            start += grid->width[j] + 2;
        }
        text_wrap(out, grid->cell[i][to - 1], start, fits, start);
    }
}

/* What does not fit beside the others stands in a table below, as in those of whatif. */
static void print_table(FILE *out, const struct drill_row *rows, int n, bool measured)
{
    struct grid grid;
    int fits = text_terminal_columns(out, TABLE_COLUMNS), from, to, used;
    make_grid(&grid, rows, n, measured);
    for (from = 1; from < grid.columns; from = to) {
        used = grid.width[0];
        for (to = from; to < grid.columns; to++) {
            int width = to == CELLS - 1 && grid.width[to] > VERDICT ? VERDICT : grid.width[to];
            if (to > from && used + 2 + width > fits)
                break;
            used += 2 + width;
        }
        print_part(out, &grid, from, to, fits);
        fputc('\n', out);
    }
}

static void print_clean(FILE *out, const char *text)
{
    char clean[SENTENCE];
    text_clean(clean, sizeof clean, text);
    fputs(clean, out);
}

static void print_actions(FILE *out, const struct drill_page *page, const char *bullet)
{
    const struct drill_report *report = page->report;
    char at[TEXT_VALUE];
    int i;
    for (i = 0; i < page->scenario->drill.n_inject; i++) {
        if (report->action[i].intended_ms < 0)
            continue;
        fputs(bullet, out);
        print_clean(out, page->scenario->drill.inject[i].name);
        fprintf(out, ": %s", stage_event_name(report->action[i].last));
        if (report->action[i].undone_ms >= 0)
            fprintf(out, " after %s",
                    text_time(
                        at, (double)(report->action[i].undone_ms - report->action[i].intended_ms)));
        fputc('\n', out);
    }
}

int64_t drill_story_zero(const struct drill_report *report)
{
    return report->fault_ms >= 0 ? report->fault_ms : report->began_ms;
}

size_t *drill_story_order(const struct timeline *timeline)
{
    size_t *order = calloc(timeline->n + 1, sizeof *order), i, j;
    UND_ASSERT(order != NULL);
    for (i = 0; i < timeline->n; i++) { /* nearly in order already: by insertion, stable */
        for (j = i; j > 0 && timeline->entry[order[j - 1]].at_ms > timeline->entry[i].at_ms; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
    return order;
}

/* In the table's own times: from the fault on. */
static void print_story(FILE *out, const struct drill_page *page, const char *bullet)
{
    const struct timeline *timeline = &page->report->timeline;
    int64_t from_ms = drill_story_zero(page->report);
    size_t *order = drill_story_order(timeline), i;
    for (i = 0; i < timeline->n; i++) {
        const struct timeline_entry *entry = &timeline->entry[order[i]];
        int64_t ms = entry->at_ms - from_ms;
        char at[TEXT_VALUE];
        fprintf(out, "%s%s%s  ", bullet, ms < 0 ? "-" : "",
                text_time(at, (double)(ms < 0 ? -ms : ms)));
        if (entry->host >= 0)
            fprintf(out, "%s: ", page->scenario->fleet.hosts[entry->host].name);
        print_clean(out, entry->what);
        fputc('\n', out);
    }
    free(order);
}

/* When, by whom, on what, and how. */
static void print_circumstances(FILE *out, const struct drill_page *page)
{
    if (page->date)
        fprintf(out, "Date: %s\n", page->date);
    if (page->who) {
        fputs("Who: ", out);
        print_clean(out, page->who);
        fputc('\n', out);
    }
    fputs("Fleet: ", out);
    print_clean(out, page->scenario->fleet.path);
    fprintf(out, "\nMode: %s, %s.\n", drill_mode_name(page), drill_mode_words(page));
}

static void say_foretold(const struct prediction *p, char *out, size_t size)
{
    size_t n =
        (size_t)snprintf(out, size, "%" PRId64 " rehearsals, seed %" PRIu64 "%s", p->replications,
                         p->seed, p->observe ? ", the plan only recorded" : "");
    char clean[SENTENCE / 2];
    if (p->unsteady > 0)
        n += (size_t)snprintf(out + n, size - n, "; %" PRId64 " of them not steady again in time",
                              p->unsteady);
    if (p->refused + p->otherwise > 0) {
        text_clean(clean, sizeof clean, p->reason);
        n += (size_t)snprintf(out + n, size - n,
                              "; %" PRId64 " more refused, %" PRId64 " ended otherwise (most: %s",
                              p->refused, p->otherwise, clean);
        if (p->reason_count > 0)
            n += (size_t)snprintf(out + n, size - n, ", %" PRId64 " times", p->reason_count);
        n += (size_t)snprintf(out + n, size - n, ")");
    }
    snprintf(out + n, size - n, ".");
}

/* Each in a line of `fits` columns and the next ones. */
static void print_foretold(FILE *out, const struct drill_page *page, int fits)
{
    char sentence[SENTENCE], warning[SENTENCE / 2];
    int i;
    if (!page->prediction)
        return;
    say_foretold(page->prediction, sentence, sizeof sentence);
    text_wrap(out, sentence, 0, fits, HANG);
    for (i = 0; drill_warning(page, i, warning, sizeof warning); i++) {
        size_t n = (size_t)snprintf(sentence, sizeof sentence, "Warning: ");
        text_clean(sentence + n, sizeof sentence - n - 1, warning);
        strcat(sentence, ".");
        text_wrap(out, sentence, 0, fits, HANG);
    }
}

/* What a person has to see to, and how. */
static void print_left(FILE *out, const struct drill_page *page, const char *title,
                       const char *bullet, const char *quote)
{
    size_t i;
    if (page->n_left == 0)
        return;
    fputs(title, out);
    for (i = 0; i < page->n_left; i++) {
        char clean[sizeof page->left[i].by_hand];
        text_clean(clean, sizeof clean, page->left[i].what);
        fprintf(out, "%sstep %lld, %s\n", bullet, (long long)page->left[i].step, clean);
        text_clean(clean, sizeof clean, page->left[i].by_hand);
        fprintf(out, "%s%s%s%s\n", bullet[0] == '-' ? "  " : "    ", quote, clean, quote);
    }
    fprintf(out,
            "%sEvery later start tries again; once you have seen to one: drill --close STEP --by "
            "NAME --reason TEXT FILE\n",
            bullet[0] == '-' ? "\n" : "  ");
}

void drill_print_text(FILE *out, const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    int n = drill_rows(page, rows), fits = text_terminal_columns(out, TABLE_COLUMNS);
    char sentence[SENTENCE], clean[SENTENCE];
    snprintf(sentence, sizeof sentence, "%s%s%s", page->scenario->name,
             page->scenario->about[0] ? ": " : "", page->scenario->about);
    text_clean(clean, sizeof clean, sentence);
    text_wrap(out, clean, 0, fits, HANG);
    fputc('\n', out);
    if (n > 0)
        print_table(out, rows, n, page->report != NULL);
    print_foretold(out, page, fits);
    if (!page->report)
        return;
    drill_sentence(page, sentence, sizeof sentence);
    text_clean(clean, sizeof clean, sentence);
    text_wrap(out, clean, 0, fits, HANG);
    print_circumstances(out, page);
    print_left(out, page, "\nLeft undone, and how to undo it by hand\n", "  ", "");
    if (!page->report->watched) {
        fputs("\nInjected and undone\n", out);
        print_actions(out, page, "  ");
    }
    fputs(page->report->fault_ms >= 0 ? "\nTimeline (from the fault)\n"
                                      : "\nTimeline (from the beginning)\n",
          out);
    print_story(out, page, "  ");
}

/* ---- Markdown ---- */

/* Whatever could begin a cell, a link or HTML is made harmless. */
static void print_cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_[]<>#", *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

void drill_print_markdown(FILE *out, const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    int i, n = drill_rows(page, rows);
    char clean[SENTENCE], sentence[SENTENCE];
    text_clean(clean, sizeof clean, page->scenario->name);
    fputs("# Drill ", out);
    print_cell(out, clean);
    fputs("\n\n", out);
    if (page->report) {
        drill_sentence(page, sentence, sizeof sentence);
        text_clean(clean, sizeof clean, sentence);
        print_cell(out, clean);
        fputs("\n\n", out);
    }
    fputs("| | predicted (central 99%) | documented | measured | percentile | verdict |\n"
          "|---|---|---|---|---|---|\n",
          out);
    for (i = 0; i < n; i++) {
        const char *cells[] = {rows[i].name,     rows[i].predicted,  rows[i].documented,
                               rows[i].measured, rows[i].percentile, rows[i].verdict};
        size_t j;
        for (j = 0; j < sizeof cells / sizeof *cells; j++) {
            fputs("| ", out);
            print_cell(out, cells[j]);
            fputc(' ', out);
        }
        fputs("|\n", out);
    }
    fputc('\n', out);
    print_foretold(out, page, INT_MAX);
    if (!page->report)
        return;
    fputc('\n', out);
    print_circumstances(out, page);
    print_left(out, page, "\n## Left undone, and how to undo it by hand\n\n", "- ", "`");
    if (!page->report->watched) {
        fputs("\n## Injected and undone\n\n", out);
        print_actions(out, page, "- ");
    }
    fputs("\n## Timeline\n\n```\n", out);
    print_story(out, page, "");
    fputs("```\n", out);
}

/* ---- JSON ---- */

static json_t *number(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *predicted_json(const struct prediction *prediction, enum drill_measure_kind kind)
{
    const struct foretold_measure *measure = &prediction->measure[kind];
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "n", (json_int_t)measure->n, "censored",
                     (json_int_t)measure->n_censored, "p0.5",
                     number(prediction_quantile(prediction, kind, PREDICTION_ALPHA / 2)), "p50",
                     number(prediction_quantile(prediction, kind, 0.5)), "p99.5",
                     number(prediction_quantile(prediction, kind, 1 - PREDICTION_ALPHA / 2)),
                     "known_to", number(prediction_known_to(prediction, kind)));
}

static json_t *measure_json(const struct drill_page *page, const struct drill_row *row)
{
    static const char *const words[] = {[FORETOLD_INSIDE] = "inside",
                                        [FORETOLD_EARLY] = "earlier",
                                        [FORETOLD_LATE] = "later",
                                        [FORETOLD_UNSEEN] = "not seen",
                                        [FORETOLD_UNEXPECTED] = "not expected",
                                        [FORETOLD_NEITHER] = "neither",
                                        [FORETOLD_UNDECIDED] = "not decided",
                                        [FORETOLD_UNKNOWN] = "unknown"};
    json_t *json = json_object();
    if (page->report) {
        const struct drill_measure *measure = &page->report->measure[row->kind];
        json_object_update_new(
            json,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "value",
                      number(measure->value_ms), "error", number(measure->error_ms), "open",
                      number(measure->open_ms > 0 ? measure->open_ms : NAN), "percentile",
                      number(row->judgement.percentile), "percentile_low",
                      number(row->judgement.low), "percentile_high", number(row->judgement.high),
                      "p", number(row->judgement.p), "foretold", words[row->judgement.foretold]));
    }
    if (page->prediction)
        json_object_set_new(json, "predicted", predicted_json(page->prediction, row->kind));
    json_object_set_new(json, "documented", json_string(row->documented));
    return json;
}

static json_t *timeline_json(const struct drill_page *page)
{
    const struct timeline *timeline = &page->report->timeline;
    json_t *list = json_array();
    size_t i;
    for (i = 0; i < timeline->n; i++) {
        const struct timeline_entry *entry = &timeline->entry[i];
        const char *host = entry->host >= 0 ? page->scenario->fleet.hosts[entry->host].name : "";
        char clean[sizeof entry->what];
        text_clean(clean, sizeof clean, entry->what);
        json_array_append_new(list,
                              json_pack("{s:I, s:s, s:s, s:s}", "at_ms",
                                        (json_int_t)(entry->at_ms - page->report->began_ms), "host",
                                        host, "mark", mark_name(entry->mark), "what", clean));
    }
    return list;
}

static json_t *actions_json(const struct drill_page *page)
{
    const struct drill_report *report = page->report;
    json_t *list = json_array();
    int i;
    for (i = 0; i < page->scenario->drill.n_inject; i++) {
        char clean[sizeof page->scenario->drill.inject[i].name];
        text_clean(clean, sizeof clean, page->scenario->drill.inject[i].name);
        if (report->action[i].intended_ms >= 0)
            json_array_append_new(list, json_pack("{s:s, s:s}", "name", clean, "state",
                                                  stage_event_name(report->action[i].last)));
    }
    return list;
}

static json_t *left_json(const struct drill_page *page)
{
    json_t *list = json_array();
    size_t i;
    for (i = 0; i < page->n_left; i++)
        json_array_append_new(
            list, json_pack("{s:I, s:s, s:s}", "step", (json_int_t)page->left[i].step, "what",
                            page->left[i].what, "by_hand", page->left[i].by_hand));
    return list;
}

json_t *drill_json(const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    int i, n = drill_rows(page, rows);
    json_t *measures = json_object();
    json_t *json = json_pack("{s:i, s:s, s:o}", "version", 1, "scenario", page->scenario->name,
                             "measures", measures);
    char sentence[SENTENCE], clean[SENTENCE];
    for (i = 0; i < n; i++)
        json_object_set_new(measures, drill_measure_name(rows[i].kind),
                            measure_json(page, &rows[i]));
    if (page->prediction)
        json_object_update_new(json,
                               json_pack("{s:{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}}",
                                         "prediction", "reason", page->prediction->reason,
                                         "reason_count", (json_int_t)page->prediction->reason_count,
                                         "seed", (json_int_t)page->prediction->seed, "replications",
                                         (json_int_t)page->prediction->replications, "unsteady",
                                         (json_int_t)page->prediction->unsteady, "refused",
                                         (json_int_t)page->prediction->refused, "otherwise",
                                         (json_int_t)page->prediction->otherwise, "observe",
                                         page->prediction->observe));
    if (!page->report)
        return json;
    if (page->date)
        json_object_set_new(json, "date", json_string(page->date));
    if (page->who)
        json_object_set_new(json, "who", json_string(page->who));
    json_object_set_new(json, "fleet", json_string(page->scenario->fleet.path));
    drill_sentence(page, sentence, sizeof sentence);
    text_clean(clean, sizeof clean, sentence);
    json_object_update_new(
        json, json_pack("{s:s, s:o, s:s, s:s, s:b, s:b, s:b, s:i, s:i, s:i, s:o, s:o}", "mode",
                        drill_mode_name(page), "left", left_json(page), "end",
                        drill_end_name(page->report->end), "verdict", clean, "injected",
                        page->report->injected, "undone", page->report->reverted, "observe",
                        page->report->observed, "failovers", page->report->failovers, "inflight",
                        page->report->inflight, "exit_code", (int)drill_page_code(page), "actions",
                        actions_json(page), "timeline", timeline_json(page)));
    return json;
}
