#include "schedule.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "sim/engine/stream.h"

#include <math.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define GB 1000000000LL
#define FILL_BYTES (30 * GB) /* ten of them fill a disk */

bool schedule_can(const struct fleet *fleet, enum fault_kind kind)
{
    return fleet->github.present || !fault_row(kind)->real_github;
}

int64_t schedule_bound_ms(const struct fleet *fleet)
{
    const struct policy_config *policy = &fleet->policy;
    int64_t bound = 60 * MINUTE_MS; /* registrations, alerts and labels follow */
    if (!fleet->has_policy)
        return bound;
    bound += policy->persist_ms + policy->block_ms + policy->hold_ms + policy->grace_ms;
    bound += 2 * policy->ramp_ms + policy->clear_for_ms + policy->stale_after_ms;
    bound += (policy->health_checks + 1) * fleet_poll_ms(fleet, POLL_HEALTH);
    bound += policy->signs[SIGN_FAILURES].then != 0 ? policy->failure_within_ms : 0;
    return bound;
}

/* ---- drawing ---- */

static int64_t pick_ms(struct stream *stream, const int64_t *minutes, uint32_t n)
{
    return minutes[stream_below(stream, n)] * MINUTE_MS;
}

static double pick(struct stream *stream, const double *choices, uint32_t n)
{
    return choices[stream_below(stream, n)];
}

static void draw_targets(const struct fleet *fleet, struct stream *stream, struct fault *fault)
{
    int i;
    if (stream_below(stream, 8) == 0) {
        for (i = 0; i < fleet->n_hosts; i++)
            fault->targets[fault->n_targets++] = i;
        return;
    }
    fault->targets[fault->n_targets++] = (int)stream_below(stream, (uint32_t)fleet->n_hosts);
}

/* Every parameter, whether its kind has it or not: the order of draws is the same for all. */
static void draw_parameters(const struct fleet *fleet, struct stream *stream, struct fault *fault)
{
    static const double shares[] = {0.2, 0.5, 0.9, 1}, factors[] = {1.3, 2, 4};
    static const double jumps[] = {-10, 4, 10};
    unsigned keys = fault_row(fault->kind)->must | fault_row(fault->kind)->may;
    int slots = 1 + (int)stream_below(stream, 4);
    double share = pick(stream, shares, 4), factor = pick(stream, factors, 3);
    double jump = pick(stream, jumps, 3);
    bool coin = stream_below(stream, 2) == 0, often = stream_below(stream, 2) == 0;
    int64_t minutes = 1 + (int64_t)stream_below(stream, 10);
    fault->chance = 1;
    fault->up = dist_fixed(70000);
    fault->down = dist_fixed(minutes * 20000);
    fault->delay = dist_fixed(minutes * MINUTE_MS);
    if (keys & KEY_TARGET)
        draw_targets(fleet, stream, fault);
    fault->from = FROM_GITHUB + stream_below(stream, 3);
    fault->graceful = coin;
    fault->load_pm = (int64_t)(share * 1000);
    fault->slowdown = keys & KEY_SLOWDOWN ? factor : 1;
    fault->slots =
        keys & KEY_SLOTS && (often || fault_row(fault->kind)->must & KEY_SLOTS) ? slots : 0;
    fault->error_rate = share;
    fault->jump_ms = (int64_t)jump * MINUTE_MS;
    fault->share = share;
    fault->acknowledges = coin;
    fault->rate_per_ms = keys & KEY_RATE && often ? 2.0 / (60 * MINUTE_MS) : 0;
    fault->lie = (enum fault_lie)stream_below(stream, 3);
    if (keys & KEY_SIZE) {
        fault->size_bytes = (int64_t)(share * 10) * FILL_BYTES;
        fault->per_ms = often ? 10 * minutes * MINUTE_MS : 0;
        fault->cleanup_ms = 24 * 60 * MINUTE_MS;
    }
}

static void clip_slots(const struct fleet *fleet, struct fault *fault)
{
    int i;
    for (i = 0; i < fault->n_targets; i++)
        if (fault->slots > fleet->hosts[fault->targets[i]].slots)
            fault->slots = fleet->hosts[fault->targets[i]].slots;
}

static void draw_fault(const struct fleet *fleet, struct stream *stream, enum fault_kind kind,
                       int64_t within_ms, struct fault *fault)
{
    static const int64_t lasts[] = {1, 3, 6, 10, 30, 60, 120};
    *fault = (struct fault){.kind = kind, .has_lasts = true};
    fault->at = dist_fixed((int64_t)(stream_uniform(stream) * (double)within_ms));
    fault->lasts = dist_fixed(pick_ms(stream, lasts, sizeof lasts / sizeof *lasts));
    dist_init(&fault->every);
    draw_parameters(fleet, stream, fault);
    clip_slots(fleet, fault);
}

/* The kinds that exist in this schedule. */
static int draw_kinds(const struct fleet *fleet, struct stream *stream,
                      const enum fault_kind focus[2], enum fault_kind kind[FAULT_KINDS])
{
    double share = 0.1 + 0.3 * stream_uniform(stream);
    int i, n = 0;
    for (i = 0; i < FAULT_KINDS; i++) {
        bool is = stream_uniform(stream) < share;
        bool wanted = focus[0] == (enum fault_kind)i || focus[1] == (enum fault_kind)i;
        if ((is || wanted) && schedule_can(fleet, (enum fault_kind)i))
            kind[n++] = (enum fault_kind)i;
    }
    return n;
}

uint64_t schedule_stream_seed(const struct schedule *schedule)
{
    uint64_t hash = schedule->seed * 0x9E3779B97F4A7C15u + (uint64_t)schedule->number;
    hash = (hash ^ hash >> 31) * 0xBF58476D1CE4E5B9u;
    return (hash ^ hash >> 29) >> 2; /* a seed that --seed takes */
}

void schedule_draw(const struct fleet *fleet, uint64_t seed, int64_t number,
                   const enum fault_kind focus[2], int64_t bound_ms, struct schedule *schedule)
{
    static const double loads[] = {0.05, 0.1, 0.1, 0.2, 0.2, 0.5, 1, 4};
    static const int64_t within[] = {60, 4 * 60, 12 * 60, 48 * 60};
    enum fault_kind kind[FAULT_KINDS];
    struct stream stream;
    int64_t within_ms;
    int kinds, i;
    memset(schedule, 0, sizeof *schedule);
    schedule->seed = seed;
    schedule->number = number;
    schedule->focus[0] = focus[0];
    schedule->focus[1] = focus[1];
    stream_seed(&stream, ~schedule_stream_seed(schedule));
    schedule->load = pick(&stream, loads, sizeof loads / sizeof *loads);
    within_ms = pick_ms(&stream, within, sizeof within / sizeof *within);
    kinds = draw_kinds(fleet, &stream, focus, kind);
    schedule->n = 1 + (int)stream_below(&stream, SCHEDULE_FAULTS);
    for (i = 0; i < schedule->n; i++) {
        enum fault_kind next =
            kinds > 0 ? kind[stream_below(&stream, (uint32_t)kinds)] : FAULT_HOST_POWER_LOSS;
        if (i < 2 && focus[i] != SCHEDULE_ANY && schedule_can(fleet, focus[i]))
            next = focus[i];
        draw_fault(fleet, &stream, next, within_ms, &schedule->fault[i]);
    }
    schedule_close(schedule, bound_ms);
}

void schedule_close(struct schedule *schedule, int64_t bound_ms)
{
    int i;
    schedule->heal_ms = 0;
    for (i = 0; i < schedule->n; i++) {
        int64_t end_ms = (int64_t)(schedule->fault[i].at.a + schedule->fault[i].lasts.a);
        if (end_ms > schedule->heal_ms)
            schedule->heal_ms = end_ms;
    }
    schedule->end_ms = schedule->heal_ms + bound_ms;
}

int64_t schedule_trouble_ms(const struct schedule *schedule)
{
    int64_t at_ms, sum_ms = 0;
    int i;
    for (at_ms = 0; at_ms < schedule->heal_ms; at_ms += MINUTE_MS)
        for (i = 0; i < schedule->n; i++)
            if ((double)at_ms >= schedule->fault[i].at.a &&
                (double)at_ms < schedule->fault[i].at.a + schedule->fault[i].lasts.a) {
                sum_ms += MINUTE_MS;
                break;
            }
    return sum_ms;
}

bool schedule_heals(const struct scenario *scenario, int64_t bound_ms)
{
    int i;
    for (i = 0; i < scenario->n_faults; i++) {
        const struct fault *fault = &scenario->faults[i];
        double end_ms = fault->at.a;
        if (fault->at.kind != DIST_FIXED || fault->has_every)
            return false;
        if (!fault_row(fault->kind)->instant) {
            if (!fault->has_lasts || fault->lasts.kind != DIST_FIXED)
                return false;
            end_ms += fault->lasts.a;
        }
        if (end_ms + (double)bound_ms > (double)scenario->duration_ms)
            return false;
    }
    return true;
}

void schedule_apply(const struct schedule *schedule, double rate_per_ms, struct scenario *scenario)
{
    memcpy(scenario->faults, schedule->fault, (size_t)schedule->n * sizeof schedule->fault[0]);
    scenario->n_faults = schedule->n;
    scenario->duration_ms = schedule->end_ms;
    scenario->until_recovered = false;
    scenario->warmup_ms = 0;
    scenario->warmup_auto = false;
    scenario->fleet.workload.arrivals.rate_per_ms = rate_per_ms * schedule->load;
}

/* ---- printing ---- */

static void print_duration(FILE *out, const char *key, double ms)
{
    char text[UNITS_TEXT];
    fprintf(out, ", %s: %s", key, units_format_duration((int64_t)ms, text));
}

static void print_targets(FILE *out, const struct fleet *fleet, const struct fault *fault)
{
    int i;
    fputs(", target: [", out);
    for (i = 0; i < fault->n_targets; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", fleet->hosts[fault->targets[i]].name);
    putc(']', out);
}

static void print_shares(FILE *out, unsigned keys, const struct fault *fault)
{
    static const char *const lies[] = {"offline", "idle", "missing"};
    if (keys & KEY_LOAD)
        fprintf(out, ", load: %g%%", (double)fault->load_pm / 10);
    if (keys & KEY_SLOWDOWN)
        fprintf(out, ", slowdown: %g", fault->slowdown);
    if (keys & KEY_SLOTS && fault->slots > 0)
        fprintf(out, ", slots: %d", fault->slots);
    if (keys & KEY_ERROR_RATE)
        fprintf(out, ", error_rate: %g%%", fault->error_rate * 100);
    if (keys & KEY_SHARE)
        fprintf(out, ", share: %g%%", fault->share * 100);
    if (keys & KEY_LIE)
        fprintf(out, ", lie: %s", lies[fault->lie]);
    if (keys & KEY_SIZE)
        fprintf(out, ", size: %lldGB", (long long)fault->size_bytes / GB);
    if (keys & KEY_SIZE && fault->per_ms > 0)
        print_duration(out, "per", (double)fault->per_ms);
}

void schedule_print_fault(FILE *out, const struct fleet *fleet, const struct fault *fault)
{
    static const char *const from[] = {"", "github", "monitoring", "both"};
    unsigned keys = fault_row(fault->kind)->must | fault_row(fault->kind)->may;
    char text[UNITS_TEXT];
    fprintf(out, "{at: %s, kind: %s", units_format_duration((int64_t)fault->at.a, text),
            fault_kind_name(fault->kind));
    if (keys & KEY_TARGET)
        print_targets(out, fleet, fault);
    if (!fault_row(fault->kind)->instant)
        print_duration(out, "lasts", fault->lasts.a);
    if (keys & KEY_FROM)
        fprintf(out, ", from: %s", from[fault->from]);
    if (keys & KEY_GRACEFUL)
        fprintf(out, ", graceful: %s", fault->graceful ? "true" : "false");
    print_shares(out, keys, fault);
    if (keys & KEY_JUMP)
        print_duration(out, "jump", (double)fault->jump_ms);
    if (keys & KEY_ACKNOWLEDGES)
        fprintf(out, ", acknowledges: %s", fault->acknowledges ? "true" : "false");
    if (keys & KEY_RATE && fault->rate_per_ms > 0)
        fprintf(out, ", rate: %.17g/h", fault->rate_per_ms * 60 * MINUTE_MS);
    if (keys & KEY_CYCLE)
        print_duration(out, "down", fault->down.a);
    if (keys & KEY_CYCLE)
        print_duration(out, "up", fault->up.a);
    if (keys & KEY_DELAY)
        print_duration(out, "delay", fault->delay.a);
    putc('}', out);
}
