/* A team's own metrics: which quantity of the model each is. */
#include "exporter.h"

#include "model/base/assert.h"

static const struct {
    enum state_quantity quantity;
    double factor;
    enum exported_scale scale;
} quantities[FROM_COUNT] = {
    [FROM_QUEUE_LENGTH] = {STATE_QUEUE, 1, SCALE_ONE},
    [FROM_OLDEST_JOB_AGE] = {STATE_OLDEST, 0.001, SCALE_ONE},
    [FROM_BUSY_SLOTS] = {STATE_BUSY, 1, SCALE_ONE},
    [FROM_ONLINE_SLOTS] = {STATE_ONLINE, 1, SCALE_ONE},
    [FROM_IDLE_SLOTS] = {STATE_IDLE, 1, SCALE_ONE},
    [FROM_LAST_JOB_DURATION] = {STATE_LAST_JOB, 0.001, SCALE_ONE},
    [FROM_JOBS_SUCCEEDED] = {STATE_DONE, 1, SCALE_ONE},
    [FROM_JOBS_FAILED] = {STATE_FAILED, 1, SCALE_ONE},
    [FROM_HOST_UP] = {STATE_REACHED, 1, SCALE_ONE},
    [FROM_RUNNER_UP] = {STATE_LISTED, 1, SCALE_ONE},
    [FROM_SERVICE_UP] = {STATE_SERVICE, 1, SCALE_ONE},
    [FROM_CPU_USED] = {STATE_CPU, 0.001, SCALE_ONE},
    [FROM_MEMORY_USED] = {STATE_MEMORY, 0.001, SCALE_ONE},
    [FROM_LOAD1] = {STATE_LOAD1, 1.0 / 2048, SCALE_CORES},
    [FROM_LOAD5] = {STATE_LOAD5, 1.0 / 2048, SCALE_CORES},
    [FROM_LOAD15] = {STATE_LOAD15, 1.0 / 2048, SCALE_CORES},
    [FROM_DISK_WRITTEN] = {STATE_FILL, 1, SCALE_ONE},
    [FROM_UPTIME] = {STATE_UP_TIME, 0.001, SCALE_ONE},
    [FROM_BOOT_TIME] = {STATE_BOOT, 0.001, SCALE_ONE},
    [FROM_TIME] = {STATE_NOW, 0.001, SCALE_ONE},
};

struct exported_row exporter_own_row(const struct own_metric *metric)
{
    struct exported_row row = {.name = metric->name, .labels = "", .each = EACH_TARGET};
    if (metric->constant) {
        row.quantity = STATE_ONE;
        row.factor = metric->value;
        return row;
    }
    row.quantity = quantities[metric->from].quantity;
    row.factor = quantities[metric->from].factor;
    row.scale = quantities[metric->from].scale;
    return row;
}

enum exporter exporter_own_place(const struct own_metric *metric)
{
    switch (metric->on) {
    case METRIC_ON_HOST:
        return EXPORTER_NODE;
    case METRIC_ON_PROBE:
        return EXPORTER_BLACKBOX;
    case METRIC_ON_FLEET:
        return EXPORTER_OWN;
    }
    UND_UNREACHABLE();
}
