#include "explore_command.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "sim/experiment/scenario_set.h"
#include "sim/explore/explore_report.h"
#include "sim/explore/story_cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_UNITS = 256,
    OPTION_SLOTS,
    OPTION_FAILOVERS,
    OPTION_FORGET,
    OPTION_STATES,
    OPTION_CASE,
    OPTION_CASES,
    OPTION_BITSTATE,
    OPTION_AGAINST,
    OPTION_ANSWER,
    OPTION_NO_LIVENESS
};

static const char help[] =
    "usage: understudy explore [options] FILE\n"
    "Takes the fleet's policy through every state that it can reach, under every view that can\n"
    "follow, and checks each step. FILE is a fleet or a scenario with one.\n\n"
    "  --units N          of the policy's hour, on which its durations are laid (default: as many\n"
    "                     as it has distinct durations, in their order)\n"
    "  --slots N          of a host, at most (default: 2, the largest 3)\n"
    "  --failovers N      an hour, at most (default: 1)\n"
    "  --forget WHAT      none; words: what is kept to say things once; guard: the flap guard's\n"
    "                     memory; words,guard. (default: none for one host, words for two, else\n"
    "                     both)\n"
    "  --no-liveness      check single steps alone\n"
    "  --states N         give up beyond N states; that is no proof\n"
    "  --bitstate MIB     beyond memory: two bits a state in so many MiB; states may be missed, "
    "which\n"
    "                     is no proof\n"
    "  --case FILE        write a counterexample there, as decisions that can be replayed\n"
    "  --cases FILE       write there the shortest story of each kind of step\n"
    "  --against PROGRAM  put every state and view to another build too; what it decides "
    "otherwise\n"
    "  --threads N        (default: one a processor; the result does not depend on it)\n"
    "  --set PATH=VALUE   override any value, e.g. fleet.policy.persist=2min; may be repeated\n"
    "  --format text|json\n"
    "  --quiet            the least output; no progress line\n"
    "  --help\n"
    "Exit codes: 0 everything holds; 1 a violation, or not complete; 2 usage or input error.\n";

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"seed", required_argument, NULL, 's'},
                                        {"format", required_argument, NULL, 'f'},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"set", required_argument, NULL, 'S'},
                                        {"threads", required_argument, NULL, 'j'},
                                        {"units", required_argument, NULL, OPTION_UNITS},
                                        {"slots", required_argument, NULL, OPTION_SLOTS},
                                        {"failovers", required_argument, NULL, OPTION_FAILOVERS},
                                        {"forget", required_argument, NULL, OPTION_FORGET},
                                        {"states", required_argument, NULL, OPTION_STATES},
                                        {"case", required_argument, NULL, OPTION_CASE},
                                        {"cases", required_argument, NULL, OPTION_CASES},
                                        {"against", required_argument, NULL, OPTION_AGAINST},
                                        {"answer", no_argument, NULL, OPTION_ANSWER},
                                        {"bitstate", required_argument, NULL, OPTION_BITSTATE},
                                        {"no-liveness", no_argument, NULL, OPTION_NO_LIVENESS},
                                        {0}};

struct asked {
    struct scenario_set common;
    struct scale_limits limits;
    struct explore_options explore;
    const char *forget, *write_case, *write_cases, *against;
    bool no_liveness, answer;
    char **command; /* the other build's, of --against; NULL: none */
};

/* ---- options ---- */

static int number(const char *option, const char *text, int least, int most, struct und_err *err)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > most)
        und_fail(err, UND_USAGE, "%s: got '%.40s', want %d..%d", option, text, least, most);
    return (int)value;
}

static void take_option(struct asked *asked, int option, char **argv, struct und_err *err)
{
    switch (option) {
    case OPTION_UNITS:
        asked->limits.units = number("--units", optarg, 1, SCALE_UNITS, err);
        break;
    case OPTION_SLOTS:
        asked->limits.slots = number("--slots", optarg, 1, SCALE_SLOTS, err);
        break;
    case OPTION_FAILOVERS:
        asked->limits.failovers = number("--failovers", optarg, 1, POLICY_FAILOVER_LOG, err);
        break;
    case OPTION_STATES:
        asked->explore.max_states = (uint32_t)number("--states", optarg, 1, 1000000000, err);
        break;
    case OPTION_BITSTATE:
        asked->explore.bitstate = (size_t)number("--bitstate", optarg, 1, 1 << 20, err) << 20;
        break;
    case OPTION_FORGET:
        asked->forget = optarg;
        break;
    case OPTION_CASE:
        asked->write_case = optarg;
        break;
    case OPTION_CASES:
        asked->write_cases = optarg;
        break;
    case OPTION_AGAINST:
        asked->against = optarg;
        break;
    case OPTION_ANSWER: /* what --against calls: against.h */
        asked->answer = true;
        break;
    case OPTION_NO_LIVENESS:
        asked->no_liveness = true;
        break;
    default:
        if (!scenario_set_option(&asked->common, option, optarg, err))
            scenario_set_refuse_option(option, argv, err);
    }
}

static enum und_code read_forget(const char *text, int hosts, struct abstraction *forget,
                                 struct und_err *err)
{
    *forget = (struct abstraction){.words = hosts > 1, .guard = hosts > 2};
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
    const char *path = context;
    fprintf(stderr, "\r\033[K%s: %u states, depth %d", path, set->n, depth);
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
        else if (strncmp(argv[i], "--against=", 10) != 0)
            command[n++] = argv[i];
    }
    command[n] = "--answer";
    return command;
}

static void report(const struct asked *asked, const struct explore_findings *findings)
{
    json_t *json;
    if (!asked->common.json) {
        explore_print(stdout, findings);
        return;
    }
    json = explore_json(findings);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static enum und_code explore(struct asked *asked, const struct space *space,
                             const struct fleet *fleet, struct und_err *err)
{
    struct explore_result *result = calloc(1, sizeof *result);
    struct explore_findings findings = {.space = space, .fleet = fleet, .result = result};
    struct story story = {0};
    struct liveness liveness;
    struct against *against = calloc(1, sizeof *against);
    bool good;
    UND_ASSERT(result != NULL && against != NULL);
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
        if (asked->write_case)
            write_cases(space, result, &story, asked->write_case, err);
    } else if (result->complete && !result->bitstate && !asked->no_liveness) {
        liveness_check(space, result, &liveness);
        findings.liveness = &liveness;
    }
    if (asked->write_cases && !findings.story)
        write_cases(space, result, NULL, asked->write_cases, err);
    if (asked->command && result->complete && err->code == UND_OK &&
        against_run(space, result, asked->command, against, err) == UND_OK)
        findings.against = against;
    good = result->complete && !result->bitstate && result->violation.property == PROPERTY_HOLDS &&
           (!findings.liveness || (liveness.late == 0 && liveness.wrong == 0)) &&
           against->steps == 0;
    if (err->code == UND_OK)
        report(asked, &findings);
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
        read_forget(asked->forget, scale.n, &forget, err) == UND_OK &&
        space_open(space, &scale, forget, err) == UND_OK) {
        code = asked->answer ? against_answer(space, err)
                             : explore(asked, space, &scenario->fleet, err);
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
    int option;
    UND_ASSERT(asked != NULL);
    scenario_set_init(&asked->common);
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1 && err->code == UND_OK) {
        if (option == 'h') {
            fputs(help, stdout);
            free(asked);
            return UND_OK;
        }
        take_option(asked, option, argv, err);
    }
    if (err->code == UND_OK && optind != argc - 1)
        und_fail(err, UND_USAGE, "explore: got %d files, want one", argc - optind);
    if (asked->explore.bitstate > 0 && (asked->against || asked->write_case || asked->write_cases))
        und_fail(err, UND_USAGE, "--bitstate: keeps no states for --against, --case and --cases");
    if (err->code == UND_OK && asked->against)
        asked->command = other_command(asked, argc, argv);
    if (err->code == UND_OK)
        code = run(asked, argv[optind], err);
    free(asked->command);
    free(asked);
    return err->code != UND_OK ? err->code : code;
}
