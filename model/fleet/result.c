#include "result.h"
#include "model/stats/survival.h"

#include <stdlib.h>
#include <string.h>

void result_survival(const struct result *result, enum metric metric, struct survival *survival)
{
    const struct samples *samples = &result->samples[metric];
    survival_of_values(survival, samples->value, samples->n, samples->censored,
                       samples->n_censored);
}

const struct quantity *result_quantity(const struct result *result, enum metric metric, int facet)
{
    return facet > 0 ? &result->facets[facet - 1].quantity : &result->metric[metric];
}

const struct facet_result *result_facet(const struct result *result, const char *name)
{
    int i;
    for (i = 0; i < result->n_facets; i++)
        if (strcmp(result->facets[i].facet.name, name) == 0)
            return &result->facets[i];
    return NULL;
}

const char *verdict_name(const struct verdict *verdict)
{
    return verdict->facet.name[0] ? verdict->facet.name : metric_name(verdict->metric);
}

enum metric verdict_reads_as(const struct verdict *verdict)
{
    return verdict->facet.name[0] ? facet_reads_as(&verdict->facet) : verdict->metric;
}

void result_fini(struct result *result)
{
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        free(result->samples[i].value);
        free(result->samples[i].censored);
        free(result->by_replication[i]);
    }
    for (i = 0; i < result->n_facets; i++)
        free(result->facets[i].by_replication);
    free(result->facets);
    free(result->claims);
    free(result->hosts);
    free(result->classes);
    free(result->verdicts);
    free(result->undetected);
    timeline_fini(&result->timeline);
    memset(result, 0, sizeof *result);
}
