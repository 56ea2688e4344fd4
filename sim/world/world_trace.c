#include "world.h"

#include "model/base/assert.h"
#include "model/policy/policy_names.h"

#include <stdlib.h>

void world_trace_open(struct world *world)
{
    struct world_trace *trace = &world->trace;
    /* Untouched pages of the ceiling cost nothing. */
    trace->job = world_allocate(WORLD_JOBS, sizeof *trace->job);
    trace->rule = world_allocate((size_t)(world->n_hosts * world->fleet->monitoring.n_rules) + 1,
                                 sizeof *trace->rule);
}

void world_trace_close(struct world *world)
{
    free(world->trace.job);
    free(world->trace.rule);
}

void world_trace_start(struct world *world, struct timeline *timeline)
{
    struct world_trace *trace = &world->trace;
    int host, rule, n_rules = world->fleet->monitoring.n_rules;
    trace->timeline = timeline;
    trace->last = -1;
    for (host = 0; host < world->n_hosts; host++) {
        trace->host[host] = trace->alert[host] = -1;
        trace->detection[host] = trace->decision[host] = -1;
        for (rule = 0; rule < n_rules; rule++)
            trace->rule[host * n_rules + rule] = -1;
    }
}

#define ADD(world, cause, host, mark, ...)                                                         \
    ((world)->trace.last =                                                                         \
         timeline_add((world)->trace.timeline, (world)->now_ms, cause, host, mark, __VA_ARGS__))

/* ---- jobs ---- */

void world_trace_job_arrived(struct world *world, const struct news *news)
{
    const struct job *j = &world->jobs.job[news->job];
    int32_t *said = &world->trace.job[news->job];
    if (j->attempt == 0)
        *said = -1;
    *said = ADD(world, *said, -1, MARK_NONE, "job %u %s: %.3f s of work", j->number,
                j->attempt == 0 ? "arrives" : "is run again", (double)j->work_ms / 1000);
    if (*said >= 0)
        world->trace.timeline->entry[*said].job_class = j->job_class;
}

void world_trace_job(struct world *world, const struct news *news)
{
    static const struct {
        const char *text; /* with the job's number */
        bool by_host;     /* the cause is what its host did */
    } stories[] = {
        [NEWS_JOB_DELAYED] = {"GitHub is slow to hand out job %u", false},
        [NEWS_JOB_STARTED] = {"job %u starts", false},
        [NEWS_JOB_STRANDED] = {"job %u was assigned to a runner that is gone", true},
        [NEWS_JOB_SWALLOWED] = {"job %u was taken by a runner that hangs", true},
        [NEWS_JOB_LOST] = {"job %u is lost from GitHub's sight", true},
        [NEWS_JOB_REQUEUED] = {"job %u is requeued", false},
        [NEWS_JOB_SUCCEEDED] = {"job %u succeeds", false},
    };
    int32_t *said = &world->trace.job[news->job];
    UND_ASSERT(stories[news->kind].text != NULL);
    *said = ADD(world, stories[news->kind].by_host ? world->trace.host[news->host] : *said,
                news->host, MARK_NONE, stories[news->kind].text, world->jobs.job[news->job].number);
    if (news->kind == NEWS_JOB_STARTED)
        world_trace_levels(world, news);
}

void world_trace_job_failed(struct world *world, const struct news *news)
{
    int32_t *said = &world->trace.job[news->job];
    *said = ADD(world, *said, news->host, MARK_NONE, "job %u fails: %s",
                world->jobs.job[news->job].number, news->why);
    if (news->again != NONE)
        world->trace.job[news->again] = *said;
}

void world_trace_restored(struct world *world, const struct news *news)
{
    ADD(world, world->trace.job[news->job], news->host, MARK_FIRST_JOB,
        "service restored: job %u starts on sound capacity", world->jobs.job[news->job].number);
}

/* ---- hosts and faults ---- */

void world_trace_host(struct world *world, const struct news *news)
{
    int32_t *said = &world->trace.host[news->host];
    if (news->kind == NEWS_HOST_BACK)
        *said = ADD(world, *said, news->host, MARK_NONE, "the host is back");
    else if (news->kind == NEWS_ROUTED_AWAY)
        ADD(world, world->trace.decision[news->host], news->host, MARK_ROUTING,
            "no new job can reach the host: routing has changed");
    else if (world->fleet->github.present)
        ADD(world, *said, news->host, MARK_NONE, "GitHub shows the host's runners offline");
}

static const char *fault_name(const struct world *world, int fault)
{
    return fault_kind_name(world->scenario->faults[fault].kind);
}

void world_trace_fault(struct world *world, const struct news *news)
{
    bool begins = news->kind == NEWS_FAULT_BEGINS;
    int first = news->hosts ? __builtin_ctzll(news->hosts) : -1, host;
    int32_t cause = begins || first < 0 ? -1 : world->trace.host[first];
    enum mark mark = begins ? MARK_FAULT : MARK_FAULT_END;
    if (news->fault < 0)
        ADD(world, cause, first, mark, begins ? "host breaks down (MTBF)" : "host is repaired");
    else if (begins)
        ADD(world, cause, first, mark, "%s%s", fault_name(world, news->fault),
            news->hosts & (news->hosts - 1) ? " (several hosts)" : "");
    else
        ADD(world, cause, first, mark, "%s ends", fault_name(world, news->fault));
    for (host = 0; host < world->n_hosts; host++)
        if (news->hosts >> host & 1)
            world->trace.host[host] = world->trace.last;
}

void world_trace_full(struct world *world, const struct news *news)
{
    ADD(world, world->incidents.all[news->incident].cause, -1, MARK_FULL, "full capacity again");
}

/* ---- alerts and the policy ---- */

static int32_t *rule_said(struct world *world, int host, int rule)
{
    return &world->trace.rule[host * world->fleet->monitoring.n_rules + rule];
}

void world_trace_alert(struct world *world, const struct news *news)
{
    static const enum mark marks[] = {MARK_NONE, MARK_PENDING, MARK_FIRING, MARK_NONE,
                                      MARK_RESOLVED};
    static const char *const words[] = {"", "pending", "firing", "dropped", "resolved"};
    int32_t *said = rule_said(world, news->host, news->rule);
    *said = ADD(world, news->change == ALERT_FIRED ? *said : world->trace.host[news->host],
                news->host, marks[news->change], "alert %s %s",
                world->fleet->monitoring.rules[news->rule].name, words[news->change]);
    world->trace.alert[news->host] = *said;
    world_trace_levels(world, news);
}

void world_trace_webhook(struct world *world, const struct news *news)
{
    int32_t cause = -1;
    int i;
    if (!world_controller_has_webhook(world))
        return;
    for (i = 0; i < news->notification->n; i++) {
        const struct notified *alert = &news->notification->list[i];
        if (alert->host == news->host && alert->told &&
            *rule_said(world, alert->host, alert->rule) > cause)
            cause = *rule_said(world, alert->host, alert->rule);
    }
    ADD(world, cause, news->host, MARK_NONE, "notification: %s",
        news->severities ? "firing" : "resolved");
}

/* What made the policy say this: what it saw, or its own earlier word. */
static int32_t cause_of(const struct world *world, int host, enum notice notice)
{
    const struct world_trace *trace = &world->trace;
    if (notice == NOTICE_DETECTED || notice == NOTICE_RELAPSE)
        return world->controller.driver.readings.view.host[host].alerts &
                       world->fleet->policy.severities
                   ? trace->alert[host]
                   : trace->host[host];
    if (notice == NOTICE_FAILBACK || notice == NOTICE_DISMISSED)
        return trace->alert[host] > trace->host[host] ? trace->alert[host] : trace->host[host];
    return notice == NOTICE_FAILOVER ? trace->detection[host] : trace->decision[host];
}

static int32_t last_detection(const struct world *world)
{
    int32_t last = -1;
    int host;
    for (host = 0; host < world->n_hosts; host++)
        if (world->trace.detection[host] > last)
            last = world->trace.detection[host];
    return last;
}

void world_trace_notice(struct world *world, const struct news *news)
{
    struct world_trace *trace = &world->trace;
    enum mark mark = mark_of_notice(news->notice);
    int32_t cause = news->host >= 0               ? cause_of(world, news->host, news->notice)
                    : news->notice == NOTICE_PAGE ? last_detection(world)
                                                  : -1;
    ADD(world, cause, news->host, mark, "policy: %s", policy_notice_name(news->notice));
    if (news->host < 0)
        return;
    if (news->notice == NOTICE_DETECTED)
        trace->detection[news->host] = trace->last;
    else if (mark == MARK_DECISION || news->notice == NOTICE_FAILBACK)
        trace->decision[news->host] = trace->last;
}

/* ---- curves ---- */

void world_trace_levels(struct world *world, const struct news *news)
{
    const struct prometheus *prometheus = world->monitoring.prometheus;
    int host;
    (void)news;
    for (host = 0; host < world->n_hosts; host++) {
        const struct github_host *h = &world->github.host[host];
        struct timeline_point point = {.at_ms = world->now_ms, .host = host, .phase = -1};
        uint32_t reg;
        if (world->fleet->has_policy) {
            point.phase = (int)world->controller.driver.state.host[host].phase;
            point.admitted = (int)h->labelled;
        }
        for (reg = h->first; reg < h->first + h->slots; reg++)
            point.online += world->github.reg[reg].online;
        point.busy = (int)h->busy;
        timeline_point(world->trace.timeline, point);
    }
    timeline_point(
        world->trace.timeline,
        (struct timeline_point){
            .at_ms = world->now_ms,
            .host = -1,
            .phase = -1,
            .queue = (int)world->jobs.queued,
            .alerts_pending = prometheus ? prometheus_count(prometheus, ALERT_PENDING) : 0,
            .alerts_firing = prometheus ? prometheus_count(prometheus, ALERT_FIRING) : 0});
}
