/* Times and durations as exports write them. */
#include "history_internal.h"
#include "model/base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* So many digits; -1 if there are not. */
static int digits(const char **text, int n)
{
    int value = 0;
    for (; n > 0; n--, ++*text) {
        if (!isdigit((unsigned char)**text))
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static void skip(const char **text, char c)
{
    if (**text == c)
        ++*text;
}

/* ".5", ".9526383": to the millisecond, the rest is cut off. */
static int fraction_ms(const char **text)
{
    int ms = 0, scale = 100;
    if (**text != '.' && **text != ',')
        return 0;
    for (++*text; isdigit((unsigned char)**text); ++*text, scale /= 10)
        ms += (**text - '0') * scale;
    return ms;
}

/* What follows the time: nothing, Z, UTC, CEST, +02:00, +0200, "+0000 UTC". */
static bool read_zone(const char *text, struct instant *instant)
{
    int sign, hours, minutes = 0;
    while (*text == ' ')
        text++;
    instant->zoned = *text != '\0';
    if (*text == '\0' || history_zone(text, &instant->offset_min))
        return true;
    if (*text != '+' && *text != '-')
        return false;
    sign = *text++ == '-' ? -1 : 1;
    if ((hours = digits(&text, 2)) < 0 || hours > 14)
        return false;
    skip(&text, ':');
    if (isdigit((unsigned char)*text) && (minutes = digits(&text, 2)) < 0)
        return false;
    while (*text == ' ')
        text++;
    instant->offset_min = sign * (hours * 60 + minutes);
    return minutes < 60 && (*text == '\0' || isalpha((unsigned char)*text));
}

static bool read_iso(const char *text, struct instant *instant)
{
    struct tm tm = {0};
    int year = digits(&text, 4), month, day, ms = 0;
    skip(&text, '-');
    month = digits(&text, 2);
    skip(&text, '-');
    day = digits(&text, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    tm = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    if (*text == 'T' || *text == 't' || *text == ' ') {
        text++;
        tm.tm_hour = digits(&text, 2);
        skip(&text, ':');
        tm.tm_min = digits(&text, 2);
        if (*text == ':' || isdigit((unsigned char)*text)) {
            skip(&text, ':');
            tm.tm_sec = digits(&text, 2);
            ms = fraction_ms(&text);
        }
    }
    if (tm.tm_hour < 0 || tm.tm_hour > 24 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
        tm.tm_sec > 60 || !read_zone(text, instant))
        return false;
    instant->clocked = true;
    instant->ms = ((int64_t)timegm(&tm) - 60 * (int64_t)instant->offset_min) * 1000 + ms;
    return true;
}

/* Which unit it is, its size says: 2001 is 1e9 s, 1e12 ms, 1e15 us, 1e18 ns. */
static bool read_number(const char *text, struct instant *instant)
{
    char *end;
    double value = strtod(text, &end), unit = 1000;
    if (end == text || *end != '\0' || !isfinite(value) || value < 0 || value >= 1e19)
        return false;
    if (value >= 1e17)
        unit = 1e-6;
    else if (value >= 1e14)
        unit = 1e-3;
    else if (value >= 1e11)
        unit = 1;
    instant->ms = llround(value * unit);
    instant->clocked = instant->ms >= 946684800000LL; /* 2000 */
    instant->zoned = instant->clocked;
    return true;
}

static bool read_date(const char *text, bool day_first, struct instant *instant)
{
    struct tm tm;
    const char *rest = history_date(text, day_first, &tm, &instant->slashed);
    int ms;
    if (rest == NULL)
        return false;
    ms = fraction_ms(&rest);
    if (!read_zone(rest, instant))
        return false;
    instant->clocked = true;
    instant->ms = ((int64_t)timegm(&tm) - 60 * (int64_t)instant->offset_min) * 1000 + ms;
    return true;
}

bool history_time(const char *text, bool day_first, struct instant *instant)
{
    size_t n = strspn(text, "0123456789.");
    *instant = (struct instant){0};
    if (text[n] == '\0' && n != 8 && strchr(text, '.') == strrchr(text, '.'))
        return read_number(text, instant);
    if (read_iso(text, instant))
        return true;
    *instant = (struct instant){0};
    return read_date(text, day_first, instant);
}

/* [days-]hours:minutes:seconds, or [days.]hours:..., or minutes:seconds. */
static bool read_clock(const char *text, double *ms)
{
    double part[4] = {0}, days = 0;
    int n = 0;
    char *end;
    const char *colon = strchr(text, ':'), *dash = strpbrk(text, "-.");
    if (dash != NULL && dash < colon) {
        days = strtod(text, &end);
        text = dash + 1;
    }
    for (; n < 3; n++) {
        part[n] = strtod(text, &end);
        if (end == text || part[n] < 0)
            return false;
        text = end + 1;
        if (*end != ':')
            break;
    }
    if (n == 0 || n == 3 || *end != '\0')
        return false;
    *ms = n == 1 ? part[0] * 60 + part[1] : part[0] * 3600 + part[1] * 60 + part[2];
    *ms = (*ms + floor(days) * 86400) * 1000;
    return true;
}

/* The ms of a unit's name, NAN: it is none. */
static double word_ms(const char *word, size_t length)
{
    static const struct {
        const char *word;
        double ms;
    } units[] = {{"ms", 1},           {"millisecond", 1},    {"msec", 1},
                 {"s", UNITS_SECOND}, {"sec", UNITS_SECOND}, {"second", UNITS_SECOND},
                 {"m", UNITS_MINUTE}, {"min", UNITS_MINUTE}, {"minute", UNITS_MINUTE},
                 {"h", UNITS_HOUR},   {"hr", UNITS_HOUR},    {"hour", UNITS_HOUR},
                 {"d", UNITS_DAY},    {"day", UNITS_DAY}};
    size_t i, n;
    for (i = 0; i < sizeof units / sizeof *units; i++) {
        n = strlen(units[i].word);
        if (strncasecmp(word, units[i].word, n) == 0 &&
            (n == length || (n > 1 && n + 1 == length && tolower((unsigned char)word[n]) == 's')))
            return units[i].ms;
    }
    return NAN;
}

/* "1 hr 5 min", "5 minutes, 3 seconds", "0 days 00:05:03.5"; of ISO 8601 "PT5M3S", not months. */
static bool read_words(const char *text, double *ms)
{
    bool iso = *text == 'P', time = !iso;
    double sum = 0, clock;
    text += iso;
    do {
        char *end;
        double number, unit;
        size_t length;
        text += strspn(text, iso ? "" : " ,");
        if (iso && *text == 'T') {
            time = true;
            text++;
        }
        if (!isdigit((unsigned char)*text))
            return false;
        if (!iso && strchr(text, ':') != NULL && strpbrk(text, " ") == NULL) {
            *ms = read_clock(text, &clock) ? sum + clock : -1;
            return *ms >= 0;
        }
        number = strtod(text, &end);
        end += strspn(end, iso ? "" : " ");
        for (length = 0; isalpha((unsigned char)end[length]) && (length == 0 || !iso);)
            length++;
        unit = word_ms(end, length);
        if (length == 0 || isnan(unit) || (unit < UNITS_DAY && !time))
            return false;
        sum += number * unit;
        text = end + length;
    } while (*text != '\0');
    *ms = sum;
    return sum < 1e15;
}

bool history_duration(const char *text, double unit_ms, double *ms)
{
    char hint[UNITS_HINT], *end;
    double value = strtod(text, &end);
    int64_t exact;
    if (strchr(text, ':') != NULL && read_clock(text, ms))
        return true;
    if (end != text && *end == '\0' && isfinite(value)) {
        *ms = value * unit_ms;
        return fabs(*ms) < 1e15;
    }
    if (!units_duration(text, &exact, hint))
        return read_words(text, ms);
    *ms = (double)exact;
    return true;
}
