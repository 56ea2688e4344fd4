#include "replay_command.h"
#include "live/base/wire.h"
#include "live/journal/journal.h"
#include "live/journal/record.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "model/policy/driver.h"
#include "model/policy/policy_names.h"
#include "replay_policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 10000

struct replay {
    bool plans, quiet, json;
    const char *policy;  /* file; NULL: the recorded one */
    struct fleet *other; /* that file's */
    struct replay_policy if_other;
    struct what_if what;
    int64_t only; /* run; 0: all */
    struct policy_config config;
    struct policy_state from; /* what the run began with */
    bool begins;              /* it is known */
    struct driver driver;
    char host[POLICY_HOSTS][64];
    int n_hosts;
    int64_t decisions, last_ms;
    bool differs;
    json_t *told; /* with json: lines of the run at hand */
    json_t *runs; /* with json: objects, one a run */
    replay_simulator *simulate;
    json_t *simulated; /* NULL: nothing was to be */
};

static const struct option_row rows[] = {
    {"run", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct replay, only), .least = 1,
     .most = INT64_MAX, .about = "one run only", .otherwise = "all"},
    {"policy", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct replay, policy),
     .about = "what that fleet file's policy would have decided instead, and what that would have "
              "done to RTO and queue minutes"},
    {"plans", .type = OPTION_FLAG, OPTION_AT(struct replay, plans),
     .about = "print every plan that decided something"},
    OPTION_SEED_IGNORED,
    OPTION_FORMAT(struct replay, json),
    {"quiet", 'q', OPTION_FLAG, OPTION_AT(struct replay, quiet), .about = "the verdict only"},
    {0}};

static const struct option_example examples[] = {
    {"replay journal.db", "the same plans, or the first difference"},
    {"replay journal.db --policy calmer.yaml", "which decisions would have been others"},
    {0}};

static const struct option_exit exits[] = {{UND_OK, "every plan is the same"},
                                           {UND_FAILED, "one differs or breaks an invariant"},
                                           {UND_USAGE, "usage or input error"},
                                           {0}};

const struct options replay_options = {
    .name = "replay",
    .synopsis = "[options] JOURNAL",
    .purpose = "recorded views through the policy again: first difference",
    .details = "Shows the recorded views to the policy again and compares its plans with the "
               "recorded ones.",
    .rows = rows,
    .operand = "journal",
    .least = 1,
    .most = 1,
    .examples = examples,
    .exits = exits,
};

/* A line for people, or one of the run's lines in JSON. */
static void __attribute__((format(printf, 2, 3)))
tell(struct replay *replay, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (replay->json)
        json_array_append_new(replay->told, json_string(line + strspn(line, " ")));
    else
        puts(line);
}

/* Names of hosts; a run recorded without them is still replayed, by numbers. */
static void read_hosts(struct replay *replay, const json_t *about)
{
    const json_t *hosts = json_object_get(about, "hosts");
    int i;
    replay->n_hosts = (int)json_array_size(hosts);
    for (i = 0; i < POLICY_HOSTS; i++) {
        const char *name = json_string_value(json_array_get(hosts, (size_t)i));
        if (name)
            snprintf(replay->host[i], sizeof replay->host[i], "%s", name);
        else
            snprintf(replay->host[i], sizeof replay->host[i], "host %d", i + 1);
        wire_clean(replay->host[i]);
    }
}

/* A run of before there was a memory, and every drill, began with none. */
static enum und_code read_begin(struct replay *replay, struct journal *journal, int64_t run,
                                struct und_err *err)
{
    char *text = NULL;
    json_t *all;
    replay->begins = false;
    if (journal_first_note(journal, run, "begin", &text, err) != UND_OK || !text)
        return err->code;
    all = json_loads(text, 0, NULL);
    free(text);
    record_read_state(&replay->from, json_object_get(all, "state"), "begin", err);
    json_decref(all);
    replay->begins = err->code == UND_OK;
    return err->code;
}

static void print_notices(struct replay *replay, unsigned notices, const char *who)
{
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (notices >> notice & 1)
            tell(replay, "    %s: %s", who, policy_notice_name((enum notice)notice));
}

static void print_plan(struct replay *replay, int64_t number, int64_t now_ms, int64_t wall_ms,
                       const struct plan *plan)
{
    char when[WIRE_TIME];
    unsigned any = plan->notices;
    int i;
    for (i = 0; i < plan->n; i++)
        any |= plan->host[i].notices;
    if (any == 0)
        return;
    tell(replay, "  decision %lld at %s (%lld ms)", (long long)number, wire_time(when, wall_ms),
         (long long)now_ms);
    print_notices(replay, plan->notices, "fleet");
    for (i = 0; i < plan->n; i++)
        print_notices(replay, plan->host[i].notices, replay->host[i]);
}

/* The first difference of a run is told in full; what follows it is its consequence. */
static void compare(struct replay *replay, int64_t number, int64_t now_ms,
                    const struct plan *recorded, const struct plan *now)
{
    int i;
    if (recorded->n != now->n || recorded->notices != now->notices) {
        tell(replay, "  decision %lld (%lld ms): first difference, in the fleet's notices",
             (long long)number, (long long)now_ms);
        print_notices(replay, recorded->notices, "then");
        print_notices(replay, now->notices, "now");
        replay->differs = true;
    }
    for (i = 0; i < now->n && !replay->differs; i++) {
        const struct plan_host *a = &recorded->host[i], *b = &now->host[i];
        if (a->admitted == b->admitted && a->notices == b->notices)
            continue;
        tell(replay,
             "  decision %lld (%lld ms): first difference, for %s: admitted %d then, %d now",
             (long long)number, (long long)now_ms, replay->host[i], a->admitted, b->admitted);
        print_notices(replay, a->notices, "then");
        print_notices(replay, b->notices, "now");
        replay->differs = true;
    }
}

/* Told like a difference: the policy of today breaks a promise under a view that was seen. */
static void tell_broken(struct replay *replay, int64_t number)
{
    const struct driver *driver = &replay->driver;
    tell(replay, "  decision %lld (%lld ms): invariant %s broken for %s", (long long)number,
         (long long)driver->broken_ms, invariant_name(driver->broken),
         driver->broken_host >= 0 ? replay->host[driver->broken_host] : "the fleet");
    replay->differs = true;
}

static enum und_code repeat(void *context, int64_t number, int64_t now_ms, int64_t wall_ms,
                            const struct view *view, const struct plan *plan, struct und_err *err)
{
    struct replay *replay = context;
    bool sound;
    if (replay->differs)
        return UND_OK;
    if (replay->decisions++ == 0) {
        if (replay_begin(&replay->driver, &replay->config, replay->begins ? &replay->from : NULL,
                         view, now_ms, err) != UND_OK)
            return err->code;
        replay->last_ms = now_ms;
    }
    if (now_ms < replay->last_ms || !replay_follows(&replay->driver, view, plan))
        return und_fail(err, UND_USAGE, "decision %lld: does not follow from the one before",
                        (long long)number);
    replay->last_ms = now_ms;
    sound = driver_decide(&replay->driver, now_ms, view);
    compare(replay, number, now_ms, plan, &replay->driver.plan);
    if (!sound)
        tell_broken(replay, number);
    if (replay->plans && !replay->differs)
        print_plan(replay, number, now_ms, wall_ms, &replay->driver.plan);
    return UND_OK;
}

static enum und_code under_other(void *context, int64_t number, int64_t now_ms, int64_t wall_ms,
                                 const struct view *view, const struct plan *plan,
                                 struct und_err *err)
{
    struct replay *replay = context;
    replay->decisions++;
    what_if_see(&replay->what, wall_ms, view);
    return replay_policy_see(&replay->if_other, number, now_ms, wall_ms, view, plan, err);
}

/* Differences are what was asked for: no failure. */
static enum und_code replay_other(struct replay *replay, struct journal *journal, int64_t run,
                                  const json_t *about, struct und_err *err)
{
    what_if_run(&replay->what, &replay->config, replay->n_hosts, (const char(*)[64])replay->host,
                json_number_value(json_object_get(about, "time_factor")));
    replay_policy_init(&replay->if_other, &replay->other->policy, (const char(*)[64])replay->host);
    replay->if_other.from = replay->begins ? &replay->from : NULL;
    if (journal_decisions(journal, run, under_other, replay, err) == UND_OK) {
        if (replay->json)
            json_array_append_new(replay->runs,
                                  json_pack("{s:I, s:I, s:o}", "run", (json_int_t)run, "decisions",
                                            (json_int_t)replay->decisions, "policy",
                                            replay_policy_json(&replay->if_other)));
        else
            replay_policy_print(&replay->if_other);
    }
    replay_policy_fini(&replay->if_other);
    return err->code;
}

static void add_run(struct replay *replay, const struct journal_run *run)
{
    char when[WIRE_TIME];
    json_array_append_new(replay->runs,
                          json_pack("{s:I, s:s, s:s*, s:s, s:I, s:b, s:o}", "run",
                                    (json_int_t)run->id, "kind", journal_kind_name(run->kind),
                                    "name", run->name, "begun", wire_time(when, run->began_ms),
                                    "decisions", (json_int_t)replay->decisions, "same",
                                    !replay->differs, "lines", json_copy(replay->told)));
}

static enum und_code replay_run(struct replay *replay, struct journal *journal,
                                const struct journal_run *run, bool *differs, struct und_err *err)
{
    json_t *about = NULL;
    char when[WIRE_TIME];
    replay->decisions = 0;
    replay->differs = false;
    json_array_clear(replay->told);
    if (journal_about(journal, run->id, &about, err) == UND_OK &&
        record_read_config(&replay->config, json_object_get(about, "policy"), "policy", err) ==
            UND_OK &&
        read_begin(replay, journal, run->id, err) == UND_OK) {
        read_hosts(replay, about);
        if (!replay->quiet && !replay->json)
            printf("run %lld: %s of %s, begun %s\n", (long long)run->id,
                   journal_kind_name(run->kind), run->name, wire_time(when, run->began_ms));
        if (replay->other) {
            replay_other(replay, journal, run->id, about, err);
            json_decref(about);
            return err->code;
        }
        journal_decisions(journal, run->id, repeat, replay, err);
        if (replay->json)
            add_run(replay, run);
        else if (!replay->quiet && !replay->differs && err->code == UND_OK)
            printf("  %lld decisions, every plan the same\n", (long long)replay->decisions);
    }
    json_decref(about);
    *differs = *differs || replay->differs;
    return err->code;
}

/* What it would have come to. */
static enum und_code simulate_other(struct replay *replay, struct journal *journal,
                                    struct und_err *err)
{
    what_if_simulate(&replay->what, journal, replay->policy, replay->simulate, &replay->simulated,
                     err);
    if (err->code == UND_OK && !replay->json)
        what_if_print(replay->simulated);
    return err->code;
}

static enum und_code replay_all(struct replay *replay, const char *path, struct und_err *err)
{
    struct journal_run *runs = calloc(RUNS, sizeof *runs);
    struct journal *journal = NULL;
    size_t n = RUNS, found = 0;
    bool differs = false;
    UND_ASSERT(runs != NULL);
    if (journal_open_readonly(&journal, path, err) == UND_OK &&
        journal_runs(journal, runs, &n, err) == UND_OK)
        for (; n > 0 && err->code == UND_OK; n--) {
            if (replay->only != 0 && runs[n - 1].id != replay->only)
                continue;
            found++;
            replay_run(replay, journal, &runs[n - 1], &differs, err);
        }
    if (err->code == UND_OK && replay->other && found > 0)
        simulate_other(replay, journal, err);
    if (err->code == UND_OK && found == 0)
        und_fail(err, UND_USAGE, "journal %s: has no %s", path,
                 replay->only ? "such run" : "run in it");
    journal_close(journal);
    free(runs);
    if (err->code == UND_OK && differs)
        return UND_FAILED; /* told already, in full */
    return err->code;
}

static void print_runs(const struct replay *replay)
{
    json_t *json = json_pack("{s:i, s:O, s:O*}", "version", 1, "results", replay->runs, "simulated",
                             replay->simulated);
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(json);
}

static enum und_code read_other(struct replay *replay, struct und_err *err)
{
    if (!replay->policy)
        return UND_OK;
    replay->other = calloc(1, sizeof *replay->other);
    UND_ASSERT(replay->other != NULL);
    if (fleet_load(replay->other, replay->policy, NULL, 0, err) == UND_OK &&
        !replay->other->has_policy)
        und_fail(err, UND_USAGE, "%s: has no policy section, want one", replay->policy);
    return err->code;
}

enum und_code replay_command(int argc, char **argv, replay_simulator *simulate, struct und_err *err)
{
    struct replay *replay = calloc(1, sizeof *replay);
    enum und_code code = UND_OK;
    int first;
    UND_ASSERT(replay != NULL);
    replay->told = json_array();
    replay->runs = json_array();
    replay->simulate = simulate;
    what_if_init(&replay->what);
    first = options_parse(&replay_options, argc, argv, replay, err);
    if (first != 0 && read_other(replay, err) == UND_OK) {
        code = replay_all(replay, argv[first], err);
        if (replay->json && err->code == UND_OK)
            print_runs(replay);
    }
    json_decref(replay->told);
    json_decref(replay->runs);
    json_decref(replay->simulated);
    what_if_fini(&replay->what);
    if (replay->other)
        fleet_fini(replay->other);
    free(replay->other);
    free(replay);
    return err->code != UND_OK ? err->code : code;
}
