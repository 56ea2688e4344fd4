#include "native.h"

#include "eval.h"
#include "model/base/assert.h"

#include <math.h>

#define BOXED (UINT64_C(0x7ff4) << 48)

double native_box(const struct native *native)
{
    uint64_t bits = (uint64_t)(uintptr_t)native;
    double value;
    UND_ASSERT(bits >> 48 == 0);
    bits |= BOXED;
    memcpy(&value, &bits, sizeof value);
    return value;
}

const struct native *native_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    UND_ASSERT(native_is(value));
    return (const struct native *)(uintptr_t)(bits & ~BOXED);
}

static struct native_side copy_side(struct arena *arena, const struct native_side *side)
{
    size_t bytes = (size_t)side->n * sizeof *side->list;
    return (struct native_side){arena_grow(arena, side->list, bytes, bytes), side->n};
}

struct native *native_copy(struct arena *arena, const struct native *native)
{
    struct native *copy = arena_take(arena, sizeof *copy);
    size_t bytes = (size_t)native->n_bounds * sizeof *native->bounds;
    *copy = *native;
    copy->positive = copy_side(arena, &native->positive);
    copy->negative = copy_side(arena, &native->negative);
    copy->bounds = arena_grow(arena, native->bounds, bytes, bytes);
    return copy;
}

double native_keep(struct arena *arena, double value)
{
    return native_box(native_copy(arena, native_of(value)));
}

bool native_is_custom(const struct native *native)
{
    return native->schema == NATIVE_CUSTOM;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Calls a function for each of its numbers. */
static void each_number(struct native *native, void (*call)(struct native_number *, double),
                        double by)
{
    struct native_side *sides[] = {&native->positive, &native->negative};
    call(&native->sum, by);
    call(&native->count, by);
    call(&native->zero, by);
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < sides[side]->n; i++)
            call(&sides[side]->list[i].count, by);
    }
}

static void settle(struct native_number *number, double by)
{
    (void)by;
    if (!isinf(number->value))
        number->value += number->lost;
    number->lost = 0;
}

static void scale(struct native_number *number, double by)
{
    number->value *= by;
    number->lost *= by;
}

static void divide(struct native_number *number, double by)
{
    number->value /= by;
    number->lost = number->lost != 0 ? number->lost / by : 0;
}

static void increase(struct native_number *number, double by)
{
    struct kahan kahan = {number->value, number->lost};
    kahan_add(&kahan, by, true);
    *number = (struct native_number){kahan.sum, kahan.c};
}

void native_settle(struct native *native)
{
    each_number(native, settle, 0);
}

void native_scale(struct native *native, double factor)
{
    each_number(native, scale, factor);
    if (factor < 0)
        native->hint = NATIVE_GAUGE;
}

void native_divide(struct native *native, double by)
{
    if (by == 0)
        native->positive.n = native->negative.n = 0;
    each_number(native, divide, by);
    if (by < 0)
        native->hint = NATIVE_GAUGE;
}

bool native_overflows(const struct native *native)
{
    const struct native_side *sides[] = {&native->positive, &native->negative};
    bool infinite =
        isinf(native->sum.value) || isinf(native->count.value) || isinf(native->zero.value);
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < sides[side]->n; i++)
            infinite |= isinf(sides[side]->list[i].count.value) != 0;
    }
    return infinite;
}

/* --- layouts --------------------------------------------------------------------------------- */

static void compact_side(struct native_side *side)
{
    int n = 0;
    for (int i = 0; i < side->n; i++) {
        if (side->list[i].count.value != 0)
            side->list[n++] = side->list[i];
    }
    side->n = n;
}

void native_compact(struct native *native)
{
    compact_side(&native->positive);
    compact_side(&native->negative);
}

/* Gives buckets new numbers, which keep their order; those of the same one are added up. */
static void renumber(struct native_side *side, int (*number)(int, const void *), const void *how)
{
    int n = -1;
    for (int i = 0; i < side->n; i++) {
        struct native_bucket bucket = side->list[i];
        bucket.index = number(bucket.index, how);
        if (n >= 0 && side->list[n].index == bucket.index)
            increase(&side->list[n].count, bucket.count.value);
        else
            side->list[++n] = bucket;
    }
    side->n = n + 1;
}

/* 2^steps buckets of the finer schema are one of the coarser. */
static int coarser(int index, const void *how)
{
    return ((index - 1) >> *(const int *)how) + 1;
}

static void reduce(struct native *native, int schema)
{
    int steps = native->schema - schema;
    if (steps <= 0)
        return;
    renumber(&native->positive, coarser, &steps);
    renumber(&native->negative, coarser, &steps);
    native->schema = schema;
}

/* The bucket of `bounds` that holds the one below that bound. */
struct rebound {
    const struct native *from;
    const double *bounds;
    int n;
};

static int rebound(int index, const void *how)
{
    const struct rebound *rebound = how;
    int to = 0;
    if (index >= rebound->from->n_bounds)
        return rebound->n;
    while (to < rebound->n && rebound->bounds[to] < rebound->from->bounds[index])
        to++;
    return to;
}

static void set_bounds(struct native *native, const double *bounds, int n)
{
    struct rebound how = {native, bounds, n};
    renumber(&native->positive, rebound, &how);
    native->bounds = bounds;
    native->n_bounds = n;
}

bool native_same_bounds(const struct native *a, const struct native *b)
{
    bool same = a->n_bounds == b->n_bounds;
    for (int i = 0; same && i < a->n_bounds; i++)
        same = a->bounds[i] == b->bounds[i];
    return same;
}

/* The bounds that both have. */
static const double *common_bounds(struct arena *arena, const struct native *a,
                                   const struct native *b, int *n)
{
    double *bounds = arena_take(arena, (size_t)(a->n_bounds + 1) * sizeof *bounds);
    *n = 0;
    for (int i = 0, j = 0; i < a->n_bounds && j < b->n_bounds;) {
        if (a->bounds[i] == b->bounds[j]) {
            bounds[(*n)++] = a->bounds[i++];
            j++;
        } else if (a->bounds[i] < b->bounds[j]) {
            i++;
        } else {
            j++;
        }
    }
    return bounds;
}

/* --- the zero bucket ------------------------------------------------------------------------- */

double native_bound(const struct native *native, int index)
{
    int parts, whole;
    double bound;
    if (native_is_custom(native))
        return index < 0 ? -INFINITY : index < native->n_bounds ? native->bounds[index] : INFINITY;
    if (native->schema <= 0) {
        whole = index * (1 << -native->schema);
        bound = ldexp(1, whole);
    } else {
        parts = 1 << native->schema;
        whole = index >> native->schema;
        bound = ldexp(exp2((double)(index & (parts - 1)) / parts), whole);
    }
    return whole == 1024 && isinf(bound) ? 0x1.fffffffffffffp1023 : bound;
}

/* A zero bucket at least that wide which ends in no bucket that has observations. */
static double widened(const struct native *native, double width)
{
    const struct native_side *sides[] = {&native->positive, &native->negative};
    double before;
    do {
        before = width;
        for (int i = 0; i < sides[0]->n + sides[1]->n; i++) {
            const struct native_bucket *bucket =
                i < sides[0]->n ? &sides[0]->list[i] : &sides[1]->list[i - sides[0]->n];
            double upper = native_bound(native, bucket->index);
            if (bucket->count.value != 0 && native_bound(native, bucket->index - 1) < width &&
                upper > width)
                width = upper;
        }
    } while (width > before);
    return width;
}

/* Puts the buckets within that width into the zero bucket. */
static void absorb(struct native *native, double width)
{
    struct native_side *sides[] = {&native->positive, &native->negative};
    for (int side = 0; side < 2; side++) {
        int n = 0;
        for (int i = 0; i < sides[side]->n; i++) {
            const struct native_bucket *bucket = &sides[side]->list[i];
            if (native_bound(native, bucket->index) <= width)
                increase(&native->zero, bucket->count.value);
            else
                sides[side]->list[n++] = *bucket;
        }
        sides[side]->n = n;
    }
    native->zero_width = width;
}

static void align_zero(struct native *a, struct native *b)
{
    while (a->zero_width != b->zero_width) {
        struct native *narrow = a->zero_width < b->zero_width ? a : b;
        const struct native *wide = narrow == a ? b : a;
        absorb(narrow, widened(narrow, wide->zero_width));
    }
}

/* --- adding ---------------------------------------------------------------------------------- */

static void add_side(struct arena *arena, struct native_side *to, const struct native_side *from,
                     double times)
{
    struct native_bucket *list = arena_take(arena, (size_t)(to->n + from->n + 1) * sizeof *list);
    int n = 0;
    for (int i = 0, j = 0; i < to->n || j < from->n; n++) {
        if (j == from->n || (i < to->n && to->list[i].index < from->list[j].index)) {
            list[n] = to->list[i++];
            continue;
        }
        list[n].index = from->list[j].index;
        if (i < to->n && to->list[i].index == list[n].index)
            list[n] = to->list[i++];
        increase(&list[n].count, times * from->list[j++].count.value);
    }
    *to = (struct native_side){list, n};
}

static void meet_hints(struct native *to, const struct native *from, struct native_met *met)
{
    if (to->hint == from->hint)
        return;
    if (to->hint == NATIVE_GAUGE || from->hint == NATIVE_GAUGE) {
        to->hint = NATIVE_GAUGE;
        return;
    }
    met->collided |= to->hint != NATIVE_UNKNOWN && from->hint != NATIVE_UNKNOWN;
    to->hint = NATIVE_UNKNOWN;
}

/* Gives both the coarser of their layouts. */
static void align(struct arena *arena, struct native *a, struct native *b, struct native_met *met)
{
    int schema = a->schema < b->schema ? a->schema : b->schema;
    if (!native_is_custom(a)) {
        reduce(a, schema);
        reduce(b, schema);
        align_zero(a, b);
    } else if (!native_same_bounds(a, b)) {
        int n;
        const double *bounds = common_bounds(arena, a, b, &n);
        set_bounds(a, bounds, n);
        set_bounds(b, bounds, n);
        met->reconciled = true;
    }
}

static bool same_layout(const struct native *a, const struct native *b)
{
    return a->schema == b->schema && a->zero_width == b->zero_width && native_same_bounds(a, b);
}

bool native_add(struct arena *arena, struct native *to, const struct native *from, double times,
                struct native_met *met)
{
    struct native *other;
    if (native_is_custom(to) != native_is_custom(from))
        return false;
    meet_hints(to, from, met);
    if (!same_layout(to, from)) {
        other = native_copy(arena, from);
        align(arena, to, other, met);
        from = other;
    }
    increase(&to->sum, times * from->sum.value);
    increase(&to->count, times * from->count.value);
    increase(&to->zero, times * from->zero.value);
    add_side(arena, &to->positive, &from->positive, times);
    add_side(arena, &to->negative, &from->negative, times);
    return true;
}

/* --- comparing ------------------------------------------------------------------------------- */

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* The next one that has observations. */
static const struct native_bucket *next_bucket(const struct native_side *side, int *i)
{
    while (*i < side->n && side->list[*i].count.value == 0)
        ++*i;
    return *i < side->n ? &side->list[(*i)++] : NULL;
}

static bool same_side(const struct native_side *a, const struct native_side *b)
{
    int i = 0, j = 0;
    for (;;) {
        const struct native_bucket *x = next_bucket(a, &i), *y = next_bucket(b, &j);
        if (!x || !y)
            return !x && !y;
        if (x->index != y->index || !same_number(x->count.value, y->count.value))
            return false;
    }
}

bool native_equal(const struct native *a, const struct native *b)
{
    return same_layout(a, b) && same_number(a->sum.value, b->sum.value) &&
           same_number(a->count.value, b->count.value) &&
           same_number(a->zero.value, b->zero.value) && same_side(&a->positive, &b->positive) &&
           same_side(&a->negative, &b->negative);
}

/* Has any bucket fewer observations than before? */
static bool side_falls(const struct native_side *now, const struct native_side *before)
{
    for (int i = 0, j = 0; j < before->n; j++) {
        double count = 0;
        while (i < now->n && now->list[i].index < before->list[j].index)
            i++;
        if (i < now->n && now->list[i].index == before->list[j].index)
            count = now->list[i].count.value;
        if (count < before->list[j].count.value)
            return true;
    }
    return false;
}

static bool falls(const struct native *now, const struct native *before)
{
    return now->zero.value < before->zero.value || side_falls(&now->positive, &before->positive) ||
           side_falls(&now->negative, &before->negative);
}

bool native_resets(struct arena *arena, const struct native *now, const struct native *before)
{
    struct native *old, *new;
    struct native_met met = {false, false};
    if (now->hint == NATIVE_RESET || now->hint == NATIVE_NOT_RESET)
        return now->hint == NATIVE_RESET;
    if (now->count.value < before->count.value || native_is_custom(now) != native_is_custom(before))
        return true;
    if (same_layout(now, before))
        return falls(now, before);
    old = native_copy(arena, before);
    new = native_copy(arena, now);
    if (native_is_custom(now)) {
        align(arena, new, old, &met);
        return falls(new, old);
    }
    if (now->schema > before->schema || now->zero_width < before->zero_width ||
        widened(before, now->zero_width) != now->zero_width)
        return true;
    absorb(old, now->zero_width);
    reduce(old, now->schema);
    return falls(now, old);
}

bool native_follows(struct arena *arena, const struct native *now, const struct native *before)
{
    struct native asked = *now;
    if (now->hint == NATIVE_RESET || now->hint == NATIVE_GAUGE || before->hint == NATIVE_GAUGE ||
        !same_layout(now, before))
        return false;
    asked.hint = NATIVE_UNKNOWN;
    return !native_resets(arena, &asked, before);
}
