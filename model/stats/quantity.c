#include "quantity.h"

#include <math.h>

const char *method_name(enum method method)
{
    static const char *const names[METHOD_COUNT] = {"replications", "batch-means",
                                                    "clopper-pearson", "kaplan-meier"};
    return names[method];
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
