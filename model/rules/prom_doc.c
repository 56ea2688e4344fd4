#include "prom_doc.h"

#include "model/base/suggest.h"
#include "model/promql/promql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static enum und_code check_keys(const struct prom_reader *reader, const json_t *value,
                                const struct spot *spot, const char *const *keys,
                                const char *const *unused, bool open)
{
    const char *key;
    json_t *member;
    char shown[DOC_SHOWN];
    if (!json_is_object(value))
        return doc_fail(spot, reader->err, "got %s, want a mapping", doc_show(value, shown));
    json_object_foreach((json_t *)value, key, member)
    {
        struct spot at = doc_member(reader->doc, value, key);
        const char *meant;
        if (among(key, keys))
            continue;
        meant = suggest_nearest(key, keys);
        if (among(key, unused) || (open && !meant)) {
            prom_note(reader, &at, "%s is not used", key);
            continue;
        }
        at.line = at.key_line;
        return doc_fail(&at, reader->err, "unknown key%s%s%s", meant ? ", did you mean " : "",
                        meant ? meant : "", meant ? "?" : "");
    }
    return UND_OK;
}

enum und_code prom_mapping(const struct prom_reader *reader, const json_t *value,
                           const struct spot *spot, const char *const *keys,
                           const char *const *unused)
{
    return check_keys(reader, value, spot, keys, unused, false);
}

enum und_code prom_open_mapping(const struct prom_reader *reader, const json_t *value,
                                const struct spot *spot, const char *const *keys)
{
    return check_keys(reader, value, spot, keys, NULL, true);
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
        return doc_fail(&spot, reader->err, "got %s, want a list", doc_show(*list, shown));
    return UND_OK;
}

enum und_code prom_text(const struct prom_reader *reader, const json_t *mapping, const char *key,
                        char *text, size_t size)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    json_t *value = json_object_get(mapping, key);
    char shown[DOC_SHOWN];
    int n = 0;
    *text = '\0';
    if (!prom_has(mapping, key))
        return UND_OK;
    if (json_is_string(value))
        n = snprintf(text, size, "%s", json_string_value(value));
    else if (json_is_integer(value))
        n = snprintf(text, size, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        n = snprintf(text, size, "%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        n = snprintf(text, size, "%s", json_is_true(value) ? "true" : "false");
    else
        return doc_fail(&spot, reader->err, "got %s, want a text", doc_show(value, shown));
    if (n < 0 || (size_t)n >= size)
        return doc_fail(&spot, reader->err, "got %d bytes, want at most %zu", n, size - 1);
    return UND_OK;
}

enum und_code prom_duration(const struct prom_reader *reader, const json_t *mapping,
                            const char *key, int64_t *ms)
{
    struct spot spot = doc_member(reader->doc, mapping, key);
    char text[64], shown[DOC_SHOWN];
    if (!prom_has(mapping, key))
        return UND_OK;
    if (prom_text(reader, mapping, key, text, sizeof text))
        return UND_USAGE;
    if (!promql_duration(text, ms))
        return doc_fail(&spot, reader->err,
                        "got %s, want a duration as Prometheus writes it: 30s, 5m, 1h30m",
                        doc_show(json_object_get(mapping, key), shown));
    return UND_OK;
}
