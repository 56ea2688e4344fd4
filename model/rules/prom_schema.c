#include "prom_schema.h"

#include "model/base/assert.h"
#include "model/base/suggest.h"
#include "model/promql/promql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A section is a text of entries "key:kind", where kind is
 *   s text, b true or false, i whole number, f number, d duration, z size, l list of texts,
 *   m mapping of texts, q mapping of lists of texts, * anything,
 *   (a|b|c) one of these words, {section a mapping, [section a list of mappings;
 * `!` after it: must be there. "+section" stands for the entries of another one; "^a|b|c": at most
 * one of these keys.
 */
struct section {
    const char *name, *entries;
};

#define MAX_KEYS 160

static const struct section sections[] = {
    {"prometheus",
     "global:{global runtime:{runtime alerting:{alerting rule_files:l "
     "scrape_config_files:l scrape_configs:[scrape_config storage:{storage "
     "tracing:{tracing remote_write:[remote_write remote_read:[remote_read otlp:{otlp"},
    {"scrape_files", "scrape_configs:[scrape_config"},
    {"global",
     "scrape_interval:d scrape_timeout:d evaluation_interval:d rule_query_offset:d "
     "query_log_file:s scrape_failure_log_file:s external_labels:m +limits scrape_protocols:l "
     "keep_dropped_targets:u metric_name_validation_scheme:s metric_name_escaping_scheme:s "
     "scrape_native_histograms:b convert_classic_histograms_to_nhcb:b "
     "always_scrape_classic_histograms:b extra_scrape_metrics:b"},
    {"limits", "body_size_limit:z sample_limit:u target_limit:u label_limit:u "
               "label_name_length_limit:u label_value_length_limit:u"},
    {"runtime", "gogc:i"},
    {"otlp", "promote_resource_attributes:l promote_all_resource_attributes:b "
             "ignore_resource_attributes:l translation_strategy:s "
             "keep_identifying_resource_attributes:b convert_histograms_to_nhcb:b "
             "promote_scope_metadata:b label_name_underscore_sanitization:b "
             "label_name_preserve_multiple_underscores:b"},
    {"storage", "tsdb:{tsdb exemplars:{exemplars"},
    {"tsdb", "out_of_order_time_window:d stale_series_compaction_threshold:f retention:{retention"},
    {"retention", "time:d size:z percentage:f"},
    {"exemplars", "max_exemplars:i"},
    {"tracing", "client_type:(grpc|http) endpoint:s! sampling_fraction:f insecure:b "
                "tls_config:{tls headers:m compression:(gzip) timeout:d"},
    {"alerting", "alert_relabel_configs:[relabel alertmanagers:[alertmanagers"},
    {"alertmanagers",
     "scheme:s path_prefix:s timeout:d api_version:(v1|v2) relabel_configs:[relabel "
     "alert_relabel_configs:[relabel sigv4:{sigv4 +http +discovery"},
    {"relabel", "source_labels:l separator:s target_label:s regex:s modulus:u replacement:s "
                "action:s"},
    {"remote_write",
     "url:s! remote_timeout:d headers:m write_relabel_configs:[relabel name:s send_exemplars:b "
     "send_native_histograms:b round_robin_dns:b protobuf_message:s sigv4:{sigv4 "
     "azuread:{azuread google_iam:{google_iam queue_config:{queue metadata_config:{metadata +http"},
    {"queue", "capacity:i max_shards:i min_shards:i max_samples_per_send:i batch_send_deadline:d "
              "min_backoff:d max_backoff:d retry_on_http_429:b sample_age_limit:d"},
    {"metadata", "send:b send_interval:d max_samples_per_send:i"},
    {"azuread", "cloud:s managed_identity:m workload_identity:m oauth:m sdk:m scope:s"},
    {"google_iam", "credentials_file:s"},
    {"sigv4", "region:s access_key:s secret_key:s profile:s role_arn:s external_id:s "
              "use_fips_sts_endpoint:b"},
    {"remote_read", "url:s! remote_timeout:d headers:m read_recent:b required_matchers:m name:s "
                    "chunked_read_limit:i filter_external_labels:b +http"},
    {"http", "basic_auth:{basic_auth authorization:{authorization oauth2:{oauth2 bearer_token:s "
             "bearer_token_file:s tls_config:{tls follow_redirects:b enable_http2:b +proxy "
             "http_headers:* ^basic_auth|authorization|oauth2|bearer_token|bearer_token_file"},
    {"proxy", "proxy_url:s no_proxy:s proxy_from_environment:b proxy_connect_header:q"},
    {"basic_auth", "username:s username_file:s username_ref:s password:s password_file:s "
                   "password_ref:s ^username|username_file|username_ref "
                   "^password|password_file|password_ref"},
    {"authorization", "type:s credentials:s credentials_file:s credentials_ref:s "
                      "^credentials|credentials_file|credentials_ref"},
    {"oauth2", "client_id:s! ^client_secret|client_secret_file|client_secret_ref client_secret:s "
               "client_secret_file:s client_secret_ref:s scopes:l "
               "token_url:s endpoint_params:m tls_config:{tls audience:s claims:* grant_type:s "
               "iss:s signature_algorithm:s client_certificate_key:s "
               "client_certificate_key_file:s client_certificate_key_ref:s "
               "client_certificate_key_id:s +proxy"},
    {"tls", "ca:s ca_file:s ca_ref:s cert:s cert_file:s cert_ref:s key:s key_file:s key_ref:s "
            "server_name:s insecure_skip_verify:b min_version:(TLS10|TLS11|TLS12|TLS13) "
            "max_version:(TLS10|TLS11|TLS12|TLS13)"},
    {"scrape_config",
     "job_name:s! honor_labels:b honor_timestamps:b track_timestamps_staleness:b params:q "
     "scrape_interval:d scrape_timeout:d scrape_protocols:l fallback_scrape_protocol:s "
     "scrape_native_histograms:b scrape_classic_histograms:b "
     "always_scrape_classic_histograms:b convert_classic_histograms_to_nhcb:b "
     "scrape_failure_log_file:s metrics_path:s scheme:s enable_compression:b +limits "
     "native_histogram_bucket_limit:u native_histogram_min_bucket_factor:f keep_dropped_targets:u "
     "metric_name_validation_scheme:s metric_name_escaping_scheme:s extra_scrape_metrics:b "
     "relabel_configs:[relabel metric_relabel_configs:[relabel +http +discovery"},
    {"discovery",
     "static_configs:[target_group file_sd_configs:[file_sd http_sd_configs:[http_sd "
     "dns_sd_configs:[dns_sd consul_sd_configs:[consul_sd kubernetes_sd_configs:[kubernetes_sd "
     "ec2_sd_configs:[ec2_sd lightsail_sd_configs:[ec2_sd aws_sd_configs:[aws_sd "
     "azure_sd_configs:[azure_sd gce_sd_configs:[gce_sd docker_sd_configs:[docker_sd "
     "dockerswarm_sd_configs:[dockerswarm_sd digitalocean_sd_configs:[port_sd "
     "eureka_sd_configs:[eureka_sd hetzner_sd_configs:[hetzner_sd ionos_sd_configs:[ionos_sd "
     "kuma_sd_configs:[kuma_sd linode_sd_configs:[linode_sd marathon_sd_configs:[marathon_sd "
     "nerve_sd_configs:[zookeeper_sd serverset_sd_configs:[zookeeper_sd "
     "nomad_sd_configs:[nomad_sd openstack_sd_configs:[openstack_sd "
     "outscale_sd_configs:[outscale_sd ovhcloud_sd_configs:[ovhcloud_sd "
     "puppetdb_sd_configs:[puppetdb_sd "
     "scaleway_sd_configs:[scaleway_sd stackit_sd_configs:[stackit_sd "
     "triton_sd_configs:[triton_sd uyuni_sd_configs:[uyuni_sd vultr_sd_configs:[vultr_sd "
     "xds_sd_configs:*"},
    {"target_group", "targets:l labels:m"},
    {"file_sd", "files:l! refresh_interval:d"},
    {"http_sd", "url:s! refresh_interval:d +http"},
    {"dns_sd", "names:l! type:(SRV|A|AAAA|MX|NS|srv|a|aaaa|mx|ns) port:i refresh_interval:d"},
    {"consul_sd", "server:s path_prefix:s token:s datacenter:s namespace:s partition:s scheme:s "
                  "username:s password:s services:l tags:l node_meta:m tag_separator:s "
                  "allow_stale:b filter:s health_filter:s refresh_interval:d +http"},
    {"kubernetes_sd",
     "api_server:s role:(pod|service|endpoints|endpointslice|node|ingress)! kubeconfig_file:s "
     "namespaces:{kubernetes_namespaces selectors:[kubernetes_selector "
     "attach_metadata:{kubernetes_attach +http"},
    {"kubernetes_namespaces", "own_namespace:b names:l"},
    {"kubernetes_selector", "role:s! label:s field:s"},
    {"kubernetes_attach", "node:b namespace:b"},
    {"ec2_sd", "region:s endpoint:s access_key:s secret_key:s profile:s role_arn:s external_id:s "
               "refresh_interval:d port:i filters:[filter +http"},
    {"aws_sd", "role:s! clusters:l request_concurrency:i +ec2_sd"},
    {"filter", "name:s values:l"},
    {"azure_sd", "environment:s port:i subscription_id:s! tenant_id:s client_id:s client_secret:s "
                 "refresh_interval:d authentication_method:(OAuth|ManagedIdentity|SDK) "
                 "resource_group:s +http"},
    {"gce_sd", "project:s! zone:s! filter:s refresh_interval:d port:i tag_separator:s"},
    {"docker_sd", "host:s! port:i filters:[filter host_networking_host:s "
                  "match_first_network:b refresh_interval:d +http"},
    {"dockerswarm_sd", "host:s! role:(services|tasks|nodes)! port:i filters:[filter "
                       "refresh_interval:d +http"},
    {"port_sd", "port:i refresh_interval:d +http"},
    {"eureka_sd", "server:s! refresh_interval:d +http"},
    {"hetzner_sd", "role:(robot|hcloud)! label_selector:s +port_sd"},
    {"ionos_sd", "datacenter_id:s! +port_sd"},
    {"kuma_sd", "server:s! client_id:s refresh_interval:d fetch_timeout:d +http"},
    {"linode_sd", "region:s tag_separator:s +port_sd"},
    {"marathon_sd", "servers:l! refresh_interval:d auth_token:s auth_token_file:s +http"},
    {"zookeeper_sd", "servers:l! paths:l! timeout:d"},
    {"nomad_sd", "allow_stale:b namespace:s refresh_interval:d region:s server:s tag_separator:s "
                 "+http"},
    {"openstack_sd",
     "identity_endpoint:s username:s userid:s password:s project_name:s project_id:s "
     "domain_name:s domain_id:s application_credential_name:s application_credential_id:s "
     "application_credential_secret:s role:(hypervisor|instance|loadbalancer)! region:s! "
     "refresh_interval:d port:i all_tenants:b tls_config:{tls "
     "availability:(public|admin|internal)"},
    {"outscale_sd", "endpoint:s region:s access_key:s! secret_key:s! +port_sd"},
    {"ovhcloud_sd", "endpoint:s application_key:s! application_secret:s! consumer_key:s! "
                    "service:(vps|dedicated_server)! refresh_interval:d"},
    {"puppetdb_sd", "url:s! query:s! include_parameters:b port:i refresh_interval:d +http"},
    {"scaleway_sd", "project_id:s! api_url:s zone:s access_key:s! secret_key:s secret_key_file:s "
                    "name_filter:s tags_filter:l role:(instance|baremetal)! port:i "
                    "refresh_interval:d +http"},
    {"stackit_sd", "project:s! region:s endpoint:s service_account_key:s "
                   "service_account_key_path:s private_key:s private_key_path:s "
                   "credentials_file_path:s +port_sd"},
    {"triton_sd", "account:s! role:(container|cn) dns_suffix:s! endpoint:s! groups:l port:i "
                  "refresh_interval:d version:i tls_config:{tls"},
    {"uyuni_sd", "server:s! username:s! password:s! entitlement:s separator:s refresh_interval:d "
                 "+http"},
    {"vultr_sd", "+port_sd"},

    {"alertmanager",
     "global:{am_global templates:l route:{route receivers:[receiver inhibit_rules:[inhibit "
     "mute_time_intervals:[time_interval time_intervals:[time_interval tracing:{tracing"},
    {"am_global",
     "resolve_timeout:d http_config:{http smtp_from:s smtp_hello:s smtp_smarthost:s "
     "smtp_auth_username:s smtp_auth_password:s smtp_auth_password_file:s smtp_auth_secret:s "
     "smtp_auth_secret_file:s smtp_auth_identity:s smtp_require_tls:b smtp_tls_config:{tls "
     "smtp_force_implicit_tls:b slack_api_url:s slack_api_url_file:s slack_app_token:s "
     "slack_app_token_file:s slack_app_url:s pagerduty_url:s opsgenie_api_url:s opsgenie_api_key:s "
     "opsgenie_api_key_file:s wechat_api_url:s wechat_api_secret:s wechat_api_secret_file:s "
     "wechat_api_corp_id:s victorops_api_url:s victorops_api_key:s victorops_api_key_file:s "
     "telegram_api_url:s telegram_bot_token:s telegram_bot_token_file:s webex_api_url:s "
     "rocketchat_api_url:s rocketchat_token:s rocketchat_token_file:s rocketchat_token_id:s "
     "rocketchat_token_id_file:s jira_api_url:s mattermost_webhook_url:s "
     "mattermost_webhook_url_file:s"},
    {"route", "receiver:s group_by:l group_wait:d group_interval:d repeat_interval:d match:m "
              "match_re:m matchers:l continue:b mute_time_intervals:l active_time_intervals:l "
              "routes:[route"},
    {"inhibit", "name:s source_match:m source_match_re:m source_matchers:l target_match:m "
                "target_match_re:m target_matchers:l equal:l sources:[inhibit_source"},
    {"inhibit_source", "matchers:l equal:l"},
    {"time_interval", "name:s! time_intervals:[time_spec"},
    {"time_spec", "times:[time_range weekdays:l days_of_month:l months:l years:l location:s"},
    {"time_range", "start_time:s end_time:s"},
    {"receiver",
     "name:s! discord_configs:[discord email_configs:[email incidentio_configs:* jira_configs:* "
     "mattermost_configs:* msteams_configs:[msteams msteamsv2_configs:[msteams "
     "opsgenie_configs:[opsgenie pagerduty_configs:[pagerduty pushover_configs:[pushover "
     "rocketchat_configs:* slack_configs:[slack sns_configs:[sns telegram_configs:[telegram "
     "victorops_configs:[victorops webex_configs:[webex webhook_configs:[webhook "
     "wechat_configs:[wechat"},
    {"notifier", "send_resolved:b http_config:{http"},
    {"webhook", "+notifier url:s url_file:s max_alerts:i timeout:d update_message:b payload:*"},
    {"discord", "+notifier webhook_url:s webhook_url_file:s title:s message:s content:s username:s "
                "avatar_url:s"},
    {"msteams", "+notifier webhook_url:s webhook_url_file:s title:s summary:s text:s"},
    {"email", "send_resolved:b to:s! from:s hello:s smarthost:s auth_username:s auth_password:s "
              "auth_password_file:s auth_secret:s auth_secret_file:s auth_identity:s headers:m "
              "html:s text:s require_tls:b tls_config:{tls threading:* force_implicit_tls:b"},
    {"opsgenie", "+notifier api_key:s api_key_file:s api_url:s message:s description:s source:s "
                 "details:m entity:s responders:* actions:s tags:s note:s priority:s "
                 "update_alerts:b"},
    {"pagerduty", "+notifier service_key:s service_key_file:s routing_key:s routing_key_file:s "
                  "url:s client:s client_url:s description:s details:* images:* links:* source:s "
                  "severity:s class:s component:s group:s timeout:d"},
    {"pushover", "+notifier user_key:s user_key_file:s token:s token_file:s title:s message:s "
                 "url:s url_title:s device:s sound:s priority:s retry:d expire:d ttl:d html:b "
                 "monospace:b"},
    {"slack", "+notifier api_url:s api_url_file:s app_token:s app_token_file:s app_url:s channel:s "
              "username:s color:s title:s title_link:s pretext:s text:s fields:* short_fields:b "
              "footer:s fallback:s callback_id:s icon_emoji:s icon_url:s image_url:s thumb_url:s "
              "link_names:b mrkdwn_in:l actions:* timeout:d message_text:s update_message:b "
              "thread_replies:* thread_message:*"},
    {"sns", "+notifier api_url:s sigv4:{sigv4 topic_arn:s phone_number:s target_arn:s subject:s "
            "message:s attributes:m"},
    {"telegram", "+notifier api_url:s bot_token:s bot_token_file:s chat_id:i chat_id_file:s "
                 "message_thread_id:i message:s disable_notifications:b parse_mode:s"},
    {"victorops", "+notifier api_key:s api_key_file:s api_url:s routing_key:s! message_type:s "
                  "state_message:s entity_display_name:s monitoring_tool:s custom_fields:m"},
    {"webex", "+notifier api_url:s room_id:s! message:s"},
    {"wechat", "+notifier api_secret:s api_secret_file:s corp_id:s api_url:s agent_id:s to_user:s "
               "to_party:s to_tag:s message:s message_type:s"},
    {NULL, NULL},
};

static const char *entries_of(const char *name, size_t n)
{
    for (const struct section *section = sections; section->name; section++) {
        if (strlen(section->name) == n && strncmp(section->name, name, n) == 0)
            return section->entries;
    }
    UND_UNREACHABLE();
}

/* The kind of the key in these entries, NULL if there is none. */
static const char *find_key(const char *entries, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = entries; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (*at == '+') {
            const char *kind = find_key(entries_of(at + 1, length - 1), key);
            if (kind)
                return kind;
        } else if (*at != '^' && strncmp(at, key, n) == 0 && at[n] == ':') {
            return at + n + 1;
        }
        at += length;
    }
    return NULL;
}

/* --- suggestions, and what is missing -------------------------------------------------------- */

struct key_list {
    char text[MAX_KEYS][48];
    const char *keys[MAX_KEYS + 1];
    int n;
};

static void list_keys(const char *entries, struct key_list *list)
{
    for (const char *at = entries; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (*at == '+') {
            list_keys(entries_of(at + 1, length - 1), list);
        } else if (*at != '^' && list->n < MAX_KEYS) {
            snprintf(list->text[list->n], sizeof list->text[0], "%.*s", (int)strcspn(at, ":"), at);
            list->keys[list->n] = list->text[list->n];
            list->n++;
        }
        at += length;
    }
    list->keys[list->n] = NULL;
}

static enum und_code fail_unknown(const struct prom_reader *reader, const char *entries,
                                  const char *key, struct spot spot)
{
    struct key_list list = {.n = 0};
    const char *meant;
    list_keys(entries, &list);
    meant = suggest_nearest(key, list.keys);
    spot.line = spot.key_line;
    return doc_fail(&spot, reader->err, "unknown key%s%s%s", meant ? ", did you mean " : "",
                    meant ? meant : "", meant ? "?" : "");
}

/* "^a|b|c": at most one of them is there. */
static enum und_code check_exclusive(const struct prom_reader *reader, const char *words, size_t n,
                                     const json_t *value)
{
    char first[64] = "", name[64];
    for (size_t at = 0; at < n; at += strcspn(words + at, "| ") + 1) {
        struct spot spot;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(words + at, "| "), words + at);
        if (!prom_has(value, name))
            continue;
        spot = doc_member(reader->doc, value, name);
        if (first[0])
            return doc_fail(&spot, reader->err, "beside %s, want one of them", first);
        memcpy(first, name, sizeof first);
    }
    return UND_OK;
}

static enum und_code check_missing(const struct prom_reader *reader, const char *entries,
                                   const json_t *value, const struct spot *spot)
{
    for (const char *at = entries; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " "), key = strcspn(at, ":");
        char name[64];
        const json_t *given;
        if (*at == '^' && check_exclusive(reader, at + 1, length - 1, value))
            return UND_USAGE;
        if (*at == '+' && check_missing(reader, entries_of(at + 1, length - 1), value, spot))
            return UND_USAGE;
        snprintf(name, sizeof name, "%.*s", (int)key, at);
        given = json_object_get(value, name);
        if (*at != '+' && *at != '^' && at[length - 1] == '!' &&
            (json_is_null(given) || !given || json_string_length(given) == 0) &&
            json_array_size(given) == 0)
            return doc_fail(spot, reader->err, "%s is missing, or empty", name);
        at += length;
    }
    return UND_OK;
}

/* --- values ---------------------------------------------------------------------------------- */

static bool is_number(const char *text, bool whole)
{
    char *end;
    if (*text == '\0' || isspace((unsigned char)*text))
        return false;
    if (whole)
        (void)strtoll(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    else
        (void)strtod(text, &end);
    if (whole && *end != '\0') { /* as YAML has it: 1_000, 1e3 */
        double number = strtod(text, &end);
        return *end == '\0' && number == (double)(long long)number;
    }
    return *end == '\0';
}

/* "10MB", "1GiB", "0" */
static bool is_size(const char *text)
{
    static const char *const units[] = {"",    "B",   "KB",  "MB",  "GB",  "TB",  "PB", "EB",
                                        "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL};
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    (void)strtod(text, &end);
    for (int i = 0; units[i]; i++) {
        if (strcmp(end, units[i]) == 0)
            return *end || strcmp(text, "0") == 0;
    }
    return false;
}

static bool is_among(const char *text, const char *words)
{
    size_t n = strlen(text);
    for (const char *at = words + 1; *at && at[-1] != ')'; at += strcspn(at, "|)") + 1) {
        if (strcspn(at, "|)") == n && strncmp(at, text, n) == 0)
            return true;
    }
    return false;
}

static enum und_code check_text(const struct prom_reader *reader, const char *kind,
                                const json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value), *want = NULL;
    char shown[DOC_SHOWN];
    int64_t ms;
    bool is;
    if (!text)
        return doc_fail(spot, reader->err, "got %s, want a text", prom_show(value, shown));
    if (*kind == 'b' && !prom_bool(text, &is))
        want = "true or false";
    else if ((*kind == 'i' || *kind == 'u') && !is_number(text, true))
        want = "a whole number";
    else if (*kind == 'u' && *text == '-')
        want = "a number from 0 on";
    else if (*kind == 'f' && !is_number(text, false))
        want = "a number";
    else if (*kind == 'z' && !is_size(text))
        want = "a size such as 10MB";
    else if (*kind == 'd' && !promql_duration(text, &ms))
        want = "a duration as Prometheus writes it: 30s, 5m, 1h30m";
    if (want)
        return doc_fail(spot, reader->err, "got %s, want %s", prom_show(value, shown), want);
    if (*kind == '(' && !is_among(text, kind))
        return doc_fail(spot, reader->err, "got %s, want one of %.*s", prom_show(value, shown),
                        (int)strcspn(kind + 1, ")"), kind + 1);
    return UND_OK;
}

static enum und_code check_value(const struct prom_reader *reader, const char *key,
                                 const char *kind, const json_t *value, const struct spot *spot);

static enum und_code check_list(const struct prom_reader *reader, const char *key, const char *kind,
                                const json_t *value, const struct spot *spot)
{
    char shown[DOC_SHOWN], element[64] = "s";
    size_t i;
    json_t *item;
    if (!json_is_array(value))
        return doc_fail(spot, reader->err, "got %s, want a list", prom_show(value, shown));
    if (*kind == '[')
        snprintf(element, sizeof element, "{%.*s", (int)strcspn(kind + 1, " !"), kind + 1);
    json_array_foreach ((json_t *)value, i, item) {
        struct spot at = doc_item(reader->doc, value, i, key);
        if (json_is_null(item) && *kind == '[')
            return doc_fail(&at, reader->err, "an empty entry");
        if (!json_is_null(item) && check_value(reader, key, element, item, &at))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code check_map(const struct prom_reader *reader, const char *kind,
                               const json_t *value, const struct spot *spot)
{
    char shown[DOC_SHOWN];
    const char *key;
    json_t *member;
    if (!json_is_object(value))
        return doc_fail(spot, reader->err, "got %s, want a mapping", prom_show(value, shown));
    json_object_foreach ((json_t *)value, key, member) {
        struct spot at = doc_member(reader->doc, value, key);
        if (!json_is_null(member) &&
            check_value(reader, key, *kind == 'q' ? "l" : "s", member, &at))
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code check_section(const struct prom_reader *reader, const char *entries,
                                   const json_t *value, const struct spot *spot)
{
    char shown[DOC_SHOWN];
    const char *key, *kind;
    json_t *member;
    if (!json_is_object(value))
        return doc_fail(spot, reader->err, "got %s, want a mapping", prom_show(value, shown));
    json_object_foreach ((json_t *)value, key, member) {
        struct spot at = doc_member(reader->doc, value, key);
        if ((kind = find_key(entries, key)) == NULL)
            return fail_unknown(reader, entries, key, at);
        if (!json_is_null(member) && check_value(reader, key, kind, member, &at))
            return UND_USAGE;
    }
    return check_missing(reader, entries, value, spot);
}

/* Depth is bounded by the document's. */
static enum und_code check_value(const struct prom_reader *reader, const char *key,
                                 const char *kind, const json_t *value, const struct spot *spot)
{
    switch (*kind) {
    case '*':
        return UND_OK;
    case '{':
        return check_section(reader, entries_of(kind + 1, strcspn(kind + 1, " !")), value, spot);
    case '[':
    case 'l':
        return check_list(reader, key, kind, value, spot);
    case 'm':
    case 'q':
        return check_map(reader, kind, value, spot);
    default:
        return check_text(reader, kind, value, spot);
    }
}

enum und_code prom_schema_check(const struct prom_reader *reader, const char *section,
                                const json_t *value, const struct spot *spot)
{
    if (!value || json_is_null(value))
        return UND_OK;
    return check_section(reader, entries_of(section, strlen(section)), value, spot);
}
