#include "record.h"
#include "model/base/assert.h"
#include "model/policy/readings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SLOTS 256 /* as FLEET_SLOTS */
#define LATEST (INT64_MAX / 4)

/* One integer of a struct, by its key; the tables below are the one place that names them. */
enum width { WIDTH_INT, WIDTH_UNSIGNED, WIDTH_INT64, WIDTH_BOOL, WIDTH_ENUM };

struct item {
    const char *key;
    enum width width;
    size_t at;
    int64_t min, max;
    bool later; /* younger than the first journals: written where it is not 0, else left out */
};

#define ITEM(type, member, width, min, max)                                                        \
    {                                                                                              \
#member, width, offsetof(struct type, member), min, max, false                             \
    }

/* Of an array, or of what is not in every journal. */
#define LATER(type, name, member, width, min, max)                                                 \
    {                                                                                              \
        name, width, offsetof(struct type, member), min, max, true                                 \
    }
#define LATER_SIGN(name, sign)                                                                     \
    LATER(policy_config, name "_then", signs[sign].then, WIDTH_UNSIGNED, 0,                        \
          (1 << REMEDY_COUNT) - 1),                                                                \
        LATER(policy_config, name "_lasts_ms", signs[sign].lasts_ms, WIDTH_INT64, 0, INT64_MAX)

static const struct item config_items[] = {
    ITEM(policy_config, persist_ms, WIDTH_INT64, 0, INT64_MAX),
    ITEM(policy_config, ramp_ms, WIDTH_INT64, 0, INT64_MAX),
    ITEM(policy_config, clear_for_ms, WIDTH_INT64, 0, INT64_MAX),
    ITEM(policy_config, stale_after_ms, WIDTH_INT64, 0, INT64_MAX),
    ITEM(policy_config, block_ms, WIDTH_INT64, 0, INT64_MAX),
    ITEM(policy_config, grace_ms, WIDTH_INT64, 0, INT64_MAX),
    ITEM(policy_config, page_after_ms, WIDTH_INT64, 0, INT64_MAX),
    ITEM(policy_config, max_failovers, WIDTH_INT, 0, POLICY_FAILOVER_LOG),
    ITEM(policy_config, health_checks, WIDTH_INT, 0, 1000),
    ITEM(policy_config, confirm, WIDTH_INT, 1, 1000),
    ITEM(policy_config, severities, WIDTH_UNSIGNED, 0, (1 << SEVERITY_COUNT) - 1),
    ITEM(policy_config, overflow, WIDTH_BOOL, 0, 1),
    LATER_SIGN("partial", SIGN_PARTIAL),
    LATER_SIGN("deaf", SIGN_DEAF),
    LATER_SIGN("canary", SIGN_CANARY),
    LATER_SIGN("failures", SIGN_FAILURES),
    LATER(policy_config, "partial_pm", partial_pm, WIDTH_INT64, 0, 1000),
    LATER(policy_config, "returns", returns, WIDTH_INT, 0, POLICY_FAILOVER_LOG),
    LATER(policy_config, "returns_within_ms", returns_within_ms, WIDTH_INT64, 0, INT64_MAX),
    LATER(policy_config, "hold_ms", hold_ms, WIDTH_INT64, 0, INT64_MAX),
    LATER(policy_config, "deaf_after_ms", deaf_after_ms, WIDTH_INT64, 0, INT64_MAX),
    LATER(policy_config, "canary_every_ms", canary_every_ms, WIDTH_INT64, 0, INT64_MAX),
    LATER(policy_config, "canary_late_ms", canary_late_ms, WIDTH_INT64, 0, INT64_MAX),
    LATER(policy_config, "failure_pm", failure_pm, WIDTH_INT64, 0, 1000),
    LATER(policy_config, "failure_jobs", failure_jobs, WIDTH_INT, 0, READINGS_JOBS),
    LATER(policy_config, "failure_within_ms", failure_within_ms, WIDTH_INT64, 0, INT64_MAX),
};

static const struct item host_items[] = {
    ITEM(view_host, slots, WIDTH_INT, 1, SLOTS),
    ITEM(view_host, online, WIDTH_INT, 0, SLOTS),
    ITEM(view_host, busy, WIDTH_INT, 0, SLOTS),
    ITEM(view_host, routed, WIDTH_INT, 0, SLOTS),
    ITEM(view_host, offline_readings, WIDTH_INT, 0, 1000000),
    ITEM(view_host, health_passes, WIDTH_INT, 0, 1000000),
    ITEM(view_host, alerts, WIDTH_UNSIGNED, 0, (1 << SEVERITY_COUNT) - 1),
    ITEM(view_host, probe, WIDTH_ENUM, PROBE_UNKNOWN, PROBE_DOWN),
    ITEM(view_host, tier, WIDTH_ENUM, TIER_PRIMARY, TIER_BACKUP),
    ITEM(view_host, maintenance, WIDTH_BOOL, 0, 1),
    LATER(view_host, "running", running, WIDTH_INT, 0, SLOTS),
    LATER(view_host, "signs", signs, WIDTH_UNSIGNED, 0, (1 << SIGN_COUNT) - 1),
    LATER(view_host, "acknowledged", acknowledged, WIDTH_BOOL, 0, 1),
};

static const struct item plan_items[] = {
    ITEM(plan_host, admitted, WIDTH_INT, 0, SLOTS),
    ITEM(plan_host, notices, WIDTH_UNSIGNED, 0, (1LL << NOTICE_COUNT) - 1),
};

static const struct item state_items[] = {
    ITEM(policy_state, started_ms, WIDTH_INT64, 0, LATEST),
    ITEM(policy_state, dark_ms, WIDTH_INT64, -1, LATEST),
    ITEM(policy_state, paged, WIDTH_BOOL, 0, 1),
    ITEM(policy_state, blind, WIDTH_BOOL, 0, 1),
};

/* Counts go on from what is read: one at its type's end would come to be negative. */
#define EVER (INT32_MAX / 2)

static const struct item memory_items[] = {
    ITEM(policy_host, phase, WIDTH_ENUM, 0, PHASE_COUNT - 1),
    ITEM(policy_host, admitted, WIDTH_INT, 0, SLOTS),
    ITEM(policy_host, detected_ms, WIDTH_INT64, 0, LATEST),
    ITEM(policy_host, clear_ms, WIDTH_INT64, -1, LATEST),
    ITEM(policy_host, ramp_start_ms, WIDTH_INT64, -LATEST, LATEST),
    ITEM(policy_host, blocked_until_ms, WIDTH_INT64, 0, LATEST),
    ITEM(policy_host, failover_count, WIDTH_INT, 0, EVER),
    ITEM(policy_host, held, WIDTH_INT, 0, NOTICE_COUNT - 1),
    ITEM(policy_host, told, WIDTH_UNSIGNED, 0, (1 << SIGN_COUNT) - 1),
    ITEM(policy_host, detection_count, WIDTH_INT, 0, EVER),
    ITEM(policy_host, hidden_until_ms, WIDTH_INT64, 0, LATEST),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static json_t *write_item(const struct item *item, const void *base)
{
    const void *at = (const char *)base + item->at;
    switch (item->width) {
    case WIDTH_INT:
        return json_integer(*(const int *)at);
    case WIDTH_UNSIGNED:
    case WIDTH_ENUM: /* GCC and clang make enums without negative values unsigned int */
        return json_integer(*(const unsigned *)at);
    case WIDTH_INT64:
        return json_integer(*(const int64_t *)at);
    case WIDTH_BOOL:
        return json_boolean(*(const bool *)at);
    }
    UND_UNREACHABLE();
}

static json_t *write_items(const struct item *items, size_t n, const void *base)
{
    json_t *object = json_object();
    size_t i;
    for (i = 0; i < n; i++) {
        json_t *value = write_item(&items[i], base);
        if (items[i].later && json_integer_value(value) == 0 && !json_is_true(value))
            json_decref(value);
        else
            json_object_set_new(object, items[i].key, value);
    }
    return object;
}

static void set_item(const struct item *item, void *base, int64_t value)
{
    void *at = (char *)base + item->at;
    switch (item->width) {
    case WIDTH_INT:
        *(int *)at = (int)value;
        return;
    case WIDTH_UNSIGNED:
    case WIDTH_ENUM:
        *(unsigned *)at = (unsigned)value;
        return;
    case WIDTH_INT64:
        *(int64_t *)at = value;
        return;
    case WIDTH_BOOL:
        *(bool *)at = value != 0;
        return;
    }
    UND_UNREACHABLE();
}

static enum und_code read_items(const struct item *items, size_t n, void *base,
                                const json_t *object, const char *place, struct und_err *err)
{
    size_t i;
    for (i = 0; i < n; i++) {
        const json_t *value = json_object_get(object, items[i].key);
        bool is_bool = items[i].width == WIDTH_BOOL;
        int64_t number = is_bool ? json_is_true(value) : json_integer_value(value);
        if (items[i].later && value == NULL)
            continue; /* 0 already */
        if (is_bool ? !json_is_boolean(value) : !json_is_integer(value))
            return und_fail(err, UND_USAGE, "%s.%s: want %s", place, items[i].key,
                            is_bool ? "true or false" : "an integer");
        if (number < items[i].min || number > items[i].max)
            return und_fail(err, UND_USAGE, "%s.%s: got %lld, want %lld..%lld", place, items[i].key,
                            (long long)number, (long long)items[i].min, (long long)items[i].max);
        set_item(&items[i], base, number);
    }
    return UND_OK;
}

json_t *record_config(const struct policy_config *config)
{
    return write_items(config_items, COUNT(config_items), config);
}

enum und_code record_read_config(struct policy_config *config, const json_t *value,
                                 const char *place, struct und_err *err)
{
    *config = (struct policy_config){0};
    return read_items(config_items, COUNT(config_items), config, value, place, err);
}

static json_t *write_hosts(const struct item *items, size_t n_items, const void *first,
                           size_t stride, int n)
{
    json_t *hosts = json_array();
    int i;
    for (i = 0; i < n; i++)
        json_array_append_new(
            hosts, write_items(items, n_items, (const char *)first + (size_t)i * stride));
    return hosts;
}

static enum und_code read_hosts(const struct item *items, size_t n_items, void *first,
                                size_t stride, int *n, const json_t *value, const char *place,
                                struct und_err *err)
{
    const json_t *hosts = json_object_get(value, "host");
    char at[160];
    size_t i;
    if (!json_is_array(hosts) || json_array_size(hosts) < 1 ||
        json_array_size(hosts) > POLICY_HOSTS)
        return und_fail(err, UND_USAGE, "%s.host: got %zu entries, want 1..%d", place,
                        json_array_size(hosts), POLICY_HOSTS);
    *n = (int)json_array_size(hosts);
    for (i = 0; i < json_array_size(hosts); i++) {
        snprintf(at, sizeof at, "%.120s.host[%zu]", place, i);
        if (read_items(items, n_items, (char *)first + i * stride, json_array_get(hosts, i), at,
                       err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}

json_t *record_view(const struct view *view)
{
    json_t *ages = json_array();
    int feed;
    for (feed = 0; feed < FEED_COUNT; feed++)
        json_array_append_new(ages, json_integer(view->age_ms[feed]));
    return json_pack(
        "{s:b, s:o, s:o}", "paused", view->paused, "age_ms", ages, "host",
        write_hosts(host_items, COUNT(host_items), view->host, sizeof view->host[0], view->n));
}

enum und_code record_read_view(struct view *view, const json_t *value, const char *place,
                               struct und_err *err)
{
    const json_t *paused = json_object_get(value, "paused");
    const json_t *ages = json_object_get(value, "age_ms");
    size_t feed;
    *view = (struct view){0};
    if (!json_is_boolean(paused))
        return und_fail(err, UND_USAGE, "%s.paused: want true or false", place);
    if (json_array_size(ages) != FEED_COUNT)
        return und_fail(err, UND_USAGE, "%s.age_ms: got %zu ages, want %d", place,
                        json_array_size(ages), FEED_COUNT);
    view->paused = json_is_true(paused);
    for (feed = 0; feed < FEED_COUNT; feed++) {
        const json_t *age = json_array_get(ages, feed);
        if (!json_is_integer(age) || json_integer_value(age) < 0)
            return und_fail(err, UND_USAGE, "%s.age_ms[%zu]: want an age of at least 0", place,
                            feed);
        view->age_ms[feed] = (int64_t)json_integer_value(age);
    }
    return read_hosts(host_items, COUNT(host_items), view->host, sizeof view->host[0], &view->n,
                      value, place, err);
}

json_t *record_plan(const struct plan *plan)
{
    return json_pack(
        "{s:I, s:o}", "notices", (json_int_t)plan->notices, "host",
        write_hosts(plan_items, COUNT(plan_items), plan->host, sizeof plan->host[0], plan->n));
}

enum und_code record_read_plan(struct plan *plan, const json_t *value, const char *place,
                               struct und_err *err)
{
    const struct item notices[] = {
        ITEM(plan, notices, WIDTH_UNSIGNED, 0, (1LL << NOTICE_COUNT) - 1)};
    *plan = (struct plan){0};
    if (read_items(notices, 1, plan, value, place, err) != UND_OK)
        return err->code;
    return read_hosts(plan_items, COUNT(plan_items), plan->host, sizeof plan->host[0], &plan->n,
                      value, place, err);
}

/* ---- states ---- */

static json_t *write_times(const int64_t *times, int n)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < n; i++)
        json_array_append_new(list, json_integer(times[i]));
    return list;
}

/* Of a ring that has been given `count` times. */
static int kept(int count)
{
    return count < POLICY_FAILOVER_LOG ? count : POLICY_FAILOVER_LOG;
}

json_t *record_state(const struct policy_state *state)
{
    json_t *out = write_items(state_items, COUNT(state_items), state), *hosts = json_array();
    int i;
    for (i = 0; i < state->n; i++) {
        const struct policy_host *host = &state->host[i];
        json_t *line = write_items(memory_items, COUNT(memory_items), host);
        json_object_set_new(line, "failovers",
                            write_times(host->failovers, kept(host->failover_count)));
        json_object_set_new(line, "detections",
                            write_times(host->detections, kept(host->detection_count)));
        json_object_set_new(line, "sign_ms", write_times(host->sign_ms, SIGN_COUNT));
        json_array_append_new(hosts, line);
    }
    json_object_set_new(out, "host", hosts);
    return out;
}

static enum und_code read_times(int64_t *times, int n, int64_t min, const json_t *host,
                                const char *key, const char *place, struct und_err *err)
{
    const json_t *list = json_object_get(host, key);
    int i;
    if (!json_is_array(list) || json_array_size(list) != (size_t)n)
        return und_fail(err, UND_USAGE, "%s.%s: got %zu times, want %d", place, key,
                        json_array_size(list), n);
    for (i = 0; i < n; i++) {
        const json_t *at = json_array_get(list, (size_t)i);
        times[i] = (int64_t)json_integer_value(at);
        if (!json_is_integer(at) || times[i] < min || times[i] > LATEST)
            return und_fail(err, UND_USAGE, "%s.%s[%d]: want a time in ms", place, key, i);
    }
    return UND_OK;
}

enum und_code record_read_state(struct policy_state *state, const json_t *value, const char *place,
                                struct und_err *err)
{
    const json_t *hosts = json_object_get(value, "host");
    char at[160];
    int i;
    *state = (struct policy_state){0};
    if (read_items(state_items, COUNT(state_items), state, value, place, err) != UND_OK ||
        read_hosts(memory_items, COUNT(memory_items), state->host, sizeof state->host[0], &state->n,
                   value, place, err) != UND_OK)
        return err->code;
    for (i = 0; i < state->n; i++) {
        struct policy_host *host = &state->host[i];
        const json_t *line = json_array_get(hosts, (size_t)i);
        snprintf(at, sizeof at, "%.120s.host[%d]", place, i);
        if (read_times(host->failovers, kept(host->failover_count), 0, line, "failovers", at,
                       err) != UND_OK ||
            read_times(host->detections, kept(host->detection_count), 0, line, "detections", at,
                       err) != UND_OK ||
            read_times(host->sign_ms, SIGN_COUNT, -1, line, "sign_ms", at, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}
