/*
 * A day of an active monitor, a hundred times as fast (make check-soak). Hosts break and mend,
 * every service goes and comes back in its ways (refuses, hangs, answers late, is cut after a
 * write), the monitor is killed, ended and told to reload at random. Three quarters of the day
 * it dies now and then; in the last it lives on, so that its memory and file descriptors can be
 * compared.
 *
 * Judged by what the stand-in saw, never by what the monitor says of itself:
 *   - no host loses a label while it has long been well, none gets one while it has long been
 *     broken;
 *   - somebody is always in the rotation;
 *   - every write that came in had been journalled; rows of the journal only become more;
 *   - the whole record replays to the same plans;
 *   - resident memory grows by at most 1 MiB, the number of open files not at all.
 * SOAK_SEED (1) and SOAK_HOURS (24) choose another day.
 */
#include "live/http/http.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"
#include "tests/support/sql.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FACTOR 100
#define FLEET_HOUR_MS (3600000 / FACTOR) /* real */
#define LOOK_MS 5
/* Longer than what may pass between a change of the world and what is rightly done about the state
 * before it: detection, persistence, writes that are tried again. Real ms; a busy machine's. */
#define LAG_MS 8000

enum service { GITHUB, PROMETHEUS, PROBES, SERVICES };
enum trouble { WORKS, REFUSES, HANGS, LATE, CUT, GARBAGE, TROUBLES };

static struct live_fixture world;
static struct script *server;
static atomic_int trouble[SERVICES];
static unsigned long long draw_state;

static int draw(int n)
{
    draw_state = draw_state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int)((draw_state >> 33) % (unsigned long long)n);
}

/* ---- the services, in their troubles ---- */

static enum service service_of(const char *request)
{
    return strstr(request, " /probe/")    ? PROBES
           : strstr(request, " /api/v1/") ? PROMETHEUS
                                          : GITHUB;
}

static void serve(void *context, const char *request, struct script_reply *reply)
{
    enum trouble is = (enum trouble)atomic_load(&trouble[service_of(request)]);
    switch (is) {
    case REFUSES:
        reply->reset = true;
        return;
    case HANGS:
        reply->delay_ms = 1500;
        reply->reset = true;
        return;
    case GARBAGE:
        reply->text = script_response("503 No", "", "<html>no</html>");
        return;
    case WORKS:
    case LATE:
    case CUT:
    case TROUBLES:
        break;
    }
    live_fixture_serve(context, request, reply);
    if (is == LATE)
        reply->delay_ms = 300;
    if (is == CUT && reply->text) { /* what was asked has been done */
        reply->text[strlen(reply->text) / 3] = '\0';
        reply->reset = true;
    }
}

/* ---- the monitor ---- */

static int start(void)
{
    static char github[120], prometheus[120], probe[2][140];
    char *const arguments[] = {"monitor", "--quiet", "--active", "--journal",    world.journal,
                               "--set",   github,    "--set",    prometheus,     "--set",
                               probe[0],  "--set",   probe[1],   world.scenario, NULL};
    const char *url = script_url(server);
    snprintf(github, sizeof github, "fleet.live.github.url=%s", url);
    snprintf(prometheus, sizeof prometheus, "fleet.live.prometheus.url=%s", url);
    snprintf(probe[0], sizeof probe[0], "fleet.hosts.0.probe=%s/probe/big", url);
    snprintf(probe[1], sizeof probe[1], "fleet.hosts.1.probe=%s/probe/small", url);
    live_fixture_lease(&world, ""); /* whoever had it is dead, and its time (real) over */
    return live_fixture_run(&world, arguments, 0);
}

static void slow_down(void)
{
    char command[700];
    snprintf(command, sizeof command,
             "sed -i -e 's/persist: 5s/persist: 60s/' -e 's/stale_after: 60s/stale_after: 5min/' "
             "-e 's/github_poll: 3s, alerts_poll: 2s, probe_interval: 1s/github_poll: 20s, "
             "alerts_poll: 15s, probe_interval: 10s/' -e 's/health_interval: 2s/health_interval: "
             "10s/' -e 's/grace: 0s/grace: 60s, block: 30min, max_failovers_per_hour: 2/' "
             "-e 's/allow_actions: true/allow_actions: true\\n    writes_per_hour: 1000/' %s",
             world.scenario);
    ck_assert_int_eq(system(command), 0);
}

static long resident_kib(int pid)
{
    char path[64], line[200];
    long kib = -1;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = atol(line + 6);
    if (file)
        fclose(file);
    return kib;
}

static int open_files(int pid)
{
    char path[64];
    int n = -3; /* ., .. and the folder itself */
    DIR *folder;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    folder = opendir(path);
    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n;
}

static int64_t ask(const char *sql)
{
    return sql_number(world.journal, sql);
}

/* ---- what is judged ---- */

static struct {
    bool was[3];
    int64_t broke_ms, mended_ms; /* of big, the last time */
    int removals, returns, kills, ends, reloads, faults, breaks;
    int64_t rows;
} record;

static void judge(int64_t now_ms)
{
    bool broken = live_fixture_is_broken(&world);
    int i;
    for (i = 0; i < 3; i++) {
        bool is = atomic_load(&world.active[i]);
        if (is == record.was[i])
            continue;
        record.removals += !is;
        record.returns += is;
        record.was[i] = is;
        ck_assert_msg(is || i < 2, "the backup lost its label, %lld ms after a start",
                      (long long)now_ms);
        ck_assert_msg(is || broken || now_ms - record.mended_ms < LAG_MS,
                      "a label was taken from a host that had been well for %lld ms",
                      (long long)(now_ms - record.mended_ms));
        ck_assert_msg(!is || !broken || now_ms - record.broke_ms < LAG_MS,
                      "a label was put on a host that had been broken for %lld ms",
                      (long long)(now_ms - record.broke_ms));
    }
    ck_assert_msg(record.was[0] || record.was[1] || record.was[2], "nobody is in the rotation");
}

static void count_rows(void)
{
    int64_t rows = ask("SELECT (SELECT count(*) FROM decision) + (SELECT count(*) FROM note) +"
                       " (SELECT count(*) FROM step) + (SELECT count(*) FROM step_event)");
    int64_t intended = ask("SELECT count(*) FROM step WHERE name LIKE '% label %'");
    ck_assert_msg(rows >= record.rows, "%lld rows were lost", (long long)(record.rows - rows));
    record.rows = rows;
    ck_assert_msg(intended >= atomic_load(&world.writes), "%d writes came in, %lld are journalled",
                  atomic_load(&world.writes), (long long)intended);
    ck_assert_int_eq(ask("SELECT count(*) FROM (SELECT run FROM decision GROUP BY run"
                         " HAVING count(*) <> max(number))"),
                     0);
}

static void all_works(void)
{
    int i;
    for (i = 0; i < SERVICES; i++)
        atomic_store(&trouble[i], WORKS);
}

/* One thing happens. `mortal`: the monitor may end. */
static void happen(int *pid, bool mortal, int64_t now_ms)
{
    int what = draw(mortal ? 12 : 9), status;
    if (what < 3) {
        if (live_fixture_is_broken(&world)) {
            record.mended_ms = now_ms;
            unlink(world.broken);
        } else {
            record.broke_ms = now_ms;
            record.breaks++;
            live_fixture_touch(world.broken);
        }
    } else if (what < 8) {
        atomic_store(&trouble[draw(SERVICES)], draw(TROUBLES));
        record.faults++;
    } else if (what == 8) {
        all_works();
    } else if (what == 9) {
        kill(*pid, SIGHUP);
        record.reloads++;
    } else {
        kill(*pid, what == 10 ? SIGTERM : SIGKILL);
        status = live_fixture_wait(&world, *pid);
        ck_assert_msg(status == (what == 10 ? 0 : 128 + SIGKILL), "the monitor ended with %d",
                      status);
        record.kills += what == 11;
        record.ends += what == 10;
        count_rows();
        *pid = start();
    }
}

static void live_through(int *pid, int64_t real_ms, bool mortal)
{
    int64_t end_ms = http_monotonic_ms() + real_ms, next_ms = http_monotonic_ms() + 3000;
    while (http_monotonic_ms() < end_ms) {
        int64_t now_ms = http_monotonic_ms();
        judge(now_ms);
        if (now_ms >= next_ms) { /* every five fleet minutes on average */
            happen(pid, mortal, now_ms);
            next_ms = now_ms + 500 + draw(5000);
        }
        ck_assert_msg(kill(*pid, 0) == 0, "the monitor is gone");
        live_fixture_pause(LOOK_MS);
    }
}

/* In a quiet minute: everything works, the host is well and in. The least of several looks. */
static void measure(int pid, long *kib, int *files)
{
    int i;
    all_works();
    if (live_fixture_is_broken(&world))
        record.mended_ms = http_monotonic_ms();
    unlink(world.broken);
    *files = 1 << 20;
    for (i = 0; i < 1500; i++) {
        int now = open_files(pid);
        judge(http_monotonic_ms());
        *files = i > 500 && now < *files ? now : *files;
        live_fixture_pause(10);
    }
    *kib = resident_kib(pid);
}

START_TEST(a_day)
{
    const char *seed = getenv("SOAK_SEED"), *hours = getenv("SOAK_HOURS");
    int64_t all_ms = (hours ? atoi(hours) : 24) * (int64_t)FLEET_HOUR_MS;
    char *const replay[] = {"replay", "--quiet", world.journal, NULL};
    long kib[2];
    int files[2], pid, i;
    draw_state = seed ? strtoull(seed, NULL, 10) : 1;
    slow_down();
    for (i = 0; i < 3; i++)
        record.was[i] = true;
    record.mended_ms = -LAG_MS;
    pid = start();
    live_through(&pid, all_ms * 3 / 4, true);
    live_through(&pid, FLEET_HOUR_MS, false); /* until its caches are as full as they get */
    measure(pid, &kib[0], &files[0]);
    live_through(&pid, all_ms / 4, false);
    measure(pid, &kib[1], &files[1]);
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    count_rows();
    printf("%d labels off, %d on; %d breaks, %d troubles of services; kill -9 %d times, ended %d, "
           "reloaded %d\n%lld rows; resident %ld then %ld KiB; %d then %d files open\n",
           record.removals, record.returns, record.breaks, record.faults, record.kills, record.ends,
           record.reloads, (long long)record.rows, kib[0], kib[1], files[0], files[1]);
    fflush(stdout);
    ck_assert_int_gt(record.removals, 0);
    ck_assert_int_gt(record.returns, 0);
    ck_assert_int_le(kib[1] - kib[0], 1024);
    ck_assert_int_eq(files[1], files[0]);
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, replay, 0)), 0);
}
END_TEST

static void set_up(void)
{
    live_fixture_open(&world, NULL, "");
    server = script_open(serve, &world, NULL);
}

static void tear_down(void)
{
    script_close(server);
    live_fixture_close(&world);
}

Suite *suite(void)
{
    Suite *all = suite_create("soak");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 24 * 3600);
    tcase_add_test(tcase, a_day);
    suite_add_tcase(all, tcase);
    return all;
}
