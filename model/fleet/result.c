#include "result.h"
#include "model/stats/survival.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum unit unit;
} metrics[METRIC_COUNT] = {
    [METRIC_DETECTION] = {"detection_ms", UNIT_MS},
    [METRIC_FAILOVER] = {"failover_ms", UNIT_MS},
    [METRIC_RTO] = {"rto_ms", UNIT_MS},
    [METRIC_JOB_RECOVERY] = {"job_recovery_ms", UNIT_MS},
    [METRIC_MTTR] = {"mttr_ms", UNIT_MS},
    [METRIC_PENDING] = {"pending_ms", UNIT_MS},
    [METRIC_FIRING] = {"firing_ms", UNIT_MS},
    [METRIC_WEBHOOK] = {"webhook_ms", UNIT_MS},
    [METRIC_QUEUE_WAIT] = {"queue_wait_ms", UNIT_MS},
    [METRIC_QUEUE_LENGTH] = {"queue_length", UNIT_COUNT},
    [METRIC_UTILIZATION] = {"utilization", UNIT_SHARE},
    [METRIC_WAIT_PROBABILITY] = {"wait_probability", UNIT_SHARE},
    [METRIC_AVAILABILITY] = {"availability", UNIT_SHARE},
    [METRIC_JOB_SUCCESS] = {"job_success", UNIT_SHARE},
    [METRIC_FAILOVER_SUCCESS] = {"failover_success", UNIT_SHARE},
    [METRIC_FAILOVERS] = {"failovers", UNIT_COUNT},
    [METRIC_JOBS_DONE] = {"jobs_done", UNIT_COUNT},
    [METRIC_JOBS_FAILED] = {"jobs_failed", UNIT_COUNT},
    [METRIC_FAULT_WAIT] = {"fault_wait_ms", UNIT_MS},
    [METRIC_BACKLOG] = {"backlog", UNIT_COUNT},
    [METRIC_WORKED_OFF] = {"worked_off_ms", UNIT_MS},
    [METRIC_JOBS_LOST] = {"jobs_lost", UNIT_COUNT},
};

const char *metric_name(enum metric metric)
{
    return metrics[metric].name;
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
    free(result->verdicts);
    timeline_fini(&result->timeline);
    memset(result, 0, sizeof *result);
}
