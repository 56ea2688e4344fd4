/*
 * Native histograms as Prometheus' test files write them:
 * {{schema:1 sum:3 count:22 buckets:[5 10 7]}}. They are read, added up as a series' steps do, and
 * told apart by a digest of their content; nothing is calculated with them.
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

struct native {
    double schema, sum, count, zero, zero_width, offset, negative_offset;
    struct native_list buckets, negative, custom;
};

/* Where the text behind it begins; NULL, and what is wanted there in `want` and `at`. */
const char *native_read(struct native *native, const char *text, const char **at,
                        const char **want);
/* A step of a series: `times` 1 or -1. */
void native_add(struct native *native, const struct native *step, double times);
/* The same of the same content, empty buckets and the hint about resets left aside. */
uint64_t native_digest(const struct native *native);

#endif
