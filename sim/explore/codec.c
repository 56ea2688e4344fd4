#include "codec.h"
#include "model/base/assert.h"

#include <string.h>

/* Whoever adds a field to what the policy remembers must say here what becomes of it: packed, or
 * made equal and why. */
_Static_assert(sizeof(struct policy_host) == 8 + 4 * 8 + POLICY_FAILOVER_LOG * 8 + 8 +
                                                 SIGN_COUNT * 8 + 8 + POLICY_FAILOVER_LOG * 8 + 8 +
                                                 8,
               "struct policy_host has changed: pack its new field in codec.c");
_Static_assert(sizeof(struct policy_state) ==
                   8 + 2 * 8 + 8 + POLICY_HOSTS * sizeof(struct policy_host),
               "struct policy_state has changed: pack its new field in codec.c");

#define LONG_AGO_MS (CODEC_NOW_MS - 500 * SCALE_HOUR_MS)

enum { PHASE_BITS = 3, HELD_BITS = 3, FLEET_FLAGS = 2 };

static const enum notice holds[] = {
    0, NOTICE_HELD_LAST, NOTICE_HELD_BLIND, NOTICE_HELD_PAUSED, NOTICE_HELD_GRACE, NOTICE_EMPTY};

static int bits_for(int most)
{
    int bits = 0;
    while (most >> bits != 0)
        bits++;
    return bits;
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

enum und_code codec_init(struct codec *codec, const struct scale *scale, struct abstraction forget,
                         struct und_err *err)
{
    int longest, i, slots = 0;
    longest = max(max(scale->persist, scale->ramp), max(scale->block, scale->hour));
    longest = max(longest, max(scale->clear_for, max(scale->grace, scale->page_after)));
    for (i = 0; i < scale->n; i++)
        slots = max(slots, scale->slots[i]);
    codec->scale = *scale;
    codec->forget = forget;
    codec->per_ms = 1.0 / (double)scale->unit_ms;
    codec->age_bits = bits_for(scale_cap(longest) + 1); /* 0 says "none" */
    codec->slot_bits = bits_for(slots);
    codec->log = scale->config.max_failovers;
    codec->host_bits = PHASE_BITS + (forget.words ? 0 : HELD_BITS) + codec->slot_bits +
                       codec->age_bits * (forget.guard ? 1 : 2 + codec->log);
    codec->bits = scale->n * codec->host_bits + 2 * codec->age_bits + FLEET_FLAGS;
    if (codec->bits > 128 || codec->host_bits > 63)
        return und_fail(err, UND_USAGE,
                        "explore: got states of %d bits, want at most 128: fewer hosts, units or "
                        "failovers an hour",
                        codec->bits);
    return UND_OK;
}

/* ---- packing ---- */

static int units(const struct codec *codec, int64_t ms, int cap)
{
    int64_t age = (int64_t)((double)ms * codec->per_ms + 0.5);
    return age < 0 ? 0 : age > cap ? cap : (int)age;
}

/* 0 for none, else 1 + age. */
static unsigned optional_age(const struct codec *codec, int64_t at_ms, int64_t now_ms, int constant)
{
    return at_ms < 0 ? 0 : 1 + (unsigned)units(codec, now_ms - at_ms, scale_cap(constant));
}

/* The one instant that the host's phase uses. */
static unsigned pack_timer(const struct codec *codec, const struct policy_host *host,
                           int64_t now_ms)
{
    const struct scale *scale = &codec->scale;
    switch (host->phase) {
    case PHASE_SUSPECT:
        return (unsigned)units(codec, now_ms - host->detected_ms, scale_cap(scale->persist));
    case PHASE_DRAINED:
        return optional_age(codec, host->clear_ms, now_ms, scale->clear_for);
    case PHASE_RAMPING:
        return (unsigned)units(codec, now_ms - host->ramp_start_ms, scale_cap(scale->ramp));
    case PHASE_SERVING:
    case PHASE_MAINTENANCE:
    case PHASE_COUNT:
        break;
    }
    return 0;
}

/* 0: none or long over; 1: over just now; else 1 + what is left. */
static unsigned pack_block(const struct codec *codec, const struct policy_host *host,
                           int64_t now_ms)
{
    int64_t left_ms = host->blocked_until_ms - now_ms;
    if (left_ms * 2 < -codec->scale.unit_ms)
        return 0;
    return 1 + (unsigned)units(codec, left_ms, codec->scale.block);
}

/* The youngest entries within the hour, oldest first; 1 + age each. */
static uint64_t pack_log(const struct codec *codec, const struct policy_host *host, int64_t now_ms)
{
    uint64_t log = 0;
    int i, kept = host->failover_count < codec->log ? host->failover_count : codec->log;
    for (i = host->failover_count - kept; i < host->failover_count; i++) {
        int age = units(codec, now_ms - host->failovers[i % POLICY_FAILOVER_LOG],
                        scale_cap(codec->scale.hour));
        log = log << codec->age_bits | (age > codec->scale.hour ? 0 : 1 + (unsigned)age);
    }
    return log;
}

static unsigned pack_held(const struct policy_host *host)
{
    unsigned i;
    for (i = 0; i < sizeof holds / sizeof *holds; i++)
        if ((int)holds[i] == host->held)
            return i;
    UND_UNREACHABLE();
}

static uint64_t pack_host(const struct codec *codec, const struct policy_host *host, int64_t now_ms)
{
    uint64_t key = (uint64_t)host->phase;
    key = key << codec->slot_bits |
          (unsigned)(host->admitted & ((1 << codec->slot_bits) - 1)); /* out of range: caught */
    key = key << codec->age_bits | pack_timer(codec, host, now_ms);
    if (!codec->forget.guard) {
        key = key << codec->age_bits | pack_block(codec, host, now_ms);
        key = key << codec->age_bits * codec->log | pack_log(codec, host, now_ms);
    }
    return codec->forget.words ? key : key << HELD_BITS | pack_held(host);
}

static void sort_equal(const struct codec *codec, uint64_t *host)
{
    int i, j;
    for (i = 1; i < codec->scale.n; i++)
        for (j = i; j > 0 && codec->scale.like_last[j] && host[j] < host[j - 1]; j--) {
            uint64_t swap = host[j];
            host[j] = host[j - 1];
            host[j - 1] = swap;
        }
}

uint128 codec_pack(const struct codec *codec, const struct policy_state *state, int64_t now_ms)
{
    const struct scale *scale = &codec->scale;
    uint64_t host[SCALE_HOSTS];
    uint128 key;
    unsigned dark = optional_age(codec, state->dark_ms, now_ms, scale->page_after);
    int i;
    if (state->paged && dark > 0)
        dark = 1 + (unsigned)scale_cap(scale->page_after);
    key = (unsigned)units(codec, now_ms - state->started_ms, scale_cap(scale->grace));
    key = key << codec->age_bits | (codec->forget.words ? 0 : dark);
    key = key << 1 | (!codec->forget.words && state->paged);
    key = key << 1 | (!codec->forget.words && state->blind);
    for (i = 0; i < scale->n; i++)
        host[i] = pack_host(codec, &state->host[i], now_ms);
    sort_equal(codec, host);
    for (i = 0; i < scale->n; i++)
        key = key << codec->host_bits | host[i];
    return key;
}

/* ---- unpacking ---- */

static unsigned take(uint64_t *key, int bits)
{
    unsigned value = (unsigned)(*key & ((1u << bits) - 1));
    *key >>= bits;
    return value;
}

static int64_t ago(const struct codec *codec, unsigned age)
{
    return CODEC_NOW_MS - (int64_t)age * codec->scale.unit_ms;
}

static void unpack_log(const struct codec *codec, uint64_t *key, struct policy_host *host)
{
    unsigned age[POLICY_FAILOVER_LOG] = {0};
    int i;
    for (i = codec->log - 1; i >= 0; i--)
        age[i] = take(key, codec->age_bits);
    host->failover_count = 0;
    for (i = 0; i < codec->log; i++)
        if (age[i] > 0)
            host->failovers[host->failover_count++] = ago(codec, age[i] - 1);
}

/* Nothing is left of the guard's memory: the log is empty or full, by the key's parity, which makes
 * no difference that would be remembered. */
static void unpack_no_guard(const struct codec *codec, uint64_t key, struct policy_host *host)
{
    host->failover_count = __builtin_parityll(key) ? codec->log : 0;
    for (int i = 0; i < host->failover_count; i++)
        host->failovers[i] = CODEC_NOW_MS;
}

/* What lies beyond the document's evidence is any that it may be: the signs' clocks by letters.c,
 * the rest by an edge. One detection short of returning, the oldest at the window's edge or beyond
 * it, by `parity`. */
static void forget_signs(const struct policy_config *config, int parity, struct policy_host *host)
{
    int i;
    for (i = 0; i < SIGN_COUNT; i++)
        host->sign_ms[i] = -1;
    host->told = 0;
    host->hidden_until_ms = LONG_AGO_MS;
    host->detection_count = config->returns_within_ms > 0 ? config->returns : 0;
    for (i = 0; i < host->detection_count; i++)
        host->detections[i] =
            i > 0 ? CODEC_NOW_MS : CODEC_NOW_MS - config->returns_within_ms - parity;
}

static void unpack_host(const struct codec *codec, uint64_t key, struct policy_host *host)
{
    unsigned block = 0, timer;
    forget_signs(&codec->scale.config, __builtin_parityll(key), host);
    host->held = codec->forget.words ? 0 : (int)holds[take(&key, HELD_BITS)];
    if (codec->forget.guard) {
        unpack_no_guard(codec, key, host);
    } else {
        unpack_log(codec, &key, host);
        block = take(&key, codec->age_bits);
    }
    timer = take(&key, codec->age_bits);
    host->admitted = (int)take(&key, codec->slot_bits);
    host->phase = (enum phase)key;
    host->blocked_until_ms =
        block == 0 ? LONG_AGO_MS : CODEC_NOW_MS + (int64_t)(block - 1) * codec->scale.unit_ms;
    host->detected_ms = host->phase == PHASE_SUSPECT       ? ago(codec, timer)
                        : host->phase == PHASE_MAINTENANCE ? CODEC_NOW_MS - 1
                                                           : LONG_AGO_MS;
    host->clear_ms = host->phase == PHASE_DRAINED && timer > 0 ? ago(codec, timer - 1) : -1;
    host->ramp_start_ms = host->phase == PHASE_RAMPING ? ago(codec, timer) : LONG_AGO_MS;
}

void codec_unpack(const struct codec *codec, uint128 key, const int *order,
                  struct policy_state *state)
{
    uint64_t mask = ((uint64_t)1 << codec->host_bits) - 1, fleet;
    unsigned dark;
    int i;
    state->n = codec->scale.n;
    for (i = codec->scale.n - 1; i >= 0; i--) {
        unpack_host(codec, (uint64_t)key & mask, &state->host[order ? order[i] : i]);
        key >>= codec->host_bits;
    }
    fleet = (uint64_t)key;
    state->blind = take(&fleet, 1);
    state->paged = take(&fleet, 1);
    dark = take(&fleet, codec->age_bits);
    state->dark_ms = dark == 0 ? -1 : ago(codec, dark - 1);
    state->started_ms = ago(codec, (unsigned)fleet);
}

/* ---- edges ---- */

static void add_edge(struct codec_edges *edges, int64_t *at_ms, int64_t add_ms)
{
    edges->edge[edges->n].at = at_ms;
    edges->edge[edges->n++].add = add_ms;
}

static void edge(struct codec_edges *edges, int64_t *at_ms, int64_t due_ms, int constant)
{
    if (constant > 0 && *at_ms == due_ms)
        add_edge(edges, at_ms, 1);
}

/* Of the timers that the phase may ask: a block on the way back, the log at a drain. */
static void host_edges(const struct codec *codec, struct policy_host *host, int slots,
                       struct codec_edges *edges)
{
    const struct scale *scale = &codec->scale;
    int64_t unit = scale->unit_ms, now = CODEC_NOW_MS;
    int i, step = slots > 1 ? scale->ramp / (slots - 1) : 0;
    bool drains = host->phase == PHASE_SUSPECT || host->phase == PHASE_RAMPING;
    bool out = host->phase == PHASE_DRAINED || host->phase == PHASE_MAINTENANCE;
    if (host->phase == PHASE_SUSPECT)
        edge(edges, &host->detected_ms, now - scale->persist * unit, scale->persist);
    if (host->phase == PHASE_DRAINED)
        edge(edges, &host->clear_ms, now - scale->clear_for * unit, scale->clear_for);
    for (i = host->admitted; host->phase == PHASE_RAMPING && i < slots; i++)
        edge(edges, &host->ramp_start_ms, now - i * step * unit, step);
    if (out && codec->forget.guard && scale->block > 0)
        add_edge(edges, &host->blocked_until_ms, now + unit - LONG_AGO_MS);
    else if (out)
        edge(edges, &host->blocked_until_ms, now, scale->block);
    if (out && scale->config.hold_ms > 0)
        add_edge(edges, &host->hidden_until_ms, now + unit - LONG_AGO_MS);
    if (host->phase == PHASE_SUSPECT && scale->config.returns_within_ms > 0)
        add_edge(edges, &host->detections[0], 2);
    for (i = 0; drains && !codec->forget.guard && i < host->failover_count; i++)
        edge(edges, &host->failovers[i], now - SCALE_HOUR_MS, scale->hour);
}

void codec_edges(const struct codec *codec, struct policy_state *state, struct codec_edges *edges)
{
    const struct scale *scale = &codec->scale;
    int i;
    edges->n = 0;
    for (i = 0; i < scale->n; i++)
        host_edges(codec, &state->host[i], scale->slots[i], edges);
    if (!state->paged)
        edge(edges, &state->dark_ms, CODEC_NOW_MS - scale->page_after * scale->unit_ms,
             scale->page_after);
    edge(edges, &state->started_ms, CODEC_NOW_MS - scale->grace * scale->unit_ms, scale->grace);
}

/* ---- arrangements ---- */

static bool next_permutation(int *order, int n)
{
    int i = n - 2, j = n - 1, k;
    while (i >= 0 && order[i] > order[i + 1])
        i--;
    if (i < 0)
        return false;
    while (order[j] < order[i])
        j--;
    k = order[i];
    order[i] = order[j];
    order[j] = k;
    for (i++, j = n - 1; i < j; i++, j--) {
        k = order[i];
        order[i] = order[j];
        order[j] = k;
    }
    return true;
}

/* Hosts change places only with their like, and those that are equal now keep their order. */
static bool differs(const struct codec *codec, const uint64_t *host, const int *order)
{
    int i, j, first[SCALE_HOSTS];
    for (i = 0; i < codec->scale.n; i++)
        first[i] = codec->scale.like_last[i] ? first[i - 1] : i;
    for (i = 0; i < codec->scale.n; i++) {
        if (first[i] != first[order[i]])
            return false;
        for (j = 0; j < i; j++)
            if (first[i] == first[j] && host[i] == host[j] && order[j] > order[i])
                return false;
    }
    return true;
}

int codec_orders(const struct codec *codec, uint128 key, int order[CODEC_ORDERS][SCALE_HOSTS])
{
    uint64_t mask = ((uint64_t)1 << codec->host_bits) - 1, host[SCALE_HOSTS];
    int i, n = 0, now[SCALE_HOSTS] = {0, 1, 2, 3};
    for (i = codec->scale.n - 1; i >= 0; i--) {
        host[i] = (uint64_t)key & mask;
        key >>= codec->host_bits;
    }
    do
        if (differs(codec, host, now))
            memcpy(order[n++], now, sizeof now);
    while (next_permutation(now, codec->scale.n));
    return n;
}
