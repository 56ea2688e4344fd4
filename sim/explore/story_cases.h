/* The shortest story of each kind of step that was explored, as decisions (sequence.h). */
#ifndef SIM_EXPLORE_STORY_CASES_H
#define SIM_EXPLORE_STORY_CASES_H

#include "story.h"

#define STORY_CASES 512

/* Two steps are of a kind if hosts change their phases alike and the same is said. Writes at most
 * STORY_CASES, those that the real policy plays; returns their number. */
int story_cases(const struct space *space, const struct explore_result *result, FILE *out);

#endif
