/*
 * The option tables of all commands, and command lines to put to them, for the two suites that read
 * them: what is here is in a header so that no other suite is linked with every command.
 */
#ifndef TESTS_SUPPORT_COMMAND_TABLES_H
#define TESTS_SUPPORT_COMMAND_TABLES_H

#include "live/command/drill_command.h"
#include "live/command/init_command.h"
#include "live/command/monitor_command.h"
#include "live/command/replay_command.h"
#include "reports/history/history_command.h"
#include "reports/history/report_command.h"
#include "sim/command/alerts_command.h"
#include "sim/command/explore_command.h"
#include "sim/command/fit_command.h"
#include "sim/command/search_command.h"
#include "sim/command/sim_command.h"

#include <check.h>
#include <string.h>

static const struct options *const command_tables[] = {
    &sim_options,          &test_options,           &whatif_options,      &fit_options,
    &alerts_check_options, &alerts_explain_options, &alerts_eval_options, &alerts_delay_options,
    &alerts_test_options,  &monitor_options,        &replay_options,      &explore_options,
    &search_options,       &drill_options_table,    &history_options,     &report_options,
    &schema_options,       &init_options,           &merge_options};
enum { COMMAND_TABLES = sizeof command_tables / sizeof *command_tables, COMMAND_WORDS = 128 };

/* What options_parse fills: the commands' structs are theirs; none is larger. */
__attribute__((unused)) static char command_line_out[4 << 20];

/* Words end to end in `text`, as main gets them. Empty with n = 0. */
struct command_line {
    char text[4096];
    char *argv[COMMAND_WORDS];
    int n;
};

static inline void command_line_add(struct command_line *line, const char *word)
{
    size_t used = line->n > 0 ? (size_t)(line->argv[line->n - 1] - line->text) +
                                    strlen(line->argv[line->n - 1]) + 1
                              : 0;
    ck_assert(line->n < COMMAND_WORDS - 1 && used + strlen(word) < sizeof line->text);
    line->argv[line->n++] = strcpy(line->text + used, word);
    line->argv[line->n] = NULL;
}

#endif
