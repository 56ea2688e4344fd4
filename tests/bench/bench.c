/*
 * How fast the engine is, against a yardstick measured in the same minute: an M/M/1 queue written
 * as two variables (next arrival, next departure) and no engine at all, with the same generator and
 * the same exponential draws. Everything else goes through the public headers of sim/, on the
 * functions that the fleet model uses.
 *
 * Each benchmark runs in turn with the yardstick, ROUNDS times, on the processor's own clock; the
 * ratio of each pair is what has a limit, because nanoseconds are the machine's business. Prints a
 * table; the first argument names a file for the same as JSON. Exit 1: a limit was missed.
 */
#include "bench_explore.h"
#include "bench_fleet.h"
#include "model/base/err.h"
#include "sim/engine/queue.h"
#include "sim/engine/source.h"

#include <gsl/gsl_sort.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 9
#define CUSTOMERS 1000000 /* of one run: about 30 ms of the yardstick */
#define HOLDS 1000000
#define LOAD 0.8

/* What a run made of its system: the mean number in it, to compare with the theory. */
struct run {
    double ns;     /* a unit: customer or event */
    double number; /* mean number in system; NAN where there is none */
};

struct benchmark {
    const char *name, *unit;
    struct run (*run)(void);
    int yardstick_events;        /* of the bare loop that one unit stands against */
    double limit;                /* of the ratio */
    double number;               /* the mean number in system should be; NAN: none */
    struct run (*against)(void); /* instead of the bare loop, for one unit; NULL: the bare loop */
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Means are long in ms, so that rounding to ms is no part of the model. */
static struct dist make(enum dist_kind kind, double mean_ms, double cv2)
{
    struct und_err err = {0};
    struct dist dist;
    dist_init(&dist);
    dist.kind = kind;
    dist.mean_ms = mean_ms;
    dist.cv2 = cv2;
    if (dist_resolve(&dist, "bench", &err) != UND_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit((int)err.code);
    }
    return dist;
}

static double exponential(double mean, struct stream *stream)
{
    return -mean * log(stream_uniform(stream));
}

/* The yardstick, in the fastest of several ways to write it: doubles rather than rounded integers,
 * and one draw ahead, so that a logarithm never stands between an event and the next branch (14.7
 * ns an event without that, 10.7 with it). The area under the number in system is the sum of the
 * times in system. */
static struct run bare_loop(void)
{
    struct stream arrivals, services, streams[2];
    double mean = 1e6, now = 0, area = 0, arrival, departure = INFINITY, interval, service;
    int64_t present = 0, served = 0;
    double start = now_ns();
    stream_seed(&arrivals, 1);
    stream_split(&arrivals, streams, 2);
    services = streams[1];
    arrival = exponential(mean, &arrivals);
    interval = exponential(mean, &arrivals);
    service = exponential(LOAD * mean, &services);
    while (served < CUSTOMERS) {
        bool starts = false;
        if (arrival <= departure) {
            now = arrival;
            area -= now;
            arrival += interval;
            interval = exponential(mean, &arrivals);
            starts = present++ == 0;
        } else {
            now = departure;
            area += now;
            departure = INFINITY;
            served++;
            starts = --present > 0;
        }
        if (starts) {
            departure = now + service;
            service = exponential(LOAD * mean, &services);
        }
    }
    area += (double)present * now;
    return (struct run){(now_ns() - start) / CUSTOMERS, area / now};
}

enum { ARRIVAL, DEPARTURE };

/* A queue before `servers` servers, first come first served, through the engine. */
static struct run through_engine(const struct dist *interval, const struct dist *service,
                                 int64_t servers)
{
    struct queue queue;
    struct event event;
    struct stream stream[2];
    struct source intervals, services;
    int64_t now = 0, present = 0, served = 0;
    int128 area = 0;
    double start = now_ns();
    stream_seed(&stream[0], 1);
    stream_split(&stream[0], stream, 2);
    source_init(&intervals, interval, &stream[0]);
    source_init(&services, service, &stream[1]);
    queue_init(&queue, 64);
    queue_push(&queue, source_next_ms(&intervals), 1, ARRIVAL, 0, 0);
    while (served < CUSTOMERS && queue_pop(&queue, &event)) {
        bool starts = false;
        area += (int128)present * (event.at_ms - now);
        now = event.at_ms;
        if (event.kind == ARRIVAL) {
            queue_push(&queue, now + source_next_ms(&intervals), 1, ARRIVAL, 0, 0);
            starts = present++ < servers;
        } else {
            served++;
            starts = present-- > servers;
        }
        if (starts)
            queue_push(&queue, now + source_next_ms(&services), 0, DEPARTURE, 0, 0);
    }
    queue_fini(&queue);
    return (struct run){(now_ns() - start) / CUSTOMERS, (double)area / (double)now};
}

static struct run mm1(void)
{
    struct dist interval = make(DIST_EXPONENTIAL, 1e6, NAN);
    struct dist service = make(DIST_EXPONENTIAL, LOAD * 1e6, NAN);
    return through_engine(&interval, &service, 1);
}

static struct run mg12(void)
{
    struct dist interval = make(DIST_EXPONENTIAL, 1e6, NAN);
    struct dist service = make(DIST_LOGNORMAL, 12 * LOAD * 1e6, 1);
    return through_engine(&interval, &service, 12);
}

/* The hold model (Jones 1986): pop the first event, push one at a random later time. */
static struct run hold(size_t pending)
{
    struct dist ahead = make(DIST_EXPONENTIAL, 1e6, NAN);
    struct queue queue;
    struct event event;
    struct stream stream;
    struct source source;
    double start = 0;
    int64_t i, warmup = 4 * (int64_t)pending;
    stream_seed(&stream, 1);
    source_init(&source, &ahead, &stream);
    queue_init(&queue, pending);
    while (queue.n < pending)
        queue_push(&queue, source_next_ms(&source), 0, 0, 0, 0);
    for (i = -warmup; i < HOLDS; i++) {
        if (i == 0)
            start = now_ns();
        if (!queue_pop(&queue, &event))
            break;
        queue_push(&queue, event.at_ms + source_next_ms(&source), 0, 0, 0, 0);
    }
    queue_fini(&queue);
    return (struct run){(now_ns() - start) / HOLDS, NAN};
}

static struct run hold_20(void)
{
    return hold(20);
}

static struct run hold_1000(void)
{
    return hold(1000);
}

static struct run hold_100000(void)
{
    return hold(100000);
}

static struct run fleet(void)
{
    return (struct run){bench_fleet_event(), NAN};
}

static struct run transition(void)
{
    return (struct run){bench_explore_transition(), NAN};
}

static struct run bare_step(void)
{
    return (struct run){bench_explore_step(), NAN};
}

/* Further benchmarks go here. The hold limits are 30, 50 and 110 ns where the bare loop takes 11
 * ns an event. M/M/1 at load r has r / (1 - r) in system. */
static const struct benchmark benchmarks[] = {
    {"M/M/1", "customer", mm1, 2, 1.6, LOAD / (1 - LOAD), NULL},
    {"M/G/12 lognormal", "customer", mg12, 2, 3.6, NAN, NULL},
    {"hold, 20 pending", "event", hold_20, 1, 30.0 / 11, NAN, NULL},
    {"hold, 1000 pending", "event", hold_1000, 1, 50.0 / 11, NAN, NULL},
    {"hold, 100000 pending", "event", hold_100000, 1, 110.0 / 11, NAN, NULL},
    {"fleet, a whole year", "event", fleet, 1, 8, NAN, NULL},
    {"explore, of a step", "transition", transition, 1, 4, NAN, bare_step},
};
#define BENCHMARKS (sizeof benchmarks / sizeof *benchmarks)

struct spread {
    double least, median, most;
};

static struct spread spread(const double *value)
{
    double sorted[ROUNDS];
    int i;
    for (i = 0; i < ROUNDS; i++)
        sorted[i] = value[i];
    gsl_sort(sorted, 1, ROUNDS);
    return (struct spread){sorted[0], sorted[ROUNDS / 2], sorted[ROUNDS - 1]};
}

static json_t *spread_json(struct spread spread)
{
    return json_pack("{s:f, s:f, s:f}", "median", spread.median, "min", spread.least, "max",
                     spread.most);
}

/* A speed is worth nothing if the answer is wrong: 1,000,000 customers of an M/M/1 queue at load
 * 0.8 have a mean within 5% of the exact one. */
static void check_number(const char *name, double got, double want)
{
    if (!isnan(want) && !(fabs(got / want - 1) < 0.05)) {
        fprintf(stderr, "%s: mean number in system: got %g, want %g\n", name, got, want);
        exit(UND_FAILED);
    }
}

/* Interleaves ROUNDS pairs, prints a line, appends to `list`; returns whether the median holds. */
static bool measure(const struct benchmark *benchmark, json_t *list)
{
    double bare[ROUNDS], engine[ROUNDS], ratio[ROUNDS];
    struct spread ns, yardstick, ratios;
    bool pass;
    int i;
    for (i = 0; i < ROUNDS; i++) {
        struct run reference = benchmark->against ? benchmark->against() : bare_loop();
        struct run run = benchmark->run();
        if (!benchmark->against)
            check_number("bare loop", reference.number, LOAD / (1 - LOAD));
        check_number(benchmark->name, run.number, benchmark->number);
        bare[i] = benchmark->against
                      ? reference.ns
                      : reference.ns * benchmark->yardstick_events / 2; /* a customer: two events */
        engine[i] = run.ns;
        ratio[i] = engine[i] / bare[i];
    }
    ns = spread(engine);
    yardstick = spread(bare);
    ratios = spread(ratio);
    pass = ratios.median <= benchmark->limit;
    printf("%-21s %-8s %7.1f %7.1f %7.1f  %7.1f  %6.2f %6.2f %6.2f  %6.2f  %s\n", benchmark->name,
           benchmark->unit, ns.median, ns.least, ns.most, yardstick.median, ratios.median,
           ratios.least, ratios.most, benchmark->limit, pass ? "ok" : "MISSED");
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:f, s:b}", "name", benchmark->name, "unit",
                        benchmark->unit, "ns", spread_json(ns), "bare_ns", spread_json(yardstick),
                        "ratio", spread_json(ratios), "limit", benchmark->limit, "pass", pass));
    return pass;
}

int main(int argc, char **argv)
{
    json_t *root = json_object(), *list = json_array(), *fleets = json_array();
    bool pass;
    size_t i;
    printf("%-31s %-8s %7s %7s %7s  %9s\n", "", "unit", "median", "min", "max", "limit");
    pass = bench_fleet_memory(fleets);
    pass = bench_fleet_times(fleets) && pass;
    pass = bench_fleet_rules(fleets) && pass;
    pass = bench_fleet_threads(fleets) && pass;
    printf("\n%-21s %-8s %23s  %7s  %20s\n", "", "", "ns", "bare", "ratio");
    printf("%-21s %-8s %7s %7s %7s  %7s  %6s %6s %6s  %6s\n", "benchmark", "per", "median", "min",
           "max", "median", "median", "min", "max", "limit");
    for (i = 0; i < BENCHMARKS; i++)
        pass = measure(&benchmarks[i], list) && pass;
    json_object_set_new(root, "version", json_integer(1));
    json_object_set_new(root, "rounds", json_integer(ROUNDS));
    json_object_set_new(root, "benchmarks", list);
    json_object_set_new(root, "fleet", fleets);
    if (argc > 1 && json_dump_file(root, argv[1], JSON_INDENT(2)) != 0) {
        fprintf(stderr, "%s: cannot be written\n", argv[1]);
        pass = false;
    }
    json_decref(root);
    return pass ? EXIT_SUCCESS : EXIT_FAILURE;
}
