#include "prometheus.h"

#include "alertmanager.h"
#include "model/base/assert.h"
#include "rule_engine.h"

#include <stdlib.h>
#include <string.h>

#define RESEND_DELAY_MS 60000LL       /* --rules.alert.resend-delay */
#define FOR_GRACE_MS 600000LL         /* --rules.alert.for-grace-period */
#define OUTAGE_TOLERANCE_MS 3600000LL /* --rules.alert.for-outage-tolerance */
#define DISCOVERY_MS 5000LL           /* start to targets and Alertmanager known */
#define NEVER_SENT (INT64_MIN / 2)

enum { EVENT_EVALUATION, EVENT_SCRAPE, EVENT_SERIES };

/* One rule for one host. */
struct pair {
    struct alert alert;
    int64_t sent_ms; /* last sent to the Alertmanager */
    /* The last sample of ALERTS_FOR_STATE, which outlives the server: -1 if none or stale. */
    int64_t stored_ms, stored_active_ms;
    bool hot; /* an evaluation could find or send something: evaluate it */
};

struct group {
    int64_t interval_ms, phase_ms;
    int64_t evaluations; /* since the server's start */
    bool awake;          /* its next slot is in the queue, though the server may have died */
    bool hot;            /* one of its pairs is */
    bool ticks;          /* one of its rules is evaluated on series: nobody knows when in advance */
    const char *name;    /* borrowed */
    int rules[FLEET_RULES];
    int n_rules;
};

struct prometheus {
    const struct monitoring *monitoring; /* borrowed */
    struct queue *queue;
    struct alertmanager *alertmanager;
    prometheus_observer *observer;
    void *context;
    uint8_t first_kind;
    bool always, running, evaluating;
    int n_hosts, n_groups, n_jobs;
    int64_t started_ms;
    /* After a target or the server came back, everything may happen until all windows are full. */
    int64_t unsettled_ms;
    int64_t unsettled_until_ms[FLEET_HOSTS];
    int64_t above_pm[VALUES],
        below_pm[VALUES]; /* values that no rule calls suspicious lie between */
    int count[ALERT_FIRING + 1];
    int firing[FLEET_HOSTS][SEVERITY_COUNT];
    int group_of[FLEET_RULES];
    struct group *groups; /* owned */
    int groups_room;
    struct scrape_job jobs[FLEET_JOBS];
    struct target *targets;     /* owned: n_hosts * n_jobs */
    struct pair *pairs;         /* owned: n_rules * n_hosts */
    struct rule_engine *engine; /* of the rules that are no signals; NULL: there are none */
    int *series_group;          /* owned: of each of monitoring.series */
    struct series_target {
        int64_t next_ms;
    } * series_targets; /* owned: of the engine's */
};

static struct pair *pair_of(struct prometheus *prometheus, int rule, int host)
{
    return &prometheus->pairs[rule * prometheus->n_hosts + host];
}

static struct target *target_of(struct prometheus *prometheus, int host, int job)
{
    return &prometheus->targets[host * prometheus->n_jobs + job];
}

static bool watches(const struct rule *rule, int host)
{
    return rule->hosts == 0 || (rule->hosts >> host & 1) != 0;
}

static void forget_alerts(struct prometheus *prometheus)
{
    int n_pairs = prometheus->n_hosts * prometheus->monitoring->n_rules;
    for (int i = 0; i < n_pairs; i++) {
        alert_init(&prometheus->pairs[i].alert);
        prometheus->pairs[i].sent_ms = NEVER_SENT;
    }
    memset(prometheus->count, 0, sizeof prometheus->count);
    memset(prometheus->firing, 0, sizeof prometheus->firing);
    prometheus->count[ALERT_INACTIVE] = n_pairs;
}

/* --- opening --------------------------------------------------------------------------------- */

static int find_group(struct prometheus *prometheus, const char *name, int64_t interval_ms)
{
    if (interval_ms == 0)
        interval_ms = prometheus->monitoring->evaluation_interval_ms;
    for (int i = 0; i < prometheus->n_groups; i++) {
        struct group *group = &prometheus->groups[i];
        if (group->interval_ms == interval_ms && strcmp(group->name, name) == 0)
            return i;
    }
    UND_ASSERT(prometheus->n_groups < prometheus->groups_room);
    prometheus->groups[prometheus->n_groups].interval_ms = interval_ms;
    prometheus->groups[prometheus->n_groups].name = name;
    return prometheus->n_groups++;
}

static void learn_rule(struct prometheus *prometheus, int index)
{
    const struct rule *rule = &prometheus->monitoring->rules[index];
    enum target_value value = target_value_of(rule->signal);
    struct group *group;
    prometheus->group_of[index] = find_group(prometheus, rule->group, rule->interval_ms);
    group = &prometheus->groups[prometheus->group_of[index]];
    group->rules[group->n_rules++] = index;
    if (value == VALUES)
        return;
    if (rule->below && rule->threshold_pm > prometheus->below_pm[value])
        prometheus->below_pm[value] = rule->threshold_pm;
    if (!rule->below && rule->threshold_pm < prometheus->above_pm[value])
        prometheus->above_pm[value] = rule->threshold_pm;
}

static void learn_series(struct prometheus *prometheus, const struct fleet *fleet)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    int n_targets;
    if (monitoring->n_series == 0)
        return;
    prometheus->engine = rule_engine_open(fleet);
    n_targets = rule_engine_targets(prometheus->engine);
    prometheus->series_group =
        calloc((size_t)monitoring->n_series, sizeof *prometheus->series_group);
    prometheus->series_targets = calloc((size_t)n_targets, sizeof *prometheus->series_targets);
    UND_ASSERT(prometheus->series_group && prometheus->series_targets);
    for (int i = 0; i < monitoring->n_series; i++) {
        const struct series_rule *rule = &monitoring->series[i];
        int group = find_group(prometheus, rule->group, rule->interval_ms);
        prometheus->series_group[i] = group;
        prometheus->groups[group].ticks |= rule_engine_live(prometheus->engine, i);
    }
}

static void learn_jobs(struct prometheus *prometheus, int n_hosts)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    int64_t longest_ms = 0;
    prometheus->n_jobs = monitoring->n_jobs > 0 ? monitoring->n_jobs : 1;
    prometheus->jobs[0] = (struct scrape_job){.interval_ms = monitoring->scrape_interval_ms,
                                              .timeout_ms = monitoring->scrape_timeout_ms};
    for (int i = 0; i < monitoring->n_jobs; i++)
        prometheus->jobs[i] = monitoring->jobs[i];
    for (int i = 0; i < monitoring->n_rules; i++) {
        UND_ASSERT(monitoring->rules[i].job < prometheus->n_jobs);
        if (monitoring->rules[i].window_ms > longest_ms)
            longest_ms = monitoring->rules[i].window_ms;
    }
    prometheus->targets =
        calloc((size_t)(n_hosts * prometheus->n_jobs) + 1, sizeof *prometheus->targets);
    UND_ASSERT(prometheus->targets != NULL);
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_open(&prometheus->targets[i], &prometheus->jobs[i % prometheus->n_jobs], longest_ms,
                    monitoring->unreachable_ms);
}

static void learn_unsettled(struct prometheus *prometheus)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    int64_t window_ms = monitoring->lookback_ms, interval_ms = 0, scrape_ms = 0;
    for (int i = 0; i < monitoring->n_rules; i++) {
        if (monitoring->rules[i].window_ms > window_ms)
            window_ms = monitoring->rules[i].window_ms;
    }
    for (int i = 0; i < prometheus->n_groups; i++) {
        if (prometheus->groups[i].interval_ms > interval_ms)
            interval_ms = prometheus->groups[i].interval_ms;
    }
    for (int i = 0; i < prometheus->n_jobs; i++) {
        if (prometheus->jobs[i].interval_ms > scrape_ms)
            scrape_ms = prometheus->jobs[i].interval_ms;
    }
    /* Three scrapes: one that is late to be seen, one that is late to come, one that fails only
     * when the next is due. A restored state needs its three evaluations as well. */
    prometheus->unsettled_ms = DISCOVERY_MS + window_ms + 3 * scrape_ms + 3 * interval_ms;
}

struct prometheus *prometheus_open(const struct fleet *fleet, struct queue *queue,
                                   uint8_t first_kind, struct alertmanager *alertmanager,
                                   prometheus_observer *observer, void *context)
{
    struct prometheus *prometheus = calloc(1, sizeof *prometheus);
    int n_rules = fleet->monitoring.present ? fleet->monitoring.n_rules : 0;
    UND_ASSERT(prometheus != NULL);
    prometheus->monitoring = &fleet->monitoring;
    prometheus->queue = queue;
    prometheus->alertmanager = alertmanager;
    prometheus->observer = observer;
    prometheus->context = context;
    prometheus->first_kind = first_kind;
    prometheus->n_hosts = fleet->monitoring.present ? fleet->n_hosts : 0;
    prometheus->groups_room = n_rules + fleet->monitoring.n_series + 1;
    prometheus->groups = calloc((size_t)prometheus->groups_room, sizeof *prometheus->groups);
    UND_ASSERT(prometheus->groups != NULL);
    for (int i = 0; i < VALUES; i++) {
        prometheus->above_pm[i] = INT64_MAX;
        prometheus->below_pm[i] = INT64_MIN;
    }
    prometheus->pairs = calloc((size_t)(n_rules * fleet->n_hosts) + 1, sizeof *prometheus->pairs);
    UND_ASSERT(prometheus->pairs != NULL);
    for (int i = 0; i < n_rules; i++)
        learn_rule(prometheus, i);
    learn_series(prometheus, fleet);
    learn_jobs(prometheus, prometheus->n_hosts);
    learn_unsettled(prometheus);
    return prometheus;
}

void prometheus_close(struct prometheus *prometheus)
{
    if (!prometheus)
        return;
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_close(&prometheus->targets[i]);
    free(prometheus->targets);
    free(prometheus->pairs);
    rule_engine_close(prometheus->engine);
    free(prometheus->series_group);
    free(prometheus->series_targets);
    free(prometheus->groups);
    free(prometheus);
}

void prometheus_always_tick(struct prometheus *prometheus, bool always)
{
    prometheus->always = always;
    if (prometheus->engine && always)
        rule_engine_always(prometheus->engine, always);
    for (int i = 0; prometheus->engine && i < prometheus->monitoring->n_series; i++)
        prometheus->groups[prometheus->series_group[i]].ticks |=
            rule_engine_live(prometheus->engine, i);
}

void prometheus_watch(struct prometheus *prometheus, state_observer *observer, void *context)
{
    if (prometheus->engine)
        rule_engine_observe(prometheus->engine, observer, context);
}

/* --- sleeping and waking --------------------------------------------------------------------- */

static void push_evaluation(struct prometheus *prometheus, int group, int64_t at_ms)
{
    int turn = group < PROMETHEUS_GROUPS ? group : PROMETHEUS_GROUPS - 1;
    queue_push(prometheus->queue, at_ms, (uint8_t)(PROMETHEUS_PRIORITY + turn),
               (uint8_t)(prometheus->first_kind + EVENT_EVALUATION), (uint32_t)group, 0);
}

/* The group's first evaluation after now_ms. */
static int64_t next_evaluation(const struct group *group, int64_t now_ms)
{
    if (now_ms < group->phase_ms)
        return group->phase_ms;
    return now_ms + group->interval_ms - (now_ms - group->phase_ms) % group->interval_ms;
}

static void wake_group(struct prometheus *prometheus, int index, int64_t now_ms)
{
    struct group *group = &prometheus->groups[index];
    group->hot = true;
    if (group->awake || !prometheus->running)
        return;
    group->awake = true;
    push_evaluation(prometheus, index, next_evaluation(group, now_ms));
}

static void wake_pair(struct prometheus *prometheus, int rule, int host, int64_t now_ms)
{
    struct pair *pair = pair_of(prometheus, rule, host);
    if (pair->hot || !watches(&prometheus->monitoring->rules[rule], host) ||
        prometheus->monitoring->rules[rule].signal == SIGNAL_SERIES)
        return;
    pair->hot = true;
    wake_group(prometheus, prometheus->group_of[rule], now_ms);
}

static void wake_host(struct prometheus *prometheus, int host, int64_t now_ms)
{
    for (int i = 0; i < prometheus->monitoring->n_rules; i++)
        wake_pair(prometheus, i, host, now_ms);
}

static void wake_value(struct prometheus *prometheus, int host, enum target_value value,
                       int64_t now_ms)
{
    int64_t value_pm = target_of(prometheus, host, 0)->value[value];
    for (int i = 0; i < prometheus->monitoring->n_rules; i++) {
        const struct rule *rule = &prometheus->monitoring->rules[i];
        if (target_value_of(rule->signal) == value && target_suspicious(rule, value_pm))
            wake_pair(prometheus, i, host, now_ms);
    }
}

static inline void wake_if_suspicious(struct prometheus *prometheus, int host,
                                      enum target_value value, int64_t value_pm, int64_t now_ms)
{
    if (value_pm >= prometheus->above_pm[value] || value_pm <= prometheus->below_pm[value])
        wake_value(prometheus, host, value, now_ms);
}

/* Could a later evaluation change or send anything, with the inputs as they are? */
static bool still_hot(struct prometheus *prometheus, const struct pair *pair, int rule, int host,
                      int64_t now_ms)
{
    const struct rule *settings = &prometheus->monitoring->rules[rule];
    const struct alert *alert = &pair->alert;
    if (alert->state != ALERT_INACTIVE || now_ms < prometheus->unsettled_until_ms[host])
        return true;
    if (prometheus->alertmanager && alert->resolved_ms >= 0 &&
        now_ms - alert->resolved_ms <= ALERT_RESOLVED_RETENTION_MS)
        return true;
    return !target_calm(target_of(prometheus, host, settings->job), settings, now_ms);
}

/* --- evaluation ------------------------------------------------------------------------------ */

static void note_change(struct prometheus *prometheus, int rule, int host, int64_t now_ms,
                        enum alert_state before, enum alert_change change)
{
    struct pair *pair = pair_of(prometheus, rule, host);
    enum alert_state after = pair->alert.state;
    int *firing = &prometheus->firing[host][prometheus->monitoring->rules[rule].severity];
    prometheus->count[before]--;
    prometheus->count[after]++;
    *firing += (after == ALERT_FIRING) - (before == ALERT_FIRING);
    if (before == ALERT_INACTIVE)
        pair->sent_ms = NEVER_SENT;
    if (prometheus->observer)
        prometheus->observer(prometheus->context, now_ms, host, rule, change);
}

/* Firing alerts, and resolved ones for 15 minutes, once more than a resend delay has passed
 * (strictly: with both at 60 s every second evaluation sends). */
static void send_alert(struct prometheus *prometheus, int rule, int host, int64_t now_ms)
{
    struct pair *pair = pair_of(prometheus, rule, host);
    const struct alert *alert = &pair->alert;
    int64_t interval_ms = prometheus->groups[prometheus->group_of[rule]].interval_ms;
    int64_t ends_ms = now_ms + 4 * (interval_ms > RESEND_DELAY_MS ? interval_ms : RESEND_DELAY_MS);
    bool resolved = alert->state == ALERT_INACTIVE && alert->resolved_ms >= 0 &&
                    now_ms - alert->resolved_ms <= ALERT_RESOLVED_RETENTION_MS;
    if (alert->state != ALERT_FIRING && !resolved)
        return;
    if (!(resolved && alert->resolved_ms > pair->sent_ms) &&
        pair->sent_ms + RESEND_DELAY_MS >= now_ms)
        return;
    pair->sent_ms = now_ms;
    if (now_ms < prometheus->started_ms + DISCOVERY_MS)
        return;
    alertmanager_receive(prometheus->alertmanager, now_ms, rule, host, alert->fired_ms,
                         resolved ? alert->resolved_ms : ends_ms);
}

/* What the evaluation writes to ALERTS_FOR_STATE; nothing before a restoration. */
static void store_state(const struct group *group, struct pair *pair, int64_t now_ms)
{
    if (group->evaluations <= 2)
        return;
    if (pair->alert.state == ALERT_INACTIVE) {
        if (pair->stored_ms == now_ms - group->interval_ms)
            pair->stored_ms = -1;
        return;
    }
    pair->stored_ms = now_ms;
    pair->stored_active_ms = pair->alert.active_ms;
}

/* Takes over what the engine has found. While one alert resolves and another is still pending, the
 * host's is resolved first, and pending from the next evaluation. */
static void follow_alerts(struct prometheus *prometheus, int series, int rule, int host,
                          int64_t now_ms)
{
    struct pair *pair = pair_of(prometheus, rule, host);
    struct alert *alert = &pair->alert;
    enum alert_state before = alert->state, after;
    enum alert_change change = ALERT_SAME;
    int64_t active_ms;
    after = rule_engine_state(prometheus->engine, series, host, &active_ms);
    if (before == ALERT_FIRING && after == ALERT_PENDING)
        after = ALERT_INACTIVE;
    if (after != ALERT_INACTIVE)
        alert->active_ms = active_ms;
    if (after == before && after == ALERT_INACTIVE && alert->resolved_ms < 0)
        return;
    if (after == ALERT_PENDING && before == ALERT_INACTIVE)
        change = ALERT_BEGAN;
    if (after == ALERT_FIRING && before != ALERT_FIRING) {
        change = ALERT_FIRED;
        alert->fired_ms = now_ms;
    }
    if (after == ALERT_INACTIVE && before != ALERT_INACTIVE)
        change = before == ALERT_FIRING ? ALERT_RESOLVED : ALERT_DROPPED;
    if (change == ALERT_RESOLVED)
        alert->resolved_ms = now_ms;
    if (change == ALERT_BEGAN || change == ALERT_FIRED)
        alert->resolved_ms = -1;
    alert->state = after;
    if (change != ALERT_SAME)
        note_change(prometheus, rule, host, now_ms, before, change);
    if (prometheus->alertmanager)
        send_alert(prometheus, rule, host, now_ms);
}

static void evaluate_pair(struct prometheus *prometheus, const struct group *group, int rule,
                          int host, int64_t now_ms)
{
    const struct rule *settings = &prometheus->monitoring->rules[rule];
    struct alert_timing timing = {settings->for_ms, settings->keep_firing_ms};
    struct pair *pair = pair_of(prometheus, rule, host);
    enum alert_state before = pair->alert.state;
    bool present = target_matches(target_of(prometheus, host, settings->job), settings, now_ms,
                                  prometheus->monitoring->lookback_ms);
    enum alert_change change = alert_step(&timing, &pair->alert, now_ms, present);
    /* Cool before the observer, which may heat it again. */
    pair->hot = still_hot(prometheus, pair, rule, host, now_ms);
    store_state(group, pair, now_ms);
    if (change != ALERT_SAME)
        note_change(prometheus, rule, host, now_ms, before, change);
    if (prometheus->alertmanager)
        send_alert(prometheus, rule, host, now_ms);
}

/* The rules of the group that are evaluated on series, in their order; then what their alerts say of
 * each host: the furthest that any of a rule's alerts about it has come. */
static void evaluate_series(struct prometheus *prometheus, int group, int64_t now_ms)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    for (int i = 0; prometheus->engine && i < monitoring->n_series; i++) {
        if (prometheus->series_group[i] == group && rule_engine_live(prometheus->engine, i))
            rule_engine_run(prometheus->engine, i, now_ms);
    }
    for (int i = 0; prometheus->engine && i < monitoring->n_series; i++) {
        int rule = monitoring->series[i].rule;
        if (prometheus->series_group[i] != group || rule < 0 ||
            !rule_engine_live(prometheus->engine, i))
            continue;
        for (int host = 0; host < prometheus->n_hosts; host++)
            follow_alerts(prometheus, i, rule, host, now_ms);
    }
}

static int64_t whole_s(int64_t ms)
{
    return ms - ms % 1000;
}

/* Group.RestoreForState, after the second evaluation: alerts that are active again go on waiting
 * where the last process left off. ALERTS_FOR_STATE holds whole seconds. */
static void restore(struct prometheus *prometheus, const struct group *group, int64_t now_ms)
{
    for (int i = 0; i < group->n_rules * prometheus->n_hosts; i++) {
        int rule = group->rules[i / prometheus->n_hosts];
        struct pair *pair = pair_of(prometheus, rule, i % prometheus->n_hosts);
        int64_t for_ms = prometheus->monitoring->rules[rule].for_ms;
        int64_t down_ms = whole_s(pair->stored_ms), active_ms = whole_s(pair->stored_active_ms);
        int64_t remaining_ms = for_ms - (down_ms - active_ms);
        if (prometheus->monitoring->rules[rule].signal == SIGNAL_SERIES || for_ms < FOR_GRACE_MS ||
            pair->alert.state == ALERT_INACTIVE || pair->stored_ms < 0 ||
            pair->stored_ms < now_ms - OUTAGE_TOLERANCE_MS)
            continue;
        if (remaining_ms <= 0)
            pair->alert.active_ms = active_ms;
        else if (remaining_ms < FOR_GRACE_MS)
            pair->alert.active_ms = now_ms + FOR_GRACE_MS - for_ms;
        else
            pair->alert.active_ms = active_ms + (now_ms - down_ms);
    }
}

static void evaluate(struct prometheus *prometheus, int index, int64_t now_ms)
{
    const struct rule *rules = prometheus->monitoring->rules;
    struct group *group = &prometheus->groups[index];
    prometheus->evaluating = true;
    group->evaluations++;
    group->hot = prometheus->always || group->ticks;
    if (group->ticks)
        evaluate_series(prometheus, index, now_ms);
    for (int i = 0; i < group->n_rules; i++) {
        if (rules[group->rules[i]].signal == SIGNAL_SERIES)
            continue;
        for (int host = 0; host < prometheus->n_hosts; host++) {
            struct pair *pair = pair_of(prometheus, group->rules[i], host);
            if (!pair->hot && !(prometheus->always && watches(&rules[group->rules[i]], host)))
                continue;
            evaluate_pair(prometheus, group, group->rules[i], host, now_ms);
            group->hot |= pair->hot;
        }
    }
    if (group->evaluations == 2)
        restore(prometheus, group, now_ms);
    prometheus->evaluating = false;
}

/* One slot of a group's grid. The first evaluation of a process comes in the first slot after its
 * start. */
static void take_slot(struct prometheus *prometheus, int index, int64_t now_ms)
{
    struct group *group = &prometheus->groups[index];
    if (prometheus->running && now_ms > prometheus->started_ms)
        evaluate(prometheus, index, now_ms);
    group->awake = prometheus->running && group->hot;
    if (group->awake)
        push_evaluation(prometheus, index, now_ms + group->interval_ms);
}

static void push_scrape(struct prometheus *prometheus, int target)
{
    queue_push(prometheus->queue, prometheus->targets[target].next_ms, PROMETHEUS_PRIORITY,
               (uint8_t)(prometheus->first_kind + EVENT_SCRAPE), (uint32_t)target, 0);
}

static void push_series(struct prometheus *prometheus, int target)
{
    queue_push(prometheus->queue, prometheus->series_targets[target].next_ms, PROMETHEUS_PRIORITY,
               (uint8_t)(prometheus->first_kind + EVENT_SERIES), (uint32_t)target, 0);
}

/* A scrape of what the engine reads: as its host answers. */
static void scrape_series(struct prometheus *prometheus, int index, int64_t now_ms)
{
    int host = rule_engine_answers(prometheus->engine, index);
    int64_t interval_ms = rule_engine_interval_ms(prometheus->engine, index);
    enum target_state state = host < 0 ? TARGET_UP : target_of(prometheus, host, 0)->state;
    int64_t latency_ms =
        target_latency_ms(state, interval_ms, prometheus->monitoring->scrape_timeout_ms,
                          prometheus->monitoring->unreachable_ms);
    if (prometheus->running && now_ms >= prometheus->started_ms + DISCOVERY_MS)
        rule_engine_scrape(prometheus->engine, index, now_ms, now_ms + latency_ms,
                           state == TARGET_UP, state == TARGET_LOST);
    prometheus->series_targets[index].next_ms = now_ms + interval_ms;
    push_series(prometheus, index);
}

void prometheus_event(struct prometheus *prometheus, const struct event *event)
{
    if (event->kind == prometheus->first_kind + EVENT_SCRAPE) {
        target_catch_up(&prometheus->targets[event->who], event->at_ms);
        push_scrape(prometheus, (int)event->who);
    } else if (event->kind == prometheus->first_kind + EVENT_SERIES) {
        scrape_series(prometheus, (int)event->who, event->at_ms);
    } else {
        take_slot(prometheus, (int)event->who, event->at_ms);
    }
}

/* --- what the world does to it --------------------------------------------------------------- */

/* What node_exporter exports is scraped when the signals' target of the host is. */
static void reset_series(struct prometheus *prometheus, struct stream *phases)
{
    if (!prometheus->engine)
        return;
    rule_engine_reset(prometheus->engine);
    for (int i = 0; i < rule_engine_targets(prometheus->engine); i++) {
        int64_t interval_ms = rule_engine_interval_ms(prometheus->engine, i);
        bool node = rule_engine_exporter(prometheus->engine, i) == EXPORTER_NODE;
        const struct target *same =
            node ? target_of(prometheus, rule_engine_answers(prometheus->engine, i), 0) : NULL;
        int64_t phase_ms = stream_below(phases, (uint32_t)interval_ms);
        if (same && same->interval_ms == interval_ms)
            phase_ms = same->next_ms % interval_ms;
        prometheus->series_targets[i].next_ms = phase_ms;
        rule_engine_phase(prometheus->engine, i, phase_ms);
        if (rule_engine_wants(prometheus->engine, i))
            push_series(prometheus, i);
    }
}

void prometheus_reset(struct prometheus *prometheus, struct stream *phases)
{
    prometheus->running = true;
    prometheus->started_ms = -DISCOVERY_MS;
    forget_alerts(prometheus);
    for (int i = 0; i < prometheus->n_hosts * prometheus->monitoring->n_rules; i++) {
        prometheus->pairs[i].stored_ms = -1;
        prometheus->pairs[i].hot = false;
    }
    memset(prometheus->unsettled_until_ms, 0, sizeof prometheus->unsettled_until_ms);
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++) {
        struct target *target = &prometheus->targets[i];
        target_reset(target, stream_below(phases, (uint32_t)target->interval_ms));
        if (prometheus->always)
            push_scrape(prometheus, i);
    }
    for (int i = 0; i < prometheus->n_groups; i++) {
        struct group *group = &prometheus->groups[i];
        group->phase_ms = stream_below(phases, (uint32_t)group->interval_ms);
        group->evaluations = 3; /* long past any restoration */
        group->awake = group->hot = false;
        if (prometheus->always || group->ticks)
            wake_group(prometheus, i, -1);
    }
    reset_series(prometheus, phases);
    for (int i = 0; i < prometheus->n_hosts * VALUES; i++)
        wake_value(prometheus, i / VALUES, (enum target_value)(i % VALUES), -1);
}

void prometheus_target(struct prometheus *prometheus, int64_t now_ms, int host,
                       enum target_state state)
{
    if (host >= prometheus->n_hosts || target_of(prometheus, host, 0)->state == state)
        return;
    if (prometheus->engine && state == TARGET_UP &&
        target_of(prometheus, host, 0)->state == TARGET_ABSENT)
        rule_engine_boot(prometheus->engine, now_ms, host);
    if (prometheus->engine)
        rule_engine_reach(prometheus->engine, host,
                          state != TARGET_ABSENT && state != TARGET_BLACKHOLE);
    for (int i = 0; i < prometheus->n_jobs; i++)
        target_change(target_of(prometheus, host, i), now_ms, state);
    prometheus->unsettled_until_ms[host] =
        state == TARGET_UP ? now_ms + prometheus->unsettled_ms : INT64_MAX;
    wake_host(prometheus, host, now_ms);
}

void prometheus_load(struct prometheus *prometheus, int64_t now_ms, int host, enum signal signal,
                     int64_t value_pm)
{
    enum target_value value = target_value_of(signal);
    UND_ASSERT(value != VALUES);
    if (host >= prometheus->n_hosts)
        return;
    if (value < COUNTERS)
        value_pm = value_pm < 0 ? 0 : value_pm > 1000 ? 1000 : value_pm;
    for (int i = 0; i < prometheus->n_jobs; i++)
        target_set(target_of(prometheus, host, i), now_ms, value, value_pm);
    if (prometheus->engine && (value == VALUE_CPU || value == VALUE_MEMORY))
        rule_engine_use(prometheus->engine, now_ms, host,
                        target_of(prometheus, host, 0)->value[VALUE_CPU],
                        target_of(prometheus, host, 0)->value[VALUE_MEMORY]);
    if (prometheus->engine && value == VALUE_DISK)
        rule_engine_disk(prometheus->engine, now_ms, host, value_pm);
    wake_if_suspicious(prometheus, host, value, value_pm, now_ms);
}

void prometheus_use(struct prometheus *prometheus, int64_t now_ms, int host, int64_t cpu_pm,
                    int64_t memory_pm)
{
    UND_ASSERT(cpu_pm >= 0 && cpu_pm <= 1000 && memory_pm >= 0 && memory_pm <= 1000);
    if (host >= prometheus->n_hosts)
        return;
    for (int i = 0; i < prometheus->n_jobs; i++) {
        struct target *target = target_of(prometheus, host, i);
        target_set(target, now_ms, VALUE_CPU, cpu_pm);
        target_set(target, now_ms, VALUE_MEMORY, memory_pm);
    }
    if (prometheus->engine)
        rule_engine_use(prometheus->engine, now_ms, host, cpu_pm, memory_pm);
    wake_if_suspicious(prometheus, host, VALUE_CPU, cpu_pm, now_ms);
    wake_if_suspicious(prometheus, host, VALUE_MEMORY, memory_pm, now_ms);
}

void prometheus_stop(struct prometheus *prometheus, int64_t now_ms)
{
    UND_ASSERT(!prometheus->evaluating);
    if (!prometheus->running)
        return;
    prometheus->running = false;
    forget_alerts(prometheus);
    if (prometheus->engine)
        rule_engine_stop(prometheus->engine, now_ms);
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_forsake(&prometheus->targets[i], now_ms);
}

void prometheus_start(struct prometheus *prometheus, int64_t now_ms)
{
    if (prometheus->running)
        return;
    prometheus->running = true;
    prometheus->started_ms = now_ms;
    for (int i = 0; i < prometheus->n_groups; i++) {
        prometheus->groups[i].evaluations = 0;
        wake_group(prometheus, i, now_ms);
    }
    for (int i = 0; i < prometheus->n_hosts * prometheus->n_jobs; i++)
        target_resume(&prometheus->targets[i], now_ms + DISCOVERY_MS);
    for (int i = 0; i < prometheus->n_hosts; i++) {
        int64_t until_ms = now_ms + prometheus->unsettled_ms;
        if (prometheus->unsettled_until_ms[i] < until_ms)
            prometheus->unsettled_until_ms[i] = until_ms;
        wake_host(prometheus, i, now_ms);
    }
}

/* --- what a controller can read -------------------------------------------------------------- */

bool prometheus_running(const struct prometheus *prometheus)
{
    return prometheus->running;
}

unsigned prometheus_firing(const struct prometheus *prometheus, int host)
{
    unsigned severities = 0;
    for (int i = 0; i < SEVERITY_COUNT; i++) {
        if (prometheus->firing[host][i] > 0)
            severities |= 1u << i;
    }
    return severities;
}

int prometheus_alerts(const struct prometheus *prometheus, int host, enum alert_state state,
                      int64_t *active_ms)
{
    int n = 0;
    *active_ms = -1;
    for (int rule = 0; rule < prometheus->monitoring->n_rules; rule++) {
        const struct alert *alert = &prometheus->pairs[rule * prometheus->n_hosts + host].alert;
        if (alert->state != state)
            continue;
        if (n++ == 0 || alert->active_ms < *active_ms)
            *active_ms = alert->active_ms;
    }
    return n;
}

int prometheus_count(const struct prometheus *prometheus, enum alert_state state)
{
    return prometheus->count[state];
}

int prometheus_up(struct prometheus *prometheus, int64_t now_ms, int host)
{
    const struct scrape *newest;
    if (host >= prometheus->n_hosts)
        return -1;
    newest = target_newest(target_of(prometheus, host, 0), now_ms);
    if (!newest || newest->at_ms < now_ms - prometheus->monitoring->lookback_ms)
        return -1;
    return newest->up;
}
