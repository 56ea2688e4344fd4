/*
 * How late this machine runs what is due, while drills are carried out on it: in the working
 * directory's `lags`, until somebody ends it (tests/real/watchdog.h). A measure that is off beside
 * many of them says something of the machine, not of the rehearsal.
 */
#include "tests/real/watchdog.h"

#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct und_err err = {0};
    if (watchdog_start(&err) != UND_OK) {
        fprintf(stderr, "lateness: %s\n", err.text);
        return 2;
    }
    pause();
    return 0;
}
