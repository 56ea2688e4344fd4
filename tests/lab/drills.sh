# shellcheck shell=sh
# Drill files for a lab, one a fault, written to standard output by tests/lab/lab: what a scenario
# of the shipped ones is for the real fleet, with the range's own fault commands for the injection.
# The lease is the command's: the range undoes the fault by itself after {lease_s}.

DRILLS="service-stop power-loss partition-github partition-monitoring partition-both cpu-stress
both-down prometheus-down alertmanager-down
runner-hung job-hung crash-loop scrape-flap target-lost disk-full github-slow github-lies
registration-replaced runner-update dependency-down"

words() { # WORD...: as the rest of a list
    for word in "$@"; do
        printf ", '%s'" "$word"
    done
}

# What is over at once is not undone, and needs no lease.
actions() {
    if [ -z "$undo" ]; then
        echo "      run: [$run$(words $on $argument)]"
        echo "      lease: none"
        return
    fi
    echo "      run: [--lease, '{lease_s}', $run$(words $on $argument)]"
    echo "      undo: [$undo$(words $on $undo_argument)]"
    echo "      check: [in-effect, $run, $at]"
    # Measured, five times each (the fleet's time).
    echo "      undo_takes: {kind: uniform, min: ${undo_takes%..*}, max: ${undo_takes#*..}}"
    echo "      lease: command"
}

config_drill() { # NAME
    documented=''
    revert='{after: first-job, hold: 2min, at_the_latest: 30min, recovery: 45min}'
    target=primary undo='' on=primary argument='' undo_argument='' canary='' undo_takes='0.3s..2s' source='as reported in the field'
    watched='{after: time, at_the_latest: 20min, recovery: 30min}' lasts=', lasts: 30min'
    case $1 in
    service-stop)
        about='The runner service on the primary is stopped'
        fault='kind: service-stop, target: primary, graceful: true'
        documented='rto: 2min, source: "failover runbook, reproduction drills"'
        run=service-stop undo=service-start canary=12 undo_takes=4s..14s
        ;;
    power-loss)
        about='The primary loses power'
        fault='kind: host-power-loss, target: primary'
        documented='detection: 2min, failover: 5min, rto: 7min, source: "architecture, Failure Modes"'
        run=power-off undo=power-on canary=12 undo_takes=5s..16s
        ;;
    partition-*)
        about="The primary is cut off from ${1#partition-}"
        fault="kind: network-partition, target: primary, from: ${1#partition-}"
        documented='detection: 2min, failover: 5min, rto: 7min, source: "architecture, Failure Modes"'
        run=partition undo=heal argument=${1#partition-}
        [ "$1" = partition-monitoring ] || canary=12
        ;;
    cpu-stress)
        about='The CPU of the primary is under stress'
        fault='kind: cpu-stress, target: primary, load: 100%, slowdown: 2'
        documented='detection: 2min, failover: 5min, source: "failover runbook, reproduction drills"'
        run=cpu-stress undo=cpu-stress argument=on undo_argument=off
        revert='{after: routing, hold: 2min, at_the_latest: 40min, recovery: 45min}'
        ;;
    both-down)
        about='Both hosts lose power'
        fault='kind: host-power-loss, target: all'
        documented='detection: 2min, failover: N/A, rto: 30min, source: "architecture, Failure Modes"'
        run=power-off undo=power-on on=all target=none canary=12 undo_takes=8s..25s
        revert='{after: detection, hold: 5min, at_the_latest: 30min, recovery: 45min}'
        ;;
    prometheus-down | alertmanager-down)
        about="${1%-down} is down: runners go on, nothing cascades"
        fault="kind: $1"
        documented='impact: "Blind execution", source: "architecture, Failure Modes"'
        run=${1%-down}-stop undo=${1%-down}-start on='' target=none
        revert='{after: time, at_the_latest: 10min, recovery: 20min}'
        ;;
    runner-hung)
        about='Half of the listeners of the primary are online and deaf'
        fault='kind: runner-hung, target: primary, slots: 4, acknowledges: false'
        run=runner-hung undo=runner-well argument='deaf 4' revert=$watched
        ;;
    job-hung)
        about='A third of the jobs on the primary never end'
        fault='kind: job-hung, target: primary, share: 33%'
        run=job-hung undo=job-well argument=0.33 revert=$watched
        ;;
    crash-loop)
        about='The primary crashes over and over'
        fault='kind: crash-loop, target: primary, up: 70s, down: 80s'
        run=crash-loop undo=crash-end argument='70 80' revert=$watched
        ;;
    scrape-flap)
        about='Half of the scrapes of the primary fail'
        fault='kind: scrape-flap, target: primary, share: 50%'
        run=scrape-flap undo=scrape-steady argument=0.5 revert=$watched
        ;;
    target-lost)
        about='Service discovery drops the primary'
        fault='kind: target-lost, target: primary'
        run=target-lost undo=target-found revert=$watched
        ;;
    disk-full)
        about='The disk of the primary is full'
        fault='kind: disk-full, target: primary'
        run=disk-full undo=disk-full argument=on undo_argument=off revert=$watched
        ;;
    github-slow)
        about='GitHub hands jobs out three minutes late'
        fault='kind: github-slow, delay: 3min'
        run=github-slow undo=github-quick argument=180 on='' target=none revert=$watched
        ;;
    github-lies)
        about='The list of runners calls the primary offline, although it works'
        fault='kind: github-lies, target: primary, lie: offline'
        run=github-lies undo=github-honest argument=offline revert=$watched
        ;;
    registration-replaced)
        about='The registrations of the primary are made anew under the same names'
        fault='kind: registration-replaced, target: primary'
        run=registration-replaced lasts='' revert=$watched
        ;;
    runner-update)
        about='The idle listeners of the primary restart at once'
        fault='kind: runner-update, target: primary'
        run=runner-update lasts=', lasts: 20s' revert=$watched
        ;;
    dependency-down)
        about='A registry is away: jobs fail everywhere'
        fault='kind: dependency-down'
        run=dependency-down undo=dependency-up on='' target=none revert=$watched
        ;;
    *) die "no drill $1" ;;
    esac
    at=${on:-monitoring}
    [ "$at" != all ] || at=primary
    cat <<END
name: lab-$1
about: "Lab: $about"
fleet: ../fleet.yaml
duration: 2h

faults:
  - {$fault, at: {kind: uniform, min: 15min, max: 20min}$lasts}

documented: {${documented:-impact: \"$source\", source: \"reports\"}}

drill:
  target: $target
  lease: 50min
  canary: {jobs: ${canary:-0}, takes: 10s}
  preconditions: {wait: 20min} # a range that has just come up has no CPU rate yet
  inject:
    - name: $run${on:+ $on}${argument:+ $argument}
      on: lab
$(actions)
  revert: $revert
END
}
