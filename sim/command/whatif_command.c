#include "sim_command.h"
#include "whatif.h"

#include "model/base/assert.h"
#include "sim/planning/ranks.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const whatif_formats[] = {"text", "json", "csv", NULL};

static const struct option_row rows[] = {
    {"vary", .type = OPTION_TEXTS, .argument = "PATH=VALUES", OPTION_AT(struct whatif, vary),
     .beside = offsetof(struct whatif, n_vary), .most = SWEEP_AXES,
     .about = "values: a,b,c, A..B:STEP, A..B:4% (growth), with --design A..B; up to 16 paths, all "
              "combinations"},
    {"metric", .type = OPTION_TEXTS, .argument = "METRIC[:STAT]", OPTION_AT(struct whatif, metric),
     .beside = offsetof(struct whatif, n_metrics), .most = SWEEP_COLUMNS,
     .about = "a column; STAT mean, p5, p50, p95 or p99; `--metric help` lists metrics and their "
              "parts, such as 'queue_wait[class=NAME]' or 'queue_wait > 5min'",
     .otherwise = "queue_wait, queue_wait:p95, utilization, with faults rto:p95 and "
                  "job_recovery:p95 as well"},
    {"until", .type = OPTION_TEXTS, .argument = "METRIC[:STAT]<=V", OPTION_AT(struct whatif, until),
     .beside = offsetof(struct whatif, n_until), .most = SWEEP_LIMITS,
     .about = "or >=V: up to where does this hold, interval included? Up to 8 of them"},
    {"find", .type = OPTION_TEXT, .argument = "PATH=LOW..HIGH", OPTION_AT(struct whatif, find),
     .about = "where between the two does --until cease (or begin) to hold, as an interval; "
              "LOW..HIGH:STEP for steps other than whole numbers or a hundredth; --replications: "
              "the most at one point (1600)"},
    {"growth", .type = OPTION_TEXT, .argument = "SHARE|LOW..HIGH", OPTION_AT(struct whatif, growth),
     .about =
         "of the path of --find or --vary in a month of 30 days, its first value being today's: "
         "when is each limit passed? 4%, or an interval of 95% as fit prints it, 1%..7%"},
    {"from", .type = OPTION_TEXT, .argument = "DATE", OPTION_AT(struct whatif, from),
     .about = "today, as 2026-11-28, so that dates come out", .otherwise = "months are counted"},
    {"n-1", .type = OPTION_FLAG, OPTION_AT(struct whatif, n_1),
     .about =
         "every answer also with the primary lost at the busiest hour, for the 24 hours after"},
    {"design", .type = OPTION_TEXT, .argument = "lhs:N", OPTION_AT(struct whatif, design),
     .about =
         "not all combinations but N points of a Latin hypercube: each N-th part of each range "
         "once",
     .otherwise = "all combinations"},
    {"curve", .type = OPTION_FLAG, OPTION_AT(struct whatif, curve),
     .about = "how many jobs wait over the scenario's time: mean, interval and the band of nine "
              "replications in ten"},
    {"html", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct whatif, html),
     .about = "a page to show: the recommendation, dates, bands, limits as lines"},
    {"best", .type = OPTION_TEXT, .argument = "METRIC|cost", OPTION_AT(struct whatif, best),
     .about =
         "which point has the best mean? More replications of those that may be it until it is "
         "known with 95% (Kim and Nelson); at most 12800, or --replications"},
    {"within", .type = OPTION_TEXT, .argument = "VALUE", OPTION_AT(struct whatif, within),
     .about = "how much better another one may be than the best, e.g. 10s"},
    {"price-slot", .type = OPTION_TEXT, .argument = "N", OPTION_AT(struct whatif, slot_price),
     .about = "of a slot a month; with it columns of money, and a recommendation"},
    {"price-run", .type = OPTION_TEXT, .argument = "N", OPTION_AT(struct whatif, run_price),
     .about = "of a run"},
    {"price-hour", .type = OPTION_TEXT, .argument = "N", OPTION_AT(struct whatif, hour_price),
     .about = "of an hour that a run waits, and with it whoever waits for it"},
    {"currency", .type = OPTION_TEXT, .argument = "TEXT", OPTION_AT(struct whatif, currency),
     .about = "of the prices, e.g. EUR"},
    {"keep", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct whatif, keep),
     .about =
         "appends each point as soon as it is known; what is there already of the same question "
         "is not simulated again"},
    {"shard", .type = OPTION_TEXT, .argument = "I/N", OPTION_AT(struct whatif, shard),
     .about =
         "simulate the I-th of N parts of the points into --keep; `understudy merge` puts them "
         "together"},
    {"plot", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct whatif, plot),
     .about = "the first column over the values, SVG"},
    SCENARIO_SET_ROWS(struct whatif, campaign),
    {"format", .type = OPTION_WORD, .words = whatif_formats, OPTION_AT(struct whatif, format),
     .preset = "text", .about = "what is printed"},
    {0}};

static const struct option_rule rules[] = {
    {"metric=help", OPTION_EXCLUDES, "*"},
    SCENARIO_SET_RULES,
    {"find", OPTION_NEEDS, "until"},
    {"growth", OPTION_NEEDS, "until"},
    {"from", OPTION_NEEDS, "growth"},
    {"find", OPTION_EXCLUDES, "plot metric precision keep design price-slot html"},
    {"best", OPTION_NEEDS, "within vary"},
    {"within", OPTION_NEEDS, "best"},
    {"best", OPTION_EXCLUDES, "find metric until precision keep plot n-1 html"},
    {"curve", OPTION_EXCLUDES,
     "vary find best metric until precision keep n-1 html price-slot design"},
    {"format=csv", OPTION_EXCLUDES, "find best growth"},
    {"design", OPTION_NEEDS, "vary"},
    {"design", OPTION_EXCLUDES, "growth"},
    {"shard", OPTION_NEEDS, "keep"},
    {"shard", OPTION_EXCLUDES, "plot html format=json format=csv"},
    {"price-run", OPTION_NEEDS, "price-slot"},
    {"price-hour", OPTION_NEEDS, "price-slot"},
    {"currency", OPTION_NEEDS, "price-slot"},
    {0}};

static const struct option_example examples[] = {
    {"whatif scenarios/capacity.yaml --vary fleet.workload.arrivals.rate=200/d..300/d:20/d "
     "--until 'queue_wait<=5min'",
     "what would half as many runs again do?"},
    {"whatif scenarios/capacity.yaml --find fleet.workload.arrivals.rate=200/d..400/d "
     "--until 'queue_wait<=5min' --n-1",
     "how many runs a day can it take, and how many with the primary lost?"},
    {"whatif scenarios/capacity.yaml --find fleet.workload.arrivals.rate=200/d..400/d "
     "--until 'queue_wait<=5min' --until 'queue_wait<=10min' --growth 2%..6% --from 2026-11-28",
     "when are the runbook's thresholds passed?"},
    {"whatif scenarios/cpu-degradation.yaml --vary fleet.policy.persist=1min,2min,5min",
     "how long should the policy wait?"},
    {0}};

const struct option_exit whatif_exits[] = {
    {UND_OK, "done"}, {UND_USAGE, "usage or input error, or no setting could be simulated"}, {0}};

const struct options whatif_options = {
    .name = "whatif",
    .synopsis = "FILE --vary PATH=LIST|A..B:STEP ... [options]\n"
                "FILE --find PATH=LOW..HIGH --until METRIC<=V [options]\nFILE --curve "
                "[options]\n--metric help",
    .purpose = "sweeps of any setting, and how far one can go, under common random numbers",
    .rows = rows,
    .rules = rules,
    .operand = "scenario",
    .most = 1,
    .examples = examples,
    .exits = whatif_exits,
};

/* ---- running ---- */

/* Each rank is a part, with its own file beside the first one's. */
static enum und_code take_ranks(struct whatif *whatif, struct und_err *err)
{
    long threads = sysconf(_SC_NPROCESSORS_ONLN) / ranks_here();
    if (ranks_all() == 1)
        return UND_OK;
    if (whatif->shard || whatif->find || whatif->best || whatif->curve)
        return und_fail(err, UND_USAGE, "whatif: under mpirun want a sweep, without --shard");
    whatif->part = ranks_mine() + 1;
    whatif->parts = ranks_all();
    whatif->news = json_array();
    if (whatif->campaign.experiment.threads == 0)
        whatif->campaign.experiment.threads = threads > 1 ? (int)threads : 1;
    if (whatif->keep && whatif->part > 1) {
        snprintf(whatif->own_keep, sizeof whatif->own_keep, "%s.%d", whatif->keep, whatif->part);
        whatif->keep = whatif->own_keep;
    }
    return UND_OK;
}

static enum und_code run(struct whatif *whatif, struct und_err *err)
{
    if (take_ranks(whatif, err) != UND_OK)
        return err->code;
    if (whatif->curve)
        return whatif_curve(whatif, err);
    if (!whatif->find && !whatif->best)
        return whatif_sweep(whatif, err);
    if (whatif_lay_out(whatif, err) != UND_OK)
        return err->code;
    return whatif->best ? whatif_best(whatif, err) : whatif_find(whatif, err);
}

/* Of the arguments those that say what is asked, not how it is told or where it is kept. */
static json_t *asked_of(int argc, char *const *argv)
{
    static const char *const how[] = {"--keep",   "--shard", "--threads",
                                      "--format", "--plot",  "--html"};
    json_t *asked = json_array();
    int i;
    size_t k;
    for (i = 1; i < argc; i++) {
        bool left = strcmp(argv[i], "--quiet") == 0 || strcmp(argv[i], "-q") == 0;
        for (k = 0; k < sizeof how / sizeof *how && !left; k++) {
            size_t length = strlen(how[k]);
            left = strncmp(argv[i], how[k], length) == 0 &&
                   (argv[i][length] == '\0' || argv[i][length] == '=');
            i += left && argv[i][length] == '\0';
        }
        if (!left && i < argc)
            json_array_append_new(asked, json_string(argv[i]));
    }
    return asked;
}

struct whatif *whatif_open(void)
{
    struct whatif *whatif = calloc(1, sizeof *whatif);
    UND_ASSERT(whatif != NULL);
    whatif->part = whatif->parts = 1;
    return whatif;
}

void whatif_close(struct whatif *whatif)
{
    sweep_fini(&whatif->sweep);
    keep_close(whatif->kept);
    json_decref(whatif->asked);
    json_decref(whatif->lines);
    json_decref(whatif->news);
    json_decref(whatif->merged);
    free(whatif);
}

enum und_code whatif_command(int argc, char **argv, struct und_err *err)
{
    struct whatif *whatif = whatif_open();
    int first;
    ranks_begin();
    whatif->asked = asked_of(argc, argv);
    first = scenario_set_parse(&whatif_options, argc, argv, whatif, &whatif->campaign, err);
    if (first != 0 && scenario_set_lists_metrics(whatif->metric, whatif->n_metrics)) {
        puts("Each with :mean (the default), :p5, :p50, :p95 or :p99, e.g. rto:p95.");
    } else if (first != 0 &&
               (first == argc || (whatif->n_vary == 0 && !whatif->find && !whatif->curve))) {
        und_fail(
            err, UND_USAGE,
            "whatif: want one FILE and at least one --vary PATH=VALUES, or --find, or --curve");
    } else if (first != 0 && whatif_take_options(whatif, err) == UND_OK) {
        whatif->sweep.path = argv[first];
        if (err->all)
            err->all->every = whatif->campaign.all_errors;
        run(whatif, err);
    }
    whatif_close(whatif);
    ranks_end();
    return err->code;
}
