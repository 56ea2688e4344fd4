/*
 * Native histograms as Prometheus' test files write them:
 * {{schema:1 sum:3 count:22 buckets:[5 10 7]}}. They are read, added up as a series' steps do, and
 * told apart by a digest of their content; nothing is calculated with them but that equal ones
 * differ by an empty one.
 * Source: Prometheus, promql/parser (histogram descriptions), documentation of unit testing.
 */
#ifndef MODEL_PROMQL_NATIVE_H
#define MODEL_PROMQL_NATIVE_H

#include <stdint.h>

#define NATIVE_BUCKETS 512

struct native_list {
    double list[NATIVE_BUCKETS];
    int n;
};

/* What a histogram says of its counter: counter_reset_hint. */
enum native_hint { NATIVE_UNKNOWN, NATIVE_NOT_RESET, NATIVE_RESET, NATIVE_GAUGE };

struct native {
    enum native_hint hint;
    double schema, sum, count, zero, zero_width, offset, negative_offset;
    struct native_list buckets, negative, custom;
};

/* Where the text behind it begins; NULL, and what is wanted there in `want` and `at`. */
const char *native_read(struct native *native, const char *text, const char **at,
                        const char **want);
/* A step of a series: `times` 1 or -1. */
void native_add(struct native *native, const struct native *step, double times);
/* Of its 48 bits the upper two are the hint, 14 tell shapes apart (schema, width of the zero
 * bucket, custom bounds), and the lower 32 contents, empty buckets left aside: 0 where all is
 * empty. */
uint64_t native_digest(const struct native *native);

#endif
