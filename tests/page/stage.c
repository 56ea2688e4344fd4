/*
 * A stage for the page's browser test (tests/page/drive.js): the smallest world of
 * tests/support/live_fixture.h with a monitor on it, at five times the speed. Says
 *     PORT n
 * and obeys lines on its input: `break` and `mend` (the host big), `strand` (a job whose labels
 * nobody has), `deaf` and `hear` (GitHub refuses, while big is down), `quit`.
 */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct live_fixture world;

static int start(void)
{
    char *const arguments[] = {"monitor",
                               "--journal",
                               world.journal,
                               "--set",
                               "fleet.live.page.address=127.0.0.1:0",
                               "--set",
                               "fleet.live.page.token=env:UND_PAGE_TOKEN",
                               "--set",
                               "fleet.live.time_factor=5",
                               "--set",
                               "fleet.policy.guard.grace=0s",
                               "--set",
                               "fleet.objectives={availability: 99%, mttd: 5min, mttr: 15min}",
                               world.scenario,
                               NULL};
    return live_fixture_run(&world, arguments, 0);
}

static int port(void)
{
    char line[300];
    int found = 0, i;
    for (i = 0; i < 500 && found == 0; i++) {
        FILE *said = fopen(world.output, "r");
        live_fixture_pause(20);
        while (said && fgets(line, sizeof line, said)) {
            const char *at = strstr(line, "page: port ");
            if (at)
                found = atoi(at + 11);
        }
        if (said)
            fclose(said);
    }
    return found;
}

static void obey(const char *line)
{
    if (strncmp(line, "break", 5) == 0)
        live_fixture_touch(world.broken);
    else if (strncmp(line, "mend", 4) == 0)
        unlink(world.broken);
    else if (strncmp(line, "strand", 6) == 0)
        world.stranded = world.with_job = true;
    else if (strncmp(line, "deaf", 4) == 0)
        atomic_store(&world.mischief, "HTTP/1.1 503 No\r\n\r\n{}");
    else if (strncmp(line, "hear", 4) == 0)
        atomic_store(&world.mischief, NULL);
}

START_TEST(stage)
{
    char line[64];
    int pid;
    live_fixture_open(&world, NULL, "");
    pid = start();
    printf("PORT %d\n", port());
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4) != 0)
        obey(line);
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
    live_fixture_close(&world);
}
END_TEST

/* A suite for the sake of the fixture, which is made for tests. */
Suite *suite(void)
{
    Suite *all = suite_create("stage");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, stage);
    suite_add_tcase(all, tcase);
    return all;
}
