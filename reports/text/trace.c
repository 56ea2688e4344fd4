#include "trace.h"

#include "model/base/assert.h"
#include "text.h"

#include <string.h>

#define COLUMNS (3 * FLEET_NAME)

static void host_name(char out[COLUMNS], int host, const struct fleet *fleet)
{
    if (host < 0)
        snprintf(out, COLUMNS, "-");
    else if (host < fleet->n_hosts)
        text_clean(out, COLUMNS, fleet->hosts[host].name);
    else
        snprintf(out, COLUMNS, "host %d", host);
}

/* What it is called in the plots, unless the text says the same. */
static const char *mark_of(const struct timeline_entry *entry)
{
    const char *name = mark_name(entry->mark);
    return strstr(entry->what, name) ? "" : name;
}

static void print_entry(FILE *out, const struct timeline *timeline, size_t i,
                        const struct fleet *fleet, int width)
{
    const struct timeline_entry *entry = &timeline->entry[i];
    char at[TEXT_VALUE], host[COLUMNS], what[3 * sizeof entry->what];
    const char *mark = mark_of(entry);
    host_name(host, entry->host, fleet);
    text_clean(what, sizeof what, entry->what);
    fprintf(out, "%12s  %s%*s  %s%s%s%s", text_clock(at, entry->at_ms), host,
            width - text_columns(host), "", what, *mark ? " [" : "", mark, *mark ? "]" : "");
    if (entry->cause >= 0) {
        const struct timeline_entry *cause = &timeline->entry[entry->cause];
        UND_ASSERT((size_t)entry->cause < i);
        text_clean(what, sizeof what, cause->what);
        fprintf(out, "  <- %s %s", text_clock(at, cause->at_ms), what);
    }
    fputc('\n', out);
}

void trace_print(FILE *out, const struct timeline *timeline, const struct fleet *fleet)
{
    char host[COLUMNS];
    size_t i;
    int width = 0;
    for (i = 0; i < timeline->n; i++) {
        int columns;
        host_name(host, timeline->entry[i].host, fleet);
        columns = text_columns(host);
        width = columns > width ? columns : width;
    }
    for (i = 0; i < timeline->n; i++)
        print_entry(out, timeline, i, fleet, width);
    if (timeline->dropped > 0)
        fprintf(out, "%zu later events are not shown: a trace holds %d\n", timeline->dropped,
                TIMELINE_ENTRIES);
}
