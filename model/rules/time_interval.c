#include "time_interval.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY_MINUTES = 1440 };

static const char *const weekdays[] = {"sunday",   "monday", "tuesday",  "wednesday",
                                       "thursday", "friday", "saturday", NULL};
static const char *const months[] = {"january",  "february", "march",  "april",     "may",
                                     "june",     "july",     "august", "september", "october",
                                     "november", "december", NULL};

/* "HH:MM", 24:00 included. */
static bool read_time(const char *text, int *minute)
{
    int hours, minutes;
    if (strlen(text) != 5 || text[2] != ':' || !isdigit((unsigned char)text[0]) ||
        !isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[3]) ||
        !isdigit((unsigned char)text[4]))
        return false;
    hours = atoi(text);
    minutes = atoi(text + 3);
    *minute = hours * 60 + minutes;
    return minutes < 60 && *minute <= DAY_MINUTES;
}

static enum und_code read_times(const struct prom_reader *reader, const json_t *spec,
                                bool day[DAY_MINUTES])
{
    json_t *list, *item;
    size_t i;
    if (prom_list(reader, spec, "times", &list))
        return UND_USAGE;
    memset(day, list == NULL || json_array_size(list) == 0, DAY_MINUTES * sizeof *day);
    json_array_foreach (list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, "times");
        const char *start, *end;
        int from, to;
        if (prom_string(reader, item, "start_time", &start) ||
            prom_string(reader, item, "end_time", &end))
            return UND_USAGE;
        if (!read_time(start, &from) || !read_time(end, &to))
            return doc_fail(&spot, reader->err, "want start_time and end_time as HH:MM");
        if (from >= to)
            return doc_fail(&spot, reader->err, "start_time is not before end_time");
        for (int minute = from; minute < to; minute++)
            day[minute] = true;
    }
    return UND_OK;
}

/* A word of the list, or a number from..to; -1 if it is neither. Negative numbers count from the
 * end. */
static int read_unit(const char *text, const char *const *words, int low, int high, bool *negative)
{
    char *end;
    long number;
    *negative = false;
    for (int i = 0; words && words[i]; i++) {
        if (strcasecmp(text, words[i]) == 0)
            return i + (words == months);
    }
    if (words == weekdays)
        return -1;
    number = strtol(text, &end, 10);
    if (end == text || *end != '\0')
        return -1;
    *negative = number < 0;
    number = number < 0 ? -number : number;
    return number >= low && number <= high ? (int)number : -1;
}

/* One range, "a" or "a:b". */
static bool read_range(const char *text, const char *const *words, int low, int high, int *from,
                       int *to)
{
    char first[64];
    const char *colon = strchr(text, ':');
    bool from_end, to_end;
    snprintf(first, sizeof first, "%.*s", (int)(colon ? colon - text : (long)strlen(text)), text);
    *from = read_unit(first, words, low, high, &from_end);
    *to = *from;
    to_end = from_end;
    if (colon)
        *to = read_unit(colon + 1, words, low, high, &to_end);
    if (*from < 0 || *to < 0 || (from_end && words == months) || (from_end && !to_end))
        return false;
    if (from_end != to_end)
        return true; /* "1:-1" depends on the month */
    return from_end ? *from >= *to : *from <= *to;
}

static enum und_code check_ranges(const struct prom_reader *reader, const json_t *spec,
                                  const char *key, const char *const *words, int low, int high,
                                  bool day[7])
{
    json_t *list, *item;
    size_t i;
    if (prom_list(reader, spec, key, &list))
        return UND_USAGE;
    for (int d = 0; day && d < 7; d++)
        day[d] = json_array_size(list) == 0;
    json_array_foreach (list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, key);
        const char *text = json_string_value(item) ? json_string_value(item) : "";
        int from, to;
        if (!read_range(text, words, low, high, &from, &to))
            return doc_fail(&spot, reader->err, "got '%.40s', want a value, or from:to", text);
        for (int d = from; day && d <= to; d++)
            day[(d + 6) % 7] = true; /* Monday first */
    }
    return UND_OK;
}

#define ZONES "/usr/share/zoneinfo/"

/* A time zone that is known here; any that looks like one where none is. */
static bool is_location(const char *name)
{
    char path[DOC_PATH];
    struct stat found;
    if (name[0] == '\0' || strcmp(name, "UTC") == 0 || strcmp(name, "Local") == 0)
        return true;
    if (strchr("/\\", name[0]) || strstr(name, "..") ||
        snprintf(path, sizeof path, ZONES "%s", name) >= (int)sizeof path)
        return false;
    return access(ZONES "UTC", R_OK) != 0 || (stat(path, &found) == 0 && S_ISREG(found.st_mode));
}

static enum und_code read_location(const struct prom_reader *reader, const json_t *spec)
{
    struct spot spot = doc_member(reader->doc, spec, "location");
    const char *name;
    if (prom_string(reader, spec, "location", &name))
        return UND_USAGE;
    if (!is_location(name))
        return doc_fail(&spot, reader->err, "got '%.60s', want a time zone as Europe/Berlin", name);
    if (name[0])
        prom_note(reader, &spot, "the scenario's clock is taken for its time");
    return UND_OK;
}

static enum und_code read_spec(const struct prom_reader *reader, const json_t *spec,
                               const struct spot *spot, struct week *week)
{
    bool minutes[DAY_MINUTES], day[7];
    bool dated = json_array_size(json_object_get(spec, "days_of_month")) > 0 ||
                 json_array_size(json_object_get(spec, "months")) > 0 ||
                 json_array_size(json_object_get(spec, "years")) > 0;
    if (read_times(reader, spec, minutes) ||
        check_ranges(reader, spec, "weekdays", weekdays, 0, 6, day) ||
        check_ranges(reader, spec, "days_of_month", NULL, 1, 31, NULL) ||
        check_ranges(reader, spec, "months", months, 1, 12, NULL) ||
        check_ranges(reader, spec, "years", NULL, 1, 9999, NULL) || read_location(reader, spec))
        return UND_USAGE;
    if (dated) {
        prom_note(reader, spot,
                  "days of the month, months or years: a scenario has no date, so this is never "
                  "taken to hold");
        week->dated = true;
        return UND_OK;
    }
    for (int minute = 0; minute < WEEK_MINUTES; minute++) {
        if (day[minute / DAY_MINUTES] && minutes[minute % DAY_MINUTES])
            week->in.bits[minute / 8] |= (uint8_t)(1 << minute % 8);
    }
    return UND_OK;
}

enum und_code time_interval_read(const struct prom_reader *reader, const json_t *list,
                                 struct week *week)
{
    size_t i;
    json_t *spec;
    *week = (struct week){.dated = false};
    json_array_foreach ((json_t *)list, i, spec) {
        struct spot spot = doc_item(reader->doc, list, i, "time_intervals");
        if (read_spec(reader, spec, &spot, week))
            return UND_USAGE;
    }
    return UND_OK;
}
