#include "replay_what_if.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "model/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_JOBS 1000000
#define PLACE 80

struct job_end_row {
    int64_t created_ms, duration_ms; /* wall clock */
};

/* ---- what was recorded ---- */

void what_if_init(struct what_if *what)
{
    *what = (struct what_if){.pace = 1, .from_ms = -1, .to_ms = -1};
}

void what_if_fini(struct what_if *what)
{
    free(what->job);
    what->job = NULL;
}

void what_if_run(struct what_if *what, const struct policy_config *config, int n_hosts,
                 const char (*host)[64], double pace)
{
    what->config = *config;
    what->n_hosts = n_hosts;
    memcpy(what->host, host, sizeof what->host);
    what->pace = pace > 1 ? pace : 1;
}

static struct what_if_loss *open_loss(struct what_if *what, int host)
{
    int i;
    for (i = what->n_losses - 1; i >= 0; i--)
        if (what->loss[i].host == host && what->loss[i].to_ms < 0)
            return &what->loss[i];
    return NULL;
}

static void begin_loss(struct what_if *what, int host, bool answers, int64_t wall_ms)
{
    if (what->n_losses == SCENARIO_FAULTS) {
        memmove(what->loss, what->loss + 1, (SCENARIO_FAULTS - 1) * sizeof *what->loss);
        what->n_losses--;
        what->more++;
    }
    what->loss[what->n_losses++] = (struct what_if_loss){host, answers, wall_ms, -1};
}

void what_if_see(struct what_if *what, int64_t wall_ms, const struct view *view)
{
    int i;
    if (what->from_ms < 0)
        what->from_ms = wall_ms;
    if (wall_ms > what->to_ms)
        what->to_ms = wall_ms;
    for (i = 0; i < view->n && i < POLICY_HOSTS; i++) {
        const struct view_host *seen = &view->host[i];
        struct what_if_loss *loss = open_loss(what, i);
        if (loss && seen->online > 0)
            loss->to_ms = wall_ms;
        else if (loss && seen->probe == PROBE_DOWN)
            loss->answers = false;
        else if (!loss && seen->online == 0 && seen->slots > 0)
            begin_loss(what, i, seen->probe != PROBE_DOWN, wall_ms);
    }
}

static enum und_code read_ended(void *context, int64_t at_ms, const char *text, struct und_err *err)
{
    struct what_if *what = context;
    json_t *ends = json_loads(text, 0, NULL), *each;
    size_t i;
    (void)at_ms, (void)err;
    json_array_foreach (ends, i, each) {
        struct job_end_row row = {
            (int64_t)json_integer_value(json_array_get(each, 0)),
            (int64_t)json_integer_value(json_array_get(each, 1)),
        };
        if (row.duration_ms < 0 || row.created_ms < what->from_ms || row.created_ms > what->to_ms ||
            what->n_jobs == MOST_JOBS)
            continue;
        if (what->n_jobs == what->room) {
            what->room = what->room ? 2 * what->room : 1024;
            what->job = realloc(what->job, what->room * sizeof *what->job);
            UND_ASSERT(what->job != NULL);
        }
        what->job[what->n_jobs++] = row;
    }
    json_decref(ends);
    return UND_OK;
}

static int by_creation(const void *a, const void *b)
{
    const struct job_end_row *x = a, *y = b;
    return (x->created_ms > y->created_ms) - (x->created_ms < y->created_ms);
}

/* ---- the scenario ---- */

static double fleet_s(const struct what_if *what, int64_t wall_ms)
{
    return (double)(wall_ms - what->from_ms) * what->pace / 1000;
}

static bool write_trace(const struct what_if *what, const char *path)
{
    FILE *file = fopen(path, "w");
    size_t i;
    if (!file)
        return false;
    fputs("submit_s,duration_s\n", file);
    for (i = 0; i < what->n_jobs; i++) {
        double took_s = (double)what->job[i].duration_ms * what->pace / 1000;
        fprintf(file, "%.3f,%.3f\n", fleet_s(what, what->job[i].created_ms),
                took_s > 0 ? took_s : 0.5); /* GitHub's times are whole seconds */
    }
    return fclose(file) == 0;
}

/* The trace counts from its first job; so does the scenario. */
static json_t *scenario_of(const struct what_if *what, const char *fleet)
{
    double first_s = fleet_s(what, what->job[0].created_ms), end_s = fleet_s(what, what->to_ms);
    json_t *faults = json_array();
    char at[64], lasts[64];
    int i;
    for (i = 0; i < what->n_losses; i++) {
        const struct what_if_loss *loss = &what->loss[i];
        double from_s = fleet_s(what, loss->from_ms) - first_s;
        double to_s = loss->to_ms < 0 ? end_s : fleet_s(what, loss->to_ms);
        if (from_s < 0)
            continue; /* nothing was asked of it before */
        snprintf(at, sizeof at, "%.3fs", from_s);
        snprintf(lasts, sizeof lasts, "%.3fs", fmax(to_s - first_s - from_s, 1));
        json_array_append_new(faults, json_pack("{s:s, s:s, s:s, s:s}", "kind",
                                                loss->answers ? "service-stop" : "host-power-loss",
                                                "target", what->host[loss->host], "at", at, "lasts",
                                                lasts));
    }
    snprintf(at, sizeof at, "%.3fs", end_s - first_s + 3600);
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", "recorded", "fleet", fleet, "duration",
                     at, "warmup", "0s", "faults", faults);
}

static enum und_code load(const struct what_if *what, const char *folder, const char *fleet,
                          struct scenario *scenario, struct und_err *err)
{
    char trace[PLACE + 20], path[PLACE + 20], workload[PLACE + 120];
    const char *const sets[] = {workload};
    json_t *text = scenario_of(what, fleet);
    int i;
    snprintf(trace, sizeof trace, "%s/jobs.csv", folder);
    snprintf(path, sizeof path, "%s/recorded.json", folder);
    snprintf(workload, sizeof workload, "fleet.workload={arrivals: {kind: trace, file: '%s'}}",
             trace);
    if (!write_trace(what, trace) || json_dump_file(text, path, 0) != 0)
        und_fail(err, UND_USAGE, "%s: cannot be written", folder);
    else if (scenario_load(scenario, path, sets, 1, err) == UND_OK)
        for (i = 0; i < scenario->fleet.n_hosts; i++)
            scenario->fleet.hosts[i].has_mtbf = false; /* its losses are those that were recorded */
    json_decref(text);
    unlink(trace);
    unlink(path);
    return err->code;
}

/* ---- the two of them ---- */

static json_t *pair(const double *then, const double *now, int64_t n, double unit)
{
    struct estimate a, b;
    struct comparison both;
    if (!then || !now)
        return json_null();
    a = stats_mean(then, (size_t)n, STATS_CONFIDENCE);
    b = stats_mean(now, (size_t)n, STATS_CONFIDENCE);
    both = stats_compare(then, now, (size_t)n, STATS_CONFIDENCE);
    if (both.difference.n < 2)
        return json_null();
    return json_pack("{s:f, s:f, s:f, s:f, s:I}", "then", a.mean * unit, "now", b.mean * unit,
                     "difference", both.difference.mean * unit, "half_width",
                     both.difference.half_width * unit, "n", (json_int_t)both.difference.n);
}

static json_t *compare(const struct what_if *what, const struct scenario *scenario,
                       const struct result *then, const struct result *now)
{
    int64_t n = then->replications < now->replications ? then->replications : now->replications;
    double minutes = (double)scenario->duration_ms / 60000;
    return json_pack(
        "{s:I, s:I, s:i, s:i, s:I, s:o, s:o}", "fleet_ms", (json_int_t)scenario->duration_ms,
        "jobs", (json_int_t)what->n_jobs, "losses", scenario->n_faults, "losses_left_out",
        what->n_losses + what->more - scenario->n_faults, "replications", (json_int_t)n, "rto_ms",
        pair(then->by_replication[METRIC_RTO], now->by_replication[METRIC_RTO], n, 1),
        "queue_minutes",
        pair(then->by_replication[METRIC_QUEUE_LENGTH], now->by_replication[METRIC_QUEUE_LENGTH], n,
             minutes));
}

static bool same_hosts(const struct what_if *what, const struct fleet *fleet)
{
    int i;
    for (i = 0; i < what->n_hosts && i < fleet->n_hosts; i++)
        if (strcmp(what->host[i], fleet->hosts[i].name) != 0)
            return false;
    return what->n_hosts == fleet->n_hosts;
}

static enum und_code play(const struct what_if *what, struct scenario *scenario,
                          replay_simulator *simulate, json_t **out, struct und_err *err)
{
    struct policy_config other = scenario->fleet.policy;
    struct result then = {0}, now = {0};
    scenario->fleet.policy = what->config;
    if (simulate(scenario, &then, err) != UND_OK)
        return err->code;
    scenario->fleet.policy = other;
    if (simulate(scenario, &now, err) == UND_OK) {
        *out = compare(what, scenario, &then, &now);
        result_fini(&now);
    }
    result_fini(&then);
    return err->code;
}

static json_t *too_little(const char *format, long long got, long long wanted)
{
    char line[200];
    snprintf(line, sizeof line, format, got, wanted);
    return json_pack("{s:s}", "too_little", line);
}

enum und_code what_if_simulate(struct what_if *what, struct journal *journal, const char *policy,
                               replay_simulator *simulate, json_t **out, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    char folder[PLACE] = "/tmp/understudy-replay-XXXXXX", *fleet = realpath(policy, NULL);
    int64_t fleet_ms = (int64_t)((double)(what->to_ms - what->from_ms) * what->pace);
    UND_ASSERT(scenario != NULL);
    *out = NULL;
    if (what->from_ms >= 0)
        journal_notes(journal, "ended", 0, read_ended, what, err);
    if (what->n_jobs > 0)
        qsort(what->job, what->n_jobs, sizeof *what->job, by_creation);
    if (err->code != UND_OK)
        ;
    else if (what->from_ms < 0 || fleet_ms < WHAT_IF_LEAST_MS)
        *out = too_little("%lld min are recorded, want %lld",
                          what->from_ms < 0 ? 0 : (long long)(fleet_ms / 60000),
                          WHAT_IF_LEAST_MS / 60000);
    else if (what->n_jobs < WHAT_IF_JOBS)
        *out = too_little("%lld ended jobs are recorded, want %lld", (long long)what->n_jobs,
                          WHAT_IF_JOBS);
    else if (!fleet || !mkdtemp(folder))
        und_fail(err, UND_USAGE, "%s: cannot be used, or /tmp cannot", policy);
    else {
        if (load(what, folder, fleet, scenario, err) == UND_OK) {
            if (same_hosts(what, &scenario->fleet))
                play(what, scenario, simulate, out, err);
            else
                *out = json_pack("{s:s}", "too_little",
                                 "the recorded hosts are not those of the other file");
            scenario_fini(scenario);
        }
        rmdir(folder);
    }
    free(fleet);
    free(scenario);
    return err->code;
}

/* ---- for people ---- */

static void print_pair(const char *name, const json_t *of, double unit, const char *word)
{
    const double then = json_real_value(json_object_get(of, "then")) / unit;
    const double now = json_real_value(json_object_get(of, "now")) / unit;
    const double by = json_real_value(json_object_get(of, "difference")) / unit;
    const double half = json_real_value(json_object_get(of, "half_width")) / unit;
    if (!json_is_object(of))
        printf("  %s: no job was held up by a loss\n", name);
    else
        printf("  %s: %.1f%s then, %.1f%s now; difference %+.1f%s (%+.1f to %+.1f)\n", name, then,
               word, now, word, by, word, by - half, by + half);
}

void what_if_print(const json_t *simulated)
{
    const char *why = json_string_value(json_object_get(simulated, "too_little"));
    char length[WIRE_TIME];
    if (why) {
        printf("not simulated, too little is recorded: %s\n", why);
        return;
    }
    printf("simulated under both: %s, %lld recorded jobs, %lld recorded losses of a host, %lld "
           "times\n",
           wire_duration(length, json_integer_value(json_object_get(simulated, "fleet_ms"))),
           (long long)json_integer_value(json_object_get(simulated, "jobs")),
           (long long)json_integer_value(json_object_get(simulated, "losses")),
           (long long)json_integer_value(json_object_get(simulated, "replications")));
    print_pair("RTO", json_object_get(simulated, "rto_ms"), 1000, " s");
    print_pair("queue minutes", json_object_get(simulated, "queue_minutes"), 1, "");
}
