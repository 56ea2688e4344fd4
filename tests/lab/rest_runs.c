/* Runs and their jobs; starting, cancelling and repeating them. */
#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* GitHub's `status` filter takes statuses and conclusions alike. */
static bool run_matches(const struct hub *hub, const struct hub_run *run, const char *wanted)
{
    static const char *const statuses[] = {"queued", "in_progress", "completed"};
    static const char *const conclusions[] = {"", "success", "failure", "cancelled"};
    return wanted == NULL || strcmp(wanted, statuses[hub_run_status(hub, run)]) == 0 ||
           strcmp(wanted, conclusions[hub_run_conclusion(hub, run)]) == 0;
}

static bool text_matches(const struct http_call *call, const char *key, const char *value)
{
    const char *wanted = http_query(call, key);
    return wanted == NULL || strcmp(wanted, value) == 0;
}

enum http_answer rest_runs_list(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    int *chosen = malloc(HUB_RUNS * sizeof *chosen), total = 0;
    json_t *list = json_array();
    char base[HTTP_URL];
    struct page page;
    (void)place, (void)now_ms;
    for (int i = hub->n_runs - 1; chosen != NULL && i >= 0; i--)
        if (run_matches(hub, &hub->run[i], http_query(call, "status")) &&
            text_matches(call, "branch", hub->run[i].branch) &&
            text_matches(call, "event", hub->run[i].event))
            chosen[total++] = i;
    render_base(service, call, base, sizeof base);
    page = rest_page(service, call, total);
    for (int64_t i = page.first; chosen != NULL && i < page.end; i++)
        json_array_append_new(list, render_run(service, base, &hub->run[chosen[i]]));
    free(chosen);
    return http_json_take(call, 200,
                          json_pack("{s:i, s:o}", "total_count", total, "workflow_runs", list));
}

enum http_answer rest_run_get(struct service *service, struct http_call *call,
                              const struct place *place, int64_t now_ms)
{
    const struct hub_run *run = hub_run_by_id(service->hub, atoll(place->arg[0]));
    char base[HTTP_URL];
    (void)now_ms;
    if (run == NULL)
        return rest_not_found(call);
    render_base(service, call, base, sizeof base);
    return http_json_take(call, 200, render_run(service, base, run));
}

enum http_answer rest_jobs_list(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    const struct hub_run *run = hub_run_by_id(hub, atoll(place->arg[0]));
    const char *filter = http_query(call, "filter");
    bool all = filter != NULL && strcmp(filter, "all") == 0;
    int *chosen, total = 0;
    json_t *list;
    char base[HTTP_URL];
    struct page page;
    (void)now_ms;
    if (run == NULL)
        return rest_not_found(call);
    chosen = malloc(HUB_JOBS * sizeof *chosen);
    for (int i = all ? 0 : run->first_job; chosen != NULL && i < hub->n_jobs; i++)
        if (hub->job[i].run == run - hub->run)
            chosen[total++] = i;
    render_base(service, call, base, sizeof base);
    page = rest_page(service, call, total);
    list = json_array();
    for (int64_t i = page.first; chosen != NULL && i < page.end; i++)
        json_array_append_new(list, render_job(service, base, &hub->job[chosen[i]]));
    free(chosen);
    return http_json_take(call, 200, json_pack("{s:i, s:o}", "total_count", total, "jobs", list));
}

enum http_answer rest_job_get(struct service *service, struct http_call *call,
                              const struct place *place, int64_t now_ms)
{
    const struct hub_job *job = hub_job_by_id(service->hub, atoll(place->arg[0]));
    char base[HTTP_URL];
    (void)now_ms;
    if (job == NULL)
        return rest_not_found(call);
    render_base(service, call, base, sizeof base);
    return http_json_take(call, 200, render_job(service, base, job));
}

static enum http_answer answer_run(struct http_call *call, enum hub_answer answer, int good,
                                   const char *forbidden)
{
    switch (answer) {
    case HUB_DONE:
        return http_json_take(call, good, json_object());
    case HUB_MISSING:
        return rest_not_found(call);
    case HUB_CONFLICT:
        return rest_error(call, 409, "Cannot cancel a workflow run that is completed.");
    case HUB_FORBIDDEN:
        return rest_error(call, 403, forbidden);
    case HUB_INVALID:
    case HUB_FULL:
        break;
    }
    return rest_error(call, 422, "Validation Failed");
}

enum http_answer rest_run_cancel(struct service *service, struct http_call *call,
                                 const struct place *place, int64_t now_ms)
{
    bool force = strcmp(call->segment[call->n_segments - 1], "force-cancel") == 0;
    return answer_run(call, hub_cancel(service->hub, now_ms, atoll(place->arg[0]), force), 202, "");
}

enum http_answer rest_run_rerun(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms)
{
    bool failed = strcmp(call->segment[call->n_segments - 1], "rerun-failed-jobs") == 0;
    return answer_run(call, hub_rerun(service->hub, now_ms, atoll(place->arg[0]), failed), 201,
                      failed ? "The workflow run containing these jobs is already running, or "
                               "has no failed jobs"
                             : "This workflow is already running");
}

/* runs-on: ${{ fromJSON(inputs.runner) }} */
static bool read_input(const json_t *input, struct hub_labels *labels)
{
    const char *text = json_string_value(input);
    json_t *list = text ? json_loads(text, 0, NULL) : NULL, *label;
    bool good = input == NULL || json_is_array(list);
    size_t i;
    json_array_foreach (list, i, label)
        good = good && json_is_string(label) && hub_label_add(labels, json_string_value(label));
    json_decref(list);
    return good;
}

/* Jobs of the workflow that say nothing of labels run where the input says. */
static enum hub_answer dispatch(struct hub *hub, int64_t now_ms, int workflow,
                                const struct hub_labels *labels, int64_t *run_id)
{
    const struct hub_workflow *of = &hub->workflow[workflow];
    struct hub_order *orders = calloc(HUB_RUN_JOBS, sizeof *orders);
    enum hub_answer answer = HUB_FULL;
    for (int i = 0; orders != NULL && i < of->n_jobs; i++) {
        orders[i] = of->job[i];
        if (orders[i].labels.n == 0 && orders[i].variable[0] == '\0')
            orders[i].labels = *labels;
    }
    if (orders != NULL)
        answer = hub_submit(hub, now_ms, of->file, workflow, orders, of->n_jobs, run_id);
    free(orders);
    return answer;
}

enum http_answer rest_dispatch(struct service *service, struct http_call *call,
                               const struct place *place, int64_t now_ms)
{
    struct hub *hub = service->hub;
    json_t *body = json_loads(call->body, 0, NULL);
    const json_t *runner = json_object_get(json_object_get(body, "inputs"), "runner");
    struct hub_labels labels = {.n = 0};
    bool valid = json_is_string(json_object_get(body, "ref")) && read_input(runner, &labels);
    bool details = json_is_true(json_object_get(body, "return_run_details"));
    char url[3 * HTTP_URL], base[HTTP_URL];
    int64_t run_id;
    int workflow = 0;
    json_decref(body);
    while (workflow < hub->n_workflows &&
           strcmp(hub->workflow[workflow].file, place->arg[0]) != 0 &&
           hub->workflow[workflow].id != atoll(place->arg[0]))
        workflow++;
    if (workflow == hub->n_workflows)
        return rest_not_found(call);
    if (!valid || dispatch(hub, now_ms, workflow, &labels, &run_id) != HUB_DONE)
        return rest_error(call, 422, "Validation Failed");
    if (!details)
        return http_status(call, 204);
    render_base(service, call, base, sizeof base);
    snprintf(url, sizeof url, "%s/repos/%s/%s/actions/runs/%lld", base, service->owner,
             service->repository, (long long)run_id);
    return http_json_take(call, 200,
                          json_pack("{s:I, s:s, s:s}", "workflow_run_id", (json_int_t)run_id,
                                    "run_url", url, "html_url", url));
}
