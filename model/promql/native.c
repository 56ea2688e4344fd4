#include "native.h"

#include "gomath.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const hints[] = {"unknown", "not_reset", "reset", "gauge"};

struct field {
    const char *key;
    double *number;
    struct native_list *list;
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

static bool read_list(const char **at, struct native_list *list)
{
    list->n = 0;
    if (**at != '[')
        return false;
    for (++*at;;) {
        *at += strspn(*at, " \t");
        if (**at == ']') {
            ++*at;
            return true;
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
static const char *read_field(struct native *native, const char **at)
{
    const struct field fields[] = {{"schema", &native->schema, NULL},
                                   {"sum", &native->sum, NULL},
                                   {"count", &native->count, NULL},
                                   {"z_bucket", &native->zero, NULL},
                                   {"z_bucket_w", &native->zero_width, NULL},
                                   {"offset", &native->offset, NULL},
                                   {"n_offset", &native->negative_offset, NULL},
                                   {"buckets", NULL, &native->buckets},
                                   {"n_buckets", NULL, &native->negative},
                                   {"custom_values", NULL, &native->custom},
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
        return read_list(at, fields[i].list) ? NULL : "[numbers]";
    return read_hint(at, &native->hint) ? NULL : "unknown, reset, not_reset or gauge";
}

const char *native_read(struct native *native, const char *text, const char **at, const char **want)
{
    memset(native, 0, sizeof *native);
    *at = text;
    *want = "a native histogram";
    if (strncmp(text, "{{", 2) != 0)
        return NULL;
    for (*at += 2;;) {
        *at += strspn(*at, " \t");
        if (strncmp(*at, "}}", 2) == 0)
            return *at + 2;
        *want = read_field(native, at);
        if (*want)
            return NULL;
    }
}

/* Bucket `i` counted from an offset of 0. */
static void add_buckets(struct native_list *to, double *offset, const struct native_list *from,
                        double from_offset, double times)
{
    int shift = (int)(from_offset - *offset);
    if (from->n == 0)
        return;
    if (to->n == 0) {
        *offset = from_offset;
        shift = 0;
    }
    if (shift < 0 && to->n - shift <= NATIVE_BUCKETS) {
        memmove(to->list - shift, to->list, (size_t)to->n * sizeof *to->list);
        memset(to->list, 0, (size_t)-shift * sizeof *to->list);
        to->n -= shift;
        *offset = from_offset;
        shift = 0;
    }
    for (int i = 0; i < from->n && shift >= 0 && i + shift < NATIVE_BUCKETS; i++) {
        while (to->n <= i + shift)
            to->list[to->n++] = 0;
        to->list[i + shift] += times * from->list[i];
    }
}

void native_add(struct native *native, const struct native *step, double times)
{
    native->sum += times * step->sum;
    native->count += times * step->count;
    native->zero += times * step->zero;
    add_buckets(&native->buckets, &native->offset, &step->buckets, step->offset, times);
    add_buckets(&native->negative, &native->negative_offset, &step->negative, step->negative_offset,
                times);
}

static void digest_number(uint64_t *digest, double number)
{
    uint64_t bits;
    number += 0.0; /* -0 is 0 */
    memcpy(&bits, &number, sizeof bits);
    *digest = (*digest ^ bits) * 0xff51afd7ed558ccdu;
    *digest ^= *digest >> 32;
}

static void digest_buckets(uint64_t *digest, const struct native_list *buckets, double offset)
{
    for (int i = 0; i < buckets->n; i++) {
        if (buckets->list[i] == 0)
            continue;
        digest_number(digest, offset + i);
        digest_number(digest, buckets->list[i]);
    }
    digest_number(digest, -1e9); /* where one list ends */
}

static uint64_t shape_of(const struct native *native)
{
    uint64_t digest = 0x9e3779b97f4a7c15u;
    digest_number(&digest, native->schema);
    digest_number(&digest, native->zero_width);
    for (int i = 0; i < native->custom.n; i++)
        digest_number(&digest, native->custom.list[i]);
    return digest;
}

static bool all_zero(const struct native_list *buckets)
{
    for (int i = 0; i < buckets->n; i++) {
        if (buckets->list[i] != 0)
            return false;
    }
    return true;
}

static bool is_empty(const struct native *native)
{
    return native->sum == 0 && native->count == 0 && native->zero == 0 &&
           all_zero(&native->buckets) && all_zero(&native->negative);
}

uint64_t native_digest(const struct native *native)
{
    uint64_t shape = shape_of(native), digest = shape, content;
    digest_number(&digest, native->sum);
    digest_number(&digest, native->count);
    digest_number(&digest, native->zero);
    digest_buckets(&digest, &native->buckets, native->offset);
    digest_buckets(&digest, &native->negative, native->negative_offset);
    content = digest & 0xffffffffu;
    if (is_empty(native))
        content = 0;
    else if (content == 0)
        content = 1;
    return (uint64_t)native->hint << 46 | (shape & 0x3fff) << 32 | content;
}
