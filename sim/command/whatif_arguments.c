#include "whatif.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "sim/planning/number_range.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum und_code add_value(struct axis *axis, const char *value, size_t length,
                               struct und_err *err)
{
    if (axis->n == SWEEP_POINTS)
        return und_fail(err, UND_USAGE, "--vary %s: got more than %d values", axis->path,
                        SWEEP_POINTS);
    if (length == 0 || length >= SWEEP_VALUE)
        return und_fail(err, UND_USAGE, "--vary %s: got a value of %zu characters, want 1..%d",
                        axis->path, length, SWEEP_VALUE - 1);
    snprintf(axis->value[axis->n++], SWEEP_VALUE, "%.*s", (int)length, value);
    return UND_OK;
}

/* A, and so many per cent more each time, up to B. */
static enum und_code add_growth(struct axis *axis, double a, double b, double percent,
                                const char *unit, struct und_err *err)
{
    double growth = 1 + percent / 100;
    if (!(percent > 0) || !(a > 0) || !(b >= a) || log(b / a) / log(growth) >= SWEEP_POINTS)
        return und_fail(err, UND_USAGE,
                        "--vary %s: got %g..%g:%g%%, want 0 < A <= B and at most %d steps",
                        axis->path, a, b, percent, SWEEP_POINTS - 1);
    while (a <= b * (1 + 1e-9)) {
        char value[2 * SWEEP_VALUE];
        int length = snprintf(value, sizeof value, "%.6g%s", a, unit);
        if (add_value(axis, value, (size_t)length, err) != UND_OK)
            return err->code;
        a *= growth;
    }
    return UND_OK;
}

/* A..B:STEP; all three with the same unit, which is whatever follows the number; or the step is
 * growth, "4%". */
static enum und_code add_range(struct axis *axis, const char *text, struct und_err *err)
{
    struct number_range range;
    bool good = number_range_read(&range, text) && range.stepped;
    double a = range.low, b = range.high, step = range.step;
    long i, n;
    if (good && strcmp(range.step_unit, "%") == 0 && strcmp(range.unit, "%") != 0)
        return add_growth(axis, a, b, step, range.unit, err);
    if (!good || strcmp(range.unit, range.step_unit) != 0)
        return und_fail(err, UND_USAGE,
                        "--vary %s: got '%.60s', want A..B:STEP, three numbers of one unit, or a "
                        "growth such as 4%% as step",
                        axis->path, text);
    if (!(step > 0) || !(b >= a) || (b - a) / step >= SWEEP_POINTS)
        return und_fail(err, UND_USAGE, "--vary %s: got '%.60s', want A <= B and at most %d steps",
                        axis->path, text, SWEEP_POINTS - 1);
    n = lround(floor((b - a) / step + 1e-9));
    for (i = 0; i <= n; i++) {
        char value[2 * SWEEP_VALUE];
        int length = snprintf(value, sizeof value, "%.10g%s", a + (double)i * step, range.unit);
        if (add_value(axis, value, (size_t)length, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}

static enum und_code add_axis(struct whatif *whatif, const char *text, struct und_err *err)
{
    struct axis *axis = &whatif->axis[whatif->sweep.n_axes];
    const char *equals = strchr(text, '='), *value;
    if (!equals || equals == text || equals - text >= (long)sizeof axis->path)
        return und_fail(err, UND_USAGE, "--vary: got '%.60s', want PATH=a,b,c or PATH=A..B:STEP",
                        text);
    snprintf(axis->path, sizeof axis->path, "%.*s", (int)(equals - text), text);
    value = equals + 1;
    whatif->sweep.axis[whatif->sweep.n_axes++] = axis->path;
    if (strstr(value, ".."))
        return add_range(axis, value, err);
    for (;;) {
        size_t length = strcspn(value, ",");
        if (add_value(axis, value, length, err) != UND_OK || value[length] == '\0')
            return err->code;
        value += length + 1;
    }
}

/* "queue_wait:p95" or "queue_wait[class=build]:p95", of the given length; names may have colons. */
static enum und_code parse_column(struct sweep_column *column, const char *text, size_t length,
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

static enum und_code parse_until(struct sweep_limit *limit, const char *text, struct und_err *err)
{
    const char *op = comparison(text), *value;
    char hint[UNITS_HINT] = "", *end;
    int64_t ms = 0;
    bool good = false;
    if (op == NULL)
        return und_fail(err, UND_USAGE, "--until: got '%.60s', want e.g. queue_wait:p95<=5min",
                        text);
    if (parse_column(&limit->column, text, (size_t)(op - text), err) != UND_OK)
        return err->code;
    value = op + 2 + strspn(op + 2, " ");
    limit->given = true;
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

/* Shares may fall as well. */
static bool percent(const char *text, double *share)
{
    char *end;
    *share = strtod(text, &end) / 100;
    return end != text && strcmp(end, "%") == 0 && *share > -1 && *share < 10;
}

/* "4%", or "1%..7%": an interval of 95%; and from when on. */
static enum und_code take_growth(struct whatif *whatif, struct und_err *err)
{
    struct growth *growth = &whatif->grows;
    const char *dots = whatif->growth ? strstr(whatif->growth, "..") : NULL, *end = NULL;
    char low[32];
    bool good;
    struct tm day = {0};
    growth->from_day = -1;
    if (!whatif->growth)
        return UND_OK;
    snprintf(low, sizeof low, "%.*s", dots ? (int)(dots - whatif->growth) : 31, whatif->growth);
    good = percent(low, &growth->low) && percent(dots ? dots + 2 : low, &growth->high);
    if (!good || growth->low > growth->high || (!dots && growth->low <= 0))
        return und_fail(err, UND_USAGE,
                        "--growth: got '%.40s', want a share a month such as 4%%, or an interval "
                        "such as 1%%..7%%",
                        whatif->growth);
    growth->given = true;
    growth->exact = dots == NULL;
    if (!whatif->from)
        return UND_OK;
    end = strptime(whatif->from, "%Y-%m-%d", &day);
    if (end == NULL || *end != '\0' || day.tm_year < 70)
        return und_fail(err, UND_USAGE, "--from: got '%.40s', want a date such as 2026-11-28",
                        whatif->from);
    growth->from_day = timegm(&day) / 86400;
    return UND_OK;
}

static bool same_path(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return strcspn(b, "=") == n && strncmp(a, b, n) == 0;
}

/* What --vary or --find sets again and again, whatever another one says of that path. */
static enum und_code check_overruled(const struct whatif *whatif, const char *option,
                                     const char *given, int n_vary, struct und_err *err)
{
    const struct scenario_set *campaign = &whatif->campaign;
    const char *other = NULL;
    int i;
    for (i = 0; i < campaign->n_sets; i++)
        if (same_path(campaign->sets[i], given))
            other = "--set";
    for (i = 0; i < n_vary; i++)
        if (same_path(whatif->vary[i], given))
            other = "--vary";
    if (!other)
        return UND_OK;
    return und_fail(err, UND_USAGE,
                    "whatif: got %s and %s of %.*s, want one of them: the other would do nothing",
                    option, other, (int)strcspn(given, "="), given);
}

enum und_code whatif_take_options(struct whatif *whatif, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    int i;
    for (i = 0; i < whatif->n_vary && err->code == UND_OK; i++)
        add_axis(whatif, whatif->vary[i], err);
    for (i = 0; i < whatif->n_metrics && err->code == UND_OK; i++)
        parse_column(&sweep->column[sweep->n_columns++], whatif->metric[i],
                     strlen(whatif->metric[i]), err);
    for (i = 0; i < whatif->n_until && err->code == UND_OK; i++)
        parse_until(&whatif->limit[i], whatif->until[i], err);
    sweep->limit = whatif->limit[0];
    if (whatif->n_until > 1 && !whatif->find && err->code == UND_OK)
        und_fail(err, UND_USAGE, "whatif: got %d --until, want one, or --find", whatif->n_until);
    if (err->code == UND_OK)
        take_growth(whatif, err);
    if (whatif->find && err->code == UND_OK)
        find_range(&whatif->range, whatif->find, err);
    for (i = 0; i < whatif->n_vary && err->code == UND_OK; i++)
        check_overruled(whatif, "--vary", whatif->vary[i], i, err);
    if (whatif->find && err->code == UND_OK)
        check_overruled(whatif, "--find", whatif->find, whatif->n_vary, err);
    return err->code;
}

/* All combinations; the last axis varies fastest. */
enum und_code whatif_lay_out(struct whatif *whatif, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    int i, j, n = 1;
    for (i = 0; i < sweep->n_axes; i++) {
        n *= whatif->axis[i].n;
        if (n > SWEEP_POINTS)
            return und_fail(err, UND_USAGE, "--vary: got more than %d combinations", SWEEP_POINTS);
    }
    sweep->point = calloc((size_t)n, sizeof *sweep->point);
    UND_ASSERT(sweep->point != NULL);
    sweep->n_points = n;
    for (i = 0; i < n; i++) {
        int rest = i;
        for (j = sweep->n_axes - 1; j >= 0; j--) {
            memcpy(sweep->point[i].value[j], whatif->axis[j].value[rest % whatif->axis[j].n],
                   SWEEP_VALUE);
            rest /= whatif->axis[j].n;
        }
    }
    return UND_OK;
}

int whatif_sets(const struct whatif *whatif, const struct sweep_point *point, const struct n_1 *n_1,
                struct whatif_sets *sets)
{
    int i, n = whatif->campaign.n_sets;
    memcpy(sets->set, whatif->campaign.sets, (size_t)n * sizeof *sets->set);
    for (i = 0; i < whatif->sweep.n_axes; i++) {
        snprintf(sets->text[i], sizeof sets->text[i], "%s=%s", whatif->axis[i].path,
                 point->value[i]);
        sets->set[n++] = sets->text[i];
    }
    for (i = 0; n_1 && i < N_1_SETS; i++)
        sets->set[n++] = n_1->text[i];
    return n;
}
