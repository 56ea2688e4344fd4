/*
 * Small inputs and values with which every option of every command shows an effect, and a place to
 * run command lines in: a folder with these files, in which each run starts empty-handed.
 */
#ifndef TESTS_SUPPORT_OPTION_INPUTS_H
#define TESTS_SUPPORT_OPTION_INPUTS_H

#include <stdint.h>

/* command NULL: of every command that has none of its own. Words are tried all. */
struct option_value {
    const char *command, *option, *value;
};
extern const struct option_value option_values[]; /* ended by an option NULL */

/* What follows the options: operands, and what the command cannot do without. */
struct option_input {
    const char *command, *line;
};
extern const struct option_input option_inputs[]; /* ended by a command NULL */

/* Names, apart by blanks, that show nothing (beside those), and why. */
struct option_silence {
    const char *command, *option, *beside, *why;
};
extern const struct option_silence option_silences[]; /* ended by an option NULL */

struct option_outcome {
    int code;
    uint64_t hash;  /* of all that was printed and written */
    int lines;      /* on standard error */
    char said[400]; /* there */
};

void option_inputs_open(void);
void option_inputs_run(const char *line, struct option_outcome *outcome);
void option_inputs_close(void);

#endif
