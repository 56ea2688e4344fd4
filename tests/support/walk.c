#include "walk.h"

#include "sim/engine/stream.h"
#include "sim/explore/sequence.h"

#include <string.h>

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DUES 256

static struct stream stream;

static int pick(int n)
{
    return (int)(stream_uniform(&stream) * n);
}

static int one_in(int n)
{
    return pick(n) == 0;
}

#define ONE_OF(...)                                                                                \
    ((const int64_t[]){__VA_ARGS__}[pick((int)(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t)))])

/* ---- policies and fleets ---- */

static void draw_signs(struct policy_config *config)
{
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++) {
        config->signs[sign].then = (unsigned)ONE_OF(0, 1, 2, 3);
        config->signs[sign].lasts_ms = ONE_OF(0, MINUTE, 3 * MINUTE);
    }
    config->partial_pm = ONE_OF(400, 500, 800);
    config->returns_within_ms = ONE_OF(0, 10 * MINUTE);
    config->returns = (int)ONE_OF(2, 3);
    config->hold_ms = ONE_OF(0, 10 * MINUTE);
}

static void draw_policy(struct policy_config *config, int signs)
{
    *config = (struct policy_config){
        .persist_ms = ONE_OF(5 * MINUTE, 5 * MINUTE, 2 * MINUTE, 0),
        .ramp_ms = ONE_OF(10 * MINUTE, 10 * MINUTE, 3 * MINUTE, 0),
        .clear_for_ms = ONE_OF(0, 0, MINUTE, 4 * MINUTE),
        .stale_after_ms = 2 * MINUTE,
        .block_ms = ONE_OF(HOUR, 20 * MINUTE, 0),
        .grace_ms = ONE_OF(0, 2 * MINUTE, 7 * MINUTE),
        .page_after_ms = ONE_OF(5 * MINUTE, 0, MINUTE),
        .max_failovers = (int)ONE_OF(1, 1, 2, 3),
        .health_checks = (int)ONE_OF(1, 2, 0),
        .confirm = (int)ONE_OF(3, 1, 2),
        .severities = (unsigned)ONE_OF(4, 4, 12, 2),
        .overflow = !one_in(3),
    };
    if (signs)
        draw_signs(config);
}

static void draw_fleet(struct view *view)
{
    int i;
    memset(view, 0, sizeof *view);
    view->n = (int)ONE_OF(2, 2, 2, 3, 1);
    for (i = 0; i < view->n; i++) {
        view->host[i].slots = (int)ONE_OF(1, 2, 3, 4);
        view->host[i].tier = i == 0 || one_in(4) ? TIER_PRIMARY : TIER_BACKUP;
    }
}

/* ---- what is seen ---- */

enum mood { WELL, ALERTED, DEAD, LIES, HALF, ANY, MOODS };

static void well(const struct policy_config *config, struct view_host *host)
{
    host->online = host->routed = host->slots;
    host->offline_readings = 0;
    host->health_passes = config->health_checks + (one_in(3) ? 1 : 0);
    host->alerts = 0;
    host->probe = PROBE_UP;
    host->signs = 0;
}

static void see(const struct policy_config *config, struct view_host *host, enum mood mood)
{
    well(config, host);
    switch (mood) {
    case WELL:
        if (one_in(3))
            host->health_passes = config->health_checks > 0 ? config->health_checks - 1 : 0;
        break;
    case ALERTED:
        host->alerts = (unsigned)ONE_OF(4, 12, 2, 1, 8, 15);
        break;
    case DEAD:
        host->online = 0;
        host->offline_readings = config->confirm + (one_in(3) ? 2 : 0);
        host->health_passes = 0;
        host->probe = PROBE_DOWN;
        break;
    case LIES: /* the two signals contradict each other */
        if (one_in(2)) {
            host->probe = PROBE_DOWN;
        } else {
            host->online = 0;
            host->offline_readings = config->confirm;
            host->probe = one_in(2) ? PROBE_UP : PROBE_UNKNOWN;
        }
        break;
    case HALF:
        host->online = host->slots > 1 ? 1 : 0;
        host->signs = (unsigned)pick(1 << SIGN_COUNT);
        break;
    case ANY:
    case MOODS:
        host->online = pick(host->slots + 1);
        host->offline_readings = pick(config->confirm + 2);
        host->health_passes = pick(config->health_checks + 2);
        host->alerts = (unsigned)pick(16);
        host->probe = (enum probe)pick(3);
        host->signs = (unsigned)pick(1 << SIGN_COUNT);
        break;
    }
    host->busy = one_in(2) ? 0 : pick(host->online + 1);
    host->running = one_in(3) ? host->busy : 0;
    host->routed = one_in(2) ? 0 : host->routed;
}

static void look_again(const struct policy_config *config, struct view *view)
{
    int i, feed;
    for (i = 0; i < view->n; i++) {
        if (one_in(2))
            see(config, &view->host[i],
                (enum mood)ONE_OF(WELL, WELL, WELL, ALERTED, ALERTED, DEAD, DEAD, LIES, HALF, ANY));
        if (view->host[i].maintenance ? one_in(3) : one_in(10))
            view->host[i].maintenance = !view->host[i].maintenance;
    }
    if (view->paused ? one_in(2) : one_in(15))
        view->paused = !view->paused;
    for (feed = 0; feed < FEED_COUNT; feed++)
        view->age_ms[feed] = one_in(12)   ? ONE_OF(2 * MINUTE, 2 * MINUTE + 1, 10 * MINUTE)
                             : one_in(10) ? ONE_OF(1, SECOND, MINUTE)
                                          : 0;
}

/* ---- when ---- */

struct dues {
    int64_t at_ms[DUES];
    int n;
};

static void due(struct dues *dues, int64_t now_ms, int64_t at_ms)
{
    if (at_ms > now_ms && dues->n < DUES)
        dues->at_ms[dues->n++] = at_ms;
}

static void host_dues(const struct sequence *s, int i, struct dues *dues)
{
    const struct policy_host *host = &s->state.host[i];
    const struct policy_config *config = &s->config;
    int k, slots = s->view.host[i].slots;
    if (host->phase == PHASE_SUSPECT)
        due(dues, s->at_ms, host->detected_ms + config->persist_ms);
    if (host->phase == PHASE_DRAINED && host->clear_ms >= 0)
        due(dues, s->at_ms, host->clear_ms + config->clear_for_ms);
    if (host->phase == PHASE_DRAINED)
        due(dues, s->at_ms, host->blocked_until_ms);
    if (host->phase == PHASE_DRAINED)
        due(dues, s->at_ms, host->hidden_until_ms);
    for (k = 1; host->phase == PHASE_RAMPING && k < slots; k++)
        due(dues, s->at_ms, host->ramp_start_ms + config->ramp_ms * k / (slots - 1));
    for (k = 0; k < host->failover_count && k < POLICY_FAILOVER_LOG; k++)
        if (one_in(4))
            due(dues, s->at_ms, host->failovers[k] + HOUR);
    for (k = 0; k < SIGN_COUNT; k++)
        if (host->sign_ms[k] >= 0)
            due(dues, s->at_ms, host->sign_ms[k] + config->signs[k].lasts_ms);
}

static int64_t next_time(const struct sequence *s)
{
    struct dues dues = {.n = 0};
    int64_t at_ms;
    int i;
    due(&dues, s->at_ms, s->state.started_ms + s->config.grace_ms);
    if (s->state.dark_ms >= 0 && !s->state.paged)
        due(&dues, s->at_ms, s->state.dark_ms + s->config.page_after_ms);
    for (i = 0; i < s->state.n; i++)
        host_dues(s, i, &dues);
    if (dues.n == 0 || one_in(3))
        return s->at_ms + ONE_OF(0, 1, SECOND, 20 * SECOND, MINUTE, 3 * MINUTE, 10 * MINUTE);
    at_ms = dues.at_ms[pick(dues.n)] + ONE_OF(0, 0, -1, 1);
    return at_ms < s->at_ms ? s->at_ms : at_ms;
}

void walk_write(FILE *out, uint64_t seed, int n, int steps, int signs)
{
    static struct sequence sequence;
    static struct policy_config config;
    static struct view view;
    int i, j;
    stream_seed(&stream, seed);
    for (i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "walk-%d-%d", (int)seed, i + 1);
        draw_policy(&config, signs);
        draw_fleet(&view);
        sequence_begin(&sequence, out, name, &config, &view);
        view = sequence.view;
        for (j = 0; j < steps; j++) {
            int64_t at_ms = next_time(&sequence);
            if (one_in(40)) {
                sequence_restart(&sequence, at_ms, one_in(3));
                continue;
            }
            /* What was seen stays for a while, so that trouble persists and recoveries complete. */
            if (!one_in(3))
                look_again(&config, &view);
            sequence_step(&sequence, at_ms, &view);
        }
        putc('\n', out);
    }
}
