#include "status.h"
#include "live/http/http.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED_MS (90LL * 24 * 3600 * 1000)

static enum und_code recall_incident(void *context, int64_t at_ms, const char *text,
                                     struct und_err *err)
{
    struct status *status = context;
    json_t *line = json_loads(text, 0, NULL);
    (void)at_ms, (void)err;
    if (line)
        incidents_recall(&status->incidents, status->fleet, line);
    json_decref(line);
    return UND_OK;
}

void status_refresh_drills(struct status *status, struct journal *journal)
{
    struct journal_run runs[4 * STATUS_DRILLS];
    struct und_err unread = {0};
    size_t n = 4 * STATUS_DRILLS, i;
    status->n_drills = 0;
    if (journal_runs(journal, runs, &n, &unread) != UND_OK)
        return;
    for (i = 0; i < n && status->n_drills < STATUS_DRILLS; i++)
        if (runs[i].kind == JOURNAL_DRILL)
            status->drill[status->n_drills++] = runs[i];
}

enum und_code status_init(struct status *status, const struct fleet *fleet, struct journal *journal,
                          struct und_err *err)
{
    int i;
    memset(status, 0, sizeof *status);
    status->fleet = fleet;
    status->started_ms = status->now_ms = http_wall_ms();
    status->last_ms = -1;
    status->requests_left = -1;
    incidents_init(&status->incidents);
    for (i = 0; i < FLEET_HOSTS; i++)
        status->alert_ms[i] = -1;
    status->queue.oldest_ms = -1;
    if (word_recall(&status->words, fleet, journal, status->now_ms, err) != UND_OK)
        return err->code;
    status_refresh_drills(status, journal);
    return journal_notes(journal, "incident", status->now_ms - REMEMBERED_MS, recall_incident,
                         status, err);
}

/* ---- following ---- */

void status_news(struct status *status, const char *format, ...)
{
    struct status_news *news = &status->news[status->n_news++ % STATUS_NEWS];
    va_list args;
    news->at_ms = http_wall_ms();
    va_start(args, format);
    vsnprintf(news->what, sizeof news->what, format, args);
    va_end(args);
}

const struct status_news *status_newest(const struct status *status, int64_t age)
{
    if (age >= status->n_news || age >= STATUS_NEWS)
        return NULL;
    return &status->news[(status->n_news - age - 1) % STATUS_NEWS];
}

int64_t status_moments(const struct status *status)
{
    return status->n_moments < STATUS_MOMENTS ? status->n_moments : STATUS_MOMENTS;
}

const struct status_moment *status_moment(const struct status *status, int64_t i)
{
    return &status->moment[(status->n_moments - status_moments(status) + i) % STATUS_MOMENTS];
}

/* After the clock was set back they begin anew. */
static void note_moment(struct status *status)
{
    struct status_moment moment = {.at_ms = status->now_ms,
                                   .waiting = status->queue.known ? status->queue.waiting : -1};
    int64_t n = status_moments(status), i;
    int64_t last_ms = n > 0 ? status_moment(status, n - 1)->at_ms : -1;
    if (status->now_ms < last_ms)
        status->n_moments = 0;
    else if (last_ms >= 0 && status->now_ms - last_ms < STATUS_MOMENT_MS)
        return;
    for (i = 0; i < status->view.n; i++) {
        moment.busy += status->view.host[i].busy;
        moment.online += status->view.host[i].online;
    }
    status->moment[status->n_moments++ % STATUS_MOMENTS] = moment;
}

bool status_paused(const struct status *status)
{
    return status->pause_file || word_now(&status->words, WORD_PAUSE, -1, status->now_ms) != NULL;
}

void status_heed(const struct status *status, struct watch *watch, int64_t now_ms)
{
    int i;
    watch_pause(watch, word_now(&status->words, WORD_PAUSE, -1, now_ms) != NULL);
    for (i = 0; i < status->fleet->n_hosts; i++) {
        const struct word *word = word_now(&status->words, WORD_ACKNOWLEDGE, i, now_ms);
        watch_maintenance(watch, i, word_now(&status->words, WORD_MAINTENANCE, i, now_ms) != NULL);
        watch_acknowledge(watch, i, word ? word->said_ms : -1);
    }
}

/* Trouble that is older than the monitor counts from its start: nobody measured it before. */
static void note_alerts(struct status *status, const struct feed_reading *reading)
{
    int i;
    for (i = 0; i < FLEET_HOSTS; i++) {
        int64_t since_ms = reading->alert_ms[i];
        status->alert_ms[i] =
            since_ms >= 0 && since_ms < status->started_ms ? status->started_ms : since_ms;
    }
}

static void note_reading(struct status *status, const struct feed_reading *reading)
{
    struct status_feed *feed = &status->feed[reading->feed];
    int i;
    feed->good += reading->good;
    feed->failed += !reading->good;
    snprintf(feed->error, sizeof feed->error, "%.299s", reading->good ? "" : reading->error.text);
    if (reading->feed == FEED_GITHUB && reading->requests_left >= 0)
        status->requests_left = reading->requests_left;
    if (!reading->good)
        return;
    if (reading->feed == FEED_GITHUB)
        status->strays = reading->strays;
    if (reading->jobs_read)
        snprintf(status->queue_error, sizeof status->queue_error, "%.299s", reading->jobs.text);
    if (reading->queue.known)
        status->queue = reading->queue;
    for (i = 0; i < FLEET_HOSTS; i++) {
        status->done[i] += reading->done[i];
        status->failed[i] += reading->failed[i];
    }
    if (reading->feed == FEED_ALERTS)
        note_alerts(status, reading);
}

static void count_notices(struct status *status, unsigned notices, const char *who)
{
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (notices >> notice & 1) {
            status->notices[notice]++;
            status_news(status, "%s: %s", who, policy_notice_name((enum notice)notice));
        }
}

static void note_step(struct status *status, const struct plan *plan)
{
    const unsigned away = 1u << NOTICE_FAILOVER | 1u << NOTICE_RELAPSE;
    int i;
    status->steps++;
    count_notices(status, plan->notices, "fleet");
    for (i = 0; i < plan->n; i++) {
        count_notices(status, plan->host[i].notices, status->fleet->hosts[i].name);
        status->failovers[i] += (plan->host[i].notices & away) != 0;
    }
}

static void keep_incidents(struct status *status, uint64_t changed, struct journal *journal,
                           int64_t run)
{
    struct und_err unwritten = {0};
    int64_t age;
    changed |= status->unkept;
    if (status->unwritten[0]) {
        status->unkept = changed;
        return;
    }
    status->unkept = 0;
    for (age = 0; changed != 0 && age < INCIDENTS; age++) {
        const struct incident *incident = incident_newest(&status->incidents, age);
        json_t *line;
        char *text;
        if (!incident)
            break;
        if (!(changed >> incident->host & 1))
            continue;
        changed &= ~((uint64_t)1 << incident->host);
        line = incident_json(status->fleet, incident);
        text = json_dumps(line, JSON_COMPACT);
        UND_ASSERT(text != NULL);
        if (journal_note(journal, run, "incident", text, &unwritten) != UND_OK)
            status->unkept |= (uint64_t)1 << incident->host; /* with the next round */
        free(text);
        json_decref(line);
    }
}

void status_follow(struct status *status, const struct watch_event *event, struct journal *journal,
                   int64_t run)
{
    struct incident_look look = {.fleet = status->fleet,
                                 .view = event->view,
                                 .plan = event->plan,
                                 .state = event->state,
                                 .stepped = event->stepped,
                                 .alert_ms = status->alert_ms,
                                 .start_ms = status->queue.known ? status->queue.start_ms : NULL};
    bool expected[FLEET_HOSTS];
    int i;
    status->now_ms = status->last_ms = look.now_ms = http_wall_ms();
    status->fleet_ms = event->now_ms;
    status->pause_file = event->pause_file;
    snprintf(status->unwritten, sizeof status->unwritten, "%s",
             event->unwritten ? event->unwritten : "");
    if (event->reading)
        note_reading(status, event->reading);
    status->view = *event->view;
    note_moment(status);
    if (!event->stepped && !status->begun)
        return;
    status->begun = true;
    status->plan = *event->plan;
    status->policy = *event->state;
    if (event->stepped)
        note_step(status, event->plan);
    for (i = 0; i < status->fleet->n_hosts; i++)
        expected[i] = word_now(&status->words, WORD_DOWNTIME, i, status->now_ms) != NULL;
    look.expected = expected;
    keep_incidents(status, incidents_look(&status->incidents, &look), journal, run);
}

const char *status_clock_words(int64_t by_ms, char out[STATUS_CLOCK])
{
    char length[UNITS_TEXT];
    snprintf(out, STATUS_CLOCK, "%s by %s", by_ms > 0 ? "ahead" : "back",
             units_format_duration((by_ms > 0 ? by_ms : -by_ms) / 1000 * 1000, length));
    return out;
}

void status_set_clock(struct status *status, int64_t by_ms, struct journal *journal, int64_t run)
{
    keep_incidents(status, incidents_set_clock(&status->incidents, by_ms), journal, run);
}

bool status_clock_grace(const struct status *status)
{
    return status->clock.in_grace &&
           (!status->begun ||
            status->fleet_ms < status->policy.started_ms + status->fleet->policy.grace_ms);
}

bool status_ready(const struct status *status, char why[200])
{
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++) {
        if (feed == FEED_ALERTS && status->no_alerts)
            continue;
        if (status->feed[feed].good == 0 ||
            status->view.age_ms[feed] > status->fleet->policy.stale_after_ms) {
            snprintf(why, 200, "%s is %s", policy_feed_name((enum feed)feed),
                     status->feed[feed].good == 0 ? "not read yet" : "stale");
            return false;
        }
    }
    snprintf(why, 200, "%s", status->begun ? "" : "the policy has not been asked yet");
    return status->begun;
}

bool status_calm(const struct status *status)
{
    int i;
    if (!status->begun || status->policy.blind || status->policy.dark_ms >= 0)
        return false;
    for (i = 0; i < status->fleet->n_hosts; i++) {
        const struct policy_host *host = &status->policy.host[i];
        int64_t last = host->failover_count > 0
                           ? host->failovers[(host->failover_count - 1) % POLICY_FAILOVER_LOG]
                           : INT64_MIN / 2;
        if (host->phase != PHASE_SERVING || status->fleet_ms - last < 3600000 ||
            incident_open((struct incidents *)(uintptr_t)&status->incidents, i))
            return false;
    }
    return true;
}
