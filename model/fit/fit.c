#include "fit_internal.h"
#include "model/base/assert.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct measured fit_unknown = {NAN, {NAN, NAN}};

void fit_note(struct fit *fit, const char *format, ...)
{
    va_list arguments;
    char text[1024];
    if (fit->n_notes == FIT_NOTES)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fit->note[fit->n_notes] = strdup(text);
    UND_ASSERT(fit->note[fit->n_notes] != NULL);
    fit->n_notes++;
}

struct measured fit_share(size_t hits, size_t n)
{
    if (n == 0)
        return fit_unknown;
    return (struct measured){(double)hits / (double)n,
                             stats_clopper_pearson((int64_t)hits, (int64_t)n, STATS_CONFIDENCE)};
}

int fit_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- which rows, and whose runs they are ---- */

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Without a column that says so, what is created in the same second is one run. */
static int run_of(const struct history *history, const struct part *part, size_t i, int before)
{
    if (history->runs)
        return part->row[i].run;
    if (i > 0 && part->row[i].created_ms / 1000 == part->row[i - 1].created_ms / 1000)
        return before;
    return before + 1;
}

static void open_part(struct part *part, const struct history *history, const struct fit_wish *wish)
{
    size_t first = 0, last = history->n, i;
    int *number, run = -1, most = history->n_runs + (int)history->n + 1;
    if (wish->to_ms > wish->from_ms) {
        while (first < last && history->row[first].created_ms < wish->from_ms)
            first++;
        while (last > first && history->row[last - 1].created_ms >= wish->to_ms)
            last--;
    }
    *part = (struct part){.row = history->row + first, .n = last - first};
    part->run = calloc(part->n + 1, sizeof *part->run);
    part->at_ms = calloc(part->n + 1, sizeof *part->at_ms);
    part->jobs = calloc(part->n + 1, sizeof *part->jobs);
    number = malloc((size_t)most * sizeof *number);
    UND_ASSERT(part->run && part->at_ms && part->jobs && number);
    memset(number, -1, (size_t)most * sizeof *number);
    for (i = 0; i < part->n; i++) {
        const struct job_row *row = &part->row[i];
        run = run_of(history, part, i, run);
        if (number[run] < 0) {
            number[run] = part->n_runs;
            part->at_ms[part->n_runs++] = row->created_ms + (int64_t)row->offset_min * 60000;
        }
        part->run[i] = number[run];
        part->jobs[number[run]]++;
    }
    free(number);
    qsort(part->at_ms, (size_t)part->n_runs, sizeof *part->at_ms, compare_times);
}

static void close_part(struct part *part)
{
    free(part->run);
    free(part->at_ms);
    free(part->jobs);
}

/* ---- shares ---- */

static void fit_shares(struct fit *fit, const struct part *part)
{
    size_t ends[END_OPEN + 1] = {0}, again = 0, i, over;
    for (i = 0; i < part->n; i++) {
        ends[part->row[i].end]++;
        again += part->row[i].attempt > 1;
    }
    over = ends[END_SUCCESS] + ends[END_FAILURE] + ends[END_CANCELLED];
    fit->failed = fit_share(ends[END_FAILURE], over);
    fit->cancelled = fit_share(ends[END_CANCELLED], over);
    fit->rerun = fit->history->column[ROLE_ATTEMPT][0] ? fit_share(again, part->n) : fit_unknown;
}

enum und_code fit_history(struct fit *fit, const struct history *history,
                          const struct fit_wish *wish, struct und_err *err)
{
    struct part part;
    size_t known = 0, i;
    char why[300];
    memset(fit, 0, sizeof *fit);
    fit->history = history;
    open_part(&part, history, wish);
    for (i = 0; i < part.n; i++)
        known += part.row[i].duration_ms >= 0 && !part.row[i].censored;
    if (known == 0) {
        close_part(&part);
        history_say_why(history, why, sizeof why);
        return und_fail(err, UND_USAGE, "%s: durations: got none in %zu jobs, want at least one%s",
                        history->path, part.n, why);
    }
    fit->n = part.n;
    fit->runs = (size_t)part.n_runs;
    arrivals_fit(&fit->arrivals, part.at_ms, (size_t)part.n_runs);
    fit_fan_out(fit, &part);
    fit_classes(fit, &part, wish->untested);
    fit_slots(fit, &part, wish->slots);
    fit_shares(fit, &part);
    fit_notes(fit, &part);
    close_part(&part);
    return UND_OK;
}

void fit_fini(struct fit *fit)
{
    int i;
    for (i = 0; i < fit->n_classes; i++) {
        free(fit->classes[i].event);
        free(fit->classes[i].censored);
    }
    for (i = 0; i < fit->n_notes; i++)
        free(fit->note[i]);
    memset(fit, 0, sizeof *fit);
}
