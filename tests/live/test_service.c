/* The monitor as a service: its unit, the service manager's protocol, SIGHUP, what the journal
 * forgets, how GitHub's requests are spent. */
#include "live/http/http.h"
#include "live/journal/journal.h"
#include "live/watch/feed.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"
#include "tests/support/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct live_fixture world;
static struct und_err err;

static void set_up(void)
{
    err = (struct und_err){0};
    live_fixture_open(&world, NULL, "");
}

static void tear_down(void)
{
    live_fixture_close(&world);
}

START_TEST(the_unit_is_hardened)
{
    char line[300];
    double exposure = -1;
    FILE *out;
    if (system("command -v systemd-analyze >/dev/null") != 0)
        return;
    out = popen("systemd-analyze security --offline=true"
                " scenarios/systemd/understudy-monitor.service 2>&1",
                "r");
    while (fgets(line, sizeof line, out)) {
        const char *at = strstr(line, "Overall exposure level for");
        if (at && (at = strrchr(at, ':')) != NULL)
            exposure = strtod(at + 1, NULL);
    }
    pclose(out);
    ck_assert_double_ge(exposure, 0);
    ck_assert_double_lt(exposure, 2);
}
END_TEST

/* Whoever has no page has no token for it. Told by the service manager's own reading of the unit:
 * a credential with a default may be missing (systemd.exec(5)). */
START_TEST(a_monitor_without_a_page_needs_no_token_for_it)
{
    char line[400], all[4000] = "";
    FILE *out;
    if (system("command -v systemd-analyze >/dev/null") != 0)
        return;
    out = popen("d=$(mktemp -d) && sed 's,^ExecStart=[^ ]*,ExecStart=/bin/true,'"
                " scenarios/systemd/understudy-monitor.service >$d/understudy-monitor.service &&"
                " systemd-analyze verify --man=no $d/understudy-monitor.service 2>&1; rm -r $d;"
                " grep -E '^(Load|Set)Credential=' scenarios/systemd/understudy-monitor.service",
                "r");
    while (fgets(line, sizeof line, out))
        strncat(all, line, sizeof all - strlen(all) - 1);
    ck_assert_int_eq(pclose(out), 0);
    ck_assert_str_eq(all, "LoadCredential=github-token:/etc/understudy/github-token\n"
                          "LoadCredential=page-token:/etc/understudy/page-token\n"
                          "SetCredential=page-token:-\n");
}
END_TEST

/* What stands in for it is no token: a page with it is refused, not left open to a guess. */
START_TEST(what_stands_in_for_a_token_is_none)
{
    char path[200],
        page[] = "fleet.live.page={address: '127.0.0.1:0', token: 'credential:page-token'}";
    FILE *file;
    char *const arguments[] = {"monitor", "--journal", world.journal, world.scenario,
                               "--set",   page,        NULL};
    snprintf(path, sizeof path, "%s/page-token", world.folder);
    file = fopen(path, "w");
    fputs("-", file);
    fclose(file);
    chmod(path, 0600);
    setenv("CREDENTIALS_DIRECTORY", world.folder, 1);
    ck_assert_int_eq(live_fixture_wait(&world, live_fixture_run(&world, arguments, 0)), 2);
    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert(live_fixture_said(&world, "page-token: got 1 characters, want at least 4"));
}
END_TEST

static int start(void)
{
    char *const arguments[] = {"monitor", "--journal", world.journal, world.scenario, NULL};
    return live_fixture_run(&world, arguments, 0);
}

static bool await_datagram(int in, const char *want)
{
    char text[200];
    int i;
    for (i = 0; i < 200; i++) {
        ssize_t n = recv(in, text, sizeof text - 1, 0);
        if (n < 0)
            return false;
        text[n] = '\0';
        if (strcmp(text, want) == 0)
            return true;
    }
    return false;
}

START_TEST(the_service_manager_is_told)
{
    const struct timeval patience = {.tv_sec = 20};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int in = socket(AF_UNIX, SOCK_DGRAM, 0), pid;
    int64_t began_ms;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", world.folder);
    ck_assert_int_eq(bind(in, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "200000", 1);
    pid = start();
    ck_assert(await_datagram(in, "READY=1"));
    ck_assert(await_datagram(in, "WATCHDOG=1"));
    ck_assert(await_datagram(in, "WATCHDOG=1"));
    ck_assert(live_fixture_await(&world, "big: serving"));
    began_ms = http_monotonic_ms();
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    ck_assert_int_lt(http_monotonic_ms() - began_ms, 2000);
    ck_assert(await_datagram(in, "STOPPING=1"));
    ck_assert(live_fixture_is_closed(&world));
    close(in);
}
END_TEST

static void append(const char *text)
{
    FILE *file = fopen(world.scenario, "a");
    fputs(text, file);
    fclose(file);
}

START_TEST(a_valid_file_is_taken_and_another_refused)
{
    struct stat before;
    int pid = start();
    ck_assert(live_fixture_await(&world, "big: serving"));
    ck_assert_int_eq(stat(world.scenario, &before), 0);
    append("nonsense: true\n");
    kill(pid, SIGHUP);
    ck_assert(live_fixture_await(&world, "fleet: the old file stays in use: "));
    ck_assert(live_fixture_said(&world, "nonsense"));
    live_fixture_touch(world.broken); /* and it still watches */
    ck_assert(live_fixture_await(&world, "big: drained"));
    unlink(world.broken);
    ck_assert(live_fixture_await(&world, "big: restored"));
    ck_assert_int_eq(truncate(world.scenario, before.st_size), 0);
    append("# changed\n");
    kill(pid, SIGHUP);
    ck_assert(live_fixture_await(&world, "fleet: the file has been read again"));
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* ---- the journal ---- */

static int64_t ask(const char *sql)
{
    return sql_number(world.journal, sql);
}

static int64_t record_run(struct journal *journal, enum journal_kind kind, bool ended)
{
    static struct view view = {.n = 1};
    static struct plan plan = {.n = 1};
    json_t *about = json_object();
    int64_t run;
    int i;
    journal_begin(journal, kind, "test", about, &run, &err);
    for (i = 0; i < 20; i++)
        journal_decision(journal, run, i, &view, &plan, &err);
    journal_note(journal, run, "github", "cannot be read", &err);
    journal_note(journal, run, "incident", "{}", &err);
    for (i = 0; i < 3; i++) { /* settled, open, and a write that is no canary */
        struct journal_step step = {.run = run, .name = "it", .lease_until_ms = -1};
        snprintf(step.action, sizeof step.action, "%s",
                 i < 2 ? "{\"dispatch\":{}}" : "{\"label\":{}}");
        snprintf(step.undo, sizeof step.undo, "%s", i < 2 ? "{\"canary\":{}}" : "");
        journal_intend(journal, &step, &err);
        journal_event(journal, step.id, i == 1 ? JOURNAL_DONE : JOURNAL_UNDONE, "", &err);
    }
    if (ended)
        journal_end(journal, run, 0, "ended", &err);
    ck_assert_msg(err.code == UND_OK, "%s", err.text);
    json_decref(about);
    return run;
}

START_TEST(old_runs_are_forgotten_and_nothing_else)
{
    struct journal *journal;
    int forgotten;
    ck_assert_int_eq(journal_open(&journal, world.journal, &err), UND_OK);
    record_run(journal, JOURNAL_MONITOR, true);
    record_run(journal, JOURNAL_DRILL, true);
    record_run(journal, JOURNAL_MONITOR, true);
    record_run(journal, JOURNAL_MONITOR, false);
    ck_assert_int_eq(journal_trim(journal, 0, INT64_MAX, &forgotten, &err), UND_OK);
    ck_assert_int_eq(forgotten, 0);
    ck_assert_int_eq(journal_trim(journal, http_wall_ms() + 1000, INT64_MAX, &forgotten, &err),
                     UND_OK);
    ck_assert_int_eq(forgotten, 2);
    ck_assert_int_eq(ask("SELECT count(*) FROM decision WHERE run IN (1, 3)"), 0);
    ck_assert_int_eq(ask("SELECT count(*) FROM decision WHERE run IN (2, 4)"), 40);
    ck_assert_int_eq(ask("SELECT count(*) FROM note WHERE topic = 'incident'"), 4);
    ck_assert_int_eq(ask("SELECT count(*) FROM note WHERE topic = 'github'"), 2);
    ck_assert_int_eq(ask("SELECT count(*) FROM step WHERE run IN (1, 3)"), 4);
    ck_assert_int_eq(ask("SELECT count(*) FROM step WHERE run IN (2, 4)"), 6);
    ck_assert_int_eq(ask("SELECT count(*) FROM step_event"), 10);
    ck_assert_int_eq(ask("SELECT count(*) FROM run"), 4);
    /* And the guards are back. */
    ck_assert_int_eq(ask("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"), 12);
    journal_close(journal);
}
END_TEST

START_TEST(size_makes_it_forget_the_oldest_first)
{
    struct journal *journal;
    int forgotten, i;
    int64_t bytes;
    ck_assert_int_eq(journal_open(&journal, world.journal, &err), UND_OK);
    for (i = 0; i < 10; i++)
        record_run(journal, JOURNAL_MONITOR, true);
    bytes = journal_bytes(journal);
    ck_assert_int_gt(bytes, 0);
    ck_assert_int_eq(journal_trim(journal, 0, bytes / 2, &forgotten, &err), UND_OK);
    ck_assert_int_gt(forgotten, 0);
    ck_assert_int_lt(forgotten, 10);
    ck_assert_int_eq(ask("SELECT count(DISTINCT run) FROM decision"), 10 - forgotten);
    ck_assert_int_gt(ask("SELECT min(run) FROM decision"), forgotten);
    ck_assert_int_le(journal_bytes(journal), bytes / 2);
    journal_close(journal);
}
END_TEST

/* ---- requests ---- */

/* 1,000 registrations are ten pages; forty lists of jobs beside them are a bad day. All of it
 * new at each poll, so that no 304 spares anything. */
START_TEST(the_hour_lasts_whatever_a_poll_costs)
{
    static const int64_t costs[] = {1, 10, 30, 50};
    int64_t cost = costs[_i], left = 5000, now_ms = 0, most_ms = 40000, polls = 0;
    while (now_ms < 3600000) {
        left -= cost;
        polls++;
        ck_assert_int_ge(left, 0);
        now_ms += feeds_pace_ms(cost, left, 20000, most_ms);
    }
    ck_assert_int_ge(left, 0);
    ck_assert_int_ge(polls, 3600000 / most_ms); /* never so seldom that the feed goes stale */
}
END_TEST

START_TEST(what_is_cheap_keeps_its_interval)
{
    ck_assert_int_eq(feeds_pace_ms(2, 4990, 20000, 40000), 20000);
    ck_assert_int_eq(feeds_pace_ms(0, 10, 20000, 40000), 20000);
    ck_assert_int_eq(feeds_pace_ms(5, -1, 20000, 40000), 20000); /* GitHub does not tell */
    ck_assert_int_eq(feeds_pace_ms(5, 0, 20000, 40000), 40000);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("service");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 90);
    tcase_add_test(tcase, the_unit_is_hardened);
    tcase_add_test(tcase, a_monitor_without_a_page_needs_no_token_for_it);
    tcase_add_test(tcase, what_stands_in_for_a_token_is_none);
    tcase_add_test(tcase, the_service_manager_is_told);
    tcase_add_test(tcase, a_valid_file_is_taken_and_another_refused);
    tcase_add_test(tcase, old_runs_are_forgotten_and_nothing_else);
    tcase_add_test(tcase, size_makes_it_forget_the_oldest_first);
    tcase_add_loop_test(tcase, the_hour_lasts_whatever_a_poll_costs, 0, 4);
    tcase_add_test(tcase, what_is_cheap_keeps_its_interval);
    suite_add_tcase(all, tcase);
    return all;
}
