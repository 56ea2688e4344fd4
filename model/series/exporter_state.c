/* Which values the quantities of a host's state can have, and what they are called. */
#include "exporter.h"

#include "model/base/assert.h"

#include <math.h>

#define CORES 8 /* of a host whose file does not say */
#define MEMORY 32000000000LL

int exporter_cores(const struct host *host)
{
    return host->cores > 0 ? host->cores : CORES;
}

int64_t exporter_memory(const struct host *host)
{
    return host->memory_bytes > 0 ? host->memory_bytes : MEMORY;
}

static const struct {
    bool counter;
    const char *words;
} facts[STATE_QUANTITIES] = {
    [STATE_ONE] = {false, "a constant"},
    [STATE_CPU] = {false, "the share of CPU in use"},
    [STATE_CPU_TIME] = {true, "CPU time in use"},
    [STATE_IDLE_TIME] = {true, "idle CPU time"},
    [STATE_DISK_TIME] = {true, "time that the disk is busy"},
    [STATE_UP_TIME] = {true, "time since the boot, at a steady rate"},
    [STATE_MEMORY] = {false, "memory in use"},
    [STATE_LOAD1] = {false, "cores in use, averaged over 1 min"},
    [STATE_LOAD5] = {false, "cores in use, averaged over 5 min"},
    [STATE_LOAD15] = {false, "cores in use, averaged over 15 min"},
    [STATE_FILL] = {false, "what disk-fill has written to /"},
    [STATE_FILL_BOOT] = {false, "what disk-fill has written to /boot"},
    [STATE_BOOT] = {false, "when the host booted"},
    [STATE_NOW] = {false, "the clock"},
    [STATE_SERVICE] = {false, "whether the runner service runs"},
    [STATE_REACHED] = {false, "whether a probe reaches the host"},
    [STATE_ONLINE] = {false, "registrations that GitHub calls online"},
    [STATE_LISTED] = {false, "whether GitHub calls any registration online"},
    [STATE_BUSY] = {false, "jobs that run"},
    [STATE_WORKING] = {false, "whether any job runs"},
    [STATE_IDLE] = {false, "online registrations without a job"},
    [STATE_LAST_JOB] = {false, "duration of the last job"},
    [STATE_DONE] = {true, "jobs that went well"},
    [STATE_FAILED] = {true, "jobs that failed"},
    [STATE_QUEUE] = {false, "jobs that wait"},
    [STATE_OLDEST] = {false, "age of the oldest waiting job"},
};

bool state_is_counter(enum state_quantity quantity)
{
    return facts[quantity].counter;
}

const char *state_words(enum state_quantity quantity)
{
    return facts[quantity].words;
}

/* The most of the host, per mille, that its jobs can use together. */
static double busiest_pm(const struct fleet *fleet, int host, bool memory)
{
    const struct host *h = &fleet->hosts[host];
    double most = 0, whole;
    for (int i = 0; i < fleet->workload.n_classes; i++) {
        const struct job_class *job_class = &fleet->workload.classes[i];
        most = fmax(most, memory ? (double)job_class->memory_bytes : job_class->cores);
    }
    whole = memory ? (double)h->memory_bytes : h->cores;
    return whole > 0 ? fmin(1000, 1000 * most * h->slots / whole) : 0;
}

static double fullest(enum state_quantity quantity)
{
    for (int i = 0; i < MOUNTS; i++) {
        if (exporter_mounts[i].fill == quantity)
            return (double)exporter_mounts[i].free_bytes;
    }
    return 0;
}

struct state_range state_range(const struct fleet *fleet, int host, enum state_quantity quantity,
                               bool calm)
{
    bool of_host = host < fleet->n_hosts;
    double cpu = calm && of_host ? busiest_pm(fleet, host, false) : 1000;
    double slots = of_host ? fleet->hosts[host].slots : fleet_slots(fleet);
    switch (quantity) {
    case STATE_ONE:
        return (struct state_range){1, 1};
    case STATE_CPU:
        return (struct state_range){0, cpu};
    case STATE_CPU_TIME: /* per mille * ms a second */
        return (struct state_range){0, 1000 * cpu};
    case STATE_IDLE_TIME:
        return (struct state_range){1000 * (1000 - cpu), 1e6};
    case STATE_DISK_TIME:
        return (struct state_range){0, calm ? 0 : 1e6};
    case STATE_UP_TIME:
        return (struct state_range){1000, 1000};
    case STATE_MEMORY:
        return (struct state_range){0, calm && of_host ? busiest_pm(fleet, host, true) : 1000};
    case STATE_LOAD1:
    case STATE_LOAD5:
    case STATE_LOAD15:
        return (struct state_range){0, 2048 * cpu / 1000};
    case STATE_FILL:
    case STATE_FILL_BOOT:
        return (struct state_range){0, calm ? 0 : fullest(quantity)};
    case STATE_SERVICE:
    case STATE_REACHED:
    case STATE_LISTED:
        return (struct state_range){calm, 1};
    case STATE_WORKING:
        return (struct state_range){0, 1};
    case STATE_ONLINE:
        return (struct state_range){calm ? slots : 0, slots};
    case STATE_BUSY:
    case STATE_IDLE:
        return (struct state_range){0, slots};
    case STATE_BOOT:
    case STATE_NOW:
        return (struct state_range){-INFINITY, INFINITY};
    case STATE_LAST_JOB:
    case STATE_DONE:
    case STATE_FAILED:
    case STATE_QUEUE:
    case STATE_OLDEST:
        return (struct state_range){0, INFINITY};
    case STATE_QUANTITIES:
        break;
    }
    UND_UNREACHABLE();
}
