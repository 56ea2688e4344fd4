#include "left_out.h"

enum und_code left_out_check(const char *path, const struct fleet *fleet, struct und_err *err)
{
    for (int severity = 0; severity < SEVERITY_COUNT; severity++) {
        const struct left_out *left = &fleet->monitoring.left_out[severity];
        if (left->n > 0 && fleet->has_policy && fleet->policy.severities >> severity & 1)
            return und_fail(err, UND_USAGE,
                            "%s: %d alert%s that would move jobs %s no series here: %s%s", path,
                            left->n, left->n == 1 ? "" : "s", left->n == 1 ? "has" : "have",
                            left->names, left->n > LEFT_OUT_NAMES ? " ..." : "");
    }
    return UND_OK;
}
