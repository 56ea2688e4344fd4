#include "refire.h"

#include "sim/monitoring/prometheus.h"

#include <math.h>

#define TRIALS 2000
#define SECOND 1000LL

struct trial {
    int rule;
    int64_t fired_ms; /* last */
};

static void observe(void *context, int64_t now_ms, int host, int rule, enum alert_change change)
{
    struct trial *trial = context;
    if (rule == trial->rule && host == 0 && change == ALERT_FIRED)
        trial->fired_ms = now_ms;
}

static void run(struct prometheus *prometheus, struct queue *queue, int64_t until_ms)
{
    struct event event;
    while (queue_next_ms(queue) < until_ms && queue_pop(queue, &event))
        prometheus_event(prometheus, &event);
}

struct refire refire_predict(const struct fleet *fleet, int rule)
{
    const int64_t kill_ms = 60 * SECOND, start_ms = kill_ms + SECOND,
                  end_ms = start_ms + 30 * SECOND;
    struct refire refire = {INFINITY, 0};
    struct trial trial = {.rule = rule};
    struct stream phases;
    struct queue queue;
    struct prometheus *prometheus;
    stream_seed(&phases, 5);
    queue_init(&queue, prometheus_pending(fleet));
    prometheus = prometheus_open(fleet, &queue, 0, NULL, observe, &trial);
    for (int i = 0; i < TRIALS; i++) {
        double delay_ms;
        queue_clear(&queue);
        prometheus_reset(prometheus, &phases);
        prometheus_target(prometheus, SECOND, 0, TARGET_REFUSED);
        run(prometheus, &queue, kill_ms);
        prometheus_stop(prometheus, kill_ms);
        run(prometheus, &queue, start_ms);
        prometheus_start(prometheus, start_ms);
        run(prometheus, &queue, end_ms);
        delay_ms = (double)(trial.fired_ms - start_ms);
        refire.min_ms = fmin(refire.min_ms, delay_ms);
        refire.max_ms = fmax(refire.max_ms, delay_ms);
    }
    prometheus_close(prometheus);
    queue_fini(&queue);
    return refire;
}
