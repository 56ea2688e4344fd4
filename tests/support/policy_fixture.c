#include "policy_fixture.h"

#include "model/policy/policy_names.h"

#include <check.h>
#include <string.h>

struct policy_config policy_fixture_config(void)
{
    return (struct policy_config){.persist_ms = 5 * MINUTE,
                                  .ramp_ms = 10 * MINUTE,
                                  .clear_for_ms = 0,
                                  .stale_after_ms = 2 * MINUTE,
                                  .block_ms = HOUR,
                                  .grace_ms = 0,
                                  .page_after_ms = 5 * MINUTE,
                                  .max_failovers = 3,
                                  .health_checks = 1,
                                  .confirm = 3,
                                  .severities = 1u << SEVERITY_CRITICAL,
                                  .overflow = true};
}

void policy_fixture_well(struct policy_fixture *policed, int host)
{
    struct view_host *h = &policed->view.host[host];
    h->online = h->slots;
    h->offline_readings = 0;
    h->health_passes = policed->config.health_checks;
    h->alerts = 0;
    h->probe = PROBE_UP;
}

void policy_fixture_dead(struct policy_fixture *policed, int host)
{
    struct view_host *h = &policed->view.host[host];
    h->online = 0;
    h->offline_readings = policed->config.confirm;
    h->health_passes = 0;
    h->probe = PROBE_DOWN;
}

void policy_fixture_alert(struct policy_fixture *policed, int host, enum severity severity)
{
    policed->view.host[host].alerts |= 1u << severity;
}

void policy_fixture_init(struct policy_fixture *policed, const struct policy_config *config, int n,
                         int slots)
{
    int i;
    memset(policed, 0, sizeof *policed);
    policed->config = *config;
    policed->view.n = n;
    for (i = 0; i < n; i++) {
        policed->view.host[i].slots = slots;
        policed->view.host[i].tier = i == 0 ? TIER_PRIMARY : TIER_BACKUP;
        policy_fixture_well(policed, i);
    }
    policy_init(&policed->config, &policed->state, 0, &policed->view);
}

void policy_fixture_step(struct policy_fixture *policed, int64_t now_ms)
{
    struct policy_state before = policed->state;
    enum invariant broken;
    int host;
    policed->now_ms = now_ms;
    policy_step(&policed->config, &policed->state, now_ms, &policed->view, &policed->plan);
    broken = invariant_check(&policed->config, &before, &policed->state, now_ms, &policed->view,
                             &policed->plan, &host);
    ck_assert_msg(broken == INVARIANT_HOLDS, "invariant %s broken by host %d at %lld ms",
                  invariant_name(broken), host, (long long)now_ms);
}

void policy_fixture_run(struct policy_fixture *policed, int64_t until_ms)
{
    while (policed->now_ms < until_ms)
        policy_fixture_step(policed, policed->now_ms + SECOND);
}

bool policy_fixture_said(const struct policy_fixture *policed, int host, enum notice notice)
{
    unsigned notices = host < 0 ? policed->plan.notices : policed->plan.host[host].notices;
    return (notices >> notice & 1u) != 0;
}

void policy_fixture_pair(struct policy_fixture *policed)
{
    struct policy_config config = policy_fixture_config();
    policy_fixture_init(policed, &config, 2, 8);
    policy_fixture_step(policed, 0);
}

void policy_fixture_drained(struct policy_fixture *policed)
{
    policy_fixture_pair(policed);
    policy_fixture_dead(policed, 0);
    policy_fixture_alert(policed, 0, SEVERITY_CRITICAL);
    policy_fixture_step(policed, 0);
    policy_fixture_run(policed, 5 * MINUTE);
    ck_assert_int_eq(policed->state.host[0].phase, PHASE_DRAINED);
}
