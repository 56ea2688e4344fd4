#include "drill_fixture.h"

#include "model/load/loader.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

const char drill_fixture_drill[] = "drill:\n"
                                   "  lease: 40min\n"
                                   "  inject:\n"
                                   "    - {name: first, run: [a], undo: [b]}\n"
                                   "    - {name: second, run: [c], undo: [d], fault: -1}\n";

static const char fleet[] =
    "name: small\n"
    "about: A small drill\n"
    "fleet:\n"
    "  hosts:\n"
    "    - {name: alpha, tier: primary, slots: 2, cores: 8, memory: 32GB, probe: '10.0.0.1:9100',\n"
    "       registrations: 'alpha-*'}\n"
    "    - {name: beta, tier: backup, slots: 2, cores: 8, memory: 32GB}\n"
    "  workload:\n"
    "    arrivals: {kind: poisson, rate: 0.8/min}\n"
    "    classes: [{name: job, weight: 1, duration: 3min, cores: 1, memory: 1GB}]\n"
    "    on_failure: rerun\n"
    "  github:\n"
    "    pickup: {kind: lognormal, p50: 4s, p95: 8s}\n"
    "    offline_after: {kind: uniform, min: 60s, max: 150s}\n"
    "    sweep: 5s\n"
    "    api_latency: 300ms\n"
    "    fast_recovery: true\n"
    "  monitoring:\n"
    "    scrape_interval: 15s\n"
    "    evaluation_interval: 15s\n"
    "    rules: [{alert: Offline, signal: up, for: 1min, severity: critical}]\n"
    "  alertmanager: {group_wait: 10s}\n"
    "  policy: {persist: 1min, confirm: 2, failback: {ramp: 2min, clear_for: 0s, health_checks: "
    "1},\n"
    "           guard: {grace: 1min, stale_after: 2min}, severities: [critical]}\n"
    "  controller: {github_poll: 20s, alerts_poll: 15s, probe_interval: 10s, health_interval: "
    "30s}\n"
    "duration: 3h\n"
    "faults: [{kind: host-power-loss, target: alpha, at: {kind: uniform, min: 20min, max: 40min},\n"
    "          lasts: 10min}]\n"
    "documented: {detection: 2min, failover: 1min, rto: 5min}\n";

void drill_fixture_scenario(struct scenario *scenario, const char *drill)
{
    char text[8192];
    struct und_err err = {0};
    snprintf(text, sizeof text, "%s%s", fleet, drill ? drill : drill_fixture_drill);
    memset(scenario, 0, sizeof *scenario);
    ck_assert_msg(scenario_parse(scenario, "small.yaml", text, strlen(text), &err) == UND_OK, "%s",
                  err.text);
}

static struct stage *below(struct spy *spy)
{
    return &spy->below->stage;
}

static void note(struct spy *spy, enum spy_kind kind, enum stage_event event, int action)
{
    ck_assert_int_lt(spy->n, SPY_CALLS);
    spy->call[spy->n].kind = kind;
    spy->call[spy->n].event = event;
    spy->call[spy->n++].action = action;
}

static int64_t now_ms(void *self)
{
    struct spy *spy = self;
    return below(spy)->now_ms(below(spy)->self);
}

static enum stage_wake wait_until(void *self, int64_t until_ms, struct stage_hint *hint)
{
    struct spy *spy = self;
    if (spy->stop_at_ms >= 0 && now_ms(spy) >= spy->stop_at_ms) {
        spy->stop_at_ms = -1;
        return spy->stop;
    }
    return below(spy)->wait(below(spy)->self, until_ms, hint);
}

static enum und_code poll(void *self, enum feed feed, struct stage_reading *reading,
                          struct und_err *err)
{
    struct spy *spy = self;
    enum und_code code = below(spy)->poll(below(spy)->self, feed, reading, err);
    if (spy->alter && now_ms(spy) >= spy->alter_from_ms)
        spy->alter(NULL, reading);
    return code;
}

static enum und_code jobs(void *self, int64_t since_ms, struct stage_job *list, size_t *n,
                          struct und_err *err)
{
    struct spy *spy = self;
    return below(spy)->jobs(below(spy)->self, since_ms, list, n, err);
}

static enum und_code inspect(void *self, struct stage_state *state, struct und_err *err)
{
    struct spy *spy = self;
    enum und_code code = below(spy)->inspect(below(spy)->self, state, err);
    if (spy->alter && now_ms(spy) >= spy->alter_from_ms)
        spy->alter(state, NULL);
    return code;
}

static enum und_code record(void *self, enum stage_event event, int action, int64_t lease_until_ms,
                            const char *text, struct und_err *err)
{
    struct spy *spy = self;
    (void)lease_until_ms, (void)text;
    note(spy, SPY_RECORD, event, action);
    if (spy->fail_record-- == 0)
        return und_fail(err, UND_SERVICE, "journal: disk full");
    return UND_OK;
}

static enum und_code inject(void *self, int action, int64_t lease_ms, struct und_err *err)
{
    struct spy *spy = self;
    note(spy, SPY_INJECT, STAGE_EVENTS, action);
    below(spy)->inject(below(spy)->self, action, lease_ms, err);
    if (spy->fail_inject == action)
        return und_fail(err, UND_SERVICE, "ssh: it failed, perhaps in part");
    return UND_OK;
}

static enum und_code revert(void *self, int action, struct und_err *err)
{
    struct spy *spy = self;
    note(spy, SPY_REVERT, STAGE_EVENTS, action);
    if (spy->fail_reverts > 0) {
        spy->fail_reverts--;
        return und_fail(err, UND_SERVICE, "ssh: no route to host");
    }
    return below(spy)->revert(below(spy)->self, action, err);
}

static enum und_code reconcile(void *self, const struct plan *plan,
                               const struct policy_state *policy, struct stage_routing *routing,
                               struct und_err *err)
{
    struct spy *spy = self;
    int i, admitted = 0;
    for (i = 0; i < plan->n; i++)
        admitted += plan->host[i].admitted;
    spy->emptied = spy->emptied || admitted == 0;
    spy->reconciled++;
    return below(spy)->reconcile(below(spy)->self, plan, policy, routing, err);
}

static enum und_code canary(void *self, int jobs, struct und_err *err)
{
    struct spy *spy = self;
    spy->canaries += jobs;
    return below(spy)->canary(below(spy)->self, jobs, err);
}

static enum und_code decision(void *self, int64_t at_ms, const struct view *view,
                              const struct plan *plan, struct und_err *err)
{
    struct spy *spy = self;
    (void)at_ms, (void)view, (void)plan, (void)err;
    spy->decided++;
    return UND_OK;
}

static void tell(void *self, int64_t at_ms, int host, enum mark mark, const char *text)
{
    (void)self, (void)at_ms, (void)host, (void)mark, (void)text;
}

static enum und_code confirm(void *self, struct und_err *err)
{
    struct spy *spy = self;
    spy->confirmed++;
    return spy->refuse ? und_fail(err, UND_STOPPED, "no consent") : UND_OK;
}

void spy_open(struct spy *spy, const struct scenario *scenario)
{
    memset(spy, 0, sizeof *spy);
    spy->below = rehearsal_stage_open(scenario);
    spy->fail_record = spy->fail_inject = -1;
    spy->stop_at_ms = -1;
    spy->stage = (struct stage){spy,    now_ms, wait_until, poll,      jobs,     inspect, record,
                                inject, canary, revert,     reconcile, decision, tell,    confirm};
}

void spy_close(struct spy *spy)
{
    rehearsal_stage_close(spy->below);
}

void spy_run(struct spy *spy, const struct scenario *scenario, bool observe,
             struct drill_report *report)
{
    struct drill_options options = {.observe = observe};
    struct und_err err = {0};
    struct stream base;
    stream_seed(&base, 3);
    rehearsal_stage_start(spy->below, &base, drill_baseline_ms(&scenario->fleet),
                          &scenario->faults[0].at, options.phase_ms);
    ck_assert_int_eq(drill_run(scenario, &options, &spy->stage, report, &err), UND_OK);
    rehearsal_stage_finish(spy->below);
}
