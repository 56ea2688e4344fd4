# shellcheck shell=sh
# Drill files for a lab, one a fault, written to standard output by tests/lab/lab: what a scenario
# of the shipped ones is for the real fleet, with the range's own fault commands for the injection.
# The lease is the command's: the range undoes the fault by itself after {lease_s}.

DRILLS="service-stop power-loss partition-github partition-monitoring partition-both cpu-stress
both-down prometheus-down alertmanager-down"

config_drill() { # NAME
    revert='{after: first-job, hold: 2min, at_the_latest: 30min, recovery: 45min}'
    target=primary undo='' on=primary argument=''
    case $1 in
    service-stop)
        about='The runner service on the primary is stopped'
        fault='kind: service-stop, target: primary, graceful: true'
        documented='rto: 2min, source: "failover runbook, reproduction drills"'
        run=service-stop undo=service-start
        ;;
    power-loss)
        about='The primary loses power'
        fault='kind: host-power-loss, target: primary'
        documented='detection: 2min, failover: 5min, rto: 7min, source: "architecture, Failure Modes"'
        run=power-off undo=power-on
        ;;
    partition-*)
        about="The primary is cut off from ${1#partition-}"
        fault="kind: network-partition, target: primary, from: ${1#partition-}"
        documented='detection: 2min, failover: 5min, rto: 7min, source: "architecture, Failure Modes"'
        run=partition undo=heal argument=${1#partition-}
        ;;
    cpu-stress)
        about='The CPU of the primary is under stress'
        fault='kind: cpu-stress, target: primary, load: 100%, slowdown: 2'
        documented='detection: 2min, failover: 5min, source: "failover runbook, reproduction drills"'
        run=cpu-stress undo=cpu-stress argument=on
        revert='{after: routing, hold: 2min, at_the_latest: 40min, recovery: 45min}'
        ;;
    both-down)
        about='Both hosts lose power'
        fault='kind: host-power-loss, target: all'
        documented='detection: 2min, failover: N/A, rto: 30min, source: "architecture, Failure Modes"'
        run=power-off undo=power-on on=all target=none
        revert='{after: detection, hold: 5min, at_the_latest: 30min, recovery: 45min}'
        ;;
    prometheus-down | alertmanager-down)
        about="${1%-down} is down: runners go on, nothing cascades"
        fault="kind: $([ "$1" = prometheus-down ] && echo monitoring-down || echo "$1")"
        documented='impact: "Blind execution", source: "architecture, Failure Modes"'
        run=${1%-down}-stop undo=${1%-down}-start on='' target=none
        revert='{after: time, at_the_latest: 10min, recovery: 20min}'
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
  - {$fault, at: {kind: uniform, min: 15min, max: 20min}, lasts: 30min}

documented: {$documented}

drill:
  target: $target
  lease: 50min
  preconditions: {wait: 20min} # a range that has just come up has no CPU rate yet
  inject:
    - name: $run${on:+ $on}${argument:+ $argument}
      on: lab
      run: [--lease, '{lease_s}', $run${on:+, $on}${argument:+, '$argument'}]
      undo: [$undo${on:+, $on}$([ "$undo" != cpu-stress ] || echo ", 'off'")]
      check: [in-effect, $run, $at]
      lease: command
  revert: $revert
END
}
