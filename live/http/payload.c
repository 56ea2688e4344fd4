#include "payload.h"
#include "live/base/wire.h"
#include "live/secret/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looked at before the parser runs: jansson's own limit of 2,048 levels is a compile-time one. */
static int deepest(const char *text, size_t size)
{
    int depth = 0, most = 0;
    bool quoted = false;
    size_t i;
    for (i = 0; i < size; i++) {
        if (quoted) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                quoted = false;
            continue;
        }
        if (text[i] == '"')
            quoted = true;
        else if (text[i] == '{' || text[i] == '[')
            most = ++depth > most ? depth : most;
        else if (text[i] == '}' || text[i] == ']')
            depth--;
    }
    return most;
}

json_t *payload_parse(const char *text, size_t size, const char *place, struct und_err *err)
{
    json_error_t error;
    json_t *value;
    int depth = deepest(text, size);
    if (depth > PAYLOAD_DEPTH) {
        und_fail(err, UND_SERVICE, "%s: got JSON nested %d deep, want at most %d", place, depth,
                 PAYLOAD_DEPTH);
        return NULL;
    }
    value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        /* jansson's text can quote the body; its position says enough. */
        und_fail(err, UND_SERVICE, "%s: got %s at byte %d of %zu, want JSON", place,
                 size == 0 ? "an empty body" : "something else", error.position, size);
        return NULL;
    }
    return value;
}

const char *payload_type(const json_t *value)
{
    if (!value)
        return "nothing";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        return "null";
    }
    return "nothing";
}

static const char *wanted(enum payload_kind kind)
{
    switch (kind) {
    case PAYLOAD_NAME:
    case PAYLOAD_TEXT:
        return "string";
    case PAYLOAD_INTEGER:
        return "integer";
    case PAYLOAD_BOOLEAN:
        return "boolean";
    case PAYLOAD_SECONDS:
        return "number";
    case PAYLOAD_TIME:
        return "a time (RFC 3339)";
    }
    return "something else";
}

static bool read_name(const json_t *value, const struct payload_field *field, char *out)
{
    if (!json_is_string(value) ||
        !wire_copy(out, field->size, json_string_value(value), json_string_length(value)))
        return false;
    wire_clean(out);
    return true;
}

/* Redacted before it is cut, which could leave half a credential. Names are not: they are compared
 * with those of the fleet, and a password may be an ordinary word. */
static bool read_text(const json_t *value, const struct payload_field *field, char *out)
{
    char *whole = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
    if (!whole)
        return false;
    secret_redact(whole);
    wire_copy(out, field->size, whole, strlen(whole));
    wire_clean(out);
    free(whole);
    return true;
}

static bool read_seconds(const json_t *value, int64_t *out_ms)
{
    double seconds = json_number_value(value);
    if (!json_is_number(value) || !(seconds > -1e14 && seconds < 1e14))
        return false;
    *out_ms = (int64_t)(seconds * 1000);
    return true;
}

static bool read_value(const json_t *value, const struct payload_field *field, void *at)
{
    switch (field->kind) {
    case PAYLOAD_NAME:
        return read_name(value, field, at);
    case PAYLOAD_TEXT:
        return read_text(value, field, at);
    case PAYLOAD_INTEGER:
        *(int64_t *)at = (int64_t)json_integer_value(value);
        return json_is_integer(value);
    case PAYLOAD_BOOLEAN:
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value);
    case PAYLOAD_SECONDS:
        return read_seconds(value, at);
    case PAYLOAD_TIME:
        return json_is_string(value) && wire_time_ms(json_string_value(value), at);
    }
    return false;
}

enum und_code payload_fields(const json_t *object, const struct payload_field *fields, size_t n,
                             void *out, const char *place, struct und_err *err)
{
    size_t i;
    if (!json_is_object(object))
        return und_fail(err, UND_SERVICE, "%s: got %s, want object", place, payload_type(object));
    for (i = 0; i < n; i++) {
        const struct payload_field *field = &fields[i];
        const json_t *value = json_object_get(object, field->key);
        if (!field->required && (!value || json_is_null(value)))
            continue;
        if (read_value(value, field, (char *)out + field->offset))
            continue;
        if (json_is_string(value) && field->kind == PAYLOAD_NAME)
            return und_fail(err, UND_SERVICE, "%s.%s: got %zu characters, want fewer than %zu",
                            place, field->key, json_string_length(value), field->size);
        return und_fail(err, UND_SERVICE, "%s.%s: got %s, want %s", place, field->key,
                        payload_type(value), wanted(field->kind));
    }
    return UND_OK;
}

const json_t *payload_array(const json_t *object, const char *key, const char *place,
                            struct und_err *err)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_array(value))
        return value;
    und_fail(err, UND_SERVICE, "%s.%s: got %s, want array", place, key, payload_type(value));
    return NULL;
}

const json_t *payload_object(const json_t *object, const char *key, const char *place,
                             struct und_err *err)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_object(value))
        return value;
    und_fail(err, UND_SERVICE, "%s.%s: got %s, want object", place, key, payload_type(value));
    return NULL;
}
