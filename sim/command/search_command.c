#include "search_command.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/store/record.h"
#include "sim/experiment/scenario_set.h"
#include "sim/search/search_report.h"
#include "sim/search/tune.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_SCHEDULES 1000

struct asked {
    struct scenario_set common;
    struct search_options search;
    const char *focus, *write, *store;
    int64_t schedule; /* one more than its number; 0: all */
    const char *plot;
    bool replay, no_shrink, tune;
};

static const struct option_row rows[] = {
    {"for", .type = OPTION_DURATION, .argument = "DURATION", OPTION_AT(struct asked, search.for_ms),
     .about = "how long to search, by this machine's clock",
     .otherwise = "1000 schedules, whatever that takes"},
    {"schedules", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct asked, search.schedules),
     .least = 1, .most = 1000000000, .about = "how many to try"},
    {"bound", .type = OPTION_DURATION, .argument = "DURATION",
     OPTION_AT(struct asked, search.bound_ms),
     .about = "how long after the last fault everything must be well again",
     .otherwise = "the policy's timers, each once, and an hour"},
    {"write", .type = OPTION_TEXT, .argument = "FOLDER", OPTION_AT(struct asked, write),
     .about = "where the shrunken schedule becomes a scenario file",
     .otherwise = "scenarios/regressions where that exists, else nowhere"},
    {"no-shrink", .type = OPTION_FLAG, OPTION_AT(struct asked, no_shrink),
     .about = "show the failing schedule as it was drawn"},
    {"store", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct asked, store),
     .about = "keep a record of it, for history", .otherwise = "$UNDERSTUDY_STORE"},
    {"schedule", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct asked, schedule),
     .most = 1000000000000, .about = "this one alone, as a failure's line has it"},
    {"focus", .type = OPTION_TEXT, .argument = "KIND,KIND", OPTION_AT(struct asked, focus),
     .about = "kinds of fault that it must have, as a failure's line has them"},
    {"replay", .type = OPTION_FLAG, OPTION_AT(struct asked, replay),
     .about = "the file's own faults instead, once more: must everything hold?"},
    {"tune", .type = OPTION_FLAG, OPTION_AT(struct asked, tune),
     .about = "instead: which timers of policy and rules, between MTTD, RTO, false failovers and "
              "flapping; each setting on the frontier explored"},
    {"replications", .type = OPTION_WHOLE, .argument = "N",
     OPTION_AT(struct asked, common.experiment.replications), .least = 2, .most = 100000,
     .about = "with --tune: of each scenario at each setting", .otherwise = "200"},
    {"plot", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct asked, plot),
     .about = "with --tune: the frontier as SVG"},
    {"seed", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct asked, search.seed),
     .most = INT64_MAX, .preset = "1", .about = "of the schedules and the random streams"},
    SCENARIO_SET_THREADS(struct asked, common),
    OPTION_SET(struct asked, common.sets, common.n_sets),
    OPTION_FORMAT(struct asked, common.json),
    OPTION_QUIET(struct asked, common.quiet),
    {0}};

static const struct option_rule rules[] = {
    {"schedule", OPTION_EXCLUDES, "for schedules replay store"},
    {"focus", OPTION_NEEDS, "schedule"},
    {"tune", OPTION_EXCLUDES, "for schedules schedule replay write bound no-shrink store"},
    {"plot", OPTION_NEEDS, "tune"},
    {"replications", OPTION_NEEDS, "tune"},
    {"replay", OPTION_EXCLUDES, "for schedules write bound no-shrink store"},
    {"no-shrink", OPTION_EXCLUDES, "write"},
    {0}};

static const struct option_example examples[] = {
    {"search scenarios/paws360-recommended.yaml --for 10min", "ten minutes of random trouble"},
    {"search scenarios/paws360.yaml --tune --plot frontier.svg", "which timers?"},
    {"search scenarios/regressions --replay", "what was found once must not come back"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "nothing failed"},
    {UND_FAILED, "a schedule failed, or what must sometimes come about never did"},
    {UND_USAGE, "usage or input error"},
    {0}};

const struct options search_options = {
    .name = "search",
    .synopsis = "[options] FILE\n--replay FILE|FOLDER...\n--tune FILE",
    .purpose = "random schedules of faults, until one fails; that one shrunk",
    .details =
        "Draws faults, load and restarts of the controller for the fleet of FILE (faults of its "
        "own are left out), lets all of it heal, and asks that the fleet then be as it was. Every "
        "step of the policy is checked as `explore` does; the file's own `expect` are judged; "
        "digests are compared with a second run. The same seed and number of schedules give the "
        "same search, with any number of threads.",
    .rows = rows,
    .rules = rules,
    .operand = "fleet, scenario or folder",
    .least = 1,
    .most = OPTIONS_MANY,
    .examples = examples,
    .exits = exits,
};

/* ---- options ---- */

static enum und_code read_kind(const char *text, size_t length, enum fault_kind *kind,
                               struct und_err *err)
{
    int i;
    for (i = 0; i < FAULT_KINDS; i++)
        if (strlen(fault_kind_names[i]) == length &&
            strncmp(fault_kind_names[i], text, length) == 0) {
            *kind = (enum fault_kind)i;
            return UND_OK;
        }
    return und_fail(err, UND_USAGE, "--focus: got '%.60s', want two kinds of fault, KIND,KIND",
                    text);
}

static enum und_code read_focus(struct asked *asked, struct und_err *err)
{
    const char *comma = asked->focus ? strchr(asked->focus, ',') : NULL;
    asked->search.focus[0] = asked->search.focus[1] = SCHEDULE_ANY;
    asked->search.only = asked->schedule;
    if (!asked->focus)
        return UND_OK;
    if (!comma)
        return read_kind(asked->focus, 0, &asked->search.focus[0], err);
    if (read_kind(asked->focus, (size_t)(comma - asked->focus), &asked->search.focus[0], err) !=
        UND_OK)
        return err->code;
    return read_kind(comma + 1, strlen(comma + 1), &asked->search.focus[1], err);
}

static enum und_code load(const struct asked *asked, const char *path, struct scenario *scenario,
                          struct und_err *err)
{
    enum und_code code =
        loader_is_scenario(path)
            ? scenario_load(scenario, path, asked->common.sets, asked->common.n_sets, err)
            : fleet_load(&scenario->fleet, path, asked->common.sets, asked->common.n_sets, err);
    if (code == UND_OK && !scenario->fleet.has_policy)
        return und_fail(err, UND_USAGE, "%s: policy: got none, want one to search", path);
    return code;
}

/* ---- the file that it becomes ---- */

static const char *folder_of(const struct asked *asked)
{
    struct stat is;
    if (asked->write)
        return asked->write;
    return stat("scenarios/regressions", &is) == 0 ? "scenarios/regressions" : NULL;
}

static void write_scenario(const struct asked *asked, const char *searched,
                           const struct search_findings *findings, char *path, size_t size,
                           struct und_err *err)
{
    const struct shrunk *shrunk = findings->shrunk;
    const char *folder = folder_of(asked);
    char name[128], fleet[PATH_MAX];
    FILE *out;
    path[0] = '\0';
    if (!folder)
        return;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        und_fail(err, UND_USAGE, "%s: cannot create: %s", folder, strerror(errno));
        return;
    }
    snprintf(name, sizeof name, "found-%s-%llu-%lld", trial_reason_name(shrunk->trial.reason),
             (unsigned long long)shrunk->schedule.seed, (long long)shrunk->schedule.number);
    snprintf(path, size, "%s/%s.yaml", folder, name);
    shrink_relative(folder, shrunk->scenario->fleet.path, fleet, sizeof fleet);
    out = fopen(path, "w");
    if (!out) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
        return;
    }
    shrink_print(out, name, fleet, searched, findings->line, shrunk);
    if (fclose(out) != 0)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

/* ---- searching ---- */

static void show_progress(void *context, int64_t schedules, double days)
{
    char line[1024];
    snprintf(line, sizeof line, "%lld schedules, %.0f days  %s", (long long)schedules, days,
             (const char *)context);
    scenario_set_show_often(line);
}

static void report(const struct asked *asked, const struct search_findings *findings)
{
    json_t *json;
    if (!asked->common.json) {
        search_print(stdout, findings);
        return;
    }
    json = search_json(findings);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

/* The file and the overrides, for the line that reproduces. */
static void print_options(const struct asked *asked, const char *path, char *out, size_t size)
{
    int i, n = snprintf(out, size, "%s", path);
    for (i = 0; i < asked->common.n_sets && n > 0 && (size_t)n < size; i++)
        n += snprintf(out + n, size - (size_t)n, " --set '%s'", asked->common.sets[i]);
}

static void record(const struct asked *asked, const struct scenario *scenario,
                   const struct search_findings *findings, bool good, struct und_err *err)
{
    const char *store = store_path(asked->store);
    json_t *json = store ? search_json(findings) : NULL;
    if (json)
        record_states(store, RECORD_SEARCH, scenario, asked->common.sets, asked->common.n_sets,
                      (int64_t)asked->search.seed, good ? UND_OK : UND_FAILED, json, err);
    json_decref(json);
}

static enum und_code search(struct asked *asked, const char *path, const struct scenario *scenario,
                            struct und_err *err)
{
    struct search_result *result = calloc(1, sizeof *result);
    struct shrunk *shrunk = calloc(1, sizeof *shrunk);
    struct search_findings findings = {.fleet = &scenario->fleet, .result = result};
    char options[4096], line[4352], written[PATH_MAX] = "";
    bool good;
    UND_ASSERT(result != NULL && shrunk != NULL);
    if (asked->search.only < 0 && asked->search.for_ms == 0 && asked->search.schedules == 0)
        asked->search.schedules = DEFAULT_SCHEDULES;
    if (!asked->common.quiet && scenario_set_shows_progress()) {
        asked->search.progress = show_progress;
        asked->search.context = (void *)(uintptr_t)path;
    }
    search_run(scenario, &asked->search, result);
    if (asked->search.progress)
        fputs("\r\033[K", stderr);
    print_options(asked, path, options, sizeof options);
    search_line(line, sizeof line, options, &result->schedule);
    findings.line = line;
    if (result->failed && !asked->no_shrink &&
        shrink(path, asked->common.sets, asked->common.n_sets, result, shrunk, err) == UND_OK) {
        findings.shrunk = shrunk;
        write_scenario(asked, path, &findings, written, sizeof written, err);
        findings.written = written[0] ? written : NULL;
    }
    report(asked, &findings);
    good = !result->failed && (asked->search.only >= 0 || search_met_all(&findings));
    if (asked->search.only < 0)
        record(asked, scenario, &findings, good, err);
    shrink_fini(shrunk);
    free(shrunk);
    free(result);
    return err->code != UND_OK ? err->code : good ? UND_OK : UND_FAILED;
}

static enum und_code search_file(struct asked *asked, const char *path, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    enum und_code code;
    UND_ASSERT(scenario != NULL);
    code = load(asked, path, scenario, err);
    if (code == UND_OK)
        code = search(asked, path, scenario, err);
    scenario_fini(scenario);
    free(scenario);
    return code;
}

/* ---- replaying ---- */

static void say_replayed(const char *path, const struct trial *trial, json_t *json)
{
    bool holds = trial->reason == TRIAL_HOLDS;
    if (json)
        json_array_append_new(json, json_pack("{s:s, s:b, s:s*}", "file", path, "holds", holds,
                                              "why", holds ? NULL : trial->words));
    else
        printf("%s %s%s%s\n", holds ? "holds " : "FAILED", path, holds ? "" : ": ",
               holds ? "" : trial->words);
}

/* Into `json`, or if that is NULL printed. */
static enum und_code replay_file(const struct asked *asked, const char *path, json_t *json,
                                 bool *held, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct trial *trial = malloc(sizeof *trial);
    struct trial_options options = {.seed = asked->search.seed, .expectations = true};
    UND_ASSERT(scenario != NULL && trial != NULL);
    if (load(asked, path, scenario, err) == UND_OK) {
        options.replications = scenario->replications > 0 ? scenario->replications : 1;
        options.twice = options.replications;
        options.converge = schedule_heals(scenario, schedule_bound_ms(&scenario->fleet));
        if (scenario->duration_ms <= 0)
            und_fail(err, UND_USAGE, "%s: duration: got none, want one to replay", path);
        else
            trial_run(scenario, &options, trial);
    }
    if (err->code == UND_OK) {
        *held = *held && trial->reason == TRIAL_HOLDS;
        say_replayed(path, trial, json);
    }
    scenario_fini(scenario);
    free(scenario);
    free(trial);
    return err->code;
}

static enum und_code replay(struct asked *asked, int argc, char **argv, struct und_err *err)
{
    char **paths = NULL;
    int i, n = 0;
    json_t *json = asked->common.json ? json_array() : NULL;
    bool held = true;
    scenario_set_paths(&asked->common, argv, argc, &paths, &n, err);
    for (i = 0; i < n && err->code == UND_OK; i++)
        replay_file(asked, paths[i], json, &held, err);
    scenario_set_free_paths(paths, n);
    if (json && err->code == UND_OK) {
        json = json_pack("{s:i, s:o}", "version", 1, "replayed", json);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(json);
    return err->code != UND_OK ? err->code : held ? UND_OK : UND_FAILED;
}

/* ---- tuning ---- */

static void show_tuning(void *context, int done, int all)
{
    fprintf(stderr, "\r\033[K%s: %d of %d settings", (const char *)context, done, all);
}

static void write_plot(const char *path, const struct tune *tune, struct und_err *err)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
        return;
    }
    tune_plot(out, tune, err);
    if (fclose(out) != 0)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

static enum und_code tune_file(struct asked *asked, const char *path, struct und_err *err)
{
    struct tune *tune = calloc(1, sizeof *tune);
    struct tune_options options = {.seed = asked->search.seed,
                                   .replications = asked->common.experiment.replications,
                                   .threads = asked->common.experiment.threads};
    UND_ASSERT(tune != NULL);
    if (!asked->common.quiet && scenario_set_shows_progress()) {
        options.progress = show_tuning;
        options.context = (void *)(uintptr_t)path;
    }
    tune_run(path, asked->common.sets, asked->common.n_sets, &options, tune, err);
    if (options.progress)
        fputs("\r\033[K", stderr);
    if (err->code == UND_OK && asked->common.json) {
        json_t *json = tune_json(tune);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(json);
    } else if (err->code == UND_OK) {
        tune_print(stdout, tune);
    }
    if (err->code == UND_OK && asked->plot)
        write_plot(asked->plot, tune, err);
    tune_fini(tune);
    free(tune);
    return err->code;
}

enum und_code search_command(int argc, char **argv, struct und_err *err)
{
    struct asked *asked = calloc(1, sizeof *asked);
    enum und_code code = UND_OK;
    int first;
    UND_ASSERT(asked != NULL);
    asked->schedule = -1;
    first = options_parse(&search_options, argc, argv, asked, err);
    asked->search.threads = asked->common.experiment.threads;
    if (first > 0 && !asked->replay && argc - first != 1)
        und_fail(err, UND_USAGE, "search: got %d files, want one", argc - first);
    if (first > 0 && err->code == UND_OK && read_focus(asked, err) == UND_OK)
        code = asked->tune     ? tune_file(asked, argv[first], err)
               : asked->replay ? replay(asked, argc - first, argv + first, err)
                               : search_file(asked, argv[first], err);
    free(asked);
    return err->code != UND_OK ? err->code : code;
}
