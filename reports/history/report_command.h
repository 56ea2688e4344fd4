/* The subcommand report: kept runs, or JSON files of results, as one page or as Markdown. */
#ifndef REPORTS_HISTORY_REPORT_COMMAND_H
#define REPORTS_HISTORY_REPORT_COMMAND_H

#include "model/options/options.h"

extern const struct options report_options;

enum und_code report_command(int argc, char **argv, struct und_err *err);

#endif
