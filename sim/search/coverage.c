#include "coverage.h"
#include "model/policy/policy_names.h"
#include "schedule.h"

void coverage_merge(struct coverage *sum, const struct coverage *more)
{
    int64_t *to = (int64_t *)sum;
    const int64_t *from = (const int64_t *)more;
    size_t i;
    for (i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void count(int64_t *times, unsigned notices)
{
    for (; notices != 0; notices &= notices - 1)
        times[__builtin_ctz(notices)]++;
}

void coverage_step(struct coverage *coverage, const struct policy_state *before,
                   const struct policy_state *after, const struct plan *plan)
{
    int i;
    count(coverage->fleet_notice, plan->notices);
    for (i = 0; i < after->n; i++) {
        const struct policy_host *is = &after->host[i];
        coverage->change[before->host[i].phase][is->phase]++;
        coverage->held[is->phase][is->held]++;
        count(coverage->host_notice, plan->host[i].notices);
    }
}

void coverage_pairs(struct coverage *coverage, const uint64_t met[FAULT_KINDS])
{
    int a, b;
    for (a = 0; a < FAULT_KINDS; a++)
        for (b = a; met[a] >> b != 0; b++)
            coverage->pair[a][b] += (int64_t)(met[a] >> b & 1);
}

void coverage_count_pairs(const struct coverage *coverage, const struct fleet *fleet, int *met,
                          int *all)
{
    int a, b;
    *met = *all = 0;
    for (a = 0; a < FAULT_KINDS; a++)
        for (b = a; b < FAULT_KINDS; b++) {
            /* What is over at once meets only what lasts. */
            if (!schedule_can(fleet, (enum fault_kind)a) ||
                !schedule_can(fleet, (enum fault_kind)b) ||
                fault_row((enum fault_kind)a)->instant || fault_row((enum fault_kind)b)->instant)
                continue;
            ++*all;
            *met += coverage->pair[a][b] > 0;
        }
}

int coverage_sometimes(const struct coverage *coverage, const struct fleet *fleet,
                       struct coverage_item item[COVERAGE_SOMETIMES])
{
    static const enum notice alone[] = {NOTICE_DETECTED, NOTICE_DISMISSED, NOTICE_HELD_LAST};
    static const enum notice together[] = {NOTICE_FAILOVER,   NOTICE_FAILBACK,    NOTICE_RESTORED,
                                           NOTICE_HELD_BLIND, NOTICE_MAINTENANCE, NOTICE_EMPTY};
    static const enum notice fleetwide[] = {NOTICE_BLIND, NOTICE_SIGHTED, NOTICE_PAGE};
    size_t i;
    int n = 0;
    for (i = 0; i < sizeof alone / sizeof *alone; i++)
        item[n++] =
            (struct coverage_item){policy_notice_name(alone[i]), coverage->host_notice[alone[i]]};
    for (i = 0; fleet->n_hosts > 1 && i < sizeof together / sizeof *together; i++)
        item[n++] = (struct coverage_item){policy_notice_name(together[i]),
                                           coverage->host_notice[together[i]]};
    for (i = 0; i < sizeof fleetwide / sizeof *fleetwide; i++)
        item[n++] = (struct coverage_item){policy_notice_name(fleetwide[i]),
                                           coverage->fleet_notice[fleetwide[i]]};
    return n;
}

static void print_changes(FILE *out, const struct coverage *coverage)
{
    int from, to;
    for (from = 0; from < PHASE_COUNT; from++)
        for (to = 0; to < PHASE_COUNT; to++)
            if (from != to && coverage->change[from][to] > 0)
                fprintf(out, "  %s to %s: %lld\n", policy_phase_name((enum phase)from),
                        policy_phase_name((enum phase)to), (long long)coverage->change[from][to]);
}

static void print_notices(FILE *out, const struct coverage *coverage)
{
    int notice, phase;
    for (notice = 0; notice < NOTICE_COUNT; notice++) {
        int64_t times = coverage->host_notice[notice] + coverage->fleet_notice[notice];
        if (times > 0)
            fprintf(out, "  says %s: %lld\n", policy_notice_name((enum notice)notice),
                    (long long)times);
    }
    for (phase = 0; phase < PHASE_COUNT; phase++)
        for (notice = 1; notice < NOTICE_COUNT; notice++)
            if (coverage->held[phase][notice] > 0)
                fprintf(out, "  %s, %s: %lld\n", policy_phase_name((enum phase)phase),
                        policy_notice_name((enum notice)notice),
                        (long long)coverage->held[phase][notice]);
}

void coverage_print(FILE *out, const struct coverage *coverage, const struct fleet *fleet)
{
    struct coverage_item item[COVERAGE_SOMETIMES];
    int i, n = coverage_sometimes(coverage, fleet, item), met, all;
    coverage_count_pairs(coverage, fleet, &met, &all);
    fputs("Met, in steps of the policy:\n", out);
    print_changes(out, coverage);
    print_notices(out, coverage);
    fprintf(out, "  two kinds of fault at once: %d of %d pairs\n", met, all);
    for (i = 0; i < n; i++)
        if (item[i].times == 0)
            fprintf(out, "  NEVER, and must sometimes: %s\n", item[i].name);
}
