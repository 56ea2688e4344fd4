/*
 * Routing: what to write to GitHub so that no more and no fewer registrations of a host are
 * admitted than the plan says. Pure decisions; the writes are feed_github.c's.
 *
 * By label: removals come first (nothing new for a sick host), then additions, and among those the
 * registrations that are online; one write at a time, each decided on a fresh reading.
 * By variable: its value is the JSON list of the labels of the host that is preferred among those
 * admitted (primaries before backups, then the order of the file).
 */
#ifndef LIVE_ROUTE_H
#define LIVE_ROUTE_H

#include "github_parse.h"
#include "model/fleet.h"

struct route_write {
    size_t runner; /* index into the list */
    bool add;
};

bool route_carries(const struct github_runner *runner, const char *label);
void route_count(const struct fleet *fleet, const struct github_runners *runners,
                 int labelled[FLEET_HOSTS]);
/* The next write by label; false if nothing is to be done. */
bool route_next(const struct fleet *fleet, const struct github_runners *runners,
                const struct plan *plan, struct route_write *out);
/* Copies `from` without or with `label`, as a custom one. False if there is no room for it. */
bool route_labels(const struct github_labels *from, const char *label, bool with,
                  struct github_labels *out);
/* The variable's value; false if no host is admitted (it is then left alone: a page is out). */
bool route_value(const struct fleet *fleet, const struct plan *plan, char *out, size_t size);

#endif
