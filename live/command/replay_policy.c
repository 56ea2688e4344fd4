#include "replay_policy.h"
#include "live/base/wire.h"
#include "model/policy/policy_names.h"

#include <stdio.h>
#include <string.h>

#define TICK_MS 1000

enum { THEN, NOW };

void replay_policy_init(struct replay_policy *replay, const struct policy_config *config,
                        const char (*host)[64])
{
    memset(replay, 0, sizeof *replay);
    replay->config = config;
    replay->host = host;
    replay->moments = json_array();
}

void replay_policy_fini(struct replay_policy *replay)
{
    json_decref(replay->moments);
}

/* ---- what is counted ---- */

#define AWAY (1u << NOTICE_FAILOVER | 1u << NOTICE_RELAPSE)
/* What moves jobs or people; the rest of what a policy says is no difference worth a line. */
#define MOVES                                                                                      \
    (AWAY | 1u << NOTICE_FAILBACK | 1u << NOTICE_RESTORED | 1u << NOTICE_FLAPPING |                \
     1u << NOTICE_PAGE | 1u << NOTICE_MAINTENANCE)

static json_t *words(unsigned notices)
{
    json_t *out = json_array();
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (notices >> notice & 1)
            json_array_append_new(out, json_string(policy_notice_name((enum notice)notice)));
    return out;
}

static void note(struct replay_policy *replay, int64_t wall_ms, const char *who, unsigned then,
                 unsigned now)
{
    char when[WIRE_TIME];
    then &= MOVES;
    now &= MOVES;
    if (then == now)
        return;
    replay->differences++;
    if (json_array_size(replay->moments) < REPLAY_POLICY_LINES)
        json_array_append_new(replay->moments,
                              json_pack("{s:s, s:s, s:o, s:o}", "at", wire_time(when, wall_ms),
                                        "host", who, "then", words(then), "now", words(now)));
}

static void compare(struct replay_policy *replay, int64_t wall_ms, const struct plan *then)
{
    static const struct plan silence;
    const struct plan *now = &replay->driver.plan;
    int i;
    note(replay, wall_ms, "fleet", (then ? then : &silence)->notices, now->notices);
    for (i = 0; i < now->n; i++) {
        unsigned said = then ? then->host[i].notices : 0;
        note(replay, wall_ms, replay->host[i], said, now->host[i].notices);
        replay->failovers[THEN][i] += (said & AWAY) != 0;
        replay->failovers[NOW][i] += (now->host[i].notices & AWAY) != 0;
    }
}

static int64_t slots_out(const struct replay_policy *replay, const struct plan *plan, int i)
{
    return replay->view.host[i].slots - plan->host[i].admitted;
}

static void lapse(struct replay_policy *replay, int64_t ms)
{
    int i;
    for (i = 0; i < replay->view.n; i++) {
        replay->out_ms[THEN][i] += ms * slots_out(replay, &replay->then, i);
        replay->out_ms[NOW][i] += ms * slots_out(replay, &replay->driver.plan, i);
    }
}

/* ---- one view after another ---- */

enum und_code replay_begin(struct driver *driver, const struct policy_config *config,
                           const struct policy_state *from, const struct view *view, int64_t now_ms,
                           struct und_err *err)
{
    const char *misfit;
    struct readings_setup setup = {.n = view->n, .probe_misses = 1};
    int i;
    for (i = 0; i < view->n; i++) {
        setup.host[i].slots = view->host[i].slots;
        setup.host[i].tier = view->host[i].tier;
    }
    driver_init(driver, config, &setup, now_ms);
    if (!from)
        return UND_OK;
    misfit = from->started_ms > now_ms ? "has times that have not come yet"
                                       : driver_misfit(driver, from, from->started_ms);
    if (misfit)
        return und_fail(err, UND_USAGE, "the state that the run began with: %s", misfit);
    driver_resume(driver, from, from->started_ms);
    return UND_OK;
}

bool replay_follows(const struct driver *driver, const struct view *view, const struct plan *plan)
{
    const struct view *first = &driver->readings.view;
    bool same = view->n == first->n && plan->n == view->n;
    int i;
    for (i = 0; same && i < view->n; i++)
        same = view->host[i].slots == first->host[i].slots;
    return same;
}

/* An invariant that breaks here ends it; the decision that follows says so. */
static void stand_still(struct replay_policy *replay, int64_t until_ms)
{
    bool holds = true;
    while (holds && replay->driver.begun && replay->last_ms + TICK_MS < until_ms &&
           !policy_settled(replay->config, &replay->driver.state, &replay->view)) {
        replay->last_ms += TICK_MS;
        replay->last_wall_ms += TICK_MS;
        lapse(replay, TICK_MS);
        holds = driver_decide(&replay->driver, replay->last_ms, &replay->view);
        compare(replay, replay->last_wall_ms, NULL);
    }
    if (replay->driver.begun)
        lapse(replay, until_ms - replay->last_ms);
    replay->last_ms = until_ms;
}

enum und_code replay_policy_see(struct replay_policy *replay, int64_t number, int64_t now_ms,
                                int64_t wall_ms, const struct view *view, const struct plan *plan,
                                struct und_err *err)
{
    if (!replay->begun) {
        if (replay_begin(&replay->driver, replay->config, replay->from, view, now_ms, err) !=
            UND_OK)
            return err->code;
        replay->begun = true;
        replay->last_ms = now_ms;
    }
    if (now_ms < replay->last_ms || !replay_follows(&replay->driver, view, plan))
        return und_fail(err, UND_USAGE, "decision %lld: does not follow from the one before",
                        (long long)number);
    stand_still(replay, now_ms);
    replay->view = *view;
    replay->then = *plan;
    replay->last_wall_ms = wall_ms;
    if (!driver_decide(&replay->driver, now_ms, view))
        return und_fail(err, UND_FAILED,
                        "decision %lld: invariant %s broken under the other policy",
                        (long long)number, invariant_name(replay->driver.broken));
    compare(replay, wall_ms, plan);
    return UND_OK;
}

/* ---- what it came to ---- */

json_t *replay_policy_json(const struct replay_policy *replay)
{
    json_t *hosts = json_array();
    int i;
    for (i = 0; i < replay->view.n; i++)
        json_array_append_new(hosts, json_pack("{s:s, s:{s:i, s:i}, s:{s:I, s:I}}", "name",
                                               replay->host[i], "failovers", "then",
                                               replay->failovers[THEN][i], "now",
                                               replay->failovers[NOW][i], "out_slot_ms", "then",
                                               (json_int_t)replay->out_ms[THEN][i], "now",
                                               (json_int_t)replay->out_ms[NOW][i]));
    return json_pack("{s:o, s:I, s:O}", "hosts", hosts, "differences",
                     (json_int_t)replay->differences, "moments", replay->moments);
}

static void print_words(const char *when, const json_t *words)
{
    const json_t *word;
    size_t i;
    printf("  %s:", when);
    if (json_array_size(words) == 0)
        printf(" nothing");
    json_array_foreach (words, i, word)
        printf("%s %s", i ? "," : "", json_string_value(word));
}

void replay_policy_print(const struct replay_policy *replay)
{
    char then[WIRE_TIME], now[WIRE_TIME];
    const json_t *moment;
    size_t i;
    int host;
    json_array_foreach (replay->moments, i, moment) {
        printf("  %s  %s", json_string_value(json_object_get(moment, "at")),
               json_string_value(json_object_get(moment, "host")));
        print_words("then", json_object_get(moment, "then"));
        print_words("now", json_object_get(moment, "now"));
        putchar('\n');
    }
    printf("  %lld moments differ%s\n", (long long)replay->differences,
           replay->differences > REPLAY_POLICY_LINES ? " (the first are shown)" : "");
    for (host = 0; host < replay->view.n; host++)
        printf("  %s: failovers %d then, %d now; slots out of the rotation, summed: %s then, %s "
               "now\n",
               replay->host[host], replay->failovers[THEN][host], replay->failovers[NOW][host],
               wire_duration(then, replay->out_ms[THEN][host]),
               wire_duration(now, replay->out_ms[NOW][host]));
}
