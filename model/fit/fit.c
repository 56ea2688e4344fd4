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
    const size_t runs = (size_t)part->n_runs + 1;
    int *hits[3], *over = calloc(runs, sizeof *over), k;
    bool attempts = fit->history->column[ROLE_ATTEMPT][0] != '\0';
    size_t i;
    for (k = 0; k < 3; k++) {
        hits[k] = calloc(runs, sizeof *hits[k]);
        UND_ASSERT(hits[k] != NULL && over != NULL);
    }
    for (i = 0; i < part->n; i++) {
        enum job_end end = part->row[i].end;
        int run = part->run[i];
        over[run] += end == END_SUCCESS || end == END_FAILURE || end == END_CANCELLED;
        hits[0][run] += end == END_FAILURE;
        hits[1][run] += end == END_CANCELLED;
        hits[2][run] += part->row[i].attempt > 1;
    }
    fit->failed = fit_share(hits[0], over, part->n_runs);
    fit->cancelled = fit_share(hits[1], over, part->n_runs);
    fit->rerun = attempts ? fit_share(hits[2], part->jobs, part->n_runs) : fit_unknown;
    for (k = 0; k < 3; k++)
        free(hits[k]);
    free(over);
}

/* Busy slots do not tell how a job ended; counters do, but not of which run it was. */
static void watched_shares(struct fit *fit, const struct watched *watched)
{
    int64_t over = watched->succeeded + watched->failed;
    fit->failed = fit->cancelled = fit->rerun = fit_unknown;
    if (watched->counted && over > 0)
        fit->failed =
            (struct measured){(double)watched->failed / (double)over,
                              stats_clopper_pearson(watched->failed, over, STATS_CONFIDENCE)};
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
    fit_hosts(fit, wish->watched, wish->untested);
    fit_slots(fit, &part, wish->slots);
    fit_shares(fit, &part);
    if (history->sampled_ms > 0 && wish->watched != NULL)
        watched_shares(fit, wish->watched);
    fit_notes(fit, &part, wish->watched);
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
    fit_hosts_fini(fit);
    memset(fit, 0, sizeof *fit);
}
