# shellcheck shell=sh
# The configuration files of tests/real/test_real, written to standard output. Intervals are the
# architecture document's (scrape 30 s, evaluation 60 s) or the packages' defaults (scrape time-out
# 10 s, group_wait 30 s, group_interval 5 min, resend delay 1 min), 30 times shorter; rules are the
# shipped ones.

PROMETHEUS=127.0.0.1:9090
ALERTMANAGER=127.0.0.1:9093
PORT=9080 # the director's: loads and the webhook
NET=198.18.0 # for benchmarks (RFC 2544), and known in these namespaces only
RESEND_DELAY=2s

PROCESSES=14 # killed; as many stopped
LINKS=14     # dropped; as many unlinked
LOADS=12     # busy; as many full

numbers() { # COUNT
    seq 1 "$1"
}
places() { # Hosts behind the switch, each in a namespace
    for i in $(numbers $LINKS); do
        echo "d$i u$i"
    done
    echo far
}
REMOTE=$(places | tr '\n' ' ')

# INSTANCE WAY PLACE ADDRESS
config_victims() {
    for i in $(numbers $PROCESSES); do
        echo "killed-$i killed monitoring 127.0.0.1:$((9200 + i))"
        echo "stopped-$i stopped monitoring 127.0.0.1:$((9300 + i))"
    done
    last=1
    for place in $REMOTE; do
        last=$((last + 1))
        case $place in
        d*) echo "dropped-${place#d} dropped $place $NET.$last:9100" ;;
        u*) echo "unlinked-${place#u} unlinked $place $NET.$last:9100" ;;
        far) echo "far far $place $NET.$last:9100" ;;
        esac
    done
    echo "again again monitoring 127.0.0.1:9400"
    for i in $(numbers $LOADS); do
        echo "busy-$i busy monitoring 127.0.0.1:$PORT"
        echo "full-$i full monitoring 127.0.0.1:$PORT"
    done
}

config_targets() { # of the victims that awk's condition $1 selects
    config_victims | awk "{ path = \"/metrics\" }
        \$2 ~ /busy|full/ { path = \"/load/\" NR - 1 \"/metrics\" }
        $1 { print \"      - targets: ['\" \$4 \"']\"
             print \"        labels: {instance: \" \$1 \", __metrics_path__: \" path \"}\" }"
}

config_prometheus() {
    cat <<END
global:
  scrape_interval: 1s
  scrape_timeout: 333ms
  evaluation_interval: 2s
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{targets: ['$ALERTMANAGER']}]
scrape_configs:
  - job_name: runners
    static_configs:
$(config_targets '$2 != "far"')
  - job_name: far
    scrape_interval: 10s
    scrape_timeout: 9s
    static_configs:
$(config_targets '$2 == "far"')
END
}

config_alertmanager() {
    cat <<END
route:
  receiver: director
  group_by: [alertname, instance]
  group_wait: 1s
  group_interval: 10s
  repeat_interval: 8m
receivers:
  - name: director
    webhook_configs:
      - {url: 'http://127.0.0.1:$PORT/webhook', send_resolved: true}
END
}

# scenarios/paws360-rules.yml with every duration divided by 30.
config_rules() {
    awk '
    function seconds(text) {
        return text * (text ~ /d$/ ? 86400 : text ~ /h$/ ? 3600 : text ~ /m$/ ? 60 : 1)
    }
    /^ *for: / { sub(/[0-9]+[smhd]/, seconds($2) / 30 "s") }
    {
        line = ""
        while (match($0, /\[[0-9]+[smhd]\]/)) {
            window = substr($0, RSTART + 1, RLENGTH - 2)
            line = line substr($0, 1, RSTART) seconds(window) / 30 "s]"
            $0 = substr($0, RSTART + RLENGTH)
        }
        print line $0
    }' scenarios/paws360-rules.yml
}

# What the judge predicts from: these very files, for one host of each kind of target.
config_fleet() {
    cat <<END
fleet:
  hosts:
    - {name: host, tier: primary, slots: 1, probe: '127.0.0.1:9201'}
    - {name: load, tier: backup, slots: 1, probe: '127.0.0.1:$PORT'}
  workload: {arrivals: {rate: 1/h}, classes: [{name: a, duration: 1min}]}
  monitoring: {config: prometheus.yml, lookback: 5min}
  alertmanager: {config: alertmanager.yml}
END
}
