/*
 * GET /api/v1/state: the state as JSON (CONTRACT: fields are added, never changed). Text is as it
 * came from outside, so that whoever shows it escapes it. New reference.
 */
#ifndef LIVE_STATUS_STATE_JSON_H
#define LIVE_STATUS_STATE_JSON_H

#include "status.h"

json_t *state_json(const struct status *status);

#endif
