/* JSON Schema (draft 2020-12) out of the field tables. */
#include "model/base/assert.h"
#include "model/base/units.h"
#include "spec.h"

#include <stdio.h>
#include <string.h>

/* The texts in the tables are YAML of the program's own. */
static json_t *parse(const char *text)
{
    struct doc doc;
    struct und_err err = {0};
    json_t *value;
    doc_init(&doc);
    doc_parse(&doc, DOC_ARGUMENT, text, text, strlen(text), &value, &err);
    UND_ASSERT(value != NULL);
    doc_fini(&doc);
    return value;
}

static json_t *reference(const char *name)
{
    return json_pack("{s:s+}", "$ref", "#/$defs/", name);
}

static json_t *names_schema(const char *const *names)
{
    json_t *list = json_array();
    for (; *names != NULL; names++)
        json_array_append_new(list, json_string(*names));
    return json_pack("{s:o}", "enum", list);
}

static json_t *number_schema(const char *type, const struct field *field)
{
    return json_pack("{s:s, s:f, s:f}", "type", type, "minimum", field->min, "maximum", field->max);
}

static void define(json_t *defs, const struct table *table);
static json_t *value_schema(json_t *defs, const struct field *field);

static json_t *table_schema(json_t *defs, const struct field *field)
{
    define(defs, field->table);
    if (!field->path)
        return reference(field->table->name);
    return json_pack("{s:[{s:s}, o]}", "anyOf", "type", "string", reference(field->table->name));
}

static json_t *list_schema(json_t *defs, const struct field *field)
{
    return json_pack("{s:s, s:i, s:I, s:o}", "type", "array", "minItems", field->required,
                     "maxItems", (json_int_t)field->size, "items", value_schema(defs, field->item));
}

/* Custom kinds may name the table of what they hold. */
static json_t *custom_schema(json_t *defs, const struct field *field)
{
    if (field->table != NULL)
        define(defs, field->table);
    return field->make_schema != NULL ? field->make_schema() : parse(field->schema);
}

static json_t *value_schema(json_t *defs, const struct field *field)
{
    switch (field->kind) {
    case FIELD_TEXT:
        return json_pack("{s:s, s:i, s:I, s:s}", "type", "string", "minLength", 1, "maxLength",
                         (json_int_t)field->size - 1, "pattern", "^[^\\x00-\\x1f]*$");
    case FIELD_ENUM:
        return names_schema(field->names);
    case FIELD_ENUM_SET:
        return json_pack("{s:[o, {s:s, s:o}]}", "anyOf", names_schema(field->names), "type",
                         "array", "items", names_schema(field->names));
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_INT:
        return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)field->min,
                         "maximum", (json_int_t)field->max);
    case FIELD_NUMBER:
        return number_schema("number", field);
    case FIELD_DURATION:
    case FIELD_TIME:
        return reference(field->min < 0 ? "JUMP" : "DURATION");
    case FIELD_RATE:
        return reference("RATE");
    case FIELD_SIZE:
        return reference("SIZE");
    case FIELD_SHARE:
    case FIELD_SHARE_PM:
        return reference(field->max > 1 ? "PERCENT" : "SHARE");
    case FIELD_DIST:
        define(defs, &spec_dist);
        return json_pack("{s:[o, o]}", "anyOf", reference("DURATION"), reference(spec_dist.name));
    case FIELD_TABLE:
        return table_schema(defs, field);
    case FIELD_LIST:
        return list_schema(defs, field);
    case FIELD_CUSTOM:
        return custom_schema(defs, field);
    case FIELD_KINDS:
        break;
    }
    UND_UNREACHABLE();
}

/* Help, with the range where the schema's own words cannot say it. */
static json_t *description(const struct field *field)
{
    char low[UNITS_TEXT], high[UNITS_TEXT], range[2 * UNITS_TEXT + 8] = "";
    if (field->kind == FIELD_DURATION || field->kind == FIELD_TIME)
        snprintf(range, sizeof range, "; %s..%s", units_format_duration((int64_t)field->min, low),
                 units_format_duration((int64_t)field->max, high));
    else if (field->kind == FIELD_SIZE)
        snprintf(range, sizeof range, "; %s..%s", units_format_size((int64_t)field->min, low),
                 units_format_size((int64_t)field->max, high));
    else if (field->kind == FIELD_SHARE || field->kind == FIELD_SHARE_PM)
        snprintf(range, sizeof range, "; %g%%..%g%%", field->min * 100, field->max * 100);
    return json_sprintf("%s%s", field->help, range);
}

static json_t *mapping_schema(json_t *defs, const struct table *table)
{
    json_t *properties = json_object(), *required = json_array(), *whole, *rules, *type;
    const struct field *field;
    for (field = table->fields; field->key != NULL; field++) {
        json_t *schema = value_schema(defs, field);
        json_object_set_new(schema, "description", description(field));
        if (field->fallback != NULL)
            json_object_set_new(schema, "default", parse(field->fallback));
        json_object_set_new(properties, field->key, schema);
        if (field->required)
            json_array_append_new(required, json_string(field->key));
    }
    /* `github:` alone is `github: {}` */
    type = json_array_size(required) > 0 ? json_string("object")
                                         : json_pack("[s, s]", "object", "null");
    whole = json_pack("{s:s, s:o, s:o, s:o, s:b}", "description", table->help, "type", type,
                      "properties", properties, "required", required, "additionalProperties", 0);
    rules = table->make_rules ? table->make_rules() : table->rules ? parse(table->rules) : NULL;
    if (rules)
        json_object_update_new(whole, rules);
    return whole;
}

static void define(json_t *defs, const struct table *table)
{
    if (json_object_get(defs, table->name) != NULL)
        return;
    json_object_set_new(defs, table->name, json_true()); /* taken, while its fields are visited */
    json_object_set_new(defs, table->name, mapping_schema(defs, table));
}

/* The quantities of units.h. */
static json_t *unit_schemas(void)
{
    return parse("{DURATION: {description: 'a duration: 90s, 5min, 2h, 30d, 250ms, 1h30min', "
                 "anyOf: [{type: string, pattern: '^([0-9.]+ *(y|w|d|h|min|m|s|ms) *)+$'}, "
                 "{const: 0}]}, "
                 "JUMP: {description: 'a duration, forwards or backwards', "
                 "anyOf: [{type: string, pattern: '^-?([0-9.]+ *(y|w|d|h|min|m|s|ms) *)+$'}, "
                 "{const: 0}]}, "
                 "RATE: {description: 'a rate: 0.7/min, 200/d, 3/s', type: string, "
                 "pattern: '^[0-9.]*[1-9][0-9.]* */ *(y|w|d|h|min|m|s|ms)$'}, "
                 "SIZE: {description: 'a size: 128GB, 512MiB', anyOf: [{type: string, "
                 "pattern: '^[0-9.]+ *([TGM]i?B|KiB|kB|B)$'}, {const: 0}]}, "
                 "SHARE: {description: 'a share: 65% or 0.65', anyOf: [{type: string, "
                 "pattern: '^(100(\\.0*)?|[0-9]{1,2}(\\.[0-9]*)?)%$'}, "
                 "{type: number, minimum: 0, maximum: 1}]}, "
                 "PERCENT: {description: 'a share that may be more than all: 250% or 2.5', "
                 "anyOf: [{type: string, pattern: '^[0-9.]+%$'}, {type: number, minimum: 0}]}}");
}

json_t *spec_schema(const struct table *root)
{
    json_t *defs = unit_schemas(), *schema = mapping_schema(defs, root);
    json_object_set_new(schema, "$schema",
                        json_string("https://json-schema.org/draft/2020-12/schema"));
    json_object_set_new(schema, "title", json_string(root->name));
    json_object_set_new(schema, "$defs", defs);
    return schema;
}
