#include "doc.h"
#include "doc_internal.h"
#include "model/base/assert.h"
#include "model/base/reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- Positions: a hash table, open addressing, keyed by a hash of parent and key. -------------
 * Two places with one hash of 64 bits would share a line in a message; at a million places that
 * has a chance of 1 in 30 million. */

struct doc_position {
    uint64_t place; /* 0: free */
    int64_t packed; /* file, key_line, line */
};

#define LINE_BITS 27 /* DOC_FOREIGN_BYTES lines fit */
#define LINE_MASK ((1LL << LINE_BITS) - 1)

void doc_init(struct doc *doc)
{
    memset(doc, 0, sizeof *doc);
    doc->files = json_array();
    doc->written = json_object();
}

void doc_fini(struct doc *doc)
{
    free(doc->positions);
    json_decref(doc->files);
    json_decref(doc->written);
    memset(doc, 0, sizeof *doc);
}

/* FNV-1a, and a last mix so that the low bits are good. */
static uint64_t hash(uint64_t seed, const void *bytes, size_t n)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < n; i++)
        seed = (seed ^ byte[i]) * 0x100000001b3ULL;
    return seed;
}

static uint64_t place_of(const json_t *parent, const void *key, size_t n)
{
    uint64_t h = hash(0xcbf29ce484222325ULL, &parent, sizeof parent);
    h = hash(h, key, n);
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
    return h != 0 ? h : 1;
}

uint64_t doc_member_place(const json_t *mapping, const char *key)
{
    return place_of(mapping, key, strlen(key) + 1);
}

uint64_t doc_item_place(const json_t *list, size_t index)
{
    return place_of(list, &index, sizeof index);
}

uint64_t doc_root_place(const json_t *root)
{
    return place_of(root, "", 0);
}

/* Where the place is, or would be put. */
static struct doc_position *find(const struct doc *doc, uint64_t place)
{
    size_t i = (size_t)place & (doc->capacity - 1);
    while (doc->positions[i].place != 0 && doc->positions[i].place != place)
        i = (i + 1) & (doc->capacity - 1);
    return &doc->positions[i];
}

static void grow(struct doc *doc)
{
    struct doc larger = *doc;
    larger.capacity = doc->capacity > 0 ? 2 * doc->capacity : 256;
    larger.positions = calloc(larger.capacity, sizeof *larger.positions);
    UND_ASSERT(larger.positions != NULL);
    for (size_t i = 0; i < doc->capacity; i++) {
        if (doc->positions[i].place != 0)
            *find(&larger, doc->positions[i].place) = doc->positions[i];
    }
    free(doc->positions);
    *doc = larger;
}

void doc_remember(struct doc *doc, uint64_t place, int file, int line, int key_line)
{
    struct doc_position *position;
    if (2 * (doc->n_positions + 1) > doc->capacity)
        grow(doc);
    position = find(doc, place);
    doc->n_positions += position->place == 0;
    position->place = place;
    position->packed = ((int64_t)file << (2 * LINE_BITS)) | ((int64_t)key_line << LINE_BITS) | line;
}

const char *doc_file_name(const struct doc *doc, int64_t file)
{
    return json_string_value(json_array_get(doc->files, (size_t)file));
}

static struct spot recall(const struct doc *doc, uint64_t place, const char *name)
{
    const struct doc_position *found = doc->capacity > 0 ? find(doc, place) : NULL;
    struct spot spot = {.file = "default"};
    snprintf(spot.name, sizeof spot.name, "%s", name);
    if (found != NULL && found->place != 0) {
        spot.file = doc_file_name(doc, found->packed >> (2 * LINE_BITS));
        spot.key_line = (int)((found->packed >> LINE_BITS) & LINE_MASK);
        spot.line = (int)(found->packed & LINE_MASK);
    }
    return spot;
}

struct spot doc_member(const struct doc *doc, const json_t *mapping, const char *key)
{
    char name[DOC_SHOWN];
    return recall(doc, doc_member_place(mapping, key), doc_show_text(key, name));
}

struct spot doc_item(const struct doc *doc, const json_t *list, size_t index, const char *name)
{
    char numbered[64];
    snprintf(numbered, sizeof numbered, "%.40s[%zu]", name, index);
    return recall(doc, doc_item_place(list, index), numbered);
}

struct spot doc_root(const struct doc *doc, const json_t *root)
{
    return recall(doc, doc_root_place(root), "");
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
    doc_remember(doc, doc_member_place(mapping, key), file_of(doc, spot), spot->line,
                 spot->key_line);
}

void doc_place_item(struct doc *doc, const json_t *list, size_t index, const struct spot *spot)
{
    doc_remember(doc, doc_item_place(list, index), file_of(doc, spot), spot->line, spot->key_line);
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

static const char *show_number(const json_t *number, char text[DOC_SHOWN])
{
    if (json_is_integer(number))
        snprintf(text, DOC_SHOWN, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
    else
        snprintf(text, DOC_SHOWN, "%.15g", json_real_value(number));
    return text;
}

static const char *address(const json_t *value, char text[32])
{
    snprintf(text, 32, "%p", (const void *)value);
    return text;
}

/* An address may have been another number's. */
void doc_remember_text(struct doc *doc, const json_t *number, const char *text)
{
    char printed[DOC_SHOWN], key[32];
    if (strcmp(show_number(number, printed), text) != 0)
        json_object_set_new(doc->written, address(number, key), json_string(text));
    else if (json_object_size(doc->written) > 0)
        json_object_del(doc->written, address(number, key));
}

const char *doc_show(const struct doc *doc, const json_t *value, char text[DOC_SHOWN])
{
    const char *written;
    char key[32];
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return json_array_size(value) == 0 ? "an empty list" : "a list";
    case JSON_STRING:
        return show_string(json_string_value(value), text);
    case JSON_INTEGER:
    case JSON_REAL:
        written =
            doc ? json_string_value(json_object_get(doc->written, address(value, key))) : NULL;
        return written ? doc_show_text(written, text) : show_number(value, text);
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

/* All there is, up to one byte above the ceiling; the buffer grows with it, so that a short file
 * costs little. */
static enum und_code read_all(FILE *file, size_t ceiling, char **text, size_t *length)
{
    size_t capacity = 0, n;
    do {
        char *larger;
        capacity = capacity > 0 ? 4 * capacity : 16384;
        capacity = capacity > ceiling + 1 ? ceiling + 1 : capacity;
        if ((larger = realloc(*text, capacity)) == NULL)
            return UND_USAGE;
        *text = larger;
        n = fread(*text + *length, 1, capacity - *length, file);
        *length += n;
    } while (*length == capacity && capacity <= ceiling);
    return UND_OK;
}

/* The whole file, up to the ceiling; works for pipes too. */
static enum und_code slurp(const char *path, size_t ceiling, char **text, size_t *length,
                           struct und_err *err)
{
    FILE *file;
    struct stat status;
    enum und_code code = UND_OK;
    reading_tell(path);
    file = fopen(path, "rb");
    *text = NULL;
    *length = 0;
    if (file == NULL)
        return und_fail(err, UND_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
        code = und_fail(err, UND_USAGE, "%s: is a folder, want a file", path);
    else if (S_ISREG(status.st_mode) && (uintmax_t)status.st_size > ceiling)
        *length = ceiling + 1;
    else if (read_all(file, ceiling, text, length) != UND_OK)
        code = und_fail(err, UND_USAGE, "%s: out of memory", path);
    if (code == UND_OK && *length > ceiling)
        code = und_fail(err, UND_USAGE, "%s:1: too large, want at most %zu MB", path,
                        ceiling / 1024 / 1024);
    if (code == UND_OK && ferror(file))
        code = und_fail(err, UND_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    fclose(file);
    return code;
}

static enum und_code load(struct doc *doc, const char *path, bool all, json_t **root,
                          struct und_err *err)
{
    char *text;
    size_t length = 0;
    enum und_code code;
    *root = NULL;
    if (strlen(path) >= DOC_PATH) {
        return und_fail(err, UND_USAGE, "%.60s...: the path is too long, want at most %d bytes",
                        path, DOC_PATH - 1);
    }
    code = slurp(path, doc->foreign ? DOC_FOREIGN_BYTES : DOC_BYTES, &text, &length, err);
    if (code == UND_OK && all)
        code = doc_parse_all(doc, path, text, length, root, err);
    else if (code == UND_OK)
        code = doc_parse(doc, DOC_FILE, path, text, length, root, err);
    free(text);
    return code;
}

enum und_code doc_load(struct doc *doc, const char *path, json_t **root, struct und_err *err)
{
    return load(doc, path, false, root, err);
}

enum und_code doc_load_all(struct doc *doc, const char *path, json_t **list, struct und_err *err)
{
    UND_ASSERT(doc->foreign);
    return load(doc, path, true, list, err);
}
