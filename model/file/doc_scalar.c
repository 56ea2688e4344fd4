/* Plain scalars by the core schema of YAML 1.2. */
#include "doc_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* [-+]?[0-9]+ and, with `fraction`, [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_number(const char *text, bool fraction)
{
    const char *c = text + (*text == '-' || *text == '+');
    int digits = 0;
    for (; *c >= '0' && *c <= '9'; c++)
        digits++;
    if (fraction && *c == '.')
        for (c++; *c >= '0' && *c <= '9'; c++)
            digits++;
    if (fraction && digits > 0 && (*c == 'e' || *c == 'E')) {
        c += 1 + (c[1] == '-' || c[1] == '+');
        if (*c < '0' || *c > '9')
            return false;
        while (*c >= '0' && *c <= '9')
            c++;
    }
    return digits > 0 && *c == '\0';
}

/* 0o17 and 0xff, without a sign. */
static int number_base(const char *text)
{
    if (strncmp(text, "0o", 2) == 0 && text[2] != '\0' &&
        text[2 + strspn(text + 2, "01234567")] == '\0')
        return 8;
    if (strncmp(text, "0x", 2) == 0 && text[2] != '\0' &&
        text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0')
        return 16;
    return is_number(text, false) ? 10 : 0;
}

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};

bool doc_is_null(const char *text)
{
    return is_one_of(text, nulls);
}

/* A plain scalar by its looks; NULL with a reason for numbers that no field could take. */
json_t *doc_resolve(const char *text, const char **why)
{
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    static const char *const infinite[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
                                           "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
                                           ".NaN",  ".NAN",  NULL};
    int base = number_base(text);
    *why = "out of memory";
    if (doc_is_null(text))
        return json_null();
    if (is_one_of(text, trues))
        return json_true();
    if (is_one_of(text, falses))
        return json_false();
    if (is_one_of(text, infinite)) {
        *why = "want a finite number";
        return NULL;
    }
    if (base != 0) {
        long long number;
        errno = 0;
        number = strtoll(base == 10 ? text : text + 2, NULL, base);
        *why = "want a number that fits 64 bits";
        return errno == 0 ? json_integer(number) : NULL;
    }
    if (is_number(text, true)) {
        double number = strtod(text, NULL);
        *why = "want a finite number";
        return isfinite(number) ? json_real(number) : NULL;
    }
    return json_string(text);
}
