/*
 * Preconditions and stop conditions of a drill: what must hold before anything is injected, and
 * what ends it early.
 *
 * Both look at the last readings of the feeds; loads are asked of Prometheus (node_exporter's
 * metrics, by the host's probe address as instance). What cannot be known does not hold, before the
 * drill; during it, a Prometheus that does not answer (it may be the target) stops nothing.
 */
#ifndef LIVE_DRILL_CHECK_H
#define LIVE_DRILL_CHECK_H

#include "model/scenario.h"
#include "watch.h"

#define DRILL_REASONS 16

struct drill_facts {
    struct feed_reading github, alerts, probe; /* the last ones, good or not; jobs not kept */
    bool has_github, has_alerts, has_probe;
    int queue;
};

struct drill_reasons {
    char text[DRILL_REASONS][256];
    int n; /* 0: all is well */
};

void drill_facts_note(struct drill_facts *facts, const struct feed_reading *reading);

/* Has every feed that the fleet has spoken once? */
bool drill_facts_complete(const struct drill_facts *facts, const struct fleet *fleet);

/* Every reason not to begin. `prometheus` and `github` may be NULL where the fleet has none. */
void drill_preconditions(const struct scenario *scenario, const struct drill_facts *facts,
                         struct prometheus_client *prometheus, struct github_client *github,
                         struct drill_reasons *reasons);

/* The first reason to stop, from readings alone; false: go on. */
bool drill_must_stop(const struct scenario *scenario, const struct drill_facts *facts,
                     const struct view *view, char why[256]);
/* The same, from the loads of the other hosts. */
bool drill_overloaded(const struct scenario *scenario, struct prometheus_client *prometheus,
                      char why[256]);

/* The emergency stop file; false too where the fleet names none. */
bool drill_stop_file(const struct fleet *fleet);

/* Is the local time `now` within the window? Pure but for the time zone. */
bool drill_in_window(const struct drill_window *window, int64_t now_s);

#endif
