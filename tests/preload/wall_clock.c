/* Preloaded into a program: its wall's clock is ahead by as many seconds as the file WALL_CLOCK
 * holds (below 0: behind), read at each look, so that a test can set it while the program runs. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <fcntl.h>

int clock_gettime(clockid_t id, struct timespec *out)
{
    const char *path = getenv("WALL_CLOCK");
    char text[32] = "";
    int code = (int)syscall(SYS_clock_gettime, id, out), file;
    if (code != 0 || id != CLOCK_REALTIME || !path || (file = open(path, O_RDONLY)) < 0)
        return code;
    if (read(file, text, sizeof text - 1) > 0)
        out->tv_sec += strtol(text, NULL, 10);
    close(file);
    return code;
}
