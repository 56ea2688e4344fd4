/* The month's objectives (status.h) from the incidents of the last 30 days. */
#include "status.h"

#include <math.h>

#define MONTH_MS (30LL * 24 * 3600 * 1000)

static bool counts(const struct incident *incident, int64_t since_ms)
{
    return !incident->dismissed && !incident->expected &&
           (incident->open || incident->full_ms >= since_ms);
}

/* Ms within the window during which some host was in trouble and nothing had been restored: from
 * its beginning until its work had gone elsewhere. Overlapping incidents count once. */
static int64_t down_ms(const struct status *status, int64_t since_ms)
{
    int64_t total_ms = 0, covered_ms = since_ms, age;
    for (age = INCIDENTS - 1; age >= 0; age--) { /* the oldest first */
        const struct incident *incident = incident_newest(&status->incidents, age);
        int64_t from_ms, to_ms;
        if (!incident || !counts(incident, since_ms))
            continue;
        from_ms = incident->began_ms > covered_ms ? incident->began_ms : covered_ms;
        to_ms = incident->routed_ms >= 0 ? incident->routed_ms
                : incident->full_ms >= 0 ? incident->full_ms
                                         : status->now_ms;
        if (to_ms <= from_ms)
            continue;
        total_ms += to_ms - from_ms;
        covered_ms = to_ms;
    }
    return total_ms;
}

static double budget_left(double target, double value)
{
    return target < 1 ? 1 - (1 - value) / (1 - target) : value >= 1 ? 1 : -INFINITY;
}

/* From began or detected to a later moment. */
static void mean(const struct status *status, int64_t since_ms, bool full,
                 struct slo_reading *reading)
{
    double sum_ms = 0;
    int64_t age;
    for (age = 0; age < INCIDENTS; age++) {
        const struct incident *incident = incident_newest(&status->incidents, age);
        int64_t to_ms;
        if (!incident || !counts(incident, since_ms))
            continue;
        to_ms = full ? incident->full_ms : incident->detected_ms;
        if (to_ms < 0)
            continue;
        sum_ms += (double)(to_ms - incident->began_ms);
        reading->n++;
    }
    reading->value =
        reading->n > 0 ? sum_ms / (double)reading->n / 1000 * status->fleet->live.time_factor : NAN;
}

/* Of the drains, those after which GitHub gave the host nothing more. In shadow nobody drains. */
static void failovers(const struct status *status, int64_t since_ms, struct slo_reading *reading)
{
    int64_t age, good = 0;
    if (!status->active)
        return;
    for (age = 0; age < INCIDENTS; age++) {
        const struct incident *incident = incident_newest(&status->incidents, age);
        if (!incident || !counts(incident, since_ms) || incident->decided_ms < 0)
            continue;
        reading->n++;
        good += incident->routed_ms >= 0;
    }
    reading->value = reading->n > 0 ? (double)good / (double)reading->n : NAN;
    if (reading->n > 0)
        reading->budget = budget_left(reading->target, reading->value);
}

struct slo_reading status_slo(const struct status *status, enum slo slo)
{
    static const char *const names[SLO_COUNT] = {"availability", "failover_success", "mttd",
                                                 "mttr"};
    const struct objectives *want = &status->fleet->objectives;
    int64_t since_ms = status->now_ms - MONTH_MS;
    struct slo_reading reading = {.name = names[slo], .value = NAN, .budget = NAN};
    switch (slo) {
    case SLO_AVAILABILITY:
        reading.target = want->availability;
        reading.value = 1 - (double)down_ms(status, since_ms) / MONTH_MS;
        reading.budget = budget_left(reading.target, reading.value);
        break;
    case SLO_FAILOVER:
        reading.target = want->failover_success;
        failovers(status, since_ms, &reading);
        break;
    case SLO_MTTD:
    case SLO_MTTR:
        reading.target = slo == SLO_MTTD ? (double)want->mttd_ms : (double)want->mttr_ms;
        reading.target = reading.target < 0 ? NAN : reading.target / 1000;
        mean(status, since_ms, slo == SLO_MTTR, &reading);
        break;
    case SLO_COUNT:
        break;
    }
    return reading;
}
