#include "github.h"
#include "github_call.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum und_code github_need_repository(const struct github_client *client, struct und_err *err)
{
    if (client->repository[0])
        return UND_OK;
    return und_fail(err, UND_USAGE,
                    "live.github.repository: got nothing, want its name: runs "
                    "exist in a repository only");
}

enum und_code github_run(struct github_client *client, int64_t run_id, struct github_run *out,
                         struct und_err *err)
{
    char path[GITHUB_PATH], place[HTTP_PLACE];
    json_t *body;
    if (github_need_repository(client, err) != UND_OK)
        return err->code;
    snprintf(path, sizeof path, "%s/actions/runs/%lld", client->repository, (long long)run_id);
    body = github_get(client, path, GITHUB_ACTIONS_READ, NULL, place, err);
    if (body)
        github_parse_run(body, out, place, err);
    json_decref(body);
    return err->code;
}

static void labels_path(const struct github_client *client, int64_t runner_id,
                        char out[GITHUB_PATH])
{
    snprintf(out, GITHUB_PATH, "%s/actions/runners/%lld/labels", client->level,
             (long long)runner_id);
}

enum und_code github_labels(struct github_client *client, int64_t runner_id,
                            struct github_labels *out, struct und_err *err)
{
    char path[GITHUB_PATH], place[HTTP_PLACE];
    json_t *body;
    labels_path(client, runner_id, path);
    body = github_get(client, path, GITHUB_ADMINISTRATION, NULL, place, err);
    if (body)
        github_parse_labels(body, out, place, err);
    json_decref(body);
    return err->code;
}

/* {"labels": [...]} of the custom ones. */
static char *labels_body(const struct github_labels *labels)
{
    json_t *names = json_array(), *body = json_object();
    char *text;
    int i;
    for (i = 0; i < labels->n; i++)
        if (labels->custom[i])
            json_array_append_new(names, json_string(labels->name[i]));
    json_object_set_new(body, "labels", names);
    text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    UND_ASSERT(text != NULL);
    return text;
}

/* A write whose answer is of no interest. */
static enum und_code send(struct github_client *client, enum http_method method, const char *path,
                          const char *body, enum github_permission permission, const char *wanted,
                          struct und_err *err)
{
    struct http_request request = {.method = method, .path = path, .body = body};
    struct http_response response;
    github_call(client, &request, permission, wanted, &response, err);
    http_response_fini(&response);
    return err->code;
}

static bool has_custom(const struct github_labels *labels, const char *name)
{
    int i;
    for (i = 0; i < labels->n; i++)
        if (labels->custom[i] && strcmp(labels->name[i], name) == 0)
            return true;
    return false;
}

static bool covers(const struct github_labels *a, const struct github_labels *b)
{
    int i;
    for (i = 0; i < b->n; i++)
        if (b->custom[i] && !has_custom(a, b->name[i]))
            return false;
    return true;
}

/* GitHub's word after the write counts, not the answer to it: a 500 may have worked, and a 200 may
 * have met another writer. The PUT states the whole set, so sending it twice does no harm. */
enum und_code github_labels_set(struct github_client *client, int64_t runner_id,
                                const struct github_labels *wanted, struct und_err *err)
{
    char path[GITHUB_PATH];
    char *body = labels_body(wanted);
    struct und_err first = {0};
    int attempt;
    labels_path(client, runner_id, path);
    for (attempt = 0; attempt < 2; attempt++) {
        struct und_err wrote = {0}, read = {0};
        struct github_labels now;
        send(client, HTTP_PUT, path, body, GITHUB_ADMINISTRATION, "200", &wrote);
        int status = client->status;
        if (github_labels(client, runner_id, &now, &read) == UND_OK && covers(&now, wanted) &&
            covers(wanted, &now)) {
            free(body);
            return UND_OK;
        }
        if (wrote.code != UND_OK)
            und_fail(&first, wrote.code, "%s", wrote.text);
        else if (read.code != UND_OK)
            und_fail(&first, read.code, "%s", read.text);
        else
            und_fail(&first, UND_SERVICE,
                     "PUT %s: GitHub accepted the labels and then shows others", path);
        if (wrote.code == UND_INTERRUPTED || (status >= 400 && status < 500))
            break;
    }
    free(body);
    return und_fail(err, first.code, "%s", first.text);
}

enum und_code github_labels_add(struct github_client *client, int64_t runner_id, const char *label,
                                struct und_err *err)
{
    struct github_labels one = {.n = 1, .custom = {true}};
    char path[GITHUB_PATH];
    char *body;
    snprintf(one.name[0], sizeof one.name[0], "%s", label);
    body = labels_body(&one);
    labels_path(client, runner_id, path);
    send(client, HTTP_POST, path, body, GITHUB_ADMINISTRATION, "200", err);
    free(body);
    return err->code;
}

static enum und_code on_run(struct github_client *client, int64_t run_id, const char *verb,
                            const char *wanted, struct und_err *err)
{
    char path[GITHUB_PATH];
    if (github_need_repository(client, err) != UND_OK)
        return err->code;
    snprintf(path, sizeof path, "%s/actions/runs/%lld/%s", client->repository, (long long)run_id,
             verb);
    return send(client, HTTP_POST, path, NULL, GITHUB_ACTIONS_WRITE, wanted, err);
}

enum und_code github_cancel(struct github_client *client, int64_t run_id, struct und_err *err)
{
    return on_run(client, run_id, "cancel", "202 or 409", err);
}

enum und_code github_force_cancel(struct github_client *client, int64_t run_id, struct und_err *err)
{
    return on_run(client, run_id, "force-cancel", "202 or 409", err);
}

enum und_code github_rerun_failed(struct github_client *client, int64_t run_id, struct und_err *err)
{
    return on_run(client, run_id, "rerun-failed-jobs", "201", err);
}

static enum und_code variable_path(const struct github_client *client, const char *name,
                                   char out[GITHUB_PATH], struct und_err *err)
{
    if (!name[0] ||
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") !=
            strlen(name))
        return und_fail(err, UND_USAGE, "variable \"%s\": want letters, digits and _", name);
    snprintf(out, GITHUB_PATH, "%s/actions/variables/%.200s", client->level, name);
    return UND_OK;
}

enum und_code github_variable(struct github_client *client, const char *name, char *out,
                              size_t size, struct und_err *err)
{
    const struct payload_field field = {"value", PAYLOAD_NAME, true, 0, size};
    char path[GITHUB_PATH], place[HTTP_PLACE];
    struct http_request request = {.path = path, .revalidate = true};
    struct http_response response;
    json_t *body = NULL;
    out[0] = '\0';
    if (variable_path(client, name, path, err) != UND_OK)
        return err->code;
    github_call(client, &request, GITHUB_VARIABLES, "200 or 404", &response, err);
    http_place(client->service.http, &request, place);
    if (err->code == UND_OK && response.status == 200 &&
        (body = payload_parse(response.body, response.size, place, err)) != NULL)
        payload_fields(body, &field, 1, out, place, err);
    json_decref(body);
    http_response_fini(&response);
    return err->code;
}

enum und_code github_variable_set(struct github_client *client, const char *name, const char *value,
                                  struct und_err *err)
{
    char path[GITHUB_PATH];
    json_t *fields = json_pack("{s:s, s:s}", "name", name, "value", value);
    char *body = json_dumps(fields, JSON_COMPACT);
    json_decref(fields);
    if (!body)
        return und_fail(err, UND_USAGE, "variable %s: got a value that is no UTF-8 text", name);
    if (variable_path(client, name, path, err) == UND_OK &&
        send(client, HTTP_PATCH, path, body, GITHUB_VARIABLES, "204 or 404", err) == UND_OK &&
        client->status == 404) {
        snprintf(path, sizeof path, "%s/actions/variables", client->level);
        if (client->live.organisation)
            und_fail(err, UND_USAGE,
                     "variable %s: the organisation has none; create it first, since its "
                     "visibility is yours to choose",
                     name);
        else
            send(client, HTTP_POST, path, body, GITHUB_VARIABLES, "201", err);
    }
    free(body);
    return err->code;
}

static char *dispatch_body(const char *ref, const json_t *inputs)
{
    json_t *fields = json_pack("{s:s, s:b}", "ref", ref, "return_run_details", 1);
    char *body;
    if (inputs)
        json_object_set_new(fields, "inputs", json_deep_copy(inputs));
    body = json_dumps(fields, JSON_COMPACT);
    json_decref(fields);
    return body;
}

enum und_code github_dispatch(struct github_client *client, const char *workflow, const char *ref,
                              const json_t *inputs, int64_t *run_id, struct und_err *err)
{
    const struct payload_field id = {"workflow_run_id", PAYLOAD_INTEGER, false, 0, sizeof *run_id};
    char path[GITHUB_PATH], escaped[192], place[HTTP_PLACE];
    struct http_request request = {.method = HTTP_POST, .path = path};
    struct http_response response;
    json_t *answer = NULL;
    char *body;
    *run_id = 0;
    if (github_need_repository(client, err) != UND_OK)
        return err->code;
    if (!http_escape(escaped, sizeof escaped, workflow))
        return und_fail(err, UND_USAGE, "workflow \"%.40s...\": too long a name", workflow);
    snprintf(path, sizeof path, "%s/actions/workflows/%s/dispatches", client->repository, escaped);
    request.body = body = dispatch_body(ref, inputs);
    if (!body)
        return und_fail(err, UND_USAGE, "workflow %s: got a ref that is no UTF-8 text", workflow);
    github_call(client, &request, GITHUB_ACTIONS_WRITE, "204 or 200", &response, err);
    http_place(client->service.http, &request, place);
    if (err->code == UND_OK && response.status == 200 &&
        (answer = payload_parse(response.body, response.size, place, err)) != NULL)
        payload_fields(answer, &id, 1, run_id, place, err);
    json_decref(answer);
    http_response_fini(&response);
    free(body);
    return err->code;
}
