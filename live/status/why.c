#include "why.h"
#include "live/base/wire.h"
#include "model/policy/policy_evidence.h"
#include "model/policy/policy_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct words_out {
    char *text;
    size_t n, size;
    int parts;
};

static void say(struct words_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct words_out *out, const char *format, ...)
{
    va_list args;
    int n;
    if (out->n >= out->size)
        return;
    va_start(args, format);
    n = vsnprintf(out->text + out->n, out->size - out->n, format, args);
    va_end(args);
    out->n += n > 0 ? (size_t)n : 0;
}

/* Parts of a list, with "and" left to the reader. */
static void part(struct words_out *out)
{
    say(out, "%s", out->parts++ > 0 ? ", " : "");
}

static void say_alerts(struct words_out *out, const struct status *status, int host)
{
    unsigned alerts = status->view.host[host].alerts;
    int severity;
    for (severity = 0; severity < SEVERITY_COUNT; severity++) {
        if (!(alerts >> severity & 1))
            continue;
        part(out);
        say(out, "an alert of severity %s fires", policy_severity_name((enum severity)severity));
        if (!(status->fleet->policy.severities >> severity & 1))
            say(out, " (which moves no jobs)");
    }
}

static void say_signs(struct words_out *out, const struct status *status, int host)
{
    unsigned signs = evidence_signs(&status->fleet->policy, &status->view, host);
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (signs >> sign & 1) {
            part(out);
            say(out, "%s", policy_notice_name((enum notice)(NOTICE_PARTIAL + sign)));
        }
}

static void say_feed(struct words_out *out, const struct status *status, enum feed feed)
{
    char age[WIRE_TIME];
    if (evidence_fresh(&status->fleet->policy, &status->view, feed) ||
        (feed == FEED_ALERTS && status->no_alerts))
        return;
    part(out);
    say(out, "%s is stale (%s): it counts neither for nor against", policy_feed_name(feed),
        wire_duration(age, status->view.age_ms[feed]));
}

static void say_evidence(struct words_out *out, const struct status *status, int host)
{
    static const char *const probes[] = {"has not been heard yet", "answers", "is down"};
    const struct view_host *seen = &status->view.host[host];
    int feed;
    part(out);
    say(out, "GitHub shows %d of %d registrations online", seen->online, seen->slots);
    if (seen->offline_readings > 0)
        say(out, " (none in %d reading%s, %d count)", seen->offline_readings,
            seen->offline_readings == 1 ? "" : "s", status->fleet->policy.confirm);
    part(out);
    say(out, "the probe %s", probes[seen->probe]);
    if (seen->alerts == 0 && !status->no_alerts) {
        part(out);
        say(out, "no alert fires");
    }
    say_alerts(out, status, host);
    say_signs(out, status, host);
    for (feed = 0; feed < FEED_COUNT; feed++)
        say_feed(out, status, (enum feed)feed);
}

/* ---- the phase ---- */

/* What a drained host waits for. */
static void say_return(struct words_out *out, const struct status *status, int host)
{
    const struct policy_host *is = &status->policy.host[host];
    const struct view_host *seen = &status->view.host[host];
    const struct policy_config *config = &status->fleet->policy;
    if (status_paused(status))
        say(out, "; comes back when the pause ends");
    else if (evidence_blind(config, &status->view))
        say(out, "; comes back when every feed is fresh again");
    else if (!evidence_healthy(config, &status->view, host))
        say(out, "; comes back when that is gone");
    else if (status->fleet_ms < is->blocked_until_ms)
        say(out,
            "; it flaps (%d failovers), so that it stays out until its block ends or is "
            "acknowledged",
            is->failover_count);
    else if (seen->health_passes < config->health_checks)
        say(out, "; comes back after %d health check%s more",
            config->health_checks - seen->health_passes,
            config->health_checks - seen->health_passes == 1 ? "" : "s");
    else
        say(out, "; comes back when it has been well for long enough");
}

static void say_word(struct words_out *out, const struct status *status, enum word_kind kind,
                     int host)
{
    const struct word *word = word_now(&status->words, kind, host, status->now_ms);
    if (word)
        say(out, " (%s by %s: %s)", word_name(kind), word->who, word->why);
}

static void say_held(struct words_out *out, const struct policy_host *is)
{
    if (is->held != 0)
        say(out, "; %s", policy_notice_name((enum notice)is->held));
}

void why_host(const struct status *status, int host, char out[WHY_TEXT])
{
    struct words_out words = {.text = out, .size = WHY_TEXT};
    const struct policy_host *is = &status->policy.host[host];
    const struct plan_host *plan = &status->plan.host[host];
    out[0] = '\0';
    if (!status->begun) {
        say(&words, "waits for the first reading of every feed");
        return;
    }
    say_evidence(&words, status, host);
    switch (is->phase) {
    case PHASE_SERVING:
        if (plan->admitted < status->view.host[host].slots)
            say(&words, "; stands by: the others serve");
        break;
    case PHASE_SUSPECT:
        say(&words, "; is drained if that lasts");
        break;
    case PHASE_DRAINED:
        say_return(&words, status, host);
        break;
    case PHASE_RAMPING:
        say(&words, "; comes back slot by slot, %d of %d so far", plan->admitted,
            status->view.host[host].slots);
        break;
    case PHASE_MAINTENANCE:
        say(&words, "; out by hand");
        break;
    case PHASE_COUNT:
        break;
    }
    say_held(&words, is);
    say_word(&words, status, WORD_MAINTENANCE, host);
    say_word(&words, status, WORD_DOWNTIME, host);
    say_word(&words, status, WORD_ACKNOWLEDGE, host);
}

/* ---- timers ---- */

static void run(struct why_timer out[WHY_TIMERS], int *n, const char *what, int64_t left_ms)
{
    int i;
    if (left_ms <= 0 || *n == WHY_TIMERS)
        return;
    for (i = (*n)++; i > 0 && out[i - 1].left_ms > left_ms; i--)
        out[i] = out[i - 1];
    out[i] = (struct why_timer){what, left_ms};
}

int why_timers(const struct status *status, int host, struct why_timer out[WHY_TIMERS])
{
    const struct policy_config *config = &status->fleet->policy;
    const struct policy_host *is = &status->policy.host[host];
    int64_t now_ms = status->fleet_ms;
    int slots = status->view.host[host].slots, n = 0;
    if (!status->begun)
        return 0;
    if (is->phase == PHASE_SUSPECT) {
        run(out, &n, "drain", is->detected_ms + config->persist_ms - now_ms);
        run(out, &n, "grace after start", status->policy.started_ms + config->grace_ms - now_ms);
    }
    if (is->phase == PHASE_DRAINED) {
        run(out, &n, "flap block", is->blocked_until_ms - now_ms);
        run(out, &n, "stays out", is->hidden_until_ms - now_ms);
        if (is->clear_ms >= 0)
            run(out, &n, "well for long enough", is->clear_ms + config->clear_for_ms - now_ms);
    }
    if (is->phase == PHASE_RAMPING && slots > 1) {
        run(out, &n, "next slot",
            is->ramp_start_ms + config->ramp_ms * is->admitted / (slots - 1) - now_ms);
        run(out, &n, "full capacity", is->ramp_start_ms + config->ramp_ms - now_ms);
    }
    return n;
}
