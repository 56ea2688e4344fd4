/*
 * Places at which the crash tests kill this program: with UND_FAILPOINT=n in the environment, the
 * n-th failpoint that is passed ends it by SIGKILL, as the kernel or a power cut would, with no
 * chance to clean up. Without it, nothing happens.
 */
#ifndef LIVE_BASE_FAILPOINT_H
#define LIVE_BASE_FAILPOINT_H

void failpoint(const char *where);

#endif
