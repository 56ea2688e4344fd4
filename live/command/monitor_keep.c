/* Incidents into the store, where one is asked for (monitor_internal.h). */
#include "live/http/http.h"
#include "live/secret/secret.h"
#include "model/base/assert.h"
#include "monitor_internal.h"
#include "reports/store/record.h"
#include "version.h"

#include <stdlib.h>

/* Redacted as a text, since any of its strings may quote what came from outside. */
static json_t *redacted(const struct fleet *fleet, const struct incident *incident)
{
    json_t *json = incident_json(fleet, incident);
    char *text = json_dumps(json, JSON_COMPACT);
    UND_ASSERT(text != NULL);
    secret_redact(text);
    json_decref(json);
    json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

static enum und_code keep(const struct monitor *monitor, const struct incident *incident,
                          struct und_err *err)
{
    json_t *json = redacted(&monitor->fleet, incident);
    int64_t at_ms = incident->full_ms >= 0 ? incident->full_ms : incident->detected_ms;
    if (json)
        record_incident(monitor->store, &monitor->fleet, monitor->sets, monitor->n_sets, json,
                        at_ms >= 0 ? at_ms : incident->began_ms, UND_VERSION, err);
    json_decref(json);
    return err->code;
}

#define AGAIN_MS 60000 /* a store that another holds makes the monitor wait, so seldom */

/* Those that are over and not kept yet; what the store refuses is tried again later, and said
 * once. */
void monitor_keep(struct monitor *monitor)
{
    struct und_err err = {0};
    int64_t age;
    if (!monitor->store || http_monotonic_ms() < monitor->keep_ms)
        return;
    for (age = INCIDENTS - 1; age >= 0 && err.code == UND_OK; age--) {
        const struct incident *incident = incident_newest(&monitor->status->incidents, age);
        int64_t *kept = incident ? &monitor->kept[(incident->id - 1) % INCIDENTS] : NULL;
        if (!incident || incident->open || *kept == incident->id)
            continue;
        if (keep(monitor, incident, &err) == UND_OK)
            *kept = incident->id;
    }
    monitor->keep_ms = err.code != UND_OK ? http_monotonic_ms() + AGAIN_MS : 0;
    if (err.code != UND_OK && !monitor->shown_unkept)
        monitor_note(monitor, "store", err.text);
    monitor->shown_unkept = err.code != UND_OK;
}
