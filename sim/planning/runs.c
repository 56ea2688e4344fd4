#include "runs.h"

#include "reports/plan/money.h"

bool runs_a_month(const struct workload *workload, double *runs)
{
    switch (workload->arrivals.kind) {
    case ARRIVALS_POISSON:
        *runs = workload->arrivals.rate_per_ms * MONEY_MONTH_MS;
        return true;
    case ARRIVALS_RENEWAL:
        *runs = MONEY_MONTH_MS / dist_mean(&workload->arrivals.interval);
        return true;
    case ARRIVALS_NONE:
    case ARRIVALS_TRACE:
        break;
    }
    return false;
}

double runs_on_slots(const struct fleet *fleet)
{
    double slots = 0;
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        slots += fleet->hosts[i].slots;
    return slots;
}
