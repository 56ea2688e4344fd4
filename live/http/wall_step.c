#include "wall_step.h"
#include "http.h"

int64_t wall_step_judge(struct wall_step *step, int64_t before_ms, int64_t wall_ms,
                        int64_t after_ms)
{
    int64_t low_ms = wall_ms - after_ms, high_ms = wall_ms - before_ms, by_ms = 0;
    if (step->known && step->lead_ms < low_ms)
        by_ms = low_ms - step->lead_ms;
    else if (step->known && step->lead_ms > high_ms)
        by_ms = high_ms - step->lead_ms;
    step->lead_ms = step->known ? step->lead_ms + by_ms : high_ms;
    step->known = true;
    return by_ms >= WALL_STEP_MS || by_ms <= -WALL_STEP_MS ? by_ms : 0;
}

int64_t wall_step_look(struct wall_step *step)
{
    int64_t before_ms = http_monotonic_ms();
    int64_t wall_ms = http_wall_ms();
    return wall_step_judge(step, before_ms, wall_ms, http_monotonic_ms());
}
