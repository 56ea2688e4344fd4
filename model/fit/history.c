#include "history_internal.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *flaw_text(enum flaw flaw)
{
    static const char *const texts[FLAW_COUNT] = {
        [FLAW_FIELDS] = "with fewer or more fields than the header: left out",
        [FLAW_NO_TIME] = "without a time of creation or start: left out",
        [FLAW_BAD_TIME] = "with a time that cannot be read: left out",
        [FLAW_FAR] = "created long before or after nearly all others (by more than their whole "
                     "span, and 90 days): left out",
        [FLAW_NEVER_RAN] = "that never ran (skipped, or cancelled before they started): left out",
        [FLAW_DUPLICATE] = "that repeat another job: left out (of one that was still running the "
                           "later row is kept)",
        [FLAW_NEGATIVE] = "with a negative duration (over before they started): they count as "
                          "arrivals, their durations are left out",
        [FLAW_TOO_LONG] = "longer than 5 days, which is longer than GitHub lets a job run: they "
                          "count as arrivals, their durations are left out",
        [FLAW_BAD_DURATION] = "with a duration that cannot be read: they count as arrivals only",
        [FLAW_LOST] = "without an end that began more than 5 days before the last time in the "
                      "file: lost, they count as arrivals only",
        [FLAW_OPEN] = "without an end yet: known to last at least so long (censored)",
        [FLAW_ZERO] = "of 0 s: taken as half a second",
        [FLAW_EARLY] = "that started before they were created: nothing is known of their wait",
        [FLAW_SAME] =
            "that are another's likeness in every column, with no id to tell whether they "
            "are the same job: kept",
        [FLAW_OVERLAP] = "that ran while their runner ran another job: runners' names are not "
                         "registrations, or rows overlap; kept",
        [FLAW_OUTAGE] = "whose host went down while they ran: they count as arrivals, their "
                        "durations are left out",
    };
    return texts[flaw];
}

void history_flaw(struct history *history, enum flaw flaw, int line)
{
    history_flaw_seen(history, flaw, line, "");
}

void history_flaw_seen(struct history *history, enum flaw flaw, int line, const char *text)
{
    char *seen = history->flaw_seen[flaw];
    if (history->flaw[flaw]++ > 0)
        return;
    history->flaw_line[flaw] = line;
    snprintf(seen, HISTORY_SEEN, "%s", text);
    for (; *seen != '\0'; seen++)
        if ((unsigned char)*seen < ' ' || *seen == 0x7f)
            *seen = '?';
}

void history_say_why(const struct history *history, char *out, size_t size)
{
    int worst = 0, i;
    for (i = 0; i < FLAW_COUNT; i++)
        if (history->flaw[i] > history->flaw[worst])
            worst = i;
    out[0] = '\0';
    if (history->flaw[worst] > 0)
        snprintf(out, size, "; %lld %s %s (the first: line %d%s%s%s)",
                 (long long)history->flaw[worst], history->flaw[worst] == 1 ? "row" : "rows",
                 flaw_text((enum flaw)worst), history->flaw_line[worst],
                 history->flaw_seen[worst][0] ? ", '" : "", history->flaw_seen[worst],
                 history->flaw_seen[worst][0] ? "'" : "");
}

int history_intern(struct names *names, const char *name)
{
    json_t *found;
    void *larger;
    if (names->index == NULL)
        names->index = json_object();
    if ((found = json_object_get(names->index, name)) != NULL)
        return (int)json_integer_value(found);
    if ((names->n & (names->n - 1)) == 0) { /* at powers of two there is no room left */
        larger = realloc(names->name, (size_t)(names->n ? 2 * names->n : 1) * sizeof *names->name);
        UND_ASSERT(larger != NULL);
        names->name = larger;
    }
    names->name[names->n] = strdup(name);
    UND_ASSERT(names->name[names->n] != NULL);
    json_object_set_new_nocheck(names->index, name, json_integer(names->n));
    return names->n++;
}

static void fini_names(struct names *names)
{
    int i;
    for (i = 0; i < names->n; i++)
        free(names->name[i]);
    free(names->name);
    json_decref(names->index);
}

void history_fini(struct history *history)
{
    free(history->row);
    fini_names(&history->classes);
    fini_names(&history->workflows);
    fini_names(&history->runners);
    memset(history, 0, sizeof *history);
}
