#include "alertmanager.h"

#include "model/assert.h"

#include <stdlib.h>

#define SWEEP_MS 30000LL /* how often empty groups are deleted */

enum { EVENT_FLUSH, EVENT_SWEEP };

/* One rule for one host: the newest version of its alert, and what the log says of it. */
struct entry {
    int64_t starts_ms, ends_ms;
    bool known;           /* posted at least once */
    bool grouped;         /* member of its group now */
    bool logged_firing;   /* in the group's last notification, as firing ... */
    bool logged_resolved; /* ... or as resolved */
};

struct group {
    bool exists, flushed;
    bool sweeping; /* the sweep that may delete it is in the queue */
    uint16_t epoch;
    int64_t flush_ms; /* the flush in the queue */
    int64_t logged_ms;
    bool logged;                                    /* a notification has been sent, ever */
    int first_rule, end_rule, first_host, end_host; /* the alerts that it can hold */
    int members;
};

struct alertmanager {
    const struct alertmanager_config *config; /* borrowed */
    struct queue *queue;
    alertmanager_observer *observer;
    void *context;
    uint16_t first_kind;
    uint16_t epoch; /* of the process */
    bool running;
    int64_t started_ms; /* the sweeps' phase */
    int n_rules, n_hosts, n_groups;
    struct entry *entries; /* owned: n_rules * n_hosts */
    struct group *groups;  /* owned */
};

static struct entry *entry_of(struct alertmanager *alertmanager, int rule, int host)
{
    return &alertmanager->entries[rule * alertmanager->n_hosts + host];
}

static int group_index(const struct alertmanager *alertmanager, int rule, int host)
{
    int hosts = alertmanager->config->group_by_instance ? alertmanager->n_hosts : 1;
    return (alertmanager->config->group_by_alertname ? rule : 0) * hosts +
           (alertmanager->config->group_by_instance ? host : 0);
}

static void learn_groups(struct alertmanager *alertmanager)
{
    const struct alertmanager_config *config = alertmanager->config;
    for (int rule = 0; rule < alertmanager->n_rules; rule++) {
        for (int host = 0; host < alertmanager->n_hosts; host++) {
            struct group *group = &alertmanager->groups[group_index(alertmanager, rule, host)];
            group->first_rule = config->group_by_alertname ? rule : 0;
            group->end_rule = config->group_by_alertname ? rule + 1 : alertmanager->n_rules;
            group->first_host = config->group_by_instance ? host : 0;
            group->end_host = config->group_by_instance ? host + 1 : alertmanager->n_hosts;
        }
    }
}

struct alertmanager *alertmanager_open(const struct fleet *fleet, struct queue *queue,
                                       uint16_t first_kind, alertmanager_observer *observer,
                                       void *context)
{
    struct alertmanager *alertmanager = calloc(1, sizeof *alertmanager);
    size_t n = (size_t)(fleet->monitoring.n_rules * fleet->n_hosts) + 1;
    UND_ASSERT(alertmanager != NULL);
    alertmanager->config = &fleet->alertmanager;
    alertmanager->queue = queue;
    alertmanager->first_kind = first_kind;
    alertmanager->observer = observer;
    alertmanager->context = context;
    alertmanager->n_rules = fleet->monitoring.n_rules;
    alertmanager->n_hosts = fleet->n_hosts;
    alertmanager->n_groups = (int)n - 1;
    alertmanager->entries = calloc(n, sizeof *alertmanager->entries);
    alertmanager->groups = calloc(n, sizeof *alertmanager->groups);
    UND_ASSERT(alertmanager->entries && alertmanager->groups);
    learn_groups(alertmanager);
    return alertmanager;
}

void alertmanager_close(struct alertmanager *alertmanager)
{
    if (!alertmanager)
        return;
    free(alertmanager->entries);
    free(alertmanager->groups);
    free(alertmanager);
}

/* Memory goes with the process; the notification log is on disk. */
static void forget(struct alertmanager *alertmanager)
{
    for (int i = 0; i < alertmanager->n_rules * alertmanager->n_hosts; i++)
        alertmanager->entries[i].known = alertmanager->entries[i].grouped = false;
    for (int i = 0; i < alertmanager->n_groups; i++) {
        struct group *group = &alertmanager->groups[i];
        group->exists = group->flushed = group->sweeping = false;
        group->epoch++;
        group->members = 0;
    }
    alertmanager->epoch++;
}

void alertmanager_reset(struct alertmanager *alertmanager)
{
    forget(alertmanager);
    for (int i = 0; i < alertmanager->n_rules * alertmanager->n_hosts; i++)
        alertmanager->entries[i].logged_firing = alertmanager->entries[i].logged_resolved = false;
    for (int i = 0; i < alertmanager->n_groups; i++) {
        alertmanager->groups[i].logged = false;
        alertmanager->groups[i].epoch = 0;
    }
    alertmanager->running = true;
    alertmanager->started_ms = 0;
}

void alertmanager_stop(struct alertmanager *alertmanager, int64_t now_ms)
{
    (void)now_ms;
    alertmanager->running = false;
    forget(alertmanager);
}

void alertmanager_start(struct alertmanager *alertmanager, int64_t now_ms)
{
    if (alertmanager->running)
        return;
    alertmanager->running = true;
    alertmanager->started_ms = now_ms;
}

size_t alertmanager_pending(const struct fleet *fleet)
{
    /* A group can be deleted and made anew once a sweep; its flush stays in the queue, void. */
    int64_t flushes = fleet->alertmanager.group_interval_ms / SWEEP_MS + 5;
    return (size_t)(fleet->monitoring.n_rules * fleet->n_hosts * (flushes + 2));
}

static void push(struct alertmanager *alertmanager, int64_t at_ms, int kind, int group,
                 uint16_t epoch)
{
    queue_push(alertmanager->queue, at_ms, ALERTMANAGER_PRIORITY,
               (uint16_t)(alertmanager->first_kind + kind), (uint32_t)group, epoch);
}

static void schedule_flush(struct alertmanager *alertmanager, int index, int64_t at_ms)
{
    struct group *group = &alertmanager->groups[index];
    group->epoch++;
    group->flush_ms = at_ms;
    push(alertmanager, at_ms, EVENT_FLUSH, index, group->epoch);
}

static void schedule_sweep(struct alertmanager *alertmanager, int index, int64_t now_ms)
{
    struct group *group = &alertmanager->groups[index];
    if (group->sweeping)
        return;
    group->sweeping = true;
    push(alertmanager, now_ms + SWEEP_MS - (now_ms - alertmanager->started_ms) % SWEEP_MS,
         EVENT_SWEEP, index, alertmanager->epoch);
}

/* --- receiving ------------------------------------------------------------------------------- */

/* Alert.Merge, for an update whose time overlaps the version before it (mem.go, types.go): the
 * earlier start wins, and of two resolved versions the later end. */
static void merge(struct entry *entry, int64_t now_ms, int64_t starts_ms, int64_t ends_ms)
{
    bool overlap = entry->known && ((ends_ms > entry->starts_ms && ends_ms < entry->ends_ms) ||
                                    (starts_ms > entry->starts_ms && starts_ms < entry->ends_ms));
    bool resolved = ends_ms <= now_ms, was_resolved = entry->ends_ms <= now_ms;
    if (overlap && entry->starts_ms < starts_ms)
        starts_ms = entry->starts_ms;
    if (overlap && entry->ends_ms > ends_ms && (!resolved || was_resolved))
        ends_ms = entry->ends_ms;
    entry->starts_ms = starts_ms;
    entry->ends_ms = ends_ms;
    entry->known = true;
}

void alertmanager_receive(struct alertmanager *alertmanager, int64_t now_ms, int rule, int host,
                          int64_t starts_ms, int64_t ends_ms)
{
    int index = group_index(alertmanager, rule, host);
    struct entry *entry = entry_of(alertmanager, rule, host);
    struct group *group = &alertmanager->groups[index];
    int64_t wait_ms = alertmanager->config->group_wait_ms;
    if (!alertmanager->running)
        return;
    merge(entry, now_ms, starts_ms, ends_ms);
    group->members += !entry->grouped;
    entry->grouped = true;
    if (!group->exists) {
        group->exists = true;
        group->flushed = false;
        group->flush_ms = INT64_MAX;
    }
    /* Whoever has waited long enough already waits no more (dispatch.go, insert). */
    if (!group->flushed && entry->starts_ms + wait_ms < now_ms && group->flush_ms > now_ms)
        schedule_flush(alertmanager, index, now_ms);
    else if (group->flush_ms == INT64_MAX)
        schedule_flush(alertmanager, index, now_ms + wait_ms);
}

/* --- flushing -------------------------------------------------------------------------------- */

/* DedupStage.needsUpdate. An identity is its labels: an alert that resolved and fired again since
 * the last notification is firing as before, and nothing has changed. */
static bool needs_update(struct alertmanager *alertmanager, const struct group *group,
                         int64_t now_ms)
{
    bool new_firing = false, new_resolved = false, any_firing = false, logged_firing = false;
    for (int rule = group->first_rule; rule < group->end_rule; rule++) {
        for (int host = group->first_host; host < group->end_host; host++) {
            const struct entry *entry = entry_of(alertmanager, rule, host);
            logged_firing |= entry->logged_firing;
            if (!entry->grouped)
                continue;
            any_firing |= entry->ends_ms > now_ms;
            new_firing |= entry->ends_ms > now_ms && !entry->logged_firing;
            new_resolved |= entry->ends_ms <= now_ms && !entry->logged_resolved;
        }
    }
    if (!group->logged)
        return any_firing;
    if (new_firing)
        return true;
    if (!any_firing)
        return logged_firing;
    return new_resolved || group->logged_ms < now_ms - alertmanager->config->repeat_interval_ms;
}

static void notify(struct alertmanager *alertmanager, struct group *group, int64_t now_ms)
{
    struct notification notification = {{0}, {0}};
    group->logged = true;
    group->logged_ms = now_ms;
    for (int rule = group->first_rule; rule < group->end_rule; rule++) {
        for (int host = group->first_host; host < group->end_host; host++) {
            struct entry *entry = entry_of(alertmanager, rule, host);
            entry->logged_firing = entry->grouped && entry->ends_ms > now_ms;
            entry->logged_resolved = entry->grouped && entry->ends_ms <= now_ms;
            notification.member[host] |= (uint32_t)1 << rule;
            if (entry->logged_firing)
                notification.firing[host] |= (uint32_t)1 << rule;
        }
    }
    if (alertmanager->observer)
        alertmanager->observer(alertmanager->context, now_ms, &notification);
}

static void drop_resolved(struct alertmanager *alertmanager, struct group *group, int64_t now_ms)
{
    for (int rule = group->first_rule; rule < group->end_rule; rule++) {
        for (int host = group->first_host; host < group->end_host; host++) {
            struct entry *entry = entry_of(alertmanager, rule, host);
            if (entry->grouped && entry->ends_ms <= now_ms) {
                entry->grouped = false;
                group->members--;
            }
        }
    }
}

static void flush(struct alertmanager *alertmanager, int index, int64_t now_ms)
{
    struct group *group = &alertmanager->groups[index];
    group->flushed = true;
    if (group->members > 0 && needs_update(alertmanager, group, now_ms))
        notify(alertmanager, group, now_ms);
    drop_resolved(alertmanager, group, now_ms);
    schedule_flush(alertmanager, index, now_ms + alertmanager->config->group_interval_ms);
    if (group->members == 0)
        schedule_sweep(alertmanager, index, now_ms);
}

/* Whichever version of the group is empty when a sweep comes is deleted. */
static void sweep(struct group *group)
{
    group->sweeping = false;
    if (group->members > 0)
        return;
    group->exists = false;
    group->epoch++;
}

void alertmanager_event(struct alertmanager *alertmanager, const struct event *event)
{
    struct group *group = &alertmanager->groups[event->who];
    bool is_flush = event->kind == alertmanager->first_kind + EVENT_FLUSH;
    if (!alertmanager->running)
        return;
    if (is_flush && event->epoch == group->epoch)
        flush(alertmanager, (int)event->who, event->at_ms);
    if (!is_flush && event->epoch == alertmanager->epoch)
        sweep(group);
}
