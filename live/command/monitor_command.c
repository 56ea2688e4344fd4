#include "monitor_command.h"
#include "live/act/rollback.h"
#include "live/base/interrupt.h"
#include "live/base/notify.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "model/policy/policy_evidence.h"
#include "monitor_internal.h"
#include "reports/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOW_EVERY_MS 30000          /* real: what the journal holds */
#define TURN_MS (24LL * 3600 * 1000) /* real: a run of the journal lasts so long, or longer ... */
#define HOUR_MS 3600000LL
#define MUST_TURN_MS (6 * TURN_MS) /* ... by at most this, where no moment is calm */

static const struct option_row rows[] = {
    {"journal", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct monitor, journal_path),
     .about = "instead of the fleet's live.journal"},
    {"page", .type = OPTION_TEXT, .argument = "ADDRESS:PORT",
     OPTION_AT(struct monitor, page_address), .about = "instead of the fleet's live.page.address"},
    {"for", .type = OPTION_DURATION, .argument = "DURATION", OPTION_AT(struct monitor, for_ms),
     .about = "end after this time", .otherwise = "never"},
    {"active", .type = OPTION_FLAG, OPTION_AT(struct monitor, active),
     .about = "carry the plans out; the fleet file must have live.allow_actions: true"},
    {"store", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct monitor, store),
     .about = "keep a record of each incident that is over, for history",
     .otherwise = "$UNDERSTUDY_STORE"},
    OPTION_SEED_IGNORED,
    OPTION_SET(struct monitor, sets, n_sets),
    {"format", .type = OPTION_WORD, .words = option_text_json, OPTION_AT(struct monitor, json),
     .preset = "text", .about = "lines for people, or one JSON object a line"},
    {"quiet", 'q', OPTION_FLAG, OPTION_AT(struct monitor, quiet),
     .about = "no lines: the journal only"},
    {0}};

static const struct option_rule rules[] = {{"quiet", OPTION_EXCLUDES, "format=json"}, {0}};

static const struct option_example examples[] = {
    {"monitor fleet.yaml", "watch, decide and journal until it is ended"},
    {"monitor fleet.yaml --active", "carry out what the policy decides"},
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
    .purpose = "watch the real fleet and decide, in shadow or --active; page and metrics",
    .details = "Watches the real fleet and decides as the policy would. Journals every view and "
               "plan (`understudy replay` repeats them); one line a change; a page with /metrics, "
               "/healthz, /readyz and /api/v1/state where the fleet file has live.page.",
    .rows = rows,
    .rules = rules,
    .operand = "fleet or scenario",
    .least = 1,
    .most = 1,
    .examples = examples,
    .exits = exits,
};

static void say_rollback(void *context, const char *line)
{
    monitor_say(context, "rollback", line);
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
    monitor_say(monitor, host, line);
    return UND_OK;
}

static enum und_code open_page(struct monitor *monitor, struct und_err *err)
{
    const struct page_config config = {.fleet = &monitor->fleet,
                                       .address = monitor->page_address,
                                       .hear = hear,
                                       .context = monitor};
    char line[160];
    if (status_init(monitor->status, &monitor->fleet, monitor->journal, err) != UND_OK)
        return err->code;
    monitor->status->no_alerts =
        !monitor->fleet.live.prometheus.url[0] && !monitor->fleet.live.alertmanager.url[0];
    monitor->words = monitor->status->words;
    monitor->clock.in_grace = monitor->end == MONITOR_STEPS;
    monitor->status->clock = monitor->clock;
    if (monitor->clock.in_grace)
        status_news(monitor->status, "the wall's clock was set: grace begins anew");
    if (monitor->memory.said[0])
        status_news(monitor->status, "%.219s", monitor->memory.said);
    if (page_open(&monitor->page, &config, err) != UND_OK || !monitor->page)
        return err->code;
    snprintf(line, sizeof line, "page: port %d", page_port(monitor->page));
    monitor_say(monitor, "page", line);
    return UND_OK;
}

static void heed_words(struct monitor *monitor)
{
    pthread_mutex_lock(&monitor->lock);
    monitor->status->words = monitor->words;
    pthread_mutex_unlock(&monitor->lock);
    status_heed(monitor->status, monitor->watch, http_wall_ms());
}

/* Reads the file again, the old one in use meanwhile; what is wrong with it is said. */
static bool read_again(struct monitor *monitor)
{
    struct und_err refused = {0};
    struct fleet *next = calloc(1, sizeof *next);
    char line[900];
    UND_ASSERT(next != NULL);
    if (fleet_load(next, monitor->path, monitor->sets, monitor->n_sets, &refused) == UND_OK &&
        (!next->live.present || !next->has_policy))
        und_fail(&refused, UND_USAGE, "%s: want a live and a policy section", monitor->path);
    if (refused.code == UND_OK) {
        monitor->next = next;
        monitor_note(monitor, "fleet",
                     "fleet: the file has been read again, and is in use from now");
        return true;
    }
    fleet_fini(next);
    free(next);
    snprintf(line, sizeof line, "fleet: the old file stays in use: %s", refused.text);
    monitor_note(monitor, "fleet", line);
    return false;
}

/* Was the wall's clock set? Whatever it was right before or is now, what was to last an hour does:
 * the policy has a clock of its own, and the journal's ages and the operator's words follow. Grace
 * begins anew, in a run of its own, so that a replay has it as well. */
static bool heed_clock(struct monitor *monitor)
{
    struct und_err unwritten = {0};
    int64_t by_ms = wall_step_look(&monitor->wall);
    char line[160], by[STATUS_CLOCK];
    if (by_ms == 0)
        return false;
    monitor->clock.steps++;
    monitor->clock.by_ms = by_ms;
    monitor->clock.in_grace = true;
    monitor->clock_ms = http_monotonic_ms();
    monitor->ahead_ms += by_ms > 0 ? by_ms : 0;
    pthread_mutex_lock(&monitor->lock);
    word_set_clock(&monitor->words, &monitor->fleet, by_ms, http_wall_ms(), monitor->journal,
                   monitor->run, &unwritten);
    pthread_mutex_unlock(&monitor->lock);
    status_set_clock(monitor->status, by_ms, monitor->journal, monitor->run);
    snprintf(line, sizeof line, "clock: the wall's was set %s; grace begins anew",
             status_clock_words(by_ms, by));
    monitor_note(monitor, "clock", line);
    return true;
}

/* Since when the hand's writes count as done in the last hour. A little too many where the clock
 * was set back. */
static int64_t hour_ms(const struct monitor *monitor)
{
    bool lately = monitor->clock.steps > 0 && http_monotonic_ms() - monitor->clock_ms < HOUR_MS;
    return http_wall_ms() - HOUR_MS -
           (lately && monitor->clock.by_ms > 0 ? monitor->clock.by_ms : 0);
}

/* Should the loop end, and why? */
static bool is_over(struct monitor *monitor, int64_t now_ms)
{
    monitor->end = MONITOR_ENDS;
    if (monitor->until_ms > 0 && now_ms >= monitor->until_ms)
        return true;
    if (interrupt_take_hangup() && read_again(monitor)) {
        monitor->end = MONITOR_RELOADS;
        return true;
    }
    if (heed_clock(monitor)) {
        monitor->end = MONITOR_STEPS;
        return true;
    }
    if (now_ms < monitor->turn_ms ||
        (!status_calm(monitor->status) && now_ms < monitor->turn_ms + MUST_TURN_MS))
        return false;
    monitor->end = MONITOR_TURNS;
    return true;
}

static void look_at_journal(struct monitor *monitor, int64_t now_ms)
{
    if (now_ms < monitor->slow_ms)
        return;
    monitor->slow_ms = now_ms + SLOW_EVERY_MS;
    status_refresh_drills(monitor->status, monitor->journal);
    monitor->status->journal_bytes = journal_bytes(monitor->journal);
}

/* What the policy wishes, to be carried out; and what has become of it. */
static void guide_hand(struct monitor *monitor)
{
    struct status *status = monitor->status;
    struct hand_wish wish = {
        .plan = status->plan, .blind = status->policy.blind, .paused = status_paused(status)};
    int i, fit = 0;
    if (!status->begun)
        return;
    for (i = 0; i < status->fleet->n_hosts; i++)
        fit += wish.fit[i] = evidence_healthy(&status->fleet->policy, &status->view, i);
    status->suspects = fit == 0 && !wish.blind;
    witness_need(monitor->witness, wish.blind ? NEED_UNSURE : fit == 0 ? NEED_ALL_BAD : NEED_WELL);
    witness_look(monitor->witness, &status->witness);
    monitor_tell_witness(monitor);
    if (!monitor->hand)
        return;
    wish.witness = status->witness;
    wish.unwritten = status->unwritten[0] != '\0';
    hand_wish(monitor->hand, &wish);
    hand_look(monitor->hand, &status->hand);
    monitor_tell_hand(monitor);
}

static enum und_code watch_on(struct monitor *monitor, struct und_err *err)
{
    struct watch_event event;
    while (!is_over(monitor, http_monotonic_ms())) {
        heed_words(monitor);
        if (watch_next(monitor->watch, &event, err) != UND_OK)
            return err->code;
        monitor_tell(monitor, &event);
        status_follow(monitor->status, &event, monitor->journal, monitor->run);
        guide_hand(monitor);
        telling_follow(monitor->telling, monitor->status);
        monitor_tell_deaf(monitor);
        monitor->status->hints = watch_hints(monitor->watch);
        monitor_keep(monitor);
        look_at_journal(monitor, http_monotonic_ms());
        page_publish(monitor->page, monitor->status);
        notify_alive(http_monotonic_ms());
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

/* Runs that are too old, or too many for the journal's size, are forgotten. */
static enum und_code begin_run(struct monitor *monitor, struct und_err *err)
{
    const struct live *live = &monitor->fleet.live;
    json_t *about = watch_about(&monitor->fleet);
    int forgotten = 0;
    memory_recall(&monitor->memory, &monitor->fleet, monitor->journal, monitor->active, err);
    if (err->code == UND_OK && monitor->aside[0] && monitor->memory.kind == MEMORY_NONE)
        memory_refuse(&monitor->memory, "the journal was spoilt, and has been moved aside");
    if (err->code == UND_OK)
        journal_trim(monitor->journal, http_wall_ms() - monitor->ahead_ms - live->journal_keep_ms,
                     live->journal_bytes, &forgotten, err);
    if (err->code == UND_OK)
        journal_begin(monitor->journal, JOURNAL_MONITOR, monitor->path, about, &monitor->run, err);
    json_decref(about);
    if (err->code == UND_OK && monitor->memory.said[0])
        monitor_note(monitor, "memory", monitor->memory.said);
    monitor->turn_ms = http_monotonic_ms() + TURN_MS;
    memset(monitor->shown, 0, sizeof monitor->shown);
    monitor->shown_read = 0;
    return err->code;
}

static void say_listening(struct monitor *monitor)
{
    char line[80];
    if (watch_port(monitor->watch) == 0)
        return;
    snprintf(line, sizeof line, "webhooks: port %d", watch_port(monitor->watch));
    monitor_say(monitor, "webhooks", line);
}

/* One run of the journal, under one fleet file. */
static enum und_code run_once(struct monitor *monitor, struct und_err *err)
{
    struct fleet_clock pace;
    if (begin_run(monitor, err) != UND_OK)
        return err->code;
    fleet_clock_resume(&pace, monitor->fleet.live.time_factor, monitor->memory.fleet_ms);
    if (open_page(monitor, err) == UND_OK &&
        watch_open(&monitor->watch, &monitor->fleet, &pace, interrupt_flag(), monitor->journal,
                   monitor->run, err) == UND_OK) {
        watch_remember(monitor->watch, &monitor->memory);
        monitor_say_canary(monitor);
        say_listening(monitor);
        telling_open(&monitor->telling, &monitor->fleet, err);
        if (err->code == UND_OK)
            witness_open(&monitor->witness, &monitor->fleet, &pace, err);
        if (err->code == UND_OK && monitor->active)
            hand_open(&monitor->hand, &monitor->fleet, &pace, monitor->journal, monitor->run,
                      hour_ms(monitor), err);
        monitor->status->active = monitor->hand != NULL;
        if (err->code == UND_OK) {
            notify_say("READY=1");
            watch_on(monitor, err);
        }
        interrupt_clear(); /* what is taken back in the end is not cut short as well */
    }
    hand_close(monitor->hand);
    monitor->hand = NULL;
    telling_close(monitor->telling);
    monitor->telling = NULL;
    witness_close(monitor->witness);
    monitor->witness = NULL;
    page_close(monitor->page);
    watch_close(monitor->watch);
    monitor->page = NULL;
    monitor->watch = NULL;
    conclude(monitor, err);
    return err->code;
}

static void take_next(struct monitor *monitor)
{
    if (!monitor->next)
        return;
    fleet_fini(&monitor->fleet);
    monitor->fleet = *monitor->next;
    free(monitor->next);
    monitor->next = NULL;
}

/* Opened, rolled back and locked. */
static enum und_code take_journal(struct monitor *monitor, const char *path, struct und_err *err)
{
    if (journal_open(&monitor->journal, path, err) != UND_OK ||
        finish_rollbacks(monitor, err) != UND_OK || !monitor->active)
        return err->code;
    return journal_lock(monitor->journal, "monitor --active", err);
}

/* After an error: a spoilt journal is moved aside, said loudly, and a fresh one taken. False: it is
 * not that, or did not help. */
static bool start_afresh(struct monitor *monitor, const char *path, struct und_err *err)
{
    struct und_err before = *err;
    if (err->code != UND_SERVICE && err->code != UND_USAGE)
        return false;
    journal_close(monitor->journal);
    monitor->journal = NULL;
    if (!journal_set_aside(path, monitor->aside))
        return false;
    fprintf(stderr, "understudy: THE JOURNAL WAS SPOILT and has been moved to %s: %s\n",
            monitor->aside, before.text);
    *err = (struct und_err){0};
    return take_journal(monitor, path, err) == UND_OK;
}

static enum und_code run(struct monitor *monitor, struct und_err *err)
{
    const char *path = monitor->journal_path ? monitor->journal_path : monitor->fleet.live.journal;
    int signals;
    if (!monitor->fleet.live.present)
        return und_fail(err, UND_USAGE, "%s: has no live section, want one: where the services are",
                        monitor->path);
    if (take_journal(monitor, path, err) != UND_OK && !start_afresh(monitor, path, err))
        return err->code;
    monitor->until_ms = monitor->for_ms > 0 ? http_monotonic_ms() + monitor->for_ms : 0;
    wall_step_look(&monitor->wall);
    signals = interrupt_count();
    while (((run_once(monitor, err) == UND_OK && monitor->end != MONITOR_ENDS) ||
            (err->code != UND_OK && start_afresh(monitor, path, err))) &&
           interrupt_count() == signals) /* one between two runs ends it, too */
        take_next(monitor);
    if (err->code == UND_OK && interrupt_count() != signals && interrupt_signal() != 15)
        und_fail(err, UND_INTERRUPTED, "monitor: interrupted");
    notify_say("STOPPING=1");
    return err->code;
}

enum und_code monitor_command(int argc, char **argv, struct und_err *err)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    int first;
    if (!monitor || !(monitor->status = malloc(sizeof *monitor->status))) {
        free(monitor);
        return und_fail(err, UND_USAGE, "monitor: out of memory");
    }
    pthread_mutex_init(&monitor->lock, NULL);
    secret_harden();
    interrupt_install();
    interrupt_keep_hangup();
    first = options_parse(&monitor_options, argc, argv, monitor, err);
    monitor->path = argv[first];
    monitor->store = store_path(monitor->store);
    if (first != 0 &&
        fleet_load(&monitor->fleet, monitor->path, monitor->sets, monitor->n_sets, err) == UND_OK) {
        run(monitor, err);
        journal_close(monitor->journal);
        take_next(monitor);
        fleet_fini(&monitor->fleet);
    }
    free(monitor->status);
    pthread_mutex_destroy(&monitor->lock);
    free(monitor);
    return err->code;
}
