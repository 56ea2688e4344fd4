/* The hub as GitHub's JSON. Field names and required fields are those of GitHub's OpenAPI
 * description; `make contract` holds this file to it. */
#include "service.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void render_base(const struct service *service, const struct http_call *call, char *out,
                 size_t size)
{
    const char *host = http_request_header(call, "Host");
    if (service->base[0] != '\0')
        snprintf(out, size, "%s", service->base);
    else
        snprintf(out, size, "%s://%.200s", service->tls ? "https" : "http",
                 host ? host : "localhost");
}

json_t *render_time(const struct service *service, int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    char day[32];
    struct tm utc;
    if (at_ms < 0)
        return json_null();
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
    if (!service->milliseconds)
        return json_sprintf("%sZ", day);
    return json_sprintf("%s.%03dZ", day, (int)(at_ms % 1000));
}

static void append_labels(json_t *array, const struct hub_labels *labels, const char *type,
                          int64_t id)
{
    for (int i = 0; i < labels->n; i++)
        json_array_append_new(array, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)(id + i),
                                               "name", labels->name[i], "type", type));
}

json_t *render_labels(const struct hub_registration *registration)
{
    json_t *array = json_array();
    append_labels(array, &registration->builtin, "read-only", 1);
    append_labels(array, &registration->custom, "custom", registration->id * 100);
    return array;
}

/* A listener that hears of no job is no less idle for GitHub, whatever it has been handed. */
static bool looks_busy(const struct hub *hub, const struct hub_registration *registration)
{
    if (registration->lie.busy)
        return registration->lie.busy_said;
    return registration->job >= 0 &&
           (registration->hung != HUB_DEAF || hub->job[registration->job].status != HUB_QUEUED);
}

json_t *render_registration(const struct hub *hub, const struct hub_registration *registration)
{
    bool online = registration->lie.status ? registration->lie.online_said : registration->online;
    return json_pack("{s:I, s:s, s:s, s:s, s:b, s:b, s:I, s:s, s:o}", "id",
                     (json_int_t)registration->id, "name", registration->name, "os", "linux",
                     "status", online ? "online" : "offline", "busy", looks_busy(hub, registration),
                     "ephemeral", registration->ephemeral, "runner_group_id",
                     (json_int_t)registration->group, "version", "2.330.0", "labels",
                     render_labels(registration));
}

json_t *render_group(const struct hub_group *group)
{
    return json_pack("{s:I, s:s, s:s, s:b, s:b, s:b}", "id", (json_int_t)group->id, "name",
                     group->name, "visibility", group->visibility, "default", group->id == 1,
                     "inherited", 0, "allows_public_repositories", 0);
}

json_t *render_stranger(int64_t number)
{
    char name[HUB_NAME];
    snprintf(name, sizeof name, "stranger-%lld", (long long)number);
    return json_pack("{s:I, s:s, s:s, s:s, s:b, s:[]}", "id", (json_int_t)(10000000 + number),
                     "name", name, "os", "linux", "status", "offline", "busy", 0, "labels");
}

static const char *status_name(enum hub_status status)
{
    switch (status) {
    case HUB_QUEUED:
        return "queued";
    case HUB_IN_PROGRESS:
        return "in_progress";
    case HUB_COMPLETED:
        return "completed";
    }
    return "";
}

static json_t *conclusion_json(enum hub_conclusion conclusion)
{
    switch (conclusion) {
    case HUB_NONE:
        return json_null();
    case HUB_SUCCESS:
        return json_string("success");
    case HUB_FAILURE:
        return json_string("failure");
    case HUB_CANCELLED:
        return json_string("cancelled");
    }
    return json_null();
}

struct url {
    const char *key, *suffix;
};

/* Adds key: prefix + suffix for each of a list that ends with a NULL key. */
static void add_urls(json_t *object, const char *prefix, const struct url *urls)
{
    for (; urls->key != NULL; urls++)
        json_object_set_new(object, urls->key, json_sprintf("%s%s", prefix, urls->suffix));
}

static json_t *owner_json(const struct service *service, const char *base)
{
    static const struct url urls[] = {{"url", ""},
                                      {"followers_url", "/followers"},
                                      {"following_url", "/following{/other_user}"},
                                      {"gists_url", "/gists{/gist_id}"},
                                      {"starred_url", "/starred{/owner}{/repo}"},
                                      {"subscriptions_url", "/subscriptions"},
                                      {"organizations_url", "/orgs"},
                                      {"repos_url", "/repos"},
                                      {"events_url", "/events{/privacy}"},
                                      {"received_events_url", "/received_events"},
                                      {NULL, NULL}};
    char prefix[2 * HTTP_URL];
    json_t *owner = json_pack("{s:s, s:i, s:s, s:s, s:b}", "login", service->owner, "id", 1,
                              "node_id", "MDQ6VXNlcjE=", "type", "Organization", "site_admin", 0);
    snprintf(prefix, sizeof prefix, "%s/users/%s", base, service->owner);
    add_urls(owner, prefix, urls);
    json_object_set_new(owner, "avatar_url", json_sprintf("%s/avatars/1", base));
    json_object_set_new(owner, "gravatar_id", json_string(""));
    json_object_set_new(owner, "html_url", json_sprintf("%s/%s", base, service->owner));
    return owner;
}

static json_t *repository_json(const struct service *service, const char *base)
{
    static const char *const plain[] = {
        "contributors", "deployments", "downloads",   "events",       "forks", "hooks", "languages",
        "merges",       "stargazers",  "subscribers", "subscription", "tags",  "teams", NULL};
    static const struct url urls[] = {
        {"url", ""},
        {"archive_url", "/{archive_format}{/ref}"},
        {"assignees_url", "/assignees{/user}"},
        {"blobs_url", "/git/blobs{/sha}"},
        {"branches_url", "/branches{/branch}"},
        {"collaborators_url", "/collaborators{/collaborator}"},
        {"comments_url", "/comments{/number}"},
        {"commits_url", "/commits{/sha}"},
        {"compare_url", "/compare/{base}...{head}"},
        {"contents_url", "/contents/{+path}"},
        {"git_commits_url", "/git/commits{/sha}"},
        {"git_refs_url", "/git/refs{/sha}"},
        {"git_tags_url", "/git/tags{/sha}"},
        {"issue_comment_url", "/issues/comments{/number}"},
        {"issue_events_url", "/issues/events{/number}"},
        {"issues_url", "/issues{/number}"},
        {"keys_url", "/keys{/key_id}"},
        {"labels_url", "/labels{/name}"},
        {"milestones_url", "/milestones{/number}"},
        {"notifications_url", "/notifications{?since,all,participating}"},
        {"pulls_url", "/pulls{/number}"},
        {"releases_url", "/releases{/id}"},
        {"statuses_url", "/statuses/{sha}"},
        {"trees_url", "/git/trees{/sha}"},
        {NULL, NULL}};
    char prefix[2 * HTTP_URL], key[HUB_NAME];
    json_t *repository =
        json_pack("{s:i, s:s, s:s, s:o, s:b, s:n, s:b}", "id", 1, "node_id", "MDEwOlJlcG9zaXRvcnkx",
                  "name", service->repository, "owner", owner_json(service, base), "private", 1,
                  "description", "fork", 0);
    json_object_set_new(repository, "full_name",
                        json_sprintf("%s/%s", service->owner, service->repository));
    json_object_set_new(repository, "html_url",
                        json_sprintf("%s/%s/%s", base, service->owner, service->repository));
    snprintf(prefix, sizeof prefix, "%s/repos/%s/%s", base, service->owner, service->repository);
    add_urls(repository, prefix, urls);
    for (int i = 0; plain[i] != NULL; i++) {
        snprintf(key, sizeof key, "%s_url", plain[i]);
        json_object_set_new(repository, key, json_sprintf("%s/%s", prefix, plain[i]));
    }
    return repository;
}

static const char head_sha[] = "0123456789abcdef0123456789abcdef01234567";

static const char *workflow_file(const struct service *service, const struct hub_run *run)
{
    return run->workflow < 0 ? "ci.yml" : service->hub->workflow[run->workflow].file;
}

json_t *render_job(const struct service *service, const char *base, const struct hub_job *job)
{
    const struct hub *hub = service->hub;
    const struct hub_run *run = &hub->run[job->run];
    bool begun = job->status != HUB_QUEUED && job->registration >= 0;
    const struct hub_registration *registration =
        begun ? &hub->registration[job->registration] : NULL;
    json_t *object, *labels = json_array();
    char prefix[2 * HTTP_URL];
    for (int i = 0; i < job->labels->n; i++)
        json_array_append_new(labels, json_string(job->labels->name[i]));
    snprintf(prefix, sizeof prefix, "%s/repos/%s/%s", base, service->owner, service->repository);
    object = json_pack(
        "{s:I, s:I, s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:s, s:[]}", "id",
        (json_int_t)job->id, "run_id", (json_int_t)run->id, "run_attempt", job->attempt, "node_id",
        "CR_lab", "head_sha", head_sha, "status", status_name(job->status), "conclusion",
        conclusion_json(job->conclusion), "created_at", render_time(service, job->created_ms),
        "started_at", render_time(service, job->started_ms < 0 ? job->created_ms : job->started_ms),
        "completed_at", render_time(service, job->completed_ms), "name", job->name, "labels",
        labels, "workflow_name", run->title, "head_branch", run->branch, "steps");
    json_object_set_new(object, "runner_id",
                        registration ? json_integer((json_int_t)registration->id) : json_null());
    json_object_set_new(object, "runner_name",
                        registration ? json_string(registration->name) : json_null());
    json_object_set_new(object, "runner_group_id", registration ? json_integer(1) : json_null());
    json_object_set_new(object, "runner_group_name",
                        registration ? json_string("Default") : json_null());
    json_object_set_new(object, "run_url",
                        json_sprintf("%s/actions/runs/%lld", prefix, (long long)run->id));
    json_object_set_new(object, "url",
                        json_sprintf("%s/actions/jobs/%lld", prefix, (long long)job->id));
    json_object_set_new(object, "check_run_url",
                        json_sprintf("%s/check-runs/%lld", prefix, (long long)job->id));
    json_object_set_new(object, "html_url",
                        json_sprintf("%s/%s/%s/actions/runs/%lld/job/%lld", base, service->owner,
                                     service->repository, (long long)run->id, (long long)job->id));
    return object;
}

static void add_run_urls(json_t *object, const struct service *service, const char *base,
                         const struct hub_run *run)
{
    static const struct url urls[] = {{"url", ""},
                                      {"jobs_url", "/jobs"},
                                      {"logs_url", "/logs"},
                                      {"artifacts_url", "/artifacts"},
                                      {"cancel_url", "/cancel"},
                                      {"rerun_url", "/rerun"},
                                      {NULL, NULL}};
    char prefix[2 * HTTP_URL];
    snprintf(prefix, sizeof prefix, "%s/repos/%s/%s/actions/runs/%lld", base, service->owner,
             service->repository, (long long)run->id);
    add_urls(object, prefix, urls);
    snprintf(prefix, sizeof prefix, "%s/repos/%s/%s", base, service->owner, service->repository);
    json_object_set_new(object, "check_suite_url",
                        json_sprintf("%s/check-suites/%lld", prefix, (long long)run->id));
    json_object_set_new(object, "workflow_url", json_sprintf("%s/actions/workflows/1", prefix));
    json_object_set_new(object, "html_url",
                        json_sprintf("%s/%s/%s/actions/runs/%lld", base, service->owner,
                                     service->repository, (long long)run->id));
}

json_t *render_run(const struct service *service, const char *base, const struct hub_run *run)
{
    const struct hub *hub = service->hub;
    int64_t workflow = run->workflow < 0 ? 1 : hub->workflow[run->workflow].id;
    json_t *commit = json_pack(
        "{s:s, s:s, s:s, s:o, s:{s:s, s:s}, s:{s:s, s:s}}", "id", head_sha, "tree_id", head_sha,
        "message", run->title, "timestamp", render_time(service, run->created_ms), "author", "name",
        "Lab", "email", "lab@example.com", "committer", "name", "Lab", "email", "lab@example.com");
    json_t *object = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:o, s:I, s:s, s:[], s:o, s:o, s:o}", "id",
        (json_int_t)run->id, "name", run->title, "node_id", "WFR_lab", "head_branch", run->branch,
        "head_sha", head_sha, "run_number", run->number, "run_attempt", run->attempt, "event",
        run->event, "status", status_name(hub_run_status(hub, run)), "conclusion",
        conclusion_json(hub_run_conclusion(hub, run)), "workflow_id", (json_int_t)workflow,
        "display_title", run->title, "pull_requests", "created_at",
        render_time(service, run->created_ms), "updated_at", render_time(service, run->updated_ms),
        "run_started_at", render_time(service, hub->job[run->first_job].created_ms));
    json_object_set_new(object, "path",
                        json_sprintf(".github/workflows/%s", workflow_file(service, run)));
    json_object_set_new(object, "head_commit", commit);
    json_object_set_new(object, "repository", repository_json(service, base));
    json_object_set_new(object, "head_repository", repository_json(service, base));
    add_run_urls(object, service, base, run);
    return object;
}

json_t *render_variable(const struct service *service, const struct hub_variable *variable)
{
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:o}", "name", variable->name, "value", variable->value,
                  "created_at", render_time(service, variable->created_ms), "updated_at",
                  render_time(service, variable->updated_ms));
    if (variable->scope == HUB_ORGANISATION)
        json_object_set_new(object, "visibility", json_string("all"));
    return object;
}

json_t *render_installation(const struct service *service, const char *base)
{
    static const struct url urls[] = {{"repositories_url", "/installation/repositories"},
                                      {NULL, NULL}};
    json_t *object = json_pack(
        "{s:I, s:o, s:s, s:i, s:i, s:s, s:{s:s, s:s, s:s}, s:[], s:s, s:s, s:n, s:s, s:n, s:n}",
        "id", (json_int_t)service->installation_id, "account", owner_json(service, base),
        "repository_selection", "all", "app_id", 1, "target_id", 1, "target_type", "Organization",
        "permissions", "actions", "write", "administration", "write", "metadata", "read", "events",
        "created_at", "2024-01-01T00:00:00Z", "updated_at", "2024-01-01T00:00:00Z",
        "single_file_name", "app_slug", "understudy", "suspended_by", "suspended_at");
    add_urls(object, base, urls);
    json_object_set_new(object, "access_tokens_url",
                        json_sprintf("%s/app/installations/%lld/access_tokens", base,
                                     (long long)service->installation_id));
    json_object_set_new(object, "html_url",
                        json_sprintf("%s/organizations/%s/settings/installations/%lld", base,
                                     service->owner, (long long)service->installation_id));
    return object;
}

json_t *render_error(int status, const char *message)
{
    char text[16];
    snprintf(text, sizeof text, "%d", status);
    return json_pack("{s:s, s:s, s:s}", "message", message, "documentation_url",
                     "https://docs.github.com/rest", "status", text);
}
