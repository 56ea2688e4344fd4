/* What the registrations themselves say: kinds that a label cannot steer, groups that a repository
 * may not use, leftovers of an earlier installation. */
#include "real_stage_internal.h"

#include <stdio.h>
#include <string.h>

static void tell_ephemeral(struct real_stage *live)
{
    const struct github_runners *runners = &live->actuator.runners;
    int ephemeral = 0;
    char line[200];
    size_t i;
    for (i = 0; i < runners->n; i++)
        ephemeral += runners->item[i].ephemeral &&
                     attribution_of_runner(&live->scenario->fleet, runners->item[i].name) >= 0;
    snprintf(line, sizeof line,
             "%d registrations are ephemeral: each new one comes with the labels that it was "
             "configured with, and a label that was taken off is taken off again",
             ephemeral);
    if (ephemeral > 0)
        live->stage.tell(live, 0, -1, MARK_NONE, line);
}

/* ---- groups ---- */

#define GROUPS 16

/* The groups that the fleet's registrations are in. */
static int groups_of(const struct real_stage *live, int64_t ids[GROUPS])
{
    const struct github_runners *runners = &live->actuator.runners;
    int n = 0, k;
    size_t i;
    for (i = 0; i < runners->n; i++) {
        int64_t group = runners->item[i].group_id;
        if (attribution_of_runner(&live->scenario->fleet, runners->item[i].name) < 0)
            continue;
        for (k = 0; k < n && ids[k] != group; k++)
            ;
        if (k == n && n < GROUPS && group != 0)
            ids[n++] = group;
    }
    return n;
}

static void tell_group(struct real_stage *live, const struct github_group *group)
{
    struct und_err err = {0};
    bool serves = false;
    char line[300];
    if (strcmp(group->visibility, "selected") != 0)
        return;
    if (github_group_serves(live->github, group->id, &serves, &err) != UND_OK)
        snprintf(line, sizeof line, "whom the runner group %.40s serves cannot be read: %.200s",
                 group->name, err.text);
    else if (!serves)
        snprintf(line, sizeof line,
                 "the runner group %.40s does not serve the repository %.60s: none of its jobs "
                 "will come to the registrations in it",
                 group->name, live->scenario->fleet.live.github.repository);
    else
        return;
    live->stage.tell(live, 0, -1, MARK_NONE, line);
}

/* A repository's own registrations have no groups to choose from; an organisation's do. */
static void tell_groups(struct real_stage *live)
{
    struct github_groups groups = {0};
    struct und_err err = {0};
    int64_t ids[GROUPS];
    int n = groups_of(live, ids), k;
    char line[300];
    size_t i;
    if (n > 1)
        live->stage.tell(live, 0, -1, MARK_NONE,
                         "the registrations are in more than one runner group: a job can move "
                         "only to a group that its repository may use");
    if (!live->scenario->fleet.live.github.organisation ||
        !live->scenario->fleet.live.github.repository[0] || n == 0)
        return;
    if (github_groups(live->github, &groups, &err) != UND_OK) {
        snprintf(line, sizeof line, "the runner groups cannot be read: %.240s", err.text);
        live->stage.tell(live, 0, -1, MARK_NONE, line);
    }
    for (i = 0; i < groups.n; i++)
        for (k = 0; k < n; k++)
            if (groups.item[i].id == ids[k])
                tell_group(live, &groups.item[i]);
    github_groups_fini(&groups);
}

void real_stage_tell_kinds(struct real_stage *live)
{
    tell_ephemeral(live);
    tell_groups(live);
}

/* ---- leftovers ---- */

/* Registrations beyond a host's slots that are offline and carry the label: leftovers of an earlier
 * installation. They would pass for a part of the rotation. */
void real_stage_find_leftovers(const struct real_stage *live, struct stage_state *state)
{
    const struct fleet *fleet = &live->scenario->fleet;
    const struct github_runners *runners = &live->actuator.runners;
    const struct live_github *github = &fleet->live.github;
    int count[FLEET_HOSTS] = {0}, host;
    size_t i;
    for (i = 0; i < runners->n; i++)
        if ((host = attribution_of_runner(fleet, runners->item[i].name)) >= 0)
            count[host]++;
    for (i = 0; i < runners->n && !state->registrations[0]; i++) {
        const struct github_runner *runner = &runners->item[i];
        host = attribution_of_runner(fleet, runner->name);
        if (host < 0 || count[host] <= fleet->hosts[host].slots || runner->online ||
            !attribution_admitted(fleet, runner))
            continue;
        snprintf(state->registrations, sizeof state->registrations,
                 "%.60s: the registration %.60s is offline, one too many, and carries the label; "
                 "if it is of no use any more: gh api -X DELETE %s/%.40s%s%.40s/actions/runners/"
                 "%lld",
                 fleet->hosts[host].name, runner->name, github->organisation ? "orgs" : "repos",
                 github->owner, github->organisation ? "" : "/",
                 github->organisation ? "" : github->repository, (long long)runner->id);
    }
}
