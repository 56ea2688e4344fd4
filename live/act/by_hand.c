/* How to take a step back by hand: the very command (rollback.h). */
#include "action.h"
#include "command.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "rollback.h"

#include <stdio.h>
#include <string.h>

static void show_command(const struct fleet *fleet, const json_t *value, char *out, size_t size)
{
    const char *on = json_string_value(json_object_get(value, "on"));
    const json_t *list = json_object_get(value, "argv");
    struct live_argv argv = {.n = 0};
    struct command command = {.n = 0};
    struct und_err err = {0};
    size_t i;
    for (i = 0; i < json_array_size(list) && i < LIVE_ARGS; i++) {
        const char *argument = json_string_value(json_array_get(list, i));
        snprintf(argv.arg[argv.n++], LIVE_ARG, "%s", argument ? argument : "");
    }
    if (argv.n > 0 && command_init(&command, fleet, on ? on : "", &argv, &err) == UND_OK)
        command_show(&command, out, size);
    else
        snprintf(out, size, "(a command on %s, which the fleet no longer has)", on ? on : "?");
    command_fini(&command);
}

/* "GH_HOST=ghe.example " for any other than github.com; `repository` for what exists there alone.
 */
static void show_where(const struct fleet *fleet, bool repository, char host[300], char level[300])
{
    const struct live_github *github = &fleet->live.github;
    const char *url = github->service.url, *at = strstr(url, "://");
    host[0] = '\0';
    if (at && strncmp(at + 3, "api.github.com", 14) != 0)
        snprintf(host, 300, "GH_HOST=%.*s ", (int)strcspn(at + 3, "/"), at + 3);
    if (github->organisation && !repository)
        snprintf(level, 300, "orgs/%s", github->owner);
    else
        snprintf(level, 300, "repos/%s/%s", github->owner, github->repository);
}

static void show_label(const struct fleet *fleet, const char *name, const char *label, bool with,
                       char *out, size_t size)
{
    char host[300], level[300], field[2 * LIVE_NAME];
    show_where(fleet, false, host, level);
    snprintf(field, sizeof field, "labels[]=%s", label);
    if (with)
        snprintf(out, size,
                 "%sgh api -X POST %s/actions/runners/$(gh api --paginate %s/actions/runners --jq "
                 "'.runners[] | select(.name == \"%s\").id')/labels -f '%s' (put the label %s on "
                 "the runner %s)",
                 host, level, level, name, field, label, name);
    else
        snprintf(out, size,
                 "%sgh api -X DELETE %s/actions/runners/$(gh api --paginate %s/actions/runners "
                 "--jq '.runners[] | select(.name == \"%s\").id')/labels/%s (take the label %s off "
                 "the runner %s)",
                 host, level, level, name, label, label, name);
}

/* A pattern of names as jq's test() reads it. */
static void write_regex(const char *glob, char *out, size_t size)
{
    size_t n = 0;
    for (; *glob && n + 4 < size; glob++) {
        const char *word = *glob == '*' ? ".*" : *glob == '?' ? "." : *glob == '.' ? "[.]" : NULL;
        n += word ? (size_t)snprintf(out + n, size - n, "%s", word) : 1;
        if (!word)
            out[n - 1] = *glob;
    }
    UND_ASSERT(n < size);
    out[n] = '\0';
}

void rollback_show_labels(const struct fleet *fleet, int host, char *out, size_t size)
{
    const struct host *h;
    const char *label = fleet->live.github.label;
    char where[300], level[300], names[4 * FLEET_NAME];
    UND_ASSERT(host >= 0 && host < fleet->n_hosts);
    h = &fleet->hosts[host];
    show_where(fleet, false, where, level);
    write_regex(h->registrations[0] ? h->registrations : h->name, names, sizeof names);
    snprintf(
        out, size,
        "%sgh api --paginate %s/actions/runners --jq '.runners[] | select((.name | "
        "test(\"^%s$\")) and (any(.labels[]; .name == \"%s\") | not)).id' | xargs -I{} %sgh api "
        "-X POST %s/actions/runners/{}/labels -f 'labels[]=%s'",
        where, level, names, label, where, level, label);
    wire_clean(out);
}

static void show_variable(const struct fleet *fleet, const char *name, const char *value, char *out,
                          size_t size)
{
    char host[300], level[300], quoted[2048];
    show_where(fleet, false, host, level);
    if (!command_quote(quoted, sizeof quoted, value))
        snprintf(quoted, sizeof quoted, "...");
    snprintf(out, size, "%sgh api -X PATCH %s/actions/variables/%s -f name=%s -f value=%s", host,
             level, name, name, quoted);
}

static void show_canary(const struct fleet *fleet, const char *workflow, int64_t at_ms, char *out,
                        size_t size)
{
    char host[300], level[300], from[WIRE_TIME];
    show_where(fleet, true, host, level);
    snprintf(out, size,
             "%sgh api --paginate 'repos/%s/actions/workflows/%s/runs?event=workflow_dispatch"
             "&created=>=%s' --jq '.workflow_runs[] | select(.status != \"completed\").id' | xargs "
             "-I{} %sgh api -X POST repos/%s/actions/runs/{}/cancel",
             host, level + strlen("repos/"), workflow, wire_time(from, at_ms / 1000 * 1000), host,
             level + strlen("repos/"));
}

void rollback_show_canaries(const struct fleet *fleet, char *out, size_t size)
{
    show_canary(fleet, fleet->live.canary.workflow, 0, out, size);
    wire_clean(out);
}

void rollback_show(const struct fleet *fleet, const struct journal_step *step, char *out,
                   size_t size)
{
    json_t *undo = json_loads(step->undo, 0, NULL);
    json_t *command = json_object_get(undo, "command");
    const char *name, *text;
    char host[300], level[300];
    json_int_t run;
    int with;
    if (command)
        show_command(fleet, command, out, size);
    else if (json_unpack(json_object_get(undo, "label"), "{s:s, s:s, s:b}", "name", &name, "label",
                         &text, "with", &with) == 0)
        show_label(fleet, name, text, with != 0, out, size);
    else if (json_unpack(json_object_get(undo, "variable"), "{s:s, s:s}", "name", &name, "value",
                         &text) == 0)
        show_variable(fleet, name, text, out, size);
    else if (json_unpack(json_object_get(undo, "canary"), "{s:s, s:I}", "workflow", &name, "at_ms",
                         &run) == 0)
        show_canary(fleet, name, run, out, size);
    else if (json_unpack(json_object_get(undo, "run"), "{s:I}", "id", &run) == 0) {
        show_where(fleet, true, host, level);
        snprintf(out, size, "%sgh run rerun %lld --failed --repo %s", host, (long long)run,
                 level + strlen("repos/"));
    } else {
        snprintf(out, size, "%s", step->undo);
    }
    json_decref(undo);
    wire_clean(out);
}
