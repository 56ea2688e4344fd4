/*
 * Puts what Prometheus' and Alertmanager's own files say in the place of their paths.
 *
 * monitoring.rules (a path or a list of paths) becomes the list of rules that a fleet file could
 * give itself, each at the line where it stands in its file, so that everything else (defaults,
 * --set, messages) treats both alike. monitoring.config (prometheus.yml) gives the intervals and
 * scrape jobs that the fleet file does not give itself, and the rule files where it names none.
 * alertmanager.config (alertmanager.yml) gives routes and inhibition.
 */
#ifndef MODEL_LOAD_MONITORING_EXPAND_H
#define MODEL_LOAD_MONITORING_EXPAND_H

#include "model/file/doc.h"
#include "model/fleet/fleet.h"

/* `fleet` is the fleet's mapping, before it is read. Does nothing where there is nothing (left). */
enum und_code monitoring_expand(struct doc *doc, json_t *fleet, struct und_err *err);

/* After the fleet was read into `read`. Times that the fleet file gives itself hold for all routes.
 */
enum und_code alertmanager_resolve(struct doc *doc, const json_t *fleet, struct fleet *read,
                                   struct und_err *err);

#endif
