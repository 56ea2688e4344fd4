/*
 * Every call of the program's own GitHub client, once, for tests/lab/contract: through Prism, which
 * refuses a request or an answer that does not fit GitHub's description.
 *
 *     contract_client URL OWNER REPOSITORY TOKEN-SOURCE repository|organisation [APP INSTALLATION]
 *
 * Wants a registration, a workflow probe.yml and one job in progress; at the organisation a
 * variable DRILL, which the client does not create there. Prints each call that failed; exits 1 if
 * any did.
 */
#include "live/github/github.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct github_client *client;
static int failures;

static void say(const char *what, enum und_code code, const struct und_err *err)
{
    if (code == UND_OK)
        return;
    printf("%s: %s\n", what, err->text);
    failures++;
}

/* Every call gets an error of its own: the first one would hide the others. */
#define CALL(...)                                                                                  \
    do {                                                                                           \
        struct und_err err = {0};                                                                  \
        struct und_err *e = &err;                                                                  \
        enum und_code code = __VA_ARGS__;                                                          \
        say(#__VA_ARGS__, code, &err);                                                             \
    } while (0)

static int64_t first_runner(void)
{
    struct github_runners runners = {0};
    int64_t id = 0;
    CALL(github_runners(client, &runners, e));
    if (runners.n > 0)
        id = runners.item[0].id;
    github_runners_fini(&runners);
    return id;
}

static void labels(int64_t runner)
{
    struct github_labels before = {0}, wanted = {0};
    CALL(github_labels(client, runner, &before, e));
    strcpy(wanted.name[0], "drill");
    wanted.custom[0] = true;
    wanted.n = 1;
    CALL(github_labels_add(client, runner, "active", e));
    CALL(github_labels_set(client, runner, &wanted, e));
    CALL(github_labels_set(client, runner, &before, e));
}

static void variable(void)
{
    char value[64] = "";
    CALL(github_variable(client, "DRILL", value, sizeof value, e));
    CALL(github_variable_set(client, "DRILL", "[\"one\"]", e));
    CALL(github_variable_set(client, "DRILL", "[\"two\"]", e));
    CALL(github_variable(client, "DRILL", value, sizeof value, e));
    if (strcmp(value, "[\"two\"]") != 0) {
        printf("variable: got %s, want [\"two\"]\n", value);
        failures++;
    }
}

static void runs(void)
{
    struct github_runs found = {0};
    struct github_run run;
    struct github_jobs jobs = {0};
    int64_t id = 0;
    CALL(github_runs(client, "in_progress", 10, &found, e));
    CALL(github_dispatch(client, "probe.yml", "main", NULL, &id, e));
    if (found.n == 0) {
        puts("runs: got none in progress, want one");
        failures++;
        github_runs_fini(&found);
        return;
    }
    id = found.item[0].id;
    github_runs_fini(&found);
    CALL(github_run(client, id, &run, e));
    CALL(github_jobs(client, id, false, &jobs, e));
    CALL(github_jobs(client, id, true, &jobs, e));
    github_jobs_fini(&jobs);
    CALL(github_cancel(client, id, e));
    CALL(github_force_cancel(client, id, e));
    for (int i = 0; i < 50; i++) { /* a second or two, compressed */
        CALL(github_run(client, id, &run, e));
        if (strcmp(run.status, "completed") == 0)
            break;
    }
    CALL(github_rerun_failed(client, id, e));
    CALL(github_force_cancel(client, id, e)); /* leaves the runner free */
}

int main(int argc, char **argv)
{
    const struct http_config base = {.total_ms = 20000};
    struct live live = {.present = true, .time_factor = 60};
    struct und_err err = {0};
    int64_t runner;
    if (argc != 6 && argc != 8) {
        fprintf(stderr, "contract_client: see the head of tests/lab/contract_client.c\n");
        return 2;
    }
    snprintf(live.github.service.url, sizeof live.github.service.url, "%s", argv[1]);
    snprintf(live.github.owner, sizeof live.github.owner, "%s", argv[2]);
    snprintf(live.github.repository, sizeof live.github.repository, "%s", argv[3]);
    snprintf(live.github.service.token, sizeof live.github.service.token, "%s", argv[4]);
    live.github.organisation = strcmp(argv[5], "organisation") == 0;
    if (argc == 8) {
        snprintf(live.github.app_id, sizeof live.github.app_id, "%s", argv[6]);
        live.github.installation = atoi(argv[7]);
    }
    if (github_open(&client, &live, &base, &err) != UND_OK) {
        printf("open: %s\n", err.text);
        return 1;
    }
    runner = first_runner();
    labels(runner);
    variable();
    if (!live.github.organisation)
        runs();
    github_close(client);
    return failures == 0 ? 0 : 1;
}
