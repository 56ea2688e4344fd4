#include "shell.h"

#include "helpers.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int shell_run(char **text, const char *format, ...)
{
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char line[2048];
    size_t size = 0;
    va_list args;
    FILE *pipe;
    int n, status;
    n = snprintf(line, sizeof line, "export PROGRAM=%s/understudy; ", build);
    va_start(args, format);
    n += vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    ck_assert_msg(n < (int)sizeof line, "a line of %d bytes", n);
    pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    *text = NULL;
    if (getdelim(text, &size, '\0', pipe) < 0) {
        free(*text);
        *text = strdup("");
    }
    status = pclose(pipe);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}
