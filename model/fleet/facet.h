/*
 * A facet: a metric of a part of the jobs or of the time, or the share of them beyond a limit.
 *
 *     queue_wait[class=build]           waits of the jobs of one class
 *     queue_wait[host=primary-1]        of those that started on one host; of jobs that still wait
 *                                       when the run ends, those that no other host may run
 *     queue_wait > 5min                 share of the jobs that wait longer
 *     queue_length[down=any]            over the time that some host has no slot able to take a job
 *     queue_length > 10                 share of the time that more jobs wait
 *     utilization[host=primary-1]>90%   share of the time that more of its slots are busy
 *
 * Parts go together: queue_wait[class=build,host=primary-1]>5min; a name may stand in quotes. Which
 * metric has which stands in metric.c. Plain data: the text alone says what it is, facet_place
 * finds it in a fleet.
 */
#ifndef MODEL_FLEET_FACET_H
#define MODEL_FLEET_FACET_H

#include "fleet.h"
#include "metric.h"

#include <stdbool.h>

#define FACET_NAME 288
#define FACET_WHY 480
#define FACET_ANY "any" /* host that is down: whichever */

struct facet {
    enum metric metric;
    char job_class[FLEET_NAME], host[FLEET_NAME], down[FLEET_NAME]; /* "": all */
    bool beyond;
    double limit;          /* ms, share or count by the metric's unit */
    char name[FACET_NAME]; /* as it is read back; "_ms" where its values are times */
    char said[FACET_NAME]; /* as users write it, for tables: without that */
    /* Places in a fleet; -1: all, or any. */
    int class_at, host_at, down_at;
};

/* False: `why` goes on after "got X, " and the facet is void. Of a metric alone the facet is it. */
bool facet_parse(struct facet *facet, const char *text, char why[FACET_WHY]);
/* "queue_wait[class=NAME], queue_wait > VALUE": what it is asked for as; 0: the metric has none. */
int facet_forms(enum metric metric, char forms[FACET_WHY]);
bool facet_is_metric(const struct facet *facet); /* the metric itself, all of it */
/* False where the fleet has no such class or host; `why` as above. */
bool facet_place(struct facet *facet, const struct fleet *fleet, char why[FACET_WHY]);

/* Where nothing was observed: "no host was ever down", "no such job". */
const char *facet_never(const struct facet *facet);

enum unit facet_unit(const struct facet *facet);
enum metric facet_reads_as(const struct facet *facet); /* one whose values are printed alike */

#endif
