/* A point as a line of JSON and back, to the bit. */
#include "keep.h"

#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS (JSON_COMPACT | JSON_REAL_PRECISION(17))
#define QUANTITY_NUMBERS 19

/* Where the doubles of a quantity are, in the order of the line. */
static void doubles(struct quantity *q, double *at[QUANTITY_NUMBERS])
{
    double *const all[QUANTITY_NUMBERS] = {
        &q->mean,     &q->half_width, &q->min,       &q->p5,       &q->p50,
        &q->p95,      &q->p99,        &q->max,       &q->p50_low,  &q->p50_high,
        &q->p95_low,  &q->p95_high,   &q->p99_low,   &q->p99_high, &q->known_to,
        &q->p5_least, &q->p50_least,  &q->p95_least, &q->p99_least};
    memcpy(at, all, sizeof all);
}

/* NAN is null; what is not finite else does not come about, and is null as well. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static double back(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static json_t *quantity_json(const struct quantity *quantity)
{
    struct quantity q = *quantity;
    json_t *list = json_pack("[I,I,i,b]", (json_int_t)q.n, (json_int_t)q.censored, (int)q.method,
                             q.mean_is_bound);
    double *at[QUANTITY_NUMBERS];
    int i;
    doubles(&q, at);
    for (i = 0; i < QUANTITY_NUMBERS; i++)
        json_array_append_new(list, number(*at[i]));
    return list;
}

static bool quantity_back(const json_t *list, struct quantity *q)
{
    double *at[QUANTITY_NUMBERS];
    json_int_t method = json_integer_value(json_array_get(list, 2));
    size_t i;
    doubles(q, at);
    if (method < 0 || method >= METHOD_COUNT || json_array_size(list) < 4)
        return false;
    q->n = json_integer_value(json_array_get(list, 0));
    q->censored = json_integer_value(json_array_get(list, 1));
    q->method = (enum method)method;
    q->mean_is_bound = json_is_true(json_array_get(list, 3));
    for (i = 0; i < QUANTITY_NUMBERS; i++)
        *at[i] = back(json_array_get(list, i + 4));
    return i + 4 == json_array_size(list);
}

static json_t *spread_json(struct spread spread)
{
    return json_pack("[o,o]", number(spread.mean), number(spread.half_width));
}

static struct spread spread_back(const json_t *list)
{
    return (struct spread){back(json_array_get(list, 0)), back(json_array_get(list, 1))};
}

static json_t *money_json(const struct money_found *money)
{
    return json_pack("[f,f,o,o,o,o,o,o]", money->slots, money->runs, number(money->cost),
                     number(money->cost_half), number(money->more), number(money->more_half),
                     number(money->value), number(money->value_half));
}

static void money_back(const json_t *list, struct money_found *money)
{
    double of[8];
    size_t i;
    for (i = 0; i < 8; i++)
        of[i] = back(json_array_get(list, i));
    *money = (struct money_found){of[0], of[1], of[2], of[3], of[4], of[5], of[6], of[7]};
}

static json_t *found_json(const struct sweep_found *found)
{
    json_t *metrics = json_object(), *facets = json_array(), *object;
    char digest[17];
    int i;
    for (i = 0; i < METRIC_COUNT; i++)
        json_object_set_new(metrics, metric_name((enum metric)i),
                            json_pack("[o,o]", quantity_json(&found->metric[i]),
                                      spread_json(found->difference[i])));
    for (i = 0; i < found->n_facets; i++)
        json_array_append_new(facets, json_pack("[s,o,o]", found->facet[i].facet.name,
                                                quantity_json(&found->facet[i].quantity),
                                                spread_json(found->facet[i].difference)));
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)found->digest);
    object =
        json_pack("{s:I,s:s,s:I,s:b,s:o,s:o,s:o}", "seed", (json_int_t)found->seed, "digest",
                  digest, "replications", (json_int_t)found->replications, "faults", found->faults,
                  "metric", metrics, "facet", facets, "money", money_json(&found->money));
    UND_ASSERT(object != NULL);
    return object;
}

char *keep_line(const struct sweep *sweep, int point, bool lost)
{
    const struct sweep_point *at = &sweep->point[point];
    json_t *object = at->found ? found_json(at->found) : json_object();
    char *line;
    if (at->error)
        json_object_set_new(object, "error", json_string(at->error));
    json_object_set_new(object, "point", json_integer(point));
    json_object_set_new(object, "lost", json_boolean(lost));
    line = json_dumps(object, DIGITS);
    UND_ASSERT(line != NULL);
    json_decref(object);
    return line;
}

static bool facets_back(const json_t *list, struct sweep_found *found)
{
    char why[FACET_WHY];
    int i;
    found->n_facets = (int)json_array_size(list);
    found->facet = calloc((size_t)found->n_facets + 1, sizeof *found->facet);
    UND_ASSERT(found->facet != NULL);
    for (i = 0; i < found->n_facets; i++) {
        const json_t *one = json_array_get(list, (size_t)i);
        const char *name = json_string_value(json_array_get(one, 0));
        if (!name || !facet_parse(&found->facet[i].facet, name, why) ||
            !quantity_back(json_array_get(one, 1), &found->facet[i].quantity))
            return false;
        found->facet[i].difference = spread_back(json_array_get(one, 2));
    }
    return true;
}

static struct sweep_found *found_back(const json_t *object)
{
    struct sweep_found *found = calloc(1, sizeof *found);
    const json_t *metrics = json_object_get(object, "metric");
    const char *digest = json_string_value(json_object_get(object, "digest"));
    bool good = digest != NULL && facets_back(json_object_get(object, "facet"), found);
    int i;
    UND_ASSERT(found != NULL);
    for (i = 0; i < METRIC_COUNT && good; i++) {
        const json_t *one = json_object_get(metrics, metric_name((enum metric)i));
        good = quantity_back(json_array_get(one, 0), &found->metric[i]);
        found->difference[i] = spread_back(json_array_get(one, 1));
    }
    found->seed = (uint64_t)json_integer_value(json_object_get(object, "seed"));
    found->digest = digest ? strtoull(digest, NULL, 16) : 0;
    found->replications = json_integer_value(json_object_get(object, "replications"));
    found->faults = json_is_true(json_object_get(object, "faults"));
    money_back(json_object_get(object, "money"), &found->money);
    if (good)
        return found;
    sweep_found_free(found);
    return NULL;
}

bool keep_take(struct sweep *sweep, const char *line, bool lost)
{
    json_t *object = json_loads(line, 0, NULL);
    json_int_t at = json_integer_value(json_object_get(object, "point"));
    const char *error = json_string_value(json_object_get(object, "error"));
    struct sweep_found *found = NULL;
    bool mine = json_is_integer(json_object_get(object, "point")) && at >= 0 &&
                at < sweep->n_points && json_is_true(json_object_get(object, "lost")) == lost &&
                !sweep->point[at].found && !sweep->point[at].error;
    if (mine && error)
        sweep->point[at].error = strdup(error);
    else if (mine)
        sweep->point[at].found = found = found_back(object);
    json_decref(object);
    return mine && (error || found);
}
