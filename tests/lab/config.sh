# shellcheck shell=sh
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
    file_sd_configs: [{files: ['targets/*.json']}]
  - job_name: runners
    static_configs: [{targets: ['$CONTROL']}]
    honor_labels: true
END
}

# What service discovery says of one host.
config_target() { # HOST
    eval "address=\$NODE_$1"
    echo "[{\"targets\":[\"$address\"],\"labels\":{\"host\":\"$(field "$1" 2)\",\"tier\":\"$1\"}}]"
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
    [ -z "$WEBHOOK" ] ||
        echo "      - {url: '$(echo "$WEBHOOK" | sed "s/{operator}/$OPERATOR/")', send_resolved: true}"
}

# The fleet file: uncompressed, as it would be for the real fleet, with `time_factor` in the live
# section. What the rehearsal needs to predict this lab is this lab's: its workload, its pick-up,
# its rules (above).
config_fleet() {
    rate=$JOBS
    [ "$rate" != 0 ] || rate=0.001
    cat <<END
# The fleet of the lab in $DIR; written by tests/lab/lab.
name: lab
about: The documented PAWS360 fleet, on one machine

fleet:
  hosts:
    - {name: $(field primary 2), tier: primary, slots: 8, cores: 24, memory: 128GB,
       registrations: $(field primary 2)-*, probe: '$NODE_primary',
       labels: [self-hosted, Linux, X64, primary, high-capacity]}
    - {name: $(field backup 2), tier: backup, slots: 4, cores: 16, memory: 64GB,
       registrations: $(field backup 2)-*, probe: '$NODE_backup',
       labels: [self-hosted, Linux, X64, backup, standard-capacity]}
  # A Poisson stream of single jobs (lab up --jobs): enough of them that a fault holds some up, and
  # few enough for the backup alone.
  workload:
    arrivals: {kind: poisson, rate: $rate/min}
    fan_out: {kind: fixed, mean: 1}
    classes: [{name: ci, duration: {kind: uniform, min: 90s, max: 270s}, cores: 2, memory: 9.6GB}]
    on_failure: rerun
  github:
    # Drawn between 2 and 8 s; seen from 2.16 to 8.73 s (144 jobs, twelve at once), since asking and
    # starting take the machine some milliseconds, thirty times as long to the fleet. A job that is
    # picked up later than this allows is taken for one that a fault held up.
    pickup: {kind: uniform, min: 2s, max: 9s}
    offline_after: {kind: uniform, min: 60s, max: 150s}
    lock: 10min
    renewal: 60s
    sweep: {kind: uniform, min: 0s, max: 15s}
    requeue_after: 60s
    queue_limit: 24h
    write_spacing: 1s
    # Measured: eight labels are taken off in seven spacings and one write, 83 to 760 ms (eleven times,
    # half of them under 142 ms). The simulator spaces from an end to the next beginning, so that
    # eight latencies have to come to that one write.
    api_latency: {kind: lognormal, p50: 11ms, p95: 70ms}
    session_retry: 30s
    session_limit: 240s
    mechanism: $MECHANISM
    selection: random
    fast_recovery: true
  monitoring:
    scrape_interval: 30s
    scrape_timeout: 10s
    evaluation_interval: 1min
    lookback: 5min
    unreachable_after: $((3070 * COMPRESS))ms # 3.07 s of real time, which the kernel does not compress
    rules:
      - {alert: RunnerHighCPU, signal: cpu, above: 85%, window: 5min, for: 5min, severity: critical}
      - {alert: RunnerHighMemory, signal: memory, above: 85%, for: 5min, severity: warning}
      - {alert: RunnerOffline, signal: up, for: 2min, severity: critical}
      - {alert: RunnerPerformanceDegradation, signal: job-duration, above: 200%, severity: warning}
  alertmanager: {group_wait: 30s, group_interval: 5min, repeat_interval: 4h, group_by: [alertname, instance]}
  policy: # as in scenarios/paws360.yaml
    persist: 5min
    confirm: 3
    failback: {ramp: 10min, clear_for: 0s, health_checks: 1}
    guard: {max_failovers_per_hour: 3, block: 1h, stale_after: 2min, grace: 2min}
    severities: [critical]
    page_after: 5min
    overflow: $([ "$MECHANISM" = variable ] && echo false || echo true)
  controller:
    github_poll: 19s # at the range's pace 20 s would meet GitHub's clock at three moments of its second only
    alerts_poll: 15s
    probe_interval: 10s
    probe_misses: 3
    health_interval: 1min
    webhook: $([ -n "$WEBHOOK" ] && echo true || echo false)
    manual_repair: 30min
  objectives: {availability: 99%, job_success: 95%, mttd: 5min, mttr: 15min, failover_success: 99%}
  live:
    github:
      url: $API_URL
      owner: ${REPOSITORY%/*}
      repository: ${REPOSITORY#*/}
      token: file:$DIR/token
      label: ci-active
      allow_plain: true
    prometheus: {url: $PROMETHEUS_URL, allow_plain: true}
    alertmanager: {url: $ALERTMANAGER_URL, allow_plain: true}
    places:
      - {name: $(field primary 2), via: [$LAB_HOME/lab, -d, $DIR, exec, primary]}
      - {name: $(field backup 2), via: [$LAB_HOME/lab, -d, $DIR, exec, backup]}
      - {name: monitoring, via: [$LAB_HOME/lab, -d, $DIR, exec, monitoring]}
      - {name: lab, via: [$LAB_HOME/lab, -d, $DIR]}
$([ "$MECHANISM" != hook ] || echo "    hook: {run: [admit, '{host}', '{slots}'], on: lab}")
    canary: {workflow: canary.yml}
    journal: $DIR/understudy.journal
    stop_file: $DIR/stop
    allow_actions: true
    time_factor: $COMPRESS
END
}
