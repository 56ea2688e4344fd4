/* The keys of fleet and scenario files as a manual page in man(7), from their JSON Schema. */
#ifndef REPORTS_TEXT_SCHEMA_PAGE_H
#define REPORTS_TEXT_SCHEMA_PAGE_H

#include <jansson.h>
#include <stdio.h>

/* A section for the scenario, one for each mapping in it, one for the values that have units. What
 * depends on another key (a fault's kind, say) is in the schema alone. */
void schema_page_print(FILE *out, const json_t *schema, const char *version, const char *date);

#endif
