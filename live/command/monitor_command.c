#include "monitor_command.h"
#include "live/act/rollback.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "live/watch/watch.h"
#include "model/base/units.h"
#include "model/load/loader.h"
#include "model/policy/policy_names.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: understudy monitor [options] FLEET\n"
    "Watches the real fleet and decides as the policy would, in shadow: nothing is changed.\n"
    "Journals every view and plan (understudy replay repeats them); one line a change.\n\n"
    "  --journal FILE     instead of the fleet's live.journal\n"
    "  --for DURATION     end after this time (default: never)\n"
    "  --set PATH=VALUE   override any value of the file; may be repeated\n"
    "  --format text|json lines for people, or one JSON object a line\n"
    "  --quiet            no lines: the journal only\n"
    "  --help\n"
    "Exit codes: 0 ended as asked; 1 an invariant of the policy broke; 2 usage or input error;\n"
    "3 the journal cannot be written; 5 a rollback of an earlier drill could not be completed;\n"
    "130 interrupted.\n";

#define SETS 64

struct monitor {
    const char *path, *journal_path;
    const char *sets[SETS];
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
};

enum { OPTION_JOURNAL = 256, OPTION_FOR, OPTION_SET, OPTION_FORMAT };

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"journal", required_argument, NULL, OPTION_JOURNAL},
                                        {"for", required_argument, NULL, OPTION_FOR},
                                        {"set", required_argument, NULL, OPTION_SET},
                                        {"format", required_argument, NULL, OPTION_FORMAT},
                                        {0}};

static enum und_code take_option(struct monitor *monitor, int option, char **argv,
                                 struct und_err *err)
{
    char hint[UNITS_HINT];
    switch (option) {
    case 'q':
        monitor->quiet = true;
        return UND_OK;
    case OPTION_JOURNAL:
        monitor->journal_path = optarg;
        return UND_OK;
    case OPTION_FOR:
        if (!units_duration(optarg, &monitor->for_ms, hint) || monitor->for_ms <= 0)
            und_fail(err, UND_USAGE, "--for: got '%.40s', want a duration, e.g. 10min", optarg);
        return err->code;
    case OPTION_SET:
        if (monitor->n_sets == SETS)
            return und_fail(err, UND_USAGE, "--set: want at most %d", SETS);
        monitor->sets[monitor->n_sets++] = optarg;
        return UND_OK;
    case OPTION_FORMAT:
        monitor->json = strcmp(optarg, "json") == 0;
        if (!monitor->json && strcmp(optarg, "text") != 0)
            und_fail(err, UND_USAGE, "--format: got '%.20s', want text or json", optarg);
        return err->code;
    default:
        return und_fail(err, UND_USAGE, "monitor: got '%.60s', want options of --help",
                        argv[optind - 1]);
    }
}

/* True: go on. False: help was printed, or err is set. */
static bool parse(struct monitor *monitor, int argc, char **argv, struct und_err *err)
{
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1 && err->code == UND_OK) {
        if (option == 'h') {
            fputs(help, stdout);
            return false;
        }
        take_option(monitor, option, argv, err);
    }
    if (err->code == UND_OK && argc - optind != 1)
        und_fail(err, UND_USAGE, "monitor: got %d files, want one fleet or scenario",
                 argc - optind);
    monitor->path = argv[optind];
    return err->code == UND_OK;
}

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
    if (bad == monitor->bad_jobs)
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

static enum und_code watch_on(struct monitor *monitor, struct und_err *err)
{
    int64_t end_ms = monitor->for_ms > 0 ? http_monotonic_ms() + monitor->for_ms : -1;
    struct watch_event event;
    int i;
    while (end_ms < 0 || http_monotonic_ms() < end_ms) {
        if (watch_next(monitor->watch, &event, err) != UND_OK)
            return err->code;
        if (event.reading) {
            say_feed(monitor, event.reading);
            say_jobs(monitor, event.reading);
        }
        if (!event.stepped)
            continue;
        say_notices(monitor, event.plan->notices, "fleet");
        for (i = 0; i < event.plan->n; i++)
            say_notices(monitor, event.plan->host[i].notices, monitor->fleet.hosts[i].name);
        say_hosts(monitor);
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
    if (watch_open(&monitor->watch, &monitor->fleet, &pace, interrupt_flag(), monitor->journal,
                   monitor->run, err) == UND_OK) {
        say_canary(monitor);
        watch_on(monitor, err);
        interrupt_clear(); /* what is taken back in the end is not cut short as well */
    }
    watch_close(monitor->watch);
    conclude(monitor, err);
    return err->code;
}

enum und_code monitor_command(int argc, char **argv, struct und_err *err)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    if (!monitor)
        return und_fail(err, UND_USAGE, "monitor: out of memory");
    secret_harden();
    interrupt_install();
    if (parse(monitor, argc, argv, err) &&
        fleet_load(&monitor->fleet, monitor->path, monitor->sets, monitor->n_sets, err) == UND_OK) {
        run(monitor, err);
        journal_close(monitor->journal);
        fleet_fini(&monitor->fleet);
    }
    free(monitor);
    return err->code;
}
