/* What --set writes over a file: every key, a whole section, another fleet; and what it refuses. */
#include "model/base/units.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/temporary.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct scenario scenario; /* too large for the stack of a thread */

static const char *set_error(const char *set)
{
    static struct und_err err;
    err = (struct und_err){0};
    ck_assert_int_eq(scenario_load(&scenario, "tests/invalid/good.yaml", &set, 1, &err), UND_USAGE);
    return err.text;
}

START_TEST(overrides_reach_everything)
{
    static const char *const sets[] = {
        "duration=2h",
        "fleet.policy.persist=1min",
        "fleet.hosts.0.slots=9",
        "fleet.hosts.two.slots=5",
        "fleet.hosts.two.speed=0.5",
        "fleet.workload.classes.ci.duration={kind: exponential, mean: 5min}",
        "fleet.workload.arrivals.rate=0.7/min",
        "faults=[{kind: os-crash, target: one}]",
        "faults.0.at=30min",
        "fleet.hosts.two.name=three.of=x",
    };
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/chain-2.yaml", sets,
                                sizeof sets / sizeof sets[0], &err) == UND_OK,
                  "%s", err.text);
    ck_assert_int_eq(scenario.duration_ms, 2 * UNITS_HOUR);
    ck_assert(scenario.fleet.has_policy);
    ck_assert_int_eq(scenario.fleet.policy.persist_ms, 60000);
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 9);
    ck_assert_int_eq(scenario.fleet.hosts[1].slots, 5);
    ck_assert_double_eq(scenario.fleet.hosts[1].speed, 0.5);
    ck_assert_str_eq(scenario.fleet.hosts[1].name, "three.of=x");
    ck_assert_int_eq(scenario.fleet.workload.classes[0].duration.kind, DIST_EXPONENTIAL);
    ck_assert_double_eq(scenario.faults[0].at.a, 1800000);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(override_may_name_the_fleet_file)
{
    static const char *const sets[] = {"fleet=tests/invalid/good.yaml", "fleet.hosts.one.slots=7"};
    struct und_err err = {0};
    const char *path = temporary_file("duration: 1h\n", strlen("duration: 1h\n"));
    ck_assert_msg(scenario_load(&scenario, path, sets, 2, &err) == UND_OK, "%s", err.text);
    unlink(path);
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 7);
    ck_assert_str_eq(scenario.fleet.path, "tests/invalid/good.yaml");
    scenario_fini(&scenario);
}
END_TEST

START_TEST(the_number_after_the_last_item_adds_one)
{
    static const char *const sets[] = {"fleet.hosts.2={name: new, tier: backup, slots: 3}",
                                       "fleet.hosts.2.slots=4"};
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/chain-2.yaml", sets, 2, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_int_eq(scenario.fleet.n_hosts, 3);
    ck_assert_str_eq(scenario.fleet.hosts[2].name, "new");
    ck_assert_int_eq(scenario.fleet.hosts[2].slots, 4);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(bad_overrides_say_so)
{
    ck_assert_str_eq(set_error("fleet.hosts.2.slots=1"),
                     "--set fleet.hosts.2.slots=1: no item 2 in a list of 2");
    ck_assert_str_eq(set_error("fleet.hosts.2=null"),
                     "--set fleet.hosts.2=null: no item 2 in a list of 2");
    ck_assert_str_eq(set_error("duration"), "--set duration: want path=value");
    ck_assert_str_eq(set_error("fleet.hosts.3.slots=1"),
                     "--set fleet.hosts.3.slots=1: no item 3 in a list of 2");
    ck_assert_str_eq(set_error("fleet.polici.persist=1s"),
                     "--set fleet.polici.persist=1s: polici: unknown key; did you mean policy?");
    ck_assert_str_eq(set_error("fleet.hosts.one.slots.x=1"),
                     "--set fleet.hosts.one.slots.x=1: x: nothing can be below a plain value");
    ck_assert_str_eq(set_error("fleet.hosts.one.slots=many"),
                     "--set fleet.hosts.one.slots=many: slots: got many, want a whole number, "
                     "1..256");
    ck_assert_ptr_nonnull(strstr(set_error("duration=[1"), "not YAML or JSON"));
    ck_assert_ptr_nonnull(strstr(set_error("fleet..x=1"), "want a path"));
    ck_assert_ptr_nonnull(strstr(set_error("fleet.=1"), "the path ends with a dot"));
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("overrides");
    TCase *overrides = tcase_create("overrides");
    tcase_add_test(overrides, overrides_reach_everything);
    tcase_add_test(overrides, override_may_name_the_fleet_file);
    tcase_add_test(overrides, the_number_after_the_last_item_adds_one);
    tcase_add_test(overrides, bad_overrides_say_so);
    suite_add_tcase(suite, overrides);
    return suite;
}
