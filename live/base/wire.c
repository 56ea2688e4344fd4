#include "wire.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void wire_clean(char *text)
{
    unsigned char *c;
    for (c = (unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 127)
            *c = '?';
        else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = '?';
}

bool wire_copy(char *out, size_t size, const char *from, size_t from_size)
{
    size_t n = from_size < size ? from_size : size - 1;
    memcpy(out, from, n);
    out[n] = '\0';
    return n == from_size;
}

/* Reads exactly `digits` digits; advances. */
static bool number(const char **at, int digits, int *out)
{
    *out = 0;
    for (; digits > 0; digits--, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

static bool literal(const char **at, char a, char b)
{
    if (**at != a && **at != b)
        return false;
    (*at)++;
    return true;
}

/* ".902386869": the first three digits count. */
static bool fraction(const char **at, int *ms)
{
    int scale = 100;
    *ms = 0;
    if (**at != '.')
        return true;
    (*at)++;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
        *ms += (**at - '0') * scale;
    return true;
}

static bool zone(const char **at, int *minutes)
{
    int sign, hour, minute;
    *minutes = 0;
    if (literal(at, 'Z', 'z'))
        return true;
    sign = **at == '-' ? -1 : 1;
    if (!literal(at, '+', '-') || !number(at, 2, &hour) || !literal(at, ':', ':') ||
        !number(at, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool wire_time_ms(const char *text, int64_t *out_ms)
{
    const char *at = text;
    struct tm tm = {0};
    int ms, offset_min;
    if (!number(&at, 4, &tm.tm_year) || !literal(&at, '-', '-') || !number(&at, 2, &tm.tm_mon) ||
        !literal(&at, '-', '-') || !number(&at, 2, &tm.tm_mday) || !literal(&at, 'T', 't') ||
        !number(&at, 2, &tm.tm_hour) || !literal(&at, ':', ':') || !number(&at, 2, &tm.tm_min) ||
        !literal(&at, ':', ':') || !number(&at, 2, &tm.tm_sec) || !fraction(&at, &ms) ||
        !zone(&at, &offset_min) || *at != '\0')
        return false;
    if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > days_of(tm.tm_year, tm.tm_mon) || tm.tm_hour > 23 || tm.tm_min > 59 ||
        tm.tm_sec > 60)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *out_ms = ((int64_t)timegm(&tm) - offset_min * 60LL) * 1000 + ms;
    return true;
}

const char *wire_time(char out[WIRE_TIME], int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || strftime(out, WIRE_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, WIRE_TIME, "%lld ms", (long long)at_ms);
    return out;
}

const char *wire_duration(char out[WIRE_TIME], int64_t ms)
{
    long long s = (long long)(ms / 1000);
    if (ms < 0)
        snprintf(out, WIRE_TIME, "%lld ms", (long long)ms);
    else if (ms < 1000)
        snprintf(out, WIRE_TIME, "%d ms", (int)ms);
    else if (s < 120)
        snprintf(out, WIRE_TIME, "%lld.%d s", s, (int)(ms % 1000 / 100));
    else if (s < 7200)
        snprintf(out, WIRE_TIME, "%lld min %02d s", s / 60, (int)(s % 60));
    else
        snprintf(out, WIRE_TIME, "%lld h %02d min", s / 3600, (int)(s / 60 % 60));
    return out;
}
