/*
 * What drills and incidents measured of the delays that a fleet file assumes: each as a
 * distribution with its interval, beside the assumption, and as an override that puts it in the
 * assumption's place.
 *
 *   github.offline_after   a host's death to GitHub giving it no more jobs
 *   notification           an alert firing to its first notification
 *   routing                drained to out of the rotation
 *
 * A lognormal distribution by the moments of the logarithms; the median's interval is Student's, at
 * 95%, on them. Fewer than CALIBRATE_LEAST measures are shown and fit nothing.
 */
#ifndef REPORTS_HISTORY_CALIBRATE_H
#define REPORTS_HISTORY_CALIBRATE_H

#include "facts.h"
#include "model/fleet/fleet.h"

#define CALIBRATE_LEAST 3
#define CALIBRATE_VALUES 1000

enum delay { DELAY_OFFLINE, DELAY_NOTIFICATION, DELAY_ROUTING, DELAYS };

struct calibration {
    struct {
        double value_ms[CALIBRATE_VALUES];
        int n;
    } delay[DELAYS];
};

void calibrate_add(struct calibration *calibration, const struct record *record);

/* `fleet` NULL: without the assumptions. */
void calibrate_print(FILE *out, const struct calibration *calibration, const struct fleet *fleet);
json_t *calibrate_json(const struct calibration *calibration, const struct fleet *fleet);

#endif
