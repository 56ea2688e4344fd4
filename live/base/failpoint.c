#include "failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LATE_MS 1500

void failpoint(const char *where)
{
    static atomic_int passed;
    const char *text = getenv("UND_FAILPOINT");
    if (!text || atomic_fetch_add(&passed, 1) + 1 != atoi(text))
        return;
    fprintf(stderr, "understudy: failpoint %s: %s\n", text, where);
    raise(SIGKILL);
}

static const struct {
    const char *name;
    enum failpoint_fate fate;
    int calls; /* how many in a row; 0: all */
} kinds[] = {{"refuse", FAILPOINT_REFUSED, 1}, {"refuse-always", FAILPOINT_REFUSED, 0},
             {"late", FAILPOINT_LATE, 1},      {"cut", FAILPOINT_CUT, 1},
             {"kill", FAILPOINT_KILLED, 1},    {"signal", FAILPOINT_NONE, 2}};

enum failpoint_fate failpoint_call(const char *what)
{
    static atomic_int made;
    const char *text = getenv("UND_FAILCALL"), *colon = text ? strchr(text, ':') : NULL;
    size_t i;
    int n, first;
    if (!colon)
        return FAILPOINT_NONE;
    n = atomic_fetch_add(&made, 1) + 1;
    first = atoi(colon + 1);
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strlen(kinds[i].name) != (size_t)(colon - text) ||
            strncmp(kinds[i].name, text, (size_t)(colon - text)) != 0 || n < first ||
            (kinds[i].calls > 0 && n >= first + kinds[i].calls))
            continue;
        fprintf(stderr, "understudy: failpoint %s: call %d: %s\n", text, n, what);
        if (kinds[i].fate == FAILPOINT_NONE)
            raise(SIGINT);
        return kinds[i].fate;
    }
    return FAILPOINT_NONE;
}

void failpoint_called(enum failpoint_fate fate)
{
    const struct timespec late = {LATE_MS / 1000, LATE_MS % 1000 * 1000000L};
    if (fate == FAILPOINT_KILLED)
        raise(SIGKILL);
    if (fate == FAILPOINT_LATE)
        nanosleep(&late, NULL);
}

bool failpoint_alone(void)
{
    return getenv("UND_FAILALONE") != NULL;
}

void failpoint_disarm(void)
{
    unsetenv("UND_FAILPOINT");
    unsetenv("UND_FAILCALL");
}
