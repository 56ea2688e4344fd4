#include "watch.h"
#include "live/drill/listen.h"
#include "live/journal/record.h"
#include "model/base/assert.h"
#include "model/policy/driver.h"
#include "model/policy/policy_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNWRITTEN_MS 1000 /* real: between two tries to write to a journal that cannot be */

struct watch {
    const struct fleet *fleet;
    const struct fleet_clock *pace;
    const atomic_bool *cancel;
    struct journal *journal;
    int64_t run;
    struct feeds *feeds;
    struct listener *listener; /* NULL: none */
    int64_t hints;
    struct driver driver;
    struct feed_reading reading; /* of the last event */
    bool has_reading;
    bool heard[FEED_COUNT]; /* a good reading at all */
    bool heeded;            /* it has gone round once: words that come now are new */
    bool paused, pause_file;
    char unwritten[300]; /* why the journal cannot be written; "": it can */
    int64_t again_ms;    /* then: no further try before this; monotonic */
    struct {
        int64_t said_ms;  /* the word that holds; -1: none */
        int64_t heard_ms; /* fleet time */
    } acknowledged[POLICY_HOSTS];
    int64_t opened_ms, next_tick_ms, next_health_ms;
    const struct memory *memory; /* what the policy begins with; NULL: it keeps none */
    char *kept;                  /* the state that the journal has, as text; NULL: none */
};

json_t *watch_about(const struct fleet *fleet)
{
    json_t *hosts = json_array();
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        json_array_append_new(hosts, json_string(fleet->hosts[i].name));
    return json_pack("{s:o, s:o, s:f, s:s}", "policy", record_config(&fleet->policy), "hosts",
                     hosts, "time_factor", fleet->live.time_factor, "fleet", fleet->path);
}

static void nudge(void *feeds)
{
    feeds_nudge(feeds);
}

enum und_code watch_open(struct watch **out, const struct fleet *fleet,
                         const struct fleet_clock *pace, const atomic_bool *cancel,
                         struct journal *journal, int64_t run, struct und_err *err)
{
    struct watch *watch = calloc(1, sizeof *watch);
    struct readings_setup setup = fleet_readings(fleet);
    int i;
    UND_ASSERT(watch != NULL);
    *out = NULL;
    watch->fleet = fleet;
    watch->pace = pace;
    watch->cancel = cancel;
    watch->journal = journal;
    watch->run = run;
    if (!fleet->live.present)
        und_fail(err, UND_USAGE, "%s: has no live section, want one: where the services are",
                 fleet->path);
    else if (!fleet->has_policy)
        und_fail(err, UND_USAGE, "%s: has no policy section, want one: what to decide by",
                 fleet->path);
    else
        feeds_open(&watch->feeds, fleet, pace, cancel, journal, run, err);
    if (err->code == UND_OK)
        listen_open(&watch->listener, fleet, err);
    if (err->code != UND_OK) {
        watch_close(watch);
        return err->code;
    }
    setup.no_alerts = !feeds_have_alerts(watch->feeds);
    driver_init(&watch->driver, &fleet->policy, &setup, fleet_clock_now_ms(pace));
    listen_tell(watch->listener, nudge, watch->feeds);
    for (i = 0; i < POLICY_HOSTS; i++)
        watch->acknowledged[i].said_ms = -1;
    watch->opened_ms = fleet_clock_now_ms(pace);
    watch->next_health_ms = watch->opened_ms + fleet_poll_ms(fleet, POLL_HEALTH);
    *out = watch;
    return UND_OK;
}

void watch_close(struct watch *watch)
{
    if (!watch)
        return;
    listen_close(watch->listener); /* first: it nudges the feeds */
    feeds_close(watch->feeds);
    free(watch->kept);
    free(watch);
}

void watch_remember(struct watch *watch, const struct memory *memory)
{
    watch->memory = memory;
}

static void take(struct watch *watch, const struct feed_reading *reading)
{
    if (!reading->good)
        return;
    watch->heard[reading->feed] = true;
    driver_take(&watch->driver, (enum poll)reading->feed, reading->at_ms, reading->hosts);
}

static void hear(struct watch *watch)
{
    struct stage_hint hint;
    while (watch->listener && listen_take(watch->listener, 0, &hint)) {
        watch->hints++;
        if (hint.host >= 0)
            driver_hint(&watch->driver, hint.host, hint.severities);
    }
}

int watch_port(const struct watch *watch)
{
    return watch->listener ? listen_port(watch->listener) : 0;
}

int64_t watch_hints(const struct watch *watch)
{
    return watch->hints;
}

/* The word of whoever is at the machine: `touch` the file, and remove it again. */
static void heed_pause(struct watch *watch)
{
    const char *path = watch->fleet->live.pause_file;
    watch->pause_file = path[0] && access(path, F_OK) == 0;
    driver_pause(&watch->driver, watch->paused || watch->pause_file);
}

/* A word counts against drains of before it: what flaps again is blocked again. One that the
 * journal knew counts from when it was said; any other from when it was heard, whatever the wall's
 * clock says. */
static void heed_acknowledgements(struct watch *watch)
{
    int i;
    for (i = 0; i < watch->fleet->n_hosts && watch->driver.begun; i++) {
        const struct policy_host *host = &watch->driver.state.host[i];
        int64_t drained_ms = -1;
        if (host->failover_count > 0)
            drained_ms = host->failovers[(host->failover_count - 1) % POLICY_FAILOVER_LOG];
        driver_acknowledge(&watch->driver, i,
                           watch->acknowledged[i].said_ms >= 0 &&
                               watch->acknowledged[i].heard_ms >= drained_ms);
    }
}

static void check_health(struct watch *watch, int64_t now_ms)
{
    if (now_ms < watch->next_health_ms)
        return;
    watch->next_health_ms = now_ms + fleet_poll_ms(watch->fleet, POLL_HEALTH);
    driver_take(&watch->driver, POLL_HEALTH, now_ms, NULL);
}

/* ---- memory ---- */

/* Only labels tell who is in the rotation; a backup that stands by is out of it by right. */
static bool is_out(const struct watch *watch, int i)
{
    const struct fleet *fleet = watch->fleet;
    return watch->memory->active && fleet->github.mechanism == MECHANISM_LABEL &&
           fleet_rotation(fleet, i) > 0 && watch->heard[FEED_GITHUB] &&
           watch->driver.readings.view.host[i].routed == 0;
}

/* The state before the first step, so that a replay begins with it as well. */
static enum und_code begin(struct watch *watch, int64_t now_ms, struct und_err *err)
{
    const struct memory *memory = watch->memory;
    bool out[POLICY_HOSTS] = {false};
    char *text;
    int i;
    for (i = 0; i < watch->fleet->n_hosts; i++)
        out[i] = is_out(watch, i);
    if (memory->kind == MEMORY_KEPT)
        driver_resume(&watch->driver, &memory->state, now_ms);
    else
        driver_begin(&watch->driver, now_ms, out,
                     memory->kind == MEMORY_REFUSED ? watch->fleet->policy.block_ms : 0);
    text = memory_text(watch->fleet, &watch->driver.state, now_ms);
    journal_note(watch->journal, watch->run, "begin", text, err);
    free(text);
    return err->code;
}

/* Journalled where the step has changed it. */
static enum und_code keep(struct watch *watch, int64_t now_ms, struct und_err *err)
{
    json_t *state = record_state(&watch->driver.state);
    char *is = json_dumps(state, JSON_COMPACT), *text;
    UND_ASSERT(is != NULL);
    json_decref(state);
    if (watch->kept && strcmp(is, watch->kept) == 0) {
        free(is);
        return UND_OK;
    }
    free(watch->kept);
    watch->kept = is;
    text = memory_text(watch->fleet, &watch->driver.state, now_ms);
    if (journal_note(watch->journal, watch->run, memory_topic(watch->memory->active), text, err) !=
        UND_OK) { /* to be written with the next step */
        free(watch->kept);
        watch->kept = NULL;
    }
    free(text);
    return err->code;
}

/* A full disk may have room again: what could not be recorded is as if it had not been decided, so
 * that a replay finds no gap. A journal that is gone ends the monitor. */
static enum und_code put_off(struct watch *watch, const struct plan *plan, struct und_err *err)
{
    if (err->code != UND_SERVICE || !journal_there(watch->journal))
        return err->code;
    snprintf(watch->unwritten, sizeof watch->unwritten, "%.299s", err->text);
    watch->again_ms = http_monotonic_ms() + UNWRITTEN_MS;
    if (plan)
        driver_take_back(&watch->driver, plan);
    *err = (struct und_err){0};
    return UND_OK;
}

/* Can it be written again? Tried by writing that it can. */
static bool writable(struct watch *watch)
{
    struct und_err err = {0};
    if (!watch->unwritten[0])
        return true;
    if (http_monotonic_ms() < watch->again_ms ||
        journal_note(watch->journal, watch->run, "journal", "can be written again", &err) != UND_OK)
        return false;
    watch->unwritten[0] = '\0';
    return true;
}

/* Recorded whatever it is, then judged. *stepped: it was both. */
static enum und_code step(struct watch *watch, int64_t now_ms, bool *stepped, struct und_err *err)
{
    struct driver *driver = &watch->driver;
    struct plan before = driver->plan;
    bool sound;
    if (watch->memory && !driver->begun && begin(watch, now_ms, err) != UND_OK)
        return err->code;
    sound = driver_step(driver, now_ms);
    if (journal_decision(watch->journal, watch->run, now_ms, &driver->readings.view, &driver->plan,
                         err) != UND_OK)
        return put_off(watch, &before, err);
    *stepped = true;
    if (sound)
        return watch->memory && keep(watch, now_ms, err) != UND_OK ? put_off(watch, NULL, err)
                                                                   : UND_OK;
    return und_fail(err, UND_FAILED, "policy: invariant %s broken for %s; replay the journal",
                    invariant_name(driver->broken),
                    driver->broken_host >= 0 ? watch->fleet->hosts[driver->broken_host].name
                                             : "the fleet");
}

/* The first step waits until every feed has spoken once, or has had time to. */
static bool ready(const struct watch *watch, int64_t now_ms)
{
    int feed;
    if (watch->driver.begun || now_ms - watch->opened_ms > watch->fleet->policy.stale_after_ms)
        return true;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (!watch->heard[feed] && !(feed == FEED_ALERTS && watch->driver.readings.no_alerts))
            return false;
    return true;
}

enum und_code watch_next(struct watch *watch, struct watch_event *event, struct und_err *err)
{
    int64_t now_ms, wait_ms = watch->next_tick_ms - fleet_clock_now_ms(watch->pace);
    const struct view *view;
    watch->heeded = true;
    if (watch->cancel && atomic_load(watch->cancel))
        return und_fail(err, UND_INTERRUPTED, "interrupted");
    watch->has_reading = feeds_take(
        watch->feeds, wait_ms > 0 ? fleet_clock_real_ms(watch->pace, wait_ms) : 0, &watch->reading);
    now_ms = fleet_clock_now_ms(watch->pace);
    if (watch->has_reading)
        take(watch, &watch->reading);
    hear(watch);
    heed_pause(watch);
    heed_acknowledgements(watch);
    check_health(watch, now_ms);
    if (now_ms >= watch->next_tick_ms)
        watch->next_tick_ms = now_ms + WATCH_TICK_MS;
    view = readings_view(&watch->driver.readings, now_ms);
    *event = (struct watch_event){.reading = watch->has_reading ? &watch->reading : NULL,
                                  .now_ms = now_ms,
                                  .view = view,
                                  .plan = &watch->driver.plan,
                                  .state = &watch->driver.state};
    event->pause_file = watch->pause_file;
    if (writable(watch) && ready(watch, now_ms) && !driver_idle(&watch->driver, now_ms))
        step(watch, now_ms, &event->stepped, err);
    event->unwritten = watch->unwritten;
    return err->code;
}

void watch_pause(struct watch *watch, bool paused)
{
    watch->paused = paused;
}

void watch_maintenance(struct watch *watch, int host, bool asked)
{
    driver_maintenance(&watch->driver, host, asked);
}

void watch_acknowledge(struct watch *watch, int host, int64_t said_ms)
{
    int64_t at_ms = fleet_clock_now_ms(watch->pace), opened_ms = watch->opened_ms;
    if (said_ms == watch->acknowledged[host].said_ms)
        return;
    if (said_ms >= 0 && !watch->heeded)
        at_ms = fleet_clock_of_wall_ms(watch->pace, said_ms);
    watch->acknowledged[host].said_ms = said_ms;
    watch->acknowledged[host].heard_ms = watch->heeded || at_ms < opened_ms ? at_ms : opened_ms;
}

void watch_describe(const struct watch *watch, int host, char *out, size_t size)
{
    static const char *const probes[] = {"unknown", "up", "down"};
    const struct view_host *seen = &watch->driver.readings.view.host[host];
    size_t n = (size_t)snprintf(
        out, size, "%s: %s, %d of %d admitted, %d online, %d busy, probe %s",
        watch->fleet->hosts[host].name, policy_phase_name(watch->driver.state.host[host].phase),
        watch->driver.plan.host[host].admitted, seen->slots, seen->online, seen->busy,
        probes[seen->probe]);
    int severity;
    for (severity = 0; severity < SEVERITY_COUNT && n < size; severity++)
        if (seen->alerts >> severity & 1)
            n += (size_t)snprintf(out + n, size - n, ", %s alert",
                                  policy_severity_name((enum severity)severity));
}
