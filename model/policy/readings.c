#include "readings.h"
#include "model/base/assert.h"

/* Assigns and notes whether that changed anything the policy would see. */
#define UPDATE(readings, field, value)                                                             \
    do {                                                                                           \
        if ((field) != (value)) {                                                                  \
            (field) = (value);                                                                     \
            (readings)->changed = true;                                                            \
        }                                                                                          \
    } while (0)

static void begin_host(struct view_host *host, int slots, enum tier tier, int health_checks)
{
    host->slots = slots;
    host->online = slots;
    host->busy = 0;
    host->routed = slots;
    host->offline_readings = 0;
    host->health_passes = health_checks;
    host->alerts = 0;
    host->probe = PROBE_UP;
    host->tier = tier;
    host->maintenance = false;
    host->acknowledged = false;
    host->running = 0;
    host->signs = 0;
}

void readings_init(struct readings *readings, const struct policy_config *config,
                   const struct readings_setup *setup, int64_t now_ms)
{
    int i, feed;
    UND_ASSERT(setup->n > 0 && setup->n <= POLICY_HOSTS);
    readings->config = config;
    readings->view.n = setup->n;
    readings->view.paused = false;
    for (i = 0; i < setup->n; i++) {
        UND_ASSERT(setup->host[i].slots > 0);
        begin_host(&readings->view.host[i], setup->host[i].slots, setup->host[i].tier,
                   config->health_checks);
        readings->misses[i] = 0;
        readings->jobs[i].n = 0;
    }
    for (feed = 0; feed < FEED_COUNT; feed++)
        readings->seen_ms[feed] = now_ms;
    readings->probe_misses = setup->probe_misses;
    readings->no_alerts = setup->no_alerts;
    readings->changed = true;
}

static void take_registrations(struct readings *readings, struct view_host *host,
                               const struct host_reading *seen)
{
    int confirm = readings->config->confirm;
    int offline = seen->online > 0                   ? 0
                  : host->offline_readings < confirm ? host->offline_readings + 1
                                                     : confirm;
    UND_ASSERT(seen->online >= 0 && seen->online <= host->slots);
    UND_ASSERT(offline <= confirm); /* saturated */
    UPDATE(readings, host->online, seen->online);
    UPDATE(readings, host->offline_readings, offline);
    host->busy = seen->busy;
    host->routed = seen->routed;
    host->running = seen->running;
}

#define OTHERS 3 /* ends of jobs elsewhere that acquit the rest of the fleet */

/* --- signs ----------------------------------------------------------------------------------- */

static void note_end(struct readings_jobs *jobs, int64_t now_ms, bool failed)
{
    UND_ASSERT(jobs->n == 0 || jobs->at_ms[(jobs->n - 1) % READINGS_JOBS] <= now_ms);
    jobs->at_ms[jobs->n % READINGS_JOBS] = now_ms;
    jobs->failed[jobs->n++ % READINGS_JOBS] = failed;
}

static void note_ends(struct readings *readings, int i, int64_t now_ms,
                      const struct host_reading *seen)
{
    int k;
    for (k = 0; k < seen->done; k++)
        note_end(&readings->jobs[i], now_ms, false);
    for (k = 0; k < seen->failed; k++)
        note_end(&readings->jobs[i], now_ms, true);
}

/* Of the ends of jobs since `since_ms`: how many, and how many failed. */
static int count_ends(const struct readings_jobs *jobs, int64_t since_ms, int *failed)
{
    int kept = jobs->n < READINGS_JOBS ? jobs->n : READINGS_JOBS, n;
    *failed = 0;
    for (n = 0; n < kept; n++) {
        int at = (jobs->n - 1 - n) % READINGS_JOBS;
        if (jobs->at_ms[at] < since_ms)
            break;
        *failed += jobs->failed[at];
    }
    return n;
}

/* Since when at least the share has failed, looking back over no fewer than the last so many jobs;
 * -1: it has not. */
static int64_t failing_since(const struct policy_config *config, const struct readings_jobs *jobs,
                             int64_t now_ms)
{
    int kept = jobs->n < READINGS_JOBS ? jobs->n : READINGS_JOBS, n, failed = 0;
    int64_t since_ms = -1, failed_ms = -1;
    for (n = 1; n <= kept; n++) {
        int at = (jobs->n - n) % READINGS_JOBS;
        if (jobs->at_ms[at] < now_ms - config->failure_within_ms)
            break;
        failed += jobs->failed[at];
        failed_ms = jobs->failed[at] ? jobs->at_ms[at] : failed_ms;
        if (n < config->failure_jobs)
            continue;
        if (failed * 1000 < config->failure_pm * n)
            break;
        since_ms = failed_ms;
    }
    UND_ASSERT(since_ms <= now_ms);
    return since_ms;
}

/* Its jobs fail, and of those that have ended elsewhere since then less than a quarter as large a
 * share. Fewer than OTHERS from elsewhere tell nothing: then it may not be the host. */
static bool fails_alone(const struct readings *readings, int i, int64_t now_ms)
{
    const struct policy_config *config = readings->config;
    int64_t since_ms = failing_since(config, &readings->jobs[i], now_ms);
    int others = 0, others_failed = 0, j, failed;
    if (since_ms < 0)
        return false;
    for (j = 0; j < readings->view.n; j++) {
        if (j == i)
            continue;
        others += count_ends(&readings->jobs[j], since_ms, &failed);
        others_failed += failed;
    }
    UND_ASSERT(others_failed <= others);
    return others >= OTHERS && others_failed * 4000 < config->failure_pm * others;
}

/* A share that fails is one of the last jobs at least, so none that is enough stays none while the
 * oldest fall out of the window; what the others acquit may not stay acquitted. */
bool readings_still(const struct readings *readings, int64_t now_ms)
{
    const struct policy_config *config = readings->config;
    int i;
    for (i = 0; i < readings->view.n; i++)
        if (readings->view.host[i].signs != 0 ||
            (config->failure_jobs > 0 && failing_since(config, &readings->jobs[i], now_ms) >= 0))
            return false;
    return true;
}

static bool shows_idle(const struct host_reading *seen)
{
    int taken = seen->busy > seen->running ? seen->busy : seen->running;
    return seen->routed > 0 && seen->online > taken;
}

/* A job waits, it shows idle slots and has started none. A host that shows idle slots and does
 * start jobs acquits all: then GitHub is slow to hand them out. */
static bool is_deaf(const struct readings *readings, const struct host_reading *hosts, int i)
{
    int64_t after_ms = readings->config->deaf_after_ms;
    int j;
    if (hosts[i].waiting_ms < after_ms || hosts[i].quiet_ms < after_ms || !shows_idle(&hosts[i]))
        return false;
    for (j = 0; j < readings->view.n; j++)
        if (shows_idle(&hosts[j]) && hosts[j].quiet_ms < after_ms)
            return false;
    return true;
}

static void take_signs(struct readings *readings, int i, int64_t now_ms,
                       const struct host_reading *hosts)
{
    const struct policy_config *config = readings->config;
    unsigned signs = 0;
    if (config->deaf_after_ms > 0 && is_deaf(readings, hosts, i))
        signs |= 1u << SIGN_DEAF;
    /* Where no listener is online a canary that waits says nothing that GitHub does not. */
    if (config->canary_late_ms > 0 && hosts[i].canary_ms >= config->canary_late_ms &&
        hosts[i].online > 0)
        signs |= 1u << SIGN_CANARY;
    if (config->failure_jobs > 0 && fails_alone(readings, i, now_ms))
        signs |= 1u << SIGN_FAILURES;
    UPDATE(readings, readings->view.host[i].signs, signs);
}

/* A set of severities, as a journal records it. */
static void take_alerts(struct readings *readings, struct view_host *host, unsigned severities)
{
    UND_ASSERT(severities >> SEVERITY_COUNT == 0);
    UPDATE(readings, host->alerts, severities);
}

static void take_probe(struct readings *readings, int i, bool answered)
{
    enum probe probe = PROBE_UP;
    UND_ASSERT(readings->misses[i] <= readings->probe_misses); /* saturated */
    if (answered)
        readings->misses[i] = 0;
    else if (readings->misses[i] < readings->probe_misses)
        UPDATE(readings, readings->misses[i], readings->misses[i] + 1);
    if (readings->misses[i] >= readings->probe_misses)
        probe = PROBE_DOWN;
    else if (readings->misses[i] > 0)
        probe = PROBE_UNKNOWN;
    UPDATE(readings, readings->view.host[i].probe, probe);
}

/* The health check before and during a failback: every feed is fresh, GitHub shows a registration
 * online, the last probe was answered, and no alert of the policy's severities fires for the host.
 * What cannot be seen is not passed. */
static bool readings_healthy(const struct policy_config *config, const struct view *view, int host)
{
    const struct view_host *seen = &view->host[host];
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > config->stale_after_ms)
            return false;
    return seen->online > 0 && seen->probe == PROBE_UP && (seen->alerts & config->severities) == 0;
}

static void check_health(struct readings *readings, int i)
{
    const struct policy_config *config = readings->config;
    int *passes = &readings->view.host[i].health_passes;
    int next = *passes < config->health_checks ? *passes + 1 : *passes;
    UND_ASSERT(*passes <= config->health_checks); /* saturated */
    if (!readings_healthy(config, &readings->view, i))
        next = 0;
    UPDATE(readings, *passes, next);
}

void readings_take(struct readings *readings, enum poll poll, int64_t now_ms,
                   const struct host_reading *hosts)
{
    struct view *view = &readings->view;
    int i;
    UND_ASSERT(hosts || poll == POLL_HEALTH);
    switch (poll) {
    case POLL_GITHUB:
        for (i = 0; i < view->n; i++)
            take_registrations(readings, &view->host[i], &hosts[i]);
        for (i = 0; i < view->n; i++)
            note_ends(readings, i, now_ms, &hosts[i]);
        for (i = 0; i < view->n; i++)
            take_signs(readings, i, now_ms, hosts);
        break;
    case POLL_ALERTS:
        for (i = 0; i < view->n; i++)
            take_alerts(readings, &view->host[i], hosts[i].severities);
        break;
    case POLL_PROBE:
        for (i = 0; i < view->n; i++)
            take_probe(readings, i, hosts[i].answered);
        break;
    case POLL_HEALTH:
        readings_view(readings, now_ms);
        for (i = 0; i < view->n; i++)
            check_health(readings, i);
        return;
    case POLL_COUNT:
        UND_UNREACHABLE();
    }
    readings->seen_ms[poll] = now_ms;
}

void readings_hint(struct readings *readings, int host, unsigned severities)
{
    UND_ASSERT(host >= 0 && host < readings->view.n);
    take_alerts(readings, &readings->view.host[host],
                readings->view.host[host].alerts | severities);
}

void readings_maintenance(struct readings *readings, int host, bool asked)
{
    UND_ASSERT(host >= 0 && host < readings->view.n);
    UPDATE(readings, readings->view.host[host].maintenance, asked);
}

void readings_acknowledge(struct readings *readings, int host, bool acknowledged)
{
    UND_ASSERT(host >= 0 && host < readings->view.n);
    UPDATE(readings, readings->view.host[host].acknowledged, acknowledged);
}

void readings_pause(struct readings *readings, bool paused)
{
    UPDATE(readings, readings->view.paused, paused);
}

void readings_doubt(struct readings *readings)
{
    int i;
    for (i = 0; i < readings->view.n; i++)
        UPDATE(readings, readings->view.host[i].health_passes, 0);
}

const struct view *readings_view(struct readings *readings, int64_t now_ms)
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        UND_ASSERT(readings->seen_ms[feed] <= now_ms);
        readings->view.age_ms[feed] = now_ms - readings->seen_ms[feed];
    }
    if (readings->no_alerts)
        readings->view.age_ms[FEED_ALERTS] = 0;
    return &readings->view;
}
