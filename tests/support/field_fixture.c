#include "field_fixture.h"

#include <string.h>

const char field_workload[] = "  workload:\n    arrivals: {kind: renewal, interval: 30s}\n"
                              "    on_failure: rerun\n"
                              "    classes: [{name: j, duration: 3min, cores: 0.1}]\n";

void field_play(struct scenario_text *staged, const char *evidence, const char *faults)
{
    scenario_text_load(staged,
                       "name: stage\nduration: 3h\nfleet:\n%s%s  github: {pickup: 2s, "
                       "offline_after: 60s, fast_recovery: false}\n%s  policy: {guard: {grace: "
                       "0s}, evidence: {%s}}\n  controller: {manual_repair: 20min}\nfaults: [%s]\n",
                       scenario_text_hosts, field_workload, scenario_text_monitoring, evidence,
                       faults);
    scenario_text_run(staged, (struct experiment){.seed = 1, .replications = 1, .trace = true});
}

int field_count(const struct scenario_text *staged, int host, int64_t from_ms, int64_t to_ms,
                const char *words)
{
    const struct timeline *timeline = &staged->result.timeline;
    int n = 0;
    size_t i;
    for (i = 0; i < timeline->n; i++)
        n += timeline->entry[i].at_ms >= from_ms && timeline->entry[i].at_ms < to_ms &&
             (host < 0 || timeline->entry[i].host == host) &&
             strstr(timeline->entry[i].what, words) != NULL;
    return n;
}
