/* Inside of the options: what parser, help, man pages and completion share. */
#ifndef MODEL_OPTIONS_OPTIONS_INTERNAL_H
#define MODEL_OPTIONS_OPTIONS_INTERNAL_H

#include "options.h"

#include <stdbool.h>

#define OPTIONS_LABEL 96
#define OPTIONS_ABOUT 512

/* "OLD NEW", "text|json"; "" for a flag. */
const char *options_argument(const struct option_row *row, char text[OPTIONS_LABEL]);
/* "--rules-diff OLD NEW", "-q, --quiet". */
const char *options_label(const struct option_row *row, char text[OPTIONS_LABEL]);
/* The phrase, with its default and its rules: "... (default: 1); with --plan only". */
const char *options_about(const struct options *options, const struct option_row *row,
                          char text[OPTIONS_ABOUT]);
/* A phrase with a capital and a stop. */
const char *options_sentence(const char *phrase, char text[OPTIONS_ABOUT]);

/* The next of names that blanks keep apart, and its length; false after the last or at "unless". */
bool options_next_name(const char **names, const char **name, size_t *length);
/* The names behind it; NULL: there is none. */
const char *options_unless(const char *names);

#endif
