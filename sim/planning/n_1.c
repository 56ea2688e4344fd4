#include "n_1.h"

#include "model/base/assert.h"
#include "model/load/loader.h"

#include <stdio.h>
#include <stdlib.h>

#define WEEK (7 * 24)

static int primary(const struct fleet *fleet)
{
    int i, best = -1;
    for (i = 0; i < fleet->n_hosts; i++)
        if (fleet->hosts[i].tier == TIER_PRIMARY &&
            (best < 0 || fleet->hosts[i].slots > fleet->hosts[best].slots))
            best = i;
    return best < 0 ? 0 : best;
}

/* Of the week; a daily one on its second day. */
static int worst_hour(const struct workload *workload)
{
    int i, worst = 0, n = workload->arrivals.n_profile;
    for (i = 1; i < n; i++)
        if (workload->arrivals.profile[i] > workload->arrivals.profile[worst])
            worst = i;
    if (n == 0)
        worst = ARRIVALS_PEAK_HOUR;
    return n > 24 ? worst : 24 + worst;
}

static enum und_code make(struct n_1 *n_1, const struct scenario *scenario, struct und_err *err)
{
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    const struct fleet *fleet = &scenario->fleet;
    const char *name = fleet->hosts[primary(fleet)].name;
    int hour = worst_hour(&fleet->workload), start = (hour + WEEK - 24) % WEEK;
    if (fleet->n_hosts < 2)
        return und_fail(err, UND_USAGE, "%s: --n-1: got one host, want another one that is left",
                        scenario->path);
    if (fleet->workload.arrivals.kind == ARRIVALS_TRACE)
        return und_fail(err, UND_USAGE, "%s: --n-1: got a trace, want a load without an end",
                        scenario->path);
    snprintf(n_1->text[0], sizeof *n_1->text, "start=%dd%dh", start / 24, start % 24);
    snprintf(n_1->text[1], sizeof *n_1->text, "warmup=24h");
    snprintf(n_1->text[2], sizeof *n_1->text, "duration=48h");
    snprintf(n_1->text[3], sizeof *n_1->text,
             "faults=[{kind: host-power-loss, target: \"%s\", at: 24h, lasts: 24h}]", name);
    snprintf(n_1->where, sizeof n_1->where, "with %s lost on %s at %d:00, the 24 hours after", name,
             days[hour / 24 % 7], hour % 24);
    return UND_OK;
}

enum und_code n_1_make(struct n_1 *n_1, const char *path, const char *const *sets, int n_sets,
                       struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    if (scenario_load(scenario, path, sets, n_sets, err) == UND_OK) {
        make(n_1, scenario, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
