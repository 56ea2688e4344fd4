/* Dates as spreadsheets, mail headers and Java print them; ISO 8601 is history_time.c's. */
#include "history_internal.h"

#include <string.h>
#include <strings.h>

/* RFC 2822 section 4.3 and Europe's: those that mean one thing only (no CST of China's, no IST). */
bool history_zone(const char *text, int *offset_min)
{
    static const struct {
        const char *name;
        int offset_min;
    } zones[] = {{"Z", 0},      {"UTC", 0},    {"GMT", 0},    {"EST", -300}, {"EDT", -240},
                 {"CST", -360}, {"CDT", -300}, {"MST", -420}, {"MDT", -360}, {"PST", -480},
                 {"PDT", -420}, {"WET", 0},    {"WEST", 60},  {"CET", 60},   {"CEST", 120},
                 {"EET", 120},  {"EEST", 180}, {"JST", 540}};
    size_t i;
    for (i = 0; i < sizeof zones / sizeof *zones; i++)
        if (strcasecmp(text, zones[i].name) == 0) {
            *offset_min = zones[i].offset_min;
            return true;
        }
    return false;
}

/* The hours, minutes and seconds behind a date; NULL: there are none. */
static const char *read_clock_time(const char *text, struct tm *tm)
{
    static const char *const clocks[] = {"%I:%M:%S %p", "%I:%M %p", "%H:%M:%S", "%H:%M"};
    size_t i;
    for (i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        const char *rest = strptime(text, clocks[i], tm);
        if (rest != NULL)
            return rest;
    }
    return NULL;
}

static bool sane(const struct tm *tm)
{
    return tm->tm_year >= 70 && tm->tm_year < 300;
}

const char *history_date(const char *text, bool day_first, struct tm *tm, bool *slashed)
{
    static const char *const dates[] = {"%d.%m.%Y",      "%d.%m.%y",  "%a, %d %b %Y", "%d %b %Y",
                                        "%a, %b %d, %Y", "%b %d, %Y", "%d-%b-%Y",     "%Y/%m/%d"};
    static const char *const java[] = {"%a %b %d %H:%M:%S UTC %Y", "%a %b %d %H:%M:%S GMT %Y",
                                       "%a %b %d %H:%M:%S %Y"};
    static const char *const month[] = {"%m/%d/%Y", "%m/%d/%y"}, *const day[] = {"%d/%m/%Y",
                                                                                 "%d/%m/%y"};
    const char *rest;
    size_t i;
    *slashed = false;
    for (i = 0; i < sizeof java / sizeof *java; i++) {
        *tm = (struct tm){0};
        if ((rest = strptime(text, java[i], tm)) != NULL && sane(tm))
            return rest;
    }
    for (i = 0; i < sizeof dates / sizeof *dates + 2; i++) {
        *slashed = i < 2;
        *tm = (struct tm){0};
        rest = strptime(text, i >= 2 ? dates[i - 2] : day_first ? day[i] : month[i], tm);
        if (rest == NULL || !sane(tm))
            continue;
        if (*rest == '\0')
            return rest;
        if (*rest != ',' && *rest != ' ' && *rest != 'T')
            continue;
        if ((rest = read_clock_time(rest + 1, tm)) != NULL)
            return rest;
    }
    return NULL;
}
