#include "driver.h"
#include "model/base/assert.h"

#include <stddef.h>
#include <string.h>

#define DAY_MS (24 * 3600000LL)

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

void driver_acknowledge(struct driver *driver, int host, bool acknowledged)
{
    readings_acknowledge(&driver->readings, host, acknowledged);
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
    UND_ASSERT(host >= 0 && host < view->n);
    driver->broken = broken;
    driver->broken_host = host;
    driver->broken_ms = now_ms;
}

bool driver_decide(struct driver *driver, int64_t now_ms, const struct view *view)
{
    int i;
    if (!driver->begun)
        policy_init(driver->config, &driver->state, now_ms, view);
    driver->begun = true;
    UND_ASSERT(view->n == driver->state.n);
    for (i = 0; i < view->n; i++)
        if (view->host[i].acknowledged)
            policy_acknowledge(&driver->state, i, now_ms);
    memcpy(&driver->before, &driver->state,
           offsetof(struct policy_state, host) + (size_t)view->n * sizeof driver->state.host[0]);
    policy_step(driver->config, &driver->state, now_ms, view, &driver->plan);
    driver->readings.changed = false;
    check(driver, now_ms, view);
    UND_ASSERT((driver->broken == INVARIANT_HOLDS) == (driver->broken_host < 0));
    return driver->broken == INVARIANT_HOLDS;
}

void driver_restart(struct driver *driver, int64_t now_ms, bool stored)
{
    UND_ASSERT(!driver->begun || now_ms >= driver->state.started_ms);
    driver->begun = driver->begun && stored;
    policy_restart(&driver->state, now_ms);
    driver->readings.changed = true;
}

/* Slots admitted as the phase has them. */
static bool phase_fits(const struct policy_host *host, int slots)
{
    UND_ASSERT(slots > 0);
    switch (host->phase) {
    case PHASE_SERVING:
    case PHASE_SUSPECT:
        return host->admitted == slots;
    case PHASE_RAMPING:
        return host->admitted > 0 && host->admitted < slots;
    case PHASE_DRAINED:
    case PHASE_MAINTENANCE:
        return host->admitted == 0;
    case PHASE_COUNT:
        break;
    }
    return false;
}

static bool times_fit(const struct policy_host *host, int64_t now_ms)
{
    int i;
    if (host->detected_ms > now_ms || host->clear_ms > now_ms || host->ramp_start_ms > now_ms)
        return false;
    for (i = 0; i < POLICY_FAILOVER_LOG; i++)
        if (host->failovers[i] > now_ms || host->detections[i] > now_ms)
            return false;
    for (i = 0; i < SIGN_COUNT; i++)
        if (host->sign_ms[i] > now_ms)
            return false;
    return true;
}

const char *driver_misfit(const struct driver *driver, const struct policy_state *state,
                          int64_t now_ms)
{
    const struct view *view = &driver->readings.view;
    bool nobody = true;
    int i;
    if (state->n != view->n)
        return "has another number of hosts";
    if (state->started_ms > now_ms || state->dark_ms > now_ms)
        return "has times that have not come yet";
    for (i = 0; i < state->n; i++) {
        if (!phase_fits(&state->host[i], view->host[i].slots))
            return "admits what its phase does not";
        if (!times_fit(&state->host[i], now_ms))
            return "has times that have not come yet";
        nobody = nobody && state->host[i].admitted == 0;
    }
    return nobody ? "admits nobody" : NULL;
}

void driver_resume(struct driver *driver, const struct policy_state *state, int64_t now_ms)
{
    UND_ASSERT(driver_misfit(driver, state, now_ms) == NULL);
    driver->state = *state;
    driver->begun = true;
    driver_restart(driver, now_ms, true);
    readings_doubt(&driver->readings);
}

/* Somebody has to be admitted: where all are out, nobody is left out. */
void driver_begin(struct driver *driver, int64_t now_ms, const bool out[POLICY_HOSTS],
                  int64_t block_ms)
{
    struct policy_state *state = &driver->state;
    int i, left = 0;
    UND_ASSERT(!driver->begun);
    UND_ASSERT(block_ms >= 0);
    policy_init(driver->config, state, now_ms, &driver->readings.view);
    driver->begun = true;
    driver->readings.changed = true;
    for (i = 0; i < state->n; i++)
        left += !out[i];
    for (i = 0; i < state->n && left > 0; i++) {
        if (!out[i])
            continue;
        state->host[i].phase = PHASE_DRAINED;
        state->host[i].admitted = 0;
        state->host[i].detected_ms = now_ms;
        state->host[i].blocked_until_ms = now_ms + block_ms;
    }
    UND_ASSERT(driver_misfit(driver, state, now_ms) == NULL); /* a later start takes it up */
    readings_doubt(&driver->readings);
}

void driver_take_back(struct driver *driver, const struct plan *plan)
{
    UND_ASSERT(driver->begun && plan->n == driver->state.n);
    memcpy(&driver->state, &driver->before,
           offsetof(struct policy_state, host) +
               (size_t)driver->state.n * sizeof driver->state.host[0]);
    driver->plan = *plan;
    driver->readings.changed = true;
}

bool driver_step(struct driver *driver, int64_t now_ms)
{
    return driver_decide(driver, now_ms, readings_view(&driver->readings, now_ms));
}

bool driver_settled(const struct driver *driver)
{
    UND_ASSERT(driver->plan.n == driver->readings.view.n);
    return driver->begun && policy_settled(driver->config, &driver->state, &driver->readings.view);
}

/* A day later every time of the policy has come. Trouble that is not due yet may stop returning
 * before that; what is busy or routed goes on without news. */
bool driver_waits_blind(const struct driver *driver, int64_t now_ms)
{
    const struct policy_state *state = &driver->state;
    const size_t size =
        offsetof(struct policy_state, host) + (size_t)state->n * sizeof state->host[0];
    struct policy_state later;
    struct view view = driver->readings.view;
    struct plan plan;
    int i;
    if (!driver->begun || !state->blind)
        return false;
    for (i = 0; i < view.n; i++) {
        if (state->host[i].phase == PHASE_SUSPECT &&
            now_ms - state->host[i].detected_ms < driver->config->persist_ms)
            return false;
        view.host[i].busy = view.host[i].running = view.host[i].routed = 0;
    }
    memcpy(&later, state, size);
    policy_step(driver->config, &later, now_ms + DAY_MS, &view, &plan);
    for (i = 0; i < view.n; i++)
        if (plan.host[i].notices != 0 || plan.host[i].admitted != driver->plan.host[i].admitted)
            return false;
    return plan.notices == 0 && memcmp(&later, state, size) == 0;
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
