/* A recorded run under another policy. */
#include "live/command/replay_policy.h"
#include "tests/support/helpers.h"

#include <string.h>

#define WALL 1800000000000

static const char names[POLICY_HOSTS][64] = {"big", "small"};
static struct policy_config recorded, other;
static struct driver driver;
static struct replay_policy replay;
static struct view view;
static struct und_err err;

static struct policy_config policy(int64_t persist_ms)
{
    return (struct policy_config){.persist_ms = persist_ms,
                                  .stale_after_ms = 1000000000,
                                  .max_failovers = 3,
                                  .page_after_ms = 1000000000,
                                  .health_checks = 1,
                                  .confirm = 1,
                                  .severities = 1u << SEVERITY_CRITICAL,
                                  .overflow = true};
}

static void set_up(void)
{
    struct readings_setup setup = {.n = 2, .probe_misses = 1};
    int i;
    err = (struct und_err){0};
    recorded = policy(60000);
    other = policy(60000);
    memset(&view, 0, sizeof view);
    view.n = 2;
    for (i = 0; i < 2; i++) {
        setup.host[i].slots = 2;
        view.host[i] =
            (struct view_host){.slots = 2, .online = 2, .health_passes = 1, .probe = PROBE_UP};
    }
    driver_init(&driver, &recorded, &setup, 0);
}

/* The recorded policy decides, and the other one is shown the same. */
static void record(int64_t now_ms)
{
    static int64_t number;
    ck_assert(driver_decide(&driver, now_ms, &view));
    ck_assert_msg(replay_policy_see(&replay, ++number, now_ms, WALL + now_ms, &view, &driver.plan,
                                    &err) == UND_OK,
                  "%s", err.text);
}

static void play(void)
{
    int64_t second;
    replay_policy_init(&replay, &other, names);
    record(0);
    view.host[0].alerts = 1u << SEVERITY_CRITICAL;
    for (second = 10; second <= 70; second += 60) /* the drain is due at the second one */
        record(second * 1000);
    view.host[0].alerts = 0;
    record(200000);
    record(300000);
}

START_TEST(the_same_policy_decides_the_same)
{
    play();
    ck_assert_int_eq(replay.differences, 0);
    ck_assert_int_eq(replay.failovers[0][0], 1);
    ck_assert_int_eq(replay.failovers[1][0], 1);
    ck_assert_int_eq(replay.out_ms[0][0], 130000 * 2);
    ck_assert_int_eq(replay.out_ms[1][0], 130000 * 2);
    replay_policy_fini(&replay);
}
END_TEST

/* It drains 20 s after the detection, between two recorded views. */
START_TEST(an_impatient_one_drains_between_the_views)
{
    json_t *json, *moment;
    other.persist_ms = 20000;
    play();
    ck_assert_int_eq(replay.differences, 2); /* 0:30 now, 1:10 then */
    ck_assert_int_eq(replay.failovers[1][0], 1);
    ck_assert_int_eq(replay.out_ms[1][0] - replay.out_ms[0][0], 40000 * 2);
    ck_assert_int_eq(replay.failovers[1][1], 0);
    json = replay_policy_json(&replay);
    moment = json_array_get(json_object_get(json, "moments"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(moment, "host")), "big");
    ck_assert_uint_eq(json_array_size(json_object_get(moment, "then")), 0);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(moment, "now"), 0)),
                     "failover");
    json_decref(json);
    replay_policy_fini(&replay);
}
END_TEST

START_TEST(a_patient_one_leaves_it_where_it_is)
{
    other.persist_ms = 3600000;
    play();
    ck_assert_int_eq(replay.failovers[0][0], 1);
    ck_assert_int_eq(replay.failovers[1][0], 0);
    ck_assert_int_eq(replay.out_ms[1][0], 0);
    replay_policy_fini(&replay);
}
END_TEST

START_TEST(what_does_not_follow_is_refused)
{
    play();
    ck_assert_int_eq(replay_policy_see(&replay, 9, 299000, WALL, &view, &driver.plan, &err),
                     UND_USAGE);
    err = (struct und_err){0};
    view.host[1].slots = 5;
    ck_assert_int_eq(replay_policy_see(&replay, 9, 400000, WALL, &view, &driver.plan, &err),
                     UND_USAGE);
    replay_policy_fini(&replay);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("replay_policy");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, the_same_policy_decides_the_same);
    tcase_add_test(tcase, an_impatient_one_drains_between_the_views);
    tcase_add_test(tcase, a_patient_one_leaves_it_where_it_is);
    tcase_add_test(tcase, what_does_not_follow_is_refused);
    suite_add_tcase(all, tcase);
    return all;
}
