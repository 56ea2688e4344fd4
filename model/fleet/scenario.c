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
