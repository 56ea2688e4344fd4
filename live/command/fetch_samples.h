/*
 * A fleet over time into the CSV file of model/fit/watched.h, for `understudy fit`: out of
 * Prometheus (query_range, a day at a time, every minute) or out of a monitor's journal (what its
 * views showed; where these are forgotten already, its incidents).
 *
 * Of Prometheus: `up` and `probe_success` of targets that are a host of the fleet file, by instance
 * or name; busy and online slots and the queue by the runner exporters' metrics that are there, and
 * by monitoring.metrics of the fleet file; jobs that ended by the latter.
 */
#ifndef LIVE_COMMAND_FETCH_SAMPLES_H
#define LIVE_COMMAND_FETCH_SAMPLES_H

#include "live/monitoring/prometheus_client.h"
#include "model/fleet/fleet.h"

#define SAMPLES_STEP_MS 60000

struct samples_wish {
    const struct fleet *fleet;
    const char *file;
    int64_t from_ms, to_ms; /* since 1970 */
    FILE *progress;         /* NULL: none */
};

/* What was found of each column, for people: "runner_concurrent_jobs", "" none. */
struct samples_found {
    char metric[6][METRIC_NAME]; /* of enum watched_of */
    int64_t rows;
};

enum und_code fetch_samples(struct prometheus_client *client, const struct samples_wish *wish,
                            struct samples_found *found, struct und_err *err);

/* The whole of it, by a fleet file or a journal. UND_USAGE where they are none, or nothing was seen
 * since; UND_SERVICE and UND_INTERRUPTED as the client has them. */
enum und_code fetch_samples_prometheus(const char *fleet, int64_t since_ms, const char *file,
                                       bool quiet, struct und_err *err);
enum und_code fetch_samples_journal(const char *journal, int64_t since_ms, const char *file,
                                    bool quiet, struct und_err *err);

#endif
