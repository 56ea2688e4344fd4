#include "live_fixture.h"
#include "helpers.h"
#include "live/base/wire.h"
#include "live/http/http.h"
#include "live/journal/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- files ---- */

void live_fixture_lease(struct live_fixture *world, const char *value)
{
    pthread_mutex_lock(&world->lease_lock);
    snprintf(world->lease, sizeof world->lease, "%s", value);
    pthread_mutex_unlock(&world->lease_lock);
}

void live_fixture_touch(const char *path)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

void live_fixture_forbid(struct live_fixture *world)
{
    world->forbidden = true;
}

bool live_fixture_is_broken(const struct live_fixture *world)
{
    return access(world->broken, F_OK) == 0;
}

static void write_token(const struct live_fixture *world)
{
    char path[160];
    FILE *file;
    snprintf(path, sizeof path, "%s/token", world->folder);
    file = fopen(path, "w");
    fputs(LIVE_FIXTURE_TOKEN "\n", file);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

/* A hundred times as fast as its durations. The target is reached through a shell that stands for
 * the network: it fails while `severed` exists. */
static void write_scenario(const struct live_fixture *world, const char *action, const char *more)
{
    const char *url = script_url(world->script);
    FILE *file = fopen(world->scenario, "w");
    fprintf(
        file,
        "name: small\n"
        "fleet:\n"
        "  hosts:\n"
        "    - {name: big, tier: primary, slots: 2, registrations: 'big-*', probe: "
        "'%s/probe/big'}\n"
        "    - {name: small, tier: backup, slots: 1, registrations: 'small-*',\n"
        "       probe: '%s/probe/small'}\n"
        "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 5min}]}\n"
        "  github: {write_spacing: 1s, fast_recovery: true}\n"
        "  monitoring: {}\n"
        "  policy:\n"
        "    {persist: 5s, confirm: 2, failback: {ramp: 5s, clear_for: 0s, health_checks: 1},\n"
        "     guard: {stale_after: 60s, grace: 0s}, severities: [critical]}\n"
        "  controller: {github_poll: 3s, alerts_poll: 2s, probe_interval: 1s, probe_misses: 2,\n"
        "               health_interval: 2s}\n"
        "  live:\n"
        "    github: {url: '%s', owner: o, repository: r, token: 'file:%s/token'}\n"
        "    prometheus: {url: '%s'}\n"
        "    places: [{name: net, via: [sh, -c, '[ ! -e %s ] && exec \"$@\"', net]}]\n"
        "    allow_actions: true\n"
        "    stop_file: %s\n"
        "    time_factor: 100\n"
        "faults: [{kind: host-power-loss, target: big, lasts: 30s}]\n"
        "drill:\n"
        "  lease: 2000s\n"
        "  inject:\n"
        "    - {name: break it, on: net, lease: guard, timeout: 5s, check: [test, -e, '%s'],\n"
        "       %s}\n"
        "  revert: {after: routing, hold: 2s, at_the_latest: 100s, recovery: 10min}\n"
        "%s",
        url, url, url, world->folder, url, world->severed, world->stop, world->broken, action,
        more);
    fclose(file);
}

void live_fixture_open(struct live_fixture *world, const char *action, const char *more)
{
    char usual[512];
    int i;
    memset(world, 0, sizeof *world);
    pthread_mutex_init(&world->lease_lock, NULL);
    world->folder = strdup(script_folder());
    snprintf(world->broken, sizeof world->broken, "%s/broken", world->folder);
    snprintf(world->severed, sizeof world->severed, "%s/severed", world->folder);
    snprintf(world->scenario, sizeof world->scenario, "%s/small.yaml", world->folder);
    snprintf(world->journal, sizeof world->journal, "%s/journal.db", world->folder);
    snprintf(world->output, sizeof world->output, "%s/output", world->folder);
    snprintf(world->stop, sizeof world->stop, "%s/stop", world->folder);
    for (i = 0; i < 3; i++)
        atomic_store(&world->active[i], true);
    for (i = 0; i < 3; i++)
        atomic_store(&world->id[i], i + 1);
    atomic_store(&world->attempt, 1);
    wire_time(world->began, http_wall_ms());
    snprintf(usual, sizeof usual, "run: [touch, '%s'], undo: [rm, -f, '%s']", world->broken,
             world->broken);
    world->script = script_open(live_fixture_serve, world, NULL);
    write_token(world);
    write_scenario(world, action ? action : usual, more);
}

void live_fixture_close(struct live_fixture *world)
{
    script_close(world->script);
    script_remove_folder(world->folder);
    free((char *)(uintptr_t)world->folder);
}

void live_fixture_with_canaries(struct live_fixture *world, int jobs)
{
    char command[900];
    snprintf(
        command, sizeof command,
        "sed -i -e 's/name: big, /name: big, labels: [self-hosted, big], /'"
        " -e 's/name: small, /name: small, labels: [self-hosted, small], /'"
        " -e 's/^  lease: /  canary: {jobs: %d}\\n  lease: /'"
        " -e 's/^    allow_actions/    canary: {workflow: canary.yml}\\n    allow_actions/' %s",
        jobs, world->scenario);
    ck_assert_int_eq(system(command), 0);
}

/* ---- the program ---- */

int live_fixture_run(struct live_fixture *world, char *const *arguments, int failpoint)
{
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char program[256], number[16], *all[16] = {program};
    int output, i;
    pid_t child;
    snprintf(program, sizeof program, "%s/understudy", build);
    snprintf(number, sizeof number, "%d", failpoint);
    for (i = 0; arguments[i]; i++) {
        ck_assert_int_lt(i, 14);
        all[i + 1] = arguments[i];
    }
    child = fork();
    if (child != 0)
        return child;
    output = open(world->output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(output, 1);
    dup2(output, 2);
    close(0);
    open("/dev/null", O_RDONLY);
    if (failpoint > 0)
        setenv("UND_FAILPOINT", number, 1);
    if (world->failcall[0])
        setenv("UND_FAILCALL", world->failcall, 1);
    if (world->full_disk) {
        const struct rlimit none = {0, 0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &none);
    }
    if (world->alone)
        setenv("UND_FAILALONE", "1", 1);
    setenv("TMPDIR", world->folder, 1);
    /* Many worlds, one machine. */
    setenv("UNDERSTUDY_LOCKS", world->locks ? world->locks : world->folder, 1);
    execv(program, all);
    _exit(127);
}

int live_fixture_start(struct live_fixture *world, const char *argument, int failpoint)
{
    char *const arguments[] = {"drill", "--journal", world->journal, (char *)(uintptr_t)argument,
                               /* a rollback judges nothing */
                               strcmp(argument, "--rollback") == 0 ? "--seed=1" : "--no-prediction",
                               world->scenario, world->forbidden ? "--set" : NULL,
                               "fleet.live.allow_actions=false", NULL};
    return live_fixture_run(world, arguments, failpoint);
}

static char *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 64 << 20);
    *size = file ? fread(text, 1, (64 << 20) - 1, file) : 0;
    if (file)
        fclose(file);
    return text;
}

static void check_no_token(const struct live_fixture *world)
{
    static const char *const files[] = {"output", "journal.db", "journal.db-wal",
                                        "journal.db.lock"};
    char path[200];
    size_t i, size;
    for (i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", world->folder, files[i]);
        char *text = slurp(path, &size);
        ck_assert_msg(memmem(text, size, LIVE_FIXTURE_TOKEN, strlen(LIVE_FIXTURE_TOKEN)) == NULL,
                      "the credential is in %s", path);
        free(text);
    }
}

void live_fixture_lease_for(struct live_fixture *world, int fleet_s)
{
    char command[300];
    snprintf(command, sizeof command, "sed -i 's/^  lease: .*s$/  lease: %ds/' %s", fleet_s,
             world->scenario);
    ck_assert_int_eq(system(command), 0);
}

int live_fixture_wait(struct live_fixture *world, int pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    check_no_token(world);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int live_fixture_drill(struct live_fixture *world, const char *argument, int failpoint)
{
    return live_fixture_wait(world, live_fixture_start(world, argument, failpoint));
}

bool live_fixture_said(const struct live_fixture *world, const char *text)
{
    size_t size;
    char *output = slurp(world->output, &size);
    bool said = strstr(output, text) != NULL;
    if (!said)
        fprintf(stderr, "want '%s' in:\n%s\n", text, output);
    free(output);
    return said;
}

bool live_fixture_said_quietly(const struct live_fixture *world, const char *text)
{
    size_t size;
    char *output = slurp(world->output, &size);
    bool said = strstr(output, text) != NULL;
    free(output);
    return said;
}

void live_fixture_pause(int ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&nap, NULL);
}

bool live_fixture_labels_on(const struct live_fixture *world)
{
    return world->active[0] && world->active[1] && world->active[2];
}

bool live_fixture_labels_off(const struct live_fixture *world)
{
    return !world->active[0] && !world->active[1];
}

void live_fixture_rolls_back(struct live_fixture *world)
{
    unlink(world->stop);
    ck_assert_int_eq(live_fixture_drill(world, "--rollback", 0), 0);
    ck_assert(live_fixture_is_closed(world));
}

bool live_fixture_await(const struct live_fixture *world, const char *text)
{
    int i;
    for (i = 0; i < 1500 && !live_fixture_said_quietly(world, text); i++)
        live_fixture_pause(20);
    return live_fixture_said(world, text);
}

void live_fixture_turn_away(struct live_fixture *world)
{
    ck_assert_int_eq(unlink(world->output), 0);
}

bool live_fixture_is_closed(const struct live_fixture *world)
{
    struct journal *journal = NULL;
    struct journal_step *steps = NULL;
    struct journal_run runs[200];
    struct und_err err = {0};
    size_t n = 200, open = 0;
    bool closed = true;
    if (journal_open(&journal, world->journal, &err) != UND_OK ||
        journal_open_steps(journal, 0, &steps, &open, &err) != UND_OK ||
        journal_runs(journal, runs, &n, &err) != UND_OK)
        closed = false;
    for (; n > 0; n--)
        closed = closed && runs[n - 1].ended_ms >= 0;
    free(steps);
    journal_close(journal);
    return closed && open == 0;
}
