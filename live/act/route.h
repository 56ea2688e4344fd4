/*
 * Routing: what to write to GitHub so that no more and no fewer registrations of a host are
 * admitted than the plan says. Pure decisions; the writes are live/act/actuate.c's.
 *
 * By label: removals come first (nothing new for a sick host), then additions, and among those the
 * registrations that are online; one write at a time.
 * By variable: its value is the JSON list of the labels that all admitted hosts have in common, if
 * no other host has them all; otherwise the labels of the one that is preferred among the admitted
 * (primaries before backups, then the order of the file). A host is in the rotation if it has every
 * label of the value.
 */
#ifndef LIVE_ACT_ROUTE_H
#define LIVE_ACT_ROUTE_H

#include "live/github/github_parse.h"
#include "model/fleet/fleet.h"

struct route_write {
    size_t runner; /* index into the list */
    bool add;
};

/* The next write by label; false if nothing is to be done. */
bool route_next(const struct fleet *fleet, const struct github_runners *runners,
                const struct plan *plan, struct route_write *out);
/* Copies `from` without or with `label`, as a custom one. False if there is no room for it. */
bool route_labels(const struct github_labels *from, const char *label, bool with,
                  struct github_labels *out);
/* The variable's value; false if no host is admitted (it is then left alone: a page is out) or no
 * labels tell the admitted hosts from the others. */
bool route_value(const struct fleet *fleet, const struct plan *plan, char *out, size_t size);
/* Who is in the rotation by that value: all registrations of a host, or none. */
void route_by_value(const struct fleet *fleet, const char *value, int routed[FLEET_HOSTS]);

#endif
