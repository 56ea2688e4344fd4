/* Sleeps until something could change, scrapes, evaluates, and sends its alerts. */
#include "prometheus_internal.h"

#include "alertmanager.h"

#define RESEND_DELAY_MS 60000LL /* --rules.alert.resend-delay */

enum { EVENT_EVALUATION, EVENT_SCRAPE, EVENT_SERIES };

static struct pair *pair_of(struct prometheus *prometheus, int rule, int host)
{
    return &prometheus->pairs[rule * prometheus->n_hosts + host];
}

static bool watches(const struct rule *rule, int host)
{
    return rule->hosts == 0 || (rule->hosts >> host & 1) != 0;
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

void prometheus_wake_group(struct prometheus *prometheus, int index, int64_t now_ms)
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
    prometheus_wake_group(prometheus, prometheus->group_of[rule], now_ms);
}

void prometheus_wake_host(struct prometheus *prometheus, int host, int64_t now_ms)
{
    for (int i = 0; i < prometheus->monitoring->n_rules; i++)
        wake_pair(prometheus, i, host, now_ms);
}

void prometheus_wake_value(struct prometheus *prometheus, int host, enum target_value value,
                           int64_t now_ms)
{
    int64_t value_pm = target_of(prometheus, host, 0)->value[value];
    for (int i = 0; i < prometheus->monitoring->n_rules; i++) {
        const struct rule *rule = &prometheus->monitoring->rules[i];
        if (target_value_of(rule->signal) == value && target_suspicious(rule, value_pm))
            wake_pair(prometheus, i, host, now_ms);
    }
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
        if (pair->stored.at_ms == now_ms - group->interval_ms)
            pair->stored.at_ms = -1;
        return;
    }
    pair->stored.at_ms = now_ms;
    pair->stored.active_ms = pair->alert.active_ms;
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

/* Active, or resolved not so long ago that the Alertmanager has been told of it often enough. */
static bool is_told(const struct alert *alert, int64_t now_ms)
{
    return alert->state != ALERT_INACTIVE ||
           (alert->resolved_ms >= 0 && now_ms - alert->resolved_ms <= ALERT_RESOLVED_RETENTION_MS);
}

/* The rules of the group that are evaluated on series, in their order; then what their alerts say
 * of each host: the furthest that any of a rule's alerts about it has come. */
static void evaluate_series(struct prometheus *prometheus, const struct group *group,
                            int64_t now_ms)
{
    const struct monitoring *monitoring = prometheus->monitoring;
    for (int i = 0; i < group->n_series; i++)
        rule_engine_run(prometheus->engine, group->series[i], now_ms);
    for (int i = 0; i < group->n_series; i++) {
        int series = group->series[i], rule = monitoring->series[series].rule;
        if (rule < 0 || (rule_engine_idle(prometheus->engine, series) && !prometheus->told[series]))
            continue;
        prometheus->told[series] = false;
        for (int host = 0; host < prometheus->n_hosts; host++) {
            follow_alerts(prometheus, series, rule, host, now_ms);
            prometheus->told[series] |= is_told(&pair_of(prometheus, rule, host)->alert, now_ms);
        }
    }
}

/* Alerts that are active again go on waiting where the last process left off. */
static void restore(struct prometheus *prometheus, const struct group *group, int64_t now_ms)
{
    const struct rule *rules = prometheus->monitoring->rules;
    for (int i = 0; i < group->n_rules * prometheus->n_hosts; i++) {
        int rule = group->rules[i / prometheus->n_hosts];
        struct pair *pair = pair_of(prometheus, rule, i % prometheus->n_hosts);
        int64_t active_ms = alert_restored_ms(rules[rule].for_ms, &pair->stored, now_ms);
        if (pair->alert.state != ALERT_INACTIVE && active_ms >= 0)
            pair->alert.active_ms = active_ms;
    }
    for (int i = 0; i < group->n_series; i++)
        rule_engine_restore(prometheus->engine, group->series[i], now_ms);
}

static void evaluate(struct prometheus *prometheus, int index, int64_t now_ms)
{
    const struct rule *rules = prometheus->monitoring->rules;
    struct group *group = &prometheus->groups[index];
    prometheus->evaluating = true;
    group->evaluations++;
    group->hot = prometheus->always || group->ticks;
    if (group->ticks)
        evaluate_series(prometheus, group, now_ms);
    for (int i = 0; i < group->n_rules; i++) {
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

void prometheus_push_scrape(struct prometheus *prometheus, int target)
{
    queue_push(prometheus->queue, prometheus->targets[target].next_ms, PROMETHEUS_PRIORITY,
               (uint8_t)(prometheus->first_kind + EVENT_SCRAPE), (uint32_t)target, 0);
}

void prometheus_push_series(struct prometheus *prometheus, int target)
{
    queue_push(prometheus->queue, prometheus->series_targets[target].next_ms, PROMETHEUS_PRIORITY,
               (uint8_t)(prometheus->first_kind + EVENT_SERIES), (uint32_t)target, 0);
}

/* A scrape of what the engine reads: as its host answers. */
static void scrape_series(struct prometheus *prometheus, int index, int64_t now_ms)
{
    int host = rule_engine_answers(prometheus->engine, index);
    const struct scrape_job *job = rule_engine_job(prometheus->engine, index);
    enum target_state state = host < 0 ? TARGET_UP : target_of(prometheus, host, 0)->state;
    int64_t latency_ms = target_latency_ms(state, job->interval_ms, job->timeout_ms,
                                           prometheus->monitoring->unreachable_ms);
    if (prometheus->running && now_ms >= prometheus->started_ms + DISCOVERY_MS)
        rule_engine_scrape(prometheus->engine, index, now_ms, now_ms + latency_ms,
                           state == TARGET_UP, state == TARGET_LOST);
    prometheus->series_targets[index].next_ms = now_ms + job->interval_ms;
    prometheus_push_series(prometheus, index);
}

void prometheus_event(struct prometheus *prometheus, const struct event *event)
{
    if (event->kind == prometheus->first_kind + EVENT_SCRAPE) {
        target_catch_up(&prometheus->targets[event->who], event->at_ms);
        prometheus_push_scrape(prometheus, (int)event->who);
    } else if (event->kind == prometheus->first_kind + EVENT_SERIES) {
        scrape_series(prometheus, (int)event->who, event->at_ms);
    } else {
        take_slot(prometheus, (int)event->who, event->at_ms);
    }
}
