/*
 * What the controller has left to write: how GitHub's labels (or the variable) and jobs differ from
 * the plan. Looks, and changes nothing. NONE: there is no such job or registration.
 */
#ifndef SIM_WORLD_WORLD_WRITE_H
#define SIM_WORLD_WORLD_WRITE_H

#include <stdbool.h>
#include <stdint.h>

struct world;

bool world_write_left(const struct world *world);          /* is anything not as planned? */
uint64_t world_write_route(const struct world *world);     /* hosts that the plan has in rotation */
uint32_t world_write_label(const struct world *world);     /* the next registration to change */
uint32_t world_write_lost(const struct world *world);      /* a job for the fast recovery */
uint32_t world_write_misrouted(const struct world *world); /* a queued job to be re-run */

#endif
