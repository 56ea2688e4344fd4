#include "feed.h"
#include "live/act/canary.h"
#include "live/monitoring/probe.h"
#include "model/base/assert.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAILBOX 32
#define NUDGED_MS 2000 /* real: however much is heard, GitHub is polled no more often */
#define SINCE_MS 60000 /* real: a run that ended longer ago than this and three polls is old */

struct feeds {
    const struct fleet *fleet;
    const struct fleet_clock *pace;
    const atomic_bool *cancel;
    /* Each used by its own thread only. */
    struct github_client *github;
    struct prometheus_client *prometheus;
    struct alertmanager_client *alertmanager;
    struct probe_set *probe;
    struct job_reader reader;
    struct job_signs signs;
    struct canary canary;
    struct feed_reading scratch[FEED_COUNT]; /* being filled */
    pthread_t thread[FEED_COUNT];
    int n_threads;
    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t posted, moved;
    struct feed_reading mail[MAILBOX];
    size_t first, n;
    bool closing, nudged, woken;
    /* GitHub's thread's: */
    int64_t jobs_due_ms;
    struct job_signs counts; /* where the policy does not look at the jobs */
    int64_t cost;            /* requests of the last poll that counted */
};

/* Moves scratch[feed] into the mailbox; the oldest reading goes where there is no room. */
static void post(struct feeds *feeds, enum feed feed)
{
    pthread_mutex_lock(&feeds->lock);
    if (feeds->n == MAILBOX) {
        feeds->first = (feeds->first + 1) % MAILBOX;
        feeds->n--;
    }
    feeds->mail[(feeds->first + feeds->n++) % MAILBOX] = feeds->scratch[feed];
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
    while (feeds->n == 0 && code == 0 && !feeds->woken)
        code = pthread_cond_timedwait(&feeds->posted, &feeds->lock, &end);
    feeds->woken = false;
    took = feeds->n > 0;
    if (took) {
        *out = feeds->mail[feeds->first];
        feeds->first = (feeds->first + 1) % MAILBOX;
        feeds->n--;
    }
    pthread_mutex_unlock(&feeds->lock);
    return took;
}

void feeds_nudge(struct feeds *feeds)
{
    pthread_mutex_lock(&feeds->lock);
    feeds->nudged = feeds->woken = true;
    pthread_cond_broadcast(&feeds->moved);
    pthread_cond_broadcast(&feeds->posted);
    pthread_mutex_unlock(&feeds->lock);
}

/* Until at_ms (fleet time), or until nudged but not before nudged_ms (real); false: closing. In
 * naps, so that a cancellation (which signals nobody) is seen soon. */
static bool sleep_until(struct feeds *feeds, int64_t at_ms, int64_t nudged_ms)
{
    bool stop = false;
    pthread_mutex_lock(&feeds->lock);
    for (;;) {
        int64_t left_ms = at_ms - fleet_clock_now_ms(feeds->pace);
        int64_t nap_ms;
        struct timespec end;
        stop = feeds->closing || (feeds->cancel && atomic_load(feeds->cancel));
        if (stop || left_ms <= 0 ||
            (nudged_ms < INT64_MAX && feeds->nudged && http_monotonic_ms() >= nudged_ms))
            break;
        nap_ms = fleet_clock_real_ms(feeds->pace, left_ms);
        deadline(&end, nap_ms < 100 ? nap_ms : 100);
        pthread_cond_timedwait(&feeds->moved, &feeds->lock, &end);
    }
    if (nudged_ms < INT64_MAX)
        feeds->nudged = false;
    pthread_mutex_unlock(&feeds->lock);
    return !stop;
}

bool feeds_have_alerts(const struct feeds *feeds)
{
    return feeds->prometheus || feeds->alertmanager;
}

/* The policy makes something of it. */
static bool policy_looks_at_jobs(const struct fleet *fleet)
{
    const struct policy_config *policy = &fleet->policy;
    return fleet->has_policy && fleet->live.github.repository[0] &&
           (policy->deaf_after_ms > 0 || policy->failure_jobs > 0 || canary_wanted(fleet));
}

static void send_canary(struct feeds *feeds, struct feed_reading *reading)
{
    struct und_err err = {0};
    if (!canary_wanted(feeds->fleet) || !feeds->fleet->live.allow_actions)
        return;
    if (canary_send(&feeds->canary, reading->hosts, reading->said, &err) != UND_OK)
        snprintf(reading->said, sizeof reading->said, "no canary: %.200s", err.text);
}

static void count_ends(const struct host_reading *from, struct feed_reading *reading)
{
    int i;
    for (i = 0; i < FLEET_HOSTS; i++) {
        reading->done[i] = from[i].done;
        reading->failed[i] = from[i].failed;
    }
}

/* While they cannot be read nothing is made of what was read before: a job may have started. */
static void read_jobs(struct feeds *feeds, const struct github_runners *runners,
                      struct feed_reading *reading)
{
    int64_t since_ms =
        http_wall_ms() -
        3 * fleet_clock_real_ms(feeds->pace, feeds->fleet->controller.github_poll_ms) - SINCE_MS;
    reading->jobs_read = true;
    if (job_reader_look(&feeds->reader, since_ms, NULL, 0, &reading->jobs) != UND_OK)
        return;
    queue_sum_up(&reading->queue, feeds->fleet, runners, &feeds->reader);
    if (policy_looks_at_jobs(feeds->fleet)) {
        job_signs_note(&feeds->signs, &feeds->reader);
        job_signs_fill(&feeds->signs, &feeds->reader, runners, reading->hosts);
        count_ends(reading->hosts, reading);
        reading->n_ends = job_signs_ends(&feeds->signs, reading->end);
        canary_note(&feeds->canary, &feeds->reader, reading->hosts);
        send_canary(feeds, reading);
    } else {
        struct host_reading people[FLEET_HOSTS] = {0};
        job_signs_note(&feeds->counts, &feeds->reader);
        job_signs_fill(&feeds->counts, &feeds->reader, runners, people);
        count_ends(people, reading);
        reading->n_ends = job_signs_ends(&feeds->counts, reading->end);
    }
}

/* For people they are read now and then. */
static bool jobs_due(struct feeds *feeds)
{
    int64_t now_ms = fleet_clock_now_ms(feeds->pace);
    if (!feeds->fleet->live.github.repository[0] ||
        (!policy_looks_at_jobs(feeds->fleet) && now_ms < feeds->jobs_due_ms))
        return false;
    feeds->jobs_due_ms = now_ms + FEED_QUEUE_MS;
    return true;
}

static void read_github(struct feeds *feeds, struct feed_reading *reading)
{
    int64_t before = github_limits(feeds->github)->remaining;
    struct github_runners runners = {0};
    if (github_runners(feeds->github, &runners, &reading->error) == UND_OK) {
        reading->strays = attribution_count(feeds->fleet, &runners, reading->hosts);
        if (jobs_due(feeds))
            read_jobs(feeds, &runners, reading);
        if (feeds->fleet->live.allow_actions && !reading->said[0])
            canary_take_back(&feeds->canary, reading->said);
    }
    reading->requests_left = github_limits(feeds->github)->remaining;
    if (before >= reading->requests_left && reading->requests_left >= 0)
        feeds->cost = before - reading->requests_left;
    github_runners_fini(&runners);
}

static void note_severities(const struct attribution_alerts *alerts, struct feed_reading *reading)
{
    int i;
    for (i = 0; i < FLEET_HOSTS; i++) {
        reading->hosts[i].severities = alerts[i].severities;
        reading->alert_ms[i] = alerts[i].active_wall_ms;
    }
}

static void read_prometheus(struct feeds *feeds, struct feed_reading *reading)
{
    struct attribution_alerts found[FLEET_HOSTS];
    struct prometheus_alerts alerts = {0};
    if (prometheus_client_alerts(feeds->prometheus, &alerts, &reading->error) == UND_OK) {
        attribution_alerts(feeds->fleet, &alerts, found);
        note_severities(found, reading);
    }
    prometheus_alerts_fini(&alerts);
}

static void read_alertmanager(struct feeds *feeds, struct feed_reading *reading)
{
    struct attribution_alerts found[FLEET_HOSTS];
    struct alertmanager_alerts alerts = {0};
    if (alertmanager_client_alerts(feeds->alertmanager, &alerts, &reading->error) == UND_OK) {
        attribution_listed(feeds->fleet, &alerts, found);
        note_severities(found, reading);
    }
    alertmanager_alerts_fini(&alerts);
}

static void read_probe(struct feeds *feeds, struct feed_reading *reading)
{
    struct probe_result results[FLEET_HOSTS];
    int i;
    probe_look(feeds->probe, results);
    for (i = 0; i < feeds->fleet->n_hosts; i++)
        reading->hosts[i].answered = results[i].answered;
}

static void poll_once(struct feeds *feeds, enum feed feed)
{
    struct feed_reading *reading = &feeds->scratch[feed];
    *reading = (struct feed_reading){
        .feed = feed, .begun_ms = fleet_clock_now_ms(feeds->pace), .requests_left = -1};
    switch (feed) {
    case FEED_GITHUB:
        read_github(feeds, reading);
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
    reading->at_ms = fleet_clock_now_ms(feeds->pace);
}

int64_t feeds_pace_ms(int64_t cost, int64_t left, int64_t interval_ms, int64_t most_ms)
{
    int64_t usable = left - left / 10, pace_ms;
    if (left < 0 || cost <= 0)
        return interval_ms;
    pace_ms = usable > 0 ? cost * 3600000 / usable : most_ms;
    pace_ms = pace_ms < most_ms ? pace_ms : most_ms;
    return pace_ms > interval_ms ? pace_ms : interval_ms;
}

/* GitHub's interval in fleet time. What its hour leaves comes first, but never so far that the feed
 * would go stale. */
static int64_t github_interval_ms(struct feeds *feeds, int64_t interval_ms)
{
    const struct feed_reading *reading = &feeds->scratch[FEED_GITHUB];
    int64_t most_ms = feeds->fleet->policy.stale_after_ms / 3;
    return fleet_clock_fleet_ms(
        feeds->pace,
        feeds_pace_ms(feeds->cost, reading->requests_left,
                      fleet_clock_real_ms(feeds->pace, interval_ms),
                      most_ms > 0 ? fleet_clock_real_ms(feeds->pace, most_ms) : INT64_MAX));
}

static void follow(struct feeds *feeds, enum feed feed, int64_t interval_ms)
{
    int64_t next_ms = fleet_clock_now_ms(feeds->pace), nudged_ms;
    do {
        poll_once(feeds, feed);
        post(feeds, feed);
        next_ms += feed == FEED_GITHUB ? github_interval_ms(feeds, interval_ms) : interval_ms;
        nudged_ms = feed == FEED_GITHUB ? http_monotonic_ms() + NUDGED_MS : INT64_MAX;
        if (next_ms < fleet_clock_now_ms(feeds->pace)) /* it took longer than its interval: skip */
            next_ms = fleet_clock_now_ms(feeds->pace) + 1;
    } while (sleep_until(feeds, next_ms, nudged_ms));
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
    const struct http_config base = {.cancel = feeds->cancel,
                                     .attempts = 2,
                                     .backoff_ms =
                                         fleet_clock_real_ms(feeds->pace, HTTP_BACKOFF_MS)};
    int64_t interval_ms;
    if (github_open(&feeds->github, live, &base, err) != UND_OK)
        return err->code;
    job_reader_init(&feeds->reader, feeds->github, live->canary.workflow);
    job_signs_init(&feeds->signs, feeds->fleet, feeds->pace);
    job_signs_init(&feeds->counts, feeds->fleet, feeds->pace);
    interval_ms = fleet_clock_real_ms(feeds->pace, feeds->fleet->controller.probe_interval_ms);
    probe_open(&feeds->probe, feeds->fleet, interval_ms, interval_ms < 5000 ? interval_ms : 5000);
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
    pthread_cond_init(&feeds->moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum und_code feeds_open(struct feeds **out, const struct fleet *fleet,
                         const struct fleet_clock *pace, const atomic_bool *cancel,
                         struct journal *journal, int64_t run, struct und_err *err)
{
    void *(*const threads[])(void *) = {follow_github, follow_probe, follow_alerts};
    struct feeds *feeds = calloc(1, sizeof *feeds);
    int n;
    UND_ASSERT(feeds != NULL);
    *out = NULL;
    feeds->fleet = fleet;
    feeds->pace = pace;
    feeds->cancel = cancel;
    init_locks(feeds);
    open_clients(feeds, err);
    canary_open(&feeds->canary, fleet, pace, feeds->github, journal, run);
    feeds->canary.keeps = true;
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
    pthread_cond_broadcast(&feeds->moved);
    pthread_mutex_unlock(&feeds->lock);
    for (i = 0; i < feeds->n_threads; i++)
        pthread_join(feeds->thread[i], NULL);
    canary_close(&feeds->canary);
    job_reader_fini(&feeds->reader);
    github_close(feeds->github);
    prometheus_client_close(feeds->prometheus);
    alertmanager_client_close(feeds->alertmanager);
    probe_close(feeds->probe);
    pthread_cond_destroy(&feeds->posted);
    pthread_cond_destroy(&feeds->moved);
    pthread_mutex_destroy(&feeds->lock);
    free(feeds);
}
