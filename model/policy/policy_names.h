/* Names for people and journals; outside ring 0, because tables of pointers are data. */
#ifndef MODEL_POLICY_POLICY_NAMES_H
#define MODEL_POLICY_POLICY_NAMES_H

#include "invariant.h"

/* Static words, as reports and journals spell them. Anything that is no value of its enum (its
 * count included) is a bug of the caller. */
const char *policy_phase_name(enum phase phase);
const char *policy_notice_name(enum notice notice);
const char *policy_severity_name(enum severity severity);
const char *policy_feed_name(enum feed feed);
const char *invariant_name(enum invariant invariant);

#endif
