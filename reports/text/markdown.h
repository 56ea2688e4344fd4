/* The verdicts of scenarios as Markdown, for a pull request. */
#ifndef REPORTS_TEXT_MARKDOWN_H
#define REPORTS_TEXT_MARKDOWN_H

#include "report.h"

#include <stdio.h>

void markdown_print(FILE *out, const struct report *reports, int n);

#endif
