# Configuration files of a lab, written to standard output; read by tests/lab/lab. Every interval
# is the architecture document's (scrape 30 s, evaluation 60 s, `for` 2 and 5 minutes) or the
# packages' default, divided by the compression.

config_prometheus() {
    cat <<END
global:
  scrape_interval: $(compressed 30000)
  scrape_timeout: $(compressed 10000)
  evaluation_interval: $(compressed 60000)
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{targets: ['$ALERTMANAGER']}]
scrape_configs:
  - job_name: node
    static_configs:
      - {targets: ['$NODE_primary'], labels: {host: $(field primary 2), tier: primary}}
      - {targets: ['$NODE_backup'], labels: {host: $(field backup 2), tier: backup}}
  - job_name: runners
    static_configs: [{targets: ['$CONTROL']}]
    honor_labels: true
END
}

# Severities as in scenarios/paws360.yaml: those that move jobs are critical.
config_rules() {
    busy='1 - avg by (instance, host, tier) (rate(node_cpu_seconds_total{mode="idle"}'
    cat <<END
groups:
  - name: runners
    rules:
      - alert: RunnerHighCPU
        expr: ${busy}[$(compressed 300000)])) > 0.85
        for: $(compressed 300000)
        labels: {severity: critical}
        annotations: {summary: 'CPU of {{ \$labels.host }} over 85% for 5 minutes'}
      - alert: RunnerHighMemory
        expr: 1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes > 0.85
        for: $(compressed 300000)
        labels: {severity: warning}
        annotations: {summary: 'Memory of {{ \$labels.host }} over 85% for 5 minutes'}
      - alert: RunnerOffline
        expr: up{job="node"} == 0
        for: $(compressed 120000)
        labels: {severity: critical}
        annotations: {summary: 'Runner {{ \$labels.host }} unreachable for 2 minutes'}
      - alert: RunnerPerformanceDegradation
        expr: runner_job_slowness > 2
        labels: {severity: warning}
        annotations: {summary: 'Jobs on {{ \$labels.host }} take twice their time'}
END
}

config_alertmanager() {
    cat <<END
route:
  receiver: lab
  group_by: [alertname, instance]
  group_wait: $(compressed 30000)
  group_interval: $(compressed 300000)
  repeat_interval: $(compressed 14400000)
receivers:
  - name: lab
    webhook_configs:
      - {url: '$CONTROL_URL/lab/notifications', send_resolved: true}
END
    [ -z "$WEBHOOK" ] || echo "      - {url: '$WEBHOOK', send_resolved: true}"
}

config_fleet() {
    cat <<END
# The fleet of the lab in $DIR.
END
}
