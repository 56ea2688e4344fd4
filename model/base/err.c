#include "err.h"
#include "assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum und_code und_fail(struct und_err *err, enum und_code code, const char *format, ...)
{
    char whole[2048]; /* redacted before the cut, which could leave half a credential */
    va_list args;
    char *c;
    UND_ASSERT(code != UND_OK);
    if (err->code != UND_OK)
        return err->code;
    err->code = code;
    va_start(args, format);
    vsnprintf(whole, sizeof whole, format, args);
    va_end(args);
    /* Names and paths come from files that anyone may have written: an error stays on its line. */
    for (c = whole; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    und_fail_redact(whole);
    whole[sizeof err->text - 1] = '\0';
    memcpy(err->text, whole, sizeof err->text);
    return code;
}

__attribute__((weak)) void und_fail_redact(char *text)
{
    (void)text;
}

/* The hook is weak so that a driver can print the line that reproduces the failure first. */
__attribute__((weak)) _Noreturn void und_assert_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "understudy: bug: %s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
