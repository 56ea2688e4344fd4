/* policy.evidence: what the policy looks for beyond the document; whatever is left out is off. */
#include "model/base/units.h"
#include "spec_tables.h"

static const char *const remedies[] = {"page", "drain", NULL};

#define SIGN_FIELDS(sign, how_long)                                                                \
    {.key = "lasts",                                                                               \
     .kind = FIELD_DURATION,                                                                       \
     AT(struct policy_config, signs[sign].lasts_ms),                                               \
     RANGE(0, (double)(30 * UNITS_DAY)),                                                           \
     .fallback = how_long,                                                                         \
     .help = "seen this long without a break"},                                                    \
    {                                                                                              \
        .key = "then", .kind = FIELD_ENUM_SET, AT(struct policy_config, signs[sign].then),         \
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

static const struct field returns_fields[] = {
    {.key = "detections",
     .kind = FIELD_INT,
     AT(struct policy_config, returns),
     RANGE(2, POLICY_FAILOVER_LOG),
     .fallback = "3",
     .help = "so many detections of a host"},
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
