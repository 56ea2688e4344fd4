#include "stray.h"
#include "model/base/assert.h"

#include <string.h>

#define SLOTS 2 /* of which one is admitted: a primary that backups would not stand by for */

void stray_lure(struct policy_state *state, struct view *view, struct plan *plan)
{
    int n = state->n;
    UND_ASSERT(n == view->n && n < POLICY_HOSTS);
    memset(&state->host[n], STRAY, sizeof state->host[n]);
    state->host[n].phase = PHASE_SERVING;
    state->host[n].admitted = 1;
    view->host[n] = (struct view_host){
        .slots = SLOTS, .online = SLOTS, .probe = PROBE_UP, .tier = TIER_PRIMARY};
    memset(&plan->host[n], STRAY, sizeof plan->host[n]);
}

/* To the byte, padding and all. */
static bool is_same(const void *one, const void *other, size_t size)
{
    return memcmp(one, other, size) == 0;
}

bool stray_touched(const struct policy_state *state, const struct plan *plan)
{
    const int n = state->n;
    struct policy_host host;
    struct plan_host planned;
    memset(&host, STRAY, sizeof host);
    memset(&planned, STRAY, sizeof planned);
    host.phase = PHASE_SERVING;
    host.admitted = 1;
    return !is_same(&host, &state->host[n], sizeof host) ||
           !is_same(&planned, &plan->host[n], sizeof planned);
}
