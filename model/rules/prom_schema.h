/*
 * The keys of prometheus.yml (2.42 to 3.x), of scrape_config_files and of alertmanager.yml, and
 * what stands behind each: sections named as in the documentation of both programs.
 *
 * A truly unknown key is an error with a suggestion, as there; so are values of the wrong kind, and
 * what is missing where the program would not start without it.
 * Source: the configuration pages of Prometheus and Alertmanager; promtool and amtool.
 */
#ifndef MODEL_RULES_PROM_SCHEMA_H
#define MODEL_RULES_PROM_SCHEMA_H

#include "prom_doc.h"

/* `section`: "prometheus", "scrape_files", "alertmanager". NULL or null is an empty mapping. */
enum und_code prom_schema_check(const struct prom_reader *reader, const char *section,
                                const json_t *value, const struct spot *spot);

#endif
