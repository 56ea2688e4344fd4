/*
 * A story of the explorer (sim/explore/story.h) as a scenario: what must go wrong when, for the
 * whole simulator to show a controller what the story's views show. It is a translation, not a
 * replay: between a fault and what is seen of it lie the simulated delays, and a lie of a feed has
 * no fault of its own. Whoever writes it down should try it (trial.h) and say what came of it.
 *
 *   offline, probe down     host-power-loss        alert alone             cpu-stress
 *   offline, probe up       service-stop           signs                   slots-lost, runner-hung,
 *   GitHub's feed stale     github-outage                                  disk-full
 *   alerts' feed stale      monitoring-down        maintenance, pause      themselves
 *   the controller restarts controller-restart
 */
#ifndef SIM_SEARCH_STORY_SCHEDULE_H
#define SIM_SEARCH_STORY_SCHEDULE_H

#include "schedule.h"
#include "sim/explore/story.h"

/* The faults of the story, in its scaled times, each until what is seen changes; the last views
 * stay for `stays_ms`. What does not fit into SCHEDULE_FAULTS is left out: *left_out. */
void story_schedule(const struct story *story, int64_t stays_ms, struct schedule *schedule,
                    int *left_out);

/* As a scenario file, the story told in comments; the policy as it was scaled, and a drill where
 * all that it takes can be brought about. `fleet` is how the file names the fleet's. `tried`: what
 * the simulator made of it; NULL: nobody has tried. */
void story_scenario_print(FILE *out, const char *fleet, const struct fleet *names,
                          const struct story *story, const struct schedule *schedule, int left_out,
                          const char *tried);

/* The `drill:` section, where all faults can be brought about and taken back by the runners'
 * service, by hand or by a word to the controller; false and nothing printed: they cannot. */
bool schedule_print_drill(FILE *out, const struct fleet *fleet, const struct schedule *schedule);

#endif
