/* How many ran at once; what waits were recorded; how long a job takes to be picked up. */
#include "fit_internal.h"
#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>

struct times {
    double *at; /* owned, sorted */
    size_t n;
};

static struct times times_open(const struct part *part, bool ends)
{
    struct times times = {malloc((part->n + 1) * sizeof(double)), 0};
    size_t i;
    UND_ASSERT(times.at != NULL);
    for (i = 0; i < part->n; i++) {
        const struct job_row *row = &part->row[i];
        int64_t start = row->started_ms != HISTORY_NONE ? row->started_ms : row->created_ms;
        if (row->duration_ms >= 0)
            times.at[times.n++] = (double)(ends ? start + row->duration_ms : start);
    }
    qsort(times.at, times.n, sizeof(double), fit_compare);
    return times;
}

/* A slot that is left is taken at the same instant: ends go first. */
static int peak_of(const struct times *starts, const struct times *ends)
{
    size_t i, over = 0, running, most = 0;
    for (i = 0; i < starts->n; i++) {
        while (over < ends->n && ends->at[over] <= starts->at[i])
            over++;
        running = i + 1 - over;
        most = running > most ? running : most;
    }
    return (int)most;
}

static struct measured quantile_of(const struct times *waits, double p)
{
    return (struct measured){stats_quantile(waits->at, waits->n, p),
                             stats_quantile_interval(waits->at, waits->n, p, STATS_CONFIDENCE)};
}

static void measure_waits(struct fit *fit, struct times *waits)
{
    struct estimate mean = stats_mean(waits->at, waits->n, STATS_CONFIDENCE);
    qsort(waits->at, waits->n, sizeof(double), fit_compare);
    fit->waits = waits->n;
    fit->wait_mean = (struct measured){mean.mean, {NAN, NAN}}; /* neighbours wait together */
    fit->wait_p50 = quantile_of(waits, 0.5);
    fit->wait_p95 = quantile_of(waits, 0.95);
    fit->wait_p50.interval = fit->wait_p95.interval = (struct interval){NAN, NAN};
}

/* Of jobs that found fewer jobs in the system than there are slots. */
static void measure_pickup(struct fit *fit, const struct part *part, const struct times *ends)
{
    struct times free_waits = {malloc((part->n + 1) * sizeof(double)), 0};
    struct times waits = {malloc((part->n + 1) * sizeof(double)), 0};
    size_t i, over = 0, unknown = 0;
    UND_ASSERT(free_waits.at && waits.at);
    for (i = 0; i < part->n; i++) {
        const struct job_row *row = &part->row[i];
        bool early = row->started_ms == HISTORY_NONE;
        while (over < ends->n && ends->at[over] <= (double)row->created_ms)
            over++;
        if (!early) {
            double wait = (double)(row->started_ms - row->created_ms);
            waits.at[waits.n++] = wait;
            if (i - unknown - over < (size_t)fit->slots)
                free_waits.at[free_waits.n++] = wait;
        }
        unknown += row->duration_ms < 0;
    }
    if (waits.n > 0)
        measure_waits(fit, &waits);
    fit->pickups = free_waits.n;
    if (free_waits.n >= FIT_PICKUPS && fit->history->sampled_ms == 0) {
        qsort(free_waits.at, free_waits.n, sizeof(double), fit_compare);
        fit->pickup_p50 = quantile_of(&free_waits, 0.5);
        fit->pickup_p95 = quantile_of(&free_waits, 0.95);
    }
    free(free_waits.at);
    free(waits.at);
}

void fit_slots(struct fit *fit, const struct part *part, int slots)
{
    struct times starts = times_open(part, false), ends = times_open(part, true);
    int watched = 0, i;
    fit->peak = peak_of(&starts, &ends);
    fit->slots_given = slots > 0;
    for (i = 0; i < fit->n_hosts; i++)
        watched += fit->hosts[i].slots;
    fit->slots_watched = watched > 0;
    fit->slots = slots > 0 ? slots : watched > 0 ? watched : fit->peak > 0 ? fit->peak : 1;
    fit->starts_known = fit->history->sampled_ms > 0 || fit->history->column[ROLE_STARTED][0] ||
                        fit->history->column[ROLE_WAIT][0];
    fit->pickup_p50 = fit->pickup_p95 = fit_unknown;
    fit->wait_mean = fit->wait_p50 = fit->wait_p95 = fit_unknown;
    if (fit->history->waits)
        measure_pickup(fit, part, &ends);
    free(starts.at);
    free(ends.at);
}
