/* Inside of history and report. */
#ifndef REPORTS_HISTORY_HISTORY_INTERNAL_H
#define REPORTS_HISTORY_HISTORY_INTERNAL_H

#include "reports/store/store.h"

#define HISTORY_MOMENT 32
#define HISTORY_EVERYTHING                                                                         \
    {                                                                                              \
        .kind = RECORD_KINDS, .since_ms = -1, .until_ms = -1                                       \
    }

/* "2026-11-29T07:05:00Z"; returns `out`. */
const char *history_moment(char out[HISTORY_MOMENT], int64_t ms);

#endif
