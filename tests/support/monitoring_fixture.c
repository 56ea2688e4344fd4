#include "monitoring_fixture.h"

#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOMS 8
#define ROOM 64 /* rules */

enum { KIND_PROMETHEUS = 10, KIND_ALERTMANAGER = 20 };

void monitoring_fixture_configure(struct fleet *fleet, int n_hosts)
{
    *fleet = (struct fleet){.n_hosts = n_hosts};
    for (int i = 0; i < n_hosts; i++)
        snprintf(fleet->hosts[i].name, sizeof fleet->hosts[i].name, "host-%d", i);
    fleet->monitoring = (struct monitoring){.present = true,
                                            .scrape_interval_ms = 30 * SECOND,
                                            .scrape_timeout_ms = 10 * SECOND,
                                            .evaluation_interval_ms = MINUTE,
                                            .lookback_ms = 5 * MINUTE,
                                            .unreachable_ms = 3070};
    fleet->alertmanager = (struct alertmanager_config){.present = true,
                                                       .group_wait_ms = 30 * SECOND,
                                                       .group_interval_ms = 5 * MINUTE,
                                                       .repeat_interval_ms = 240 * MINUTE,
                                                       .group_by_instance = true,
                                                       .group_by_alertname = true};
}

/* A fixture's fleet owns nothing: its rules stand in one of these rooms, as tests have few fleets
 * at a time. */
static struct rule *next_room(void)
{
    static struct rule rooms[ROOMS][ROOM];
    static int turn;
    return rooms[turn++ % ROOMS];
}

struct rule *monitoring_fixture_add_rule(struct fleet *fleet, enum signal signal, int64_t for_ms)
{
    struct rule *rule;
    if (fleet->monitoring.n_rules == 0)
        fleet->monitoring.rules = next_room();
    UND_ASSERT(fleet->monitoring.n_rules < ROOM);
    rule = &fleet->monitoring.rules[fleet->monitoring.n_rules];
    *rule = (struct rule){.signal = signal,
                          .threshold_pm = 850,
                          .window_ms = 5 * MINUTE,
                          .for_ms = for_ms,
                          .severity = SEVERITY_CRITICAL};
    snprintf(rule->name, sizeof rule->name, "Rule%d", fleet->monitoring.n_rules++);
    snprintf(rule->group, sizeof rule->group, "runners");
    return rule;
}

static struct observed *append(struct monitoring_fixture *world, int64_t now_ms)
{
    UND_ASSERT(world->n < MONITORING_FIXTURE_LOG);
    world->log[world->n] = (struct observed){.at_ms = now_ms};
    return &world->log[world->n++];
}

static void see_change(void *context, int64_t now_ms, int host, int rule, enum alert_change change)
{
    struct observed *seen = append(context, now_ms);
    seen->what = OBSERVED_CHANGE;
    seen->host = host;
    seen->rule = rule;
    seen->change = change;
}

static void see_notification(void *context, int64_t now_ms, const struct notification *notification)
{
    struct observed *seen = append(context, now_ms);
    seen->what = OBSERVED_NOTIFICATION;
    for (int i = 0; i < notification->n; i++) {
        const struct notified *alert = &notification->list[i];
        UND_ASSERT(alert->rule < 64);
        seen->notification.firing[alert->host].word[0] |= (uint64_t)alert->firing << alert->rule;
        seen->notification.told[alert->host].word[0] |= (uint64_t)alert->told << alert->rule;
        seen->notification.member[alert->host].word[0] |= (uint64_t)1 << alert->rule;
    }
}

void monitoring_fixture_open(struct monitoring_fixture *world)
{
    queue_init(&world->queue,
               prometheus_pending(&world->fleet) + alertmanager_pending(&world->fleet));
    world->alertmanager =
        alertmanager_open(&world->fleet, &world->queue, KIND_ALERTMANAGER, see_notification, world);
    world->prometheus = prometheus_open(&world->fleet, &world->queue, KIND_PROMETHEUS,
                                        world->without_alertmanager ? NULL : world->alertmanager,
                                        see_change, world);
    world->log = calloc(MONITORING_FIXTURE_LOG, sizeof *world->log);
    UND_ASSERT(world->log != NULL);
}

void monitoring_fixture_close(struct monitoring_fixture *world)
{
    prometheus_close(world->prometheus);
    alertmanager_close(world->alertmanager);
    queue_fini(&world->queue);
    free(world->log);
}

void monitoring_fixture_reset(struct monitoring_fixture *world, struct stream *phases)
{
    queue_clear(&world->queue);
    alertmanager_reset(world->alertmanager);
    prometheus_reset(world->prometheus, phases);
    world->n = 0;
    world->events = 0;
}

void monitoring_fixture_run(struct monitoring_fixture *world, int64_t until_ms)
{
    struct event event;
    while (queue_next_ms(&world->queue) < until_ms && queue_pop(&world->queue, &event)) {
        world->events++;
        if (event.kind >= KIND_ALERTMANAGER)
            alertmanager_event(world->alertmanager, &event);
        else
            prometheus_event(world->prometheus, &event);
    }
}

int64_t monitoring_fixture_first_change(const struct monitoring_fixture *world,
                                        enum alert_change change)
{
    for (int i = 0; i < world->n; i++) {
        if (world->log[i].what == OBSERVED_CHANGE && world->log[i].change == change)
            return world->log[i].at_ms;
    }
    return -1;
}

int64_t monitoring_fixture_first_notification(const struct monitoring_fixture *world)
{
    for (int i = 0; i < world->n; i++) {
        if (world->log[i].what == OBSERVED_NOTIFICATION)
            return world->log[i].at_ms;
    }
    return -1;
}
