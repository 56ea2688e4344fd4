#include "scenario_text.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char scenario_text_hosts[] =
    "  hosts:\n"
    "    - {name: P, tier: primary, slots: 8, cores: 16, memory: 64GB}\n"
    "    - {name: B, tier: backup, slots: 4, cores: 8, memory: 32GB}\n";

const char scenario_text_github[] = "  github: {pickup: {kind: uniform, min: 2s, max: 8s}}\n";

const char scenario_text_monitoring[] =
    "  monitoring:\n"
    "    scrape_interval: 30s\n"
    "    evaluation_interval: 1min\n"
    "    rules:\n"
    "      - {alert: Offline, signal: up, for: 2min, severity: critical}\n"
    "      - {alert: HighCPU, signal: cpu, above: 85%, window: 5min, for: 5min,\n"
    "         severity: critical}\n"
    "      - {alert: HighMemory, signal: memory, above: 85%, for: 5min}\n"
    "  alertmanager: {}\n";

const char scenario_text_policy[] = "  policy: {guard: {grace: 0s}}\n";

const char scenario_text_calm[] = "  workload:\n    arrivals: {kind: renewal, interval: 30s}\n"
                                  "    classes: [{name: j, duration: 3min, cores: 0.1}]\n";

const char scenario_text_crowded[] = "  workload:\n    arrivals: {kind: renewal, interval: 20s}\n"
                                     "    classes: [{name: j, duration: 10min, cores: 0.1}]\n";

const char scenario_text_dies[] =
    "faults: [{kind: host-power-loss, target: P, at: 1h, lasts: 30min}]\n";

void scenario_text_load(struct scenario_text *staged, const char *format, ...)
{
    char path[] = "/tmp/understudy-staged-XXXXXX";
    int file = mkstemp(path);
    struct und_err err = {0};
    va_list arguments;
    ck_assert_int_ge(file, 0);
    va_start(arguments, format);
    ck_assert_int_gt(vdprintf(file, format, arguments), 0);
    va_end(arguments);
    close(file);
    memset(staged, 0, sizeof *staged);
    scenario_load(&staged->scenario, path, NULL, 0, &err);
    unlink(path);
    ck_assert_msg(err.code == UND_OK, "%s", err.text);
}

void scenario_text_run(struct scenario_text *staged, struct experiment experiment)
{
    struct und_err err = {0};
    result_fini(&staged->result);
    memset(&staged->result, 0, sizeof staged->result);
    experiment_run(&staged->scenario, &experiment, &staged->result, &err);
    ck_assert_msg(err.code == UND_OK, "%s", err.text);
}

void scenario_text_play(struct scenario_text *staged, const char *workload, const char *github,
                        const char *extra)
{
    scenario_text_load(staged, "name: stage\nduration: 3h\nfleet:\n%s%s%s%s%s%s",
                       scenario_text_hosts, workload, github, scenario_text_monitoring,
                       scenario_text_policy, extra);
    scenario_text_run(staged, (struct experiment){.seed = 1, .replications = 1, .trace = true});
}

void scenario_text_fini(struct scenario_text *staged)
{
    result_fini(&staged->result);
    scenario_fini(&staged->scenario);
}

static const struct timeline_entry *find(const struct scenario_text *staged, int64_t from_ms,
                                         const char *words)
{
    const struct timeline *timeline = &staged->result.timeline;
    size_t i;
    for (i = 0; i < timeline->n; i++)
        if (timeline->entry[i].at_ms >= from_ms && strstr(timeline->entry[i].what, words))
            return &timeline->entry[i];
    return NULL;
}

int64_t scenario_text_when(const struct scenario_text *staged, int64_t from_ms, const char *words)
{
    const struct timeline_entry *entry = find(staged, from_ms, words);
    return entry ? entry->at_ms : -1;
}

int scenario_text_count(const struct scenario_text *staged, const char *words)
{
    const struct timeline *timeline = &staged->result.timeline;
    int n = 0;
    size_t i;
    for (i = 0; i < timeline->n; i++)
        n += strstr(timeline->entry[i].what, words) != NULL;
    return n;
}

double scenario_text_mean(const struct scenario_text *staged, enum metric metric)
{
    return staged->result.metric[metric].mean;
}

int64_t scenario_text_admits(const struct scenario_text *staged, int host, int64_t from_ms,
                             int admitted)
{
    const struct timeline *timeline = &staged->result.timeline;
    size_t i;
    for (i = 0; i < timeline->n_points; i++)
        if (timeline->point[i].host == host && timeline->point[i].at_ms >= from_ms &&
            timeline->point[i].admitted == admitted)
            return timeline->point[i].at_ms;
    return -1;
}

int scenario_text_starts(const struct scenario_text *staged, int host, int64_t from_ms,
                         int64_t until_ms)
{
    const struct timeline *timeline = &staged->result.timeline;
    int n = 0;
    size_t i;
    for (i = 0; i < timeline->n; i++)
        n += timeline->entry[i].host == host && timeline->entry[i].at_ms >= from_ms &&
             timeline->entry[i].at_ms < until_ms &&
             strncmp(timeline->entry[i].what, "job ", 4) == 0 &&
             strstr(timeline->entry[i].what, " starts");
    return n;
}
