/*
 * Fleet and scenario files (YAML 1.2 core or JSON) into structs. One loader: libyaml into jansson
 * values with positions (doc.h), then the field tables (spec.h). Errors name file:line, what was
 * got and wanted, and a suggestion for a mistyped key. Ceilings: 8 MB a file, 16 levels of
 * nesting, 8 fleet files deep, 100,000 values.
 */
#ifndef MODEL_LOAD_LOADER_H
#define MODEL_LOAD_LOADER_H

#include "model/fleet/scenario.h"

#include <jansson.h>

/* `sets` are "path=value" overrides (--set), applied in order before reading: a path into the
 * scenario file ("duration", "faults.0.at", "fleet.policy.persist", "fleet.hosts.0.slots";
 * hosts may also be addressed by name: "fleet.hosts.dell-r640-01-runner.slots"); null takes an item
 * out of its list, the number after the last one adds one. A scenario's own `set` comes before
 * them. */
enum und_code scenario_load(struct scenario *scenario, const char *path, const char *const *sets,
                            int n_sets, struct und_err *err);
/* The same from text; `name` stands for its file in messages and for relative paths. */
enum und_code scenario_parse(struct scenario *scenario, const char *name, const char *text,
                             size_t length, struct und_err *err);
void scenario_fini(struct scenario *scenario);

/* A fleet file alone (its top level is `fleet:`). */
enum und_code fleet_load(struct fleet *fleet, const char *path, const char *const *sets, int n_sets,
                         struct und_err *err);
void fleet_fini(struct fleet *fleet);

/* False for a file that is a fleet alone or a Prometheus rule file, as they lie beside scenarios;
 * true also for what cannot be read, so that loading it says why. */
bool loader_is_scenario(const char *path);

/* JSON Schema (draft 2020-12) of fleet and scenario files; new reference. */
json_t *loader_schema(void);

#endif
