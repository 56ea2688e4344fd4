/*
 * Whatever happens to any call that an active monitor makes to the outside, and whenever: a host is
 * out of the rotation while it is bad and in it again once it is well, its lost job is run again
 * once, and nobody else is touched. What GitHub refuses for ever is not done, and said. Judged by
 * the stand-ins' own records.
 *
 * One table of calls, five fates. Where a fate passes (refused once, late, cut), every kind of call
 * of a story meets it in one play, the first time it is made; where it stays, or ends the monitor,
 * each has a play of its own.
 */
#include "live/http/http.h"
#include "tests/support/calls_world.h"
#include "tests/support/helpers.h"
#include "tests/support/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAYS 40
/* Two dozen monitors at a hundred times the pace are too many for two cores with a sanitizer: there
 * the fates that pass are played, which meet every call as well. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define PLAYED REFUSED_ALWAYS
#else
#define PLAYED FATES
#endif
#define AT_ONCE 24 /* they mostly wait */
#define PATIENCE_MS 30000
#define ENDS_MS 4000 /* 2 s are promised, on a machine that has nothing else to do */

static const char *const fates[FATES] = {"refused once", "late", "cut after it", "refused for ever",
                                         "a second signal"};

/* ---- one play ---- */

static void start(struct play *p)
{
    struct live_fixture *w = &p->world;
    char *const arguments[] = {"monitor", "--active", "--journal", w->journal, w->scenario, NULL};
    atomic_store(&p->pid, live_fixture_run(w, arguments, 0));
}

static bool has_ended(int pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static bool is_out(struct play *p)
{
    struct live_fixture *w = &p->world;
    return p->story == BY_VARIABLE ? atomic_load(&w->on_backup)
                                   : !atomic_load(&w->active[0]) && !atomic_load(&w->active[1]);
}

static bool is_in(struct play *p)
{
    struct live_fixture *w = &p->world;
    return !atomic_load(&w->on_backup) && live_fixture_labels_on(w);
}

static bool is_run_again(struct play *p)
{
    return atomic_load(&p->world.attempt) == 2;
}

static bool is_held(struct play *p)
{
    return live_fixture_said_quietly(&p->world, "nothing is written: ");
}

/* Canaries (LIKE), or whatever else is to be undone. */
static int64_t open_steps(const struct play *p, const char *like)
{
    char query[300];
    snprintf(
        query, sizeof query,
        "SELECT count(*) FROM step s WHERE undo <> '' AND undo %s '{\"canary\"%%' AND NOT EXISTS "
        "(SELECT 1 FROM step_event e WHERE e.step = s.id AND e.event IN (4, 6))",
        like);
    return sql_number(p->world.journal, query);
}

static bool is_settled(struct play *p)
{
    return (p->story == BY_VARIABLE ||
            (p->notes > 0 && p->ended > 0 && p->lines > 2 && p->reads > 0)) &&
           open_steps(p, "LIKE") == 0 && open_steps(p, "NOT LIKE") == 0;
}

static bool is_restored(struct play *p)
{
    return p->restored || live_fixture_said_quietly(&p->world, "big: restored");
}

static bool amiss(struct play *p, const char *what)
{
    if (!p->failed[0])
        snprintf(p->failed, sizeof p->failed, "%s", what);
    return false;
}

/* Ends it, or sees that it has ended, in time and as it should. */
static bool end(struct play *p, int signal, int wanted)
{
    int64_t began_ms = http_monotonic_ms(), pid = atomic_load(&p->pid);
    int code;
    if (signal > 0)
        kill((pid_t)pid, signal);
    while (!has_ended((int)pid) && http_monotonic_ms() - began_ms < ENDS_MS)
        live_fixture_pause(10);
    if (!has_ended((int)pid)) {
        kill((pid_t)pid, SIGKILL);
        live_fixture_wait(&p->world, (int)pid);
        return amiss(p, "did not end in time");
    }
    code = live_fixture_wait(&p->world, (int)pid);
    return code == wanted || amiss(p, "ended with another code");
}

/* A monitor that the second signal has ended is followed by another one, whose lease is free once
 * the dead one's minute is over. */
static bool await(struct play *p, bool (*holds)(struct play *), const char *what)
{
    int64_t until_ms = http_monotonic_ms() + PATIENCE_MS;
    while (!holds(p) && http_monotonic_ms() < until_ms) {
        if (has_ended(atomic_load(&p->pid))) {
            if (p->fate != SIGNALLED || atomic_load(&p->over))
                return amiss(p, "ended by itself");
            atomic_store(&p->over, true);
            if (!end(p, 0, 130))
                return false;
            p->restored = is_restored(p);
            live_fixture_turn_away(&p->world);
            live_fixture_lease(&p->world, "{\"holder\":\"dead/1/0\",\"until_ms\":1,\"fence\":7}");
            start(p);
        }
        live_fixture_pause(10);
    }
    return holds(p) || amiss(p, what);
}

static enum outcome outcome_of(const struct play *p)
{
    return p->fate == REFUSED_ALWAYS ? calls[p->only].outcome : WHOLE;
}

static void check_end(struct play *p, enum outcome outcome)
{
    struct live_fixture *w = &p->world;
    int64_t open = open_steps(p, "NOT LIKE");
    int64_t steps =
        sql_number(w->journal, "SELECT (SELECT count(*) FROM step WHERE action NOT LIKE "
                               "'{\"dispatch\"%') + (SELECT count(*) FROM step_event "
                               "WHERE event = 3)");
    if (p->wrong[0])
        amiss(p, p->wrong);
    if (!is_in(p))
        amiss(p, "in the end: not all are in the rotation");
    if (outcome == NO_WRITE && steps > 0 && p->writes > 0)
        amiss(p, "something was written");
    if ((outcome == WHOLE || outcome == UNTOLD) &&
        (atomic_load(&w->attempt) != 2 || atomic_load(&w->reruns) != 1))
        amiss(p, "the lost job was not run again once");
    if (outcome == NO_RERUN ? open != 1 : open != 0)
        amiss(p, "the journal's open steps are not what is left");
    if (steps < p->writes)
        amiss(p, "a write is not in the journal");
    if (outcome == WHOLE && p->story == BY_LABEL && p->notes != 1)
        amiss(p, "not one annotation");
}

static void *play(void *context)
{
    struct play *p = context;
    enum outcome outcome = outcome_of(p);
    start(p);
    if (outcome == NO_WRITE) {
        await(p, is_held, "not said that nothing is written");
        live_fixture_pause(500);
        if (!is_in(p))
            amiss(p, "moved all the same");
    } else {
        await(p, is_out, "not taken out");
    }
    if (outcome == WHOLE || outcome == UNTOLD)
        await(p, is_run_again, "not run again");
    if (outcome == NO_RERUN || outcome == NO_JOB)
        live_fixture_pause(1500);
    unlink(p->world.broken);
    atomic_store(&p->well_ms, http_monotonic_ms());
    await(p, is_in, "not put in again");
    if ((outcome == WHOLE || outcome == UNTOLD) && await(p, is_restored, "not restored")) {
        if (outcome == WHOLE)
            await(p, is_settled, "not told, or not settled");
        else
            live_fixture_pause(1500);
    }
    end(p, SIGTERM, 0);
    check_end(p, outcome);
    return NULL;
}

/* ---- the table's plays ---- */

static struct play plays[PLAYS];

static int add(int n, enum story story, enum fate fate, int only)
{
    ck_assert_int_lt(n, PLAYS);
    memset(&plays[n], 0, sizeof plays[n]);
    plays[n].story = story;
    plays[n].fate = fate;
    plays[n].only = only;
    return n + 1;
}

static int plays_of(enum fate fate)
{
    int n = 0, story, i;
    for (story = 0; story < STORIES; story++) {
        if (fate < REFUSED_ALWAYS)
            n = add(n, story, fate, -1);
        for (i = 0; fate >= REFUSED_ALWAYS && i < (int)CALLS; i++)
            if ((calls[i].stories >> story & 1) &&
                (story == 0 || !(calls[i].stories & 1))) /* in the first story that makes it */
                n = add(n, story, fate, i);
    }
    return n;
}

static void run_plays(int n)
{
    int first, i;
    for (first = 0; first < n; first += AT_ONCE) {
        int last = first + AT_ONCE < n ? first + AT_ONCE : n;
        for (i = first; i < last; i++) {
            calls_open(&plays[i]);
            ck_assert_int_eq(pthread_create(&plays[i].thread, NULL, play, &plays[i]), 0);
        }
        for (i = first; i < last; i++)
            pthread_join(plays[i].thread, NULL);
        for (i = first; i < last; i++) {
            if (plays[i].failed[0])
                live_fixture_said(&plays[i].world, "(to be shown)");
            calls_close(&plays[i]);
        }
    }
}

static unsigned made_in(enum story story)
{
    unsigned all = 0, i;
    for (i = 0; i < CALLS; i++)
        all |= (unsigned)(calls[i].stories >> story & 1) << i;
    return all;
}

START_TEST(whatever_happens_to_a_call_the_right_thing_comes_of_it)
{
    int n = plays_of((enum fate)_i), i, failed = 0;
    run_plays(n);
    for (i = 0; i < n; i++) {
        const struct play *p = &plays[i];
        unsigned due = p->only >= 0 ? 1u << p->only : made_in(p->story), k;
        for (k = 0; k < CALLS; k++)
            if (due >> k & 1 && !(p->met >> k & 1))
                fprintf(stderr, "%s: %s: never made\n", fates[_i], calls[k].name), failed++;
        if (p->failed[0])
            fprintf(stderr, "%s: %s: %s\n", fates[_i], p->only >= 0 ? calls[p->only].name : "each",
                    p->failed),
                failed++;
    }
    ck_assert_int_eq(failed, 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("monitor calls");
    TCase *table = tcase_create("table");
    tcase_set_timeout(table, 200);
    tcase_add_loop_test(table, whatever_happens_to_a_call_the_right_thing_comes_of_it, 0, PLAYED);
    suite_add_tcase(all, table);
    return all;
}
