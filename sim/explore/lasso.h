/*
 * A violation of liveness as a story: the stem, a shortest way to the state from which on the view
 * stays as it is, and then what that view does, unit by unit, until a state comes again: the
 * circle, or the rest in a wrong place. All of it is played through the real policy.
 */
#ifndef SIM_EXPLORE_LASSO_H
#define SIM_EXPLORE_LASSO_H

#include "liveness.h"
#include "story.h"

#define LASSO_STEPS 256 /* under the constant view, at most */

void lasso_tell(const struct space *space, const struct explore_result *result,
                const struct lasso *lasso, struct story *story);

#endif
