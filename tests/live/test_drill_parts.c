/* What drills and the monitor are made of, piece by piece: roster, routing, commands, plans. */
#include "live/act/attribution.h"
#include "live/act/command.h"
#include "live/act/lease.h"
#include "live/act/rollback.h"
#include "live/act/route.h"
#include "model/fleet/registration.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scenario *scenario;
static const char *folder;
static struct und_err err;

static const char fleet_text[] =
    "fleet:\n"
    "  hosts:\n"
    "    - {name: big, tier: primary, slots: 3, registrations: 'big-*', probe: '10.0.0.1:9100',\n"
    "       labels: [self-hosted, primary]}\n"
    "    - {name: small, tier: backup, slots: 2, probe: 'http://10.0.0.2:9100/metrics',\n"
    "       labels: [self-hosted, backup]}\n"
    "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 5min}]}\n"
    "  policy: {}\n"
    "  live:\n"
    "    github: {owner: o, repository: r, token: 'env:NONE'}\n"
    "    places:\n"
    "      - {name: big, via: [ssh, -o, BatchMode=yes, root@10.0.0.1]}\n"
    "      - {name: small, via: [env]}\n"
    "    canary: {workflow: canary.yml}\n"
    "    time_factor: 2\n"
    "name: test\n"
    "faults: [{kind: host-power-loss, target: big, lasts: 5min}]\n";

static enum und_code load(const char *drill)
{
    char path[160];
    FILE *file;
    snprintf(path, sizeof path, "%s/scenario.yaml", folder);
    file = fopen(path, "w");
    fprintf(file, "%s%s", fleet_text, drill);
    fclose(file);
    return scenario_load(scenario, path, NULL, 0, &err);
}

static void set_up(void)
{
    err = (struct und_err){0};
    folder = script_folder();
    scenario = calloc(1, sizeof *scenario);
}

static void tear_down(void)
{
    scenario_fini(scenario);
    free(scenario);
    script_remove_folder(folder);
}

#define LOAD(drill) ck_assert_msg(load(drill) == UND_OK, "%s", err.text)

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
    ck_assert_int_eq(load(bad_drills[_i].drill), UND_USAGE);
    ck_assert_msg(strstr(err.text, bad_drills[_i].says) != NULL, "want '%s' in: %s",
                  bad_drills[_i].says, err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "scenario.yaml:"));
}
END_TEST

START_TEST(a_token_in_place_of_its_source_stays_out_of_the_message)
{
    /* The loader takes any text; whoever opens it refuses it without quoting it. */
    struct secret *secret;
    LOAD("");
    strcpy(scenario->fleet.live.github.service.token, "ghp_pastedbymistake");
    ck_assert_int_eq(secret_open(&secret, scenario->fleet.live.github.service.token, &err),
                     UND_USAGE);
    ck_assert_ptr_null(strstr(err.text, "ghp_"));
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
    scenario_fini(scenario);
    snprintf(path, sizeof path, "%s/scenario.yaml", folder);
    ck_assert_int_eq(scenario_load(scenario, path, &bad_fleets[_i].set, 1, &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, bad_fleets[_i].says) != NULL, "want '%s' in: %s",
                  bad_fleets[_i].says, err.text);
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
    ck_assert_int_eq(attribution_of_runner(&scenario->fleet, "big-1"), 0);
    ck_assert_int_eq(attribution_of_runner(&scenario->fleet, "big"), -1); /* the pattern says so */
    ck_assert_int_eq(attribution_of_runner(&scenario->fleet, "small-7"),
                     1); /* no pattern: its name and a number */
    ck_assert_int_eq(attribution_of_runner(&scenario->fleet, "small"), 1);
    ck_assert_int_eq(attribution_of_runner(&scenario->fleet, "small-x7"), -1);
    ck_assert_int_eq(attribution_of_runner(&scenario->fleet, "smaller-1"), -1);
    ck_assert_int_eq(attribution_of_runner(&scenario->fleet, "other"), -1);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *set = labels(cases[i].name, cases[i].value);
        ck_assert_int_eq(attribution_of_labels(&scenario->fleet, set), cases[i].host);
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
    scenario_fini(scenario);
    snprintf(path, sizeof path, "%s/scenario.yaml", folder);
    ck_assert_int_eq(scenario_load(scenario, path, &sets[_i], 1, &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, "big and small both have a registration") != NULL, "%s",
                  err.text);
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
    ck_assert(route_next(&scenario->fleet, &runners, &plan, &write)); /* big is not admitted */
    ck_assert(!write.add && write.runner == 2);
    list[2] = runner("big-1", true, false);
    ck_assert(route_next(&scenario->fleet, &runners, &plan, &write));
    ck_assert(write.add && write.runner == 1); /* the one that is online */
    list[1] = runner("small-2", true, true);
    ck_assert(!route_next(&scenario->fleet, &runners, &plan, &write)); /* strangers are let be */
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
    ck_assert(route_value(&scenario->fleet, &plan, value, sizeof value));
    ck_assert_str_eq(value, "[\"self-hosted\"]");
    route_by_value(&scenario->fleet, value, routed);
    ck_assert_int_eq(routed[0], 3);
    ck_assert_int_eq(routed[1], 2);
    plan.host[0].admitted = 0;
    ck_assert(route_value(&scenario->fleet, &plan, value, sizeof value));
    ck_assert_str_eq(value, "[\"self-hosted\",\"backup\"]");
    route_by_value(&scenario->fleet, value, routed);
    ck_assert_int_eq(routed[0], 0);
    ck_assert_int_eq(routed[1], 2);
    plan.host[1].admitted = 0;
    ck_assert(!route_value(&scenario->fleet, &plan, value, sizeof value));
    route_by_value(&scenario->fleet, "no JSON", routed);
    ck_assert_int_eq(routed[0] + routed[1], 0);
}
END_TEST

/* ---- commands ---- */

static struct live_argv argv(const char *const *words)
{
    struct live_argv made = {.n = 0};
    for (; *words; words++)
        strcpy(made.arg[made.n++], *words);
    return made;
}

/* What a shell makes of the quoted text is the text. */
START_TEST(quoting_survives_a_shell)
{
    static const char *const texts[] = {
        "plain", "", "two words", "it's", "$HOME `id` \"x\" \\", "a;b|c&d>e", "*?[x]~", "-n", "''"};
    char line[256], quoted[128], got[256] = "";
    FILE *shell;
    ck_assert(command_quote(quoted, sizeof quoted, texts[_i]));
    snprintf(line, sizeof line, "printf %%s %s", quoted);
    shell = popen(line, "r");
    got[fread(got, 1, sizeof got - 1, shell)] = '\0';
    pclose(shell);
    ck_assert_str_eq(got, texts[_i]);
    ck_assert(!command_quote(quoted, strlen(texts[_i]), texts[_i]));
}
END_TEST

START_TEST(ssh_gets_one_quoted_line_and_others_the_words)
{
    static const char *const words[] = {"sh", "-c", "echo it's", NULL};
    struct live_argv given = argv(words);
    struct command command;
    LOAD("");
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "big", &given, &err), UND_OK);
    ck_assert_int_eq(command.n, 5);
    ck_assert_str_eq(command.argv[4], "sh -c 'echo it'\\''s'");
    command_fini(&command);
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "small", &given, &err), UND_OK);
    ck_assert_int_eq(command.n, 4);
    ck_assert_str_eq(command.argv[3], "echo it's");
    command_fini(&command);
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "nowhere", &given, &err), UND_USAGE);
    command_fini(&command);
}
END_TEST

static struct command_result run(const char *script, int64_t timeout_ms)
{
    const char *const words[] = {"sh", "-c", script, NULL};
    struct live_argv given = argv(words);
    struct command_result result;
    struct command command;
    ck_assert_int_eq(command_init(&command, &scenario->fleet, "", &given, &err), UND_OK);
    command_run(&command, timeout_ms, NULL, &result, &err);
    command_fini(&command);
    return result;
}

START_TEST(commands_tell_how_they_ended)
{
    struct command_result result;
    LOAD("");
    result = run("echo out; echo err >&2; exit 7", 5000);
    ck_assert_int_eq(result.exit_code, 7);
    ck_assert_str_eq(result.output, "out?err?");
    result = run("kill -9 $$", 5000);
    ck_assert_int_eq(result.exit_code, 137);
    result = run("yes | head -c 1000000", 5000); /* more than is kept must not block it */
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_uint_eq(strlen(result.output), COMMAND_OUTPUT - 1);
    ck_assert_int_eq(err.code, UND_OK);
}
END_TEST

START_TEST(a_command_that_hangs_is_killed_with_its_children)
{
    char script[200];
    struct command_result result;
    LOAD("");
    snprintf(script, sizeof script, "(sleep 2; touch %s/late) & sleep 60", folder);
    result = run(script, 300);
    ck_assert(result.timed_out);
    ck_assert_int_eq(err.code, UND_SERVICE);
    sleep(3);
    snprintf(script, sizeof script, "%s/late", folder);
    ck_assert_int_ne(access(script, F_OK), 0);
}
END_TEST

START_TEST(a_daemon_left_behind_does_not_hold_the_command_up)
{
    struct command_result result;
    LOAD("");
    result = run("sleep 5 & echo done", 3000);
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_str_eq(result.output, "done?");
}
END_TEST

/* ---- leases ---- */

static void lease(struct lease *out, int action, const char *id)
{
    ck_assert_msg(lease_init(out, &scenario->drill.inject[action], id, "big", 1830, &err) == UND_OK,
                  "%s", err.text);
}

START_TEST(lease_fills_in_names_and_seconds)
{
    struct lease *made = malloc(sizeof *made);
    LOAD("drill:\n"
         "  lease: 61min\n"
         "  inject:\n"
         "    - {name: a, on: big, run: [stop, 'x-{id}', '{host}'], undo: [start, '{id}']}\n"
         "    - {name: b, run: [load, '--for={lease_s}s'], undo: [end], lease: command}\n"
         "    - {name: c, run: [look]}\n");
    lease(made, 0, "understudy-17-1");
    ck_assert_str_eq(made->run.argv.arg[1], "x-understudy-17-1");
    ck_assert_str_eq(made->run.argv.arg[2], "big");
    ck_assert_str_eq(made->arm.argv.arg[0], "systemd-run");
    ck_assert_str_eq(made->arm.argv.arg[2], "--on-active=1830s");
    ck_assert_str_eq(made->arm.argv.arg[3], "--unit=understudy-17-1");
    ck_assert_str_eq(made->arm.argv.arg[6], "understudy-17-1"); /* the undo's argument */
    ck_assert_str_eq(made->disarm.argv.arg[2], "understudy-17-1.timer");
    lease(made, 1, "understudy-17-1");
    ck_assert_str_eq(made->run.argv.arg[1], "--for=1830s");
    ck_assert_int_eq(made->arm.argv.n, 0);
    lease(made, 2, "understudy-17-1");
    ck_assert_int_eq(made->lease_s, 0);
    free(made);
}
END_TEST

static void guarded_touch(struct lease *made, const char *path)
{
    char id[64];
    struct drill_action *action = &scenario->drill.inject[0];
    const char *const undo[] = {"rm", "-f", path, NULL}, *const touch[] = {"touch", path, NULL};
    const char *const check[] = {"test", "-e", path, NULL};
    *action = (struct drill_action){.lease = DRILL_LEASE_GUARD, .timeout_ms = 5000};
    action->undo = argv(undo);
    action->run = argv(touch);
    action->check = argv(check);
    snprintf(id, sizeof id, "understudy-test-%d", (int)getpid());
    ck_assert_int_eq(lease_init(made, action, id, "", 1, &err), UND_OK);
}

/* The guard in a real shell: after its second it undoes; disarmed, it does not. */
START_TEST(guard_undoes_after_its_time_unless_it_is_disarmed)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160];
    LOAD("");
    snprintf(path, sizeof path, "%s/it's injected", folder);
    guarded_touch(made, path);
    ck_assert_msg(lease_inject(made, &scenario->fleet, note, NULL, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(access(path, F_OK), 0);
    if (_i == 1) {
        ck_assert_int_eq(action_run(&made->disarm, &scenario->fleet, note, NULL, &err), UND_OK);
        sleep(3);
        ck_assert_int_eq(access(path, F_OK), 0);
    }
    while (_i == 0 && access(path, F_OK) == 0) /* until Check ends it */
        usleep(20000);
    free(made);
}
END_TEST

/* A host that is busy dying fails its first undo; after the one that succeeds the guard is gone. */
START_TEST(guard_tries_until_its_undo_succeeds_and_then_ends)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], armed[160], line[8];
    const char *const second_time[] = {"sh", "-c", "echo x >>\"$0\"; [ $(wc -l <\"$0\") -eq 2 ]",
                                       path, NULL};
    struct drill_action *action = &scenario->drill.inject[0];
    int tries = 0;
    FILE *file;
    LOAD("");
    snprintf(path, sizeof path, "%s/tries", folder);
    *action = (struct drill_action){.lease = DRILL_LEASE_GUARD, .timeout_ms = 5000};
    action->undo = argv(second_time);
    action->run = argv((const char *const[]){"true", NULL});
    snprintf(armed, sizeof armed, "understudy-tries-%d", (int)getpid());
    ck_assert_int_eq(lease_init(made, action, armed, "", 1, &err), UND_OK);
    ck_assert_int_eq(lease_inject(made, &scenario->fleet, note, NULL, &err), UND_OK);
    snprintf(armed, sizeof armed, "/tmp/understudy-tries-%d", (int)getpid());
    ck_assert_int_eq(access(armed, F_OK), 0);
    while (access(armed, F_OK) == 0) /* until Check ends it */
        usleep(20000);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        tries++;
    fclose(file);
    ck_assert_int_eq(tries, 2);
    free(made);
}
END_TEST

/* Somebody else's folder of that name is no lease: nobody would remove it. */
START_TEST(a_folder_that_is_there_already_is_no_lease)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], there[96];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", folder);
    guarded_touch(made, path);
    snprintf(there, sizeof there, "/tmp/%s", made->id);
    ck_assert_int_eq(mkdir(there, 0700), 0);
    ck_assert_int_eq(lease_inject(made, &scenario->fleet, note, NULL, &err), UND_SERVICE);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(rmdir(there), 0);
    free(made);
}
END_TEST

START_TEST(lease_sits_where_it_is_told_to)
{
    struct lease *made = malloc(sizeof *made);
    struct drill_action *action = &scenario->drill.inject[0];
    LOAD("");
    *action = (struct drill_action){.lease = DRILL_LEASE_GUARD, .timeout_ms = 5000};
    action->run = action->undo = argv((const char *const[]){"true", NULL});
    strcpy(action->on, "victim");
    strcpy(action->lease_on, "controller");
    ck_assert_int_eq(lease_init(made, action, "understudy-1-1", "", 1, &err), UND_OK);
    ck_assert_str_eq(made->run.on, "victim");
    ck_assert_str_eq(made->undo.on, "victim");
    ck_assert_str_eq(made->arm.on, "controller");
    ck_assert_str_eq(made->disarm.on, "controller");
    free(made);
}
END_TEST

START_TEST(revert_may_come_any_number_of_times)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], armed[96];
    int i;
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", folder);
    guarded_touch(made, path);
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(lease_revert(made, &scenario->fleet, note, &err), UND_OK);
    ck_assert_int_eq(lease_inject(made, &scenario->fleet, note, NULL, &err), UND_OK);
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(lease_revert(made, &scenario->fleet, note, &err), UND_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    snprintf(armed, sizeof armed, "/tmp/%s", made->id);
    ck_assert_int_ne(access(armed, F_OK), 0); /* disarmed */
    free(made);
}
END_TEST

START_TEST(an_undo_that_changes_nothing_is_not_believed)
{
    struct lease *made = malloc(sizeof *made);
    const char *const nothing[] = {"true", NULL};
    char note[512], path[160];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", folder);
    guarded_touch(made, path);
    made->undo.argv = argv(nothing);
    ck_assert_int_eq(lease_inject(made, &scenario->fleet, note, NULL, &err), UND_OK);
    ck_assert_int_eq(lease_revert(made, &scenario->fleet, note, &err), UND_STUCK);
    ck_assert_ptr_nonnull(strstr(err.text, "is still in effect after its undo"));
    free(made);
}
END_TEST

/* Its guard goes on trying. */
START_TEST(a_lease_stays_armed_while_the_undo_fails)
{
    struct lease *made = malloc(sizeof *made);
    char note[512], path[160], armed[96];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", folder);
    guarded_touch(made, path);
    made->undo.argv = argv((const char *const[]){"false", NULL});
    snprintf(armed, sizeof armed, "/tmp/%s", made->id);
    ck_assert_int_eq(lease_inject(made, &scenario->fleet, note, NULL, &err), UND_OK);
    ck_assert_int_eq(lease_revert(made, &scenario->fleet, note, &err), UND_SERVICE);
    ck_assert_int_eq(access(armed, F_OK), 0);
    while (access(path, F_OK) == 0) /* until Check ends it */
        usleep(20000);
    free(made);
}
END_TEST

/* Nothing is injected that has no lease. */
START_TEST(a_lease_that_cannot_be_armed_stops_the_injection)
{
    struct lease *made = malloc(sizeof *made);
    const char *const failing[] = {"false", NULL};
    char note[512], path[160];
    LOAD("");
    snprintf(path, sizeof path, "%s/injected", folder);
    guarded_touch(made, path);
    made->arm.argv = argv(failing);
    ck_assert_int_eq(lease_inject(made, &scenario->fleet, note, NULL, &err), UND_SERVICE);
    ck_assert_int_ne(access(path, F_OK), 0);
    free(made);
}
END_TEST

START_TEST(journalled_undo_runs_and_says_how_by_hand)
{
    struct action_command undo = {.timeout_ms = 5000};
    struct journal_step step = {.name = "x"};
    const char *const words[] = {"sh", "-c", "echo gone; exit 3", NULL};
    char note[512], by_hand[512];
    LOAD("");
    undo.argv = argv(words);
    ck_assert_int_eq(action_command(step.undo, &undo, NULL, &err), UND_OK);
    ck_assert_int_eq(action_perform(step.undo, &scenario->fleet, NULL, note, NULL, &err),
                     UND_SERVICE);
    ck_assert_str_eq(note, "exit 3: gone?");
    rollback_show(&scenario->fleet, &step, by_hand, sizeof by_hand);
    ck_assert_str_eq(by_hand, "sh -c 'echo gone; exit 3'");
}
END_TEST

START_TEST(edited_undos_are_refused)
{
    static const char *const texts[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"command\":{}}",
                                        "{\"command\":{\"on\":\"\",\"argv\":[]}}",
                                        "{\"command\":{\"on\":\"\",\"argv\":[\"true\"]}}",
                                        "{\"teleport\":{}}"};
    LOAD("");
    ck_assert_int_eq(action_perform(texts[_i], &scenario->fleet, NULL, NULL, NULL, &err),
                     UND_USAGE);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("drill parts");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, bad_drill_sections_are_named, 0,
                        sizeof bad_drills / sizeof bad_drills[0]);
    tcase_add_loop_test(tcase, bad_live_sections_are_named, 0,
                        sizeof bad_fleets / sizeof bad_fleets[0]);
    tcase_add_test(tcase, a_token_in_place_of_its_source_stays_out_of_the_message);
    tcase_add_test(tcase, registrations_and_alerts_find_their_host);
    tcase_add_loop_test(tcase, hosts_that_share_a_registration_are_told_from_those_that_do_not, 0,
                        14);
    tcase_add_loop_test(tcase, two_hosts_that_claim_one_registration_are_an_error_of_the_file, 0,
                        2);
    tcase_add_test(tcase, routing_takes_off_first_and_puts_on_what_is_online);
    tcase_add_test(tcase, labels_of_others_are_kept);
    tcase_add_test(tcase, variable_tells_the_admitted_hosts_from_the_others);
    tcase_add_loop_test(tcase, quoting_survives_a_shell, 0, 9);
    tcase_add_test(tcase, ssh_gets_one_quoted_line_and_others_the_words);
    tcase_add_test(tcase, commands_tell_how_they_ended);
    tcase_add_test(tcase, a_command_that_hangs_is_killed_with_its_children);
    tcase_add_test(tcase, a_daemon_left_behind_does_not_hold_the_command_up);
    tcase_add_test(tcase, a_folder_that_is_there_already_is_no_lease);
    tcase_add_test(tcase, lease_sits_where_it_is_told_to);
    tcase_add_test(tcase, guard_tries_until_its_undo_succeeds_and_then_ends);
    tcase_add_test(tcase, lease_fills_in_names_and_seconds);
    tcase_add_loop_test(tcase, guard_undoes_after_its_time_unless_it_is_disarmed, 0, 2);
    tcase_add_test(tcase, revert_may_come_any_number_of_times);
    tcase_add_test(tcase, an_undo_that_changes_nothing_is_not_believed);
    tcase_add_test(tcase, a_lease_stays_armed_while_the_undo_fails);
    tcase_add_test(tcase, a_lease_that_cannot_be_armed_stops_the_injection);
    tcase_add_test(tcase, journalled_undo_runs_and_says_how_by_hand);
    tcase_add_loop_test(tcase, edited_undos_are_refused, 0, 7);
    suite_add_tcase(all, tcase);
    return all;
}
