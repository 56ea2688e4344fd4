/*
 * Directs the faults of the validation against real servers (tests/real/test_real starts it):
 *
 *     director DIR SEED PORT
 *
 * starts the hosts' node_exporters and its HTTP port, waits for DIR/begin, gives each host its
 * fault at a random instant, then plays the act of the alert that resolves and fires again unheard,
 * and creates DIR/done. DIR/faults gets "INSTANCE BEFORE-NS AFTER-NS" a fault. It stays until it is
 * killed, because the hosts go with it.
 */
#include "inject.h"
#include "sim/engine/stream.h"
#include "watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS 1000000LL
#define SECOND (1000 * MS)
#define EVALUATION (2 * SECOND)
/* A multiple of the evaluation and the scrape interval, so that faults meet every phase alike. */
#define SPREAD (20 * EVALUATION)
/* From a fault to its webhook: CPU, 615 s + 30 s, 30 times shorter. */
#define SLOWEST (23 * SECOND)
#define TICK (10 * SECOND) /* group_interval */

struct director {
    struct victims victims;
    struct listener *listener;
    struct injector *injector;
    FILE *faults;
};

static enum und_code strike(struct director *director, int host, struct und_err *err)
{
    struct instant instant;
    if (injector_fault(director->injector, host, &instant, err) != UND_OK)
        return err->code;
    fprintf(director->faults, "%s %lld %lld\n", director->victims.victim[host].instance,
            (long long)instant.before_ns, (long long)instant.after_ns);
    fflush(director->faults);
    return UND_OK;
}

struct cue {
    int64_t at_ns;
    int host;
};

static int by_time(const void *a, const void *b)
{
    const struct cue *left = a, *right = b;
    return (left->at_ns > right->at_ns) - (left->at_ns < right->at_ns);
}

/* Instants are counted from a whole evaluation interval of the clock, as phases are: the same seed
 * gives the same delays wherever the targets' phases are the same. */
static enum und_code play_faults(struct director *director, uint64_t seed, struct und_err *err)
{
    struct cue cues[REAL_VICTIMS];
    struct stream random;
    int64_t start_ns = (real_now_ns() / EVALUATION + 1) * EVALUATION;
    int n = 0;
    stream_seed(&random, seed);
    for (int i = 0; i < director->victims.n; i++) {
        int64_t offset_ns = (int64_t)(stream_uniform(&random) * (double)SPREAD);
        if (director->victims.victim[i].way == WAY_AGAIN)
            continue;
        cues[n++] = (struct cue){start_ns + offset_ns, i};
        if (director->victims.victim[i].way == WAY_FAR)
            cues[n - 1].at_ns = start_ns; /* so that it is scraped often enough afterwards */
    }
    qsort(cues, (size_t)n, sizeof *cues, by_time);
    for (int i = 0; i < n; i++) {
        real_sleep_until(cues[i].at_ns);
        if (strike(director, cues[i].host, err) != UND_OK)
            return err->code;
    }
    real_sleep_until(start_ns + SPREAD + SLOWEST);
    return UND_OK;
}

/* Once the webhook has come, evaluations follow 1, 3, 5, 7, 9 s later and the group's next tick
 * 10 s: the host answers until 3.05 s, so that the alert resolves at the latest at 3 s; stops
 * answering, so that it is pending at 5 s and fires at 9 s. */
static enum und_code play_again(struct director *director, struct und_err *err)
{
    int host = 0;
    int64_t deadline_ns = real_now_ns() + 20 * SECOND, heard_ns;
    while (host < director->victims.n && director->victims.victim[host].way != WAY_AGAIN)
        host++;
    if (host == director->victims.n)
        return und_fail(err, UND_USAGE, "victims: got none to be stopped again, want one");
    if (strike(director, host, err) != UND_OK)
        return err->code;
    while (listener_heard(director->listener, host) == 0) {
        if (real_now_ns() > deadline_ns)
            return und_fail(err, UND_FAILED, "%s: got no webhook in 20 s",
                            director->victims.victim[host].instance);
        usleep(2000);
    }
    heard_ns = injector_continue(director->injector, host);
    real_sleep_until(heard_ns + 3050 * MS);
    if (strike(director, host, err) != UND_OK)
        return err->code;
    real_sleep_until(heard_ns + TICK + 3 * SECOND);
    return UND_OK;
}

static enum und_code play(struct director *director, uint64_t seed, int port, struct und_err *err)
{
    struct stat begin;
    if (victims_read(&director->victims, err) != UND_OK || watchdog_start(err) != UND_OK)
        return err->code;
    director->listener = listener_open(port, err);
    if (!director->listener)
        return err->code;
    director->injector = injector_open(&director->victims, director->listener, err);
    director->faults = fopen("faults", "w");
    if (err->code != UND_OK || !director->faults)
        return und_fail(err, UND_SERVICE, "faults: cannot be written");
    while (stat("begin", &begin) != 0)
        usleep(10000);
    if (play_faults(director, seed, err) != UND_OK)
        return err->code;
    return play_again(director, err);
}

int main(int argc, char **argv)
{
    static struct director director;
    struct und_err err = {.code = UND_OK};
    FILE *done;
    if (argc != 4 || chdir(argv[1]) != 0) {
        fprintf(stderr, "director: want DIR SEED PORT\n");
        return UND_USAGE;
    }
    if (play(&director, strtoull(argv[2], NULL, 10), atoi(argv[3]), &err) != UND_OK) {
        fprintf(stderr, "director: %s\n", err.text);
        return (int)err.code;
    }
    done = fopen("done", "w");
    if (!done || fclose(done) != 0)
        return UND_SERVICE;
    for (;;)
        pause();
}
