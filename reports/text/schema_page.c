#include "schema_page.h"

#include "model/options/roff.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One sentence, which is cut where it is longer; descriptions have at most 511 bytes. */
struct sentence {
    char text[4096];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct sentence *to, const char *format, ...)
{
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(to->text + to->length, sizeof to->text - to->length, format, args);
    va_end(args);
    if (n > 0)
        to->length += (size_t)n;
    if (to->length >= sizeof to->text)
        to->length = sizeof to->text - 1;
}

static const char *word(const json_t *schema, const char *key)
{
    return json_string_value(json_object_get(schema, key));
}

/* A value as a file has it. */
static void add_value(struct sentence *to, const json_t *value)
{
    char *text;
    if (json_is_string(value)) {
        add(to, "%s", json_string_value(value));
    } else if (json_is_real(value)) {
        add(to, "%.9g", json_real_value(value));
    } else {
        text = json_dumps(value, JSON_ENCODE_ANY);
        add(to, "%s", text);
        free(text);
    }
}

static void add_values(struct sentence *to, const json_t *values)
{
    const json_t *value;
    size_t i;
    json_array_foreach (values, i, value) {
        add(to, "%s", i == 0 ? "" : i + 1 < json_array_size(values) ? ", " : " or ");
        add_value(to, value);
    }
}

/* Of doubles, the largest is no limit. */
static bool limits(const json_t *bound)
{
    return bound && fabs(json_number_value(bound)) < 1e300;
}

static void add_range(struct sentence *to, const json_t *schema)
{
    const json_t *least = json_object_get(schema, "minimum");
    const json_t *most = json_object_get(schema, "maximum");
    if (limits(least) && limits(most)) {
        add(to, ", ");
        add_value(to, least);
        add(to, "..");
        add_value(to, most);
    } else if (limits(least) || limits(most)) {
        add(to, limits(least) ? ", at least " : ", at most ");
        add_value(to, limits(least) ? least : most);
    }
}

static void add_kind(struct sentence *to, const json_t *schema);

static void add_choice(struct sentence *to, const json_t *choices)
{
    const json_t *choice;
    size_t i;
    json_array_foreach (choices, i, choice) {
        add(to, "%s", i == 0 ? "" : ", or ");
        add_kind(to, choice);
    }
}

static void add_type(struct sentence *to, const json_t *type)
{
    static const char *const words[][2] = {
        {"string", "text"}, {"boolean", "true or false"}, {"object", "a mapping"}};
    const char *name = json_string_value(type);
    const json_t *one;
    size_t i;
    json_array_foreach (type, i, one) {
        add(to, "%s", i == 0 ? "" : " or ");
        add_type(to, one);
    }
    for (i = 0; name && i < sizeof words / sizeof *words; i++) {
        if (strcmp(name, words[i][0]) == 0)
            name = words[i][1];
    }
    if (!json_is_array(type))
        add(to, "%s", name ? name : "any value");
}

/* What may stand there: "a list of fault", "DURATION, or auto". */
static void add_kind(struct sentence *to, const json_t *schema)
{
    const char *named = word(schema, "$ref");
    if (named) {
        add(to, "%s", strrchr(named, '/') + 1);
    } else if (json_object_get(schema, "anyOf")) {
        add_choice(to, json_object_get(schema, "anyOf"));
    } else if (json_object_get(schema, "enum")) {
        add_values(to, json_object_get(schema, "enum"));
    } else if (json_object_get(schema, "const")) {
        add_value(to, json_object_get(schema, "const"));
    } else if (json_object_get(schema, "items")) {
        add(to, "a list of ");
        add_kind(to, json_object_get(schema, "items"));
    } else {
        add_type(to, json_object_get(schema, "type"));
    }
    add_range(to, schema);
}

static bool requires(const json_t *mapping, const char *key)
{
    const json_t *required = json_object_get(mapping, "required"), *name;
    size_t i;
    json_array_foreach (required, i, name) {
        if (strcmp(json_string_value(name), key) == 0)
            return true;
    }
    return false;
}

static void print_key(FILE *out, const json_t *mapping, const char *key, const json_t *schema)
{
    const json_t *preset = json_object_get(schema, "default");
    struct sentence line = {0};
    fputs(".TP\n.B ", out);
    roff_text(out, key);
    putc('\n', out);
    add_kind(&line, schema);
    if (requires(mapping, key))
        add(&line, "; required");
    if (preset && !json_is_object(preset)) {
        add(&line, "; default: ");
        add_value(&line, preset);
    }
    add(&line, ".");
    roff_prose(out, line.text);
    if (word(schema, "description")) {
        fputs(".br\n", out);
        roff_prose(out, word(schema, "description"));
    }
}

static void print_mapping(FILE *out, const char *name, const json_t *mapping)
{
    json_t *properties = json_object_get(mapping, "properties"), *schema;
    const char *key;
    fputs(".SH ", out);
    roff_text(out, name);
    putc('\n', out);
    if (word(mapping, "description"))
        roff_prose(out, word(mapping, "description"));
    json_object_foreach (properties, key, schema) {
        print_key(out, mapping, key, schema);
    }
}

/* Durations, rates, shares ...: their names are in capitals, and they have no keys. */
static void print_values(FILE *out, json_t *all)
{
    const char *name;
    json_t *schema;
    fputs(".SH VALUES\n", out);
    json_object_foreach (all, name, schema) {
        if (json_object_get(schema, "properties"))
            continue;
        fprintf(out, ".TP\n.B %s\n", name);
        roff_prose(out, word(schema, "description") ? word(schema, "description") : name);
    }
}

static void print_head(FILE *out, const char *version, const char *date)
{
    fprintf(out, ".TH UNDERSTUDY 5 %s \"understudy %s\" \"File Formats\"\n", date, version);
    fputs(".SH NAME\nunderstudy \\- keys of fleet and scenario files\n.SH DESCRIPTION\n", out);
    roff_prose(out, "Fleet and scenario files are YAML. A scenario names its fleet's file, or has "
                    "the fleet in it. An unknown key is an error. Each section below is a mapping: "
                    "its keys, what may stand there, and what it means. A name in that line is "
                    "another section, or stands under VALUES.");
    fputs(".PP\n", out);
    roff_prose(out, "What depends on another key, such as the keys of each kind of fault, is in "
                    "the JSON Schema that `understudy schema` prints, and in the error of whoever "
                    "gets it wrong.");
}

void schema_page_print(FILE *out, const json_t *schema, const char *version, const char *date)
{
    json_t *all = json_object_get(schema, "$defs"), *mapping;
    const char *name;
    print_head(out, version, date);
    print_mapping(out, word(schema, "title"), schema);
    json_object_foreach (all, name, mapping) {
        if (json_object_get(mapping, "properties"))
            print_mapping(out, name, mapping);
    }
    print_values(out, all);
    fputs(".SH SEE ALSO\n.BR understudy (1),\n.BR understudy\\-schema (1)\n", out);
}
