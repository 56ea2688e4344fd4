/*
 * Prometheus' HTTP API (v1), as prometheus-semantics.md section 8 and real captures have it, and
 * its parsers as pure functions. Names in full, since sim/monitoring/prometheus.h is the simulated
 * server.
 *
 * Times are ms since 1970. Lists are the caller's to fini, after an error as well; labels are
 * owned jansson objects. Errors: UND_SERVICE, with Prometheus' own errorType and error.
 */
#ifndef LIVE_MONITORING_PROMETHEUS_CLIENT_H
#define LIVE_MONITORING_PROMETHEUS_CLIENT_H

#include "live/http/payload.h"
#include "live/http/service.h"

#define PROMETHEUS_ALERTS 4096
#define PROMETHEUS_RULES 4096
#define PROMETHEUS_SERIES 4096
#define PROMETHEUS_POINTS 200000 /* of one answer */

struct prometheus_alert {
    char name[128];
    char severity[32]; /* label "severity"; "" if there is none */
    char instance[256];
    bool firing; /* otherwise pending */
    int64_t active_ms;
    json_t *labels;
};

struct prometheus_alerts {
    struct prometheus_alert *item;
    size_t n, capacity;
};

struct prometheus_rule {
    char name[128], group[128];
    char state[16];  /* inactive, pending, firing, unknown */
    char health[16]; /* ok, err, unknown */
    char last_error[256];
    int64_t for_ms, keep_firing_ms, interval_ms;
    int64_t evaluated_ms; /* last evaluation */
};

struct prometheus_rules {
    struct prometheus_rule *item; /* alerting rules only */
    size_t n, capacity;
};

struct prometheus_point {
    int64_t at_ms;
    double value;
};

struct prometheus_series {
    json_t *labels;
    struct prometheus_point *point; /* one for an instant query */
    size_t n;
};

struct prometheus_matrix {
    struct prometheus_series *item;
    size_t n, capacity, points;
};

struct prometheus_client;

/* Opens by what the fleet file says; `base` brings time-outs and cancel. *out is NULL on error;
 * NULL is fine for close. The skew is borrowed, until close. */
enum und_code prometheus_client_open(struct prometheus_client **out,
                                     const struct live_service *from,
                                     const struct http_config *base, struct und_err *err);
void prometheus_client_close(struct prometheus_client *client);
const struct clock_skew *prometheus_client_skew(const struct prometheus_client *client);

/* /api/v1/alerts, and /api/v1/rules with the alerting ones; the list is emptied first. */
enum und_code prometheus_client_alerts(struct prometheus_client *client,
                                       struct prometheus_alerts *out, struct und_err *err);
enum und_code prometheus_client_rules(struct prometheus_client *client,
                                      struct prometheus_rules *out, struct und_err *err);
/* at_ms < 0: now. A scalar is one series without labels. */
enum und_code prometheus_client_query(struct prometheus_client *client, const char *query,
                                      int64_t at_ms, struct prometheus_matrix *out,
                                      struct und_err *err);
/* At every step from the first time to the last, both included; PROMETHEUS_POINTS bounds what
 * comes, the server 11,000 points of a series. */
enum und_code prometheus_client_range(struct prometheus_client *client, const char *query,
                                      int64_t from_ms, int64_t to_ms, int64_t step_ms,
                                      struct prometheus_matrix *out, struct und_err *err);
/* GET /-/ready; UND_OK means 200. */
enum und_code prometheus_client_ready(struct prometheus_client *client, struct und_err *err);

/* The parsers: the whole answer's body in, a list out (appended to). */
enum und_code prometheus_parse_alerts(const json_t *body, struct prometheus_alerts *out,
                                      const char *place, struct und_err *err);
enum und_code prometheus_parse_rules(const json_t *body, struct prometheus_rules *out,
                                     const char *place, struct und_err *err);
enum und_code prometheus_parse_matrix(const json_t *body, struct prometheus_matrix *out,
                                      const char *place, struct und_err *err);

/* Frees the items with what they own; a zeroed one is fine. */
void prometheus_alerts_fini(struct prometheus_alerts *alerts);
void prometheus_rules_fini(struct prometheus_rules *rules);
void prometheus_matrix_fini(struct prometheus_matrix *matrix);

#endif
