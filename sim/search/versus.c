#include "versus.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/load/loader.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 160

extern char **environ;

#define POWER_LOSS                                                                                 \
    "{at: {kind: uniform, min: 1h, max: 2h}, kind: host-power-loss, target: primary, lasts: 1h}"

static const struct {
    const char *about, *metric, *fault, *duration;
} questions[VERSUS_QUESTIONS] = {
    [VERSUS_RTO] = {"RTO after a power loss of a primary", "rto_ms", POWER_LOSS, "6h"},
    [VERSUS_FAILOVER] = {"failover after it: detection to routing changed", "failover_ms",
                         POWER_LOSS, "6h"},
    [VERSUS_FALSE] = {"false failovers: scrapes of a primary flap for 4 h", "failovers",
                      "{at: {kind: uniform, min: 1h, max: 2h}, kind: scrape-flap, share: 50%, "
                      "target: primary, lasts: 4h}",
                      "8h"},
    [VERSUS_FLAPS] = {"flapping: failovers while a primary comes and goes for 4 h", "failovers",
                      "{at: {kind: uniform, min: 0s, max: 10min}, kind: crash-loop, target: "
                      "primary, lasts: 4h, up: {kind: exponential, mean: 20min}, down: {kind: "
                      "exponential, mean: 6min}}",
                      "8h"},
};

/* ---- another program ---- */

/* What it prints, as JSON. */
static json_t *ask(const char *program, const char *file, int seed, int replications,
                   const char *const *sets, int n_sets, struct und_err *err)
{
    char seed_text[16], replications_text[16];
    char *arguments[ARGUMENTS];
    posix_spawn_file_actions_t actions;
    int up[2], n = 0, i, code;
    pid_t child;
    json_t *json = NULL;
    FILE *in;
    const char *const fixed[] = {
        program,           "sim",    file,      "--format",       "json",           "--quiet",
        "--no-documented", "--seed", seed_text, "--replications", replications_text};
    snprintf(seed_text, sizeof seed_text, "%d", seed);
    snprintf(replications_text, sizeof replications_text, "%d", replications);
    for (i = 0; i < (int)(sizeof fixed / sizeof *fixed); i++)
        arguments[n++] = (char *)(uintptr_t)fixed[i];
    for (i = 0; i < n_sets && n < ARGUMENTS - 3; i++) {
        arguments[n++] = (char *)(uintptr_t) "--set";
        arguments[n++] = (char *)(uintptr_t)sets[i];
    }
    arguments[n] = NULL;
    if (pipe(up) != 0) {
        und_fail(err, UND_USAGE, "--against: no pipe: %s", strerror(errno));
        return NULL;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, up[0]);
    code = posix_spawn(&child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(up[1]);
    in = fdopen(up[0], "r");
    UND_ASSERT(in != NULL);
    if (code == 0) {
        json = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL);
        waitpid(child, NULL, 0);
    }
    fclose(in);
    if (!json)
        und_fail(err, UND_FAILED, "--against: %s sim %s gave no result", program, file);
    return json;
}

static double mean_of(const json_t *json, const char *metric)
{
    const json_t *mean =
        json_object_get(json_object_get(json_object_get(json, "metrics"), metric), "mean");
    return json_is_number(mean) ? json_number_value(mean) : NAN;
}

/* ---- questions ---- */

enum und_code versus_write(const char *fleet, enum versus_question question, char path[VERSUS_FILE],
                           struct und_err *err)
{
    char named[PATH_MAX];
    FILE *out;
    int fd;
    snprintf(path, VERSUS_FILE, "/tmp/understudy-versus-XXXXXX.yaml");
    fd = mkstemps(path, 5);
    if (fd < 0 || !realpath(fleet, named) || !(out = fdopen(fd, "w")))
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    fprintf(out, "fleet: %s\nduration: %s\nstart: 1d9h\nfaults: [%s]\n", named,
            questions[question].duration, questions[question].fault);
    return fclose(out) == 0
               ? UND_OK
               : und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

static enum und_code answer(const char *here, const char *there, const char *fleet,
                            const char *const *sets, int n_sets, enum versus_question question,
                            struct versus *versus, struct und_err *err)
{
    const char *metric = questions[question].metric;
    double x[VERSUS_SEEDS], y[VERSUS_SEEDS];
    char path[VERSUS_FILE];
    int seed;
    if (versus_write(fleet, question, path, err) != UND_OK)
        return err->code;
    for (seed = 0; seed < VERSUS_SEEDS && err->code == UND_OK; seed++) {
        json_t *mine = ask(here, path, seed + 1, VERSUS_REPLICATIONS, sets, n_sets, err);
        json_t *theirs =
            mine ? ask(there, path, seed + 1, VERSUS_REPLICATIONS, sets, n_sets, err) : NULL;
        x[seed] = mean_of(mine, metric);
        y[seed] = mean_of(theirs, metric);
        json_decref(mine);
        json_decref(theirs);
    }
    unlink(path);
    if (err->code != UND_OK)
        return err->code;
    versus->answer[question].here = stats_mean(x, VERSUS_SEEDS, STATS_CONFIDENCE).mean;
    versus->answer[question].there = stats_mean(y, VERSUS_SEEDS, STATS_CONFIDENCE).mean;
    versus->answer[question].comparison = stats_compare(x, y, VERSUS_SEEDS, STATS_CONFIDENCE);
    return UND_OK;
}

/* ---- drills ---- */

static bool is_drill(const char *path)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct und_err err = {0};
    bool is;
    UND_ASSERT(scenario != NULL);
    is = loader_is_scenario(path) && scenario_load(scenario, path, NULL, 0, &err) == UND_OK &&
         scenario->drill.present;
    scenario_fini(scenario);
    free(scenario);
    return is;
}

static enum und_code rehearse(const char *here, const char *there, const char *path,
                              struct versus *versus, struct und_err *err)
{
    json_t *mine = ask(here, path, 1, VERSUS_REPLICATIONS, NULL, 0, err);
    json_t *theirs = mine ? ask(there, path, 1, VERSUS_REPLICATIONS, NULL, 0, err) : NULL;
    const char *a = json_string_value(json_object_get(mine, "digest"));
    const char *b = json_string_value(json_object_get(theirs, "digest"));
    versus->n_drills++;
    if (a && b && strcmp(a, b) != 0 && versus->n_stale < VERSUS_DRILLS)
        snprintf(versus->stale[versus->n_stale++], VERSUS_PATH, "%.500s", path);
    json_decref(mine);
    json_decref(theirs);
    return err->code;
}

static int is_yaml(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static void rehearse_all(const char *here, const char *there, const char *fleet,
                         struct versus *versus, struct und_err *err)
{
    char folder[PATH_MAX], path[PATH_MAX + 300];
    struct dirent **entry = NULL;
    const char *slash = strrchr(fleet, '/');
    int i, n;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - fleet) : 1, slash ? fleet : ".");
    n = scandir(folder, &entry, is_yaml, alphasort);
    for (i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        if (err->code == UND_OK && is_drill(path))
            rehearse(here, there, path, versus, err);
        free(entry[i]);
    }
    free(entry);
}

enum und_code versus_run(const char *here, const char *there, const char *fleet,
                         const char *const *sets, int n_sets, struct versus *versus,
                         struct und_err *err)
{
    int question;
    memset(versus, 0, sizeof *versus);
    for (question = 0; question < VERSUS_QUESTIONS && err->code == UND_OK; question++)
        answer(here, there, fleet, sets, n_sets, (enum versus_question)question, versus, err);
    if (err->code == UND_OK)
        rehearse_all(here, there, fleet, versus, err);
    return err->code;
}

/* ---- telling ---- */

static const char *value(enum versus_question question, double x, char text[UNITS_TEXT])
{
    if (isnan(x))
        return "-";
    if (question == VERSUS_RTO || question == VERSUS_FAILOVER)
        return units_format_duration((int64_t)llround(x), text);
    snprintf(text, UNITS_TEXT, "%.3f", x);
    return text;
}

void versus_print(FILE *out, const struct versus *versus)
{
    char a[UNITS_TEXT], b[UNITS_TEXT], c[UNITS_TEXT], d[UNITS_TEXT];
    int i;
    fprintf(out,
            "\nIn the simulator, this build | the other | the other less this (95%%, paired "
            "over %d seeds of %d replications):\n",
            VERSUS_SEEDS, VERSUS_REPLICATIONS);
    for (i = 0; i < VERSUS_QUESTIONS; i++) {
        enum versus_question question = (enum versus_question)i;
        const struct estimate *change = &versus->answer[i].comparison.difference;
        fprintf(out, "  %s: %s | %s | %s +- %s%s\n", questions[i].about,
                value(question, versus->answer[i].here, a),
                value(question, versus->answer[i].there, b), value(question, change->mean, c),
                value(question, change->half_width, d),
                fabs(change->mean) > change->half_width ? "  CHANGED" : "");
    }
    fprintf(out, "Drills that it makes stale: %d of %d\n", versus->n_stale, versus->n_drills);
    for (i = 0; i < versus->n_stale; i++)
        fprintf(out, "  %s\n", versus->stale[i]);
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *versus_json(const struct versus *versus)
{
    static const char *const names[VERSUS_QUESTIONS] = {"rto_ms", "failover_ms", "false_failovers",
                                                        "flapping"};
    json_t *root = json_object(), *stale = json_array();
    int i;
    for (i = 0; i < VERSUS_QUESTIONS; i++)
        json_object_set_new(
            root, names[i],
            json_pack("{s:o, s:o, s:o, s:o}", "here", number(versus->answer[i].here), "there",
                      number(versus->answer[i].there), "difference",
                      number(versus->answer[i].comparison.difference.mean), "half_width",
                      number(versus->answer[i].comparison.difference.half_width)));
    for (i = 0; i < versus->n_stale; i++)
        json_array_append_new(stale, json_string(versus->stale[i]));
    json_object_set_new(root, "drills", json_integer(versus->n_drills));
    json_object_set_new(root, "stale_drills", stale);
    return root;
}
