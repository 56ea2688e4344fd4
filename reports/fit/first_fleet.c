#include "first_fleet.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- the fleet ---- */

static void quoted(FILE *out, const char *text)
{
    json_t *string = json_string(text);
    char *dumped = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    fputs(dumped ? dumped : "\"\"", out);
    free(dumped);
    json_decref(string);
}

static void print_host(FILE *out, const struct first_host *host)
{
    fputs("    - name: ", out);
    quoted(out, host->name);
    fprintf(out, "\n      tier: %s%s\n      slots: %d # %s\n", host->backup ? "backup" : "primary",
            host->backup ? " # an assumption, where nobody has said so" : "", host->slots,
            host->slots_from);
    if (host->registered) {
        char pattern[FLEET_NAME + 2];
        snprintf(pattern, sizeof pattern, "%s*", host->name);
        fputs("      registrations: ", out);
        quoted(out, pattern);
        fputc('\n', out);
    }
    if (host->probe[0]) {
        fputs("      probe: ", out);
        quoted(out, host->probe);
        fputs(" # as Prometheus scrapes it\n", out);
    }
}

static void print_workload(FILE *out, const struct first_fleet *first)
{
    bool load = first->runs_a_day > 0, jobs = first->jobs_a_run >= 1, took = first->p50_min > 0;
    double p50 = took ? first->p50_min : 8, p95 = took ? first->p95_min : 20;
    fprintf(out,
            "\n  workload:\n    arrivals:\n      kind: poisson\n      rate: %.6g/d # %s\n"
            "      amplitude: 50%% # an assumption: half as many again at 14:00, half at night\n"
            "    fan_out: {kind: geometric, mean: %.4g} # %s\n"
            "    classes:\n      - name: job\n        weight: 1\n"
            "        duration: {kind: lognormal, p50: %.3fs, p95: %.3fs} # %s\n"
            "    on_failure: rerun # of jobs whose host dies; an assumption\n",
            load ? first->runs_a_day : 100, load ? first->load_from : "an assumption",
            jobs ? first->jobs_a_run : 2, jobs ? first->duration_from : "an assumption", 60 * p50,
            60 * (p95 > 1.1 * p50 ? p95 : 1.1 * p50),
            took ? first->duration_from : "an assumption");
}

static void print_monitoring(FILE *out)
{
    fputs("\n  # Assumptions: put your own rule files here (rules: [rules.yml]), and your\n"
          "  # prometheus.yml and alertmanager.yml (config: FILE).\n"
          "  monitoring:\n    scrape_interval: 30s\n    evaluation_interval: 1min\n    rules:\n"
          "      - {alert: RunnerHostDown, signal: up, for: 2min, severity: critical}\n"
          "      - {alert: RunnerHostCpuHigh, signal: cpu, above: 90%, window: 5min, for: 5min, "
          "severity: critical}\n"
          "      - {alert: RunnerHostMemoryHigh, signal: memory, above: 90%, for: 5min, severity: "
          "critical}\n"
          "  alertmanager: {group_wait: 30s, group_interval: 5min, repeat_interval: 4h}\n\n"
          "  # When a host is drained and served again.\n"
          "  policy:\n    persist: 5min\n    failback: {ramp: 10min, clear_for: 5min}\n"
          "    severities: [critical]\n",
          out);
}

static void print_live(FILE *out, const struct first_fleet *first)
{
    int i;
    if (first->owner[0] == '\0')
        return;
    fputs("\n  # For fit, monitor and drill. Nothing is changed anywhere while allow_actions is "
          "false.\n  live:\n    github:\n      owner: ",
          out);
    quoted(out, first->owner);
    fputs("\n      repository: ", out);
    quoted(out, first->repository);
    fputs("\n      token: ", out);
    quoted(out, first->token);
    fputs("\n      label: ci-active # what a registration carries while it is given jobs\n", out);
    if (first->github_url[0]) {
        fputs("      url: ", out);
        quoted(out, first->github_url);
        fputs(first->plain_github ? "\n      allow_plain: true\n" : "\n", out);
    }
    if (first->prometheus[0]) {
        fputs("    prometheus: {url: ", out);
        quoted(out, first->prometheus);
        fputs(first->plain ? ", allow_plain: true}\n" : "}\n", out);
    }
    fputs("    places: # how commands reach the hosts\n", out);
    for (i = 0; i < first->n_hosts; i++) {
        fputs("      - {name: ", out);
        quoted(out, first->host[i].name);
        fputs(", via: [ssh, -o, BatchMode=yes, -o, ConnectTimeout=5, ", out);
        quoted(out, first->host[i].name);
        fputs("]}\n", out);
    }
    fputs("    journal: understudy.journal\n    allow_actions: false\n", out);
}

void first_fleet_print(FILE *out, const struct first_fleet *first)
{
    int i;
    fputs("# A first fleet file, by `understudy init`. Every number says where it comes from; what "
          "is\n"
          "# an assumption is to be replaced: `understudy fit` finds the workload, MTBF and MTTR "
          "out of\n"
          "# a history, `understudy schema` says what else a fleet may have.\n"
          "name: first\nabout: A first fleet file\n\nfleet:\n  hosts:\n",
          out);
    for (i = 0; i < first->n_hosts; i++)
        print_host(out, &first->host[i]);
    print_workload(out, first);
    print_monitoring(out);
    print_live(out, first);
}

/* ---- scenarios ---- */

#define AT ", at: {kind: uniform, min: 1h, max: 2h}"

/* %s is the host that it strikes: of faults of the whole fleet there is none. */
static const struct {
    const char *name, *about, *fault;
    bool two, drill;
} rows[] = {
    {"ordinary-week", "A week without a fault", NULL, false, false},
    {"primary-power-loss", "The primary loses its power for an hour",
     "kind: host-power-loss, target: primary, lasts: 1h" AT, false, false},
    {"primary-os-crash", "The primary's system crashes and boots again",
     "kind: os-crash, target: primary, lasts: 10min" AT, false, false},
    {"runner-service-stop", "The runners' service on the primary is stopped",
     "kind: service-stop, target: primary, lasts: 30min" AT, false, true},
    {"network-partition", "The primary loses its network",
     "kind: network-partition, target: primary, from: both, lasts: 30min" AT, false, false},
    {"cpu-degradation", "The CPU of the primary is saturated",
     "kind: cpu-stress, target: primary, load: 100%, slowdown: 2, lasts: 45min" AT, false, false},
    {"memory-pressure", "The primary runs out of memory",
     "kind: memory-stress, target: primary, load: 97%, slowdown: 1.5, lasts: 45min" AT, false,
     false},
    {"disk-pressure", "The primary's disk is busy",
     "kind: disk-stress, target: primary, load: 100%, slowdown: 2, lasts: 45min" AT, false, false},
    {"disk-full", "The primary's disk is full: its jobs fail",
     "kind: disk-full, target: primary, lasts: 1h" AT, false, false},
    {"slow-host", "The primary is slow for no visible reason",
     "kind: slow-host, target: primary, slowdown: 3, lasts: 2h" AT, false, false},
    {"slots-lost", "A registration of the primary is lost",
     "kind: slots-lost, target: primary, slots: 1, lasts: 4h" AT, false, false},
    {"crash-loop", "The primary boots and crashes again",
     "kind: crash-loop, target: primary, lasts: 1h" AT, false, false},
    {"clock-jump", "The primary's clock jumps",
     "kind: clock-jump, target: primary, jump: 20min, lasts: 1h" AT, false, false},
    {"runner-hung", "The primary's runners take jobs and hang",
     "kind: runner-hung, target: primary, lasts: 1h" AT, false, false},
    {"job-hung", "A fifth of the primary's jobs hang",
     "kind: job-hung, target: primary, share: 20%, lasts: 1h" AT, false, false},
    {"runner-update", "The primary's runners update themselves",
     "kind: runner-update, target: primary, lasts: 5min" AT, false, false},
    {"registration-replaced", "A registration of the primary is replaced",
     "kind: registration-replaced, target: primary, slots: 1" AT, false, false},
    {"planned-maintenance", "The primary is drained for its updates",
     "kind: maintenance, target: primary, lasts: 2h" AT, true, true},
    {"all-hosts-down", "Every host loses its power",
     "kind: host-power-loss, target: all, lasts: 30min" AT, false, false},
    {"monitoring-down", "The monitoring stack is down", "kind: monitoring-down, lasts: 2h" AT,
     false, false},
    {"prometheus-down", "Prometheus is down", "kind: prometheus-down, lasts: 1h" AT, false, false},
    {"alertmanager-down", "Alertmanager is down", "kind: alertmanager-down, lasts: 1h" AT, false,
     false},
    {"scrape-flap", "A third of the scrapes of the primary fail",
     "kind: scrape-flap, target: primary, share: 30%, lasts: 1h" AT, false, false},
    {"target-lost", "Prometheus loses the primary as a target",
     "kind: target-lost, target: primary, lasts: 1h" AT, false, false},
    {"github-outage", "GitHub is out of reach", "kind: github-outage, lasts: 1h" AT, false, false},
    {"github-api-errors", "Half of the calls to GitHub fail",
     "kind: github-api-errors, error_rate: 50%, lasts: 1h" AT, false, false},
    {"github-slow", "GitHub hands out jobs five minutes late",
     "kind: github-slow, delay: 5min, lasts: 1h" AT, false, false},
    {"github-lies", "GitHub shows the primary's runners offline",
     "kind: github-lies, target: primary, lie: offline, lasts: 1h" AT, false, false},
    {"token-expired", "The controller's token has expired", "kind: token-expired, lasts: 1h" AT,
     false, false},
    {"controller-restart", "The controller is restarted", "kind: controller-restart" AT, false,
     false},
    {"automation-paused", "Automation is paused", "kind: pause, lasts: 1h" AT, false, false},
    {"dependency-down", "What half of the jobs need is down",
     "kind: dependency-down, share: 50%, lasts: 1h" AT, false, false},
    {"disk-fill", "The primary's disk fills up",
     "kind: disk-fill, target: primary, size: 10GB, per: 10min, lasts: 2h" AT, false, false},
};

static bool has_backup(const struct first_fleet *first)
{
    int i;
    for (i = 0; i < first->n_hosts; i++)
        if (first->host[i].backup)
            return true;
    return false;
}

bool first_scenario_at(const struct first_fleet *first, int number, struct first_scenario *out)
{
    size_t i;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((rows[i].two && !has_backup(first)) || number-- > 0)
            continue;
        snprintf(out->name, sizeof out->name, "%s", rows[i].name);
        out->about = rows[i].about;
        out->fault = rows[i].fault;
        out->drill = rows[i].drill && first->owner[0];
        return true;
    }
    return false;
}

static void print_drill(FILE *out, const struct first_fleet *first, bool service)
{
    int i = 0;
    fputs("\n# `understudy drill --plan THIS_FILE` prints it; nothing is done while the fleet's\n"
          "# allow_actions is false.\ndrill:\n  lease: 45min\n",
          out);
    if (!service)
        return;
    while (i < first->n_hosts - 1 && first->host[i].backup)
        i++;
    fputs("  inject:\n    - name: stop the runners' service\n      on: ", out);
    quoted(out, first->host[i].name);
    fputs("\n      run: [systemctl, stop, \"actions.runner.*\"]\n"
          "      undo: [sh, -c, \"systemctl list-unit-files --no-legend 'actions.runner.*' | "
          "cut -d' ' -f1 | xargs systemctl start\"]\n"
          "      check: [sh, -c, \"! systemctl is-active --quiet 'actions.runner.*'\"]\n",
          out);
}

void first_scenario_print(FILE *out, const struct first_fleet *first,
                          const struct first_scenario *scenario)
{
    fprintf(out, "name: %s\nabout: \"%s\"\nfleet: fleet.yaml\n", scenario->name, scenario->about);
    if (scenario->fault == NULL) {
        fputs("duration: 7d\nwarmup: 1d\n", out);
        return;
    }
    fprintf(out,
            "duration: 6h\nstart: 1d9h # a Tuesday, from 9:00\n\nfaults:\n  - {%s}\n\n"
            "# A gate for `understudy test`: raise it to what you want to hold.\nexpect:\n"
            "  - {metric: jobs_done, mean: true, op: \">\", value: 0}\n",
            scenario->fault);
    if (scenario->drill)
        print_drill(out, first, strstr(scenario->fault, "service-stop") != NULL);
}
