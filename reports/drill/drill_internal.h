/* Inside of the reports of drills: what their formats share. */
#ifndef REPORTS_DRILL_DRILL_INTERNAL_H
#define REPORTS_DRILL_DRILL_INTERNAL_H

#include "drill.h"

/* As it would be typed, with what it is run through; placeholders stay as they are. */
void drill_command_line(FILE *out, const struct live *live, const char *on,
                        const struct live_argv *argv);

/* What the story's times count from: the middle of the fault's span, as the measures do. */
int64_t drill_story_zero(const struct drill_report *report);

/* "400 rehearsals, seed 1; 35 more refused ...". */
void drill_say_foretold(const struct prediction *prediction, char *out, size_t size);

#endif
