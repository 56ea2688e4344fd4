#include "doc.h"
#include "doc_internal.h"
#include "model/base/assert.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void doc_init(struct doc *doc)
{
    memset(doc, 0, sizeof *doc);
    doc->positions = json_object();
    doc->files = json_array();
}

void doc_fini(struct doc *doc)
{
    json_decref(doc->positions);
    json_decref(doc->files);
    memset(doc, 0, sizeof *doc);
}

/* --- Positions: one table keyed by "parent.key", "parent#index", or "value" for a root. --- */

#define LINE_BITS 26 /* DOC_BYTES lines fit */
#define LINE_MASK ((1LL << LINE_BITS) - 1)

void doc_remember(struct doc *doc, const char *place, int file, int line, int key_line)
{
    int64_t packed = ((int64_t)file << (2 * LINE_BITS)) | ((int64_t)key_line << LINE_BITS) | line;
    json_object_set_new_nocheck(doc->positions, place, json_integer(packed));
}

const char *doc_file_name(const struct doc *doc, int64_t file)
{
    return json_string_value(json_array_get(doc->files, (size_t)file));
}

static struct spot recall(const struct doc *doc, const char *place, const char *name)
{
    const json_t *found = json_object_get(doc->positions, place);
    struct spot spot = {.file = "default"};
    snprintf(spot.name, sizeof spot.name, "%s", name);
    if (found != NULL) {
        int64_t packed = json_integer_value(found);
        spot.file = doc_file_name(doc, packed >> (2 * LINE_BITS));
        spot.key_line = (int)((packed >> LINE_BITS) & LINE_MASK);
        spot.line = (int)(packed & LINE_MASK);
    }
    return spot;
}

const char *doc_member_place(char place[DOC_PLACE], const json_t *mapping, const char *key)
{
    snprintf(place, DOC_PLACE, "%p.%s", (const void *)mapping, key);
    return place;
}

const char *doc_item_place(char place[DOC_PLACE], const json_t *list, size_t index)
{
    snprintf(place, DOC_PLACE, "%p#%zu", (const void *)list, index);
    return place;
}

const char *doc_root_place(char place[DOC_PLACE], const json_t *root)
{
    snprintf(place, DOC_PLACE, "%p", (const void *)root);
    return place;
}

struct spot doc_member(const struct doc *doc, const json_t *mapping, const char *key)
{
    char place[DOC_PLACE], name[DOC_SHOWN];
    return recall(doc, doc_member_place(place, mapping, key), doc_show_text(key, name));
}

struct spot doc_item(const struct doc *doc, const json_t *list, size_t index, const char *name)
{
    char place[DOC_PLACE], numbered[64];
    snprintf(numbered, sizeof numbered, "%.40s[%zu]", name, index);
    return recall(doc, doc_item_place(place, list, index), numbered);
}

struct spot doc_root(const struct doc *doc, const json_t *root)
{
    char place[DOC_PLACE];
    return recall(doc, doc_root_place(place, root), "");
}

/* Of this doc, or of another one that says the same thing elsewhere. */
static int file_of(struct doc *doc, const struct spot *spot)
{
    int n = (int)json_array_size(doc->files);
    for (int i = 0; i < n; i++) {
        if (strcmp(doc_file_name(doc, i), spot->file) == 0)
            return i;
    }
    json_array_append_new(doc->files, json_string(spot->file));
    return n;
}

void doc_place(struct doc *doc, const json_t *mapping, const char *key, const struct spot *spot)
{
    char place[DOC_PLACE];
    doc_remember(doc, doc_member_place(place, mapping, key), file_of(doc, spot), spot->line,
                 spot->key_line);
}

void doc_place_item(struct doc *doc, const json_t *list, size_t index, const struct spot *spot)
{
    char place[DOC_PLACE];
    doc_remember(doc, doc_item_place(place, list, index), file_of(doc, spot), spot->line,
                 spot->key_line);
}

/* --- Messages --- */

const char *doc_show_text(const char *value, char text[DOC_SHOWN])
{
    size_t n = 0;
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        if (n + 8 > DOC_SHOWN) {
            /* Cut between characters, not inside one. */
            while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
                n--;
            if (n > 0 && ((unsigned char)text[n - 1] & 0x80))
                n--;
            memcpy(text + n, "...", 4);
            return text;
        }
        if (c < 0x20 || c == 0x7F)
            n += (size_t)snprintf(text + n, DOC_SHOWN - n, c == '\n' ? "\\n" : "\\x%02x", c);
        else
            text[n++] = (char)c;
    }
    text[n] = '\0';
    return text;
}

/* In quotes if it would be no text without them. */
static const char *show_string(const char *string, char text[DOC_SHOWN])
{
    const char *why;
    json_t *plain = doc_resolve(string, &why);
    char bare[DOC_SHOWN];
    if (json_is_string(plain))
        doc_show_text(string, text);
    else
        snprintf(text, DOC_SHOWN, "\"%.*s\"", DOC_SHOWN - 3, doc_show_text(string, bare));
    json_decref(plain);
    return text;
}

const char *doc_show(const json_t *value, char text[DOC_SHOWN])
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return json_array_size(value) == 0 ? "an empty list" : "a list";
    case JSON_STRING:
        return show_string(json_string_value(value), text);
    case JSON_INTEGER:
        snprintf(text, DOC_SHOWN, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return text;
    case JSON_REAL:
        snprintf(text, DOC_SHOWN, "%.15g", json_real_value(value));
        return text;
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        break;
    }
    return "nothing";
}

const char *doc_where(const struct spot *spot, char text[DOC_WHERE])
{
    char line[16] = "";
    if (spot->line > 0)
        snprintf(line, sizeof line, ":%d", spot->line);
    snprintf(text, DOC_WHERE, "%s%s%s%s", spot->file, line, spot->name[0] != '\0' ? ": " : "",
             spot->name);
    return text;
}

enum und_code doc_fail(const struct spot *spot, struct und_err *err, const char *format, ...)
{
    char what[512], where[DOC_WHERE];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return und_fail(err, UND_USAGE, "%s: %s", doc_where(spot, where), what);
}

enum und_code doc_relative(const struct spot *spot, const char *path, char out[DOC_PATH],
                           struct und_err *err)
{
    const char *slash = spot->line > 0 ? strrchr(spot->file, '/') : NULL;
    int folder = slash == NULL || *path == '/' ? 0 : (int)(slash - spot->file) + 1;
    int n = snprintf(out, DOC_PATH, "%.*s%s", folder, spot->file, path);
    char shown[DOC_SHOWN];
    if (n < 0 || n >= DOC_PATH || *path == '\0')
        return doc_fail(spot, err, "got %s, want a path of 1..%d bytes", doc_show_text(path, shown),
                        DOC_PATH - 1);
    if (access(out, R_OK) != 0)
        return doc_fail(spot, err, "%s: cannot be read: %s", out, strerror(errno));
    return UND_OK;
}

/* --- Files --- */

/* The whole file, up to the ceiling; works for pipes too. */
static enum und_code slurp(const char *path, char **text, size_t *length, struct und_err *err)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    enum und_code code = UND_OK;
    *text = NULL;
    if (file == NULL)
        return und_fail(err, UND_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
        code = und_fail(err, UND_USAGE, "%s: is a folder, want a file", path);
    else if (S_ISREG(status.st_mode) && status.st_size > DOC_BYTES)
        *length = DOC_BYTES + 1;
    else if ((*text = malloc(DOC_BYTES + 1)) == NULL)
        code = und_fail(err, UND_USAGE, "%s: out of memory", path);
    else
        *length = fread(*text, 1, DOC_BYTES + 1, file); /* what is not touched costs nothing */
    if (code == UND_OK && *length > DOC_BYTES)
        code = und_fail(err, UND_USAGE, "%s:1: too large, want at most %d MB", path,
                        DOC_BYTES / 1024 / 1024);
    if (code == UND_OK && ferror(file))
        code = und_fail(err, UND_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    fclose(file);
    return code;
}

enum und_code doc_load(struct doc *doc, const char *path, json_t **root, struct und_err *err)
{
    char *text;
    size_t length = 0;
    enum und_code code;
    *root = NULL;
    if (strlen(path) >= DOC_PATH) {
        return und_fail(err, UND_USAGE, "%.60s...: the path is too long, want at most %d bytes",
                        path, DOC_PATH - 1);
    }
    code = slurp(path, &text, &length, err);
    if (code == UND_OK)
        code = doc_parse(doc, DOC_FILE, path, text, length, root, err);
    free(text);
    return code;
}
