/* Which column is which: names as GitHub, GitLab, Jenkins, Buildkite, CircleCI, Cirrus, Azure,
 * Travis, TeamCity and Slurm export them, and as people name them. */
#include "history.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *const role_names[] = {"created", "started", "finished", "duration", "wait",
                                  "run",     "job",     "workflow", "status",   "attempt",
                                  "runner",  "id",      NULL};

/* Without case and all but letters and digits, the best guess first. */
static const char *const names[ROLE_COUNT] = {
    [ROLE_CREATED] =
        " jobcreated jobcreatedat createdat created queuedat queued queuetime queueddate "
        "buildqueueddate creationtimestamp createtime createdtime timecreated "
        "creationdate submit submits submittime submittedat submitted enqueuedat "
        "triggeredat requestedat runnableat scheduledat runcreated runcreatedat ",
    [ROLE_STARTED] =
        " startedat started starttime startdate jobstartedat jobstarted executing "
        "executingtimestamp executingat buildstarteddate begin beganat begintime start "
        "starttimeinmillis starttimemillis starttimestamp starttimems runstartedat trstartedat "
        "ghbuildstartedat timestamp time datetime ",
    [ROLE_FINISHED] = " finishedat finished finishtime finishdate completedat completed "
                      "completiontime completeddate buildcompleteddate stoppedat stoptime endedat "
                      "ended endtime enddate end finalstatustimestamp updatedat ",
    [ROLE_DURATION] =
        " durations durationseconds durationinseconds durationsec durationsecs jobduration "
        "jobdurations duration durationms durationmillis durationinmillis durationus durationns "
        "durationnanos durationmin durationmins durationminutes "
        "trduration builddurationseconds elapsed elapseds elapsedtime elapsedraw runtime runtimes "
        "runtimeseconds totaltime executiontime executiontimes ",
    [ROLE_WAIT] =
        " queuedduration queueduration queuedtimeinseconds queuingdurationmillis queueingduration "
        "queuetimeseconds queuetimes waits waitseconds waittime wait ",
    [ROLE_RUN] = " runid workflowrunid pipelineid buildid trbuildid workflowid jobrunid run "
                 "runnumber buildnumber pipeline build runuuid ",
    [ROLE_JOB] = " jobname name jobkey taskname job class jobclass stepname definitionname "
                 "buildtypeid projectname stage title ",
    [ROLE_WORKFLOW] = " workflowname workflow workflowfile pipelinename pipelineslug "
                      "definitionname ",
    [ROLE_STATUS] = " conclusion result buildstatus jobstatus trstatus status state outcome "
                    "exitcode exitstatus ",
    [ROLE_ATTEMPT] = " runattempt attempt attemptnumber retryattempt retriescount retries retried ",
    [ROLE_RUNNER] = " runnername runner runnerdescription agentname agent node nodename nodelist "
                    "hostname host machine worker runnerid agentid ",
    [ROLE_ID] = " jobid trjobid id databaseid uuid taskid jobidraw ",
};

static void normalise(const char *column, char *out, size_t size)
{
    size_t n = 0;
    for (; *column != '\0' && n + 3 < size; column++)
        if (isalnum((unsigned char)*column))
            out[n++] = (char)tolower((unsigned char)*column);
    out[n] = '\0';
}

/* "workflow_job.started_at" is what a flattened object calls it. */
static const char *without_prefix(const char *column)
{
    static const char *const prefixes[] = {"job.", "jobs.", "workflow_job.", "task."};
    static const char *const kept[] = {"id", "name", "status"}; /* "job.id" is the job's */
    size_t i, k;
    for (i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i]);
        if (strncasecmp(column, prefixes[i], length) != 0)
            continue;
        for (k = 0; k < sizeof kept / sizeof *kept; k++)
            if (strcasecmp(column + length, kept[k]) == 0 && i == 0)
                return column;
        return column + length;
    }
    return column;
}

enum role history_guess(const char *column, int *rank)
{
    char plain[HISTORY_COLUMN], word[HISTORY_COLUMN + 2];
    int role;
    normalise(without_prefix(column), plain, sizeof plain);
    snprintf(word, sizeof word, " %s ", plain);
    for (role = 0; role < ROLE_COUNT && *plain != '\0'; role++) {
        const char *found = strstr(names[role], word);
        if (found != NULL) {
            *rank = (int)(found - names[role]);
            return (enum role)role;
        }
    }
    return ROLE_COUNT;
}

enum job_end history_end(const char *status)
{
    static const struct {
        const char *words;
        enum job_end end;
    } ends[] = {
        {" success successful succeeded passed pass ok completed complete finished green 0 neutral "
         "partiallysucceeded unstable ",
         END_SUCCESS},
        {" failure failed fail error errored timedout timeout broken 1 red startupfailure "
         "outofmemory nodefail ",
         END_FAILURE},
        {" cancelled canceled cancel aborted abort killed stopped expired superseded unauthorized "
         "canceling cancelling ",
         END_CANCELLED},
        {" skipped skip notrun notbuilt manual blocked actionrequired stale ", END_SKIPPED},
        {" inprogress running executing queued pending waiting scheduled created requested "
         "assigned "
         "preparing started accepted ",
         END_OPEN},
    };
    char plain[HISTORY_COLUMN], word[HISTORY_COLUMN + 2];
    size_t i;
    /* "CANCELLED by 1000", as Slurm has it. */
    snprintf(word, sizeof word, "%.*s", (int)strcspn(status, " "), status);
    normalise(word, plain, sizeof plain);
    snprintf(word, sizeof word, " %s ", plain);
    for (i = 0; i < sizeof ends / sizeof *ends && *plain != '\0'; i++)
        if (strstr(ends[i].words, word) != NULL)
            return ends[i].end;
    return *plain >= '2' && *plain <= '9' ? END_FAILURE : END_UNKNOWN;
}
