/* From what was read to what can be used: each conclusion that leaves something out is counted. */
#include "history_internal.h"
#include "model/base/assert.h"
#include "model/fleet/fleet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONG_MS (12.0 * 3600 * 1000)
#define FAR_MS (90.0 * 24 * 3600 * 1000)

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Durations of which half would be longer than half a day are no seconds, but ms, us or ns. */
static double shrink(struct history *history, const struct raw_rows *raw)
{
    static const char *const names[] = {"s", "ms", "us", "ns"};
    double *stated = malloc((raw->n + 1) * sizeof *stated), unit = 1000;
    size_t i, n = 0;
    int k = 0;
    UND_ASSERT(stated != NULL);
    for (i = 0; i < raw->n; i++)
        if (raw->row[i].stated > 0)
            stated[n++] = raw->row[i].stated;
    qsort(stated, n, sizeof *stated, compare_doubles);
    for (; n > 0 && k < 3 && stated[n / 2] * unit > LONG_MS; k++)
        unit /= 1000;
    history->duration_unit = names[k];
    free(stated);
    return unit;
}

/* Of ms, s and min the one that makes the column agree with finish less start; where they are not
 * both known ms where times are in ms too, else seconds. */
static double find_unit(struct history *history, const struct raw_rows *raw)
{
    double *ratio = malloc((raw->n + 1) * sizeof *ratio), median = NAN;
    size_t i, n = 0;
    UND_ASSERT(ratio != NULL);
    for (i = 0; i < raw->n; i++) {
        const struct raw_row *row = &raw->row[i];
        double took = (double)row->row.finished_ms - (double)row->row.started_ms;
        if (row->row.started_ms != HISTORY_NONE && row->row.finished_ms != HISTORY_NONE &&
            took > 0 && row->stated > 0)
            ratio[n++] = took / row->stated;
    }
    qsort(ratio, n, sizeof *ratio, compare_doubles);
    if (n > 0)
        median = ratio[n / 2];
    free(ratio);
    history->duration_unit = "s";
    if (median < 30 || (isnan(median) && raw->ms_clock)) {
        history->duration_unit = "ms";
        return 1;
    }
    if (median > 10000) {
        history->duration_unit = "min";
        return 60000;
    }
    return isnan(median) ? shrink(history, raw) : 1000;
}

/* Start, finish and duration out of each other. */
static void complete(struct history *history, struct raw_row *raw, double unit)
{
    struct job_row *row = &raw->row;
    double stated_ms = raw->stated * unit;
    bool stated = !isnan(stated_ms), starts = row->started_ms != HISTORY_NONE;
    row->duration_ms = -1;
    if (row->started_ms == HISTORY_NONE && row->created_ms != HISTORY_NONE && raw->wait_ms >= 0)
        row->started_ms = row->created_ms + llround(raw->wait_ms);
    if (row->started_ms == HISTORY_NONE && row->finished_ms != HISTORY_NONE && stated)
        row->started_ms = row->finished_ms - llround(stated_ms);
    if (row->finished_ms == HISTORY_NONE && row->started_ms != HISTORY_NONE && stated)
        row->finished_ms = row->started_ms + llround(stated_ms);
    if (row->created_ms == HISTORY_NONE && row->started_ms != HISTORY_NONE)
        row->created_ms = row->started_ms - (raw->wait_ms >= 0 ? llround(raw->wait_ms) : 0);
    else if (row->started_ms != HISTORY_NONE && row->created_ms != HISTORY_NONE)
        /* A start that is only concluded, and is the creation, says nothing of waits. */
        history->waits = history->waits || starts || row->started_ms - row->created_ms >= 1000;
    history->waits = history->waits || raw->wait_ms >= 0;
    if (row->started_ms != HISTORY_NONE && row->finished_ms != HISTORY_NONE)
        row->duration_ms = row->finished_ms - row->started_ms;
    else if (stated)
        row->duration_ms = llround(stated_ms);
    else if (row->created_ms != HISTORY_NONE && row->finished_ms != HISTORY_NONE)
        row->duration_ms = row->finished_ms - row->created_ms;
}

/* Is it one that took no time of any slot? */
static bool never_ran(const struct raw_row *raw)
{
    const struct job_row *row = &raw->row;
    bool over = row->end == END_CANCELLED || row->end == END_SKIPPED;
    return over && row->duration_ms <= 0 &&
           (row->finished_ms != HISTORY_NONE || row->started_ms == HISTORY_NONE);
}

static void judge_duration(struct history *history, struct raw_row *raw)
{
    struct job_row *row = &raw->row;
    bool open = row->end == END_OPEN || row->end == END_UNKNOWN;
    if (raw->bad_duration[0] && row->duration_ms < 0)
        history_flaw_seen(history, FLAW_BAD_DURATION, row->line, raw->bad_duration);
    if (row->duration_ms < 0 && (row->finished_ms != HISTORY_NONE || raw->stated < 0))
        history_flaw(history, FLAW_NEGATIVE, row->line);
    if (row->duration_ms == 0) {
        history_flaw(history, FLAW_ZERO, row->line);
        row->duration_ms = 500;
    }
    if (row->duration_ms > HISTORY_LONGEST_MS) {
        history_flaw(history, FLAW_TOO_LONG, row->line);
        row->duration_ms = -1;
        row->finished_ms = HISTORY_NONE;
    } else if (row->duration_ms < 0 && row->finished_ms == HISTORY_NONE && open &&
               row->started_ms != HISTORY_NONE && !raw->bad_duration[0]) {
        if (history->to_ms - row->started_ms > HISTORY_LONGEST_MS) {
            history_flaw(history, FLAW_LOST, row->line);
        } else {
            history_flaw(history, FLAW_OPEN, row->line);
            row->censored = true;
            row->duration_ms = history->to_ms - row->started_ms;
        }
    }
    if (row->duration_ms < 0)
        row->duration_ms = -1;
}

static int compare_rows(const void *a, const void *b)
{
    const struct job_row *x = a, *y = b;
    if (x->created_ms != y->created_ms)
        return x->created_ms < y->created_ms ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static int compare_by_runner(const void *a, const void *b)
{
    const struct job_row *x = *(const struct job_row *const *)a;
    const struct job_row *y = *(const struct job_row *const *)b;
    if (x->runner != y->runner)
        return x->runner < y->runner ? -1 : 1;
    return (x->started_ms > y->started_ms) - (x->started_ms < y->started_ms);
}

static void find_overlaps(struct history *history)
{
    const struct job_row **by = malloc((history->n + 1) * sizeof *by);
    int64_t end = INT64_MIN;
    size_t i, n = 0;
    UND_ASSERT(by != NULL);
    for (i = 0; i < history->n; i++)
        if (history->row[i].runner >= 0 && history->row[i].finished_ms != HISTORY_NONE &&
            history->row[i].started_ms != HISTORY_NONE)
            by[n++] = &history->row[i];
    qsort(by, n, sizeof(const struct job_row *), compare_by_runner);
    for (i = 0; i < n; i++) {
        if (i == 0 || by[i]->runner != by[i - 1]->runner)
            end = INT64_MIN;
        if (by[i]->started_ms < end)
            history_flaw(history, FLAW_OVERLAP, by[i]->line);
        if (by[i]->finished_ms > end)
            end = by[i]->finished_ms;
    }
    free(by);
}

/* Workflows where there are more names of jobs than a fleet has classes. */
static void choose_classes(struct history *history, const struct raw_rows *raw)
{
    size_t i;
    history->by_workflow = history->workflows.n > 0 &&
                           (history->classes.n == 0 || (history->classes.n >= FLEET_CLASSES &&
                                                        history->workflows.n < history->classes.n));
    for (i = 0; i < raw->n && history->by_workflow; i++)
        raw->row[i].row.job_class = raw->row[i].workflow;
    if (history->by_workflow) {
        struct names names = history->classes;
        history->classes = history->workflows;
        history->workflows = names;
    }
}

/* The times of creation that belong together: 99% of all, and whatever is not further from these
 * than they are from each other. */
static void find_range(const struct raw_rows *raw, double range[2])
{
    double *at = malloc((raw->n + 1) * sizeof *at), apart;
    size_t i, n = 0, tail;
    UND_ASSERT(at != NULL);
    for (i = 0; i < raw->n; i++)
        if (raw->row[i].row.created_ms != HISTORY_NONE)
            at[n++] = (double)raw->row[i].row.created_ms;
    qsort(at, n, sizeof *at, compare_doubles);
    range[0] = -INFINITY;
    range[1] = INFINITY;
    tail = n / 200 + 1;
    if (n >= 20) {
        apart = fmax(at[n - 1 - tail] - at[tail], FAR_MS);
        range[0] = at[tail] - apart;
        range[1] = at[n - 1 - tail] + apart;
    }
    free(at);
}

static void find_end(struct history *history, const struct raw_rows *raw, const double range[2])
{
    size_t i;
    history->to_ms = INT64_MIN;
    for (i = 0; i < raw->n; i++) {
        const struct job_row *row = &raw->row[i].row;
        const int64_t times[] = {row->created_ms, row->started_ms,
                                 row->duration_ms > HISTORY_LONGEST_MS ? HISTORY_NONE
                                                                       : row->finished_ms};
        size_t k;
        if ((double)row->created_ms < range[0] || (double)row->created_ms > range[1])
            continue;
        for (k = 0; k < 3; k++)
            if (times[k] > history->to_ms)
                history->to_ms = times[k];
    }
}

/* Why it is left out; FLAW_KEPT: it is not. */
static enum flaw left_out(const struct raw_row *raw, const double range[2])
{
    double created = (double)raw->row.created_ms;
    if (raw->row.created_ms == HISTORY_NONE)
        return FLAW_NO_TIME;
    if (created < range[0] || created > range[1])
        return FLAW_FAR;
    return never_ran(raw) ? FLAW_NEVER_RAN : FLAW_KEPT;
}

void history_clean(struct history *history, struct raw_rows *raw)
{
    double unit = raw->bare_unit ? find_unit(history, raw) : 1, range[2];
    size_t i;
    choose_classes(history, raw);
    history->row = malloc((raw->n + 1) * sizeof *history->row);
    UND_ASSERT(history->row != NULL);
    for (i = 0; i < raw->n; i++)
        complete(history, &raw->row[i], unit);
    find_range(raw, range);
    find_end(history, raw, range);
    for (i = 0; i < raw->n; i++) {
        struct job_row *row = &raw->row[i].row;
        enum flaw why = left_out(&raw->row[i], range);
        if (why != FLAW_KEPT) {
            history_flaw(history, why, row->line);
            continue;
        }
        judge_duration(history, &raw->row[i]);
        if (row->started_ms != HISTORY_NONE && row->started_ms < row->created_ms) {
            history_flaw(history, FLAW_EARLY, row->line);
            row->created_ms = row->started_ms;
        }
        history->row[history->n++] = *row;
    }
    qsort(history->row, history->n, sizeof *history->row, compare_rows);
    history->runs = history->column[ROLE_RUN][0] != '\0';
    history->from_ms = history->n > 0 ? history->row[0].created_ms : 0;
    find_overlaps(history);
}
