/* The monitor's lines (monitor_internal.h). */
#include "live/base/wire.h"
#include "live/http/http.h"
#include "model/policy/policy_names.h"
#include "monitor_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void monitor_say(struct monitor *monitor, const char *about, const char *text)
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

void monitor_note(struct monitor *monitor, const char *about, const char *line)
{
    monitor_say(monitor, about, line);
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
    monitor_note(monitor, name, line);
}

/* For `replay --policy`: what was to be done, and when. */
static void keep_ends(struct monitor *monitor, const struct feed_reading *reading)
{
    json_t *ends = json_array();
    char *text;
    int i;
    for (i = 0; i < reading->n_ends; i++)
        json_array_append_new(ends, json_pack("[I, I]", (json_int_t)reading->end[i].created_ms,
                                              (json_int_t)reading->end[i].duration_ms));
    text = json_dumps(ends, JSON_COMPACT);
    if (reading->n_ends > 0 && text)
        journal_note(monitor->journal, monitor->run, "ended", text, &(struct und_err){0});
    free(text);
    json_decref(ends);
}

/* What GitHub's feed tells beside its readings. */
static void say_jobs(struct monitor *monitor, const struct feed_reading *reading)
{
    char line[900];
    bool bad = reading->jobs.code != UND_OK;
    if (reading->feed != FEED_GITHUB || !reading->good)
        return;
    if (reading->said[0])
        monitor_note(monitor, "canary", reading->said);
    keep_ends(monitor, reading);
    if (!reading->jobs_read || bad == monitor->bad_jobs)
        return;
    monitor->bad_jobs = bad;
    snprintf(line, sizeof line,
             bad ? "the jobs cannot be read: %s" : "the jobs can be read again%s",
             bad ? reading->jobs.text : "");
    monitor_note(monitor, "jobs", line);
}

/* Evidence that the policy asks for and nobody brings. */
void monitor_say_canary(struct monitor *monitor)
{
    const struct fleet *fleet = &monitor->fleet;
    if (!fleet->has_policy || fleet->policy.canary_every_ms == 0)
        return;
    if (!fleet->live.canary.workflow[0])
        monitor_note(
            monitor, "canary",
            "policy.evidence.canary: no canary is sent, since the fleet has no live.canary");
    else if (!fleet->live.allow_actions)
        monitor_note(
            monitor, "canary",
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
        monitor_say(monitor, who, line);
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
        monitor_say(monitor, monitor->fleet.hosts[i].name, line);
    }
}

void monitor_tell(struct monitor *monitor, const struct watch_event *event)
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

void monitor_tell_hand(struct monitor *monitor)
{
    const char *held = monitor->status->hand.held;
    char line[400];
    if (!monitor->hand || strcmp(held, monitor->shown_held) == 0)
        return;
    snprintf(monitor->shown_held, sizeof monitor->shown_held, "%s", held);
    snprintf(line, sizeof line, held[0] ? "nothing is written: %s" : "writing goes on%s", held);
    monitor_say(monitor, "hand", line);
}

static void say_doubt(struct monitor *monitor)
{
    const struct status *status = monitor->status;
    char line[320] = "";
    if (status->suspects)
        snprintf(line, sizeof line, "%s%s%.120s", hand_suspicion(&status->witness),
                 status->witness.why[0] ? ": " : "", status->witness.why);
    if (strcmp(line, monitor->shown_doubt) == 0)
        return;
    monitor_note(monitor, "witness", line[0] ? line : "some host looks well again");
    status_news(monitor->status, "%.219s", line[0] ? line : "some host looks well again");
    strcpy(monitor->shown_doubt, line);
}

void monitor_tell_witness(struct monitor *monitor)
{
    bool lies = monitor->status->witness.lies;
    say_doubt(monitor);
    if (lies == monitor->shown_lies)
        return;
    monitor->shown_lies = lies;
    monitor_note(monitor, "witness",
                 lies ? "the witness says down while a host is well: it is not believed any more"
                      : "the witness is believed again");
    status_news(monitor->status, "the witness %s", lies ? "lies" : "is believed again");
}

/* What was told and has been looked for since. */
static void say_evidence(struct monitor *monitor, const struct telling_state *state)
{
    if (state->read + state->missing == monitor->shown_read)
        return;
    monitor->shown_read = state->read + state->missing;
    monitor_note(monitor, "evidence", state->evidence);
    status_news(monitor->status, "%.199s", state->evidence);
}

void monitor_tell_deaf(struct monitor *monitor)
{
    struct telling_state state;
    char line[260];
    telling_look(monitor->telling, &state);
    say_evidence(monitor, &state);
    if ((state.error[0] != '\0') == monitor->shown_deaf)
        return;
    monitor->shown_deaf = state.error[0] != '\0';
    snprintf(line, sizeof line, "incidents cannot be told: %s", state.error);
    monitor_note(monitor, "telling", state.error[0] ? line : "incidents can be told again");
    status_news(monitor->status, "%.219s", state.error[0] ? line : "incidents can be told again");
}
