/* What is exported besides the machines' own: runners, probes, GitHub's view, the servers. */
#include "exporter.h"

#define IS(name, labels, value)                                                                    \
    {                                                                                              \
        name, labels, STATE_ONE, value, 0, SCALE_ONE, EACH_TARGET                                  \
    }
#define SHOWS(name, labels, quantity, factor)                                                      \
    {                                                                                              \
        name, labels, quantity, factor, 0, SCALE_ONE, EACH_TARGET                                  \
    }
#define OF_RUNNER(name, labels, quantity, factor)                                                  \
    {                                                                                              \
        name, labels, quantity, factor, 0, SCALE_ONE, EACH_HOST                                    \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, STATE_ONE, 0, 0, SCALE_ONE, EACH_TARGET                                        \
    }

/* On each host, beside the runners: gone with the host. */
const struct exported_row exporter_runner[] = {
    OF_RUNNER("runner_health", "", STATE_SERVICE, 1),
    OF_RUNNER("runner_status", "", STATE_SERVICE, 1),
    OF_RUNNER("runner_concurrent_jobs", "", STATE_BUSY, 1),
    OF_RUNNER("runner_job_duration_seconds", "", STATE_LAST_JOB, 0.001),
    OF_RUNNER("workflow_job_duration_seconds", "", STATE_LAST_JOB, 0.001),
    END};

/* Beside the server: on a host that does not answer it says so. */
const struct exported_row exporter_blackbox[] = {
    SHOWS("probe_success", "", STATE_REACHED, 1),
    IS("probe_duration_seconds", "", 0.02),
    SHOWS("probe_http_status_code", "", STATE_REACHED, 200),
    IS("probe_http_duration_seconds", "phase=\"connect\"", 0.002),
    IS("probe_http_duration_seconds", "phase=\"processing\"", 0.01),
    IS("probe_icmp_duration_seconds", "phase=\"rtt\"", 0.001),
    IS("probe_dns_lookup_time_seconds", "", 0.001),
    IS("probe_failed_due_to_regex", "", 0),
    IS("probe_ip_protocol", "", 4),
    IS("blackbox_exporter_config_last_reload_successful", "", 1),
    END};

/* GitHub's view of the runners: as late as GitHub is. */
const struct exported_row exporter_github[] = {
    OF_RUNNER("github_runner_status", "", STATE_LISTED, 1),
    OF_RUNNER("github_runner_organization_status", "", STATE_LISTED, 1),
    OF_RUNNER("github_runner_up", "", STATE_LISTED, 1),
    OF_RUNNER("github_runner_busy", "", STATE_WORKING, 1),
    SHOWS("gha_registered_runners", "", STATE_ONLINE, 1),
    SHOWS("gha_busy_runners", "", STATE_BUSY, 1),
    SHOWS("gha_idle_runners", "", STATE_IDLE, 1),
    SHOWS("gha_running_jobs", "", STATE_BUSY, 1),
    SHOWS("gha_assigned_jobs", "", STATE_BUSY, 1),
    SHOWS("gha_pending_jobs", "", STATE_QUEUE, 1),
    SHOWS("github_workflow_run_duration_seconds", "", STATE_LAST_JOB, 0.001),
    SHOWS("github_workflow_run_conclusion_total", "conclusion=\"success\"", STATE_DONE, 1),
    SHOWS("github_workflow_run_conclusion_total", "conclusion=\"failure\"", STATE_FAILED, 1),
    SHOWS("github_workflow_run_queue_duration_seconds", "", STATE_OLDEST, 0.001),
    END};

const struct exported_row exporter_prometheus[] = {
    IS("prometheus_build_info", "version=\"2.42.0\"", 1),
    IS("prometheus_config_last_reload_successful", "", 1),
    IS("prometheus_notifications_alertmanagers_discovered", "", 1),
    IS("prometheus_notifications_dropped_total", "", 0),
    IS("prometheus_notifications_queue_capacity", "", 10000),
    IS("prometheus_notifications_queue_length", "", 0),
    IS("prometheus_notifications_errors_total", "alertmanager=\"http://localhost:9093\"", 0),
    IS("prometheus_notifications_sent_total", "alertmanager=\"http://localhost:9093\"", 100),
    IS("prometheus_rule_evaluation_failures_total", "", 0),
    IS("prometheus_rule_group_iterations_missed_total", "", 0),
    IS("prometheus_rule_group_last_duration_seconds", "", 0.01),
    IS("prometheus_rule_group_interval_seconds", "", 60),
    IS("prometheus_template_text_expansion_failures_total", "", 0),
    IS("prometheus_sd_discovered_targets", "name=\"scrape\"", 4),
    IS("prometheus_target_interval_length_seconds", "interval=\"30s\",quantile=\"0.5\"", 30),
    IS("prometheus_target_interval_length_seconds", "interval=\"30s\",quantile=\"0.9\"", 30.01),
    IS("prometheus_target_interval_length_seconds", "interval=\"30s\",quantile=\"0.99\"", 30.02),
    IS("prometheus_target_scrapes_exceeded_sample_limit_total", "", 0),
    IS("prometheus_target_scrapes_sample_duplicate_timestamp_total", "", 0),
    IS("prometheus_target_scrapes_sample_out_of_order_total", "", 0),
    IS("prometheus_tsdb_checkpoint_creations_failed_total", "", 0),
    IS("prometheus_tsdb_checkpoint_deletions_failed_total", "", 0),
    IS("prometheus_tsdb_compactions_failed_total", "", 0),
    IS("prometheus_tsdb_head_truncations_failed_total", "", 0),
    IS("prometheus_tsdb_reloads_failures_total", "", 0),
    IS("prometheus_tsdb_wal_corruptions_total", "", 0),
    IS("prometheus_tsdb_wal_truncations_failed_total", "", 0),
    IS("prometheus_tsdb_head_series", "", 2000),
    SHOWS("prometheus_tsdb_head_samples_appended_total", "", STATE_NOW, 0.05),
    IS("process_start_time_seconds", "", -86400),
    IS("process_open_fds", "", 60),
    IS("process_max_fds", "", 1048576),
    END};

const struct exported_row exporter_alertmanager[] = {
    IS("alertmanager_build_info", "version=\"0.25.0\"", 1),
    IS("alertmanager_config_last_reload_successful", "", 1),
    IS("alertmanager_config_hash", "", 1.5e14),
    IS("alertmanager_cluster_members", "", 1),
    IS("alertmanager_notifications_failed_total", "integration=\"webhook\"", 0),
    IS("alertmanager_notifications_total", "integration=\"webhook\"", 10),
    IS("alertmanager_notification_requests_failed_total", "integration=\"webhook\"", 0),
    IS("process_start_time_seconds", "", -86400),
    END};

const struct exporter_words exporter_words[EXPORTERS] = {
    [EXPORTER_NODE] = {"node", "node host machine server linux", true, true, NULL,
                       "node_exporter on the host"},
    [EXPORTER_RUNNER] = {"runner", "runner", true, true, NULL, "the runners' exporter on the host"},
    [EXPORTER_BLACKBOX] = {"blackbox", "blackbox probe icmp ping", true, false, NULL,
                           "blackbox probe of the host"},
    [EXPORTER_GITHUB] = {"github", "github gha actions arc", false, false, "github-exporter:9504",
                         "GitHub's view, by an exporter"},
    [EXPORTER_PROMETHEUS] = {"prometheus", "prometheus", false, false, "localhost:9090",
                             "Prometheus itself"},
    [EXPORTER_ALERTMANAGER] = {"alertmanager", "alertmanager", false, false, "localhost:9093",
                               "Alertmanager itself"},
    [EXPORTER_OWN] = {"ci-exporter", "ci-exporter custom textfile pushgateway", false, false,
                      "ci-exporter:9800", "of the fleet"},
};
