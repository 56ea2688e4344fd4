/* Text in man(7). */
#ifndef MODEL_OPTIONS_ROFF_H
#define MODEL_OPTIONS_ROFF_H

#include <stdio.h>

/* A dash stays a dash, a backslash a backslash, and no line becomes a request. */
void roff_text(FILE *out, const char *text);

/* Prose: a line ends at a blank, so that none is too long. Ends its last line. */
void roff_prose(FILE *out, const char *text);

#endif
