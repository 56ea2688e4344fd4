/*
 * What a scenario leaves out that its own policy, claims or expectations need: a line each, in
 * words that say what to set. Nothing here is an error: the scenario ran as it stands, and a
 * number that cannot come about is never shown as one that did not.
 */
#ifndef REPORTS_TEXT_ADVICE_H
#define REPORTS_TEXT_ADVICE_H

#include "report.h"

#define ADVICE_LINES 16 /* more are left out */
#define ADVICE_TEXT 320

/* What held jobs up, how long, and that nothing saw it: "7 slots of primary lost for 20:00:00: no
 * rule and no evidence sees it". Empty where at least half of the occurrences were detected. */
void advice_undetected(const struct report *report, const struct undetected *undetected, char *out,
                       size_t size);

/* Needs report->result; returns how many lines. */
int advice_lines(const struct report *report, char line[ADVICE_LINES][ADVICE_TEXT]);

#endif
