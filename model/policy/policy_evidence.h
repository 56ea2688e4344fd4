/*
 * What a view says of a host: its trouble by the document's evidence, and the signs beyond it. Part
 * of policy.c, in a file of its own; ring 0.
 */
#ifndef MODEL_POLICY_POLICY_EVIDENCE_H
#define MODEL_POLICY_POLICY_EVIDENCE_H

#include "policy.h"

/* What the feeds say of one host's trouble. */
enum evidence { EVIDENCE_GONE, EVIDENCE_UNKNOWN, EVIDENCE_BAD };

/* Is the feed's last good reading no older than the policy allows? */
bool evidence_fresh(const struct policy_config *config, const struct view *view, enum feed feed);
/* Is any feed stale? */
bool evidence_blind(const struct policy_config *config, const struct view *view);
/* By the document's evidence alone: alerts, or offline and down. */
enum evidence evidence_of(const struct policy_config *config, const struct view *view, int i);
/* Nothing against it by the document's evidence, and registrations online. */
bool evidence_healthy(const struct policy_config *config, const struct view *view, int i);

/* Bit set by enum sign: those looked for that the view shows of the host. */
unsigned evidence_signs(const struct policy_config *config, const struct view *view, int i);
/* Of them, those that have lasted by now, by the state's clocks. */
unsigned evidence_lasting(const struct policy_config *config, const struct policy_host *host,
                          int64_t now_ms);
/* Of a set of signs, those that drain. */
unsigned evidence_draining(const struct policy_config *config, unsigned signs);
/* Have so many detections come within the window that the trouble counts as one that persisted? */
bool evidence_returns(const struct policy_config *config, const struct policy_host *host,
                      int64_t now_ms);

#endif
