/* The numbers of the fleet file, by their paths. */
#include "fit_internal.h"
#include "model/base/units.h"

#include <math.h>
#include <stdarg.h>

struct listing {
    void (*each)(void *context, const struct fit_parameter *parameter);
    void *context;
};

__attribute__((format(printf, 5, 6))) static void list(const struct listing *listing,
                                                       struct measured measured, double scale,
                                                       const char *unit, const char *path, ...)
{
    struct fit_parameter parameter = {.unit = unit};
    va_list arguments;
    if (isnan(measured.value))
        return;
    va_start(arguments, path);
    vsnprintf(parameter.path, sizeof parameter.path, path, arguments);
    va_end(arguments);
    parameter.measured = (struct measured){
        measured.value * scale, {measured.interval.low * scale, measured.interval.high * scale}};
    listing->each(listing->context, &parameter);
}

static void list_class(const struct listing *listing, const struct class_fit *class_fit, int i)
{
    const char *path = "fleet.workload.classes.%d.duration.%s";
    enum dist_kind kind = class_fit->candidate[class_fit->chosen].kind;
    bool family = class_fit->model == DURATION_FAMILY;
    list(listing, class_fit->weight, 1, "", "fleet.workload.classes.%d.weight", i);
    if (!family || kind == DIST_LOGNORMAL || kind == DIST_LOGLOGISTIC)
        list(listing, class_fit->p50, 1e-3, "s", path, i, "p50");
    if (!family || kind == DIST_LOGNORMAL)
        list(listing, class_fit->p95, 1e-3, "s", path, i, "p95");
    if (!family || kind == DIST_WEIBULL || kind == DIST_GAMMA)
        list(listing, class_fit->mean, 1e-3, "s", path, i, "mean");
    if (family && kind != DIST_LOGNORMAL)
        list(listing, class_fit->shape, 1, "", path, i, "k");
}

static void list_host(const struct listing *listing, const struct host_fit *host, int i)
{
    const char *path = "fleet.hosts.%d.%s";
    if (isnan(host->mtbf.value) || isnan(host->mttr.value))
        return;
    list(listing, host->mtbf, 1e-3, "s", path, i, "mtbf.mean");
    list(listing, host->mttr, 1e-3, "s", path, i, "mttr.mean");
}

void fit_parameters(const struct fit *fit,
                    void (*each)(void *context, const struct fit_parameter *parameter),
                    void *context)
{
    const struct listing listing = {each, context};
    const struct arrivals *arrivals = &fit->arrivals;
    const char *workload = "fleet.workload.%s";
    int i;
    for (i = 0; i < fit->n_hosts; i++)
        list_host(&listing, &fit->hosts[i], i);
    list(&listing, arrivals->rate, (double)UNITS_DAY, "/d", workload, "arrivals.rate");
    for (i = 0; i < arrivals->n_profile; i++)
        list(&listing, arrivals->profile[i], 1, "", "fleet.workload.arrivals.profile.%d", i);
    if (arrivals->modulation.present)
        list(&listing, arrivals->modulation.cv2, 1, "", workload, "arrivals.modulation.cv2");
    if (fit->fan_out.kind != FAN_OUT_EMPIRICAL)
        list(&listing, fit->fan_out.mean, 1, "", workload, "fan_out.mean");
    for (i = 0; i < fit->fan_out.n_weights; i++) {
        struct measured weight = {fit->fan_out.weights[i], fit->fan_out.interval[i]};
        list(&listing, weight, 1, "", "fleet.workload.fan_out.weights.%d", i);
    }
    for (i = 0; i < fit->n_classes; i++)
        list_class(&listing, &fit->classes[i], i);
    list(&listing, fit->pickup_p50, 1e-3, "s", "fleet.github.%s", "pickup.p50");
    list(&listing, fit->pickup_p95, 1e-3, "s", "fleet.github.%s", "pickup.p95");
}
