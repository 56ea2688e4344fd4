#include "whatif.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "sim/planning/design.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum und_code add_value(struct sweep_axis *axis, const char *value, size_t length,
                               struct und_err *err)
{
    if (axis->n == WHATIF_VALUES)
        return und_fail(err, UND_USAGE, "--vary %s: got more than %d values", axis->path,
                        WHATIF_VALUES);
    if (length == 0 || length >= SWEEP_VALUE)
        return und_fail(err, UND_USAGE, "--vary %s: got a value of %zu characters, want 1..%d",
                        axis->path, length, SWEEP_VALUE - 1);
    axis->value = realloc(axis->value, (size_t)(axis->n + 1) * sizeof *axis->value);
    UND_ASSERT(axis->value != NULL);
    snprintf(axis->value[axis->n++], SWEEP_VALUE, "%.*s", (int)length, value);
    return UND_OK;
}

/* A, and so many per cent more each time, up to B. */
static enum und_code add_growth(struct sweep_axis *axis, double a, double b, double percent,
                                const char *unit, struct und_err *err)
{
    double growth = 1 + percent / 100;
    if (!(percent > 0) || !(a > 0) || !(b >= a) || log(b / a) / log(growth) >= WHATIF_VALUES)
        return und_fail(err, UND_USAGE,
                        "--vary %s: got %g..%g:%g%%, want 0 < A <= B and at most %d steps",
                        axis->path, a, b, percent, WHATIF_VALUES - 1);
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
static enum und_code add_range(struct whatif *whatif, struct sweep_axis *axis, const char *text,
                               struct und_err *err)
{
    struct number_range range;
    bool good = number_range_read(&range, text);
    double a = range.low, b = range.high, step = range.step;
    long i, n;
    if (good && !range.stepped && whatif->latin > 0 && a < b) {
        whatif->strata[axis - whatif->sweep.axis] = range;
        return UND_OK;
    }
    good = good && range.stepped;
    if (good && strcmp(range.step_unit, "%") == 0 && strcmp(range.unit, "%") != 0)
        return add_growth(axis, a, b, step, range.unit, err);
    if (!good || strcmp(range.unit, range.step_unit) != 0)
        return und_fail(err, UND_USAGE,
                        "--vary %s: got '%.60s', want A..B:STEP, three numbers of one unit, or a "
                        "growth such as 4%% as step",
                        axis->path, text);
    if (!(step > 0) || !(b >= a) || (b - a) / step >= WHATIF_VALUES)
        return und_fail(err, UND_USAGE, "--vary %s: got '%.60s', want A <= B and at most %d steps",
                        axis->path, text, WHATIF_VALUES - 1);
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
    struct sweep_axis *axis = &whatif->sweep.axis[whatif->sweep.n_axes];
    const char *equals = strchr(text, '='), *value;
    if (!equals || equals == text || equals - text >= (long)sizeof axis->path)
        return und_fail(err, UND_USAGE, "--vary: got '%.60s', want PATH=a,b,c or PATH=A..B:STEP",
                        text);
    snprintf(axis->path, sizeof axis->path, "%.*s", (int)(equals - text), text);
    value = equals + 1;
    whatif->sweep.n_axes++;
    if (strstr(value, ".."))
        return add_range(whatif, axis, value, err);
    for (;;) {
        size_t length = strcspn(value, ",");
        if (add_value(axis, value, length, err) != UND_OK || value[length] == '\0')
            return err->code;
        value += length + 1;
    }
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

/* "lhs:50" */
static enum und_code take_design(struct whatif *whatif, struct und_err *err)
{
    char *end = NULL;
    if (!whatif->design)
        return UND_OK;
    if (strncmp(whatif->design, "lhs:", 4) == 0)
        whatif->latin = (int)fmin(strtod(whatif->design + 4, &end), SWEEP_POINTS + 1.0);
    if (!end || *end != '\0' || whatif->latin < 2 || whatif->latin > SWEEP_POINTS)
        return und_fail(err, UND_USAGE, "--design: got '%.40s', want lhs:N, N of 2..%d",
                        whatif->design, SWEEP_POINTS);
    return UND_OK;
}

/* "1/4" */
static enum und_code take_shard(struct whatif *whatif, struct und_err *err)
{
    char more;
    if (whatif->shard &&
        (sscanf(whatif->shard, "%d/%d%c", &whatif->part, &whatif->parts, &more) != 2 ||
         whatif->part < 1 || whatif->part > whatif->parts || whatif->parts > SWEEP_POINTS))
        return und_fail(err, UND_USAGE, "--shard: got '%.40s', want I/N with 1 <= I <= N, e.g. 1/4",
                        whatif->shard);
    return UND_OK;
}

static enum und_code take_price(const char *option, const char *text, double *price,
                                struct und_err *err)
{
    char *end = NULL;
    if (!text)
        return UND_OK;
    *price = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*price) || *price < 0)
        return und_fail(err, UND_USAGE, "--%s: got '%.40s', want a number, e.g. 40", option, text);
    return UND_OK;
}

static enum und_code take_prices(struct whatif *whatif, struct und_err *err)
{
    struct prices *prices = &whatif->sweep.prices;
    prices->given = whatif->slot_price != NULL;
    if (take_price("price-slot", whatif->slot_price, &prices->slot, err) != UND_OK ||
        take_price("price-run", whatif->run_price, &prices->run, err) != UND_OK ||
        take_price("price-hour", whatif->hour_price, &prices->hour, err) != UND_OK)
        return err->code;
    if (whatif->currency && strlen(whatif->currency) >= sizeof prices->currency)
        return und_fail(err, UND_USAGE, "--currency: got '%.40s', want at most %zu characters",
                        whatif->currency, sizeof prices->currency - 1);
    snprintf(prices->currency, sizeof prices->currency, "%s",
             whatif->currency ? whatif->currency : "");
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
    take_design(whatif, err);
    for (i = 0; i < whatif->n_vary && err->code == UND_OK; i++)
        add_axis(whatif, whatif->vary[i], err);
    for (i = 0; i < whatif->n_metrics && err->code == UND_OK; i++)
        whatif_column(&sweep->column[sweep->n_columns++], whatif->metric[i],
                      strlen(whatif->metric[i]), err);
    for (i = 0; i < whatif->n_until && err->code == UND_OK; i++)
        whatif_limit(&sweep->limit[sweep->n_limits++], whatif->until[i], err);
    if (err->code == UND_OK && take_shard(whatif, err) == UND_OK &&
        take_prices(whatif, err) == UND_OK)
        take_growth(whatif, err);
    if (whatif->find && err->code == UND_OK)
        find_range(&whatif->range, whatif->find, err);
    for (i = 0; i < whatif->n_vary && err->code == UND_OK; i++)
        check_overruled(whatif, "--vary", whatif->vary[i], i, err);
    if (whatif->find && err->code == UND_OK)
        check_overruled(whatif, "--find", whatif->find, whatif->n_vary, err);
    return err->code;
}

enum und_code whatif_lay_out(struct whatif *whatif, struct und_err *err)
{
    return whatif->latin > 0 ? design_latin(&whatif->sweep, whatif->strata, whatif->latin,
                                            whatif->campaign.experiment.seed)
                             : design_grid(&whatif->sweep, err);
}

int whatif_sets(const struct whatif *whatif, int point, bool lost, struct whatif_sets *sets)
{
    int i, n = whatif->campaign.n_sets;
    memcpy(sets->set, whatif->campaign.sets, (size_t)n * sizeof *sets->set);
    for (i = 0; i < whatif->sweep.n_axes; i++) {
        snprintf(sets->text[i], sizeof sets->text[i], "%s=%s", whatif->sweep.axis[i].path,
                 sweep_text(&whatif->sweep, point, i));
        sets->set[n++] = sets->text[i];
    }
    for (i = 0; lost && i < N_1_SETS; i++)
        sets->set[n++] = whatif->loss.text[i];
    return n;
}
