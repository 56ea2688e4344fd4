/*
 * Views, plans, policy settings and states as JSON, so that what a controller saw and decided
 * can be stored, shown and replayed to the bit. Every value is an integer, a boolean or a word.
 *
 * JSON values are new references. Reading checks every field, since a journal is a file that
 * anyone may have edited: UND_USAGE, "place.host[1].slots: got 0, want 1..256".
 */
#ifndef LIVE_JOURNAL_RECORD_H
#define LIVE_JOURNAL_RECORD_H

#include "model/base/err.h"
#include "model/policy/policy.h"

#include <jansson.h>

/* Every field of it; a new reference. */
json_t *record_config(const struct policy_config *config);
json_t *record_view(const struct view *view);
json_t *record_plan(const struct plan *plan);
json_t *record_state(const struct policy_state *state);

/* Back again. `value` is borrowed, `place` begins every message. A field that is missing, of
 * another type or out of its range is UND_USAGE; what was read until then is not to be used. */
enum und_code record_read_config(struct policy_config *config, const json_t *value,
                                 const char *place, struct und_err *err);
enum und_code record_read_view(struct view *view, const json_t *value, const char *place,
                               struct und_err *err);
enum und_code record_read_plan(struct plan *plan, const json_t *value, const char *place,
                               struct und_err *err);
/* Its ranges only: whether it fits a fleet is driver_misfit's to say. */
enum und_code record_read_state(struct policy_state *state, const json_t *value, const char *place,
                                struct und_err *err);

#endif
