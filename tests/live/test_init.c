/* `understudy init`: what it writes is a fleet and scenarios as they are; whom it asks; that
 * nothing is overwritten. */
#include "live/command/init_ask.h"
#include "live/command/init_command.h"
#include "model/load/loader.h"
#include "tests/support/github_fixture.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct first_fleet first;
static struct und_err err;
static char folder[64];

static void set_up(void)
{
    memset(&first, 0, sizeof first);
    err = (struct und_err){0};
    snprintf(folder, sizeof folder, "/tmp/understudy-init-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    unsetenv("GITHUB_REPOSITORY");
    unsetenv("PROMETHEUS_URL");
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static enum und_code init(const char *hosts, bool force)
{
    char *argv[] = {"init", "--quiet", "--hosts", (char *)hosts, folder, force ? "--force" : NULL,
                    NULL};
    err = (struct und_err){0};
    return init_command(force ? 6 : 5, argv, &err);
}

/* ---- files ---- */

/* Every kind of fault that a fleet of one or two hosts can have, each in a file that loads. */
START_TEST(every_failure_mode_has_a_scenario_that_loads)
{
    static struct scenario scenario;
    struct first_scenario one;
    bool seen[FAULT_KINDS] = {false};
    char path[256];
    int i, kinds = 0;
    ck_assert_msg(init(_i ? "big:8,small:4" : "big:8", false) == UND_OK, "%s", err.text);
    ck_assert_int_eq(init_take_hosts(&first, _i ? "big:8,small:4" : "big:8", &err), UND_OK);
    for (i = 0; first_scenario_at(&first, i, &one); i++) {
        snprintf(path, sizeof path, "%s/%s.yaml", folder, one.name);
        ck_assert_msg(scenario_load(&scenario, path, NULL, 0, &err) == UND_OK, "%s", err.text);
        ck_assert_str_eq(scenario.name, one.name);
        ck_assert_int_eq(scenario.n_faults, one.fault != NULL);
        if (one.fault != NULL)
            seen[scenario.faults[0].kind] = true;
        scenario_fini(&scenario);
    }
    for (i = 0; i < FAULT_KINDS; i++)
        kinds += seen[i];
    ck_assert_int_eq(kinds, FAULT_KINDS - !_i); /* maintenance wants somebody to take over */
}
END_TEST

/* With GitHub it can be monitored and drilled, and changes nothing. */
START_TEST(with_github_there_is_a_live_section)
{
    static struct scenario scenario;
    struct first_scenario one;
    char *text = NULL, path[128];
    size_t length = 0;
    FILE *file;
    int i = 0;
    ck_assert_int_eq(init_take_hosts(&first, "big:8,small:4", &err), UND_OK);
    strcpy(first.owner, "acme");
    strcpy(first.repository, "shop");
    strcpy(first.token, "env:GITHUB_TOKEN");
    strcpy(first.prometheus, "http://10.0.0.9:9090");
    first.plain = true;
    HELPER_CAPTURE(text, length, first_fleet_print(out, &first));
    snprintf(path, sizeof path, "%s/fleet.yaml", folder);
    file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    free(text);
    while (first_scenario_at(&first, i, &one) && strcmp(one.name, "runner-service-stop") != 0)
        i++;
    snprintf(path, sizeof path, "%s/stop.yaml", folder);
    file = fopen(path, "w");
    first_scenario_print(file, &first, &one);
    fclose(file);
    ck_assert_msg(scenario_load(&scenario, path, NULL, 0, &err) == UND_OK, "%s", err.text);
    ck_assert(scenario.fleet.live.present && !scenario.fleet.live.allow_actions);
    ck_assert_str_eq(scenario.fleet.live.github.repository, "shop");
    ck_assert_str_eq(scenario.fleet.live.prometheus.url, "http://10.0.0.9:9090");
    ck_assert_int_eq(scenario.fleet.live.n_places, 2);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(nothing_is_overwritten_without_being_told)
{
    char path[128], text[8] = "";
    FILE *file;
    snprintf(path, sizeof path, "%s/slow-host.yaml", folder);
    file = fopen(path, "w");
    fputs("mine\n", file);
    fclose(file);
    ck_assert_int_eq(init("big:8", false), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "slow-host.yaml: is there already"));
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    fclose(file);
    ck_assert_str_eq(text, "mine\n");
    snprintf(path, sizeof path, "%s/fleet.yaml", folder);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_msg(init("big:8", true) == UND_OK, "%s", err.text);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

static const struct {
    const char *hosts, *says;
} bad[] = {
    {"big", "hosts: got 'big', want NAME:SLOTS"},
    {"big:0", "hosts: got 'big:0'"},
    {"big:257", "slots 1..256"},
    {":4", "hosts: got ':4'"},
    {"big:4,big:2", "hosts: got 'big' twice"},
    {"big:four", "hosts: got 'big:four'"},
    {"", "hosts: got ''"},
};

START_TEST(bad_hosts_are_refused)
{
    ck_assert_int_eq(init(bad[_i].hosts, false), UND_USAGE);
    ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* ---- whom it asks ---- */

static enum und_code answer_with(const char *answers, char **said)
{
    size_t length = 0;
    FILE *in = fmemopen((void *)answers, strlen(answers), "r"),
         *out = open_memstream(said, &length);
    enum und_code code = init_ask_person(&first, in, out, &err);
    fclose(in);
    fclose(out);
    return code;
}

/* Wrong answers are asked again, an empty one takes what stands there. */
START_TEST(a_person_is_asked)
{
    char *said = NULL;
    ck_assert_msg(answer_with("nonsense\nbig:8,small:4\nmany\n250\n\n12\n", &said) == UND_OK, "%s",
                  err.text);
    ck_assert_int_eq(first.n_hosts, 2);
    ck_assert(!first.host[0].backup && first.host[1].backup);
    ck_assert_double_eq(first.runs_a_day, 250);
    ck_assert_double_eq(first.jobs_a_run, 2);
    ck_assert_double_eq(first.p50_min, 12);
    ck_assert_ptr_nonnull(strstr(said, "a number above 0, please"));
    ck_assert_ptr_nonnull(strstr(said, "want NAME:SLOTS"));
    free(said);
}
END_TEST

START_TEST(answers_that_end_early_are_an_error)
{
    char *said = NULL;
    ck_assert_int_eq(answer_with("big:8\n250\n", &said), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "the answers ended"));
    free(said);
}
END_TEST

/* Three registrations of two machines; 11 runs in 10 days, of which each looked at has two jobs of
 * one's own of 6 minutes. */
static void serve_github(void *context, const char *request, struct script_reply *reply)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int i;
    (void)context;
    if (strstr(request, "/actions/runners")) {
        static const char *const names[] = {"big-1", "small", "big-2"};
        fputs("{\"total_count\":3,\"runners\":[", out);
        for (i = 0; i < 3; i++)
            fprintf(out,
                    "%s{\"id\":%d,\"name\":\"%s\",\"os\":\"linux\",\"status\":\"online\",\"busy\":"
                    "false,\"labels\":[]}",
                    i ? "," : "", i + 1, names[i]);
    } else if (strstr(request, "/jobs")) {
        fputs("{\"total_count\":2,\"jobs\":[", out);
        for (i = 0; i < 2; i++)
            fprintf(out,
                    "%s{\"id\":%d,\"run_id\":1,\"run_attempt\":1,\"status\":\"completed\","
                    "\"conclusion\":\"success\",\"created_at\":\"2026-03-01T10:00:00Z\","
                    "\"started_at\":\"2026-03-01T10:00:05Z\","
                    "\"completed_at\":\"2026-03-01T10:06:05Z\",\"name\":\"b\","
                    "\"labels\":[\"self-hosted\"],\"runner_id\":1,\"runner_name\":\"big-1\"}",
                    i ? "," : "", i + 1);
    } else {
        fputs("{\"total_count\":11,\"workflow_runs\":[", out);
        for (i = 0; i < 11; i++)
            fprintf(
                out,
                "%s{\"id\":%d,\"name\":\"ci\",\"path\":\"x\",\"event\":\"push\",\"head_branch\":"
                "\"m\",\"status\":\"completed\",\"conclusion\":\"success\",\"run_attempt\":1,"
                "\"created_at\":\"2026-03-%02dT10:00:00Z\",\"updated_at\":"
                "\"2026-03-%02dT10:00:00Z\"}",
                i ? "," : "", 100 - i, 11 - i, 11 - i);
    }
    fputs("]}", out);
    fclose(out);
    reply->text = script_response("200 OK", "Content-Type: application/json\r\n", text);
    free(text);
}

START_TEST(github_is_asked)
{
    struct github_fixture github;
    struct live live;
    github_fixture_open(&github);
    github.script = script_open(serve_github, NULL, NULL);
    live = github_fixture_fleet(&github);
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
    ck_assert_msg(init_ask_github(&first, github.client, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(first.n_hosts, 2);
    ck_assert_str_eq(first.host[0].name, "big");
    ck_assert_int_eq(first.host[0].slots, 2);
    ck_assert(!first.host[0].backup && first.host[1].backup);
    ck_assert_double_eq_tol(first.runs_a_day, 1, 1e-9);
    ck_assert_double_eq_tol(first.jobs_a_run, 2, 1e-9);
    ck_assert_double_eq_tol(first.p50_min, 6, 1e-9);
    github_fixture_close(&github);
}
END_TEST

static void serve_prometheus(void *context, const char *request, struct script_reply *reply)
{
    (void)context;
    (void)request;
    reply->text = script_response(
        "200 OK", "Content-Type: application/json\r\n",
        "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
        "{\"metric\":{\"instance\":\"big:9100\",\"job\":\"node\"},\"value\":[1,\"1\"]},"
        "{\"metric\":{\"instance\":\"localhost:9090\",\"job\":\"prometheus\"},\"value\":[1,\"1\"]},"
        "{\"metric\":{\"instance\":\"small:9100\",\"job\":\"node\"},\"value\":[1,\"0\"]}]}}");
}

/* Hosts that are known get their probe; where none is, the machines are the hosts. */
START_TEST(prometheus_is_asked)
{
    struct script *script = script_open(serve_prometheus, NULL, NULL);
    const struct http_config base = {.patience_ms = 200};
    struct live_service from = {.url = ""};
    struct prometheus_client *client;
    snprintf(from.url, sizeof from.url, "%s", script_url(script));
    ck_assert_int_eq(prometheus_client_open(&client, &from, &base, &err), UND_OK);
    if (_i)
        ck_assert_int_eq(init_take_hosts(&first, "big:8", &err), UND_OK);
    ck_assert_msg(init_ask_prometheus(&first, client, &err) == UND_OK, "%s", err.text);
    ck_assert_int_eq(first.n_hosts, _i ? 1 : 2);
    ck_assert_str_eq(first.host[0].probe, "big:9100");
    ck_assert_int_eq(first.host[0].slots, _i ? 8 : 4);
    prometheus_client_close(client);
    script_close(script);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("init");
    TCase *tcase = tcase_create("init");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, every_failure_mode_has_a_scenario_that_loads, 0, 2);
    tcase_add_test(tcase, with_github_there_is_a_live_section);
    tcase_add_test(tcase, nothing_is_overwritten_without_being_told);
    tcase_add_loop_test(tcase, bad_hosts_are_refused, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tcase, a_person_is_asked);
    tcase_add_test(tcase, answers_that_end_early_are_an_error);
    tcase_add_test(tcase, github_is_asked);
    tcase_add_loop_test(tcase, prometheus_is_asked, 0, 2);
    suite_add_tcase(all, tcase);
    return all;
}
