#include "alertmanager_client.h"
#include "live/base/list.h"
#include "live/base/wire.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct alertmanager_client {
    struct service service;
};

enum und_code alertmanager_client_open(struct alertmanager_client **out,
                                       const struct live_service *from,
                                       const struct http_config *base, struct und_err *err)
{
    struct alertmanager_client *client = calloc(1, sizeof *client);
    UND_ASSERT(client != NULL);
    *out = NULL;
    if (service_open(&client->service, from, base, "live.alertmanager", err) == UND_OK)
        *out = client;
    else
        free(client);
    return err->code;
}

void alertmanager_client_close(struct alertmanager_client *client)
{
    if (!client)
        return;
    service_close(&client->service);
    free(client);
}

enum und_code alertmanager_client_alerts(struct alertmanager_client *client,
                                         struct alertmanager_alerts *out, struct und_err *err)
{
    struct http_request request = {.path = "/api/v2/alerts"};
    struct http_response response;
    char place[HTTP_PLACE];
    json_t *body = NULL;
    alertmanager_alerts_fini(out);
    http_place(client->service.http, &request, place);
    if (http_send(client->service.http, &request, &response, err) == UND_OK) {
        if (response.status != 200)
            http_refused(client->service.http, &request, &response, "200",
                         "is this URL an Alertmanager's?", err);
        else if ((body = payload_parse(response.body, response.size, place, err)) != NULL)
            alertmanager_parse_alerts(body, out, place, err);
    }
    json_decref(body);
    http_response_fini(&response);
    return err->code;
}

static enum und_code copy_label(const json_t *labels, const char *name, char *out, size_t size,
                                const char *place, struct und_err *err)
{
    const struct payload_field field = {name, PAYLOAD_TEXT, false, 0, size};
    return payload_fields(labels, &field, 1, out, place, err);
}

/* What the API and the webhook have in common. */
static enum und_code parse_common(const json_t *body, struct alertmanager_alert *alert,
                                  const char *place, struct und_err *err)
{
    static const struct payload_field fields[] = {
        PAYLOAD_FIELD(struct alertmanager_alert, fingerprint, "fingerprint", PAYLOAD_NAME, false),
        PAYLOAD_FIELD(struct alertmanager_alert, starts_ms, "startsAt", PAYLOAD_TIME, true),
        PAYLOAD_FIELD(struct alertmanager_alert, ends_ms, "endsAt", PAYLOAD_TIME, false),
        PAYLOAD_FIELD(struct alertmanager_alert, updated_ms, "updatedAt", PAYLOAD_TIME, false),
    };
    const json_t *labels = payload_object(body, "labels", place, err);
    *alert = (struct alertmanager_alert){.ends_ms = -1, .updated_ms = -1};
    if (!labels || payload_fields(body, fields, COUNT(fields), alert, place, err) != UND_OK)
        return err->code;
    if (alert->ends_ms < 0)
        alert->ends_ms = -1; /* year 1: Alertmanager's way to say "not yet" */
    copy_label(labels, "alertname", alert->name, sizeof alert->name, place, err);
    copy_label(labels, "severity", alert->severity, sizeof alert->severity, place, err);
    copy_label(labels, "instance", alert->instance, sizeof alert->instance, place, err);
    if (err->code == UND_OK)
        alert->labels = json_deep_copy(labels);
    return err->code;
}

/* API: status {state: unprocessed | active | suppressed}; what is listed has not ended. */
static enum und_code parse_listed(const json_t *body, struct alertmanager_alert *alert,
                                  const char *place, struct und_err *err)
{
    struct {
        char state[16];
    } raw = {""};
    const struct payload_field state = {"state", PAYLOAD_NAME, true, 0, sizeof raw.state};
    const json_t *status = payload_object(body, "status", place, err);
    if (!status || payload_fields(status, &state, 1, &raw, place, err) != UND_OK ||
        parse_common(body, alert, place, err) != UND_OK)
        return err->code;
    alert->firing = true;
    alert->suppressed = strcmp(raw.state, "suppressed") == 0;
    return UND_OK;
}

static bool firing(const char *status, const char *place, struct und_err *err)
{
    if (strcmp(status, "firing") != 0 && strcmp(status, "resolved") != 0)
        und_fail(err, UND_SERVICE, "%s.status: got \"%s\", want firing or resolved", place, status);
    return strcmp(status, "firing") == 0;
}

static enum und_code parse_notified(const json_t *body, struct alertmanager_alert *alert,
                                    const char *place, struct und_err *err)
{
    struct {
        char status[16];
    } raw = {""};
    const struct payload_field status = {"status", PAYLOAD_NAME, true, 0, sizeof raw.status};
    bool fires;
    if (payload_fields(body, &status, 1, &raw, place, err) != UND_OK)
        return err->code;
    fires = firing(raw.status, place, err);
    if (err->code == UND_OK && parse_common(body, alert, place, err) == UND_OK)
        alert->firing = fires;
    return err->code;
}

typedef enum und_code alert_parser(const json_t *body, struct alertmanager_alert *alert,
                                   const char *place, struct und_err *err);

static enum und_code parse_list(const json_t *list, alert_parser *parse,
                                struct alertmanager_alerts *out, const char *place,
                                struct und_err *err)
{
    char at[PAYLOAD_PLACE];
    size_t i;
    for (i = 0; i < json_array_size(list); i++) {
        struct alertmanager_alert *item = list_grow(out->item, out->n, &out->capacity, sizeof *item,
                                                    ALERTMANAGER_ALERTS, place, err);
        if (!item)
            return err->code;
        out->item = item;
        snprintf(at, sizeof at, "%.200s: alerts[%zu]", place, i);
        if (parse(json_array_get(list, i), &item[out->n], at, err) != UND_OK)
            return err->code;
        out->n++;
    }
    return UND_OK;
}

enum und_code alertmanager_parse_alerts(const json_t *body, struct alertmanager_alerts *out,
                                        const char *place, struct und_err *err)
{
    if (!json_is_array(body))
        return und_fail(err, UND_SERVICE, "%s: got %s, want array", place, payload_type(body));
    return parse_list(body, parse_listed, out, place, err);
}

enum und_code alertmanager_parse_webhook(const json_t *body, struct alertmanager_webhook *out,
                                         const char *place, struct und_err *err)
{
    struct {
        char version[8], status[16];
    } raw = {"", ""};
    const struct payload_field fields[] = {
        {"version", PAYLOAD_NAME, true, 0, sizeof raw.version},
        {"status", PAYLOAD_NAME, true, sizeof raw.version, sizeof raw.status},
    };
    static const struct payload_field own[] = {
        PAYLOAD_FIELD(struct alertmanager_webhook, group_key, "groupKey", PAYLOAD_TEXT, true),
        PAYLOAD_FIELD(struct alertmanager_webhook, truncated, "truncatedAlerts", PAYLOAD_INTEGER,
                      false),
    };
    const json_t *list;
    *out = (struct alertmanager_webhook){0};
    if (payload_fields(body, fields, COUNT(fields), &raw, place, err) != UND_OK ||
        payload_fields(body, own, COUNT(own), out, place, err) != UND_OK)
        return err->code;
    if (strcmp(raw.version, "4") != 0)
        return und_fail(err, UND_SERVICE, "%s.version: got \"%s\", want \"4\"", place, raw.version);
    out->firing = firing(raw.status, place, err);
    list = payload_array(body, "alerts", place, err);
    return err->code == UND_OK ? parse_list(list, parse_notified, &out->alerts, place, err)
                               : err->code;
}

void alertmanager_alerts_fini(struct alertmanager_alerts *alerts)
{
    size_t i;
    for (i = 0; i < alerts->n; i++)
        json_decref(alerts->item[i].labels);
    free(alerts->item);
    *alerts = (struct alertmanager_alerts){0};
}

void alertmanager_webhook_fini(struct alertmanager_webhook *webhook)
{
    alertmanager_alerts_fini(&webhook->alerts);
}
