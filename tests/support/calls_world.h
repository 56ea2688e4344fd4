/*
 * What the table of an active monitor's calls (test_monitor_calls.c) is played in: the small world
 * of live_fixture.h with a server for GitHub, one for the monitoring and one for the others
 * (Grafana, Loki, the witness), each call of which may meet a fate; and a judge of what GitHub is
 * told.
 */
#ifndef TESTS_SUPPORT_CALLS_WORLD_H
#define TESTS_SUPPORT_CALLS_WORLD_H

#include "live_fixture.h"

#define CALLS 22

enum service { GITHUB, MONITORING, OTHERS, SERVICES };
enum story { BY_LABEL, BY_VARIABLE, STORIES };
/* What comes of it if it is refused for ever. */
enum outcome { WHOLE, NO_WRITE, NO_JOB, NO_RERUN, UNTOLD };

struct call {
    const char *name, *method, *path, *not ;
    enum service service;
    enum outcome outcome;
    int stories; /* in which it is made: a bit each */
};

extern const struct call calls[CALLS];

enum fate { REFUSED, LATE, CUT, REFUSED_ALWAYS, SIGNALLED, FATES };
struct play {
    struct live_fixture world;
    struct script *server[SERVICES];
    enum story story;
    enum fate fate;
    int only;                              /* the call that meets it; -1: each of the story */
    atomic_bool over;                      /* no call meets it any more */
    atomic_uint met;                       /* a bit each */
    atomic_int pid;                        /* the monitor's */
    _Atomic int64_t well_ms;               /* since when the host is well; 0: it is not */
    char wrong[200];                       /* the first wrong action; GitHub's thread's */
    atomic_int writes;                     /* that GitHub took */
    atomic_int notes, ended, lines, reads; /* of Grafana, of Loki */
    bool restored;                         /* said before the monitor was replaced */
    char failed[300];                      /* what the play came to; "": as it should */
    pthread_t thread;
};

void calls_open(struct play *p);
void calls_close(struct play *p);

#endif
