# shellcheck shell=sh
# What the range's shell suites share: `check NAME COMMAND...` counts and names failures, `within
# SECONDS COMMAND...` waits for something to become true, `report` prints the count for tests/run.
CHECKS=0
FAILURES=0

check() {
    CHECKS=$((CHECKS + 1))
    check_name=$1
    shift
    "$@" && return 0
    FAILURES=$((FAILURES + 1))
    echo "$(basename "$0"): $check_name: failed: $*"
}

# Asks at once and then twenty times a second; what the command prints is dropped.
within() {
    within_tries=$(($1 * 20))
    shift
    while ! "$@" >/dev/null 2>&1; do
        within_tries=$((within_tries - 1))
        [ "$within_tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

is() { # GOT WANTED
    [ "$1" = "$2" ] || { echo "  got $1, want $2" && return 1; }
}

not() {
    ! "$@"
}

report() {
    echo "$((100 * (CHECKS - FAILURES) / CHECKS))%: Checks: $CHECKS, Failures: $FAILURES, Errors: 0"
    [ "$FAILURES" -eq 0 ]
}
