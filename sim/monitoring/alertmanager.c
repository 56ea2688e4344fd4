#include "alertmanager.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

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
    uint32_t epoch;
    int64_t flush_ms; /* the flush in the queue */
    int64_t logged_ms;
    bool logged;  /* a notification has been sent, ever */
    int first, n; /* the alerts that it can hold, in alertmanager.members */
    int members;  /* those it holds now */
    const struct alert_route *route;
};

struct alertmanager {
    const struct alertmanager_config *config; /* borrowed */
    struct queue *queue;
    alertmanager_observer *observer;
    void *context;
    uint8_t first_kind;
    uint32_t epoch; /* of the process */
    bool running;
    int64_t started_ms; /* the sweeps' phase */
    int64_t week_ms;    /* the clock of the week at time 0; -1: none */
    int n_rules, n_hosts, n_groups;
    struct alert_route only; /* where alertmanager.yml gives no routes */
    struct entry *entries;   /* owned: n_rules * n_hosts */
    int *group_of;           /* owned: of each entry; -1: the controller is never told */
    int *members;            /* owned: entries, group by group */
    struct group *groups;    /* owned */
    struct notified *told;   /* owned: room for a notification */
};

static struct entry *entry_of(struct alertmanager *alertmanager, int rule, int host)
{
    return &alertmanager->entries[rule * alertmanager->n_hosts + host];
}

/* One route for every alert, as the fleet file's own keys say. */
static void learn_only_route(struct alertmanager *alertmanager)
{
    const struct alertmanager_config *config = alertmanager->config;
    alertmanager->only = (struct alert_route){.group_wait_ms = config->group_wait_ms,
                                              .group_interval_ms = config->group_interval_ms,
                                              .repeat_interval_ms = config->repeat_interval_ms,
                                              .silent_resolved = config->silent_resolved};
}

static const struct alert_route *route_of(const struct alertmanager *alertmanager, int rule,
                                          int host)
{
    const struct alertmanager_config *config = alertmanager->config;
    if (config->n_routes == 0)
        return &alertmanager->only;
    return config->route_of[rule][host] < 0 ? NULL : &config->routes[config->route_of[rule][host]];
}

/* Numbers of groups: of a route its own; otherwise by name and host, as group_by asks. Alerts with
 * equal numbers share a group. */
struct numbering {
    const struct alertmanager *of;
    int *namesake; /* owned: of each rule, the first one of its name */
};

static int by_name(const void *a, const void *b)
{
    const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

static void open_numbering(struct numbering *numbering, const struct alertmanager *alertmanager,
                           const struct rule *rules)
{
    size_t n = (size_t)alertmanager->n_rules;
    const struct rule **sorted = calloc(n + 1, sizeof *sorted);
    *numbering = (struct numbering){alertmanager, calloc(n + 1, sizeof *numbering->namesake)};
    UND_ASSERT(sorted && numbering->namesake);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &rules[i];
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (strcmp(sorted[i]->name, sorted[first]->name) != 0)
            first = i;
        numbering->namesake[sorted[i] - rules] = (int)(sorted[first] - rules);
    }
    free(sorted);
}

static int number_of(const struct numbering *numbering, int rule, int host)
{
    const struct alertmanager_config *config = numbering->of->config;
    int number = 0;
    if (config->n_routes > 0)
        return (int)config->group_of[rule][host];
    if (config->group_by_alertname)
        number = numbering->namesake[rule] * numbering->of->n_hosts;
    return number + (config->group_by_instance ? host : 0);
}

static void learn_groups(struct alertmanager *alertmanager, const struct rule *rules)
{
    int n_hosts = alertmanager->n_hosts, n_entries = alertmanager->n_rules * n_hosts;
    int *group_at = calloc((size_t)n_entries + 1, sizeof *group_at); /* by number: 1 + its index */
    int n_members = 0;
    struct numbering numbering;
    UND_ASSERT(group_at != NULL);
    open_numbering(&numbering, alertmanager, rules);
    for (int i = 0; i < n_entries; i++) {
        const struct alert_route *route = route_of(alertmanager, i / n_hosts, i % n_hosts);
        int number = route ? number_of(&numbering, i / n_hosts, i % n_hosts) : 0;
        UND_ASSERT(number < n_entries || n_entries == 0);
        alertmanager->group_of[i] = -1;
        if (!route)
            continue;
        if (group_at[number] == 0) {
            alertmanager->groups[alertmanager->n_groups] = (struct group){.route = route};
            group_at[number] = ++alertmanager->n_groups;
        }
        alertmanager->group_of[i] = group_at[number] - 1;
        alertmanager->groups[group_at[number] - 1].n++;
    }
    free(group_at);
    free(numbering.namesake);
    for (int i = 0; i < alertmanager->n_groups; i++) {
        alertmanager->groups[i].first = n_members;
        n_members += alertmanager->groups[i].n;
        alertmanager->groups[i].n = 0;
    }
    for (int i = 0; i < n_entries; i++) {
        if (alertmanager->group_of[i] >= 0) {
            struct group *group = &alertmanager->groups[alertmanager->group_of[i]];
            alertmanager->members[group->first + group->n++] = i;
        }
    }
}

struct alertmanager *alertmanager_open(const struct fleet *fleet, struct queue *queue,
                                       uint8_t first_kind, alertmanager_observer *observer,
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
    alertmanager->week_ms = -1;
    alertmanager->entries = calloc(n, sizeof *alertmanager->entries);
    alertmanager->groups = calloc(n, sizeof *alertmanager->groups);
    alertmanager->group_of = calloc(n, sizeof *alertmanager->group_of);
    alertmanager->members = calloc(n, sizeof *alertmanager->members);
    UND_ASSERT(alertmanager->entries && alertmanager->groups);
    alertmanager->told = calloc(n, sizeof *alertmanager->told);
    UND_ASSERT(alertmanager->group_of && alertmanager->members && alertmanager->told);
    learn_only_route(alertmanager);
    learn_groups(alertmanager, fleet->monitoring.rules);
    return alertmanager;
}

void alertmanager_close(struct alertmanager *alertmanager)
{
    if (!alertmanager)
        return;
    free(alertmanager->entries);
    free(alertmanager->groups);
    free(alertmanager->told);
    free(alertmanager->group_of);
    free(alertmanager->members);
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
    const struct alertmanager_config *config = &fleet->alertmanager;
    int64_t longest_ms = config->group_interval_ms;
    for (int i = 0; i < config->n_routes; i++) {
        if (config->routes[i].group_interval_ms > longest_ms)
            longest_ms = config->routes[i].group_interval_ms;
    }
    /* A group can be deleted and made anew once a sweep; its flush stays in the queue, void. */
    return (size_t)(fleet->monitoring.n_rules * fleet->n_hosts) *
           (size_t)(longest_ms / SWEEP_MS + 7);
}

static void push(struct alertmanager *alertmanager, int64_t at_ms, int kind, int group,
                 uint32_t epoch)
{
    queue_push(alertmanager->queue, at_ms, ALERTMANAGER_PRIORITY,
               (uint8_t)(alertmanager->first_kind + kind), (uint32_t)group, epoch);
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
    int index = alertmanager->group_of[rule * alertmanager->n_hosts + host];
    struct entry *entry = entry_of(alertmanager, rule, host);
    struct group *group;
    int64_t wait_ms;
    if (!alertmanager->running)
        return;
    merge(entry, now_ms, starts_ms, ends_ms);
    if (index < 0)
        return;
    group = &alertmanager->groups[index];
    wait_ms = group->route->group_wait_ms;
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

static bool is_firing(const struct entry *entry, int64_t now_ms)
{
    return entry->known && entry->ends_ms > now_ms;
}

/* InhibitStage: another alert that fires, on the rule's source side and with equal labels. One that
 * is on both sides is muted only by those that are not (inhibit.go). */
static bool mutes(struct alertmanager *alertmanager, const struct inhibition *inhibition,
                  int member, int64_t now_ms)
{
    int n_hosts = alertmanager->n_hosts;
    const struct inhibited *target = &inhibition->alert[member / n_hosts][member % n_hosts];
    for (int i = 0; target->target && i < alertmanager->n_rules * n_hosts; i++) {
        const struct inhibited *source = &inhibition->alert[i / n_hosts][i % n_hosts];
        if (source->source && source->key == target->key && !(target->source && source->target) &&
            is_firing(&alertmanager->entries[i], now_ms))
            return true;
    }
    return false;
}

static bool is_muted(struct alertmanager *alertmanager, int member, int64_t now_ms)
{
    for (int i = 0; i < alertmanager->config->n_inhibitions; i++) {
        if (mutes(alertmanager, &alertmanager->config->inhibitions[i], member, now_ms))
            return true;
    }
    return false;
}

/* TimeMuteStage and TimeActiveStage: a flush at such a time notifies of nothing, logs nothing. */
static bool is_quiet_time(const struct alertmanager *alertmanager, const struct alert_route *route,
                          int64_t now_ms)
{
    int64_t minute = (alertmanager->week_ms + now_ms) / 60000 % WEEK_MINUTES;
    return alertmanager->week_ms >= 0 && route->has_mute &&
           (route->mute.bits[minute / 8] >> minute % 8 & 1) != 0;
}

void alertmanager_clock(struct alertmanager *alertmanager, int64_t week_ms)
{
    UND_ASSERT(week_ms >= 0);
    alertmanager->week_ms = week_ms;
}

/* What the last stages see of a group: its alerts that are not muted. */
struct flushed {
    bool firing, resolved; /* any */
    bool new_firing, new_resolved;
    bool logged_firing; /* the last notification had some, muted now or not */
};

static struct flushed look(struct alertmanager *alertmanager, const struct group *group,
                           int64_t now_ms)
{
    struct flushed seen = {0};
    for (int i = group->first; i < group->first + group->n; i++) {
        const struct entry *entry = &alertmanager->entries[alertmanager->members[i]];
        seen.logged_firing |= entry->logged_firing;
        if (!entry->grouped || is_muted(alertmanager, alertmanager->members[i], now_ms))
            continue;
        seen.firing |= entry->ends_ms > now_ms;
        seen.resolved |= entry->ends_ms <= now_ms;
        seen.new_firing |= entry->ends_ms > now_ms && !entry->logged_firing;
        seen.new_resolved |= entry->ends_ms <= now_ms && !entry->logged_resolved;
    }
    return seen;
}

/* DedupStage.needsUpdate. An identity is its labels: an alert that resolved and fired again since
 * the last notification is firing as before, and nothing has changed. */
static bool needs_update(const struct flushed *seen, const struct group *group, int64_t now_ms)
{
    if (!seen->firing && !seen->resolved)
        return false;
    if (!group->logged)
        return seen->firing;
    if (seen->new_firing)
        return true;
    if (!seen->firing)
        return seen->logged_firing;
    return (seen->new_resolved && !group->route->silent_resolved) ||
           group->logged_ms < now_ms - group->route->repeat_interval_ms;
}

/* It bears what the flush has of the group. With send_resolved: false what has resolved is left
 * out, and what would bear nothing else is logged and not sent (RetryStage). */
static void notify(struct alertmanager *alertmanager, struct group *group, int64_t now_ms)
{
    struct notification notification = {alertmanager->told, 0};
    int n_hosts = alertmanager->n_hosts;
    bool any = false;
    group->logged = true;
    group->logged_ms = now_ms;
    for (int i = group->first; i < group->first + group->n; i++) {
        int member = alertmanager->members[i];
        struct entry *entry = &alertmanager->entries[member];
        bool seen = entry->grouped && !is_muted(alertmanager, member, now_ms), told;
        entry->logged_firing = seen && entry->ends_ms > now_ms;
        entry->logged_resolved = seen && entry->ends_ms <= now_ms;
        told = entry->logged_firing || (entry->logged_resolved && !group->route->silent_resolved);
        any = any || told;
        alertmanager->told[notification.n++] =
            (struct notified){member / n_hosts, member % n_hosts, entry->logged_firing, told};
    }
    if (any && alertmanager->observer)
        alertmanager->observer(alertmanager->context, now_ms, &notification);
}

static void drop_resolved(struct alertmanager *alertmanager, struct group *group, int64_t now_ms)
{
    for (int i = group->first; i < group->first + group->n; i++) {
        struct entry *entry = &alertmanager->entries[alertmanager->members[i]];
        if (entry->grouped && entry->ends_ms <= now_ms) {
            entry->grouped = false;
            group->members--;
        }
    }
}

static void flush(struct alertmanager *alertmanager, int index, int64_t now_ms)
{
    struct group *group = &alertmanager->groups[index];
    struct flushed seen = look(alertmanager, group, now_ms);
    group->flushed = true;
    if (!is_quiet_time(alertmanager, group->route, now_ms) && needs_update(&seen, group, now_ms))
        notify(alertmanager, group, now_ms);
    drop_resolved(alertmanager, group, now_ms);
    schedule_flush(alertmanager, index, now_ms + group->route->group_interval_ms);
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
