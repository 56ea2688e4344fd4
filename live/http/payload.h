/*
 * JSON from outside into structs: tolerant of keys that it does not know, strict on the types of
 * those that it does. A parser is a table of fields, so that what is read stands in one place.
 *
 * Ceilings: PAYLOAD_DEPTH levels of nesting; the caller bounds the size. Errors: UND_SERVICE,
 * "place.key: got string, want integer".
 */
#ifndef LIVE_HTTP_PAYLOAD_H
#define LIVE_HTTP_PAYLOAD_H

#include "model/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_DEPTH 32
#define PAYLOAD_PLACE 256 /* room for "alerts[12].labels" and the like */

enum payload_kind {
    PAYLOAD_NAME,    /* char[size]: one that would not fit is an error */
    PAYLOAD_TEXT,    /* char[size]: cut off where it does not fit */
    PAYLOAD_INTEGER, /* int64_t */
    PAYLOAD_BOOLEAN, /* bool */
    PAYLOAD_SECONDS, /* int64_t ms, from a number of seconds */
    PAYLOAD_TIME,    /* int64_t ms since 1970, from RFC 3339 */
};

struct payload_field {
    const char *key;
    enum payload_kind kind;
    bool required; /* otherwise a missing or null value leaves the struct as it was */
    size_t offset, size;
};

#define PAYLOAD_FIELD(type, member, key, kind, required)                                           \
    {                                                                                              \
        key, kind, required, offsetof(type, member), sizeof(((type *)0)->member)                   \
    }

/* NULL and an error unless text[0..size) is one JSON object or array within the ceiling. The new
 * reference is the caller's. */
json_t *payload_parse(const char *text, size_t size, const char *place, struct und_err *err);

/* Fills `out` by the table; stops at the first field that is missing or of another type. */
enum und_code payload_fields(const json_t *object, const struct payload_field *fields, size_t n,
                             void *out, const char *place, struct und_err *err);

/* The array or object at `key`, borrowed; NULL and an error if there is none. */
const json_t *payload_array(const json_t *object, const char *key, const char *place,
                            struct und_err *err);
const json_t *payload_object(const json_t *object, const char *key, const char *place,
                             struct und_err *err);

const char *payload_type(const json_t *value); /* "string", "nothing" for NULL */

#endif
