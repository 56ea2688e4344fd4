/*
 * A policy under test: settings, state, view and plan on one clock. Every step is checked against
 * the invariants.
 */
#ifndef TESTS_SUPPORT_POLICY_FIXTURE_H
#define TESTS_SUPPORT_POLICY_FIXTURE_H

#include "model/policy/invariant.h"

#define SECOND 1000LL
#define MINUTE 60000LL
#define HOUR 3600000LL

struct policy_fixture {
    struct policy_config config;
    struct policy_state state;
    struct view view;
    struct plan plan;
    int64_t now_ms;
};

/* The documented settings: persist 5 min, ramp 10 min, stale after 2 min, one health check, three
 * offline readings, critical alerts; no grace. */
struct policy_config policy_fixture_config(void);
/* n hosts of so many slots in good health; the first is the primary, the others are backups. */
void policy_fixture_init(struct policy_fixture *policed, const struct policy_config *config, int n,
                         int slots);
/* Steps at now_ms; fails the test if an invariant breaks. */
void policy_fixture_step(struct policy_fixture *policed, int64_t now_ms);
/* Steps once a second up to and including until_ms. */
void policy_fixture_run(struct policy_fixture *policed, int64_t until_ms);

/* What a host looks like. */
void policy_fixture_well(struct policy_fixture *policed, int host);
void policy_fixture_dead(struct policy_fixture *policed, int host);
void policy_fixture_alert(struct policy_fixture *policed, int host, enum severity severity);

/* As documented: a primary and a backup of eight slots, at 0. */
void policy_fixture_pair(struct policy_fixture *policed);
/* The same at 5 min, its primary drained by an alert and two dead signals. */
void policy_fixture_drained(struct policy_fixture *policed);

/* Did the last step say that of the host (-1: of the fleet)? */
bool policy_fixture_said(const struct policy_fixture *policed, int host, enum notice notice);

#endif
