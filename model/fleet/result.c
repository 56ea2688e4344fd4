#include "result.h"
#include "model/stats/survival.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum unit unit;
    const char *about;
} metrics[METRIC_COUNT] = {
    [METRIC_DETECTION] = {"detection_ms", UNIT_MS, "fault to the moment when the controller knows"},
    [METRIC_FAILOVER] = {"failover_ms", UNIT_MS, "detection to new jobs routed elsewhere"},
    [METRIC_RTO] = {"rto_ms", UNIT_MS,
                    "fault to the first job that it held up started on a healthy host"},
    [METRIC_JOB_RECOVERY] = {"job_recovery_ms", UNIT_MS,
                             "fault to the re-run of the last job that it killed finished"},
    [METRIC_MTTR] = {"mttr_ms", UNIT_MS, "fault to full capacity"},
    [METRIC_PENDING] = {"pending_ms", UNIT_MS, "fault to the first alert pending"},
    [METRIC_FIRING] = {"firing_ms", UNIT_MS, "fault to the first alert firing"},
    [METRIC_WEBHOOK] = {"webhook_ms", UNIT_MS, "fault to the first notification received"},
    [METRIC_QUEUE_WAIT] = {"queue_wait_ms", UNIT_MS, "job created to job started, over jobs"},
    [METRIC_QUEUE_LENGTH] = {"queue_length", UNIT_COUNT, "jobs waiting, over time"},
    [METRIC_UTILIZATION] = {"utilization", UNIT_SHARE, "busy slots over all slots, over time"},
    [METRIC_WAIT_PROBABILITY] = {"wait_probability", UNIT_SHARE,
                                 "share of jobs that waited for a slot"},
    [METRIC_AVAILABILITY] = {"availability", UNIT_SHARE,
                             "share of time with a slot able to take a job"},
    [METRIC_JOB_SUCCESS] = {"job_success", UNIT_SHARE,
                            "share of jobs that succeeded at the first attempt"},
    [METRIC_FAILOVER_SUCCESS] = {"failover_success", UNIT_SHARE,
                                 "share of due failovers that completed in time"},
    [METRIC_FAILOVERS] = {"failovers", UNIT_COUNT, "hosts drained by the policy, a replication"},
    [METRIC_JOBS_DONE] = {"jobs_done", UNIT_COUNT, "jobs done, a replication"},
    [METRIC_JOBS_FAILED] = {"jobs_failed", UNIT_COUNT, "jobs failed, a replication"},
    [METRIC_FAULT_WAIT] = {"fault_wait_ms", UNIT_MS,
                           "wait of jobs created while a fault's capacity is missing"},
    [METRIC_BACKLOG] = {"backlog", UNIT_COUNT,
                        "most jobs waiting, from a fault until they are worked off"},
    [METRIC_WORKED_OFF] = {"worked_off_ms", UNIT_MS, "fault to its largest backlog worked off"},
    [METRIC_JOBS_LOST] = {"jobs_lost", UNIT_COUNT, "running jobs that a fault killed"},
    [METRIC_GIVEN_UP] =
        {"given_up", UNIT_SHARE,
         "share of jobs that gave up waiting: patience, GitHub's limit, a full queue"},
};

const char *metric_name(enum metric metric)
{
    return metrics[metric].name;
}

const char *metric_about(enum metric metric)
{
    return metrics[metric].about;
}

enum unit metric_unit(enum metric metric)
{
    return metrics[metric].unit;
}

enum metric metric_by_name(const char *name)
{
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        size_t bare = strlen(metrics[i].name) - (metrics[i].unit == UNIT_MS ? 3 : 0);
        if (strcmp(name, metrics[i].name) == 0 ||
            (strlen(name) == bare && strncmp(name, metrics[i].name, bare) == 0))
            break;
    }
    return (enum metric)i;
}

void result_survival(const struct result *result, enum metric metric, struct survival *survival)
{
    const struct samples *samples = &result->samples[metric];
    survival_of_values(survival, samples->value, samples->n, samples->censored,
                       samples->n_censored);
}

void result_fini(struct result *result)
{
    int i;
    for (i = 0; i < METRIC_COUNT; i++) {
        free(result->samples[i].value);
        free(result->samples[i].censored);
        free(result->by_replication[i]);
    }
    free(result->hosts);
    free(result->classes);
    free(result->verdicts);
    free(result->undetected);
    timeline_fini(&result->timeline);
    memset(result, 0, sizeof *result);
}
