#include "design.h"

#include "model/base/assert.h"
#include "sim/engine/stream.h"

#include <stdlib.h>

#define DESIGN_SEED 0x64657369676eULL /* so that its numbers are not the experiment's */

static void make_points(struct sweep *sweep, int n)
{
    sweep->point = calloc((size_t)n, sizeof *sweep->point);
    UND_ASSERT(sweep->point != NULL);
    sweep->n_points = n;
}

enum und_code design_grid(struct sweep *sweep, struct und_err *err)
{
    double all = 1;
    int i, j, n = 1;
    for (i = 0; i < sweep->n_axes; i++)
        all *= sweep->axis[i].n;
    if (all > SWEEP_POINTS)
        return und_fail(err, UND_USAGE,
                        "--vary: got %.12g combinations, want at most %d (or --design lhs:N)", all,
                        SWEEP_POINTS);
    for (i = 0; i < sweep->n_axes; i++)
        n *= sweep->axis[i].n;
    make_points(sweep, n);
    for (i = 0; i < n; i++) {
        int rest = i;
        for (j = sweep->n_axes - 1; j >= 0; j--) {
            sweep->point[i].value[j] = rest % sweep->axis[j].n;
            rest /= sweep->axis[j].n;
        }
    }
    return UND_OK;
}

/* One value in each of n equal parts. */
static void stratify(struct sweep_axis *axis, const struct number_range *range, int n,
                     struct stream *stream)
{
    int i;
    axis->value = calloc((size_t)n, sizeof *axis->value);
    UND_ASSERT(axis->value != NULL);
    axis->n = n;
    for (i = 0; i < n; i++)
        snprintf(axis->value[i], SWEEP_VALUE, "%.6g%.31s",
                 range->low + (range->high - range->low) * (i + stream_uniform(stream)) / n,
                 range->unit);
}

enum und_code design_latin(struct sweep *sweep, const struct number_range *ranges, int n,
                           uint64_t seed)
{
    struct stream base, stream[SWEEP_AXES];
    int *order = calloc((size_t)n, sizeof *order), i, j;
    UND_ASSERT(order != NULL && n > 0);
    stream_seed(&base, seed ^ DESIGN_SEED);
    stream_split(&base, stream, SWEEP_AXES);
    make_points(sweep, n);
    for (j = 0; j < sweep->n_axes; j++) {
        struct sweep_axis *axis = &sweep->axis[j];
        if (axis->n == 0)
            stratify(axis, &ranges[j], n, &stream[j]);
        for (i = 0; i < n; i++) { /* Fisher and Yates, from the front */
            int other = (int)stream_below(&stream[j], (uint32_t)i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        for (i = 0; i < n; i++)
            sweep->point[i].value[j] = (int)((int64_t)order[i] * axis->n / n);
    }
    free(order);
    return UND_OK;
}
