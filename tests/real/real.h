/*
 * The victims of the validation against real servers, and what is done to each: shared by the
 * director, which does it, and the judge, who compares what followed with the prediction.
 *
 * A victim is a host, a line "INSTANCE WAY PLACE ADDRESS" of the file DIR/victims. Each has one
 * fault, and so its own scrape phase: the delays are independent draws. Times are nanoseconds of
 * CLOCK_REALTIME, the clock that Prometheus and Alertmanager write down.
 */
#ifndef TESTS_REAL_H
#define TESTS_REAL_H

#include "model/base/err.h"

#include <stdint.h>
#include <sys/types.h>

#define REAL_VICTIMS 128
#define REAL_NAME 40

enum way {
    WAY_KILLED,   /* node_exporter killed: connection refused */
    WAY_STOPPED,  /* node_exporter stopped (SIGSTOP): the kernel answers, nobody reads */
    WAY_DROPPED,  /* the host's packet filter drops what monitoring sends and gets */
    WAY_UNLINKED, /* the host's link goes down: nobody answers ARP */
    WAY_BUSY,     /* CPU in use from 10% to 100% */
    WAY_FULL,     /* memory in use from 10% to 95% */
    WAY_AGAIN,    /* stopped, continued, stopped again before the group's next tick */
    WAY_FAR,      /* unlinked; scraped so seldom that its scrapes may take longer than 3 s */
    WAYS
};
#define WAYS_TIMED WAY_AGAIN /* those before it are compared with predicted distributions */

#define FAR_TIMEOUT_MS 9000LL /* as in config.sh */
enum { LOAD_BEFORE_PM = 100, LOAD_BUSY_PM = 1000, LOAD_FULL_PM = 950 };

struct victim {
    char instance[REAL_NAME], place[REAL_NAME], address[REAL_NAME];
    enum way way;
    pid_t pid; /* of its node_exporter; 0: none */
};

struct victims {
    struct victim victim[REAL_VICTIMS];
    int n;
};

const char *way_name(enum way way);
/* From DIR/victims, DIR being the working directory. */
enum und_code victims_read(struct victims *victims, struct und_err *err);
int victims_find(const struct victims *victims, const char *instance); /* -1 if unknown */

int64_t real_now_ns(void);
void real_sleep_until(int64_t at_ns);

#endif
