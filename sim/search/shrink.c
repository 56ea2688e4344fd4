#include "shrink.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/file/doc.h"
#include "model/load/loader.h"
#include "story_schedule.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS 1000
#define MINUTE_MS 60000LL
#define LEAST_LOAD 0.05

/* One attempt: the schedule as it might be, on a fleet as it is in `scenario`. */
static bool fails_alike(struct shrunk *shrunk, struct scenario *scenario,
                        const struct schedule *schedule)
{
    struct trial *trial = malloc(sizeof *trial);
    struct schedule whole = *schedule;
    bool alike;
    UND_ASSERT(trial != NULL);
    whole.load = 1; /* the scenario's rate is set already */
    schedule_apply(&whole, scenario->fleet.workload.arrivals.rate_per_ms, scenario);
    trial_run(scenario, &shrunk->options, trial);
    shrunk->trials++;
    alike = trial_same(trial, &shrunk->trial);
    if (alike) {
        shrunk->trial = *trial;
        shrunk->schedule = *schedule;
    }
    free(trial);
    return alike;
}

static bool may_go_on(const struct shrunk *shrunk)
{
    return shrunk->trials < SHRINK_TRIALS;
}

/* ---- faults and times: the scenario stays ---- */

static bool try_schedule(struct shrunk *shrunk, struct schedule *schedule, int64_t bound_ms)
{
    schedule_close(schedule, bound_ms);
    return may_go_on(shrunk) && fails_alike(shrunk, shrunk->scenario, schedule);
}

static bool drop_faults(struct shrunk *shrunk, int64_t bound_ms)
{
    bool any = false;
    int i;
    for (i = shrunk->schedule.n - 1; i >= 0 && shrunk->schedule.n > 0; i--) {
        struct schedule less = shrunk->schedule;
        memmove(&less.fault[i], &less.fault[i + 1],
                (size_t)(less.n - i - 1) * sizeof less.fault[0]);
        less.n--;
        any = try_schedule(shrunk, &less, bound_ms) || any;
    }
    return any;
}

static double rounded(double ms)
{
    double to = ms > MINUTE_MS ? (double)MINUTE_MS : SECOND_MS;
    return floor(ms / to) * to;
}

static int64_t first_at(const struct schedule *schedule)
{
    double first = INFINITY;
    int i;
    for (i = 0; i < schedule->n; i++)
        first = fmin(first, schedule->fault[i].at.a);
    return schedule->n > 0 ? (int64_t)first : 0;
}

static void set_dist(struct dist *dist, double ms)
{
    *dist = dist_fixed((int64_t)ms);
}

/* Each fault by itself, then all to the beginning. */
static bool shorten(struct shrunk *shrunk, int64_t bound_ms)
{
    bool any = false;
    struct schedule less;
    int64_t first;
    int i;
    for (i = 0; i < shrunk->schedule.n; i++) {
        double lasts = shrunk->schedule.fault[i].lasts.a, at = shrunk->schedule.fault[i].at.a;
        less = shrunk->schedule;
        set_dist(&less.fault[i].lasts, rounded(lasts / 2));
        if (lasts >= 20 * SECOND_MS)
            any = try_schedule(shrunk, &less, bound_ms) || any;
        less = shrunk->schedule;
        set_dist(&less.fault[i].at, rounded(at / 2));
        if (at >= 2 * MINUTE_MS)
            any = try_schedule(shrunk, &less, bound_ms) || any;
        less = shrunk->schedule;
        set_dist(&less.fault[i].at, rounded(at));
        if (rounded(at) < at)
            any = try_schedule(shrunk, &less, bound_ms) || any;
    }
    less = shrunk->schedule;
    first = first_at(&less);
    for (i = 0; i < less.n; i++)
        set_dist(&less.fault[i].at, less.fault[i].at.a - (double)first);
    if (first >= MINUTE_MS)
        any = try_schedule(shrunk, &less, bound_ms) || any;
    return any;
}

/* Nothing after the failing step matters to what is no convergence. */
static bool cut(struct shrunk *shrunk)
{
    struct schedule less = shrunk->schedule;
    int64_t end_ms = (shrunk->trial.at_ms / MINUTE_MS + 1) * MINUTE_MS;
    int i;
    if (shrunk->trial.reason != TRIAL_INVARIANT && shrunk->trial.reason != TRIAL_PROPERTY)
        return false;
    if (end_ms >= less.end_ms)
        return false;
    for (i = 0; i < less.n; i++)
        if ((int64_t)less.fault[i].at.a >= end_ms)
            return false;
    less.end_ms = end_ms;
    shrunk->options.converge = false;
    return may_go_on(shrunk) && fails_alike(shrunk, shrunk->scenario, &less);
}

/* ---- the fleet: loaded anew with one setting more ---- */

static struct scenario *load(const char *path, struct shrunk *shrunk)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    const char *set[SHRINK_SETS];
    struct und_err err = {0};
    int i;
    enum und_code code;
    UND_ASSERT(scenario != NULL);
    for (i = 0; i < shrunk->n_sets; i++)
        set[i] = shrunk->set[i];
    code = loader_is_scenario(path) ? scenario_load(scenario, path, set, shrunk->n_sets, &err)
                                    : fleet_load(&scenario->fleet, path, set, shrunk->n_sets, &err);
    if (code == UND_OK)
        return scenario;
    free(scenario);
    return NULL;
}

static void drop(struct scenario *scenario)
{
    scenario->n_faults = 0; /* the schedule's, which own nothing */
    scenario_fini(scenario);
    free(scenario);
}

/* A setting of the same path is replaced, but for one that takes an item out. */
static int place_of(const struct shrunk *shrunk, const char *set)
{
    size_t n = strcspn(set, "=") + 1;
    int i;
    for (i = shrunk->given; i < shrunk->n_sets; i++)
        if (strncmp(shrunk->set[i], set, n) == 0 && strcmp(set + n, "null") != 0)
            return i;
    return shrunk->n_sets;
}

/* Kept if the schedule still fails alike. */
static bool try_set(struct shrunk *shrunk, const char *path, const struct schedule *schedule,
                    const char *set)
{
    struct scenario *fleet;
    char was[SHRINK_TEXT];
    int at;
    if (!may_go_on(shrunk) || shrunk->n_sets == SHRINK_SETS)
        return false;
    at = place_of(shrunk, set);
    snprintf(was, sizeof was, "%s", at < shrunk->n_sets ? shrunk->set[at] : "");
    snprintf(shrunk->set[at], SHRINK_TEXT, "%s", set);
    shrunk->n_sets += at == shrunk->n_sets;
    fleet = load(path, shrunk);
    if (fleet && fails_alike(shrunk, fleet, schedule)) {
        drop(shrunk->scenario);
        shrunk->scenario = fleet;
        return true;
    }
    if (fleet)
        drop(fleet);
    snprintf(shrunk->set[at], SHRINK_TEXT, "%s", was);
    shrunk->n_sets -= was[0] == '\0';
    return false;
}

static bool struck(const struct schedule *schedule, int host)
{
    int i, j;
    for (i = 0; i < schedule->n; i++)
        for (j = 0; j < schedule->fault[i].n_targets; j++)
            if (schedule->fault[i].targets[j] == host)
                return true;
    return false;
}

static bool drop_hosts(struct shrunk *shrunk, const char *path)
{
    bool any = false;
    int host, i, j;
    for (host = shrunk->scenario->fleet.n_hosts - 1; host >= 0; host--) {
        struct schedule less = shrunk->schedule;
        char set[SHRINK_TEXT];
        if (shrunk->scenario->fleet.n_hosts == 1 || struck(&less, host))
            continue;
        for (i = 0; i < less.n; i++)
            for (j = 0; j < less.fault[i].n_targets; j++)
                less.fault[i].targets[j] -= less.fault[i].targets[j] > host;
        snprintf(set, sizeof set, "fleet.hosts.%d=null", host);
        any = try_set(shrunk, path, &less, set) || any;
    }
    return any;
}

static bool drop_slots(struct shrunk *shrunk, const char *path)
{
    bool any = false;
    int host, i;
    for (host = 0; host < shrunk->scenario->fleet.n_hosts; host++) {
        int slots = shrunk->scenario->fleet.hosts[host].slots / 2;
        struct schedule less = shrunk->schedule;
        char set[SHRINK_TEXT];
        if (slots < 1)
            continue;
        for (i = 0; i < less.n; i++)
            if (less.fault[i].slots > slots)
                less.fault[i].slots = slots;
        snprintf(set, sizeof set, "fleet.hosts.%s.slots=%d",
                 shrunk->scenario->fleet.hosts[host].name, slots);
        any = try_set(shrunk, path, &less, set) || any;
    }
    return any;
}

static bool drop_load(struct shrunk *shrunk, const char *path, double file_per_ms)
{
    double rate = shrunk->scenario->fleet.workload.arrivals.rate_per_ms / 2;
    char set[SHRINK_TEXT];
    if (shrunk->scenario->fleet.workload.arrivals.kind != ARRIVALS_POISSON ||
        rate < LEAST_LOAD * file_per_ms)
        return false;
    snprintf(set, sizeof set, "fleet.workload.arrivals.rate=%.9g/d", rate * 86400000.0);
    return try_set(shrunk, path, &shrunk->schedule, set);
}

/* The load that was drawn becomes a setting, and with it the schedule a scenario. */
static enum und_code begin(const char *path, const struct search_result *result,
                           struct shrunk *shrunk, struct und_err *err)
{
    struct trial first = result->trial;
    double rate;
    shrunk->schedule = result->schedule;
    shrunk->options = search_trial(&result->schedule);
    shrunk->options.twice = result->trial.reason == TRIAL_DIGEST;
    shrunk->options.expectations = result->trial.reason == TRIAL_EXPECTATION;
    shrunk->trial = first;
    shrunk->scenario = load(path, shrunk);
    if (!shrunk->scenario)
        return und_fail(err, UND_USAGE, "%s: cannot be read again", path);
    rate = shrunk->scenario->fleet.workload.arrivals.rate_per_ms * result->schedule.load;
    if (result->schedule.load != 1 && rate > 0) {
        char set[SHRINK_TEXT];
        snprintf(set, sizeof set, "fleet.workload.arrivals.rate=%.17g/d", rate * 86400000.0);
        if (!try_set(shrunk, path, &shrunk->schedule, set))
            return und_fail(err, UND_FAILED,
                            "search: the failure is gone when its load is written "
                            "down; it stays as it was drawn");
    }
    return UND_OK;
}

/* Seed 1, as `understudy sim` has it, if a few more replications of it show the failure too. */
static void try_seed(struct shrunk *shrunk)
{
    struct trial_options was = shrunk->options;
    shrunk->options.seed = 1;
    shrunk->options.replications = 4 * SEARCH_REPLICATIONS;
    if (!fails_alike(shrunk, shrunk->scenario, &shrunk->schedule))
        shrunk->options = was;
}

enum und_code shrink(const char *path, const char *const *sets, int n_sets,
                     const struct search_result *result, struct shrunk *shrunk, struct und_err *err)
{
    double file_per_ms;
    int i;
    memset(shrunk, 0, sizeof *shrunk);
    for (i = 0; i < n_sets && i < SHRINK_SETS; i++)
        snprintf(shrunk->set[shrunk->n_sets++], SHRINK_TEXT, "%s", sets[i]);
    shrunk->given = shrunk->n_sets;
    if (begin(path, result, shrunk, err) != UND_OK)
        return err->code;
    file_per_ms = shrunk->scenario->fleet.workload.arrivals.rate_per_ms / result->schedule.load;
    try_seed(shrunk);
    while (drop_faults(shrunk, result->bound_ms) || drop_hosts(shrunk, path) ||
           drop_slots(shrunk, path) || drop_load(shrunk, path, file_per_ms) ||
           shorten(shrunk, result->bound_ms))
        ;
    while (cut(shrunk))
        ;
    return UND_OK;
}

void shrink_fini(struct shrunk *shrunk)
{
    if (shrunk->scenario)
        drop(shrunk->scenario);
}

void shrink_relative(const char *from, const char *to, char *out, size_t size)
{
    char a[PATH_MAX], b[PATH_MAX];
    size_t same = 0, i, n = 0;
    out[0] = '\0';
    if (!realpath(from, a) || !realpath(to, b)) {
        snprintf(out, size, "%s", to);
        return;
    }
    for (i = 0; a[i] != '\0' && a[i] == b[i]; i++)
        if (a[i] == '/')
            same = i + 1;
    if (a[i] == '\0' && b[i] == '/')
        same = i + 1;
    for (i = same; same <= strlen(a) && a[i] != '\0'; i++)
        if (i == same || a[i] == '/')
            n += (size_t)snprintf(out + n, size - n, "../");
    snprintf(out + n, size - n, "%s", b + same);
}

/* An item a line, as JSON, which is YAML too. */
static void print_items(FILE *out, const json_t *list)
{
    json_t *item;
    size_t i;
    json_array_foreach (list, i, item) {
        char *text = json_dumps(item, JSON_ENCODE_ANY);
        fprintf(out, "  - %s\n", text ? text : "null");
        free(text);
    }
}

void shrink_print(FILE *out, const char *name, const char *fleet, const char *path,
                  const char *line, const struct shrunk *shrunk)
{
    char text[UNITS_TEXT];
    struct doc doc;
    struct und_err err = {0};
    json_t *root = NULL, *sets, *expects;
    int i;
    doc_init(&doc);
    doc_load(&doc, path, &root, &err);
    sets = json_object_get(root, "set");
    expects = json_object_get(root, "expect");
    fprintf(out, "# Found by `%s`, and shrunk in %d trials.\n", line, shrunk->trials);
    fprintf(out, "# It failed by: %s\n", shrunk->trial.words);
    fprintf(out, "name: %s\nabout: %s\nfleet: %s\n", name,
            "A schedule of faults that a search found to fail", fleet);
    fputs(json_array_size(sets) > 0 || shrunk->n_sets > 0 ? "set:\n" : "", out);
    print_items(out, sets);
    for (i = 0; i < shrunk->n_sets; i++)
        fprintf(out, "  - \"%s\"\n", shrunk->set[i]);
    fprintf(out, "duration: %s\nreplications: %d\n",
            units_format_duration(shrunk->schedule.end_ms, text),
            shrunk->trial.reason == TRIAL_EXPECTATION ? shrunk->options.replications
                                                      : shrunk->trial.replication + 1);
    fputs(shrunk->schedule.n > 0 ? "faults:\n" : "", out);
    for (i = 0; i < shrunk->schedule.n; i++) {
        fputs("  - ", out);
        schedule_print_fault(out, &shrunk->scenario->fleet, &shrunk->schedule.fault[i]);
        putc('\n', out);
    }
    schedule_print_drill(out, &shrunk->scenario->fleet, &shrunk->schedule);
    fputs(json_array_size(expects) > 0 ? "expect:\n" : "", out);
    print_items(out, expects);
    if (shrunk->options.seed != 1)
        fprintf(out, "# Its random streams: --seed %llu\n",
                (unsigned long long)shrunk->options.seed);
    json_decref(root);
    doc_fini(&doc);
}
