#include "random_scenario.h"
#include "scenario_text.h"

#include <string.h>

/* Writes one of the choices. One call a statement: the order of draws must not be the compiler's.
 */
static void choose(FILE *out, struct stream *stream, const char *const *choices, uint32_t n)
{
    fputs(choices[stream_below(stream, n)], out);
}

#define CHOOSE(...)                                                                                \
    choose(out, stream, (const char *const[]){__VA_ARGS__},                                        \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

void random_scenario_fault(FILE *out, struct stream *stream, bool ends)
{
    static const char *const of_hosts[] = {
        "host-power-loss",
        "os-crash",
        "service-stop",
        "service-stop, graceful: false",
        "network-partition, from: github",
        "network-partition, from: monitoring",
        "network-partition, from: both",
        "cpu-stress, slowdown: 1.7",
        "memory-stress, load: 70%",
        "disk-stress, slowdown: 3",
        "slow-host, slowdown: 2.5",
        "slots-lost, slots: 2",
        "maintenance",
        "clock-jump, jump: 10min",
        "runner-hung",
        "runner-hung, slots: 2, acknowledges: false",
        "runner-hung, rate: 2/h",
        "job-hung, share: 20%",
        "crash-loop, down: {kind: exponential, mean: 3min}",
        "scrape-flap, share: 50%",
        "target-lost",
        "disk-full, share: 70%",
        "github-lies, lie: offline",
        "github-lies, lie: idle",
        "github-lies, lie: missing",
        "runner-update",
    };
    static const char *const of_all[] = {
        "monitoring-down",
        "alertmanager-down",
        "github-outage",
        "github-api-errors, error_rate: 40%",
        "token-expired",
        "prometheus-down",
        "github-slow, delay: {kind: uniform, min: 1min, max: 20min}",
        "dependency-down",
        "dependency-down, share: 30%",
    };
    const uint32_t n = sizeof of_hosts / sizeof *of_hosts;
    uint32_t kind = stream_below(stream, n + sizeof of_all / sizeof *of_all);
    fprintf(out, "  - {at: {kind: uniform, min: 0s, max: 5h}, kind: %s",
            kind < n ? of_hosts[kind] : of_all[kind - n]);
    if (kind < n) {
        fprintf(out, ", target: ");
        CHOOSE("P", "B", "C", "all", "primary");
    }
    CHOOSE(ends ? ", lasts: 2h" : "", ", lasts: 90s", ", lasts: {kind: exponential, mean: 20min}",
           ", lasts: 90min", ", lasts: 10min, every: 40min, chance: 60%");
    fprintf(out, "}\n");
}

static void write_workload(FILE *out, struct stream *stream, const char *trace)
{
    fprintf(out, "  workload:\n    arrivals: ");
    if (trace) {
        fprintf(out, "{kind: trace, file: %s}\n    on_failure: fail\n", trace);
        return;
    }
    CHOOSE("{rate: 0.05/min}", "{rate: 0.5/min}");
    fprintf(out, "\n    on_failure: ");
    CHOOSE("fail", "rerun", "resume");
    fprintf(out, "\n    fan_out: {kind: geometric, mean: 2}\n    classes:\n"
                 "      - {name: a, duration: {kind: lognormal, p50: 5min, p95: 20min},"
                 " timeout: 30min, cores: 1.5}\n"
                 "      - {name: b, duration: {kind: exponential, mean: 1min}, cores: 2}\n");
}

static void write_hosts(FILE *out, struct stream *stream)
{
    fprintf(out, "  hosts:\n    - {name: P, cores: 16, slots: ");
    CHOOSE("2", "3", "8");
    fprintf(out, "}\n    - {name: B, tier: backup, slots: 4, cores: 8");
    CHOOSE("", ", mtbf: 3h, mttr: 20min");
    fprintf(out, "}\n    - {name: C, slots: 2, cores: 8, speed: 0.5, tier: ");
    CHOOSE("primary", "backup");
    fprintf(out, "}\n");
}

static void write_policy(FILE *out, struct stream *stream)
{
    fprintf(out, "  policy:\n    persist: ");
    CHOOSE("0s", "1min", "5min");
    fprintf(out, "\n    overflow: ");
    CHOOSE("true", "false");
    fprintf(out, "\n    severities: ");
    CHOOSE("[critical]", "[critical, warning]");
    fprintf(out, "\n    failback: {ramp: ");
    CHOOSE("0s", "10min");
    fprintf(out, ", clear_for: ");
    CHOOSE("0s", "2min");
    fprintf(out, ", health_checks: ");
    CHOOSE("0", "1", "2");
    fprintf(out, "}\n    guard: {grace: 2min, stale_after: ");
    CHOOSE("30s", "2min", "5min");
    fprintf(out, ", max_failovers_per_hour: ");
    CHOOSE("1", "3");
    fprintf(out, "}\n    evidence: {hold: 30min");
    CHOOSE("", ", partial: {then: drain}", ", partial: {lasts: 0s, then: [page, drain]}");
    CHOOSE("", ", returns: {detections: 2}");
    CHOOSE("", "", ", deaf: {waits: 5min, then: drain}");
    CHOOSE("", "", ", canary: {every: 5min, late: 1min, then: [drain, page]}");
    CHOOSE("", "", ", failures: {jobs: 3, then: drain}");
    fprintf(out, "}\n");
}

static void write_controller(FILE *out, struct stream *stream)
{
    fprintf(out, "  controller: {github_poll: ");
    CHOOSE("20s", "45s", "3min");
    fprintf(out, ", alerts_poll: ");
    CHOOSE("10s", "15s");
    fprintf(out, ", health_interval: ");
    CHOOSE("30s", "15min");
    fprintf(out, ", probe_interval: ");
    CHOOSE("10s", "1min");
    fprintf(out, ", webhook: ");
    CHOOSE("true", "false");
    fprintf(out, "}\n");
}

void random_scenario_fleet(FILE *out, struct stream *stream, const char *trace)
{
    write_hosts(out, stream);
    write_workload(out, stream, trace);
    fprintf(out, "  github: {mechanism: ");
    CHOOSE("label", "variable", "hook");
    fprintf(out, ", selection: ");
    CHOOSE("random", "priority");
    fprintf(out, ", lost_slots: ");
    CHOOSE("0%", "30%");
    fprintf(out, "}\n");
    write_policy(out, stream);
    write_controller(out, stream);
    fputs(scenario_text_monitoring, out);
}

char *random_scenario_scenario(uint64_t seed)
{
    struct stream stream;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    uint32_t n;
    stream_seed(&stream, seed);
    fprintf(out, "name: improvised\nduration: 6h\nfleet:\n");
    random_scenario_fleet(out, &stream, NULL);
    fprintf(out, "faults:\n");
    for (n = 1 + stream_below(&stream, 5); n > 0; n--)
        random_scenario_fault(out, &stream, false);
    fclose(out);
    return text;
}
