/*
 * Alertmanager's API v2: its alerts and its health; and the webhook (version 4) that it sends.
 * prometheus-semantics.md sections 7 and 8. Names in full, since sim/monitoring/alertmanager.h is
 * the simulated one. Lists are the caller's to fini; times are ms since 1970, -1 for "not yet".
 */
#ifndef LIVE_MONITORING_ALERTMANAGER_CLIENT_H
#define LIVE_MONITORING_ALERTMANAGER_CLIENT_H

#include "live/http/payload.h"
#include "live/http/service.h"

#define ALERTMANAGER_ALERTS 4096

struct alertmanager_alert {
    char name[128], severity[32], instance[256];
    char fingerprint[32];
    bool firing;     /* webhook: status; API: active or suppressed and not ended */
    bool suppressed; /* API: silenced or inhibited */
    int64_t starts_ms, ends_ms, updated_ms;
    json_t *labels;
};

struct alertmanager_alerts {
    struct alertmanager_alert *item;
    size_t n, capacity;
};

struct alertmanager_webhook {
    bool firing; /* any of its alerts */
    char group_key[256];
    int64_t truncated; /* alerts that it left out */
    struct alertmanager_alerts alerts;
};

struct alertmanager_client;

/* Opens by what the fleet file says; `base` brings time-outs and cancel. *out is NULL on error;
 * NULL is fine for close. `_alerts` asks /api/v2/alerts; the list is emptied first. */
enum und_code alertmanager_client_open(struct alertmanager_client **out,
                                       const struct live_service *from,
                                       const struct http_config *base, struct und_err *err);
void alertmanager_client_close(struct alertmanager_client *client);
enum und_code alertmanager_client_alerts(struct alertmanager_client *client,
                                         struct alertmanager_alerts *out, struct und_err *err);

/* The parsers, pure: the whole body in, a list out (appended to), or one notification. */
enum und_code alertmanager_parse_alerts(const json_t *body, struct alertmanager_alerts *out,
                                        const char *place, struct und_err *err);
enum und_code alertmanager_parse_webhook(const json_t *body, struct alertmanager_webhook *out,
                                         const char *place, struct und_err *err);
/* Frees the items with their labels; a zeroed one is fine. */
void alertmanager_alerts_fini(struct alertmanager_alerts *alerts);
void alertmanager_webhook_fini(struct alertmanager_webhook *webhook);

#endif
