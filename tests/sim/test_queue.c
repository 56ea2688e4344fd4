#include "sim/engine/queue.h"
#include "sim/engine/stream.h"
#include "tests/support/helpers.h"

#include <signal.h>
#include <stdlib.h>

/* Reference: a sorted array, by the order that queue.h promises. */
struct sorted {
    struct event event[1024];
    size_t n;
};

static bool due_before(const struct event *a, const struct event *b)
{
    uint64_t priority_a = a->order >> 56, priority_b = b->order >> 56;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms;
    if (priority_a != priority_b)
        return priority_a < priority_b;
    return a->order << 8 < b->order << 8;
}

static void sorted_push(struct sorted *sorted, struct event event)
{
    size_t at = sorted->n++;
    for (; at > 0 && due_before(&event, &sorted->event[at - 1]); at--)
        sorted->event[at] = sorted->event[at - 1];
    sorted->event[at] = event;
}

static struct event sorted_pop(struct sorted *sorted)
{
    struct event first = sorted->event[0];
    size_t i;
    sorted->n--;
    for (i = 0; i < sorted->n; i++)
        sorted->event[i] = sorted->event[i + 1];
    return first;
}

static void push_both(struct queue *queue, struct sorted *sorted, struct stream *stream,
                      int64_t now)
{
    struct event event = {.at_ms = now + stream_below(stream, 8),
                          .order = queue->sequence | (uint64_t)stream_below(stream, 3) << 56,
                          .who = (uint32_t)queue->sequence * 7,
                          .kind = (uint8_t)(stream_below(stream, 256)),
                          .epoch = (uint32_t)(stream_next(stream))};
    queue_push(queue, event.at_ms, (uint8_t)(event.order >> 56), event.kind, event.who,
               event.epoch);
    sorted_push(sorted, event);
}

static int64_t pop_both(struct queue *queue, struct sorted *sorted)
{
    struct event got, want = sorted_pop(sorted);
    ck_assert(queue_pop(queue, &got));
    ck_assert_int_eq(got.at_ms, want.at_ms);
    ck_assert_uint_eq(got.order, want.order);
    ck_assert_uint_eq(got.who, want.who);
    ck_assert_uint_eq(got.kind, want.kind);
    ck_assert_uint_eq(got.epoch, want.epoch);
    return got.at_ms;
}

/* Random pushes and pops around a wandering level, with many ties in time and priority. */
START_TEST(pops_in_the_order_of_a_sorted_array)
{
    static struct sorted sorted;
    struct queue queue;
    struct stream stream;
    int64_t now = 0;
    uint32_t step, level = 1;
    stream_seed(&stream, 20 + (uint64_t)_i);
    queue_init(&queue, 1024);
    sorted.n = 0;
    for (step = 0; step < 30000; step++) {
        if (step % 100 == 0)
            level = stream_below(&stream, 1u << (1 + stream_below(&stream, 10)));
        if (queue.n < 1024 && stream_below(&stream, 100) < (queue.n < level ? 70 : 40))
            push_both(&queue, &sorted, &stream, now);
        else if (queue.n > 0)
            now = pop_both(&queue, &sorted);
        ck_assert_uint_eq(queue.n, sorted.n);
        if (step % 7 == 0)
            ck_assert_int_eq(queue_next_ms(&queue), sorted.n ? sorted.event[0].at_ms : INT64_MAX);
    }
    while (sorted.n > 0)
        pop_both(&queue, &sorted);
    ck_assert(!queue_pop(&queue, &(struct event){0}));
    queue_fini(&queue);
}
END_TEST

START_TEST(simultaneous_events_pop_by_priority_then_first_come)
{
    static const struct {
        uint8_t priority;
        uint32_t who;
    } pushed[] = {{2, 0}, {1, 1}, {2, 2}, {0, 3}, {1, 4}, {255, 5}};
    static const uint32_t want[] = {3, 1, 4, 0, 2, 5};
    struct queue queue;
    struct event event;
    size_t i;
    queue_init(&queue, 6);
    for (i = 0; i < 6; i++)
        queue_push(&queue, 5, pushed[i].priority, 0, pushed[i].who, 0);
    for (i = 0; i < 6; i++) {
        ck_assert(queue_pop(&queue, &event));
        ck_assert_uint_eq(event.who, want[i]);
    }
    queue_fini(&queue);
}
END_TEST

/* An event that never comes is still an event, and sorts before the sentinels. */
START_TEST(holds_events_at_both_ends_of_time)
{
    struct queue queue;
    struct event event;
    queue_init(&queue, 2);
    queue_push(&queue, INT64_MAX, 255, 7, 0, 0);
    queue_push(&queue, INT64_MIN, 0, 8, 0, 0);
    ck_assert(queue_pop(&queue, &event) && event.kind == 8);
    ck_assert_int_eq(queue_next_ms(&queue), INT64_MAX);
    ck_assert(queue_pop(&queue, &event) && event.kind == 7);
    ck_assert(!queue_pop(&queue, &event));
    queue_fini(&queue);
}
END_TEST

/* At every fill, with and without a hole, a cleared queue behaves as a new one: nothing that it
 * held comes back, even among later events. */
START_TEST(clear_makes_it_new)
{
    struct queue queue;
    struct event event;
    int fill, hole, i;
    queue_init(&queue, 30);
    for (fill = 1; fill <= 30; fill++) {
        for (hole = 0; hole <= 1; hole++) {
            for (i = 0; i < fill; i++)
                queue_push(&queue, 1000 - i, 0, 0, 0, 0);
            ck_assert(!hole || queue_pop(&queue, &event));
            queue_clear(&queue);
            ck_assert_int_eq(queue_next_ms(&queue), INT64_MAX);
            ck_assert(!queue_pop(&queue, &event));
            for (i = 0; i < fill - 1; i++)
                queue_push(&queue, 2000, 0, 0, 0, 0);
            for (i = 0; i < fill - 1; i++)
                ck_assert(queue_pop(&queue, &event) && event.order == (uint64_t)i);
            ck_assert(!queue_pop(&queue, &event));
            queue_clear(&queue);
        }
    }
    queue_fini(&queue);
}
END_TEST

START_TEST(pushing_past_the_capacity_is_a_bug)
{
    struct queue queue;
    int i;
    queue_init(&queue, 3);
    for (i = 0; i < 4; i++)
        queue_push(&queue, i, 0, 0, 0, 0);
}
END_TEST

START_TEST(pushing_into_the_past_is_a_bug)
{
    struct queue queue;
    struct event event;
    queue_init(&queue, 3);
    queue_push(&queue, 5, 0, 0, 0, 0);
    queue_pop(&queue, &event);
    queue_push(&queue, 4, 0, 0, 0, 0);
}
END_TEST

static bool odd_epoch(const void *context, const struct event *event)
{
    (void)context;
    return event->epoch % 2 == 1;
}

/* Full of events that nobody wants: they go, the others keep their order, with a hole or without.
 */
START_TEST(stale_events_make_room)
{
    struct queue queue;
    struct event event;
    uint32_t i, wanted = 0;
    queue_init(&queue, 1000);
    queue_drop_stale(&queue, odd_epoch, NULL);
    queue_push(&queue, 0, 0, 0, 0, 0);
    if (_i == 1)
        ck_assert(queue_pop(&queue, &event));
    for (i = 1; i <= 10000; i++) {
        bool wants = i % 100 == 0;
        queue_push(&queue, i * 7919 % 10007, 0, 0, i, wants ? 2 * i : 2 * i + 1);
        wanted += wants;
    }
    if (_i == 0)
        ck_assert(queue_pop(&queue, &event) && event.who == 0);
    for (i = 0; queue_pop(&queue, &event);) {
        ck_assert_int_ge(queue.now_ms, event.at_ms);
        ck_assert_int_eq(event.at_ms, (int64_t)event.who * 7919 % 10007);
        i += event.epoch % 2 == 0;
    }
    ck_assert_uint_eq(i, wanted);
    queue_fini(&queue);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("queue");
    TCase *order = tcase_create("order"), *bugs = tcase_create("bugs");
    tcase_add_loop_test(order, pops_in_the_order_of_a_sorted_array, 0, 8);
    tcase_add_test(order, simultaneous_events_pop_by_priority_then_first_come);
    tcase_add_test(order, holds_events_at_both_ends_of_time);
    tcase_add_test(order, clear_makes_it_new);
    tcase_add_loop_test(order, stale_events_make_room, 0, 2);
    tcase_add_test_raise_signal(bugs, pushing_past_the_capacity_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(bugs, pushing_into_the_past_is_a_bug, SIGABRT);
    suite_add_tcase(s, order);
    suite_add_tcase(s, bugs);
    return s;
}
