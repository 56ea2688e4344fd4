#include "scenario.h"

#include <string.h>

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

_Static_assert(METRIC_COUNT <= 32, "each has a bit of scenario.asked");

bool scenario_asks(const struct scenario *scenario, enum metric metric)
{
    return scenario->asked >> metric & 1;
}

int scenario_facet(struct scenario *scenario, const struct facet *facet)
{
    int i;
    for (i = 0; i < scenario->n_facets; i++)
        if (strcmp(scenario->facets[i].name, facet->name) == 0)
            return i + 1;
    if (scenario->n_facets == SCENARIO_FACETS)
        return 0;
    scenario->facets[scenario->n_facets++] = *facet;
    return scenario->n_facets;
}
