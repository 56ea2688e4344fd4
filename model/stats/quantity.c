#include "quantity.h"

#include <math.h>

const char *method_name(enum method method)
{
    static const char *const names[METHOD_COUNT] = {"replications", "batch-means",
                                                    "clopper-pearson", "kaplan-meier"};
    return names[method];
}

/* Which of the quantiles that are kept is meant. */
enum kept { KEPT_P5, KEPT_P50, KEPT_P95, KEPT_P99, KEPT_MAX };

static enum kept kept(double p)
{
    return p < 0.1    ? KEPT_P5
           : p < 0.9  ? KEPT_P50
           : p < 0.97 ? KEPT_P95
           : p < 1    ? KEPT_P99
                      : KEPT_MAX;
}

double quantity_quantile(const struct quantity *q, double p)
{
    const double of[] = {q->p5, q->p50, q->p95, q->p99, q->max};
    return of[kept(p)];
}

struct interval quantity_around(const struct quantity *q, double p)
{
    const struct interval of[] = {{NAN, NAN},
                                  {q->p50_low, q->p50_high},
                                  {q->p95_low, q->p95_high},
                                  {q->p99_low, q->p99_high},
                                  {NAN, NAN}};
    return of[kept(p)];
}

double quantity_beyond(const struct quantity *q, double p)
{
    const double of[] = {q->p5_least, q->p50_least, q->p95_least, q->p99_least, q->known_to};
    if (q->censored == 0 || !isnan(quantity_quantile(q, p)) || isnan(q->known_to))
        return NAN;
    return of[kept(p)];
}

void quantity_void(struct quantity *quantity)
{
    *quantity = (struct quantity){
        .mean = NAN,
        .half_width = NAN,
        .min = NAN,
        .p5 = NAN,
        .p50 = NAN,
        .p95 = NAN,
        .p99 = NAN,
        .max = NAN,
        .p50_low = NAN,
        .p50_high = NAN,
        .p95_low = NAN,
        .p95_high = NAN,
        .p99_low = NAN,
        .p99_high = NAN,
        .known_to = NAN,
    };
}
