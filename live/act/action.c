#include "action.h"
#include "command.h"
#include "dispatch.h"
#include "model/base/assert.h"
#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of GitHub's time: a dispatch is listed some seconds later. */
#define SETTLE_MS 10000

static enum und_code dump_take(char out[JOURNAL_TEXT], json_t *value, const char *what,
                               struct und_err *err)
{
    char *text = json_dumps(value, JSON_COMPACT);
    UND_ASSERT(err->code == UND_OK);
    json_decref(value);
    if (!text)
        return und_fail(err, UND_USAGE, "%s: got text that is no UTF-8", what);
    if (strlen(text) >= JOURNAL_TEXT)
        und_fail(err, UND_USAGE, "%s: got %zu bytes, want fewer than %d", what, strlen(text),
                 JOURNAL_TEXT);
    else
        strcpy(out, text);
    free(text);
    return err->code;
}

static json_t *command_value(const struct action_command *command)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < command->argv.n; i++)
        json_array_append_new(list, json_string(command->argv.arg[i]));
    return json_pack("{s:s, s:o, s:I}", "on", command->on, "argv", list, "timeout_ms",
                     (json_int_t)command->timeout_ms);
}

enum und_code action_command(char out[JOURNAL_TEXT], const struct action_command *command,
                             const struct action_command *after, struct und_err *err)
{
    json_t *value = json_pack("{s:o}", "command", command_value(command));
    UND_ASSERT(command->argv.n > 0 && command->argv.n <= LIVE_ARGS);
    if (after && after->argv.n > 0)
        json_object_set_new(value, "after", command_value(after));
    return dump_take(out, value, command->argv.arg[0], err);
}

void action_label(char out[JOURNAL_TEXT], const struct github_runner *runner, const char *label,
                  bool with)
{
    struct und_err err = {0};
    dump_take(out,
              json_pack("{s:{s:s, s:s, s:b}}", "label", "name", runner->name, "label", label,
                        "with", with),
              "label", &err);
    UND_ASSERT(err.code == UND_OK); /* short, and parsed from JSON */
}

enum und_code action_variable(char out[JOURNAL_TEXT], const char *name, const char *value,
                              struct und_err *err)
{
    return dump_take(out, json_pack("{s:{s:s, s:s}}", "variable", "name", name, "value", value),
                     "variable", err);
}

void action_rerun(char out[JOURNAL_TEXT], int64_t run, int64_t attempt)
{
    snprintf(out, JOURNAL_TEXT,
             "{\"run\":{\"id\":%lld,\"attempt\":%lld,\"verb\":\"rerun-failed-jobs\"}}",
             (long long)run, (long long)attempt);
    UND_ASSERT(action_needs_github(out));
}

bool action_is_canary(const char *text)
{
    return strncmp(text, "{\"canary\"", 9) == 0;
}

bool action_needs_github(const char *text)
{
    return strncmp(text, "{\"label\"", 8) == 0 || strncmp(text, "{\"variable\"", 11) == 0 ||
           strncmp(text, "{\"run\"", 6) == 0 || action_is_canary(text);
}

/* What the journal says is checked like anything else from outside. */
static enum und_code read_command(const json_t *value, struct action_command *out,
                                  struct und_err *err)
{
    const char *on = json_string_value(json_object_get(value, "on"));
    const json_t *list = json_object_get(value, "argv");
    size_t i;
    *out = (struct action_command){
        .timeout_ms = (int64_t)json_integer_value(json_object_get(value, "timeout_ms"))};
    for (i = 0; i < json_array_size(list) && i < LIVE_ARGS; i++) {
        const char *argument = json_string_value(json_array_get(list, i));
        snprintf(out->argv.arg[out->argv.n++], LIVE_ARG, "%s", argument ? argument : "");
    }
    if (!on || strlen(on) >= sizeof out->on || out->argv.n == 0 || out->timeout_ms <= 0 ||
        json_array_size(list) > LIVE_ARGS)
        return und_fail(err, UND_USAGE,
                        "journal: got a command without a place, arguments or a time-out");
    strcpy(out->on, on);
    return UND_OK;
}

enum und_code action_run(const struct action_command *command, const struct fleet *fleet,
                         char note[512], const atomic_bool *cancel, struct und_err *err)
{
    struct command words;
    struct command_result result = {0};
    if (command_init(&words, fleet, command->on, &command->argv, err) == UND_OK)
        command_run(&words, command->timeout_ms, cancel, &result, err);
    command_fini(&words);
    if (note)
        snprintf(note, 512, "exit %d%s%.450s", result.exit_code, result.output[0] ? ": " : "",
                 result.output);
    if (err->code == UND_OK && result.exit_code != 0)
        und_fail(err, UND_SERVICE, "command %.100s%s%s: got exit %d%s%.300s, want 0",
                 command->argv.arg[0], command->on[0] ? " on " : "", command->on, result.exit_code,
                 result.output[0] ? " and " : "", result.output);
    return err->code;
}

static enum und_code perform_command(const json_t *action, const struct fleet *fleet,
                                     char note[512], const atomic_bool *cancel, struct und_err *err)
{
    struct action_command command, after;
    struct und_err ignored = {0};
    if (read_command(json_object_get(action, "command"), &command, err) != UND_OK ||
        action_run(&command, fleet, note, cancel, err) != UND_OK)
        return err->code;
    if (json_object_get(action, "after") &&
        read_command(json_object_get(action, "after"), &after, &ignored) == UND_OK)
        action_run(&after, fleet, NULL, cancel, &ignored);
    return UND_OK;
}

enum und_code action_set_label(struct github_client *github, int64_t runner, const char *name,
                               const char *label, bool with, struct und_err *err)
{
    struct github_labels now, wanted;
    if (github_labels(github, runner, &now, err) != UND_OK)
        return err->code;
    if (!route_labels(&now, label, with, &wanted))
        return und_fail(err, UND_SERVICE, "runner %s: has no room for the label %s", name, label);
    return github_labels_set(github, runner, &wanted, err);
}

/* By name: a registration that was made anew has another id, and one that is gone has no label to
 * be put back. */
static enum und_code set_label(const json_t *value, struct github_client *github, char note[512],
                               struct und_err *err)
{
    struct github_runners runners = {0};
    const char *name, *label;
    size_t i;
    int with;
    if (json_unpack((json_t *)(uintptr_t)value, "{s:s, s:s, s:b}", "name", &name, "label", &label,
                    "with", &with) != 0)
        return und_fail(err, UND_USAGE, "journal: got a label action without its parts");
    if (github_runners(github, &runners, err) == UND_OK) {
        for (i = 0; i < runners.n; i++)
            if (strcmp(runners.item[i].name, name) == 0)
                break;
        if (i < runners.n)
            action_set_label(github, runners.item[i].id, name, label, with != 0, err);
        else if (note)
            snprintf(note, 512, "the registration %.100s is gone", name);
    }
    github_runners_fini(&runners);
    return err->code;
}

static void say(char note[512], const char *what)
{
    if (note)
        snprintf(note, 512, "%s", what);
}

enum und_code action_run_again(struct github_client *github, int64_t run, int64_t attempt,
                               char note[512], struct und_err *err)
{
    struct github_run *now = calloc(1, sizeof *now);
    struct und_err read = {0};
    UND_ASSERT(now != NULL);
    if (github_run(github, run, now, &read) != UND_OK && github_status(github) == 404)
        say(note, "the run is gone");
    else if (read.code != UND_OK)
        und_fail(err, read.code, "%s", read.text);
    else if (now->attempt > attempt)
        say(note, "it has been run again already");
    else if (strcmp(now->status, "completed") != 0)
        und_fail(err, UND_SERVICE,
                 "run %lld: has not concluded (%s), want it to, before it is run "
                 "again",
                 (long long)run, now->status);
    else if (strcmp(now->conclusion, "success") == 0)
        say(note, "it succeeded all the same");
    else
        github_rerun_failed(github, run, err);
    free(now);
    return err->code;
}

static enum und_code run_again(const json_t *value, struct github_client *github, char note[512],
                               struct und_err *err)
{
    json_int_t run, attempt;
    const char *verb;
    if (json_unpack((json_t *)(uintptr_t)value, "{s:I, s:I, s:s}", "id", &run, "attempt", &attempt,
                    "verb", &verb) != 0 ||
        strcmp(verb, "rerun-failed-jobs") != 0)
        return und_fail(err, UND_USAGE, "journal: got a run action without its parts");
    return action_run_again(github, (int64_t)run, (int64_t)attempt, note, err);
}

static enum und_code set_variable(const json_t *value, struct github_client *github,
                                  struct und_err *err)
{
    const char *name, *text;
    if (json_unpack((json_t *)(uintptr_t)value, "{s:s, s:s}", "name", &name, "value", &text) != 0)
        return und_fail(err, UND_USAGE, "journal: got a variable action without its parts");
    return github_variable_set(github, name, text, err);
}

static enum und_code cancel_canary(const json_t *value, const struct fleet *fleet,
                                   struct github_client *github, char note[512],
                                   struct und_err *err)
{
    double pace = fleet->live.time_factor > 1 ? fleet->live.time_factor : 1;
    const char *workflow;
    json_int_t at_ms;
    if (json_unpack((json_t *)(uintptr_t)value, "{s:s, s:I}", "workflow", &workflow, "at_ms",
                    &at_ms) != 0)
        return und_fail(err, UND_USAGE, "journal: got a canary action without its parts");
    return dispatch_cancel(github, workflow, (int64_t)at_ms, (int64_t)(SETTLE_MS / pace), note,
                           err);
}

enum und_code action_perform(const char *text, const struct fleet *fleet,
                             struct github_client *github, char note[512],
                             const atomic_bool *cancel, struct und_err *err)
{
    json_t *action = json_loads(text, 0, NULL);
    const json_t *command = json_object_get(action, "command");
    const json_t *label = json_object_get(action, "label");
    const json_t *variable = json_object_get(action, "variable");
    const json_t *run = json_object_get(action, "run");
    const json_t *canary = json_object_get(action, "canary");
    if (note)
        note[0] = '\0';
    UND_ASSERT(!action_needs_github(text) || github != NULL);
    if (command)
        perform_command(action, fleet, note, cancel, err);
    else if (label)
        set_label(label, github, note, err);
    else if (variable)
        set_variable(variable, github, err);
    else if (run)
        run_again(run, github, note, err);
    else if (canary)
        cancel_canary(canary, fleet, github, note, err);
    else
        und_fail(err, UND_USAGE,
                 "journal: got an action of a kind that this version does not know");
    json_decref(action);
    return err->code;
}
