#include "schema_check.h"

#include "helpers.h"
#include "model/base/regex.h"

#include <math.h>
#include <string.h>

struct check {
    const json_t *root;
    char *why;
};

static bool fits(struct check *check, const json_t *schema, const json_t *value);

static bool is_type(const char *type, const json_t *value)
{
    if (strcmp(type, "integer") == 0)
        return json_is_integer(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    return (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "null") == 0 && json_is_null(value));
}

/* A word, or a list of words. */
static bool is_one_of_types(const json_t *types, const json_t *value)
{
    const json_t *type;
    size_t i;
    if (json_is_string(types))
        return is_type(json_string_value(types), value);
    json_array_foreach (types, i, type) {
        if (is_type(json_string_value(type), value))
            return true;
    }
    return false;
}

static bool matches(const char *pattern, const char *text)
{
    char why[REGEX_WHY] = "";
    struct regex *regex = regex_open(pattern, true, why);
    bool matches;
    ck_assert_msg(regex != NULL, "%s: %s", pattern, why);
    matches = regex_matches(regex, text);
    regex_close(regex);
    return matches;
}

static size_t count_fitting(struct check *check, const json_t *list, const json_t *value)
{
    const json_t *one;
    size_t i, n = 0;
    json_array_foreach (list, i, one)
        n += fits(check, one, value);
    return n;
}

static bool has_all(const json_t *keys, const json_t *object)
{
    const json_t *key;
    size_t i;
    json_array_foreach (keys, i, key) {
        if (!json_object_get(object, json_string_value(key)))
            return false;
    }
    return true;
}

static bool members_fit(struct check *check, const json_t *schema, const json_t *object)
{
    const json_t *properties = json_object_get(schema, "properties"), *value, *one;
    const char *key;
    json_object_foreach ((json_t *)properties, key, one) {
        value = json_object_get(object, key);
        if (value && !fits(check, one, value))
            return false;
    }
    json_object_foreach ((json_t *)object, key, value) {
        const json_t *others = json_object_get(schema, "additionalProperties");
        if (json_object_get(properties, key) || !others)
            continue;
        if (json_is_false(others) || (json_is_object(others) && !fits(check, others, value)))
            return false;
    }
    return has_all(json_object_get(schema, "required"), object);
}

static bool dependents_fit(struct check *check, const json_t *schema, const json_t *object)
{
    const json_t *one;
    const char *key;
    json_object_foreach (json_object_get(schema, "dependentRequired"), key, one) {
        if (json_object_get(object, key) && !has_all(one, object))
            return false;
    }
    json_object_foreach (json_object_get(schema, "dependentSchemas"), key, one) {
        if (json_object_get(object, key) && !fits(check, one, object))
            return false;
    }
    return true;
}

static bool items_fit(struct check *check, const json_t *schema, const json_t *array)
{
    const json_t *items = json_object_get(schema, "items"), *most, *value;
    size_t i, n = json_array_size(array);
    most = json_object_get(schema, "maxItems");
    if (n < (size_t)json_integer_value(json_object_get(schema, "minItems")) ||
        (most && n > (size_t)json_integer_value(most)))
        return false;
    json_array_foreach (array, i, value) {
        size_t other;
        for (other = 0; other < i && json_object_get(schema, "uniqueItems"); other++)
            if (json_equal(json_array_get(array, other), value))
                return false;
        if (items && !fits(check, items, value))
            return false;
    }
    return true;
}

static bool text_fits(const json_t *schema, const json_t *value)
{
    const json_t *pattern = json_object_get(schema, "pattern");
    const json_t *most = json_object_get(schema, "maxLength");
    size_t n = json_string_length(value);
    return n >= (size_t)json_integer_value(json_object_get(schema, "minLength")) &&
           (!most || n <= (size_t)json_integer_value(most)) &&
           (!pattern || matches(json_string_value(pattern), json_string_value(value)));
}

static bool number_fits(const json_t *schema, const json_t *value)
{
    const json_t *least = json_object_get(schema, "minimum");
    const json_t *most = json_object_get(schema, "maximum");
    double x = json_number_value(value);
    return (!least || x >= json_number_value(least)) && (!most || x <= json_number_value(most));
}

static void check_keywords(const json_t *schema)
{
    static const char known[] =
        " $ref $defs $schema title description default type enum const properties required "
        "additionalProperties items minItems maxItems minimum maximum minLength maxLength pattern "
        "anyOf oneOf allOf not if then else dependentRequired dependentSchemas uniqueItems ";
    const char *key;
    json_t *value;
    char word[64];
    json_object_foreach ((json_t *)schema, key, value) {
        snprintf(word, sizeof word, " %s ", key);
        ck_assert_msg(strstr(known, word) != NULL, "%s: the test does not know it", key);
    }
}

static bool combined_fit(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *any = json_object_get(schema, "anyOf"), *one = json_object_get(schema, "oneOf");
    const json_t *all = json_object_get(schema, "allOf"), *no = json_object_get(schema, "not");
    const json_t *condition = json_object_get(schema, "if"), *then;
    if ((any && count_fitting(check, any, value) == 0) ||
        (one && count_fitting(check, one, value) != 1) ||
        (all && count_fitting(check, all, value) < json_array_size(all)) ||
        (no && fits(check, no, value)))
        return false;
    then =
        condition ? json_object_get(schema, fits(check, condition, value) ? "then" : "else") : NULL;
    return !then || fits(check, then, value);
}

static bool among(const json_t *list, const json_t *value)
{
    const json_t *one;
    size_t i;
    json_array_foreach (list, i, one) {
        if (json_equal(one, value))
            return true;
    }
    return false;
}

static bool plainly_fits(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *type = json_object_get(schema, "type");
    const json_t *words = json_object_get(schema, "enum"), *only = json_object_get(schema, "const");
    if ((type && !is_one_of_types(type, value)) || (words && !among(words, value)) ||
        (only && !json_equal(only, value)))
        return false;
    if (json_is_string(value))
        return text_fits(schema, value);
    if (json_is_number(value))
        return number_fits(schema, value);
    if (json_is_array(value))
        return items_fit(check, schema, value);
    return !json_is_object(value) ||
           (members_fit(check, schema, value) && dependents_fit(check, schema, value));
}

static bool fits(struct check *check, const json_t *schema, const json_t *value)
{
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    bool good;
    if (json_is_boolean(schema))
        return json_is_true(schema);
    check_keywords(schema);
    if (reference) {
        const json_t *there =
            json_object_get(json_object_get(check->root, "$defs"), reference + strlen("#/$defs/"));
        ck_assert_msg(there != NULL, "%s is nowhere", reference);
        if (!fits(check, there, value))
            return false;
    }
    good = plainly_fits(check, schema, value) && combined_fit(check, schema, value);
    if (!good && check->why[0] == '\0') {
        const char *about = json_string_value(json_object_get(schema, "description"));
        snprintf(check->why, 128, "%s", about ? about : "some rule");
    }
    return good;
}

bool schema_check(const json_t *schema, const json_t *value, char why[128])
{
    struct check check = {schema, why};
    why[0] = '\0';
    return fits(&check, schema, value);
}
