#include "scenario.h"

const char *const scenario_ops[] = {"<", "<=", ">", ">=", "==", NULL};

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
