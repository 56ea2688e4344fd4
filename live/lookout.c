#include "lookout.h"

#include "model/assert.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct lookout {
    const struct pace *pace;
    struct probe_set *probe;
    int64_t every_ms, timeout_ms;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards round and rounds */
    pthread_cond_t ended;
    struct lookout_round round;
    int64_t rounds;
    atomic_bool stop;
};

/* Until the next round is due; wakes often enough to stop soon. */
static void rest(struct lookout *lookout, int64_t until_ms)
{
    while (!atomic_load(&lookout->stop)) {
        int64_t left_ms = until_ms - pace_now_ms(lookout->pace);
        int64_t real_ms = left_ms > 0 ? pace_real_ms(lookout->pace, left_ms) : 0;
        struct timespec nap = {0, (real_ms < 100 ? real_ms : 100) * 1000000};
        if (left_ms <= 0)
            return;
        nanosleep(&nap, NULL);
    }
}

static void *watch(void *context)
{
    struct lookout *lookout = context;
    while (!atomic_load(&lookout->stop)) {
        struct lookout_round round = {.asked_ms = pace_now_ms(lookout->pace)};
        probe_round(lookout->probe, lookout->timeout_ms, round.answered, &lookout->stop);
        if (atomic_load(&lookout->stop))
            break;
        round.answered_ms = pace_now_ms(lookout->pace);
        pthread_mutex_lock(&lookout->mutex);
        lookout->round = round;
        lookout->rounds++;
        pthread_cond_broadcast(&lookout->ended);
        pthread_mutex_unlock(&lookout->mutex);
        rest(lookout, round.asked_ms + lookout->every_ms);
    }
    return NULL;
}

void lookout_open(struct lookout **out, const struct fleet *fleet, const struct pace *pace,
                  int64_t every_ms, int64_t timeout_ms)
{
    struct lookout *lookout = calloc(1, sizeof *lookout);
    UND_ASSERT(lookout != NULL);
    lookout->pace = pace;
    lookout->every_ms = every_ms;
    lookout->timeout_ms = timeout_ms;
    probe_open(&lookout->probe, fleet);
    pthread_mutex_init(&lookout->mutex, NULL);
    pthread_cond_init(&lookout->ended, NULL);
    UND_ASSERT(pthread_create(&lookout->thread, NULL, watch, lookout) == 0);
    *out = lookout;
}

void lookout_close(struct lookout *lookout)
{
    if (!lookout)
        return;
    atomic_store(&lookout->stop, true);
    pthread_join(lookout->thread, NULL);
    probe_close(lookout->probe);
    pthread_cond_destroy(&lookout->ended);
    pthread_mutex_destroy(&lookout->mutex);
    free(lookout);
}

void lookout_read(struct lookout *lookout, struct lookout_round *round)
{
    pthread_mutex_lock(&lookout->mutex);
    while (lookout->rounds == 0)
        pthread_cond_wait(&lookout->ended, &lookout->mutex);
    *round = lookout->round;
    pthread_mutex_unlock(&lookout->mutex);
}
