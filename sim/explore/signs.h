/*
 * Signs (policy.h) as the explorer tries them. What a host's signs can do to one step is
 *     none     it shows no sign that drains
 *     pending  it shows some, and none of them has lasted
 *     lasting  one of them has lasted
 * and whether one had been told before (`told`: asked only of a suspect host, which then counts as
 * serving for the others).
 *
 * The clocks of the signs are not part of a state: at every step each host's are any that give one
 * of these, just at their constant, a millisecond before it, long past it, not begun, or left over
 * from what is no longer shown. That is more than can happen, and never less: whatever a run's
 * clocks are at a step, the step does what one of these letters does, because policy_step compares
 * a sign's clock with one constant alone, and reads of signs only the three distinctions above, and
 * which have been told, to say so once. So every run is among those explored, and what holds for
 * all of these holds for it. Signs that only page are free: what they say is checked, and nothing
 * else may follow from them.
 */
#ifndef SIM_EXPLORE_SIGNS_H
#define SIM_EXPLORE_SIGNS_H

#include "model/policy/policy.h"

enum sign_letter { SIGNS_NONE, SIGNS_PENDING, SIGNS_LASTING, SIGNS_LETTERS };

struct sign_choice {
    uint8_t letter; /* enum sign_letter */
    bool told;      /* before */
    bool told_free; /* and nobody asks */
};
#define SIGNS_CHOICES (2 * SIGNS_LETTERS)

bool signs_used(const struct policy_config *config); /* does it look for any? */
/* The signs that drain. */
unsigned signs_draining(const struct policy_config *config);
/* What is looked for and seen of a host. */
unsigned signs_seen(const struct policy_config *config, const struct view_host *host);

/* What to try for a host in this phase; returns how many. `github`: that feed is fresh. */
int signs_for(const struct policy_config *config, enum phase phase, bool github,
              struct sign_choice choice[SIGNS_CHOICES]);

/* May a host that is seen so have this letter? */
bool signs_fit(const struct policy_config *config, const struct view_host *host,
               enum sign_letter letter, bool github);

/* Has the host show signs, and have shown them, as chosen; `random` draws the rest. */
void signs_put(const struct policy_config *config, struct sign_choice choice, bool github,
               uint32_t random, int64_t now_ms, struct view_host *seen, struct policy_host *host);

/* What the host shows has been shown, and told, for ever. */
void signs_settle(const struct policy_config *config, const struct view_host *seen, int64_t now_ms,
                  struct policy_host *host);

#endif
