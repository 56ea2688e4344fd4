/* What is asked of each point: a column, a limit. */
#include "whatif.h"

#include "model/base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "queue_wait:p95" or "queue_wait[class=build]:p95", of the given length; names may have colons. */
enum und_code whatif_column(struct sweep_column *column, const char *text, size_t length,
                            struct und_err *err)
{
    static const struct {
        const char *name;
        double quantile;
    } statistics[] = {{"p5", 0.05}, {"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};
    char name[FACET_NAME], why[FACET_WHY], *colon, *bracket;
    size_t i;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    *column = (struct sweep_column){.mean = true};
    bracket = strrchr(name, ']');
    if ((colon = strrchr(bracket ? bracket : name, ':')) != NULL) {
        *colon++ = '\0';
        column->mean = strncmp(colon, "mean", 4) == 0 && colon[4 + strspn(colon + 4, " ")] == '\0';
        for (i = 0; i < sizeof statistics / sizeof *statistics; i++)
            if (strncmp(colon, statistics[i].name, strcspn(colon, " ")) == 0 &&
                strlen(statistics[i].name) == strcspn(colon, " "))
                column->quantile = statistics[i].quantile;
        if (!column->mean && column->quantile <= 0)
            return und_fail(err, UND_USAGE,
                            "got metric '%.60s', want :mean, :p5, :p50, :p95 or :p99 behind it",
                            text);
    }
    if (!facet_parse(&column->facet, name, why))
        return und_fail(err, UND_USAGE, "got metric '%.60s', %s", text, why);
    column->metric = column->facet.metric;
    if (facet_is_metric(&column->facet))
        column->facet.name[0] = '\0';
    return UND_OK;
}

/* The last "<=" or ">=": a limit of its own may stand before it. */
static const char *comparison(const char *text)
{
    const char *at = NULL;
    for (; *text; text++)
        if ((*text == '<' || *text == '>') && text[1] == '=')
            at = text;
    return at;
}

enum und_code whatif_limit(struct sweep_limit *limit, const char *text, struct und_err *err)
{
    const char *op = comparison(text), *value;
    char hint[UNITS_HINT] = "", *end;
    int64_t ms = 0;
    bool good = false;
    if (op == NULL)
        return und_fail(err, UND_USAGE, "--until: got '%.60s', want e.g. queue_wait:p95<=5min",
                        text);
    if (whatif_column(&limit->column, text, (size_t)(op - text), err) != UND_OK)
        return err->code;
    value = op + 2 + strspn(op + 2, " ");
    limit->at_least = *op == '>';
    switch (metric_unit(sweep_reads_as(&limit->column))) {
    case UNIT_MS:
        good = units_duration(value, &ms, hint);
        limit->value = (double)ms;
        break;
    case UNIT_SHARE:
        good = units_share(value, &limit->value, hint);
        break;
    case UNIT_COUNT:
        limit->value = strtod(value, &end);
        good = end != value && *end == '\0';
        break;
    }
    if (!good)
        return und_fail(err, UND_USAGE, "--until: got the value '%.40s'; %s", value, hint);
    return UND_OK;
}
