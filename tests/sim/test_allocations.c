/*
 * No allocation after start-up: the linker sends every malloc, calloc, realloc and aligned_alloc of
 * the program's own objects here (--wrap, see the Makefile), to be counted. What libraries allocate
 * inside is not seen; the simulator calls none that does.
 *
 * Excepted, and not part of a replication: threads (pthread_create), room for more replications
 * between batches (experiment.c), the timeline of a traced replication.
 */
#include "model/load/loader.h"
#include "sim/experiment/experiment.h"
#include "sim/world/world.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>

static _Atomic long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    allocations++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __real_aligned_alloc(alignment, size);
}

static const struct {
    const char *path, *set;
    int replications;
} scenarios[] = {
    {"scenarios/primary-hardware-failure.yaml", NULL, 20},
    {"scenarios/network-partition.yaml", NULL, 20},
    {"scenarios/monitoring-down.yaml", NULL, 20},
    {"scenarios/ordinary-day.yaml", NULL, 2},
    {"scenarios/year.yaml", "duration=100d", 1},
};

static struct scenario scenario;

static void load(int i)
{
    struct und_err err = {0};
    const char *set = scenarios[i].set;
    memset(&scenario, 0, sizeof scenario);
    scenario_load(&scenario, scenarios[i].path, &set, set != NULL, &err);
    ck_assert_msg(err.code == UND_OK, "%s", err.text);
}

START_TEST(a_replication_allocates_nothing)
{
    static struct incident incidents[WORLD_INCIDENTS];
    struct rep_host host[FLEET_HOSTS];
    struct stretch stretch[100];
    struct time_slices slices = {.stretch = stretch, .n = 100, .width_ms = 600000};
    struct rep rep = {.host = host};
    struct replication found = {
        .rep = &rep, .incidents = incidents, .max_incidents = WORLD_INCIDENTS, .slices = &slices};
    struct stream base;
    struct world *world;
    long before;
    int r;
    load(_i);
    before = allocations;
    world = world_open(&scenario, false);
    ck_assert_int_gt(allocations, before); /* they are counted at all */
    stream_seed(&base, 1);
    before = allocations;
    for (r = 0; r < scenarios[_i].replications; r++) {
        world_run(world, &base, &found);
        stream_long_jump(&base);
    }
    ck_assert_int_eq(allocations, before);
    ck_assert_int_gt(rep.jobs_done, 0);
    world_close(world);
    scenario_fini(&scenario);
}
END_TEST

static long allocations_of(int64_t replications)
{
    struct experiment experiment = {.seed = 1, .replications = replications, .threads = 1};
    struct result result;
    struct und_err err = {0};
    long before = allocations;
    experiment_run(&scenario, &experiment, &result, &err);
    ck_assert_msg(err.code == UND_OK, "%s", err.text);
    result_fini(&result);
    return allocations - before;
}

START_TEST(an_experiment_allocates_as_often_for_forty_replications_as_for_160)
{
    load(0);
    /* Both have cases that were not over, which take a curve each. */
    ck_assert_int_eq(allocations_of(40), allocations_of(160));
    scenario_fini(&scenario);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("allocations");
    TCase *tests = tcase_create("allocations");
    tcase_add_loop_test(tests, a_replication_allocates_nothing, 0,
                        sizeof scenarios / sizeof *scenarios);
    tcase_add_test(tests, an_experiment_allocates_as_often_for_forty_replications_as_for_160);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}
