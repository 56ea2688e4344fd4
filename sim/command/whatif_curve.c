/* --curve: the queue over time, with its band. */
#include "whatif.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "sim/experiment/course.h"

#include <stdlib.h>

static enum und_code draw(FILE *out, const void *of, struct und_err *err)
{
    return curve_plot(out, of, err);
}

static void print(const struct whatif *whatif, const struct curve *curve)
{
    json_t *json;
    if (whatif->format == WHATIF_TEXT) {
        curve_print(stdout, curve);
    } else if (whatif->format == WHATIF_CSV) {
        curve_csv(stdout, curve);
    } else {
        json = curve_json(curve);
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
        json_decref(json);
    }
}

enum und_code whatif_curve(struct whatif *whatif, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct curve curve = {0};
    UND_ASSERT(scenario != NULL);
    if (scenario_load(scenario, whatif->sweep.path, whatif->campaign.sets, whatif->campaign.n_sets,
                      err) == UND_OK) {
        if (course_run(scenario, &whatif->campaign.experiment, &curve, err) == UND_OK) {
            print(whatif, &curve);
            if (whatif->plot)
                whatif_write_plot(whatif->plot, draw, &curve, err);
        }
        curve_fini(&curve);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
