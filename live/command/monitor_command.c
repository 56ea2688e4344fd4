#include "monitor_command.h"
#include "live/act/rollback.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "live/page/page.h"
#include "live/status/status.h"
#include "live/watch/watch.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "model/policy/policy_names.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRILLS_EVERY_MS 30000

struct monitor {
    const char *path, *journal_path, *page_address;
    const char *sets[OPTIONS_TEXTS];
    int n_sets;
    int64_t for_ms; /* of real time; 0: without end */
    bool json, quiet;
    struct fleet fleet;
    struct journal *journal;
    struct watch *watch;
    int64_t run;
    char shown[FLEET_HOSTS][256]; /* the line last printed for each host */
    bool bad[FEED_COUNT];         /* what was last said about each feed */
    bool bad_jobs;                /* and about the list of jobs */
    struct page *page;
    struct status *status;
    pthread_mutex_t lock; /* over the words, which come in on the page's thread */
    struct words words;
};

static const struct option_row rows[] = {
    {"journal", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct monitor, journal_path),
     .about = "instead of the fleet's live.journal"},
    {"page", .type = OPTION_TEXT, .argument = "ADDRESS:PORT",
     OPTION_AT(struct monitor, page_address), .about = "instead of the fleet's live.page.address"},
    {"for", .type = OPTION_DURATION, .argument = "DURATION", OPTION_AT(struct monitor, for_ms),
     .about = "end after this time", .otherwise = "never"},
    OPTION_SEED_IGNORED,
    OPTION_SET(struct monitor, sets, n_sets),
    {"format", .type = OPTION_WORD, .words = option_text_json, OPTION_AT(struct monitor, json),
     .preset = "text", .about = "lines for people, or one JSON object a line"},
    {"quiet", 'q', OPTION_FLAG, OPTION_AT(struct monitor, quiet),
     .about = "no lines: the journal only"},
    {0}};

static const struct option_example examples[] = {
    {"monitor fleet.yaml", "watch, decide and journal until it is ended"},
    {"monitor fleet.yaml --for 1d --format json", "for a day, for scripts"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "ended as asked"},
    {UND_FAILED, "an invariant of the policy broke"},
    {UND_USAGE, "usage or input error"},
    {UND_SERVICE, "the journal cannot be written"},
    {UND_STUCK, "a rollback of an earlier drill could not be completed"},
    {UND_INTERRUPTED, "interrupted"},
    {0}};

const struct options monitor_options = {
    .name = "monitor",
    .synopsis = "[options] FLEET",
    .purpose = "watch the real fleet in shadow: decide, journal, change nothing",
    .details = "Watches the real fleet and decides as the policy would. Journals every view and "
               "plan (`understudy replay` repeats them); one line a change; a page with /metrics, "
               "/healthz, /readyz and /api/v1/state where the fleet file has live.page.",
    .rows = rows,
    .operand = "fleet or scenario",
    .least = 1,
    .most = 1,
    .examples = examples,
    .exits = exits,
};

static void say(struct monitor *monitor, const char *about, const char *text)
{
    char when[WIRE_TIME];
    json_t *line;
    if (monitor->quiet)
        return;
    wire_time(when, http_wall_ms());
    if (monitor->json) {
        line = json_pack("{s:s, s:s, s:s}", "at", when, "about", about, "what", text);
        json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
        putchar('\n');
        json_decref(line);
    } else {
        printf("%s  %s\n", when, text);
    }
    fflush(stdout);
}

static void say_rollback(void *context, const char *line)
{
    say(context, "rollback", line);
}

/* A drill that died left something behind, unless one is running now: then the lock is taken. */
static enum und_code finish_rollbacks(struct monitor *monitor, struct und_err *err)
{
    struct und_err locked = {0};
    if (journal_lock(monitor->journal, "monitor, finishing rollbacks", &locked) != UND_OK)
        return UND_OK;
    rollback_finish(monitor->journal, &monitor->fleet,
                    rollback_patience_ms(&monitor->fleet, ROLLBACK_PATIENCE_MS), say_rollback,
                    monitor, err);
    journal_unlock(monitor->journal);
    return err->code;
}

static void note(struct monitor *monitor, const char *about, const char *line)
{
    say(monitor, about, line);
    journal_note(monitor->journal, monitor->run, about, line, &(struct und_err){0});
}

static void say_feed(struct monitor *monitor, const struct feed_reading *reading)
{
    const char *name = policy_feed_name(reading->feed);
    char line[900];
    if (!reading->good && !monitor->bad[reading->feed])
        snprintf(line, sizeof line, "%s cannot be read: %s", name, reading->error.text);
    else if (reading->good && monitor->bad[reading->feed])
        snprintf(line, sizeof line, "%s can be read again", name);
    else
        return;
    monitor->bad[reading->feed] = !reading->good;
    note(monitor, name, line);
}

/* What GitHub's feed tells beside its readings. */
static void say_jobs(struct monitor *monitor, const struct feed_reading *reading)
{
    char line[900];
    bool bad = reading->jobs.code != UND_OK;
    if (reading->feed != FEED_GITHUB || !reading->good)
        return;
    if (reading->said[0])
        note(monitor, "canary", reading->said);
    if (!reading->jobs_read || bad == monitor->bad_jobs)
        return;
    monitor->bad_jobs = bad;
    snprintf(line, sizeof line,
             bad ? "the jobs cannot be read: %s" : "the jobs can be read again%s",
             bad ? reading->jobs.text : "");
    note(monitor, "jobs", line);
}

/* Evidence that the policy asks for and nobody brings. */
static void say_canary(struct monitor *monitor)
{
    const struct fleet *fleet = &monitor->fleet;
    if (!fleet->has_policy || fleet->policy.canary_every_ms == 0)
        return;
    if (!fleet->live.canary.workflow[0])
        note(monitor, "canary",
             "policy.evidence.canary: no canary is sent, since the fleet has no live.canary");
    else if (!fleet->live.allow_actions)
        note(monitor, "canary",
             "policy.evidence.canary: no canary is sent, since live.allow_actions is false");
}

static void say_notices(struct monitor *monitor, unsigned notices, const char *who)
{
    char line[160];
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++) {
        if (!(notices >> notice & 1))
            continue;
        snprintf(line, sizeof line, "%s: %s", who, policy_notice_name((enum notice)notice));
        say(monitor, who, line);
    }
}

/* Busy counts change all the time: a change of them alone is no line. */
static void say_hosts(struct monitor *monitor)
{
    char line[256], *busy;
    int i;
    for (i = 0; i < monitor->fleet.n_hosts; i++) {
        char bare[256];
        watch_describe(monitor->watch, i, line, sizeof line);
        strcpy(bare, line);
        if ((busy = strstr(bare, " busy")) != NULL) {
            char *digits = busy;
            while (digits > bare && digits[-1] >= '0' && digits[-1] <= '9')
                digits--;
            memmove(digits, busy, strlen(busy) + 1);
        }
        if (strcmp(bare, monitor->shown[i]) == 0)
            continue;
        strcpy(monitor->shown[i], bare);
        say(monitor, monitor->fleet.hosts[i].name, line);
    }
}

/* ---- the page ---- */

static enum und_code hear(void *context, const struct word *word, struct und_err *err)
{
    struct monitor *monitor = context;
    const char *host = word->host >= 0 ? monitor->fleet.hosts[word->host].name : "fleet";
    char line[400], until[WIRE_TIME];
    pthread_mutex_lock(&monitor->lock);
    word_say(&monitor->words, &monitor->fleet, word, monitor->journal, monitor->run, err);
    pthread_mutex_unlock(&monitor->lock);
    if (err->code != UND_OK)
        return err->code;
    snprintf(line, sizeof line, "%s: %s until %s, says %s: %s", host, word_name(word->kind),
             wire_time(until, word->until_ms), word->who, word->why);
    say(monitor, host, line);
    return UND_OK;
}

static enum und_code open_page(struct monitor *monitor, struct und_err *err)
{
    const struct page_config config = {.fleet = &monitor->fleet,
                                       .address = monitor->page_address,
                                       .hear = hear,
                                       .context = monitor};
    char line[160];
    monitor->status = malloc(sizeof *monitor->status);
    UND_ASSERT(monitor->status != NULL);
    if (status_init(monitor->status, &monitor->fleet, monitor->journal, err) != UND_OK)
        return err->code;
    monitor->status->no_alerts =
        !monitor->fleet.live.prometheus.url[0] && !monitor->fleet.live.alertmanager.url[0];
    monitor->words = monitor->status->words;
    if (page_open(&monitor->page, &config, err) != UND_OK || !monitor->page)
        return err->code;
    snprintf(line, sizeof line, "page: port %d", page_port(monitor->page));
    say(monitor, "page", line);
    return UND_OK;
}

static void heed_words(struct monitor *monitor)
{
    pthread_mutex_lock(&monitor->lock);
    monitor->status->words = monitor->words;
    pthread_mutex_unlock(&monitor->lock);
    status_heed(monitor->status, monitor->watch, http_wall_ms());
}

static void tell(struct monitor *monitor, const struct watch_event *event)
{
    int i;
    if (event->reading) {
        say_feed(monitor, event->reading);
        say_jobs(monitor, event->reading);
    }
    if (!event->stepped)
        return;
    say_notices(monitor, event->plan->notices, "fleet");
    for (i = 0; i < event->plan->n; i++)
        say_notices(monitor, event->plan->host[i].notices, monitor->fleet.hosts[i].name);
    say_hosts(monitor);
}

static enum und_code watch_on(struct monitor *monitor, struct und_err *err)
{
    int64_t end_ms = monitor->for_ms > 0 ? http_monotonic_ms() + monitor->for_ms : -1;
    int64_t drills_ms = 0;
    struct watch_event event;
    while (end_ms < 0 || http_monotonic_ms() < end_ms) {
        heed_words(monitor);
        if (watch_next(monitor->watch, &event, err) != UND_OK)
            return err->code;
        tell(monitor, &event);
        if (status_follow(monitor->status, &event, monitor->journal, monitor->run, err) != UND_OK)
            return err->code;
        if (monitor->page && http_monotonic_ms() >= drills_ms) {
            drills_ms = http_monotonic_ms() + DRILLS_EVERY_MS;
            status_refresh_drills(monitor->status, monitor->journal);
        }
        page_publish(monitor->page, monitor->status);
    }
    return UND_OK;
}

/* SIGTERM is how a service manager ends a daemon: no failure. */
static void conclude(struct monitor *monitor, struct und_err *err)
{
    struct und_err last = {0};
    if (err->code == UND_INTERRUPTED && interrupt_signal() == 15)
        *err = (struct und_err){0};
    journal_end(monitor->journal, monitor->run, (int)err->code,
                err->code == UND_OK ? "ended as asked" : err->text, &last);
}

static enum und_code run(struct monitor *monitor, struct und_err *err)
{
    struct fleet_clock pace;
    json_t *about;
    const char *path = monitor->journal_path ? monitor->journal_path : monitor->fleet.live.journal;
    if (!monitor->fleet.live.present)
        return und_fail(err, UND_USAGE, "%s: has no live section, want one: where the services are",
                        monitor->path);
    if (journal_open(&monitor->journal, path, err) != UND_OK ||
        finish_rollbacks(monitor, err) != UND_OK)
        return err->code;
    about = watch_about(&monitor->fleet);
    journal_begin(monitor->journal, JOURNAL_MONITOR, monitor->path, about, &monitor->run, err);
    json_decref(about);
    if (err->code != UND_OK)
        return err->code;
    fleet_clock_start(&pace, monitor->fleet.live.time_factor);
    if (open_page(monitor, err) == UND_OK &&
        watch_open(&monitor->watch, &monitor->fleet, &pace, interrupt_flag(), monitor->journal,
                   monitor->run, err) == UND_OK) {
        say_canary(monitor);
        watch_on(monitor, err);
        interrupt_clear(); /* what is taken back in the end is not cut short as well */
    }
    page_close(monitor->page);
    watch_close(monitor->watch);
    conclude(monitor, err);
    return err->code;
}

enum und_code monitor_command(int argc, char **argv, struct und_err *err)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    int first;
    if (!monitor)
        return und_fail(err, UND_USAGE, "monitor: out of memory");
    pthread_mutex_init(&monitor->lock, NULL);
    secret_harden();
    interrupt_install();
    first = options_parse(&monitor_options, argc, argv, monitor, err);
    monitor->path = argv[first];
    if (first != 0 &&
        fleet_load(&monitor->fleet, monitor->path, monitor->sets, monitor->n_sets, err) == UND_OK) {
        run(monitor, err);
        journal_close(monitor->journal);
        fleet_fini(&monitor->fleet);
    }
    free(monitor->status);
    pthread_mutex_destroy(&monitor->lock);
    free(monitor);
    return err->code;
}
