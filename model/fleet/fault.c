#include "fault.h"
#include "model/base/assert.h"

/* A runner's token is refused when its clock is off by more (JWT, 5 minutes). */
#define CLOCK_TOLERANCE_MS 300000LL

const char *const fault_kind_names[FAULT_KINDS + 1] = {
    [FAULT_HOST_POWER_LOSS] = "host-power-loss",
    [FAULT_OS_CRASH] = "os-crash",
    [FAULT_SERVICE_STOP] = "service-stop",
    [FAULT_NETWORK_PARTITION] = "network-partition",
    [FAULT_CPU_STRESS] = "cpu-stress",
    [FAULT_MEMORY_STRESS] = "memory-stress",
    [FAULT_DISK_STRESS] = "disk-stress",
    [FAULT_MONITORING_DOWN] = "monitoring-down",
    [FAULT_ALERTMANAGER_DOWN] = "alertmanager-down",
    [FAULT_GITHUB_OUTAGE] = "github-outage",
    [FAULT_GITHUB_API_ERRORS] = "github-api-errors",
    [FAULT_TOKEN_EXPIRED] = "token-expired",
    [FAULT_CLOCK_JUMP] = "clock-jump",
    [FAULT_SLOW_HOST] = "slow-host",
    [FAULT_SLOTS_LOST] = "slots-lost",
    [FAULT_MAINTENANCE] = "maintenance",
    [FAULT_PAUSE] = "pause",
    [FAULT_RUNNER_HUNG] = "runner-hung",
    [FAULT_JOB_HUNG] = "job-hung",
    [FAULT_CRASH_LOOP] = "crash-loop",
    [FAULT_SCRAPE_FLAP] = "scrape-flap",
    [FAULT_TARGET_LOST] = "target-lost",
    [FAULT_DISK_FULL] = "disk-full",
    [FAULT_PROMETHEUS_DOWN] = "prometheus-down",
    [FAULT_GITHUB_SLOW] = "github-slow",
    [FAULT_GITHUB_LIES] = "github-lies",
    [FAULT_REGISTRATION_REPLACED] = "registration-replaced",
    [FAULT_RUNNER_UPDATE] = "runner-update",
    [FAULT_DEPENDENCY_DOWN] = "dependency-down",
    [FAULT_CONTROLLER_RESTART] = "controller-restart",
    [FAULT_DISK_FILL] = "disk-fill",
};

#define STRESS(shown_by)                                                                           \
    {                                                                                              \
        .must = KEY_TARGET, .may = KEY_LOAD | KEY_SLOWDOWN, .takes = TAKES_LOAD | TAKES_SPEED,     \
        .signal = (shown_by)                                                                       \
    }

static const struct fault_row rows[FAULT_KINDS] = {
    [FAULT_HOST_POWER_LOSS] = {.must = KEY_TARGET, .takes = TAKES_POWER},
    [FAULT_OS_CRASH] = {.must = KEY_TARGET, .takes = TAKES_POWER},
    [FAULT_SERVICE_STOP] = {.must = KEY_TARGET, .may = KEY_GRACEFUL, .takes = TAKES_SERVICE},
    [FAULT_NETWORK_PARTITION] = {.must = KEY_TARGET | KEY_FROM,
                                 .takes = TAKES_NET_GITHUB | TAKES_NET_MONITORING},
    [FAULT_CPU_STRESS] = STRESS(SIGNAL_CPU_RATE),
    [FAULT_MEMORY_STRESS] = STRESS(SIGNAL_MEMORY),
    [FAULT_DISK_STRESS] = STRESS(SIGNAL_DISK),
    [FAULT_MONITORING_DOWN] = {.takes = TAKES_PROMETHEUS | TAKES_ALERTMANAGER},
    [FAULT_ALERTMANAGER_DOWN] = {.takes = TAKES_ALERTMANAGER},
    [FAULT_GITHUB_OUTAGE] = {.takes = TAKES_GITHUB},
    [FAULT_GITHUB_API_ERRORS] = {.must = KEY_ERROR_RATE, .takes = TAKES_CALLS},
    [FAULT_TOKEN_EXPIRED] = {.takes = TAKES_TOKEN},
    [FAULT_CLOCK_JUMP] = {.must = KEY_TARGET | KEY_JUMP, .takes = TAKES_NET_GITHUB},
    [FAULT_SLOW_HOST] = {.must = KEY_TARGET | KEY_SLOWDOWN, .takes = TAKES_SPEED},
    [FAULT_SLOTS_LOST] = {.must = KEY_TARGET | KEY_SLOTS, .takes = TAKES_SLOTS},
    [FAULT_MAINTENANCE] = {.must = KEY_TARGET, .takes = TAKES_HANDS},
    [FAULT_PAUSE] = {.takes = TAKES_AUTOMATION},
    [FAULT_RUNNER_HUNG] = {.must = KEY_TARGET,
                           .may = KEY_SLOTS | KEY_ACKNOWLEDGES | KEY_RATE,
                           .takes = TAKES_LISTENERS,
                           .real_github = true},
    [FAULT_JOB_HUNG] = {.must = KEY_TARGET | KEY_SHARE, .takes = TAKES_WORKERS},
    [FAULT_CRASH_LOOP] = {.must = KEY_TARGET, .may = KEY_CYCLE, .takes = TAKES_UPTIME},
    [FAULT_SCRAPE_FLAP] = {.must = KEY_TARGET | KEY_SHARE, .takes = TAKES_SCRAPES},
    [FAULT_TARGET_LOST] = {.must = KEY_TARGET, .takes = TAKES_TARGET},
    [FAULT_DISK_FULL] = {.must = KEY_TARGET, .may = KEY_SHARE, .takes = TAKES_DISK},
    [FAULT_PROMETHEUS_DOWN] = {.takes = TAKES_PROMETHEUS},
    [FAULT_GITHUB_SLOW] = {.must = KEY_DELAY, .takes = TAKES_ASSIGNMENT, .real_github = true},
    [FAULT_GITHUB_LIES] = {.must = KEY_TARGET | KEY_LIE, .takes = TAKES_TRUTH, .real_github = true},
    [FAULT_REGISTRATION_REPLACED] = {.must = KEY_TARGET,
                                     .may = KEY_SLOTS,
                                     .takes = TAKES_LABELS,
                                     .instant = true,
                                     .real_github = true},
    [FAULT_RUNNER_UPDATE] = {.must = KEY_TARGET, .takes = TAKES_SESSIONS, .real_github = true},
    [FAULT_DEPENDENCY_DOWN] = {.may = KEY_SHARE, .takes = TAKES_DEPENDENCY},
    [FAULT_CONTROLLER_RESTART] = {.may = KEY_GRACEFUL, .takes = TAKES_CONTROLLER, .instant = true},
    [FAULT_DISK_FILL] = {.must = KEY_TARGET | KEY_SIZE, .may = KEY_FILL, .takes = TAKES_ROOM},
};

const struct fault_row *fault_row(enum fault_kind kind)
{
    UND_ASSERT(kind >= 0 && kind < FAULT_KINDS);
    return &rows[kind];
}

const char *fault_kind_name(enum fault_kind kind)
{
    UND_ASSERT(kind >= 0 && kind < FAULT_KINDS);
    return fault_kind_names[kind];
}

unsigned fault_takes(const struct fault *fault)
{
    unsigned takes = fault_row(fault->kind)->takes;
    if (fault->kind == FAULT_NETWORK_PARTITION && !(fault->from & FROM_GITHUB))
        takes &= ~(unsigned)TAKES_NET_GITHUB;
    if (fault->kind == FAULT_NETWORK_PARTITION && !(fault->from & FROM_MONITORING))
        takes &= ~(unsigned)TAKES_NET_MONITORING;
    if (fault->kind == FAULT_CLOCK_JUMP && fault->jump_ms <= CLOCK_TOLERANCE_MS &&
        fault->jump_ms >= -CLOCK_TOLERANCE_MS)
        takes &= ~(unsigned)TAKES_NET_GITHUB;
    return takes;
}

uint64_t fault_hosts(const struct fault *fault)
{
    uint64_t hosts = 0;
    int i;
    for (i = 0; i < fault->n_targets; i++)
        hosts |= 1ULL << fault->targets[i];
    return hosts;
}

bool fault_severs(const struct fault *fault)
{
    return (fault_takes(fault) & (TAKES_POWER | TAKES_SERVICE | TAKES_NET_GITHUB | TAKES_UPTIME)) !=
           0;
}

bool fault_degrades(const struct fault *fault)
{
    return (fault_takes(fault) & (TAKES_LOAD | TAKES_SPEED | TAKES_SLOTS | TAKES_LISTENERS |
                                  TAKES_WORKERS | TAKES_DISK | TAKES_ROOM)) != 0 &&
           !fault_severs(fault);
}

bool fault_drains_by_hand(const struct fault *fault)
{
    return (fault_takes(fault) & TAKES_HANDS) != 0;
}

bool fault_by_hand(const struct fault *fault)
{
    return (fault_takes(fault) & (TAKES_HANDS | TAKES_AUTOMATION)) != 0;
}

bool fault_is_circumstance(const struct fault *fault)
{
    return fault_takes(fault) == TAKES_AUTOMATION || fault_takes(fault) == TAKES_CONTROLLER;
}
