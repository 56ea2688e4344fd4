/*
 * How late this machine is, while drills are carried out on it: in the working directory's `lags`,
 * until somebody ends it, a line "DUE-NS LAG-NS" for every wait that ended over 10 ms late
 * (tests/real/watchdog.h), and for every process that took SPAWN_MS to begin and end, as the
 * commands of drills do. A measure that is off beside many of them says something of the machine,
 * not of the rehearsal.
 */
#include "tests/real/real.h"
#include "tests/real/watchdog.h"

#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVERY_NS 250000000
#define SPAWN_NS 30000000

static void spawn(FILE *lags)
{
    char *const command[] = {"true", NULL};
    int64_t began_ns = real_now_ns(), took_ns;
    pid_t child;
    if (posix_spawnp(&child, command[0], NULL, NULL, command, environ) == 0)
        waitpid(child, NULL, 0);
    took_ns = real_now_ns() - began_ns;
    if (took_ns < SPAWN_NS)
        return;
    fprintf(lags, "%lld %lld\n", (long long)began_ns, (long long)took_ns);
    fflush(lags);
}

int main(void)
{
    struct und_err err = {0};
    FILE *lags;
    if (watchdog_start(&err) != UND_OK || (lags = fopen("lags", "a")) == NULL) {
        fprintf(stderr, "lateness: %s\n", err.text);
        return 2;
    }
    for (;;) {
        spawn(lags);
        real_sleep_until(real_now_ns() + EVERY_NS);
    }
}
