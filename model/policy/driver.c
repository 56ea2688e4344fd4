#include "driver.h"
#include "model/base/assert.h"

#include <stddef.h>
#include <string.h>

void driver_init(struct driver *driver, const struct policy_config *config,
                 const struct readings_setup *setup, int64_t now_ms)
{
    int i;
    driver->config = config;
    driver->begun = false;
    driver->broken = INVARIANT_HOLDS;
    driver->broken_host = -1;
    driver->broken_ms = -1;
    readings_init(&driver->readings, config, setup, now_ms);
    driver->plan.n = setup->n;
    driver->plan.notices = 0;
    for (i = 0; i < setup->n; i++) {
        driver->state.host[i].phase = PHASE_SERVING;
        driver->plan.host[i] = (struct plan_host){.admitted = setup->host[i].slots};
    }
}

bool driver_take(struct driver *driver, enum poll poll, int64_t now_ms,
                 const struct host_reading *hosts)
{
    struct readings *readings = &driver->readings;
    bool before = readings->changed, news;
    readings->changed = false;
    readings_take(readings, poll, now_ms, hosts);
    news = readings->changed;
    readings->changed = before || news;
    return news;
}

void driver_hint(struct driver *driver, int host, unsigned severities)
{
    readings_hint(&driver->readings, host, severities);
}

void driver_maintenance(struct driver *driver, int host, bool asked)
{
    readings_maintenance(&driver->readings, host, asked);
}

void driver_pause(struct driver *driver, bool paused)
{
    readings_pause(&driver->readings, paused);
}

static void check(struct driver *driver, int64_t now_ms, const struct view *view)
{
    int host = -1;
    enum invariant broken = invariant_check(driver->config, &driver->before, &driver->state, now_ms,
                                            view, &driver->plan, &host);
    if (broken == INVARIANT_HOLDS || driver->broken != INVARIANT_HOLDS)
        return;
    driver->broken = broken;
    driver->broken_host = host;
    driver->broken_ms = now_ms;
}

bool driver_decide(struct driver *driver, int64_t now_ms, const struct view *view)
{
    if (!driver->begun)
        policy_init(driver->config, &driver->state, now_ms, view);
    driver->begun = true;
    UND_ASSERT(view->n == driver->state.n);
    memcpy(&driver->before, &driver->state,
           offsetof(struct policy_state, host) + (size_t)view->n * sizeof driver->state.host[0]);
    policy_step(driver->config, &driver->state, now_ms, view, &driver->plan);
    driver->readings.changed = false;
    check(driver, now_ms, view);
    return driver->broken == INVARIANT_HOLDS;
}

void driver_restart(struct driver *driver, int64_t now_ms, bool stored)
{
    driver->begun = driver->begun && stored;
    driver->state.started_ms = now_ms;
    driver->readings.changed = true;
}

bool driver_step(struct driver *driver, int64_t now_ms)
{
    return driver_decide(driver, now_ms, readings_view(&driver->readings, now_ms));
}

bool driver_settled(const struct driver *driver)
{
    return driver->begun && policy_settled(driver->config, &driver->state, &driver->readings.view);
}

static bool stale(const struct policy_config *config, const struct view *view)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > config->stale_after_ms)
            return true;
    return false;
}

bool driver_idle(struct driver *driver, int64_t now_ms)
{
    const struct view *view = readings_view(&driver->readings, now_ms);
    return driver->begun && !driver->readings.changed &&
           stale(driver->config, view) == driver->state.blind && driver_settled(driver);
}
