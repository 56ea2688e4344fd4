#include "feed_internal.h"
#include "model/assert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool feeds_closing(struct feeds *feeds)
{
    bool closing;
    pthread_mutex_lock(&feeds->lock);
    closing = feeds->closing || (feeds->options.cancel && atomic_load(feeds->options.cancel));
    pthread_mutex_unlock(&feeds->lock);
    return closing;
}

void feed_reading_fini(struct feed_reading *reading)
{
    github_jobs_fini(&reading->jobs);
}

void feeds_post(struct feeds *feeds, enum feed feed)
{
    pthread_mutex_lock(&feeds->lock);
    if (feeds->n == FEED_MAILBOX) {
        feed_reading_fini(&feeds->mail[feeds->first]);
        feeds->first = (feeds->first + 1) % FEED_MAILBOX;
        feeds->n--;
    }
    feeds->mail[(feeds->first + feeds->n++) % FEED_MAILBOX] = feeds->scratch[feed];
    pthread_cond_broadcast(&feeds->posted);
    pthread_mutex_unlock(&feeds->lock);
}

static void deadline(struct timespec *at, int64_t real_ms)
{
    clock_gettime(CLOCK_MONOTONIC, at);
    at->tv_sec += real_ms / 1000;
    at->tv_nsec += real_ms % 1000 * 1000000;
    if (at->tv_nsec >= 1000000000) {
        at->tv_sec++;
        at->tv_nsec -= 1000000000;
    }
}

bool feeds_take(struct feeds *feeds, int64_t timeout_ms, struct feed_reading *out)
{
    struct timespec end;
    int code = 0;
    bool took;
    deadline(&end, timeout_ms);
    pthread_mutex_lock(&feeds->lock);
    while (feeds->n == 0 && code == 0)
        code = pthread_cond_timedwait(&feeds->posted, &feeds->lock, &end);
    took = feeds->n > 0;
    if (took) {
        *out = feeds->mail[feeds->first];
        feeds->first = (feeds->first + 1) % FEED_MAILBOX;
        feeds->n--;
    }
    pthread_mutex_unlock(&feeds->lock);
    return took;
}

/* In naps, so that a cancellation (which signals nobody) is seen soon. */
bool feeds_sleep(struct feeds *feeds, int64_t until_ms, bool nudgeable)
{
    bool stop = false;
    pthread_mutex_lock(&feeds->lock);
    for (;;) {
        int64_t left_ms = until_ms - pace_now_ms(feeds->pace);
        int64_t nap_ms;
        struct timespec end;
        stop = feeds->closing || (feeds->options.cancel && atomic_load(feeds->options.cancel));
        if (stop || left_ms <= 0 || (nudgeable && feeds->nudged))
            break;
        nap_ms = pace_real_ms(feeds->pace, left_ms);
        deadline(&end, nap_ms < 100 ? nap_ms : 100);
        pthread_cond_timedwait(&feeds->wanted, &feeds->lock, &end);
    }
    if (nudgeable)
        feeds->nudged = false;
    pthread_mutex_unlock(&feeds->lock);
    return !stop;
}

void feeds_want(struct feeds *feeds, const struct plan *plan)
{
    bool news = false;
    int i;
    pthread_mutex_lock(&feeds->lock);
    for (i = 0; i < plan->n; i++)
        news = news || feeds->plan.n != plan->n ||
               feeds->plan.host[i].admitted != plan->host[i].admitted;
    feeds->plan = *plan;
    if (news && feeds->options.act) {
        feeds->nudged = true;
        pthread_cond_broadcast(&feeds->wanted);
    }
    pthread_mutex_unlock(&feeds->lock);
}

void feeds_nudge(struct feeds *feeds)
{
    pthread_mutex_lock(&feeds->lock);
    feeds->nudged = true;
    pthread_cond_broadcast(&feeds->wanted);
    pthread_mutex_unlock(&feeds->lock);
}

bool feeds_have_alerts(const struct feeds *feeds)
{
    return feeds->prometheus || feeds->alertmanager;
}

static void read_prometheus(struct feeds *feeds, struct feed_reading *reading)
{
    struct prometheus_alerts alerts = {0};
    size_t i;
    if (prometheus_client_alerts(feeds->prometheus, &alerts, &reading->error) == UND_OK)
        roster_alerts(feeds->fleet, &alerts, reading->severities);
    for (i = 0; i < FLEET_HOSTS; i++)
        reading->active_wall_ms[i] = -1;
    for (i = 0; i < alerts.n; i++) {
        const struct prometheus_alert *alert = &alerts.item[i];
        int host = roster_of_labels(feeds->fleet, alert->labels);
        if (host < 0)
            continue;
        reading->pending[host] = reading->pending[host] || !alert->firing;
        if (reading->active_wall_ms[host] < 0 || alert->active_ms < reading->active_wall_ms[host])
            reading->active_wall_ms[host] = alert->active_ms;
    }
    prometheus_alerts_fini(&alerts);
}

/* Without Prometheus: what Alertmanager lists has fired; pending alerts it does not know. */
static void read_alertmanager(struct feeds *feeds, struct feed_reading *reading)
{
    struct alertmanager_alerts alerts = {0};
    size_t i;
    alertmanager_client_alerts(feeds->alertmanager, &alerts, &reading->error);
    for (i = 0; i < FLEET_HOSTS; i++)
        reading->active_wall_ms[i] = -1;
    for (i = 0; i < alerts.n; i++) {
        int host = roster_of_labels(feeds->fleet, alerts.item[i].labels);
        if (host < 0)
            continue;
        reading->severities[host] |= 1u << roster_severity(alerts.item[i].severity);
        if (reading->active_wall_ms[host] < 0 ||
            alerts.item[i].starts_ms < reading->active_wall_ms[host])
            reading->active_wall_ms[host] = alerts.item[i].starts_ms;
    }
    alertmanager_alerts_fini(&alerts);
}

static void read_probe(struct feeds *feeds, struct feed_reading *reading)
{
    int64_t interval_ms = pace_real_ms(feeds->pace, feeds->fleet->controller.probe_interval_ms);
    probe_round(feeds->probe, interval_ms < 5000 ? interval_ms : 5000, reading->answered,
                feeds->options.cancel);
}

static void poll_once(struct feeds *feeds, enum feed feed)
{
    struct feed_reading *reading = &feeds->scratch[feed];
    *reading = (struct feed_reading){.feed = feed,
                                     .begun_ms = pace_now_ms(feeds->pace),
                                     .requests_left = -1,
                                     .offset_error_ms = -1};
    switch (feed) {
    case FEED_GITHUB:
        feed_github_poll(feeds, reading);
        break;
    case FEED_ALERTS:
        if (feeds->prometheus)
            read_prometheus(feeds, reading);
        else
            read_alertmanager(feeds, reading);
        break;
    case FEED_PROBE:
        read_probe(feeds, reading);
        break;
    case FEED_COUNT:
        UND_UNREACHABLE();
    }
    reading->good = reading->error.code == UND_OK;
    reading->at_ms = pace_now_ms(feeds->pace);
}

static void follow(struct feeds *feeds, enum feed feed, int64_t interval_ms)
{
    int64_t next_ms = pace_now_ms(feeds->pace);
    do {
        poll_once(feeds, feed);
        feeds_post(feeds, feed);
        next_ms += interval_ms;
        if (next_ms < pace_now_ms(feeds->pace)) /* it took longer than its interval: skip */
            next_ms = pace_now_ms(feeds->pace) + 1;
    } while (feeds_sleep(feeds, next_ms, feed == FEED_GITHUB));
}

static void *follow_github(void *context)
{
    struct feeds *feeds = context;
    follow(feeds, FEED_GITHUB, feeds->fleet->controller.github_poll_ms);
    return NULL;
}

static void *follow_alerts(void *context)
{
    struct feeds *feeds = context;
    follow(feeds, FEED_ALERTS, feeds->fleet->controller.alerts_poll_ms);
    return NULL;
}

static void *follow_probe(void *context)
{
    struct feeds *feeds = context;
    follow(feeds, FEED_PROBE, feeds->fleet->controller.probe_interval_ms);
    return NULL;
}

static enum und_code open_clients(struct feeds *feeds, struct und_err *err)
{
    const struct live *live = &feeds->fleet->live;
    struct http_config base = {.cancel = feeds->options.cancel, .attempts = 2};
    if (github_open(&feeds->github, live, &base, err) != UND_OK ||
        probe_open(&feeds->probe, feeds->fleet, err) != UND_OK)
        return err->code;
    if (live->prometheus.url[0])
        return prometheus_client_open(&feeds->prometheus, &live->prometheus, &base, err);
    if (live->alertmanager.url[0])
        return alertmanager_client_open(&feeds->alertmanager, &live->alertmanager, &base, err);
    return UND_OK;
}

static void init_locks(struct feeds *feeds)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&feeds->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&feeds->posted, &monotonic);
    pthread_cond_init(&feeds->wanted, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum und_code feeds_open(struct feeds **out, const struct fleet *fleet, const struct pace *pace,
                         const struct feed_options *options, struct journal *journal, int64_t run,
                         struct und_err *err)
{
    void *(*const threads[])(void *) = {follow_github, follow_probe, follow_alerts};
    struct feeds *feeds = calloc(1, sizeof *feeds);
    int n;
    UND_ASSERT(feeds != NULL);
    UND_ASSERT(!options->act || fleet->live.allow_actions);
    *out = NULL;
    feeds->fleet = fleet;
    feeds->pace = pace;
    feeds->options = *options;
    feeds->journal = journal;
    feeds->run = run;
    init_locks(feeds);
    open_clients(feeds, err);
    n = feeds_have_alerts(feeds) ? 3 : 2;
    for (; err->code == UND_OK && feeds->n_threads < n; feeds->n_threads++)
        if (pthread_create(&feeds->thread[feeds->n_threads], NULL, threads[feeds->n_threads],
                           feeds) != 0) {
            und_fail(err, UND_SERVICE, "cannot start a thread: %s", strerror(errno));
            break;
        }
    if (err->code == UND_OK)
        *out = feeds;
    else
        feeds_close(feeds);
    return err->code;
}

void feeds_close(struct feeds *feeds)
{
    int i;
    if (!feeds)
        return;
    pthread_mutex_lock(&feeds->lock);
    feeds->closing = true;
    pthread_cond_broadcast(&feeds->wanted);
    pthread_mutex_unlock(&feeds->lock);
    for (i = 0; i < feeds->n_threads; i++)
        pthread_join(feeds->thread[i], NULL);
    for (; feeds->n > 0; feeds->n--, feeds->first = (feeds->first + 1) % FEED_MAILBOX)
        feed_reading_fini(&feeds->mail[feeds->first]);
    github_close(feeds->github);
    prometheus_client_close(feeds->prometheus);
    alertmanager_client_close(feeds->alertmanager);
    probe_close(feeds->probe);
    pthread_cond_destroy(&feeds->posted);
    pthread_cond_destroy(&feeds->wanted);
    pthread_mutex_destroy(&feeds->lock);
    free(feeds);
}
