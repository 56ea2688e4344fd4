#include "fit_report.h"
#include "model/base/units.h"
#include "reports/text/text.h"

#include <jansson.h>
#include <math.h>

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text(const char *value)
{
    char clean[3 * 1100];
    text_clean(clean, sizeof clean, value);
    return json_string(clean);
}

static json_t *measured(const struct measured *value, double scale)
{
    if (isnan(value->value))
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "value", number(value->value * scale), "low",
                     number(value->interval.low * scale), "high",
                     number(value->interval.high * scale));
}

static void add_parameter(void *context, const struct fit_parameter *parameter)
{
    json_t *object = measured(&parameter->measured, 1);
    json_object_set_new(object, "path", json_string(parameter->path));
    json_object_set_new(object, "unit", json_string(parameter->unit));
    json_array_append_new(context, object);
}

static json_t *columns_of(const struct history *history)
{
    json_t *object = json_object();
    int i;
    for (i = 0; i < ROLE_COUNT; i++)
        if (history->column[i][0] != '\0')
            json_object_set_new(object, role_names[i],
                                json_pack("{s:o, s:b}", "column", text(history->column[i]),
                                          "guessed", !history->named[i]));
    return object;
}

static json_t *flaws_of(const struct history *history)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < FLAW_COUNT; i++)
        if (history->flaw[i] > 0)
            json_array_append_new(list, json_pack("{s:I, s:i, s:b, s:s}", "rows",
                                                  (json_int_t)history->flaw[i], "first_line",
                                                  history->flaw_line[i], "left_out", i < FLAW_KEPT,
                                                  "what", flaw_text((enum flaw)i)));
    return list;
}

static json_t *class_of(const struct class_fit *class_fit)
{
    static const char *const models[] = {NULL, "fixed", "empirical"};
    json_t *candidates = json_array();
    const char *kind = models[class_fit->model];
    int i;
    for (i = 0; i < LIFETIME_KINDS; i++) {
        const struct lifetime_fit *one = &class_fit->candidate[i];
        if (one->good)
            json_array_append_new(candidates,
                                  json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind",
                                            dist_kind_name(one->kind), "aic", number(one->aic),
                                            "bic", number(one->bic), "anderson_darling",
                                            number(one->a2), "p", number(one->p)));
    }
    if (kind == NULL)
        kind = dist_kind_name(class_fit->candidate[class_fit->chosen].kind);
    return json_pack("{s:o, s:i, s:i, s:i, s:i, s:o, s:s, s:o, s:o, s:o, s:o}", "name",
                     text(class_fit->name), "names", class_fit->names, "jobs", (int)class_fit->jobs,
                     "durations", (int)class_fit->n, "censored", (int)class_fit->n_censored,
                     "weight", measured(&class_fit->weight, 1), "kind", kind, "mean_s",
                     measured(&class_fit->mean, 1e-3), "p50_s", measured(&class_fit->p50, 1e-3),
                     "p95_s", measured(&class_fit->p95, 1e-3), "candidates", candidates);
}

static json_t *arrivals_of(const struct arrivals *arrivals)
{
    json_t *dispersion = json_array(), *gaps = json_array();
    int i;
    for (i = 0; i < ARRIVAL_WINDOWS; i++)
        json_array_append_new(dispersion,
                              json_pack("{s:I, s:o, s:o}", "window_ms",
                                        (json_int_t)arrivals->dispersion[i].window_ms, "measured",
                                        number(arrivals->dispersion[i].measured), "fitted",
                                        number(arrivals->dispersion[i].fitted)));
    for (i = 0; i < arrivals->n_gaps; i++)
        json_array_append_new(gaps, json_pack("{s:I, s:I, s:o}", "from_ms",
                                              (json_int_t)arrivals->gap[i].from_ms, "to_ms",
                                              (json_int_t)arrivals->gap[i].to_ms, "expected",
                                              number(arrivals->gap[i].expected)));
    return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o}", "poisson_p", number(arrivals->modulation.p),
                     "poisson", !arrivals->modulation.present, "trended", arrivals->trended,
                     "growth_a_month", measured(&arrivals->growth, 1), "dispersion", dispersion,
                     "gaps", gaps);
}

static json_t *holdout_of(const struct holdout *holdout)
{
    static const char *const names[HOLDOUT_COUNT] = {
        "jobs_a_day",        "utilization",       "queue_wait_mean_ms", "queue_wait_p50_ms",
        "queue_wait_p95_ms", "queue_wait_p99_ms", "wait_probability"};
    json_t *rows;
    int i;
    if (holdout == NULL)
        return json_null();
    if (holdout->why[0] != '\0')
        return json_pack("{s:o}", "none", text(holdout->why));
    rows = json_object();
    for (i = 0; i < HOLDOUT_COUNT; i++)
        json_object_set_new(
            rows, names[i],
            json_pack("{s:o, s:o, s:o, s:o, s:b}", "measured", number(holdout->row[i].measured),
                      "predicted", number(holdout->row[i].predicted), "low",
                      number(holdout->row[i].interval.low), "high",
                      number(holdout->row[i].interval.high), "inside", holdout->row[i].inside));
    return json_pack("{s:o, s:I, s:i, s:I, s:i, s:i, s:o, s:o}", "share", number(holdout->share),
                     "jobs", (json_int_t)holdout->jobs, "slots", holdout->slots, "replications",
                     (json_int_t)holdout->replications, "inside", holdout->inside, "of",
                     holdout->of, "recorded_mean_ms", number(holdout->recorded_mean), "metrics",
                     rows);
}

void fit_report_print_json(FILE *out, const struct fit *fit, const struct holdout *holdout)
{
    json_t *parameters = json_array(), *notes = json_array(), *classes = json_array(), *root;
    int i;
    fit_parameters(fit, add_parameter, parameters);
    for (i = 0; i < fit->n_notes; i++)
        json_array_append_new(notes, text(fit->note[i]));
    for (i = 0; i < fit->n_classes; i++)
        json_array_append_new(classes, class_of(&fit->classes[i]));
    root = json_pack("{s:i, s:o, s:I, s:I, s:I, s:o, s:o, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, "
                     "s:o, s:o}",
                     "version", 1, "source", text(fit->history->path), "rows",
                     (json_int_t)fit->history->read, "jobs", (json_int_t)fit->n, "runs",
                     (json_int_t)fit->runs, "columns", columns_of(fit->history), "parameters",
                     parameters, "slots", fit->slots, "slots_given", fit->slots_given, "arrivals",
                     arrivals_of(&fit->arrivals), "classes", classes, "failed",
                     measured(&fit->failed, 1), "cancelled", measured(&fit->cancelled, 1), "rerun",
                     measured(&fit->rerun, 1), "holdout", holdout_of(holdout), "flaws",
                     flaws_of(fit->history), "notes", notes);
    if (root != NULL)
        json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    fputc('\n', out);
    json_decref(root);
}
