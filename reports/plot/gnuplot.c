#include "gnuplot.h"

#include "model/base/assert.h"
#include "reports/text/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* 0, or the number of the error. */
static int spawn(pid_t *child, int script, int out, int errors)
{
    char *const arguments[] = {"gnuplot", "--default-settings", "-", NULL};
    posix_spawn_file_actions_t actions;
    int code;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    code = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Its wait status; one that hangs is killed after GNUPLOT_SECONDS. A signal begins the wait anew,
 * which bounds it all the same. */
static int wait_for(pid_t child)
{
    struct pollfd ends = {.fd = pidfd_open(child, 0), .events = POLLIN};
    int status = 0, ready;
    do
        ready = poll(&ends, 1, GNUPLOT_SECONDS * 1000);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        kill(child, SIGKILL);
    if (ends.fd >= 0)
        close(ends.fd);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* gnuplot shows the line of the script, a caret, and then the message after "line N: ". */
static void first_message(FILE *errors, char *out, size_t size)
{
    char line[256];
    snprintf(out, size, "no message");
    rewind(errors);
    while (fgets(line, sizeof line, errors)) {
        const char *message = strstr(line, "line ");
        line[strcspn(line, "\n")] = '\0';
        if (line[strspn(line, " ^")] == '\0')
            continue;
        text_clean(out, size, line);
        if (message)
            break;
    }
}

static enum und_code judge(int status, off_t drawn, FILE *errors, struct und_err *err)
{
    char message[512];
    if (WIFSIGNALED(status))
        return und_fail(err, UND_SERVICE, "gnuplot: ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == 0 && drawn > 0)
        return UND_OK;
    first_message(errors, message, sizeof message);
    return und_fail(err, UND_SERVICE, "gnuplot: failed: %s", message);
}

static off_t file_size(FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) == 0 ? status.st_size : 0;
}

enum und_code gnuplot_run(FILE *script, FILE *out, struct und_err *err)
{
    FILE *errors = tmpfile();
    enum und_code code;
    off_t before;
    pid_t child;
    int failure, status;
    if (errors == NULL)
        return und_fail(err, UND_SERVICE, "gnuplot: no temporary file: %s", strerror(errno));
    fflush(out);
    before = file_size(out);
    fflush(script);
    /* The child shares the offset, so the script is rewound below stdio. */
    lseek(fileno(script), 0, SEEK_SET);
    failure = spawn(&child, fileno(script), fileno(out), fileno(errors));
    if (failure == ENOENT) {
        code = und_fail(err, UND_SERVICE, "gnuplot: not found");
    } else if (failure != 0) {
        code = und_fail(err, UND_SERVICE, "gnuplot: no process: %s", strerror(failure));
    } else {
        status = wait_for(child);
        code = judge(status, file_size(out) - before, errors, err);
    }
    fclose(errors);
    return code;
}
