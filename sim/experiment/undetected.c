/* Which faults held jobs up and were never detected, occurrence by occurrence. */
#include "measure.h"

#include "model/base/assert.h"

#include <stdlib.h>

static int64_t lasted(const struct incident *incident)
{
    return incident->mttr_ms >= 0 ? incident->mttr_ms : incident->over_ms - incident->at_ms;
}

/* Its hosts serve badly or not at all: what only blinds the monitoring holds up nobody. */
static bool holds_up(const struct fault *fault)
{
    return fault_severs(fault) || fault_degrades(fault);
}

static void add(struct undetected *found, const struct incident *incident)
{
    found->of++;
    if (incident->detection_ms >= 0)
        return;
    found->mean_ms += ((double)lasted(incident) - found->mean_ms) / (double)++found->n;
}

void measure_undetected(const struct scenario *scenario, const struct findings *f,
                        struct result *result)
{
    struct undetected *found = calloc((size_t)scenario->n_faults + 1, sizeof *found);
    int64_t r;
    int i;
    UND_ASSERT(found != NULL);
    for (r = 0; r < f->n; r++)
        for (i = 0; i < f->rep[r].n_incidents; i++) {
            const struct incident *incident = &f->incidents[r * f->max_incidents + i];
            if (incident->fault >= 0 && !incident->maintenance)
                add(&found[incident->fault], incident);
        }
    for (i = 0; i < scenario->n_faults; i++) {
        found[i].fault = i;
        if (holds_up(&scenario->faults[i]) && found[i].n > 0)
            found[result->n_undetected++] = found[i];
    }
    result->undetected = found;
}
