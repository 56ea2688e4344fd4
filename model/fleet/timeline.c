#include "timeline.h"
#include "model/base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void timeline_init(struct timeline *timeline)
{
    *timeline = (struct timeline){0};
}

void timeline_fini(struct timeline *timeline)
{
    free(timeline->entry);
    free(timeline->point);
    timeline_init(timeline);
}

/* Doubles `*array` when it is full. A machine without memory for a trace ends the program. */
static void *grow(void *array, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 256;
    array = realloc(array, *capacity * size);
    UND_ASSERT(array != NULL);
    return array;
}

int timeline_add(struct timeline *timeline, int64_t at_ms, int cause, int host, enum mark mark,
                 const char *format, ...)
{
    struct timeline_entry *entry;
    va_list args;
    if (timeline->n >= TIMELINE_ENTRIES) {
        timeline->dropped++;
        return -1;
    }
    timeline->entry =
        grow(timeline->entry, timeline->n, &timeline->capacity, sizeof *timeline->entry);
    entry = &timeline->entry[timeline->n];
    *entry = (struct timeline_entry){.at_ms = at_ms, .cause = cause, .host = host, .mark = mark};
    va_start(args, format);
    vsnprintf(entry->what, sizeof entry->what, format, args);
    va_end(args);
    return (int)timeline->n++;
}

void timeline_point(struct timeline *timeline, struct timeline_point point)
{
    if (timeline->n_points >= TIMELINE_ENTRIES)
        return;
    timeline->point = grow(timeline->point, timeline->n_points, &timeline->points_capacity,
                           sizeof *timeline->point);
    timeline->point[timeline->n_points++] = point;
}

const char *mark_name(enum mark mark)
{
    static const char *const names[MARK_COUNT] = {
        "",         "fault",    "repaired", "pending",   "firing",   "resolved",
        "detected", "decision", "routed",   "first job", "failback", "full capacity"};
    return names[mark];
}

enum mark mark_of_notice(enum notice notice)
{
    return notice == NOTICE_DETECTED || (notice >= NOTICE_PARTIAL && notice <= NOTICE_FAILURES)
               ? MARK_DETECTION
           : notice == NOTICE_FAILOVER || notice == NOTICE_RELAPSE || notice == NOTICE_MAINTENANCE
               ? MARK_DECISION
           : notice == NOTICE_FAILBACK ? MARK_FAILBACK
                                       : MARK_NONE;
}
