/*
 * The invariants: each is seen to fire on a doctored step, and none fires anywhere that the policy
 * can get to: in an exhaustive exploration of a small fleet and on random walks of a large one.
 */
#include "sim/engine/stream.h"
#include "tests/support/helpers.h"
#include "tests/support/policy_fixture.h"

#include <stdlib.h>
#include <string.h>

/* --- doctored steps -------------------------------------------------------------------------- */

/* A step that a policy might wrongly have taken: from a well pair of 8 slots, `before` to `after`.
 */
static struct doctored {
    struct policy_config config;
    struct policy_state before, after;
    struct view view;
    struct plan plan;
} d;

static void doctor(void)
{
    struct policy_fixture p;
    struct policy_config config = policy_fixture_config();
    policy_fixture_init(&p, &config, 2, 8);
    policy_fixture_step(&p, 0);
    d.config = p.config;
    d.before = d.after = p.state;
    d.view = p.view;
    d.plan = p.plan;
}

static void set_admitted(int host, int before, int after)
{
    d.before.host[host].admitted = before;
    d.after.host[host].admitted = d.plan.host[host].admitted = after;
}

static void set_phases(int host, enum phase before, enum phase after)
{
    d.before.host[host].phase = before;
    d.after.host[host].phase = after;
}

static void ck_broken(enum invariant want, int64_t now_ms)
{
    int host = -1;
    ck_assert_int_eq(
        invariant_check(&d.config, &d.before, &d.after, now_ms, &d.view, &d.plan, &host), want);
    ck_assert(want == INVARIANT_HOLDS || host == 0);
}

/* Detected at 0, alerting, drained at `now`. */
static void drain_primary(void)
{
    doctor();
    set_admitted(0, 8, 0);
    set_phases(0, PHASE_SUSPECT, PHASE_DRAINED);
    d.view.host[0].alerts = 1u << SEVERITY_CRITICAL;
}

/* One slot at 0, ramping. */
static void ramp_primary(int before, int after)
{
    doctor();
    set_admitted(0, before, after);
    set_phases(0, before == 0 ? PHASE_DRAINED : PHASE_RAMPING, PHASE_RAMPING);
}

START_TEST(admitted_range_fires)
{
    doctor();
    set_admitted(0, 8, 9);
    ck_broken(INVARIANT_ADMITTED_RANGE, 0);
    set_admitted(0, 8, -1);
    ck_broken(INVARIANT_ADMITTED_RANGE, 0);
    set_admitted(0, 8, 8);
    ck_broken(INVARIANT_HOLDS, 0);
    d.plan.host[0].admitted = 9;
    ck_broken(INVARIANT_ADMITTED_RANGE, 0);
}
END_TEST

START_TEST(static_fires_when_blind_or_paused)
{
    drain_primary();
    ck_broken(INVARIANT_HOLDS, 5 * MINUTE);
    d.view.paused = true;
    ck_broken(INVARIANT_STATIC, 5 * MINUTE);
    d.view.paused = false;
    d.view.age_ms[FEED_PROBE] = d.config.stale_after_ms + 1;
    ck_broken(INVARIANT_STATIC, 5 * MINUTE);
    ramp_primary(0, 1);
    d.view.age_ms[FEED_GITHUB] = d.config.stale_after_ms + 1;
    ck_broken(INVARIANT_STATIC, 5 * MINUTE);
}
END_TEST

START_TEST(last_healthy_fires_when_the_rest_is_gone_or_ill)
{
    drain_primary();
    d.before.host[1].admitted = d.after.host[1].admitted = d.plan.host[1].admitted = 0;
    d.before.host[1].phase = d.after.host[1].phase = PHASE_DRAINED;
    ck_broken(INVARIANT_LAST_HEALTHY, 5 * MINUTE);
    drain_primary();
    d.view.host[1].online = 0;
    ck_broken(INVARIANT_LAST_HEALTHY, 5 * MINUTE);
    drain_primary();
    d.view.host[1].alerts = 1u << SEVERITY_CRITICAL;
    ck_broken(INVARIANT_LAST_HEALTHY, 5 * MINUTE);
}
END_TEST

START_TEST(persistence_fires_a_millisecond_early)
{
    drain_primary();
    ck_broken(INVARIANT_PERSISTENCE, 5 * MINUTE - 1);
    ck_broken(INVARIANT_HOLDS, 5 * MINUTE);
    d.before.host[0].phase = PHASE_SERVING; /* not even detected */
    ck_broken(INVARIANT_PERSISTENCE, 5 * MINUTE);
    d.before.host[0].phase = PHASE_RAMPING; /* a relapse needs no persistence */
    ck_broken(INVARIANT_HOLDS, 1);
}
END_TEST

START_TEST(recovery_fires_without_any_of_its_conditions)
{
    ramp_primary(0, 1);
    ck_broken(INVARIANT_HOLDS, HOUR);
    d.view.host[0].health_passes = 0;
    ck_broken(INVARIANT_RECOVERY, HOUR);
    ramp_primary(0, 1);
    d.view.host[0].online = 0;
    ck_broken(INVARIANT_RECOVERY, HOUR);
    ramp_primary(1, 2);
    d.view.host[0].alerts = 1u << SEVERITY_CRITICAL;
    ck_broken(INVARIANT_RECOVERY, HOUR);
}
END_TEST

START_TEST(ramp_fires_a_millisecond_early)
{
    ramp_primary(0, 2);
    ck_broken(INVARIANT_RAMP, HOUR);
    ramp_primary(7, 8);
    ck_broken(INVARIANT_RAMP, 10 * MINUTE - 1);
    ck_broken(INVARIANT_HOLDS, 10 * MINUTE);
    d.view.host[1].online = 0; /* nothing else serves: no ramp */
    ck_broken(INVARIANT_HOLDS, 1);
}
END_TEST

START_TEST(flap_fires_for_a_blocked_host)
{
    ramp_primary(0, 1);
    d.before.host[0].blocked_until_ms = HOUR;
    ck_broken(INVARIANT_FLAP, HOUR - 1);
    ck_broken(INVARIANT_HOLDS, HOUR);
}
END_TEST

START_TEST(steady_fires_without_evidence)
{
    drain_primary();
    d.view.host[0].alerts = 1u << SEVERITY_WARNING;
    ck_broken(INVARIANT_STEADY, 5 * MINUTE);
    d.view.host[0].offline_readings = d.config.confirm; /* one signal of two */
    ck_broken(INVARIANT_STEADY, 5 * MINUTE);
    d.view.host[0].probe = PROBE_DOWN;
    ck_broken(INVARIANT_HOLDS, 5 * MINUTE);
}
END_TEST

START_TEST(stand_by_fires_when_the_plan_departs_from_the_state)
{
    doctor();
    d.plan.host[0].admitted = 7;
    ck_broken(INVARIANT_STAND_BY, 0);
    d.config.overflow = false;
    d.plan.host[0].admitted = 8;
    d.plan.host[1].admitted = 0;
    ck_broken(INVARIANT_HOLDS, 0);
    d.before.host[0].admitted = d.after.host[0].admitted = d.plan.host[0].admitted = 0;
    d.plan.host[1].admitted = 0; /* nobody at all */
    ck_assert_int_ne(
        invariant_check(&d.config, &d.before, &d.after, 0, &d.view, &d.plan, &(int){0}),
        INVARIANT_HOLDS);
}
END_TEST

/* --- exhaustive exploration ------------------------------------------------------------------ */

/* A clock of 20-minute steps keeps the hour of the flap block at three steps. All clocks of the
 * policy are one or two steps long. */
#define STEP (20 * MINUTE)
#define START (100 * STEP) /* states are rebuilt at this time, so that the past is not negative */

static struct policy_config small_config(bool overflow)
{
    struct policy_config config = policy_fixture_config();
    config.persist_ms = 2 * STEP;
    config.ramp_ms = 2 * STEP;
    config.clear_for_ms = STEP;
    config.stale_after_ms = STEP;
    config.block_ms = 3 * STEP;
    config.grace_ms = STEP;
    config.page_after_ms = 2 * STEP;
    config.max_failovers = 1;
    config.confirm = 1;
    config.overflow = overflow;
    return config;
}

/* Everything that matters of a state, with times as ages in steps beyond which age plays no part.
 */
struct key {
    int8_t started, dark, paged, blind;
    struct {
        int8_t phase, admitted, detected, clear, ramp, blocked, held, failover[2];
    } host[2];
};

static int8_t age(int64_t now_ms, int64_t at_ms, int64_t most)
{
    int64_t steps = (now_ms - at_ms) / STEP;
    return (int8_t)(steps < most ? steps : most);
}

static struct key encode(const struct policy_state *state, int64_t now_ms)
{
    struct key key;
    int i, j;
    memset(&key, 0, sizeof key);
    key.started = age(now_ms, state->started_ms, 1);
    key.dark = state->dark_ms < 0 ? -1 : age(now_ms, state->dark_ms, 2);
    key.paged = state->paged;
    key.blind = state->blind;
    for (i = 0; i < 2; i++) {
        const struct policy_host *host = &state->host[i];
        key.host[i].phase = (int8_t)host->phase;
        key.host[i].admitted = (int8_t)host->admitted;
        key.host[i].held = (int8_t)host->held;
        if (host->phase == PHASE_SUSPECT || host->phase == PHASE_MAINTENANCE)
            key.host[i].detected = age(now_ms, host->detected_ms, 2);
        key.host[i].clear = host->clear_ms < 0 ? -1 : age(now_ms, host->clear_ms, 1);
        if (host->phase == PHASE_RAMPING)
            key.host[i].ramp = age(now_ms, host->ramp_start_ms, 2);
        key.host[i].blocked = (int8_t)-age(now_ms, host->blocked_until_ms, 0);
        for (j = 0; j < 2; j++) /* the last two; within the hour, an age of 0..2 */
            key.host[i].failover[j] =
                host->failover_count <= j
                    ? 3
                    : age(now_ms, host->failovers[(host->failover_count - 1 - j) % 16], 3);
    }
    return key;
}

static struct policy_state decode(const struct key *key)
{
    struct policy_state state;
    int i, j;
    memset(&state, 0, sizeof state);
    state.n = 2;
    state.started_ms = START - key->started * STEP;
    state.dark_ms = key->dark < 0 ? -1 : START - key->dark * STEP;
    state.paged = key->paged;
    state.blind = key->blind;
    for (i = 0; i < 2; i++) {
        struct policy_host *host = &state.host[i];
        host->phase = (enum phase)key->host[i].phase;
        host->admitted = key->host[i].admitted;
        host->held = key->host[i].held;
        host->detected_ms = START - key->host[i].detected * STEP;
        host->clear_ms = key->host[i].clear < 0 ? -1 : START - key->host[i].clear * STEP;
        host->ramp_start_ms = START - key->host[i].ramp * STEP;
        host->blocked_until_ms = START + key->host[i].blocked * STEP;
        host->failover_count = 2;
        for (j = 0; j < 2; j++)
            host->failovers[1 - j] = START - key->host[i].failover[j] * STEP;
    }
    return state;
}

/* What one host may look like; and the fleet. */
enum look {
    LOOK_WELL,
    LOOK_ALERT,
    LOOK_DEAD,
    LOOK_STOPPED, /* GitHub says offline, the probe is up, the health check fails */
    LOOK_MAINTENANCE,
    LOOK_DEAD_IN_MAINTENANCE,
    LOOKS
};
enum mood { MOOD_FRESH, MOOD_PAUSED, MOOD_NO_ALERTS, MOOD_NO_GITHUB, MOODS };
enum { VIEWS = LOOKS * LOOKS * MOODS };

static void dress(struct policy_fixture *p, int host, enum look look)
{
    policy_fixture_well(p, host);
    p->view.host[host].maintenance = look == LOOK_MAINTENANCE || look == LOOK_DEAD_IN_MAINTENANCE;
    if (look == LOOK_ALERT)
        policy_fixture_alert(p, host, SEVERITY_CRITICAL);
    if (look == LOOK_DEAD || look == LOOK_DEAD_IN_MAINTENANCE || look == LOOK_STOPPED)
        policy_fixture_dead(p, host);
    if (look == LOOK_STOPPED)
        p->view.host[host].probe = PROBE_UP;
}

static void dress_fleet(struct policy_fixture *p, int view)
{
    enum mood mood = (enum mood)(view % MOODS);
    dress(p, 0, (enum look)(view / MOODS % LOOKS));
    dress(p, 1, (enum look)(view / MOODS / LOOKS));
    p->view.paused = mood == MOOD_PAUSED;
    p->view.age_ms[FEED_ALERTS] = mood == MOOD_NO_ALERTS ? 2 * STEP : 0;
    p->view.age_ms[FEED_GITHUB] = mood == MOOD_NO_GITHUB ? 2 * STEP : 0;
}

enum { SEEN_SLOTS = 1 << 20 };

struct seen {
    struct key *key; /* in the order found: the queue of the breadth-first search */
    uint32_t *slot;  /* hash table of 1 + index into key */
    uint32_t n;
};

static void see(struct seen *seen, struct key key)
{
    uint64_t hash = 14695981039346656037ULL;
    size_t i;
    for (i = 0; i < sizeof key; i++)
        hash = (hash ^ ((const uint8_t *)&key)[i]) * 1099511628211ULL;
    for (hash ^= hash >> 32;; hash++) {
        uint32_t *slot = &seen->slot[hash % SEEN_SLOTS];
        if (*slot != 0 && memcmp(&seen->key[*slot - 1], &key, sizeof key) == 0)
            return;
        if (*slot != 0)
            continue;
        ck_assert_uint_lt(seen->n, SEEN_SLOTS / 2);
        seen->key[seen->n++] = key;
        *slot = seen->n;
        return;
    }
}

/* Settled: whatever is busy, soon or long after, the same view changes nothing. */
static void check_settled(const struct policy_fixture *settled)
{
    static const int64_t later_ms[] = {1, STEP, 2 * STEP, 10 * STEP, 1000 * HOUR};
    struct policy_fixture p = *settled;
    size_t i;
    for (i = 0; i < sizeof later_ms / sizeof *later_ms; i++) {
        int host;
        for (host = 0; host < 2; host++) {
            p.view.host[host].busy = (int)i % 3;
            p.view.host[host].routed = (int)(i + 1) % 3;
        }
        policy_fixture_step(&p, settled->now_ms + later_ms[i]);
        ck_assert_mem_eq(&p.state, &settled->state, sizeof p.state);
        for (host = 0; host < 2; host++)
            ck_assert_int_eq(p.plan.host[host].admitted, settled->plan.host[host].admitted);
    }
}

/* No trap: with everything well, full service is back and settled soon. */
static void check_way_back(struct policy_fixture p, bool overflow)
{
    int i;
    dress_fleet(&p, 0);
    for (i = 0; i < 12 && !policy_settled(&p.config, &p.state, &p.view); i++)
        policy_fixture_step(&p, p.now_ms + STEP);
    for (; i < 12; i++)
        policy_fixture_step(&p, p.now_ms + STEP);
    ck_assert(policy_settled(&p.config, &p.state, &p.view));
    ck_assert_int_eq(p.plan.host[0].admitted, 2);
    ck_assert_int_eq(p.plan.host[1].admitted, overflow ? 2 : 0);
}

START_TEST(nothing_reachable_breaks_an_invariant_or_a_promise_to_sleep)
{
    struct policy_config config = small_config(_i);
    struct seen seen = {.key = calloc(SEEN_SLOTS / 2, sizeof(struct key)),
                        .slot = calloc(SEEN_SLOTS, sizeof(uint32_t))};
    struct policy_fixture p;
    uint32_t at, settled = 0;
    policy_fixture_init(&p, &config, 2, 2);
    see(&seen, encode(&p.state, 0));
    for (at = 0; at < seen.n; at++) {
        int view;
        for (view = 0; view < VIEWS; view++) {
            p.state = decode(&seen.key[at]);
            dress_fleet(&p, view);
            policy_fixture_step(&p, START + STEP);
            if (policy_settled(&p.config, &p.state, &p.view)) {
                settled++;
                check_settled(&p);
            }
            see(&seen, encode(&p.state, START + STEP));
        }
        check_way_back(p, _i);
    }
    ck_assert_uint_gt(seen.n, 1000);
    ck_assert_uint_gt(settled, 1000);
    free(seen.key);
    free(seen.slot);
}
END_TEST

/* --- random walks ---------------------------------------------------------------------------- */

static void stumble(struct policy_fixture *p, struct stream *stream)
{
    int i;
    for (i = 0; i < p->view.n; i++) {
        if (stream_below(stream, 40) == 0)
            dress(p, i, (enum look)stream_below(stream, LOOKS));
        else if (stream_below(stream, 20) == 0)
            dress(p, i, LOOK_WELL);
        p->view.host[i].busy = (int)stream_below(stream, 5);
        p->view.host[i].routed = (int)stream_below(stream, 3);
    }
    if (stream_below(stream, 50) == 0)
        p->view.paused = stream_below(stream, 4) == 0;
    for (i = 0; i < FEED_COUNT; i++)
        if (stream_below(stream, 60) == 0)
            p->view.age_ms[i] =
                stream_below(stream, 5) == 0 ? 5 * MINUTE : stream_below(stream, 60000);
}

/* Invariants at every step; the seeds are fixed and any failure is a bug, not chance. */
START_TEST(random_walks_of_sixty_four_hosts_hold)
{
    struct policy_config config = policy_fixture_config();
    struct policy_fixture p;
    struct stream stream;
    int step, failovers = 0, relapses = 0, i;
    stream_seed(&stream, (uint64_t)_i);
    config.overflow = _i % 2 == 0;
    config.max_failovers = 1 + _i;
    config.clear_for_ms = _i * 30 * SECOND;
    policy_fixture_init(&p, &config, POLICY_HOSTS, 1 + _i);
    for (step = 0; step < 20000; step++) {
        stumble(&p, &stream);
        policy_fixture_step(&p, p.now_ms + 1 + stream_below(&stream, 60000));
        for (i = 0; i < POLICY_HOSTS; i++) {
            failovers += policy_fixture_said(&p, i, NOTICE_FAILOVER);
            relapses += policy_fixture_said(&p, i, NOTICE_RELAPSE);
        }
    }
    ck_assert_int_gt(failovers, 100);
    ck_assert(_i == 0 || relapses > 100); /* one slot has no ramp */
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("invariant");
    TCase *doctored = tcase_create("doctored"), *everywhere = tcase_create("everywhere");
    tcase_add_test(doctored, admitted_range_fires);
    tcase_add_test(doctored, static_fires_when_blind_or_paused);
    tcase_add_test(doctored, last_healthy_fires_when_the_rest_is_gone_or_ill);
    tcase_add_test(doctored, persistence_fires_a_millisecond_early);
    tcase_add_test(doctored, recovery_fires_without_any_of_its_conditions);
    tcase_add_test(doctored, ramp_fires_a_millisecond_early);
    tcase_add_test(doctored, flap_fires_for_a_blocked_host);
    tcase_add_test(doctored, steady_fires_without_evidence);
    tcase_add_test(doctored, stand_by_fires_when_the_plan_departs_from_the_state);
    tcase_add_loop_test(everywhere, nothing_reachable_breaks_an_invariant_or_a_promise_to_sleep, 0,
                        2);
    tcase_add_loop_test(everywhere, random_walks_of_sixty_four_hosts_hold, 0, 6);
    tcase_set_timeout(everywhere, 120);
    suite_add_tcase(suite, doctored);
    suite_add_tcase(suite, everywhere);
    return suite;
}
