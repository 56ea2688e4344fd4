/* A finished drill, or a rehearsal, as text. */
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

static void print_actions(FILE *out, const struct drill_page *page)
{
    const struct drill_report *report = page->report;
    char at[TEXT_VALUE];
    int i;
    for (i = 0; i < page->scenario->drill.n_inject; i++) {
        if (report->action[i].intended_ms < 0)
            continue;
        fputs("  ", out);
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

/* The entries' indices in the order of their times: a moment is told once it is known, and stands
 * at the time that the table gives it. The caller's to free. */
static size_t *story_order(const struct timeline *timeline)
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
static void print_story(FILE *out, const struct drill_page *page)
{
    const struct timeline *timeline = &page->report->timeline;
    int64_t from_ms = drill_story_zero(page->report);
    size_t *order = story_order(timeline), i;
    for (i = 0; i < timeline->n; i++) {
        const struct timeline_entry *entry = &timeline->entry[order[i]];
        int64_t ms = entry->at_ms - from_ms;
        char at[TEXT_VALUE];
        fprintf(out, "  %s%s  ", ms < 0 ? "-" : "", text_time(at, (double)(ms < 0 ? -ms : ms)));
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

void drill_say_foretold(const struct prediction *p, char *out, size_t size)
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
    drill_say_foretold(page->prediction, sentence, sizeof sentence);
    text_wrap(out, sentence, 0, fits, HANG);
    for (i = 0; drill_warning(page, i, warning, sizeof warning); i++) {
        size_t n = (size_t)snprintf(sentence, sizeof sentence, "Warning: ");
        text_clean(sentence + n, sizeof sentence - n - 1, warning);
        strcat(sentence, ".");
        text_wrap(out, sentence, 0, fits, HANG);
    }
}

/* What a person has to see to, and how. */
static void print_left(FILE *out, const struct drill_page *page)
{
    size_t i;
    if (page->n_left == 0)
        return;
    fputs("\nLeft undone, and how to undo it by hand\n", out);
    for (i = 0; i < page->n_left; i++) {
        char clean[sizeof page->left[i].by_hand];
        text_clean(clean, sizeof clean, page->left[i].what);
        fprintf(out, "  step %lld, %s\n", (long long)page->left[i].step, clean);
        text_clean(clean, sizeof clean, page->left[i].by_hand);
        fprintf(out, "    %s\n", clean);
    }
    fputs("  Every later start tries again; once you have seen to one: drill --close STEP --by "
          "NAME --reason TEXT FILE\n",
          out);
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
    print_left(out, page);
    if (!page->report->watched) {
        fputs("\nInjected and undone\n", out);
        print_actions(out, page);
    }
    fputs(page->report->fault_ms >= 0 ? "\nTimeline (from the fault)\n"
                                      : "\nTimeline (from the beginning)\n",
          out);
    print_story(out, page);
}
