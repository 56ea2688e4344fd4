#include "guardian.h"
#include "live/act/command.h"
#include "live/act/rollback.h"
#include "live/base/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define ARM 'a'
#define FAREWELL 'q'
#define MARGIN_MS 20000                       /* of silence, beyond the lease */
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000) /* of the fleet's; then somebody must come */
#define PAUSE_MS 30000                        /* likewise */

/* True if the drill is gone without a farewell. */
static bool watch(int pipe, int drill, int64_t silence_ms)
{
    bool armed = false;
    for (;;) {
        struct pollfd ready = {pipe, POLLIN, 0};
        char said[256];
        ssize_t i, n;
        if (poll(&ready, 1, armed ? (int)silence_ms : -1) == 0) {
            (void)pidfd_send_signal(drill, SIGKILL, NULL, 0);
            return true;
        }
        n = read(pipe, said, sizeof said);
        if (n <= 0)
            return true;
        for (i = 0; i < n; i++) {
            if (said[i] == FAREWELL)
                return false;
            armed = armed || said[i] == ARM;
        }
    }
}

static void say(void *context, const char *line)
{
    (void)context;
    syslog(LOG_WARNING, "%s", line);
}

static enum und_code finish(const struct scenario *scenario, const char *path, struct und_err *err)
{
    struct journal *journal = NULL;
    int64_t patience_ms =
        rollback_patience_ms(&scenario->fleet, scenario->drill.present ? scenario->drill.restore_ms
                                                                       : ROLLBACK_PATIENCE_MS);
    if (journal_open(&journal, path, err) == UND_OK &&
        journal_lock_within(journal, GUARDIAN_PURPOSE, patience_ms, NULL, err) == UND_OK)
        rollback_finish(journal, &scenario->fleet, patience_ms, say, NULL, err);
    journal_close(journal);
    return err->code;
}

/* Without it nobody can say what is left, and the next start would say so. */
static bool is_gone(const char *journal)
{
    return access(journal, F_OK) != 0 && errno == ENOENT;
}

static void guard(const struct scenario *scenario, const char *journal)
{
    int64_t pause_ms = rollback_patience_ms(&scenario->fleet, PAUSE_MS);
    int64_t end_ms = http_monotonic_ms() + rollback_patience_ms(&scenario->fleet, DAY_MS);
    const struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
    openlog("understudy", LOG_PID, LOG_USER);
    while (!is_gone(journal)) {
        struct und_err err = {0};
        if (finish(scenario, journal, &err) == UND_OK || http_monotonic_ms() > end_ms)
            return;
        syslog(LOG_ERR, "%s", err.text);
        nanosleep(&pause, NULL);
    }
    syslog(LOG_ERR, "%s is gone, and with it what a drill that died has left", journal);
}

static void leave_everything(int pipe, int drill)
{
    static const int deaf[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    int null = open("/dev/null", O_RDWR), i;
    size_t s;
    for (i = 0; i < 3; i++)
        dup2(null, i);
    for (i = 3; i < 1024; i++)
        if (i != pipe && i != drill)
            close(i);
    for (s = 0; s < sizeof deaf / sizeof deaf[0]; s++)
        signal(deaf[s], SIG_IGN);
    setsid();
    failpoint_disarm();
}

int guardian_start(const struct scenario *scenario, const char *journal)
{
    int64_t silence_ms =
        rollback_patience_ms(&scenario->fleet, scenario->drill.lease_ms) + MARGIN_MS;
    int ends[2], drill = pidfd_open(getpid(), 0);
    pid_t child;
    if (failpoint_alone() || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    child = fork();
    if (child == 0) {
        leave_everything(ends[0], drill);
        if (watch(ends[0], drill, silence_ms < INT32_MAX ? silence_ms : INT32_MAX))
            guard(scenario, journal);
        _exit(0);
    }
    close(ends[0]);
    if (drill >= 0)
        close(drill);
    if (child < 0) {
        close(ends[1]);
        return -1;
    }
    (void)fcntl(ends[1], F_SETFL, O_NONBLOCK); /* a guardian that does not read holds nobody up */
    return ends[1];
}

void guardian_dismiss(int pipe)
{
    const char word = FAREWELL;
    if (pipe < 0)
        return;
    (void)!write(pipe, &word, 1);
    close(pipe);
}
