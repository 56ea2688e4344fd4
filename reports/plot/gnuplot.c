#include "gnuplot.h"

#include "model/base/assert.h"
#include "reports/text/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NO_PROGRAM 127 /* what a shell answers as well */

/* In the child: only async-signal-safe calls. The alarm outlives the exec and ends a run that
 * hangs. */
static _Noreturn void become_gnuplot(int script, int out, int errors)
{
    char *const arguments[] = {"gnuplot", "--default-settings", "-", NULL};
    alarm(GNUPLOT_SECONDS);
    if (dup2(script, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(errors, STDERR_FILENO) >= 0)
        execvp(arguments[0], arguments);
    _exit(EXIT_NO_PROGRAM);
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
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
        return und_fail(err, UND_SERVICE, "gnuplot: not found");
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
    int status = 0;
    if (errors == NULL)
        return und_fail(err, UND_SERVICE, "gnuplot: no temporary file: %s", strerror(errno));
    fflush(out);
    before = file_size(out);
    fflush(script);
    /* The child shares the offset, so the script is rewound below stdio. */
    lseek(fileno(script), 0, SEEK_SET);
    child = fork();
    if (child == 0)
        become_gnuplot(fileno(script), fileno(out), fileno(errors));
    if (child < 0) {
        code = und_fail(err, UND_SERVICE, "gnuplot: no process: %s", strerror(errno));
    } else {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        code = judge(status, file_size(out) - before, errors, err);
    }
    fclose(errors);
    return code;
}
