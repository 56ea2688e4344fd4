/*
 * Places at which the crash tests make this program fail. Without the variables below, nothing
 * happens.
 *
 * UND_FAILPOINT=n: the n-th failpoint that is passed ends the program by SIGKILL, as the kernel or
 * a power cut would, with no chance to clean up.
 *
 * UND_FAILCALL=KIND:n: the n-th call to the outside that changes something (a command, a request
 * that is no GET) goes wrong:
 *     refuse          it is not made, and the answer is a refusal
 *     refuse-always   so are all that come after it
 *     late            it is made, and answered a second and a half later
 *     cut             it is made, and the connection is cut before the answer
 *     kill            it is made, and then this program is killed
 *     signal          SIGINT comes before it, and again before the next
 *
 * UND_FAILALONE: there is no guardian, as when the machine itself goes down.
 */
#ifndef LIVE_BASE_FAILPOINT_H
#define LIVE_BASE_FAILPOINT_H

#include <stdbool.h>

/* One is passed here; `where` is for the log. */
void failpoint(const char *where);

enum failpoint_fate {
    FAILPOINT_NONE,
    FAILPOINT_REFUSED,
    FAILPOINT_LATE,
    FAILPOINT_CUT,
    FAILPOINT_KILLED
};

/* Before such a call; `what` is for the log. Raises the signals itself. */
enum failpoint_fate failpoint_call(const char *what);
/* After it, unless it was refused. */
void failpoint_called(enum failpoint_fate fate);
/* Is nobody to watch over this process? */
bool failpoint_alone(void);
/* A process that must not fail. */
void failpoint_disarm(void);

#endif
