#include "quantity.h"

#include <math.h>

const char *method_name(enum method method)
{
    static const char *const names[METHOD_COUNT] = {"replications", "batch-means",
                                                    "clopper-pearson", "kaplan-meier"};
    return names[method];
}

double quantity_quantile(const struct quantity *quantity, double p)
{
    return p < 0.1    ? quantity->p5
           : p < 0.9  ? quantity->p50
           : p < 0.97 ? quantity->p95
           : p < 1    ? quantity->p99
                      : quantity->max;
}

double quantity_beyond(const struct quantity *quantity, double p)
{
    if (quantity->censored == 0 || !isnan(quantity_quantile(quantity, p)) ||
        isnan(quantity->known_to))
        return NAN;
    return p < 0.1    ? quantity->p5_least
           : p < 0.9  ? quantity->p50_least
           : p < 0.97 ? quantity->p95_least
           : p < 1    ? quantity->p99_least
                      : quantity->known_to;
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
