/* Whole lists: runners, runs, jobs, runner groups. */
#include "github.h"
#include "github_call.h"
#include "live/base/wire.h"
#include "model/base/assert.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define READINGS 3 /* of a list whose order shifts */

static enum und_code runners_page(const json_t *page, void *list, int64_t *total, const char *place,
                                  struct und_err *err)
{
    return github_parse_runners(page, list, total, place, err);
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Is an id (at the beginning of every item) there twice? */
static bool repeats(const void *items, size_t n, size_t stride)
{
    int64_t *ids = malloc((n + 1) * sizeof *ids);
    bool found = false;
    size_t i;
    UND_ASSERT(ids != NULL);
    for (i = 0; i < n; i++)
        memcpy(&ids[i], (const char *)items + i * stride, sizeof ids[i]);
    qsort(ids, n, sizeof *ids, by_id);
    for (i = 1; i < n; i++)
        found = found || ids[i] == ids[i - 1];
    free(ids);
    return found;
}

_Static_assert(offsetof(struct github_runner, id) == 0 && offsetof(struct github_job, id) == 0 &&
                   offsetof(struct github_group, id) == 0,
               "as repeats() reads them");

/* All pages of one list, until its order and its length have held still; `n` and `items` are the
 * list's. Where an entry goes away between two pages, another slips through between them unseen:
 * only the changed length tells. */
static enum und_code read_whole(struct github_client *client, const char *path,
                                enum github_permission permission, github_page *parse, void *list,
                                size_t *n, void *const *items, size_t stride, struct und_err *err)
{
    int attempt;
    for (attempt = 0; attempt < READINGS; attempt++) {
        struct und_err failed = {0};
        bool shifted = false;
        *n = 0;
        github_pages(client, path, permission, parse, list, n, SIZE_MAX, &shifted, &failed);
        if (failed.code != UND_OK && !shifted)
            return und_fail(err, failed.code, "%s", failed.text);
        if (failed.code == UND_OK && !shifted && !repeats(*items, *n, stride))
            return UND_OK;
    }
    return und_fail(err, UND_SERVICE,
                    "GET %s: its order shifted between the pages in each of %d readings", path,
                    READINGS);
}

enum und_code github_runners(struct github_client *client, struct github_runners *out,
                             struct und_err *err)
{
    char path[GITHUB_PATH];
    out->n = 0;
    snprintf(path, sizeof path, "%s/actions/runners?per_page=100", client->level);
    return read_whole(client, path, GITHUB_ADMINISTRATION, runners_page, out, &out->n,
                      (void *const *)&out->item, sizeof *out->item, err);
}

static enum und_code runs_page(const json_t *page, void *list, int64_t *total, const char *place,
                               struct und_err *err)
{
    return github_parse_runs(page, list, total, place, err);
}

enum und_code github_runs(struct github_client *client, const char *status, size_t most,
                          struct github_runs *out, struct und_err *err)
{
    char path[GITHUB_PATH];
    out->n = 0;
    if (github_need_repository(client, err) != UND_OK)
        return err->code;
    snprintf(path, sizeof path, "%s/actions/runs?per_page=%d%s%s", client->repository,
             most < 100 ? (int)most : 100, status ? "&status=" : "", status ? status : "");
    github_pages(client, path, GITHUB_ACTIONS_READ, runs_page, out, &out->n, most, NULL, err);
    out->n = out->n < most ? out->n : most;
    return err->code;
}

enum und_code github_runs_created(struct github_client *client, int64_t from_ms, int64_t to_ms,
                                  struct github_runs *out, struct und_err *err)
{
    char path[GITHUB_PATH], from[WIRE_TIME], to[WIRE_TIME];
    out->n = 0;
    if (github_need_repository(client, err) != UND_OK)
        return err->code;
    snprintf(path, sizeof path, "%s/actions/runs?per_page=100&created=%s..%s", client->repository,
             wire_time(from, from_ms), wire_time(to, to_ms));
    return github_pages(client, path, GITHUB_ACTIONS_READ, runs_page, out, &out->n, GITHUB_FILTERED,
                        NULL, err);
}

static enum und_code jobs_page(const json_t *page, void *list, int64_t *total, const char *place,
                               struct und_err *err)
{
    return github_parse_jobs(page, list, total, place, err);
}

enum und_code github_jobs(struct github_client *client, int64_t run_id, bool every_attempt,
                          struct github_jobs *out, struct und_err *err)
{
    char path[GITHUB_PATH];
    out->n = 0;
    if (github_need_repository(client, err) != UND_OK)
        return err->code;
    snprintf(path, sizeof path, "%s/actions/runs/%lld/jobs?per_page=100&filter=%s",
             client->repository, (long long)run_id, every_attempt ? "all" : "latest");
    return read_whole(client, path, GITHUB_ACTIONS_READ, jobs_page, out, &out->n,
                      (void *const *)&out->item, sizeof *out->item, err);
}

static enum und_code groups_page(const json_t *page, void *list, int64_t *total, const char *place,
                                 struct und_err *err)
{
    return github_parse_groups(page, list, total, place, err);
}

enum und_code github_groups(struct github_client *client, struct github_groups *out,
                            struct und_err *err)
{
    char path[GITHUB_PATH];
    out->n = 0;
    if (!client->live.organisation)
        return und_fail(err, UND_USAGE,
                        "live.github.organisation: got false: runner groups are an organisation's");
    snprintf(path, sizeof path, "%s/actions/runner-groups?per_page=100", client->level);
    return read_whole(client, path, GITHUB_ADMINISTRATION, groups_page, out, &out->n,
                      (void *const *)&out->item, sizeof *out->item, err);
}

struct looked_for {
    const char *repository;
    bool found;
    size_t n;
};

static enum und_code repositories_page(const json_t *page, void *list, int64_t *total,
                                       const char *place, struct und_err *err)
{
    struct looked_for *look = list;
    const json_t *repositories = payload_array(page, "repositories", place, err);
    size_t i;
    github_parse_total(page, total, place, err);
    for (i = 0; i < json_array_size(repositories); i++) {
        const char *name =
            json_string_value(json_object_get(json_array_get(repositories, i), "name"));
        look->found = look->found || (name && strcasecmp(name, look->repository) == 0);
    }
    look->n += json_array_size(repositories);
    return err->code;
}

enum und_code github_group_serves(struct github_client *client, int64_t group_id, bool *serves,
                                  struct und_err *err)
{
    struct looked_for look = {.repository = client->live.repository};
    char path[GITHUB_PATH];
    if (github_need_repository(client, err) != UND_OK)
        return err->code;
    snprintf(path, sizeof path, "%s/actions/runner-groups/%lld/repositories?per_page=100",
             client->level, (long long)group_id);
    github_pages(client, path, GITHUB_ADMINISTRATION, repositories_page, &look, &look.n, SIZE_MAX,
                 NULL, err);
    *serves = look.found;
    return err->code;
}
