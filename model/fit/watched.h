/*
 * What a fleet's monitoring saw, and not its jobs: which hosts were up, how many of their
 * registrations were online and busy, how many jobs waited. A CSV file that `fit --prometheus` and
 * `fit --journal` write, and anybody may:
 *     at,host,up,online,busy,queued,succeeded,failed
 * `at` and `host` are needed, the others may be left out, in any order. Each row holds until the
 * next one of its host; an empty cell is not known from then on. Rows without a host are of the
 * whole fleet: jobs that wait, and how many ended well or not since the row before.
 *
 * Out of it come the hosts with their outages, and jobs: busy slots that become more are starts,
 * that become fewer ends. Starts and ends of a host are paired in their order, so that the mean
 * duration is right (Little's law), its spread only where a host has one slot; what starts and ends
 * between two rows is not seen.
 *
 * Times are ms since 1970. Errors: UND_USAGE, "file:line: ...".
 */
#ifndef MODEL_FIT_WATCHED_H
#define MODEL_FIT_WATCHED_H

#include "history.h"
#include "model/fleet/fleet.h"

#define WATCHED_UNKNOWN (-1)
#define WATCHED_HEADER "at,host,up,online,busy,queued,succeeded,failed\n"

enum watched_of {
    WATCHED_UP, /* 1 or 0 */
    WATCHED_ONLINE,
    WATCHED_BUSY,
    WATCHED_QUEUED,
    WATCHED_SUCCEEDED, /* since the row before */
    WATCHED_FAILED,
    WATCHED_COUNT
};

struct watched_row {
    int64_t at_ms;
    int value[WATCHED_COUNT]; /* WATCHED_UNKNOWN: not known */
};

struct watched_host {
    char name[FLEET_NAME];   /* "": the fleet */
    struct watched_row *row; /* owned, in order of time */
    size_t n;
};

struct watched {
    char path[512];
    struct watched_host host[FLEET_HOSTS]; /* in the order in which they are named */
    int n_hosts;
    struct watched_host fleet;
    int64_t step_ms;           /* between two rows of a host, the median */
    int64_t cut;               /* jobs that ran when nothing was known any more, or with a host */
    int64_t seen;              /* ends of jobs that were seen */
    double hidden;             /* jobs that began as another one ended between the same two rows */
    int64_t succeeded, failed; /* in all; of no meaning without `counted` */
    bool counted, queued;      /* there are counters; the queue's length is known */
};

/* The caller's to fini whatever is returned. */
enum und_code watched_read(struct watched *watched, const char *path, struct und_err *err);
void watched_fini(struct watched *watched);

/* Jobs as the busy slots tell them; the caller's to fini whatever is returned. UND_USAGE where no
 * job was seen to begin. */
enum und_code watched_jobs(struct watched *watched, struct history *history, struct und_err *err);

/* Jobs whose runner is a registration of a host that went down while they ran have no duration of
 * their own: it is taken from them, and counted. */
void watched_cut(const struct watched *watched, struct history *history);

/* Most registrations that were online, or busy, at once; 0: none known. */
int watched_slots(const struct watched_host *host);

/* Whether a host was up, over time. An outage counts where its beginning was seen; what began
 * before the first row, or while nothing was known, does not. */
struct outages {
    int64_t known_ms, up_ms;
    int n;          /* that began while it was watched */
    int unseen;     /* that began while nothing was known */
    double *repair; /* owned; ms, of those whose end was seen as well, sorted */
    size_t n_repairs;
    double *censored; /* owned; ms, of those whose end was not: at least so long; sorted */
    size_t n_censored;
};
void watched_outages(const struct watched_host *host, struct outages *outages);
void outages_fini(struct outages *outages);

#endif
