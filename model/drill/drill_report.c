/* What a report of a drill comes to: its end as a word and as an exit code. */
#include "drill_run.h"
#include "model/base/assert.h"

const char *drill_end_name(enum drill_end end)
{
    static const char *const names[DRILL_ENDS] = {
        "completed",          "refused",          "stopped", "interrupted", "failed",
        "an invariant broke", "not steady again", "stuck",   "watched"};
    UND_ASSERT(end >= 0 && end < DRILL_ENDS);
    return names[end];
}

bool drill_end_counts(enum drill_end end)
{
    return end == DRILL_COMPLETED || end == DRILL_UNSTEADY;
}

enum und_code drill_exit_code(const struct drill_report *report)
{
    static const enum und_code codes[DRILL_ENDS] = {
        [DRILL_COMPLETED] = UND_OK,    [DRILL_REFUSED] = UND_STOPPED,
        [DRILL_STOPPED] = UND_STOPPED, [DRILL_INTERRUPTED] = UND_INTERRUPTED,
        [DRILL_FAILED] = UND_SERVICE,  [DRILL_BROKEN] = UND_FAILED,
        [DRILL_UNSTEADY] = UND_FAILED, [DRILL_STUCK] = UND_STUCK,
        [DRILL_WATCHED] = UND_OK,
    };
    return codes[report->end];
}

void drill_report_fini(struct drill_report *report)
{
    timeline_fini(&report->timeline);
}
