/*
 * A repository's jobs out of GitHub into a CSV file, for `understudy fit --github`: every run that
 * was created since then, day by day, with the jobs of all its attempts that asked for runners of
 * one's own. The file is what was read so far: runs that are in it are not asked for again, so that
 * the same command goes on where it was stopped, and reads what is new the next time.
 *
 * A run is written when it is over, all of its jobs at once; what stands at the file's end may be
 * half a run of a process that was killed, and is read again.
 */
#ifndef LIVE_COMMAND_FETCH_JOBS_H
#define LIVE_COMMAND_FETCH_JOBS_H

#include "live/github/github.h"

#include <stdio.h>

struct fetch_wish {
    const char *file;       /* CSV, made if it is not there */
    int64_t since_ms;       /* since 1970 */
    int64_t now_ms;         /* likewise */
    const char *repository; /* "owner/name" */
    const char *label;      /* jobs that ask for it, or for "self-hosted", are meant */
    FILE *progress;         /* NULL: none */
};

struct fetched {
    int64_t runs, known;  /* read now; in the file already */
    int64_t open;         /* not over yet: left for the next time */
    int64_t jobs, hosted; /* written now; of GitHub's own machines: left out */
};

/* UND_USAGE for a file that is not of this kind or of another repository, UND_SERVICE and
 * UND_INTERRUPTED as the client has them; what was read until then is in the file. */
enum und_code fetch_jobs(struct github_client *client, const struct fetch_wish *wish,
                         struct fetched *fetched, struct und_err *err);

/* The whole of it, by a fleet file. */
enum und_code fetch_jobs_of(const char *fleet, int64_t since_ms, const char *file, bool quiet,
                            struct und_err *err);

#endif
