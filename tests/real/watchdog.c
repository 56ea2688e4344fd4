#include "watchdog.h"

#include "real.h"

#include <pthread.h>
#include <stdio.h>

#define PERIOD_NS 5000000
#define NOTED_NS 10000000

static void *watch(void *context)
{
    FILE *lags = context;
    for (;;) {
        int64_t due_ns = real_now_ns() + PERIOD_NS, lag_ns;
        real_sleep_until(due_ns);
        lag_ns = real_now_ns() - due_ns;
        if (lag_ns < NOTED_NS)
            continue;
        fprintf(lags, "%lld %lld\n", (long long)due_ns, (long long)lag_ns);
        fflush(lags);
    }
    return NULL;
}

enum und_code watchdog_start(struct und_err *err)
{
    pthread_t thread;
    FILE *lags = fopen("lags", "w");
    if (!lags || pthread_create(&thread, NULL, watch, lags) != 0)
        return und_fail(err, UND_SERVICE, "lags: the watchdog cannot start");
    pthread_detach(thread);
    return UND_OK;
}
