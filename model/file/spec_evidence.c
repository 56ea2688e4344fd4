/* policy.evidence: what the policy looks for beyond the document; whatever is left out is off. */
#include "model/base/units.h"
#include "model/policy/readings.h"
#include "spec_tables.h"

static const char *const remedies[] = {"page", "drain", NULL};

#define SIGN_FIELDS(sign, how_long)                                                                \
    {.key = "lasts",                                                                               \
     .kind = FIELD_DURATION,                                                                       \
     AT(struct policy_config, signs[(sign)].lasts_ms),                                             \
     RANGE(0, (double)(30 * UNITS_DAY)),                                                           \
     .fallback = (how_long),                                                                       \
     .help = "seen this long without a break"},                                                    \
    {                                                                                              \
        .key = "then", .kind = FIELD_ENUM_SET, AT(struct policy_config, signs[(sign)].then),       \
        .names = remedies, .fallback = "page",                                                     \
        .help = "page a human, count as a detection (drain), or both: a list"                      \
    }

static const struct field partial_fields[] = {
    {.key = "below",
     .kind = FIELD_SHARE_PM,
     AT(struct policy_config, partial_pm),
     RANGE(0, 1),
     .fallback = "60%",
     .help = "fewer of its registrations online than this share of its slots"},
    SIGN_FIELDS(SIGN_PARTIAL, "10min"),
    {.key = NULL},
};

static const struct table partial_table = {
    .name = "partial", .help = "part of a host is missing", .fields = partial_fields};

static const struct field deaf_fields[] = {
    {.key = "waits",
     .kind = FIELD_DURATION,
     AT(struct policy_config, deaf_after_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "10min",
     .help = "a job that it could run has waited this long while it shows idle slots, and as long "
             "none has started on it"},
    SIGN_FIELDS(SIGN_DEAF, "1min"),
    {.key = NULL},
};

static const struct table deaf_table = {
    .name = "deaf", .help = "a host that is online and takes nothing", .fields = deaf_fields};

static const struct field canary_fields[] = {
    {.key = "every",
     .kind = FIELD_DURATION,
     AT(struct policy_config, canary_every_ms),
     RANGE(10000, (double)(7 * UNITS_DAY)),
     .fallback = "15min",
     .help = "a small job is pinned to each host so often"},
    {.key = "late",
     .kind = FIELD_DURATION,
     AT(struct policy_config, canary_late_ms),
     RANGE(1000, (double)UNITS_DAY),
     .fallback = "5min",
     .help = "sent while a slot was idle, it should have started by then"},
    SIGN_FIELDS(SIGN_CANARY, "0s"),
    {.key = NULL},
};

static const struct table canary_table = {
    .name = "canary", .help = "independent proof that a host runs jobs", .fields = canary_fields};

static const struct field failures_fields[] = {
    {.key = "share",
     .kind = FIELD_SHARE_PM,
     AT(struct policy_config, failure_pm),
     RANGE(0.01, 1),
     .fallback = "80%",
     .help =
         "at least this share of a host's last jobs has failed, and less than a quarter of it of "
         "those that ended elsewhere in the same time"},
    {.key = "jobs",
     .kind = FIELD_INT,
     AT(struct policy_config, failure_jobs),
     RANGE(1, READINGS_JOBS),
     .fallback = "5",
     .help = "so many last jobs of a host"},
    {.key = "within",
     .kind = FIELD_DURATION,
     AT(struct policy_config, failure_within_ms),
     RANGE(1000, (double)(7 * UNITS_DAY)),
     .fallback = "1h",
     .help = "those that ended no longer ago than this"},
    SIGN_FIELDS(SIGN_FAILURES, "0s"),
    {.key = NULL},
};

static const struct table failures_table = {
    .name = "failures", .help = "jobs fail on it and not elsewhere", .fields = failures_fields};

static const struct field returns_fields[] = {
    {.key = "detections",
     .kind = FIELD_INT,
     AT(struct policy_config, returns),
     RANGE(2, POLICY_FAILOVER_LOG),
     .fallback = "3",
     .help = "so many detections of a host that GitHub or the probe bears out"},
    {.key = "within",
     .kind = FIELD_DURATION,
     AT(struct policy_config, returns_within_ms),
     RANGE(1000, (double)(7 * UNITS_DAY)),
     .fallback = "30min",
     .help = "within this count as one that persisted"},
    {.key = NULL},
};

static const struct table returns_table = {
    .name = "returns", .help = "trouble that goes before it persists", .fields = returns_fields};

static const struct field evidence_fields[] = {
    {.key = "partial",
     .kind = FIELD_TABLE,
     .table = &partial_table,
     .help = "part of a host's registrations is missing. Left out: nobody looks"},
    {.key = "deaf",
     .kind = FIELD_TABLE,
     .table = &deaf_table,
     .help = "jobs wait although a host shows idle slots. Left out: nobody looks"},
    {.key = "canary",
     .kind = FIELD_TABLE,
     .table = &canary_table,
     .help = "a small job pinned to each host. Left out: none"},
    {.key = "failures",
     .kind = FIELD_TABLE,
     .table = &failures_table,
     .help = "jobs fail on a host and not on the others. Left out: nobody looks"},
    {.key = "returns",
     .kind = FIELD_TABLE,
     .table = &returns_table,
     .help = "trouble that keeps coming back need not persist. Left out: it must"},
    {.key = "hold",
     .kind = FIELD_DURATION,
     AT(struct policy_config, hold_ms),
     RANGE(0, (double)(30 * UNITS_DAY)),
     .fallback = "1h",
     .help = "a host drained for what its drain takes out of sight stays out this long"},
    {.key = NULL},
};

const struct table spec_evidence = {
    .name = "evidence",
    .help = "what the policy looks for beyond alerts and hosts that are offline and down",
    .fields = evidence_fields,
};
