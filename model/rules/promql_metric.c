#include "promql_metric.h"

#include <string.h>

static const struct {
    const char *name;
    enum quantity quantity;
} memory_metrics[] = {
    {"node_memory_MemAvailable", QUANTITY_AVAILABLE}, {"node_memory_MemFree", QUANTITY_FREE},
    {"node_memory_Buffers", QUANTITY_BUFFERS},        {"node_memory_Cached", QUANTITY_CACHED},
    {"node_memory_MemTotal", QUANTITY_TOTAL},
};

/* Durations of jobs and runs, as runners' exporters name them: these names, and what may follow. */
bool promql_metric_is_duration(const char *name)
{
    static const char *const names[] = {"runner_job_duration",
                                        "github_workflow_run_duration",
                                        "github_workflow_job_duration",
                                        "workflow_run_duration",
                                        "workflow_job_duration",
                                        "job_duration_seconds",
                                        NULL};
    for (int i = 0; names[i]; i++) {
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return false;
}

bool promql_metric_is_cpu(const char *name)
{
    return strcmp(name, "node_cpu_seconds_total") == 0 || strcmp(name, "node_cpu") == 0;
}

bool promql_metric_is_disk(const char *name)
{
    return strcmp(name, "node_disk_io_time_seconds_total") == 0;
}

/* Gauges that are a share in use, or what common rule sets record as one. Whoever else has "cpu" or
 * "disk" in its name may mean anything: a file system, a container, a database. */
static const struct promql_metric_gauge gauges[] = {
    {"runner_cpu_usage_percent", QUANTITY_CPU_GAUGE, 100, 0},
    {"runner_memory_usage_percent", QUANTITY_MEMORY_GAUGE, 100, 0},
    {"instance:node_cpu_utilisation:rate5m", QUANTITY_BUSY, 1, 300000},
    {"instance:node_memory_utilisation:ratio", QUANTITY_MEMORY_GAUGE, 1, 0},
    {"instance_device:node_disk_io_time_seconds:rate5m", QUANTITY_DISK, 1, 300000},
    {"runner_job_duration_ratio", QUANTITY_DURATION_RATIO, 1, 0},
};

const struct promql_metric_gauge *promql_metric_gauge(const char *name)
{
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
        if (strcmp(name, gauges[i].name) == 0)
            return &gauges[i];
    }
    return NULL;
}

bool promql_metric_is_memory(const char *name, enum quantity *quantity)
{
    for (size_t i = 0; i < sizeof memory_metrics / sizeof *memory_metrics; i++) {
        size_t n = strlen(memory_metrics[i].name);
        if (strncmp(name, memory_metrics[i].name, n) == 0 &&
            (name[n] == '\0' || strcmp(name + n, "_bytes") == 0)) {
            *quantity = memory_metrics[i].quantity;
            return true;
        }
    }
    return false;
}
