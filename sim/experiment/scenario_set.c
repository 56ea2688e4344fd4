#include "scenario_set.h"
#include "sequential.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/text/text.h"
#include "version.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool scenario_set_shows_progress(void)
{
    const char *terminal = getenv("TERM"); /* a dumb one cannot write over a line */
    return isatty(STDERR_FILENO) && isatty(STDOUT_FILENO) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

int scenario_set_parse(const struct options *options, int argc, char **argv, void *out,
                       struct scenario_set *campaign, struct und_err *err)
{
    int first = options_parse(options, argc, argv, out, err);
    if (first == 0)
        return 0;
    campaign->experiment.precision_of = metric_by_name(campaign->precision_of);
    if (campaign->experiment.precision_of == METRIC_COUNT) {
        und_fail(err, UND_USAGE, "%s: --precision-of: got '%.40s', want a metric, e.g. rto",
                 options->name, campaign->precision_of);
        return 0;
    }
    return first;
}

/* ---- measures ---- */

enum und_code scenario_set_measure(struct scenario *scenario, const struct facet *facet,
                                   struct und_err *err)
{
    struct facet placed = *facet;
    char why[FACET_WHY];
    if (!facet_place(&placed, &scenario->fleet, why))
        return und_fail(err, UND_USAGE, "%.300s: --metric: got '%.80s', %s", scenario->path,
                        facet->said, why);
    if (scenario_facet(scenario, &placed) == 0)
        return und_fail(err, UND_USAGE, "%.300s: got more than %d measures", scenario->path,
                        SCENARIO_FACETS);
    return UND_OK;
}

static enum und_code add_measures(const struct scenario_set *campaign, struct scenario *scenario,
                                  struct und_err *err)
{
    struct facet facet;
    char why[FACET_WHY];
    int i;
    for (i = 0; i < campaign->n_measures && err->code == UND_OK; i++)
        if (!facet_parse(&facet, campaign->measures[i], why))
            und_fail(err, UND_USAGE, "--metric: got '%.80s', %s", campaign->measures[i], why);
        else if (facet_is_metric(&facet))
            scenario->asked |= (uint32_t)1 << facet.metric;
        else
            scenario_set_measure(scenario, &facet, err);
    return err->code;
}

static void list_metrics(void)
{
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        const char *name = metric_name((enum metric)i);
        printf("  %-17.*s %s\n", metric_bare((enum metric)i), name, metric_about((enum metric)i));
    }
    puts("and parts of them:");
    for (i = 0; i < METRIC_COUNT; i++) {
        char forms[FACET_WHY];
        if (facet_forms((enum metric)i, forms) > 0)
            printf("  %s\n", forms);
    }
    puts(
        "A limit (> VALUE) makes it a share of the jobs or of the time. Parts go together, e.g.\n"
        "'queue_wait[class=build,host=NAME] > 5min'; down=any is while some host has no slot that\n"
        "could take a job.");
}

bool scenario_set_lists_metrics(const char *const *given, int n)
{
    int i;
    for (i = 0; i < n; i++)
        if (strcmp(given[i], "help") == 0) {
            list_metrics();
            return true;
        }
    return false;
}

/* ---- files and folders ---- */

struct paths {
    char **path;
    int n;
};

static enum und_code add_path(struct paths *paths, const char *folder, const char *name,
                              struct und_err *err)
{
    size_t size = (folder ? strlen(folder) + 1 : 0) + strlen(name) + 1;
    char *path = malloc(size);
    UND_ASSERT(path != NULL);
    if (folder)
        snprintf(path, size, "%s/%s", folder, name);
    else
        snprintf(path, size, "%s", name);
    if (paths->n == SCENARIO_SET_FILES) {
        free(path);
        return und_fail(err, UND_USAGE, "%s: got more than %d scenario files", name,
                        SCENARIO_SET_FILES);
    }
    paths->path[paths->n++] = path;
    return UND_OK;
}

static int is_scenario_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static enum und_code add_folder(struct paths *paths, const char *folder, int *passed_over,
                                struct und_err *err)
{
    struct dirent **entry = NULL;
    int i, n = scandir(folder, &entry, is_scenario_file, alphasort), before = paths->n;
    if (n < 0)
        return und_fail(err, UND_USAGE, "%s: cannot read the folder: %s", folder, strerror(errno));
    for (i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        /* Rule files and fleets live beside scenarios; only scenarios are run. */
        if (loader_is_scenario(path))
            add_path(paths, folder, entry[i]->d_name, err);
        else
            ++*passed_over;
        free(entry[i]);
    }
    free(entry);
    if (err->code == UND_OK && paths->n == before)
        return und_fail(err, UND_USAGE,
                        "%s: got no scenario file (of %d), want *.yaml, *.yml or *.json", folder,
                        n);
    return err->code;
}

enum und_code scenario_set_paths(struct scenario_set *campaign, char *const *arguments, int n,
                                 char ***out, int *n_out, struct und_err *err)
{
    struct paths paths = {.path = calloc(SCENARIO_SET_FILES, sizeof(char *))};
    int i;
    UND_ASSERT(paths.path != NULL);
    campaign->list = n > 1;
    for (i = 0; i < n && err->code == UND_OK; i++) {
        struct stat status;
        if (stat(arguments[i], &status) == 0 && S_ISDIR(status.st_mode)) {
            campaign->list = true;
            add_folder(&paths, arguments[i], &campaign->passed_over, err);
        } else {
            add_path(&paths, NULL, arguments[i], err);
        }
    }
    *out = paths.path;
    *n_out = paths.n;
    return err->code;
}

void scenario_set_free_paths(char **paths, int n)
{
    int i;
    for (i = 0; i < n; i++)
        free(paths[i]);
    free(paths);
}

/* ---- running ---- */

struct progress {
    const char *path;
    int at, of;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* No wider than the terminal: a line that wraps is not written over. */
static void show(const char *line)
{
    int columns = text_terminal_columns(stderr, 80);
    fprintf(stderr, "\r\033[K%.*s", columns > 1 ? columns - 1 : 1, line);
    fflush(stderr);
}

void scenario_set_show_often(const char *line)
{
    static _Atomic int64_t shown_ms;
    int64_t now_ms = (int64_t)(1000 * seconds()), last_ms = atomic_load(&shown_ms);
    if (now_ms - last_ms >= 100 && atomic_compare_exchange_strong(&shown_ms, &last_ms, now_ms))
        show(line);
}

static void show_progress(void *context, int64_t done, int64_t total, double reached)
{
    struct progress *progress = context;
    char line[1024], precision[48] = "";
    if (isfinite(reached))
        snprintf(precision, sizeof precision, ", precision %.2g%%", 100 * reached);
    snprintf(line, sizeof line, "%d of %d: %lld of %lld replications%s  %s", progress->at + 1,
             progress->of, (long long)done, (long long)total, precision, progress->path);
    scenario_set_show_often(line);
}

static struct result *simulate(const struct scenario *scenario, const struct experiment *experiment,
                               const struct sequential *sequential, struct und_err *err)
{
    struct result *result = calloc(1, sizeof *result);
    UND_ASSERT(result != NULL);
    if ((sequential ? sequential_run(scenario, experiment, sequential, result, err)
                    : experiment_run(scenario, experiment, result, err)) == UND_OK)
        return result;
    free(result);
    return NULL;
}

/* The same seeds under the mechanisms that the document has but GitHub has not: the primary is
 * always chosen first, and a host is out of the rotation the moment the policy says so. */
static struct result *simulate_documented(const struct scenario *scenario,
                                          const struct experiment *experiment, struct und_err *err)
{
    struct scenario *documented = malloc(sizeof *documented);
    struct experiment untraced = *experiment;
    struct result *result;
    UND_ASSERT(documented != NULL);
    *documented = *scenario; /* borrows what the scenario owns */
    documented->fleet.github.selection = SELECTION_PRIORITY;
    documented->fleet.github.write_spacing_ms = 0;
    documented->fleet.github.api_latency = dist_fixed(0);
    untraced.trace = untraced.rare = false;
    result = simulate(documented, &untraced, NULL, err);
    free(documented);
    return result;
}

static enum und_code run_file(struct scenario_set *campaign, const char *path,
                              struct report *report)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_errors *errors = calloc(1, sizeof *errors);
    struct und_err err = {.all = errors};
    double began = seconds();
    UND_ASSERT(scenario != NULL && errors != NULL);
    errors->every = campaign->all_errors;
    *report = (struct report){.path = path,
                              .sets = campaign->sets,
                              .n_sets = campaign->n_sets,
                              .version = UND_VERSION,
                              .elapsed_s = NAN};
    if (scenario_load(scenario, path, campaign->sets, campaign->n_sets, &err) == UND_OK) {
        report->scenario = scenario;
        if (add_measures(campaign, scenario, &err) == UND_OK)
            report->result = simulate(scenario, &campaign->experiment, campaign->sequential, &err);
        if (report->result && campaign->compare && scenario->fleet.github.present &&
            scenario->fleet.github.documented[0] && scenario->fleet.has_policy &&
            scenario->n_faults > 0)
            report->documented = simulate_documented(scenario, &campaign->experiment, &err);
    } else {
        free(scenario);
    }
    if (err.code != UND_OK) {
        report->error = strdup(err.text);
        report->errors = errors;
    } else {
        free(errors);
    }
    report->elapsed_s = seconds() - began;
    return err.code;
}

enum und_code scenario_set_run(struct scenario_set *campaign, char *const *paths, int n)
{
    struct progress progress = {.of = n};
    bool shows = !campaign->quiet && scenario_set_shows_progress();
    enum und_code code = UND_OK;
    int i;
    campaign->report = calloc((size_t)n, sizeof *campaign->report);
    UND_ASSERT(campaign->report != NULL);
    campaign->experiment.progress = shows ? show_progress : NULL;
    campaign->experiment.context = &progress;
    for (i = 0; i < n; i++) {
        enum und_code file_code;
        progress.path = paths[i];
        progress.at = i;
        file_code = run_file(campaign, paths[i], &campaign->report[i]);
        campaign->n++;
        code = code == UND_OK ? file_code : code;
    }
    if (shows)
        fputs("\r\033[K", stderr);
    campaign->experiment.progress = NULL;
    campaign->experiment.context = NULL;
    return code;
}

static void free_result(const struct result *result)
{
    struct result *owned = (struct result *)(uintptr_t)result;
    if (!owned)
        return;
    result_fini(owned);
    free(owned);
}

void scenario_set_fini(struct scenario_set *campaign)
{
    int i;
    for (i = 0; i < campaign->n; i++) {
        struct report *report = &campaign->report[i];
        struct scenario *scenario = (struct scenario *)(uintptr_t)report->scenario;
        if (scenario) {
            scenario_fini(scenario);
            free(scenario);
        }
        free_result(report->result);
        free_result(report->documented);
        free((char *)(uintptr_t)report->error);
        free((void *)(uintptr_t)report->errors);
    }
    free(campaign->report);
}
