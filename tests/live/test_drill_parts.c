/* What drills and the monitor take from the file: sections, roster, routing. */
#include "live/act/attribution.h"
#include "live/act/route.h"
#include "model/fleet/registration.h"
#include "tests/support/drill_file.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>

static struct drill_file file;

static void set_up(void)
{
    drill_file_open(&file);
}

static void tear_down(void)
{
    drill_file_close(&file);
}

#define LOAD(drill) ck_assert_msg(drill_file_load(&file, drill) == UND_OK, "%s", file.err.text)

/* ---- the file ---- */

static const struct {
    const char *drill, *says;
} bad_drills[] = {
    {"drill: {}\n", "inject: missing"},
    {"drill: {inject: []}\n", "inject: missing"},
    {"drill: {inject: [{name: x, run: 'systemctl stop x'}]}\n", "want a list of 1..24"},
    {"drill: {inject: [{name: x, run: [a], undo: [b], lease: none}]}\n",
     "nothing would take it back"},
    {"drill: {inject: [{name: x, run: [a], undo: [b], lease: command}]}\n",
     "run is not given {lease_s}"},
    {"drill: {inject: [{name: x, run: [a], on: bog}]}\n", "big"},
    {"drill: {inject: [{name: x, run: [a]}], target: bigg}\n", "big"},
    {"drill: {inject: [{name: x, run: [a]}], lease: 4min}\n", "the lease is for accidents"},
    {"drill: {inject: [{name: x, run: [a]}], preconditions: {window: 9-17}}\n",
     "Mon-Fri 09:00-16:00"},
    {"drill: {inject: [{name: x, run: [a]}], preconditions: {window: 'Mon-Fri 17:00-09:00'}}\n",
     "Mon-Fri 09:00-16:00"},
    {"drill: {inject: [{name: x, run: [a]}], revert: {after: sometime}}\n", "first-job"},
    {"drill: {inject: [{name: x, run: [a], leese: none}]}\n", "did you mean lease"},
};

START_TEST(bad_drill_sections_are_named)
{
    ck_assert_int_eq(drill_file_load(&file, bad_drills[_i].drill), UND_USAGE);
    ck_assert_msg(strstr(file.err.text, bad_drills[_i].says) != NULL, "want '%s' in: %s",
                  bad_drills[_i].says, file.err.text);
    ck_assert_ptr_nonnull(strstr(file.err.text, "scenario.yaml:"));
}
END_TEST

START_TEST(a_token_in_place_of_its_source_stays_out_of_the_message)
{
    /* The loader takes any text; whoever opens it refuses it without quoting it. */
    struct secret *secret;
    LOAD("");
    strcpy(file.scenario->fleet.live.github.service.token, "ghp_pastedbymistake");
    ck_assert_int_eq(
        secret_open(&secret, file.scenario->fleet.live.github.service.token, &file.err), UND_USAGE);
    ck_assert_ptr_null(strstr(file.err.text, "ghp_"));
}
END_TEST

/* One setting of the fleet's live section overridden, as --set does. */
static const struct {
    const char *set, *says;
} bad_fleets[] = {
    {"fleet.live.github.owner=", "owner"},
    {"fleet.live.github.token=", "token"},
    {"fleet.live.github.app_id='12'", "app_id and installation go together"},
    {"fleet.live.github.ca_file=nowhere.pem", "nowhere.pem: cannot be read"},
    {"fleet.live.github.tokn=x", "did you mean token"},
    {"fleet.live.canary={ref: main}", "workflow: missing"},
    {"fleet.hosts.0.labels=[self-hosted]",
     "small has all of these: want labels that big alone has"},
    {"fleet.live.prometheus={user: me}", "url: missing"},
    {"fleet.live.prometheus={url: 'http://127.0.0.1', user: me}", "goes with token"},
    {"fleet.live.prometheus={url: 'http://127.0.0.1', cert_file: fleet.pem}", "go together"},
    {"fleet.live.time_factor=0", "want a number, 1..1000"},
    {"fleet.live.places=[{name: x}]", "via: missing"},
    {"fleet.live.places=[{name: x, via: ssh me}]", "want a list"},
    {"fleet.live.listen={}", "address: missing"},
    {"fleet.live.allow_actions=perhaps", "want true or false"},
};

START_TEST(bad_live_sections_are_named)
{
    char path[160];
    LOAD("");
    scenario_fini(file.scenario);
    snprintf(path, sizeof path, "%s/scenario.yaml", file.folder);
    ck_assert_int_eq(scenario_load(file.scenario, path, &bad_fleets[_i].set, 1, &file.err),
                     UND_USAGE);
    ck_assert_msg(strstr(file.err.text, bad_fleets[_i].says) != NULL, "want '%s' in: %s",
                  bad_fleets[_i].says, file.err.text);
}
END_TEST

/* ---- roster and routing ---- */

static json_t *labels(const char *name, const char *value)
{
    return json_pack("{s:s}", name, value);
}

START_TEST(registrations_and_alerts_find_their_host)
{
    static const struct {
        const char *name, *value;
        int host;
    } cases[] = {{"instance", "10.0.0.1:9100", 0},
                 {"instance", "10.0.0.2:9100", 1},
                 {"instance", "10.0.0.1:91000", -1},
                 {"instance", "10.0.0.2:9101", -1},
                 {"host", "small", 1},
                 {"runner", "big-2", 0},
                 {"host", "bigger", -1},
                 {"job", "big", -1}};
    size_t i;
    LOAD("");
    ck_assert_int_eq(attribution_of_runner(&file.scenario->fleet, "big-1"), 0);
    ck_assert_int_eq(attribution_of_runner(&file.scenario->fleet, "big"),
                     -1); /* the pattern says so */
    ck_assert_int_eq(attribution_of_runner(&file.scenario->fleet, "small-7"),
                     1); /* no pattern: its name and a number */
    ck_assert_int_eq(attribution_of_runner(&file.scenario->fleet, "small"), 1);
    ck_assert_int_eq(attribution_of_runner(&file.scenario->fleet, "small-x7"), -1);
    ck_assert_int_eq(attribution_of_runner(&file.scenario->fleet, "smaller-1"), -1);
    ck_assert_int_eq(attribution_of_runner(&file.scenario->fleet, "other"), -1);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *set = labels(cases[i].name, cases[i].value);
        ck_assert_int_eq(attribution_of_labels(&file.scenario->fleet, set), cases[i].host);
        json_decref(set);
    }
    ck_assert_int_eq(attribution_severity("critical"), SEVERITY_CRITICAL);
    ck_assert_int_eq(attribution_severity("dire"), SEVERITY_INFO);
}
END_TEST

/* One name for two hosts is found whatever the patterns; and only then. */
START_TEST(hosts_that_share_a_registration_are_told_from_those_that_do_not)
{
    static const struct {
        const char *a, *x, *b, *y;
        bool shared;
    } cases[] = {
        {"ci-1", "", "ci-10", "", false},     {"ci", "", "ci-1", "", true},
        {"a", "ci-*", "b", "ci-1*", true},    {"a", "ci-[12]", "b", "ci-[34]", false},
        {"a", "ci-[1-3]", "b", "ci-3", true}, {"a", "ci-?", "b", "ci-10", false},
        {"a", "*-x", "b", "x-*", true},       {"a", "ci-*-x", "b", "ci-*-y", false},
        {"ci", "", "b", "ci-1?", true},       {"ci", "", "b", "ci-x*", false},
        {"a", "[!a]*", "b", "a*", false},     {"a", "*", "b", "", true},
        {"a", "ci[", "b", "ci[", true},       {"a", "a\\*", "b", "ab", false},
    };
    struct host *a = calloc(2, sizeof *a), *b = a + 1;
    LOAD("");
    strcpy(a->name, cases[_i].a);
    strcpy(a->registrations, cases[_i].x);
    strcpy(b->name, cases[_i].b);
    strcpy(b->registrations, cases[_i].y);
    ck_assert_int_eq(registration_shared(a, b), cases[_i].shared);
    ck_assert_int_eq(registration_shared(b, a), cases[_i].shared);
    free(a);
}
END_TEST

START_TEST(two_hosts_that_claim_one_registration_are_an_error_of_the_file)
{
    static const char *const sets[] = {"fleet.hosts.1.registrations=b*",
                                       "fleet.hosts.0.registrations=small-?"};
    char path[160];
    LOAD("");
    scenario_fini(file.scenario);
    snprintf(path, sizeof path, "%s/scenario.yaml", file.folder);
    ck_assert_int_eq(scenario_load(file.scenario, path, &sets[_i], 1, &file.err), UND_USAGE);
    ck_assert_msg(strstr(file.err.text, "big and small both have a registration") != NULL, "%s",
                  file.err.text);
}
END_TEST

static struct github_runner runner(const char *name, bool online, bool active)
{
    struct github_runner made = {.online = online};
    strcpy(made.name, name);
    strcpy(made.labels.name[made.labels.n++], "Linux");
    if (active) {
        made.labels.custom[made.labels.n] = true;
        strcpy(made.labels.name[made.labels.n++], "ci-active");
    }
    return made;
}

START_TEST(routing_takes_off_first_and_puts_on_what_is_online)
{
    struct github_runner list[] = {runner("small-1", false, false), runner("small-2", true, false),
                                   runner("big-1", true, true), runner("other", true, true)};
    struct github_runners runners = {list, 4, 4};
    struct plan plan = {.n = 2};
    struct route_write write;
    LOAD("");
    plan.host[1].admitted = 1;
    ck_assert(route_next(&file.scenario->fleet, &runners, &plan, &write)); /* big is not admitted */
    ck_assert(!write.add && write.runner == 2);
    list[2] = runner("big-1", true, false);
    ck_assert(route_next(&file.scenario->fleet, &runners, &plan, &write));
    ck_assert(write.add && write.runner == 1); /* the one that is online */
    list[1] = runner("small-2", true, true);
    ck_assert(
        !route_next(&file.scenario->fleet, &runners, &plan, &write)); /* strangers are let be */
}
END_TEST

START_TEST(labels_of_others_are_kept)
{
    struct github_runner one = runner("big-1", true, true);
    struct github_labels out;
    ck_assert(route_labels(&one.labels, "ci-active", false, &out));
    ck_assert_int_eq(out.n, 1);
    ck_assert_str_eq(out.name[0], "Linux");
    ck_assert(route_labels(&out, "ci-active", true, &one.labels));
    ck_assert_int_eq(one.labels.n, 2);
    ck_assert(one.labels.custom[1]);
}
END_TEST

/* Jobs ask for what all admitted hosts have in common, and no other host has. */
START_TEST(variable_tells_the_admitted_hosts_from_the_others)
{
    struct plan plan = {.n = 2};
    char value[128];
    int routed[FLEET_HOSTS];
    LOAD("");
    plan.host[0].admitted = plan.host[1].admitted = 1;
    ck_assert(route_value(&file.scenario->fleet, &plan, value, sizeof value));
    ck_assert_str_eq(value, "[\"self-hosted\"]");
    route_by_value(&file.scenario->fleet, value, routed);
    ck_assert_int_eq(routed[0], 3);
    ck_assert_int_eq(routed[1], 2);
    plan.host[0].admitted = 0;
    ck_assert(route_value(&file.scenario->fleet, &plan, value, sizeof value));
    ck_assert_str_eq(value, "[\"self-hosted\",\"backup\"]");
    route_by_value(&file.scenario->fleet, value, routed);
    ck_assert_int_eq(routed[0], 0);
    ck_assert_int_eq(routed[1], 2);
    plan.host[1].admitted = 0;
    ck_assert(!route_value(&file.scenario->fleet, &plan, value, sizeof value));
    route_by_value(&file.scenario->fleet, "no JSON", routed);
    ck_assert_int_eq(routed[0] + routed[1], 0);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("drill parts");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_set_timeout(all, 30);
    tcase_add_loop_test(all, bad_drill_sections_are_named, 0,
                        sizeof bad_drills / sizeof bad_drills[0]);
    tcase_add_loop_test(all, bad_live_sections_are_named, 0,
                        sizeof bad_fleets / sizeof bad_fleets[0]);
    tcase_add_test(all, a_token_in_place_of_its_source_stays_out_of_the_message);
    tcase_add_test(all, registrations_and_alerts_find_their_host);
    tcase_add_loop_test(all, hosts_that_share_a_registration_are_told_from_those_that_do_not, 0,
                        14);
    tcase_add_loop_test(all, two_hosts_that_claim_one_registration_are_an_error_of_the_file, 0, 2);
    tcase_add_test(all, routing_takes_off_first_and_puts_on_what_is_online);
    tcase_add_test(all, labels_of_others_are_kept);
    tcase_add_test(all, variable_tells_the_admitted_hosts_from_the_others);
    suite_add_tcase(suite, all);
    return suite;
}
