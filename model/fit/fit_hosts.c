/* Hosts as their monitoring saw them: slots, outages. */
#include "fit_internal.h"
#include "model/base/assert.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The mean of exponential times of which n ended within `total`, whichever else was cut short; of
 * none only a lower bound: the mean at which none would be seen in 1 case of 20. Observation ends
 * at a time and not with an event, so that the upper bound has 2n, the lower one 2n + 2 degrees. */
static struct measured exponential_mean(double total, size_t n, bool by_time)
{
    double tail = (1 - STATS_CONFIDENCE) / 2, k = (double)n;
    if (total <= 0)
        return fit_unknown;
    if (n == 0)
        return (struct measured){NAN, {total / -log(1 - STATS_CONFIDENCE), NAN}};
    return (struct measured){total / k,
                             {2 * total / gsl_cdf_chisq_Pinv(1 - tail, 2 * k + (by_time ? 2 : 0)),
                              2 * total / gsl_cdf_chisq_Pinv(tail, 2 * k)}};
}

static void fit_repairs(struct host_fit *host, bool untested)
{
    struct outages *outages = &host->outages;
    struct class_fit *repair = &host->repair;
    double total = 0;
    size_t i;
    *repair = (struct class_fit){.event = outages->repair,
                                 .n = outages->n_repairs,
                                 .censored = outages->censored,
                                 .n_censored = outages->n_censored,
                                 .names = 1};
    for (i = 0; i < outages->n_repairs; i++)
        total += outages->repair[i];
    for (i = 0; i < outages->n_censored; i++)
        total += outages->censored[i];
    host->mttr =
        outages->n_repairs > 0 ? exponential_mean(total, outages->n_repairs, false) : fit_unknown;
    if (repair->n < LIFETIME_LEAST)
        return;
    fit_durations(repair, untested);
    host->shaped = repair->model == DURATION_FAMILY;
    host->mttr = repair->mean;
}

/* Where slots are only known of the whole fleet, each host has as many. */
static void share_slots(struct fit *fit, const struct watched *watched)
{
    int all = watched_slots(&watched->fleet), known = 0, i;
    for (i = 0; i < fit->n_hosts; i++)
        known += fit->hosts[i].slots;
    if (known > 0 || all == 0)
        return;
    for (i = 0; i < fit->n_hosts; i++)
        fit->hosts[i].slots = (all + fit->n_hosts - 1) / fit->n_hosts;
    fit_note(fit, "which host the %d slots are on is not known: shared evenly", all);
}

void fit_hosts(struct fit *fit, const struct watched *watched, bool untested)
{
    int i;
    if (watched == NULL)
        return;
    fit->hosts = calloc((size_t)watched->n_hosts, sizeof *fit->hosts);
    UND_ASSERT(fit->hosts != NULL);
    fit->n_hosts = watched->n_hosts;
    for (i = 0; i < watched->n_hosts; i++) {
        struct host_fit *host = &fit->hosts[i];
        host->watched = &watched->host[i];
        host->slots = watched_slots(host->watched);
        watched_outages(host->watched, &host->outages);
        host->mtbf = exponential_mean((double)host->outages.up_ms, (size_t)host->outages.n, true);
        fit_repairs(host, untested);
    }
    share_slots(fit, watched);
}

void fit_hosts_fini(struct fit *fit)
{
    int i;
    for (i = 0; i < fit->n_hosts; i++)
        outages_fini(&fit->hosts[i].outages);
    free(fit->hosts);
    fit->hosts = NULL;
    fit->n_hosts = 0;
}

/* ---- what is said of it ---- */

static void note_host(struct fit *fit, const struct host_fit *host)
{
    const struct outages *outages = &host->outages;
    const char *name = host->watched->name;
    double days = (double)outages->known_ms / 86400000.0;
    if (outages->known_ms == 0)
        fit_note(fit, "host '%s': whether it was up is not known: no MTBF, no MTTR", name);
    else if (outages->n == 0)
        fit_note(fit,
                 "host '%s' was never seen to go down in %.1f days: its MTBF cannot be told, at "
                 "least %.1f days (a shorter one would have shown in 19 cases of 20); in the file "
                 "it does not fail",
                 name, days, host->mtbf.interval.low / 86400000.0);
    else if (outages->n_repairs == 0)
        fit_note(fit,
                 "host '%s' went down %d %s and was not seen to come back: its MTTR cannot be "
                 "told; in the file it does not fail",
                 name, outages->n, outages->n == 1 ? "time" : "times");
    else if (outages->n_repairs < LIFETIME_LEAST)
        fit_note(fit,
                 "host '%s': %zu repairs are too few to tell their shape (%d): taken as "
                 "exponential, as the times between outages are",
                 name, outages->n_repairs, LIFETIME_LEAST);
    if (outages->unseen > 0)
        fit_note(fit,
                 "host '%s': %d %s began before it was watched or while nothing was known: "
                 "neither an outage nor a repair is counted",
                 name, outages->unseen, outages->unseen == 1 ? "outage" : "outages");
}

void fit_hosts_notes(struct fit *fit, const struct watched *watched)
{
    int i;
    if (watched == NULL)
        return;
    for (i = 0; i < fit->n_hosts; i++)
        note_host(fit, &fit->hosts[i]);
    fit_note(
        fit,
        "hosts are known every %.0f s (median): outages shorter than that may be missed, and "
        "times of outages are as fine; speeds, labels and which host is a backup are not in it",
        (double)watched->step_ms / 1000);
    if (fit->history->sampled_ms == 0)
        return;
    fit_note(
        fit,
        "jobs are those of busy slots, seen every %.0f s: one that begins as another ends on its "
        "host is one with it (about %.0f jobs more, %.1f%%: the load is right, the rate too low "
        "and durations too long by that much), jobs that begin at once are one run; starts and "
        "ends of a host are paired in order: "
        "the mean duration is right, its spread only where a host has one slot; names, "
        "attempts and pick-up cannot be told",
        (double)watched->step_ms / 1000, watched->hidden, 100 * watched->hidden / (double)fit->n);
    if (watched->cut > 0)
        fit_note(fit,
                 "%lld jobs ran when their host went down or nothing more was known: they count as "
                 "arrivals only",
                 (long long)watched->cut);
    if (!watched->queued)
        fit_note(fit, "the queue's length is not known: jobs are taken to arrive as they start");
    if (watched->counted && watched->succeeded + watched->failed > watched->seen)
        fit_note(fit,
                 "by the counters %lld jobs ended, in busy slots %lld were seen to: the rate is "
                 "too low and the mean duration too long by that much",
                 (long long)(watched->succeeded + watched->failed), (long long)watched->seen);
}
