#include "scenario.h"

/* In the order of the enums, and as the files spell them; spec_scenario.c reads by these. */
const char *const scenario_fault_kinds[FAULT_KINDS + 1] = {
    "host-power-loss",
    "os-crash",
    "service-stop",
    "network-partition",
    "cpu-stress",
    "memory-stress",
    "disk-stress",
    "monitoring-down",
    "alertmanager-down",
    "github-outage",
    "github-api-errors",
    "token-expired",
    "clock-jump",
    "slow-host",
    "slots-lost",
    "maintenance",
    NULL,
};
const char *const scenario_ops[] = {"<", "<=", ">", ">=", "==", NULL};

const char *fault_kind_name(enum fault_kind kind)
{
    return scenario_fault_kinds[kind];
}

const char *op_name(enum op op)
{
    return scenario_ops[op];
}

bool scenario_is_certain(const struct scenario *scenario)
{
    const struct fleet *fleet = &scenario->fleet;
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        if (fleet->hosts[i].has_mtbf || fleet->hosts[i].speed != fleet->hosts[0].speed)
            return false;
    return fleet->workload.arrivals.kind == ARRIVALS_TRACE && scenario->n_faults == 0 &&
           !fleet->github.present && !fleet->monitoring.present && !fleet->has_policy &&
           !fleet->workload.queue.has_patience;
}
