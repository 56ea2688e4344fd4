#include "number_range.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_bound(const char *text, size_t length, double *number, char unit[SWEEP_VALUE])
{
    char bound[SWEEP_VALUE], *end;
    if (length >= sizeof bound)
        return false;
    snprintf(bound, sizeof bound, "%.*s", (int)length, text);
    *number = strtod(bound, &end);
    snprintf(unit, SWEEP_VALUE, "%s", end);
    return end != bound && isfinite(*number);
}

bool number_range_read(struct number_range *range, const char *text)
{
    const char *dots = strstr(text, ".."), *high, *colon;
    char unit[SWEEP_VALUE];
    *range = (struct number_range){0};
    if (!dots)
        return false;
    high = dots + 2;
    colon = strchr(high, ':');
    range->stepped = colon != NULL;
    return read_bound(text, (size_t)(dots - text), &range->low, range->unit) &&
           read_bound(high, colon ? (size_t)(colon - high) : strlen(high), &range->high, unit) &&
           strcmp(unit, range->unit) == 0 &&
           (!colon || read_bound(colon + 1, strlen(colon + 1), &range->step, range->step_unit));
}
