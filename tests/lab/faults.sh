# shellcheck shell=sh
# The faults of a lab; read by tests/lab/lab, whose head says what there is. Each verb may be given
# twice, and its undo at any time.

# The undo of a lease runs under the warden, out of reach of whoever is killed meanwhile.
lease() { # UNDO-VERB TARGET [ARGUMENT]
    if [ -n "$LEASE" ]; then
        warden ask end KILL 0 "lease.$1.$2"
        warden ask start "lease.$1.$2" - env BUILD="${BUILD:-build}" LAB_LEASED=yes \
            sh -c 'sleep "$1"; shift; exec "$@"' lease "$LEASE" "$LAB_HOME/lab" -d "$DIR" "$@"
    fi
}
unlease() { # UNDO-VERB TARGET
    [ -n "${LAB_LEASED:-}" ] || warden ask end KILL 0 "lease.$1.$2"
}
link() { # HOST up|down
    [ "$MODE" = loopback ] || inside switch ip link set "to-$1" "$2"
}

service_stop() {
    lease service-start "$1"
    warden ask end INT "$((30000 / COMPRESS))" "$1.runner.*"
}
service_start() {
    unlease service-start "$1"
    start_runners "$1"
}
power_off() {
    lease power-on "$1"
    link "$1" down
    warden ask end KILL 0 "$1.*"
}
power_on() {
    unlease power-on "$1"
    if [ -z "$(warden ask list "$1.node")" ]; then
        rm -f "$DIR/$1"/job.* "$DIR/$1"/stress.*
    fi
    link "$1" up
    start_host "$1"
    start_runners "$1"
}
# Monitoring's side of the network is also that of the one who watches from outside.
partition() { # HOST github|monitoring|both
    case $2 in
    github) peers=$NET.1 frozen="$1.runner.*" ;;
    monitoring) peers="$NET.4, $NET.254" frozen="$1.node" ;;
    both) peers="$NET.1, $NET.4, $NET.254" frozen="$1.[rn]*" ;;
    *) die "partition: got $2, want github, monitoring or both" ;;
    esac
    lease heal "$1"
    if [ "$MODE" = loopback ]; then
        warden ask signal CONT "$1.*"
        warden ask signal STOP "$frozen"
        return
    fi
    inside "$1" nft -f - <<END
add table inet lab
delete table inet lab
table inet lab {
    chain in { type filter hook input priority 0; ip saddr { $peers } drop; }
    chain out { type filter hook output priority 0; ip daddr { $peers } drop; }
}
END
}
heal() {
    unlease heal "$1"
    if [ "$MODE" = loopback ]; then
        warden ask signal CONT "$1.*"
    else
        printf 'add table inet lab\ndelete table inet lab\n' | inside "$1" nft -f -
    fi
}
stress() { # HOST KIND on|off: the meter itself ends it after an hour, or the lease
    file=$DIR/$1/stress.$2
    case $3 in
    on)
        read -r uptime _ </proc/uptime
        echo "0.9 $(echo "$uptime ${LEASE:-3600}" | awk '{ printf "%.3f", $1 + $2 }')" >"$file.new"
        mv "$file.new" "$file"
        ;;
    off) rm -f "$file" ;;
    *) die "$2-stress: got $3, want on or off" ;;
    esac
}

# What a drill's `check` asks. A lease or an undo from elsewhere may have ended the fault.
in_effect() { # FAULT HOST
    case $1 in
    service-stop) [ -z "$(warden ask list "$2.runner.*")" ] ;;
    power-off) [ -z "$(warden ask list "$2.*")" ] ;;
    partition)
        if [ "$MODE" = loopback ]; then
            warden ask list "$2.*" | cut -d' ' -f3 | sed 's,.*,/proc/&/stat,' | xargs grep -lq ') T '
        else
            inside "$2" nft list table inet lab >/dev/null 2>&1
        fi
        ;;
    cpu-stress | memory-stress | disk-stress)
        awk '{ until = $2; getline < "/proc/uptime"; exit !($1 < until) }' \
            "$DIR/$2/stress.${1%-stress}" 2>/dev/null
        ;;
    prometheus-stop | alertmanager-stop) [ -z "$(warden ask list "${1%-stop}")" ] ;;
    crash-loop | scrape-flap) [ -n "$(warden ask list "loop.$1.$2")" ] ;;
    target-lost) [ "$(cat "$DIR/targets/$2.json")" = '[]' ] ;;
    runner-hung) state_has '.registrations[] | select(.host == $host) | .hung' "$2" ;;
    github-lies) state_has '.registrations[] | select(.host == $host) | .lie' "$2" ;;
    job-hung) state_has '.fates[] | select(.fate == "endless" and .host == $host and .share > 0)' "$2" ;;
    disk-full) state_has '.fates[] | select(.fate == "failure" and .host == $host and .share > 0)' "$2" ;;
    dependency-down) state_has '.fates[] | select(.fate == "failure" and .host == "" and .share > 0)' primary ;;
    github-slow) state_has '.slow_ms > 0' primary ;;
    *) die "in-effect: unknown fault $1" ;;
    esac
}
state_has() { # JQ-FILTER HOST: something that is neither false nor null
    control /lab/state | jq -e --arg host "$(field "$2" 2)" "[$1] | any" >/dev/null
}

# ---- in loops, under the warden ----

# A loop ends between two of its rounds: nothing of it comes after its undo.
begin_loop() { # NAME SCRIPT ARGUMENT...
    loop=$1 script=$2
    shift 2
    warden ask start "loop.$loop" - env BUILD="${BUILD:-build}" LAB_LEASED=yes sh -c \
        "trap 'exit 0' TERM; while :; do $script; done" "$LAB_HOME/lab" "$@"
}
end_loop() { # NAME
    warden ask end TERM 10000 "loop.$1"
}
real_seconds() { # FLEET-SECONDS
    echo "$1 $COMPRESS" | awk '{ printf "%.3f", $1 / $2 }'
}
crash_loop() { # HOST UP DOWN
    lease crash-end "$1"
    begin_loop "crash-loop.$1" \
        '"$0" -d "$1" power-off "$2"; sleep "$4"; "$0" -d "$1" power-on "$2"; sleep "$3"' \
        "$DIR" "$1" "$(real_seconds "$2")" "$(real_seconds "$3")"
}
crash_end() {
    unlease crash-end "$1"
    end_loop "crash-loop.$1"
    power_on "$1"
}
# Its node_exporter stands still for whole intervals: what is scraped meanwhile times out.
scrape_flap() { # HOST SHARE
    lease scrape-steady "$1"
    begin_loop "scrape-flap.$1" \
        'how=$(od -An -N2 -tu2 /dev/urandom | awk -v share="$3" "{ print (\$1 < 65536 * share) ? \"STOP\" : \"CONT\" }")
        "$4" ask "$1" signal "$how" "$2.node"; sleep "$5"' \
        "$DIR" "$1" "$2" "$BIN/warden" "$(real_seconds 30)"
}
scrape_steady() {
    unlease scrape-steady "$1"
    end_loop "scrape-flap.$1"
    warden ask signal CONT "$1.node"
}

# ---- monitoring ----

# Renamed into place: Prometheus reads the file whenever it changes.
write_targets() { # HOST COMMAND...
    targets=$DIR/targets/$1
    shift
    "$@" >"$targets.new"
    mv "$targets.new" "$targets.json"
}
target_lost() {
    lease target-found "$1"
    write_targets "$1" echo '[]'
}
target_found() {
    unlease target-found "$1"
    write_targets "$1" config_target "$1"
}

# ---- at GitHub ----

hang() { # HOST HOW [SLOTS]
    control /lab/hangs "{\"host\":\"$(field "$1" 2)\",\"how\":\"$2\",\"slots\":${3:-0}}"
}
runner_hung() { # HOST deaf|taking [SLOTS]
    case $2 in deaf | taking) ;; *) die "runner-hung: got $2, want deaf or taking" ;; esac
    lease runner-well "$1"
    hang "$@"
}
runner_well() {
    unlease runner-well "$1"
    hang "$1" well
}
fate() { # HOST|"" FATE SHARE
    control /lab/fates \
        "{\"host\":\"$([ -z "$1" ] || field "$1" 2)\",\"fate\":\"$2\",\"share\":$(echo "$3" | awk '{ printf "%f", $1 }')}"
}
job_hung() { # HOST SHARE
    lease job-well "$1"
    fate "$1" endless "$2"
}
job_well() {
    unlease job-well "$1"
    fate "$1" endless 0
}
disk_full() { # HOST on|off
    case $2 in
    on)
        lease disk-full "$1" off
        fate "$1" failure 1
        touch "$DIR/$1/full.disk"
        ;;
    off)
        unlease disk-full "$1"
        fate "$1" failure 0
        rm -f "$DIR/$1/full.disk"
        ;;
    *) die "disk-full: got $2, want on or off" ;;
    esac
}
dependency_down() { # [SHARE]
    lease dependency-up github
    fate '' failure "${1:-1}"
}
dependency_up() {
    unlease dependency-up github
    fate '' failure 0
}
github_slow() { # SECONDS
    lease github-quick github
    control /lab/delays "{\"assignment_ms\":$(($1 * 1000))}"
}
github_quick() {
    unlease github-quick github
    control /lab/delays '{"assignment_ms":0}'
}
github_lies() { # HOST offline|idle|missing
    case $2 in
    offline) lie='"status":"offline"' ;;
    idle) lie='"busy":false' ;;
    missing) lie='"missing":true' ;;
    *) die "github-lies: got $2, want offline, idle or missing" ;;
    esac
    lease github-honest "$1"
    control /lab/lies "{\"host\":\"$(field "$1" 2)\",$lie}"
}
github_honest() {
    unlease github-honest "$1"
    control /lab/lies "{\"host\":\"$(field "$1" 2)\"}"
}
registration_replaced() { # HOST [SLOTS]
    control /lab/replacements "{\"host\":\"$(field "$1" 2)\",\"slots\":${2:-0}}"
}
runner_update() {
    for name in $(control /lab/state | jq -r --arg host "$(field "$1" 2)" \
        '.registrations[] | select(.host == $host and (.busy | not)) | .name'); do
        warden ask end INT 1000 "$1.runner.${name##*-}"
    done
    sleep "$(real_seconds 20)"
    start_runners "$1"
}

# Not a fault, but what the mechanism `hook` calls. By the fleet's name of the host, or the range's.
admit() { # HOST SLOTS
    case $1 in primary | backup) admit_host=$(field "$1" 2) ;; *) admit_host=$1 ;; esac
    control /lab/admissions "{\"host\":\"$admit_host\",\"slots\":$2}"
}
