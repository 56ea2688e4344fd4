#include "metrics.h"
#include "model/policy/policy_names.h"
#include "version.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What a family has one sample each of; the label's name, and its value by index. */
enum scope { ONCE, HOST, PHASE_OF_HOST, FEED, NOTICE, WORD_OF_HOST, SLO, SCOPES };

struct family {
    const char *name; /* without the prefix, and without _total */
    const char *kind; /* gauge, counter, info */
    enum scope scope;
    double (*value)(const struct status *status, int i, int k); /* NAN: not known */
    const char *help;
};

/* ---- the fleet ---- */

#define VALUE(name, expression)                                                                    \
    static double name(const struct status *status, int i, int k)                                  \
    {                                                                                              \
        (void)status, (void)i, (void)k;                                                            \
        return (double)(expression);                                                               \
    }

static int64_t open_incidents(const struct status *status)
{
    int64_t age, n = 0;
    for (age = 0; incident_newest(&status->incidents, age); age++)
        n += incident_newest(&status->incidents, age)->open;
    return n;
}

static double oldest_s(const struct status *status)
{
    int64_t ms = status->queue.oldest_ms < 0 ? 0 : status->now_ms - status->queue.oldest_ms;
    if (!status->queue.known)
        return NAN;
    return ms > 0 ? (double)ms / 1000 : 0;
}

static double if_known(const struct status *status, int value)
{
    return status->queue.known ? (double)value : (double)NAN;
}

VALUE(one, 1)
VALUE(active, status->active)
VALUE(leads, status->active && status->hand.leads)
VALUE(held, status->active && status->hand.held[0] != '\0')
VALUE(writes, status->hand.writes)
VALUE(write_failures, status->hand.failures)
VALUE(unwritten, status->unwritten[0] != '\0')
VALUE(suspects, status->suspects)
VALUE(clock_steps, status->clock.steps)
VALUE(clock_by, status->clock.steps > 0 ? (double)status->clock.by_ms / 1000 : NAN)
VALUE(clock_grace, status_clock_grace(status))
VALUE(witness_is_up,
      status->witness.says == WITNESS_NOTHING ? NAN : (double)(status->witness.says == WITNESS_UP))
VALUE(witness_is_lies, status->witness.present ? (double)status->witness.lies : NAN)
VALUE(witness_is_agrees, status->witness.present ? (double)status->witness.agrees : NAN)
VALUE(witness_is_asked, status->witness.asked)
VALUE(witness_is_answered, status->witness.answered)
VALUE(ready, status_ready(status, (char[200]){0}))
VALUE(blind, status->begun && status->policy.blind)
VALUE(dark, status->begun && status->policy.dark_ms >= 0)
VALUE(paused, status_paused(status))
VALUE(started, (double)status->started_ms / 1000)
VALUE(last, status->last_ms < 0 ? NAN : (double)status->last_ms / 1000)
VALUE(steps, status->steps)
VALUE(strays, status->strays)
VALUE(requests_left, status->requests_left < 0 ? NAN : (double)status->requests_left)
VALUE(queue_jobs, if_known(status, status->queue.waiting))
VALUE(queue_running, if_known(status, status->queue.running))
VALUE(queue_oldest, oldest_s(status))
VALUE(queue_unmatched, if_known(status, status->queue.unmatched))
VALUE(queue_read_s, status->queue.known ? (double)status->queue.read_ms / 1000 : NAN)
VALUE(hints, status->hints)
VALUE(journal, status->journal_bytes)
VALUE(incidents_ever, status->incidents.last)
VALUE(incidents_open, open_incidents(status))

/* ---- hosts: i; their phases: k ---- */

#define KNOWN(expression) (status->begun ? (double)(expression) : NAN)
VALUE(slots, status->fleet->hosts[i].slots)
VALUE(admitted, KNOWN(status->plan.host[i].admitted))
VALUE(online, KNOWN(status->view.host[i].online))
VALUE(busy, KNOWN(status->view.host[i].busy))
VALUE(routed, KNOWN(status->view.host[i].routed))
VALUE(probe_up, status->view.host[i].probe == PROBE_UNKNOWN
                    ? NAN
                    : (double)(status->view.host[i].probe == PROBE_UP))
VALUE(blocked, KNOWN(status->fleet_ms < status->policy.host[i].blocked_until_ms))
VALUE(failovers, status->failovers[i])
VALUE(jobs_done, status->done[i] + status->failed[i])
VALUE(jobs_failed, status->failed[i])
VALUE(phase, KNOWN(status->policy.host[i].phase == (enum phase)k))
VALUE(word, word_now(&status->words, (enum word_kind)(k + 1), i, status->now_ms) != NULL)

/* ---- feeds, notices, objectives ---- */

VALUE(feed_age, status->feed[i].good == 0
                    ? NAN
                    : (double)status->view.age_ms[i] / 1000 / status->fleet->live.time_factor)
VALUE(feed_fresh,
      status->feed[i].good > 0 && status->view.age_ms[i] <= status->fleet->policy.stale_after_ms)
VALUE(feed_good, status->feed[i].good)
VALUE(feed_failed, status->feed[i].failed)
VALUE(notices, status->notices[i])
VALUE(slo_target, status_slo(status, (enum slo)i).target)
VALUE(slo_value, status_slo(status, (enum slo)i).value)
VALUE(slo_budget, status_slo(status, (enum slo)i).budget)

static const struct family families[] = {
    {"build", "info", ONCE, one, "The program that answers."},
    {"start_time_seconds", "gauge", ONCE, started, "When the monitor started, since 1970."},
    {"last_round_seconds", "gauge", ONCE, last,
     "When the loop that decides last went round, since 1970."},
    {"active", "gauge", ONCE, active, "1: plans are carried out; 0: shadow."},
    {"leads", "gauge", ONCE, leads, "1: this monitor has the lease, and may write."},
    {"held", "gauge", ONCE, held, "1: active, but something keeps it from writing."},
    {"writes", "counter", ONCE, writes, "Writes to GitHub."},
    {"write_failures", "counter", ONCE, write_failures, "Turns of the hand that went wrong."},
    {"journal_unwritable", "gauge", ONCE, unwritten,
     "1: the journal cannot be written, so that nothing is decided or done."},
    {"suspects_itself", "gauge", ONCE, suspects,
     "1: every host looks bad at once, which is not believed without a witness."},
    {"wall_clock_steps", "counter", ONCE, clock_steps,
     "How often the wall's clock was set while the monitor ran."},
    {"wall_clock_step_seconds", "gauge", ONCE, clock_by,
     "By how much it was set last, ahead or (below 0) back; absent: never."},
    {"wall_clock_grace", "gauge", ONCE, clock_grace,
     "1: the wall's clock was set, and grace holds, in which nobody is drained."},
    {"witness_up", "gauge", ONCE, witness_is_up,
     "What the witness said last: 1 it reaches a host, 0 none; absent: no answer."},
    {"witness_lies", "gauge", ONCE, witness_is_lies, "1: the witness is not believed any more."},
    {"witness_agrees", "gauge", ONCE, witness_is_agrees,
     "1: the witness bears out that every host is bad."},
    {"witness_questions", "counter", ONCE, witness_is_asked, "Times that the witness was asked."},
    {"witness_answers", "counter", ONCE, witness_is_answered, "Times that it answered."},
    {"ready", "gauge", ONCE, ready, "1: every feed is fresh and the policy decides."},
    {"blind", "gauge", ONCE, blind, "1: a feed is stale, so that nothing is changed."},
    {"dark", "gauge", ONCE, dark, "1: no host is fit to serve."},
    {"paused", "gauge", ONCE, paused, "1: paused by hand."},
    {"decisions", "counter", ONCE, steps, "Steps of the policy."},
    {"stray_registrations", "gauge", ONCE, strays,
     "Registrations at GitHub that belong to no host of the fleet file."},
    {"github_requests_left", "gauge", ONCE, requests_left, "What GitHub allows in this hour."},
    {"queue_jobs", "gauge", ONCE, queue_jobs, "Jobs that wait for a runner."},
    {"queue_oldest_seconds", "gauge", ONCE, queue_oldest,
     "For how long the oldest of them has waited; 0: none waits."},
    {"queue_unmatched_jobs", "gauge", ONCE, queue_unmatched,
     "Waiting jobs whose labels no registration has."},
    {"queue_running_jobs", "gauge", ONCE, queue_running, "Jobs in progress on the fleet's hosts."},
    {"queue_read_time_seconds", "gauge", ONCE, queue_read_s,
     "When the queue was last read, since 1970."},
    {"hints", "counter", ONCE, hints, "Webhooks that told something, repetitions apart."},
    {"journal_bytes", "gauge", ONCE, journal, "What the journal holds."},
    {"incidents", "counter", ONCE, incidents_ever, "Incidents that this journal knows."},
    {"open_incidents", "gauge", ONCE, incidents_open, "Of them, those that are not over."},
    {"host_slots", "gauge", HOST, slots, "Registrations that the fleet file gives the host."},
    {"host_admitted_slots", "gauge", HOST, admitted, "Of them, those that should take jobs."},
    {"host_online_slots", "gauge", HOST, online, "Of them, online as GitHub says."},
    {"host_busy_slots", "gauge", HOST, busy, "Of them, busy as GitHub says."},
    {"host_routed_slots", "gauge", HOST, routed, "Of them, in the rotation."},
    {"host_probe_up", "gauge", HOST, probe_up, "1: the independent probe is answered."},
    {"host_blocked", "gauge", HOST, blocked, "1: it flaps, and stays out for a while."},
    {"host_failovers", "counter", HOST, failovers, "Times that the host was drained."},
    {"host_jobs_done", "counter", HOST, jobs_done, "Jobs that have ended on it, well or badly."},
    {"host_jobs_failed", "counter", HOST, jobs_failed, "Of them, those that failed or timed out."},
    {"host_phase", "gauge", PHASE_OF_HOST, phase, "1 for the phase that the host is in."},
    {"host_word", "gauge", WORD_OF_HOST, word, "1: the operator's word of that kind holds."},
    {"feed_age_seconds", "gauge", FEED, feed_age, "Since the feed's last good answer."},
    {"feed_fresh", "gauge", FEED, feed_fresh, "1: young enough to decide by."},
    {"feed_polls", "counter", FEED, feed_good, "Polls that were answered."},
    {"feed_failures", "counter", FEED, feed_failed, "Polls that failed."},
    {"notices", "counter", NOTICE, notices, "What the policy has said, by kind."},
    {"slo_target", "gauge", SLO, slo_target, "The objective: a share, or seconds."},
    {"slo_value", "gauge", SLO, slo_value, "What the last 30 days came to."},
    {"slo_budget_left_ratio", "gauge", SLO, slo_budget,
     "What is left of the error budget: 1 untouched, below 0 overspent."},
};

#define FAMILIES ((int)(sizeof families / sizeof families[0]))

/* ---- printing ---- */

/* How many samples each way. */
static void extent(const struct status *status, enum scope scope, int *n, int *m)
{
    const int hosts = status->fleet->n_hosts;
    const int ns[SCOPES] = {1, hosts, hosts, FEED_COUNT, NOTICE_COUNT, hosts, SLO_COUNT};
    *n = ns[scope];
    *m = scope == PHASE_OF_HOST ? PHASE_COUNT : scope == WORD_OF_HOST ? WORD_KINDS - 1 : 1;
}

static void print_label(FILE *out, const char *name, const char *value, bool first)
{
    fprintf(out, "%s%s=\"", first ? "" : ",", name);
    for (; *value; value++) {
        if (*value == '\n')
            fputs("\\n", out);
        else if (*value == '"' || *value == '\\')
            fprintf(out, "\\%c", *value);
        else
            putc(*value, out);
    }
    putc('"', out);
}

static void print_labels(FILE *out, const struct status *status, const struct family *family, int i,
                         int k)
{
    const struct host *host = &status->fleet->hosts[i < status->fleet->n_hosts ? i : 0];
    const char *value = NULL;
    if (strcmp(family->kind, "info") == 0)
        print_label(out, "version", UND_VERSION, true);
    switch (family->scope) {
    case ONCE:
    case SCOPES:
        return;
    case HOST:
    case PHASE_OF_HOST:
    case WORD_OF_HOST:
        print_label(out, "host", host->name, true);
        print_label(out, "tier", host->tier == TIER_PRIMARY ? "primary" : "backup", false);
        if (family->scope == PHASE_OF_HOST)
            print_label(out, "phase", policy_phase_name((enum phase)k), false);
        if (family->scope == WORD_OF_HOST)
            print_label(out, "word", word_name((enum word_kind)(k + 1)), false);
        return;
    case FEED:
        value = policy_feed_name((enum feed)i);
        print_label(out, "feed", value, true);
        return;
    case NOTICE:
        print_label(out, "notice", policy_notice_name((enum notice)i), true);
        return;
    case SLO:
        print_label(out, "slo", status_slo(status, (enum slo)i).name, true);
        return;
    }
}

static const char *suffix(const struct family *family)
{
    return strcmp(family->kind, "counter") == 0 ? "_total"
           : strcmp(family->kind, "info") == 0  ? "_info"
                                                : "";
}

static void print_sample(FILE *out, const struct status *status, const struct family *family, int i,
                         int k)
{
    double value = family->value(status, i, k);
    bool whole = value == floor(value) && fabs(value) < 1e15;
    if (isnan(value) || (family->scope == FEED && i == FEED_ALERTS && status->no_alerts))
        return;
    fprintf(out, "understudy_%s%s", family->name, suffix(family));
    if (family->scope != ONCE || strcmp(family->kind, "info") == 0) {
        putc('{', out);
        print_labels(out, status, family, i, k);
        putc('}', out);
    }
    if (isinf(value))
        fprintf(out, value > 0 ? " +Inf\n" : " -Inf\n");
    else if (whole)
        fprintf(out, " %" PRId64 "\n", (int64_t)value);
    else
        fprintf(out, " %.15g\n", value);
}

/* OpenMetrics knows units and infos, and names a counter without its _total. */
static void print_head(FILE *out, const struct family *family, bool open)
{
    const char *unit = strstr(family->name, "_seconds") ? "seconds"
                       : strstr(family->name, "_bytes") ? "bytes"
                       : strstr(family->name, "_ratio") ? "ratio"
                                                        : NULL;
    const char *end = open ? "" : suffix(family);
    bool info = strcmp(family->kind, "info") == 0;
    fprintf(out, "# HELP understudy_%s%s %s\n# TYPE understudy_%s%s %s\n", family->name, end,
            family->help, family->name, end, info && !open ? "gauge" : family->kind);
    if (open && unit)
        fprintf(out, "# UNIT understudy_%s %s\n", family->name, unit);
}

void metrics_print(FILE *out, const struct status *status, bool open)
{
    int family, i, k, n, m;
    for (family = 0; family < FAMILIES; family++) {
        print_head(out, &families[family], open);
        extent(status, families[family].scope, &n, &m);
        for (i = 0; i < n; i++)
            for (k = 0; k < m; k++)
                print_sample(out, status, &families[family], i, k);
    }
    if (open)
        fputs("# EOF\n", out);
}
