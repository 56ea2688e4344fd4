/*
 * Who belongs to which host: registrations by name pattern, alerts by their labels. Pure.
 *
 * A registration belongs to the host that model/fleet/registration.h says. An alert belongs to
 * the host that one of its labels names: host, hostname, nodename, runner or runner_name equal to
 * the host's name (or matching its pattern), or instance equal to the probe's address.
 */
#ifndef LIVE_ACT_ATTRIBUTION_H
#define LIVE_ACT_ATTRIBUTION_H

#include "live/github/github_parse.h"
#include "live/monitoring/alertmanager_client.h"
#include "live/monitoring/prometheus_client.h"
#include "model/fleet/fleet.h"

/* Index of the host; -1: nobody's. */
int attribution_of_runner(const struct fleet *fleet, const char *name);
int attribution_of_labels(const struct fleet *fleet, const json_t *labels);
/* The severity of that name; a name that the policy does not know counts as info. */
enum severity attribution_severity(const char *name);

/* Does it carry the label that admits it to the rotation? */
bool attribution_admitted(const struct fleet *fleet, const struct github_runner *runner);

/* Has the host every label that the job asks for? */
bool attribution_has_labels(const struct host *host, const struct github_job *job);

/* Sums up per host, never more online than the host has slots. Returns the registrations that
 * belong to nobody. */
int attribution_count(const struct fleet *fleet, const struct github_runners *runners,
                      struct host_reading out[FLEET_HOSTS]);
/* What the alerts of one host come to. */
struct attribution_alerts {
    unsigned severities;    /* bit set of those that fire */
    bool pending, firing;   /* any, whatever its severity */
    int64_t active_wall_ms; /* since when the oldest one is active, by the server's clock; -1 */
};
void attribution_alerts(const struct fleet *fleet, const struct prometheus_alerts *alerts,
                        struct attribution_alerts out[FLEET_HOSTS]);
/* The same from Alertmanager, which lists what fires and knows nothing of what is pending. */
void attribution_listed(const struct fleet *fleet, const struct alertmanager_alerts *alerts,
                        struct attribution_alerts out[FLEET_HOSTS]);

#endif
