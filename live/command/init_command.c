#include "init_command.h"
#include "init_ask.h"
#include "live/base/interrupt.h"
#include "model/base/assert.h"
#include "model/base/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define PATH_ROOM 4096

struct wish {
    const char *github, *github_url, *token, *prometheus, *hosts;
    int64_t runs, fan_out, typical_ms;
    bool force, json, quiet;
    const char *folder;
    bool plain;
};

static const struct option_row rows[] = {
    {"github", .type = OPTION_TEXT, .argument = "OWNER/REPO", OPTION_AT(struct wish, github),
     .about = "ask GitHub for registrations and the last runs of this repository",
     .otherwise = "GITHUB_REPOSITORY, where GITHUB_TOKEN is set as well"},
    {"token", .type = OPTION_TEXT, .argument = "SOURCE", OPTION_AT(struct wish, token),
     .preset = "env:GITHUB_TOKEN",
     .about = "where its token is: env:NAME, file:PATH or credential:NAME"},
    {"github-url", .type = OPTION_TEXT, .argument = "URL", OPTION_AT(struct wish, github_url),
     .about = "of a GitHub Enterprise's API", .otherwise = "github.com"},
    {"prometheus", .type = OPTION_TEXT, .argument = "URL", OPTION_AT(struct wish, prometheus),
     .about = "ask Prometheus for its targets", .otherwise = "PROMETHEUS_URL, if it is set"},
    {"allow-plain", .type = OPTION_FLAG, OPTION_AT(struct wish, plain),
     .about = "http to another machine is fine, and written so"},
    {"hosts", .type = OPTION_TEXT, .argument = "NAME:SLOTS,...", OPTION_AT(struct wish, hosts),
     .about = "the machines, the primary first", .otherwise = "asked for"},
    {"runs", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct wish, runs), .least = 1,
     .most = 100000, .about = "workflow runs a day", .otherwise = "as read, or an assumption"},
    {"fan-out", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct wish, fan_out), .least = 1,
     .most = 1000, .about = "jobs a run", .otherwise = "as read, or an assumption"},
    {"typical", .type = OPTION_DURATION, .argument = "TIME", OPTION_AT(struct wish, typical_ms),
     .about = "how long half of the jobs take at most", .otherwise = "as read, or an assumption"},
    {"force", .type = OPTION_FLAG, OPTION_AT(struct wish, force),
     .about = "overwrite files that are there"},
    OPTION_SEED_IGNORED,
    OPTION_FORMAT(struct wish, json),
    OPTION_QUIET(struct wish, quiet),
    {0}};

static const struct option_example examples[] = {
    {"init", "a few questions, and files in this folder"},
    {"init --hosts big:8,small:4 --runs 200 drills", "without questions, into the folder drills"},
    {"init --github acme/shop --prometheus http://localhost:9090", "what these two know"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "written"},
    {UND_USAGE, "usage error, or a file is there already"},
    {UND_SERVICE, "GitHub or Prometheus could not be read; nothing is written"},
    {UND_INTERRUPTED, "interrupted; nothing is written"},
    {0}};

const struct options init_options = {
    .name = "init",
    .synopsis = "[options] [FOLDER]",
    .purpose = "a first fleet file, and a scenario for each failure mode",
    .details =
        "Writes fleet.yaml and a scenario for each failure mode into the folder (this one, if none "
        "is named), and says what to try next. Asks GitHub (registrations, the last 200 runs, jobs "
        "of 20 of them) and Prometheus (targets) where they are given, else a person, if there is "
        "a "
        "terminal. Every number in the file says where it comes from, or that it is an assumption. "
        "No file is overwritten without --force.",
    .rows = rows,
    .operand = "folder",
    .most = 1,
    .examples = examples,
    .exits = exits,
};

/* ---- what is known ---- */

/* http to this machine or https need no permission. */
static bool needs_plain(const char *url)
{
    return strncmp(url, "http://", 7) == 0 && strncmp(url + 7, "localhost", 9) != 0 &&
           strncmp(url + 7, "127.", 4) != 0 && strncmp(url + 7, "[::1]", 5) != 0;
}

static enum und_code open_github(const struct wish *wish, struct first_fleet *first,
                                 struct github_client **client, struct und_err *err)
{
    const struct http_config base = {.cancel = interrupt_flag(), .patience_ms = PATIENCE_MS};
    struct live *live = calloc(1, sizeof *live);
    const char *slash = strchr(wish->github, '/');
    UND_ASSERT(live != NULL);
    if (slash == NULL || slash == wish->github || slash[1] == '\0' || strchr(slash + 1, '/') ||
        strlen(wish->github) >= LIVE_NAME) {
        free(live);
        return und_fail(err, UND_USAGE, "--github: got '%.80s', want OWNER/REPO", wish->github);
    }
    snprintf(first->owner, sizeof first->owner, "%.*s", (int)(slash - wish->github), wish->github);
    snprintf(first->repository, sizeof first->repository, "%s", slash + 1);
    snprintf(first->token, sizeof first->token, "%s", wish->token);
    snprintf(first->github_url, sizeof first->github_url, "%s",
             wish->github_url ? wish->github_url : "");
    first->plain_github = wish->plain && needs_plain(first->github_url);
    snprintf(live->github.owner, sizeof live->github.owner, "%s", first->owner);
    snprintf(live->github.repository, sizeof live->github.repository, "%s", first->repository);
    snprintf(live->github.service.token, sizeof live->github.service.token, "%s", first->token);
    snprintf(live->github.service.url, sizeof live->github.service.url, "%s",
             first->github_url[0] ? first->github_url : "https://api.github.com");
    live->github.service.allow_plain = wish->plain;
    live->time_factor = 1;
    github_open(client, live, &base, err);
    free(live);
    return err->code;
}

static enum und_code ask_github(const struct wish *wish, struct first_fleet *first,
                                struct und_err *err)
{
    struct github_client *client = NULL;
    if (open_github(wish, first, &client, err) == UND_OK)
        init_ask_github(first, client, err);
    github_close(client);
    return err->code;
}

static enum und_code ask_prometheus(const struct wish *wish, struct first_fleet *first,
                                    struct und_err *err)
{
    const struct http_config base = {.cancel = interrupt_flag(), .patience_ms = PATIENCE_MS};
    struct live_service service = {.allow_plain = wish->plain};
    struct prometheus_client *client = NULL;
    if (strlen(wish->prometheus) >= LIVE_URL)
        return und_fail(err, UND_USAGE, "--prometheus: got %zu characters, want fewer than %d",
                        strlen(wish->prometheus), LIVE_URL);
    snprintf(service.url, sizeof service.url, "%s", wish->prometheus);
    snprintf(first->prometheus, sizeof first->prometheus, "%s", wish->prometheus);
    first->plain = wish->plain && needs_plain(wish->prometheus);
    if (prometheus_client_open(&client, &service, &base, err) == UND_OK)
        init_ask_prometheus(first, client, err);
    prometheus_client_close(client);
    return err->code;
}

static void take_given(const struct wish *wish, struct first_fleet *first)
{
    if (wish->runs > 0) {
        first->runs_a_day = (double)wish->runs;
        snprintf(first->load_from, sizeof first->load_from, "as given");
    }
    if (wish->fan_out > 0)
        first->jobs_a_run = (double)wish->fan_out;
    if (wish->typical_ms > 0) {
        first->p50_min = (double)wish->typical_ms / (double)UNITS_MINUTE;
        first->p95_min = 2.5 * first->p50_min;
    }
    if (wish->fan_out > 0 || wish->typical_ms > 0)
        snprintf(first->duration_from, sizeof first->duration_from, "as given");
}

static enum und_code learn(const struct wish *wish, struct first_fleet *first, struct und_err *err)
{
    interrupt_install();
    if (wish->hosts != NULL && init_take_hosts(first, wish->hosts, err) != UND_OK)
        return err->code;
    if (wish->github != NULL && ask_github(wish, first, err) != UND_OK)
        return err->code;
    if (wish->prometheus != NULL && ask_prometheus(wish, first, err) != UND_OK)
        return err->code;
    if (first->n_hosts == 0 && isatty(STDIN_FILENO))
        init_ask_person(first, stdin, stdout, err);
    else if (first->n_hosts == 0)
        und_fail(err, UND_USAGE,
                 "init: got no source and no terminal to ask on, want --hosts NAME:SLOTS,..., "
                 "--github OWNER/REPO or --prometheus URL");
    take_given(wish, first);
    return err->code;
}

/* ---- files ---- */

static bool path_of(char out[PATH_ROOM], const struct wish *wish, const char *name)
{
    return snprintf(out, PATH_ROOM, "%s/%s.yaml", wish->folder, name) < PATH_ROOM;
}

/* Nothing is written where anything is in the way. */
static enum und_code check_files(const struct wish *wish, const struct first_fleet *first,
                                 struct und_err *err)
{
    struct first_scenario scenario = {.name = "fleet"};
    char path[PATH_ROOM];
    int i = 0;
    do {
        if (!path_of(path, wish, scenario.name))
            return und_fail(err, UND_USAGE, "folder: got a path of %zu bytes, want fewer",
                            strlen(wish->folder));
        if (!wish->force && access(path, F_OK) == 0)
            return und_fail(err, UND_USAGE,
                            "%s: is there already; nothing is written; want another folder, or "
                            "--force",
                            path);
    } while (first_scenario_at(first, i++, &scenario));
    if (mkdir(wish->folder, 0777) != 0 && errno != EEXIST)
        return und_fail(err, UND_USAGE, "%s: cannot be made: %s", wish->folder, strerror(errno));
    return UND_OK;
}

/* scenario NULL: the fleet. */
static enum und_code write_file(const struct wish *wish, const struct first_fleet *first,
                                const struct first_scenario *scenario, struct und_err *err)
{
    char path[PATH_ROOM];
    FILE *file;
    bool bad;
    path_of(path, wish, scenario ? scenario->name : "fleet");
    if ((file = fopen(path, wish->force ? "w" : "wx")) == NULL)
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    if (scenario != NULL)
        first_scenario_print(file, first, scenario);
    else
        first_fleet_print(file, first);
    bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    return err->code;
}

static void say_next(const struct wish *wish, const struct first_fleet *first, int n)
{
    const char *at = wish->folder;
    printf(
        "%s: fleet.yaml (%d %s) and %d scenarios. What is an assumption says so; to try next:\n\n"
        "  understudy sim %s/primary-power-loss.yaml     what happens when the primary dies\n"
        "  understudy test %s                            every scenario\n"
        "  understudy whatif %s/ordinary-week.yaml --vary "
        "fleet.workload.arrivals.rate=50/d..400/d:50/d\n"
        "  understudy fit jobs.csv --out %s/fitted.yaml  the workload out of your own history\n",
        at, first->n_hosts, first->n_hosts == 1 ? "host" : "hosts", n, at, at, at, at);
    if (first->owner[0])
        printf("  understudy fit --github %s/fleet.yaml         the same, from GitHub\n"
               "  understudy drill --plan %s/runner-service-stop.yaml\n",
               at, at);
    if (first->owner[0] && first->prometheus[0])
        printf("  understudy monitor %s/fleet.yaml              watch it; nothing is changed\n",
               at);
}

static enum und_code write_all(const struct wish *wish, const struct first_fleet *first,
                               struct und_err *err)
{
    struct first_scenario scenario;
    json_t *files = json_array();
    char path[PATH_ROOM];
    int i;
    write_file(wish, first, NULL, err);
    for (i = 0; err->code == UND_OK && first_scenario_at(first, i, &scenario); i++) {
        write_file(wish, first, &scenario, err);
        path_of(path, wish, scenario.name);
        json_array_append_new(files, json_string(path));
    }
    path_of(path, wish, "fleet");
    if (err->code == UND_OK && wish->json) {
        json_t *root =
            json_pack("{s:i, s:s, s:O}", "version", 1, "fleet", path, "scenarios", files);
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(root);
    } else if (err->code == UND_OK && !wish->quiet) {
        say_next(wish, first, i);
    }
    json_decref(files);
    return err->code;
}

/* What the surroundings say, where nothing was given. */
static void take_environment(struct wish *wish)
{
    const char *repository = getenv("GITHUB_REPOSITORY"), *url = getenv("PROMETHEUS_URL");
    if (wish->hosts != NULL || wish->github != NULL || wish->prometheus != NULL)
        return;
    if (repository != NULL && repository[0] && getenv("GITHUB_TOKEN") != NULL)
        wish->github = repository;
    if (url != NULL && url[0])
        wish->prometheus = url;
}

enum und_code init_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    struct first_fleet *first;
    int at = options_parse(&init_options, argc, argv, &wish, err);
    if (at == 0)
        return err->code;
    wish.folder = at < argc ? argv[at] : ".";
    take_environment(&wish);
    first = calloc(1, sizeof *first);
    UND_ASSERT(first != NULL);
    if (learn(&wish, first, err) == UND_OK && check_files(&wish, first, err) == UND_OK)
        write_all(&wish, first, err);
    free(first);
    return err->code;
}
