/*
 * What the fuzzers share. Each is a file of its own with one LLVMFuzzerTestOneInput, so this is a
 * header alone.
 */
#ifndef TESTS_FUZZERS_FUZZ_H
#define TESTS_FUZZERS_FUZZ_H

#include "live/http/payload.h"
#include "model/base/assert.h"
#include "model/promql/promql.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bad input is told in one line, and by the code that is in the error. */
static inline void fuzz_check(enum und_code code, const struct und_err *err)
{
    UND_ASSERT(code == err->code && (code == UND_OK || code == UND_USAGE));
    UND_ASSERT(strchr(err->text, '\n') == NULL);
}

/* The input behind its first byte as JSON, as a client has it from a server; NULL: it is none. */
static inline json_t *fuzz_payload(const uint8_t *data, size_t size)
{
    struct und_err err = {0};
    return size > 0 ? payload_parse((const char *)data + 1, size - 1, "fuzz", &err) : NULL;
}

/* What is printed reads back as what was printed. */
static inline void fuzz_print(const struct promql *promql)
{
    static char printed[40000], again[40000];
    struct und_err err = {0};
    struct promql *second;
    promql_print(promql->root, printed, sizeof printed);
    if (strlen(printed) + 1 == sizeof printed)
        return;
    second = promql_parse(printed, promql->version, "again", &err);
    UND_ASSERT(second != NULL);
    UND_ASSERT(strcmp(promql_print(second->root, again, sizeof again), printed) == 0);
    promql_free(second);
}

#endif
