/*
 * A timeline as text (--trace): a line an event with the time since the start as h:mm:ss.mmm, the
 * host, what happened and what caused it, as the time and text of the causing event.
 */
#ifndef REPORTS_TEXT_TRACE_H
#define REPORTS_TEXT_TRACE_H

#include "model/fleet/fleet.h"
#include "model/fleet/timeline.h"

#include <stdio.h>

/* Hosts are named by the fleet; entries of unknown hosts by their number. */
void trace_print(FILE *out, const struct timeline *timeline, const struct fleet *fleet);

#endif
