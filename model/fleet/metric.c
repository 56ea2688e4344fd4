#include "metric.h"

#include <string.h>

static const struct {
    const char *name;
    enum unit unit;
    const char *about;
    unsigned parts;
} metrics[METRIC_COUNT] = {
    [METRIC_DETECTION] = {"detection_ms", UNIT_MS, "fault to the moment when the controller knows",
                          0},
    [METRIC_FAILOVER] = {"failover_ms", UNIT_MS, "detection to new jobs routed elsewhere", 0},
    [METRIC_RTO] = {"rto_ms", UNIT_MS,
                    "fault to the first job that it held up started on a healthy host", 0},
    [METRIC_JOB_RECOVERY] = {"job_recovery_ms", UNIT_MS,
                             "fault to the re-run of the last job that it killed finished", 0},
    [METRIC_MTTR] = {"mttr_ms", UNIT_MS, "fault to full capacity", 0},
    [METRIC_PENDING] = {"pending_ms", UNIT_MS, "fault to the first alert pending", 0},
    [METRIC_FIRING] = {"firing_ms", UNIT_MS, "fault to the first alert firing", 0},
    [METRIC_WEBHOOK] = {"webhook_ms", UNIT_MS, "fault to the first notification received", 0},
    [METRIC_QUEUE_WAIT] = {"queue_wait_ms", UNIT_MS, "job created to job started, over jobs",
                           PART_CLASS | PART_HOST | PART_BEYOND},
    [METRIC_QUEUE_LENGTH] = {"queue_length", UNIT_COUNT, "jobs waiting, over time",
                             PART_DOWN | PART_BEYOND},
    [METRIC_UTILIZATION] = {"utilization", UNIT_SHARE, "busy slots over all slots, over time",
                            PART_HOST | PART_DOWN | PART_BEYOND},
    [METRIC_WAIT_PROBABILITY] = {"wait_probability", UNIT_SHARE,
                                 "share of jobs that waited for a slot", 0},
    [METRIC_AVAILABILITY] = {"availability", UNIT_SHARE,
                             "share of time with a slot able to take a job", 0},
    [METRIC_JOB_SUCCESS] = {"job_success", UNIT_SHARE,
                            "share of jobs that succeeded at the first attempt", 0},
    [METRIC_FAILOVER_SUCCESS] = {"failover_success", UNIT_SHARE,
                                 "share of due failovers that completed in time", 0},
    [METRIC_FAILOVERS] = {"failovers", UNIT_COUNT, "hosts drained by the policy, a replication", 0},
    [METRIC_JOBS_DONE] = {"jobs_done", UNIT_COUNT, "jobs done, a replication", 0},
    [METRIC_JOBS_FAILED] = {"jobs_failed", UNIT_COUNT, "jobs failed, a replication", 0},
    [METRIC_FAULT_WAIT] = {"fault_wait_ms", UNIT_MS,
                           "wait of jobs created while a fault's capacity is missing",
                           PART_CLASS | PART_HOST | PART_BEYOND},
    [METRIC_BACKLOG] = {"backlog", UNIT_COUNT,
                        "most jobs waiting, from a fault until they are worked off", 0},
    [METRIC_WORKED_OFF] = {"worked_off_ms", UNIT_MS, "fault to its largest backlog worked off", 0},
    [METRIC_JOBS_LOST] = {"jobs_lost", UNIT_COUNT, "running jobs that a fault killed", 0},
    [METRIC_GIVEN_UP] =
        {"given_up", UNIT_SHARE,
         "share of jobs that gave up waiting: patience, GitHub's limit, a full queue", 0},
};

const char *metric_name(enum metric metric)
{
    return metrics[metric].name;
}

int metric_bare(enum metric metric)
{
    return (int)strlen(metrics[metric].name) - (metrics[metric].unit == UNIT_MS ? 3 : 0);
}

const char *metric_about(enum metric metric)
{
    return metrics[metric].about;
}

enum unit metric_unit(enum metric metric)
{
    return metrics[metric].unit;
}

unsigned metric_parts(enum metric metric)
{
    return metrics[metric].parts;
}

enum metric metric_by_name(const char *name)
{
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        size_t bare = (size_t)metric_bare((enum metric)i);
        if (strcmp(name, metrics[i].name) == 0 ||
            (strlen(name) == bare && strncmp(name, metrics[i].name, bare) == 0))
            break;
    }
    return (enum metric)i;
}
