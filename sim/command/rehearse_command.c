#include "rehearse_command.h"

#include "model/load/loader.h"
#include "reports/drill/drill.h"
#include "sim/experiment/scenario_set.h"
#include "sim/rehearsal/rehearsal.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_REHEARSE = 256, OPTION_PLAN, OPTION_OBSERVE, OPTION_PREDICTION };

static const char help[] =
    "usage: understudy drill FILE --rehearse [options]\n"
    "       understudy drill FILE --plan [options]\n"
    "Plays the drill of a scenario in the simulated world, by the code that plays it in the real\n"
    "one, and prints what a live drill should see; or prints what it would do. Neither touches\n"
    "anything real.\n\n"
    "  --prediction FILE  --rehearse: write the prediction, for the live drill to be judged by;\n"
    "                     --plan: read it, for the expected timeline\n"
    "  --observe          the policy's plan is only recorded, never carried out\n"
    "  --replications N   rehearsals (default 1000; at least 199 have to observe what is judged)\n"
    "  --seed N           of the random streams (default 1)\n"
    "  --threads N        (default: one a processor; the result does not depend on it)\n"
    "  --set PATH=VALUE   override any value; may be repeated\n"
    "  --format text|json (--plan: html as well, for a change ticket)\n"
    "  --quiet            no progress line\n"
    "  --help\n"
    "Exit codes: 0 done; 1 no rehearsal was completed, or the policy broke an invariant;\n"
    "             2 usage or input error.\n";

static const struct option options[] = {SCENARIO_SET_OPTIONS,
                                        {"help", no_argument, NULL, 'h'},
                                        {"rehearse", no_argument, NULL, OPTION_REHEARSE},
                                        {"plan", no_argument, NULL, OPTION_PLAN},
                                        {"observe", no_argument, NULL, OPTION_OBSERVE},
                                        {"prediction", required_argument, NULL, OPTION_PREDICTION},
                                        {0}};

struct wish {
    struct scenario_set campaign; /* the common options; its reports stay empty */
    const char *prediction;
    bool plan, observe, html;
};

/* True: go on with the file at optind. False: help was printed, or err is set. */
static bool parse(int argc, char **argv, struct wish *wish, struct und_err *err)
{
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1 && err->code == UND_OK) {
        switch (option) {
        case 'h':
            fputs(help, stdout);
            return false;
        case OPTION_REHEARSE:
            break;
        case OPTION_PLAN:
            wish->plan = true;
            break;
        case OPTION_OBSERVE:
            wish->observe = true;
            break;
        case OPTION_PREDICTION:
            wish->prediction = optarg;
            break;
        case 'f':
            wish->html = strcmp(optarg, "html") == 0;
            if (!wish->html)
                scenario_set_option(&wish->campaign, option, optarg, err);
            break;
        default:
            if (option == 'p' || !scenario_set_option(&wish->campaign, option, optarg, err))
                und_fail(err, UND_USAGE,
                         "drill: got option '%.60s', want one of `understudy drill "
                         "--rehearse --help`",
                         argv[optind - 1]);
        }
    }
    if (err->code == UND_OK && wish->html && !wish->plan)
        und_fail(err, UND_USAGE, "--format html: goes with --plan");
    if (err->code == UND_OK && optind != argc - 1)
        und_fail(err, UND_USAGE, "drill: got %d files, want one scenario", argc - optind);
    if (err->code == UND_OK && wish->campaign.experiment.replications > REHEARSAL_MAX_REPLICATIONS)
        und_fail(err, UND_USAGE, "--replications: got %lld, want at most %d",
                 (long long)wish->campaign.experiment.replications, REHEARSAL_MAX_REPLICATIONS);
    return err->code == UND_OK;
}

static void show_progress(void *context, int64_t done, int64_t total)
{
    (void)context;
    fprintf(stderr, "\r\033[K%lld of %lld rehearsals", (long long)done, (long long)total);
    if (done == total)
        fputs("\r\033[K", stderr);
}

static void print_json(json_t *json_taken)
{
    json_dumpf(json_taken, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(json_taken);
}

static void print(const struct wish *wish, const struct drill_page *page)
{
    if (wish->campaign.json)
        print_json(drill_json(page));
    else
        drill_print_text(stdout, page);
}

static enum und_code rehearse(const struct wish *wish, const struct scenario *scenario,
                              struct und_err *err)
{
    struct rehearsal rehearsal = {
        .seed = wish->campaign.experiment.seed,
        .replications = wish->campaign.experiment.replications,
        .observe = wish->observe,
        .threads = wish->campaign.experiment.threads,
        .progress = !wish->campaign.quiet && scenario_set_shows_progress() ? show_progress : NULL,
    };
    struct prediction prediction;
    struct drill_page page = {
        .scenario = scenario, .report = NULL, .prediction = &prediction, .version = UND_VERSION};
    if (rehearsal.replications == 0)
        rehearsal.replications = REHEARSAL_REPLICATIONS;
    if (rehearsal_run(scenario, &rehearsal, &prediction, err) != UND_OK)
        return err->code;
    print(wish, &page);
    if (wish->prediction)
        prediction_save(&prediction, wish->prediction, err);
    prediction_fini(&prediction);
    return err->code;
}

static enum und_code plan(const struct wish *wish, const struct scenario *scenario,
                          struct und_err *err)
{
    struct prediction prediction = {0};
    struct drill_page page = {.scenario = scenario,
                              .version = UND_VERSION,
                              .mode = !scenario->fleet.live.allow_actions ? DRILL_MODE_WATCH
                                      : wish->observe                     ? DRILL_MODE_OBSERVE
                                                                          : DRILL_MODE_ACT};
    if (!scenario->drill.present)
        return und_fail(err, UND_USAGE, "%s: drill: missing, want one (see `understudy schema`)",
                        scenario->path);
    if (wish->prediction) {
        if (prediction_load(&prediction, wish->prediction, err) != UND_OK)
            return err->code;
        prediction_fits(&prediction, wish->prediction, scenario, wish->observe, err);
        page.prediction = &prediction;
    }
    if (err->code == UND_OK && wish->campaign.json)
        print_json(drill_plan_json(&page));
    else if (err->code == UND_OK && wish->html)
        drill_plan_html(stdout, &page);
    else if (err->code == UND_OK)
        drill_print_plan(stdout, &page);
    prediction_fini(&prediction);
    return err->code;
}

enum und_code rehearse_command(int argc, char **argv, struct und_err *err)
{
    struct scenario *scenario;
    struct wish wish = {0};
    scenario_set_init(&wish.campaign);
    if (!parse(argc, argv, &wish, err))
        return err->code;
    scenario = calloc(1, sizeof *scenario);
    if (!scenario)
        return und_fail(err, UND_USAGE, "drill: out of memory");
    if (scenario_load(scenario, argv[optind], wish.campaign.sets, wish.campaign.n_sets, err) ==
        UND_OK) {
        if (wish.plan)
            plan(&wish, scenario, err);
        else
            rehearse(&wish, scenario, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
