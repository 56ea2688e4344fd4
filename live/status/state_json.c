#include "state_json.h"
#include "live/base/wire.h"
#include "model/policy/policy_names.h"
#include "version.h"
#include "why.h"

#include <math.h>
#include <stdio.h>

#define INCIDENTS_SHOWN 20

static json_t *moment(int64_t at_ms)
{
    char text[WIRE_TIME];
    return at_ms < 0 ? json_null() : json_string(wire_time(text, at_ms));
}

/* Text from outside: jansson refuses what is no UTF-8. */
static json_t *text(const char *value)
{
    json_t *out = json_string(value);
    return out ? out : json_string("(not UTF-8)");
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *timers(const struct status *status, int host)
{
    struct why_timer running[WHY_TIMERS];
    int n = why_timers(status, host, running), i;
    json_t *out = json_array();
    for (i = 0; i < n; i++)
        json_array_append_new(out, json_pack("{s:s, s:I}", "what", running[i].what, "left_ms",
                                             (json_int_t)running[i].left_ms));
    return out;
}

static json_t *witness_json(const struct status *status)
{
    const struct witness_state *witness = &status->witness;
    if (!witness->present)
        return json_null();
    return json_pack("{s:s, s:b, s:b, s:I, s:I, s:o}", "says", witness_word(witness->says), "lies",
                     witness->lies, "agrees", witness->agrees, "asked", (json_int_t)witness->asked,
                     "answered", (json_int_t)witness->answered, "error", text(witness->why));
}

static json_t *word(const struct status *status, enum word_kind kind, int host)
{
    const struct word *word = word_now(&status->words, kind, host, status->now_ms);
    if (!word)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "who", text(word->who), "why", text(word->why),
                     "since", moment(word->said_ms), "until", moment(word->until_ms));
}

static json_t *host_json(const struct status *status, int i)
{
    static const char *const probes[] = {"unknown", "up", "down"};
    const struct view_host *seen = &status->view.host[i];
    char why[WHY_TEXT];
    json_t *out;
    why_host(status, i, why);
    out = json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:i, s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:b}",
                    "name", status->fleet->hosts[i].name, "tier",
                    status->fleet->hosts[i].tier == TIER_PRIMARY ? "primary" : "backup", "phase",
                    status->begun ? policy_phase_name(status->policy.host[i].phase) : "unknown",
                    "why", text(why), "slots", status->fleet->hosts[i].slots, "admitted",
                    status->begun ? status->plan.host[i].admitted : 0, "online", seen->online,
                    "busy", seen->busy, "routed", seen->routed, "probe", probes[seen->probe],
                    "timers", timers(status, i), "maintenance", word(status, WORD_MAINTENANCE, i),
                    "downtime", word(status, WORD_DOWNTIME, i), "acknowledged",
                    word(status, WORD_ACKNOWLEDGE, i), "blocked",
                    status->begun && status->fleet_ms < status->policy.host[i].blocked_until_ms);
    return out;
}

static json_t *feed_json(const struct status *status, enum feed feed)
{
    const struct status_feed *is = &status->feed[feed];
    int64_t age_ms = status->view.age_ms[feed];
    return json_pack(
        "{s:s, s:I, s:b, s:I, s:I, s:o}", "name", policy_feed_name(feed), "age_ms",
        (json_int_t)age_ms, "fresh", is->good > 0 && age_ms <= status->fleet->policy.stale_after_ms,
        "good", (json_int_t)is->good, "failed", (json_int_t)is->failed, "error", text(is->error));
}

static json_t *job_json(const struct queue_job *job)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:I}", "name", text(job->name), "labels",
                     text(job->labels), "created", moment(job->created_ms), "id",
                     (json_int_t)job->id, "run", (json_int_t)job->run);
}

static json_t *queue_json(const struct status *status)
{
    const struct queue_summary *queue = &status->queue;
    int64_t oldest_ms = queue->oldest_ms < 0 ? 0 : status->now_ms - queue->oldest_ms;
    json_t *stuck = json_array();
    int i;
    for (i = 0; i < queue->unmatched && i < QUEUE_STUCK; i++)
        json_array_append_new(stuck, job_json(&queue->stuck[i]));
    return json_pack("{s:b, s:o, s:i, s:I, s:o, s:i, s:i, s:o, s:o}", "known", queue->known, "read",
                     moment(queue->known ? queue->read_ms : -1), "jobs", queue->waiting,
                     "oldest_ms", (json_int_t)(oldest_ms > 0 ? oldest_ms : 0), "oldest",
                     queue->oldest_ms < 0 ? json_null() : job_json(&queue->oldest), "running",
                     queue->running, "unmatched", queue->unmatched, "unmatched_jobs", stuck,
                     "error", text(status->queue_error));
}

static json_t *slos_json(const struct status *status)
{
    json_t *out = json_array();
    int slo;
    for (slo = 0; slo < SLO_COUNT; slo++) {
        struct slo_reading is = status_slo(status, (enum slo)slo);
        json_array_append_new(out, json_pack("{s:s, s:o, s:o, s:o, s:I, s:s}", "name", is.name,
                                             "target", number(is.target), "value", number(is.value),
                                             "budget_left", number(is.budget), "incidents",
                                             (json_int_t)is.n, "unit", slo >= SLO_MTTD ? "s" : ""));
    }
    return out;
}

static json_t *drills_json(const struct status *status)
{
    json_t *out = json_array();
    size_t i;
    for (i = 0; i < status->n_drills; i++) {
        const struct journal_run *run = &status->drill[i];
        json_array_append_new(out, json_pack("{s:I, s:o, s:o, s:o, s:o, s:i}", "run",
                                             (json_int_t)run->id, "name", text(run->name), "began",
                                             moment(run->began_ms), "ended", moment(run->ended_ms),
                                             "outcome", text(run->outcome), "exit_code",
                                             run->exit_code));
    }
    return out;
}

static void add_lists(const struct status *status, json_t *out)
{
    json_t *hosts = json_array(), *feeds = json_array(), *incidents = json_array();
    json_t *notices = json_array(), *news = json_array();
    int64_t age;
    int i;
    for (i = 0; i < status->fleet->n_hosts; i++)
        json_array_append_new(hosts, host_json(status, i));
    for (i = 0; i < FEED_COUNT; i++)
        if (!(i == FEED_ALERTS && status->no_alerts))
            json_array_append_new(feeds, feed_json(status, (enum feed)i));
    for (age = 0; age < INCIDENTS_SHOWN && incident_newest(&status->incidents, age); age++)
        json_array_append_new(
            incidents, incident_json(status->fleet, incident_newest(&status->incidents, age)));
    for (age = 0; status_newest(status, age); age++) {
        const struct status_news *line = status_newest(status, age);
        json_array_append_new(notices, text(line->what));
        json_array_append_new(
            news, json_pack("{s:o, s:o}", "at", moment(line->at_ms), "what", text(line->what)));
    }
    json_object_set_new(out, "hosts", hosts);
    json_object_set_new(out, "feeds", feeds);
    json_object_set_new(out, "queue", queue_json(status));
    json_object_set_new(out, "incidents", incidents);
    json_object_set_new(out, "notices", notices);
    json_object_set_new(out, "news", news);
    json_object_set_new(out, "slos", slos_json(status));
    json_object_set_new(out, "drills", drills_json(status));
}

static void clock_line(const struct status *status, char *out, size_t size)
{
    char by[STATUS_CLOCK];
    snprintf(out, size, "The wall's clock was set %s: nobody is drained before grace is over",
             status_clock_words(status->clock.by_ms, by));
}

/* What keeps an active monitor from writing; the lease; the witness; a clock that was set. */
static json_t *holds_json(const struct status *status)
{
    json_t *out = json_array();
    char line[360];
    snprintf(line, sizeof line, "Nothing is written: %s", status->hand.held);
    if (status->active && status->hand.held[0])
        json_array_append_new(out, text(line));
    if (status->unwritten[0])
        json_array_append_new(out, text(status->unwritten));
    if (status->suspects && !(status->active && status->hand.held[0]))
        json_array_append_new(out, text(hand_suspicion(&status->witness)));
    if (status_clock_grace(status)) {
        clock_line(status, line, sizeof line);
        json_array_append_new(out, text(line));
    }
    if (status->witness.lies)
        json_array_append_new(
            out, text("The witness is not believed: it said down while a host was well"));
    return out;
}

json_t *state_json(const struct status *status)
{
    char why[200];
    bool ready = status_ready(status, why);
    json_t *out = json_pack(
        "{s:i, s:s, s:o, s:o, s:s, s:b, s:s, s:b, s:b, s:o, s:f, s:I, s:i}", "version", 1, "mode",
        status->active && status->hand.leads ? "active" : "shadow", "now", moment(status->now_ms),
        "started", moment(status->started_ms), "program", UND_VERSION, "ready", ready, "not_ready",
        why, "blind", status->begun && status->policy.blind, "paused", status_paused(status),
        "pause", word(status, WORD_PAUSE, -1), "time_factor", status->fleet->live.time_factor,
        "requests_left", (json_int_t)status->requests_left, "strays", status->strays);
    json_object_set_new(out, "holds", holds_json(status));
    json_object_set_new(out, "suspects_itself", json_boolean(status->suspects));
    json_object_set_new(out, "witness", witness_json(status));
    json_object_set_new(out, "leads", json_boolean(status->active && status->hand.leads));
    json_object_set_new(out, "writes", json_integer(status->hand.writes));
    add_lists(status, out);
    return out;
}
