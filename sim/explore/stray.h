/*
 * Behind a fleet's last host stands a lure: a host that serves in good health, which no policy that
 * counts its hosts right can see. One that looks a host too far takes it for one of the fleet's,
 * and one that writes there is caught.
 */
#ifndef SIM_EXPLORE_STRAY_H
#define SIM_EXPLORE_STRAY_H

#include "model/policy/policy.h"

#define STRAY 0x55 /* each byte of what nobody has set */

/* Fewer hosts than POLICY_HOSTS. */
void stray_lure(struct policy_state *state, struct view *view, struct plan *plan);
/* After the step. */
bool stray_touched(const struct policy_state *state, const struct plan *plan);

#endif
