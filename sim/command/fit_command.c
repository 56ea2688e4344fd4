#include "fit_command.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/fit/fit.h"
#include "reports/fit/fit_fleet.h"
#include "reports/fit/fit_page.h"
#include "reports/fit/fit_report.h"
#include "reports/text/text.h"
#include "sim/experiment/predict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SINCE "90d"

struct wish {
    const char *columns[OPTIONS_TEXTS];
    int n_columns;
    const char *out, *html, *github, *prometheus, *journal, *since, *jobs, *samples;
    int64_t slots, seed;
    double holdout;
    bool no_holdout, json, quiet;
};

static const struct option_row rows[] = {
    {"github", .type = OPTION_TEXT, .argument = "FLEET", OPTION_AT(struct wish, github),
     .about =
         "read the jobs of live.github's repository in this fleet file, instead of a CSV file"},
    {"prometheus", .type = OPTION_TEXT, .argument = "FLEET", OPTION_AT(struct wish, prometheus),
     .about = "read hosts, busy slots and the queue from live.prometheus of this fleet file"},
    {"journal", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, journal),
     .about = "read hosts and busy slots from a monitor's journal"},
    {"samples", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, samples),
     .about =
         "hosts over time (at,host,up,online,busy,queued,succeeded,failed): where "
         "--prometheus and --journal write them (fleet-samples.csv); without these it is read"},
    {"since", .type = OPTION_TEXT, .argument = "DATE", OPTION_AT(struct wish, since),
     .about = "from when on: a date, or how long ago", .otherwise = SINCE " ago"},
    {"jobs", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, jobs),
     .preset = "github-jobs.csv",
     .about = "where they are kept: what is in it already is not read again"},
    {"out", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, out),
     .about = "write the fleet file; durations of no known shape in CSV files beside it"},
    {"column", .type = OPTION_TEXTS, .argument = "ROLE=NAME", OPTION_AT(struct wish, columns),
     .beside = offsetof(struct wish, n_columns), .most = OPTIONS_TEXTS,
     .about = "which column is which: created, started, finished, duration, wait, run, job, "
              "workflow, status, attempt, runner, id; without a NAME there is none",
     .otherwise = "guessed by their names, and said"},
    {"html", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, html),
     .about = "write a page with tables and plots"},
    {"slots", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct wish, slots), .least = 1,
     .most = FLEET_SLOTS * FLEET_HOSTS, .about = "how many jobs the fleet runs at once",
     .otherwise = "as many as ran at once in the history"},
    {"holdout", .type = OPTION_SHARE, .argument = "SHARE", OPTION_AT(struct wish, holdout),
     .open = true, .preset = "50%",
     .about = "how much of the time, at its end, is left out and predicted from the rest"},
    {"no-holdout", .type = OPTION_FLAG, OPTION_AT(struct wish, no_holdout),
     .about = "predict nothing"},
    {"seed", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct wish, seed), .most = INT64_MAX,
     .preset = "1", .about = "of the prediction"},
    OPTION_FORMAT(struct wish, json),
    OPTION_QUIET(struct wish, quiet),
    {0}};

static const struct option_rule rules[] = {
    {"no-holdout", OPTION_EXCLUDES, "holdout seed"},
    {"quiet", OPTION_EXCLUDES, "column slots holdout no-holdout seed unless out html format=json"},
    {"journal", OPTION_EXCLUDES, "prometheus"},
    {"jobs", OPTION_NEEDS, "github"},
    {0}};

static const struct option_example examples[] = {
    {"fit jobs.csv --out fleet.yaml", "a fleet file with an interval beside every number"},
    {"fit jobs.csv --html fit.html", "a page with the fits drawn beside the history"},
    {"fit --github paws360.yaml --since 2026-01-01", "from GitHub; may be stopped and goes on"},
    {"fit jobs.csv --prometheus paws360.yaml", "jobs from the file, MTBF and MTTR from Prometheus"},
    {"fit --journal understudy.journal --out fleet.yaml", "all from a monitor's journal"},
    {"sim fleet.yaml --set duration=7d", "and what it is like"},
    {"fit export.csv --column created=queued_at --column job=stage --slots 12", "named columns"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "done"},
    {UND_USAGE, "usage or input error, or nothing to fit"},
    {UND_SERVICE, "GitHub could not be read; what was read is kept"},
    {UND_INTERRUPTED, "interrupted; what was read is kept"},
    {0}};

const struct options fit_options = {
    .name = "fit",
    .synopsis = "FILE.csv [--out FLEET.yaml] [options]\n"
                "--github FLEET.yaml [--since DATE] [--jobs FILE] [options]\n"
                "[FILE.csv] --prometheus FLEET.yaml [options]\n"
                "[FILE.csv] --journal FILE | --samples FILE [options]",
    .purpose = "fit a fleet's workload to its history: a fleet file that says how sure it is",
    .details =
        "Reads a CSV export of jobs, one a line, as GitHub's, GitLab's, Jenkins', Buildkite's, "
        "CircleCI's, Cirrus', Azure's, TravisTorrent's or Slurm's tools write it: when it was "
        "created "
        "or started, when it finished or how long it took; if there are, its run, name, workflow, "
        "status, attempt and runner. Times are ISO 8601, numbers, or dates "
        "as spreadsheets have them; commas, semicolons, tabs or bars.\n\n"
        "--github reads runs and their jobs through GitHub's API, of all attempts, those that ask "
        "for self-hosted runners or live.github.label, a call a run and within the rate limit, "
        "into a CSV file that a second call goes on with.\n\n"
        "--prometheus (query_range), --journal and --samples tell when hosts were up: MTBF and "
        "MTTR; and where no jobs are given, jobs out of busy slots and the queue: starts and ends "
        "of a host in their order.\n\n"
        "Fits rate, profile and trend of the runs, and whether a Poisson process is enough; jobs a "
        "run; the mix; durations by class (lognormal, log-logistic, Weibull, gamma by maximum "
        "likelihood, judged by Anderson and Darling's test with a parametric bootstrap; as they "
        "were where all are rejected); pick-up. Rows that are left out are counted and said; so is "
        "what the history cannot tell.",
    .rows = rows,
    .rules = rules,
    .operand = "CSV file",
    .least = 0,
    .most = 1,
    .examples = examples,
    .exits = exits,
};

static FILE *create(const char *path, struct und_err *err)
{
    FILE *file = fopen(path, "w");
    if (!file)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    return file;
}

static void finish(FILE *file, const char *path, struct und_err *err)
{
    bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

/* The path without its ending: "dir/fleet"; and what is behind its last slash. */
static void stem_of(const char *path, char *out, size_t size, const char **name)
{
    char *slash, *dot;
    snprintf(out, size, "%s", path);
    slash = strrchr(out, '/');
    dot = strrchr(slash ? slash : out, '.');
    *name = slash ? slash + 1 : out;
    if (dot != NULL && dot > *name)
        *dot = '\0';
}

static void write_values(const struct fit *fit, const char *stem, struct und_err *err)
{
    char path[5000];
    FILE *file;
    int i;
    for (i = 0; i < fit->n_classes && err->code == UND_OK; i++) {
        if (!fit_fleet_has_values(&fit->classes[i]))
            continue;
        fit_fleet_values_name(path, sizeof path, stem, i);
        if ((file = create(path, err)) == NULL)
            return;
        fit_fleet_print_values(file, &fit->classes[i]);
        finish(file, path, err);
    }
}

static void write_fleet(const struct fit *fit, const char *path, struct und_err *err)
{
    char stem[4096];
    const char *name;
    FILE *file;
    if (strlen(path) >= sizeof stem) {
        und_fail(err, UND_USAGE, "--out: got a path of %zu bytes, want less than %zu", strlen(path),
                 sizeof stem);
        return;
    }
    stem_of(path, stem, sizeof stem, &name);
    if (strlen(name) > 200) {
        und_fail(err, UND_USAGE, "--out: got a name of %zu bytes, want at most 200", strlen(name));
        return;
    }
    write_values(fit, stem, err);
    if (err->code != UND_OK || (file = create(path, err)) == NULL)
        return;
    fit_fleet_print(file, fit, name);
    finish(file, path, err);
}

static void write_page(const struct fit *fit, const struct holdout *holdout, const char *path,
                       struct und_err *err)
{
    struct und_err plots = {0};
    FILE *file = create(path, err);
    if (file == NULL)
        return;
    fit_page_print(file, fit, holdout, &plots);
    finish(file, path, err);
    if (plots.code != UND_OK)
        fprintf(stderr, "understudy: no plots: %s\n", plots.text);
}

static enum und_code run(const struct wish *wish, const struct history *history,
                         const struct watched *watched, struct fit *fit, struct und_err *err)
{
    const struct fit_wish how = {.slots = (int)wish->slots, .watched = watched};
    struct holdout holdout = {0};
    const struct holdout *shown = wish->no_holdout ? NULL : &holdout;
    if (fit_history(fit, history, &how, err) != UND_OK)
        return err->code;
    if (!wish->no_holdout &&
        predict_rest(&holdout, history, &how, wish->holdout, (uint64_t)wish->seed, err) != UND_OK)
        return err->code;
    if (wish->out != NULL)
        write_fleet(fit, wish->out, err);
    if (wish->html != NULL && err->code == UND_OK)
        write_page(fit, shown, wish->html, err);
    if (err->code != UND_OK)
        return err->code;
    if (wish->json)
        fit_report_print_json(stdout, fit, shown);
    else if (!wish->quiet)
        fit_report_print(stdout, fit, shown, text_terminal_columns(stdout, 100));
    return UND_OK;
}

/* How long ago, or when. */
static enum und_code parse_since(const char *text, int64_t *since_ms, struct und_err *err)
{
    char hint[UNITS_HINT];
    struct instant instant;
    int64_t ago_ms;
    if (units_duration(text, &ago_ms, hint) && ago_ms > 0)
        *since_ms = (int64_t)time(NULL) * 1000 - ago_ms;
    else if (history_time(text, false, &instant) && instant.clocked && !instant.slashed)
        *since_ms = instant.ms;
    else
        return und_fail(
            err, UND_USAGE,
            "--since: got '%.60s', want a date such as 2026-01-31, or how long ago, such "
            "as 90d",
            text);
    return UND_OK;
}

/* The CSV file of jobs: the one that is named, or what is read from GitHub; NULL: there is none, or
 * an error. */
static const char *find_jobs(const struct wish *wish, const char *named, int64_t since_ms,
                             const struct fit_sources *sources, struct und_err *err)
{
    if (wish->github == NULL)
        return named;
    UND_ASSERT(sources != NULL);
    if (sources->github(wish->github, since_ms, wish->jobs, wish->quiet, err) != UND_OK)
        return NULL;
    return wish->jobs;
}

/* The file of samples, likewise. */
static const char *find_samples(const struct wish *wish, int64_t since_ms,
                                const struct fit_sources *sources, struct und_err *err)
{
    const char *file = wish->samples != NULL ? wish->samples : "fleet-samples.csv";
    if (wish->prometheus == NULL && wish->journal == NULL)
        return wish->samples;
    UND_ASSERT(sources != NULL);
    if (wish->prometheus != NULL)
        sources->prometheus(wish->prometheus, since_ms, file, wish->quiet, err);
    else
        sources->journal(wish->journal, since_ms, file, wish->quiet, err);
    return err->code == UND_OK ? file : NULL;
}

static enum und_code check_sources(const struct wish *wish, const char *named, struct und_err *err)
{
    if (wish->github != NULL && named != NULL)
        return und_fail(err, UND_USAGE, "fit: got both, want a CSV file or --github FLEET");
    if (wish->since != NULL && !wish->github && !wish->prometheus && !wish->journal)
        return und_fail(err, UND_USAGE, "--since: goes with --github, --prometheus or --journal");
    if (named || wish->github || wish->prometheus || wish->journal || wish->samples)
        return UND_OK;
    return und_fail(err, UND_USAGE,
                    "fit: got no source, want a CSV file or --github FLEET, --prometheus FLEET, "
                    "--journal FILE or --samples FILE");
}

/* Reads what there is; fits it. */
static void fit_sources_of(const struct wish *wish, const char *jobs, const char *samples,
                           struct und_err *err)
{
    struct watched *watched = calloc(1, sizeof *watched);
    struct history *history = calloc(1, sizeof *history);
    struct fit *fit = calloc(1, sizeof *fit);
    UND_ASSERT(history != NULL && fit != NULL && watched != NULL);
    if (samples != NULL)
        watched_read(watched, samples, err);
    if (err->code == UND_OK && jobs != NULL)
        history_read(history, jobs, wish->columns, wish->n_columns, err);
    if (err->code == UND_OK && jobs != NULL)
        watched_cut(watched, history);
    else if (err->code == UND_OK)
        watched_jobs(watched, history, err);
    if (err->code == UND_OK)
        run(wish, history, samples != NULL ? watched : NULL, fit, err);
    fit_fini(fit);
    history_fini(history);
    watched_fini(watched);
    free(fit);
    free(history);
    free(watched);
}

enum und_code fit_command(int argc, char **argv, const struct fit_sources *sources,
                          struct und_err *err)
{
    const char *named, *jobs, *samples;
    struct wish wish = {0};
    int64_t since_ms = 0;
    int first = options_parse(&fit_options, argc, argv, &wish, err);
    if (first == 0)
        return err->code;
    named = first < argc ? argv[first] : NULL;
    if (check_sources(&wish, named, err) != UND_OK ||
        parse_since(wish.since ? wish.since : SINCE, &since_ms, err) != UND_OK)
        return err->code;
    jobs = find_jobs(&wish, named, since_ms, sources, err);
    samples = err->code == UND_OK ? find_samples(&wish, since_ms, sources, err) : NULL;
    if (err->code == UND_OK)
        fit_sources_of(&wish, jobs, samples, err);
    return err->code;
}
