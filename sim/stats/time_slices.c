#include "time_slices.h"

#include <string.h>

void time_slices_clear(struct time_slices *slices)
{
    memset(slices->stretch, 0, slices->n * sizeof *slices->stretch);
    slices->at = 0;
}

/* The end of the stretch that holds the instant; false: it is before the first or behind the last.
 */
static bool seek(struct time_slices *slices, int64_t at_ms, int64_t *end_ms)
{
    *end_ms = slices->from_ms + (int64_t)(slices->at + 1) * slices->width_ms;
    while (slices->at < slices->n && at_ms >= *end_ms) {
        slices->at++;
        *end_ms += slices->width_ms;
    }
    return slices->at < slices->n;
}

void time_slices_hold(struct time_slices *slices, int64_t from_ms, int64_t to_ms, int64_t queued,
                      int64_t busy, bool up)
{
    int64_t end_ms;
    from_ms = from_ms > slices->from_ms ? from_ms : slices->from_ms;
    while (from_ms < to_ms && seek(slices, from_ms, &end_ms)) {
        struct stretch *stretch = &slices->stretch[slices->at];
        int64_t ms = (to_ms < end_ms ? to_ms : end_ms) - from_ms;
        stretch->queue_ms += queued * ms;
        stretch->busy_ms += busy * ms;
        stretch->up_ms += up ? ms : 0;
        from_ms += ms;
    }
}

void time_slices_start(struct time_slices *slices, int64_t at_ms, int64_t wait_ms, bool waited)
{
    int64_t since_ms = at_ms - slices->from_ms;
    struct stretch *stretch;
    if (since_ms < 0 || since_ms >= (int64_t)slices->n * slices->width_ms)
        return;
    stretch = &slices->stretch[since_ms / slices->width_ms];
    stretch->started++;
    stretch->waited += waited;
    stretch->wait_sum_ms += wait_ms;
}
