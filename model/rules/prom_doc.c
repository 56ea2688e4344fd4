#include "prom_doc.h"

#include "model/base/suggest.h"
#include "model/promql/promql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *prom_show(const json_t *value, char text[DOC_SHOWN])
{
    if (json_is_string(value) && json_string_length(value) > 0)
        return doc_show_text(json_string_value(value), text);
    return doc_show(NULL, value, text);
}

void prom_note(const struct prom_reader *reader, const struct spot *spot, const char *format, ...)
{
    char text[512];
    va_list args;
    if (!reader->notes || json_array_size(reader->notes) == PROM_NOTES)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(reader->notes,
                          json_pack("{s:s, s:i, s:s}", "file", spot->file, "line",
                                    spot->key_line ? spot->key_line : spot->line, "text", text));
}

static bool among(const char *key, const char *const *keys)
{
    for (; keys && *keys; keys++) {
        if (strcmp(key, *keys) == 0)
            return true;
    }
    return false;
}

enum und_code prom_mapping(const struct prom_reader *reader, const json_t *value,
                           const struct spot *spot, const char *const *keys,
                           const char *const *unused)
{
    const char *key;
    json_t *member;
    char shown[DOC_SHOWN];
    if (!json_is_object(value))
        return doc_fail(spot, reader->err, "got %s, want a mapping", prom_show(value, shown));
    json_object_foreach ((json_t *)value, key, member) {
        struct spot at = doc_member(reader->doc, value, key);
        const char *meant;
        if (among(key, keys))
            continue;
        meant = suggest_nearest(key, keys);
        if (among(key, unused)) {
            prom_note(reader, &at, "%s is not used", key);
            continue;
        }
        at.line = at.key_line;
        return doc_fail(&at, reader->err, "unknown key%s%s%s", meant ? ", did you mean " : "",
                        meant ? meant : "", meant ? "?" : "");
    }
    return UND_OK;
}

/* A foreign document is UTF-8 throughout. */
bool prom_is_label(enum promql_version version, const char *name)
{
    return version == PROMQL_3 ? *name != '\0' : promql_is_label(name);
}

bool prom_is_name(enum promql_version version, const char *name)
{
    return version == PROMQL_3 ? *name != '\0' : promql_is_name(name);
}

enum und_code prom_label_names(const struct prom_reader *reader, const json_t *labels)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)labels, name, value) {
        struct spot spot = doc_member(reader->doc, labels, name);
        if (!prom_is_label(reader->version, name))
            return doc_fail(&spot, reader->err, "no valid name of a label");
    }
    return UND_OK;
}

bool prom_has(const json_t *mapping, const char *key)
{
    const json_t *value = json_object_get(mapping, key);
    return value && !json_is_null(value);
}

enum und_code prom_list(const struct prom_reader *reader, const json_t *mapping, const char *key,
                        json_t **list)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    char shown[DOC_SHOWN];
    *list = NULL;
    if (!prom_has(mapping, key))
        return UND_OK;
    *list = json_object_get(mapping, key);
    if (!json_is_array(*list))
        return doc_fail(&spot, reader->err, "got %s, want a list", prom_show(*list, shown));
    return UND_OK;
}

bool prom_bool(const char *text, bool *value)
{
    static const char *const trues[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                        "on",   "On",   "ON",   "y",   "Y",   NULL};
    static const char *const falses[] = {"false", "False", "FALSE", "no", "No", "NO",
                                         "off",   "Off",   "OFF",   "n",  "N",  NULL};
    for (int i = 0; trues[i]; i++) {
        if (strcmp(text, trues[i]) == 0 || strcmp(text, falses[i]) == 0) {
            *value = strcmp(text, trues[i]) == 0;
            return true;
        }
    }
    return false;
}

enum und_code prom_flag(const struct prom_reader *reader, const json_t *mapping, const char *key,
                        bool *value)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    const json_t *given = json_object_get(mapping, key);
    const char *text = json_string_value(given);
    char shown[DOC_SHOWN];
    if (!prom_has(mapping, key))
        return UND_OK;
    if (!text || !prom_bool(text, value))
        return doc_fail(&spot, reader->err, "got %s, want true or false", prom_show(given, shown));
    return UND_OK;
}

enum und_code prom_string(const struct prom_reader *reader, const json_t *mapping, const char *key,
                          const char **text)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    const json_t *value = json_object_get(mapping, key);
    char shown[DOC_SHOWN];
    *text = "";
    if (!prom_has(mapping, key))
        return UND_OK;
    if (!json_is_string(value))
        return doc_fail(&spot, reader->err, "got %s, want a text", prom_show(value, shown));
    *text = json_string_value(value);
    return UND_OK;
}

enum und_code prom_duration(const struct prom_reader *reader, const json_t *mapping,
                            const char *key, int64_t *ms)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    const char *text;
    char shown[DOC_SHOWN];
    if (!prom_has(mapping, key))
        return UND_OK;
    if (prom_string(reader, mapping, key, &text))
        return UND_USAGE;
    if (!promql_duration(text, ms))
        return doc_fail(&spot, reader->err,
                        "got %s, want a duration as Prometheus writes it: 30s, 5m, 1h30m",
                        prom_show(json_object_get(mapping, key), shown));
    return UND_OK;
}

void prom_note_unused(const struct prom_reader *reader, const json_t *mapping,
                      const char *const *keys)
{
    for (; *keys; keys++) {
        struct spot spot = doc_member(reader->doc, mapping, *keys);
        if (prom_has(mapping, *keys))
            prom_note(reader, &spot, "%s is not used", *keys);
    }
}
