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

/* Needs report->result; returns how many lines. */
int advice_lines(const struct report *report, char line[ADVICE_LINES][ADVICE_TEXT]);

#endif
