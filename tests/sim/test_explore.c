/* The explorer: that it loses nothing, counts the same with any number of threads, tells true
 * stories. The proofs of the shipped fleets are tests/proofs; this suite explores small ones. */
#include "model/load/loader.h"
#include "model/policy/policy_names.h"
#include "sim/engine/stream.h"
#include "sim/explore/explore_report.h"
#include "sim/explore/lasso.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>

#define PAIR "scenarios/paws360.yaml"
#define RECOMMENDED "scenarios/paws360-recommended.yaml"
#define SIGNS "tests/explore/signs.yaml"
#define FINE_STEPS (getenv("FINE_STEPS") ? atoll(getenv("FINE_STEPS")) : 1000000)
#define UNIT(space) ((space)->codec.scale.unit_ms)

static struct fleet fleet;
static struct space space;
static struct explore_result result;

static void open_file(const char *path, const char *const *sets, int n_sets,
                      struct scale_limits limits, struct abstraction forget)
{
    struct und_err err = {0};
    struct scale scale;
    ck_assert_msg(fleet_load(&fleet, path, sets, n_sets, &err) == UND_OK, "%s", err.text);
    ck_assert_msg(scale_fleet(&fleet, &limits, &scale, &err) == UND_OK, "%s", err.text);
    ck_assert_msg(space_open(&space, &scale, forget, &err) == UND_OK, "%s", err.text);
}

static void open_space(struct scale_limits limits, struct abstraction forget)
{
    open_file(PAIR, NULL, 0, limits, forget);
}

static void explore_all(int threads)
{
    struct explore_options options = {.threads = threads};
    explore_run(&space, &options, &result);
    ck_assert_str_eq(property_name(result.violation.property), "holds");
    ck_assert(result.complete);
}

static void close_space(void)
{
    space_close(&space);
    fleet_fini(&fleet);
}

static const struct scale_limits coarse = {.units = 1};
static const struct abstraction words = {.words = true}, guard = {.guard = true},
                                both = {.words = true, .guard = true};

/* Fleets to be looked at in the same ways; the last two look for signs. */
static const struct {
    const char *path;
    const struct abstraction *forget;
    int views; /* constant ones */
} spaces[] = {
    {PAIR, &words, 64}, {PAIR, &guard, 64}, {RECOMMENDED, &both, 256}, {SIGNS, &both, 256}};
#define SPACES ((int)(sizeof spaces / sizeof *spaces))

static void open_one(int i)
{
    open_file(spaces[i].path, NULL, 0, coarse, *spaces[i].forget);
}

/* --- scaling --------------------------------------------------------------------------------- */

START_TEST(durations_keep_their_order)
{
    const struct scale *scale = &space.codec.scale;
    open_space((struct scale_limits){0}, words);
    ck_assert_int_eq(scale->clear_for, 0);
    ck_assert_int_gt(scale->grace, 0);
    ck_assert_int_gt(scale->persist, scale->grace);
    ck_assert_int_eq(scale->page_after, scale->persist);
    ck_assert_int_gt(scale->ramp, scale->page_after);
    ck_assert_int_gt(scale->hour, scale->ramp);
    ck_assert_int_eq(scale->block, scale->hour);
    ck_assert_int_eq(scale->ramp % (scale->slots[0] - 1), 0);
    ck_assert_int_eq(scale->unit_ms * scale->hour, SCALE_HOUR_MS);
    ck_assert_int_eq(scale->config.persist_ms, scale->persist * scale->unit_ms);
    ck_assert_int_eq(scale->slots[0], 3); /* 8 */
    ck_assert_int_eq(scale->slots[1], 2); /* 4 */
    close_space();
}
END_TEST

/* --- exploring ------------------------------------------------------------------------------- */

START_TEST(two_threads_count_as_one)
{
    uint32_t i, n;
    int64_t transitions;
    uint128 *key;
    open_space(coarse, words);
    explore_all(1);
    n = result.set.n;
    transitions = result.transitions;
    key = calloc(n, sizeof *key);
    ck_assert_ptr_nonnull(key);
    for (i = 0; i < n; i++)
        key[i] = stateset_key(&result.set, i);
    explore_fini(&result);
    explore_all(2);
    ck_assert_uint_eq(result.set.n, n);
    ck_assert_int_eq(result.transitions, transitions);
    for (i = 0; i < n; i++)
        ck_assert(stateset_key(&result.set, i) == key[i]);
    ck_assert(stateset_bytes(&result.set) <= 16 * (size_t)n);
    free(key);
    explore_fini(&result);
    close_space();
}
END_TEST

START_TEST(too_few_states_are_no_proof)
{
    struct explore_options options = {.max_states = 100};
    open_space(coarse, words);
    explore_run(&space, &options, &result);
    ck_assert(!result.complete);
    explore_fini(&result);
    close_space();
}
END_TEST

START_TEST(bits_may_miss_states_and_invent_none)
{
    struct explore_options roomy = {.bitstate = 1 << 20}, tight = {.bitstate = 512};
    uint32_t exact;
    open_space(coarse, words);
    explore_all(0);
    exact = result.set.n;
    explore_fini(&result);
    explore_run(&space, &roomy, &result);
    ck_assert(result.bitstate);
    ck_assert_uint_eq(result.set.n, exact);
    explore_fini(&result);
    explore_run(&space, &tight, &result);
    ck_assert_uint_lt(result.set.n, exact);
    ck_assert_uint_gt(result.set.n, 100);
    explore_fini(&result);
    close_space();
}
END_TEST

START_TEST(everything_is_reached_and_comes_to_rest)
{
    struct explore_item item[EXPLORE_ITEMS];
    struct liveness liveness;
    int i, n;
    open_one(_i);
    explore_all(0);
    n = explore_items(&space, &result, item);
    for (i = 0; i < n; i++)
        ck_assert_msg(item[i].visits > 0, "never reached: %s", item[i].name);
    liveness_check(&space, &result, &liveness);
    ck_assert_int_eq(liveness.views, spaces[_i].views);
    ck_assert_int_eq(liveness.late, 0);
    ck_assert_int_eq(liveness.wrong, 0);
    ck_assert_int_gt(liveness.rest, 0);
    explore_fini(&result);
    close_space();
}
END_TEST

START_TEST(packing_loses_nothing_of_a_packed_state)
{
    struct policy_state *state = calloc(1, sizeof *state);
    int order[CODEC_ORDERS][SCALE_HOSTS], i, n, most = 0;
    uint32_t s;
    static const char *const alike[] = {"fleet.hosts.1.tier=primary", "fleet.hosts.1.slots=8"};
    open_file(PAIR, alike, 2, coarse, words);
    explore_all(0);
    ck_assert(space.codec.scale.like_last[1]);
    for (s = 0; s < result.set.n; s++) {
        uint128 key = stateset_key(&result.set, s);
        n = codec_orders(&space.codec, key, order);
        ck_assert_int_ge(n, 1);
        most = n > most ? n : most;
        for (i = 0; i < n; i++) {
            codec_unpack(&space.codec, key, order[i], state);
            ck_assert(codec_pack(&space.codec, state, CODEC_NOW_MS) == key);
        }
    }
    ck_assert_int_eq(most, 2);
    free(state);
    explore_fini(&result);
    close_space();
}
END_TEST

/* --- nothing is lost between the units ------------------------------------------------------- */

/* Digitisation: down where the fraction is at most epsilon, else up. */
static int64_t digital(int64_t ms, int64_t epsilon_ms)
{
    int64_t unit = UNIT(&space), down = ms / unit;
    return ms - down * unit <= epsilon_ms ? down : down + 1;
}

static void digitise(const struct policy_state *state, int64_t now_ms, int64_t epsilon_ms,
                     struct policy_state *rounded)
{
    int64_t now = digital(now_ms, epsilon_ms);
    int i, j;
#define ROUND(field)                                                                               \
    (rounded->field = CODEC_NOW_MS - (now - digital(state->field, epsilon_ms)) * UNIT(&space))
    moves_copy(rounded, state);
    ROUND(started_ms);
    if (state->dark_ms >= 0)
        ROUND(dark_ms);
    for (i = 0; i < state->n; i++) {
        ROUND(host[i].detected_ms);
        if (state->host[i].clear_ms >= 0)
            ROUND(host[i].clear_ms);
        ROUND(host[i].ramp_start_ms);
        ROUND(host[i].blocked_until_ms);
        for (j = 0; j < POLICY_FAILOVER_LOG && j < state->host[i].failover_count; j++)
            ROUND(host[i].failovers[j]);
    }
#undef ROUND
}

/* Mostly nothing or little, at times long enough to pass every constant. */
static int64_t fine_pause(struct stream *stream)
{
    double u = stream_uniform(stream);
    if (u < 0.3)
        return 0;
    return (int64_t)(stream_uniform(stream) * (double)UNIT(&space) *
                     (u < 0.5    ? 0.01
                      : u < 0.95 ? 0.4
                                 : 3));
}

static void any_view(struct stream *stream, const struct policy_state *state, struct view *view)
{
    static struct policy_state other; /* the clocks of the signs are the real ones, not drawn */
    struct choice choices[LETTERS_CHOICES], choice[SCALE_HOSTS];
    double u = stream_uniform(stream);
    enum feeds_letter feeds = u < 0.8 ? FEEDS_FRESH : u < 0.9 ? FEEDS_STALE : FEEDS_SILENT;
    struct meaning meaning;
    int i;
    for (i = 0; i < state->n; i++) {
        int n = letters_for(space.letters, state->host[i].phase, feeds, choices);
        choice[i] = choices[(int)(stream_uniform(stream) * n)];
        if (stream_uniform(stream) < 0.5) /* often not in maintenance */
            choice[i] = choices[0];
    }
    letters_view(space.letters, feeds, stream_uniform(stream) < 0.1, choice,
                 (uint32_t)(stream_uniform(stream) * 4e9), CODEC_NOW_MS, view, &meaning, &other);
}

/* A run at millisecond times, with epsilon drawn anew now and then; 10^6 steps here, 10^7 with
 * FINE_STEPS=10000000 (make prove). */
START_TEST(a_fine_run_never_leaves_what_was_explored)
{
    static struct policy_state state, rounded;
    static struct view view;
    static struct plan plan;
    struct stream stream;
    int64_t now_ms = 1000 * SCALE_HOUR_MS, epsilon_ms = 0, step, steps = FINE_STEPS;
    open_one(_i);
    explore_all(0);
    stream_seed(&stream, 14);
    for (step = 0; step < steps; step++) {
        double u = stream_uniform(&stream);
        if (step == 0 || u < 1e-4) {
            state.n = view.n = space.codec.scale.n;
            for (int i = 0; i < view.n; i++)
                view.host[i].slots = space.codec.scale.slots[i];
            policy_init(&space.codec.scale.config, &state, now_ms, &view);
            epsilon_ms = (int64_t)(stream_uniform(&stream) * (double)UNIT(&space));
        } else if (u < 2e-3) {
            state.started_ms = now_ms;
        }
        now_ms += fine_pause(&stream);
        any_view(&stream, &state, &view);
        policy_step(&space.codec.scale.config, &state, now_ms, &view, &plan);
        digitise(&state, now_ms, epsilon_ms, &rounded);
        ck_assert_msg(stateset_find(&result.set, codec_pack(&space.codec, &rounded,
                                                            CODEC_NOW_MS)) != STATESET_NONE,
                      "step %lld is outside", (long long)step);
    }
    explore_fini(&result);
    close_space();
}
END_TEST

/* --- letters --------------------------------------------------------------------------------- */

static uint128 outcome(const struct policy_state *state, const struct view *view)
{
    static struct policy_state after;
    static struct plan plan;
    uint128 key;
    int i;
    moves_copy(&after, state);
    policy_step(&space.codec.scale.config, &after, CODEC_NOW_MS, view, &plan);
    key = codec_pack(&space.codec, &after, CODEC_NOW_MS);
    for (i = 0; i < plan.n; i++)
        key = key * 1000003 + plan.host[i].notices * 31 + (unsigned)plan.host[i].admitted;
    return key * 1000003 + plan.notices;
}

/* Every member of every letter of one host, beside a drawn view of the other, in each of every
 * 400th state: the policy does the same. */
START_TEST(no_state_tells_members_of_a_letter_apart)
{
    static struct policy_state state;
    static struct view view;
    struct stream stream;
    struct choice choices[LETTERS_CHOICES];
    int64_t compared = 0;
    uint32_t s;
    open_space(coarse, guard);
    explore_all(0);
    stream_seed(&stream, 7);
    for (s = 0; s < result.set.n; s += 400) {
        int host = (int)(s / 400) & 1, feeds, i, n, c, member;
        codec_unpack(&space.codec, stateset_key(&result.set, s), NULL, &state);
        any_view(&stream, &state, &view);
        for (feeds = 0; feeds < 1 << FEED_COUNT; feeds++) {
            enum feeds_letter letter = feeds == 0                 ? FEEDS_FRESH
                                       : feeds >> FEED_ALERTS & 1 ? FEEDS_SILENT
                                                                  : FEEDS_STALE;
            for (i = 0; i < FEED_COUNT; i++)
                view.age_ms[i] = feeds >> i & 1 ? space.codec.scale.config.stale_after_ms + 1 : 0;
            n = letters_for(space.letters, state.host[host].phase, letter, choices);
            for (c = 0; c < n; c++) {
                uint128 first = 0;
                bool seen = false;
                int index;
                for (index = 0; index < LETTERS_HOST; index++) {
                    if ((index ^ choices[c].letter) & ~choices[c].free)
                        continue;
                    for (member = 0; member < space.letters->n_members[feeds][host][index];
                         member++) {
                        uint128 now;
                        view.host[host] =
                            space.letters
                                ->view[host][space.letters->member[feeds][host][index][member]];
                        now = outcome(&state, &view);
                        ck_assert(!seen || now == first);
                        first = now;
                        seen = true;
                        compared++;
                    }
                }
            }
        }
    }
    ck_assert_int_gt(compared, 100000);
    explore_fini(&result);
    close_space();
}
END_TEST

/* --- stories --------------------------------------------------------------------------------- */

static bool says(void *context, const struct move *move)
{
    const int *notice = context;
    int i;
    if (move->kind != MOVE_STEP)
        return false;
    for (i = 0; i < move->plan->n; i++)
        if (move->plan->host[i].notices >> *notice & 1)
            return true;
    return false;
}

/* For every notice of a host there is a story, and the real policy plays it. */
START_TEST(stories_are_true)
{
    int notice, told = 0;
    open_space((struct scale_limits){.units = 2}, words);
    explore_all(0);
    for (notice = 0; notice < NOTICE_PARTIAL; notice++) {
        struct story story;
        char *text = NULL;
        size_t size;
        if (notice == NOTICE_BLIND || notice == NOTICE_SIGHTED || notice == NOTICE_PAGE)
            continue;
        ck_assert_msg(story_find(&space, &result, says, &notice, &story), "notice %d", notice);
        ck_assert_msg(story.real, "notice %d is not said by the real policy", notice);
        HELPER_CAPTURE(text, size, story_print(&story, out));
        ck_assert_msg(strstr(text, policy_notice_name((enum notice)notice)) != NULL, "%s", text);
        free(text);
        story_fini(&story);
        told++;
    }
    ck_assert_int_eq(told, NOTICE_PARTIAL - 3);
    explore_fini(&result);
    close_space();
}
END_TEST

/* A stem, then a constant view: what a violation of liveness is told by. Everything the policy does
 * comes to rest, so this one is no violation; but a host that is out and stays in trouble rests
 * outside, for ever, by a story that the real policy plays. */
START_TEST(a_lasso_is_told_to_its_end)
{
    struct choice choice[SCALE_HOSTS] = {{0}};
    struct lasso lasso = {.is = true, .circle = _i != 0, .not_yet = _i != 0};
    struct policy_state *state = calloc(1, sizeof *state);
    struct meaning meaning;
    struct story story;
    char *text = NULL;
    size_t size;
    open_space((struct scale_limits){.units = 2}, both);
    explore_all(0);
    do /* the first state in which host 0 is drained and host 1 serves */
        codec_unpack(&space.codec, stateset_key(&result.set, lasso.state++), NULL, state);
    while (state->host[0].phase != PHASE_DRAINED || state->host[1].phase != PHASE_SERVING);
    lasso.key = stateset_key(&result.set, --lasso.state);
    choice[0].letter = LETTER_BAD * 8;
    choice[1].letter = LETTER_FIT * 8 + 4;
    letters_view(space.letters, FEEDS_FRESH, false, choice, 3, CODEC_NOW_MS, &lasso.view, &meaning,
                 state);
    lasso_tell(&space, &result, &lasso, &story);
    ck_assert(story.real);
    ck_assert_int_gt(story.stem, 0);
    ck_assert_int_eq(story.circle, story.n);
    ck_assert_str_eq(property_name(story.broken), _i == 0 ? "rests-well" : "comes-to-rest");
    HELPER_CAPTURE(text, size, story_print(&story, out));
    ck_assert_msg(strstr(text, "drained (was maintenance) with 0") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "from here on nothing changes any more.\n") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "drained with 0, ") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "and so it stays for ever.\n") != NULL, "%s", text);
    free(text);
    story_fini(&story);
    free(state);
    explore_fini(&result);
    close_space();
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("explore");
    TCase *tc = tcase_create("explore");
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, durations_keep_their_order);
    tcase_add_test(tc, two_threads_count_as_one);
    tcase_add_test(tc, too_few_states_are_no_proof);
    tcase_add_test(tc, bits_may_miss_states_and_invent_none);
    tcase_add_loop_test(tc, everything_is_reached_and_comes_to_rest, 0, SPACES);
    tcase_add_test(tc, packing_loses_nothing_of_a_packed_state);
    tcase_add_loop_test(tc, a_fine_run_never_leaves_what_was_explored, 0, SPACES);
    tcase_add_test(tc, no_state_tells_members_of_a_letter_apart);
    tcase_add_test(tc, stories_are_true);
    suite_add_tcase(s, tc);
    tc = tcase_create("lasso");
    tcase_set_timeout(tc, 600);
    tcase_add_loop_test(tc, a_lasso_is_told_to_its_end, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}
