#include "facet.h"
#include "model/base/suggest.h"
#include "model/base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct key {
    const char *word;
    enum metric_part part;
    size_t at;
} keys[] = {{"class", PART_CLASS, offsetof(struct facet, job_class)},
            {"host", PART_HOST, offsetof(struct facet, host)},
            {"down", PART_DOWN, offsetof(struct facet, down)}};
#define KEYS (sizeof keys / sizeof *keys)

static const char *skip(const char *text)
{
    return text + strspn(text, " \t");
}

/* Without blanks around it; false: it does not fit. */
static bool copy(char *to, size_t size, const char *from, size_t length)
{
    while (length > 0 && (*from == ' ' || *from == '\t'))
        from++, length--;
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\t'))
        length--;
    if (length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

static bool in_quotes(const char *name, size_t length)
{
    return length > 2 && (name[0] == '\'' || name[0] == '"') && name[length - 1] == name[0];
}

/* As copy does, and out of its quotes, as PromQL's habit has them. */
static bool copy_name(char to[FLEET_NAME], const char *from, size_t length)
{
    char text[FLEET_NAME + 2];
    if (!copy(text, sizeof text, from, length))
        return false;
    length = strlen(text);
    return in_quotes(text, length) ? copy(to, FLEET_NAME, text + 1, length - 2)
                                   : copy(to, FLEET_NAME, text, length);
}

int facet_forms(enum metric metric, char forms[FACET_WHY])
{
    unsigned parts = metric_parts(metric);
    const char *name = metric_name(metric), *before = "";
    size_t end = 0, i;
    forms[0] = '\0';
    for (i = 0; i < KEYS; i++)
        if (parts & keys[i].part) {
            end += (size_t)snprintf(forms + end, FACET_WHY - end, "%s%.*s[%s=%s]", before,
                                    metric_bare(metric), name, keys[i].word,
                                    keys[i].part == PART_DOWN ? FACET_ANY "|NAME" : "NAME");
            before = ", ";
        }
    if (parts & PART_BEYOND)
        end += (size_t)snprintf(forms + end, FACET_WHY - end, "%s%.*s > VALUE", before,
                                metric_bare(metric), name);
    return (int)end;
}

static bool wants(enum metric metric, char why[FACET_WHY])
{
    char forms[FACET_WHY];
    if (facet_forms(metric, forms) > 0)
        snprintf(why, FACET_WHY, "want %.*s, %.400s", metric_bare(metric), metric_name(metric),
                 forms);
    else
        snprintf(why, FACET_WHY, "want %.*s alone: it has no parts", metric_bare(metric),
                 metric_name(metric));
    return false;
}

static bool no_metric(const char *name, char why[FACET_WHY])
{
    const char *names[METRIC_COUNT + 1] = {NULL}, *near;
    int i;
    for (i = 0; i < METRIC_COUNT; i++)
        names[i] = metric_name((enum metric)i);
    near = suggest_nearest(name, names);
    snprintf(why, FACET_WHY, "want a metric, e.g. queue_wait, queue_wait:p95 or utilization%s%s%s",
             near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return false;
}

/* ---- reading ---- */

/* Where the next "class=" begins, or the end: names may have commas. */
static const char *next_key(const char *text, const char *end)
{
    size_t i;
    for (; text < end; text++) {
        const char *word = skip(text + 1);
        if (*text != ',')
            continue;
        for (i = 0; i < KEYS; i++) {
            size_t length = strlen(keys[i].word);
            if (strncmp(word, keys[i].word, length) == 0 && *skip(word + length) == '=')
                return text;
        }
    }
    return end;
}

static bool read_key(struct facet *facet, const char *text, const char *end, char why[FACET_WHY])
{
    const char *equals = memchr(text, '=', (size_t)(end - text)), *near;
    const char *words[KEYS + 1] = {"class", "host", "down", NULL};
    char word[FLEET_NAME] = "", *to;
    size_t i;
    if (equals == NULL || !copy(word, sizeof word, text, (size_t)(equals - text)))
        return wants(facet->metric, why);
    for (i = 0; i < KEYS && strcmp(word, keys[i].word) != 0; i++)
        ;
    if (i == KEYS || !(metric_parts(facet->metric) & keys[i].part)) {
        wants(facet->metric, why);
        near = i == KEYS ? suggest_nearest(word, words) : NULL;
        if (near)
            snprintf(why + strlen(why), FACET_WHY - strlen(why), "; did you mean %s?", near);
        return false;
    }
    to = (char *)facet + keys[i].at;
    if (*to == '\0' && copy_name(to, equals + 1, (size_t)(end - equals - 1)) && *to != '\0')
        return true;
    snprintf(why, FACET_WHY, "want %s=NAME once, with a name of at most %d characters",
             keys[i].word, FLEET_NAME - 1);
    return false;
}

static bool read_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number);
}

static bool read_limit(struct facet *facet, const char *text, char why[FACET_WHY])
{
    char hint[UNITS_HINT] = "";
    int64_t ms = 0;
    bool good = false;
    if (!(metric_parts(facet->metric) & PART_BEYOND))
        return wants(facet->metric, why);
    facet->beyond = true;
    switch (metric_unit(facet->metric)) {
    case UNIT_MS:
        good = units_duration(text, &ms, hint) && ms >= 0;
        facet->limit = (double)ms;
        break;
    case UNIT_SHARE:
        good = (read_number(text, &facet->limit) || units_share(text, &facet->limit, hint)) &&
               facet->limit >= 0 && facet->limit <= 1;
        break;
    case UNIT_COUNT:
        good = read_number(text, &facet->limit) && facet->limit >= 0;
        break;
    }
    if (!good)
        snprintf(why, FACET_WHY, "want %.*s > %s%s%s", metric_bare(facet->metric),
                 metric_name(facet->metric),
                 metric_unit(facet->metric) == UNIT_MS      ? "a duration, e.g. 5min"
                 : metric_unit(facet->metric) == UNIT_SHARE ? "a share, e.g. 90%"
                                                            : "a number, e.g. 10",
                 hint[0] ? "; " : "", hint);
    return good;
}

static void put_name(struct facet *facet)
{
    const char *before = "[";
    char text[UNITS_TEXT];
    enum unit unit = metric_unit(facet->metric);
    size_t end, i;
    end = (size_t)snprintf(facet->name, FACET_NAME, "%.*s%s", metric_bare(facet->metric),
                           metric_name(facet->metric),
                           unit == UNIT_MS && !facet->beyond ? "_ms" : "");
    for (i = 0; i < KEYS; i++) {
        const char *name = (const char *)facet + keys[i].at, *quote;
        if (*name == '\0')
            continue;
        quote = in_quotes(name, strlen(name)) ? "\"" : ""; /* its own */
        end += (size_t)snprintf(facet->name + end, FACET_NAME - end, "%s%s=%s%s%s", before,
                                keys[i].word, quote, name, quote);
        before = ",";
    }
    if (*before == ',')
        end += (size_t)snprintf(facet->name + end, FACET_NAME - end, "]");
    if (!facet->beyond)
        return;
    if (unit == UNIT_MS)
        units_format_duration((int64_t)facet->limit, text);
    else
        snprintf(text, sizeof text, unit == UNIT_SHARE ? "%.12g%%" : "%.12g",
                 unit == UNIT_SHARE ? 100 * facet->limit : facet->limit);
    snprintf(facet->name + end, FACET_NAME - end, ">%s", text);
}

static void put_said(struct facet *facet)
{
    const char *name = facet->name;
    snprintf(facet->said, FACET_NAME, "%.*s%s", metric_bare(facet->metric), name,
             name + strcspn(name, "[>"));
}

bool facet_parse(struct facet *facet, const char *text, char why[FACET_WHY])
{
    size_t head = strcspn(text, "[<=>"); /* only > is more than a hint */
    const char *rest = text + head, *close;
    char name[FLEET_NAME] = "", limit[UNITS_TEXT];
    *facet = (struct facet){.metric = METRIC_COUNT, .class_at = -1, .host_at = -1, .down_at = -1};
    if (copy(name, sizeof name, text, head))
        facet->metric = metric_by_name(name);
    if (facet->metric == METRIC_COUNT)
        return no_metric(name, why);
    if (*rest == '[') {
        if ((close = strrchr(rest, ']')) == NULL)
            return wants(facet->metric, why);
        while (rest < close) {
            const char *end = next_key(rest + 1, close);
            if (!read_key(facet, rest + 1, end, why))
                return false;
            rest = end;
        }
        rest = skip(close + 1);
    }
    if (*rest == '>') {
        if (!copy(limit, sizeof limit, rest + 1, strlen(rest + 1)))
            return wants(facet->metric, why);
        if (!read_limit(facet, limit, why))
            return false;
    } else if (*rest != '\0') {
        return wants(facet->metric, why);
    }
    put_name(facet);
    put_said(facet);
    return true;
}

bool facet_is_metric(const struct facet *facet)
{
    return !facet->job_class[0] && !facet->host[0] && !facet->down[0] && !facet->beyond;
}

/* ---- in a fleet ---- */

static bool find(const char *what, const char *name, const char *const *names, int *at,
                 char why[FACET_WHY])
{
    const char *near;
    size_t end;
    int i;
    for (i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0) {
            *at = i;
            return true;
        }
    near = suggest_nearest(name, names);
    end = (size_t)snprintf(why, FACET_WHY, "the fleet has no %s %s, want ", what, name);
    for (i = 0; names[i] != NULL && end + 2 * FLEET_NAME < FACET_WHY; i++)
        end += (size_t)snprintf(why + end, FACET_WHY - end, "%s%s", i > 0 ? ", " : "", names[i]);
    end += (size_t)snprintf(why + end, FACET_WHY - end, "%s", names[i] != NULL ? ", ..." : "");
    if (near)
        snprintf(why + end, FACET_WHY - end, "; did you mean %s?", near);
    return false;
}

bool facet_place(struct facet *facet, const struct fleet *fleet, char why[FACET_WHY])
{
    const char *classes[FLEET_CLASSES + 1] = {NULL}, *hosts[FLEET_HOSTS + 1] = {NULL};
    int i;
    for (i = 0; i < fleet->workload.n_classes; i++)
        classes[i] = fleet->workload.classes[i].name;
    for (i = 0; i < fleet->n_hosts; i++)
        hosts[i] = fleet->hosts[i].name;
    facet->class_at = facet->host_at = facet->down_at = -1;
    return (!facet->job_class[0] ||
            find("class", facet->job_class, classes, &facet->class_at, why)) &&
           (!facet->host[0] || find("host", facet->host, hosts, &facet->host_at, why)) &&
           (!facet->down[0] || strcmp(facet->down, FACET_ANY) == 0 ||
            find("host", facet->down, hosts, &facet->down_at, why));
}

/* ---- values ---- */

enum unit facet_unit(const struct facet *facet)
{
    return facet->beyond ? UNIT_SHARE : metric_unit(facet->metric);
}

enum metric facet_reads_as(const struct facet *facet)
{
    return facet->beyond ? METRIC_WAIT_PROBABILITY : facet->metric;
}

const char *facet_never(const struct facet *facet)
{
    return !facet->down[0]                       ? "no such job"
           : strcmp(facet->down, FACET_ANY) == 0 ? "no host was ever down"
                                                 : "the host was never down";
}
