/* Inside of the pages of runs. */
#ifndef REPORTS_RUN_RUN_INTERNAL_H
#define REPORTS_RUN_RUN_INTERNAL_H

#include "run.h"

/* The three sentences; run_read's other half. */
void run_say(struct run *run);

/* The pictures, as SVG at the end of `out`, a real file. False: there is nothing to draw. */
bool run_has_stages(const struct run *run);
bool run_has_events(const struct run *run);
enum und_code run_draw_stages(FILE *out, const struct run *run, struct und_err *err);
enum und_code run_draw_events(FILE *out, const struct run *run, struct und_err *err);
extern const char run_stages_caption[], run_events_caption[];

/* What was injected: "NAME on HOST", and what became of it: "undone, in effect for 8:22". */
void run_action(const json_t *action, char what[RUN_CELL], char became[RUN_CELL]);
/* What was injected, as the page has it, and why nothing was. */
const char *run_nothing_injected(const struct run *run);

#endif
