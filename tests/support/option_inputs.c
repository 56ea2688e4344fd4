#include "option_inputs.h"

#include "scripted_server.h"

#include <check.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- files ---- */

static const struct {
    const char *name, *text;
} files[] = {
    {"fleet.yaml",
     "fleet:\n"
     "  hosts:\n"
     "    - {name: big, tier: primary, slots: 2, registrations: 'big-*', probe: '10.0.0.1:9100',\n"
     "       labels: [self-hosted, primary]}\n"
     "    - {name: small, tier: backup, slots: 1, probe: '10.0.0.2:9100', labels: [self-hosted]}\n"
     "  workload:\n"
     "    arrivals: {rate: 10/h}\n"
     "    classes: [{name: build, duration: {kind: exponential, mean: 5min}}]\n"
     "    on_failure: rerun\n"
     "  github: {documented: 'primary before backup, routing at once'}\n"
     "  monitoring: {rules: rules.yml}\n"
     "  policy: {persist: 2min, severities: [critical]}\n"
     "  live:\n"
     "    journal: own.db\n"
     "    github: {owner: o, repository: r, token: 'env:NONE', url: 'http://127.0.0.1:1'}\n"
     "    places: [{name: big, via: [env]}, {name: small, via: [env]}]\n"},
    {"calm.yaml", "fleet:\n"
                  "  hosts:\n"
                  "    - {name: big, tier: primary, slots: 2}\n"
                  "    - {name: small, tier: backup, slots: 1}\n"
                  "  workload: {arrivals: {rate: 10/h}, classes: [{duration: 5min}]}\n"
                  "  policy: {persist: 1h}\n"},
    {"rules.yml",
     "groups:\n"
     "  - name: hosts\n"
     "    rules:\n"
     "      - {alert: Down, expr: up == 0, for: 1m, labels: {severity: critical}}\n"
     "      - {alert: Gone, expr: absent(up), for: 1m, labels: {severity: warning}}\n"
     "      - {alert: Busy, for: 1m, labels: {severity: critical}, expr: '100 - avg by (instance)\n"
     "         (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) * 100 > 85'}\n"},
    {"three.yml", "groups: [{name: a, rules: [{alert: Down, expr: '{\"up\"} == 0', for: 1m,\n"
                  "  labels: {severity: critical}}]}]\n"},
    {"old.yml", "groups: [{name: a, rules: [{alert: Down, expr: up == 0, for: 1m,\n"
                "  labels: {severity: critical}}]}]\n"},
    {"new.yml", "groups: [{name: a, rules: [{alert: Down, expr: up == 0, for: 20m,\n"
                "  labels: {severity: critical}}]}]\n"},
    {"left.yml", "groups: [{name: a, rules: [{alert: Odd, expr: nobody_has_this > 1,\n"
                 "  labels: {severity: critical}}]}]\n"},
    {"small.yaml", "name: small\n"
                   "fleet: fleet.yaml\n"
                   "duration: 3h\n"
                   "replications: 20\n"
                   "faults: [{kind: os-crash, target: big, at: 30min, lasts: 1h}]\n"
                   "documented: {detection: 2min, failover: 5min, rto: 10min}\n"
                   "expect: [{metric: rto, quantile: 0.95, op: '<', value: 20min}]\n"},
    {"stress.yaml",
     "name: stress\n"
     "fleet: fleet.yaml\n"
     "duration: 3h\n"
     "faults: [{kind: cpu-stress, target: big, at: 30min, lasts: 1h, load: 100%}]\n"},
    {"edge.yaml", "name: edge\n"
                  "fleet: fleet.yaml\n"
                  "duration: 3h\n"
                  "replications: 20\n"
                  "expect:\n"
                  "  - {metric: queue_wait, mean: true, op: '<', value: 16s}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 25}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 26}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 26.5}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 27}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 27.3}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 27.7}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 28}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 28.3}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 28.7}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 29}\n"
                  "  - {metric: jobs_done, mean: true, op: '>', value: 30}\n"},
    {"failing.yaml", "name: failing\n"
                     "fleet: fleet.yaml\n"
                     "duration: 3h\n"
                     "expect: [{metric: availability, mean: true, op: '>', value: 99.99%}]\n"},
    {"left.yaml", "name: left\n"
                  "fleet:\n"
                  "  hosts: [{name: a, tier: primary, slots: 2}]\n"
                  "  workload: {arrivals: {rate: 10/h}, classes: [{duration: 5min}]}\n"
                  "  monitoring: {rules: left.yml}\n"
                  "  policy: {severities: [critical]}\n"
                  "duration: 1h\n"
                  "replications: 5\n"
                  "expect: [{metric: queue_wait, mean: true, op: '<', value: 20min}]\n"},
    {"broken.yaml", "name: broken\n"
                    "fleet:\n"
                    "  hosts: [{name: a, tier: a, slots: -1, sped: 2, cores: x, memory: y}]\n"
                    "  workload: {arrivals: {rate: 10/h}, classes: [{duration: 5min}]}\n"},
    {"rare.yaml", "name: rare\n"
                  "fleet:\n"
                  "  hosts:\n"
                  "    - {name: a, tier: primary, slots: 1, mtbf: 10d, mttr: 2h}\n"
                  "    - {name: b, tier: backup, slots: 1, mtbf: 10d, mttr: 2h}\n"
                  "  workload: {arrivals: {rate: 8/h}, classes: [{duration: 5min}]}\n"
                  "  github: {documented: 'primary before backup, routing at once'}\n"
                  "  policy: {}\n"
                  "documented: {failover: 1min}\n"
                  "duration: 1d\n"
                  "replications: 30\n"},
    {"one.yaml", "fleet:\n"
                 "  hosts: [{name: a, tier: primary, slots: 2}]\n"
                 "  workload: {arrivals: {rate: 10/h}, classes: [{duration: 5min}]}\n"
                 "  policy: {}\n"},
    {"drill.yaml",
     "name: crash\n"
     "fleet: fleet.yaml\n"
     "duration: 3h\n"
     "faults: [{kind: os-crash, target: big, at: 30min, lasts: 30min}]\n"
     "drill:\n"
     "  lease: 40min\n"
     "  inject:\n"
     "    - {name: stop, on: big, run: [echo, '{id}', '{lease_s}'], undo: [echo, u],\n"
     "       check: [echo, c], lease: command}\n"},
    {"series.json",
     "{\"cases\": [{\"id\": \"a\", \"kind\": \"up\", \"eval_s\": 60, \"for_s\": 90, "
     "\"keep_s\": 0, \"end_s\": 600, \"alert\": \"Down\", \"series\": [{\"instance\": "
     "\"x\", \"samples\": [[0, 1], [60, 0], [120, 0], [180, 0]]}]}]}\n"},
    {"samples.json",
     "{\"cases\": [{\"id\": \"b\", \"kind\": \"up\", \"eval_s\": 30, \"for_s\": 240, "
     "\"keep_s\": 0, \"end_s\": 900, \"alert\": \"Down\", \"series\": [{\"instance\": "
     "\"x\", \"samples\": [[0, 1], [60, 0], [120, 0], [180, 0], [240, 0], [300, 0]]}]}]}\n"},
    {"unit.yml", "rule_files: [rules.yml]\n"
                 "tests:\n"
                 "  - interval: 1m\n"
                 "    input_series: [{series: 'up{instance=\"x\"}', values: '0x9'}]\n"
                 "    alert_rule_test: [{eval_time: 5m, alertname: Gone, exp_alerts: []}]\n"},
    {"unit3.yml", "rule_files: [three.yml]\n"
                  "tests:\n"
                  "  - interval: 1m\n"
                  "    input_series: [{series: 'up{instance=\"x\"}', values: '1x9'}]\n"
                  "    alert_rule_test: [{eval_time: 5m, alertname: Down, exp_alerts: []}]\n"}};

static const char *folder;
static struct script *github;

static void write_file(const char *name, const char *text)
{
    char path[256];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Forty days with a job every 50 minutes. */
static void write_jobs(void)
{
    char path[256];
    FILE *file;
    int i;
    snprintf(path, sizeof path, "%s/jobs.csv", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("run,job,workflow,created_at,started_at,finished_at\n", file);
    for (i = 0; i < 1000; i++)
        fprintf(file, "%d,build,%s,%d,%d,%d\n", i, i % 3 ? "ci" : "nightly", 1770000000 + i * 3000,
                1770000000 + i * 3000 + 5, 1770000000 + i * 3000 + 65 + i * 37 % 400);
    ck_assert_int_eq(fclose(file), 0);
}

/* A run of one job on each day that is asked for. */
static void serve(void *context, const char *request, struct script_reply *reply)
{
    const char *day = strstr(request, "created=");
    char body[1024], date[11] = "2026-11-20";
    (void)context;
    if (strstr(request, "/jobs")) {
        snprintf(body, sizeof body,
                 "{\"total_count\":1,\"jobs\":[{\"id\":%d,\"run_id\":1,\"run_attempt\":1,"
                 "\"status\":\"completed\",\"conclusion\":\"success\","
                 "\"created_at\":\"2026-11-20T10:00:00Z\",\"started_at\":\"2026-11-20T10:00:05Z\","
                 "\"completed_at\":\"2026-11-20T10:01:35Z\",\"name\":\"build\","
                 "\"labels\":[\"self-hosted\"],\"runner_id\":1,\"runner_name\":\"r1\"}]}",
                 10);
    } else {
        if (day)
            snprintf(date, sizeof date, "%.10s", day + strlen("created="));
        snprintf(
            body, sizeof body,
            "{\"total_count\":1,\"workflow_runs\":[{\"id\":%d%d,\"name\":\"ci\",\"path\":\"x\","
            "\"event\":\"push\",\"head_branch\":\"m\",\"status\":\"completed\","
            "\"conclusion\":\"success\",\"run_attempt\":1,\"created_at\":\"%sT10:00:00Z\","
            "\"updated_at\":\"%sT10:00:00Z\"}]}",
            atoi(date + 5), atoi(date + 8), date, date);
    }
    reply->text = script_response("200 OK", "Content-Type: application/json\r\n", body);
}

static void shell(const char *line)
{
    char text[4096];
    int n =
        snprintf(text, sizeof text,
                 "export SOURCE_DATE_EPOCH=1790000000 NONE=token PROGRAM=\"$PWD/%s/understudy\"; "
                 "unset UNDERSTUDY_STORE; cd %s && rm -rf out && mkdir out && cd out && { %s; }",
                 getenv("BUILD") ? getenv("BUILD") : "build", folder, line);
    ck_assert_int_lt(n, (int)sizeof text);
    ck_assert_int_ne(system(text), -1);
}

/* A record of all that the list can choose by, in all combinations. */
static void age_records(void)
{
    char path[256];
    sqlite3 *store;
    snprintf(path, sizeof path, "%s/runs.db", folder);
    ck_assert_int_eq(sqlite3_open(path, &store), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(store,
                     "CREATE TEMP TABLE month AS SELECT column1 AS at_ms FROM (VALUES "
                     "(1768000000000), (1771000000000), (1775000000000));"
                     "CREATE TEMP TABLE seen AS SELECT * FROM run;"
                     "DELETE FROM run;"
                     "INSERT INTO run SELECT NULL, month.at_ms, k.kind, s.who, s.version, f.fleet, "
                     "n.scenario, s.seed, s.digest, s.exit_code, s.detail, m.mode "
                     "FROM month, (SELECT DISTINCT kind FROM seen UNION SELECT 'drill') AS k, "
                     "(SELECT DISTINCT fleet FROM seen) AS f, "
                     "(SELECT DISTINCT scenario FROM seen) AS n, "
                     "(SELECT DISTINCT mode FROM seen) AS m, (SELECT * FROM seen LIMIT 1) AS s",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(store);
    shell("$PROGRAM history --store ../runs.db --format json | tr , '\n' | "
          "sed -n 's/.*\"fleet\": *\"\\([0-9a-f]*\\)\".*/\\1/p' | head -1 >../hash");
}

void option_inputs_open(void)
{
    char text[1024];
    size_t i;
    folder = script_folder();
    github = script_open(serve, NULL, NULL);
    for (i = 0; i < sizeof files / sizeof *files; i++)
        write_file(files[i].name, files[i].text);
    write_jobs();
    snprintf(text, sizeof text,
             "fleet:\n"
             "  hosts: [{name: r1, tier: primary, slots: 2}]\n"
             "  workload: {arrivals: {rate: 1/h}, classes: [{duration: 5min}]}\n"
             "  live: {github: {owner: o, repository: r, token: 'env:NONE', url: '%s'}}\n",
             script_url(github));
    write_file("github.yaml", text);
    shell("$PROGRAM test ../small.yaml --write-baseline ../baseline.json --store ../runs.db;"
          "$PROGRAM whatif ../small.yaml --vary fleet.workload.arrivals.rate=10/h,20/h "
          "--keep ../whole.part;"
          "$PROGRAM sim ../left.yaml --store ../runs.db;"
          "$PROGRAM sim ../small.yaml --store ../runs.db;"
          "$PROGRAM sim ../small.yaml --set fleet.policy.persist=1min --store ../runs.db;"
          "$PROGRAM sim ../drill.yaml --store ../runs.db;"
          "$PROGRAM drill --rehearse --replications 220 ../drill.yaml --store ../runs.db;"
          "$PROGRAM monitor ../fleet.yaml --for 1s --journal ../journal.db >/dev/null 2>&1;"
          "$PROGRAM monitor ../fleet.yaml --for 1s --journal ../journal.db >/dev/null 2>&1");
    age_records();
}

void option_inputs_close(void)
{
    char line[256];
    script_close(github);
    snprintf(line, sizeof line, "rm -rf %s", folder);
    ck_assert_int_eq(system(line), 0);
}

/* ---- runs ---- */

static uint64_t add(uint64_t hash, int byte)
{
    return (hash ^ (uint64_t)(unsigned)byte) * 1099511628211u; /* FNV-1a */
}

/* Numbers of what happens now are times and tell nothing. */
static uint64_t add_file(uint64_t hash, const char *path, bool now)
{
    FILE *file = fopen(path, "r");
    bool digits = false;
    int byte;
    ck_assert_msg(file != NULL, "%s", path);
    while ((byte = getc(file)) != EOF) {
        bool digit = now && byte >= '0' && byte <= '9';
        if (!digit || !digits)
            hash = add(hash, digit ? '#' : byte);
        digits = digit;
    }
    fclose(file);
    return hash;
}

/* Names and contents, in the order of names; of databases the names. */
static uint64_t add_folder(uint64_t hash, const char *path, bool now)
{
    struct dirent **entry;
    int n = scandir(path, &entry, NULL, alphasort), i;
    const char *at;
    ck_assert_int_ge(n, 0);
    for (i = 0; i < n; i++) {
        char inner[512];
        struct stat stat_of;
        snprintf(inner, sizeof inner, "%s/%s", path, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.' && !strstr(inner, ".db-") && stat(inner, &stat_of) == 0) {
            for (at = entry[i]->d_name; *at; at++)
                hash = add(hash, *at);
            if (S_ISDIR(stat_of.st_mode))
                hash = add_folder(hash, inner, now);
            else if (!strstr(inner, ".db"))
                hash = add_file(hash, inner, now);
        }
        free(entry[i]);
    }
    free(entry);
    return hash;
}

void option_inputs_run(const char *line, struct option_outcome *outcome)
{
    char text[3072], path[256];
    bool now =
        strncmp(line, "monitor", 7) == 0 ||
        (strncmp(line, "drill", 5) == 0 && !strstr(line, "--plan") && !strstr(line, "--rehearse"));
    size_t i, n;
    FILE *file;
    snprintf(
        text, sizeof text,
        "timeout --preserve-status -s INT %s $PROGRAM %s >raw 2>errors </dev/null; echo $? "
        ">code; sed -E 's/[0-9.]+ s: [0-9.]+ days a second|[0-9.]+ (million )?transitions.s//; "
        "s/, [0-9.]+ s;//' raw >said; rm raw",
        now ? "1.5" : "60", line);
    shell(text);
    snprintf(path, sizeof path, "%s/out/code", folder);
    ck_assert_ptr_nonnull(file = fopen(path, "r"));
    ck_assert_int_eq(fscanf(file, "%d", &outcome->code), 1);
    fclose(file);
    snprintf(path, sizeof path, "%s/out/errors", folder);
    ck_assert_ptr_nonnull(file = fopen(path, "r"));
    n = fread(outcome->said, 1, sizeof outcome->said - 1, file);
    outcome->said[n] = '\0';
    outcome->lines = 0;
    for (i = 0; i < n; i++)
        outcome->lines += outcome->said[i] == '\n';
    fclose(file);
    snprintf(path, sizeof path, "%s/out", folder);
    outcome->hash = add_folder(14695981039346656037u, path, now);
    ck_assert_msg(outcome->code < 124 || outcome->code == 130, "%s: exit %d: %s", line,
                  outcome->code, outcome->said);
}
