/* What a search found, as text and as JSON. */
#ifndef SIM_SEARCH_SEARCH_REPORT_H
#define SIM_SEARCH_SEARCH_REPORT_H

#include "shrink.h"

#include <jansson.h>

struct search_findings {
    const struct fleet *fleet;
    const struct search_result *result;
    const struct shrunk *shrunk; /* NULL: nothing failed, or it was not to be shrunk */
    const char *line;            /* that runs the failing schedule again */
    const char *written;         /* the scenario file; NULL: none */
};

/* The line that runs a schedule again; `options` are those of the file and the overrides. */
void search_line(char *out, size_t size, const char *options, const struct schedule *schedule);

void search_print(FILE *out, const struct search_findings *findings);
json_t *search_json(const struct search_findings *findings); /* new reference */

/* Has everything come about that must sometimes? */
bool search_met_all(const struct search_findings *findings);

#endif
