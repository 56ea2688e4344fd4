#include "native.h"

#include "gomath.h"

#include <math.h>

static const char *const hints[] = {"unknown", "not_reset", "reset", "gauge"};

struct list {
    double *list;
    int n;
};

/* As written. */
struct written {
    double schema, sum, count, zero, zero_width, offset, negative_offset;
    struct list buckets, negative, custom;
    enum native_hint hint;
    bool hinted;
};

static size_t word_length(const char *text)
{
    return strcspn(text, " \t:[]{}");
}

static bool read_number(const char **at, double *number)
{
    char text[64];
    size_t n = word_length(*at);
    if (n == 0 || n >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)n, *at);
    *at += n;
    return go_parse(text, number);
}

static bool read_list(struct arena *arena, const char **at, struct list *list)
{
    int room = 16;
    if (**at != '[')
        return false;
    list->n = 0;
    list->list = arena_take(arena, (size_t)room * sizeof *list->list);
    for (++*at;;) {
        *at += strspn(*at, " \t");
        if (**at == ']') {
            ++*at;
            return true;
        }
        if (list->n == room) {
            size_t bytes = (size_t)room * sizeof *list->list;
            list->list = arena_grow(arena, list->list, bytes, 2 * bytes);
            room *= 2;
        }
        if (list->n == NATIVE_BUCKETS || !read_number(at, &list->list[list->n++]))
            return false;
    }
}

static bool read_hint(const char **at, enum native_hint *hint)
{
    size_t n = word_length(*at);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (strlen(hints[i]) == n && strncmp(*at, hints[i], n) == 0) {
            *at += n;
            *hint = (enum native_hint)i;
            return true;
        }
    }
    return false;
}

/* What is wanted if it is not there, NULL otherwise. */
static const char *read_field(struct arena *arena, struct written *written, const char **at)
{
    const struct {
        const char *key;
        double *number;
        struct list *list;
    } fields[] = {{"schema", &written->schema, NULL},
                  {"sum", &written->sum, NULL},
                  {"count", &written->count, NULL},
                  {"z_bucket", &written->zero, NULL},
                  {"z_bucket_w", &written->zero_width, NULL},
                  {"offset", &written->offset, NULL},
                  {"n_offset", &written->negative_offset, NULL},
                  {"buckets", NULL, &written->buckets},
                  {"n_buckets", NULL, &written->negative},
                  {"custom_values", NULL, &written->custom},
                  {"counter_reset_hint", NULL, NULL}};
    size_t n = word_length(*at), count = sizeof fields / sizeof *fields, i = 0;
    while (i < count && (strlen(fields[i].key) != n || strncmp(fields[i].key, *at, n) != 0))
        i++;
    if (i == count || (*at)[n] != ':')
        return "schema:, sum:, count:, z_bucket:, z_bucket_w:, offset:, buckets:, n_offset:, "
               "n_buckets:, custom_values: or counter_reset_hint:";
    *at += n + 1;
    if (fields[i].number)
        return read_number(at, fields[i].number) ? NULL : "a number";
    if (fields[i].list)
        return read_list(arena, at, fields[i].list) ? NULL : "[numbers]";
    written->hinted = true;
    return read_hint(at, &written->hint) ? NULL : "unknown, reset, not_reset or gauge";
}

/* What is wrong with it, or NULL. */
static const char *check(const struct written *written)
{
    const double *offsets[] = {&written->offset, &written->negative_offset};
    bool custom = written->schema == NATIVE_CUSTOM;
    if (!custom && !(written->schema >= -4 && written->schema <= 8 &&
                     floor(written->schema) == written->schema))
        return "a schema from -4 to 8, or -53";
    if (!custom && written->custom.n > 0)
        return "custom_values with schema -53 only";
    for (int i = 0; i < 2; i++) {
        if (!(fabs(*offsets[i]) <= NATIVE_REACH) || floor(*offsets[i]) != *offsets[i])
            return "a whole offset, of at most 1000000";
    }
    if (!(written->zero_width >= 0))
        return "a width of the zero bucket of at least 0";
    for (int i = 1; i < written->custom.n; i++) {
        if (!(written->custom.list[i] > written->custom.list[i - 1]))
            return "custom_values in ascending order";
    }
    return NULL;
}

static struct native_side side_of(struct arena *arena, const struct list *list, double offset)
{
    struct native_side side = {arena_take(arena, (size_t)(list->n + 1) * sizeof *side.list),
                               list->n};
    for (int i = 0; i < list->n; i++)
        side.list[i] = (struct native_bucket){(int)offset + i, {list->list[i], 0}};
    return side;
}

static struct native *built(struct arena *arena, const struct written *written)
{
    struct native *native = arena_take(arena, sizeof *native);
    *native =
        (struct native){.hint = written->hint,
                        .schema = (int)written->schema,
                        .zero_width = written->zero_width,
                        .sum = {written->sum, 0},
                        .count = {written->count, 0},
                        .zero = {written->zero, 0},
                        .positive = side_of(arena, &written->buckets, written->offset),
                        .negative = side_of(arena, &written->negative, written->negative_offset),
                        .bounds = written->custom.list,
                        .n_bounds = written->custom.n};
    return native;
}

struct native *native_read(struct arena *arena, const char **at, bool *hinted, const char **want)
{
    struct written written = {.hint = NATIVE_UNKNOWN};
    const char *start = *at;
    *want = "a native histogram";
    if (strncmp(*at, "{{", 2) != 0)
        return NULL;
    for (*at += 2;;) {
        *at += strspn(*at, " \t");
        if (strncmp(*at, "}}", 2) == 0)
            break;
        *want = read_field(arena, &written, at);
        if (*want)
            return NULL;
    }
    *want = check(&written);
    if (*want) {
        *at = start;
        return NULL;
    }
    *at += 2;
    *hinted = written.hinted;
    return built(arena, &written);
}

/* --- writing --------------------------------------------------------------------------------- */

struct writer {
    FILE *out;
    bool any;
};

static void write_key(struct writer *writer, const char *key)
{
    fprintf(writer->out, "%s%s:", writer->any ? " " : "", key);
    writer->any = true;
}

static void write_number(struct writer *writer, const char *key, double value)
{
    char text[GO_NUMBER];
    if (value == 0)
        return;
    write_key(writer, key);
    fputs(go_format(value, text), writer->out);
}

static void write_numbers(struct writer *writer, const char *key, const double *list, int n)
{
    char text[GO_NUMBER];
    write_key(writer, key);
    for (int i = 0; i < n; i++)
        fprintf(writer->out, "%s%s", i ? " " : "[", go_format(list[i], text));
    fputs(n ? "]" : "[]", writer->out);
}

/* Buckets from the first to the last that are there, with zeros in between. */
static void write_side(struct writer *writer, const char *key, const char *offset,
                       const struct native_side *side)
{
    char text[GO_NUMBER];
    int next;
    if (side->n == 0)
        return;
    next = side->list[0].index;
    if (next != 0) {
        write_key(writer, offset);
        fprintf(writer->out, "%d", next);
    }
    write_key(writer, key);
    for (int i = 0; i < side->n; i++) {
        for (; next < side->list[i].index; next++)
            fputs("0 ", writer->out);
        fprintf(writer->out, "%s%s%s", i ? "" : "[", go_format(side->list[i].count.value, text),
                i + 1 < side->n ? " " : "]");
        next++;
    }
}

void native_write_notation(struct arena *arena, const struct native *native, FILE *out)
{
    struct writer writer = {out, false};
    struct native *copy = native_copy(arena, native);
    native_compact(copy);
    fputs("{{", out);
    write_number(&writer, "schema", copy->schema);
    write_number(&writer, "count", copy->count.value);
    write_number(&writer, "sum", copy->sum.value);
    write_number(&writer, "z_bucket", copy->zero.value);
    write_number(&writer, "z_bucket_w", copy->zero_width);
    if (native_is_custom(copy))
        write_numbers(&writer, "custom_values", copy->bounds, copy->n_bounds);
    if (copy->hint != NATIVE_UNKNOWN) {
        write_key(&writer, "counter_reset_hint");
        fputs(hints[copy->hint], out);
    }
    write_side(&writer, "buckets", "offset", &copy->positive);
    write_side(&writer, "n_buckets", "n_offset", &copy->negative);
    fputs("}}", out);
}
