/*
 * Time intervals of alertmanager.yml, as the minutes of a week.
 *
 * A scenario has a weekday and a time of day, but no date: days of the month, months and years
 * cannot be judged, and an interval that names some is never taken to hold (`dated` says so). The
 * scenario's clock is taken for that of every location.
 * Source: Alertmanager, timeinterval/timeinterval.go.
 */
#ifndef MODEL_RULES_TIME_INTERVAL_H
#define MODEL_RULES_TIME_INTERVAL_H

#include "model/fleet/fleet.h"
#include "prom_doc.h"

struct week {
    struct week_minutes in; /* Monday 0:00 first */
    bool dated;
};

/* A list of intervals: any of them holds. */
enum und_code time_interval_read(const struct prom_reader *reader, const json_t *list,
                                 struct week *week);

#endif
