#include "pace.h"
#include "http.h"
#include "model/assert.h"

void pace_start(struct pace *pace, double factor)
{
    UND_ASSERT(factor >= 1);
    pace->factor = factor;
    pace->origin_ms = http_monotonic_ms();
}

int64_t pace_fleet_ms(const struct pace *pace, int64_t real_ms)
{
    return (int64_t)((double)real_ms * pace->factor);
}

int64_t pace_of_monotonic_ms(const struct pace *pace, int64_t monotonic_ms)
{
    return pace_fleet_ms(pace, monotonic_ms - pace->origin_ms);
}

int64_t pace_now_ms(const struct pace *pace)
{
    return pace_of_monotonic_ms(pace, http_monotonic_ms());
}

int64_t pace_real_ms(const struct pace *pace, int64_t fleet_ms)
{
    int64_t ms = (int64_t)((double)fleet_ms / pace->factor);
    return ms > 0 ? ms : 1;
}

int64_t pace_of_wall_ms(const struct pace *pace, int64_t wall_ms)
{
    return pace_now_ms(pace) - pace_fleet_ms(pace, http_wall_ms() - wall_ms);
}
