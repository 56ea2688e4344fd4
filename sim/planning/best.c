#include "best.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct race {
    const struct best *best;
    struct best_system *of;
    double *value;  /* most of each system, one behind the other */
    double *spread; /* variance of each pair's difference, of the first values */
    double eta;
    int left;
};

static double *values(const struct race *race, int system)
{
    return race->value + (int64_t)system * race->best->most;
}

static double difference_variance(const double *x, const double *y, int64_t n)
{
    double mean = 0, squares = 0;
    int64_t i;
    for (i = 0; i < n; i++)
        mean += (x[i] - y[i]) / (double)n;
    for (i = 0; i < n; i++)
        squares += pow(x[i] - y[i] - mean, 2);
    return squares / (double)(n - 1);
}

static double mean_of(const double *value, int64_t n)
{
    double sum = 0;
    int64_t i;
    for (i = 0; i < n; i++)
        sum += value[i];
    return sum / (double)n;
}

static void drop(struct race *race, int system, int64_t n)
{
    race->of[system].out = true;
    race->of[system].replications = n;
    race->left--;
}

static enum und_code sample(struct race *race, int64_t n, struct und_err *err)
{
    const struct best *best = race->best;
    int i;
    for (i = 0; i < best->k; i++) {
        if (race->of[i].out)
            continue;
        if (best->sample(best->context, i, n, values(race, i), err) != UND_OK)
            return err->code;
        race->of[i].mean = mean_of(values(race, i), n);
        race->of[i].replications = n;
        if (isnan(race->of[i].mean))
            drop(race, i, n);
    }
    return UND_OK;
}

static void learn_spreads(struct race *race, int64_t n)
{
    int i, j, k = race->best->k;
    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            race->spread[i * k + j] =
                i == j || race->of[i].out || race->of[j].out
                    ? 0
                    : difference_variance(values(race, i), values(race, j), n);
}

/* W of the paper: how far apart two means may be after n replications. */
static double slack(const struct race *race, int i, int j, int64_t n, int64_t first)
{
    double delta = race->best->indifference, h2 = 2 * race->eta * (double)(first - 1);
    double s2 = race->spread[i * race->best->k + j];
    return fmax(0, delta / (2 * (double)n) * (h2 * s2 / (delta * delta) - (double)n));
}

/* Of two alike, which nothing tells apart any more, the first stays. */
static bool is_worse(const struct race *race, int i, int than, int64_t n, int64_t first)
{
    double mean = race->of[i].mean, best = race->of[than].mean;
    double apart = slack(race, i, than, n, first);
    if (i == than || race->of[i].out || race->of[than].out)
        return false;
    return mean > best + apart || (mean == best && than < i && apart <= 0);
}

/* All at once: who is worse than another one that was still in. */
static void screen(struct race *race, int64_t n, int64_t first)
{
    int i, j, k = race->best->k;
    bool *worse = calloc((size_t)k, sizeof *worse);
    UND_ASSERT(worse != NULL);
    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            worse[i] = worse[i] || is_worse(race, i, j, n, first);
    for (i = 0; i < k; i++)
        if (worse[i] && race->left > 1)
            drop(race, i, n);
    free(worse);
}

static int least(const struct race *race)
{
    int i, at = -1;
    for (i = 0; i < race->best->k; i++)
        if (!race->of[i].out && (at < 0 || race->of[i].mean < race->of[at].mean))
            at = i;
    return at;
}

static enum und_code run(struct race *race, int *chosen, bool *sure, struct und_err *err)
{
    const struct best *best = race->best;
    int64_t first = best->most < BEST_FIRST ? best->most : BEST_FIRST, n = first;
    double alpha = 1 - best->confidence;
    race->eta = 0.5 * (pow(2 * alpha / (best->k - 1), -2.0 / (double)(first - 1)) - 1);
    if (sample(race, n, err) != UND_OK)
        return err->code;
    learn_spreads(race, n);
    for (;;) {
        screen(race, n, first);
        if (race->left <= 1 || n == best->most)
            break;
        n = (int64_t)ceil((double)n * BEST_GROWTH);
        n = n > best->most ? best->most : n;
        if (sample(race, n, err) != UND_OK)
            return err->code;
    }
    *sure = race->left == 1;
    *chosen = least(race);
    return *chosen >= 0 ? UND_OK : und_fail(err, UND_USAGE, "--best: got no point with a value");
}

enum und_code best_of(const struct best *best, struct best_system *of, int *chosen, bool *sure,
                      struct und_err *err)
{
    struct race race = {.best = best, .of = of, .left = best->k};
    UND_ASSERT(best->k >= 2 && best->indifference > 0 && best->most >= 2);
    UND_ASSERT(best->confidence > 0 && best->confidence < 1);
    memset(of, 0, (size_t)best->k * sizeof *of);
    race.value = calloc((size_t)(best->k * best->most), sizeof *race.value);
    race.spread = calloc((size_t)best->k * (size_t)best->k, sizeof *race.spread);
    UND_ASSERT(race.value != NULL && race.spread != NULL);
    run(&race, chosen, sure, err);
    free(race.value);
    free(race.spread);
    return err->code;
}
