#include "units.h"
#include "suggest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 60    /* of a number; those beyond what a double holds are rounded */
#define LARGEST 9e15 /* a double and an int64_t both hold every integer up to it */
#define UNIT_NAME 16

struct unit {
    const char *name;
    int64_t factor;
    const char *habits; /* what people write instead, between blanks; only for suggestions */
};

static const struct unit times[] = {
    {"y", UNITS_YEAR, " year years yr a "},
    {"w", 7 * UNITS_DAY, " week weeks "},
    {"d", UNITS_DAY, " day days D "},
    {"h", UNITS_HOUR, " hour hours hr hrs H "},
    {"min", UNITS_MINUTE, " mins minute minutes M "},
    {"m", UNITS_MINUTE, " "},
    {"s", UNITS_SECOND, " sec secs second seconds S "},
    {"ms", 1, " msec millis millisecond milliseconds "},
    {NULL, 0, NULL},
};

static const struct unit sizes[] = {
    {"TiB", 1LL << 40, " Ti "},     {"TB", 1000000000000, " T tb "},
    {"GiB", 1LL << 30, " Gi gib "}, {"GB", 1000000000, " G gb Gb "},
    {"MiB", 1LL << 20, " Mi mib "}, {"MB", 1000000, " M mb Mb "},
    {"KiB", 1LL << 10, " Ki kib "}, {"kB", 1000, " K k KB kb "},
    {"B", 1, " b byte bytes "},     {NULL, 0, NULL},
};
#define UNITS_MOST 10 /* entries of the longer table */

static bool refuse(char hint[UNITS_HINT], const char *why)
{
    snprintf(hint, UNITS_HINT, "%s", why);
    return false;
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ')
        at++;
    return at;
}

/* A plain decimal number without exponent. */
static bool read_number(const char **at, double *number, char hint[UNITS_HINT])
{
    const char *start = *at, *c = start + (*start == '-' || *start == '+');
    int digits = 0, dots = 0;
    char text[DIGITS + 3];
    for (; (*c >= '0' && *c <= '9') || *c == '.'; c++) {
        digits += *c != '.';
        dots += *c == '.';
    }
    if (digits == 0 || dots > 1)
        return refuse(hint, "");
    if (digits > DIGITS)
        return refuse(hint, "too many digits");
    memcpy(text, start, (size_t)(c - start));
    text[c - start] = '\0';
    *number = strtod(text, NULL);
    *at = c;
    return true;
}

static const char *nearest_unit(const char *name, const struct unit *units)
{
    const char *names[UNITS_MOST];
    char word[UNIT_NAME + 2];
    size_t i;
    snprintf(word, sizeof word, " %s ", name);
    for (i = 0; units[i].name != NULL; i++) {
        if (strstr(units[i].habits, word) != NULL)
            return units[i].name;
        names[i] = units[i].name;
    }
    names[i] = NULL;
    return suggest_nearest(name, names);
}

/* The unit at *at; NULL after writing the hint. */
static const struct unit *read_unit(const char **at, const struct unit *units,
                                    char hint[UNITS_HINT])
{
    char name[UNIT_NAME];
    const char *c = *at, *near;
    const struct unit *unit;
    size_t n = 0;
    for (; (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'); c++)
        if (n < UNIT_NAME - 1)
            name[n++] = *c;
    name[n] = '\0';
    if (n == 0) {
        refuse(hint, *c == '\0' ? "the unit is missing" : "");
        return NULL;
    }
    for (unit = units; unit->name != NULL; unit++) {
        if (strcmp(name, unit->name) == 0) {
            *at = c;
            return unit;
        }
    }
    near = nearest_unit(name, units);
    snprintf(hint, UNITS_HINT, near != NULL ? "no unit %s; did you mean %s?" : "no unit %s", name,
             near);
    return NULL;
}

/* `number` of `unit` as a whole number of the base unit. */
static bool whole(double number, const struct unit *unit, const char *finest, double *base,
                  char hint[UNITS_HINT])
{
    *base = number * (double)unit->factor;
    if (fabs(*base) > LARGEST)
        return refuse(hint, "too large");
    /* 0.1s is 100.00000000000001 ms in binary; half a microsecond is no mistyped digit. */
    if (fabs(*base - nearbyint(*base)) > 1e-6 * fmax(1, fabs(*base) * 1e-6)) {
        snprintf(hint, UNITS_HINT, "finer than %s", finest);
        return false;
    }
    *base = nearbyint(*base);
    return true;
}

bool units_duration(const char *text, int64_t *ms, char hint[UNITS_HINT])
{
    const char *at = text;
    int64_t sum = 0, smallest = INT64_MAX;
    bool negative = *at == '-';
    hint[0] = '\0';
    at += negative;
    do {
        const struct unit *unit;
        double number, term;
        if (*at == '-' || *at == '+') /* one sign, for all of it */
            return refuse(hint, "");
        if (!read_number(&at, &number, hint))
            return false;
        at = skip_blanks(at);
        if ((unit = read_unit(&at, times, hint)) == NULL ||
            !whole(number, unit, "1ms", &term, hint))
            return false;
        if (unit->factor >= smallest)
            return refuse(hint, "units go from large to small, as in 1h30min");
        smallest = unit->factor;
        sum += (int64_t)term; /* at most eight terms below LARGEST */
        at = skip_blanks(at);
    } while (*at != '\0');
    *ms = negative ? -sum : sum;
    return true;
}

bool units_rate(const char *text, double *per_ms, char hint[UNITS_HINT])
{
    const char *at = text;
    const struct unit *unit;
    double number;
    hint[0] = '\0';
    if (!read_number(&at, &number, hint))
        return false;
    at = skip_blanks(at);
    if (*at != '/')
        return refuse(hint, *at == '\0' ? "per what?" : "");
    at = skip_blanks(at + 1);
    if ((unit = read_unit(&at, times, hint)) == NULL)
        return false;
    if (*at != '\0')
        return refuse(hint, "");
    *per_ms = number / (double)unit->factor;
    return true;
}

bool units_size(const char *text, int64_t *bytes, char hint[UNITS_HINT])
{
    const char *at = text;
    const struct unit *unit;
    double number, base;
    hint[0] = '\0';
    if (!read_number(&at, &number, hint))
        return false;
    at = skip_blanks(at);
    if ((unit = read_unit(&at, sizes, hint)) == NULL || !whole(number, unit, "1B", &base, hint))
        return false;
    if (*at != '\0')
        return refuse(hint, "");
    *bytes = (int64_t)base;
    return true;
}

bool units_share(const char *text, double *share, char hint[UNITS_HINT])
{
    const char *at = text;
    double number;
    hint[0] = '\0';
    if (!read_number(&at, &number, hint))
        return false;
    at = skip_blanks(at);
    if (*at != '%' || at[1] != '\0')
        return refuse(hint, "");
    *share = number / 100;
    return true;
}

static const char *format(int64_t value, const struct unit *units, char text[UNITS_TEXT])
{
    const struct unit *unit;
    int n = 0;
    if (value < 0) {
        text[n++] = '-';
        value = -value;
    }
    for (unit = units; unit->name != NULL; unit++) {
        int64_t count = value / unit->factor;
        /* Only what people say: 90d and 365d, not 12w6d and 1y; m only ever reads. */
        if (units == times && (unit->factor > UNITS_DAY || strcmp(unit->name, "m") == 0))
            continue;
        if (units == sizes && value % unit->factor != 0)
            continue;
        if (count == 0)
            continue;
        n += snprintf(text + n, UNITS_TEXT - (size_t)n, "%" PRId64 "%s", count, unit->name);
        value -= count * unit->factor;
    }
    return text;
}

const char *units_format_duration(int64_t ms, char text[UNITS_TEXT])
{
    /* 90s reads better than 1min30s, and is what people write. */
    if (ms == 0 ||
        (llabs(ms) < 2 * UNITS_MINUTE && ms % UNITS_SECOND == 0 && llabs(ms) > UNITS_MINUTE)) {
        snprintf(text, UNITS_TEXT, "%" PRId64 "s", (int64_t)(ms / UNITS_SECOND));
        return text;
    }
    return format(ms, times, text);
}

const char *units_format_size(int64_t bytes, char text[UNITS_TEXT])
{
    if (bytes == 0) {
        snprintf(text, UNITS_TEXT, "0B");
        return text;
    }
    return format(bytes, sizes, text);
}
