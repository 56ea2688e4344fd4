/*
 * The smallest world in which a live drill can be played: GitHub with three registrations, their
 * labels, no jobs; Prometheus with one rule and one alert; two hosts with a probe each; all in one
 * scripted server. The host "big" is down while the file `broken` exists, which is what the drill's
 * injection makes. A folder holds the scenario, the journal, the token and what was printed.
 */
#ifndef TESTS_SMALL_WORLD_H
#define TESTS_SMALL_WORLD_H

#include "script.h"

#include <stdatomic.h>

#define SMALL_WORLD_TOKEN "ghp_TheTokenThatNobodyMaySee1234"

struct small_world {
    const char *folder;
    struct script *script;
    char broken[160], severed[160], scenario[160], journal[160], output[160], stop[160];
    atomic_bool active[3];          /* does the registration carry the label? */
    _Atomic(const char *) mischief; /* while `broken` exists, GitHub answers just this */
    atomic_int writes;
    bool forbidden;
};

/* `more` is appended to the drill's one action ("", or "stop_when: ..."). */
void small_world_open(struct small_world *world, const char *action, const char *more);
void small_world_close(struct small_world *world);

/* Starts `understudy drill ARGUMENT` on the world's scenario; failpoint 0: none. Returns the pid.
 */
int small_world_start(struct small_world *world, const char *argument, int failpoint);
/* Starts `understudy ARGUMENTS...` (NULL-terminated). */
int small_world_run(struct small_world *world, char *const *arguments, int failpoint);
/* Waits; the exit code, or 128 + signal. Fails the test if the credential was shown anywhere. */
int small_world_wait(struct small_world *world, int pid);
int small_world_drill(struct small_world *world, const char *argument, int failpoint);

bool small_world_is_broken(const struct small_world *world);
bool small_world_said(const struct small_world *world, const char *text);
bool small_world_said_quietly(const struct small_world *world, const char *text);
/* Every step of every run is undone or needs no undo, and every run has ended. */
bool small_world_is_closed(const struct small_world *world);
void small_world_touch(const char *path);
void small_world_forbid(struct small_world *world); /* allow_actions: false */

#endif
