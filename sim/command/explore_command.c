#include "explore_command.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/store/record.h"
#include "sim/experiment/scenario_set.h"
#include "sim/explore/explore_report.h"
#include "sim/explore/lasso.h"
#include "sim/explore/story_cases.h"
#include "sim/search/shrink.h"
#include "sim/search/story_schedule.h"
#include "sim/search/versus.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct asked {
    struct scenario_set common;
    struct scale_limits limits;
    struct explore_options explore;
    const char *forget, *write_case, *write_cases, *write_scenario, *against, *store;
    int64_t bitstate_mib;
    bool no_liveness, no_simulation, answer;
    char **command; /* the other build's, of --against; NULL: none */
};

/* ---- options ---- */

static const struct option_row rows[] = {
    {"units", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct asked, limits.units),
     .least = 1, .most = SCALE_UNITS,
     .about = "of the policy's hour, on which its durations are laid",
     .otherwise = "as many as it has distinct durations, in their order"},
    {"slots", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct asked, limits.slots),
     .least = 1, .most = SCALE_SLOTS, .about = "of a host, at most",
     .otherwise = "2, the largest 3"},
    {"failovers", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct asked, limits.failovers),
     .least = 1, .most = POLICY_FAILOVER_LOG, .about = "an hour, at most", .otherwise = "1"},
    {"forget", .type = OPTION_TEXT, .argument = "WHAT", OPTION_AT(struct asked, forget),
     .about = "none; words: what is kept to say things once; guard: the flap guard's memory; "
              "words,guard",
     .otherwise = "none for one host, words for two, both for more and where policy.evidence "
                  "looks for signs"},
    {"no-liveness", .type = OPTION_FLAG, OPTION_AT(struct asked, no_liveness),
     .about = "check single steps alone"},
    {"states", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct asked, explore.max_states),
     .least = 1, .most = 1000000000, .about = "give up beyond N states; that is no proof"},
    {"bitstate", .type = OPTION_WHOLE, .argument = "MIB", OPTION_AT(struct asked, bitstate_mib),
     .least = 1, .most = 1 << 20,
     .about = "beyond memory: two bits a state in so many MiB; states may be missed, which is no "
              "proof"},
    {"case", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct asked, write_case),
     .about = "write a counterexample there, as decisions that can be replayed"},
    {"cases", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct asked, write_cases),
     .about = "write there the shortest story of each kind of step"},
    {"scenario", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct asked, write_scenario),
     .about = "write a counterexample there as faults, and as a drill where it can be one; tried "
              "once in the simulator"},
    {"against", .type = OPTION_TEXT, .argument = "PROGRAM", OPTION_AT(struct asked, against),
     .about = "put every state and view to another build too; what it decides otherwise"},
    {"no-simulation", .type = OPTION_FLAG, OPTION_AT(struct asked, no_simulation),
     .about = "with --against: the decisions alone, not what they come to in the simulator"},
    {"answer", .type = OPTION_FLAG, OPTION_AT(struct asked, answer), .hidden = true,
     .about = "what --against calls: against.h"},
    {"store", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct asked, store),
     .about = "keep a record of it, for history", .otherwise = "$UNDERSTUDY_STORE"},
    SCENARIO_SET_THREADS(struct asked, common),
    OPTION_SEED_IGNORED,
    OPTION_SET(struct asked, common.sets, common.n_sets),
    OPTION_FORMAT(struct asked, common.json),
    OPTION_QUIET(struct asked, common.quiet),
    {0}};

/* Bitstate keeps no states, and is no proof of what comes about in the end. */
static const struct option_rule rules[] = {
    {"no-simulation", OPTION_NEEDS, "against"},
    {"bitstate", OPTION_EXCLUDES, "against case cases scenario no-liveness"},
    {0}};

static const struct option_example examples[] = {
    {"explore scenarios/paws360.yaml", "everything that the shipped fleet's policy can do"},
    {"explore fleet.yaml --units 2 --forget none", "coarser times, nothing left out"},
    {0}};

static const struct option_exit exits[] = {{UND_OK, "everything holds"},
                                           {UND_FAILED, "a violation, or not complete"},
                                           {UND_USAGE, "usage or input error"},
                                           {0}};

const struct options explore_options = {
    .name = "explore",
    .synopsis = "[options] FILE",
    .purpose = "every state that the policy can reach, every step checked",
    .details = "Takes the fleet's policy through every state that it can reach, under every view "
               "that can follow, and checks each step. FILE is a fleet or a scenario with one.",
    .rows = rows,
    .rules = rules,
    .operand = "fleet or scenario",
    .least = 1,
    .most = 1,
    .examples = examples,
    .exits = exits,
};

static enum und_code read_forget(const char *text, const struct scale *scale,
                                 struct abstraction *forget, struct und_err *err)
{
    *forget =
        (struct abstraction){.words = scale->n > 1,
                             .guard = scale->n > 2 || (scale->n > 1 && signs_used(&scale->config))};
    if (!text)
        return UND_OK;
    forget->words = strcmp(text, "words") == 0 || strcmp(text, "words,guard") == 0;
    forget->guard = strcmp(text, "guard") == 0 || strcmp(text, "words,guard") == 0;
    if (!forget->words && !forget->guard && strcmp(text, "none") != 0)
        return und_fail(err, UND_USAGE,
                        "--forget: got '%.40s', want none, words, guard or words,guard", text);
    return UND_OK;
}

/* ---- running ---- */

static void show_progress(void *context, const struct stateset *set, int depth)
{
    char line[1024];
    snprintf(line, sizeof line, "%u states, depth %d  %s", set->n, depth, (const char *)context);
    scenario_set_show_often(line);
}

/* Where a story is, that; else the story of each kind of step. */
static void write_cases(const struct space *space, const struct explore_result *result,
                        const struct story *story, const char *path, struct und_err *err)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
        return;
    }
    if (story)
        story_print_case(story, property_name(story->broken), file);
    else
        story_cases(space, result, file);
    if (fclose(file) != 0)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

/* What the simulator makes of the file that was written: with what was given, or not. */
static void try_scenario(const char *path, char *words, size_t size)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct trial *trial = calloc(1, sizeof *trial);
    struct trial_options options = {.seed = 1, .replications = 16};
    struct und_err err = {0};
    UND_ASSERT(scenario != NULL && trial != NULL);
    if (scenario_load(scenario, path, NULL, 0, &err) == UND_OK) {
        options.converge = schedule_heals(scenario, schedule_bound_ms(&scenario->fleet));
        trial_run(scenario, &options, trial);
        snprintf(words, size, "%s",
                 trial->reason == TRIAL_HOLDS
                     ? "all holds there, in 16 replications: its delays lead elsewhere"
                     : trial->words);
        scenario_fini(scenario);
    } else {
        snprintf(words, size, "it does not load: %.200s", err.text);
    }
    free(scenario);
    free(trial);
}

static void print_scenario(const struct asked *asked, const struct fleet *fleet,
                           const struct story *story, const char *tried, struct und_err *err)
{
    char folder[PATH_MAX], named[PATH_MAX], *slash;
    struct schedule schedule;
    int left_out;
    FILE *out = fopen(asked->write_scenario, "w");
    if (!out) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", asked->write_scenario, strerror(errno));
        return;
    }
    snprintf(folder, sizeof folder, "%s", asked->write_scenario);
    slash = strrchr(folder, '/');
    snprintf(slash ? slash : folder, 2, "%s", slash ? "" : ".");
    shrink_relative(folder, fleet->path, named, sizeof named);
    story_schedule(story, schedule_bound_ms(fleet), &schedule, &left_out);
    story_scenario_print(out, named, fleet, story, &schedule, left_out, tried);
    if (fclose(out) != 0)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", asked->write_scenario, strerror(errno));
}

static void write_scenario(const struct asked *asked, const struct fleet *fleet,
                           const struct story *story, struct und_err *err)
{
    char tried[TRIAL_WORDS];
    print_scenario(asked, fleet, story, NULL, err);
    if (err->code != UND_OK)
        return;
    try_scenario(asked->write_scenario, tried, sizeof tried);
    print_scenario(asked, fleet, story, tried, err);
}

/* The other program with our options, but for the one that named it. */
static char **other_command(struct asked *asked, int argc, char **argv)
{
    char **command = calloc((size_t)argc + 4, sizeof *command);
    int i, n = 0;
    UND_ASSERT(command != NULL);
    command[n++] = (char *)(uintptr_t)asked->against;
    for (i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--against") == 0)
            i++;
        else if (strncmp(argv[i], "--against=", 10) != 0 && strcmp(argv[i], "--no-simulation") != 0)
            command[n++] = argv[i];
    }
    command[n] = "--answer";
    return command;
}

static void report(const struct asked *asked, const struct explore_findings *findings,
                   const struct versus *versus)
{
    json_t *json;
    if (!asked->common.json) {
        explore_print(stdout, findings);
        if (versus)
            versus_print(stdout, versus);
        return;
    }
    json = explore_json(findings);
    if (versus)
        json_object_set_new(json_object_get(json, "against"), "simulated", versus_json(versus));
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static void record(const struct asked *asked, const struct scenario *scenario,
                   const struct explore_findings *findings, bool good, struct und_err *err)
{
    const char *store = store_path(asked->store);
    json_t *json = store ? explore_json(findings) : NULL;
    if (json)
        record_states(store, RECORD_EXPLORE, scenario, asked->common.sets, asked->common.n_sets, 0,
                      good ? UND_OK : UND_FAILED, json, err);
    json_decref(json);
}

static enum und_code explore(struct asked *asked, const struct space *space,
                             const struct scenario *scenario, struct und_err *err)
{
    const struct fleet *fleet = &scenario->fleet;
    struct explore_result *result = calloc(1, sizeof *result);
    struct explore_findings findings = {.space = space, .fleet = fleet, .result = result};
    struct story story = {0};
    struct liveness liveness;
    struct against *against = calloc(1, sizeof *against);
    struct versus *versus = calloc(1, sizeof *versus);
    bool good, simulated;
    UND_ASSERT(result != NULL && against != NULL && versus != NULL);
    asked->explore.threads = asked->common.experiment.threads;
    if (!asked->common.quiet && scenario_set_shows_progress()) {
        asked->explore.progress = show_progress;
        asked->explore.context = (void *)(uintptr_t)fleet->path;
    }
    explore_run(space, &asked->explore, result);
    if (asked->explore.progress)
        fputs("\r\033[K", stderr);
    if (result->violation.property != PROPERTY_HOLDS && !result->bitstate) {
        story_of_violation(space, result, &story);
        findings.story = &story;
    } else if (result->complete && !result->bitstate && !asked->no_liveness) {
        liveness_check(space, result, &liveness);
        findings.liveness = &liveness;
        if (liveness.lasso.is) {
            lasso_tell(space, result, &liveness.lasso, &story);
            findings.story = &story;
        }
    }
    if (findings.story && asked->write_case)
        write_cases(space, result, &story, asked->write_case, err);
    if (findings.story && asked->write_scenario)
        write_scenario(asked, fleet, &story, err);
    if (asked->write_cases && !findings.story && result->complete)
        write_cases(space, result, NULL, asked->write_cases, err);
    if (asked->command && result->complete && err->code == UND_OK &&
        against_run(space, result, asked->command, against, err) == UND_OK)
        findings.against = against;
    simulated = findings.against && !asked->no_simulation &&
                versus_run("/proc/self/exe", asked->against, fleet->path, asked->common.sets,
                           asked->common.n_sets, versus, err) == UND_OK;
    good = result->complete && !result->bitstate && result->violation.property == PROPERTY_HOLDS &&
           (!findings.liveness || (liveness.late == 0 && liveness.wrong == 0)) &&
           against->steps == 0;
    if (err->code == UND_OK)
        report(asked, &findings, simulated ? versus : NULL);
    if (err->code == UND_OK)
        record(asked, scenario, &findings, good, err);
    if (!result->complete && (asked->write_cases || asked->command))
        und_fail(err, UND_FAILED, "%s: not done: it wants every state, and not all were visited",
                 asked->write_cases ? "--cases" : "--against");
    free(versus);
    free(against);
    story_fini(&story);
    explore_fini(result);
    free(result);
    return err->code != UND_OK ? err->code : good ? UND_OK : UND_FAILED;
}

static enum und_code run(struct asked *asked, const char *path, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct space *space = calloc(1, sizeof *space);
    struct scale scale;
    struct abstraction forget;
    enum und_code code;
    UND_ASSERT(scenario != NULL && space != NULL);
    code = loader_is_scenario(path)
               ? scenario_load(scenario, path, asked->common.sets, asked->common.n_sets, err)
               : fleet_load(&scenario->fleet, path, asked->common.sets, asked->common.n_sets, err);
    if (code == UND_OK && scale_fleet(&scenario->fleet, &asked->limits, &scale, err) == UND_OK &&
        read_forget(asked->forget, &scale, &forget, err) == UND_OK &&
        space_open(space, &scale, forget, err) == UND_OK) {
        code = asked->answer ? against_answer(space, err) : explore(asked, space, scenario, err);
        space_close(space);
    }
    scenario_fini(scenario);
    free(scenario);
    free(space);
    return err->code != UND_OK ? err->code : code;
}

enum und_code explore_command(int argc, char **argv, struct und_err *err)
{
    struct asked *asked = calloc(1, sizeof *asked);
    enum und_code code = UND_OK;
    int first;
    UND_ASSERT(asked != NULL);
    first = options_parse(&explore_options, argc, argv, asked, err);
    if (first != 0) {
        asked->explore.bitstate = (size_t)asked->bitstate_mib << 20;
        if (asked->against)
            asked->command = other_command(asked, argc, argv);
        code = run(asked, argv[first], err);
    }
    free(asked->command);
    free(asked);
    return err->code != UND_OK ? err->code : code;
}
