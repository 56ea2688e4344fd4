#include "course.h"

#include <string.h>

void course_clear(struct course *course)
{
    memset(course->stretch, 0, course->n * sizeof *course->stretch);
    course->at = 0;
}

/* The end of the stretch that holds the instant; false: it is before the first or behind the last.
 */
static bool seek(struct course *course, int64_t at_ms, int64_t *end_ms)
{
    *end_ms = course->from_ms + (int64_t)(course->at + 1) * course->width_ms;
    while (course->at < course->n && at_ms >= *end_ms) {
        course->at++;
        *end_ms += course->width_ms;
    }
    return course->at < course->n;
}

void course_hold(struct course *course, int64_t from_ms, int64_t to_ms, int64_t queued,
                 int64_t busy, bool up)
{
    int64_t end_ms;
    from_ms = from_ms > course->from_ms ? from_ms : course->from_ms;
    while (from_ms < to_ms && seek(course, from_ms, &end_ms)) {
        struct stretch *stretch = &course->stretch[course->at];
        int64_t ms = (to_ms < end_ms ? to_ms : end_ms) - from_ms;
        stretch->queue_ms += queued * ms;
        stretch->busy_ms += busy * ms;
        stretch->up_ms += up ? ms : 0;
        from_ms += ms;
    }
}

void course_start(struct course *course, int64_t at_ms, int64_t wait_ms, bool waited)
{
    int64_t since_ms = at_ms - course->from_ms;
    struct stretch *stretch;
    if (since_ms < 0 || since_ms >= (int64_t)course->n * course->width_ms)
        return;
    stretch = &course->stretch[since_ms / course->width_ms];
    stretch->started++;
    stretch->waited += waited;
    stretch->wait_sum_ms += wait_ms;
}
