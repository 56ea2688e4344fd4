#include "quantity.h"

#include <math.h>

const char *method_name(enum method method)
{
    static const char *const names[METHOD_COUNT] = {"replications", "batch-means",
                                                    "clopper-pearson"};
    return names[method];
}

void quantity_void(struct quantity *quantity)
{
    *quantity = (struct quantity){0,   NAN, NAN, NAN, NAN, NAN, NAN,
                                  NAN, NAN, NAN, NAN, NAN, NAN, METHOD_REPLICATIONS};
}
