#include "spec.h"
#include "model/base/assert.h"
#include "model/base/suggest.h"
#include "model/base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 64     /* of a table */
#define LISTING 320 /* bytes of "one of a, b, c" */
#define WANT 128

struct spot spec_spot(const struct spec *spec, const json_t *mapping, const char *key,
                      const struct spot *whole)
{
    struct spot spot = *whole;
    if (json_object_get(mapping, key) != NULL)
        return doc_member(spec->doc, mapping, key);
    snprintf(spot.name, sizeof spot.name, "%s", key);
    return spot;
}

enum und_code spec_refuse(struct spec *spec, const struct spot *spot, const json_t *value,
                          const char *want)
{
    char shown[DOC_SHOWN];
    return doc_fail(spot, spec->err, "got %s, want %s", doc_show(spec->doc, value, shown), want);
}

enum und_code spec_fail_key(struct spec *spec, const json_t *mapping, const struct spot *whole,
                            const char *key, const char *why)
{
    struct spot spot = spec_spot(spec, mapping, key, whole);
    return doc_fail(&spot, spec->err, "%s", why);
}

static const char *listing(const char *const *names, char text[LISTING])
{
    size_t n = 0;
    const char *comma = "";
    text[0] = '\0';
    for (; *names != NULL; names++, comma = ", ") {
        if (n + strlen(*names) + strlen(", , ...") >= LISTING) {
            snprintf(text + n, LISTING - n, ", ...");
            break;
        }
        n += (size_t)snprintf(text + n, LISTING - n, "%s%s", comma, *names);
    }
    return text;
}

static bool has_range(const struct field *field)
{
    return field->min < field->max;
}

/* --- One function a kind; `to` is where the value goes --- */

typedef enum und_code kind_reader(struct spec *spec, const struct field *field, void *to,
                                  json_t *value, const struct spot *spot);

static enum und_code read_text(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    const char *text = json_string_value(value), *c;
    char want[WANT];
    snprintf(want, sizeof want, "text of 1..%zu bytes%s", field->size - 1,
             json_is_number(value) ? " (in quotes)" : "");
    if (text == NULL || *text == '\0' || strlen(text) >= field->size)
        return spec_refuse(spec, spot, value, want);
    for (c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 && (*c != '\n' || field->size <= FLEET_NAME))
            return spec_refuse(spec, spot, value, "text without control characters");
    memcpy(to, text, strlen(text) + 1);
    return UND_OK;
}

int spec_name(struct spec *spec, const json_t *value, const struct spot *spot,
              const char *const *names)
{
    const char *text = json_string_value(value), *near;
    char list[LISTING], shown[DOC_SHOWN];
    int i;
    for (i = 0; text != NULL && names[i] != NULL; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    near = text != NULL ? suggest_nearest(text, names) : NULL;
    if (near != NULL)
        doc_fail(spot, spec->err, "got %s, want one of %s; did you mean %s?",
                 doc_show(spec->doc, value, shown), listing(names, list), near);
    else
        doc_fail(spot, spec->err, "got %s, want one of %s", doc_show(spec->doc, value, shown),
                 listing(names, list));
    return -1;
}

static enum und_code read_enum(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    int number = spec_name(spec, value, spot, field->names);
    if (number < 0)
        return UND_USAGE;
    memcpy(to, &number, sizeof number); /* an enum, whichever */
    return UND_OK;
}

static enum und_code read_enum_set(struct spec *spec, const struct field *field, void *to,
                                   json_t *value, const struct spot *spot)
{
    unsigned set = 0;
    size_t i;
    json_t *item;
    if (!json_is_array(value)) {
        int number = spec_name(spec, value, spot, field->names);
        if (number < 0)
            return UND_USAGE;
        set = 1U << number;
    }
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, field->key);
        int number = spec_name(spec, item, &at, field->names);
        if (number < 0)
            return UND_USAGE;
        set |= 1U << number;
    }
    memcpy(to, &set, sizeof set);
    return UND_OK;
}

static enum und_code read_bool(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    (void)field;
    if (!json_is_boolean(value))
        return spec_refuse(spec, spot, value, "true or false");
    *(bool *)to = json_is_true(value);
    return UND_OK;
}

static enum und_code read_int(struct spec *spec, const struct field *field, void *to, json_t *value,
                              const struct spot *spot)
{
    json_int_t number = json_integer_value(value);
    char want[WANT];
    UND_ASSERT(has_range(field) && field->min >= INT32_MIN && field->max <= INT32_MAX);
    snprintf(want, sizeof want, "a whole number, %.0f..%.0f", field->min, field->max);
    if (!json_is_integer(value) || (double)number < field->min || (double)number > field->max)
        return spec_refuse(spec, spot, value, want);
    *(int *)to = (int)number;
    return UND_OK;
}

static enum und_code read_number(struct spec *spec, const struct field *field, void *to,
                                 json_t *value, const struct spot *spot)
{
    double number = json_number_value(value);
    char want[WANT];
    UND_ASSERT(has_range(field));
    snprintf(want, sizeof want, "a number, %g..%g", field->min, field->max);
    if (!json_is_number(value) || !(number >= field->min && number <= field->max))
        return spec_refuse(spec, spot, value, want);
    *(double *)to = number;
    return UND_OK;
}

static enum und_code refuse_quantity(struct spec *spec, const struct spot *spot,
                                     const json_t *value, const char *want, const char *hint)
{
    char shown[DOC_SHOWN];
    if (*hint == '\0')
        return spec_refuse(spec, spot, value, want);
    return doc_fail(spot, spec->err, "got %s, want %s (%s)", doc_show(spec->doc, value, shown),
                    want, hint);
}

enum und_code spec_duration(struct spec *spec, const json_t *value, const struct spot *spot,
                            double min_ms, double max_ms, double *ms)
{
    char hint[UNITS_HINT] = "", low[UNITS_TEXT], high[UNITS_TEXT], want[WANT];
    int64_t whole = 0;
    /* A bare 0 needs no unit; any other number would be a guess. */
    if (json_is_number(value) && json_number_value(value) != 0)
        return refuse_quantity(spec, spot, value, "e.g. 90s, 5min, 2h", "the unit is missing");
    if (!json_is_number(value) &&
        (!json_is_string(value) || !units_duration(json_string_value(value), &whole, hint)))
        return refuse_quantity(spec, spot, value, "e.g. 90s, 5min, 2h", hint);
    if ((double)whole < min_ms || (double)whole > max_ms) {
        snprintf(want, sizeof want, "%s..%s", units_format_duration((int64_t)min_ms, low),
                 units_format_duration((int64_t)max_ms, high));
        return spec_refuse(spec, spot, value, want);
    }
    *ms = (double)whole;
    return UND_OK;
}

static enum und_code read_duration(struct spec *spec, const struct field *field, void *to,
                                   json_t *value, const struct spot *spot)
{
    double ms;
    UND_ASSERT(has_range(field));
    if (spec_duration(spec, value, spot, field->min, field->max, &ms) != UND_OK)
        return UND_USAGE;
    *(int64_t *)to = (int64_t)ms;
    return UND_OK;
}

static enum und_code read_time(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    UND_ASSERT(has_range(field));
    return spec_duration(spec, value, spot, field->min, field->max, to);
}

static enum und_code read_rate(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    char hint[UNITS_HINT] = "";
    double per_ms;
    UND_ASSERT(has_range(field));
    if (!json_is_string(value) || !units_rate(json_string_value(value), &per_ms, hint))
        return refuse_quantity(spec, spot, value, "e.g. 0.7/min, 200/d", hint);
    if (!(per_ms > 0 && per_ms <= field->max))
        return spec_refuse(spec, spot, value, "more than 0/s and at most 1000000/s");
    *(double *)to = per_ms;
    return UND_OK;
}

static enum und_code read_size(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    char hint[UNITS_HINT] = "", low[UNITS_TEXT], high[UNITS_TEXT], want[WANT];
    int64_t bytes = 0;
    bool zero = json_is_integer(value) && json_integer_value(value) == 0;
    UND_ASSERT(has_range(field));
    if (!zero && (!json_is_string(value) || !units_size(json_string_value(value), &bytes, hint)))
        return refuse_quantity(spec, spot, value, "e.g. 128GB, 512MiB", hint);
    if ((double)bytes < field->min || (double)bytes > field->max) {
        snprintf(want, sizeof want, "%s..%s", units_format_size((int64_t)field->min, low),
                 units_format_size((int64_t)field->max, high));
        return spec_refuse(spec, spot, value, want);
    }
    *(int64_t *)to = bytes;
    return UND_OK;
}

static enum und_code read_share(struct spec *spec, const struct field *field, void *to,
                                json_t *value, const struct spot *spot)
{
    char hint[UNITS_HINT] = "", want[WANT];
    double share = json_number_value(value);
    UND_ASSERT(has_range(field));
    snprintf(want, sizeof want, "%g%%..%g%%, or %g..%g", field->min * 100, field->max * 100,
             field->min, field->max);
    if (!json_is_number(value) &&
        (!json_is_string(value) || !units_share(json_string_value(value), &share, hint)))
        return refuse_quantity(spec, spot, value, want, hint);
    if (!(share >= field->min && share <= field->max))
        return spec_refuse(spec, spot, value, want);
    *(double *)to = share;
    return UND_OK;
}

static enum und_code read_share_pm(struct spec *spec, const struct field *field, void *to,
                                   json_t *value, const struct spot *spot)
{
    double share;
    if (read_share(spec, field, &share, value, spot) != UND_OK)
        return UND_USAGE;
    if (fabs(share * 1000 - nearbyint(share * 1000)) > 1e-6)
        return spec_refuse(spec, spot, value, "a share no finer than 0.1%");
    *(int64_t *)to = (int64_t)nearbyint(share * 1000);
    return UND_OK;
}

static enum und_code read_dist(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    return spec_read_dist(spec, field, to, value, spot);
}

static enum und_code read_table(struct spec *spec, const struct field *field, void *to,
                                json_t *value, const struct spot *spot)
{
    return spec_read(spec, field->table, to, value, spot);
}

static enum und_code read_custom(struct spec *spec, const struct field *field, void *to,
                                 json_t *value, const struct spot *spot)
{
    return field->read(spec, field, to, value, spot);
}

static enum und_code read_list(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot);

static kind_reader *const readers[FIELD_KINDS] = {
    [FIELD_TEXT] = read_text,         [FIELD_ENUM] = read_enum,   [FIELD_ENUM_SET] = read_enum_set,
    [FIELD_BOOL] = read_bool,         [FIELD_INT] = read_int,     [FIELD_NUMBER] = read_number,
    [FIELD_DURATION] = read_duration, [FIELD_TIME] = read_time,   [FIELD_RATE] = read_rate,
    [FIELD_SIZE] = read_size,         [FIELD_SHARE] = read_share, [FIELD_SHARE_PM] = read_share_pm,
    [FIELD_DIST] = read_dist,         [FIELD_TABLE] = read_table, [FIELD_LIST] = read_list,
    [FIELD_CUSTOM] = read_custom,
};

static enum und_code read_list(struct spec *spec, const struct field *field, void *to,
                               json_t *value, const struct spot *spot)
{
    char want[WANT], *list = to;
    int *count = (int *)((char *)to - field->at + field->count_at);
    enum und_code code = UND_OK;
    size_t i;
    json_t *item;
    *count = 0;
    snprintf(want, sizeof want, "a list of 1..%zu", field->size);
    if (json_array_size(value) > field->size)
        return doc_fail(spot, spec->err, "got a list of %zu, want %s%zu", json_array_size(value),
                        field->wanted ? field->wanted : "at most ", field->size);
    if (json_array_size(value) < (size_t)field->required || json_array_size(value) > field->size ||
        !json_is_array(value))
        return spec_refuse(spec, spot, value, want);
    if (field->owned) {
        list = calloc(json_array_size(value) + 1, field->stride);
        UND_ASSERT(list != NULL);
        *(void **)to = list;
    }
    json_array_foreach (value, i, item) {
        struct spot at = doc_item(spec->doc, value, i, field->key);
        char *element = list + i * field->stride;
        ++*count; /* before reading: what was half read is freed with the rest */
        if (readers[field->item->kind](spec, field->item, element, item, &at) == UND_OK)
            continue;
        code = UND_USAGE;
        if (!und_note(spec->err))
            break;
    }
    return code;
}

enum und_code spec_read_field(struct spec *spec, const struct field *field, void *base,
                              json_t *value, const struct spot *spot)
{
    return readers[field->kind](spec, field, (char *)base + field->at, value, spot);
}

/* The field's default, through the same reader. Its text is the program's own. */
static enum und_code read_fallback(struct spec *spec, const struct field *field, void *base)
{
    struct doc doc, *saved = spec->doc;
    struct spot spot;
    json_t *value;
    enum und_code code;
    doc_init(&doc);
    code = doc_parse(&doc, DOC_ARGUMENT, "default", field->fallback, strlen(field->fallback),
                     &value, spec->err);
    if (code == UND_OK) {
        spec->doc = &doc;
        spot = doc_root(&doc, value);
        snprintf(spot.name, sizeof spot.name, "%s", field->key);
        code = spec_read_field(spec, field, base, value, &spot);
        spec->doc = saved;
        json_decref(value);
    }
    doc_fini(&doc);
    return code;
}

static void list_keys(const struct table *table, const char *names[KEYS + 1])
{
    size_t n;
    for (n = 0; table->fields[n].key != NULL; n++) {
        UND_ASSERT(n < KEYS);
        names[n] = table->fields[n].key;
    }
    names[n] = NULL;
}

static const struct field *find(const struct table *table, const char *key)
{
    const struct field *field;
    for (field = table->fields; field->key != NULL; field++)
        if (strcmp(field->key, key) == 0)
            return field;
    return NULL;
}

/* The mapping below this one in which the key would be at home; NULL: none. */
static const char *home_of(const struct table *table, const char *key)
{
    const struct field *field;
    for (field = table->fields; field->key != NULL; field++)
        if (field->kind == FIELD_TABLE && find(field->table, key) != NULL)
            return field->key;
    return NULL;
}

static enum und_code refuse_key(struct spec *spec, const struct table *table, const json_t *mapping,
                                const char *key)
{
    const char *names[KEYS + 1], *near, *home = home_of(table, key);
    char list[LISTING];
    struct spot spot = doc_member(spec->doc, mapping, key);
    spot.line = spot.key_line;
    list_keys(table, names);
    if (home != NULL)
        return doc_fail(&spot, spec->err, "unknown key here; it belongs under %s", home);
    if ((near = suggest_nearest(key, names)) != NULL)
        return doc_fail(&spot, spec->err, "unknown key; did you mean %s?", near);
    return doc_fail(&spot, spec->err, "unknown key, want one of %s", listing(names, list));
}

enum und_code spec_check_keys(struct spec *spec, const struct table *table, json_t *mapping)
{
    const char *key;
    json_t *value;
    enum und_code code = UND_OK;
    json_object_foreach (mapping, key, value) {
        if (find(table, key) != NULL)
            continue;
        code = refuse_key(spec, table, mapping, key);
        if (!und_note(spec->err))
            break;
    }
    return code;
}

/* Is an unknown key of the mapping meant to be this one? */
static bool is_mistyped(const struct table *table, json_t *mapping, const char *meant)
{
    const char *names[KEYS + 1], *key, *near;
    json_t *value;
    list_keys(table, names);
    json_object_foreach (mapping, key, value) {
        if (find(table, key) == NULL && (near = suggest_nearest(key, names)) != NULL &&
            strcmp(near, meant) == 0)
            return true;
    }
    return false;
}

static enum und_code read_member(struct spec *spec, const struct table *table,
                                 const struct field *field, void *base, json_t *mapping,
                                 const struct spot *whole)
{
    json_t *value = json_object_get(mapping, field->key);
    struct spot spot;
    if (spec->broken && field->refers)
        return UND_USAGE;
    if (value == NULL && field->required) {
        if (is_mistyped(table, mapping, field->key))
            return UND_USAGE; /* noted already */
        spot = *whole;
        snprintf(spot.name, sizeof spot.name, "%s", field->key);
        return doc_fail(&spot, spec->err, "missing: %s", field->help);
    }
    if (value == NULL)
        return field->fallback != NULL ? read_fallback(spec, field, base) : UND_OK;
    if (field->has != 0)
        *(bool *)((char *)base + field->has) = true;
    spot = doc_member(spec->doc, mapping, field->key);
    return spec_read_field(spec, field, base, value, &spot);
}

enum und_code spec_read(struct spec *spec, const struct table *table, void *base, json_t *mapping,
                        const struct spot *spot)
{
    const struct field *field;
    enum und_code code;
    if (table->init != NULL)
        table->init(base);
    if (!json_is_object(mapping) && !json_is_null(mapping)) /* `github:` alone is `github: {}` */
        return spec_refuse(spec, spot, mapping, "a mapping (key: value)");
    code = spec_check_keys(spec, table, mapping);
    if (code != UND_OK && !und_note(spec->err))
        return code;
    for (field = table->fields; field->key != NULL; field++) {
        if (read_member(spec, table, field, base, mapping, spot) == UND_OK)
            continue;
        code = UND_USAGE;
        spec->broken |= field->referred;
        if (!und_note(spec->err))
            return code;
    }
    if (code != UND_OK)
        return code;
    return table->check != NULL ? table->check(spec, base, mapping, spot) : UND_OK;
}
