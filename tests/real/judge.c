/*
 * Compares a run of tests/real with what understudy predicts from the same configuration files:
 *
 *     judge DIR
 *
 * prints a table of rule and fault, the predicted and the measured delays, and their
 * Kolmogorov-Smirnov probabilities; each expectation that did not hold; and "judged: N, failed: M".
 */
#include "evidence.h"
#include "ks.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "refire.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS 1e6          /* nanoseconds */
#define SLACK_MS 100.0  /* of scheduling: the tolerance above the predicted support */
#define ROUNDING_MS 1.0 /* below it: the model counts a refused scrape as a whole millisecond */
#define ALPHA 0.01      /* of the test of a stage over all faults */
#define ALPHA_ROW (0.01 / WAYS_TIMED)
#define STARVED_SHARE 0.05 /* of the samples that may be set aside */

static const char *const stage_names[DELAY_STAGES] = {"pending", "firing", "webhook"};

struct judge {
    struct evidence evidence;
    struct fleet fleet;
    int checks, failures;
    int samples, starved;
    /* Of every sample, its place in its predicted distribution: uniform if that is right. */
    double place[DELAY_STAGES][REAL_VICTIMS];
    size_t n[DELAY_STAGES];
};

__attribute__((format(printf, 3, 4))) static void expect(struct judge *judge, bool holds,
                                                         const char *format, ...)
{
    va_list arguments;
    judge->checks++;
    if (holds)
        return;
    judge->failures++;
    va_start(arguments, format);
    printf("real: ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

/* --- delays ---------------------------------------------------------------------------------- */

static struct delay_fault fault_of(enum way way)
{
    switch (way) {
    case WAY_KILLED:
        return (struct delay_fault){TARGET_REFUSED, 0, 0, SIGNAL_UP};
    case WAY_STOPPED:
    case WAY_AGAIN:
    case WAY_DROPPED:
        return (struct delay_fault){TARGET_BLACKHOLE, 0, 0, SIGNAL_UP};
    case WAY_UNLINKED:
    case WAY_FAR:
        return (struct delay_fault){TARGET_ABSENT, 0, 0, SIGNAL_UP};
    case WAY_BUSY:
        return (struct delay_fault){TARGET_UP, LOAD_BEFORE_PM, LOAD_BUSY_PM, SIGNAL_UP};
    case WAY_FULL:
        return (struct delay_fault){TARGET_UP, LOAD_BEFORE_PM, LOAD_FULL_PM, SIGNAL_UP};
    case WAYS:
        break;
    }
    UND_UNREACHABLE();
}

static int find_rule(const struct fleet *fleet, const char *name)
{
    for (int i = 0; i < fleet->monitoring.n_rules; i++) {
        if (strcmp(fleet->monitoring.rules[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* Too late, and the watchdog was late in the same seconds by at least half as much: that is this
 * machine's doing. */
static bool is_starved(const struct judge *judge, const struct seen *seen, int64_t at_ns,
                       double excess_ms)
{
    double lag_ms = (double)evidence_lag_ns(&judge->evidence, seen->before_ns, at_ns) / MS;
    return excess_ms > 0 && lag_ms >= excess_ms / 2;
}

/* The delays of one kind of fault to one stage, sorted, in milliseconds. */
static size_t collect(struct judge *judge, enum way way, int stage, const struct delay_dist *dist,
                      double *delays)
{
    const struct evidence *evidence = &judge->evidence;
    size_t n = 0;
    for (int i = 0; i < evidence->victims.n; i++) {
        const struct seen *seen = &evidence->seen[i];
        const char *instance = evidence->victims.victim[i].instance;
        int64_t at_ns = seen->stage_ns[stage];
        double delay_ms = (double)(at_ns - seen->before_ns) / MS;
        double excess_ms = delay_ms - dist->max - SLACK_MS;
        if (evidence->victims.victim[i].way != way)
            continue;
        judge->samples++;
        if (at_ns != NOT_SEEN && is_starved(judge, seen, at_ns, excess_ms)) {
            judge->starved++;
            printf("real: set aside: %s %s after %.3f s, %.3f s late, while the machine was late "
                   "by %.3f s\n",
                   instance, stage_names[stage], delay_ms / 1e3, (excess_ms + SLACK_MS) / 1e3,
                   (double)evidence_lag_ns(evidence, seen->before_ns, at_ns) / 1e9);
            continue;
        }
        expect(judge, at_ns != NOT_SEEN && excess_ms <= 0 && delay_ms >= dist->min - ROUNDING_MS,
               "%s: %s: got %.3f s after the fault, want %.3f..%.3f s", instance,
               stage_names[stage], at_ns == NOT_SEEN ? NAN : delay_ms / 1e3, dist->min / 1e3,
               (dist->max + SLACK_MS) / 1e3);
        if (at_ns != NOT_SEEN)
            delays[n++] = delay_ms;
    }
    gsl_sort(delays, 1, n);
    return n;
}

static void compare(struct judge *judge, enum way way, int stage, const struct delay_dist *dist)
{
    double delays[REAL_VICTIMS], sum = 0, distance, probability;
    size_t n = collect(judge, way, stage, dist, delays);
    char what[64];
    snprintf(what, sizeof what, "%s, %s", evidence_alert(way), way_name(way));
    expect(judge, n > 0, "%s: %s: got no sample", what, stage_names[stage]);
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        sum += delays[i];
        judge->place[stage][judge->n[stage]++] = delay_cdf(dist, delays[i]);
    }
    distance = delay_distance(dist, delays, n);
    probability = ks_probability(distance, n);
    printf("%-27s %3zu  %-8s %7.3f %7.3f %7.3f   %7.3f %7.3f %7.3f   %.3f  %.3f\n",
           stage == 0 ? what : "", n, stage_names[stage], dist->min / 1e3, delay_mean(dist) / 1e3,
           dist->max / 1e3, delays[0] / 1e3, sum / (double)n / 1e3, delays[n - 1] / 1e3, distance,
           probability);
    expect(judge, probability >= ALPHA_ROW,
           "%s: %s: Kolmogorov-Smirnov: got a probability of %.5f, want at least %.5f", what,
           stage_names[stage], probability, ALPHA_ROW);
}

static void judge_delays(struct judge *judge)
{
    printf("%-27s %3s  %-8s %23s   %23s   %5s  %5s\n", "seconds, 30 times compressed", "n", "",
           "predicted min mean max", "measured min mean max", "D", "p");
    for (int way = 0; way < WAYS_TIMED; way++) {
        struct delay_fault fault = fault_of((enum way)way);
        int rule = find_rule(&judge->fleet, evidence_alert((enum way)way));
        int host = way == WAY_BUSY || way == WAY_FULL; /* the fleet's second host: a load */
        struct delay_dist dists[DELAY_STAGES];
        UND_ASSERT(rule >= 0);
        delay_exact(&judge->fleet, rule, host, &fault, dists);
        for (int stage = 0; stage < DELAY_STAGES; stage++)
            compare(judge, (enum way)way, stage, &dists[stage]);
        delay_fini(dists);
    }
    for (int stage = 0; stage < DELAY_STAGES; stage++) {
        double distance = ks_distance_uniform(judge->place[stage], judge->n[stage]);
        double probability = ks_probability(distance, judge->n[stage]);
        printf("%-27s %3zu  %-8s %53s  %.3f  %.3f\n", stage == 0 ? "all" : "", judge->n[stage],
               stage_names[stage], "", distance, probability);
        expect(judge, probability >= ALPHA,
               "all faults: %s: Kolmogorov-Smirnov: got a probability of %.5f, want at least %.2f",
               stage_names[stage], probability, ALPHA);
    }
    expect(judge, judge->starved <= STARVED_SHARE * judge->samples,
           "got %d of %d samples set aside because the machine was late, want at most %.0f%%",
           judge->starved, judge->samples, 100 * STARVED_SHARE);
}

/* --- what the delays are made of ------------------------------------------------------------- */

/* How long the first scrape after a fault takes to fail: the model's latencies (S4). */
static void judge_latencies(struct judge *judge)
{
    const struct evidence *evidence = &judge->evidence;
    for (int way = 0; way <= WAY_UNLINKED; way++) {
        struct delay_fault fault = fault_of((enum way)way);
        int64_t want_ms = target_latency_ms(fault.state, judge->fleet.monitoring.scrape_interval_ms,
                                            judge->fleet.monitoring.scrape_timeout_ms,
                                            judge->fleet.monitoring.unreachable_ms);
        int64_t least_ms = INT64_MAX, most_ms = 0;
        for (int i = 0; i < evidence->victims.n; i++) {
            const struct seen *seen = &evidence->seen[i];
            if ((int)evidence->victims.victim[i].way != way || seen->failed_ns == NOT_SEEN)
                continue;
            least_ms = seen->failed_ms < least_ms ? seen->failed_ms : least_ms;
            most_ms = seen->failed_ms > most_ms ? seen->failed_ms : most_ms;
        }
        printf("%-9s first failed scrape took %lld..%lld ms, predicted %lld\n",
               way_name((enum way)way), (long long)least_ms, (long long)most_ms,
               (long long)want_ms);
        expect(judge,
               least_ms >= want_ms - (int64_t)ROUNDING_MS && most_ms <= want_ms + (int64_t)SLACK_MS,
               "%s: first failed scrape: got %lld..%lld ms, want %lld..%lld",
               way_name((enum way)way), (long long)least_ms, (long long)most_ms, (long long)want_ms,
               (long long)want_ms + (long long)SLACK_MS);
    }
}

/* The evaluation that finds the target down is the first one after the failed scrape became
 * visible, on a grid that never moves (S2, G1). A scrape that ends within the slack before an
 * evaluation may be seen by it or not. */
static void judge_slots(struct judge *judge)
{
    const struct evidence *evidence = &judge->evidence;
    int64_t interval_ns = judge->fleet.monitoring.evaluation_interval_ms * 1000000, phase_ns = -1;
    int n = 0, wrong = 0, moved = 0;
    for (int i = 0; i < evidence->victims.n; i++) {
        const struct seen *seen = &evidence->seen[i];
        int64_t pending_ns = seen->stage_ns[DELAY_PENDING], visible_ns;
        if (evidence->victims.victim[i].way > WAY_UNLINKED || pending_ns == NOT_SEEN ||
            seen->failed_ns == NOT_SEEN)
            continue;
        n++;
        phase_ns = phase_ns < 0 ? pending_ns % interval_ns : phase_ns;
        moved += pending_ns % interval_ns != phase_ns;
        visible_ns = seen->failed_ns + seen->failed_ms * 1000000;
        wrong += pending_ns < visible_ns - (int64_t)(2 * MS) ||
                 pending_ns - visible_ns > interval_ns + (int64_t)(SLACK_MS * MS);
    }
    printf("%d of %d alerts pending at the first evaluation after the failed scrape was over\n",
           n - wrong, n);
    expect(judge, n > 0 && wrong == 0 && moved == 0,
           "evaluations: got %d of %d at another slot, %d off the grid, want none", wrong, n,
           moved);
}

/* A host that is gone is first asked through the connection kept from the last scrape, which can
 * only time out; new connections are what ARP's silence ends (3.07 s, which does not shrink), once
 * the kernel has forgotten the host's address. */
static void judge_far(struct judge *judge)
{
    const struct evidence *evidence = &judge->evidence;
    const int64_t arp_ms = judge->fleet.monitoring.unreachable_ms;
    for (int i = 0; i < evidence->victims.n; i++) {
        const struct seen *seen = &evidence->seen[i];
        if (evidence->victims.victim[i].way != WAY_FAR)
            continue;
        printf("absent host at real speed: the first failed scrape took %lld ms, by the kept "
               "connection, "
               "the last %lld ms, by a new one; the model takes %lld ms for every one\n",
               (long long)seen->failed_ms, (long long)seen->last_ms, (long long)arp_ms);
        expect(judge,
               seen->failed_ms >= FAR_TIMEOUT_MS &&
                   seen->failed_ms <= FAR_TIMEOUT_MS + (int64_t)SLACK_MS,
               "absent host: first failed scrape: got %lld ms, want %lld..%lld",
               (long long)seen->failed_ms, FAR_TIMEOUT_MS,
               (long long)(FAR_TIMEOUT_MS + (int64_t)SLACK_MS));
        expect(judge, seen->last_ms > 0 && seen->last_ms <= arp_ms + (int64_t)SLACK_MS,
               "absent host: last scrape: got %lld ms, want 1..%lld", (long long)seen->last_ms,
               (long long)(arp_ms + (int64_t)SLACK_MS));
    }
}

/* --- the two acts ---------------------------------------------------------------------------- */

/* Resolved and fired again before the group's tick: firing twice, heard of once (A4). */
static void judge_again(struct judge *judge)
{
    const struct evidence *evidence = &judge->evidence;
    for (int i = 0; i < evidence->victims.n; i++) {
        const struct seen *seen = &evidence->seen[i];
        int64_t tick_ns =
            seen->stage_ns[DELAY_WEBHOOK] + judge->fleet.alertmanager.group_interval_ms * 1000000;
        int after = 0;
        if (evidence->victims.victim[i].way != WAY_AGAIN)
            continue;
        for (int k = 0; k < evidence->n_heard; k++)
            after += evidence->heard[k].host == i &&
                     evidence->heard[k].at_ns > seen->stage_ns[DELAY_WEBHOOK] &&
                     evidence->heard[k].at_ns < tick_ns + (int64_t)(2000 * MS);
        printf(
            "resolved and fired again %.1f s after the webhook: %d notifications up to 2 s after "
            "the group's tick, predicted 0\n",
            (double)(seen->firing_ns[1] - seen->stage_ns[DELAY_WEBHOOK]) / 1e9, after);
        expect(judge, seen->firing_ns[1] != NOT_SEEN && seen->firing_ns[1] < tick_ns,
               "%s: got no second firing before the group's tick",
               evidence->victims.victim[i].instance);
        expect(judge, after == 0, "%s: got %d notifications after the first, want none",
               evidence->victims.victim[i].instance, after);
    }
}

/* A `for` shorter than the grace period starts over (section 5). */
static void judge_restart(struct judge *judge)
{
    const struct evidence *evidence = &judge->evidence;
    struct refire want = refire_predict(&judge->fleet, find_rule(&judge->fleet, "RunnerOffline"));
    double least_ms = INFINITY, most_ms = 0;
    int n = 0, silent = 0;
    for (int i = 0; i < evidence->victims.n; i++) {
        int64_t at_ns = evidence->seen[i].firing_after_restart_ns;
        double delay_ms = (double)(at_ns - evidence->restarted_ns) / MS;
        if (evidence->victims.victim[i].way > WAY_UNLINKED)
            continue;
        n++;
        silent += at_ns == NOT_SEEN;
        if (at_ns == NOT_SEEN)
            continue;
        least_ms = fmin(least_ms, delay_ms);
        most_ms = fmax(most_ms, delay_ms);
    }
    printf(
        "Prometheus killed and started: %d of %d alerts fire again after %.3f..%.3f s, predicted "
        "%.3f..%.3f\n",
        n - silent, n, least_ms / 1e3, most_ms / 1e3, want.min_ms / 1e3, want.max_ms / 1e3);
    expect(judge, silent == 0 && least_ms >= want.min_ms && most_ms <= want.max_ms + SLACK_MS,
           "restart: got alerts firing again after %.3f..%.3f s (%d never), want %.3f..%.3f",
           least_ms / 1e3, most_ms / 1e3, silent, want.min_ms / 1e3,
           (want.max_ms + SLACK_MS) / 1e3);
}

int main(int argc, char **argv)
{
    static struct judge judge;
    struct und_err err = {.code = UND_OK};
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "judge: want DIR\n");
        return UND_USAGE;
    }
    if (evidence_read(&judge.evidence, &err) ||
        fleet_load(&judge.fleet, "fleet.yaml", NULL, 0, &err)) {
        fprintf(stderr, "judge: %s\n", err.text);
        return (int)err.code;
    }
    judge_delays(&judge);
    judge_latencies(&judge);
    judge_slots(&judge);
    judge_far(&judge);
    judge_again(&judge);
    judge_restart(&judge);
    fleet_fini(&judge.fleet);
    printf("judged: %d, failed: %d\n", judge.checks, judge.failures);
    return judge.failures ? UND_FAILED : UND_OK;
}
