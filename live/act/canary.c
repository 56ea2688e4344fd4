#include "canary.h"
#include "action.h"
#include "dispatch.h"
#include "model/base/assert.h"
#include "rollback.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKE_BACK_MS 5000 /* fleet time: after what could not be taken back; doubled */
#define CLOCKS_MS 5000    /* real: how far GitHub's clock may be off ours, whole seconds included */

bool canary_wanted(const struct fleet *fleet)
{
    return fleet->live.canary.workflow[0] && fleet->has_policy && fleet->policy.canary_every_ms > 0;
}

/* The first ones are spread over the interval. */
void canary_open(struct canary *canary, const struct fleet *fleet, const struct fleet_clock *pace,
                 struct github_client *github, struct journal *journal, int64_t run)
{
    int i;
    UND_ASSERT(fleet->n_hosts > 0 && fleet->policy.canary_every_ms >= 0);
    *canary = (struct canary){.fleet = fleet,
                              .pace = pace,
                              .github = github,
                              .journal = journal,
                              .run = run,
                              .left = true};
    for (i = 0; i < fleet->n_hosts; i++) {
        canary->host[i].due_ms =
            fleet_clock_now_ms(pace) + fleet->policy.canary_every_ms * i / fleet->n_hosts;
        canary->host[i].sent_ms = canary->host[i].waiting_ms = -1;
    }
}

static json_t *inputs_take(const struct fleet *fleet, json_t *labels)
{
    char *text = json_dumps(labels, JSON_COMPACT);
    json_t *inputs = json_pack("{s:s}", fleet->live.canary.input, text ? text : "");
    free(text);
    json_decref(labels);
    return inputs;
}

static bool everybody_has(const struct fleet *fleet, const char *label)
{
    int i, j;
    for (i = 0; i < fleet->n_hosts; i++) {
        for (j = 0; j < fleet->hosts[i].n_labels; j++)
            if (strcmp(fleet->hosts[i].labels[j], label) == 0)
                break;
        if (j == fleet->hosts[i].n_labels)
            return false;
    }
    return true;
}

json_t *canary_inputs(const struct fleet *fleet, const char *value)
{
    json_t *labels = NULL;
    int i;
    if (fleet->github.mechanism == MECHANISM_VARIABLE && (labels = json_loads(value, 0, NULL)))
        return inputs_take(fleet, labels);
    if (fleet->github.mechanism == MECHANISM_LABEL)
        return inputs_take(fleet, json_pack("[s]", fleet->live.github.label));
    labels = json_array();
    for (i = 0; i < fleet->hosts[0].n_labels; i++)
        if (everybody_has(fleet, fleet->hosts[0].labels[i]))
            json_array_append_new(labels, json_string(fleet->hosts[0].labels[i]));
    return inputs_take(fleet, labels);
}

/* ---- what has become of them ---- */

static bool is_for(const struct github_job *job, const struct host *host)
{
    return job->labels.n == host->n_labels && attribution_has_labels(host, job);
}

/* The host's last canary, if it is in the list yet. */
static const struct github_job *last_of(const struct canary *canary,
                                        const struct job_reader *reader, int host)
{
    const struct clock_skew *skew = github_skew(canary->github);
    int64_t slack_ms = fleet_clock_fleet_ms(canary->pace, CLOCKS_MS);
    const struct github_job *last = NULL;
    size_t i;
    for (i = 0; i < reader->jobs.n; i++) {
        const struct github_job *job = &reader->jobs.item[i];
        int64_t created_ms =
            fleet_clock_of_wall_ms(canary->pace, job->created_ms - clock_skew_offset_ms(skew));
        if (job_reader_is_canary(reader, job->run_id) && is_for(job, &canary->fleet->hosts[host]) &&
            (canary->host[host].run == job->run_id ||
             (canary->host[host].run == 0 &&
              created_ms + slack_ms >= canary->host[host].sent_ms)) &&
            (!last || job->id > last->id))
            last = job;
    }
    return last;
}

/* The end of its step: nothing of it is to be taken back. */
static void settle(struct canary *canary, int host, const char *why)
{
    struct und_err unwritten = {0};
    if (canary->keeps && canary->host[host].step > 0 &&
        journal_event(canary->journal, canary->host[host].step, JOURNAL_UNDONE, why, &unwritten) !=
            UND_OK)
        canary->left = true;
    canary->host[host].step = 0;
}

/* One that ran is listed until it is over, and for a while after. */
static bool is_over(const struct canary *canary, const struct github_job *job, int host)
{
    return job ? strcmp(job->status, "completed") == 0
               : canary->host[host].run > 0 && canary->host[host].waiting_ms < 0;
}

static bool is_full(const struct host_reading *seen)
{
    return seen->online <= (seen->busy > seen->running ? seen->busy : seen->running);
}

void canary_note(struct canary *canary, const struct job_reader *reader,
                 struct host_reading host[FLEET_HOSTS])
{
    int64_t now_ms = fleet_clock_now_ms(canary->pace);
    int i;
    for (i = 0; i < canary->fleet->n_hosts; i++) {
        const struct github_job *job;
        if (canary->host[i].waiting_ms < 0 && canary->host[i].step == 0)
            continue;
        job = last_of(canary, reader, i);
        if (job)
            canary->host[i].run = job->run_id;
        if (is_over(canary, job, i))
            settle(canary, i, "it has ended");
        if (canary->host[i].waiting_ms < 0)
            continue;
        if (job && strcmp(job->status, "queued") != 0)
            canary->host[i].waiting_ms = -1;
        else if (is_full(&host[i]) && host[i].online > 0)
            canary->host[i].waiting_ms = now_ms;
        host[i].canary_ms =
            canary->host[i].waiting_ms < 0 ? 0 : now_ms - canary->host[i].waiting_ms;
        UND_ASSERT(host[i].canary_ms >= 0);
    }
}

/* ---- sending ---- */

static json_t *inputs_for(const struct canary *canary, int host)
{
    const struct host *to = &canary->fleet->hosts[host];
    json_t *labels = json_array();
    int i;
    for (i = 0; i < to->n_labels; i++)
        json_array_append_new(labels, json_string(to->labels[i]));
    return inputs_take(canary->fleet, labels);
}

enum und_code canary_send(struct canary *canary, const struct host_reading host[FLEET_HOSTS],
                          char said[200], struct und_err *err)
{
    const struct live_canary *what = &canary->fleet->live.canary;
    int64_t now_ms = fleet_clock_now_ms(canary->pace);
    struct dispatched made;
    json_t *inputs;
    int i;
    said[0] = '\0';
    if (canary->keeps && canary->left)
        return UND_OK;
    for (i = 0; i < canary->fleet->n_hosts; i++)
        if (canary->host[i].waiting_ms < 0 && now_ms >= canary->host[i].due_ms &&
            !is_full(&host[i]))
            break;
    if (i == canary->fleet->n_hosts)
        return UND_OK;
    canary->host[i].due_ms = now_ms + canary->fleet->policy.canary_every_ms;
    UND_ASSERT(canary->host[i].due_ms > now_ms); /* or it would be sent again at once */
    inputs = inputs_for(canary, i);
    dispatch_canary(canary->github, what, inputs, canary->journal, canary->run, &made, err);
    canary->host[i].run = made.run;
    canary->left = canary->left || made.unsure;
    if (err->code == UND_OK) {
        canary->host[i].step = made.step;
        canary->host[i].sent_ms = canary->host[i].waiting_ms = now_ms;
        snprintf(said, 200, "a canary is sent to %.60s (%.60s)", canary->fleet->hosts[i].name,
                 what->workflow);
    }
    json_decref(inputs);
    return err->code;
}

void canary_close(struct canary *canary)
{
    int i;
    for (i = 0; canary->fleet && i < canary->fleet->n_hosts; i++) {
        struct und_err ignored = {0};
        if (canary->host[i].waiting_ms >= 0 && canary->host[i].run > 0 &&
            github_cancel(canary->github, canary->host[i].run, &ignored) == UND_OK)
            settle(canary, i, "cancelled before it began");
        canary->host[i].waiting_ms = -1;
    }
}

/* ---- what is left of others ---- */

static bool is_ours(const struct canary *canary, int64_t step)
{
    int i;
    for (i = 0; i < canary->fleet->n_hosts; i++)
        if (canary->host[i].step == step)
            return true;
    return false;
}

/* A refusal that stays is no reason to send none for ever. */
static void take_back(struct canary *canary, const struct journal_step *step, char said[200])
{
    struct und_err err = {0}, unwritten = {0};
    char note[512] = "";
    int status;
    if (action_perform(step->undo, canary->fleet, canary->github, note, NULL, &err) == UND_OK) {
        journal_event(canary->journal, step->id, JOURNAL_UNDONE, note, &unwritten);
        snprintf(said, 200, "a canary that was left is taken back");
        return;
    }
    status = github_status(canary->github);
    canary->again_ms =
        http_monotonic_ms() + fleet_clock_real_ms(canary->pace, TAKE_BACK_MS << canary->refusals);
    if (err.code != UND_USAGE && (status < 400 || status >= 500 || status == 429))
        return;
    if (++canary->refusals < ROLLBACK_REFUSALS)
        return;
    journal_event(canary->journal, step->id, JOURNAL_STUCK, err.text, &unwritten);
    snprintf(said, 200, "a canary that was left is NOT taken back: %.140s", err.text);
    canary->left = false;
}

void canary_take_back(struct canary *canary, char said[200])
{
    struct journal_step *steps = NULL;
    struct und_err err = {0};
    size_t n = 0, i = 0;
    said[0] = '\0';
    if (!canary->keeps || !canary->left || http_monotonic_ms() < canary->again_ms)
        return;
    if (journal_open_steps(canary->journal, 0, &steps, &n, &err) == UND_OK) {
        while (i < n && (!steps[i].by_monitor || !action_is_canary(steps[i].undo) ||
                         is_ours(canary, steps[i].id)))
            i++;
        if (i < n)
            take_back(canary, &steps[i], said);
        else
            canary->left = false;
    }
    free(steps);
}
