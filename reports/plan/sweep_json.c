#include "sweep.h"

#include "reports/text/json.h"
#include "reports/text/text.h"

#include <math.h>
#include <string.h>

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void put_column(const struct sweep *sweep, int index, const struct sweep_column *column,
                       json_t *metrics, json_t *differences)
{
    struct spread more = sweep_difference(sweep, index, column);
    const char *key = column->facet.name[0] ? column->facet.name : metric_name(column->metric);
    json_object_set_new(metrics, key, json_quantity(sweep_quantity(&sweep->point[index], column)));
    json_object_set_new(
        differences, key,
        json_pack("{s:o,s:o}", "mean", number(more.mean), "half_width", number(more.half_width)));
}

static json_t *money_json(const struct money_found *money)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "slots", number(money->slots),
                     "runs_a_month", number(money->runs), "cost", number(money->cost),
                     "cost_half_width", number(money->cost_half), "more", number(money->more),
                     "more_half_width", number(money->more_half), "a_slot_saves",
                     number(money->value), "a_slot_saves_half_width", number(money->value_half));
}

static json_t *point_json(const struct sweep *sweep, int index)
{
    const struct sweep_point *point = &sweep->point[index];
    json_t *object = json_object(), *values = json_object(), *metrics = json_object();
    json_t *differences = json_object();
    int i;
    for (i = 0; i < sweep->n_axes; i++)
        json_object_set_new(values, sweep->axis[i].path, json_string(sweep_text(sweep, index, i)));
    json_object_set_new(object, "values", values);
    if (point->error)
        json_object_set_new(object, "error", json_string(point->error));
    for (i = 0; i < METRIC_COUNT && point->found; i++) {
        struct sweep_column column = {.metric = (enum metric)i, .mean = true};
        put_column(sweep, index, &column, metrics, differences);
    }
    for (i = 0; point->found && i < point->found->n_facets; i++) {
        const struct facet *facet = &point->found->facet[i].facet;
        struct sweep_column column = {.metric = facet->metric, .mean = true, .facet = *facet};
        put_column(sweep, index, &column, metrics, differences);
    }
    json_object_set_new(object, "metrics", metrics);
    json_object_set_new(object, "difference_to_first", differences);
    if (sweep->prices.given && point->found)
        json_object_set_new(object, "money", money_json(&point->found->money));
    return object;
}

json_t *sweep_json(const struct sweep *sweep)
{
    json_t *points = json_array(), *axes = json_array(), *object;
    int i;
    for (i = 0; i < sweep->n_axes; i++)
        json_array_append_new(axes, json_string(sweep->axis[i].path));
    for (i = 0; i < sweep->n_points; i++)
        json_array_append_new(points, point_json(sweep, i));
    object = json_pack("{s:i,s:s,s:o,s:o}", "version", JSON_VERSION, "whatif", sweep->path, "vary",
                       axes, "points", points);
    if (sweep->where)
        json_object_set_new(object, "where", json_string(sweep->where));
    return object;
}

/* ---- CSV ---- */

static void quoted(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void csv_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.15g", value);
    else
        putc(',', out);
}

static void csv_head(FILE *out, const struct sweep *sweep)
{
    static const char *const ends[] = {"", " low", " high", " more", " more half width"};
    char name[SWEEP_NAME + TEXT_VALUE], text[SWEEP_NAME + TEXT_VALUE + 32];
    size_t k;
    int i;
    fputs("where,error", out);
    for (i = 0; i < sweep->n_axes; i++) {
        putc(',', out);
        quoted(out, sweep->axis[i].path);
    }
    for (i = 0; i < sweep->n_columns; i++)
        for (k = 0; k < sizeof ends / sizeof *ends; k++) {
            sweep_column_name(&sweep->column[i], name, sizeof name);
            snprintf(text, sizeof text, "%s%s%s", name,
                     metric_unit(sweep_reads_as(&sweep->column[i])) == UNIT_MS ? " (ms)" : "",
                     ends[k]);
            putc(',', out);
            quoted(out, text);
        }
    for (i = 0; i < sweep->n_limits; i++) {
        sweep_limit_name(&sweep->limit[i], name, sizeof name);
        snprintf(text, sizeof text, "keeps %s", name);
        putc(',', out);
        quoted(out, text);
    }
    if (sweep->prices.currency[0])
        fputs(",currency", out);
    if (sweep->prices.given)
        fputs(",slots,runs a month,cost a month,cost low,cost high,cost more,"
              "cost more half width,a slot saves,a slot saves half width",
              out);
    fputs("\r\n", out);
}

static void csv_money(FILE *out, const struct money_found *money)
{
    const double of[] = {money->slots,
                         money->runs,
                         money->cost,
                         money->cost - money->cost_half,
                         money->cost + money->cost_half,
                         money->more,
                         money->more_half,
                         money->value,
                         money->value_half};
    size_t i;
    for (i = 0; i < sizeof of / sizeof *of; i++)
        csv_number(out, money->runs > 0 ? of[i] : NAN);
}

static void csv_point(FILE *out, const struct sweep *sweep, int at)
{
    static const struct money_found nothing = {0};
    const struct sweep_point *point = &sweep->point[at];
    int i;
    quoted(out, sweep->where ? sweep->where : "");
    putc(',', out);
    quoted(out, point->error ? point->error : "");
    for (i = 0; i < sweep->n_axes; i++) {
        putc(',', out);
        quoted(out, sweep_text(sweep, at, i));
    }
    for (i = 0; i < sweep->n_columns; i++) {
        double half_width, value = sweep_value(point, &sweep->column[i], &half_width);
        struct spread more = sweep_difference(sweep, at, &sweep->column[i]);
        csv_number(out, value);
        csv_number(out, value - half_width);
        csv_number(out, value + half_width);
        csv_number(out, more.mean);
        csv_number(out, more.half_width);
    }
    for (i = 0; i < sweep->n_limits; i++)
        fputs(point->found && sweep_holds(&sweep->limit[i], point) ? ",1" : ",0", out);
    if (sweep->prices.currency[0]) {
        putc(',', out);
        quoted(out, sweep->prices.currency);
    }
    if (sweep->prices.given)
        csv_money(out, point->found ? &point->found->money : &nothing);
    fputs("\r\n", out);
}

void sweep_csv(FILE *out, const struct sweep *sweep, bool head)
{
    int i;
    if (head)
        csv_head(out, sweep);
    for (i = 0; i < sweep->n_points; i++)
        csv_point(out, sweep, i);
}
