/*
 * The smallest world in which a live drill can be played: GitHub with three registrations, their
 * labels, no jobs; Prometheus with one rule and one alert; two hosts with a probe each; all in one
 * scripted server. The host "big" is down while the file `broken` exists, which is what the drill's
 * injection makes. A folder holds the scenario, the journal, the token and what was printed.
 */
#ifndef TESTS_SUPPORT_LIVE_FIXTURE_H
#define TESTS_SUPPORT_LIVE_FIXTURE_H

#include "scripted_server.h"

#include <pthread.h>
#include <stdatomic.h>

#define LIVE_FIXTURE_CANARIES 8
#define LIVE_FIXTURE_TOKEN "ghp_TheTokenThatNobodyMaySee1234"

struct live_fixture {
    const char *folder;
    struct script *script;
    char broken[160], severed[160], scenario[160], journal[160], output[160], stop[160];
    atomic_bool active[3];          /* does the registration carry the label? */
    _Atomic(const char *) mischief; /* while `broken` exists, GitHub answers just this */
    atomic_int writes;
    bool forbidden;
    char
        failcall[32]; /* UND_FAILCALL of the next program that is started (failpoint.h); "": none */
    bool alone;       /* nobody watches over it (failpoint.h) */
    atomic_int id[3]; /* of the registrations; 0: it is gone */
    /* Run 7: a job on big-1 from the beginning. Only with `with_job`; set before anything starts.
     */
    bool with_job, neighbour; /* neighbour: the same run has another job on small-1 */
    char began[32];
    atomic_bool cancelled, was_broken, refuse_reruns;
    atomic_int attempt, reruns;
    /* So many of the next writes that put a label on (refuse_posts: of the next POSTs) get this
     * answer; negative: all. */
    atomic_int refusals;
    const char *refusal;
    bool refuse_posts;
    atomic_bool on_backup; /* the variable CI_HOST */
    bool stranded;         /* run 7's job is queued, for the labels of the primary */
    bool waiting;          /* ... for the labels that everybody carries, and nobody takes it */
    /* Dispatched, as runs 101 and following; none ever starts. A bit for each that is cancelled. */
    atomic_int canaries;
    _Atomic uint64_t cancelled_canaries;
    char dispatched[LIVE_FIXTURE_CANARIES][32]; /* when */
    bool pinned[LIVE_FIXTURE_CANARIES];         /* to big; small otherwise */
    bool canary_jobs;                           /* their jobs are listed ... */
    atomic_bool canaries_run;                   /* ... and run to their end */
    bool ephemeral;                             /* the registrations go after one job */
    bool foreign_group; /* they are in an organisation's group that does not serve the repository */
    bool leftover;      /* a third registration of big, offline, with the label */
    bool mute_monitoring; /* the mischief is Prometheus', not GitHub's */
    pthread_mutex_t lease_lock;
    char lease[400];        /* the variable UNDERSTUDY_LEASE, under its lock; "": there is none */
    atomic_bool all_broken; /* while `broken` exists, "small" is down as well */
    _Atomic(const char *) bearer; /* GitHub takes this token alone; NULL: any */
    bool full_disk;               /* no file grows any more for the programs that are started */
    const char *locks;            /* the folder of the locks; NULL: its own */
};

/* What the world's one server answers; for the fixture itself. */
void live_fixture_serve(void *context, const char *request, struct script_reply *reply);

/* Of a drill: a busy machine answers a probe late, and its preconditions are waited for. */
#define LIVE_FIXTURE_PATIENT "  preconditions: {wait: 3h}\n"

/* `more` is appended to the drill's one action ("", or "stop_when: ..."). */
void live_fixture_open(struct live_fixture *world, const char *action, const char *more);
void live_fixture_close(struct live_fixture *world);

/* Starts `understudy drill ARGUMENT` on the world's scenario; failpoint 0: none. Returns the pid.
 */
int live_fixture_start(struct live_fixture *world, const char *argument, int failpoint);
/* Starts `understudy ARGUMENTS...` (NULL-terminated). */
int live_fixture_run(struct live_fixture *world, char *const *arguments, int failpoint);
/* Waits; the exit code, or 128 + signal. Fails the test if the credential was shown anywhere. */
int live_fixture_wait(struct live_fixture *world, int pid);
int live_fixture_drill(struct live_fixture *world, const char *argument, int failpoint);

bool live_fixture_is_broken(const struct live_fixture *world);
bool live_fixture_said(const struct live_fixture *world, const char *text);
bool live_fixture_said_quietly(const struct live_fixture *world, const char *text);
/* Waits until it is said; false after half a minute. */
bool live_fixture_await(const struct live_fixture *world, const char *text);
/* What the programs started so far say from now on is not heard any more. */
void live_fixture_turn_away(struct live_fixture *world);
void live_fixture_pause(int ms);
/* Do both registrations of big and that of small carry the label? Do both of big lack it? */
bool live_fixture_labels_on(const struct live_fixture *world);
bool live_fixture_labels_off(const struct live_fixture *world);
/* A start that only finishes what is open, and does. */
void live_fixture_rolls_back(struct live_fixture *world);
/* Fails the test unless the condition holds within so many ms. */
#define LIVE_FIXTURE_AWAIT(condition, ms)                                                          \
    do {                                                                                           \
        int left;                                                                                  \
        for (left = (ms); left > 0 && !(condition); left -= 10)                                    \
            live_fixture_pause(10);                                                                \
        ck_assert_msg(condition, "not in %d ms: %s", ms, #condition);                              \
    } while (0)
/* Every step of every run is undone or needs no undo, and every run has ended. */
bool live_fixture_is_closed(const struct live_fixture *world);
/* The drill's leases end after so many seconds of the fleet, a hundredth of that in this world:
 * LIVE_FIXTURE_SHORT for tests that wait for them. As opened they are 20 s long here, which no
 * drill outlasts, however busy the machine. */
#define LIVE_FIXTURE_SHORT 110
void live_fixture_lease_for(struct live_fixture *world, int fleet_s);

/* The drill dispatches so many canaries, of the workflow canary.yml. */
void live_fixture_with_canaries(struct live_fixture *world, int jobs);
/* How many wait in GitHub's queue. */
int live_fixture_queued(const struct live_fixture *world);

/* Sets the lease of the controllers; "" takes the variable away. */
void live_fixture_lease(struct live_fixture *world, const char *value);
void live_fixture_touch(const char *path);
void live_fixture_forbid(struct live_fixture *world); /* allow_actions: false */

#endif
