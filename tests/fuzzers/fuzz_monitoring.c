/* Whatever Prometheus and Alertmanager might send, webhooks included: the first byte picks the
 * parser, the rest is the body. */
#include "live/monitoring/alertmanager_client.h"
#include "live/monitoring/prometheus_client.h"
#include "tests/fuzzers/fuzz.h"

static void parse(uint8_t which, const json_t *body, struct und_err *err)
{
    struct prometheus_alerts alerts = {0};
    struct prometheus_rules rules = {0};
    struct prometheus_matrix matrix = {0};
    struct alertmanager_alerts listed = {0};
    struct alertmanager_webhook webhook = {0};
    switch (which % 5) {
    case 0:
        prometheus_parse_alerts(body, &alerts, "fuzz", err);
        break;
    case 1:
        prometheus_parse_rules(body, &rules, "fuzz", err);
        break;
    case 2:
        prometheus_parse_matrix(body, &matrix, "fuzz", err);
        break;
    case 3:
        alertmanager_parse_alerts(body, &listed, "fuzz", err);
        break;
    case 4:
        alertmanager_parse_webhook(body, &webhook, "fuzz", err);
        break;
    }
    prometheus_alerts_fini(&alerts);
    prometheus_rules_fini(&rules);
    prometheus_matrix_fini(&matrix);
    alertmanager_alerts_fini(&listed);
    alertmanager_webhook_fini(&webhook);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct und_err err = {0};
    json_t *body = fuzz_payload(data, size);
    if (body)
        parse(data[0], body, &err);
    json_decref(body);
    return 0;
}
