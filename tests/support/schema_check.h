/*
 * JSON Schema (draft 2020-12), as far as `understudy schema` uses it: enough to hold the schema to
 * the loader. A keyword that it does not know fails the test that asks.
 */
#ifndef TESTS_SUPPORT_SCHEMA_CHECK_H
#define TESTS_SUPPORT_SCHEMA_CHECK_H

#include <jansson.h>
#include <stdbool.h>

/* Does the value fit? `why` gets a keyword that does not. */
bool schema_check(const json_t *schema, const json_t *value, char why[128]);

#endif
