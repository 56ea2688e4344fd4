#include "err.h"
#include "assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes from here on that would steer a terminal: C0 and DEL, C1 (U+0080..U+009F), and what turns
 * the direction of writing (U+202A..U+202E, U+2066..U+2069). */
static int steering(const char *at)
{
    const unsigned char *c = (const unsigned char *)at;
    if (c[0] < ' ' || c[0] == 0x7f)
        return 1;
    if (c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0)
        return 2;
    if (c[0] == 0xE2 && ((c[1] == 0x80 && c[2] >= 0xAA && c[2] <= 0xAE) ||
                         (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9)))
        return 3;
    return 0;
}

enum und_code und_fail(struct und_err *err, enum und_code code, const char *format, ...)
{
    char whole[2048]; /* redacted before the cut, which could leave half a credential */
    va_list args;
    char *c;
    int n;
    UND_ASSERT(code != UND_OK);
    if (err->code != UND_OK)
        return err->code;
    err->code = code;
    va_start(args, format);
    vsnprintf(whole, sizeof whole, format, args);
    va_end(args);
    /* Names and paths come from files that anyone may have written: an error stays on its line. */
    for (c = whole; *c; c++)
        for (n = steering(c); n > 0; n--)
            c[n - 1] = '?';
    und_fail_redact(whole);
    whole[sizeof err->text - 1] = '\0';
    memcpy(err->text, whole, sizeof err->text);
    return code;
}

bool und_note(struct und_err *err)
{
    if (!err->all)
        return false;
    if (err->code == UND_OK)
        return true;
    if (err->all->n < UND_ERRORS)
        memcpy(err->all->text[err->all->n++], err->text, UND_TEXT);
    err->all->total++;
    err->code = UND_OK;
    return true;
}

enum und_code und_settle(struct und_err *err)
{
    if (err->code == UND_OK && err->all && err->all->n > 0)
        und_fail(err, UND_USAGE, "%s", err->all->text[0]);
    return err->code;
}

void und_print(FILE *out, const char *text, const struct und_errors *all)
{
    bool every = all && all->every;
    int n = all ? all->n : 0, total = all ? all->total : 0, i;
    if (!every && total > UND_LINES)
        n = UND_LINES - 1;
    for (i = 0; i < n; i++)
        fprintf(out, "understudy: %s\n", all->text[i]);
    if (n == 0)
        fprintf(out, "understudy: %s\n", text);
    else if (n < total)
        fprintf(out, "understudy: and %d more error%s%s\n", total - n, total - n == 1 ? "" : "s",
                every ? "" : "; `understudy sim FILE --all-errors` lists them");
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
