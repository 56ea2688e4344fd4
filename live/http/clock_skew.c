#include "clock_skew.h"

void clock_skew_init(struct clock_skew *skew)
{
    *skew = (struct clock_skew){0};
}

void clock_skew_note(struct clock_skew *skew, int64_t sent_ms, int64_t received_ms, int64_t date_ms)
{
    int64_t low = date_ms - received_ms;
    int64_t high = date_ms + 1000 - sent_ms;
    if (received_ms < sent_ms)
        return; /* our own clock was set back while we waited */
    if (skew->seen > 0 && low <= skew->high_ms && high >= skew->low_ms) {
        skew->low_ms = low > skew->low_ms ? low : skew->low_ms;
        skew->high_ms = high < skew->high_ms ? high : skew->high_ms;
        skew->seen++;
        return;
    }
    skew->steps += skew->seen > 0;
    skew->low_ms = low;
    skew->high_ms = high;
    skew->seen = 1;
}

void clock_skew_set(struct clock_skew *skew, int64_t ours_by_ms)
{
    skew->low_ms -= ours_by_ms;
    skew->high_ms -= ours_by_ms;
}

int64_t clock_skew_offset_ms(const struct clock_skew *skew)
{
    return skew->seen > 0 ? (skew->low_ms + skew->high_ms) / 2 : 0;
}

int64_t clock_skew_error_ms(const struct clock_skew *skew)
{
    return skew->seen > 0 ? (skew->high_ms - skew->low_ms + 1) / 2 : -1;
}
