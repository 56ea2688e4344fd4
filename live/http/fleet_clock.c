#include "fleet_clock.h"
#include "http.h"
#include "model/base/assert.h"

#include <time.h>

/* The clock of http_monotonic_ms, in finer steps: compressed time must not jump. */
static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void fleet_clock_start(struct fleet_clock *pace, double factor)
{
    fleet_clock_resume(pace, factor, 0);
}

void fleet_clock_resume(struct fleet_clock *pace, double factor, int64_t begun_ms)
{
    UND_ASSERT(factor >= 1);
    pace->factor = factor;
    pace->begun_ms = begun_ms;
    pace->origin_us = now_us();
}

int64_t fleet_clock_fleet_ms(const struct fleet_clock *pace, int64_t real_ms)
{
    return (int64_t)((double)real_ms * pace->factor);
}

static int64_t of_us(const struct fleet_clock *pace, int64_t us)
{
    return pace->begun_ms + (int64_t)((double)(us - pace->origin_us) * pace->factor / 1000);
}

int64_t fleet_clock_of_monotonic_ms(const struct fleet_clock *pace, int64_t monotonic_ms)
{
    return of_us(pace, monotonic_ms * 1000);
}

int64_t fleet_clock_now_ms(const struct fleet_clock *pace)
{
    return of_us(pace, now_us());
}

int64_t fleet_clock_real_ms(const struct fleet_clock *pace, int64_t fleet_ms)
{
    int64_t ms = (int64_t)((double)fleet_ms / pace->factor);
    return ms > 0 ? ms : 1;
}

int64_t fleet_clock_of_wall_ms(const struct fleet_clock *pace, int64_t wall_ms)
{
    return fleet_clock_now_ms(pace) - fleet_clock_fleet_ms(pace, http_wall_ms() - wall_ms);
}
