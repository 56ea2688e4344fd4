/*
 * A policy under test: settings, state, view and plan on one clock. Every step is checked against
 * the invariants.
 */
#ifndef TESTS_POLICED_H
#define TESTS_POLICED_H

#include "model/invariant.h"

#define SECOND 1000LL
#define MINUTE 60000LL
#define HOUR 3600000LL

struct policed {
    struct policy_config config;
    struct policy_state state;
    struct view view;
    struct plan plan;
    int64_t now_ms;
};

/* The documented settings: persist 5 min, ramp 10 min, stale after 2 min, one health check, three
 * offline readings, critical alerts; no grace. */
struct policy_config policed_config(void);
/* n hosts of so many slots in good health; the first is the primary, the others are backups. */
void policed_init(struct policed *policed, const struct policy_config *config, int n, int slots);
/* Steps at now_ms; fails the test if an invariant breaks. */
void policed_step(struct policed *policed, int64_t now_ms);
/* Steps once a second up to and including until_ms. */
void policed_run(struct policed *policed, int64_t until_ms);

/* What a host looks like. */
void policed_well(struct policed *policed, int host);
void policed_dead(struct policed *policed, int host);
void policed_alert(struct policed *policed, int host, enum severity severity);

/* Did the last step say that of the host (-1: of the fleet)? */
bool policed_said(const struct policed *policed, int host, enum notice notice);

#endif
